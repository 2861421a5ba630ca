"""What lies where a file of a project belongs: a file, or something that must not be read."""

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
    """What lies in place of a file; empty where it is a file of the folder `inside` or below it, or nothing is there.

    Nothing is opened, for a pipe would wait and a device never end.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    if not path.resolve().is_relative_to(inside.resolve()):
        return "it is a link out of the folder"
    if stat.S_ISLNK(mode):
        if not path.exists():
            return "it is a link to nothing"
        mode = path.stat().st_mode
    return next((f"it is {words}, not a file" for kind, words in _KINDS if kind(mode)), "")


def check_file(path: Path, inside: Path) -> None:
    """Refuse what is no file of the folder `inside`; that nothing is there is for others to say.

    Raises
    ------
    InputError
        Naming the path, and what it is.
    """
    rule = misplaced(path, inside)
    if rule:
        raise InputError(f"{path}: {rule}; {PUT}")
