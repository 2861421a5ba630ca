"""Atomic writing of files: written to a temporary path beside the target and then moved there."""

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
    """Provide a temporary path beside a file, which replaces the file when the block ends without an error.

    The name is unique, so that two processes writing the same file do not interfere.

    Raises
    ------
    NotWritten
        If the disk is full or writing is not permitted; the previous content is left unchanged.
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
    """Write a file atomically.

    Raises
    ------
    NotWritten
        If the disk is full or writing is not permitted.
    """
    with beside(path) as part:
        part.write_bytes(content)


def write_text(text: str, path: Path) -> None:
    """Write text as UTF-8 atomically, with line ends unchanged.

    Raises
    ------
    NotWritten
        If the disk is full or writing is not permitted.
    """
    write_bytes(text.encode("utf-8"), path)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Provide a new folder beside the path of another, which replaces that one when the block ends without an error.

    Raises
    ------
    NotWritten
        If the disk is full or writing is not permitted; the previous content is left unchanged.
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
    return NotWritten(f"{path} could not be written ({error.strerror or error}); the earlier file is unchanged")


def remove_parts(folder: Path) -> None:
    """Remove temporary files left by killed processes in a folder and those below it."""
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            if name.startswith(".") and name.endswith(".part"):
                part = Path(place, name)
                shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)
