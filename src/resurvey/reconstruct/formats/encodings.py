"""The text of a file whatever its encoding; for a file that is not text, the error says what it is and what to do."""

from __future__ import annotations

import codecs
import io
import zipfile
from pathlib import Path

from resurvey.errors import InputError

#: About 250,000 points, which take half a gigabyte to rebuild; a digitised curve has about a hundred.
MOST_BYTES = 5_000_000
#: Projects of digitising programs also hold the picture.
MOST_PROJECT_BYTES = 100_000_000
ASK_CSV = "export the points as CSV with two columns, time and survival"
ZIP = b"PK\x03\x04"
SIGNATURES = {
    b"%PDF": ("a PDF document", f"digitise the figure, then {ASK_CSV}"),
    b"\x89PNG": ("a PNG picture", f"digitise it, then {ASK_CSV}"),
    b"\xff\xd8\xff": ("a JPEG picture", f"digitise it, then {ASK_CSV}"),
    b"GIF8": ("a GIF picture", f"digitise it, then {ASK_CSV}"),
    b"II*\x00": ("a TIFF picture", f"digitise it, then {ASK_CSV}"),
    b"MM\x00*": ("a TIFF picture", f"digitise it, then {ASK_CSV}"),
    b"\xd0\xcf\x11\xe0": ("a workbook of old Excel (.xls)", "save it as .xlsx or CSV"),
    b"{\\rtf": ("a formatted text (RTF)", "save it as plain text"),
    b"RDX": ("an R data file", "write the points with write.csv"),
    b"PAR1": ("a Parquet file", "write the points as CSV"),
    b"SQLite": ("a database", "write the points as CSV"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it"),
    b"Rar!": ("a RAR archive", "unpack it"),
    b"BZh": ("a bzip2 archive", "unpack it"),
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def content_of(path: Path) -> bytes:
    """Bytes of a file of points.

    Raises
    ------
    InputError
        If the file does not exist, cannot be read, or is too large.
    """
    if not path.exists():
        raise InputError(f"{path.name}: cannot be read: there is no such file in {path.parent}")
    if not path.is_file():
        raise InputError(f"{path.name}: cannot be read: it is a folder or device, not a file")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(512)
            most = MOST_PROJECT_BYTES if is_project(head) else MOST_BYTES
            if size > most:
                raise InputError(
                    f"{path.name}: {size:,} bytes are too many for a digitised curve; at most {most:,} are read"
                )
            return head + stream.read()
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror or error})") from None


def is_project(head: bytes) -> bool:
    """Whether a file begins as an archive, workbook or project, which may hold a picture."""
    return head.startswith((ZIP, b"\x1f\x8b", b"<")) or is_tar(head) or b"<!DOCTYPE engauge" in head


def is_tar(head: bytes) -> bool:
    """Whether a file begins as a tar archive."""
    return head[257:262] == b"ustar"


def decoded(content: bytes, name: str) -> str:
    """Text of the bytes: by the byte order mark, else UTF-8, UTF-16 without a mark, or Latin-1 (Windows 1252).

    Raises
    ------
    InputError
        If the bytes are not text; the message says what they are.
    """
    refuse_other_kinds(content, name)
    for mark, encoding in BOMS:
        if content.startswith(mark):
            return _text(content, encoding, name)
    zeros = content[:2000].count(0)
    if zeros:
        sample = content[:2000]
        for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if sample[place::2].count(0) > 0.4 * len(sample[place::2]):
                return _text(content, encoding, name)
        raise InputError(f"{name}: it is a binary file, not text; {ASK_CSV}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _text(content, "cp1252" if not set(content) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1", name)


def _text(content: bytes, encoding: str, name: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: cannot be read as {encoding} text ({error.reason}); save it as UTF-8") from None
    controls = sum(ord(letter) < 32 and letter not in "\t\r\n\f" for letter in text[:4000])
    if controls > 0.02 * min(len(text), 4000):
        raise InputError(f"{name}: it is a binary file, not text; {ASK_CSV}")
    return text


def refuse_other_kinds(content: bytes, name: str) -> None:
    """Refuse a file whose first bytes show that it is of another kind.

    Raises
    ------
    InputError
        If it is; the message says what the file is, and what to do.
    """
    for mark, (what, advice) in SIGNATURES.items():
        if content.startswith(mark):
            raise InputError(f"{name}: it is {what}, not a table of points; {advice}")
    if b"\x00\x00" in content[:200] and b"engauge" in content[:4000].lower():
        raise InputError(f"{name}: it is a project of Engauge before version 6.3, which is not text; export it as CSV")
    if content.startswith(ZIP):
        raise InputError(f"{name}: it is {_kind_of_zip(content)}")


def _kind_of_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        return "a damaged archive or workbook; save it again"
    if "word/document.xml" in names:
        return f"a Word document, not a table of points; {ASK_CSV}"
    if "content.xml" in names:
        return "an OpenDocument file; save it as .xlsx or CSV"
    return "a ZIP archive; unpack it and name the file with the points"


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are an Excel workbook (.xlsx, .xlsm)."""
    if not content.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
