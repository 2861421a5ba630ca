"""Rows of cells from a text or workbook: the delimiter is detected, cells stay text, and each row has a line number."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, field

from resurvey.errors import InputError

#: What a failed formula leaves in a spreadsheet; it begins like a comment but is not one.
FAILED_FORMULA = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)"
COMMENT = re.compile(rf"^\s*((?!{FAILED_FORMULA})#|//|%%|!)\s*")
MISSING = frozenset(["", "na", "nan", "n/a", "-", "--", ".", "null", "none", "xxx", "\u2013", "\u2014"])
POINT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
COMMA = re.compile(r"[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
POINT_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
COMMA_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?", re.ASCII)
ONE_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
SPACE_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}([ '\u00a0\u2009\u202f]\d{3})+([.,]\d+)?", re.ASCII)
#: Headings of two words that R's survfit prints between blanks.
LIMIT_WORDS = re.compile(r"\b(lower|upper) +[\d.]+ *% +CI\b")
SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One line: its number in the file, its cells, and whether it is a comment."""

    line: int
    cells: tuple[str, ...]
    comment: bool = False

    @property
    def filled(self) -> list[str]:
        """Cells that are not empty."""
        return [cell for cell in self.cells if cell]


@dataclass(frozen=True)
class Page:
    """The rows of a file (blank ones too, as they separate sections), notes on reading it, and the word for a line."""

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    divider: str | None = ","
    where: str = "line"
    decimals: tuple[str, ...] = field(default=(".",))


def tidy(cell: str) -> str:
    """A cell without surrounding blanks, and with an ASCII minus sign."""
    return cell.strip().strip("\ufeff").strip().replace("\u2212", "-")


def number_of(cell: str, decimal: str) -> float | None:
    """The number in a cell with this decimal mark (thousands may be grouped, a % may follow), or None.

    A number too large for floating point (1e400) gives None.
    """
    text = cell.removesuffix("%").rstrip()
    if SPACE_GROUPS.fullmatch(text):
        text = re.sub(r"[ '\u00a0\u2009\u202f]", "", text)
    if decimal == ".":
        if POINT_GROUPS.fullmatch(text):
            text = text.replace(",", "")
        return _finite(text) if POINT.fullmatch(text) else None
    if COMMA_GROUPS.fullmatch(text):
        text = text.replace(".", "")
    return _finite(text.replace(",", ".")) if COMMA.fullmatch(text) else None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def two_meanings(cell: str, decimal: str) -> str:
    """Both numbers that a cell may stand for, in words; empty where it has one meaning.

    Three digits behind a comma or point that is not the decimal mark may be a group of thousands or a decimal fraction:
    `1,035` is 1035 or 1.035. No decimal mark is given for cells that hold no fractions.
    """
    text = cell.removesuffix("%").rstrip()
    found = ONE_GROUP.fullmatch(text)
    if not found or found.group(1) == decimal:
        return ""
    return f"may be {text.replace(found.group(1), '')} or {text.replace(found.group(1), '.')}"


def is_number(cell: str) -> bool:
    """Whether a cell is a number with either decimal mark."""
    return number_of(cell, ".") is not None or number_of(cell, ",") is not None


def is_missing(cell: str) -> bool:
    """Whether a cell marks a missing number."""
    return cell.lower() in MISSING


def page_of_text(text: str, name: str) -> Page:
    """Rows of a text, split by the delimiter that makes most cells numbers, and the decimal marks they may have.

    Raises
    ------
    InputError
        If the text is empty.
    """
    if not text.strip():
        raise InputError(f"{name}: the file is empty, expected two columns (time, survival)")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    pages = [(divider, _rows(text, divider, name)) for divider in ("\t", ";", ",", "|", None)]
    divider, rows = max(pages, key=lambda page: _score(page[1], page[0]))
    return Page(name, tuple(rows), divider=divider, decimals=decimal_marks(rows))


def _rows(text: str, divider: str | None, name: str) -> list[Row]:
    """Rows split by one delimiter; None stands for blanks."""
    if divider is None:
        lines = enumerate(LIMIT_WORDS.sub(r"\1", text).split("\n"), start=1)
        return [_row(line, re.findall(r'"[^"]*"|[^\s"]+', COMMENT.sub("", words)), words) for line, words in lines]
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, skipinitialspace=True)
    rows, last = [], 0
    try:
        for cells in reader:
            first, last = last + 1, reader.line_num
            head = COMMENT.sub("", cells[0]) if cells else ""
            rows.append(_row(first, [head, *cells[1:]], cells[0] if cells else ""))
    except csv.Error as error:
        raise InputError(f"{name}: line {reader.line_num} cannot be read as a table ({error})") from None
    return rows


def _row(line: int, cells: list[str], start: str) -> Row:
    words = [tidy(tidy(cell).strip("\"'")) for cell in cells]
    return Row(line, tuple(words), bool(COMMENT.match(start)))


def _score(rows: list[Row], divider: str | None) -> float:
    """Score of a delimiter: the share of numbers in each row of two or more cells, summed.

    If there are no numbers, a delimiter that makes rows of more than one cell is better than none.
    """
    total = 0.0
    for row in rows:
        numbers = sum(is_number(cell) for cell in row.filled)
        if numbers >= 2 and not row.comment:
            total += numbers / len(row.filled)
        total += 0.01 * (len(row.cells) > 1 and divider is not None)
    return total


def decimal_marks(rows: list[Row]) -> tuple[str, ...]:
    """Decimal marks that the cells may have: one if it is clear, both if every comma may also group thousands."""
    cells = [cell.removesuffix("%").rstrip() for row in rows if not row.comment for cell in row.filled]
    commas = [cell for cell in cells if "," in cell and is_number(cell)]
    if not commas:
        return (".",)
    sure_comma = sum(not POINT_GROUPS.fullmatch(cell) for cell in commas)
    sure_point = sum("." in cell and is_number(cell) and not COMMA_GROUPS.fullmatch(cell) for cell in cells)
    if sure_comma or sure_point:
        return (",",) if sure_comma > sure_point else (".",)
    return (".", ",")


def list_faults(name: str, faults: list[str]) -> InputError:
    """One error that lists every fault of a file."""
    if len(faults) == 1:
        return InputError(f"{name}: {faults[0]}")
    shown = [f"  {fault}" for fault in faults[:SHOWN]]
    more = [f"  and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
    return InputError("\n".join([f"{name}: {len(faults)} faults:", *shown, *more]))
