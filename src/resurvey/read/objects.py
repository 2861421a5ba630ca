"""The objects of a reading: a document of paragraphs and tables, claims with their places, drafts, findings.

Text of a block is kept with one character for each printed one (`normal.plain` never changes a length), so that a
span of a block marks the printed number.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of one block: a paragraph (`p12`) or a table cell (`t2.r3.c4`)."""

    block: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.block}:{self.start}-{self.end}"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph, a title or a caption.

    Attributes
    ----------
    id : str
        Of the block: `p` and its number.
    section : tuple of str
        Titles from the outermost section inwards.
    index : int
        Number in its section, from 1.
    text : str
        As printed, blanks made single, citations in square brackets, superscripts after a caret.
    kind : str
        `text`, `title`, `caption` or `note`.
    locator : str
        How a person finds it: `Results, Efficacy, par. 2`.
    """

    id: str
    section: tuple[str, ...]
    index: int
    text: str
    kind: str
    locator: str


@dataclass(frozen=True)
class Cell:
    """A cell of a table, at its first row and column; `indent` in blanks, `header` when printed as a heading."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    header: bool = False
    indent: int = 0


@dataclass(frozen=True)
class Table:
    """A table as a full grid: `grid[r][c]` is the cell that covers the place, None where nothing is printed.

    `heads` is the number of heading rows; `fault` says why the table cannot be read, empty when it can.
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
        """How a person finds the table."""
        return self.label or f"Table without a number ({self.id})"


Block = Paragraph | Table


@dataclass(frozen=True)
class Document:
    """A paper as blocks in order, with what its head says of itself.

    `about` holds title, doi, year, journal, authors, licence and citation where printed; `refused` says in words what
    could not be read, and where.
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


@dataclass(frozen=True)
class Claim:
    """What one place of a paper says, its numbers as printed.

    Attributes
    ----------
    kind : str
        A key of `draft.TABLE_OF`: ratio, median, rate, proportion, p, follow_up, difference, design, at_risk, arm,
        quantity, trial, name.
    cells : dict of str to str
        By column of the draft table.
    spans : tuple of Span
        Of the numbers, the first one first.
    rule : str
        That found it: a key of the table of confidences.
    locator : str
        How a person finds it.
    context : str
        Own words that tell the place apart (row and column heads, or the sentence) in folded form; never stored.
    notes : tuple of str
        What is uncertain, in our own words.
    """

    kind: str
    cells: dict[str, str]
    spans: tuple[Span, ...]
    rule: str
    locator: str
    context: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A row of a table of data/raw, not yet confirmed, and the claim it came from."""

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


@dataclass(frozen=True)
class Finding:
    """Something in the paper that does not add up: one cause, all its places."""

    rule: str
    verdict: str
    severity: str
    claim_ids: tuple[str, ...]
    locators: tuple[str, ...]
    reported: str
    recomputed: str
    explanation: str
