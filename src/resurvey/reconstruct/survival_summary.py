"""The numbers that a paper prints about one arm's survival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resurvey import steady


@dataclass(frozen=True)
class SurvivalSummary:
    """The numbers that a paper prints about one arm's survival, in one time unit; all but n are optional.

    Attributes
    ----------
    n : int
        Number of patients.
    events : int, optional
        Number of patients with the event.
    censored : int, optional
        Number of patients without it, if printed instead of the events.
    events_about : (float, float), optional
        Events and their standard deviation, if they are not printed but inferred, for example from the interval of a
        ratio (`resurvey.reconstruct.ratio_events.with_implied_events`). Ignored if `events` is given.
    median, lower, upper : float, optional
        Median survival time and the limits of its confidence interval at `ci_level`. A missing number (None or NaN)
        means not reported; an infinite number, or a flag below, means not reached.
    ci_level : float, default 0.95
    ci_method : {'log-log', 'log', 'linear'}, optional
        Transformation of the survival band from which the interval was derived; None tries all and keeps the one that
        fits best.
    landmarks : sequence of (time, survival)
        Survival as proportions.
    landmark_limits : sequence of (time, lower, upper)
        Confidence limits of survivals in `landmarks`, at `ci_level`; their width depends on the numbers at risk.
    landmark_ci_method : {'log-log', 'log', 'linear'}, optional
        Transformation used for `landmark_limits`; None takes it to be log-log, with more tolerance.
    quantiles : sequence of (survival, time)
        Times at which the curve reaches other survivals than one half: (0.75, 3.1) is a lower quartile of 3.1.
    stays_above : sequence of float
        Survivals that the curve does not reach: 0.25 for an upper quartile that was not reached.
    early_progressors : (time, share), optional
        The share of patients who had progressed by the first scan, at its time: those whose best response is
        progressive disease. Only approximate, as some of them progress later and others die before the scan.
    landmarks_about : sequence of (time, survival, standard deviation)
        Survivals known only approximately, such as those of an earlier analysis of the same patients, or those from a
        count of patients with an event by that time.
    at_risk_times, at_risk : sequences, optional
        Times, and numbers of patients with a time at or after each.
    longest_follow_up, shortest_follow_up, median_follow_up : float, optional
        Largest observed time, smallest potential follow-up, and the median of the potential follow-up (reverse
        Kaplan-Meier).
    followed_at_least, followed_at_most : float, optional
        Bounds of the longest follow-up if it is not printed: some of these patients were followed at least so long (a
        subgroup has a printed time there), or nobody can have been followed longer (by the dates of the study).
    accrual, follow_up_after_accrual : float, optional
        Duration of enrolment, and time from its end to the data cut-off.
    median_not_reached, upper_not_reached : bool
        The curve, or its upper confidence band, stays above one half.
    time_rounding, survival_rounding : float, optional
        Half a unit of the last printed digit; by default inferred from the numbers.
    assessment_interval : float, optional
        Time between the visits at which progression is assessed; 0 if events are not tied to visits (death). None
        weighs the customary intervals of 6, 8, 9 and 12 weeks against no visits, by their agreement with the printed
        numbers.
    time_unit : {'months', 'weeks', 'days', 'years'} or None, default 'months'
        Unit of all times; used only to convert the customary intervals (None: none are tried).
    label : str
        Name of the arm in messages.
    """

    n: int
    events: int | None = None
    censored: int | None = None
    events_about: tuple[float, float] | None = None
    median: float | None = None
    lower: float | None = None
    upper: float | None = None
    ci_level: float = 0.95
    landmarks: Sequence[tuple[float, float]] = ()
    landmark_limits: Sequence[tuple[float, float, float]] = ()
    landmark_ci_method: str | None = None
    landmarks_about: Sequence[tuple[float, float, float]] = ()
    quantiles: Sequence[tuple[float, float]] = ()
    stays_above: Sequence[float] = ()
    early_progressors: tuple[float, float] | None = None
    at_risk_times: Sequence[float] | None = None
    at_risk: Sequence[int] | None = None
    longest_follow_up: float | None = None
    median_follow_up: float | None = None
    shortest_follow_up: float | None = None
    followed_at_least: float | None = None
    followed_at_most: float | None = None
    accrual: float | None = None
    follow_up_after_accrual: float | None = None
    median_not_reached: bool = False
    upper_not_reached: bool = False
    ci_method: str | None = None
    time_rounding: float | None = None
    survival_rounding: float | None = None
    assessment_interval: float | None = None
    time_unit: str | None = "months"
    label: str = ""

    @property
    def z(self) -> float:
        """Normal quantile of the two-sided level."""
        return steady.critical_value(self.ci_level)

    @property
    def time_half_unit(self) -> float:
        """`time_rounding` of a checked summary, which always has it."""
        assert self.time_rounding is not None, "the summary was not checked"
        return self.time_rounding

    @property
    def survival_half_unit(self) -> float:
        """`survival_rounding` of a checked summary, which always has it."""
        assert self.survival_rounding is not None, "the summary was not checked"
        return self.survival_rounding
