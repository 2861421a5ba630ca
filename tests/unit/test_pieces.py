"""Pieces that a part of the plan is about: named, listed by what is named, and what they rest on."""

from pathlib import Path

import pandas as pd
import pytest

from resurvey import clean, plan, tables, typedfiles
from resurvey.compare.carry_out import carry_out
from resurvey.compare.claims import of_claim
from resurvey.errors import InputError
from resurvey.pieces import Pieces
from tests.project import claim, small_tables, write_tables

ROOT = Path(__file__).resolve().parents[2]
RULING = {"verdict": "conflict", "ruling": "misprint", "affects": "nothing", "reason": "because", "by": "a person"}


@pytest.fixture
def pieces(tmp_path):
    """Two studies, a p value that lists a median of each, a curve, and rulings on claims of both."""
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
        {"check_id": "across-alpha2020-med-001-beta2021-med-001", **RULING},
    ]
    curve = {"endpoint": "PFS", "file": "curve.csv", "n": "100", "time_unit": "months", "survival_unit": "%"}
    rows["curves"] = [claim("curve-001", arm_id="new", **curve)]
    write_tables(rows, tmp_path / "raw")
    (tmp_path / "raw/curves/curve.csv").write_text("time,survival\n0,100\n1,90\n")
    raw = tables.read_raw(tmp_path / "raw")
    return typedfiles.write(raw, clean.tidy(raw), tmp_path / "typed", tmp_path / "raw/curves")


def ids(table: pd.DataFrame, column: str = "claim_id") -> list[str]:
    return table[column].tolist()


def test_a_group_brings_its_study_arms_and_source(pieces):
    kept = typedfiles.read(pieces.of_entries({"treatment": {"study": "alpha", "arm": "new"}}))
    assert ids(kept["studies"], "study_id") == ["alpha"]
    assert ids(kept["sources"], "source_id") == ["alpha2020"]
    assert ids(kept["arms"]) == ["alpha2020-arm-001", "alpha2020-arm-002"]
    assert ids(kept["curves"]) == ["alpha2020-curve-001"]
    assert kept["medians"].empty
    assert kept["adjudications"].empty


def test_shared_tables_stay_whole_and_no_table_is_lost(pieces):
    kept = typedfiles.read(pieces.of_entries([]))
    assert list(kept) == list(tables.TABLES)
    assert len(kept["endpoints"]) == 3
    assert len(kept["treatments"]) == 2
    assert kept["studies"].empty


def test_a_claim_brings_its_table_of_the_study_and_the_rulings_of_its_document(pieces):
    kept = typedfiles.read(pieces.of_entries([{"printed": ["alpha2020-hr-001"]}]))
    assert ids(kept["hazard_ratios"]) == ["alpha2020-hr-001"]
    assert ids(kept["studies"], "study_id") == ["alpha"]
    assert len(kept["adjudications"]) == 2
    kept = typedfiles.read(pieces.of_entries("beta2021-med-001"))
    assert ids(kept["adjudications"], "check_id") == ["across-alpha2020-med-001-beta2021-med-001"]


def test_a_claim_brings_the_claims_that_it_lists_and_a_ruling_once(pieces):
    kept = typedfiles.read(pieces.of_entries("alpha2020-p-001"))
    assert {"alpha2020-med-002", "beta2021-med-001"} <= set(ids(kept["medians"]))
    assert ids(kept["studies"], "study_id") == ["alpha", "beta"]
    assert len(kept["adjudications"]) == 2


def test_a_table_asked_for_is_there_for_the_studies_named(pieces):
    kept = typedfiles.read(pieces.of_entries({"study": "beta"}, ("medians",)))
    assert ids(kept["medians"]) == ["beta2021-med-001"]


def test_an_empty_text_names_nothing(pieces):
    assert pieces.of_entries({"data_cut": ""}) == pieces.of_entries([])


