"""The gate: config and tables checked whole, and pieces of typed tables that are written when they change."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from resurvey import audit, clean, gate, provenance, tables, typedfiles
from resurvey.errors import InputError
from resurvey.labels import Labels
from resurvey.pieces import LABEL_COLUMNS
from tests.project import Rows, claim, small_tables, write_project, write_tables

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


def test_the_shipped_config_is_allowed(config):
    gate.check_config(config, SCHEMA)


def test_every_fault_of_the_config_is_said_at_once(config):
    config["sede"] = 1
    config["seed"] = -1
    config["reconstruction"]["replicates"] = "many"
    with pytest.raises(InputError) as caught:
        gate.check_config(config, SCHEMA)
    text = str(caught.value)
    assert "'sede' was unexpected" in text
    assert "seed: -1 is less than the minimum of 0" in text
    assert "reconstruction/replicates: 'many' is not of type 'integer'" in text


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The small project, with its folder as the place where the gate stands."""
    monkeypatch.chdir(write_project(tmp_path))
    return tmp_path


def check(folder: Path) -> gate.Project:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    return gate.check_project(config, Path("typed"), Path("memory.json"))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder / "typed").as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted((folder / "typed").rglob("*.*"))
    }


def rewritten(folder: Path, rows: Rows) -> set[str]:
    """Pieces that are written, or removed, when the tables become these."""
    check(folder)
    before = contents(folder)
    write_tables(rows, folder / "data/raw")
    check(folder)
    after = contents(folder)
    return {path for path in before | after if before.get(path) != after.get(path)}


def changed(table: str, place: int, **cells: str) -> Rows:
    rows = small_tables()
    rows[table][place] |= cells
    return rows


def test_tables_that_passed_are_not_read_again(project, monkeypatch):
    first = check(project)
    monkeypatch.setattr(tables, "read_raw", lambda folder: pytest.fail("read again"))
    assert check(project) == first


def test_a_set_of_the_collection_that_is_gone_is_said(project):
    path = project / "config.yaml"
    one = "{file: A, study: alpha, endpoint: PFS, time_unit: months, arms: {a: new}}"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  partitions: {}\n", f"  partitions: {{}}\n  kmdata: {{folder: sets, sets: [{one}]}}\n")
    )
    (project / "sets").mkdir()
    (project / "sets/A.rda").write_bytes(b"")
    check(project)
    (project / "sets/A.rda").unlink()
    with pytest.raises(InputError, match=r"there is no file A\.rda in sets"):
        check(project)


@pytest.mark.parametrize(
    "spoil", [lambda p: p.write_text(p.read_text()[:20]), lambda p: p.write_text("[]"), Path.unlink]
)
def test_a_spoilt_memory_is_no_memory(project, spoil):
    first = check(project)
    spoil(project / "memory.json")
    assert check(project) == first


def test_a_piece_that_is_gone_is_written_again(project):
    first = check(project)
    before = contents(project)
    (project / "typed/tables/medians.csv").unlink()
    assert check(project) == first
    assert {path: text for path, (text, _) in contents(project).items()} == {p: text for p, (text, _) in before.items()}


def test_a_fault_leaves_no_memory_and_no_piece(project):
    write_tables(changed("medians", 0, value="many"), project / "data/raw")
    with pytest.raises(tables.TableFaults):
        check(project)
    assert not (project / "memory.json").exists()
    assert not (project / "typed").exists()


def test_the_pieces_are_what_clean_makes_of_the_tables(project):
    pieces = check(project).pieces
    typed = clean.tidy(tables.read_raw(project / "data/raw"))
    for name, frame in typedfiles.read(pieces.whole(typed, notes=True)).items():
        pd.testing.assert_frame_equal(frame, typed[name], check_exact=True)
    alpha = typedfiles.read(pieces.of_study("alpha", typed, notes=True))
    pd.testing.assert_frame_equal(alpha["medians"], typed["medians"], check_exact=True)
    assert alpha["sources"]["source_id"].tolist() == ["alpha2020"]


def test_a_cell_rewrites_the_pieces_of_its_table_and_study(project):
    rows = small_tables()
    rows["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    rows["arms"].append(claim("arm-009", arm_id="new", treatment_id="new", n="5", study_id="beta"))
    write_tables(rows, project / "data/raw")
    rows["medians"][0]["value"] = "11.9"
    assert rewritten(project, rows) == {
        "tables/medians.csv",
        "noted/medians.csv",
        "studies/alpha/medians.csv",
        "studies/alpha/noted/medians.csv",
    }


def test_a_note_rewrites_only_what_is_read_with_its_notes(project):
    found = rewritten(project, changed("medians", 0, note="as printed"))
    assert found == {"noted/medians.csv", "studies/alpha/noted/medians.csv"}


def test_a_new_study_leaves_the_others_alone(project):
    rows = small_tables()
    rows["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    rows["arms"].append(claim("arm-009", arm_id="new", treatment_id="new", n="5", study_id="beta"))
    assert not [path for path in rewritten(project, rows) if path.startswith("studies/alpha/")]


def test_rows_that_are_gone_leave_no_piece(project):
    rows = small_tables()
    rows["survival_rates"] = []
    found = rewritten(project, rows)
    assert "studies/alpha/survival_rates.csv" in found
    assert not (project / "typed/studies/alpha/survival_rates.csv").exists()
    assert (project / "typed/tables/survival_rates.csv").exists()


def test_the_same_cells_in_other_bytes_rewrite_nothing(project):
    check(project)
    before = contents(project)
    for path in (project / "data/raw").glob("*.csv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    check(project)
    assert contents(project) == before


def test_labels_follow_what_things_are_called(project):
    assert not [path for path in rewritten(project, changed("arms", 0, n="101")) if path.startswith("labels/")]
    assert "labels/arms.csv" in rewritten(project, changed("arms", 0, label="the new one"))


def test_labels_read_no_column_that_their_pieces_leave_out():
    raw = tables.read_raw(ROOT / "data/raw")
    cut = {name: raw[name][list(columns)] for name, columns in LABEL_COLUMNS.items()}
    assert Labels.from_tables(cut) == Labels.from_tables(raw)


def test_a_plan_that_names_what_no_table_has_is_refused(project):
    path = project / "comparisons.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("arm: old", "arm: odl"), encoding="utf-8")
    config = project / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("pages: [alpha2020]", "pages: [alfa]"), encoding="utf-8"
    )
    with pytest.raises(InputError) as caught:
        check(project)
    assert "comparisons.yaml, comparison 'alpha-new-old', comparator, arm" in str(caught.value)
    assert "config.yaml, audit/pages: 'alfa' is not in sources.csv" in str(caught.value)


def test_source_digest_sees_only_reachable_modules(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from resurvey import reported\n")
    names = {path.name for path in provenance.reachable(script)}
    assert {"script.py", "reported.py", "errors.py", "__init__.py"} <= names
    assert "network.py" not in names


def test_source_digest_follows_imports_inside_functions(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("def run():\n    from resurvey.compare import bucher\n")
    assert "bucher.py" in {path.name for path in provenance.reachable(script)}


def test_the_digest_of_the_audit_sees_every_family_of_rules():
    script = ROOT / "workflow/scripts/audit.py"
    names = {path.stem for path in provenance.reachable(script)}
    assert set(audit.FAMILIES) <= names
