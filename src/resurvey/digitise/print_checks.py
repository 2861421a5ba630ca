"""Compare the curves with the values printed in the paper; each disagreement is reported with both values."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

import numpy as np

from resurvey.digitise.digitised import Check, RiskRow, TracedCurve
from resurvey.errors import InputError
from resurvey.reported import Reported, parse

QUANTITIES = ("median", "survival", "n", "at risk", "hazard ratio")
COLUMNS = ("curve", "quantity", "time", "value", "other")
# Accepted difference between curve and paper, in standard deviations of the reading and as a log hazard ratio.
DEVIATIONS = 2.0
RATIO = 0.25
LEAST = 0.01


@dataclass(frozen=True)
class Printed:
    """A value printed in the paper for a curve, which is named as in the figure or numbered from the top.

    `time` is the time of a survival probability or a number at risk; `other` is the reference curve of a hazard ratio.
    `value` is text as printed; a survival probability is a proportion or has a per cent sign. Times and medians are in
    a unit that equals `scale` units of the figure's axis.
    """

    curve: str
    quantity: str
    value: str
    time: float | None = None
    other: str = ""
    scale: float = 1.0

    @property
    def at(self) -> float:
        """The time in units of the axis; 0 if none is given."""
        return (self.time or 0.0) * self.scale


def read_printed(path: Path) -> tuple[Printed, ...]:
    """Printed numbers from a CSV with the columns curve, quantity, time, value, other.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing or a cell is invalid; the message names all rows affected.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS[:2] + COLUMNS[3:4] if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path.name}: no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name}: cannot be read as a table ({error})") from None
    faults = [f"{path.name}, line {line}: {fault}" for line, row in rows if (fault := _fault(row))]
    if faults:
        raise InputError("\n".join(faults))
    return tuple(_printed(row) for _, row in rows)


def _cell(row: dict[str, str], name: str) -> str:
    return (row.get(name) or "").strip()


def _fault(row: dict[str, str]) -> str:
    quantity, value = _cell(row, "quantity"), _cell(row, "value")
    if quantity not in QUANTITIES:
        return f"quantity is {quantity!r}, expected one of {', '.join(QUANTITIES)}"
    try:
        number = parse(value.rstrip("% "))
    except InputError as error:
        return f"value: {error}"
    if not number.is_reported or (number.operator != "NR" and not number.is_number):
        return f"value is {value!r}, expected a number as printed"
    if quantity in ("survival", "at risk") and not _is_time(_cell(row, "time")):
        return f"time is {_cell(row, 'time')!r}, expected the time of this {quantity}"
    if quantity == "hazard ratio" and not _cell(row, "other"):
        return "other is empty, expected the curve that the hazard ratio is against"
    return ""


def _is_time(text: str) -> bool:
    try:
        return 0 <= float(text) < 1e6
    except ValueError:
        return False


def _printed(row: dict[str, str]) -> Printed:
    time = float(_cell(row, "time")) if _is_time(_cell(row, "time")) else None
    return Printed(_cell(row, "curve"), _cell(row, "quantity"), _cell(row, "value"), time, _cell(row, "other"))


def check_printed(curves: Sequence[TracedCurve], rows: Sequence[RiskRow], printed: Sequence[Printed]) -> Check | None:
    """Check whether the curves agree with the printed values, within rounding and reading error.

    Raises
    ------
    InputError
        If a printed value refers to a curve that the figure does not have.
    """
    if not printed:
        return None
    wrong = [words for one in printed if (words := _disagreement(one, curves, rows))]
    if wrong:
        return Check("printed", "doubtful", "; ".join(wrong))
    return Check("printed", "passed", f"{len(printed)} printed numbers agree with the curves")


def known(printed: Sequence[Printed], curves: Sequence[TracedCurve]) -> tuple[Printed, ...]:
    """The printed values whose curves exist in the figure."""
    there = [
        one
        for one in printed
        if _named(one.curve, curves) is not None and (not one.other or _named(one.other, curves) is not None)
    ]
    return tuple(there)


def _named(name: str, curves: Sequence[TracedCurve]) -> TracedCurve | None:
    """The curve with a given name, or number from the top; the only curve if no name is given."""
    for curve in curves:
        if curve.name == name:
            return curve
    if name.isdigit() and 1 <= int(name) <= len(curves):
        return curves[int(name) - 1]
    return curves[0] if not name and len(curves) == 1 else None


def _curve(name: str, curves: Sequence[TracedCurve]) -> TracedCurve:
    curve = _named(name, curves)
    if curve is not None:
        return curve
    known = ", ".join(f"{k + 1} {curve.name!r}" for k, curve in enumerate(curves))
    raise InputError(f"printed numbers: the figure has no curve {name!r}; it has {known}")


def _disagreement(one: Printed, curves: Sequence[TracedCurve], rows: Sequence[RiskRow]) -> str:
    curve = _curve(one.curve, curves)
    number = parse(one.value.rstrip("% "))
    if one.quantity == "median":
        return _median(one, number, curve)
    if one.quantity == "survival":
        return _survival(one, number, curve)
    if one.quantity == "n":
        return _patients(one, number, curve, rows)
    if one.quantity == "at risk":
        return _at_risk(one, number, curve, rows)
    return _ratio(one, number, curve, _curve(one.other, curves), rows)


def _stands_for(number: Reported) -> tuple[float, float]:
    """Range of values a printed number may represent, either rounded to nearest or truncated."""
    low, high = number.interval("cut off")
    return min(low, number.lower), max(high, number.upper)


