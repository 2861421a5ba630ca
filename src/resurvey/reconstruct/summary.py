"""Patients behind an arm that was printed without a curve: from n, events, median, landmark rates, numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from resurvey.errors import InputError
from resurvey.reconstruct.summary_facts import arm_of
from resurvey.reconstruct.hazard import Fit, fit
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.sample import ensemble
from resurvey.reconstruct.summary_checks import TRANSFORMS, checked
from resurvey.reconstruct.summary_report import report

# the customary transformation is preferred unless another fits clearly better (in units of twice the log likelihood)
OTHER_TRANSFORM = 4.0


@dataclass(frozen=True)
class SurvivalSummary:
    """What a paper prints of one arm's survival; one time unit throughout, everything but n optional.

    Attributes
    ----------
    n : int
        Patients.
    events : int, optional
        Patients with the event.
    median, lower, upper : float, optional
        Median survival time and the limits of its confidence interval at `ci_level`. A missing number (None or NaN) means not
        reported; an infinite one, or the flags below, mean not reached.
    ci_level : float, default 0.95
    ci_method : {'log-log', 'log', 'linear'}, optional
        Transformation of the survival band that the interval was read from; None tries all and keeps the one that fits best.
    landmarks : sequence of (time, survival)
        Survival as proportions.
    at_risk_times, at_risk : sequences, optional
        Times, and patients with a time at or beyond each.
    longest_follow_up, shortest_follow_up, median_follow_up : float, optional
        Largest observed time, smallest potential follow-up, and the median of the potential follow-up (reverse Kaplan-Meier).
    accrual, follow_up_after_accrual : float, optional
        Duration of enrolment, and time from its end to the data cut-off.
    median_not_reached, upper_not_reached : bool
        The curve stays above one half; its upper confidence band does.
    time_rounding, survival_rounding : float, optional
        Half a unit of the last printed digit; by default inferred from the numbers.
    label : str
        Named in messages.
    """

    n: int
    events: int | None = None
    median: float | None = None
    lower: float | None = None
    upper: float | None = None
    ci_level: float = 0.95
    landmarks: Sequence[tuple[float, float]] = ()
    at_risk_times: Sequence[float] | None = None
    at_risk: Sequence[int] | None = None
    longest_follow_up: float | None = None
    median_follow_up: float | None = None
    shortest_follow_up: float | None = None
    accrual: float | None = None
    follow_up_after_accrual: float | None = None
    median_not_reached: bool = False
    upper_not_reached: bool = False
    ci_method: str | None = None
    time_rounding: float | None = None
    survival_rounding: float | None = None
    label: str = ""

    @property
    def z(self) -> float:
        """Normal quantile of the two-sided level."""
        return NormalDist().inv_cdf(0.5 + self.ci_level / 2)


def from_summary(
    summary: SurvivalSummary, *, replicates: int = 200, rng: np.random.Generator | None = None
) -> Reconstruction:
    """Rebuild an ensemble of patients from printed numbers.

    Parameters
    ----------
    summary : SurvivalSummary
        What was printed; any subset that places the curve.
    replicates : int, default 200
        Members of the ensemble; each has n patients and satisfies what was printed, and they differ where it is silent.
    rng : numpy.random.Generator, optional
        Source of randomness; by default a fixed seed.

    Returns
    -------
    Reconstruction
        `evidence` is 'summary'.

    Raises
    ------
    InputError
        A number that cannot be one; all faults are listed.
    InconsistentReport
        Printed numbers that cannot all hold; all faults are listed.
    NotEstimable
        Too little to place a curve; the message says what is missing.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). A confidence interval for the median survival time. Biometrics 38, 29-41.
    """
    s = checked(summary)
    if isinstance(replicates, bool) or not isinstance(replicates, int | np.integer) or replicates < 1:
        raise InputError(f"replicates is {replicates!r}, expected a whole number, 1 or more")
    rng = np.random.default_rng(0) if rng is None else rng
    found, transform = best_fit(s)
    made = ensemble(found, s, int(replicates), transform, rng)
    return report(s, found, made, transform)


def best_fit(s: SurvivalSummary) -> tuple[Fit, str]:
    """The fit under the named transformation of the interval, or under the one whose limits agree best with all else."""
    tried = [s.ci_method] if s.ci_method else list(TRANSFORMS) if s.lower or s.upper else ["log-log"]
    fits = [(fit(arm_of(s, transform=transform)), transform) for transform in tried]
    return min(
        fits, key=lambda pair: pair[0].misfit + (OTHER_TRANSFORM if pair[1] != "log-log" and len(fits) > 1 else 0.0)
    )
