"""The report as an HTML page that opens offline: template, styles and scripts inline; the rest in files beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from resurvey import inert
from resurvey.report.document import (
    Badge,
    Block,
    Cite,
    Claims,
    Code,
    Document,
    Figure,
    Heading,
    Inline,
    Link,
    Ref,
    Strong,
    Table,
    Words,
    claim_anchor,
    claims_text,
    flat,
    plain,
)
from resurvey.report.template_files import template_text
from resurvey.report.templating import loaded
from resurvey.report.words import count

CLAIMS_LINKED = 400


#: The file, in the folder of the page, that holds the table library.
LIBRARY_FILE = "tables.js"
#: Loads the table library into the page. A page opened from disk may not import a JavaScript module from a file,
#: so an ordinary script holds the text of the module.
LIBRARY = """// The library of the searchable table in index.html: DataTables, MIT licence, as itables ships it.
import('data:text/javascript;charset=utf-8,' + encodeURIComponent({library})).then((library) => {{
  window.ReportTable = library.default;
  window.dispatchEvent(new Event('report-library'));
}});
"""

#: Rows of one table that the page itself holds, and the file in its folder that holds the others.
ROWS_ON_PAGE = 200
ROWS_FILE = "rows.js"
#: A script for the same reason; the page adds it when one of its tables is first seen.
ROWS = """// The further rows of the long tables in index.html, by table.
window.reportRows({rows});
"""


@dataclass(frozen=True)
class Picture:
    """A figure on the page: a separate file that is loaded when it comes into view.

    Attributes
    ----------
    file : str
        URL of the figure relative to the page.
    width, height : int
        In CSS pixels.
    """

    file: str
    width: int
    height: int


def render_html(document: Document, place: Path, own: Path | None = None) -> str:
    """The report as an HTML page.

    Parameters
    ----------
    document : Document
    place : Path
        Folder in which the page will be placed; figures are linked relative to it.
    own : Path, optional
        Folder of a project's own templates: report.html, report.css, report.js.

    Returns
    -------
    str
        HTML that makes no external request; the same document gives the same bytes. The only external scripts that the
        page allows are `library_script`, identified by its digest, and what its own script adds: `rows_script`.
    """
    writer = _Writer(document, pictures(document, place))
    template = loaded("report.html", own, writer.filters())
    script = template_text("report.js", own)
    return template.render(
        document=document,
        contents=[block for block in document.blocks if isinstance(block, Heading) and block.level == 1],
        writer=writer,
        style=Markup(template_text("report.css", own)),
        script=Markup(script),
        library_file=LIBRARY_FILE,
        library_mark=inert.digest(library_script()),
        allowed=Markup(inert.allowed(script)),
        library_style=Markup(_library("css")),
        rows_file=ROWS_FILE,
        rows_on_page=ROWS_ON_PAGE,
        rows_of=rows_of,
        least_width=least_width,
        has_numbers=any(table.long or len(table.rows) > ROWS_ON_PAGE for table in _tables(document)),
    )


def rows_script(document: Document, own: Path | None = None) -> str:
    """Content of `ROWS_FILE`: the rows of every table after the first `ROWS_ON_PAGE`, which keep the page small.

    Parameters
    ----------
    document, own
        As for `render_html`.

    Returns
    -------
    str
        A script in ASCII that passes the HTML of the rows, by anchor of their table, to the function `reportRows`.
    """
    writer = _Writer(document, {})
    render = loaded("rows.html", own, writer.filters()).module.render_rows  # type: ignore[attr-defined]
    cut = [table for table in _tables(document) if len(table.rows) > ROWS_ON_PAGE]
    return ROWS.format(
        rows=json.dumps({table.anchor: render(table, table.rows[ROWS_ON_PAGE:]) for table in cut}, indent=0)
    )


def _tables(document: Document) -> Iterator[Table]:
    return (block for block in flat(document.blocks) if isinstance(block, Table))


def _library(kind: str) -> str:
    """The scripts or styles of the table library included in itables."""
    from itables.utils import read_package_file

    return str(read_package_file("html", f"dt_bundle.{kind}"))


@cache
def library_script() -> str:
    """Content of `LIBRARY_FILE`; without it the page shows all numbers as one long table.

    Returns
    -------
    str
        A script in ASCII, the same for every project.
    """
    return LIBRARY.format(library=json.dumps(_library("js")))


# Minimum width, in em, of a column of weight 1, so that long words are not broken.
COLUMN_LEAST, LONG_COLUMN_LEAST = 7.0, 4.9


def least_width(table: Table) -> float:
    """Minimum width of a table in em; on a narrower screen it scrolls."""
    one = LONG_COLUMN_LEAST if table.long else COLUMN_LEAST
    return sum(column.weight for column in table.columns) * one


def rows_of(block: Table | Figure) -> Claims:
    """The link to the printed numbers behind a table or figure."""
    return Claims(block.claims, f"The {count(len(block.claims), 'printed number')} behind it")


class _Writer:
    """Writes inline parts as HTML; all text from tables is escaped."""

    def __init__(self, document: Document, pictures: dict[str, Picture]):
        self.document = document
        self.pictures = pictures
        # Where a link to a row of printed numbers leads without the script: the row, or its table if the page cuts it.
        self.rows = {
            row.anchor: row.anchor if place < ROWS_ON_PAGE else table.anchor
            for table in _tables(document)
            if table.long
            for place, row in enumerate(table.rows)
        }

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters that the templates use."""
        return {"inline": self.inline, "kind": lambda block: type(block).__name__}

    def inline(self, parts: Words) -> Markup:
        return Markup("").join(self._part(part) for part in parts)

    def _part(self, part: Inline) -> Markup:
        if isinstance(part, str):
            return escape(part)
        if isinstance(part, Strong):
            return Markup("<strong>{}</strong>").format(part.text)
        if isinstance(part, Code):
            return Markup("<code>{}</code>").format(part.text)
        if isinstance(part, Badge):
            return Markup('<b class="badge {}">{}</b>').format(part.tone, part.text)
        if isinstance(part, Link):
            if part.external:
                return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(part.target, part.text)
            return Markup('<a href="{}">{}</a>').format(part.target, part.text)
        if isinstance(part, Ref):
            return Markup('<a href="#{}">{}</a>').format(part.target, self.document.label(part.target))
        if isinstance(part, Cite):
            return self._cite(part)
        return self.claims(part)

    def _cite(self, cite: Cite) -> Markup:
        place = {reference.key: number for number, reference in enumerate(self.document.references, start=1)}
        links = [
            Markup('<a href="#ref-{}">{}</a>').format(key, place[key])
            for key in sorted(cite.keys, key=place.__getitem__)
        ]
        return Markup('<span class="cite">[') + Markup(", ").join(links) + Markup("]</span>")

    def claims(self, claims: Claims) -> Markup:
        """A link to the rows of printed numbers: with the script it shows all, without it the first or the table."""
        there = [name for name in claims.ids if claim_anchor(name) in self.rows]
        text = claims_text(claims)
        if not there:
            return escape(text)
        return Markup('<a class="rows" href="#{}" data-rows="{}">{}</a>').format(
            self.rows[claim_anchor(there[0])], " ".join(there[:CLAIMS_LINKED]), text
        )

    def sections(self) -> list[tuple[Heading, list[Block]]]:
        """Level-1 headings with the blocks under each."""
        made: list[tuple[Heading, list[Block]]] = []
        for block in self.document.blocks:
            if isinstance(block, Heading) and block.level == 1:
                made.append((block, []))
            else:
                made[-1][1].append(block)
        return made

    def label(self, anchor: str) -> str:
        """The label of an anchor, such as `Table 3`."""
        return self.document.label(anchor)

    def picture(self, figure: Figure) -> Picture:
        """The picture of a figure."""
        return self.pictures[figure.anchor]

    def text(self, parts: Words) -> str:
        """Plain text, for attributes."""
        return plain(parts, self.document)


def pictures(document: Document, place: Path) -> dict[str, Picture]:
    """The pictures of all figures, by anchor."""
    made: dict[str, Picture] = {}
    for figure in (block for block in flat(document.blocks) if isinstance(block, Figure)):
        with figure.png.open("rb") as stream:
            width, height = _pixels(stream.read(HEADER))
        file = quote(Path(os.path.relpath(figure.svg, place)).as_posix())
        # Figures are drawn at twice the standard screen resolution.
        made[figure.anchor] = Picture(file, width // 2, height // 2)
    return made


HEADER = 24  # bytes of a PNG up to and including its size


def _pixels(png: bytes) -> tuple[int, int]:
    """Width and height from the header of a PNG."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
