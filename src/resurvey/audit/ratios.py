"""Hazard ratios, odds ratios and relative risks against their interval, their p, their events and the medians."""

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
from resurvey.reported import show

LEVELS = (90.0, 99.0, 97.5)
SCORE_TESTS = ("log-rank", "logrank", "score", "mantel", "likelihood", "chi")
ADJUSTED = ("stratified", "multivariable", "matched")
# Events implied by the width and printed events agree when they are within this factor of each other: unequal arms and
# strata widen an interval, heavy censoring narrows nothing.
EVENTS_FACTOR = 1.35


def _with_interval(context: Context) -> pd.DataFrame:
    frame = context["hazard_ratios"]
    plain = (frame["value_op"] == "=") & (frame["lower_op"] == "=") & (frame["upper_op"] == "=")
    positive = (frame["value"] > 0) & (frame["upper"] > 0) & (frame["lower"] >= 0)
    return frame[plain & positive].reset_index(drop=True)


@register(
    "ratio-interval",
    "ratio^2 = L U within rounding (symmetry on the log scale); L <= ratio <= U",
    "Altman and Bland 2011",
)
def check_ratio_interval(context: Context) -> pd.DataFrame:
    """The interval of a ratio must hold the ratio, and lie evenly around it on the log scale."""
    frame = _with_interval(context)
    value, lower, upper = (Box.of(frame, c) for c in ("value", "lower", "upper"))
    inside = (lower.low <= value.high + wald.SLACK) & (value.low <= upper.high + wald.SLACK)
    middle = wald.centre(lower, upper)
    even = wald.meets(middle, value.low, value.high)
    loose_value = value.widened()
    nearly = wald.meets(wald.centre(lower.widened(), upper.widened()), loose_value.low, loose_value.high)
    verdict = np.select([~inside, even, nearly], [IMPOSSIBLE, REPRODUCED, ROUNDING], default=DISCREPANT).astype(object)
    return rows(
        "ratio-interval",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=_printed(frame),
        recomputed=[f"middle {show(a)}-{show(b)}" for a, b in zip(*middle, strict=True)],
        verdict=verdict,
        severity=np.where(np.isin(verdict, [REPRODUCED, ROUNDING]), NONE, MAJOR),
        explanation=_interval_words(frame, middle, verdict),
    )


def _printed(frame: pd.DataFrame) -> list[str]:
    parts = zip(frame["measure"], frame["value_text"], frame["lower_text"], frame["upper_text"], strict=True)
    return [f"{measure} {v} ({lo}-{up})" for measure, v, lo, up in parts]


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
            square = float(v) ** 2
            a, b = square / float(up) if float(up) else 0.0, square / float(lo) if float(lo) else np.inf
            text += f"; around {v} the interval would end at {show(b)}, or begin at {show(a)}"
        words.append(text)
    return words


@register(
    "ratio-p",
    "z = |ln ratio| 2 z_level / (ln U - ln L), p = 2 (1 - Phi(z)); one-sided, log-rank beside it",
    "Altman and Bland 2011; Tierney 2007",
)
def check_ratio_p(context: Context) -> pd.DataFrame:
    """The p of a ratio, recomputed from the ratio and its interval."""
    frame = _with_interval(context)
    # A p for non-inferiority tests the ratio against a margin, not against 1.
    other_null = frame["test"].str.contains("inferior", case=False)
    frame = frame[frame["p_op"].isin(["=", "<", "<=", ">", ">=", "~"]) & ~other_null].reset_index(drop=True)
    value, lower, upper, p = (Box.of(frame, c) for c in ("value", "lower", "upper", "p"))
    level = frame["ci_level"].to_numpy(float)
    z = wald.z_range(value, wald.standard_error(lower, upper, wald.quantile(level)))
    how = _ways(frame, value, z, p, lower, upper)
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


_VERDICT_OF = {
    "wald": REPRODUCED,
    "score named": REPRODUCED,
    "rounding": ROUNDING,
    "score": OTHER_METHOD,
    "other side": OTHER_METHOD,
    "level 90": OTHER_METHOD,
    "level 99": OTHER_METHOD,
    "level 97.5": OTHER_METHOD,
    "": DISCREPANT,
}


