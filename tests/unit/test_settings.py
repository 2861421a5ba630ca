"""What a config and the curve files name must be there: `resurvey check` and the gate say all of it at once."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from resurvey import gate, tables
from resurvey.cli import main
from resurvey.commands import init
from resurvey.errors import InputError
from resurvey.settings import faults_of_settings
from tests.project import CONFIG, claim, small_tables, write_project, write_tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def raw(tmp_path):
    rows = small_tables()
    for place, (name, size) in enumerate({"young": "60", "aged": "40"}.items(), start=11):
        rows["arms"].append(claim(f"arm-{place}", arm_id="new", treatment_id="new", population=name, n=size))
        cells = {"endpoint": "PFS", "value": "9", "unit": "months", "population": name}
        rows["medians"].append(claim(f"med-{place}", arm_id="new", **cells))
    rows["studies"].append({**rows["studies"][0], "study_id": "beta"})
    write_tables(rows, tmp_path)
    return tables.read_raw(tmp_path)


def config(**reconstruction) -> dict:
    settings = {"studies": ["alpha"], "partitions": {"alpha": [["young", "aged"]]}} | reconstruction
    return {"audit": {"pages": ["alpha2020"]}, "reconstruction": settings}


def test_a_config_that_fits_has_no_fault(raw):
    assert faults_of_settings(config(), raw) == []


def test_conclusions_name_printed_numbers_that_are_there(raw):
    said = [
        {"says": "It lasts for {alpha2020-med-001} months.", "claims": ["alpha2020-hr-001"]},
        {"says": "It lasts for {alpha2020-med-901} months."},
        {"says": "It lasts."},
    ]
    wrong, empty = faults_of_settings(config() | {"report": {"conclusions": said}}, raw)
    assert wrong.startswith("report/conclusions, entry 2: 'alpha2020-med-901' is not in the tables")
    assert empty == "report/conclusions, entry 3: names no claim: put an id in braces or under `claims`"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"studies": ["alfa"], "partitions": {}}, "reconstruction/studies: 'alfa' is not in studies.csv; did you mean"),
        ({"studies": ["beta"], "partitions": {}}, "'beta' has neither a curve nor a median"),
        ({"partitions": {"gamma": [["young", "aged"]]}}, "reconstruction/partitions: 'gamma' is not in studies.csv"),
        ({"partitions": {"alpha": [["young", "old"]]}}, "'old' is not in medians.csv as a population of alpha"),
        ({"partitions": {"alpha": [{"whole": "all", "arms": ["new", "odl"]}]}}, "'odl' is not in arms.csv"),
        (
            {
                "kmdata": {
                    "folder": None,
                    "sets": [{"file": "A", "study": "alpha", "endpoint": "PFX", "arms": {"a": "x"}}],
                }
            },
            "reconstruction/kmdata/sets, A: 'PFX' is not in endpoints.csv; did you mean 'PFS'?",
        ),
    ],
)
def test_a_name_that_is_in_no_table_is_said(raw, change, words):
    assert any(words in line for line in faults_of_settings(config(**change), raw))


def test_files_of_the_projects_own_that_are_not_there_or_that_nothing_reads_are_said(raw, tmp_path):
    def said(**report):
        shapes = report.pop("shapes", None)
        return faults_of_settings(config(**({"shapes": shapes} if shapes else {})) | {"report": report}, raw, tmp_path)

    (absent,) = said(shapes="kinds.csv")
    assert absent == "reconstruction/shapes: 1 fault in the tables; nothing was written:\n" + absent.split("\n", 1)[1]
    assert "kinds.csv: the file is missing" in absent
    assert said(templates="words") == [
        "report/templates: there is no folder 'words'; leave the key out if there are none"
    ]
    own = tmp_path / "report/templates"
    own.mkdir(parents=True)
    (own / ".DS_Store").write_text("")
    (own / "answer.md.j2").write_text("{% include 'mine.j2' %}")
    (own / "mine.j2").write_text("ours")
    assert said() == []
    (own / "anwser.md.j2").write_text("ours")
    assert said() == [
        "report/templates: no template is called 'anwser.md.j2', and none includes it; did you mean 'answer.md.j2'?"
    ]


def test_pages_of_unknown_documents_are_said(raw):
    wrong = config() | {"audit": {"pages": ["alpha2020", "alpha2002"]}}
    assert faults_of_settings(wrong, raw) == [
        "audit/pages: 'alpha2002' is not in sources.csv; did you mean 'alpha2020'?"
    ]


@pytest.mark.parametrize("size", ["41", "39"])
def test_groups_that_do_not_make_up_their_arm_are_said(raw, size):
    arms = raw["arms"]
    changed = raw | {"arms": arms.assign(n=arms["n"].where(arms["population"] != "aged", size))}
    (line,) = faults_of_settings(config(), changed)
    assert f"60 (young) + {size} (aged)" in line
    assert "not the 100 patients of new" in line


def test_a_collection_that_is_not_there_is_said(raw, tmp_path):
    one = {"file": "A", "study": "alpha", "endpoint": "PFS", "arms": {"a": "new"}}
    wrong = config(kmdata={"folder": "kmdata", "sets": [one]})
    assert "there is no folder 'kmdata'" in faults_of_settings(wrong, raw, tmp_path)[0]
    (tmp_path / "kmdata").mkdir()
    assert "there is no file A.rda" in faults_of_settings(wrong, raw, tmp_path)[0]
    (tmp_path / "kmdata/A.rda").write_bytes(b"")
    assert faults_of_settings(wrong, raw, tmp_path) == []


@pytest.fixture
def lung(tmp_path):
    """The worked example with curves, as a project."""
    shutil.copytree(ROOT / "examples/lung", tmp_path / "lung", ignore=shutil.ignore_patterns(".snakemake", "results"))
    return tmp_path / "lung"


def test_the_worked_example_passes(lung):
    assert "curves" in gate.read_checked(lung / "data/raw")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file.unlink(), "column file, value 'men.csv': there is no such file in the folder curves"),
        (lambda file: file.write_text("nothing\n"), "column file, value 'men.csv'"),
        (
            lambda file: file.write_text("time,survival\n0,1\n10,0.9\n20,0.5\n"),
            "survival runs to 1 only: its unit is proportion",
        ),
    ],
)
def test_a_curve_file_that_cannot_be_used_stops_at_the_gate(lung, change, words):
    change(lung / "data/raw/curves/men.csv")
    with pytest.raises(tables.TableFaults) as caught:
        gate.read_checked(lung / "data/raw")
    assert words in str(caught.value)


def test_a_missing_table_of_numbers_at_risk_stops_at_the_gate(lung):
    (lung / "data/raw/curves/women_at_risk.csv").unlink()
    with pytest.raises(
        tables.TableFaults, match=r"column at_risk_file, value 'women_at_risk\.csv': there is no such file"
    ):
        gate.read_checked(lung / "data/raw")


@pytest.mark.parametrize("file", ["men.csv", "men_at_risk.csv"])
def test_an_edited_curve_file_is_read_again_and_followed(lung, file, monkeypatch):
    monkeypatch.chdir(lung)
    config = yaml.safe_load((lung / "config.yaml").read_text(encoding="utf-8"))
    pieces = gate.check_project(config, Path("typed"), Path("memory.json")).pieces
    copy = next(Path(path) for path in pieces.of_curves("ncctg") if Path(path).name == file)
    path = lung / "data/raw/curves" / file
    old = path.stat()
    path.write_text(path.read_text(encoding="utf-8").rstrip().rpartition("\n")[0] + "\n", encoding="utf-8")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    before = copy.stat().st_mtime_ns
    gate.check_project(config, Path("typed"), Path("memory.json"))
    assert copy.stat().st_mtime_ns > before
    assert copy.read_bytes() == path.read_bytes()


def test_check_reads_the_project_beside_its_tables(tmp_path, capsys):
    from resurvey.cli import main

    init.write(tmp_path / "mine")
    assert main(["check", str(tmp_path / "mine/data/raw")]) == 0
    assert "nor in config.yaml and comparisons.yaml" in capsys.readouterr().out
    path = tmp_path / "mine/config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("studies: [ncctg]", "studies: [nctg]"), encoding="utf-8")
    compared = tmp_path / "mine/comparisons.yaml"
    compared.write_text(compared.read_text(encoding="utf-8").replace("population: men,", "population: man,"))
    assert main(["check", str(tmp_path / "mine/data/raw")]) == 2
    said = capsys.readouterr().err
    assert "reconstruction/studies: 'nctg' is not in studies.csv; did you mean 'ncctg'?" in said
    assert "comparator, population: arm 'all_patients' has no 'man'" in said


def test_a_config_that_is_no_yaml_is_said(tmp_path):
    from resurvey.commands.check import read_config

    (tmp_path / "config.yaml").write_text("raw: [\n")
    with pytest.raises(InputError, match=r"config\.yaml, line 2"):
        read_config(tmp_path / "config.yaml")


def test_a_group_whose_study_is_not_rebuilt_is_said(tmp_path, capsys):
    write_project(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("studies: [alpha]", "studies: []"), encoding="utf-8")
    assert main(["check", str(tmp_path / "data/raw")]) == 2
    assert "'alpha-new-old', group 1, study: 'alpha' is not among reconstruction/studies" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"), [("seed: 7", "seed: 7.0"), ("replicates: 20", "replicates: 20.0"), ("seed: 7", "seed: 1e400")]
)
def test_a_whole_number_is_written_as_one(tmp_path, capsys, key, value):
    write_project(tmp_path)
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(key, value), encoding="utf-8")
    assert main(["check", str(tmp_path / "data/raw")]) == 2
    assert "must be a whole number" in capsys.readouterr().err


def test_a_key_that_stands_twice_and_an_odd_title_are_said(tmp_path, capsys):
    write_project(tmp_path)
    path = tmp_path / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "seed: 8\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "data/raw")]) == 2
    assert "config.yaml, line 14: the key 'seed' appears twice" in capsys.readouterr().err
    path.write_text(text.replace("A small project", '"A small \\u202e project"'), encoding="utf-8")
    assert main(["check", str(tmp_path / "data/raw")]) == 2
    assert "line 12: character 9 is U+202E, which changes the direction of writing" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["more: &a [*a]\n", "? 2019-02-03\n: 1\n"])
def test_a_config_that_is_no_plain_mapping_is_said(tmp_path, text):
    schema = Path(__file__).resolve().parents[2] / "workflow/schemas/config.schema.yaml"
    with pytest.raises(InputError):
        gate.check_config(yaml.load(CONFIG + text, Loader=yaml.FullLoader), schema)
