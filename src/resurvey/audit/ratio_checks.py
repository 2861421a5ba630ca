"""Hazard ratios, odds ratios and relative risks against their intervals, p values, events and medians."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from resurvey.audit import wald
from resurvey.audit.context import Context, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONCLUSION,
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
    rows,
)
from resurvey.audit.wald import Box
from resurvey.reported import parse, show

EXCHANGED = "; the limits are printed in descending order and were put in order to recompute"
# Ratio of the largest to the smallest standard error allowed by the printed limits, above which they say little.
VAGUE = 1.4
LEVELS = (90.0, 99.0, 97.5)
SCORE_TESTS = ("log-rank", "logrank", "score", "mantel", "likelihood", "chi")
ADJUSTED = ("stratified", "multivariable", "matched")
# Profile-likelihood, exact and bootstrap intervals are off-centre by less than this many half-widths. A document that
# uses them has several such ratios: at least this number, and this share of all.
OFF_HABIT, HABITS = 0.25, ((3, 0.2), (2, 0.5))
# The z value of their likelihood-ratio p may differ from Wald's z by this much.
Z_HABIT = 0.45
LARGEST_LOG = 20.0  # half-width of an interval on the log scale, above which the interval is uninformative


def with_interval(context: Context) -> pd.DataFrame:
    """Ratios with both limits in ascending order; limits printed in descending order (`exchanged`) are swapped here."""
    frame = in_order(context["hazard_ratios"])
    plain = (frame["value_op"] == "=") & (frame["lower_op"] == "=") & (frame["upper_op"] == "=")
    positive = (frame["value"] > 0) & (frame["upper"] > 0) & (frame["lower"] >= 0)
    return frame[plain & positive].reset_index(drop=True)


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the limits of each row in ascending order; the column `exchanged` marks those that were not."""
    exchanged = (frame["lower_op"] == "=") & (frame["upper_op"] == "=") & (frame["lower"] > frame["upper"])
    if not exchanged.any():
        return frame.assign(exchanged=False)
    ends = [f"{end}" for end in ("", "_text", "_min", "_max", "_op")]
    turned = {}
    for end in ends:
        lower, upper = frame[f"lower{end}"], frame[f"upper{end}"]
        turned[f"lower{end}"], turned[f"upper{end}"] = lower.where(~exchanged, upper), upper.where(~exchanged, lower)
    return frame.assign(exchanged=exchanged, **turned)


@register(
    "ratio-interval",
    "ratio^2 = L U within rounding (symmetry on the log scale); L <= ratio <= U",
    "Altman and Bland 2011",
)
def check_ratio_interval(context: Context) -> pd.DataFrame:
    """The interval of a ratio must contain the ratio, and be symmetric about it on the log scale."""
    frame = with_interval(context)
    value, lower, upper = (Box.of(frame, c) for c in ("value", "lower", "upper"))
    inside = (lower.low < value.high - wald.SLACK) & (value.low < upper.high - wald.SLACK)
    middle = wald.centre(lower, upper)
    even = wald.meets(middle, value.low, value.high)
    loose_value = value.widened()
    nearly = wald.meets(wald.centre(lower.widened(), upper.widened()), loose_value.low, loose_value.high)
    verdict = np.select([~inside, even, nearly], [IMPOSSIBLE, REPRODUCED, ROUNDING], default=DISCREPANT).astype(object)
    habit = _habit(frame, verdict)
    verdict[habit] = OTHER_METHOD
    fine = np.isin(verdict, [REPRODUCED, ROUNDING])
    exchanged = frame["exchanged"].to_numpy(bool)
    words = _interval_words(frame, middle, verdict)
    least, most = wald.standard_error(lower, upper, wald.quantile(frame["ci_level"].to_numpy(float)))
    for row in range(len(frame)):
        words[row] += _vague(least[row], most[row]) if fine[row] else ""
        words[row] += EXCHANGED if exchanged[row] else ""
        words[row] += UNEVEN if habit[row] else ""
    verdict[fine & exchanged] = DISCREPANT
    return rows(
        "ratio-interval",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=_printed(frame),
        recomputed=[f"middle {show(a)}-{show(b)}" for a, b in zip(*middle, strict=True)],
        verdict=verdict,
        severity=np.select([habit | (fine & ~exchanged), fine], [NONE, MINOR], default=MAJOR).astype(object),
        explanation=words,
    )


