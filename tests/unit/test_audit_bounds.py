"""Cells that hold no plain number (not reached, a bound, zero) in every family: no failure, no such number in words."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from resurvey import audit, clean, schema, tables
from resurvey.audit.handlers import alone

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks/audit"
NUMBERS = ("number", "count", "size", "percent", "p", "level")
FORMS = ("NR", "<{}", ">{}", "0")
NO_NUMBER = re.compile(r"(?<![a-z])(nan|inf|infinite|infinity|not estimable)(?![a-z])|∞", re.IGNORECASE)
SENTENCES = ("reported", "recomputed", "explanation")


@pytest.fixture(scope="module")
def benchmark():
    """The scripts of `benchmarks/audit`, importable for the tests of this file alone."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("run")
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if not name.startswith(("resurvey", "scipy", "pandas", "numpy")):
            del sys.modules[name]


def altered(make, place):
    """Papers of a family, each with one cell that is no plain number any more, where that cell may hold it."""

    def fresh(name):
        return make(name, np.random.default_rng([3, place]), True).trial

    papers = []
    for table, rows in fresh("whole").tables.items():
        numbers = [column for column in schema.TABLES[table].columns if column.kind in NUMBERS]
        for row, cells in enumerate(rows):
            for column in numbers:
                for text in {form.format(cells.get(column.name, "5")) for form in FORMS}:
                    if column.name in cells and not tables.check_cell(column, text):
                        papers.append(fresh(f"p{len(papers):04d}"))
                        papers[-1].tables[table][row][column.name] = text
    return papers


def unreadable(checks):
    return [
        (row["check_id"], row[column])
        for row in checks.to_dict("records")
        for column in SENTENCES
        if NO_NUMBER.search(row[column])
    ]


def test_no_sentence_of_any_family_holds_a_number_that_is_none(benchmark):
    cases = [
        make(f"f{place:02d}{wrong:d}", np.random.default_rng([5, place]), wrong)
        for place, make in enumerate((benchmark.FAMILIES | benchmark.ANNOUNCED).values())
        for wrong in (False, True)
    ]
    checks = audit.run(clean.tidy(benchmark.raw_tables([case.trial for case in cases])))
    assert {case.rule for case in cases} <= set(checks["rule"])
    assert unreadable(checks) == []


def test_cells_without_a_plain_number_break_no_family(benchmark):
    altogether = 0
    for place, make in enumerate((benchmark.FAMILIES | benchmark.ANNOUNCED).values()):
        rule = make("one", np.random.default_rng([3, place]), True).rule
        # Typed at once: some of these the gate refuses, and a rule must stand them all the same.
        checks = audit.run(clean.tidy(benchmark.raw_tables(altered(make, place))), rules=[rule])
        assert unreadable(checks) == []
        altogether += len(checks)
    assert altogether > 1000


@pytest.mark.parametrize(
    ("survival", "verdicts"),
    [("60", ["impossible"]), ("NR", []), ("<60", []), (">60", ["impossible"]), ("0", ["reproduced"])],
)
def test_an_incidence_beside_a_survival_that_bounds_it_or_does_not(survival, verdicts):
    rows = {
        "arms": [{"arm_id": "a", "label": "a", "n": "100"}],
        "survival_rates": [
            {"arm_id": "a", "endpoint": "TTP", "time": "12", "time_unit": "months", "value": survival, "unit": "%"}
        ],
        "measurements": [
            {"kind": "cumulative incidence", "item": "relapse", "value": "44", "claims": "mine-survival-rates-001"}
            | {"arm_id": "a", "time": "12", "time_unit": "months"}
        ],
    }
    found = alone(rows, ["cumulative-incidence"])
    assert found["verdict"].tolist() == verdicts


def test_a_plan_of_bounds_says_nothing_of_a_role():
    rows = {
        "designs": [{"endpoint": "PFS", "unit": "months", "null_median": "NR", "alternative_median": "8.7"}],
        "statements": [{"kind": "role", "item": "boundary", "value": "7.2"}],
    }
    assert alone(rows, ["number-role"])["verdict"].tolist() == ["reproduced"]


def test_a_limit_of_0_and_a_percentage_of_0_have_no_other_end_in_words():
    ratio = {"arm_id": "a", "endpoint": "PFS", "measure": "HR", "value": "2.00", "lower": "0", "upper": "2.89"}
    counts = [
        {"arm_id": "a", "kind": "baseline", "item": item, "n": n, "percent": percent}
        for item, n, percent in (("old", "136", "0"), ("young", "137", "0"))
    ]
    found = alone({"hazard_ratios": [ratio], "proportions": counts}, ["ratio-interval", "implied-total"])
    assert unreadable(found) == []
    assert "N 27400 or more" in found["recomputed"].tolist()
    assert "would begin at 1.384" in " ".join(found["explanation"])
