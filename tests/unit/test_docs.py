"""The words around the project: commands that run, files that exist, pages that build, versions that agree."""

import csv
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from resurvey import __version__, audit, cli, plan, tables
from resurvey.clean import tidy
from resurvey.design import METHODS
from resurvey.reconstruct.curve_evidence import curves_of
from resurvey.reconstruct.study import rebuild_study

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?P<before>[^\n]*)\n```(?P<language>\w+)\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE)
NOT_RUN = re.compile(r"^<!-- not run: .+ -->$")
# What a run makes, and what names a place in a project of the reader's own.
MADE = ("results/", "data/processed/", "site/", ".venv", "my-review")
ENDINGS = (
    ".md",
    ".py",
    ".yaml",
    ".yml",
    ".csv",
    ".cff",
    ".toml",
    ".lock",
    ".smk",
    ".png",
    ".html",
    ".docx",
    ".pdf",
    "/",
)


def commands():
    """Each `resurvey` line of a block of bash that is not marked as not run, by page."""
    for page in PAGES:
        for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block["language"] != "bash" or NOT_RUN.match(block["before"]):
                continue
            for line in block["body"].replace("\\\n", " ").splitlines():
                yield pytest.param(line, id=f"{page.name}: {line[:60]}")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder that holds what the examples read, to write into."""
    for name in ("docs/examples", "data/raw"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def once(parameters):
    """The same command on several pages is run once."""
    return list({parameter.values[0]: parameter for parameter in parameters}.values())


@pytest.mark.parametrize("line", once(commands()))
def test_every_command_in_the_words_runs(line, checkout, capsys):
    program, *arguments = shlex.split(line)
    assert program == "resurvey", "a block of bash that holds other programs must be marked as not run"
    if "--help" in arguments:
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 0
    else:
        # The audit says 1 where it found something, as in the example of a design that no formula gives.
        assert cli.main(arguments) in ((0, 1) if arguments[0] == "audit" else (0,))
    assert capsys.readouterr().out


def test_blocks_that_are_not_run_give_a_reason():
    marked = [page.name for page in PAGES if "<!-- not run" in page.read_text(encoding="utf-8")]
    assert marked
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert text.count("<!-- not run") == len(re.findall(r"^<!-- not run: .+ -->\n```bash$", text, re.MULTILINE))


def named_files(text):
    """Paths in links and code of a page that look like files or folders of the checkout."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    quoted = [name for name in re.findall(r"`([\w./-]+)`", text) if name.endswith(ENDINGS)]
    arguments = [word for word in re.findall(r"\S+", text) if word.startswith("docs/examples/")]
    return {name.strip("`") for name in (*links, *quoted, *arguments)}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_named_exists(page):
    named = {name for name in named_files((ROOT / page).read_text(encoding="utf-8")) if not name.startswith(MADE)}
    assert len(named) > 5
    roots = (ROOT, ROOT / "data/raw", ROOT / "src/resurvey", ROOT / "src/resurvey/compare")
    assert [name for name in sorted(named) if not any((root / name).exists() for root in roots)] == []


def test_the_readme_names_what_the_workflow_makes():
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*.smk"))
    named = named_files((ROOT / "README.md").read_text(encoding="utf-8"))
    files = [name for name in named if name.startswith("results/") and not name.endswith("/")]
    assert len(files) >= 4
    assert [name for name in files if f'"{name}"' not in rules] == []


def test_one_version_and_licence_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == project["version"] == __version__
    assert citation["license"] == project["license"]["text"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert "The resurvey authors" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


together = pytest.mark.xdist_group("docs")  # one build serves both tests of the pages


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    # Without --quiet: it hides the warnings from --strict as well, and then nothing fails.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@together
def test_the_pages_carry_what_the_code_says(site):
    page = (site / "methods/audit.html").read_text(encoding="utf-8")
    assert [name for name in audit.RULES if f"<code>{name}</code>" not in page] == []
    page = (site / "methods/designs.html").read_text(encoding="utf-8")
    assert [name for name in METHODS if f"<code>{name}</code>" not in page] == []
    assert "risk_tables: numbers at risk" in (site / "tables.html").read_text(encoding="utf-8")
    assert "<!-- generated" not in "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))


@together
def test_the_reference_has_every_public_function_with_its_docstring(site):
    """Each room's page, as the site builds it, has an entry for every name that the room offers."""
    spec = importlib.util.spec_from_file_location("hooks", ROOT / "docs/hooks.py")
    hooks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooks)
    absent = []
    for page in sorted((ROOT / "docs/api").glob("*.md")):
        html = (site / "api" / page.with_suffix(".html").name).read_text(encoding="utf-8")
        for room in re.findall(r"generated: reference (\S+)", page.read_text(encoding="utf-8")):
            names = hooks.public(room)
            assert len(names) > 1, f"{room} offers nothing"
            absent += [name for name in names if f'id="{name}"' not in html]
    assert absent == [], "without a docstring, or not on the page of its room"


@together
def test_the_pages_fetch_nothing_from_elsewhere(site):
    fetched = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^\"']*")
    found = [match for path in site.rglob("*.html") for match in fetched.findall(path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_worked_example_runs_as_it_is_written(tmp_path, capsys):
    """The rows of docs/your-own-trials.md, added to a new project, pass the checks and give the ratio it names."""
    from resurvey.compare.pairwise import pairwise

    project = tmp_path / "my-review"
    assert cli.main(["init", str(project)]) == 0
    words = (ROOT / "docs/your-own-trials.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^<!-- rows: (\S+) -->\n```csv\n(.*?)^```", words, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 8
    settings = [yaml.safe_load(body) for body in re.findall(r"^```yaml\n(.*?)^```", words, re.DOTALL | re.MULTILINE)]
    named = [key for block in settings for key in block]
    template = yaml.safe_load((project / "config.yaml").read_text(encoding="utf-8"))
    assert named == ["audit", "reconstruction", "comparisons"] and set(named) <= set(template)
    assert [entry.id for entry in plan.comparisons(settings[-1])] == ["mp6-placebo"]
    for name, body in blocks:
        add_rows(project / name, body)
    for path in (ROOT / "docs/examples").glob("freireich-*.csv"):
        shutil.copy(path, project / "data/raw/curves")
    raw = project / "data/raw"
    assert cli.main(["check", str(raw)]) == 0
    assert cli.main(["audit", "tables", str(raw)]) == 0
    assert ", 0 findings" in capsys.readouterr().out
    typed = tidy(tables.read_raw(raw))
    made = rebuild_study(
        typed, "freireich", replicates=5, seed=1, curves=curves_of(typed["curves"], "freireich", raw / "curves")
    )
    assert list(made.accuracy["status"]) == ["rebuilt", "rebuilt"]
    assert set(made.accuracy["evidence"]) == {"curve"}
    arms = dict(tuple(made.patients.groupby(made.patients["arm_id"].astype(str))))
    ratio = pairwise(arms["mp6"], arms["placebo"]).log_hazard_ratio
    # Cox's model with Efron's ties on the patients themselves: log ratio -1.5721
    assert ratio.estimate == pytest.approx(-1.5721, abs=0.05)


def add_rows(path: Path, body: str) -> None:
    """Append rows that name only some of the columns of a table."""
    with path.open(encoding="utf-8", newline="") as stream:
        columns = next(csv.reader(stream))
    with path.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writerows(csv.DictReader(io.StringIO(body)))
