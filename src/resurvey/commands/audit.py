"""`resurvey audit ...`: the arguments of each family of checks. The checks are imported only when one is run."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Any

from resurvey.commands import Subparsers

Handler = Callable[[argparse.Namespace], Any]


def later(name: str) -> Handler:
    """A function of `resurvey.audit.handlers`, imported when it is called, so that help does not wait for pandas."""

    def handler(arguments: argparse.Namespace) -> Any:
        return getattr(importlib.import_module("resurvey.audit.handlers"), name)(arguments)

    return handler


class LineParser(argparse.ArgumentParser):
    """A parser that accepts `-`: then each line of standard input holds the arguments of one command."""

    line = 0

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse the arguments of one command or, with `-`, of a `batch` of numbered lines."""
        if not args or "-" not in args:
            return super().parse_known_args(args, namespace)
        shared = [word for word in args if word != "-"]
        batch = []
        for number, words in enumerate(sys.stdin, 1):
            if words.strip() and not words.lstrip().startswith("#"):
                self.line = number
                batch.append((number, self.parse_args([*_words(self, words), *shared])))
        if not batch:
            self.error("standard input holds no line to check")
        found = argparse.Namespace(**vars(batch[0][1]))
        found.batch = batch
        return found, []

    def error(self, message: str) -> None:  # type: ignore[override]
        """Report an error as argparse does, with the line of standard input if there is one."""
        super().error(f"line {self.line} of standard input: {message}" if self.line else message)


def _words(parser: LineParser, line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        parser.error(f"{line.strip()!r} cannot be split into words: {error}")
        raise


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add `audit` and its families of checks to the parser of `resurvey`; each sets `answer` and `run`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "audit",
        help="recompute printed numbers from each other",
        description="Recompute printed numbers from each other.",
        epilog="Exit status: 0 when all comes out, 1 when a check is discrepant, conflicting or impossible, 2 when an "
        "argument cannot be read. A family with - in place of its numbers reads them from standard input, a line each.",
    )
    families = parser.add_subparsers(dest="family", required=True, metavar="family", parser_class=LineParser)
    for name, words in (("hr", "a hazard ratio"), ("or", "an odds ratio"), ("rr", "a relative risk")):
        _ratio_parser(families, name, words)
    _proportion_parsers(families)
    _time_parsers(families)
    _other_parsers(families)
    for name, one in families.choices.items():
        one.add_argument("--json", action="store_true", help="the rows of checks.csv as JSON")
        one.add_argument("--exit-zero", action="store_true", help="exit with 0 whatever is found")
        one.set_defaults(run=later("respond"), family=name)
    return parser


def _ratio_parser(families: Subparsers, name: str, words: str) -> None:
    one = families.add_parser(name, help=f"{words}, its interval, p and events")
    one.add_argument("value", help="as printed, as 0.926")
    _add_interval(one)
    one.add_argument("--p", help="as printed, as 0.765 or <0.001")
    one.add_argument("--sides", choices=("1", "2"), help="sides of the test of p, where the paper says")
    one.add_argument("--test", help="test of p, where named, as log-rank")
    one.add_argument("--model", choices=("unadjusted", "stratified", "multivariable", "matched"))
    one.add_argument("--events", help="events in both groups together")
    one.add_argument("--n", help="patients in both groups together")
    one.set_defaults(answer=later("audit_ratio"))


def _add_interval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ci", nargs=2, metavar=("LOWER", "UPPER"), help="confidence limits as printed")
    parser.add_argument("--sic", action="store_true", help="the numbers are printed so, odd as they are")
    parser.add_argument("--level", help="confidence level in per cent where it is not 95")


def _proportion_parsers(families: Subparsers) -> None:
    one = families.add_parser("percentage", help="a count against its percentage and interval")
    one.add_argument("--n", help="count")
    one.add_argument("--total", help="denominator")
    one.add_argument("--percent", help="per cent as printed, without the sign")
    _add_interval(one)
    one.add_argument("--method", help="method of the interval where named, as Clopper-Pearson")
    one.set_defaults(answer=later("audit_percentage"))
    one = families.add_parser("categories", help="categories against their total")
    one.add_argument("counts", nargs="+", help="n or n:percent for each category")
    one.add_argument("--total", required=True)
    one.set_defaults(answer=later("audit_categories"))
    one = families.add_parser("table", help="the p of a table of counts")
    one.add_argument("groups", nargs="+", help="a group as n/N, or as counts a:b:c of all its categories")
    one.add_argument("--p", required=True)
    one.add_argument("--test", help="test where named, as chi-square or Fisher")
    one.add_argument("--sides", choices=("1", "2"))
    one.set_defaults(answer=later("audit_table"))
    one = families.add_parser("grades", help="adverse events by grade")
    one.add_argument("counts", nargs="+", help="grade=count, as 1-2=44 3=53 4=3 '>=3=56'")
    one.add_argument("--total", help="patients")
    one.set_defaults(answer=later("audit_grades"))


def _time_parsers(families: Subparsers) -> None:
    one = families.add_parser("median", help="a median against its interval, events and a survival rate")
    one.add_argument("value", help="as printed, or NR")
    _add_interval(one)
    one.add_argument("--unit", default="months")
    one.add_argument("--endpoint", default="PFS")
    one.add_argument("--events")
    one.add_argument("--n")
    one.add_argument("--rate", nargs=2, metavar=("TIME", "PERCENT"), help="survival in per cent at a time")
    one.set_defaults(answer=later("audit_median"))
    one = families.add_parser("difference", help="a stated difference or direction against two numbers")
    one.add_argument("first")
    one.add_argument("second")
    one.add_argument("--value", help="difference as printed, first minus second")
    one.add_argument("--direction", help="longer, shorter, higher, lower, similar, doubled, better or worse")
    one.set_defaults(answer=later("audit_difference"))
    one = families.add_parser("design", help="a single-arm sample size")
    for name in ("alpha", "power"):
        one.add_argument(f"--{name}", required=True, help="per cent")
    for name in ("null", "alternative"):
        one.add_argument(f"--{name}", help="median, in --unit")
        one.add_argument(f"--{name}-rate", help="in place of medians: per cent")
    one.add_argument("--landmark", help="time at which the rates are survival, in --unit; without it, responses")
    for name in ("accrual", "follow-up"):
        one.add_argument(f"--{name}", help="in --unit (times to an event)")
    for name in ("dropout", "events", "patients"):
        one.add_argument(f"--{name}")
    one.add_argument("--responses", help="fewest responses that reject (proportions)")
    one.add_argument("--first-patients", help="patients of the first of two stages (proportions)")
    one.add_argument("--first-responses", help="most responses with which the first stage stops (proportions)")
    one.add_argument("--sides", choices=("1", "2"))
    one.add_argument("--unit", default="months")
    one.set_defaults(answer=later("audit_design"))


def _other_parsers(families: Subparsers) -> None:
    one = families.add_parser("r", help="a correlation against its p")
    one.add_argument("value", help="as printed, as .17")
    one.add_argument("--df", required=True, help="degrees of freedom: pairs less two")
    one.add_argument("--p", required=True)
    one.add_argument("--sides", choices=("1", "2"), default="2")
    one.set_defaults(answer=later("audit_correlation"))
    one = families.add_parser("tables", help="every number of a folder of extraction tables")
    one.add_argument("folder")
    one.add_argument("--out", help="file for the rows of checks.csv")
    one.set_defaults(answer=later("audit_tables"))
    one = families.add_parser("rules", help="every check with its formula and reference")
    one.set_defaults(answer=later("audit_rules"))
