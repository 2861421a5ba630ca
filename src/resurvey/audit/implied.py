"""Counts and denominators determined uniquely by percentages of several groups and a known total."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd

from resurvey.audit.context import Context
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, MAJOR, NONE, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.reported import show

MISSING = re.compile(r"not evaluable|missing|not assess|unknown", re.IGNORECASE)
SLACK = 1e-9
# Above this number of patients, percentages admit too many denominators to be informative.
MOST = 2000
MOST_GROUPS = 3

Pairs = dict[str, tuple[int, int]]


def possible_totals(low: np.ndarray, high: np.ndarray, most: int) -> list[int]:
    """Denominators up to `most` for which every interval low..high (per cent) holds some k/N.

    Parameters
    ----------
    low, high : (k,) ndarray
        Ranges of values that the printed percentages may stand for.
    most : int
        Largest denominator: the number of patients in the group.
    """
    sizes = np.arange(1, most + 1)[:, None]
    fits = np.ceil((low - SLACK) * sizes / 100 - SLACK) <= (high + SLACK) * sizes / 100
    return [int(n) for n in np.flatnonzero(fits.all(axis=1)) + 1]


def implied_pairs(context: Context) -> Pairs:
    """Count and denominator of each claim for which its percentage and the related ones leave one possibility."""
    if "_implied" not in context.__dict__:
        context.__dict__["_implied"] = _solve(context)
    return context.__dict__["_implied"][0]


@register(
    "implied-denominators", "N of each group <= its patients, all k/N fit, and the N add up to patients minus missing"
)
def check_implied_denominators(context: Context) -> pd.DataFrame:
    """Response percentages without denominators, where the number not evaluable is printed for all groups together."""
    implied_pairs(context)
    return context.__dict__["_implied"][1]


def _solve(context: Context) -> tuple[Pairs, pd.DataFrame]:
    frame = context["proportions"]
    ledger = Ledger("implied-denominators")
    pairs: Pairs = {}
    response = frame[frame["kind"] == "response"]
    bare = response[(response["n_op"] == "") & (response["total_op"] == "") & (response["percent_op"] == "=")]
    if bare.empty:
        return {}, ledger.frame()
    counted = response[(response["n_op"] == "=") & response["arm_id"].isin(["", "all"])]
    counted = counted[counted["item"].str.contains(MISSING)]
    for (source, study, population), missing in counted.groupby(["source_id", "study_id", "population"], sort=False):
        here = (bare["source_id"] == source) & (bare["study_id"] == study) & (bare["population"] == population)
        if len(missing) == 1 and here.any():
            _solve_group(context, ledger, pairs, bare[here], missing.iloc[0])
    return pairs, ledger.frame()


def _solve_group(context: Context, ledger: Ledger, pairs: Pairs, bare: pd.DataFrame, missing: pd.Series) -> None:
    groups = dict(list(bare.groupby("arm_id", sort=False)))
    place = missing["source_id"], missing["study_id"]
    sizes = [context.size(*place, arm, missing["population"]) for arm in groups]
    if not 2 <= len(groups) <= MOST_GROUPS or any(size is None or size[0] > MOST for size in sizes):
        return
    patients = [int(size[0]) for size in sizes if size]
    evaluable = sum(patients) - int(missing["n"])
    options = [
        possible_totals(part["percent_min"].to_numpy(float), part["percent_max"].to_numpy(float), most)
        for part, most in zip(groups.values(), patients, strict=True)
    ]
    solutions = [sizes for sizes in product(*options[:-1]) if evaluable - sum(sizes) in set(options[-1])]
    complete = [(*sizes, evaluable - sum(sizes)) for sizes in solutions]
    if len(complete) == 1:
        _keep(pairs, groups, complete[0])
    _note(ledger, missing, groups, evaluable, complete, pairs)


def _keep(pairs: Pairs, groups: dict[str, pd.DataFrame], totals: tuple[int, ...]) -> None:
    for part, total in zip(groups.values(), totals, strict=True):
        for claim, percent in zip(part["claim_id"], part["percent"], strict=True):
            pairs[claim] = (round(percent * total / 100), total)


def _note(
    ledger: Ledger,
    missing: pd.Series,
    groups: dict[str, pd.DataFrame],
    evaluable: int,
    complete: list[tuple[int, ...]],
    pairs: Pairs,
) -> None:
    claims = [claim for part in groups.values() for claim in part["claim_id"]]
    verdict = {0: DISCREPANT, 1: REPRODUCED}.get(len(complete), UNCHECKABLE)
    words = f"{evaluable} evaluable patients"
    if len(complete) == 1:
        shown = [f"{k}/{n} for {claim}" for claim, (k, n) in pairs.items() if claim in claims]
        words += f" and whole counts leave one set of denominators only: {', '.join(shown)}"
    elif complete:
        words += f" leave {len(complete)} sets of denominators that give every percentage"
    else:
        words += " cannot be divided so that whole counts give every percentage"
    ledger.judge(
        missing,
        [missing["claim_id"], *claims],
        named=[missing["claim_id"]],
        reported="; ".join(f"{text} %" for part in groups.values() for text in part["percent_text"]),
        recomputed="; ".join("/".join(show(n) for n in sizes) for sizes in complete[:3]),
        verdict=verdict,
        severity=MAJOR if verdict == DISCREPANT else NONE,
        explanation=words,
    )
