"""The report as HTML, DOCX, PDF and RO-Crate: structure, safety, the same bytes."""

import io
import json
import re
import zipfile
from dataclasses import replace
from email.message import Message
from importlib import resources
from itertools import pairwise
from pathlib import Path
from urllib.response import addinfourl

import docx
import pdfplumber
import pytest
from bs4 import BeautifulSoup
from matplotlib import font_manager
from matplotlib.figure import Figure as Drawn

from resurvey import inert, not_made
from resurvey.errors import ResurveyError
from resurvey.figures.letters import Letters, font_file, is_scalable, letters_of
from resurvey.figures.save import as_svg
from resurvey.report import all_formats
from resurvey.report.all_formats import Edition
from resurvey.report.content import page_document
from resurvey.report.crate import Run, crate_metadata
from resurvey.report.document import Claims, Code, Figure, Heading, Paragraph, Strong, Table, appendix, flat
from resurvey.report.docx import bookmark, column_widths, render_docx
from resurvey.report.editions import write_editions
from resurvey.report.html import LIBRARY_FILE, ROWS_FILE, ROWS_ON_PAGE, library_script, render_html, rows_script
from resurvey.report.inputs import Choices, Results
from resurvey.report.paper import paper
from resurvey.report.pdf import render_pdf
from tests.report_project import NASTY, small_results

PLACE = Path("results/report")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return page_document(small_results(tmp_path_factory.mktemp("figures")))


@pytest.fixture(scope="module")
def html(document):
    return render_html(document, PLACE)


@pytest.fixture(scope="module")
def soup(html):
    return BeautifulSoup(html, "lxml")


def test_the_page_asks_nothing_of_the_outside(soup):
    for tag in soup.find_all(["script", "link", "img", "iframe", "source", "object", "embed"]):
        for name in ("src", "href", "data"):
            address = tag.get(name, "data:")
            assert address.startswith("data:") or ":" not in address, tag
    for style in soup.find_all("style"):
        addresses = re.findall(r"url\(([^)]*)\)", style.text)
        assert all(address.strip("\"' ").startswith("data:") for address in addresses)
        assert "@import" not in style.text


def test_the_page_names_the_one_script_beside_it_that_may_run(soup, tmp_path):
    (tag,) = soup.find_all("script", src=True)
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert tag["src"] == LIBRARY_FILE and tag["nonce"] == inert.digest(library_script())
    assert re.findall(r"'nonce-([^']+)'", policy) == [tag["nonce"]]
    assert not re.search(r"script-src[^;]*(?:file:|'self'|unsafe)", policy)
    assert library_script().isascii() and "<script" not in str(tag.string)
    empty = BeautifulSoup(render_html(page_document(Results(Choices("Empty", "?"))), tmp_path), "lxml")
    assert not empty.find_all("script", src=True) and "nonce" not in str(empty.head)


def test_every_internal_link_leads_somewhere(soup):
    anchors = {tag["id"] for tag in soup.find_all(id=True)}
    targets = [tag["href"][1:] for tag in soup.find_all("a", href=True) if tag["href"].startswith("#")]
    assert targets and set(targets) <= anchors
    assert len(anchors) == len(soup.find_all(id=True))
    for link in soup.select("a.rows"):
        assert {f"claim-{name}" for name in link["data-rows"].split()} <= anchors


