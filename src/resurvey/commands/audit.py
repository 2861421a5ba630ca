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
            self.error("standard input has no line to check")
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
        epilog="Exit status: 0 if everything is reproduced, 1 if a check is discrepant, conflicting or impossible, 2 "
        "if an argument cannot be read. With - in place of the numbers, standard input has one check a line.",
    )
    families = parser.add_subparsers(dest="family", required=True, metavar="family", parser_class=LineParser)
    for name, words in (("hr", "a hazard ratio"), ("or", "an odds ratio"), ("rr", "a relative risk")):
        _ratio_parser(families, name, words)
    _proportion_parsers(families)
    _time_parsers(families)
    _other_parsers(families)
    for name, one in families.choices.items():
        one.add_argument("--json", action="store_true", help="print the checks as JSON")
        one.add_argument("--exit-zero", action="store_true", help="exit with 0 even if something is wrong")
        one.set_defaults(run=later("respond"), family=name)
    return parser


def _ratio_parser(families: Subparsers, name: str, words: str) -> None:
    one = families.add_parser(name, help=f"{words} with its interval, p value and events")
    one.add_argument("value", help="the ratio as printed, for example 0.926")
    _add_interval(one)
    one.add_argument("--p", help="p value as printed, for example 0.765 or <0.001")
    one.add_argument("--sides", choices=("1", "2"), help="one-sided or two-sided p value, if the paper says")
    one.add_argument("--test", help="test that gave the p value, if named, for example log-rank")
    one.add_argument(
        "--model", choices=("unadjusted", "stratified", "multivariable", "matched"), help="model, if the paper says"
    )
    one.add_argument("--events", help="events in both groups together")
    one.add_argument("--n", help="patients in both groups together")
    one.set_defaults(answer=later("audit_ratio"))


def _add_interval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ci", nargs=2, metavar=("LOWER", "UPPER"), help="confidence limits as printed")
    parser.add_argument(
        "--sic", action="store_true", help="accept numbers that look wrong: the paper prints them like this"
    )
    parser.add_argument("--level", help="confidence level in per cent, if it is not 95")


def _proportion_parsers(families: Subparsers) -> None:
    one = families.add_parser("percentage", help="a count with its percentage and interval")
    one.add_argument("--n", help="count")
    one.add_argument("--total", help="denominator")
    one.add_argument("--percent", help="percentage as printed, without the sign")
    _add_interval(one)
    one.add_argument("--method", help="method of the interval, if named, for example Clopper-Pearson")
    one.set_defaults(answer=later("audit_percentage"))
    one = families.add_parser("categories", help="counts of categories and their total")
    one.add_argument("counts", nargs="+", help="count of each category, or count:percentage")
    one.add_argument("--total", required=True, help="number of patients in all categories together")
    one.set_defaults(answer=later("audit_categories"))
    one = families.add_parser("table", help="the p value of a table of counts")
    one.add_argument("groups", nargs="+", help="each group as n/N, or as the counts of all its categories, a:b:c")
    one.add_argument("--p", required=True, help="p value as printed")
    one.add_argument("--test", help="test, if named, for example chi-square or Fisher")
    one.add_argument("--sides", choices=("1", "2"), help="one-sided or two-sided p value, if the paper says")
    one.set_defaults(answer=later("audit_table"))
    one = families.add_parser("grades", help="adverse events by grade")
    one.add_argument("counts", nargs="+", help="grade=count, for example 1-2=44 3=53 4=3 '>=3=56'")
    one.add_argument("--total", help="number of patients")
    one.set_defaults(answer=later("audit_grades"))


def _time_parsers(families: Subparsers) -> None:
    one = families.add_parser("median", help="a median with its interval, events and a survival rate")
    one.add_argument("value", help="the median as printed, or NR (not reached)")
    _add_interval(one)
    one.add_argument("--unit", default="months", help="days, weeks, months (default) or years")
    one.add_argument("--endpoint", default="PFS", help="endpoint, for the text of the result (default PFS)")
    one.add_argument("--events", help="number of events")
    one.add_argument("--n", help="number of patients")
    one.add_argument("--rate", nargs=2, metavar=("TIME", "PERCENT"), help="survival at a time, in per cent")
    one.set_defaults(answer=later("audit_median"))
    one = families.add_parser("difference", help="a stated difference or direction, and the two numbers it is about")
    one.add_argument("first", help="first of the two numbers, as printed")
    one.add_argument("second", help="second of the two numbers, as printed")
    one.add_argument("--value", help="printed difference, first minus second")
    one.add_argument(
        "--direction",
        help="how the paper calls the first: longer, shorter, higher, lower, similar, doubled, better or worse",
    )
    one.set_defaults(answer=later("audit_difference"))
    one = families.add_parser("design", help="a single-arm sample size")
    for name, words in (("alpha", "significance level"), ("power", "power")):
        one.add_argument(f"--{name}", required=True, help=f"{words} in per cent")
    for name in ("null", "alternative"):
        one.add_argument(f"--{name}", help=f"median under the {name} hypothesis, in --unit")
        one.add_argument(f"--{name}-rate", help=f"rate under the {name} hypothesis in per cent, instead of a median")
    one.add_argument("--landmark", help="time at which the rates are survival, in --unit; without it, responses")
    one.add_argument("--accrual", help="duration of enrolment, in --unit (times to an event)")
    one.add_argument("--follow-up", help="follow-up after the end of enrolment, in --unit (times to an event)")
    one.add_argument("--dropout", help="patients lost, in per cent")
    one.add_argument("--events", help="printed number of events")
    one.add_argument("--patients", help="printed number of patients")
    one.add_argument("--responses", help="smallest number of responses that rejects the null hypothesis (proportions)")
    one.add_argument("--first-patients", help="patients in the first of two stages (proportions)")
    one.add_argument(
        "--first-responses", help="largest number of responses at which the first stage stops (proportions)"
    )
    one.add_argument("--sides", choices=("1", "2"), help="one-sided or two-sided test, if the paper says")
    one.add_argument("--unit", default="months", help="days, weeks, months (default) or years")
    one.set_defaults(answer=later("audit_design"))


def _other_parsers(families: Subparsers) -> None:
    one = families.add_parser("r", help="a correlation and its p value")
    one.add_argument("value", help="the correlation as printed, for example .17")
    one.add_argument("--df", required=True, help="degrees of freedom: number of pairs minus two")
    one.add_argument("--p", required=True, help="p value as printed")
    one.add_argument("--sides", choices=("1", "2"), default="2", help="one-sided or two-sided p value (default 2)")
    one.set_defaults(answer=later("audit_correlation"))
    one = families.add_parser("tables", help="every number of a folder of extraction tables")
    one.add_argument("folder", help="folder of the tables, usually data/raw")
    one.add_argument("--out", help="file to write all checks to, as CSV")
    one.set_defaults(answer=later("audit_tables"))
    one = families.add_parser("rules", help="every check with its formula and reference")
    one.set_defaults(answer=later("audit_rules"))
