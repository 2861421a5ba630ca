"""What a paper prints of one arm's survival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resurvey import steady


@dataclass(frozen=True)
class SurvivalSummary:
    """What a paper prints of one arm's survival; one time unit throughout, everything but n optional.

    Attributes
    ----------
    n : int
        Patients.
    events : int, optional
        Patients with the event.
    censored : int, optional
        Patients without it, where these are printed in place of the events.
    events_about : (float, float), optional
        Events and their standard deviation, where none are printed and they are known only by inference, such as from
        the interval of a ratio (`resurvey.reconstruct.ratio_events.with_implied_events`). Left aside beside `events`.
    median, lower, upper : float, optional
        Median survival time and the limits of its confidence interval at `ci_level`. A missing number (None or NaN)
        means not reported; an infinite one, or the flags below, mean not reached.
    ci_level : float, default 0.95
    ci_method : {'log-log', 'log', 'linear'}, optional
        Transformation of the survival band that the interval was read from; None tries all and keeps the one that fits
        best.
    landmarks : sequence of (time, survival)
        Survival as proportions.
    landmark_limits : sequence of (time, lower, upper)
        Intervals of survivals in `landmarks`, at `ci_level`: how wide they are tells of the patients still at risk.
    landmark_ci_method : {'log-log', 'log', 'linear'}, optional
        Transformation that `landmark_limits` were made on; None reads them as log-log, and not to be met to the digit.
    quantiles : sequence of (survival, time)
        Times at which the curve reaches other survivals than one half: (0.75, 3.1) is a lower quartile of 3.1.
    stays_above : sequence of float
        Survivals that the curve does not reach: 0.25 for an upper quartile that was not reached.
    early_progressors : (time, share), optional
        The share of patients who had progressed by the first scan, at its time: those whose best response is
        progressive disease. A hint, as some of them progress later and others die before it.
    landmarks_about : sequence of (time, survival, standard deviation)
        Survivals known only about, such as those of an earlier analysis of the same patients, or as the count of the
        patients with an event by then has them.
    at_risk_times, at_risk : sequences, optional
        Times, and patients with a time at or beyond each.
    longest_follow_up, shortest_follow_up, median_follow_up : float, optional
        Largest observed time, smallest potential follow-up, and the median of the potential follow-up (reverse
        Kaplan-Meier).
    followed_at_least, followed_at_most : float, optional
        Bounds of the longest follow-up where it is not printed: some of these patients were followed so long (a part of
        them prints a time there), or nobody can have been (the dates of the study allow no more).
    accrual, follow_up_after_accrual : float, optional
        Duration of enrolment, and time from its end to the data cut-off.
    median_not_reached, upper_not_reached : bool
        The curve stays above one half; its upper confidence band does.
    time_rounding, survival_rounding : float, optional
        Half a unit of the last printed digit; by default inferred from the numbers.
    assessment_interval : float, optional
        Time between the visits at which progression is looked for; 0 where events are not tied to visits (death). None
        weighs the customary intervals of 6, 8, 9 and 12 weeks against none, by how well they agree with the printed
        numbers.
    time_unit : {'months', 'weeks', 'days', 'years'} or None, default 'months'
        Unit of all times; used only to place the customary intervals (None: none are tried).
    label : str
        Named in messages.
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
        """`time_rounding` of a checked summary, where it is always known."""
        assert self.time_rounding is not None, "the summary was not checked"
        return self.time_rounding

    @property
    def survival_half_unit(self) -> float:
        """`survival_rounding` of a checked summary, where it is always known."""
        assert self.survival_rounding is not None, "the summary was not checked"
        return self.survival_rounding
