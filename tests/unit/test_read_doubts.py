"""What does not agree, but more likely because it was misread: told once a place as a doubt, and no finding."""

from __future__ import annotations

import csv

import pytest

from resurvey.read import claims, draft
from resurvey.read.contradictions import audit
from resurvey.read.objects import Doubt
from resurvey.read.one_paper import read_one
from resurvey.read.sources import from_bytes
from resurvey.read.supposed import supposed
from resurvey.read.table_cells import parse
from tests.made_papers import jats, results, table

HEAD = ["Event", "Drug A (n=121)", "Drug B (n=68)"]
EVENTS = [
    ["Any", "108 (89)", "61 (90)"],
    ["Dizziness", "27 (22)", "8 (12)"],
    ["Headache", "26 (21)", "9 (13)"],
    ["Dyspepsia", "20 (17)", "6 (9)"],
    ["Oedema", "17 (14)", "15 (22)"],
    ["Cough", "14 (12)", "11 (16)"],
    ["Rash", "13 (11)", "5 (7)"],
    ["Nausea", "9 (7)", "7 (10)"],
]


def audited(*parts: str):
    opened = from_bytes(jats("".join(parts)).encode(), "made.nxml")
    told = audit(opened, draft(claims(opened), "made"))
    found = [(one.rule, one.reported) for one in told.findings]
    return found, [(one.place, one.rule, one.doubt, len(one.claim_ids)) for one in told.doubts]


def events(*changed: tuple[int, int, str]) -> str:
    rows = [list(cells) for cells in EVENTS]
    for row, column, text in changed:
        rows[row][column] = text
    return table([HEAD, *rows], caption="Adverse events, n (%)")


def test_many_patients_without_data_in_one_row_alone_are_a_misprint():
    assert audited(events((0, 1, "108 (98)")))[0] == [("percentage", "108 (98 %)")]  # of 110


def test_a_few_patients_without_data_are_a_doubt_and_not_silence():
    found, doubts = audited(events((0, 1, "108 (91)")))  # of 118 or 119
    assert found == []
    assert doubts == [("Table 1", "percentage", Doubt.OTHER_PATIENTS, 1)]


def test_a_table_whose_percentages_mostly_miss_is_told_once():
    changed = [(row, 1, f"{EVENTS[row][1].split()[0]} ({60 + row})") for row in range(8)]
    found, doubts = audited(events(*changed))
    assert found == []
    assert {(place, rule) for place, rule, _, _ in doubts} <= {("Table 1", "percentage")}


@pytest.mark.parametrize(
    "sentence",
    [
        "After treatment 14 of 15 patients had less than a 15% decrease in volume.",
        "Correct answers to at least three of five questions were given by above 80% in all groups.",
        "Of 62 patients, 82% (26 of 29 in one group, 25 of 33 in the other) completed the study.",
        "A reduction was seen in 20 of 22 lesions by the control group (100.0% versus 90.1%).",
        "Four of 24 patients and ten (76.9%) out of 13 patients responded.",
    ],
)
def test_numbers_of_a_sentence_that_were_not_printed_as_one(sentence):
    assert audited(results(sentence))[0] == []


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("A response was seen in 3/24 subjects (28%).", "3 (28 %)"),
        ("A response was seen in 82.5% (n = 53/63) of the patients.", "53 (82.5 %)"),
        ("Most adverse events were mild (131/202, 6.49%).", "131 (6.49 %)"),
        ("A response was seen in 5 patients (34.9%) out of 43 patients.", "5 (34.9 %)"),
    ],
)
def test_numbers_printed_as_one_need_no_witness(sentence, told):
    assert audited(results(sentence))[0] == [("percentage", told)]


def test_a_p_value_times_a_power_of_ten_is_none_above_1():
    assert audited(results("Blood pressure fell (P=2.0×10^−5 and P=5.1 × 10^−4)."))[0] == []