UNEVEN = "; several intervals of this document are asymmetric, as profile-likelihood, exact and bootstrap intervals are"


def _habit(frame: pd.DataFrame, verdict: np.ndarray) -> np.ndarray:
    """Ratios slightly off the centre of their interval, like several others of the same document and study."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, lower, upper = (np.log(frame[column].to_numpy(float)) for column in ("value", "lower", "upper"))
        off = np.abs(value - (lower + upper) / 2) / ((upper - lower) / 2)
    slightly = (verdict == DISCREPANT) & (off < OFF_HABIT)
    place = frame["source_id"] + "|" + frame["study_id"]
    count = pd.Series(slightly, index=frame.index).groupby(place).transform("sum").to_numpy(float)
    size = place.groupby(place).transform("size").to_numpy(float)
    usual = np.any([(count >= least) & (count >= share * size) for least, share in HABITS], axis=0)
    return np.asarray(slightly & usual, dtype=bool)


def _vague(low: float, high: float) -> str:
    if high < VAGUE * low:
        return ""
    words = f"; printed this coarsely the limits allow standard errors from {show(low, 3)} to {show(high, 3)}"
    return words + ", so little can be told from them"


@register(
    "ratio-half-interval", "lower limit <= ratio where the upper one is not estimable or not printed, and vice versa"
)
def check_half_interval(context: Context) -> pd.DataFrame:
    """A ratio with only one limit must lie on the correct side of it."""
    ledger = Ledger("ratio-half-interval")
    frame = context["hazard_ratios"]
    one = (frame["lower_op"] == "=") ^ (frame["upper_op"] == "=")
    for record in records(frame[one & (frame["value_op"] == "=")]):
        end = "lower" if record["lower_op"] == "=" else "upper"
        beyond = (
            record["value_max"] - record["lower_min"] if end == "lower" else record["upper_max"] - record["value_min"]
        )
        wrong = beyond <= wald.SLACK
        ledger.judge(
            record,
            reported=_printed(pd.DataFrame([record]))[0],
            recomputed="",
            verdict=IMPOSSIBLE if wrong else REPRODUCED,
            severity=MAJOR if wrong else NONE,
            explanation=f"{record['value_text']} lies {'outside' if wrong else 'on the right side of'} its {end} limit "
            f"{record[f'{end}_text']}",
        )
    return ledger.frame()


@register("ratio-range", "a ratio and its limits are above 0")
def check_range(context: Context) -> pd.DataFrame:
    """A ratio of 0 or below, or a limit below 0, perhaps a logarithm; only errors are listed."""
    ledger = Ledger("ratio-range")
    frame = context["hazard_ratios"]
    ends = [(frame[f"{column}_op"] == "=") & (frame[column] < 0) for column in ("value", "lower", "upper")]
    none = (frame["value_op"] == "=") & (frame["value"] == 0) & (frame["measure"] == "HR")
    wrong = frame[ends[0] | ends[1] | ends[2] | none]
    for record, printed in zip(records(wrong), _printed(wrong), strict=True):
        words = "no ratio is below 0; it may be the logarithm of one"
        if record["value"] == 0:
            words = "a hazard ratio of 0 says that one group had no event, and then it cannot be estimated"
        ledger.judge(
            record,
            reported=printed,
            recomputed="",
            verdict=IMPOSSIBLE,
            severity=MAJOR,
            explanation=words,
        )
    return ledger.frame()


def _printed(frame: pd.DataFrame) -> list[str]:
    columns = [frame[name] for name in ("measure", "value_text", "lower_text", "upper_text")]
    turned = frame["exchanged"] if "exchanged" in frame else [False] * len(frame)
    return [
        f"{measure} {value} ({high}-{low})" if back else f"{measure} {value} ({low}-{high})"
        for measure, value, low, high, back in zip(*columns, turned, strict=True)
    ]


def _interval_words(frame: pd.DataFrame, middle: tuple[np.ndarray, np.ndarray], verdict: np.ndarray) -> list[str]:
    words = []
    for low, high, v, lo, up, word in zip(
        *middle, frame["value_text"], frame["lower_text"], frame["upper_text"], verdict, strict=True
    ):
        if word == IMPOSSIBLE:
            words.append(f"{v} lies outside its own interval {lo} to {up}")
            continue
        text = f"on the log scale {lo} to {up} has its middle at {show(low)} to {show(high)}, printed {v}"
        if word == ROUNDING:
            text += ", which fits when digits were cut off or rounded up"
        if word == DISCREPANT:
            square, ends = float(v) ** 2, {"end": float(lo), "begin": float(up)}
            # with a limit of 0 there is no centre on the log scale, so the other limit cannot be derived
            other = [f"{verb} at {show(square / end)}" for verb, end in ends.items() if end > 0]
            text += f"; around {v} the interval would {', or '.join(other)}" if other else ""
            text += _plain_scale(v, lo, up)
        words.append(text)
    return words


def _plain_scale(value: str, lower: str, upper: str) -> str:
    """Whether the interval is symmetric about the ratio on the printed scale, as for a logarithm."""
    middle, room = (float(lower) + float(upper)) / 2, 1.01 * parse(lower).unit
    return "; it lies evenly around it as printed: are these logarithms?" if abs(middle - float(value)) <= room else ""


@register(
    "ratio-p",
    "z = |ln ratio| 2 z_level / (ln U - ln L), p = 2 (1 - Phi(z)); one-sided, log-rank beside it",
    "Altman and Bland 2011; Tierney 2007",
)
def check_ratio_p(context: Context) -> pd.DataFrame:
    """The p value of a ratio, recomputed from the ratio and its interval."""
    frame = with_interval(context)
    # A p value for non-inferiority tests the ratio against a margin, not against 1.
    other_null = frame["test"].str.contains("inferior", case=False)
    frame = frame[frame["p_op"].isin(["=", "<", "<=", ">", ">=", "~"]) & ~other_null].reset_index(drop=True)
    value, lower, upper, p = (Box.of(frame, c) for c in ("value", "lower", "upper", "p"))
    level = frame["ci_level"].to_numpy(float)
    z = wald.z_range(value, wald.standard_error(lower, upper, wald.quantile(level)))
    how = _ways(frame, value, z, p, lower, upper)
    how = _by_habit(context, frame, how, p)
    sides = np.where(frame["p_sided"] == "1", 1, 2)
    expected = wald.p_range(z)
    low, high = expected[0] * sides / 2, expected[1] * sides / 2
    verdict = np.array([_VERDICT_OF[way] for way in how], dtype=object)
    severity = np.where(np.isin(verdict, [DISCREPANT]), MAJOR, NONE).astype(object)
    severity[(verdict == DISCREPANT) & _crosses(frame, lower, upper, p)] = CONCLUSION
    return rows(
        "ratio-p",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=[f"{text}, p {p_text}" for text, p_text in zip(_printed(frame), frame["p_text"], strict=True)],
        recomputed=[f"p {show(a, 3)}-{show(b, 3)}" for a, b in zip(low, high, strict=True)],
        verdict=verdict,
        severity=severity,
        explanation=[
            _p_words(record, way, (a, b), crossed == CONCLUSION)
            for record, way, a, b, crossed in zip(records(frame), how, low, high, severity, strict=True)
        ],
    )


def _by_habit(context: Context, frame: pd.DataFrame, how: np.ndarray, p: Box) -> np.ndarray:
    """Explanations accepted only for a document in which several ratios support them.

    Asymmetric intervals go with likelihood-ratio p values; a one-sided log-rank p for a single ratio may be an error.
    """
    intervals = check_ratio_interval(context).set_index("claim_ids")["verdict"]
    verdicts = frame["claim_id"].map(intervals).to_numpy(object)
    source = frame["source_id"]
    uneven = source.isin(set(source[verdicts == OTHER_METHOD])).to_numpy(bool)
    with np.errstate(invalid="ignore"):
        close = np.abs(_wald_z(frame) - wald.z_of_p(p.value)) < Z_HABIT
    with np.errstate(invalid="ignore"):
        single = np.abs(_wald_z(frame) - wald.z_of_p(p.value, 1)) < Z_HABIT
    unnamed = ~frame["p_sided"].isin(["1", "2"]).to_numpy()
    how = np.where((how == "") & single & unnamed & (verdicts != DISCREPANT), "score, other side", how).astype(object)
    one_sided = pd.Series(np.isin(how, ONE_SIDED) & (verdicts != DISCREPANT), index=frame.index)
    several = one_sided.groupby(source).transform("sum").to_numpy(float) > 1
    how = np.where(np.isin(how, ONE_SIDED[1:]) & ~(several & one_sided), "", how).astype(object)
    return np.where((how == "") & uneven & close, "likelihood", how).astype(object)


def _wald_z(frame: pd.DataFrame) -> np.ndarray:
    """|z| from the ratio and its interval as printed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, lower, upper = (np.log(frame[column].to_numpy(float)) for column in ("value", "lower", "upper"))
        z = np.abs(value) * 2 * wald.quantile(frame["ci_level"].to_numpy(float)) / (upper - lower)
    return np.asarray(z, dtype=float)


