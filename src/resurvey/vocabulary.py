"""Units of time and scale. Endpoints and treatments are data (`endpoints.csv`, `treatments.csv`), not code."""

from __future__ import annotations

from resurvey.errors import InputError

DAYS_PER_MONTH = 365.25 / 12
MONTHS_PER = {
    "day": 1 / DAYS_PER_MONTH,
    "week": 7 / DAYS_PER_MONTH,
    "month": 1.0,
    "mo": 1.0,
    "year": 12.0,
    "yr": 12.0,
}
# Names, in lower case, of a log-rank test in a column `test`, and of a best response of progression, or of the
# responders, in a column `item`.
LOG_RANK = ("log-rank", "logrank", "log rank", "log-rank test", "stratified log-rank", "stratified log-rank test")
PROGRESSION = ("pd", "progressive disease")
RESPONDERS = ("orr", "objective response", "objective response rate", "overall response", "overall response rate")
SCALE_OF = {"%": 0.01, "percent": 0.01, "proportion": 1.0}


def months_per(unit: str) -> float | None:
    """Months per `unit` (`days`, `weeks`, `months`, `years`, or singular); None if it is not a unit of time."""
    return MONTHS_PER.get(unit.strip().lower().rstrip("s"))


def to_proportion(unit: str) -> float:
    """Factor from `unit` (`%`, `percent` or `proportion`) to a proportion between 0 and 1.

    Raises
    ------
    InputError
        If the unit is not one of these.
    """
    factor = SCALE_OF.get(unit.strip().lower())
    if factor is None:
        raise InputError(f"unit {unit!r} is not a scale of proportions: expected one of {', '.join(SCALE_OF)}")
    return factor


# Spellings in use that are not accepted, by the unit they mean.
MEANT = {
    "days": ("d", "dy", "dys"),
    "weeks": ("w", "wk", "wks", "wk.", "wks."),
    "months": ("m", "mo.", "mos.", "mth", "mths", "mon", "mons", "month.", "months."),
    "years": ("y", "yr.", "yrs.", "a", "ys"),
}


def meant_unit(unit: str) -> str:
    """The unit of time most likely meant by a spelling that is not accepted; empty if there is none."""
    plain = unit.strip().lower().rstrip(".,()[]").lstrip("([")
    if months_per(plain) is not None and plain != unit.strip().lower():
        return next(name for name in MEANT if name[0] == plain[0])
    return next((name for name, spellings in MEANT.items() if unit.strip().lower() in spellings), "")
