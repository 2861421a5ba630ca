"""The committed notebooks: a rerun on the results gives their outputs, and no number of their prose is typed."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from resurvey.report.notebooks import execute, moved, page, texts

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in PATHS]
# Names that hold a digit: HER2, T-DM1, BOLERO-3, LUX-Breast 1, file names in code marks.
NAME_WITH_DIGIT = re.compile(r"`[^`]*`|\b[A-Za-z][\w-]*-?\d[\w-]*\b|LUX-Breast 1")
pytestmark = pytest.mark.xdist_group("kernel")
needs_results = pytest.mark.skipif(
    not (ROOT / "results").is_dir(), reason="results/ is not there: run make results first"
)


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def executed():
    return dict(zip(NAMES, execute(PATHS, ROOT), strict=True))


def test_there_is_one_notebook_a_paper_and_one_design_check():
    expected = ["01_picture", "02_yang", "03_letter", "04_review", "05_sepher", "06_design_check"]
    assert expected == NAMES


@needs_results
@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_rerun_gives_the_committed_outputs(path, executed):
    again = texts(executed[path.stem])
    assert len(again) >= 5
    apart = moved(again, texts(read(path)))
    assert not apart, "the results have moved on: run `make notebooks` and read what changed:\n" + "\n".join(apart)


@needs_results
@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_drawn_and_described(name, executed):
    said = "\n".join(texts(executed[name]))
    assert "is not among the results" not in said
    made = page(executed[name], name)
    descriptions = re.findall(r'<img alt="([^"]*)"', made)
    assert descriptions
    assert all(len(words) > 20 for words in descriptions)
    assert not re.findall(r"<(?:script|link|iframe)\b|(?:src|srcset)\s*=\s*[\"'](?:https?:)?//|@import|url\(", made)


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_committed_notebooks_are_stable(path):
    notebook = read(path)
    assert path.read_text(encoding="utf-8") == nbformat.writes(notebook) + "\n"
    assert "image/" not in json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert all(cell.get("execution_count") is None for cell in notebook.cells)


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_no_number_of_the_prose_is_typed(path):
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    assert re.findall(r"\d+", NAME_WITH_DIGIT.sub("", prose)) == []


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_the_first_code_cell_is_the_choice_and_the_end_says_what_not_to_conclude(path):
    cells = read(path).cells
    first = next(cell for cell in cells if cell.cell_type == "code")
    assert first.source.startswith("# change me: ")
    headings = re.findall(r"^## (.+)$", "\n".join(c.source for c in cells if c.cell_type == "markdown"), re.MULTILINE)
    assert "What must not be concluded" in headings[-2:]
