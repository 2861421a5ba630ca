"""Search for sets of assumptions, within stated bounds, that give the printed numbers of events and patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from resurvey.design import arguments
from resurvey.design.claim import DesignClaim
from resurvey.design.course import DROPOUT_READINGS, READINGS, reading_applies
from resurvey.design.equation import alpha_at, median_at, power_at, required_size, round_up
from resurvey.design.methods import Method, Setting, event_probabilities, find_method
from resurvey.design.single import HYPOTHESES, method_names
from resurvey.errors import InputError, NotEstimable

FLAT = ("none", "divide", "multiply")
PATIENT_COLUMNS = ["reading", "dropout_reading", "hypothesis", "event_probability", "assumed", "patients_from"]


@dataclass(frozen=True)
class SearchBounds:
    """What a search may vary. An empty tuple means the printed value only (for methods and readings: all of them).

    Attributes
    ----------
    methods, readings, dropout_readings, hypotheses : tuple of str
    sides : tuple of int
        Both if the paper does not say.
    alphas, powers, null_medians, alternative_medians, dropouts, landmarks : tuple of float
        Values to try in addition to the printed ones.
    event_proportions : tuple of float
        Proportions of patients with an event that a planner may have assumed instead of computing them from the course.
    """

    methods: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    dropout_readings: tuple[str, ...] = ()
    hypotheses: tuple[str, ...] = tuple(HYPOTHESES)
    sides: tuple[int, ...] = (1, 2)
    alphas: tuple[float, ...] = ()
    powers: tuple[float, ...] = ()
    null_medians: tuple[float, ...] = ()
    alternative_medians: tuple[float, ...] = ()
    dropouts: tuple[float, ...] = ()
    landmarks: tuple[float, ...] = ()
    event_proportions: tuple[float, ...] = ()

    @classmethod
    def usual(cls, claim: DesignClaim) -> SearchBounds:
        """Usual variations: other error rates, rounded medians and hazard ratio, rounded event proportions."""
        ratio = claim.null_median / claim.alternative_median
        rounded = (round(claim.null_median, 1), float(round(claim.null_median)))
        times = np.arange(6.0, claim.follow_up + 0.5, 6.0).tolist()
        shares = (0.5, 0.55, 0.6, 0.65, 2 / 3, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
        return cls(
            sides=claim.sides_to_try,
            alphas=tuple(a for a in (0.025, 0.05, 0.1) if a < claim.power),
            powers=(0.8, 0.85, 0.9),
            null_medians=tuple(m for m in rounded if 0 < m != claim.alternative_median),
            alternative_medians=(claim.null_median / round(ratio, 2),) if round(ratio, 2) not in (0.0, 1.0) else (),
            landmarks=tuple(times),
            event_proportions=shares,
        )


@dataclass(frozen=True)
class SearchResult:
    """Outcome of a search.

    Attributes
    ----------
    examined : int
        Sets of assumptions tried.
    events_count, patients_count, both_count : int
        Sets that give the claimed events, the claimed patients, and both. So wide a search finds coincidences: compare
        `both_count` with `both_by_chance`, the number expected if the two were unrelated, events_count x patients_count
        / examined.
    both_by_chance : float
    both : DataFrame
        The sets that give both, those closest to the printed assumptions first (`departures`, then `departures_text`).
    nearest : DataFrame
        The sets closest to the claimed pair among those that keep every printed value (no other error rate, median or
        dropout, no assumed proportion of events, no two-arm formula).
    """

    examined: int
    events_count: int
    patients_count: int
    both_count: int
    both_by_chance: float
    both: pd.DataFrame
    nearest: pd.DataFrame


def search_assumptions(claim: DesignClaim, bounds: SearchBounds | None = None, *, keep: int = 20) -> SearchResult:
    """Try every set of assumptions within the bounds and compare the result with the claimed events and patients.

    Parameters
    ----------
    claim : DesignClaim
        With both `events` and `patients`.
    bounds : SearchBounds, optional
        `SearchBounds.usual(claim)` by default.
    keep : int, default 20
        Rows of `nearest`.

    Returns
    -------
    SearchResult

    Raises
    ------
    InputError
        If the claim lacks events or patients, or a bound is out of range.
    """
    if claim.events is None or claim.patients is None:
        raise InputError("the claim needs both events and patients for a search")
    keep = arguments.whole("keep", keep)
    bounds = SearchBounds.usual(claim) if bounds is None else bounds
    table = _score(claim, _all_sets(claim, bounds))
    hit_events, hit_patients = table["events"] == claim.events, table["patients"] == claim.patients
    both = table[hit_events & hit_patients].sort_values(["departures", "method", "sides"], kind="stable")
    printed = table[table["kept_print"]].sort_values(["distance", "departures", "method"], kind="stable")
    return SearchResult(
        examined=len(table),
        events_count=int(hit_events.sum()),
        patients_count=int(hit_patients.sum()),
        both_count=len(both),
        both_by_chance=float(hit_events.sum() * hit_patients.sum() / max(len(table), 1)),
        both=both.drop(columns="kept_print").reset_index(drop=True),
        nearest=printed.drop(columns="kept_print").head(keep).reset_index(drop=True),
    )


def _values(printed: float, others: tuple[float, ...]) -> list[float]:
    """The printed value first, then the others, without duplicates."""
    return list(dict.fromkeys((float(printed), *(float(o) for o in others))))


def _levels(claim: DesignClaim, bounds: SearchBounds) -> list[tuple[int, float]]:
    """Pairs of sides and alpha, without those equivalent to an earlier one (two-sided 0.10 is one-sided 0.05)."""
    levels: dict[float, tuple[int, float]] = {}
    for alpha, sides in product(_values(claim.alpha, bounds.alphas), bounds.sides):
        levels.setdefault(round(alpha / sides, 12), (sides, alpha))
    return list(levels.values())


def _all_sets(claim: DesignClaim, bounds: SearchBounds) -> pd.DataFrame:
    parts = []
    nulls = _values(claim.null_median, bounds.null_medians)
    alternatives = _values(claim.alternative_median, bounds.alternative_medians)
    for null, alternative in product(nulls, alternatives):
        if null == alternative:
            continue
        other = replace(claim, null_median=null, alternative_median=alternative, events=None, patients=None)
        for dropout in _values(claim.dropout, bounds.dropouts):
            parts.append(_sets_for_medians(replace(other, dropout=dropout), bounds))
    return pd.concat(parts, ignore_index=True)


def _sets_for_medians(claim: DesignClaim, bounds: SearchBounds) -> pd.DataFrame:
    courses = _courses(claim, bounds)
    methods = [find_method(name) for name in (bounds.methods or method_names())]
    by_events = _event_sizes(claim, bounds, [m for m in methods if m.unit == "events"])
    by_patients = _patient_sizes(claim, bounds, [m for m in methods if m.unit == "patients"], courses)
    parts = []
    if by_events:
        sizes = pd.DataFrame(by_events)
        parts.append(sizes.merge(_probabilities(courses, bounds), how="cross"))
        parts.append(sizes.merge(_assumed(bounds), how="cross"))
    if by_patients:
        sizes = pd.DataFrame(by_patients)
        parts.append(sizes.merge(_probabilities(courses, bounds), on=["reading", "dropout_reading"]))
        parts.append(_assumed_for_patients(parts[-1], bounds))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    events = np.where(table["unit"] == "events", table["size"], table["size"] * table["event_probability"])
    assumed = table["assumed"].to_numpy(float)
    share = np.where(np.isnan(assumed), table["event_probability"], assumed)
    table["events_raw"] = events
    base = np.where((table["unit"] == "events") | ~np.isnan(assumed), events / share, table["size"])
    table["patients_raw"] = base * table["dropout_reading"].map(_factors(claim.dropout))
    return (
        table.assign(null_median=claim.null_median, alternative_median=claim.alternative_median, dropout=claim.dropout)
        .drop(columns="size")
        .rename(columns={"assumed": "assumed_share"})
    )


def _factors(dropout: float) -> dict[str, float]:
    factor = dict.fromkeys(DROPOUT_READINGS, 1.0)
    return factor | {"divide": 1 / (1 - dropout), "multiply": 1 + dropout}


def _courses(claim: DesignClaim, bounds: SearchBounds) -> dict[tuple[str, str], Setting]:
    """Setting for each combination of accrual and dropout reading."""
    readings = [r for r in (bounds.readings or READINGS) if reading_applies(claim.accrual, claim.follow_up, r)]
    dropouts = bounds.dropout_readings or tuple(DROPOUT_READINGS)
    if claim.follow_up == 0:
        dropouts = tuple(d for d in dropouts if d != "hazard_over_follow_up")
    return {(r, d): claim.plan(reading=r, dropout_reading=d).setting for r, d in product(readings, dropouts)}


def _event_sizes(claim: DesignClaim, bounds: SearchBounds, methods: list[Method]) -> list[dict]:
    setting = claim.plan().setting
    return [row for method in methods for row in _sizes(claim, bounds, method, setting)]


def _patient_sizes(
    claim: DesignClaim, bounds: SearchBounds, methods: list[Method], courses: dict[tuple[str, str], Setting]
) -> list[dict]:
    rows = []
    landmarks = _values(claim.landmark or claim.null_median, bounds.landmarks)
    for method, ((reading, dropout_reading), setting) in product(methods, courses.items()):
        for landmark in landmarks if method.needs_landmark else (None,):
            chosen = setting if landmark is None else replace(setting, landmark=landmark)
            extra = {"reading": reading, "dropout_reading": dropout_reading}
            rows += [row | extra for row in _sizes(claim, bounds, method, chosen)]
    return rows


def _sizes(claim: DesignClaim, bounds: SearchBounds, method: Method, setting: Setting) -> Iterator[dict]:
    powers = _values(claim.power, bounds.powers)
    for (sides, alpha), power in product(_levels(claim, bounds), powers):
        if power <= alpha:
            continue
        try:
            size = required_size(method, setting, alpha=alpha, power=power, sides=sides)
        except NotEstimable:
            continue
        yield {
            "method": method.name,
            "unit": method.unit,
            "misuse": method.misuse,
            "sides": sides,
            "alpha": alpha,
            "power": power,
            "landmark": setting.landmark if method.needs_landmark else np.nan,
            "size": size,
        }


def _probabilities(courses: dict[tuple[str, str], Setting], bounds: SearchBounds) -> pd.DataFrame:
    rows = []
    for (reading, dropout_reading), setting in courses.items():
        null, alternative = event_probabilities(setting)
        value = {"null": null, "alternative": alternative, "average": (null + alternative) / 2}
        rows += [
            (reading, dropout_reading, hypothesis, value[hypothesis], np.nan, "course")
            for hypothesis in bounds.hypotheses
        ]
    return pd.DataFrame(rows, columns=PATIENT_COLUMNS)


def _assumed(bounds: SearchBounds) -> pd.DataFrame:
    dropouts = [d for d in (bounds.dropout_readings or tuple(DROPOUT_READINGS)) if d in FLAT]
    rows = [
        ("", d, "", np.nan, arguments.positive("an event proportion", p), "assumed share with an event")
        for p, d in product(bounds.event_proportions, dropouts)
    ]
    return pd.DataFrame(rows, columns=PATIENT_COLUMNS)


def _assumed_for_patients(sizes: pd.DataFrame, bounds: SearchBounds) -> pd.DataFrame:
    """For formulas that count patients: expected events converted to patients by an assumed event proportion."""
    # Without landmark formulas or events under another hypothesis: assuming a proportion avoids such detail.
    plain = (sizes["hypothesis"] == "alternative") & sizes["landmark"].isna()
    flat = sizes[sizes["dropout_reading"].isin(FLAT) & plain]
    shares = pd.DataFrame({"share": bounds.event_proportions}, dtype=float)
    crossed = flat.merge(shares, how="cross")
    return crossed.assign(assumed=crossed["share"], patients_from="assumed share with an event").drop(columns="share")


DEPARTURES = {
    "other alpha": lambda t, c: t["alpha"] != c.alpha,
    "other power": lambda t, c: t["power"] != c.power,
    "other null median": lambda t, c: t["null_median"] != c.null_median,
    "other alternative median": lambda t, c: t["alternative_median"] != c.alternative_median,
    "other dropout": lambda t, c: t["dropout"] != c.dropout,
    "dropout ignored": lambda t, c: (t["dropout_reading"] == "none") & (c.dropout > 0),
    "dropout as a hazard": lambda t, c: t["dropout_reading"].str.startswith("hazard"),
    "accrual sentence not read as enrolment, then follow-up": lambda t, c: ~t["reading"].isin(["additional", ""]),
    "events counted under the null": lambda t, c: t["hypothesis"] == "null",
    "events counted as the mean of both hypotheses": lambda t, c: t["hypothesis"] == "average",
    "share of events assumed, not computed": lambda t, c: t["patients_from"] != "course",
    "survival at a landmark": lambda t, c: t["landmark"].notna(),
    "two-arm formula": lambda t, c: t["misuse"],
}
CHANGES_PRINT = (
    "other alpha",
    "other power",
    "other null median",
    "other alternative median",
    "other dropout",
    "share of events assumed, not computed",
    "two-arm formula",
)


def _score(claim: DesignClaim, table: pd.DataFrame) -> pd.DataFrame:
    """Round, compute the distance from the claim, and count the departures from the plain reading of the paper."""
    # The tolerance of `round_up`, for a whole column.
    table["events"] = np.ceil(table["events_raw"] - 1e-9 * table["events_raw"].clip(lower=1)).astype(int)
    table["patients"] = np.ceil(table["patients_raw"] - 1e-9 * table["patients_raw"].clip(lower=1)).astype(int)
    table["distance"] = (table["events"] - claim.events).abs() + (table["patients"] - claim.patients).abs()
    marks = pd.DataFrame({name: np.asarray(rule(table, claim), bool) for name, rule in DEPARTURES.items()})
    table["departures"] = marks.sum(axis=1)
    table["kept_print"] = ~marks[list(CHANGES_PRINT)].any(axis=1)
    close = ((table["events"] == claim.events) & (table["patients"] == claim.patients)) | table["kept_print"]
    table["departures_text"] = ""
    names = np.array(list(DEPARTURES))
    table.loc[close, "departures_text"] = ["; ".join(names[row]) for row in marks[close].to_numpy()]
    return table


def implied_values(claim: DesignClaim, *, methods: tuple[str, ...] = ()) -> pd.DataFrame:
    """For each method and assumption, the values that give the claimed events when only that assumption changes.

    Parameters
    ----------
    claim : DesignClaim
        With `events`; the other printed values are held fixed while one is solved for.
    methods : tuple of str
        Methods that count events; all of them by default.

    Returns
    -------
    DataFrame
        method, sides, events (at the printed values), and the ends of the interval of values whose rounded-up size
        is the claim: alpha_lower, alpha_upper, power_lower, power_upper, alternative_median_lower,
        alternative_median_upper. Exact discrete tests are omitted, because their size is not an invertible function.

    Raises
    ------
    InputError
        If the claim has no number of events.
    """
    if claim.events is None:
        raise InputError("the claim needs events: there is nothing to solve for")
    chosen = [find_method(name) for name in (methods or method_names())]
    setting = claim.plan().setting
    rows = []
    for method in chosen:
        if method.unit != "events" or method.discrete:
            continue
        for sides in claim.sides_to_try:
            rows.append(_implied(claim, method, setting, sides))
    return pd.DataFrame(rows)


def _implied(claim: DesignClaim, method: Method, setting: Setting, sides: int) -> dict[str, object]:
    assert claim.events is not None
    most, least = float(claim.events), max(claim.events - 1.0, 0.5)
    fixed = {"sides": sides}
    size = required_size(method, setting, alpha=claim.alpha, power=claim.power, sides=sides)
    medians = sorted(
        median_at(method, setting, d, alpha=claim.alpha, power=claim.power, sides=sides) for d in (most, least)
    )
    return {
        "method": method.name,
        "sides": sides,
        "events": round_up(size),
        "alpha_lower": alpha_at(method, setting, most, power=claim.power, **fixed),
        "alpha_upper": alpha_at(method, setting, least, power=claim.power, **fixed),
        "power_lower": power_at(method, setting, least, alpha=claim.alpha, **fixed),
        "power_upper": power_at(method, setting, most, alpha=claim.alpha, **fixed),
        "alternative_median_lower": medians[0],
        "alternative_median_upper": medians[1],
    }
