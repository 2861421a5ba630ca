"""Medians against their intervals and ranges, landmark rates, follow-up, subgroups and other endpoints."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.group_sizes import complements
from resurvey.audit.likeness import timed_endpoints
from resurvey.audit.registry import register
from resurvey.audit.values import span
from resurvey.audit.verdicts import (
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    REPRODUCED,
    UNCHECKABLE,
    Ledger,
    rows,
)
from resurvey.audit.wald import quantile
from resurvey.reported import show

SLACK = 1e-9
GROUP = ["source_id", "study_id", "arm_id", "population", "endpoint"]
# An exponential interval is only a guide: printed intervals up to this factor wider or narrower are usual.
WIDTH_FACTOR = 2.0
MOST_SUBGROUPS = 8


@register(
    "median-interval",
    "L <= median <= U; not reached bounds only what is not reached above it",
    "Brookmeyer and Crowley 1982",
)
def check_median_interval(context: Context) -> pd.DataFrame:
    """Every median must lie within its interval and range, with `not reached` taken as infinity."""
    found = [_ordered(context["medians"], "value"), _ordered(context["follow_up"], "value")]
    return pd.concat(found, ignore_index=True)


def _ordered(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    ends = [("lower", "upper"), ("range_lower", "range_upper")]
    bounded = sum((frame[f"{end}_op"] != "") for pair in ends for end in pair) > 0
    frame = frame[bounded & (frame[f"{column}_op"] != "")].reset_index(drop=True)
    low, high = frame[f"{column}_min"].to_numpy(float), frame[f"{column}_max"].to_numpy(float)
    wrong = np.zeros(len(frame), dtype=bool)
    for lower, upper in ends:
        # A limit that is not printed (blank) is not checked: comparisons with NaN are false.
        wrong |= frame[f"{lower}_min"].to_numpy(float) > high + SLACK
        wrong |= frame[f"{upper}_max"].to_numpy(float) < low - SLACK
    verdict = np.where(wrong, IMPOSSIBLE, REPRODUCED)
    spans = [_span(record) for record in records(frame)]
    words = np.where(wrong, "lies outside its own", "lies within its")
    return rows(
        "median-interval",
        source=frame["source_id"],
        study=frame["study_id"],
        claims=[[claim] for claim in frame["claim_id"]],
        reported=[f"{text} {span}" for text, span in zip(frame[f"{column}_text"], spans, strict=True)],
        recomputed=[""] * len(frame),
        verdict=verdict,
        severity=np.where(wrong, MAJOR, NONE),
        explanation=[
            f"{text} {word} interval or range {span}"
            for text, word, span in zip(frame[f"{column}_text"], words, spans, strict=True)
        ],
    )


def _span(record: dict) -> str:
    parts = []
    if record["lower_text"] or record["upper_text"]:
        parts.append(f"({record['lower_text'] or '?'}-{record['upper_text'] or '?'})")
    if record["range_lower_text"] or record["range_upper_text"]:
        parts.append(f"(range {record['range_lower_text'] or '?'}-{record['range_upper_text'] or '?'})")
    return " ".join(parts)


@register(
    "median-exponential",
    "median exp(-+ z / sqrt(d)) from d events under exponential survival; a hint",
    "Collett 2015, 5.4",
)
def check_median_exponential(context: Context) -> pd.DataFrame:
    """The interval implied by the events under a constant hazard, beside the printed one; never a finding."""
    frame = context["medians"]
    usable = (frame["value_op"] == "=") & (frame["events"] > 0) & (frame["lower_op"] == "=") & (frame["lower"] > 0)
    frame = frame[usable & (frame["upper_op"] == "=") & (frame["value"] > 0) & (frame["upper"] > frame["lower"])]
    ledger = Ledger("median-exponential")
    for record in records(frame):
        z = float(quantile(np.array([record["ci_level"]]))[0])
        factor = float(np.exp(z / np.sqrt(record["events"])))
        low, high = record["value"] / factor, record["value"] * factor
        ratio = np.log(record["upper"] / record["lower"]) / (2 * np.log(factor))
        usual = 1 / WIDTH_FACTOR <= ratio <= WIDTH_FACTOR
        words = f"{record['events_text']} events and a constant hazard give {show(low, 3)} to {show(high, 3)}"
        words += f"; the printed interval is {show(ratio, 3)} times as wide on the log scale"
        ledger.judge(
            record,
            reported=f"{record['value_text']} ({record['lower_text']}-{record['upper_text']})",
            recomputed=f"{show(low, 3)}-{show(high, 3)}",
            verdict=REPRODUCED if usual else UNCHECKABLE,
            explanation=words + ("" if usual else "; a hint only: hazards are seldom constant"),
        )
    return ledger.frame()


@register("median-lopsided", "ln(m / L) and ln(U / m) of an interval beside those of its sisters; a hint")
def check_lopsided(context: Context) -> pd.DataFrame:
    """An interval far more asymmetric about its median than comparable ones: a digit may be missing."""
    ledger = Ledger("median-lopsided")
    frame = context["medians"]
    ends = [(frame[f"{column}_op"] == "=") & (frame[column] > 0) for column in ("value", "lower", "upper")]
    frame = frame[ends[0] & ends[1] & ends[2] & (frame["lower"] < frame["value"]) & (frame["value"] < frame["upper"])]
    for group in grouped(frame, ["source_id", "study_id"]).values():
        lean = np.array([np.log(np.log(r["upper"] / r["value"]) / np.log(r["value"] / r["lower"])) for r in group])
        even = np.array([lies_evenly(record) for record in group])
        for place, record in enumerate(group):
            others, sisters = np.delete(lean, place), np.delete(even, place)
            if len(others) < FEWEST_SISTERS:
                continue
            if abs(lean[place] - np.median(others)) > LOPSIDED * _spread(others):
                _hint(ledger, record, _lopsided(lean[place]))
            elif not even[place] and sisters.mean() >= MOSTLY_EVEN:
                _hint(ledger, record, "does not lie evenly around its median, as nearly all intervals beside it do")
    return ledger.frame()


def lies_evenly(record: dict) -> bool:
    """Whether the limits may be symmetric about the printed median (median -+ z standard errors), within rounding."""
    below = record["value_min"] - record["lower_max"], record["value_max"] - record["lower_min"]
    above = record["upper_min"] - record["value_max"], record["upper_max"] - record["value_min"]
    return bool(below[0] <= above[1] + SLACK and above[0] <= below[1] + SLACK)


def _hint(ledger: Ledger, record: dict, words: str) -> None:
    """Note a median whose interval lies oddly around it; `words` say how."""
    printed = f"{record['value_text']} ({record['lower_text']}-{record['upper_text']})"
    ledger.judge(
        record,
        reported=printed,
        recomputed="",
        verdict=UNCHECKABLE,
        severity=MINOR,
        explanation=f"{printed} {words}: a hint at a lost digit, or at few patients",
    )


# Fewest comparable intervals, the number of their deviations that makes an interval unusual, and the least deviation.
FEWEST_SISTERS, LOPSIDED, LEAST_SPREAD = 5, 3.5, 0.35
# If at least this share of them are symmetric about their medians, symmetric intervals are the document's method.
MOSTLY_EVEN = 0.8


def _spread(values: np.ndarray) -> float:
    """Scaled median absolute deviation, at least `LEAST_SPREAD`."""
    return max(1.4826 * float(np.median(np.abs(values - np.median(values)))), LEAST_SPREAD)


def _lopsided(lean: float) -> str:
    """How far an interval reaches to the side to which it leans, in words."""
    side, times = "down" if lean < 0 else "up", show(float(np.exp(abs(lean))), 2)
    return f"reaches {times} times as far {side} as to the other side (log scale); no interval beside it does"


@register("landmark-median", "S(t) <= 1/2 where the median is at most t, S(t) >= 1/2 where it is beyond t")
def check_landmark(context: Context) -> pd.DataFrame:
    """Survival at a time and the median of the same curve must agree on whether survival is above one half."""
    ledger = Ledger("landmark-median")
    medians = {tuple(r[c] for c in GROUP): r for r in records(context["medians"][::-1]) if r["value_op"]}
    for rate in records(context["survival_rates"]):
        median = medians.get(tuple(rate[c] for c in GROUP))
        if median is None or rate["value_op"] != "=" or np.isnan(rate["time_months"]):
            continue
        _judge_landmark(ledger, rate, median)
    return ledger.frame()


def _judge_landmark(ledger: Ledger, rate: dict, median: dict) -> None:
    time, low, high = rate["time_months"], rate["value_prop_min"], rate["value_prop_max"]
    before = median["value_months_max"] < time - SLACK
    after = median["value_months_min"] > time + SLACK
    wrong = (before and low > 0.5 + SLACK) or (after and high < 0.5 - SLACK)
    place = "before" if before else "after" if after else "at about"
    words = f"the median {median['value_text']} {median['unit']} comes {place} {rate['time_text']} {rate['time_unit']}"
    words += f", where survival is printed as {rate['value_text']} {rate['unit']}"
    ledger.judge(
        rate,
        [rate["claim_id"], median["claim_id"]],
        reported=f"S({rate['time_text']} {rate['time_unit']}) {rate['value_text']} {rate['unit']}",
        recomputed="at most 50 %" if before else "at least 50 %" if after else "about 50 %",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words + ("; one curve cannot do both" if wrong else ""),
    )


@register("clock-order", "median PFS <= median OS of the same patients")
def check_clock_order(context: Context) -> pd.DataFrame:
    """Progression or death cannot occur later than death."""
    return _compare_clocks("clock-order", _by_endpoint(context["medians"], "value_months", "value_op"))


@register("event-order", "events of PFS >= deaths of the same patients at the same cut-off")
def check_event_order(context: Context) -> pd.DataFrame:
    """Progression or death cannot be rarer than death."""
    return _compare_clocks("event-order", _by_endpoint(context["medians"], "events", "events_op"))


def _compare_clocks(rule: str, known: dict) -> pd.DataFrame:
    ledger = Ledger(rule)
    for (place, endpoint), progression in known.items():
        death = known.get((place, "OS"))
        if endpoint in ("PFS", "PFS1") and death is not None:
            words = "events" if rule == "event-order" else "median"
            _judge_clocks(ledger, progression, death, words == "median", words)
    return ledger.frame()


def _by_endpoint(frame: pd.DataFrame, column: str, operator: str) -> dict[tuple[tuple[str, ...], str], tuple]:
    known = frame[frame[operator].isin(["=", "NR"]) & frame[column].notna()]
    made = {}
    for record in records(known[::-1]):
        place = tuple(record[c] for c in (*GROUP[:4], "data_cut"))
        made[(place, record["endpoint"])] = (record, record[column], record[f"{column}_min"], record[f"{column}_max"])
    return made


def _judge_clocks(ledger: Ledger, progression: tuple, death: tuple, later: bool, words: str) -> None:
    (first, a, a_low, _), (second, b, _, b_high) = progression, death
    wrong = a_low > b_high + SLACK if later else a < b
    ledger.judge(
        first,
        [first["claim_id"], second["claim_id"]],
        reported=f"{words} {_shown(a)} and {_shown(b)}",
        recomputed="",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=f"{words} {_shown(a)} for {first['endpoint']} and {_shown(b)} for OS"
        + (": progression or death cannot be later or rarer than death" if wrong else ", in the only possible order"),
    )


def _shown(value: float) -> str:
    return "not reached" if value == np.inf else show(value)


@register(
    "median-of-parts", "min of subgroup medians <= median of the whole <= max, for subgroups that make up the whole"
)
def check_median_of_parts(context: Context) -> pd.DataFrame:
    """The curve of the whole lies between those of its parts, so its median lies between theirs."""
    ledger = Ledger("median-of-parts")
    frame = context["medians"]
    frame = frame[frame["value_op"].isin(["=", "NR"]) & (frame["endpoint"] != "age")]
    for place, group in grouped(frame, ["source_id", "study_id", "arm_id", "endpoint", "data_cut"]).items():
        first = {row["population"]: row for row in group[::-1]}
        if "all" in first and len(first) > 2:
            names = [name for name in dict.fromkeys(row["population"] for row in group) if name != "all"]
            for parts in _partitions(context, place[:3], names):
                _judge_parts(ledger, first["all"], [first[name] for name in parts])
    return ledger.frame()


def _partitions(context: Context, place: tuple[str, ...], names: list[str]) -> list[tuple[str, ...]]:
    """Sets of subgroups that make up the whole: complementary by name, or with sizes that add up to it."""
    pairs: list[tuple[str, ...]] = [(a, b) for a, b in combinations(names, 2) if complements(a, b)]
    if len(names) > MOST_SUBGROUPS:
        return pairs
    for arm in (place[2], "all"):
        whole = context.size(place[0], place[1], arm, "all")
        sizes = {name: context.size(place[0], place[1], arm, name) for name in names if "," not in name}
        known = {name: size[0] for name, size in sizes.items() if size}
        sets = [
            group
            for count in range(2, len(known) + 1)
            for group in combinations(known, count)
            if whole and sum(known[name] for name in group) == whole[0]
        ]
        if sets:
            return pairs + [group for group in sets if group not in pairs]
    return pairs


def _one_unit(medians: list[dict]) -> str | None:
    """Columns in which these medians can be compared: as printed where all have the same unit, else in months."""
    reached = [row for row in medians if np.isfinite(row["value"])]
    if len({row["unit"] for row in reached}) < 2:
        return "value"
    return "value_months" if all(np.isfinite(row["value_months"]) for row in reached) else None


def _ends(median: dict, columns: str) -> tuple[float, float]:
    """Smallest and largest value of a median; infinite, whatever its unit, where it was not reached."""
    if not np.isfinite(median["value"]):
        return np.inf, np.inf
    return median[f"{columns}_min"], median[f"{columns}_max"]


def _judge_parts(ledger: Ledger, whole: dict, pieces: list[dict]) -> None:
    end = _one_unit([whole, *pieces])
    if end is None:
        return
    spans = [_ends(piece, end) for piece in pieces]
    low, high = min(least for least, _ in spans), max(most for _, most in spans)
    least, most = _ends(whole, end)
    wrong = most < low - SLACK or least > high + SLACK
    units = {row["unit"] for row in (whole, *pieces)}
    text = {
        row["claim_id"]: row["value_text"] + (f" {row['unit']}" if len(units) > 1 else "") for row in (whole, *pieces)
    }
    shown = ", ".join(f"{text[piece['claim_id']]} ({piece['population']})" for piece in pieces)
    words = f"{whole['endpoint']} of the whole {text[whole['claim_id']]}, of its parts {shown}"
    words += (
        "; a mixture cannot have its median outside theirs (except under heavy censoring)" if wrong else ", in between"
    )
    ledger.judge(
        whole,
        [whole["claim_id"], *(piece["claim_id"] for piece in pieces)],
        reported=whole["value_text"],
        recomputed=span(low, high) + (" months" if len(units) > 1 and low < np.inf else ""),
        verdict=DISCREPANT if wrong else REPRODUCED,
        severity=MINOR if wrong else NONE,
        explanation=words,
    )


@register("median-range", "a median time is above 0, and none is reached without an event")
def check_median_range(context: Context) -> pd.DataFrame:
    """Medians that no curve can have; only errors are listed."""
    ledger = Ledger("median-range")
    frame = context["medians"]
    times = frame[(frame["value_op"] == "=") & frame["value_months"].notna()]
    # A duration of disease may have a median of 0; a survival time may not.
    early = (times["value"] <= 0) & times["endpoint"].isin({"", *timed_endpoints(context)} - FROM_ANOTHER_EVENT)
    none = (times["events_op"] == "=") & (times["events"] == 0)
    for record in records(times[early | none]):
        words = f"{record['value_text']} {record['unit']}"
        words += ": a median time is above 0" if record["value"] <= 0 else ""
        _note_range(ledger, record, words + (" with no event: the curve never falls" if record["events"] == 0 else ""))
    return ledger.frame()


# Times between two dates, either of which may come first.
FROM_ANOTHER_EVENT = frozenset({"DFI"})


def _note_range(ledger: Ledger, record: dict, words: str) -> None:
    ledger.judge(
        record,
        reported=record["value_text"],
        recomputed="",
        verdict=IMPOSSIBLE,
        severity=MAJOR,
        explanation=words,
    )
