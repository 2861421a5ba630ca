"""Percentages against counts, counts against percentages, and the denominators that percentages imply."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.audit.context import PLACE, Context
from resurvey.audit.denominators import GROUP, denominators
from resurvey.audit.registry import register
from resurvey.audit.values import span
from resurvey.audit.verdicts import (
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    rows,
)
from resurvey.reported import show

SLACK = 1e-9
# A percentage wrong by more than this many percentage points misleads readers about the size of the group.
MAJOR_POINTS = 5.0
HOW = ("rounding to nearest", "cutting digits off", "rounding up")


def explain_rounding(value: np.ndarray, low: np.ndarray, high: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Index into `HOW` of the first rounding rule that prints `exact` as `value`; -1 when none does.

    Parameters
    ----------
    value, low, high : (k,) ndarray
        Printed values and the ends of the interval that rounding to nearest allows.
    exact : (k,) ndarray
        Recomputed values on the same scale.

    Notes
    -----
    With u one unit of the last digit, v is printed for x when v - u/2 <= x < v + u/2 (half up; half to even also
    includes the upper end where the last digit is even), v <= x < v + u (truncated) or v - u < x <= v (rounded up).
    """
    unit = high - low
    with np.errstate(invalid="ignore", divide="ignore"):
        even = np.round(np.where(unit > 0, value / unit, 1.0)) % 2 == 0
    nearest = (low - SLACK <= exact) & ((exact < high - SLACK) | (even & (exact <= high + SLACK)))
    cut = (value - SLACK <= exact) & (exact < value + unit - SLACK)
    up = (value - unit + SLACK < exact) & (exact <= value + SLACK)
    return np.select([nearest, cut, up], [0, 1, 2], default=-1)


@register("percentage", "100 n / N against the printed percentage, rounded to nearest, cut off or rounded up")
def check_percentage(context: Context) -> pd.DataFrame:
    """Every printed percentage that has a count, against the count and its denominator."""
    frame = context["proportions"]
    both = (frame["n_op"] == "=") & (frame["percent_op"] == "=")
    frame = frame[both].reset_index(drop=True)
    if frame.empty:
        return rows("percentage", **{name: [] for name in _EMPTY})
    total, origin = denominators(context, frame)
    known = total > 0
    missing = _unknown_total(frame[~known])
    frame, total, origin = frame[known].reset_index(drop=True), total[known], origin[known]
    n, value = frame["n"].to_numpy(float), frame["percent"].to_numpy(float)
    low, high = frame["percent_min"].to_numpy(float), frame["percent_max"].to_numpy(float)
    exact = 100 * n / total
    how = explain_rounding(value, low, high, exact)
    verdict = np.select([n > total, how == 0, how > 0], [IMPOSSIBLE, REPRODUCED, ROUNDING], default=DISCREPANT)
    severity = np.where(np.isin(verdict, [REPRODUCED, ROUNDING]), NONE, MINOR).astype(object)
    severity[(np.abs(exact - value) >= MAJOR_POINTS) | (verdict == IMPOSSIBLE)] = MAJOR
    verdict, severity = verdict.astype(object), severity
    explanation = _sentences(frame, total, origin, exact, how)
    _look_closer(context, frame, total, verdict, severity, explanation)
    found = rows(
        "percentage",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim, *extra] for claim, extra in zip(frame["claim_id"], _origin_claims(origin), strict=True)],
        named=[[claim] for claim in frame["claim_id"]],
        reported=[f"{a} ({b} %)" for a, b in zip(frame["n_text"], frame["percent_text"], strict=True)],
        recomputed=[f"{show(x)} %" for x in exact],
        verdict=verdict,
        severity=severity,
        explanation=explanation,
    )
    return pd.concat([found, missing], ignore_index=True)


_EMPTY = ("source", "study", "claims", "reported", "recomputed", "verdict", "severity", "explanation")


def _origin_claims(origin: np.ndarray) -> list[list[str]]:
    return [[text] if "-" in text and " " not in text else [] for text in origin]


def _unknown_total(frame: pd.DataFrame) -> pd.DataFrame:
    """A count and a percentage without any denominator: they cannot be checked here (see `implied-total`)."""
    reported = [f"{a} ({b} %)" for a, b in zip(frame["n_text"], frame["percent_text"], strict=True)]
    return rows(
        "percentage",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=reported,
        recomputed=[""] * len(frame),
        verdict=[UNCHECKABLE] * len(frame),
        severity=[NONE] * len(frame),
        explanation=["no denominator is printed for this group; see the check of the total it implies"] * len(frame),
    )


def _sentences(
    frame: pd.DataFrame, total: np.ndarray, origin: np.ndarray, exact: np.ndarray, how: np.ndarray
) -> list[str]:
    places = ["" if text == "row" else " (denominator from " + text + ")" for text in origin]
    tails = [f", reproduced by {HOW[rule]}" if rule >= 0 else ", outside every rule of rounding" for rule in how]
    parts = zip(frame["n_text"], total, places, exact, frame["percent_text"], tails, strict=True)
    return [
        f"{n}/{int(big)}{place} is {show(x, 5)} %, printed {value} %{tail}" for n, big, place, x, value, tail in parts
    ]


