"""Recompute and judge a printed sample-size statement, and compare it with the trial as it was conducted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from resurvey.design.claim import ATTAINED, DesignClaim, check_claim, with_attained
from resurvey.design.conduct import (
    Observed,
    exact_exponential_test,
    months_between,
    one_sample_log_rank,
    real_course,
)
from resurvey.design.course import Accrual, Course
from resurvey.design.power_curves import (
    alpha_power_contour,
    alpha_power_map,
    events_by_time,
    operating_characteristics,
    simulated_characteristics,
)
from resurvey.design.proportions import ProportionClaim, check_proportion_claim, verdict_on_proportions
from resurvey.design.search import SearchBounds, search_assumptions
from resurvey.design.statement import claim_of
from resurvey.design.verdict import verdict_on_claim
from resurvey.errors import InputError, ResurveyError
from resurvey.plan import DesignCheck
from resurvey.tables import Tables

FIRST_COLUMNS = [
    "method",
    "sides",
    "alpha",
    "power",
    "events",
    "patients",
    "reproduces_events",
    "reproduces_patients",
]
PRINTED = ("null_median", "alternative_median", "null_rate", "alternative_rate", "landmark", "alpha", "power")
NO_SIZE = "Neither events nor patients are printed: there is nothing to judge."
# Methods shown in figures; the table holds all of them.
DRAWN = ("log_hazard", "cube_root", "exact_chi_square", "wu")
MAP_POINTS = 41


@dataclass(frozen=True)
class Assessment:
    """The table of methods, and the verdict with its supporting results as plain Python types."""

    table: pd.DataFrame
    verdict: dict[str, Any]


def row_of(typed: Tables, claim_id: str) -> pd.Series:
    """The row of the designs table for a claim.

    Raises
    ------
    InputError
        If no row of designs.csv has this id.
    """
    rows = typed["designs"][typed["designs"]["claim_id"] == claim_id]
    if rows.empty:
        raise InputError(f"there is no claim {claim_id!r} in designs.csv")
    return rows.iloc[0]


def assess(
    typed: Tables,
    entry: DesignCheck,
    patients: pd.DataFrame | None,
    rng: np.random.Generator,
    *,
    trials: int = 4000,
) -> Assessment:
    """Recompute and judge one sample-size statement.

    Parameters
    ----------
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    entry : DesignCheck
    patients : DataFrame or None
        Reconstructed patients of that group: replicate, time (months), event.
    rng : numpy.random.Generator
        For the simulated operating characteristics.
    trials : int, default 4000
        Simulated trials at each true median; the default gives a Monte Carlo standard error of at most 0.8 percentage
        points.

    Returns
    -------
    Assessment
        A statement to which no formula can be applied has the verdict `uncheckable`, with the reason, and an empty
        table.
    """
    row = row_of(typed, entry.claim)
    try:
        claim = claim_of(row)
    except ResurveyError as error:
        return _assessment(entry, row, pd.DataFrame(), {"verdict": "uncheckable", "words": f"{error}."})
    if isinstance(claim, ProportionClaim):
        table = check_proportion_claim(claim)
        verdict = verdict_on_proportions(claim, table)
        claimed = {"events": None, "patients": claim.patients}
        verdict |= {"verdict_events": None, "verdict_patients": verdict["verdict"], "claimed": claimed}
        return _assessment(entry, row, table.assign(alpha=claim.alpha, power=claim.power), verdict)
    return _assess_times(typed, entry, patients, rng, trials, row, claim)


def _assess_times(
    typed: Tables,
    entry: DesignCheck,
    patients: pd.DataFrame | None,
    rng: np.random.Generator,
    trials: int,
    row: pd.Series,
    claim: DesignClaim,
) -> Assessment:
    table = check_claim(claim)
    search = search_assumptions(claim, SearchBounds.usual(claim)) if claim.events and claim.patients else None
    judged = claim.events is not None or claim.patients is not None
    verdict: dict[str, Any] = {"verdict": "uncheckable", "words": NO_SIZE}
    if judged:
        verdict = verdict_on_claim(claim, table, search)
    verdict["course"] = _course(typed, claim, row, entry)
    verdict["tests"] = _tests(claim, row, entry, patients)
    verdict |= _figures(claim, verdict["course"], rng, trials)
    plain = (table["reading"] == "additional") & ~table["misuse"].astype(bool)
    attained = with_attained(claim, table[plain], trials=trials)[ATTAINED]
    return _assessment(entry, row, table.join(attained), verdict)


def _assessment(entry: DesignCheck, row: pd.Series, table: pd.DataFrame, verdict: dict[str, Any]) -> Assessment:
    """Assemble the assessment: documented columns first, and the printed values with the verdict."""
    order = [*FIRST_COLUMNS, *(name for name in table.columns if name not in FIRST_COLUMNS)]
    printed = {key: row[f"{key}_text"] for key in PRINTED if row.get(f"{key}_text", "")}
    found = {**verdict, "claim_id": entry.claim, "printed": printed}
    return Assessment(table.reindex(columns=order).assign(claim_id=entry.claim), found)


def _course(typed: Tables, claim: DesignClaim, row: pd.Series, entry: DesignCheck) -> dict[str, Any] | None:
    """The trial as conducted: dates from the studies table; patients, events and median from the printed median."""
    group = entry.patients
    study = typed["studies"].set_index("study_id").loc[row["study_id"]]
    dates = [study[name] for name in ("enrolment_start", "enrolment_end", "data_cutoff")]
    if not group or any(len(day) != 10 for day in dates):
        return None
    medians = typed["medians"]
    chosen = medians[(medians["study_id"] == group.study) & (medians["arm_id"] == group.arm)]
    chosen = chosen[(chosen["population"] == group.population) & (chosen["endpoint"] == group.endpoint)]
    chosen = chosen[np.isfinite(chosen["n"]) & np.isfinite(chosen["events"])]
    if chosen.empty:
        return None
    printed = chosen.iloc[0]
    observed = Observed(
        patients=int(printed["n"]),
        events=int(printed["events"]),
        accrual=months_between(dates[0], dates[1]),
        cut_off=months_between(dates[0], dates[2]),
        median=float(printed["value_months"]),
        printed_lower=float(printed["lower_months"]),
        printed_upper=float(printed["upper_months"]),
    )
    course = real_course(
        observed,
        null_median=claim.null_median,
        alternative_median=claim.alternative_median,
        planned_events=claim.events,
        alpha=claim.alpha,
        sides=claim.sides or 1,
    )
    return {"claim_id": printed["claim_id"], **_plain(asdict(course))}


def _tests(
    claim: DesignClaim, row: pd.Series, entry: DesignCheck, patients: pd.DataFrame | None
) -> list[dict[str, Any]]:
    """The planned tests on each replicate: median and central 90 % range over replicates."""
    if patients is None or patients.empty:
        return []
    boundary = claim.alternative_median if entry.boundary is None else entry.boundary
    found: dict[str, list[float]] = {}
    for _, one in patients.groupby("replicate"):
        time, event = one["time"].to_numpy(), one["event"].to_numpy()
        rank = one_sample_log_rank(time, event, null_median=claim.null_median)
        exact = exact_exponential_test(time, event, null_median=claim.null_median)
        for name, value in (
            ("one-sample log-rank, z", rank.z),
            ("one-sample log-rank, one-sided p", rank.p_one_sided),
            ("one-sample log-rank, observed / expected events", rank.smr),
            ("exact exponential test, one-sided p", exact.p_one_sided),
            ("exponential median", exact.median),
            ("exponential median, lower 95 % limit", exact.lower),
            ("exponential median, upper 95 % limit", exact.upper),
        ):
            found.setdefault(name, []).append(float(value))
    rows = [
        {
            "statistic": name,
            "value": float(np.median(values)),
            "low": float(np.quantile(values, 0.05)),
            "high": float(np.quantile(values, 0.95)),
        }
        for name, values in found.items()
    ]
    below = float(np.mean(np.array(found["exponential median, lower 95 % limit"]) > boundary))
    name = f"share of replicates whose exponential lower limit exceeds {boundary:g} months"
    return [*rows, {"statistic": name, "value": below, "low": below, "high": below}]


def _figures(
    claim: DesignClaim, course: Mapping[str, Any] | None, rng: np.random.Generator, trials: int
) -> dict[str, list[dict[str, Any]]]:
    if claim.events is None:
        return {}
    low, high = sorted((claim.null_median, claim.alternative_median))
    medians = np.linspace(0.9 * low, 1.35 * high, 31)
    points = np.linspace(low, 1.25 * high, 7)
    alphas, powers = np.linspace(0.01, 0.2, MAP_POINTS), np.linspace(0.6, 0.95, MAP_POINTS)
    figures = {
        "operating_characteristics": operating_characteristics(claim, medians),
        "alpha_power_map": alpha_power_map(claim, alphas, powers),
        "alpha_power_contour": alpha_power_contour(claim, alphas, methods=DRAWN),
    }
    if claim.patients is not None:
        figures["simulated"] = simulated_characteristics(claim, points, rng, trials=trials)
    if course is not None:
        names = {
            "null": claim.null_median,
            "alternative": claim.alternative_median,
            "observed": course["observed_median"],
        }
        real = Course(accrual=Accrual.uniform(course["accrual"]), end=course["cut_off"])
        times = np.linspace(0, 1.2 * course["cut_off"], 61)
        figures["events_by_time"] = events_by_time(real, course["patients"], names, times)
    return {name: [_plain(record) for record in table.to_dict("records")] for name, table in figures.items()}


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """Convert to plain types: floats to six significant digits to keep files small, None for NaN and infinity."""

    def value(cell: Any) -> Any:
        if isinstance(cell, str) or cell is None or isinstance(cell, bool):
            return cell
        if isinstance(cell, (int, np.integer)):
            return int(cell)
        return float(f"{cell:.6g}") if np.isfinite(cell) else None

    return {str(key): value(cell) for key, cell in record.items()}
