"""Make foreign text inert, so that programs treat it only as text: no formulas in tables, no code in pages."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading a paper needs no pandas
    import pandas as pd

#: Text that a spreadsheet takes for a formula, after any quotes that already prevent this. A sign alone is not a
#: formula, nor is a sign before a number, a point or a space, unless a call follows.
FORMULA = re.compile(r"'*(?:[=@](?!$)|[\t\r]|[+-](?![\d.,\s%]*$)(?![\d.][^|!(]*$)(?!\s[^|!(]*$))")
#: Pandas dtypes of columns that may hold text.
TEXT_KINDS = ("object", "category", "string", "str")
#: Text that Markdown takes for HTML: a tag, a comment, an address.
TAG = re.compile(r"<(?=[A-Za-z/!?])")
#: The junction between the text of a Markdown link and its address.
LINK = re.compile(r"\](?=[(\[:])")


def cell(text: str) -> str:
    """Escape a cell for a spreadsheet: text that would be a formula is preceded by a quote, as spreadsheets do.

    `exact` restores the original text in all cases.
    """
    return f"'{text}" if FORMULA.match(text) else text


def exact(text: str) -> str:
    """Restore the text that `cell` escaped."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Apply `cell` to every text of a table."""
    return _changed(frame, cell)


def exact_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Apply `exact` to every text of a table."""
    return _changed(frame, exact)


def _changed(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    columns = {}
    for name, column in frame.items():
        if column.dtype.name in TEXT_KINDS:
            found = [value for value in column.unique() if isinstance(value, str) and FORMULA.match(value)]
            changed = {value: change(value) for value in found if change(value) != value}
            if changed:
                columns[name] = column.astype(object).map(lambda value, known=changed: known.get(value, value))
    return frame.assign(**columns) if columns else frame


def allowed(*scripts: str) -> str:
    """Source expression of a content security policy that allows these scripts and no others to run.

    Parameters
    ----------
    scripts : str
        Text of each script, exactly as between its tags.
    """
    return " ".join(f"'sha256-{digest(text)}'" for text in scripts)


def digest(script: str) -> str:
    """SHA-256 of a script in the notation of a content security policy."""
    return b64encode(sha256(script.encode()).digest()).decode("ascii")


def markdown(text: str) -> str:
    """Escape text for Markdown: no HTML, and no links."""
    return LINK.sub("]\\\\", TAG.sub("&lt;", text))