def _median(one: Printed, number: Reported, curve: TracedCurve) -> str:
    margin = np.maximum(DEVIATIONS * curve.uncertainty, LEAST)
    first, last = _reaches(curve, curve.survival - margin), _reaches(curve, curve.survival + margin)
    if number.operator == "NR":
        said = f"median of {curve.name}: printed as not reached, the curve {_time(curve, one.scale)}"
        return "" if np.isinf(last) else said
    low, high = (end * one.scale for end in _stands_for(number))
    return (
        ""
        if low <= last and high >= first
        else f"median of {curve.name}: printed {one.value}, the curve {_time(curve, one.scale)}"
    )


def _reaches(curve: TracedCurve, survival: np.ndarray) -> float:
    below = np.flatnonzero(survival <= 0.5)
    return float(curve.times[below[0]]) if len(below) else float("inf")


def _time(curve: TracedCurve, scale: float) -> str:
    median = _reaches(curve, curve.survival) / scale
    return f"{median:.3g}" if np.isfinite(median) else "does not reach it"


def _survival(one: Printed, number: Reported, curve: TracedCurve) -> str:
    whole = 100.0 if one.value.rstrip().endswith("%") else 1.0
    low, high = (end / whole for end in _stands_for(number))
    said = f"survival of {curve.name} at {one.time or 0:g}: printed {one.value}, the curve"
    if one.at > curve.times[-1] * (1 + 1e-9):
        return f"{said} ends at {curve.times[-1] / one.scale:.3g}"
    levels, margin = _levels_near(one.at, curve)
    if levels.min() - margin <= high and levels.max() + margin >= low:
        return ""
    return f"{said} {levels[-1]:.3f}"


def _levels_near(at: float, curve: TracedCurve) -> tuple[np.ndarray, float]:
    """Levels around a time, the last of them at the time itself, and their error.

    A printed time is also rounded, so any level within a hundredth of the axis is accepted.
    """
    slack = 0.01 * float(curve.times[-1])
    first, last, place = (
        max(0, int(np.searchsorted(curve.times, time, side="right")) - 1) for time in (at - slack, at + slack, at)
    )
    margin = max(DEVIATIONS * float(curve.uncertainty[place]), LEAST)
    return np.append(curve.survival[first : last + 1], curve.survival[place]), margin


def _start(curve: TracedCurve, rows: Sequence[RiskRow]) -> int | None:
    row = rows[curve.risk] if curve.risk is not None else None
    return row.counts[0] if row is not None and row.times[0] == 0 and not row.flagged[0] else None


def _patients(one: Printed, number: Reported, curve: TracedCurve, rows: Sequence[RiskRow]) -> str:
    count = _start(curve, rows)
    if count is None or number.holds(count):
        return ""
    return f"patients of {curve.name}: printed {one.value}, at risk at 0 {count}"


def _at_risk(one: Printed, number: Reported, curve: TracedCurve, rows: Sequence[RiskRow]) -> str:
    """Compare a number at risk with the figure's cell at that time, and with n(0) S(t), which it cannot exceed."""
    said = f"at risk of {curve.name} at {one.time or 0:g}: printed {one.value}"
    cell = _cell_at(one.at, curve, rows)
    if cell is not None and not number.holds(cell):
        return f"{said}, in the figure {cell}"
    start = _start(curve, rows)
    if start is None or one.at == 0:
        return ""
    levels, margin = _levels_near(one.at, curve)
    most = start * (float(levels.max()) + margin) + 1
    if number.lower > most:
        return f"{said}, at most {most:.0f} of {start} by the curve"
    return ""


def _cell_at(at: float, curve: TracedCurve, rows: Sequence[RiskRow]) -> int | None:
    """The number at risk in the figure at a time; None if it has none or the cell is flagged."""
    row = rows[curve.risk] if curve.risk is not None else None
    if row is None:
        return None
    near = [k for k, time in enumerate(row.times) if abs(time - at) <= 0.01 * max(row.times) and not row.flagged[k]]
    return row.counts[near[0]] if near else None


def _ratio(one: Printed, number: Reported, curve: TracedCurve, other: TracedCurve, rows: Sequence[RiskRow]) -> str:
    ratio = hazard_ratio(curve, other, _start(curve, rows) or 100, _start(other, rows) or 100)
    low, high = _stands_for(number)
    if ratio is None or low <= 0 or log(low) - RATIO <= log(ratio) <= log(high) + RATIO:
        return ""
    return f"hazard ratio of {curve.name} against {other.name}: printed {one.value}, the curves {ratio:.3g}"


def hazard_ratio(first: TracedCurve, second: TracedCurve, n_first: int, n_second: int) -> float | None:
    """Hazard ratio of two curves by Peto's one-step estimate, ignoring censoring; None without events.

    A rough value for comparison with a printed hazard ratio: censoring would change its weights (Peto et al., Br J
    Cancer 1977, 35, 1-39).
    """
    end = min(float(first.times[-1]), float(second.times[-1]))
    at = np.linspace(0.0, end, 101)
    levels = [
        curve.survival[np.clip(np.searchsorted(curve.times, at, side="right") - 1, 0, None)]
        for curve in (first, second)
    ]
    risk = [n * level[:-1] for n, level in zip((n_first, n_second), levels, strict=True)]
    events = [-n * np.diff(level) for n, level in zip((n_first, n_second), levels, strict=True)]
    total, died = risk[0] + risk[1], events[0] + events[1]
    held = (total > 1) & (died > 0)
    if not held.any():
        return None
    share = risk[0][held] / total[held]
    variance = float((died[held] * share * (1 - share)).sum())
    return exp(float((events[0][held] - died[held] * share).sum()) / variance) if variance > 0 else None
