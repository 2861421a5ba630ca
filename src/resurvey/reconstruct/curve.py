"""Reconstruction of individual patients from a digitised Kaplan-Meier curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from resurvey.errors import InputError
from resurvey.reconstruct import curve_input
from resurvey.reconstruct.arm import Arm, feasible_total, read_arm
from resurvey.reconstruct.facts import Patients, curve_facts
from resurvey.reconstruct.pair import HazardRatio, from_pair
from resurvey.reconstruct.placement import frame
from resurvey.reconstruct.result import Reconstruction, accuracy_table, patients_table
from resurvey.reconstruct.solve import rebuild, redrawn

#: Seed of the replicates if no generator is given, so that such calls are reproducible too.
SEED = 20260101
#: Largest number of patients in all replicates together: about 2 gigabytes.
MOST_ROWS = 20_000_000
#: Replicates to choose from if a hazard ratio against another arm has to be reproduced.
POOL = 80


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
    r"""Rebuild the patients of one arm from its digitised curve and any other printed numbers.

    The number at risk is :math:`N(t) = n S(t-) G(t-)`, deaths are :math:`dD = n G\,(-dS)`, censorings
    :math:`dC = n S\,(-dG)`. S is the least-squares monotone curve through the points; a printed number at risk fixes
    G; the total number of events fixes G after the last of these. Whole numbers of deaths per gap are found by rounding
    the running sum, and each death is placed where the curve crosses its level.

    Parameters
    ----------
    times, survival : (k,) array_like
        Digitised points in any order; time in any single unit, survival or cumulative incidence as a proportion or in
        per cent.
    n : int
        Number of patients at time 0.
    at_risk_times, at_risk : (r,) array_like, optional
        Printed numbers at risk (patients whose own time is at or after each time).
    events : int, optional
        Printed total number of events.
    censor_times : array_like, optional
        Times of the censoring marks on the curve.
    hazard_ratio : (HazardRatio or float, Reconstruction), optional
        Printed ratio of this arm against another, and that other arm. Without the other arm, a ratio says nothing about
        this one; `from_two_curves` rebuilds both together.
    median : float or (median, lower, upper), optional
        Printed median survival time and its confidence limits (nan for a limit that was not reached).
    rng : numpy.random.Generator, optional
        Source of randomness of the replicates; by default a generator with a fixed seed.
    landmarks : sequence of (time, survival), optional
        Printed survival rates, as proportions.
    end_of_follow_up : float, optional
        Longest follow-up time; by default, and at least, the latest of the points, rows with patients at risk and
        marks.
    replicates : int, default 1
        1 for the single most plausible set of patients; more for an ensemble whose replicates differ in what the input
        does not determine.

    Returns
    -------
    Reconstruction
        `patients` has exactly n rows per replicate.

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
    replicates = curve_input.whole_number(replicates, "replicates", least=1, most=100_000)
    arm = read_arm(
        times, survival, n, at_risk_times=at_risk_times, at_risk=at_risk, events=events, censor_times=censor_times,
        median=median, landmarks=landmarks, end_of_follow_up=end_of_follow_up,
    )  # fmt: skip
    if arm.n * replicates > MOST_ROWS:
        raise InputError(
            f"{replicates} replicates of {arm.n} patients are {arm.n * replicates:,} rows, more than the {MOST_ROWS:,} "
            "that fit in the memory of an ordinary computer: ask for fewer replicates"
        )
    silent = undetermined(arm)
    partner = _partner(hazard_ratio)
    if hazard_ratio is not None and partner is None:
        silent.append("the hazard ratio is about two arms and was left out: rebuild both with from_two_curves")
    size = max(replicates, POOL) if partner else replicates
    facts: list[dict[str, object]] = []
    if size == 1:
        sets = [rebuild(arm)]
    else:
        source = np.random.default_rng(SEED) if rng is None else rng
        sets = [rebuild(redrawn(arm, source), source) for _ in range(size)]
        feasible_total(arm, frame(arm.curve, arm.table, arm.end, arm.ticks))
        if partner:
            sets, facts = _paired_sets(sets, partner, replicates, source, silent)
    own, conflicts = curve_facts(arm, sets)
    return Reconstruction(
        patients=patients_table([time for time, _ in sets], [event for _, event in sets]),
        accuracy=accuracy_table(own + facts),
        repairs=arm.repairs + arm.conflicts + conflicts,
        undetermined=silent,
        evidence="curve",
        method="monotone curve, risk sets from the identity N = n S G, whole deaths by running sums",
    )


def _partner(hazard_ratio: object | None) -> tuple[HazardRatio | float, Reconstruction] | None:
    """The printed ratio and the other arm, if both were given."""
    if isinstance(hazard_ratio, tuple) and len(hazard_ratio) == 2 and isinstance(hazard_ratio[1], Reconstruction):
        return hazard_ratio
    if hazard_ratio is None or isinstance(hazard_ratio, HazardRatio | int | float):
        return None
    raise InputError(
        "hazard_ratio must be a number, a HazardRatio, or a pair of one of these and the Reconstruction of the other "
        f"arm, found {type(hazard_ratio).__name__}"
    )


def _paired_sets(
    sets: list[Patients],
    partner: tuple[HazardRatio | float, Reconstruction],
    replicates: int,
    rng: np.random.Generator,
    silent: list[str],
) -> tuple[list[Patients], list[dict[str, object]]]:
    """The sets of the pool whose hazard ratio against the other arm is nearest the printed one, and the fact for it."""
    pool = Reconstruction(
        patients_table([time for time, _ in sets], [event for _, event in sets]), accuracy_table([]), evidence="curve"
    )
    pair = from_pair(pool, partner[1], partner[0], rng=rng)
    silent.extend(pair.undetermined)
    rows = [pair.first.replicate(index) for index in range(replicates)]
    chosen = [(row["time"].to_numpy(), row["event"].to_numpy(dtype=float)) for row in rows]
    return chosen, pair.accuracy.to_dict("records")


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
