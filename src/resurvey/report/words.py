"""Formatting of numbers, and phrases shared by the sections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from math import isfinite, isnan

from resurvey.report.document import NBSP

VERDICT_TONES = {
    "impossible": "bad",
    "conflict": "bad",
    "discrepant": "bad",
    "other-method": "warn",
    "rounding": "note",
    "reproduced": "good",
    "uncheckable": "plain",
    "not checked": "plain",
}
VERDICT_WORDS = {
    "impossible": "no data can have it",
    "conflict": "the same quantity is printed differently elsewhere",
    "discrepant": "no standard method reproduces it",
    "other-method": "a standard method that the document does not name reproduces it",
    "rounding": "reproduced but for the last digit",
    "reproduced": "follows from the other printed numbers",
    "uncheckable": "a check was tried, but what is printed does not allow it",
    "not checked": "no check reads it",
}
WORST_FIRST = tuple(VERDICT_TONES)
SEVERITY_TONES = {"conclusion": "bad", "major": "warn", "minor": "note", "none": "plain"}
SEVERITY_WORDS = {
    "conclusion": "a stated conclusion is touched",
    "major": "a number that readers use or pool",
    "minor": "a digit or a label",
    "none": "nothing hangs on it",
}


def number(value: object, digits: int = 2) -> str:
    """A number with `digits` decimals below 10, one below 100, none above or if whole; words for NaN and infinity."""
    found = as_float(value)
    if isnan(found):
        return "not estimable"
    if not isfinite(found):
        return "not reached" if found > 0 else "below all bounds"
    if abs(found) >= 100 or found == int(found):
        return f"{found:.0f}".replace("-", "−")
    return f"{found:.{1 if abs(found) >= 10 else digits}f}".replace("-", "−")


def as_float(value: object) -> float:
    """The number in a cell; NaN if there is none."""
    try:
        return float(str(value))
    except (TypeError, ValueError):
        return float("nan")


def is_number(value: object) -> bool:
    """Whether a cell holds a finite number."""
    return isfinite(as_float(value))


def count(value: object, one: str, many: str = "") -> str:
    """A count with its noun: `1 check`, `12 checks`; with separated thousands."""
    found = int(as_float(value))
    return f"{thousands(found)}{NBSP}{one if found == 1 else many or one + 's'}"


def thousands(value: object) -> str:
    """A whole number with separated thousands."""
    return f"{int(as_float(value)):,}".replace(",", "\u202f")


def ratio(value: object) -> str:
    """A ratio with two decimals, three below 0.1."""
    found = as_float(value)
    if not isfinite(found):
        return number(found)
    return f"{found:.3f}" if 0 < found < 0.1 else f"{found:.2f}"


def percent(share: object, decimals: int = 0) -> str:
    """A proportion as a percentage."""
    found = as_float(share)
    return f"{100 * found:.{decimals}f}{NBSP}%".replace("-", "−") if isfinite(found) else number(found)


def points(share: object) -> str:
    """A difference of proportions in percentage points, with one decimal."""
    return f"{100 * as_float(share):.1f}".replace("-", "−")


class Scale(StrEnum):
    """How a number is written; the values are the `kind` of `interval`."""

    RATIO = "ratio"
    PERCENT = "percent"
    POINTS = "points"
    MONTHS = ""


#: Units after a number of each scale that does not bring its own.
UNITS = {Scale.POINTS: " percentage points", Scale.MONTHS: " months"}


def on_scale(value: object, scale: Scale) -> str:
    """A number with its unit: `0.45`, `24.0 %`, `24.0 percentage points`, `5.2 months`."""
    return SHOWN.get(scale, number)(value) + UNITS.get(scale, "")


def as_fine(value: object, printed: str) -> str:
    """A number with at least as many decimals as the printed one with which it is compared."""
    decimals = len(printed.partition(".")[2]) if is_number(printed) else 0
    found = as_float(value)
    return f"{found:.{decimals}f}".replace("-", "−") if decimals > 2 and isfinite(found) else number(value)


def p_value(value: object) -> str:
    """A p value with three decimals, or `<0.001`."""
    found = as_float(value)
    if isnan(found):
        return ""
    return "<0.001" if found < 0.001 else f"{found:.3f}"


def interval(low: object, high: object, kind: str = "") -> str:
    """An interval such as `0.57 to 1.10`; empty if either limit is NaN."""
    if isnan(as_float(low)) or isnan(as_float(high)):
        return ""
    show = SHOWN.get(kind, number)
    return f"{show(low)} to {show(high)}"


SHOWN: Mapping[str, Callable[[object], str]] = {
    "ratio": ratio,
    "percent": lambda cell: percent(cell, 1),
    "points": points,
}


def level(value: object) -> str:
    """A confidence level as a percentage: `95 %`."""
    found = as_float(value)
    return f"{100 * found:g}{NBSP}%" if isfinite(found) else f"95{NBSP}%"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """A list in words: `a, b and c`."""
    found = [part for part in parts if part]
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} {word} {found[-1]}"


def sentence(text: object) -> str:
    """Text with a capital first letter and a full stop."""
    said = str(text).strip()
    if not said:
        return ""
    ends = said[-1] in ".!?:"
    return said[0].upper() + said[1:] + ("" if ends else ".")


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    return sentence(re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip(), maxsplit=1)[0])


SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def spelled(value: int) -> str:
    """Small numbers as words."""
    return SMALL[value] if 0 <= value < len(SMALL) else thousands(value)


# Keys of `printed` in claims.csv; a part that starts with another word continues the part before it.
PRINTED_KEYS = (
    *("value", "lower", "upper", "ci_level", "range_lower", "range_upper", "n", "events", "total", "percent", "p"),
    *("null_median", "alternative_median", "hazard_ratio", "alpha", "power", "sides", "allocation", "patients"),
    *("accrual", "follow_up", "dropout", "time", "n_at_risk"),
)  # fmt: skip


HEAD = ("value", "percent", "lower", "upper", "ci_level", "p")


def printed_words(text: str) -> str:
    """Readable form of the `printed` cell of claims.csv: `11.8 (8.4 to 15.1); n 100`.

    Examples
    --------
    >>> printed_words("value 0.79; lower 0.66; upper 0.95; ci_level 95; p 0.014")
    '0.79 (0.66 to 0.95); p 0.014'
    """
    cells = _printed_cells(text)
    heads = []
    if "value" in cells:
        heads.append(cells.pop("value"))
    if "percent" in cells:
        heads.append(f"{cells.pop('percent')} %")
    head = " ".join(heads)
    for low, high, form in (("lower", "upper", "({} to {})"), ("range_lower", "range_upper", "[range {} to {}]")):
        if low in cells and high in cells:
            head = f"{head} {form.format(cells.pop(low), cells.pop(high))}".strip()
    if cells.get("ci_level") == "95":
        del cells["ci_level"]
    rest = [f"{key.replace('_', ' ')} {cell}" for key, cell in cells.items()]
    return "; ".join(part for part in (head, *rest) if part)


def printed_head(text: str) -> str:
    """Value, interval and p from the same cell, for use in a sentence."""
    cells = _printed_cells(text)
    head = printed_words("; ".join(f"{key} {cells[key]}" for key in HEAD if key in cells))
    return head.replace("; p ", ", p ") or text


def printed_value(text: str) -> str:
    """The value alone or, if there is none, the p value: `0.804`, `p 0.04`."""
    cells = _printed_cells(text)
    return cells.get("value") or cells.get("percent") or (f"p {cells['p']}" if "p" in cells else printed_head(text))


def _printed_cells(text: str) -> dict[str, str]:
    cells: dict[str, str] = {}
    last = ""
    for part in text.split("; "):
        key, _, cell = part.partition(" ")
        if key in PRINTED_KEYS and cell:
            cells[key], last = cell, key
        elif last:
            cells[last] += f"; {part}"
    return cells