def _look_closer(
    context: Context, frame: pd.DataFrame, total: np.ndarray, verdict: np.ndarray, severity: np.ndarray, text: list[str]
) -> None:
    """For percentages that fail: other possible denominators, the count that fits, and where the number may be from."""
    failing = np.flatnonzero(verdict == DISCREPANT)
    if not failing.size:
        return
    sums = _partition_sums(context["proportions"])
    for row in failing:
        record = frame.iloc[row]
        known = sums.get(tuple(record[column] for column in GROUP)) if record["partition"] else None
        if known and known != total[row] and _fits(record, record["n"], known):
            verdict[row], severity[row] = OTHER_METHOD, NONE
            text[row] += f"; {record['n_text']}/{int(known)}, the sum of the printed categories, reproduces it"
            continue
        text[row] += _count_that_fits(record, total[row], known) + _whose_number(context["proportions"], record)


def _partition_sums(frame: pd.DataFrame) -> dict[tuple[str, ...], float]:
    named = frame[frame["partition"] != ""]
    sums = named.groupby(GROUP, sort=False)["n"].agg(lambda n: n.sum() if n.notna().all() else np.nan)
    return {key: value for key, value in sums.items() if value == value}


def _fits(record: pd.Series, n: float, total: float) -> bool:
    value, low, high = (np.array([record[column]]) for column in ("percent", "percent_min", "percent_max"))
    return bool(explain_rounding(value, low, high, np.array([100 * n / total]))[0] == 0)


def _count_that_fits(record: pd.Series, total: float, known: float | None) -> str:
    nearest = round(record["percent"] * total / 100)
    if not 0 <= nearest <= total or not _fits(record, nearest, total):
        return f"; no whole number of {int(total)} gives {record['percent_text']} %"
    words = f"; {record['percent_text']} % fits {nearest} of {int(total)}"
    if known is None:
        return words
    if known == total:
        return words + f", but the categories add up to {int(total)} with the printed {record['n_text']}"
    if known - record["n"] + nearest == total:
        return words + f", and with {nearest} the categories add up to {int(total)}"
    return words


def _whose_number(frame: pd.DataFrame, record: pd.Series) -> str:
    """Other rows of the same table that print the same percentage or the same count."""
    near = frame[frame["n"] == record["n"]]
    near = near[(near["source_id"] == record["source_id"]) & (near["claim_id"] != record["claim_id"])]
    table = record["locator"].split(",")[0]
    near = near[near["locator"].str.split(",").str[0] == table]
    words = ""
    twin = near[near["percent_text"] == record["percent_text"]]
    if len(twin):
        words += f"; {record['n_text']} ({record['percent_text']} %) is also printed for {_label(twin.iloc[0])}"
    column = near[(near["arm_id"] == record["arm_id"]) & (near["population"] == record["population"])]
    same = column[column["partition"] != record["partition"]]
    if len(same) and record["n"] >= 20:
        words += f"; the count {record['n_text']} also stands for {_label(same.iloc[0])} in this column"
    return words


def _label(record: pd.Series) -> str:
    return f"{record['item']} ({record['arm_id']}, {record['claim_id']})"


def has_whole_count(low: np.ndarray, high: np.ndarray, total: np.ndarray, scale: float = 100.0) -> np.ndarray:
    """Whether some whole k has low <= scale k / total <= high (the GRIM test; `scale` 1 for means of whole numbers).

    References
    ----------
    .. [1] Brown, N. J. L. and Heathers, J. A. J. (2017). The GRIM test. Social Psychological and Personality Science 8,
       363-369.
    """
    return np.ceil((low - SLACK) * total / scale - SLACK) <= (high + SLACK) * total / scale


@register(
    "whole-count", "a printed percentage of a printed N must be k/N for a whole k", "Brown and Heathers 2017 (GRIM)"
)
def check_whole_count(context: Context) -> pd.DataFrame:
    """Percentages printed without a count: some whole number of the denominator must give them."""
    frame = context["proportions"]
    frame = frame[(frame["n_op"] == "") & (frame["percent_op"] == "=")].reset_index(drop=True)
    total, origin = denominators(context, frame)
    frame, total, origin = frame[total > 0], total[total > 0], origin[total > 0]
    low, high = frame["percent_min"].to_numpy(float), frame["percent_max"].to_numpy(float)
    exists = has_whole_count(low, high, total)
    # Truncation or rounding up admits one more unit on either side.
    unit = high - low
    near = has_whole_count(low - unit / 2 + 2 * SLACK, high + unit / 2 - 2 * SLACK, total)
    own = origin == "row"
    verdict = np.select([exists, near, own], [REPRODUCED, ROUNDING, DISCREPANT], default=UNCHECKABLE)
    middle = np.round(frame["percent"].to_numpy(float) * total / 100)
    return rows(
        "whole-count",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=[f"{value} %" for value in frame["percent_text"]],
        recomputed=[f"{int(k)}/{int(big)} = {show(100 * k / big, 5)} %" for k, big in zip(middle, total, strict=True)],
        verdict=verdict,
        severity=np.where(verdict == DISCREPANT, MINOR, NONE),
        explanation=[
            _whole_words(word, value, int(k), int(big), text)
            for word, value, k, big, text in zip(verdict, frame["percent_text"], middle, total, origin, strict=True)
        ],
    )


