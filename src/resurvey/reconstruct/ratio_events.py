"""Infer numbers of events from the width of the confidence interval of a printed hazard ratio."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resurvey import steady
from resurvey.reconstruct.fit import expected_events, fit
from resurvey.reconstruct.pair import HazardRatio, check_ratio
from resurvey.reconstruct.summary_checks import checked
from resurvey.reconstruct.summary_facts import arms_of
from resurvey.reconstruct.survival_summary import SurvivalSummary

Floats = NDArray[np.float64]

# 1 / d1 + 1 / d2 divided by the variance from the interval, in 12 analyses that print both: 0.90 to 1.03, mean 0.96, as
# some are stratified (benchmarks/reconstruction/implied_events.py).
VARIANCE_FACTOR, METHOD_SD = 0.96, 0.04
# Factor on the linearised standard deviation of a forecast that gives its 90 % intervals their coverage (same source).
FORECAST_DOUBT = 2.5
ALIKE = 0.7  # correlation of the two arms' errors: follow-up, mostly unknown, is shared by the arms of a study
MOST = 0.985  # largest share of patients with an event that the approximation can tell from all of them
SURPRISE = 3.5  # standard deviations beyond which the ratio is not one of these curves
ROUNDS = 6


def with_implied_events(
    first: SurvivalSummary, second: SurvivalSummary, hazard_ratio: HazardRatio
) -> tuple[SurvivalSummary, SurvivalSummary]:
    """Give arms without printed events the number, with its uncertainty, that the interval of their ratio implies.

    The variance of a log hazard ratio is nearly 1 / d1 + 1 / d2, with d1 and d2 events in the arms. What else is
    printed about each arm (its median and so on) predicts its events, with a standard deviation. The printed interval,
    with its rounding, corrects both forecasts together on the log scale, each according to its uncertainty. The errors
    of the forecasts are correlated, because the arms of a study have similar follow-up.

    Parameters
    ----------
    first, second : SurvivalSummary
        The ratio is first against second.
    hazard_ratio : HazardRatio
        A ratio that is neither adjusted nor matched.

    Returns
    -------
    tuple of SurvivalSummary
        With `events_about` set where no events are printed. Unchanged if both arms print them, the ratio has no
        interval, or the interval disagrees with everything else printed (the ratio is then not of these two curves).

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As for `from_summary` (the message names the arm), and for the ratio as for `from_pair`.

    References
    ----------
    .. [1] Tierney, J. F. et al. (2007). Practical methods for incorporating summary time-to-event data into
           meta-analysis. Trials 8, 16; equation 9.
    """
    check_ratio(hazard_ratio)
    arms = (first, second)
    variances = hazard_ratio.variances
    if variances is None or all(arm.events is not None for arm in arms):
        return arms
    forecasts = [forecast_events(arm) for arm in arms]
    # the printed limits are rounded: all variances between the two extremes are equally likely
    least, middle, most = steady.log(np.array(variances))
    doubt = math.hypot(METHOD_SD, (most - least) / math.sqrt(12))
    corrected = _corrected(forecasts, middle + steady.log(VARIANCE_FACTOR), doubt)
    if corrected is None:
        return arms
    log_events, sd = corrected
    made = []
    for arm, value, error in zip(arms, log_events, sd, strict=True):
        events = min(steady.exp(float(value)), MOST * arm.n)
        made.append(arm if arm.events is not None else replace(arm, events_about=(events, events * float(error))))
    return made[0], made[1]


def forecast_events(arm: SurvivalSummary) -> tuple[float, float]:
    """Log of an arm's events as predicted by everything else printed about it, and its standard deviation."""
    if arm.events is not None:
        return steady.log(float(max(arm.events, 0.5))), 0.0
    s = checked(arm)
    events, sd = expected_events(fit(arms_of([s])))
    events = min(max(events, 1.0), MOST * s.n)
    return steady.log(float(events)), max(FORECAST_DOUBT * sd / events, 0.01)


def _corrected(forecasts: list[tuple[float, float]], log_variance: float, doubt: float) -> tuple[Floats, Floats] | None:
    """Both forecasts given the variance, and their standard deviations; None if the variance disagrees."""
    mean, sd = (np.array(column) for column in zip(*forecasts, strict=True))
    prior, now = np.outer(sd, sd) * np.array([[1.0, ALIKE], [ALIKE, 1.0]]), mean
    for _ in range(ROUNDS):
        share = steady.exp(-now)
        slope = -share / share.sum()  # derivative of the log variance with respect to the log events
        surprise = log_variance - steady.log(float(share.sum())) - (slope * (mean - now)).sum()
        to_slope = (prior * slope).sum(axis=1)
        total = (slope * to_slope).sum() + doubt**2
        gain = to_slope / total
        now = mean + gain * surprise
    if abs(surprise) > SURPRISE * math.sqrt(total):
        return None
    return now, np.sqrt(np.maximum(np.diag(prior) - gain * to_slope, 0.0))
