"""A format-independent document: sections of paragraphs, lists, tables and figures, to be written as HTML, DOCX or PDF.

The text is composed once, in the section modules; nothing here depends on a file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

from resurvey.errors import InputError

# A no-break space keeps a number and its unit on one line.
NBSP = "\u00a0"
# Tables with a total column weight above this do not fit on a portrait page.
TURNED_FROM = 11.0
# Figures up to this rank are printed; the others are only named in print, and shown in the HTML edition.
PAPER_RANK = 3


@dataclass(frozen=True)
class Strong:
    """Emphasised words."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name of a file, a column or an id, shown as typed."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words linked to an anchor of this document, or to a URL if `target` begins with http."""

    text: str
    target: str

    @property
    def external(self) -> bool:
        """Whether the link leads outside the document."""
        return self.target.startswith(("https://", "http://"))


@dataclass(frozen=True)
class Ref:
    """Reference to a table, figure or section of this document, shown as `Table 3`."""

    target: str


@dataclass(frozen=True)
class Cite:
    """Citation of entries in the list of references, by key."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Badge:
    """A label for a class (a verdict, a grade of evidence); `tone` is one of good, note, warn, bad, plain."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Claims:
    """Printed numbers, by claim id: a link to the rows in which they were recorded."""

    ids: tuple[str, ...]
    text: str = ""


Inline: TypeAlias = str | Strong | Code | Link | Ref | Cite | Badge | Claims
Words: TypeAlias = tuple[Inline, ...]


def words(*parts: Inline | Iterable[Inline] | None) -> Words:
    """Inline parts as one flat tuple; None is dropped."""
    made: list[Inline] = []
    for part in parts:
        if part is None or part == "":
            continue
        if isinstance(part, tuple | list):
            made.extend(part)
        else:
            made.append(part)  # type: ignore[arg-type]
    return tuple(made)


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (a section) to 4, with its anchor for links."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text; `lead` marks the main statement of a section."""

    words: Words
    lead: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list; `ordered` if the order matters."""

    items: tuple[Words, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Notice:
    """A prominent caution."""

    words: Words
    tone: str = "note"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `kind` is text, number (right-aligned) or code; `weight` its relative width; `paper` whether a printed appendix has
    it.
    """

    name: str
    kind: str = "text"
    weight: float = 1.0
    paper: bool = True


def columns(spec: str) -> tuple[Column, ...]:
    """Parse `Study:1.1 | Patients:0.7:number` into columns: name, weight (default 1), kind (default text)."""
    made = []
    for part in spec.split(" | "):
        name, weight, kind = (*part.split(":"), "", "")[:3]
        made.append(Column(name, kind or "text", float(weight or 1)))
    return tuple(made)


@dataclass(frozen=True)
class Row:
    """Cells of a table row; `anchor` is set if links lead to it, `data` holds values for the filters of the page."""

    cells: tuple[Words, ...]
    anchor: str = ""

    @classmethod
    def of(cls, *cells: Inline | Words, anchor: str = "") -> Row:
        """Make a row from cells, each given as words or as a single inline part."""
        return cls(tuple(words(cell) for cell in cells), anchor)


@dataclass(frozen=True)
class Table:
    """A table with a self-explanatory caption.

    Attributes
    ----------
    anchor : str
        `tab-...`
    title, note : str, Words
        What it shows; how to read it and its source.
    columns, rows
        The first column names the row.
    claims : tuple of str
        Printed numbers on which it is based.
    wide : bool
        Whether it needs a landscape page.
    long : bool
        Whether it is for searching rather than reading (the table of every number).
    """

    anchor: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Words = ()
    claims: tuple[str, ...] = ()
    wide: bool = False
    long: bool = False

    @property
    def turned(self) -> bool:
        """Whether it is printed on a landscape page."""
        return self.wide and sum(column.weight for column in self.columns) > TURNED_FROM

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise InputError(
                    f"table {self.anchor}: a row has {len(row.cells)} cells for {len(self.columns)} columns"
                )


@dataclass(frozen=True)
class Figure:
    """A figure with the title, caption and alternative text from the drawing step.

    `rank` is its priority, 0 first; figures above `PAPER_RANK` are not printed, and a page with a size limit omits the
    last ones.
    """

    anchor: str
    title: str
    caption: str
    alt: str
    svg: Path
    png: Path
    data: str = ""
    claims: tuple[str, ...] = ()
    rank: int = 0

    @property
    def printed(self) -> bool:
        """Whether it is included in print."""
        return self.rank <= PAPER_RANK


