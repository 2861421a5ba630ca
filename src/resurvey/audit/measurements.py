"""Means and their dispersion, changes, rates per person-time, cumulative incidences, and numbers needed to treat."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.contrasts import claims_of
from resurvey.audit.registry import register
from resurvey.audit.values import value_in
from resurvey.audit.verdicts import (
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    UNCHECKABLE,
    Ledger,
)
from resurvey.reported import show

SLACK = 1e-9
Range = tuple[float, float]


def _range(record: dict, column: str) -> Range:
    return record[f"{column}_min"], record[f"{column}_max"]


def _meets(first: Range, second: Range) -> bool:
    return bool(first[0] <= second[1] + SLACK and second[0] <= first[1] + SLACK)


def _rows(context: Context, kind: str) -> list[dict]:
    frame = context["measurements"]
    return records(frame[(frame["kind"] == kind) & (frame["value_op"] == "=")])


def _note(
    ledger: Ledger,
    record: dict,
    recomputed: str,
    verdict: str,
    words: str,
    more: list[str] | None = None,
    part: str = "",
) -> None:
    claims = [record["claim_id"], *(more or [])]
    ledger.judge(
        record,
        claims,
        named=[record["claim_id"], *([part] if part else [])],
        reported=f"{record['item']} {record['value_text']} {record['unit']}".strip(),
        recomputed=recomputed,
        verdict=verdict,
        severity={REPRODUCED: NONE, UNCHECKABLE: MINOR, OTHER_METHOD: NONE}.get(verdict, MAJOR),
        explanation=words,
    )


@register("mean-error", "SE = SD / sqrt(n); L, U = mean -+ t SE", "Altman and Bland 2005")
def check_error(context: Context) -> pd.DataFrame:
    """Standard deviation, standard error, sample size and interval of a mean, each against the others."""
    ledger = Ledger("mean-error")
    for record in [*_rows(context, "mean"), *_rows(context, "change")]:
        if record["sd_op"] == "=" and record["se_op"] == "=" and record["n_op"] == "=":
            root = np.sqrt(record["n"])
            expected = record["sd_min"] / root, record["sd_max"] / root
            fits = _meets(expected, _range(record, "se"))
            words = (
                f"SD {record['sd_text']} of {record['n_text']} gives a standard error of {show(record['sd'] / root)}, "
            )
            words += f"printed {record['se_text']}" + ("" if fits else _exchanged(record))
            _note(ledger, record, show(record["sd"] / root), REPRODUCED if fits else DISCREPANT, words)
        if all(record[f"{end}_op"] == "=" for end in ("lower", "upper")):
            _judge_interval(ledger, record)
    return ledger.frame()


def _exchanged(record: dict) -> str:
    swapped = record["se"] / np.sqrt(record["n"])
    return "; the two are exchanged" if _meets((swapped, swapped), _range(record, "sd")) else ""


def _judge_interval(ledger: Ledger, record: dict) -> None:
    """Compare the interval of a mean with its standard error or deviation; the mean must lie at its midpoint."""
    from scipy.special import ndtri, stdtrit

    low, high = _range(record, "lower"), _range(record, "upper")
    middle = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    shown = f"{record['value_text']} ({record['lower_text']} to {record['upper_text']})"
    if not _meets(middle, _range(record, "value")):
        outside = record["value_max"] <= low[0] or record["value_min"] >= high[1]
        words = f"{shown}: the interval of a mean lies evenly around it, this one around {show(sum(middle) / 2)}"
        _note(ledger, record, show(sum(middle) / 2), IMPOSSIBLE if outside else DISCREPANT, words, part="interval")
        return
    if record["n_op"] != "=" or record["n"] < 2 or not (record["se_op"] == "=" or record["sd_op"] == "="):
        return
    level = 95.0 if record["ci_level"] != record["ci_level"] else record["ci_level"]
    root = np.sqrt(record["n"])
    error = _range(record, "se") if record["se_op"] == "=" else tuple(x / root for x in _range(record, "sd"))
    quantiles = float(ndtri(0.5 + level / 200)), float(stdtrit(record["n"] - 1, 0.5 + level / 200))
    expected = quantiles[0] * error[0], quantiles[1] * error[1]
    printed = (high[0] - low[1]) / 2, (high[1] - low[0]) / 2
    fits = _meets(expected, printed)
    words = (
        f"{shown}: half its width is {show(sum(printed) / 2)}, {level:g} % from the spread {show(sum(expected) / 2)}"
    )
    if not fits and record["se_op"] != "=" and _meets(tuple(x * root for x in expected), printed):  # type: ignore[arg-type]
        words += "; the interval is that of the values, not of their mean"
    _note(
        ledger,
        record,
        f"half width {show(sum(expected) / 2)}",
        REPRODUCED if fits else DISCREPANT,
        words,
        part="interval",
    )


@register(
    "mean-range",
    "min <= mean <= max; SD <= sqrt((max - mean)(mean - min) n / (n - 1))",
    "Bhatia and Davis 2000; Popoviciu 1935",
)
def check_range(context: Context) -> pd.DataFrame:
    """Impossible dispersion: a mean outside its range, or a standard deviation larger than the range allows."""
    ledger = Ledger("mean-range")
    for record in _rows(context, "mean"):
        if any(record[f"range_{end}_op"] != "=" for end in ("lower", "upper")):
            continue
        least, most = record["range_lower_min"], record["range_upper_max"]
        outside = record["value_max"] < least - SLACK or record["value_min"] > most + SLACK
        words = (
            f"mean {record['value_text']} of values from {record['range_lower_text']} to {record['range_upper_text']}"
        )
        bound, wrong = float("nan"), outside
        if record["sd_op"] == "=" and not outside:
            n = record["n"] if record["n_op"] == "=" and record["n"] > 1 else 2.0
            middle = min(max((least + most) / 2, record["value_min"]), record["value_max"])
            bound = float(np.sqrt(max(most - middle, 0) * max(middle - least, 0) * n / (n - 1)))
            wrong = record["sd_min"] > bound + SLACK
            words += f": SD at most {show(bound)}, printed {record['sd_text']}"
        verdict = IMPOSSIBLE if wrong else REPRODUCED
        _note(ledger, record, f"SD at most {show(bound)}" if bound == bound else "", verdict, words)
    return ledger.frame()


@register("change", "change from baseline = value after - value before, of the same patients")
def check_change(context: Context) -> pd.DataFrame:
    """A mean change against the difference of two means (`claims`: after, before)."""
    ledger = Ledger("change")
    for record in _rows(context, "change"):
        found = [pair for claim in claims_of(record["claims"]) if (pair := context.claim(claim))]
        if len(found) != 2 or any(table != "measurements" or row["value_op"] != "=" for table, row in found):
            continue
        after, before = (row for _, row in found)
        expected = after["value_min"] - before["value_max"], after["value_max"] - before["value_min"]
        fits = _meets(expected, _range(record, "value"))
        turned = _meets((-expected[1], -expected[0]), _range(record, "value"))
        others = after["n_text"] != before["n_text"] or record["n_text"] not in ("", after["n_text"])
        words = f"{after['value_text']} after and {before['value_text']} before differ by {show(sum(expected) / 2)}, "
        words += f"printed {record['value_text']}"
        verdict = REPRODUCED if fits else UNCHECKABLE if others and not turned else DISCREPANT
        words += "; the sign is the other way round" if turned and not fits else ""
        words += "; not of the same number of patients" if verdict == UNCHECKABLE else ""
        _note(ledger, record, show(sum(expected) / 2), verdict, words, [after["claim_id"], before["claim_id"]])
    return ledger.frame()


PER = re.compile(r"per\s+([\d ,.]*)\s*(person|patient|subject)[- ](year|month|day)s?", re.IGNORECASE)
YEARS = {"year": 1.0, "month": 1 / 12, "day": 1 / 365.25}


@register(
    "person-time", "rate = events / person-time; exact limits from chi-square quantiles", "Garwood 1936; Ulm 1990"
)
def check_rate(context: Context) -> pd.DataFrame:
    """A rate against its events and person-years, and its interval against Poisson intervals."""
    from scipy.special import gammaincinv

    ledger = Ledger("person-time")
    for record in _rows(context, "rate"):
        unit = PER.search(record["unit"])
        if not unit or record["events_op"] != "=" or record["person_time_op"] != "=" or record["person_time"] <= 0:
            continue
        per = float(re.sub(r"[ ,]", "", unit[1]) or 1) * YEARS[unit[3].lower()]
        expected = tuple(per * record["events"] / record[f"person_time_{end}"] for end in ("max", "min"))
        fits = _meets(expected, _range(record, "value"))  # type: ignore[arg-type]
        rate = per * record["events"] / record["person_time"]
        words = (
            f"{record['events_text']} events in {record['person_time_text']} years are {show(rate)} {record['unit']}"
        )
        _note(
            ledger, record, show(rate), REPRODUCED if fits else DISCREPANT, words + f", printed {record['value_text']}"
        )
        if fits and all(record[f"{end}_op"] == "=" for end in ("lower", "upper")):
            tail = (100 - (95.0 if record["ci_level"] != record["ci_level"] else record["ci_level"])) / 200
            d = record["events"]
            exact = float(gammaincinv(d, tail)) if d > 0 else 0.0, float(gammaincinv(d + 1, 1 - tail))
            _judge_poisson(ledger, record, rate, exact, tail)
    return ledger.frame()


def _judge_poisson(ledger: Ledger, record: dict, rate: float, exact: Range, tail: float) -> None:
    from scipy.special import ndtri

    d, z = record["events"], float(ndtri(1 - tail))
    ways = {"exact": tuple(rate * limit / d for limit in exact)} if d else {}
    if d:
        ways["log"] = (rate * np.exp(-z / np.sqrt(d)), rate * np.exp(z / np.sqrt(d)))
        ways["normal"] = (rate * (1 - z / np.sqrt(d)), rate * (1 + z / np.sqrt(d)))
        ways["Byar"] = (
            rate * (1 - 1 / (9 * d) - z / (3 * np.sqrt(d))) ** 3,
            rate * (d + 1) / d * (1 - 1 / (9 * (d + 1)) + z / (3 * np.sqrt(d + 1))) ** 3,
        )
    room = record["lower_max"] - record["lower_min"]
    hit = next((name for name, ends in ways.items() if _near(record, ends, room)), "")
    words = f"{record['events_text']} events give " + ", ".join(
        f"{show(ends[0])} to {show(ends[1])} ({name})" for name, ends in ways.items()
    )
    words += f"; printed {record['lower_text']} to {record['upper_text']}"
    verdict = REPRODUCED if hit else DISCREPANT
    _note(ledger, record, hit, verdict, words, part="interval")


def _near(record: dict, ends: Range, room: float) -> bool:
    return abs(record["lower"] - ends[0]) <= room and abs(record["upper"] - ends[1]) <= room


@register(
    "cumulative-incidence",
    "with competing events, cumulative incidence <= 1 - Kaplan-Meier; incidences of all events + event-free = 100 %",
    "Gooley 1999; Putter 2007",
)
def check_incidence(context: Context) -> pd.DataFrame:
    """Cumulative incidences against survival free of the same event, and sums over mutually exclusive events."""
    ledger = Ledger("cumulative-incidence")
    rows = _rows(context, "cumulative incidence")
    for record in rows:
        for claim in dict.fromkeys(claims_of(record["claims"])):
            found = context.claim(claim)
            # a rate that was not reached, or that has only an upper bound, is compatible with any incidence
            if found and found[0] == "survival_rates" and np.isfinite(found[1]["value_prop_min"]):
                most = 100 * (1 - found[1]["value_prop_min"])
                wrong = record["value_min"] > most + SLACK
                words = f"incidence {record['value_text']} %, survival without it {found[1]['value_text']} "
                words += f"{found[1]['unit']}: at most {show(most)} %"
                words += "; one minus Kaplan-Meier overstates an incidence with competing events, never understates it"
                verdict = IMPOSSIBLE if wrong else REPRODUCED
                _note(ledger, record, f"at most {show(most)} %", verdict, words, [claim], part=claim)
    frame = pd.DataFrame(rows)
    place = ["source_id", "study_id", "arm_id", "population", "time_text", "time_unit"]
    for group in grouped(frame, place).values() if len(frame) else []:
        if len({row["item"] for row in group}) == len(group) > 1:
            _judge_together(ledger, group)
    return ledger.frame()


def _judge_together(ledger: Ledger, group: list[dict]) -> None:
    least = sum(row["value_min"] for row in group)
    wrong = least > 100 + SLACK
    words = " + ".join(f"{row['item']} {row['value_text']}" for row in group)
    more = [row["claim_id"] for row in group[1:]]
    words += f" % are {show(sum(row['value'] for row in group))} %" + (": more than all patients" if wrong else "")
    _note(ledger, group[0], "at most 100 %", IMPOSSIBLE if wrong else REPRODUCED, words, more, part="together")


@register(
    "number-needed", "number needed to treat = 1 / (risk - risk), rounded up by convention", "Cook and Sackett 1995"
)
def check_number_needed(context: Context) -> pd.DataFrame:
    """A number needed to treat or harm against the two risks it is based on (`claims`)."""
    ledger = Ledger("number-needed")
    for record in _rows(context, "number needed to treat"):
        risks = [value for claim in claims_of(record["claims"]) if (value := _risk(context, claim))]
        if len(risks) != 2:
            continue
        low, high = risks[0][0] - risks[1][1], risks[0][1] - risks[1][0]
        if low <= 0 <= high:
            _note(ledger, record, "", UNCHECKABLE, "the two risks are equal within rounding: no number follows")
            continue
        ends = sorted(abs(100 / x) for x in (low, high))
        up = np.ceil(ends[0] - SLACK) <= record["value"] <= np.ceil(ends[1] - SLACK)
        fits = up or _meets((ends[0], ends[1]), _range(record, "value"))
        words = f"risks that differ by {show(abs(low), 3)} to {show(abs(high), 3)} points give {show(ends[0])} to "
        words += f"{show(ends[1])}, printed {record['value_text']}"
        verdict = REPRODUCED if fits else DISCREPANT
        _note(ledger, record, f"{show(ends[0])}-{show(ends[1])}", verdict, words, claims_of(record["claims"]))
    return ledger.frame()


def _risk(context: Context, claim: str) -> Range | None:
    """A risk in per cent: from exact counts, a percentage, or a survival rate."""
    found = context.claim(claim)
    if not found:
        return None
    table, row = found
    if table == "proportions" and row["n_op"] == "=" and row["total"] > 0:
        return 100 * row["n"] / row["total"], 100 * row["n"] / row["total"]
    value = value_in(table, row)
    if value is None or value.scale != "share":
        return None
    factor = 100.0 if table == "survival_rates" else 1.0
    return factor * value.low, factor * value.high