ONE_SIDED = ("other side", "score, other side", "other tail")
_VERDICT_OF = {
    "wald": REPRODUCED,
    "score named": REPRODUCED,
    "rounding": ROUNDING,
    "score": OTHER_METHOD,
    "other side": OTHER_METHOD,
    "score, other side": OTHER_METHOD,
    "other tail": OTHER_METHOD,
    "likelihood": OTHER_METHOD,
    "level 90": OTHER_METHOD,
    "level 99": OTHER_METHOD,
    "level 97.5": OTHER_METHOD,
    "": DISCREPANT,
}


def _ways(frame: pd.DataFrame, value: Box, z: tuple, p: Box, lower: Box, upper: Box) -> np.ndarray:
    """For each ratio, the first explanation that gives its printed p (a key of `_VERDICT_OF`); empty if none does."""
    one, level = (frame["p_sided"] == "1").to_numpy(), frame["ci_level"].to_numpy(float)
    named = frame["p_sided"].isin(["1", "2"]).to_numpy()
    test = frame["test"].str.lower()
    scored = test.str.contains("|".join(SCORE_TESTS)).to_numpy(bool) | frame["model"].isin(ADJUSTED).to_numpy()
    stated = np.where(one, 0.5, 1.0)

    def fits(zs: tuple, factor: np.ndarray, box: Box) -> np.ndarray:
        low, high = wald.p_range(zs)
        return wald.meets((low * factor, high * factor), box.low, box.high)

    score = z[0] * wald.score_factor(value.value) - wald.Z_WINDOW, z[1] + wald.Z_WINDOW
    score = np.maximum(score[0], 0), score[1]
    near = fits(score, stated, p)
    score_tail = wald.p_range(score, 1)
    loose = wald.z_range(value.widened(), wald.standard_error(lower.widened(), upper.widened(), wald.quantile(level)))
    conditions = [
        fits(z, stated, p),
        near & scored,
        fits(loose, stated, p.widened()) & ~_bounds(frame, loose, stated),
        near,
        fits(z, 1.5 - stated, p) & ~named,
        fits(score, 1.5 - stated, p) & ~named,
        wald.meets((1 - score_tail[1], 1 - score_tail[0]), p.low, p.high) & ~named,
    ]
    ways = ["wald", "score named", "rounding", "score", "other side", "score, other side", "other tail"]
    unnamed_level = np.isnan(level)
    for other in LEVELS:
        se = wald.standard_error(lower, upper, wald.quantile(np.full(len(frame), other)))
        conditions.append(fits(wald.z_range(value, se), stated, p) & unnamed_level)
        ways.append(f"level {other:g}")
    return np.select(conditions, ways, default="").astype(object)


