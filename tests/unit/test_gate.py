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
    assert "'sede' is not a known key" in text
    assert "seed: must be at least 0 (seed of all random draws, a whole number of 0 or more), found -1" in text
    assert "reconstruction/replicates: must be a whole number (replicates of each" in text
    assert 'found "many"' in text
    assert "is not of type" not in text


def test_a_missing_and_a_malformed_key_are_named(config):
    del config["seed"], config["reconstruction"]["partitions"]
    config["audit"]["pages"] = ["a b"]
    config["report"]["title"] = " "
    with pytest.raises(InputError) as caught:
        gate.check_config(config, SCHEMA)
    assert str(caught.value).splitlines()[1:] == [
        "  top level: the key seed is missing",
        '  audit/pages/0: must be lower case letters, digits, _ and -, at most 64, found "a b"',
        '  report/title: must be text that is not blank, found " "',
    ]


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


CURVE = "time,survival\n" + "".join(f"{month},{100 - 2 * month}\n" for month in range(40))
NO_NUMBERS = ("nan", "NaN", "", "NA", "--", "None", "inf", "-inf", "1e400", "8O", '"1,035"', "#N/A", "#REF!")
AT_RISK = "time,at_risk\n0,100\n6,80\n12,55\n18,30\n24,9\n"


def with_curve(project: Path, points: str, at_risk: str, **cells: str) -> None:
    rows = small_tables()
    row = {"arm_id": "new", "file": "c.csv", "at_risk_file": "r.csv", "endpoint": "PFS", "n": "100", "axis_max": "40"}
    rows["curves"] = [claim("cur-001", **row, time_unit="months", survival_unit="%", **cells)]
    write_tables(rows, project / "data/raw")
    (project / "data/raw/curves/c.csv").write_text(points)
    (project / "data/raw/curves/r.csv").write_text(at_risk)


@pytest.mark.parametrize("cell", ["96", "96%", '"96,0"', "96.00", " 96 "])
def test_a_point_of_a_curve_in_any_usual_way_of_writing_passes(project, cell):
    with_curve(project, CURVE.replace("\n2,96\n", f"\n2,{cell}\n"), AT_RISK)
    check(project)


@pytest.mark.parametrize("cell", ["80", '"80,0"', "80 (3)", "8e1"])
def test_a_number_at_risk_in_any_usual_way_of_writing_passes(project, cell):
    with_curve(project, CURVE, AT_RISK.replace("6,80", f"6,{cell}"))
    check(project)


@pytest.mark.parametrize("cell", [*NO_NUMBERS, "1 035", "=96", "<96", "1_0", "True"])
@pytest.mark.parametrize("column", ["time", "survival"])
def test_a_point_without_a_number_is_a_fault_with_its_line(project, column, cell):
    row = f"2,{cell}" if column == "survival" else f"{cell},96"
    with_curve(project, CURVE.replace("\n2,96\n", f"\n{row}\n"), AT_RISK)
    with pytest.raises(InputError, match=r"curves\.csv, row 2, column (file|axis_max), value .*c\.csv") as caught:
        check(project)
    assert "line 4" in str(caught.value) or "1035" in str(caught.value) or "comma in its numbers" in str(caught.value)
    assert not (project / "typed").exists()


@pytest.mark.parametrize(
    "cell", ["nan", "", "NA", "inf", "8O", '"1,035"', "1 035", "1'035", "1.035", "80.5", "-3", "NR"]
)
def test_a_number_at_risk_that_is_none_or_more_than_all_is_a_fault(project, cell):
    with_curve(project, CURVE, AT_RISK.replace("6,80", f"6,{cell}"))
    with pytest.raises(InputError, match=r"row 2, column at_risk_file, value 'r\.csv'"):
        check(project)


@pytest.mark.parametrize("cell", ["nan", "", "-6", "6m", "inf"])
def test_a_time_of_a_number_at_risk_that_is_none_is_a_fault(project, cell):
    with_curve(project, CURVE, AT_RISK.replace("6,80", f"{cell},80"))
    with pytest.raises(InputError, match=r"row 2, column at_risk_file, value 'r\.csv'"):
        check(project)


@pytest.mark.parametrize(
    ("curve", "cells", "said"),
    [
        (CURVE.replace("\n", "\n").replace("100", "x"), {}, "column file"),
        ("time,survival\n0,60\n10,70\n20,95\n", {}, "column file.*the curve rises"),
        (CURVE, {"events": "140"}, "column events, value '140': more events than patients"),
        ("time,survival\n0,100\n", {}, "column file.*the curve has no length"),
        (CURVE.replace("\n5,90\n", "\n5,900\n"), {}, "column file.*a survival of 900 % at time 5"),
    ],
)
def test_a_curve_that_no_patients_can_be_rebuilt_from_is_a_fault_before_the_run(project, curve, cells, said):
    with_curve(project, curve, AT_RISK, **cells)
    with pytest.raises(InputError, match=said):
        check(project)


def test_gaps_of_a_time_that_curves_share_are_none(project):
    rows = "".join(f"{month},{100 - 2 * month},{'' if month % 2 else 100 - month}\n" for month in range(40))
    named = "".join(f"{'arm' if line.startswith('time') else 'new'},{line}\n" for line in AT_RISK.splitlines())
    with_curve(project, f"time,new,old\n{rows}", named, curve="new")
    check(project)


def test_numbers_at_risk_beside_a_figure_are_checked_before_it_is_digitised(project):
    with_curve(project, CURVE, AT_RISK.replace("80", "8O"), curve="new")
    table = project / "data/raw/curves/curves.csv"
    table.write_text(table.read_text().replace("c.csv", "c.png"))
    (project / "data/raw/curves/c.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match="the number at risk '8O' is not a whole number"):
        check(project)


@pytest.mark.parametrize("change", [("title", "  "), ("question", "\t")])
def test_a_title_of_blanks_is_a_fault(config, change):
    key, value = change
    config["report"][key] = value
    with pytest.raises(InputError, match=f"report/{key}.*text that is not blank"):
        gate.check_config(config, SCHEMA)


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
