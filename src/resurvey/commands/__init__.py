"""The commands of `resurvey`, one module each: parse arguments, call one function, print the result."""

from __future__ import annotations

import argparse
from typing import Any, Protocol


class Subparsers(Protocol):
    """Return type of `ArgumentParser.add_subparsers`, for which argparse has no public name."""

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser:
        """Add a parser for a command."""