def test_a_long_table_has_its_first_rows_on_the_page_and_the_others_in_the_file(document, tmp_path):
    (long,) = (block for block in flat(document.blocks) if isinstance(block, Table) and block.long)
    rows = tuple(replace(long.rows[1], anchor=f"claim-{place}") for place in range(ROWS_ON_PAGE + 5))
    linked = Paragraph((Claims((f"{ROWS_ON_PAGE + 1}",)), Claims(("0",))))
    made = replace(document, blocks=(Heading(1, "Numbers", "numbers"), linked, replace(long, rows=rows)))
    soup = BeautifulSoup(render_html(made, PLACE), "lxml")
    assert [row["id"] for row in soup.select("tbody tr")] == [row.anchor for row in rows[:ROWS_ON_PAGE]]
    more = soup.select_one(f"#{long.anchor} .more")
    assert more["data-file"] == ROWS_FILE and "The first 200 of 205 rows" in more.text and ".xlsx" in more.text
    assert [link["href"] for link in soup.select("a.rows")[:2]] == [f"#{long.anchor}", "#claim-0"]
    script = rows_script(made)
    assert script == rows_script(made) and script.isascii()
    held = json.loads(script[script.index("{") : script.rindex("}") + 1])
    further = BeautifulSoup(f"<table>{held[long.anchor]}</table>", "lxml")
    assert [row["id"] for row in further.select("tr")] == [row.anchor for row in rows[ROWS_ON_PAGE:]]
    assert not further.find("script") and NASTY in further.text
    whole = replace(made, blocks=(Heading(1, "Numbers", "numbers"), replace(long, rows=rows[:ROWS_ON_PAGE])))
    assert "reportRows({})" in rows_script(whole)
    assert not BeautifulSoup(render_html(whole, PLACE), "lxml").select(".more")


def test_text_of_tables_is_escaped(html, soup):
    assert "<script>alert" not in html
    cells = [cell.text for cell in soup.select("table.numbers td")]
    assert any(NASTY in cell for cell in cells)
    assert not [tag for tag in soup.find_all("script") if "alert(" in tag.text and "DataTable" not in tag.text]