def _whole_words(verdict: str, value: str, k: int, total: int, origin: str) -> str:
    if verdict == REPRODUCED:
        return f"{k} of {total} is {show(100 * k / total, 5)} %, printed {value} %"
    if verdict == ROUNDING:
        return f"{value} % of {total} is a whole number only when digits were cut off or rounded up"
    words = f"no whole number of {total} gives {value} %: {k}/{total} is {show(100 * k / total, 5)} %"
    if verdict == UNCHECKABLE:
        return words + f"; but {total} is not printed with it (taken from {origin}), so the denominator may be another"
    return words


# Number of other percentages that must agree on a total before one is called wrong.
LEAST_OTHERS = 4


@register("implied-total", "N between 100 n / (p + u/2) and 100 n / (p - u/2), over all counts of a group")
def check_implied_total(context: Context) -> pd.DataFrame:
    """Counts and percentages of a group whose size is not printed: a single whole number N must fit them all."""
    frame = context["proportions"]
    frame = frame[(frame["n_op"] == "=") & (frame["percent_op"] == "=") & (frame["n"] > 0)].reset_index(drop=True)
    total, _ = denominators(context, frame)
    frame = frame[~(total > 0)]
    half = (frame["percent_max"] - frame["percent_min"]) / 2
    frame = frame.assign(**_totals_of(frame, 0 * half), **_totals_of(frame, half, "loose_"))
    found = []
    for place, group in frame.groupby([*PLACE, "data_cut", "kind"], sort=False):
        found.append(_implied(context, place, group))
    return pd.concat(found, ignore_index=True) if found else rows("implied-total", **{name: [] for name in _EMPTY})


def _totals_of(frame: pd.DataFrame, more: pd.Series, name: str = "") -> dict[str, pd.Series]:
    """Smallest and largest total that each percentage allows, with `more` percentage points beyond rounding."""
    with np.errstate(divide="ignore"):
        least = np.ceil(100 * frame["n"] / (frame["percent_max"] + more) - 1e-6)
        most = np.floor(100 * frame["n"] / (frame["percent_min"] - more).clip(lower=0) + 1e-6)
    return {f"{name}least": least, f"{name}most": most}


def _implied(context: Context, place: tuple[str, ...], group: pd.DataFrame) -> pd.DataFrame:
    source, study, arm, population, *_ = place
    least, most = group["least"].max(), group["most"].min()
    whole = context.size(source, study, "all", population, elsewhere=True)
    exists = least <= most
    words = f"one N of {span(least, most, 6)} gives every percentage of {arm}"
    verdict = REPRODUCED
    if not exists and group["loose_least"].max() <= group["loose_most"].min():
        verdict, words = ROUNDING, f"one N gives every percentage of {arm} when digits were cut off or rounded up"
    elif not exists:
        verdict, more = _why_no_total(group)
        words = (
            f"no one N gives all percentages of {arm}: at least {show(least, 6)} and at most {show(most, 6)} are needed"
        )
        words += more
    elif whole and arm != "all" and least > whole[0]:
        verdict, words = IMPOSSIBLE, words + f", more than the {int(whole[0])} patients of the whole study"
    elif whole:
        words += f", within the {int(whole[0])} patients of the study"
    return rows(
        "implied-total",
        source=[source],
        study=[study],
        claims=[list(group["claim_id"])],
        named=[[group["claim_id"].min()]],
        reported=["; ".join(f"{a} ({b} %)" for a, b in zip(group["n_text"], group["percent_text"], strict=True))],
        recomputed=[f"N {span(least, most, 6)}" if exists else "no N"],
        verdict=[verdict],
        severity=[{REPRODUCED: NONE, ROUNDING: NONE, UNCHECKABLE: MINOR}.get(verdict, MAJOR)],
        explanation=[words],
    )


def _why_no_total(group: pd.DataFrame) -> tuple[str, str]:
    """Verdict and reason where no single N fits a group.

    Percentages of patients with a known value have smaller totals than the group, so varying totals are not an error.
    A single percentage too low for the total shared by all others cannot be explained in this way.
    """
    for row in group.index if len(group) > LEAST_OTHERS else []:
        others = group.drop(index=row)
        low, high = others["least"].max(), others["most"].min()
        if low <= high < group.loc[row, "least"]:
            n, percent = group.loc[row, "n_text"], group.loc[row, "percent_text"]
            return DISCREPANT, f"; without {n} ({percent} %) N of {span(low, high, 6)} gives all others"
    return UNCHECKABLE, "; some may be of the patients with a known value, whose number is not printed"
