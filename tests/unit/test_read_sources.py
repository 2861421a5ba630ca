"""Opening papers: every kind of file, spans of cells, what is refused, and hostile content."""

from __future__ import annotations

import socket

import pytest

from resurvey.errors import InputError
from resurvey.read import claims, document
from resurvey.read.objects import Table
from resurvey.read.sources import from_bytes
from tests.made_papers import RATIO, TRIAL, jats, ratio_and_counts, results, table, write

HTML = """<!doctype html><html><head><title>Drug A</title><meta name="citation_doi" content="10.1000/made.1">
<meta name="citation_author" content="Miller, J"></head><body><nav>Menu 12 (30%)</nav><article>
<h1>Drug A</h1>
<h2>Results</h2><p>The hazard ratio was 0.71 (95% CI 0.55-0.92; p=0.010).<sup><a href="#r1">12</a></sup></p>
<div class="table-wrap"><h3>Table 1. Baseline</h3>
<table><thead><tr><th></th><th>A (n=40)</th></tr></thead>
<tbody><tr><td>Male, n (%)</td><td>10 (25)</td></tr>
<tr><td>Female, n (%)</td><td>30 (75)</td></tr></tbody></table></div>
<h2>References</h2><p>1. Someone. HR 0.50 (0.40-0.60).</p></article></body></html>"""

PMC = """<!doctype html><html><body class="no-sidebar"><main><article><section id="s1"><h2>Results</h2>
<p>Table 1 shows the patients.</p><section class="tw xbox font-sm" id="T1"><h4 class="obj_head">Table 1.</h4>
<div class="caption p"><p>Baseline characteristics</p></div><div class="tbl-box p"><table class="content"><thead>
<tr><th></th><th>A (n=40)</th></tr></thead><tbody><tr><td>Male, n (%)</td><td>10 (25)</td></tr></tbody></table></div>
<div class="tw-foot p"><div class="fn"><p>Data are n (%).</p></div></div></section></section></article>
</main></body></html>"""

MARKDOWN = """# Drug A against drug B

## Results

The hazard ratio was **0.71** (95% CI 0.55-0.92; *p* = 0.010).<sup>12</sup>

Table 1. Baseline

|  | A (n=40) |
|---|---|
| Male, n (%) | 10 (25) |
| Female, n (%) | 30 (75) |

## References

1. Someone. HR 0.50 (0.40-0.60).
"""

PLAIN = """Drug A against drug B

Abstract

Results The hazard ratio was 0.71 (95% CI 0.55-0.92; p = 0.010).

Results

Table 1 Baseline
\tA (n=40)
Male, n (%)\t10 (25)
Female, n (%)\t30 (75)

Nothing else hap-
pened in 12 of 40 patients.
"""


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.html", HTML, "HTML"), ("a.md", MARKDOWN, "text"), ("a.txt", PLAIN, "text"), ("paper", HTML, "HTML")],
)
def test_every_kind_gives_the_same_rows(name, content, kind):
    opened = from_bytes(content.encode(), name)
    assert opened.kind == kind
    assert ratio_and_counts(claims(opened)) == ([RATIO], [("10", "25", "40"), ("30", "75", "40")])


def test_a_table_of_pubmed_central_has_its_own_caption_and_notes():
    (grid,) = [block for block in from_bytes(PMC.encode(), "a.html").blocks if isinstance(block, Table)]
    assert (grid.label, grid.caption, grid.notes) == ("Table 1", "Baseline characteristics", "Data are n (%).")


def test_places_are_those_a_person_would_look_up(tmp_path):
    found = claims(document(write(tmp_path / "a.nxml", TRIAL)))
    places = {c.locator for c in found}
    assert "Results, par. 1" in places and "Abstract, par. 1" in places
    assert "Table 1, Male, n (%), Drug A" in places


def test_about_the_paper():
    about = from_bytes(TRIAL.encode(), "a.nxml").about
    assert (about["doi"], about["year"], about["authors"]) == ("10.1000/made.1", "2021", "Miller")


def test_citations_superscripts_and_subscripts_are_no_numbers_of_the_text():
    body = results(
        "Median OS was 8.4 months<sup><xref ref-type='bibr' rid='b1'>12</xref></sup> at 40 mg/m<sup>2</sup> "
        "(P<sub>trend</sub>=0.04)<xref ref-type='bibr' rid='b2'>3</xref>."
    )
    opened = from_bytes(jats(body).encode(), "a.nxml")
    assert [(c.kind, c.cells.get("value") or c.cells.get("p")) for c in claims(opened)] == [
        ("median", "8.4"),
        ("p", "0.04"),
    ]


def test_spans_of_cells_are_resolved():
    rows = [
        ["<th rowspan='2'></th>", "<th colspan='2'>A</th>"],
        ["n", "%"],
        ["<td rowspan='2'>Sex</td>", "1", "10"],
        ["2", "20"],
    ]
    (grid,) = [
        block.grid
        for block in from_bytes(jats(table(rows, heads=2)).encode(), "a.nxml").blocks
        if isinstance(block, Table)
    ]
    assert [[cell.text for cell in row] for row in grid] == [
        ["", "A", "A"],
        ["", "n", "%"],
        ["Sex", "1", "10"],
        ["Sex", "2", "20"],
    ]