def test_headings_landmarks_and_names(soup):
    levels = [int(tag.name[1]) for tag in soup.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert soup.html["lang"] == "en" and soup.title.text == "Cement after frost"
    assert all(soup.find(name) for name in ("header", "nav", "main", "footer"))
    assert soup.find("a", class_="skip")["href"] == "#content"
    for section in soup.find_all("section"):
        assert soup.find(id=section["aria-labelledby"])


def test_figures_have_words_a_caption_and_a_link_to_the_drawing(soup):
    drawings = soup.select("figure.drawing")
    assert len(drawings) == 4
    for drawing in drawings:
        assert drawing.img["alt"].startswith("A line: ")
        assert drawing.figcaption.text.strip().startswith("Caption of")
        assert re.match(r"Figure\xa0\d\.", drawing.select_one(".title").text)
        assert drawing.select_one("a.save")["href"].endswith(".svg")


def test_tables_have_scopes_and_captions(soup):
    for figure in soup.select("figure.table"):
        assert all(cell["scope"] == "col" for cell in figure.thead.find_all("th"))
        assert re.match(r"Table\xa0A?\d+\.", figure.select_one(".title").text)
        if "long" not in figure["class"]:
            assert all(row.find("th")["scope"] == "row" for row in figure.tbody.find_all("tr"))


def test_figures_are_files_beside_the_page(document):
    soup = BeautifulSoup(render_html(document, PLACE), "lxml")
    figures = {block.anchor: block for block in flat(document.blocks) if isinstance(block, Figure)}
    for tag in soup.find_all("img"):
        assert tag["loading"] == "lazy"
        assert (PLACE / tag["src"]).resolve() == figures[tag.find_parent("figure")["id"]].svg.resolve()


def test_links_to_notebooks_are_relative_and_say_where_they_lie(tmp_path):
    results = small_results(tmp_path)
    choices = replace(results.choices, notebooks=["../notebooks/00_first.html"])
    made = page_document(replace(results, choices=choices))
    soup = BeautifulSoup(render_html(made, PLACE), "lxml")
    (link,) = [a for a in soup.select("a[href]") if "notebooks/" in a["href"]]
    assert (link["href"], link.text) == ("../notebooks/00_first.html", "00_first.html")
    assert "results/notebooks" in soup.select_one("#provenance").text
    assert soup.select_one("#notebooks") and not BeautifulSoup(
        render_html(page_document(results), PLACE), "lxml"
    ).select_one("#notebooks")
    assert render_docx(made) and render_pdf(made)  # the link is words there


def test_paper_lists_the_appendix_and_only_links_to_what_it_holds(document):
    made = paper(document)
    (long,) = appendix(document.blocks)
    (listed,) = made["appendix"]
    assert [row["anchor"] for row in listed["entries"]] == [row.anchor for row in long.rows]
    links = set(re.findall(r'"to": "([^"]+)"', json.dumps(made)))
    places = set(re.findall(r'"anchor": "([^"]+)"', json.dumps(made)))
    assert links and links <= places


def pages_of(content):
    with pdfplumber.open(io.BytesIO(content)) as made:
        return [page.extract_text() for page in made.pages]


def test_pdf_says_what_the_document_says(document):
    text = " ".join("\n".join(pages_of(render_pdf(document))).split())
    for said in (
        document.title,
        "1 The answer",
        "Table 1.",
        "The groups are alike",
        NASTY.split()[0],
        "Printed numbers behind it",
    ):
        assert said in text


def test_a_project_changes_the_look_without_python(document, tmp_path):
    (tmp_path / "paper.typ").write_text(
        '#let paper = json("paper.json")\n#set document(title: paper.title)\nOnly #paper.title', encoding="utf-8"
    )
    assert "Only Cement after frost" in "".join(pages_of(render_pdf(document, tmp_path)))
    styles = resources.files("resurvey.report").joinpath("templates", "reference.docx").read_bytes()
    own = docx.Document(io.BytesIO(styles))
    own.styles["Heading 1"].font.name = "Own Letters"
    own.save(tmp_path / "reference.docx")
    made = docx.Document(io.BytesIO(render_docx(document, tmp_path)))
    assert made.styles["Heading 1"].font.name == "Own Letters"
    (tmp_path / "report.css").write_text("p { color: teal }", encoding="utf-8")
    assert "p { color: teal }" in render_html(document, PLACE, tmp_path)


def test_a_faulty_template_of_a_project_is_named(document, tmp_path):
    (tmp_path / "paper.typ").write_text("#unknown-function()\n", encoding="utf-8")
    with pytest.raises(ResurveyError, match=r"by paper\.typ: unknown variable: unknown-function"):
        render_pdf(document, tmp_path)
    (tmp_path / "body.xml.j2").write_text("<w:body>{{ nothing }}", encoding="utf-8")
    with pytest.raises(ResurveyError, match=r"template body\.xml\.j2: 'nothing' is undefined"):
        render_docx(document, tmp_path)


def test_all_formats_are_the_same_bytes_every_time(document, html):
    assert render_html(document, PLACE) == html
    assert render_docx(document) == render_docx(document)
    assert render_pdf(document) == render_pdf(document)


@pytest.fixture(scope="module")
def word(document):
    return docx.Document(io.BytesIO(render_docx(document)))


def test_docx_has_real_headings_tables_and_captions(document, word):
    headings = [p.text for p in word.paragraphs if p.style.name == "Heading 1"]
    assert headings[0] == "1  The answer" and headings[-1] == "Appendix"
    captions = [p for p in word.paragraphs if p.style.name == "Caption"]
    tables = tables_of(document)
    assert len(word.tables) == len(tables)
    assert len(captions) == len(tables) + 3 + len(appendix(document.blocks))
    # The number is a field, so that Word counts anew when a table is added.
    assert "SEQ Table" in captions[0]._p.xml


def test_docx_repeats_header_rows_and_describes_tables_and_figures(word):
    for table in word.tables:
        assert "<w:tblHeader/>" in table.rows[0]._tr.xml
        assert "<w:tblCaption" in table._tbl.xml
    assert [shape._inline.docPr.get("descr")[:6] for shape in word.inline_shapes] == ["A line"] * 3


def test_docx_names_the_figures_that_only_the_page_shows(word):
    (left,) = [p for p in word.paragraphs if p.text.startswith("In the HTML edition: ")]
    assert "Title of study-alpha-fit-new-all-pfs" in left.text
    # It counts as well, so that a program that counts anew gives the figures after it the same numbers.
    assert "SEQ Figure" in left._p.xml


def test_docx_takes_its_look_from_the_reference(word):
    """The body names styles, all of which the reference has; none of its letters are set one by one."""
    named = set(re.findall(r'<w:(?:pStyle|rStyle|tblStyle) w:val="([^"]+)"', word.element.body.xml))
    assert named and named <= {style.style_id for style in word.styles}
    assert "<w:sz " not in word.element.body.xml


def test_docx_links_to_documents_and_references(word):
    outward = [link.target_ref for link in word.part.rels.values() if link.is_external]
    assert "https://doi.org/10.1/x" in outward
    assert 'w:anchor="r_ref_' in word.element.body.xml


def test_docx_contents_name_the_sections(document, word):
    named = [p.text.strip() for p in word.paragraphs if "PAGEREF" in p._p.xml]
    headings = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    assert len(named) == len(headings) and all(text in line for text, line in zip(headings, named, strict=True))


@pytest.mark.parametrize("width", [9600, 3000])
def test_no_column_is_narrower_than_the_longest_word_of_its_name(width):
    first, second, third = column_widths(["Recomputed", "What it says", "p"], [0.1, 5, 0.5], width, 16)
    assert first + second + third == pytest.approx(width, abs=2)
    assert first > 10 * 16 * 5 and first < second
    assert column_widths(["Recomputed", "Disagreement"], [1, 1], 1000, 16) == pytest.approx([455, 545], abs=20)


def test_docx_cross_references_lead_to_bookmarks(word):
    body = word.element.body.xml
    marks = set(re.findall(r'w:bookmarkStart [^>]*w:name="([^"]+)"', body))
    targets = set(re.findall(r'w:hyperlink [^>]*w:anchor="([^"]+)"', body)) | set(re.findall(r"REF (\S+) ", body))
    assert targets and targets <= marks
    assert all(len(mark) <= 40 for mark in marks)
    assert bookmark("x" * 60) != bookmark("x" * 61)


def tables_of(document):
    return [block for block in flat(document.blocks) if isinstance(block, Table) and not block.long]


def test_docx_turns_the_page_for_a_wide_table_and_counts_pages(document, word):
    block = next(one for one in document.blocks if isinstance(one, Table))
    wider = replace(block, wide=True, columns=tuple(replace(one, weight=9.0) for one in block.columns))
    made = replace(document, blocks=tuple(wider if one is block else one for one in document.blocks))
    turned = docx.Document(io.BytesIO(render_docx(made)))
    assert [one.page_width > one.page_height for one in turned.sections] == [False, True, False]
    assert [one.page_width > one.page_height for one in word.sections] == [False]
    foot = word.sections[0].footer._element.xml
    assert "PAGE" in foot and "NUMPAGES" in foot


def test_docx_has_no_date_of_the_run(document):
    with zipfile.ZipFile(io.BytesIO(render_docx(document))) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(re.findall(r"\d{4}-\d\d-\d\dT", archive.read("docProps/core.xml").decode())) == {"2000-01-01T"}


def test_pdf_is_tagged_and_without_dates(document):
    made = render_pdf(document)
    assert made.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in made and b"/CreationDate" not in made and b"/ModDate" not in made


def crate(folder: Path) -> Path:
    for name in ("workflow/Snakefile", "report/index.html", "audit/checks.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    run = Run("A title", "A question", "workflow/Snakefile", {"data/raw/m.csv": "0" * 64},
              {"report/index.html": "1" * 64, "audit/checks.csv": "2" * 64},
              {"snakemake": "9", "numpy": "2"})  # fmt: skip
    text = crate_metadata(run)
    assert text == crate_metadata(run)
    (folder / "ro-crate-metadata.json").write_text(text, encoding="utf-8")
    return folder


def test_the_record_names_workflow_inputs_and_results(tmp_path):
    graph = json.loads((crate(tmp_path) / "ro-crate-metadata.json").read_text())["@graph"]
    entity = {one["@id"]: one for one in graph}
    assert entity["#run"]["instrument"] == {"@id": "workflow/Snakefile"}
    assert entity["#run"]["object"] == {"@id": "#input-data/raw/m.csv"}
    assert entity["#run"]["result"] == [{"@id": "audit/checks.csv"}, {"@id": "report/index.html"}]
    assert entity["audit/checks.csv"]["sha256"] == "2" * 64
    assert "startTime" not in entity["#run"] and "endTime" not in entity["#run"]


@pytest.mark.filterwarnings("ignore")
def test_the_record_is_valid_by_the_validator_of_the_profile(tmp_path, monkeypatch):
    pytest.importorskip("rocrate_validator")
    import rdflib.parser
    import rocrate
    from rocrate_validator import models, services

    # The context lives on the web; the copy that the rocrate package brings stands in for it, under older addresses.
    held = json.loads((Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))
    context = json.dumps({"@context": held["@context"]}).replace("bioschemas.org/terms/", "bioschemas.org/").encode()

    def local(request):
        head = Message()
        head["Content-Type"] = "application/ld+json"
        return addinfourl(io.BytesIO(context), head, request.full_url, 200)

    monkeypatch.setattr(rdflib.parser, "_urlopen", local)
    settings = services.ValidationSettings(
        rocrate_uri=str(crate(tmp_path)),
        profile_identifier="workflow-run-crate",
        requirement_severity=models.Severity.RECOMMENDED,
        offline=True,
    )
    issues = services.validate(settings).get_issues()
    # Two checks fetch that context themselves, which no test may.
    unmet = [issue for issue in issues if "retrieve the JSON-LD context" not in str(issue.message)]
    assert [str(issue.message) for issue in unmet] == []


NO_FONT = "\U000f1234"  # for private use: no font of this machine has it


@pytest.mark.parametrize(
    "text", ["中文 한국어 日本", "ไทย", "العربية", "አማርኛ", "😀🧬", "ＡＢ", NO_FONT, "a\u200db\ufe0f"]
)
def test_letters_of_any_script_stop_no_edition(document, text):
    said = f"{text} ({NASTY})"
    made = replace(document, title=said, blocks=(*document.blocks, Paragraph((said, Strong(text), Code(text)))))
    pdf = "".join(pages_of(render_pdf(made)))
    word = docx.Document(io.BytesIO(render_docx(made)))
    assert word.paragraphs[0].text == said and said in render_html(made, PLACE).replace("&lt;", "<").replace(
        "&gt;", ">"
    ).replace("&amp;", "&").replace("&#34;", '"').replace("&#39;", "'")
    if text == NO_FONT:
        assert "U+F1234" in pdf


def test_letters_that_no_font_has_are_shown_by_code_and_told(caplog):
    letters = Letters(fonts=list)
    assert letters.legible("plain ä — →\nλ") == "plain ä — →\nλ" and not letters.files
    assert letters.legible("ع") == "ع" and letters.families == ["DejaVu Sans"]
    assert letters.legible(f"a{NO_FONT}b\U000e0001中") == "aU+F1234 bU+4E2D "
    letters.warn()
    assert "U+4E2D, U+F1234 (CJK, letters without a name): they are shown by their codes" in caplog.text


def test_a_font_of_the_machine_is_taken_for_letters_that_ours_lack():
    with_radical = font_manager.findfont("STIXGeneral", fallback_to_default=False)
    (letter, *_) = sorted(letters_of(with_radical) - letters_of(font_file("DejaVu Sans")))
    letters = Letters(fonts=lambda: ["/damaged.ttf", with_radical])
    assert letters.legible(letter) == letter
    assert letters.families == ["STIXGeneral"] and letters.files == [Path(with_radical)] and not letters.missing


def test_figures_show_letters_of_other_scripts_or_their_codes(monkeypatch, caplog):
    """A missing letter would be a box, and a warning of matplotlib that stops a strict run."""
    figure = Drawn()
    text = figure.text(0.5, 0.5, f"plain ä\n{NO_FONT}")
    monkeypatch.setattr("resurvey.figures.letters.installed", list)
    assert b"<svg" in as_svg(figure)
    assert text.get_text() == "plain ä\nU+F1234 " and "U+F1234" in caplog.text


def test_each_edition_stands_alone(tmp_path, monkeypatch):
    results = small_results(tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    choices = replace(results.choices, templates=own)
    monkeypatch.setattr(all_formats, "read_results", lambda *_: replace(results, choices=choices))

    def editions():
        return {one.kind: one for one in all_formats.report({}, choices, [], PLACE)}

    assert not any(one.failure for one in editions().values())
    for name, kinds in (
        ("paper.typ", {"pdf"}),
        ("body.xml.j2", {"docx"}),
        ("report.html", {"html"}),
        ("rows.html", {"html", "rows"}),
        ("answer.md.j2", {"pdf", "docx", "html", "rows"}),
    ):
        (own / name).write_text("#{{ fault }}", encoding="utf-8")
        made = editions()
        assert {one.kind for one in made.values() if one.failure} == kinds
        assert {one.kind for one in made.values() if not one.content} == kinds
        (own / name).unlink()


def test_an_edition_that_cannot_be_made_leaves_the_earlier_one_and_is_named(tmp_path):
    places = {kind: tmp_path / f"report.{kind}" for kind in ("xlsx", "docx", "html", "library", "rows", "pdf")}
    notes = tmp_path / "not_made.csv"

    def run(failed: str, content: bytes) -> tuple[set[str], dict[str, str]]:
        made = [Edition(kind, b"", f"no {kind}\nhere") if kind == failed else Edition(kind, content) for kind in places]
        whole = write_editions(iter(made), places, notes)
        table = not_made.read(notes)
        return {path.suffix[1:] for path in whole}, dict(zip(table["edition"], table["in_its_place"], strict=True))

    assert run("pdf", b"first") == ({"xlsx", "docx", "html", "library", "rows"}, {"pdf": not_made.REASON})
    assert "This edition (pdf) of the report could not be made" in "".join(pages_of(places["pdf"].read_bytes()))
    assert run("pdf", b"second")[1] == {"pdf": not_made.REASON}  # a page with a reason is no earlier edition
    assert run("none", b"third") == (set(places), {})
    assert {path.read_bytes() for path in places.values()} == {b"third"}
    assert run("pdf", b"fourth")[1] == {"pdf": not_made.EARLIER}
    assert places["pdf"].read_bytes() == b"third"
    assert places["docx"].read_bytes() == b"fourth"
    assert "pdf: no pdf here (in its place: the edition of an earlier run)" in not_made.complaint(not_made.read(notes))
    # the library goes with the page that names its digest, and the further rows with the page that they continue
    assert run("html", b"fifth")[1] == dict.fromkeys(("html", "library", "rows"), not_made.EARLIER)
    assert {places[kind].read_bytes() for kind in ("html", "library", "rows")} == {b"fourth"}
    assert run("pdf", b"sixth")[1] == {"pdf": not_made.EARLIER}  # kept twice, still the earlier edition
    assert places["pdf"].read_bytes() == b"fifth"


def test_the_warning_names_the_scripts_that_no_font_has(caplog):
    letters = Letters(frozenset("abc "), fonts=list)
    assert letters.legible("abc 无진ก👍") == "abc U+65E0 U+C9C4 U+0E01 U+1F44D "
    letters.warn()
    assert "(CJK, Hangul, Thai, symbols)" in caplog.text and "U+65E0" in caplog.text


def test_a_font_that_cannot_be_used_is_passed_over():
    """Matplotlib draws with fonts of outlines only, and those of coloured emoji are pictures."""
    with_radical = font_manager.findfont("STIXGeneral", fallback_to_default=False)
    (letter, *_) = sorted(letters_of(with_radical) - letters_of(font_file("DejaVu Sans")))
    letters = Letters(fonts=lambda: [with_radical], usable=lambda file: file != with_radical)
    assert letters.legible(letter).startswith("U+") and not letters.files
    assert is_scalable(with_radical)
