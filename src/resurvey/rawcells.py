"""Rules for the content of one cell of a raw table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from resurvey import reported
from resurvey.characters import odd
from resurvey.errors import InputError
from resurvey.hints import is_excel_date
from resurvey.schema import KINDS, Column
from resurvey.vocabulary import months_per

IDENTIFIER = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")
DATE = re.compile(r"^(\d{4})(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$", re.ASCII)
FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
GRADE = re.compile(r"^(any|all|[0-5]|[0-4]\s?[-–]\s?[1-5]|(>=|≥|≤|<=)\s?[0-5]|[0-4]\+)$", re.IGNORECASE | re.ASCII)
CONTROL = re.compile(r"[\t\r\n]")
MAX_CELL = 20_000
FIRST_YEAR = 1700
NUMBERS = ("number", "count", "size", "percent", "p", "level")


def expected(column: Column) -> str:
    """Describe the allowed content of a cell of the column."""
    return f"one of {', '.join(column.choices)}" if column.kind == "choice" else KINDS[column.kind]


def check_cell(column: Column, value: str) -> str:
    """Return the rule that a cell violates, or an empty text."""
    if not value:
        return "it must not be empty" if column.required else ""
    if len(value) > MAX_CELL:
        return f"it has {len(value):,} characters, and {MAX_CELL:,} are the most"
    if wrong := odd(value) or ("it contains a tab or a line break" if CONTROL.search(value) else ""):
        return wrong
    if column.kind == "choice":
        return "" if value in column.choices else "it is not one of the choices"
    if column.kind in NUMBERS:
        return _check_number(column.kind, value)
    if column.kind in RULES_OF_WORDS:
        return RULES_OF_WORDS[column.kind](value)
    if column.kind == "ids" and not all(IDENTIFIER.match(part.strip()) for part in value.split(";")):
        return "it is not a list of ids"
    return ""


def _grade(value: str) -> str:
    if GRADE.match(value):
        return ""
    date = "it is not a grade; a spreadsheet made a date of it" if is_excel_date(value) else ""
    return date or "it is not a grade"


def _unit_of_time(value: str) -> str:
    return "" if months_per(value) is not None else "it is not a unit of time"


def _date(value: str) -> str:
    if not DATE.match(value):
        return "it is not a date"
    return "" if is_day(value) else "there is no such day"


def is_day(value: str) -> bool:
    """Whether a date of the form YYYY, YYYY-MM or YYYY-MM-DD exists and is not before `FIRST_YEAR`."""
    try:
        return date.fromisoformat(f"{value}-01-01"[:10]).year >= FIRST_YEAR
    except ValueError:
        return False


#: The rule that a cell of text violates, by kind; an empty text if it is valid.
RULES_OF_WORDS: dict[str, Callable[[str], str]] = {
    "id": lambda value: "" if IDENTIFIER.match(value) else "it is not an id",
    "file": lambda value: "" if FILE.match(value) else "it is not a file",
    "date": _date,
    "grade": _grade,
    "time_unit": _unit_of_time,
}


LIMITS = {
    "count": (0.0, 1e9),
    "size": (1.0, 1e9),
    "percent": (0.0, 100.0),
    "p": (0.0, 1.0),
    "level": (50.0, 99.99),
    "number": (-1e12, 1e12),
}


def _check_number(kind: str, value: str) -> str:
    try:
        number = reported.parse(value)
    except InputError as error:
        return str(error)
    if number.operator == "NR":
        return "" if kind in ("number", "percent") else "'not reached' is not possible here"
    if kind in ("count", "size") and number.decimals > 0:
        return "it is not a whole number"
    low, high = LIMITS[kind]
    return "" if low <= number.value <= high else f"outside {low:g} to {high:g}"
