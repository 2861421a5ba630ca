"""Check that a path of a project holds a regular file, and nothing that must not be read."""

from __future__ import annotations

import stat
from pathlib import Path

from resurvey.errors import InputError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
PUT = "put the file itself there"


def misplaced(path: Path, inside: Path) -> str:
    """Describe what is found in place of a file; empty for a file in or below the folder `inside`, or if absent.

    Nothing is opened: reading a pipe would block, and reading a device might never end.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    if not path.resolve().is_relative_to(inside.resolve()):
        return "it is a link to something outside the folder"
    if stat.S_ISLNK(mode):
        if not path.exists():
            return "it is a broken link"
        mode = path.stat().st_mode
    return next((f"it is {words}, not a file" for kind, words in _KINDS if kind(mode)), "")


def check_file(path: Path, inside: Path) -> None:
    """Refuse anything but a file in or below the folder `inside`; a missing file is reported elsewhere.

    Raises
    ------
    InputError
        Names the path, and what is found there.
    """
    rule = misplaced(path, inside)
    if rule:
        raise InputError(f"{path}: {rule}; {PUT}")
