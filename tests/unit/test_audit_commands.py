"""`resurvey audit` for one number: exit status, JSON, standard input, and messages in the words of the command."""

import io
import json

import pytest

from resurvey.cli import main


def run(capsys, *words):
    status = main(["audit", *words])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ("hr 0.926 --ci 0.559 1.533 --p 0.765", 0, "reproduced   ratio-p"),
        ("hr 0.70 --ci 0.65 0.75 --n 100", 1, "more than the 100 patients"),
        # One fact more never makes a finding less: 60 events are a tighter bound than 100 patients.
        ("hr 0.70 --ci 0.65 0.75 --n 100 --events 60", 1, "more than the 60 printed"),
        # se = ln(1.72 / 1.12) / 3.92 = 0.1094 < 2 / sqrt(245) = 0.1278
        ("hr 1.39 --ci 1.12 1.72 --events 245", 1, "as an interval of 90 % it could be"),
        ("hr 1.39 --ci 1.12 1.72 --events 245 --level 90", 0, "reproduced   ratio-events"),
        ("hr 1.39 --ci 1.12 1.72 --events 245 --test robust", 0, "a robust or weighted standard error"),
        ("hr 1.39 --ci 1.12 1.72 --events 245 --model matched", 0, "a robust or weighted standard error"),
        ("hr 0.5 --ci 0.6 NE", 1, "impossible   ratio-half-interval"),
        ("hr 0.7 --ci 0.6 NE", 0, "reproduced   ratio-half-interval"),
        ("hr 0.55 --ci 0.75 0.40 --sic", 1, "HR 0.55 (0.75-0.40)"),
        ("hr 0.8 --ci 0.6 1.0 --p 0.000", 1, "no p is 0"),
        ("hr 0.8 --ci 0.6 1.0", 0, "so little can be told"),
        ("hr 0.31 --ci 0.14 0.48", 1, "are these logarithms?"),
        ("table 20/100 60/100 --p 0.000", 1, "impossible   p-range"),
        ("hr 0", 1, "impossible   ratio-range"),
        ("median 12 --events 0", 1, "the curve never falls"),
        ("median 0", 1, "a median time is above 0"),
        ("percentage --n 24 --total 100 --percent 24.1", 1, "discrepant   percentage"),
        ("percentage --n 24 --total 100 --percent 24.1 --exit-zero", 0, "discrepant   percentage"),
        ("r .17 --df 97 --p .5", 1, "discrepant   correlation-p"),
        ("rules", 0, "ratio-events"),
        ("hr 0.9", 0, "No check applies to these values. A ratio needs a confidence interval (--ci), a p value"),
        ("table 34/110 --p 0.005", 0, "A test needs two groups or more."),
    ],
)
def test_status_and_words(capsys, words, status, expected):
    found, out, _ = run(capsys, *words.split())
    assert found == status
    assert expected in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("hr 0.9 --ci 0.5 1.5 --p 1.7", "--p is '1.7': outside 0 to 1"),
        ("hr 0.55 --ci 0.75 0.40", "add --sic"),
        ("hr -0.3 --ci -0.5 -0.1", "resurvey audit hr 0.741 --ci 0.607 0.905"),
        ("hr abc --ci 0.5 1.5", "the value is 'abc'"),
        ("percentage --n 24.5 --total 100 --percent 24.5", "--n is '24.5'"),
        ("table 34-110 29-54 --p 0.05", "group '34-110' is not understood: give n/N"),
        ("tables no/folder", "no/folder: there is no such folder"),
        ("design --alpha 0.05 --power 80 --null 5", "but a percentage is expected: --alpha 5"),
    ],
)
def test_what_cannot_be_read_is_told_in_the_words_of_the_command(capsys, words, expected):
    status, out, err = run(capsys, *words.split())
    assert (status, out) == (2, "")
    assert expected in err
    assert ".csv" not in err and "row" not in err


def test_no_absurd_number_of_events(capsys):
    _, out, _ = run(capsys, "hr", "0.9", "--ci", "0.8", "0.8")
    assert "or more events" in out
    assert "0000000" not in out


def test_json_holds_the_rows_of_checks(capsys):
    status, out, _ = run(capsys, "hr", "0.926", "--ci", "0.559", "1.533", "--p", "0.765", "--json")
    rows = json.loads(out)
    assert status == 0
    assert {row["rule"] for row in rows} == {"ratio-interval", "ratio-p", "ratio-events"}
    assert all(row["verdict"] and row["check_id"] for row in rows)


def test_a_line_of_standard_input_is_a_command(capsys, monkeypatch):
    text = "0.926 --ci 0.559 1.533 --p 0.765\n\n# a comment\n0.5 --ci 0.6 NE\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, out, _ = run(capsys, "hr", "-")
    assert status == 1
    assert "line 1\n" in out and "line 4\n" in out
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status, out, _ = run(capsys, "hr", "-", "--json", "--exit-zero")
    assert status == 0
    assert {row["line"] for row in json.loads(out)} == {1, 4}
    monkeypatch.setattr("sys.stdin", io.StringIO("--n 7 --total 10 --percent 70\n"))
    assert run(capsys, "percentage", "-")[0] == 0


@pytest.mark.parametrize(
    ("text", "expected"), [("", "no line to check"), ("0.9\n0.8 --nonsense 1\n", "line 2"), ('0.8 "\n', "line 1")]
)
def test_standard_input_that_cannot_be_read(capsys, monkeypatch, text, expected):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(SystemExit) as stopped:
        main(["audit", "hr", "-"])
    assert stopped.value.code == 2
    assert expected in capsys.readouterr().err


def test_a_fault_of_a_later_line_names_it(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("0.9 --ci 0.8 1.0\n0.9 --p 7\n"))
    status, _, err = run(capsys, "hr", "-")
    assert status == 2
    assert "line 2: --p is '7'" in err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("--null 9 --alternative 13.5 --alpha 0.05 --power 0.8", "--alpha 5, --power 80"),
        ("--null 9 --alternative 13.5 --alpha 0.05 --power 80", "--alpha 5"),
        ("--null-rate 0.1 --alternative-rate 0.2 --alpha 5 --power 80", "--alternative-rate 20"),
    ],
)
def test_a_proportion_is_not_read_as_a_hundredth(words, meant, capsys):
    status, _, said = run(capsys, "design", *words.split(), "--patients", "55")
    assert status == 2
    assert "looks like a proportion" in said and meant in said


def test_a_level_and_a_power_in_per_cent_stand(capsys):
    words = "--null 9 --alternative 13.5 --alpha 5 --power 80 --sides 1 --accrual 24 --follow-up 12 --patients 55"
    _, shown, _ = run(capsys, "design", *words.split())
    assert "reproduced   design-patients" in shown