def test_oasis_tables_are_read():
    body = (
        "<table-wrap><label>Table 1</label><table><tgroup cols='2'><colspec colname='a'/><colspec colname='b'/>"
        "<thead><row><entry/><entry>A (n=40)</entry></row></thead><tbody><row><entry>Male, n (%)</entry>"
        "<entry>10 (25)</entry></row></tbody></tgroup></table></table-wrap>"
    )
    found = claims(from_bytes(jats(body).encode(), "a.nxml"))
    assert [(c.cells["n"], c.cells["total"]) for c in found] == [("10", "40")]


def test_a_picture_of_a_table_is_said_to_be_one():
    body = "<table-wrap><label>Table 3</label><caption><p>Harms</p></caption><graphic/></table-wrap>" + results(
        "Nothing, 1 of 20 patients."
    )
    assert any("Table 3" in words and "picture" in words for words in from_bytes(jats(body).encode(), "a.nxml").refused)


GERMAN = """Insgesamt wurden 40 Patientinnen randomisiert. Das mediane progressionsfreie Überleben betrug 12,5 Monate in
der einen Gruppe und 6,8 in der anderen (HR 0,39; 95%-KI 0,27-0,56), die Ansprechrate war 67,2 % gegenüber 51,5 %."""
CHINESE = "中位无进展生存期为12.5个月，对照组为6.8个月（HR 0.39，95% CI 0.27–0.56）。" * 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", b"PK\x03\x04zip", "DOCX"),
        ("a.png", b"\x89PNG\r\n", "picture"),
        ("a.txt", b"  \n", "empty"),
        ("a.xml", b"<?xml version='1.0'?><book/>", "expected <article>"),
        ("a.xml", b"<?xml version='1.0'?>", "no XML in it"),
        ("a.xml", jats(results("Seen in 12 of 40.")).encode()[:-20], "cut off in line"),
        ("a.xml", jats(results("Seen in 12 of 40.")).encode().partition(b"<p>Seen")[0] + b"<p", "cut off in line"),
        ("a.txt", GERMAN.encode(), "not in English"),
        ("a.txt", CHINESE.encode(), "not in English"),
        ("a.pdf", b"%PDF-1.4 nothing", "not a readable PDF"),
        ("a.txt", b"\x00\x01\x02 text", "not text"),
    ],
)
def test_what_is_not_read_is_refused_by_name_with_what_to_do(name, content, words):
    with pytest.raises(InputError, match=words) as error:
        from_bytes(content, name)
    assert name in str(error.value)


def test_a_page_that_is_not_closed_is_told():
    page = "<html><body><p>Seen in 12 of 40 patients.</p>"
    assert any("not closed" in words for words in from_bytes(page.encode(), "a.html").refused)
    assert not from_bytes((page + "</body></html>").encode(), "a.html").refused


def test_signs_lost_in_broken_xml_are_told():
    """A bare `<` is dropped by the parser, so that a bound would read as a value."""
    content = jats(results("Seen in 12 of 40 patients, p PLACE 0.05.")).replace("PLACE", "<").encode()
    assert any("broken in 1 places, first in line" in words for words in from_bytes(content, "a.xml").refused)


@pytest.mark.parametrize(
    "words",
    [
        "Au total, 40 patientes ont été incluses dans les deux groupes; la survie médiane était de 12,5 mois avec une "
        "dose pour chez les plus jeunes et de 6,8 mois dans le groupe des plus âgées (HR 0,39).",
        "Se incluyeron 40 pacientes en los dos grupos; la mediana de supervivencia fue de 12,5 meses con una dosis "
        "para las más jóvenes y de 6,8 meses en el grupo de las mayores, según los datos del ensayo (HR 0,39).",
    ],
)
def test_other_languages_are_refused(words):
    with pytest.raises(InputError, match="not in English"):
        from_bytes(words.encode(), "a.txt")


def test_few_words_in_english_are_no_other_language():
    assert from_bytes(b"Median PFS 8.4 months, HR 0.71, 95 % CI 0.55 to 0.92, p 0.01 per protocol", "a.txt").blocks


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        document(tmp_path / "none.pdf")


ENTITY = """<?xml version="1.0"?><!DOCTYPE article [<!ENTITY a "0123456789"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY local SYSTEM "file://{path}"><!ENTITY far SYSTEM "http://example.org/x">]>
<article><body><sec><title>Results</title><p>Seen in 12 of 40 patients &d; &local; &far;.</p></sec></body></article>"""


def test_no_entity_is_expanded_and_no_file_or_host_is_asked(tmp_path, monkeypatch):
    secret = write(tmp_path / "secret.txt", "SECRET 77 of 99 patients")

    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    opened = from_bytes(ENTITY.format(path=secret).encode(), "a.xml")
    text = " ".join(p.text for p in opened.paragraphs)
    assert "SECRET" not in text and "0123456789" not in text
    assert [(c.cells["n"], c.cells["total"]) for c in claims(opened)] == [("12", "40")]


@pytest.mark.parametrize("depth", [50, 5000, 200_000])
def test_depth_is_no_trouble(depth):
    for content, name in (
        ("<article><body>" + "<sec>" * depth + "<p>12 of 40 patients</p>", "a.xml"),
        ("<html><body>" + "<div>" * depth + "<p>12 of 40 patients had it all.</p>", "a.html"),
    ):
        try:
            claims(from_bytes(content.encode(), name))
        except InputError as error:
            assert name in str(error)


def test_the_same_bytes_give_the_same_rows():
    first, second = (claims(from_bytes(TRIAL.encode(), "a.nxml")) for _ in range(2))
    assert first == second
