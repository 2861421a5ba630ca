"""`resurvey environment`: environment.yml with the versions pinned in the lock files."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from resurvey.errors import InputError

PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)\s*(?:;\s*(?P<marker>.*?))?\s*\\?$")
HEADER = """\
# For conda users: the same pins as the locks (made from them by `make lock`; a test keeps them in step).
name: resurvey
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""
#: Lock files that users need, and what each adds; developer tools have a separate lock file.
GROUPS = {
    "requirements.lock": "the chain, from the tables to the report",
    "requirements-tools.lock": "`resurvey read` and `resurvey digitise`",
    "requirements-lab.lock": "JupyterLab, to open the notebooks",
}


def pins(lock: str) -> list[tuple[str, str, str]]:
    """Name, version and environment marker of each pin in a lock file."""
    found = (PIN.match(line) for line in lock.splitlines() if not line.startswith((" ", "#")))
    return [(match["name"], match["version"], match["marker"] or "") for match in found if match]


def environment(locks: Mapping[str, str]) -> str:
    """The text of environment.yml from the contents of the lock files, keyed by the names in `GROUPS`."""
    return HEADER + "\n".join(_lines(locks)) + '\n      - "-e ."\n'


def _lines(locks: Mapping[str, str]) -> Iterator[str]:
    """A comment and the pins of each group; a pin is listed in the first group that has it."""
    listed: set[tuple[str, str, str]] = set()
    for name, what in GROUPS.items():
        yield f"      # {what}"
        for pin in pins(locks[name]):
            if pin not in listed:
                listed.add(pin)
                package, version, marker = pin
                yield f'      - "{package}=={version}{f" ; {marker}" if marker else ""}"'


def read_locks(folder: Path) -> dict[str, str]:
    """The contents of the lock files in a folder.

    Raises
    ------
    InputError
        If one of them is missing.
    """
    missing = [name for name in GROUPS if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"no {', '.join(missing)} in {folder.resolve()}: the locks are in a checkout of the repository, not in an "
            "installed package or a project of your own; name the checkout, `resurvey environment FOLDER`"
        )
    return {name: (folder / name).read_text(encoding="utf-8") for name in GROUPS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="checkout of the repository")


def run(arguments: argparse.Namespace) -> int:
    """Print environment.yml."""
    sys.stdout.write(environment(read_locks(arguments.folder)))
    return 0
