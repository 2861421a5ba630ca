"""Places of a table: cells of its body, rows with their labels, the whole with its headings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from resurvey.read.objects import Cell, Table
from resurvey.read.table_cells import CellValue

# Cells without a value: dashes, dots, not applicable.
EMPTY = re.compile(r"[-.·\s/]{1,4}|n\.?/?a\.?", re.IGNORECASE)
FOOT = re.compile(r"(?:\^\s?)+(?:[*†‡§¶#]{1,6}|[\w,]{1,6}(?!\w))(?:\s\^[,;])?|[*†‡§¶#]{1,3}(?=\s|$)")


# The category that the ratios of a section are against: `1 (ref)`, `Reference`, `1.00`.
REFERENCE = re.compile(
    r"1(?:\.0{1,3})?(?:\s?[(\[]?\s?ref(?:\.|erence|erent)?(?: (?:group|category))?\s?[)\]]?)?|"
    r"[(\[]?\s?ref(?:\.|erence|erent)?(?: (?:group|category))?\s?[)\]]?",
    re.IGNORECASE,
)


AGE = re.compile(r"age(?:\W{1,3}(?:years?|yrs?|y)\)?)?")
# Rows numbered from 1 that make a list of patients rather than of categories.
PATIENTS = 6


@dataclass(frozen=True)
class Reference:
    """A row that some columns mark as the reference of its section."""

    section: tuple[str, ...]
    label: str
    columns: frozenset[int]


@dataclass(frozen=True)
class Place:
    """A printed cell of the body: position, text and numbers. `part` counts the lines of one cell."""

    row: int
    column: int
    cell: Cell
    text: str
    offset: int
    value: CellValue
    part: int = 0


@dataclass
class Row:
    """A row of the body: labels from section to row label, the size printed for its section, its cells by column.

    `sizes` are those of the last row of sizes in its section, `earlier` those of one above the title of its section,
    `marks` the footnote marks of its labels.
    """

    number: int
    section: tuple[str, ...]
    label: str
    cells: dict[int, Place]
    section_size: str = ""
    indent: int = 0
    sizes: dict[int, str] = field(default_factory=dict)
    earlier: dict[int, str] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """Sections and label in one text."""
        return " / ".join(part for part in (*self.section, self.label) if part)


@dataclass
class Layout:
    """A table ready to read."""

    table: Table
    stub: int
    heads: list[tuple[str, ...]]
    rows: list[Row]
    parents: list[str] = field(default_factory=list)
    sizes: dict[int, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)

    @cached_property
    def lists_responses(self) -> bool:
        """Whether rows or columns are the categories of best response: complete, partial, progression."""
        names = [row.label.strip() for row in self.rows] + [path[-1].strip() for path in self.heads if path]
        return bool({"CR", "PR", "PD"} & set(names)) or any(
            re.match(r"(?:complete|partial) respon", n, re.I) for n in names
        )

    @cached_property
    def lists_patients(self) -> bool:
        """Whether the rows are patients, so that their whole numbers are values and not counts.

        They are numbered from 1, or have a column for their age and one for their sex.
        """
        leaves = {self.leaf(c).strip().lower() for c in range(len(self.heads))}
        if any(AGE.fullmatch(leaf) for leaf in leaves) and leaves & {"sex", "gender"}:
            return True
        labels = [re.match(r"\d{1,3}(?=\s*(?:/|$))", (*row.section, row.label)[0]) for row in self.rows]
        numbers = list(dict.fromkeys(int(match[0]) for match in labels if match))
        first = numbers[:1] == [1] and numbers == list(range(1, len(numbers) + 1))
        shares = any("p" in place.value.shape for row in self.rows for place in row.cells.values())
        return (
            first and len(numbers) >= PATIENTS and 5 * len([m for m in labels if m]) >= 4 * len(labels) and not shares
        )

    def head(self, column: int) -> str:
        """All headings of a column in one text, outermost first."""
        return " / ".join(self.heads[column])

    def leaf(self, column: int) -> str:
        """The innermost heading of a column."""
        return self.heads[column][-1] if self.heads[column] else ""


def clean(text: str) -> str:
    """A label without footnote marks and line breaks."""
    return " ".join(FOOT.sub("", text.replace("\n", " ")).split())
