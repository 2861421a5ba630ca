"""The document as printed, with numbering, links and omissions resolved, as plain values for templates.

The PDF template (`templates/paper.typ`) reads them as JSON, the DOCX template (`templates/body.xml.j2`) directly. Text
is a list of pieces, each a dictionary of `text`, `mark` (strong, code, or the tone of a badge), `to` (an anchor of the
document), `url`, and `counted` (whether it is the number of a table or figure, which Word numbers itself).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from resurvey.report.document import (
    NBSP,
    Badge,
    Beside,
    Block,
    Bullets,
    Cite,
    Claims,
    Code,
    Details,
    Document,
    Figure,
    Heading,
    Inline,
    Link,
    Notice,
    Paragraph,
    Ref,
    Strong,
    Table,
    Words,
    appendix,
    claim_anchor,
    flat,
    runs_of,
    words,
)

#: Number of claim ids named under a table and in a cell; the others are only counted.
NAMED_IN_NOTE, NAMED_IN_CELL = 3, 1
#: Tables with more columns have a smaller font.
MANY_COLUMNS = 7
SIZE = re.compile(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"')

Plain = dict[str, Any]
Legible = Callable[[str], str]


def paper(document: Document, legible: Legible = str) -> Plain:
    """The document as JSON-compatible values.

    Parameters
    ----------
    document : Document
    legible : callable
        Function applied to every text, which returns it in a form that the format can show.

    Returns
    -------
    dict
        title, question, language; `answer` and `rest`, lists of blocks; `references`; `appendix`, lists of entries.
    """
    return _Paper(document, legible).made()


class _Paper:
    def __init__(self, document: Document, legible: Legible):
        self.document = document
        self.legible = legible
        self.appendix = appendix(document.blocks)
        self.place = {reference.key: number for number, reference in enumerate(document.references, start=1)}
        self.anchors = set(document.numbers) | {f"ref-{key}" for key in self.place}
        for block in flat(document.blocks):
            if isinstance(block, Heading):
                self.anchors.add(block.anchor)
            elif isinstance(block, Table) and not block.long:
                self.anchors |= {row.anchor for row in block.rows if row.anchor}
        self.anchors |= {row.anchor for table in self.appendix for row in table.rows}

    def made(self) -> Plain:
        document = self.document
        starts = [n for n, block in enumerate(document.blocks) if isinstance(block, Heading) and block.level == 1]
        # The answer comes first, then the table of contents and the other sections.
        second = starts[1] if len(starts) > 1 else len(document.blocks)
        return {
            "title": self.legible(document.title),
            "question": self.legible(document.question),
            "language": document.language,
            "answer": list(self.blocks(document.blocks[:second])),
            "rest": list(self.blocks(document.blocks[second:])),
            "references": [
                {"anchor": f"ref-{one.key}", "number": number, "text": self.legible(one.text), "url": one.url}
                for number, one in enumerate(document.references, start=1)
            ],
            "appendix": [self.entries(table) for table in self.appendix],
        }

    def blocks(self, blocks: Iterable[Block]) -> Iterator[Plain]:
        for block in runs_of(blocks):
            if isinstance(block, tuple):
                yield {"kind": "elsewhere", "figures": [self.named(one) for one in block]}
            elif isinstance(block, Details):
                yield {"kind": "subtitle", "text": self.legible(block.title)}
                yield from self.blocks(block.blocks)
            else:
                yield self.block(block)

    def block(self, block: Block) -> Plain:
        match block:
            case Heading():
                number = self.document.numbers.get(block.anchor, "").split(NBSP)[-1] if block.level == 1 else ""
                head = {"level": block.level, "text": self.legible(block.text), "anchor": block.anchor}
                return {"kind": "heading", "number": number, **head}
            case Paragraph():
                return {"kind": "paragraph", "lead": block.lead, "words": self.words(block.words)}
            case Notice():
                return {"kind": "notice", "words": self.words(block.words)}
            case Bullets():
                return {"kind": "list", "ordered": block.ordered, "items": [self.words(one) for one in block.items]}
            case Table():
                return self.table(block)
            case Figure():
                note = self.words(words(block.caption, self.behind(block.claims)), NAMED_IN_NOTE)
                return {"kind": "figure", "note": note, **self.figure(block)}
            case Beside():
                return {"kind": "beside", "figures": [self.figure(one) for one in block.blocks]}
        raise TypeError(f"paper has no place for {type(block).__name__}")

    def named(self, block: Table | Figure) -> Plain:
        return {
            "anchor": block.anchor,
            "label": self.document.label(block.anchor),
            "title": self.legible(block.title),
        }

    def figure(self, figure: Figure) -> Plain:
        return {**self.named(figure), "alt": self.legible(figure.alt), "shape": shape(figure.svg)}

    def table(self, table: Table) -> Plain:
        if table.long:
            said = words(f"{table.title}: ", Ref(table.anchor), " in the appendix.")
            return {"kind": "paragraph", "lead": False, "words": self.words(said)}
        return {
            "kind": "table",
            **self.named(table),
            "columns": [
                {"name": self.legible(one.name), "kind": one.kind, "weight": one.weight} for one in table.columns
            ],
            "rows": [
                {"anchor": row.anchor, "cells": [self.words(cell, NAMED_IN_CELL) for cell in row.cells]}
                for row in table.rows
            ],
            "note": self.words(words(table.note, self.behind(table.claims)), NAMED_IN_NOTE),
            "turned": table.turned,
            "small": len(table.columns) > MANY_COLUMNS,
        }

    def entries(self, table: Table) -> Plain:
        """A long table as a list with one paragraph per row, because thousands of table cells need too much memory."""
        code = next((place for place, column in enumerate(table.columns) if column.kind == "code"), 0)
        others = [place for place in range(len(table.columns)) if place != code]
        names = ", ".join(table.columns[place].name.lower() for place in others)
        said = words(table.note, f" Each entry: {table.columns[code].name.lower()}, then {names}.")
        made = [
            {
                "anchor": row.anchor,
                "name": self.words(row.cells[code]),
                "cells": [self.words(row.cells[place], NAMED_IN_CELL) for place in others if row.cells[place]],
            }
            for row in table.rows
        ]
        return {**self.named(table), "note": self.words(said), "entries": made}

    @staticmethod
    def behind(claims: Sequence[str]) -> Words:
        return words(" Printed numbers behind it: ", Claims(tuple(claims)), ".") if claims else ()

    def words(self, parts: Words, named: int = NAMED_IN_NOTE) -> list[Plain]:
        return [piece for part in parts for piece in self.pieces(part, named)]

    def pieces(self, part: Inline, named: int) -> Iterator[Plain]:
        match part:
            case str():
                yield self.piece(part)
            case Strong():
                yield self.piece(part.text, "strong")
            case Code():
                yield self.piece(part.text, "code")
            case Badge():
                yield self.piece(part.text, part.tone)
            case Link():
                yield (
                    self.piece(part.text, url=part.target)
                    if part.external
                    else self.piece(part.text, to=part.target.removeprefix("#"))
                )
            case Ref():
                label = self.document.label(part.target)
                yield self.piece(label, to=part.target) | {"counted": not label.startswith("Section")}
            case Cite():
                yield self.piece("[")
                for number, key in enumerate(sorted(part.keys, key=self.place.__getitem__)):
                    yield self.piece(", " if number else "")
                    yield self.piece(str(self.place[key]), to=f"ref-{key}")
                yield self.piece("]")
            case Claims():
                for number, name in enumerate(part.ids[:named]):
                    yield self.piece(", " if number else "")
                    yield self.piece(name, to=claim_anchor(name))
                more = len(part.ids) - named
                yield self.piece(f" and {more} more" if more > 0 else "")

    def piece(self, text: str, mark: str = "", *, to: str = "", url: str = "") -> Plain:
        known = to if to in self.anchors else ""
        return {"text": self.legible(text), "mark": mark, "to": known, "url": url, "counted": False}


def shape(drawing: Path) -> float:
    """Ratio of width to height of an SVG; 1 if it is not stated."""
    found = SIZE.search(drawing.read_bytes()[:2000])
    return float(found[1]) / float(found[2]) if found else 1.0