def test_curves_of_a_study_are_its_own(pieces):
    assert [Path(path).name for path in pieces.of_curves("alpha")] == ["curve.csv"]
    assert Path(pieces.of_curves("alpha")[0]).read_text() == "time,survival\n0,100\n1,90\n"
    assert pieces.of_curves("beta") == []


def test_patients_rest_on_no_counts_and_no_notes(pieces):
    names = {Path(path).stem for path in pieces.of_patients("alpha")}
    assert {"endpoints", "medians", "hazard_ratios", "survival_rates", "curves"} <= names
    assert not {"proportions", "p_values", "treatments", "sources"} & names
    assert not [path for path in pieces.of_patients("alpha") if "noted" in path]


def test_patients_rest_on_early_progressors_and_log_rank_tests_alone(tmp_path):
    rows = small_tables()
    early = {"arm_id": "new", "endpoint": "PFS", "kind": "progression", "item": "early progressors", "n": "18"}
    rows["proportions"] += [
        claim("prop-008", **early),
        claim("prop-009", **early, time="2", time_unit="months"),
        claim("prop-010", arm_id="new", kind="response", item="PD", n="15"),
    ]
    test = {"arm_id": "new", "comparator_arm_id": "old", "endpoint": "PFS", "p": "0.03"}
    rows["p_values"] = [claim("p-001", **test), claim("p-002", **test, test="Log-rank")]
    write_tables(rows, tmp_path / "raw")
    raw = tables.read_raw(tmp_path / "raw")
    pieces = typedfiles.write(raw, clean.tidy(raw), tmp_path / "typed", tmp_path / "raw/curves")
    kept = typedfiles.read(pieces.of_patients("alpha"))
    assert ids(kept["proportions"]) == ["alpha2020-prop-009", "alpha2020-prop-010"]
    assert ids(kept["p_values"]) == ["alpha2020-p-002"]


def test_pieces_come_back_from_plain_types(pieces):
    assert Pieces.from_plain(pieces.folder, pieces.plain()) == pieces


def test_a_piece_of_other_columns_is_refused(tmp_path):
    (tmp_path / "medians.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="does not have the columns of its table"):
        typedfiles.read([tmp_path / "medians.csv"])
    with pytest.raises(InputError, match="not a piece of a table"):
        typedfiles.read([tmp_path / "mediums.csv"])


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    raw = tables.read_raw(ROOT / "data/raw")
    folder = tmp_path_factory.mktemp("shipped")
    return typedfiles.write(raw, clean.tidy(raw), folder, ROOT / "data/raw/curves")


def test_a_step_on_many_studies_reads_whole_tables(pieces, monkeypatch):
    entry = {"printed": ["alpha2020-med-001"]}
    apart, labels = pieces.of_entries(entry), pieces.labels_of(["alpha", "beta"])
    monkeypatch.setattr("resurvey.pieces.MANY", 0)
    whole = pieces.of_entries(entry)
    assert {Path(path).name for path in whole} >= {Path(path).name for path in apart}
    assert not [path for path in whole if "/studies/" in path or "/rulings/" in path]
    assert ids(typedfiles.read(whole)["medians"])[-1] == "beta2021-med-001"
    assert pieces.labels_of(["alpha", "beta"]) == pieces.labels() != labels


@pytest.mark.parametrize("many", [0, 60])
@pytest.mark.parametrize("kind", ["bucher", "rates", "ratios", "pool"])
def test_a_comparison_says_the_same_of_its_pieces_as_of_all(kind, many, shipped, monkeypatch):
    monkeypatch.setattr("resurvey.pieces.MANY", many)
    entry = next(entry for entry in plan.read(ROOT / "comparisons.yaml") if entry.kind == kind)
    paths = (shipped.whole(tables.TABLES, notes=True), shipped.of_entries(plan.plain(entry)))
    whole, part = (carry_out(entry, typedfiles.read(files), {}) for files in paths)
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
