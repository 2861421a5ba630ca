"""Read a sheet of an `.xlsx` workbook as text cells; a number that has lost its printed digits is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any

from resurvey.faults import Fault, TableFaults, of_file

SAVE = "open it and save the sheet as CSV (UTF-8)"
FIXED = re.compile(r"^0(\.0+)?$")
ADVICE = "format the column as text and type each cell as it is printed"


def read_workbook(
    path: Path, content: bytes, printed: Collection[str] = ()
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows of the sheet that holds the table, each row with its number.

    Parameters
    ----------
    path : Path
    content : bytes
        Content of the file.
    printed : collection of str
        Columns whose numbers must have their printed digits.

    Raises
    ------
    TableFaults
        If it is not a workbook, several sheets could be the table, or cells are merged or hold formulas, errors or
        numbers whose printed digits are unknown (5.1 may have been 5.10). Lists all faults.
    """
    sheet = _sheet(path, _workbook(path, content))
    if sheet.merged_cells.ranges:
        raise of_file(path.name, f"cells {sorted(map(str, sheet.merged_cells.ranges))[0]} are merged", "unmerge them")
    lines = [(row[0].row, list(row)) for row in sheet.iter_rows() if any(cell.value is not None for cell in row)]
    if not lines:
        return [], []
    width = max(place for _, row in lines for place, cell in enumerate(row, 1) if cell.value is not None)
    header = [_plain(cell.value) for cell in lines[0][1][:width]]
    faults: list[Fault] = []
    rows = []
    for line, row in lines[1:]:
        cells = []
        for name, cell in zip(header, row[:width], strict=True):
            text, rule = _cell(cell, name in printed)
            cells.append(text)
            if rule:
                faults.append(Fault(path.name, line, name, text, rule, ADVICE))
        rows.append((line, cells))
    if faults:
        raise TableFaults(faults)
    return header, rows


def _workbook(path: Path, content: bytes) -> Any:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile:
        raise of_file(path.name, "it begins like a zip archive but is not one", f"{SAVE}") from None
    if "xl/workbook.xml" not in names:
        opened = {"content.xml": "an OpenDocument file", "word/document.xml": "a Word document"}
        kind = next((words for name, words in opened.items() if name in names), "a zip archive")
        raise of_file(path.name, f"it is {kind}, not a table of text", SAVE)
    import openpyxl

    try:
        return openpyxl.load_workbook(io.BytesIO(content))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise of_file(path.name, f"it is an Excel workbook that cannot be read ({error})", SAVE) from None


def _sheet(path: Path, workbook: Any) -> Any:
    """The sheet named like the table, or the only one that is not empty."""
    filled = [sheet for sheet in workbook.worksheets if any(any(row) for row in sheet.iter_rows(values_only=True))]
    named = [sheet for sheet in filled if sheet.title.strip().lower() == path.stem.lower()]
    chosen = named or filled or workbook.worksheets
    if len(chosen) != 1:
        names = ", ".join(sheet.title for sheet in filled)
        advice = f"name the one that is the table {path.stem!r}, or save it as CSV (UTF-8)"
        raise of_file(path.name, f"it is an Excel workbook with several sheets ({names})", advice)
    return chosen[0]


def _plain(value: object) -> str:
    return "" if value is None else str(value).strip()


def _cell(cell: Any, printed: bool) -> tuple[str, str]:
    """The text of a cell, and what is wrong with it."""
    value = cell.value
    if value is None or (isinstance(value, str) and cell.data_type != "f"):
        return _plain(value), "it is a formula error" if cell.data_type == "e" else ""
    if cell.data_type == "f":
        return str(value), "it is a formula"
    if isinstance(value, datetime | date):
        return _date(value)
    if isinstance(value, bool):
        return str(value), "it is TRUE or FALSE, not text"
    if isinstance(value, int) and not printed:
        return str(value), ""
    return _number(float(value), cell.number_format)


def _date(value: datetime | date) -> tuple[str, str]:
    if isinstance(value, datetime) and (value.hour or value.minute or value.second):
        return value.isoformat(sep=" "), "it is a date with a time of day"
    return value.strftime("%Y-%m-%d"), ""


def _number(value: float, layout: str) -> tuple[str, str]:
    """A number with the digits that its format shows; without a format its trailing zeros are lost."""
    if FIXED.match(layout):
        decimals = len(layout.partition(".")[2])
        text = f"{value:.{decimals}f}"
        return text, "" if abs(float(text) - value) < 1e-9 * max(1.0, abs(value)) else "more digits than are shown"
    rule = "it is a number, not text, and so has lost the digits as printed (5.10 becomes 5.1)"
    return f"{value:g}", rule
