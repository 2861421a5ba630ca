"""Text of others that a program must not take for more than text: formulas in tables, code in pages."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading a paper needs no pandas
    import pandas as pd

#: What a spreadsheet takes for a formula, after any quotes that already keep it from that. A sign alone is none, nor
#: is one before a number, a point or a space, unless what follows calls something.
FORMULA = re.compile(r"'*(?:[=@](?!$)|[\t\r]|[+-](?![\d.,\s%]*$)(?![\d.][^|!(]*$)(?!\s[^|!(]*$))")
#: Kinds of columns of a table that may hold text, as pandas calls them.
TEXT_KINDS = ("object", "category", "string", "str")
#: What Markdown takes for HTML: a tag, a comment, an address.
TAG = re.compile(r"<(?=[A-Za-z/!?])")
#: What joins the words of a Markdown link to its address.
LINK = re.compile(r"\](?=[(\[:])")


def cell(text: str) -> str:
    """A cell of a table that a person may open: what would be a formula stands behind a quote, as spreadsheets do it.

    `exact` gives back what it was, whatever that is.
    """
    return f"'{text}" if FORMULA.match(text) else text


def exact(text: str) -> str:
    """The text that `cell` made a cell of."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with every text as `cell` has it."""
    return _changed(frame, cell)


def exact_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with every text as `exact` has it."""
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
    """What a content security policy says of the scripts of a page: these texts may run and no other.

    Parameters
    ----------
    scripts : str
        Each as it stands between its tags.
    """
    return " ".join(f"'sha256-{digest(text)}'" for text in scripts)


def digest(script: str) -> str:
    """SHA-256 of a script as a content security policy writes it."""
    return b64encode(sha256(script.encode()).digest()).decode("ascii")


def markdown(text: str) -> str:
    """Text inside Markdown: without HTML, and without links of its own."""
    return LINK.sub("]\\\\", TAG.sub("&lt;", text))
