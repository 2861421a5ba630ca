"""Numbers that mean something and became no row: seen, not drafted, each with its place and the reason.

A percentage, a ratio, an interval, a p value, or a number under a heading that says what it is; no bare digits.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from resurvey.read import no_results, sentences
from resurvey.read.lexer import Line, lex
from resurvey.read.lexicon import strip_size
from resurvey.read.normal import plain
from resurvey.read.objects import Claim, Document, Paragraph, Position, Span, Table
from resurvey.read.paper_parts import beside_other_work, in_methods
from resurvey.read.table_forms import MEASURED_HEAD, measures
from resurvey.read.table_hints import hints
from resurvey.read.table_layout import lay_out
from resurvey.read.table_parts import parts
from resurvey.read.table_places import REFERENCE, Layout, Place, Row
from resurvey.read.text_other import years
from resurvey.read.word_lists import DESIGN


@dataclass(frozen=True)
class Unread:
    """A number, or the numbers of one cell, that became no row.

    Attributes
    ----------
    kind : str
        `percentage`, `ratio`, `interval`, `p value`, `size` or `table cell`.
    span : Span
        Its place in the paper.
    locator : str
        Location for the reader.
    printed : str
        The number or cell as printed.
    reason : str
        Why it was not drafted.
    """

    kind: str
    span: Span
    locator: str
    printed: str
    reason: str


def unread(document: Document, claims: Iterable[Claim]) -> list[Unread]:
    """Numbers with a meaning that are in no claim, in the order of the document.

    Parameters
    ----------
    document : Document
        As returned by `document(path)`.
    claims : iterable of Claim
        All its claims.

    Returns
    -------
    list of Unread
        Places that a person may want to type by hand.
    """
    claims = list(claims)
    taken = _taken(claims)
    sizes = _sizes(claims)
    found: list[Unread] = []
    for block in document.blocks:
        if isinstance(block, Table):
            found += _in_table(block, taken)
            found += _in_notes(block, sizes.get(block.id, set()))
        else:
            found += _in_text(block, taken.get(block.id, []))
    return found


def _taken(claims: Iterable[Claim]) -> dict[str, list[tuple[int, int]]]:
    """Places of each block that claims cover, in order and without overlaps."""
    places: dict[str, list[tuple[int, int]]] = {}
    for claim in claims:
        for span in claim.spans:
            places.setdefault(span.block, []).append((span.start, span.end))
    return {block: _merged(sorted(spans)) for block, spans in places.items()}


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for start, end in spans:
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def _sizes(claims: Iterable[Claim]) -> dict[str, set[str]]:
    """Denominators of the rows of each table and sizes of its arms, wherever they were printed."""
    sizes: dict[str, set[str]] = {}
    for claim in claims:
        size = claim.cells.get("n" if claim.kind == "arm" else "total", "")
        for span in claim.spans if size else ():
            sizes.setdefault(span.block.partition(".")[0], set()).add(size)
    return sizes


def _in_text(paragraph: Paragraph, taken: Sequence[tuple[int, int]]) -> Iterator[Unread]:
    if paragraph.kind == "title":
        return
    for line in _lines(plain(paragraph.text)):
        for k, token in enumerate(line.tokens):
            kind = _meaning(line, k)
            place = (token.start + line.offset, token.end + line.offset)
            if kind and not token.masked and not _overlaps(place, taken):
                reason = _reason_in_text(paragraph, line)
                printed = paragraph.text[place[0] : place[1]] + ("%" if token.percent else "")
                yield Unread(kind, Span(paragraph.id, *place), paragraph.locator, printed, reason)


def _lines(text: str) -> Iterator[Line]:
    """Sentences with digits, their years and numbers that are no results marked as such."""
    for start, end in sentences.split(text):
        if not any(char.isdigit() for char in text[start:end]):
            continue
        line = lex(text[start:end], start)
        years(line)
        no_results.mask(line)
        yield line


# `n = 96 with data`: how many patients a note speaks of.
SIZED = re.compile(r"\b[nN]\s?=\s?$")


def _in_notes(table: Table, sizes: set[str]) -> Iterator[Unread]:
    """Numbers of the notes of a table; a size that a row of the table has as its denominator is used, not lost."""
    for line in _lines(plain(table.notes)):
        for k, token in enumerate(line.tokens):
            size = token.whole and SIZED.search(line.text[: token.start][-6:]) is not None
            kind = "size" if size and token.printed not in sizes else _meaning(line, k)
            if kind and not token.masked:
                place = Span(f"{table.id}.notes", token.start + line.offset, token.end + line.offset)
                printed = line.text[token.start : token.end] + ("%" if token.percent else "")
                yield Unread(kind, place, f"{table.locator}, notes", printed, OF_NOTES)


OF_NOTES = "in the notes of a table, which are read for sizes, tests, levels and what marks mean, not for results"


def _meaning(line: Line, k: int) -> str:
    token = line.tokens[k]
    if token.kind == "p":
        return "p value"
    if token.kind != "num":
        return ""
    before = line.tokens[max(0, k - 3) : k]
    if any(one.kind == "ratio" for one in before) and not token.percent:
        return "ratio"
    if any(one.kind == "level" for one in line.tokens[max(0, k - 4) : k]):
        return "interval"
    return "percentage" if token.percent and token.extra != "word" else ""


def _reason_in_text(paragraph: Paragraph, line: Line) -> str:
    if DESIGN.search(line.text):
        return "part of a plan or a sample-size statement that was not recognised"
    if in_methods(paragraph):
        return "in the methods: a threshold or a plan, not a result"
    if beside_other_work(paragraph):
        return "in the introduction or discussion, and no rule says of which study it is"
    return "no rule says what it is a number of"


def _overlaps(place: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a place shares a character with one of the places taken, which are in order and apart."""
    k = bisect_left(taken, (place[1],))
    return k > 0 and place[0] < taken[k - 1][1]


