"""A project whose every word would run somewhere: it is made whole, and nothing in any output runs or leads away."""

import docx
import nbformat
import pdfplumber
import pytest
import yaml

from tests import hostile_labels
from tests.project import COMPARISONS, CONFIG, small_tables, write_tables
from tests.workflow.test_pipeline import snakemake

pytestmark = pytest.mark.xdist_group("workflow")
NOTEBOOK = """\
from pathlib import Path
from resurvey.report.narrate import cited, results_of, say, show
run = results_of(Path.cwd())
for source in run.source:
    say(cited(run, source))
for table in (*run.tables.values(), run.claims, run.checks):
    show(table)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    rows, planned = hostile_labels.hostile(small_tables())
    write_tables(rows, folder / "data/raw")
    for name, text in (("config.yaml", CONFIG), ("comparisons.yaml", COMPARISONS)):
        plan = yaml.safe_dump(planned(yaml.safe_load(text)), allow_unicode=True)
        (folder / name).write_text(plan, encoding="utf-8")
    (folder / "notebooks").mkdir()
    cells = [nbformat.v4.new_markdown_cell("# Words"), nbformat.v4.new_code_cell(NOTEBOOK)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebooks/words.ipynb")
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_nothing_runs_or_leads_away_in_any_output(project):
    found = [path for part in ("results", "data/processed") for path in (project / part).rglob("*")]
    outputs = {path.relative_to(project).as_posix(): path for path in found if path.is_file()}
    kinds = {path.suffix for path in outputs.values()}
    assert {".html", ".svg", ".md", ".csv", ".xlsx", ".pdf", ".docx"} <= kinds
    live = {name: list(hostile_labels.live(path)) for name, path in outputs.items()}
    assert not {name: what for name, what in live.items() if what}


def test_the_words_are_there_all_the_same(project):
    report = project / "results/report"
    with pdfplumber.open(report / "resurvey.pdf") as document:
        assert sum((page.extract_text() or "").count("4711") for page in document.pages) > 20
    word = docx.Document(report / "resurvey.docx")
    text = " ".join(cell.text for table in word.tables for row in table.rows for cell in row.cells)
    assert "4711" in text
    assert "4711" in (project / "results/notebooks/words.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p><img src=x onerror=alert(4711)></p>", 1),
        ("<a href='javascript:alert(4711)'>k</a>", 1),
        ("<script>alert(4711)</script>", 1),
        ("<x4711>", 1),
        ("<a href='http://x4711.example'>y</a>", 1),
        ("<a href='http://x4711.example'>http://x4711.example</a>", 0),
        ("<script type='application/json'>4711</script><p title='4711 onclick='>4711</p>", 0),
    ],
)
def test_what_is_live_is_seen(text, found):
    assert len(list(hostile_labels.live_html(text))) == found


def test_live_cells_are_seen():
    assert list(hostile_labels.live_cells("a,b\n=1+1,'=1\n-inf,@SUM(1)\n")) == ["=1+1", "@SUM(1)"]
