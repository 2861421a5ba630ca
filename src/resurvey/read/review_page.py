"""The review page: one offline file with the paper on the left, its numbers marked, and the draft rows on the right."""

from __future__ import annotations

import html
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import resources

from resurvey import inert
from resurvey.read.alike import NUMBERS, alike, words_of
from resurvey.read.confirmation import ARMLESS, NEEDED, WITH_ENDPOINT
from resurvey.read.contradictions import Audit
from resurvey.read.draft_folder import Reading, changes_of, title_of
from resurvey.read.objects import Cell, Document, Paragraph, Position, Span, Table
from resurvey.read.unread import Unread
from resurvey.read.word_lists import TIME_TO_EVENT
from resurvey.schema import TABLES

# Ids of numbers seen and not drafted; ids of claims are words and digits, so that none can be one of these.
UNREAD = "unread:"
Marks = dict[str, list[tuple[int, int, str]]]


def render(document: Document, reading: Reading, audit: Audit, places: Sequence[Unread] = ()) -> str:
    """The page as HTML. It loads nothing from outside; the browser saves a person's rulings as a CSV.

    Parameters
    ----------
    document : Document
        The paper, quoted from the user's own file.
    reading : Reading
        Its draft rows and the rulings so far.
    audit : Audit
        Inconsistencies found, and doubts of the reading.
    places : sequence of Unread
        Numbers seen and not drafted.
    """
    marks = _marks(reading)
    for k, place in enumerate(places):
        marks[place.span.block].append((place.span.start, place.span.end, f"{UNREAD}{k}"))
    parts = resources.files("resurvey.read").joinpath("templates")
    script = parts.joinpath("read.js").read_text(encoding="utf-8")
    values = {
        "ALLOWED": inert.allowed(script),
        "TITLE": html.escape(title_of(document)),
        "STYLE": parts.joinpath("read.css").read_text(encoding="utf-8"),
        "SCRIPT": script,
        "PAPER": "\n".join(_blocks(document, marks)),
        "DATA": _json(_data(document, reading, audit, places)),
    }
    page = parts.joinpath("read.html").read_text(encoding="utf-8")
    head, *rest = page.split("@@")
    # Split once, so that text of the paper is never mistaken for a placeholder of the template.
    return head + "".join(values[part] if k % 2 == 0 else part for k, part in enumerate(rest))


