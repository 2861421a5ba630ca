"""Notebooks executed, made bare, compared and turned into pages; and the rows that the notebooks read."""

import base64
import json
import re
from html.parser import HTMLParser

import nbformat
import pandas as pd
import pytest

from resurvey.errors import InputError, NotWritten
from resurvey.report.inputs import Choices, Results
from resurvey.report.narrate import (
    cited,
    estimates,
    figure,
    notes,
    printed,
    ratios,
    results_of,
    rulings,
    show,
    sides,
    some,
)
from resurvey.report.notebooks import execute, moved, page, publish, refresh, texts, without_images
from resurvey.report.words import printed_words
from tests.report_project import typed_lines

pytestmark = pytest.mark.xdist_group("kernel")
HELPERS = """\
from IPython.display import display
drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
"""
FIGURE = """\
data = {"image/svg+xml": drawing, "text/plain": "[Figure: a square]"}
display(data, raw=True, metadata={"image/svg+xml": {"alt": 'a "square" & more'}})
"""
TABLE = 'display({"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "1"}, raw=True)'
WORDS = 'display({"text/markdown": f"It is **{value}**.", "text/plain": "plain"}, raw=True)'


def write(path, *sources):
    cells = [nbformat.v4.new_markdown_cell("# A heading & more\n\nWords.")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("notebooks")
    write(made / "a.ipynb", "# change me\nvalue = 6 * 7", HELPERS, FIGURE, TABLE, WORDS, "print(value)\nvalue")
    # Knows nothing of the first, and runs in the same folder.
    write(made / "b.ipynb", "from pathlib import Path\n'value' in globals(), Path('a.ipynb').is_file()")
    return made


@pytest.fixture(scope="module")
def executed(folder):
    return list(execute([folder / "a.ipynb", folder / "b.ipynb"], folder))


def test_notebooks_are_published_as_pages_and_as_notebooks(folder, tmp_path):
    publish([folder / "a.ipynb", folder / "b.ipynb"], folder, tmp_path / "made")
    made = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert made == ["a.html", "a.ipynb", "b.html", "b.ipynb"]
    assert "<title>A heading &amp; more</title>" in (tmp_path / "made/a.html").read_text()
    assert texts(nbformat.read(tmp_path / "made/b.ipynb", as_version=4)) == ["(False, True)"]


def test_a_page_that_cannot_be_written_is_an_error(folder, tmp_path):
    (tmp_path / "made").write_text("a file where the folder should be")
    with pytest.raises(NotWritten, match="made"):
        publish([folder / "a.ipynb"], folder, tmp_path / "made")


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, instead of displaying it."""
    found = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: found.append(data))
    return found


def outputs(notebook):
    return json.dumps([cell.get("outputs", []) for cell in notebook.cells])


def images(text):
    found = []

    class Images(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "img":
                found.append(dict(attrs))

    Images().feed(text)
    return found


def test_one_kernel_forgets_between_notebooks_and_runs_in_the_folder(executed):
    assert texts(executed[1]) == ["(False, True)"]


def test_texts_are_what_a_reader_sees_in_order(executed):
    assert texts(executed[0]) == ["[Figure: a square]", "1", "It is **42**.", "42\n", "42"]


def test_nothing_that_differs_between_machines_or_runs_stays(executed):
    for notebook in executed:
        assert notebook.metadata == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        for cell in notebook.cells:
            assert "execution" not in cell.metadata
            assert cell.get("execution_count") is None
            assert all(output.get("execution_count") is None for output in cell.get("outputs", []))


def test_committed_notebooks_have_text_and_tables_but_no_pictures(executed):
    assert "image/svg+xml" in outputs(executed[0])
    bare = without_images(executed[0])
    assert "image/svg+xml" not in outputs(bare)
    assert "<svg" not in outputs(bare)
    assert "<table>" in outputs(bare)
    assert texts(bare) == texts(executed[0])


def test_pictures_inside_html_are_taken_out():
    output = nbformat.v4.new_output(
        "display_data", {"text/html": '<p>a</p><img src="x"><svg id="1"><path d="M0"/></svg>', "text/plain": "a"}
    )
    cell = nbformat.v4.new_code_cell("a", outputs=[output])
    bare = without_images(nbformat.v4.new_notebook(cells=[cell]))
    assert bare.cells[0].outputs[0].data["text/html"] == "<p>a</p>"
    assert "<svg" in cell.outputs[0].data["text/html"]


@pytest.mark.parametrize(
    ("again", "before", "apart"),
    [
        ("a ratio of 0.62 (0.41 to 0.87)", "a ratio of 0.62 (0.41 to 0.87)", 0),
        ("a ratio of 0.62", "a ratio of 0.63", 0),
        ("a ratio of 0.62", "a ratio of 0.64", 1),
        ("a ratio of 0.62", "a ratio of 0.624", 0),
        ("17.9 months in 28 of 200", "17.5 months in 27 of 200", 2),
        ("28 of 200", "27 of 200", 1),
        ("a ratio of 0.62", "a rate of 0.62", 1),
    ],
)
def test_outputs_are_compared_number_by_number_to_the_digits_shown(again, before, apart):
    assert len(moved([again], [before])) == apart


def test_an_output_more_is_told():
    assert moved(["a", "b"], ["a"]) == ["2 outputs in place of 1"]


def test_a_failing_cell_names_the_notebook_and_what_it_said(tmp_path):
    path = write(tmp_path / "wrong.ipynb", "raise ValueError('no such column')")
    with pytest.raises(InputError, match=r"notebook wrong.ipynb failed[\s\S]*no such column"):
        list(execute([path], tmp_path))


def test_refresh_writes_back_once(folder, tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes((folder / "a.ipynb").read_bytes())
    assert refresh([path], tmp_path) == [path]
    first = path.read_bytes()
    assert b"It is **42**." in first
    assert "image/svg" not in outputs(nbformat.read(path, as_version=4))
    assert refresh([path], tmp_path) == []
    assert path.read_bytes() == first


def test_the_page_asks_nothing_of_the_outside(executed):
    made = page(executed[0], "a")
    assert not re.findall(r"<(?:script|link|iframe|object)\b", made)
    assert not re.findall(r"(?:src|srcset|action)\s*=\s*[\"']?\s*(?:https?:)?//", made)
    assert not re.findall(r"@import|url\(", made)


def test_the_page_has_a_title_its_figures_words_and_folded_code(executed):
    made = page(executed[0], "a")
    assert "<title>A heading &amp; more</title>" in made
    assert 'href="a.ipynb"' in made
    image = images(made)[0]
    assert image["alt"] == 'a "square" & more'
    assert base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).startswith(b"<svg")
    opened = re.findall(r'<details class="input"( open="")?>', made)
    assert opened == [' open=""', *[""] * 5]
    assert "In [" not in made


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("value 11.8; lower 8.4; upper 15.1; ci_level 95; n 100; events 66", "11.8 (8.4 to 15.1); n 100; events 66"),
        ("value 11.8; lower 8.4; upper 15.1; ci_level 90", "11.8 (8.4 to 15.1); ci level 90"),
        ("n 70; total 100; percent 70.0", "70.0 %; n 70; total 100"),
        ("value 20.1; range_lower 1.3; range_upper 38.2", "20.1 [range 1.3 to 38.2]"),
        ("value diarrhea; hypokalemia; anorexia", "diarrhea; hypokalemia; anorexia"),
        ("p <0.001", "p <0.001"),
        ("lower 14", "lower 14"),
        ("", ""),
    ],
)
def test_printed_cells_read_as_they_were_printed(cell, words):
    assert printed_words(cell) == words


def test_small_turns_of_phrase():
    assert (some(1, "study", "studies"), some(2, "study", "studies"), some(0, "check")) == (
        "1 study",
        "2 studies",
        "0 checks",
    )


def test_show_escapes_what_it_shows(shown):
    show(pd.DataFrame({"a<b": ["<script>alert(1)</script>"]}))
    assert shown[0]["text/plain"] == "a<b\n<script>alert(1)</script>"
    assert "&lt;script&gt;" in shown[0]["text/html"]
    assert "<script>" not in shown[0]["text/html"]


def test_an_empty_table_is_a_sentence(shown):
    show(pd.DataFrame({"a": []}), empty="None.")
    assert shown == [{"text/markdown": "None.", "text/plain": "None."}]


def check(name, verdict, severity, explanation, claim="one2020-med-001"):
    cells = {"check_id": name, "claim_ids": claim, "reported": "1", "verdict": verdict, "severity": severity}
    return cells | {"explanation": explanation, "rule": "r", "source_id": "one2020", "study_id": "s", "cause": name}


LINES = [
    {"method": "log-rank, unadjusted", "measure": "z", "estimate": -2.1, "p": 0.04, "role": "test", "quantity": "z",
     "contrast": "", "model": "log-rank"},
    {"method": "Cox (Efron), unadjusted", "measure": "HR", "estimate": 0.5004, "lower": 0.25, "upper": 1.1,
     "p": 0.0004, "role": "main", "quantity": "hazard ratio", "contrast": "ratio", "model": "Cox"},
    {"comparison_id": "pool", "method": "common effect", "measure": "HR", "estimate": 0.7, "lower": 0.5, "upper": 0.9,
     "p": 0.01, "role": "secondary", "quantity": "hazard ratio", "contrast": "ratio", "treatment": "",
     "comparator": ""},
    {"comparison_id": "left", "role": "main", "refused": True, "note": "not enough printed"},
]  # fmt: skip
LINE = {"comparison_id": "x-y", "treatment": "drug a (STUDY S)", "comparator": "drug b (STUDY T)", "endpoint": "PFS"}
LINE |= {"population": "all", "evidence": "summary", "refused": False}


@pytest.fixture
def run(tmp_path):
    claims = [
        ("one2020-med-001", "medians", "Table 1", "primary resistant", "PFS", "value 5.10; lower 4.0; upper 6.2"),
        ("one2020-diff-001", "differences", "Text", "all", "ORR ORR", ""),
    ]
    names = ["claim_id", "table", "locator", "population", "what", "printed"]
    arm = {"study_id": "s", "arm_id": "a"}
    arms = pd.DataFrame([arm | {"population": "all", "treatment_id": "drug_a", "label": "A", "locator": "Text"}])
    checks = [
        check("a-1", "discrepant", "minor", "one is not two"),
        check("a-2", "conflict", "conclusion", "two places"),
        check("a-3", "reproduced", "none", "fits"),
        check("a-4", "uncheckable", "minor", "too little"),
        check("a-5", "other-method", "none", "another formula", claim="two2021-med-001"),
    ]
    ruling = {"check_id": "a-1", "ruling": "misprint", "affects": "", "reason": "a slip"}
    drawing = tmp_path / "fig-1.svg"
    drawing.write_text("<svg/>")
    figure = {"figure_id": "fig-1", "title": "Title", "caption": "Caption.", "alt": "A line falls."}
    return Results(
        Choices("", ""),
        tables={
            "differences": pd.DataFrame({"claim_id": ["one2020-diff-001"], "direction": ["longer"]}),
            "sources": pd.DataFrame({"source_id": ["one2020"], "citation": ["One A. 2020"], "doi": ["10.1/x"]}),
            "studies": pd.DataFrame({"study_id": ["s"], "acronym": ["STUDY S"]}),
            "treatments": pd.DataFrame({"treatment_id": ["drug_a"], "label": ["drug a"]}),
            "endpoints": pd.DataFrame({"endpoint": ["PFS"], "label": ["progression-free survival"]}),
            "arms": arms,
            "adjudications": pd.DataFrame([ruling]),
        },
        claims=pd.DataFrame([arm | dict(zip(names, cells, strict=True)) for cells in claims]),
        checks=pd.DataFrame(checks),
        comparisons=typed_lines([LINE | line for line in LINES]),
        figures=pd.DataFrame([figure | {"svg_path": drawing}]),
    )


def test_findings_of_printed_numbers_come_gravest_first_with_their_ruling(run):
    found = rulings(run, "one2020-med-001 gone2000-med-001")
    assert list(found["finding"]) == ["two places", "one is not two"]
    assert list(found["ruling"]) == ["", "misprint"]
    assert rulings(run, ["one2020-diff-001"]).empty


def test_ratios_are_told_by_role_and_variation(run):
    (row,) = ratios(run, ["main"], [""], "x-y").to_dict("records")
    assert row == {
        "comparison": "drug a (STUDY S) against drug b (STUDY T)",
        "hazard ratio": "0.50 (0.25 to 1.10)",
        "p": "<0.001",
    }
    assert len(ratios(run, ["main", "secondary"], [""])) == 2 and ratios(run, ["main"], ["other patients"]).empty
    assert notes(run, "left", "main") == ["not enough printed"] and notes(run, "x-y", "main") == []


def test_printed_numbers_keep_the_order_asked_for_and_their_words(run):
    made = printed(run, "one2020-diff-001 gone2000-med-001 one2020-med-001")
    assert list(made["claim"]) == ["one2020-diff-001", "one2020-med-001"]
    assert list(made["printed"]) == ["longer", "5.10 (4.0 to 6.2)"]
    assert list(made["about"]) == ["STUDY S, drug a: ORR", "STUDY S, drug a, primary resistant: PFS"]
    assert printed(run, []).empty


def test_all_estimates_of_a_comparison_leave_out_what_is_the_same(run):
    assert list(estimates(run, "x-y").columns) == ["measure", "estimate (interval)", "p", "method", "evidence"]
    assert list(estimates(run, "x-y", models=["log-rank"])["p"]) == ["0.040"]
    assert estimates(run, "x-y", quantities=["hazard ratio"])["estimate (interval)"].tolist() == ["0.50 (0.25 to 1.10)"]
    assert sides(run, "x-y") == "drug a (STUDY S) against drug b (STUDY T)" and sides(run, "pool") == "pool"
    with pytest.raises(InputError, match=r"no comparison 'z-z' .* there are x-y, pool, left"):
        estimates(run, "z-z")


def test_missing_files_and_ids_are_named(run, tmp_path):
    assert cited(run, "one2020") == "One A. 2020 doi:10.1/x"
    with pytest.raises(InputError, match="no document 'gone2000'"):
        cited(run, "gone2000")
    with pytest.raises(InputError, match=r"data/processed/claims.csv is not there: run `make results` first"):
        results_of(tmp_path / "empty")


def test_a_figure_shows_its_words_where_pictures_are_not_shown(run, shown):
    figure(run, "fig-1")
    assert shown[0] == {"image/svg+xml": "<svg/>", "text/plain": "[Figure: A line falls.]"}
    assert shown[1]["text/markdown"] == "*Title.* Caption."
    figure(run, "fig-2")
    assert "The figure fig-2 is not among the results" in shown[2]["text/markdown"]
