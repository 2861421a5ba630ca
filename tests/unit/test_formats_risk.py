"""Numbers at risk as programs write them and as figures print them."""

import io

import numpy as np
import openpyxl
import pytest

from resurvey.errors import InputError
from resurvey.reconstruct.formats import DigitisedCurve, at_risk_of, read_at_risk

CURVE = DigitisedCurve("", np.array([0, 1.0]), np.array([1, 0.9]))


@pytest.fixture
def tables(tmp_path):
    def read(content, name="risk.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_at_risk(file)

    return read


ONE_ARM = {
    "IPDfromKM": "trisk,nrisk\n0,1035\n6,48\n12,30\n",
    "plain": "time,at_risk\n0,1035\n6,48\n12,30\n",
    "words": "Time (months);Number at risk\n0;1035\n6;48\n12;30\n",
    "n": "time,n\n0,1035\n6,48\n12,30\n",
    "unknown words": "a,b\n0,1035\n6,48\n12,30\n",
    "no heading": "0,1035\n6,48\n12,30\n",
    "no heading, tabs": "0\t1035\n6\t48\n12\t30\n",
    "no heading, a counter": "1,0,1035\n2,6,48\n3,12,30\n",
    "Guyot": "i,trisk,lower,upper,nrisk\n1,0,1,4,1035\n2,6,5,9,48\n3,12,10,11,30\n",
    "survHE": "Interval\tTime\tLower\tUpper\tnrisk\n1\t0\t1\t4\t1035\n2\t6\t5\t9\t48\n3\t12\t10\t11\t30\n",
    "Guyot without a heading": "1 0 1 4 1035\n2 6 5 9 48\n3 12 10 11 30\n",
    "row names": '"","trisk","nrisk"\n"1",0,1035\n"2",6,48\n"3",12,30\n',
    "thousands with a blank": "time,at_risk\n0,1 035\n6,48\n12,30\n",
    "censored in brackets": "time,at_risk\n0,1035 (0)\n6,48 (3)\n12,30 (12)\n",
    "along the top": "Months,0,6,12\nAt risk,1035,48,30\n",
    "along the top without words": "0,6,12\n1035,48,30\n",
    "counts before times": "1035,0\n48,6\n30,12\n",
    "a title": "Numbers at risk\ntime,at_risk\n0,1035\n6,48\n12,30\n",
    "UTF-16": "time\tat_risk\n0\t1035\n6\t48\n12\t30\n".encode("utf-16"),
    "Windows line ends": "time,at_risk\r\n0,1035\r\n6,48\r\n12,30\r\n",
}


@pytest.mark.parametrize("kind", ONE_ARM)
def test_one_arm(kind, tables):
    (table,) = tables(ONE_ARM[kind])
    assert table.times.tolist() == [0, 6, 12] and table.counts.tolist() == [1035, 48, 30]
    assert bool(table.notes) == (kind == "censored in brackets")


TWO_ARMS = {
    "a column of arms": "Arm,time,at_risk\nA,0,60\nA,6,48\nB,0,55\nB,6,30\n",
    "a column of arms at the end": "time,at_risk,Arm\n0,60,A\n6,48,A\n0,55,B\n6,30,B\n",
    "arms without a heading": "A,0,60\nA,6,48\nB,0,55\nB,6,30\n",
    "a column an arm": "time,A,B\n0,60,55\n6,48,30\n",
    "along the top": "Arm,0,6\nA,60,48\nB,55,30\n",
    "along the top with months": "Months;0;6\nA;60;48\nB;55;30\n",
    "a column an arm with words": "time,at_risk_A,at_risk_B\n0,60,55\n6,48,30\n",
    "lines of words": "A\n0,60\n6,48\nB\n0,55\n6,30\n",
    "lines of words under a heading": "time,at_risk\nA:\n0,60\n6,48\nB:\n0,55\n6,30\n",
    "along the top with an empty corner": ",0,6\nA,60,48\nB,55,30\n",
}


@pytest.mark.parametrize("kind", TWO_ARMS)
def test_two_arms(kind, tables):
    first, second = tables(TWO_ARMS[kind])
    assert (first.name, second.name) == ("A", "B")
    assert first.times.tolist() == second.times.tolist() == [0, 6]
    assert first.counts.tolist() == [60, 48] and second.counts.tolist() == [55, 30]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("time;at_risk\n0;60\n1,5;55\n2,500;48\n", [0, 1.5, 2.5]),
        ("time;at_risk\n0;60\n1.5;55\n2.500;48\n", [0, 1.5, 2.5]),
        ('time,at_risk\n0,60\n"1,000,000",55\n"1,500,000.5",48\n', [0, 1e6, 1500000.5]),
    ],
)
def test_times_in_the_decimal_mark_of_their_file(text, times, tables):
    (table,) = tables(text)
    assert table.times.tolist() == times and table.counts.tolist() == [60, 55, 48]