def _ways(frame: pd.DataFrame, value: Box, z: tuple, p: Box, lower: Box, upper: Box) -> np.ndarray:
    """For each ratio the first way that gives its printed p (a key of `_VERDICT_OF`); empty when none does."""
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
    loose = wald.z_range(value.widened(), wald.standard_error(lower.widened(), upper.widened(), wald.quantile(level)))
    conditions = [
        fits(z, stated, p),
        near & scored,
        fits(loose, stated, p.widened()),
        near,
        fits(z, 1.5 - stated, p) & ~named,
    ]
    ways = ["wald", "score named", "rounding", "score", "other side"]
    unnamed_level = np.isnan(level)
    for other in LEVELS:
        se = wald.standard_error(lower, upper, wald.quantile(np.full(len(frame), other)))
        conditions.append(fits(wald.z_range(value, se), stated, p) & unnamed_level)
        ways.append(f"level {other:g}")
    return np.select(conditions, ways, default="").astype(object)


def _crosses(frame: pd.DataFrame, lower: Box, upper: Box, p: Box) -> np.ndarray:
    """Whether interval and p disagree about significance at 0.05 (intervals of 95 % only)."""
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
    """Single changes that would bring ratio, interval and p together."""
    if record["p_op"] != "=" or not 0 < record["p"] < 1:
        return ""
    side = 1 if record["p_sided"] == "1" else 2
    z_p = float(wald.z_of_p(np.array([record["p"]]), side)[0])
    z = float(wald.quantile(np.array([record["ci_level"]]))[0])
    lower, upper, value = record["lower"], record["upper"], record["value"]
    if lower <= 0 or value <= 0 or z_p <= 0 or value == 1 or upper <= lower:
        return ""
    log = np.log(value)
    ends = np.exp(log - z * abs(log) / z_p), np.exp(log + z * abs(log) / z_p)
    middle = np.sqrt(lower * upper)
    p_middle = float(wald.p_range((np.array([abs(np.log(middle)) * 2 * z / np.log(upper / lower)]),) * 2)[0][0])
    words = f"; with that p the interval around {record['value_text']} would be {show(ends[0])} to {show(ends[1])}"
    return words + f", and the printed interval belongs to a ratio of {show(middle)} with p {show(p_middle, 3)}"


MARGIN = re.compile(r"margin\s*(\d+(?:\.\d+)?)", re.IGNORECASE)


@register("non-inferiority-p", "z = (ln margin - ln ratio) / se, one- or two-sided p", "Piaggio 2012")
def check_non_inferiority(context: Context) -> pd.DataFrame:
    """The p of a non-inferiority test, recomputed against its margin where that is printed."""
    frame = _with_interval(context)
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
        ledger.add(
            record["source_id"],
            record["study_id"],
            [record["claim_id"]],
            reported=f"p {record['p_text']}",
            recomputed=span if found else "",
            verdict=UNCHECKABLE if not found else REPRODUCED if fits else DISCREPANT,
            severity=NONE if not found or fits else MAJOR,
            explanation=f"against the margin {margin:g} the ratio gives {span}, one- or two-sided"
            if found
            else "a p for non-inferiority without its margin",
        )
    return ledger.frame()


@register(
    "ratio-events",
    "events about 4 / se^2 from the width, against printed events and patients",
    "Parmar 1998; Tierney 2007",
)
def check_ratio_events(context: Context) -> pd.DataFrame:
    """Events that the width of a hazard ratio's interval implies; a hint, except when they exceed the patients."""
    frame = _with_interval(context)
    frame = frame[(frame["measure"] == "HR") & (frame["lower"] > 0)].reset_index(drop=True)
    ledger = Ledger("ratio-events")
    lower, upper = Box.of(frame, "lower"), Box.of(frame, "upper")
    se = wald.standard_error(lower, upper, wald.quantile(frame["ci_level"].to_numpy(float)))
    fewest, most = 4 / se[1] ** 2, 4 / se[0] ** 2
    for row, record in enumerate(records(frame)):
        patients = record["n"] if record["n"] == record["n"] else _patients(context, record)
        _judge_events(ledger, record, fewest[row], most[row], patients)
    return ledger.frame()


