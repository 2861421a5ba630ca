"""Numbers that mean something and became no row: seen, not drafted, each with its place and the reason.

A percentage, a ratio, an interval, a p value, or a number under a heading that says what it is; no bare digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
        `percentage`, `ratio`, `interval`, `p value` or `table cell`.
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
    taken: dict[str, list[tuple[int, int]]] = {}
    for claim in claims:
        for span in claim.spans:
            taken.setdefault(span.block, []).append((span.start, span.end))
    found: list[Unread] = []
    for block in document.blocks:
        found += _in_table(block, taken) if isinstance(block, Table) else _in_text(block, taken.get(block.id, []))
    return found


def _in_text(paragraph: Paragraph, taken: list[tuple[int, int]]) -> Iterator[Unread]:
    if paragraph.kind == "title":
        return
    text = plain(paragraph.text)
    for start, end in sentences.split(text):
        if not any(char.isdigit() for char in text[start:end]):
            continue
        line = lex(text[start:end], start)
        years(line)
        no_results.mask(line)
        for k, token in enumerate(line.tokens):
            kind = _meaning(line, k)
            place = (token.start + start, token.end + start)
            if kind and not token.masked and not _overlaps(place, taken):
                reason = _reason_in_text(paragraph, line)
                printed = paragraph.text[place[0] : place[1]] + ("%" if token.percent else "")
                yield Unread(kind, Span(paragraph.id, *place), paragraph.locator, printed, reason)


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


def _overlaps(place: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any(start < place[1] and place[0] < end for start, end in taken)


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
