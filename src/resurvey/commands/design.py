"""`resurvey design`: single-arm sample sizes by every named formula, and what reproduces a printed one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ["method", "sides", "reading", "events_raw", "events", "patients_raw", "patients"]
CLAIMED = ["reproduces_events", "reproduces_patients", "power_at_claimed_events", "alpha_implied"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; times are in one unit, rates are proportions."""
    parser.add_argument("--null-median", type=float, required=True, help="median under the null hypothesis")
    parser.add_argument("--alternative-median", type=float, required=True, help="median to be detected")
    parser.add_argument("--alpha", type=float, default=0.05, help="level, as a proportion (default 0.05)")
    parser.add_argument("--power", type=float, default=0.8, help="power, as a proportion (default 0.8)")
    parser.add_argument("--sides", type=int, choices=(1, 2), help="sides of the test (default: both are tried)")
    parser.add_argument("--accrual", type=float, required=True, help="duration of enrolment")
    parser.add_argument("--follow-up", type=float, required=True, help="follow-up after it")
    parser.add_argument("--dropout", type=float, default=0.0, help="proportion lost (default 0)")
    parser.add_argument("--method", action="append", help="a formula by name; may be repeated (default: all)")
    parser.add_argument("--reading", action="append", help="a reading of enrolment and follow-up (default: all)")
    parser.add_argument("--claimed-events", type=int, help="printed number of events: which formula gives it?")
    parser.add_argument("--claimed-patients", type=int, help="printed number of patients")
    parser.add_argument("--csv", action="store_true", help="print the whole table as CSV instead")


def run(arguments: argparse.Namespace) -> int:
    """Print the table of methods and, for a printed pair, the verdict and the nearest assumption sets."""
    from resurvey.design import DesignClaim, SearchBounds, check_claim, search_assumptions, verdict_on_claim

    claim = DesignClaim(
        null_median=arguments.null_median,
        alternative_median=arguments.alternative_median,
        alpha=arguments.alpha,
        power=arguments.power,
        accrual=arguments.accrual,
        follow_up=arguments.follow_up,
        dropout=arguments.dropout,
        sides=arguments.sides,
        events=arguments.claimed_events,
        patients=arguments.claimed_patients,
    )
    table = check_claim(claim, methods=arguments.method, readings=arguments.reading)
    if arguments.csv:
        sys.stdout.write(table.to_csv(index=False, float_format="%.10g", lineterminator="\n"))
        return 0
    columns = [*SHOWN, *(CLAIMED if claim.events is not None else [])]
    sys.stdout.write(_text(table[columns]) + "\n")
    if claim.events is not None:
        search = search_assumptions(claim, SearchBounds.usual(claim)) if claim.patients is not None else None
        verdict = verdict_on_claim(claim, check_claim(claim), search)
        sys.stdout.write(f"\n{verdict['verdict']}: {verdict['words']}\n")
        for number, found in enumerate(verdict["nearest_assumption_sets"], start=1):
            sys.stdout.write(f"{number}. {found['words']}\n")
    return 0


def _text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, na_rep="-", float_format=lambda value: f"{value:.4g}")
