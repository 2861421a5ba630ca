"""The kinds of places where the number of patients behind a share of a table may stand, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SizePlace(StrEnum):
    """A kind of place that may offer a denominator."""

    # Printed for the share's column, section or row.
    BODY = "a row of sizes in the body"
    EARLIER = "a row of sizes above the title of the section"
    SECTION = "the title of the section"
    HEAD = "the heading of the column"
    SPAN = "one part of the heading"
    BRACKET = "a bare number in brackets in the heading"
    BESIDE = "the heading of a column to the left, under the same upper headings"
    WHOLE = "a count printed as 100 % in the first rows"
    CAPTION = "the caption of a table of one group"
    NOTE = "a note, for the arm of the column"
    LABEL = "the label of the row"
    MARKED = "the note that a mark of the cell or of its row refers to"
    ROW = "a cell of the row, under a heading such as No. of patients"
    TOTAL = "the row of totals of the section"
    # Counts of other rows and columns.
    ABOVE = "a row above"
    COLUMN = "another column"
    SAME = "the same label in an earlier section without percentages"
    # Printed for some group that need not be that of the share.
    ANY_NOTE = "a note, for whatever group"
    ELSEWHERE = "elsewhere in the paper, for the arm of the column"
    TOGETHER = "elsewhere in the paper, for the arms of the columns, which add up to the size of caption or section"
    SAID = "elsewhere in the paper, for whatever group"
    # Computed.
    SUM = "the sum of the categories of the section"
    SUMS = "the sum of the categories of another section"
    ACROSS = "the sum of the row, whose percentages add up to 100"
    HEADS = "the sum of the sizes of the columns, for a column of all patients"
    EVERYONE = "the sum of the sizes of the columns, for another column"


@dataclass(frozen=True)
class Source:
    """A place that may print a denominator: its kind and, where a table has several of a kind, which of them."""

    kind: SizePlace
    key: tuple[int, ...] = ()


#: What a size is worth before any arithmetic, in log odds: one printed above or beside the share is probably its
#: denominator, a count of another row or column is one only if the percentages say so.
PRIOR = {
    SizePlace.BODY: 3.0,
    SizePlace.SECTION: 3.0,
    SizePlace.HEAD: 2.5,
    SizePlace.NOTE: 2.0,
    SizePlace.LABEL: 2.0,
    SizePlace.BESIDE: 2.0,
    SizePlace.TOTAL: 2.0,
    SizePlace.CAPTION: 2.0,
    SizePlace.SPAN: 1.5,
    SizePlace.EARLIER: 1.5,
    SizePlace.WHOLE: 1.5,
    SizePlace.TOGETHER: 1.0,
    SizePlace.ROW: 1.0,
    SizePlace.MARKED: 1.0,
    SizePlace.HEADS: 0.0,
    SizePlace.BRACKET: 0.0,
    SizePlace.SAME: -2.0,
    SizePlace.ANY_NOTE: -2.0,
    SizePlace.ELSEWHERE: -4.0,
    SizePlace.EVERYONE: -4.0,
    SizePlace.SAID: -4.0,
    SizePlace.SUM: -4.0,
    SizePlace.ACROSS: -4.0,
    SizePlace.ABOVE: -4.0,
    SizePlace.COLUMN: -4.0,
    SizePlace.SUMS: -8.0,
}
#: Sizes that no place prints: they are computed from the counts.
COMPUTED = frozenset({SizePlace.SUM, SizePlace.ACROSS, SizePlace.SUMS, SizePlace.HEADS, SizePlace.EVERYONE})
#: Counts of other rows and columns, which are sizes only of the shares that they are found for.
COUNTS = frozenset({SizePlace.ABOVE, SizePlace.COLUMN})
#: Sizes that are made of the categories of a section or row, or are one of its counts: that they add up says nothing.
MADE_OF_COUNTS = COUNTS | {SizePlace.SUM, SizePlace.TOTAL, SizePlace.ACROSS}
#: Places that print the size of a column or section.
PRINTED = frozenset({SizePlace.HEAD, SizePlace.BODY, SizePlace.SECTION, SizePlace.SPAN})
#: Places outside the table and its notes.
OUTSIDE = frozenset({SizePlace.ELSEWHERE, SizePlace.SAID})
#: Places that explain complete sets of categories by their construction, and notes on single rows: other sections say
#: nothing of them.
OF_SOME_ROWS = frozenset({SizePlace.SUM, SizePlace.ACROSS, SizePlace.ANY_NOTE, SizePlace.MARKED})
