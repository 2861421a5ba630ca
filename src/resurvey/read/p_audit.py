"""Find p values above 1 or without their decimal point, which no row can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from resurvey.read.normal import plain
from resurvey.read.objects import Document, Finding, Table

# `P = 3.06`, `p<05`; a number with a unit behind it is a pressure or a dose.
IN_TEXT = re.compile(
    r"(?<![\w.])[pP](?:[- ]?values?)? ?[=<>≤≥] ?(?P<p>\d{1,3}\.\d{1,4}|0\d{1,4})"
    r"(?![\d.])(?! ?[x×·*∙⋅] ?10)(?![eE]-?\d)(?! ?(?:%|mm|cm|k[Pg]|[mµ][gl]|to\b|-))"
)
HEAD = re.compile(r"[pP](?:[- ]?values?)?\W*(?:[a-z*†‡§#]|\^\w)?")
CELL = re.compile(r"[=<>≤≥]? ?(?P<p>\d{1,3}\.\d{1,4}|0\d{1,4})(?:\^?[a-z*†‡§#])?")
# Values above 1 in a column of p values from which on it holds something else.
MOST = 2


def impossible_p(document: Document) -> Iterator[Finding]:
    """P values above 1, and those that lack their decimal point, in text and in columns of tables."""
    for paragraph in document.paragraphs:
        for match in IN_TEXT.finditer(plain(paragraph.text)):
            if _impossible(match["p"]):
                yield _finding(match.group(), paragraph.locator)
    for table in document.tables:
        yield from _in_columns(table)


def _in_columns(table: Table) -> Iterator[Finding]:
    for column in range(1, max((len(row) for row in table.grid), default=0)):
        head = [row[column] for row in table.grid[: max(1, table.heads)] if column < len(row)]
        if not any(cell is not None and HEAD.fullmatch(plain(cell.text).strip()) for cell in head):
            continue
        found, good = [], 0
        for row in table.grid[max(1, table.heads) :]:
            cell, label = row[column], row[0]
            match = CELL.fullmatch(plain(cell.text).strip()) if cell is not None and cell is not label else None
            if match and _impossible(match["p"]):
                found.append(_finding(match.group(), f"{table.locator}, {plain(label.text) if label else ''}"))
            good += bool(match)
        if len(found) <= MOST and good > 2 * len(found):
            yield from found


def _impossible(text: str) -> bool:
    return ("." not in text and text.strip("0") != "") or ("." in text and float(text) > 1)


def _finding(shown: str, place: str) -> Finding:
    words = f"{shown} is no p value: it exceeds 1 or lacks its decimal point"
    return Finding("p-value", "impossible", "minor", (), (place,), shown, "", words)
