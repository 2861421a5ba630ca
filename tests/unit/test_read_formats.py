"""One made-up paper as JATS, HTML, Markdown, plain text and PDF gives the same rows."""

from __future__ import annotations

import html

import pytest

from resurvey.read import claims
from resurvey.read.sources import from_bytes
from tests.made_papers import jats, results, table

TITLE = "Alfa or beta in advanced disease"
PARAGRAPHS = (
    "A total of 80 patients were randomised: 40 to the alfa arm and 40 to the beta arm.",
    "Median progression-free survival was 8.4 months (95% CI 7.1-9.9) in the alfa arm and 6.1 months (95% CI 5.0-7.2) "
    "in the beta arm (hazard ratio 0.71, 95% CI 0.55-0.92; P = 0.010).",
    "Overall survival at 24 months was 61% (95% CI 45-74) in the alfa arm. A response was seen in 18 of 40 patients "
    "(45.0%) in the alfa arm.",
)
BASELINE = [
    ["Characteristic", "Alfa (n = 40)", "Beta (n = 40)"],
    ["Age, median (range), years", "61 (34-79)", "60 (29-81)"],
    ["Male, n (%)", "10 (25.0)", "12 (30.0)"],
    ["ECOG 0, n (%)", "24 (60.0)", "22 (55.0)"],
    ["Stage IV, n (%)", "31 (77.5)", "33 (82.5)"],
]
COX = [
    ["Factor", "HR (95% CI)", "P"],
    ["Alfa versus beta", "0.71 (0.55-0.92)", "0.010"],
    ["Age, per year", "1.02 (1.00-1.04)", "0.06"],
    ["ECOG 1 versus 0", "1.54 (1.10-2.16)", "0.012"],
]
HARMS = [
    ["Event", "Alfa grade 3-4 (n = 39)", "Beta grade 3-4 (n = 40)"],
    ["Neutropenia", "12 (30.8)", "4 (10.0)"],
    ["Nausea", "2 (5.1)", "1 (2.5)"],
    ["Fatigue", "0", "3 (7.5)"],
]
TABLES = (
    ("Baseline characteristics", BASELINE),
    ("Cox model of overall survival", COX),
    ("Adverse events, n (%)", HARMS),
)


def as_jats() -> bytes:
    made = (
        table([[html.escape(cell) for cell in row] for row in rows], label=f"Table {k}", caption=caption)
        for k, (caption, rows) in enumerate(TABLES, start=1)
    )
    return jats(results(*PARAGRAPHS) + "".join(made), title=TITLE).encode()


def as_html() -> bytes:
    made = ""
    for k, (caption, rows) in enumerate(TABLES, start=1):
        head, *body = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
        lines = "".join(f"<tr>{row}</tr>" for row in body)
        made += f"<table><caption>Table {k}. {caption}</caption>"
        made += f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    text = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
    return f"<html><body><article><h1>{TITLE}</h1><h2>Results</h2>{text}{made}</article></body></html>".encode()


def as_markdown() -> bytes:
    made = ""
    for k, (caption, rows) in enumerate(TABLES, start=1):
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines.insert(1, "|" + "---|" * len(rows[0]))
        made += f"\n\nTable {k}. {caption}\n\n" + "\n".join(lines)
    return (f"# {TITLE}\n\n## Results\n\n" + "\n\n".join(PARAGRAPHS) + made + "\n").encode()


def as_text() -> bytes:
    made = ""
    for k, (caption, rows) in enumerate(TABLES, start=1):
        made += f"\n\nTable {k} {caption}\n" + "\n".join("\t".join(row) for row in rows)
    return (f"{TITLE}\n\nResults\n\n" + "\n\n".join(PARAGRAPHS) + made + "\n").encode()


def as_pdf() -> bytes:
    typst = pytest.importorskip("typst")
    made = ""
    for k, (caption, rows) in enumerate(TABLES, start=1):
        cells = ", ".join(f"[{cell}]" for row in rows for cell in row)
        made += f"\n\n*Table {k}* {caption}\n#table(columns: {len(rows[0])}, stroke: none, {cells})\n"
    head = "#set page(width: 210mm, height: 297mm, margin: 18mm)\n#set text(size: 10pt)\n"
    return typst.compile((f"{head}= {TITLE}\n= Results\n" + "\n\n".join(PARAGRAPHS) + made).encode())


def rows_of(content: bytes, name: str) -> list[tuple[str, ...]]:
    """The rows without their places, in any order."""
    found = claims(from_bytes(content, name))
    return sorted((claim.kind, *(f"{k}={v}" for k, v in sorted(claim.cells.items()))) for claim in found)


FORMATS = {"a.html": as_html, "a.md": as_markdown, "a.txt": as_text, "a.pdf": as_pdf}


@pytest.mark.parametrize("name", FORMATS)
def test_the_rows_are_those_of_the_jats_file(name):
    assert rows_of(FORMATS[name](), name) == rows_of(as_jats(), "a.nxml")


def test_the_rows_are_what_the_paper_prints():
    rows = rows_of(as_jats(), "a.nxml")
    kinds = [row[0] for row in rows]
    counted = {kind: kinds.count(kind) for kind in ("ratio", "proportion", "rate", "median")}
    assert counted == {"ratio": 4, "proportion": 16, "rate": 1, "median": 4}
    assert ("proportion", "arm=alfa", "grade=3-4", "item=Fatigue", "kind=adverse_event", "n=0", "total=39") in rows
