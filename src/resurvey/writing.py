"""How a file is written: whole or not at all, beside its place and then moved there."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resurvey.errors import NotWritten


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path beside that of a file, whose content takes the place of the file when the block ends without an error.

    Its name is nobody else's, so that two processes that write the same file do not write into each other's.

    Raises
    ------
    NotWritten
        Where the disk is full, or nothing may be written there; what was there before is left as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(_part())
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(path, error) from error


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    NotWritten
        Where the disk is full, or nothing may be written there.
    """
    with beside(path) as part:
        part.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8 with the line ends that it has, whole or not at all.

    Raises
    ------
    NotWritten
        Where the disk is full, or nothing may be written there.
    """
    write_bytes(text.encode("utf-8"), path)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A new folder beside that of a path, which takes its place when the block ends without an error.

    Raises
    ------
    NotWritten
        Where the disk is full, or nothing may be written there; what was there before is left as it was.
    """
    part = path.with_name(_part())
    try:
        part.mkdir(parents=True)
        yield part
        shutil.rmtree(path, ignore_errors=True)
        part.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part() -> str:
    return f".{uuid.uuid4().hex}.part"


def _not_written(path: Path, error: OSError) -> NotWritten:
    return NotWritten(f"{path} could not be written ({error.strerror or error}); what was there is as it was")


def remove_parts(folder: Path) -> None:
    """Remove, in a folder and those below, what killed processes left beside what they were writing."""
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            if name.startswith(".") and name.endswith(".part"):
                part = Path(place, name)
                shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
