"""Names that would be taken for others than they look like, and what to type in place of a text that is no number."""

import copy

import pytest

from resurvey import tables
from resurvey.errors import InputError
from resurvey.hints import what_to_type
from resurvey.reported import parse
from resurvey.spelling import folded
from resurvey.tables import TableFaults
from tests.project import Rows, claim, small_tables, write_tables


def faults(rows: Rows, folder) -> list[str]:
    write_tables(rows, folder)
    try:
        tables.read_raw(folder)
    except TableFaults as error:
        return [str(fault) for fault in error.faults]
    return []


def with_populations(*names: str) -> Rows:
    rows = copy.deepcopy(small_tables())
    for place, name in enumerate(names, start=20):
        cells = {"endpoint": "PFS", "value": "9", "unit": "months", "n": "40"}
        rows["medians"].append(claim(f"med-{place}", arm_id="new", **cells) | {"population": name})
    return rows


@pytest.mark.parametrize(
    "name",
    [
        "hormone receptor  positive",
        "hormone receptor\u00a0positive",
        "hormone\u200breceptor positive",
        "hormone receptor pоsitive",
        "03-Apr",
        "Mar-04",
        "NA",
    ],
)
def test_a_population_that_is_not_what_it_looks_like_is_a_fault(tmp_path, name):
    assert any("column population" in text for text in faults(with_populations(name), tmp_path))


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("hormone receptor positive", "Hormone receptor positive"),
        ("hormone-receptor positive", "hormone receptor positive"),
        ("line 2–3", "line 2-3"),
        ("age ≥65", "age >= 65"),
        ("primary resistant,line 2", "primary resistant, line 2"),
    ],
)
def test_two_spellings_of_one_population_are_a_fault_of_the_rarer(tmp_path, usual, other):
    found = faults(with_populations(usual, usual, other), tmp_path)
    assert len(found) == 1
    assert f"value {other!r}: 2 other rows of this study spell it {usual!r}" in found[0]


@pytest.mark.parametrize(("one", "two"), [("ER-", "ER+"), ("age <65", "age ≥65"), ("line 2", "line 3"), ("β", "beta")])
def test_populations_that_differ_are_left_apart(tmp_path, one, two):
    assert folded(one) != folded(two)
    assert faults(with_populations(one, one, two), tmp_path) == []


@pytest.mark.parametrize("name", ["pfs", "Pfs"])
def test_an_endpoint_spelt_otherwise_is_a_fault(tmp_path, name):
    rows = small_tables()
    rows["p_values"] = [claim("p-001", arm_id="new", endpoint=name, p="0.03")]
    assert any("endpoints.csv calls it 'PFS'" in text for text in faults(rows, tmp_path))


@pytest.mark.parametrize("grade", ["03-Apr", "Mar-04", "2024-04-03", "severe", "3/4", "45385", "6"])
def test_a_grade_outside_the_vocabulary_is_a_fault(tmp_path, grade):
    rows = small_tables()
    rows["proportions"][0] |= {"kind": "adverse_event", "item": "rash", "grade": grade}
    assert any("column grade" in text and "not a grade" in text for text in faults(rows, tmp_path))


@pytest.mark.parametrize("grade", ["any", "1-2", "3", "3-4", ">=3", "≥3", "", "5", "1–2"])
def test_grades_of_the_vocabulary_pass(tmp_path, grade):
    rows = small_tables()
    rows["proportions"][0] |= {"kind": "adverse_event", "item": "rash", "grade": grade}
    assert faults(rows, tmp_path) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("NA", "type NR where the paper says that it was not reached"),
        ("n/a", "leave the cell empty"),
        ("-", "leave the cell empty"),
        ("14%", "leave out the per cent sign"),
        ("13,8", "decimal comma as a point"),
        ("0,62", "decimal comma as a point"),
        ("1,234", "separator of thousands"),
        ("1 234", "separators of thousands"),
        ("0.62–0.87", "columns lower and upper"),
        ("0.62-0.87", "columns lower and upper"),
        ("(8.4 to 15.1)", "columns lower and upper"),
        ("13.8 (8.4-15.1)", "what is in brackets"),
        ("138 (60.5%)", "what is in brackets"),
        ("138/228", "the count into n"),
        ("13.8 months", "leave out the unit"),
        ("13.8*", "footnote mark"),
        ("p<0.001", "leave out the p"),
        ("03-Apr", "a spreadsheet made a date"),
        ("#VALUE!", "a formula of the spreadsheet failed"),
        ("l3.8", "a letter stands for a digit"),
        ("1O", "a letter stands for a digit"),
        ("12 ± 3", "type the number alone"),
    ],
)
def test_a_text_that_is_no_number_says_what_to_type(typed, words):
    assert words in what_to_type(typed)
    with pytest.raises(InputError, match="is not a printed number"):
        parse(typed)


def test_a_day_that_does_not_exist_is_a_fault(tmp_path):
    rows = small_tables()
    rows["studies"][0]["data_cutoff"] = "2021-02-30"
    assert any("there is no such day" in text for text in faults(rows, tmp_path))
