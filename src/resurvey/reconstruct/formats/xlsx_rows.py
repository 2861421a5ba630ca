"""Read a sheet of an Excel workbook as rows of cells."""

from __future__ import annotations

import datetime
import io
import warnings

from resurvey.errors import InputError
from resurvey.reconstruct.formats.cells import Page, Row, decimal_marks, tidy

MOST_ROWS = 250_000


def page_of_workbook(content: bytes, name: str, sheet: str = "") -> Page:
    """Rows of the named sheet, or of the first one; other sheets are named in the notes.

    Raises
    ------
    InputError
        If the workbook cannot be read, has no such sheet, or has a cell that became a date (the message names it).
    """
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about styles and extensions that are not read here
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            names = [one.title for one in book.worksheets]
            chosen = _chosen(names, sheet, name)
            found = list(book[chosen].iter_rows(values_only=True, max_row=MOST_ROWS))
            book.close()
    except InputError:
        raise
    except Exception as error:  # the reader raises many kinds of exception; all mean that the workbook cannot be read
        raise InputError(f"{name}: cannot be read as a workbook ({type(error).__name__}: {error})") from None
    dates = [
        f"row {line}, column {place}: Excel made a date of it ({value:%Y-%m-%d}); type the number as text"
        for line, cells in enumerate(found, start=1)
        for place, value in enumerate(cells, start=1)
        if isinstance(value, datetime.datetime | datetime.date)
    ]
    if dates:
        raise InputError(f"{name}, sheet {chosen}: " + "; ".join(dates[:10]))
    rows = [Row(line, tuple(_text(value) for value in cells)) for line, cells in enumerate(found, start=1)]
    others = [other for other in names if other != chosen]
    notes = () if sheet or not others else (f"the sheet {chosen!r} was read; the file also has {', '.join(others)}",)
    return Page(f"{name}, sheet {chosen}", tuple(rows), notes, where="row", decimals=decimal_marks(rows))


def _chosen(names: list[str], sheet: str, name: str) -> str:
    if not sheet:
        return names[0]
    if sheet not in names:
        raise InputError(f"{name} has no sheet {sheet!r}; its sheets are {', '.join(names)}")
    return sheet


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return tidy(str(value))