def _json(data: object) -> str:
    """JSON that is safe inside a script element."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _data(document: Document, reading: Reading, audit: Audit, places: Sequence[Unread]) -> dict[str, object]:
    rows = []
    others = alike(
        reading.lines, {line.about["claim_id"]: {**line.cells, **changes_of(line)} for line in reading.lines}
    )
    for line in reading.lines:
        about = line.about
        rows.append(
            {
                "id": about["claim_id"],
                "table": about["table"],
                "certainty": about["certainty"],
                "confidence": about.get("confidence", ""),
                "rule": about["rule"],
                "status": about.get("status", ""),
                "changes": changes_of(line),
                "done": about.get("confirmed_as", ""),
                "mark": about["mark"],
                "cells": line.cells,
                "group": _group(about["span"]),
                "placed": bool(about["span"]),
                "needs": _needs(about["table"], line.cells),
                "alike": others.get(about["claim_id"], []),
            }
        )
    shown = [
        {
            "rule": f.rule,
            "verdict": f.verdict,
            "ids": f.claim_ids,
            "places": f.locators,
            "reported": f.reported,
            "words": f.explanation,
        }
        for f in audit.findings
    ]
    columns = {name: table.names for name, table in TABLES.items()}
    needed = {
        name: [
            c
            for c in NEEDED
            if c in columns[name]
            and not (c == "arm_id" and name in ARMLESS)
            and not (c == "endpoint" and name not in WITH_ENDPOINT)
        ]
        + [column.name for column in table.columns if column.required and column.name not in (*NEEDED, "claim_id")]
        for name, table in TABLES.items()
    }
    choices = {
        name: {column.name: column.choices for column in table.columns if column.choices}
        for name, table in TABLES.items()
    }
    return {
        "name": reading.name,
        "rows": rows,
        "findings": shown,
        "doubts": [{"place": d.place, "ids": d.claim_ids, "words": d.explanation} for d in audit.doubts],
        "columns": columns,
        "needed": needed,
        "words": {name: words_of(name) for name in NUMBERS},
        "choices": choices,
        "refused": document.refused,
        "unread": [
            {
                "id": f"{UNREAD}{k}",
                "kind": one.kind,
                "printed": one.printed,
                "place": one.locator,
                "reason": one.reason,
            }
            for k, one in enumerate(places)
        ],
    }


def _needs(table: str, cells: dict[str, str]) -> list[str]:
    """Columns that this row needs beside those of its table: the unit of a time."""
    timed = (table == "follow_up" and cells.get("statistic") != "date") or (
        table == "medians" and cells.get("endpoint") in TIME_TO_EVENT
    )
    return ["unit"] if timed and not cells.get("unit") and cells.get("value") else []


def _group(span: str) -> str:
    """Rows that usually share an arm: those of one column of a table, or of one paragraph."""
    block = span.split(" ")[0].partition(":")[0]
    if block.startswith("t"):
        table, _, rest = block.partition(".")
        return f"{table}.{rest.rpartition('.')[2]}"
    return block


def _marks(reading: Reading) -> Marks:
    marks: Marks = defaultdict(list)
    for line in reading.lines:
        for text in line.about["span"].split():
            span = Span.read(text)
            marks[span.block].append((span.start, span.end, line.about["claim_id"]))
    return marks


def _blocks(document: Document, marks: Marks) -> Iterable[str]:
    section: tuple[str, ...] = ()
    for block in document.blocks:
        if isinstance(block, Table):
            yield from _table(block, marks)
            continue
        if block.section != section and block.kind == "text":
            section = block.section
            yield f"<h2>{html.escape(' › '.join(section))}</h2>"
        yield _paragraph(block, marks)


def _paragraph(block: Paragraph, marks: Marks) -> str:
    tag, kind = ("h1", "title") if block.kind == "title" else ("p", block.kind)
    return f'<{tag} id="{block.id}" class="{kind}">{_marked(block.text, marks.get(block.id, []))}</{tag}>'


def _marked(text: str, places: Sequence[tuple[int, int, str]]) -> str:
    """Text with its numbers in `mark` elements; where claims share a number, its mark names them all."""
    if not places:
        return html.escape(text)
    cuts = sorted({0, len(text), *(min(max(p, 0), len(text)) for start, end, _ in places for p in (start, end))})
    parts = []
    for start, end in itertools.pairwise(cuts):
        ids = list(dict.fromkeys(claim for a, b, claim in places if a <= start and end <= b))
        piece = html.escape(text[start:end])
        parts.append(f'<mark data-c="{html.escape(" ".join(ids))}">{piece}</mark>' if ids else piece)
    return "".join(parts)


def _table(table: Table, marks: Marks) -> Iterable[str]:
    title = f"<b>{html.escape(table.label)}</b> {html.escape(table.caption)}"
    yield f'<figure id="{table.id}"><figcaption>{title}</figcaption>'
    if table.fault:
        yield f'<p class="fault">Not read: {html.escape(table.fault)}.</p>'
    yield '<div class="wide"><table>'
    for r, row in enumerate(table.grid):
        yield "<tr>" + "".join(_cell(table, cell, r, c, marks) for c, cell in enumerate(row)) + "</tr>"
    yield "</table></div>"
    if table.notes:
        yield f'<p class="note">{_marked(table.notes, marks.get(f"{table.id}.notes", []))}</p>'
    yield "</figure>"


def _cell(table: Table, cell: Cell | None, r: int, c: int, marks: Marks) -> str:
    if cell is None:
        return "<td></td>"
    if (cell.row, cell.column) != (r, c):
        return ""
    tag = "th" if r < table.heads or (c == 0 and cell.header) else "td"
    spans = (f' rowspan="{cell.rows}"' if cell.rows > 1 else "") + (
        f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    )
    indent = f' style="padding-left:{min(cell.indent, 12) * 0.4 + 0.4:.1f}em"' if cell.indent and c == 0 else ""
    text = _marked(cell.text, marks.get(Position(table.id, cell.row, cell.column).block, []))
    return f"<{tag}{spans}{indent}>{text}</{tag}>"