def test_a_workbook(tables):
    book = openpyxl.Workbook()
    for row in (("time", "at risk"), (0, 60), (6, 48)):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    (table,) = tables(stream.getvalue(), "risk.xlsx")
    assert table.times.tolist() == [0, 6] and table.counts.tolist() == [60, 48]


def test_a_count_that_is_not_given_is_none(tables):
    (table,) = tables("time,at_risk\n0,20\n6,NA\n12,\n18,3\n")
    np.testing.assert_array_equal(table.counts, [20, np.nan, np.nan, 3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "time,at_risk\n0,60\n6,8O\n12,30\n",
            "line 3, column 2: the number at risk '8O' is not a whole number of patients",
        ),
        ("time,at_risk\n0,60\n6,8O\n12,3O\n", "2 faults"),
        ("0,60\n6,4B\n12,30\n", "line 2, column 2: the number at risk '4B'"),
        ("time,at_risk\n0,60\n6,48.5\n", "'48.5' is not a whole number"),
        ("time,at_risk\n0,60\n6,-4\n", "'-4' is not a whole number"),
        ("time,at_risk\n0,60\n6,80%\n", "'80%' is not a whole number"),
        ("time,at_risk\nO,60\n6,48\n", "the time 'O' is not a number"),
        ("time,at_risk\n0,60,5\n6,48,7\n", "line 2: 3 cells .*the heading has 2"),
        (
            'time,at_risk\n0,"1,035"\n6,48\n',
            "line 2, column 2: the number at risk '1,035' may be 1035 or 1.035: leave out",
        ),
        ("time;at_risk\n0;1.035\n6;48\n", "line 2, column 2: the number at risk '1.035' may be 1035 or 1.035"),
        ('time,at_risk\n0,"1,035 (3)"\n6,48 (5)\n', "'1,035 \\(3\\)' may be 1035 or 1.035"),
        ('Months,0,6\nA,"1,035",48\n', "line 2, column 2: the number at risk '1,035' may be"),
        ('Days,0,"1,500"\nA,60,48\n', "line 1, column 3: the time '1,500' may be 1500 or 1.500"),
        ('time,at_risk\n0,60\n"1,500",48\n', "line 3, column 1: the time '1,500' may be 1500 or 1.500"),
        ("time;at_risk\n0;60\n1,5;55\n2.500;48\n", "line 4, column 1: the time '2.500' may be 2500 or 2.500"),
        ("time,at_risk\n0,sixty\n6,forty\n", "2 faults"),
        ("time,at_risk\nNA,NA\n6,\n", "no row of the numbers at risk has a time and a count"),
        ("time,at_risk\n", "no row of the numbers at risk"),
        ("arm,time,at_risk\nA,0,60\nB,0,\n", "no row of the numbers at risk of B"),
        ("a,b,c\n1,2,3\n5,9,7\n", "expected columns time and at_risk .*found a, b, c"),
        ("Arm,0,6\nA,60,48,30\n", "line 2: 3 counts for 2 times"),
        ("Arm,0,6\nA,60,4B\n", "'4B' is not a whole number"),
        ("", "the file is empty"),
    ],
)
def test_what_is_not_legible_is_refused_by_its_place(text, words, tables):
    with pytest.raises(InputError, match=words) as caught:
        tables(text)
    assert str(caught.value).startswith("risk.csv")


def test_whose_numbers_they_are(tables):
    pair = tables(TWO_ARMS["a column of arms"])
    assert at_risk_of(pair, CURVE, "b", "x").counts.tolist() == [55, 30]
    assert at_risk_of(pair[:1], CURVE, "", "x").counts.tolist() == [60, 48]
    with pytest.raises(InputError, match="its arms are A, B"):
        at_risk_of(pair, CURVE, "", "x")
    (alone,) = tables(ONE_ARM["plain"])
    with pytest.raises(InputError, match="unclear which numbers at risk"):
        at_risk_of([alone], CURVE, "", "x", curves=2)


def test_a_row_of_one_cell_under_two_headings_is_a_fault(tmp_path):
    file = tmp_path / "risk.csv"
    file.write_text("time,at_risk\n0,60\n3\n6,30\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3: one cell \(3\), the heading has 2"):
        read_at_risk(file)
    file.write_text("time,at_risk\n0,60\n3,\n6,30\n", encoding="utf-8")
    assert np.isnan(read_at_risk(file)[0].counts[1])
