"""Rows that a part of the config is about: named, listed by what is named, and what they rest on."""

from pathlib import Path

import pandas as pd
import pytest

from resurvey import clean, plan, tables
from resurvey.about import about, key, of_claim, only, without_notes
from resurvey.compare.run import carry_out
from tests.project import claim, small_tables, write_tables

ROOT = Path(__file__).resolve().parents[2]
RULING = {"verdict": "conflict", "ruling": "misprint", "affects": "nothing", "reason": "because", "by": "a person"}


@pytest.fixture
def raw(tmp_path):
    """Two studies, a p value that lists a median, and rulings on two claims."""
    rows = small_tables()
    rows["sources"].append({**rows["sources"][0], "source_id": "beta2021"})
    rows["studies"].append({**rows["studies"][0], "study_id": "beta", "source_id": "beta2021"})
    beta = {"study_id": "beta", "source_id": "beta2021"}
    rows["arms"].append({**rows["arms"][0], **beta, "claim_id": "beta2021-arm-001"})
    rows["medians"].append({**rows["medians"][0], **beta, "claim_id": "beta2021-med-001"})
    rows["p_values"] = [
        claim("p-001", arm_id="new", endpoint="PFS", p="0.03", claims="alpha2020-med-002; beta2021-med-001")
    ]
    rows["adjudications"] = [
        {"check_id": "ratio-alpha2020-hr-001", **RULING},
        {"check_id": "range-alpha2020-hr-0011-x", **RULING},
    ]
    curve = {"endpoint": "PFS", "file": "curve.csv", "n": "100", "time_unit": "months", "survival_unit": "%"}
    rows["curves"] = [claim("curve-001", arm_id="new", **curve)]
    write_tables(rows, tmp_path)
    return tables.read_raw(tmp_path)


def ids(table: pd.DataFrame, column: str = "claim_id") -> list[str]:
    return table[column].tolist()


def test_a_group_brings_its_study_arms_and_source(raw):
    kept = only(raw, {"treatment": {"study": "alpha", "arm": "new"}})
    assert ids(kept["studies"], "study_id") == ["alpha"]
    assert ids(kept["sources"], "source_id") == ["alpha2020"]
    assert ids(kept["arms"]) == ["alpha2020-arm-001", "alpha2020-arm-002"]
    assert ids(kept["curves"]) == ["alpha2020-curve-001"]
    assert kept["medians"].empty
    assert kept["adjudications"].empty


def test_shared_tables_stay_whole_and_no_table_is_lost(raw):
    kept = only(raw, [])
    assert set(kept) == set(raw)
    assert all(list(kept[name].columns) == list(raw[name].columns) for name in raw)
    assert len(kept["endpoints"]) == len(raw["endpoints"])
    assert len(kept["treatments"]) == len(raw["treatments"])
    assert kept["studies"].empty


def test_a_claim_brings_its_study_and_its_rulings(raw):
    kept = only(raw, [{"printed": ["alpha2020-hr-001"]}])
    assert ids(kept["hazard_ratios"]) == ["alpha2020-hr-001"]
    assert ids(kept["studies"], "study_id") == ["alpha"]
    assert ids(kept["adjudications"], "check_id") == ["ratio-alpha2020-hr-001"]


def test_a_claim_brings_the_claims_that_it_lists_and_their_studies(raw):
    kept = only(raw, "alpha2020-p-001")
    assert ids(kept["medians"]) == ["alpha2020-med-002", "beta2021-med-001"]
    assert ids(kept["studies"], "study_id") == ["alpha", "beta"]


def test_a_table_asked_for_whole_keeps_all_rows_of_the_studies(raw):
    kept = only(raw, {"study": "beta"}, ("medians",))
    assert ids(kept["medians"]) == ["beta2021-med-001"]


def test_an_empty_text_names_nothing(raw):
    rows = [key(name, cells) for name, frame in raw.items() for cells in frame.to_dict("records")]
    found = about({"data_cut": ""}, rows)
    assert not found.studies | found.claims | found.sources


def test_the_rows_that_are_left_can_be_typed(raw):
    typed = clean.tidy(only(raw, "alpha2020-hr-001"))
    assert typed["hazard_ratios"]["value"].tolist() == [0.55]


@pytest.mark.parametrize("kind", ["bucher", "rates", "ratios", "pool"])
def test_a_comparison_says_the_same_of_its_own_rows_as_of_all(kind):
    planned = plan.read(ROOT / "comparisons.yaml")
    shipped = tables.read_raw(ROOT / "data/raw")
    entry = next(entry for entry in planned if entry.kind == kind)
    whole, part = (carry_out(entry, clean.tidy(rows), {}) for rows in (shipped, only(shipped, plan.plain(entry))))
    pd.testing.assert_frame_equal(part.rows(), whole.rows())
    assert set(part.tables) == set(whole.tables)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(part.tables[name], table)


@pytest.mark.parametrize(
    ("check", "judged"),
    [
        ("ratio-alpha2020-hr-001", True),
        ("ratio-alpha2020-hr-001-hr-002", True),
        ("ratio-alpha2020-med-001-hr-001", True),
        ("ratio-alpha2020-hr-0011", False),
        ("ratio-beta2021-hr-001", False),
    ],
)
def test_a_check_names_its_claims_by_number(check, judged):
    assert bool(of_claim("alpha2020-hr-001").search(check)) is judged


def test_notes_are_blank_and_the_rest_stays(raw):
    spoilt = {**raw, "medians": raw["medians"].assign(note="as printed")}
    kept = without_notes(spoilt)
    pd.testing.assert_frame_equal(kept["medians"], raw["medians"].assign(note=""))
    assert kept["adjudications"] is raw["adjudications"]