def _bounds(frame: pd.DataFrame, z: tuple, factor: np.ndarray) -> np.ndarray:
    """Whether p is printed as the smallest value its digits allow (0.001) where `below` that value is meant."""
    unit = (frame["p_max"] - frame["p_min"]).to_numpy(float)
    smallest = np.abs(frame["p"].to_numpy(float) - unit) <= wald.SLACK
    high = wald.p_range(z)[1] * factor
    return (frame["p_op"] == "=").to_numpy() & smallest & (high < frame["p_min"].to_numpy(float))


def _crosses(frame: pd.DataFrame, lower: Box, upper: Box, p: Box) -> np.ndarray:
    """Whether interval and p value disagree about significance at 0.05 (95 % intervals only)."""
    usual = frame["ci_level"].isna().to_numpy() | (frame["ci_level"] == 95).to_numpy()
    excludes, includes = (lower.low > 1) | (upper.high < 1), (lower.high < 1) & (upper.low > 1)
    return usual & ((excludes & (p.low > 0.05)) | (includes & (p.high <= 0.05)))


def _p_words(record: dict, way: str, expected: tuple[float, float], crossed: bool) -> str:
    span = f"{show(expected[0], 3)} to {show(expected[1], 3)}"
    level = "95" if np.isnan(record["ci_level"]) else f"{record['ci_level']:g}"
    words = f"ratio and {level} % interval give p {span}, printed {record['p_text']}"
    tails = {
        "score named": "; within what a log-rank, adjusted or stratified test may add",
        "rounding": "; fits when digits were cut off or rounded up",
        "score": "; a log-rank (score) test beside the Wald interval can give it",
        "other side": "; reproduced as a one-sided p, which is not said",
        "score, other side": "; a one-sided log-rank test beside the Wald interval can give it, which is not said",
        "other tail": "; reproduced as a one-sided p against the direction of the ratio, which is not said",
        "likelihood": "; intervals of this document are not Wald's, and a likelihood-ratio test can give this p",
        "level 90": "; reproduced when the interval is one of 90 %",
        "level 99": "; reproduced when the interval is one of 99 %",
        "level 97.5": "; reproduced when the interval is one of 97.5 %",
    }
    if way:
        return words + tails.get(way, "")
    words += _repairs(record)
    if crossed:
        words += (
            "; interval and p disagree about significance at 0.05 (unless p is for non-inferiority, which is not said)"
        )
    return words


