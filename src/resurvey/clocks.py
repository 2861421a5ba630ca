"""Files dated in the future, by a clock that was wrong: content decides, and not the date."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

#: Seconds that a file server's clock may be ahead.
SLACK = 2.0


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file and folder in folders and below them, hidden ones included."""
    for folder in folders:
        for place, names, files in os.walk(folder):
            yield from (Path(place, name) for name in (*names, *files))


def date_now(paths: Iterable[Path]) -> list[Path]:
    """Date as of now what is dated in the future: Snakemake refuses outputs that seem older than what they are made of.

    All get one date, so that none of them seems newer than another.

    Returns
    -------
    list of Path
        Those that were.

    Raises
    ------
    OSError
        If one belongs to somebody else, and its date cannot be changed.
    """
    now = time.time()
    ahead = [path for path in paths if _date(path) > now + SLACK]
    for path in ahead:
        os.utime(path, (now, now))
    return ahead


def _date(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # a link to nothing, or gone meanwhile
        return 0.0


def date_inputs_now(paths: Iterable[Path], say: Callable[[str], None]) -> None:
    """The same for files of the person whose project it is, who is told.

    Parameters
    ----------
    paths : iterable of Path
    say : callable
        Gets what a person should know.
    """
    try:
        found = date_now(paths)
    except OSError as error:
        say(f"{error.filename} is dated in the future and its date cannot be changed: copy it, or set the clock right")
        return
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        say(f"{found[0]}{more}: dated in the future by a wrong clock; dated as of now, the content is as it was")
