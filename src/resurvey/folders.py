"""Folders that a step writes as a whole: their recorded contents, and whether these are still complete.

Snakemake treats a folder as one output and does not notice that a figure has been deleted from it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from resurvey.writing import folder_beside

CONTENTS = "contents.txt"


def write_contents(folder: Path) -> None:
    """Record the names of the files in a folder; this record is written last."""
    names = sorted(path.name for path in folder.iterdir() if path.name != CONTENTS and not path.name.startswith("."))
    (folder / CONTENTS).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


@contextmanager
def made_anew(folder: Path) -> Iterator[Path]:
    """Provide a folder to write into, which replaces an earlier one only if the block ends without an error.

    Raises
    ------
    NotWritten
        If the disk is full, or writing is not permitted.
    """
    with folder_beside(folder) as part:
        yield part
        write_contents(part)


def lost(folder: Path) -> list[str]:
    """Files recorded in a folder that are missing; none where the folder does not exist."""
    if not folder.is_dir():
        return []
    contents = folder / CONTENTS
    names = contents.read_text(encoding="utf-8").splitlines() if contents.is_file() else [CONTENTS]
    there = {path.name for path in folder.iterdir()}
    return [name for name in names if name not in there]


def mark_lost(folders: Iterable[Path], mark: Path) -> Path:
    """Maintain a file that changes when something is lost from the folders: an input of the step that writes them.

    Parameters
    ----------
    folders : iterable of Path
    mark : Path
        The file, dated before everything else until something is lost. Each lost file then adds a line to it, and adds
        another if it is lost again after the folders have been rewritten.
    """
    if mark.is_dir():
        shutil.rmtree(mark)  # Only marks of this package belong there.
    mark.parent.mkdir(parents=True, exist_ok=True)
    if not mark.exists():
        mark.touch()
        os.utime(mark, (0, 0))
    for folder in folders:
        missing = lost(folder)
        if missing and mark.stat().st_mtime_ns <= _written(folder):
            with mark.open("a", encoding="utf-8") as stream:
                stream.writelines(f"{folder.as_posix()}/{name}\n" for name in missing)
    return mark


def mark_again(mark: Path, done: Path, folders: Iterable[Path] = (), failed: Path | None = None) -> Path:
    """Maintain a file that changes when a step has to be repeated: an input of that step.

    Parameters
    ----------
    mark : Path
        The file.
    done : Path
        A file that exists if the step was completed.
    folders : iterable of Path
        Folders that the step writes, from which nothing may be lost.
    failed : Path, optional
        Table of the outputs that the step could not make; it has rows below its header if there are any.
    """
    mark_lost(folders, mark)
    if not done.is_file() or (failed is not None and _has_rows(failed)):
        with mark.open("a", encoding="utf-8") as stream:
            stream.write("it did not finish\n")
    return mark


def _has_rows(table: Path) -> bool:
    """Whether a table has a row below its header; read as text for speed, since every run checks this."""
    return table.is_file() and table.read_bytes().count(b"\n") > 1


def _written(folder: Path) -> int:
    contents = folder / CONTENTS
    return (contents if contents.is_file() else folder).stat().st_mtime_ns