def _repairs(record: dict) -> str:
    """Single changes that would reconcile ratio, interval and p value."""
    if record["p_op"] != "=" or not 0 < record["p"] < 1:
        return ""
    side = 1 if record["p_sided"] == "1" else 2
    z_p = float(wald.z_of_p(np.array([record["p"]]), side)[0])
    z = float(wald.quantile(np.array([record["ci_level"]]))[0])
    lower, upper, value = record["lower"], record["upper"], record["value"]
    if lower <= 0 or value <= 0 or z_p <= 0 or value == 1 or upper <= lower:
        return ""
    log = np.log(value)
    if z * abs(log) / z_p > LARGEST_LOG:
        return ""
    ends = np.exp(log - z * abs(log) / z_p), np.exp(log + z * abs(log) / z_p)
    middle = np.sqrt(lower * upper)
    p_middle = float(wald.p_range((np.array([abs(np.log(middle)) * 2 * z / np.log(upper / lower)]),) * 2)[0][0])
    words = f"; with that p the interval around {record['value_text']} would be {show(ends[0])} to {show(ends[1])}"
    return words + f", and the printed interval belongs to a ratio of {show(middle)} with p {show(p_middle, 3)}"


MARGIN = re.compile(r"margin\s*(\d+(?:\.\d+)?)", re.IGNORECASE)


@register("non-inferiority-p", "z = (ln margin - ln ratio) / se, one- or two-sided p", "Piaggio 2012")
def check_non_inferiority(context: Context) -> pd.DataFrame:
    """The p value of a non-inferiority test, recomputed against its margin where that is printed."""
    frame = with_interval(context)
    inferior = frame["test"].str.contains("inferior", case=False)
    frame = frame[frame["p_op"].isin(["=", "<", "<=", ">", ">="]) & inferior].reset_index(drop=True)
    ledger = Ledger("non-inferiority-p")
    value, lower, upper, p = (Box.of(frame, c) for c in ("value", "lower", "upper", "p"))
    se = wald.standard_error(lower, upper, wald.quantile(frame["ci_level"].to_numpy(float)))
    for row, record in enumerate(records(frame)):
        found = MARGIN.search(record["test"])
        margin = float(found.group(1)) if found else float("nan")
        shifted = Box(*(end[row : row + 1] / margin for end in (value.value, value.low, value.high)))
        z = wald.z_range(shifted, (se[0][row : row + 1], se[1][row : row + 1]))
        expected = float(wald.p_range(z, 1)[0][0]), float(wald.p_range(z, 2)[1][0])
        fits = expected[0] <= p.high[row] and p.low[row] <= expected[1]
        span = f"p {show(expected[0], 3)} to {show(expected[1], 3)}"
        ledger.judge(
            record,
            reported=f"p {record['p_text']}",
            recomputed=span if found else "",
            verdict=UNCHECKABLE if not found else REPRODUCED if fits else DISCREPANT,
            severity=NONE if not found or fits else MAJOR,
            explanation=f"against the margin {margin:g} the ratio gives {span}, one- or two-sided"
            if found
            else "a p for non-inferiority without its margin",
        )
    return ledger.frame()
