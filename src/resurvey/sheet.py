"""Read a table as text cells, whatever program saved it: CSV with any usual delimiter and encoding, or a workbook.

A file is read only if its interpretation is unambiguous; otherwise one line says what the file is and what to do.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd

from resurvey.faults import Fault, TableFaults, of_file

MAX_BYTES = 200_000_000
# Tables typed by hand for a review stay far below this; checking this many rows takes a third of a gigabyte.
MAX_ROWS = 100_000
DIVIDERS = ",;\t|"
SAVE = "save it as CSV (UTF-8)"
# First bytes of files that are not text, and what the files are.
BEGINNINGS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"{\\rtf", "a rich text document (RTF)"),
    (b"RDX", "an R data file"),
    (b"RDA", "an R data file"),
)
# First characters (lower case, after white space) of text files that are not tables.
TEXT_BEGINNINGS = (
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("<table", "an HTML page"),
    ("<?xml", "an XML file"),
    ("{", "a JSON file"),
    ("[", "a JSON file"),
)
# Windows-1252 characters found in Western papers: accented letters, dashes, quotes, degree, plus-minus, middle dot.
WESTERN = frozenset("–—‘’“”•…€™" + "\u00a0§©®°±²³µ¶·¹½¼¾×" + "".join(map(chr, range(0xC0, 0xFE))))


def read_sheet(path: Path, printed: Collection[str] = ()) -> pd.DataFrame:
    """Read a table as text cells, exactly as typed (stripped of surrounding blanks), indexed by line number.

    Parameters
    ----------
    path : Path
        A text file with a header row, delimited by comma, semicolon, tab or vertical bar, in UTF-8, UTF-16 or
        Windows-1252; or an `.xlsx` workbook with one sheet, or with a sheet named like the file.
    printed : collection of str
        Columns whose numbers keep their printed digits, so that a workbook must hold them as text.

    Returns
    -------
    DataFrame
        Text cells; the index `row` is the line number in the file.

    Raises
    ------
    TableFaults
        If the file is missing, not a table, in an unidentifiable encoding, empty or ragged, or has a duplicate or blank
        column name, NUL characters, or cells or rows beyond the size limits.
    """
    name = path.name
    if not path.is_file():
        raise of_file(name, "the file is missing", f"put it into {path.parent.name}/ or restore it")
    if path.stat().st_size > MAX_BYTES:
        raise of_file(name, f"the file is over {MAX_BYTES} bytes", "split it")
    content = path.read_bytes()
    if content.startswith(b"PK"):
        from resurvey.spreadsheet import read_workbook

        header, rows = read_workbook(path, content, printed)
        return _frame(header, iter(rows), name)
    return _read_text(decode(content, name), name)


def decode(content: bytes, name: str) -> str:
    """Decode a file in UTF-8, UTF-16 or, if every byte is a usual character, Windows-1252.

    Raises
    ------
    TableFaults
        If it is not text, or its encoding cannot be identified; the message says what the file is.
    """
    kind = next((words for start, words in BEGINNINGS if content.startswith(start)), "")
    if kind:
        raise of_file(name, f"it is {kind}, not a table of text", f"open it and {SAVE}")
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        text = _western(content) if encoding == "utf-8-sig" else ""
        if not text:
            words = "UTF-8" if encoding == "utf-8-sig" else "the UTF-16 that it begins like"
            raise of_file(name, f"byte {error.start} is not {words}", "save the file as UTF-8 CSV") from None
    if "\x00" in text:
        raise of_file(name, "it contains NUL characters", "save the file as UTF-8 CSV")
    return text


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # UTF-16 without a byte-order mark: plain text has a NUL beside every letter
    for encoding, place in (("utf-16-le", 1), ("utf-16-be", 0)):
        half = content[place::2]
        if len(content) % 2 == 0 and half.count(0) > 0.9 * len(half) > 0 and content[1 - place :: 2].count(0) == 0:
            return encoding
    return "utf-8-sig"


def _western(content: bytes) -> str:
    """The text as Windows-1252; empty if part of it is valid UTF-8, or a byte is not a usual character."""
    if any(ord(letter) > 127 for letter in content.decode("utf-8", errors="ignore")):
        return ""
    text = content.decode("cp1252", errors="replace")
    return text if all(ord(letter) < 128 or letter in WESTERN for letter in text) else ""


def _read_text(text: str, name: str) -> pd.DataFrame:
    start = text.lstrip()[:20].lower()
    kind = next((words for beginning, words in TEXT_BEGINNINGS if start.startswith(beginning)), "")
    if kind:
        raise of_file(name, f"it is {kind}, not a table", SAVE)
    csv.field_size_limit(MAX_BYTES)
    divider_line = re.match(r"sep=(.)\s*?(?:\r\n|\r|\n)", text, re.IGNORECASE)  # declares the delimiter for Excel
    skipped = 1 if divider_line else 0
    if divider_line:
        text = text[divider_line.end() :]
    divider = divider_line[1] if divider_line else _divider(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        return _frame(header, ((skipped + reader.line_num, cells) for cells in reader), name)
    except csv.Error as error:
        rule = f"it is not a readable CSV ({error})"
        advice = "check the quotes around there"
        raise TableFaults([Fault(name, skipped + reader.line_num, "", "", rule, advice)]) from None


def _divider(text: str) -> str:
    """The delimiter that splits the header into most names; a comma if none does, or if the header is one name."""
    header = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(DIVIDERS, key=header.count)


def _frame(header: list[str], lines: Iterator[tuple[int, list[str]]], name: str) -> pd.DataFrame:
    """Make rows as wide as the header, dropping the nameless empty columns that Excel leaves at the end."""
    rows: list[list[str]] = []
    places: list[int] = []
    faults: list[Fault] = []
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) + len(faults) == MAX_ROWS:
            rule = f"it has more than {MAX_ROWS:,} rows"
            raise of_file(name, rule, "split the review, or remove repeated rows")
        if len(cells) != len(header):
            rule = f"the row has {len(cells)} cells and the header {len(header)}"
            faults.append(
                Fault(name, line, "", ",".join(cells), rule, "put cells that contain the delimiter in double quotes")
            )
            continue
        rows.append([cell.strip() for cell in cells])
        places.append(line)
    while len(header) > 1 and not header[-1] and not any(cells[-1] for cells in rows):
        header, rows = header[:-1], [cells[:-1] for cells in rows]
    faults += _header_faults(header, name)
    if faults:
        raise TableFaults(faults)
    return pd.DataFrame(rows, columns=header, index=pd.Index(places, name="row"), dtype=object)


def _header_faults(header: list[str], name: str) -> list[Fault]:
    repeated = sorted({cell for cell in header if header.count(cell) > 1})
    if header and "" not in header and not repeated:
        return []
    rule = f"the header has blank or repeated names {repeated}" if any(header) else "the header row is empty"
    return [Fault(name, 0, "", "", rule, "give every column one name")]
