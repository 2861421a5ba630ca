"""Times that look right but mean something else: dates, and grouped thousands."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Whole numbers in which spreadsheets count the days since 1899-12-30, for dates from 1982 to 2064.
SERIAL_DATES = (30_000, 60_000)
#: Times this long (82 years in days) are not measured on patients; a serial date stands far above the other times.
LONGEST_TIME = 10_000
EPOCH = datetime.date(1899, 12, 30)
#: A whole number with a point before every third digit, as 1.000: one, or a thousand.
POINT_GROUPED = re.compile(r"[1-9]\d{0,2}(\.\d{3})+", re.ASCII)


def serial_date(times: Floats) -> int | None:
    """Position of a time that is the serial number of a date, as a spreadsheet makes of 1.2 or 3/4; None if none is."""
    finite = np.isfinite(times)
    low, high = SERIAL_DATES
    serial = finite & (times >= low) & (times <= high) & (times % 1 == 0)
    others = times[finite & ~serial]
    if not serial.any() or (others.size and others.max() > LONGEST_TIME):
        return None
    return int(np.flatnonzero(serial)[0])


def date_of(serial: float) -> str:
    """The date that a serial number stands for in a spreadsheet, as year, month and day."""
    return (EPOCH + datetime.timedelta(days=int(serial))).isoformat()


def grouped_time(cells: Sequence[str]) -> str:
    """A cell such as `1.000` that is one or a thousand, if the order of the times speaks for a thousand; else empty.

    Programs write one number of decimals in a whole column, or none that are zero. Points before three digits only,
    beside whole numbers without a point, are decimals if the times then rise and are not all whole.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    dotted = [cell for cell in filled if "." in cell]
    if not dotted or not all(POINT_GROUPED.fullmatch(cell) for cell in dotted):
        return ""
    if not all(cell.isascii() and (cell.isdigit() or cell in dotted) for cell in filled) or len(dotted) == len(filled):
        return ""
    thousands = [float(cell.replace(".", "")) for cell in filled]
    if thousands != sorted(thousands):
        return ""
    several = any(cell.count(".") > 1 for cell in dotted)
    decimals = [] if several else [float(cell) for cell in filled]
    if not several and decimals == sorted(decimals) and any(value % 1 for value in decimals):
        return ""
    return dotted[0]
