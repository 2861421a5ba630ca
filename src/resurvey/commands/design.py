"""`resurvey design`: single-arm sample sizes by every named formula, and which formulas reproduce a printed one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from resurvey.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from resurvey.design import DesignClaim, ProportionClaim

# Shown without --all: the most common formulas, and any formula that gives a printed number.
USUAL = (
    "log_hazard",
    "cube_root",
    "exact_chi_square",
    "swog",
    "kwak_jung",
    "wu",
    "landmark_arcsine",
    "landmark_log_log",
)
SHOWN = ["method", "sides", "events", "patients", "nominal_power", "actual_power", "actual_level", "actual_by"]
HITS = ["reproduces_events", "reproduces_patients"]
ALL = ["method", "sides", "reading", "events_raw", "events", "patients_raw", "patients"]
CLAIMED = [*HITS, "power_at_claimed_events", "alpha_implied"]
STAGES = [
    *("method", "sides", "patients", "rejects_from", "first_patients", "futile_up_to", "active_from"),
    *("actual_level", "actual_power", "expected_patients"),
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; times are in one unit, rates are proportions."""
    parser.add_argument("--null-median", type=float, help="median under the null hypothesis, in any unit")
    parser.add_argument(
        "--alternative-median",
        type=float,
        help="median under the alternative hypothesis, in the same unit as all other times",
    )
    parser.add_argument("--null-rate", type=float, help="proportion under the null hypothesis, instead of medians")
    parser.add_argument("--alternative-rate", type=float, help="proportion under the alternative hypothesis")
    parser.add_argument(
        "--landmark", type=float, help="time at which the rates are survival rates; without it they are response rates"
    )
    parser.add_argument("--alpha", type=float, default=0.05, help="significance level, as a proportion (default 0.05)")
    parser.add_argument("--power", type=float, default=0.8, help="power, as a proportion (default 0.8)")
    parser.add_argument("--sides", type=int, choices=(1, 2), help="one-sided or two-sided test (default: both)")
    parser.add_argument("--accrual", type=float, help="duration of enrolment (times to an event)")
    parser.add_argument("--follow-up", type=float, help="follow-up after the end of enrolment (times to an event)")
    parser.add_argument("--dropout", type=float, default=0.0, help="proportion lost (default 0)")
    parser.add_argument("--method", action="append", help="name of a formula; may be repeated (default: all)")
    parser.add_argument(
        "--reading", action="append", help="how enrolment and follow-up are understood; may be repeated (default: all)"
    )
    parser.add_argument("--claimed-events", type=int, help="printed number of events: which formula gives it?")
    parser.add_argument("--claimed-patients", type=int, help="printed number of patients: which formula gives it?")
    parser.add_argument(
        "--claimed-responses",
        type=int,
        help="printed smallest number of responses that rejects the null hypothesis (proportions)",
    )
    parser.add_argument(
        "--first-patients", type=int, help="printed number of patients in the first of two stages (proportions)"
    )
    parser.add_argument(
        "--first-responses",
        type=int,
        help="printed largest number of responses at which the first stage stops (proportions)",
    )
    parser.add_argument("--all", action="store_true", help="every formula and reading, not only the usual ones")
    parser.add_argument("--csv", action="store_true", help="print the whole table as CSV instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict on the printed sample size, if one is given, then the table of methods.

    Raises
    ------
    InputError
        If neither two medians nor two rates are given, or a value is invalid.
    """
    medians = (arguments.null_median, arguments.alternative_median)
    rates = (arguments.null_rate, arguments.alternative_rate)
    if (None in medians) == (None in rates) or (None not in medians and rates != (None, None)):
        raise InputError(
            "give --null-median and --alternative-median, or --null-rate and --alternative-rate (with --landmark for "
            "survival at a time, without it for a proportion such as responses)"
        )
    if None in rates or arguments.landmark is not None:
        return _times(arguments)
    return _proportions(arguments)


def _times(arguments: argparse.Namespace) -> int:
    from resurvey.design import check_claim, with_attained

    claim = _claim(arguments)
    table = check_claim(claim, methods=arguments.method, readings=arguments.reading)
    if arguments.csv:
        return _csv(with_attained(claim, table))
    _say(_verdict(claim))
    if arguments.all:
        _say(_text(table[[*ALL, *(CLAIMED if claim.events is not None else [])]]))
        return 0
    chosen = with_attained(claim, _plainest(claim, table, bool(arguments.method)))
    hits = [name for name, claimed in zip(HITS, (claim.events, claim.patients), strict=True) if claimed is not None]
    _say(_text(chosen[[*SHOWN, *hits]]))
    _say(
        "nominal: by the formula itself; actual: of the test that it plans, exact after the events, or simulated at "
        f"the planned date.\n{len(chosen)} of {len(table)} rows; --all shows every formula and reading"
    )
    return 0


def _claim(arguments: argparse.Namespace) -> DesignClaim:
    from resurvey.design import DesignClaim, median_of_rate

    if arguments.accrual is None or arguments.follow_up is None:
        raise InputError("a design with times to an event needs --accrual and --follow-up")
    medians = (arguments.null_median, arguments.alternative_median)
    if arguments.null_rate is not None:
        medians = (
            median_of_rate(arguments.null_rate, arguments.landmark, name="null_rate"),
            median_of_rate(arguments.alternative_rate, arguments.landmark, name="alternative_rate"),
        )
    return DesignClaim(
        null_median=medians[0],
        alternative_median=medians[1],
        alpha=arguments.alpha,
        power=arguments.power,
        accrual=arguments.accrual,
        follow_up=arguments.follow_up,
        dropout=arguments.dropout,
        sides=arguments.sides,
        events=arguments.claimed_events,
        patients=arguments.claimed_patients,
        landmark=arguments.landmark,
    )


def _verdict(claim: DesignClaim) -> str:
    """The verdict in words; empty if no size is claimed."""
    from resurvey.design import SearchBounds, check_claim, search_assumptions, verdict_on_claim

    if claim.events is None and claim.patients is None:
        return ""
    both = claim.events is not None and claim.patients is not None
    search = search_assumptions(claim, SearchBounds.usual(claim)) if both else None
    verdict = verdict_on_claim(claim, check_claim(claim), search)
    lines = [f"{verdict['verdict']}: {verdict['words']}"]
    lines += [f"{number}. {one['words']}" for number, one in enumerate(verdict["nearest_assumption_sets"], start=1)]
    return "\n".join(lines) + "\n"


def _plainest(claim: DesignClaim, table: pd.DataFrame, asked: bool) -> pd.DataFrame:
    """Rows of the common (or requested) formulas under the plain reading, and rows that give a claimed number."""
    first = table["reading"].iloc[0] if (table["reading"] == "additional").sum() == 0 else "additional"
    plain = table["reading"] == first
    usual = plain & (table["method"].isin(USUAL) | asked)
    hit = table[HITS].fillna(False).astype(bool).any(axis=1) & ~table["misuse"].astype(bool)
    if claim.events is not None and claim.patients is not None:
        hit &= table[HITS].fillna(False).astype(bool).all(axis=1) | plain
    return table[usual | (hit & plain) | (hit & ~(hit & plain).any())]


def _proportions(arguments: argparse.Namespace) -> int:
    from resurvey.design import check_proportion_claim, verdict_on_proportions

    if arguments.claimed_events is not None:
        raise InputError("--claimed-events belongs to a design with medians; for a proportion give --claimed-patients")
    claim = _proportion_claim(arguments)
    table = check_proportion_claim(claim)
    if arguments.method:
        _refuse_unknown("--method", arguments.method, table["method"])
        table = table[table["method"].isin(arguments.method)]
    if arguments.csv:
        return _csv(table)
    if claim.patients is not None:
        found = verdict_on_proportions(claim, table)
        _say(f"{found['verdict']}: {found['words']}\n")
    hits = [] if claim.patients is None else ["reproduces_patients", "reproduces_all"]
    _say(_text(table[[*STAGES, *hits]]))
    return 0


def _proportion_claim(arguments: argparse.Namespace) -> ProportionClaim:
    from resurvey.design import ProportionClaim

    return ProportionClaim(
        null=arguments.null_rate,
        alternative=arguments.alternative_rate,
        alpha=arguments.alpha,
        power=arguments.power,
        sides=arguments.sides,
        patients=arguments.claimed_patients,
        rejects_from=arguments.claimed_responses,
        first_patients=arguments.first_patients,
        futile_up_to=arguments.first_responses,
    )


def _refuse_unknown(option: str, names: list[str], known: Iterable[str]) -> None:
    there = list(dict.fromkeys(known))
    unknown = [name for name in names if name not in there]
    if unknown:
        raise InputError(f"{option}: there is no {', '.join(map(repr, unknown))}. Use one of: {', '.join(there)}")


def _csv(table: pd.DataFrame) -> int:
    sys.stdout.write(table.to_csv(index=False, float_format="%.10g", lineterminator="\n"))
    return 0


def _say(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n")


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}")