def _patients(context: Context, record: dict) -> float:
    """Patients of both groups together, where both sizes or that of the whole are printed."""
    source, study = record["source_id"], record["study_id"]
    other_arm = record["comparator_arm_id"] or record["arm_id"]
    other_population = record["comparator_population"] or record["population"]
    first = context.size(source, study, record["arm_id"], record["population"], elsewhere=True)
    second = context.size(source, study, other_arm, other_population, elsewhere=True)
    if first and second:
        return first[0] + second[0]
    whole = context.size(source, study, "all", record["population"], elsewhere=True)
    return whole[0] if whole else float("nan")


def _judge_events(ledger: Ledger, record: dict, fewest: float, most: float, patients: float) -> None:
    events = record["events"]
    words = f"the width implies about {show(fewest, 3)} to {show(most, 3)} events (4 over the variance)"
    verdict, severity = UNCHECKABLE, NONE
    if events == events:
        close = fewest / EVENTS_FACTOR <= events <= most * EVENTS_FACTOR
        verdict = REPRODUCED if close else UNCHECKABLE
        words += f", printed {record['events_text']}" + (
            "" if close else "; a hint only: arms, strata and covariates matter"
        )
    elif patients == patients and fewest > 1.1 * patients:
        verdict, severity = DISCREPANT, MAJOR
        words += f", more than the {int(patients)} patients compared: the interval is too narrow for them"
    elif patients == patients:
        verdict = REPRODUCED
        words += f", possible among {int(patients)} patients"
    else:
        words += "; neither events nor patients are printed"
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"]],
        reported=f"{record['lower_text']}-{record['upper_text']}"
        + (f", {record['events_text']} events" if events == events else ""),
        recomputed=f"{show(fewest, 3)}-{show(most, 3)} events",
        verdict=verdict,
        severity=severity,
        explanation=words,
    )


@register("ratio-medians", "under exponential survival HR = median(comparator) / median(group); a hint", "Tierney 2007")
def check_ratio_medians(context: Context) -> pd.DataFrame:
    """A hazard ratio beside the inverse ratio of the medians: a hint about direction and size, never a finding."""
    ratios = context["hazard_ratios"]
    ratios = ratios[(ratios["value_op"] == "=") & (ratios["measure"] == "HR")]
    medians = _first_medians(context)
    ledger = Ledger("ratio-medians")
    for record in records(ratios):
        base = (record["source_id"], record["study_id"])
        here = medians.get((*base, record["arm_id"], record["population"], record["endpoint"]))
        other_arm = record["comparator_arm_id"] or record["arm_id"]
        there = medians.get(
            (*base, other_arm, record["comparator_population"] or record["population"], record["endpoint"])
        )
        if here and there and here is not there:
            _judge_medians(ledger, record, here, there)
    return ledger.frame()


def _first_medians(context: Context) -> dict[tuple[str, ...], dict]:
    frame = context["medians"]
    frame = frame[(frame["value_op"] == "=") & (frame["value"] > 0)]
    key = ["source_id", "study_id", "arm_id", "population", "endpoint"]
    return {tuple(record[column] for column in key): record for record in records(frame[::-1])}


def _judge_medians(ledger: Ledger, record: dict, here: dict, there: dict) -> None:
    implied = there["value"] / here["value"]
    has_interval = record["lower_op"] == "=" and record["upper_op"] == "="
    inside = has_interval and record["lower"] <= implied <= record["upper"]
    same_side = (implied - 1) * (record["value"] - 1) >= 0
    words = (
        f"medians {here['value_text']} and {there['value_text']} would mean {show(implied, 3)} if hazards were constant"
    )
    if not same_side:
        words += "; ratio and medians point opposite ways (curves that cross, or a ratio the other way round)"
    elif not inside and has_interval:
        words += ", outside the interval: hazards are not constant or not proportional; a hint only"
    ledger.add(
        record["source_id"],
        record["study_id"],
        [record["claim_id"], here["claim_id"], there["claim_id"]],
        named=[record["claim_id"]],
        reported=f"HR {record['value_text']}",
        recomputed=show(implied, 3),
        verdict=REPRODUCED if same_side and (inside or not has_interval) else UNCHECKABLE,
        severity=NONE if same_side else MINOR,
        explanation=words,
    )
