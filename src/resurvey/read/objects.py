"""Objects of a reading: a document of paragraphs and tables, claims with their positions, drafts, findings.

The text of a block keeps one character for each printed one (`normal.plain` never changes a length), so that a span
marks the printed number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from resurvey.read.rules import TableRule


class Position(NamedTuple):
    """A cell by its table, row and column, where it begins."""

    table: str
    row: int
    column: int

    @property
    def block(self) -> str:
        """Id of the cell: `t2.r3.c4`."""
        return f"{self.table}.r{self.row}.c{self.column}"


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of one block: a paragraph (`p12`) or a table cell (`t2.r3.c4`)."""

    block: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.block}:{self.start}-{self.end}"

    @property
    def part(self) -> str:
        """The paragraph or table that the span is in."""
        return self.block.partition(".")[0]

    @property
    def position(self) -> Position | None:
        """The cell that the span is in; None in a paragraph."""
        if "." not in self.block:
            return None
        table, row, column = self.block.split(".")
        return Position(table, int(row[1:]), int(column[1:]))


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, a title or a caption.

    Attributes
    ----------
    id : str
        Id of the block: `p` and its number.
    section : tuple of str
        Titles from the outermost section inwards.
    index : int
        Number within its section, from 1.
    text : str
        Text as printed, with single blanks, citations in square brackets and superscripts after a caret.
    kind : str
        `text`, `title`, `caption` or `note`.
    locator : str
        Location for the reader: `Results, Efficacy, par. 2`.
    """

    id: str
    section: tuple[str, ...]
    index: int
    text: str
    kind: str
    locator: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table, at its first row and column; `indent` in blanks, `header` if marked as a heading."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    header: bool = False
    indent: int = 0


@dataclass(frozen=True)
class Table:
    """A table as a full grid: `grid[r][c]` is the cell that covers the position, None where nothing is printed.

    `heads` is the number of heading rows; `fault` says why the table cannot be read and is empty if it can.
    """

    id: str
    label: str
    caption: str
    grid: tuple[tuple[Cell | None, ...], ...]
    heads: int
    notes: str = ""
    section: tuple[str, ...] = ()
    fault: str = ""

    @property
    def locator(self) -> str:
        """Location of the table for the reader."""
        return self.label or f"Table without a number ({self.id})"


Block = Paragraph | Table


@dataclass(frozen=True)
class Document:
    """A paper as blocks in order, with its bibliographic details.

    `about` holds title, doi, year, journal, authors, licence and citation where printed; `refused` describes what could
    not be read, and where.
    """

    name: str
    kind: str
    blocks: tuple[Block, ...]
    about: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> list[Paragraph]:
        """Paragraphs in order."""
        return [block for block in self.blocks if isinstance(block, Paragraph)]

    @property
    def tables(self) -> list[Table]:
        """Tables in order."""
        return [block for block in self.blocks if isinstance(block, Table)]


#: What a claim states; `drafting.TABLE_OF` says into which table each goes.
ClaimKind = Literal[
    "ratio",
    "median",
    "rate",
    "proportion",
    "p",
    "follow_up",
    "difference",
    "design",
    "at_risk",
    "arm",
    "quantity",
    "trial",
    "name",
]


@dataclass(frozen=True)
class Claim:
    """A claim at one place of a paper, with its numbers as printed.

    Attributes
    ----------
    kind : str
        One of `ClaimKind`.
    cells : dict of str to str
        Values by column of the draft table.
    spans : tuple of Span
        Spans of the numbers, the main one first.
    rule : str
        Rule that found the claim: a key of the table of confidences.
    locator : str
        Location for the reader.
    context : str
        Words that identify the place (row and column headings, or the sentence) in folded form; never stored.
    notes : tuple of str
        Notes on what is uncertain.
    """

    kind: ClaimKind
    cells: dict[str, str]
    spans: tuple[Span, ...]
    rule: str
    locator: str
    context: str = ""
    notes: tuple[str, ...] = ()

    @property
    def in_table(self) -> bool:
        """Whether the claim was found in a table."""
        return self.rule.startswith("table-")

    @property
    def in_text(self) -> bool:
        """Whether the claim was found in running text."""
        return self.rule.startswith("text-")

    @property
    def beside_other_work(self) -> bool:
        """Whether the claim stands in a section that speaks of other work too: the introduction or the discussion."""
        return self.rule.endswith("-elsewhere")

    @property
    def beside_its_total(self) -> bool:
        """Whether the cell of a share prints its denominator, `12/40`."""
        return TableRule.COUNT_TOTAL in self.rule

    @property
    def percent_first(self) -> bool:
        """Whether the percentage of a share is printed before its count, `30 % (12)`."""
        return TableRule.PERCENT_COUNT in self.rule


@dataclass(frozen=True)
class Draft:
    """An unconfirmed row of a table of data/raw, and the claim it came from."""

    claim_id: str
    table: str
    cells: dict[str, str]
    claim: Claim
    confidence: float
    mark: str

    @property
    def certainty(self) -> str:
        """`sure`, `likely` or `look`."""
        return "sure" if self.confidence >= SURE else "likely" if self.confidence >= LIKELY else "look"


SURE, LIKELY = 0.96, 0.85


class Doubt(StrEnum):
    """Why numbers that contradict each other are no finding: the reading, not the paper, may be at fault."""

    MISREAD = "misread"
    UNCONFIRMED = "unconfirmed"
    OTHER_PATIENTS = "other patients"
    OTHER_METHOD = "other method"


@dataclass(frozen=True)
class Finding:
    """An inconsistency in the paper: one cause, with all its locations.

    `doubt` is set where numbers do not agree, but more likely because of the reading than because of a misprint; the
    audit tells such rows once a place, and not as findings.
    """

    rule: str
    verdict: str
    severity: str
    claim_ids: tuple[str, ...]
    locators: tuple[str, ...]
    reported: str
    recomputed: str
    explanation: str
    doubt: Doubt | None = None


@dataclass(frozen=True)
class Doubtful:
    """Rows of one place that do not agree for one reason, which is hardly a misprint of the paper."""

    rule: str
    doubt: Doubt
    place: str
    claim_ids: tuple[str, ...]
    reported: tuple[str, ...]
    explanation: str
