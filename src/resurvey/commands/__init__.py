"""The commands of `resurvey`, one module each: read arguments, call one function, print."""

from __future__ import annotations

import argparse
from typing import Any, Protocol


class Subparsers(Protocol):
    """What `ArgumentParser.add_subparsers` returns, of which argparse gives no public name."""

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser:
        """A parser of its own for a command."""