def _in_table(table: Table, taken: dict[str, list[tuple[int, int]]]) -> Iterator[Unread]:
    for part, first in parts(table):
        layout = lay_out(part, first)
        yield from _in_layout(layout, taken) if layout is not None else ()


def _in_layout(layout: Layout, taken: dict[str, list[tuple[int, int]]]) -> Iterator[Unread]:
    table = layout.table
    for row in layout.rows:
        for c, place in row.cells.items():
            block = Position(table.id, place.cell.row, place.cell.column).block
            numbers = place.value.numbers
            if not numbers or REFERENCE.fullmatch(plain(place.text).strip()) or not _says_what(layout, row, place):
                continue
            spans = [(place.offset + number.start, place.offset + number.end) for number in numbers]
            if any(_overlaps(span, taken.get(block, [])) for span in spans):
                continue
            head = strip_size(" ".join(layout.heads[c]))
            locator = ", ".join(part for part in (table.locator, row.path.replace(" / ", ", "), head) if part)
            span = Span(block, spans[0][0], spans[-1][1])
            yield Unread(
                "table cell", span, locator, " ".join(place.text.split()), _reason_in_table(layout, row, place)
            )


SAYS = frozenset(["n_pct", "pct_n", "paren_pct", "pct", "hr", "or", "rr", "ci", "p", "median", "rate", "n", "mean"])


def _says_what(layout: Layout, row: Row, place: Place) -> bool:
    """Whether the form of a cell or a heading or label says what its numbers are."""
    value = place.value
    if value.words:
        return "P" in value.shape or "p" in value.shape or "(n-n)" in value.shape
    told = len(value.numbers) > 1 or value.numbers[0].percent
    return told or bool(SAYS & (hints(row.label) | hints(layout.head(place.column))))


def _reason_in_table(layout: Layout, row: Row, place: Place) -> str:
    head = layout.head(place.column)
    if measures(head) or MEASURED_HEAD.search(head) or measures(row.label):
        return "a measurement or a dose, by its heading"
    if place.value.words:
        return "words stand beside the numbers in the cell"
    if {"range", "sd", "se", "iqr"} & hints(row.label):
        return "a spread without the value it belongs to"
    return "neither its form nor a heading or label says what it counts or measures"
