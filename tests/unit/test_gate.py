"""The gate: config and tables checked whole, fingerprints that follow changes and nothing else."""

import json
from pathlib import Path

import pytest
import yaml

from resurvey import audit, gate, provenance, tables
from resurvey.errors import InputError
from resurvey.figures.labels import Labels
from tests.project import claim, small_tables, write_tables

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


def test_tables_that_passed_are_not_read_again(tmp_path, monkeypatch):
    write_tables(small_tables(), tmp_path / "raw")
    memory = tmp_path / "memory.json"
    first = gate.check_tables(tmp_path / "raw", memory)
    monkeypatch.setattr(tables, "read_raw", lambda folder: pytest.fail("read again"))
    assert gate.check_tables(tmp_path / "raw", memory) == first


def test_a_half_written_memory_is_no_memory(tmp_path):
    write_tables(small_tables(), tmp_path / "raw")
    memory = tmp_path / "memory.json"
    first = gate.check_tables(tmp_path / "raw", memory)
    memory.write_text(memory.read_text()[:20])
    assert gate.check_tables(tmp_path / "raw", memory) == first


def test_a_fault_leaves_no_memory(tmp_path):
    rows = small_tables()
    rows["medians"][0]["value"] = "many"
    write_tables(rows, tmp_path / "raw")
    with pytest.raises(tables.TableFaults):
        gate.check_tables(tmp_path / "raw", tmp_path / "memory.json")
    assert not (tmp_path / "memory.json").exists()


def facts(rows, folder: Path) -> gate.Facts:
    write_tables(rows, folder)
    return gate.check_tables(folder, folder / "memory.json")


def test_the_fingerprint_of_a_study_follows_its_own_rows(tmp_path):
    before = small_tables()
    before["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    after = json.loads(json.dumps(before))
    after["medians"][0]["value"] = "11.9"
    one, two = facts(before, tmp_path / "one"), facts(after, tmp_path / "two")
    assert one.of("alpha") != two.of("alpha")
    assert one.of("beta") == two.of("beta")


def test_a_percentage_does_not_rerun_the_reconstruction_but_the_comparison(tmp_path):
    after = small_tables()
    after["proportions"][0]["percent"] = "21"
    one, two = facts(small_tables(), tmp_path / "one"), facts(after, tmp_path / "two")
    assert one.of("alpha") == two.of("alpha")
    assert one.of_entries({"treatment": "alpha2020-prop-001"}) != two.of_entries({"treatment": "alpha2020-prop-001"})


def changed(tmp_path, table, place, **cells):
    """Facts before and after some cells of the small tables changed."""
    after = small_tables()
    after[table][place] |= cells
    return facts(small_tables(), tmp_path / "one"), facts(after, tmp_path / "two")


def test_a_claim_that_an_entry_does_not_name_leaves_it_alone(tmp_path):
    one, two = changed(tmp_path, "proportions", 1, percent="9.3")
    entry = {"treatment": {"study": "alpha", "arm": "new"}, "printed": ["alpha2020-prop-001"]}
    assert one.of_entries(entry) == two.of_entries(entry)
    assert one.of_entries(entry, ("proportions",)) != two.of_entries(entry, ("proportions",))


@pytest.mark.parametrize("table", ["sources", "studies", "treatments", "endpoints", "arms"])
def test_what_a_group_is_called_and_who_says_so_belongs_to_an_entry(tmp_path, table):
    words = {"sources": "citation", "studies": "phase"}.get(table, "label")
    one, two = changed(tmp_path, table, 0, **{words: "changed"})
    entry = [{"study": "alpha", "arm": "new"}]
    assert one.of_entries(entry) != two.of_entries(entry)


def test_a_note_changes_what_is_read_with_its_notes_and_nothing_else(tmp_path):
    one, two = changed(tmp_path, "medians", 0, note="as printed")
    assert one.files != two.files
    assert one.of("alpha") == two.of("alpha")
    assert one.of_tables(gate.table_names()) == two.of_tables(gate.table_names())
    assert one.of_entries("alpha2020-med-001") != two.of_entries("alpha2020-med-001")


def test_a_table_has_its_own_fingerprint(tmp_path):
    one, two = changed(tmp_path, "medians", 0, value="11.9")
    assert one.of_tables(["medians"]) != two.of_tables(["medians"])
    assert one.of_tables(["arms"]) == two.of_tables(["arms"])


def test_labels_follow_what_things_are_called(tmp_path):
    one, two = changed(tmp_path, "arms", 0, n="101")
    assert one.labels == two.labels
    one, two = changed(tmp_path / "again", "arms", 0, label="the new one")
    assert one.labels != two.labels


def test_labels_read_no_column_that_their_fingerprint_leaves_out():
    raw = tables.read_raw(ROOT / "data/raw")
    cut = {name: raw[name][list(columns)] for name, columns in gate.LABEL_COLUMNS.items()}
    assert Labels.from_tables(cut) == Labels.from_tables(raw)


def test_the_bytes_of_a_table_count_where_its_cells_are_the_same(tmp_path):
    one = facts(small_tables(), tmp_path)
    path = tmp_path / "medians.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    two = gate.check_tables(tmp_path, tmp_path / "memory.json")
    assert one.rows == two.rows
    assert one.files != two.files


def test_a_new_study_leaves_the_others_alone(tmp_path):
    after = small_tables()
    after["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    after["arms"].append({**claim("arm-009", arm_id="new", treatment_id="new", n="5"), "study_id": "beta"})
    one, two = facts(small_tables(), tmp_path / "one"), facts(after, tmp_path / "two")
    assert one.of("alpha") == two.of("alpha")


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
