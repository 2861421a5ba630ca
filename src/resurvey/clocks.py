"""Files dated in the future by a wrong clock: their content matters, not their date."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

#: Seconds by which the clock of a file server may be ahead.
SLACK = 2.0


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """All files and folders in the given folders and below them, hidden ones included."""
    for folder in folders:
        for place, names, files in os.walk(folder):
            yield from (Path(place, name) for name in (*names, *files))


def date_now(paths: Iterable[Path]) -> list[Path]:
    """Give files dated in the future the current time: Snakemake refuses outputs that seem older than their inputs.

    All get the same time, so that none seems newer than another.

    Returns
    -------
    list of Path
        The files that were dated in the future.

    Raises
    ------
    OSError
        If the date of a file cannot be changed because it belongs to another user.
    """
    now = time.time()
    ahead = [path for path in paths if _date(path) > now + SLACK]
    for path in ahead:
        os.utime(path, (now, now))
    return ahead


def _date(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # a dangling link, or deleted in the meantime
        return 0.0


def date_inputs_now(paths: Iterable[Path], say: Callable[[str], None]) -> None:
    """Do the same for input files of the project, and tell the user.

    Parameters
    ----------
    paths : iterable of Path
    say : callable
        Receives messages for the user.
    """
    try:
        found = date_now(paths)
    except OSError as error:
        say(f"{error.filename} is dated in the future and its date cannot be changed: copy it, or set the clock right")
        return
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        say(f"{found[0]}{more}: dated in the future by a wrong clock; dated as of now, the content is as it was")