RATIOS = [
    ["Outcome", "Low dose", "High dose"],
    ["Death", "0.64 (0.22-1.89)", "0.76 (0.38-1.55)"],
    ["Relapse", "1.11 (0.46-2.68)", "1.31 (0.63-2.71)"],
    ["Infection", "0.70 (0.18-2.76)", "0.68 (0.25-1.85)"],
    ["Stroke", "0.94 (0.80-1.11)", "0.57 (0.31-1.05)"],
    ["Fracture", "1.39 (0.89-2.19)", "1.08 (0.68-1.72)"],
]


def with_ratio(text: str) -> str:
    rows = [list(cells) for cells in RATIOS]
    rows[2][1] = text
    return table(rows, caption="Hazard ratios (95% CI)")


@pytest.mark.parametrize("text", ["111 (0.46-2.68)", "1.11 (2.68-0.46)"])
def test_a_cell_that_could_not_be_read_is_checked_as_those_beside_it(text):
    found, _ = audited(with_ratio(text))
    assert len(found) == 1
    assert found[0][1].endswith(text)


def test_a_supposed_row_is_no_draft_and_names_no_claim():
    opened = from_bytes(jats(with_ratio("111 (0.46-2.68)")).encode(), "made.nxml")
    drafts = draft(claims(opened), "made")
    held = {one.claim_id for one in drafts}
    assert all(set(one.claim_ids) <= held for one in audit(opened, drafts).findings)
    assert not held & {one.claim_id for one in supposed(opened, drafts)}


def test_limits_of_another_column_need_a_witness():
    rows = [
        ["Time", "Drug A n (%)", "Drug B n (%)", "Difference (95% CI)"],
        ["29 weeks", "168 (59.6)", "167 (60.7)", "-0.06, 0.09"],
        ["33 weeks", "170 (60.3)", "166 (60.4)", "-0.08, 0.08"],
    ]
    assert audited(results("Arms of 282 and 275 patients."), table(rows))[0] == []


def test_doubts_are_printed_and_written(tmp_path):
    paper = tmp_path / "made.nxml"
    paper.write_text(jats(events((0, 1, "108 (91)"))), encoding="utf-8")
    outcome = read_one(paper, tmp_path / "review", "made", "")
    assert outcome.findings == ()
    assert "1 doubt of the reading" in outcome.report(full=True)
    assert "check the reading of Table 1: 1 percentage does not fit its denominator (108 (91 %))" in outcome.report(
        full=True
    )
    with (tmp_path / "review/made/drafts.csv").open(encoding="utf-8") as stream:
        assert sum(bool(row["doubt"]) for row in csv.DictReader(stream)) == 1
    assert '"doubts":[{"place":"Table 1"' in (tmp_path / "review/made/read.html").read_text(encoding="utf-8")


def test_a_decrease_with_the_limits_of_its_sign_in_the_order_of_their_size():
    found, doubts = audited(results("The reduction was 1.95 (95% CI -0.78 to -2.87)."))
    assert found == []
    assert [rule for _, rule, _, _ in doubts] in ([], ["limits"])


def test_a_range_in_the_wrong_order_is_told_once():
    told, _ = audited(results("The median follow-up was 8 years (range 8.6-7.6) in all patients."))
    assert len(told) == 1


def test_shares_of_fewer_patients_in_two_arms_of_a_row_are_no_finding():
    assert audited(events((1, 1, "27 (24)"), (1, 2, "8 (14)")))[0] == []  # of 113 and of 57


def test_a_spread_of_thousands_with_a_decimal_is_one_number():
    assert [one.text for one in parse("2,878 (2,903.2)").numbers] == ["2878", "2903.2"]


def test_a_p_value_in_a_column_of_its_own_leaves_the_limits_beside_their_value():
    rows = [
        ["Outcome", "Drug A", "Drug B", "Mean difference (95% CI)", "p value"],
        ["Energy (kcal), mean ± SD", "2110 ± 409", "2195 ± 387", "-115 (221 to -8)", "0.035"],
    ]
    assert [rule for rule, _ in audited(table(rows))[0]] == ["limits"]
