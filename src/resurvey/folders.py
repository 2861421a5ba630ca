"""Folders that a step writes as a whole: what was put into them, and whether all of it is still there.

To Snakemake a folder is one output: it does not see that a picture has been deleted from it.
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
    """Note the names of the files in a folder, as the last thing that is written into it."""
    names = sorted(path.name for path in folder.iterdir() if path.name != CONTENTS and not path.name.startswith("."))
    (folder / CONTENTS).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


@contextmanager
def made_anew(folder: Path) -> Iterator[Path]:
    """A folder to write into, whole in place of an earlier one when the block ends without an error, or not at all.

    Raises
    ------
    NotWritten
        Where the disk is full, or nothing may be written there.
    """
    with folder_beside(folder) as part:
        yield part
        write_contents(part)


def lost(folder: Path) -> list[str]:
    """Files that were put into a folder and are gone; none where the folder is not there at all."""
    if not folder.is_dir():
        return []
    contents = folder / CONTENTS
    names = contents.read_text(encoding="utf-8").splitlines() if contents.is_file() else [CONTENTS]
    there = {path.name for path in folder.iterdir()}
    return [name for name in names if name not in there]


def mark_lost(folders: Iterable[Path], mark: Path) -> Path:
    """A file that changes when something is lost from the folders: an input of the step that writes them.

    Parameters
    ----------
    folders : iterable of Path
    mark : Path
        The file, dated before everything else until something is lost. Then each lost file adds a line to it, and does
        so again where it is lost once more after the folders were written anew.
    """
    if mark.is_dir():
        shutil.rmtree(mark)  # Only our marks belong there.
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
    """A file that changes when a step has to be done again: an input of that step.

    Parameters
    ----------
    mark : Path
        The file.
    done : Path
        A file that is there when the step came to its end.
    folders : iterable of Path
        Folders that it writes, of which nothing may be lost.
    failed : Path, optional
        Table of what the step could not make; rows below its header say that there is something.
    """
    mark_lost(folders, mark)
    if not done.is_file() or (failed is not None and _has_rows(failed)):
        with mark.open("a", encoding="utf-8") as stream:
            stream.write("it did not come to its end\n")
    return mark


def _has_rows(table: Path) -> bool:
    """Whether a table has a row below its header; read as text, as every start of a run asks."""
    return table.is_file() and table.read_bytes().count(b"\n") > 1


def _written(folder: Path) -> int:
    contents = folder / CONTENTS
    return (contents if contents.is_file() else folder).stat().st_mtime_ns
