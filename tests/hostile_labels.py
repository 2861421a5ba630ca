"""Texts that some program would run, in every cell of words of a project, and what is live of them in its outputs."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import mistune
import openpyxl
import pdfplumber
from bs4 import BeautifulSoup
from lxml import etree

from resurvey import inert
from resurvey.schema import TABLES

#: Is in every text that would run; `SUM` is what a template would make of it.
MARK, SUM = "4711", "33283215"
#: Types of scripts that no browser runs, and attributes that hold an address.
DATA = ("application/json", "application/ld+json")
ADDRESSES = ("href", "src", "action", "xlink:href")
PAYLOADS = (
    "<img src=x onerror=alert(4711)>",
    '=HYPERLINK("http://x4711.example","y")',
    "</script><script>alert(4711)</script>",
    "@SUM(4711)",
    "[k](javascript:alert(4711)) ![k](http://x4711.example/y.png)",
    "+cmd|' /C calc4711'!A0",
    "<svg onload=alert(4711)>",
    "{{4711*7065}} ${4711*7065} <%= 4711*7065 %> #{4711*7065}",
    '"><b id=x4711 onmouseover=alert(4711)>',
    "{% raw %}{% if 4711 %}{# 4711 #}",
    "' onfocus=alert(4711) autofocus='",
    '#eval("4711*7065") #include 4711 $4711^2_{a}$ \\input{4711} \\frac{',
    "&lt;img src=x onerror=alert(4711)&gt;",
    "-2+3+cmd|' /C calc4711'!A0",
    "--> ]]> <x4711> <!-- <![CDATA[",
    "%(x4711)s %s {0} {} {x4711} ${HOME} $(id) `id` *4711* __4711__ ~~4711~~",
    "<a href=javascript:alert(4711)>a</a> <https://x4711.example> javascript:alert(4711)",
    "# 4711 | 4711 | --- <details open ontoggle=alert(4711)>",
    "</title></style></textarea><iframe src=javascript:alert(4711)>",
    "4711 שלום <form action=http://x4711.example><input name=x4711>",
    "4711" + "W" * 400,
    "</text><script>alert(4711)</script><text>",
)
#: Columns of words that a rule reads or a key holds: they stay as they are.
KEPT = {"unit", "time_unit", "measure", "item", "grade", "test", "model", "distribution", "ci_method", "arm_id",
        "at_risk_arm", "curve", "check_id", "affects", "claims", "value", "printed", "allocation"}  # fmt: skip
#: Columns whose words are named elsewhere: one text wherever the word stands.
NAMED = ("population", "endpoint", "data_cut", "comparator_population")


def hostile(rows: Mapping[str, list[dict[str, str]]], first: int = 0) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """The rows with a payload in every cell of words, and what puts the same payloads into a plan."""
    texts = cycle(PAYLOADS[first:] + PAYLOADS[:first])
    named: dict[str, str] = {}

    def new(name: str, old: str) -> str:
        if name in NAMED:
            if old and old not in named:
                named[old] = next(texts)
            return named.get(old, old)
        return next(texts)

    changed = {
        table: [
            row
            | {
                column.name: new(column.name, row.get(column.name, ""))
                for column in TABLES[table].columns
                if column.kind == "text" and column.name not in KEPT
            }
            for row in lines
        ]
        for table, lines in rows.items()
    }

    def planned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: planned(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [planned(each, key) for each in value]
        if key in ("question", "title", "assumptions"):
            return next(texts)
        return named.get(value, value) if key in NAMED else value

    return changed, planned


def live_html(text: str, features: str = "html.parser") -> Iterator[str]:
    """Elements and attributes that a payload made; an address that is shown as it is, is none."""
    for element in BeautifulSoup(text, features).find_all(True):
        runs = element.name == "script" and element.get("type") not in DATA and MARK in element.get_text()
        named = MARK in element.name or element.get("id") == f"x{MARK}"
        acts = any(name.startswith("on") and MARK in str(value) for name, value in element.attrs.items())
        if runs or named or acts or any(_leads_out(element, name) for name in ADDRESSES):
            yield str(element)[:200]


def _leads_out(element: Any, name: str) -> bool:
    address = str(element.get(name, "")).strip()
    if MARK not in address or unquote(address) == element.get_text():
        return False
    return re.match(r"(?i)javascript:|https?://x", address) is not None


def live_cells(text: str) -> Iterator[str]:
    """Cells of a CSV file that a spreadsheet would take for formulas."""
    for row in csv.reader(io.StringIO(text)):
        yield from (cell for cell in row if not cell.startswith("'") and inert.FORMULA.match(cell) and cell != "-inf")


def live_workbook(path: Path) -> Iterator[str]:
    """Formulas, and links to where a payload says, of a workbook."""
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and MARK in str(cell.value):
                    yield f"{sheet.title} {cell.coordinate}: {cell.value}"
                if cell.hyperlink and MARK in str(cell.hyperlink.target):
                    yield f"{sheet.title} {cell.coordinate}: link to {cell.hyperlink.target}"


def live_pdf(path: Path) -> Iterator[str]:
    """Links of a PDF that lead where a payload says."""
    with pdfplumber.open(path) as document:
        for page in document.pages:
            yield from (str(link["uri"]) for link in page.hyperlinks if MARK in str(link["uri"]))


def live_docx(path: Path) -> Iterator[str]:
    """Relations of a Word document that lead where a payload says; all its parts are sound XML."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                root = etree.fromstring(archive.read(name))
                yield from (target for each in root.iter() if MARK in (target := each.get("Target", "")))


def live(path: Path) -> Iterator[str]:
    """What a payload made that a program would run or follow, in an output of any kind."""
    match path.suffix:
        case ".html":
            yield from live_html(path.read_text(encoding="utf-8"))
        case ".svg":
            yield from live_html(path.read_text(encoding="utf-8"), "xml")
        case ".md":
            shown = mistune.create_markdown(escape=False, plugins=["table"])(path.read_text(encoding="utf-8"))
            yield from live_html(str(shown))
        case ".csv":
            yield from live_cells(path.read_text(encoding="utf-8"))
        case ".xlsx":
            yield from live_workbook(path)
        case ".pdf":
            yield from live_pdf(path)
        case ".docx":
            yield from live_docx(path)
    if path.suffix in (".html", ".svg", ".md", ".csv") and SUM in path.read_text(encoding="utf-8"):
        yield "a template was carried out"
