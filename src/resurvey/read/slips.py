"""Misprints of one character, and whether a count, its percentage and a denominator agree as printed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache


def slips(text: str) -> Iterator[str]:
    """Every text obtained from a printed number by one wrong or lost character or one transposition."""
    for k, char in enumerate(text):
        if char.isdigit():
            yield from (text[:k] + digit + text[k + 1 :] for digit in "0123456789" if digit != char)
        yield text[:k] + text[k + 1 :]
        # Two digits transposed, next to each other or across the decimal point.
        after = k + 2 if text[k + 1 : k + 2] == "." else k + 1
        if after < len(text):
            yield text[:k] + text[after] + text[k + 1 : after] + text[k] + text[after + 1 :]


def repairs(text: str) -> Iterator[str]:
    """Every text from which one misprint may have made a printed number: a slip, a lost digit, a moved point."""
    yield from slips(text)
    for k in range(len(text) + 1):
        yield from (text[:k] + digit + text[k:] for digit in "0123456789")
    digits = text.replace(".", "")
    yield from (digits[:k] + "." + digits[k:] for k in range(1, len(digits)))


def one_slip(a: str, b: str) -> bool:
    """Whether inserting, dropping or replacing one character, or transposing two, turns one number into the other."""
    if len(a) == len(b):
        apart = [k for k in range(len(a)) if a[k] != b[k]]
        return len(apart) == 1 or (len(apart) == 2 and a[apart[0]] == b[apart[1]] and a[apart[1]] == b[apart[0]])
    short, long = sorted((a, b), key=len)
    return len(long) - len(short) == 1 and any(long[:k] + long[k + 1 :] == short for k in range(len(long)))


def magnitude(text: str) -> float:
    """Value of a printed number without its comparison sign; NaN if it is not a number."""
    digits = text.lstrip("<>≤≥~=")
    return float(digits) if digits.replace(".", "", 1).isdigit() else float("nan")


def number_in(text: str) -> float | None:
    """Value of a printed number without its comparison sign; None if it is not a number."""
    try:
        return float(text.lstrip("<>≤≥~"))
    except ValueError:
        return None


def same_rounded(a: str, b: str) -> bool:
    """Whether one printed number may be the rounded form of the other."""
    if a[:1] in "<>≤≥" or b[:1] in "<>≤≥":
        low, plain_one = (a, b) if a[:1] in "<>≤≥" else (b, a)
        limit, value = number_in(low), number_in(plain_one)
        return (
            limit is None
            or value is None
            or plain_one[:1] in "<>≤≥"
            or (value <= limit if low[:1] in "<≤" else value >= limit)
        )
    first, second = number_in(a), number_in(b)
    if first is None or second is None:
        return True
    digits = min(len(x.partition(".")[2]) for x in (a, b))
    return abs(first - second) <= 0.5 * 10.0**-digits + 1e-9 and len(a) != len(b)


@lru_cache(maxsize=1 << 16)
def percent_fits(n: str, percent: str, total: float) -> bool:
    """Whether a count over a total rounds (or truncates, or rounds up) to the printed percentage."""
    if not total > 0:
        return False
    exact = 100 * magnitude(n) / total
    unit = 10.0 ** -len(percent.partition(".")[2])
    if percent[:1] in "<≤":
        return exact <= magnitude(percent) + 1e-9
    return abs(exact - magnitude(percent)) < unit - 1e-9 or abs(exact - magnitude(percent)) <= unit / 2 + 1e-9


def sizes_giving(n: str, percent: str) -> tuple[float, float]:
    """The open range of totals of which a count is a printed percentage, cut off or rounded in either direction."""
    unit = 10.0 ** -len(percent.partition(".")[2])
    count, value = magnitude(n), magnitude(percent)
    return 100 * count / (value + unit), 100 * count / (value - unit) if value > unit else math.inf


def one_slip_fits(n: str, percent: str, total: float) -> bool:
    """Whether one wrong character in a count or its percentage would explain that they do not fit a denominator.

    Parameters
    ----------
    n, percent : str
        As printed.
    total : float
        The denominator.
    """
    return _one_fits(n, percent, total, slips)


def misprint_fits(n: str, percent: str, total: float) -> bool:
    """Whether one misprint in a count or its percentage, a lost digit among them, explains that they do not fit.

    Parameters
    ----------
    n, percent : str
        As printed.
    total : float
        The denominator.
    """
    return _one_fits(n, percent, total, repairs)


def _one_fits(n: str, percent: str, total: float, others: Callable[[str], Iterable[str]]) -> bool:
    """Whether a count and a percentage fit a denominator after one of the two is replaced by another text."""
    return any(
        int(text) <= total and percent_fits(text, percent, total) for text in others(n) if text.isdigit()
    ) or any(percent_fits(n, text, total) for text in others(percent) if DECIMAL.fullmatch(text))


def fewer_patients(n: str, percent: str, total: int, *, complete: bool = False) -> bool:
    """Whether a few patients without data explain a percentage, and a misprint would seldom look like that.

    Some denominator above nine tenths of the total gives the percentage, but few of the texts that one wrong digit
    makes of the right percentage.

    Parameters
    ----------
    n, percent : str
        As printed.
    total : int
        The denominator of the column.
    complete : bool
        Whether all patients have data in the other rows, so that no more than a few can lack them here.
    """
    decimals = len(percent.partition(".")[2])
    least = min(total - FEW, math.ceil(NEARLY_ALL * total)) if complete else math.ceil(MOST_DATA * total)
    sizes = range(max(int(n), least, 1), total)
    explained = {f"{100 * int(n) / size:.{decimals}f}" for size in sizes}
    right = f"{100 * int(n) / total:.{decimals}f}"
    wrong = {text for text in slips(right) if len(text) == len(right)} - {right}
    return percent in explained and len(wrong & explained) <= BY_CHANCE * len(wrong)


# The share of patients that have data at least, that or the number without where the other rows are complete, and the
# share of misprints that look as if fewer had.
MOST_DATA, NEARLY_ALL, FEW, BY_CHANCE = 0.9, 0.97, 3, 0.15
DECIMAL = re.compile(r"\d{1,3}(?:\.\d{1,3})?")


def denominators(n: int, percent: str, most: int) -> list[int]:
    """Whole numbers from `n` to `most` for which the count gives the printed percentage."""
    unit = 10.0 ** -len(percent.partition(".")[2])
    low = max(n, math.floor(100 * n / (magnitude(percent) + unit)), 1)
    room = magnitude(percent) - unit
    high = min(most, math.ceil(100 * n / room) if room > 0 else most)
    return [total for total in range(low, high + 1) if percent_fits(str(n), percent, total)]
