"""Numbers as printed at axes and in tables under figures, and how OCR may have misread them."""

from __future__ import annotations

import re

LIKE_DIGITS = str.maketrans({"O": "0", "o": "0", "Q": "0", "D": "0", "l": "1", "I": "1", "|": "1", "·": ".", "•": "."})
MINUS = str.maketrans({"−": "-", "–": "-", "—": "-"})
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)%?")


def plain(text: str) -> str:
    """The text with characters that look like digits replaced, if that makes it a number; otherwise empty.

    A stroke after a number, or before it and separated by a space, is the tick of that label.
    """
    signed = text.strip().strip("_'`\"").translate(MINUS)
    stripped = re.sub(r"^-\s+|\s*[-_.]+$", "", signed).replace(" ", "")
    stripped = re.sub(r"(?<=\d),(?=\d{3}\b)", "", stripped).replace(",", ".")
    if not re.search(r"\d", stripped) and stripped not in ("O", "o"):
        return ""
    changed = stripped.translate(LIKE_DIGITS)
    return changed if NUMBER.fullmatch(changed) else ""


def readings(text: str) -> tuple[float, ...]:
    """Values that a tick label may represent, the likeliest first.

    Decimal points are easily lost in a small picture: `08` may be 0.8, `10` 1.0 and `25` .25.
    """
    number = plain(text)
    if not number:
        return ()
    body = number.rstrip("%")
    found = [float(body)]
    digits = body.lstrip("-")
    if "." not in digits and 2 <= len(digits) <= 3:
        found.append(float(f"{digits[0]}.{digits[1:]}"))
        found.append(float(f".{digits}"))
    elif "." not in digits and digits not in ("0", "1"):
        found.append(float(f".{digits}"))
    return tuple(dict.fromkeys(found))


def whole(text: str) -> int | None:
    """The whole number in a cell of numbers at risk, or None; `50 (4)` is 50."""
    first = re.split(r"[(\[/]", text.strip())[0].strip()
    number = plain(first)
    return int(number) if number.isdigit() and len(number) <= 6 else None