@dataclass(frozen=True)
class Details:
    """Collapsible blocks; in print they are shown under the title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Beside:
    """Figures placed side by side where there is room, otherwise one below the other."""

    blocks: tuple[Figure, ...]


Block: TypeAlias = Heading | Paragraph | Bullets | Notice | Table | Figure | Details | Beside


@dataclass(frozen=True)
class Reference:
    """An entry of the list of references."""

    key: str
    text: str
    url: str = ""


@dataclass(frozen=True)
class Document:
    """The whole report; tables, figures and sections are numbered on creation.

    Attributes
    ----------
    title, question : str
    blocks : tuple of Block
    references : tuple of Reference
        In the order of their numbers.
    numbers : dict of str
        Labels such as `Table 3`, by anchor.
    """

    title: str
    question: str
    blocks: tuple[Block, ...]
    references: tuple[Reference, ...] = ()
    language: str = "en"
    numbers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", _numbered(self.blocks))
        known = set(self.numbers)
        for target in _targets(self.blocks):
            if target not in known:
                raise InputError(f"the report refers to {target!r}, which it does not hold")

    def label(self, target: str) -> str:
        """`Table 3`, `Figure 2` or `Section 4`."""
        return self.numbers[target]

    def cited(self, cite: Cite) -> str:
        """`[3, 7]`."""
        place = {reference.key: number for number, reference in enumerate(self.references, start=1)}
        return "[" + ", ".join(str(number) for number in sorted(place[key] for key in cite.keys)) + "]"


def flat(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block in reading order, including those inside `Details` and `Beside`."""
    for block in blocks:
        yield block
        if isinstance(block, Details | Beside):
            yield from flat(block.blocks)


def _numbered(blocks: Sequence[Block]) -> dict[str, str]:
    counts = {"Section": 0, "Table": 0, "Figure": 0, "Table A": 0}
    numbers: dict[str, str] = {}
    for block in flat(blocks):
        if isinstance(block, Heading) and block.level == 1:
            kind = "Section"
        elif isinstance(block, Table):
            # Long tables are printed in an appendix; a separate series keeps numbers the same in every format.
            kind = "Table A" if block.long else "Table"
        elif isinstance(block, Figure):
            kind = "Figure"
        else:
            continue
        counts[kind] += 1
        if block.anchor in numbers:
            raise InputError(f"the report has two places called {block.anchor!r}")
        numbers[block.anchor] = f"{kind}{NBSP}{counts[kind]}".replace(f"A{NBSP}", "A").replace(" A", f"{NBSP}A")
    return numbers


def _targets(blocks: Sequence[Block]) -> Iterator[str]:
    for part in inlines(blocks):
        if isinstance(part, Ref):
            yield part.target


def inlines(blocks: Iterable[Block]) -> Iterator[Inline]:
    """Every inline part of the blocks."""
    for block in flat(blocks):
        if isinstance(block, Paragraph | Notice):
            yield from block.words
        elif isinstance(block, Bullets):
            for item in block.items:
                yield from item
        elif isinstance(block, Table):
            yield from block.note
            for row in block.rows:
                for cell in row.cells:
                    yield from cell


def plain(parts: Words, document: Document | None = None) -> str:
    """Inline parts as plain text."""
    made = []
    for part in parts:
        if isinstance(part, str):
            made.append(part)
        elif isinstance(part, Ref):
            made.append(document.label(part.target) if document else part.target)
        elif isinstance(part, Cite):
            made.append(document.cited(part) if document else "")
        elif isinstance(part, Claims):
            made.append(claims_text(part))
        else:
            made.append(part.text)
    return "".join(made)


def runs_of(blocks: Iterable[Block]) -> Iterator[Block | tuple[Figure, ...]]:
    """Blocks as printed: consecutive figures that are not printed are grouped in a tuple, to be named together."""
    for left, found in groupby(blocks, key=lambda one: isinstance(one, Figure) and not one.printed):
        if left:
            yield tuple(one for one in found if isinstance(one, Figure))
        else:
            yield from found


def claims_text(claims: Claims, shown: int = 3) -> str:
    """The first claim ids, and the number of further ones."""
    if claims.text:
        return claims.text
    more = len(claims.ids) - shown
    return ", ".join(claims.ids[:shown]) + (f" and {more} more" if more > 0 else "")


def cited_claims(blocks: Iterable[Block]) -> set[str]:
    """Every printed number on which the text, tables and figures are based."""
    blocks = tuple(blocks)
    found = {name for part in inlines(blocks) if isinstance(part, Claims) for name in part.ids}
    for block in flat(blocks):
        if isinstance(block, Table | Figure):
            found.update(block.claims)
    return found


def appendix(blocks: Iterable[Block]) -> list[Table]:
    """Long tables as printed: only the rows to which the document refers."""
    blocks = tuple(blocks)
    wanted = {claim_anchor(name) for name in cited_claims(blocks)}
    made = []
    for block in flat(blocks):
        if isinstance(block, Table) and block.long:
            kept = tuple(row for row in block.rows if row.anchor in wanted)
            shown = [place for place, column in enumerate(block.columns) if column.paper]
            kept = tuple(replace(row, cells=tuple(row.cells[place] for place in shown)) for row in kept)
            said = (
                f"The {len(kept)} of {len(block.rows)} rows that this document leads to; all rows are in the HTML "
                "edition, to be searched and filtered. "
            )
            title = block.title.rsplit(" (", 1)[0]
            columns = tuple(block.columns[place] for place in shown)
            made.append(replace(block, columns=columns, rows=kept, title=title, note=words(said, block.note)))
    return made


def anchor(*parts: object) -> str:
    """Make an anchor from ids and words: letters, digits, hyphens and underscores."""
    text = "-".join(str(part) for part in parts if str(part) not in ("", "nan"))
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")


def claim_anchor(claim_id: str) -> str:
    """Anchor of a row of the table of every number."""
    return f"claim-{anchor(claim_id)}"
