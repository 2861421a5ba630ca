"""How many events stand behind a printed hazard ratio: its interval is as wide as their number makes it."""

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

# 1 / d1 + 1 / d2 over the variance that the interval shows, in 12 analyses that print both: 0.90 to 1.03, mean 0.96, as
# some are stratified (benchmarks/reconstruction/implied_events.py).
VARIANCE_FACTOR, METHOD_SD = 0.96, 0.04
# A forecast errs by so many times its linearised deviation that its 90 % intervals hold the truth (there, too).
FORECAST_DOUBT = 2.5
ALIKE = 0.7  # correlation of the two arms' errors: follow-up, mostly unknown, is that of one study
MOST = 0.985  # share of an arm's patients; an approximation cannot tell more from all of them
SURPRISE = 3.5  # standard deviations beyond which the ratio is not one of these curves
ROUNDS = 6


def with_implied_events(
    first: SurvivalSummary, second: SurvivalSummary, hazard_ratio: HazardRatio
) -> tuple[SurvivalSummary, SurvivalSummary]:
    """Give arms that print no events the number, with its uncertainty, that the interval of their ratio implies.

    The variance of a log hazard ratio is nearly 1 / d1 + 1 / d2 with d events an arm. What else is printed of each arm
    (its median and so on) foretells its events, with a standard deviation; the printed interval, with its rounding,
    corrects both forecasts at once, on the log scale, each by as much as it is in doubt. Both forecasts err alike,
    because the arms of a study are followed alike.

    Parameters
    ----------
    first, second : SurvivalSummary
        The ratio is first against second.
    hazard_ratio : HazardRatio
        Neither adjusted nor matched.

    Returns
    -------
    tuple of SurvivalSummary
        With `events_about` set where no events are printed; unchanged where both print them, the ratio has no interval,
        or the interval disagrees with all else that is printed (so that it is not the ratio of these two curves).

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As `from_summary`, of which arm the message says; of the ratio as `from_pair`.

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
    # the printed limits are rounded: any variance between the two extremes is as likely as any other
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
    """Log of an arm's events as all else that is printed of it has them, and the standard deviation of that."""
    if arm.events is not None:
        return steady.log(float(max(arm.events, 0.5))), 0.0
    s = checked(arm)
    events, sd = expected_events(fit(arms_of([s])))
    events = min(max(events, 1.0), MOST * s.n)
    return steady.log(float(events)), max(FORECAST_DOUBT * sd / events, 0.01)


def _corrected(forecasts: list[tuple[float, float]], log_variance: float, doubt: float) -> tuple[Floats, Floats] | None:
    """Both forecasts after the variance was seen, and their standard deviations; None where it does not agree."""
    mean, sd = (np.array(column) for column in zip(*forecasts, strict=True))
    prior, now = np.outer(sd, sd) * np.array([[1.0, ALIKE], [ALIKE, 1.0]]), mean
    for _ in range(ROUNDS):
        share = steady.exp(-now)
        slope = -share / share.sum()  # of the log variance, in the log events
        surprise = log_variance - steady.log(float(share.sum())) - (slope * (mean - now)).sum()
        to_slope = (prior * slope).sum(axis=1)
        total = (slope * to_slope).sum() + doubt**2
        gain = to_slope / total
        now = mean + gain * surprise
    if abs(surprise) > SURPRISE * math.sqrt(total):
        return None
    return now, np.sqrt(np.maximum(np.diag(prior) - gain * to_slope, 0.0))
