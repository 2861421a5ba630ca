"""Printed numbers, and the interval of values each may stand for.

Printed text shows its precision: `5.10` was rounded to two decimals, `5.1` to one. Every comparison of the audit is
made between intervals, never between bare floats, so that a difference is reported only when no common rounding rule
can explain it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from resurvey.errors import InputError
from resurvey.hints import what_to_type

NOT_REACHED = re.compile(
    r"^(nr|n\.r\.?|ne|n\.e\.?|not (yet )?(reached|estimable|evaluable)|immature|∞|inf)$", re.IGNORECASE
)
NUMBER = re.compile(
    r"^(?P<operator><=|>=|[<>≤≥~≈=]|ca\.|approx\.?)?\s*(?P<sign>[-+−–])?"
    r"(?P<digits>\d+(?:[.·]\d+)?|[.·]\d+)(?P<exponent>[eE][-+]?\d{1,3})?$",
    re.ASCII,
)
OPERATORS = {"": "=", "=": "=", "<": "<", ">": ">", "≤": "<=", "<=": "<=", "≥": ">=", ">=": ">="}
MAX_LENGTH = 40
# Slack for binary representation of decimal text, far below any printed digit.
EPSILON = 1e-9
# Common rounding rules, by name; the first that reproduces a printed value is the one reported.
ROUNDINGS = {
    "half up": "to nearest, ties away from zero",
    "half even": "to nearest, ties to the even digit",
    "cut off": "towards zero",
    "up": "away from zero",
}
NEAREST = ("half up", "half even")


@dataclass(frozen=True)
class Reported:
    """One printed number.

    Attributes
    ----------
    text : str
        As printed.
    value : float
        The number printed; infinite for "not reached", not-a-number for an empty cell.
    operator : str
        `=`, `<`, `<=`, `>`, `>=`, `~` (about), `NR` (not reached) or empty (not reported).
    decimals : int
        Digits after the point.
    lower, upper : float
        Values the text may stand for when it was rounded to nearest (half up or half even).
    """

    text: str
    value: float
    operator: str
    decimals: int
    lower: float
    upper: float

    @property
    def is_reported(self) -> bool:
        """Whether anything was printed."""
        return self.operator != ""

    @property
    def is_number(self) -> bool:
        """Whether a finite number was printed."""
        return math.isfinite(self.value)

    @property
    def unit(self) -> float:
        """One unit of the last printed digit."""
        return 10.0**-self.decimals

    def interval(self, rule: str = "half up") -> tuple[float, float]:
        """Range of values that `rule` (a key of `ROUNDINGS`) prints as this text; see there for open or closed ends."""
        if self.operator not in ("=", "~") or not self.is_number:
            return self.lower, self.upper
        below, above = {"cut off": (0.0, 1.0), "up": (1.0, 0.0)}.get(rule, (0.5, 0.5))
        low, high = abs(self.value) - below * self.unit, abs(self.value) + above * self.unit
        return (low, high) if self.value >= 0 else (-high, -low)

    def prints(self, value: float, rule: str) -> bool:
        """Whether `rule` (a key of `ROUNDINGS`) prints `value` as this text.

        Raises
        ------
        InputError
            If there is no such rounding rule.

        Notes
        -----
        With u one unit of the last digit, v is printed for |x| when v - u/2 <= |x| < v + u/2 (half up), the same with
        both ends for an even and neither for an odd last digit (half even), v <= |x| < v + u (cut off),
        v - u < |x| <= v (up). A value within floating-point error of an end counts as that end.
        """
        if rule not in ROUNDINGS:
            raise InputError(f"{rule!r} is not a rule of rounding: expected one of {', '.join(ROUNDINGS)}")
        slack = EPSILON * max(1.0, abs(value))
        if self.operator in ("<", ">"):
            return value < self.upper + slack if self.operator == "<" else value > self.lower - slack
        low, high = self.interval(rule)
        exact = self.operator in ("<=", ">=", "~")
        holds_low, holds_high = (True, True) if exact or not self.is_number else self._ends(rule)
        if self.value < 0:
            holds_low, holds_high = holds_high, holds_low
        above = value >= low - slack if holds_low else value > low + slack
        return above and (value <= high + slack if holds_high else value < high - slack)

    def _ends(self, rule: str) -> tuple[bool, bool]:
        """Whether the end nearer to zero, and the end further from zero, are printed as this text."""
        if rule == "half even":
            even = round(abs(self.value) / self.unit) % 2 == 0
            return even, even
        return {"half up": (True, False), "cut off": (True, False), "up": (False, True)}[rule]

    def holds(self, value: float, *, rule: str = "nearest") -> bool:
        """Whether `value` may have been printed as this text.

        `rule` is a key of `ROUNDINGS`, or `nearest` (half up or half even), `truncate` (cut off) or `any`.
        """
        named = {"nearest": NEAREST, "truncate": ("cut off",), "any": tuple(ROUNDINGS)}.get(rule, (rule,))
        return any(self.prints(value, one) for one in named)


EMPTY = Reported("", math.nan, "", 0, math.nan, math.nan)


def parse(text: str | None) -> Reported:
    """Read a printed number.

    Parameters
    ----------
    text : str or None
        `5.10`, `0·71`, `-3`, `<0.001`, `≥8.0`, `~20`, `NR`, `1e-5`; empty or None for not reported.

    Returns
    -------
    Reported
        With the interval allowed by rounding to nearest. `<x` stands for everything below x (down to minus infinity),
        `~x` for x plus or minus half a unit of the second last digit.

    Raises
    ------
    InputError
        If the text is not a number as printed. A float is refused: it has lost the printed precision.
    """
    if text is None:
        return EMPTY
    if not isinstance(text, str):
        found = f"{type(text).__name__} {text!r}"
        raise InputError(f"a printed number must be text, found {found}: keep the printed digits")
    cell = text.strip()
    if not cell:
        return EMPTY
    if NOT_REACHED.match(cell):
        return Reported(cell, math.inf, "NR", 0, math.inf, math.inf)
    match = NUMBER.match(cell) if len(cell) <= MAX_LENGTH else None
    if match is None:
        expected = what_to_type(cell) or "expected digits with an optional sign, <, >, ≤, ≥, ~ or NR"
        raise InputError(f"{cell[:MAX_LENGTH]!r} is not a printed number: {expected}")
    digits = match["digits"].replace("·", ".")
    exponent = match["exponent"] or ""
    value = float(digits + exponent)
    if not math.isfinite(value):
        raise InputError(f"{cell!r} is too large to be a printed number")
    if match["sign"] in ("-", "−", "–"):
        value = -value
    decimals = (len(digits.split(".")[1]) if "." in digits else 0) - (int(exponent[1:]) if exponent else 0)
    operator = OPERATORS.get(match["operator"] or "", "~")
    half = 0.5 * 10.0**-decimals
    if operator == "<" or operator == "<=":
        return Reported(cell, value, operator, decimals, -math.inf, value)
    if operator == ">" or operator == ">=":
        return Reported(cell, value, operator, decimals, value, math.inf)
    if operator == "~":
        # "About" admits one more unit of the last digit either way than rounding does.
        half *= 3
    return Reported(cell, value + 0.0, operator, decimals, value - half, value + half)


def overlaps(first: tuple[float, float], second: tuple[float, float], *, slack: float = EPSILON) -> bool:
    """Whether two closed intervals overlap (with tolerance for binary representation)."""
    scale = max(1.0, *(abs(x) for x in (*first, *second) if math.isfinite(x)))
    return first[0] <= second[1] + slack * scale and second[0] <= first[1] + slack * scale


def show(value: float, digits: int = 4) -> str:
    """Format a computed number: `digits` significant digits, no trailing zeros, no exponent for usual magnitudes."""
    if math.isnan(value):
        return "not estimable"
    if math.isinf(value):
        return "infinite"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.1e}"
    return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
