"""Command line `resurvey ...`: each step by itself, for the user's own numbers. Commands are imported when needed."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from resurvey import __version__
from resurvey.errors import ResurveyError

# Command, its module, and its help. A module has `add_arguments(parser)` and `run(arguments) -> int` or, where the
# command has subcommands, `add_parser(subparsers)` whose parsers set `run`.
COMMANDS = {
    "check": ("resurvey.commands.check", "check the tables and the configuration without running anything"),
    "audit": (
        "resurvey.commands.audit",
        "recompute printed numbers: percentage, interval, ratio, p value, median ...",
    ),
    "read": ("resurvey.commands.read", "draft tables from papers (JATS, HTML, text, PDF), and what does not add up"),
    "confirm": ("resurvey.commands.confirm", "move confirmed draft rows into the raw tables"),
    "reconstruct": (
        "resurvey.commands.reconstruct",
        "reconstruct patients from a digitised curve, a folder of curves, or a summary",
    ),
    "digitise": ("resurvey.commands.digitise", "read curves and numbers at risk from a figure, each with a verdict"),
    "design": (
        "resurvey.commands.design",
        "compute single-arm sample sizes by every named formula; check a printed one",
    ),
    "init": ("resurvey.commands.init", "write a small project of your own that runs at once"),
    "made": ("resurvey.commands.made", "show what the last run made and where to look"),
    "environment": ("resurvey.commands.environment", "print environment.yml from the pins of the locks of a checkout"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code (2 for invalid input, with a plain message)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(words)
    except MemoryError:
        sys.stderr.write(f"resurvey {' '.join(words[:1])}: out of memory: free some, or raise the limit (ulimit -v)\n")
        return 2
    except BrokenPipeError:
        return 0


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="resurvey", description="A second look at published survival evidence.")
    parser.add_argument("--version", action="version", version=f"resurvey {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = words[0] if words else ""
    for name, (path, words_of_help) in COMMANDS.items():
        module = importlib.import_module(path) if name == wanted else None
        if module is not None and hasattr(module, "add_parser"):
            module.add_parser(subparsers)
            continue
        child = subparsers.add_parser(name, help=words_of_help, description=words_of_help)
        if module is not None:
            module.add_arguments(child)
            child.set_defaults(run=module.run)
    chosen = parser.parse_args(words)
    try:
        return int(chosen.run(chosen) or 0)
    except ResurveyError as error:
        sys.stderr.write(f"resurvey {chosen.command}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
