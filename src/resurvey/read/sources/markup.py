"""Text and cells of XML and HTML, read without recursion because the file determines the depth."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from resurvey.read.normal import squeeze
from resurvey.read.sources.build import RawCell

SKIPPED = {
    "table-wrap",
    "fig",
    "fig-group",
    "table-wrap-group",
    "disp-formula",
    "supplementary-material",
    "media",
    "graphic",
}
SKIPPED |= {
    "ref-list",
    "object-id",
    "tex-math",
    "xref-group",
    "processing-meta",
    "fn-group",
    "script",
    "style",
    "noscript",
}
SKIPPED |= {"button", "nav", "table", "figure", "svg", "annotation", "select", "input", "template"}
BREAKS = {
    "break",
    "br",
    "p",
    "list-item",
    "title",
    "label",
    "def-item",
    "td",
    "th",
    "tr",
    "li",
    "div",
    "dd",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
}
CITED = re.compile(r"\d{1,3}(?:\s?[,;-]\s?\d{1,3}){0,20}")


def parser() -> etree.XMLParser:
    """A parser that fetches nothing, expands no entities and keeps libxml2's limits on depth and size."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )


def strip_namespaces(root: Any) -> None:
    """Strip namespaces from names, and turn small capitals into capitals (`hr` set in small capitals is HR)."""
    for node in root.iter():
        if isinstance(node.tag, str) and "}" in node.tag:
            node.tag = node.tag.rpartition("}")[2]
        if node.tag == "sc":
            node.text = (node.text or "").upper()


def tag(node: Any) -> str:
    """Name of a node; empty for comments and entities."""
    return node.tag if isinstance(node.tag, str) else ""


def text_of(node: Any, *, nested: bool = False) -> str:
    """All text of a node except tables, figures and formulas within it."""
    parts: list[str] = []
    stack: list[Any] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        name = tag(item)
        if item is not node and item.tail:
            stack.append(item.tail)
        if not name or (name in SKIPPED and item is not node and not nested):
            continue
        opening, closing = _marks(item, name)
        stack.append(closing)
        stack += list(reversed(item))
        if item.text:
            stack.append(item.text)
        stack.append(opening)
    return "".join(parts)


def _marks(node: Any, name: str) -> tuple[str, str]:
    """Text added around an element: brackets for a citation, a caret before a superscript."""
    if name == "xref" and node.get("ref-type") in ("bibr", "table-fn", "fn", "author-notes"):
        parent = node.getparent()
        if parent is not None and tag(parent) == "sup":
            return "", ""
        before = _before(node)
        return ("", "") if before in "[(," and before else ("[", "]") if node.get("ref-type") == "bibr" else ("^", "")
    if name == "a" and (node.get("href") or "").startswith("#") and _in_cell(node):
        return _link_marks(squeeze("".join(node.itertext())), _before(node))
    if name == "label" and node.getparent() is not None and tag(node.getparent()) == "fn":
        return "^", " "
    if name == "sup":
        return (" [", "] ") if _cites(node) else ("^", "")
    if name in BREAKS:
        return (" ", " ") if name not in ("break", "br") else ("\n", "")
    return "", ""


def _in_cell(node: Any) -> bool:
    """Whether an HTML link stands in the cell of a table, and not in a superscript."""
    above = [tag(parent) for parent in itertools.islice(node.iterancestors(), 4)]
    return bool({"td", "th"} & set(above)) and "sup" not in above and node.find(".//sup") is None


def _link_marks(text: str, before: str) -> tuple[str, str]:
    """Text around a link of a cell: a caret before the mark of a note, brackets around a reference."""
    if CITED.fullmatch(text):
        return ("", "") if before in ("[", "(", ",") else ("[", "]")
    return ("^", "") if re.fullmatch(r"[a-z]|\W{1,3}", text) else ("", "")


def _cites(node: Any) -> bool:
    """Whether a superscript holds references: a link to the reference list, or in HTML a numeric link."""
    inner = node.find(".//xref")
    if inner is not None:
        return bool(inner.get("ref-type") == "bibr")
    link = node.find(".//a")
    return (
        link is not None
        and (link.get("href") or "").find("#") >= 0
        and bool(CITED.fullmatch(squeeze("".join(node.itertext()))))
    )


def _before(node: Any) -> str:
    previous = node.getprevious()
    text = (previous.tail if previous is not None else node.getparent().text) or ""
    return text.rstrip()[-1:]


def table_rows(table: Any) -> list[list[RawCell]]:
    """Rows of cells of an (X)HTML, JATS or OASIS table, in order, with the table part they belong to."""
    rows = [list(_cells(row)) for row in table.iter("tr") if _owner(row) is table]
    return rows or _oasis_rows(table)


def _owner(row: Any) -> Any:
    node = row.getparent()
    while node is not None and tag(node) not in ("table", "array"):
        node = node.getparent()
    return node


def _oasis_rows(table: Any) -> list[list[RawCell]]:
    """Rows of an OASIS table, with spans given by column names."""
    names = [spec.get("colname") or str(k + 1) for k, spec in enumerate(table.iter("colspec"))]
    place = {name: k for k, name in enumerate(names)}
    rows = []
    for row in table.iter("row"):
        head = row.getparent() is not None and tag(row.getparent()) == "thead"
        cells = []
        for entry in row.findall("entry"):
            start, end = place.get(entry.get("namest") or ""), place.get(entry.get("nameend") or "")
            width = end - start + 1 if start is not None and end is not None and end >= start else 1
            extra = entry.get("morerows") or "0"
            height = int(extra) + 1 if extra.isdigit() and int(extra) < 1000 else 1
            cells.append(RawCell(squeeze(text_of(entry)), height, width, head))
        rows.append(cells)
    return rows


def _cells(row: Any) -> Iterator[RawCell]:
    parent = row.getparent()
    in_head = parent is not None and tag(parent) == "thead"
    for cell in row:
        if tag(cell) not in ("td", "th"):
            continue
        text = text_of(cell)
        raw = text.replace("\r", "").strip("\n\t")
        indent = len(raw) - len(raw.lstrip(" \u00a0\u2002\u2003\u2009\u2007\u2005\u2004\u3000"))
        indent += _styled(cell)
        lines = (
            [squeeze(line) for line in text.split("\n")]
            if cell.find(".//break") is not None or cell.find(".//br") is not None
            else [squeeze(text)]
        )
        yield RawCell(
            "\n".join(lines),
            _number(cell.get("rowspan")),
            _number(cell.get("colspan")),
            in_head,
            indent,
            tag(cell) == "th",
            cell.find(".//bold") is not None or cell.find(".//b") is not None,
        )


def _styled(cell: Any) -> int:
    style = cell.get("style") or ""
    for word in ("padding-left", "text-indent", "margin-left"):
        value = style.partition(word)[2][:24].lstrip(": ")
        digits = value[: len(value) - len(value.lstrip("0123456789."))]
        if digits.strip("0."):
            return 2
    inner = cell.find(".//list") is not None or cell.get("class", "").find("indent") >= 0
    return 2 if inner else 0


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and 0 < int(text) <= 1000 else 1
