"""`resurvey environment`: environment.yml with the pins of requirements.lock."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)\s*(?:;\s*(?P<marker>.*?))?\s*\\?$")
HEADER = """\
# For conda users: the same pins as requirements.lock (made from it by `make lock`; a test keeps them in step).
name: resurvey
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip
  - pip:
"""


def pins(lock: str) -> list[tuple[str, str, str]]:
    """Name, version and environment marker of each pin in a lock file."""
    found = (PIN.match(line) for line in lock.splitlines() if not line.startswith((" ", "#")))
    return [(match["name"], match["version"], match["marker"] or "") for match in found if match]


def environment(lock: str) -> str:
    """The text of environment.yml for a lock file."""
    lines = [f"      - {name}=={version}{f' ; {marker}' if marker else ''}" for name, version, marker in pins(lock)]
    return HEADER + "\n".join(f'      - "{line.strip()[2:]}"' for line in lines) + '\n      - "-e ."\n'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("lock", type=Path, nargs="?", default=Path("requirements.lock"), help="the lock file")


def run(arguments: argparse.Namespace) -> int:
    """Print environment.yml."""
    sys.stdout.write(environment(arguments.lock.read_text(encoding="utf-8")))
    return 0
