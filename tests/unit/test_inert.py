"""What others wrote stays text: in a spreadsheet, in Markdown, in the pages of notebooks."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resurvey import clean, inert, tables, typedfiles
from resurvey.audit.pages import page as audit_page
from resurvey.digitise import offers
from resurvey.labels import Labels
from resurvey.read.draft_folder import read_rows, write_rows
from resurvey.reconstruct.formats.export import write_patients
from resurvey.report import evidence_section, notebooks
from resurvey.report.document import Link
from resurvey.tables import read_table, stack, write_csv
from tests.project import small_tables, write_tables

FORMULAS = [
    '=HYPERLINK("http://x","y")',
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "-abc",
    "+A1",
    "-(1)",
    "@x",
]
TEXTS = [
    "",
    "=",
    "@",
    "<=",
    "-0.5",
    "+1.2",
    "-1.2 to 3.4",
    "−0.4",
    "- not reported",
    "-",
    "5-6",
    "a=b",
    "x@y.org",
    "'tis",
    "<0.001",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_stands_behind_a_quote(text):
    assert inert.cell(text) == f"'{text}"
    assert inert.exact(inert.cell(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_no_formula_stays_as_it_is(text):
    assert inert.cell(text) == text
    assert inert.exact(text) == text


@given(st.text(alphabet="'=+-@\t\rab1.( |", max_size=8))
def test_every_text_comes_back_exactly(text):
    assert inert.exact(inert.cell(text)) == text
    assert not re.match(r"[=@].|[\t\r]", inert.cell(text), re.DOTALL)


def test_a_table_is_written_for_a_person_and_read_exactly(tmp_path):
    formulas = [text for text in FORMULAS if not text.startswith("\r")]  # a break of a line, which the gate refuses
    frame = pd.DataFrame({"label": formulas + TEXTS, "number": -1.5})
    path = tmp_path / "table.csv"
    write_csv(frame, path)
    assert read_table(path, text=["label"])["label"].tolist() == frame["label"].tolist()
    assert stack([path])["label"].tolist() == frame["label"].tolist()
    written = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert written["label"].tolist()[: len(formulas)] == [f"'{text}" for text in formulas]
    assert set(written["number"]) == {"-1.5"}


EVIL = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) <!-- <script>alert(1)</script> </details>"


def test_markdown_has_no_tags_and_no_links_of_its_words():
    text = inert.markdown(EVIL)
    assert not re.search(r"<[A-Za-z/!]", text)
    assert "](" not in text
    assert inert.markdown("p <0.001 and 2 < 3, **bold**") == "p <0.001 and 2 < 3, **bold**"


def test_an_audit_page_has_no_html_of_the_tables():
    row = {"check_id": "c-1", "source_id": "s", "claim_ids": "s-1", "verdict": "discrepant", "severity": "minor"}
    checks = pd.DataFrame([row | {"rule": "r", "reported": EVIL, "recomputed": EVIL, "explanation": EVIL}])
    claims = pd.DataFrame([{"claim_id": "s-1", "locator": EVIL}])
    ruling = {"check_id": "c-1", "ruling": "misprint", "reason": EVIL, "affects": EVIL, "by": EVIL, "verdict": ""}
    text = audit_page("s", checks, claims, pd.DataFrame([ruling]), EVIL)
    assert not re.search(r"<[A-Za-z/!]", text)
    assert "](" not in text


def test_the_page_of_a_notebook_runs_nothing():
    import nbformat

    said = nbformat.v4.new_output("display_data", data={"text/markdown": inert.markdown(EVIL), "text/plain": EVIL})
    raw = nbformat.v4.new_output("display_data", data={"text/html": "<img src=x onerror=alert(1)>"})
    cell = nbformat.v4.new_code_cell("1", outputs=[said, raw])
    text = notebooks.page(nbformat.v4.new_notebook(cells=[cell]), "title <b>")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy  # so that nothing runs, whatever a cell shows
    assert text.count("<img") == 1
    assert 'javascript:alert(1)"' not in text


def policy_of(page):
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]


def scripts_of(page):
    """What stands in every script element that a browser runs."""
    return re.findall(r"<script(?: type=\"module\")?>(.*?)</script>", page, re.DOTALL)


def test_a_policy_names_the_scripts_that_may_run():
    # the digest of an empty text, as any tool gives it
    assert inert.allowed("") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    assert inert.allowed("a", "b").count("sha256-") == 2


def test_the_review_page_of_a_figure_runs_its_own_script_alone(tmp_path):
    import numpy as np

    from resurvey.digitise.corrections import Corrections
    from resurvey.digitise.review import review_page

    made = SimpleNamespace(
        axes=None, file="<!--<script>alert(1)</script>", panel="", size=(1, 1), verdict="check", reason=EVIL,
        time_unit="", curves=[], at_risk=[], checks=[],
    )  # fmt: skip
    page = review_page(made, np.zeros((2, 2, 3), dtype=np.uint8), Corrections())
    [script] = scripts_of(page)
    assert inert.allowed(script) in policy_of(page)
    assert "unsafe-inline" not in policy_of(page).partition("script-src")[2]
    assert "<!--<script>" not in page
    assert EVIL.partition(" ")[0] not in page


def test_the_page_of_the_report_runs_its_own_scripts_alone(tmp_path):
    from resurvey.report.document import Document
    from resurvey.report.html import render_html

    page = render_html(Document(title=EVIL, question="?", blocks=(), references=()), tmp_path)
    for script in scripts_of(page):
        assert inert.allowed(script) in policy_of(page)
    assert "unsafe-inline" not in policy_of(page).partition("script-src")[2]
    assert EVIL.partition(" ")[0] not in page


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "'=kept", "-1+cmd|' /C calc'!A0", "+A1", "plain", "-0.5", "''=x"])
def test_drafts_of_a_paper_are_inert_where_a_person_opens_them_and_exact_where_a_program_reads(tmp_path, text):
    path = tmp_path / "medians.csv"
    write_rows(path, ["item", "note"], [{"item": text, "note": "n"}])
    written = next(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))["item"]
    assert not inert.FORMULA.match(written) or written.startswith("'")
    assert read_rows(path) == [{"item": text, "note": "n"}]


def test_a_raw_table_that_a_program_wrote_is_read_exactly_and_gains_no_quotes(tmp_path):
    rows = small_tables()
    rows["proportions"][0]["note"] = "=HYPERLINK(1)"
    write_tables(rows, tmp_path)
    for _ in range(3):
        raw = tables.read_raw(tmp_path)
        assert raw["proportions"]["note"].iloc[0] == "=HYPERLINK(1)"
        tables.write_csv(raw["proportions"], tmp_path / "proportions.csv")
        assert "'=HYPERLINK(1)" in (tmp_path / "proportions.csv").read_text(encoding="utf-8")
        assert "''=HYPERLINK(1)" not in (tmp_path / "proportions.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "'=kept", "+cmd|' /C calc'!A0", "plain", "-inf", "''=x"])
def test_typed_pieces_are_inert_where_a_person_opens_them_and_exact_where_a_step_reads(tmp_path, text):
    rows = small_tables()
    rows["treatments"][0] |= {"label": text, "note": text}
    typed = inert.exact(text)  # as a spreadsheet shows it
    write_tables(rows, tmp_path / "raw")
    raw = tables.read_raw(tmp_path / "raw")
    pieces = typedfiles.write(raw, clean.tidy(raw), tmp_path / "typed", tmp_path / "raw/curves")
    for part in ("tables", "noted", "labels"):
        with (tmp_path / "typed" / part / "treatments.csv").open(encoding="utf-8", newline="") as stream:
            written = next(csv.DictReader(stream))["label"]
        assert written.startswith("'") or not inert.FORMULA.match(written)
    for name, frame in typedfiles.read(pieces.whole(["treatments"], notes=True)).items():
        assert name != "treatments" or frame.loc[0, ["label", "note"]].tolist() == [typed, typed]
    assert Labels.from_files([tmp_path / "typed/labels/treatments.csv"]).treatments["new"] == typed


def test_patients_for_other_programs_carry_no_formula(tmp_path):
    table = pd.DataFrame({"arm": ["=SUM(A1)", "new"], "time": [1.5, 2.0], "event": [1, 0]})
    write_patients(table, tmp_path / "patients.csv")
    write_patients(table, tmp_path / "patients.parquet")
    assert (tmp_path / "patients.csv").read_text(encoding="utf-8") == "arm,time,event\n'=SUM(A1),1.5,1\nnew,2,0\n"
    assert pd.read_parquet(tmp_path / "patients.parquet")["arm"].tolist() == ["=SUM(A1)", "new"]


@pytest.mark.parametrize(
    ("doi", "address"),
    [
        ("10.1186/s12916-023-02999-0", "https://doi.org/10.1186/s12916-023-02999-0"),
        ("10.1002/(SICI)1097(1998)17:15<1661::AID>3.0.CO;2-2", "https://doi.org/10.1002/(SICI)1097(1998)17:15%3C1661::AID%3E3.0.CO;2-2"),
        ('=HYPERLINK("http://x","y")', ""),
        ("10.1/x [a](javascript:alert(1))", ""),
        ("../../evil", ""),
    ],
)  # fmt: skip
def test_only_a_doi_is_linked_as_one(doi, address):
    made = evidence_section.doi_of(doi)
    assert made == (Link(f"doi:{doi}", address) if address else f"doi:{doi}")


def test_a_command_that_is_offered_runs_nothing_of_a_file_name(monkeypatch):
    monkeypatch.setattr(offers, "_pages", lambda _data, _name: [(3, "a figure with axes")])
    monkeypatch.setattr(Path, "read_bytes", lambda _path: b"")
    [line] = offers.offers(Path("a $(id) b.pdf"))
    assert line == "page 3: a figure with axes: resurvey digitise 'a $(id) b.pdf' --page 3 --into figures"
