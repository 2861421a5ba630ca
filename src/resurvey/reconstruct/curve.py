"""Patients behind a digitised Kaplan-Meier curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from resurvey.reconstruct import checks
from resurvey.reconstruct.censoring import FollowUp, known_events, step_heights, unknown_events
from resurvey.reconstruct.decode import exact_rows
from resurvey.reconstruct.facts import curve_facts
from resurvey.reconstruct.monotone import MonotoneCurve, anchored, monotone_curve
from resurvey.reconstruct.place import (
    Floats,
    Frame,
    RiskTable,
    flow,
    followed,
    foreseen_theta,
    frame,
    open_path,
    place,
    settle,
    solve_open_path,
    tail_deaths,
    whole_deaths,
)
from resurvey.reconstruct.result import Reconstruction, accuracy_table, patients_table

#: Largest distance (in survival) by which the rebuilt curve may leave the given one to meet a printed count.
BEND = 0.05


@dataclass(frozen=True)
class Arm:
    """Everything that was given for one arm, checked and on one scale."""

    points: checks.Points
    curve: MonotoneCurve
    table: RiskTable
    given_table: RiskTable
    n: int
    events: int | None
    ticks: Floats
    end: float
    median: tuple[float, float, float] | None
    landmarks: tuple[tuple[float, float], ...]
    repairs: list[str]
    conflicts: list[str]


def from_curve(
    times: ArrayLike,
    survival: ArrayLike,
    *,
    n: int,
    at_risk_times: ArrayLike | None = None,
    at_risk: ArrayLike | None = None,
    events: int | None = None,
    censor_times: ArrayLike | None = None,
    hazard_ratio: object | None = None,
    median: float | Sequence[float] | None = None,
    rng: np.random.Generator | None = None,
    landmarks: Sequence[tuple[float, float]] | None = None,
    end_of_follow_up: float | None = None,
    replicates: int = 1,
) -> Reconstruction:
    r"""Rebuild the patients of one arm from its digitised curve and whatever else was printed.

    The number at risk is :math:`N(t) = n S(t-) G(t-)`, deaths are :math:`dD = n G\,(-dS)`, censorings
    :math:`dC = n S\,(-dG)`. S is the least-squares monotone curve through the points; a printed number at risk fixes
    G; the total of events fixes G after the last one. Whole numbers of deaths a gap follow the running sum, and each
    death is placed where the curve crosses its level.

    Parameters
    ----------
    times, survival : array-like, shape (k,)
        Digitised points in any order; time in any one unit, survival as proportion or per cent, or a cumulative
        incidence in either.
    n : int
        Patients at time 0.
    at_risk_times, at_risk : array-like, shape (r,), optional
        Printed numbers at risk (patients whose time is that time or later).
    events : int, optional
        Printed total of events.
    censor_times : array-like, optional
        Times of the censoring marks on the curve.
    hazard_ratio : PrintedHazardRatio, optional
        Hazard ratio of this arm against another, whose patients it holds.
    median : float or (median, lower, upper), optional
        Printed median survival time and its interval (nan for a limit that was not reached).
    rng : numpy.random.Generator, optional
        Source of randomness of the replicates; a fixed one where none is given.
    landmarks : sequence of (time, survival), optional
        Printed survival rates, proportions.
    end_of_follow_up : float, optional
        Longest follow-up time; the last point of the curve where it is not given.
    replicates : int, default 1
        1 for the single most plausible set of patients; more for an ensemble that differs where the input is silent.

    Returns
    -------
    Reconstruction
        `patients` has exactly n rows a replicate.

    Raises
    ------
    InputError
        If an argument cannot be read; the message names it and its value.
    InconsistentReport
        If no set of patients can come near what was given (events above n, for example).

    References
    ----------
    .. [1] Guyot, P., Ades, A. E., Ouwens, M. J. N. M. and Welton, N. J. (2012). BMC Medical Research Methodology 12, 9.
    .. [2] Kaplan, E. L. and Meier, P. (1958). Journal of the American Statistical Association 53, 457-481.
    """
    replicates = checks.whole_number(replicates, "replicates", least=1, most=100_000)
    arm = read_arm(
        times, survival, n, at_risk_times, at_risk, events, censor_times, median, landmarks, end_of_follow_up
    )
    cut = frame(arm.curve, arm.table, arm.end, arm.ticks)
    time, event = rebuild(arm, cut)
    facts, conflicts = curve_facts(arm, [(time, event)])
    return Reconstruction(
        patients=patients_table([time], [event]),
        accuracy=accuracy_table(facts),
        repairs=arm.repairs + arm.conflicts + conflicts,
        undetermined=undetermined(arm),
        evidence="curve",
        method="monotone curve, risk sets from the identity N = n S G, whole deaths by running sums",
    )


def read_arm(
    times: ArrayLike,
    survival: ArrayLike,
    n: int,
    at_risk_times: ArrayLike | None = None,
    at_risk: ArrayLike | None = None,
    events: int | None = None,
    censor_times: ArrayLike | None = None,
    median: float | Sequence[float] | None = None,
    landmarks: Sequence[tuple[float, float]] | None = None,
    end_of_follow_up: float | None = None,
) -> Arm:
    """Check everything that was given and bring it to one scale; arguments as in `from_curve`."""
    patients = checks.whole_number(n, "n", least=1)
    points = checks.read_points(times, survival)
    repairs, conflicts = list(points.repairs), []
    table = checks.read_table(patients, at_risk_times, at_risk, repairs, conflicts)
    checks.check_units(points, table)
    given = checks.legible_rows(at_risk_times, at_risk)
    total = checks.check_events(events, patients)
    ticks = checks.read_ticks(censor_times, repairs)
    curve = monotone_curve(points.time, points.survival)
    if curve.strays:
        repairs.append(f"{curve.strays} stray points off the curve of their neighbours were left out")
    if points.survival[0] < 0.97:
        repairs.append(f"the curve starts at {points.survival[0]:.3g}, not at 1: the point (0, 1) was added")
    middle = checks.read_median(median)
    rates = checks.read_landmarks(landmarks)
    curve = anchored(curve, checks.anchors(middle, rates), conflicts)
    end = checks.last_time(curve.end, table, ticks, end_of_follow_up, conflicts)
    ticks = ticks[ticks <= end]
    table = exact_rows(curve, checks.reconcile(table, curve, end, conflicts), patients)
    return Arm(points, curve, table, given, patients, total, ticks, end, middle, rates, repairs, conflicts)


def rebuild(arm: Arm, cut: Frame) -> tuple[Floats, Floats]:
    """Times and marks of the single most plausible set of patients."""
    total = None if arm.events is None else feasible_total(arm, cut)
    known = followed(cut)
    if cut.gaps == 1 and not arm.ticks.size:
        path = no_table(arm, cut, total).mean_path(cut.knot / arm.end)
    else:
        path = open_path(known.place, foreseen_theta(cut, known))
    streams = flow(cut, known, path)
    deaths = whole_deaths(streams.expected, cut.leaving, cut.survival[cut.edge], arm.curve.noise, total)
    if cut.gaps > 1 or arm.ticks.size:
        aim = tail_deaths(cut, float(streams.expected[-1]), float(deaths[-1]), arm.curve.noise)
        streams = flow(cut, known, open_path(known.place, solve_open_path(known.place, known.drop, aim)))
    lost = place(cut, streams.censored, cut.leaving.astype(np.int64) - deaths)
    died = settle(cut, place(cut, streams.deaths, deaths), lost, deaths)
    return np.concatenate((died, lost)), np.concatenate((np.ones(died.size), np.zeros(lost.size)))


def no_table(arm: Arm, cut: Frame, total: int | None) -> FollowUp:
    """Candidate ends of follow-up of an arm without numbers at risk."""
    steps = step_heights(arm.curve, arm.n, arm.end)
    if total is None:
        return unknown_events(steps)
    return known_events(steps, cut.knot / arm.end, -arm.n * np.diff(cut.survival), total)


def feasible_total(arm: Arm, cut: Frame) -> int:
    """The printed total, or the nearest one that does not bend the curve by more than `BEND`.

    Nobody can die who is not on the curve: without any censoring the deaths of a gap are its drop times those who
    entered, and that many at most, give or take the bend.
    """
    level = cut.survival[cut.edge]
    drop = 1 - (level[1:]) / np.maximum(level[:-1], 1e-12)
    slack = np.ceil(BEND / np.maximum(level[:-1], BEND) * cut.entering) + 1
    most = int(np.minimum(cut.leaving, np.floor(cut.entering * drop) + slack).sum())
    least = int(level[-1] < 1 - BEND)
    total = int(np.clip(arm.events, least, most))
    if total != arm.events:
        arm.conflicts.append(
            f"events: {arm.events} were printed, but a curve that ends at {level[-1]:.3g} with n = {arm.n} and these "
            f"numbers at risk allows {least} to {most}; {total} were placed. Check whether the curve, n and events "
            "are of one arm and one data cut"
        )
    return total


def undetermined(arm: Arm) -> list[str]:
    """What the input did not determine, in words."""
    silent = []
    rows = int(np.sum(arm.table.time > 0))
    if rows == 0:
        silent.append(
            "no numbers at risk were given: how many patients were censored when is only known through "
            + ("the total of events" if arm.events is not None else "the end of the curve")
            + " and a smooth pattern; ask for replicates to see how much this matters"
        )
    elif arm.table.time[-1] < arm.end and arm.table.count[-1] > 1:
        silent.append(
            f"censoring of the {arm.table.count[-1]:g} patients at risk after time {arm.table.time[-1]:g}"
            + ("" if arm.events is None else " beyond what the total of events says")
        )
    if arm.events is None:
        silent.append("the total of events was not given; it follows from the curve and the numbers at risk")
    if not arm.ticks.size and rows:
        silent.append("censoring times between the rows of the numbers at risk; spread smoothly")
    return silent
