"""Two-stage one-sample log-rank designs: stop for futility at a calendar time, otherwise continue to the final test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from resurvey.design import arguments
from resurvey.design.course import Accrual, Course, legendre, read_course
from resurvey.design.equation import required_size, round_up
from resurvey.design.methods import Setting, event_probabilities, find_method, one_sample_moments
from resurvey.errors import InputError, NotEstimable

# Medians after which nobody is left to have an event.
MOST_MEDIANS = 1000


@dataclass(frozen=True)
class TwoStageDesign:
    """A two-stage design and its operating characteristics.

    With Z = (E - O) / sqrt(E): stop at calendar time `interim` if Z is below `c1`; reject at the end if Z is at least
    `c`. `n1` patients (rounded up from `n1_raw`) have entered by the interim analysis, `n` in total; `duration` is the
    time of the final analysis. `early_stop` and `expected_patients` (from `n1_raw`) are under the null; `alpha` and
    `power` are those of the normal approximation.
    """

    kind: str
    n1: int
    n1_raw: float
    c1: float
    n: int
    c: float
    interim: float
    duration: float
    early_stop: float
    expected_patients: float
    alpha: float
    power: float


@dataclass(frozen=True)
class _Stage:
    """Patients and per-patient moments at one analysis: E[O], E[Lambda_0], exact variance, P(event) under the null."""

    patients: float
    observed: float
    expected: float
    variance: float
    null: float

    def standardised(self, bound: float) -> float:
        """The bound, standardised under the alternative."""
        drift = math.sqrt(self.patients) * (self.expected - self.observed)
        return (bound * math.sqrt(self.expected) - drift) / math.sqrt(self.variance)


@dataclass(frozen=True)
class _Trial:
    null_median: float
    alternative_median: float
    shape: float
    rate: float
    follow_up: float
    alpha: float
    power: float

    def stage(self, patients: float, course: Course) -> _Stage:
        setting = Setting(self.null_median, self.alternative_median, self.shape, course)
        return _Stage(patients, *one_sample_moments(setting), event_probabilities(setting)[0])

    def final(self, n: int) -> _Stage:
        return self.stage(n, read_course(n / self.rate, self.follow_up))

    def interim(self, time: float, n: int) -> _Stage:
        entered = min(time, n / self.rate)
        return self.stage(entered * self.rate, Course(Accrual.uniform(entered), time))


def _both_above(a: float, b: float, correlation: float) -> float:
    """P(X > a, Y > b) for a standard bivariate normal distribution, by Gauss-Legendre integration over X."""
    from scipy.special import ndtr

    nodes, weights = legendre(40)
    low, high = max(a, -9.0), 9.0
    if low >= high:
        return 0.0
    x = low + (high - low) * nodes
    rest = ndtr((correlation * x - b) / math.sqrt(1 - correlation**2))
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return float((high - low) * np.sum(weights * density * rest))


def _final_bound(first: _Stage, final: _Stage, c1: float, alpha: float) -> float:
    """Final bound that keeps alpha; under the null, information is the expected number of events."""
    from scipy.optimize import brentq

    correlation = math.sqrt(first.patients * first.null / (final.patients * final.null))
    if not _both_above(c1, 6, correlation) < alpha < _both_above(c1, -6, correlation):
        raise InputError(f"no final bound keeps alpha = {alpha:g} after a futility bound of {c1:g}: change one of them")
    return float(brentq(lambda c: _both_above(c1, c, correlation) - alpha, -6, 6, xtol=1e-8))


def _power(first: _Stage, final: _Stage, c1: float, c: float) -> float:
    correlation = math.sqrt(first.patients * first.variance / (final.patients * final.variance))
    return _both_above(first.standardised(c1), final.standardised(c), min(correlation, 1 - 1e-12))


def _design(trial: _Trial, n: int, interim: float, c1: float, kind: str) -> TwoStageDesign:
    from scipy.special import ndtr

    first, final = trial.interim(interim, n), trial.final(n)
    c = _final_bound(first, final, c1, trial.alpha)
    stop = float(ndtr(c1))
    return TwoStageDesign(
        kind=kind,
        n1=round_up(first.patients),
        n1_raw=first.patients,
        c1=c1,
        n=n,
        c=c,
        interim=interim,
        duration=n / trial.rate + trial.follow_up,
        early_stop=stop,
        expected_patients=stop * first.patients + (1 - stop) * n,
        alpha=trial.alpha,
        power=_power(first, final, c1, c),
    )


def _trial(
    null_median: float,
    alternative_median: float,
    shape: float,
    rate: float,
    follow_up: float,
    alpha: float,
    power: float,
) -> _Trial:
    arguments.medians(null_median, alternative_median)
    if alternative_median < null_median:
        raise InputError("a two-stage design stops for futility: alternative_median must be above null_median")
    arguments.errors_and_sides(alpha, power, 1)
    arguments.positive("rate", rate)
    if arguments.positive("follow_up", follow_up) > MOST_MEDIANS * alternative_median:
        raise InputError(f"follow_up is {follow_up:g} for a median of {alternative_median:g}: is it in another unit?")
    arguments.weibull_shape(shape)
    return _Trial(null_median, alternative_median, shape, rate, follow_up, alpha, power)


def two_stage_characteristics(
    null_median: float,
    alternative_median: float,
    *,
    n: int,
    interim: float,
    c1: float,
    rate: float,
    follow_up: float,
    alpha: float,
    shape: float = 1.0,
) -> TwoStageDesign:
    """Final bound, probability of early stopping, expected patients and power of a given two-stage design.

    Parameters
    ----------
    null_median, alternative_median : float
        Medians in the same unit as all times, alternative above null; both for a Weibull distribution with `shape`.
    n : int
        Total number of patients, entering uniformly at `rate` per unit of time.
    interim : float
        Calendar time of the interim analysis, before the final analysis.
    c1 : float
        Futility bound of Z = (E - O) / sqrt(E).
    rate, follow_up : float
        Entry rate; follow-up after the last entry.
    alpha : float
        Overall one-sided level.

    Raises
    ------
    InputError
        If the interim analysis is not before the final analysis.

    References
    ----------
    .. [1] Kwak, M. and Jung, S.-H. (2014). Statistics in Medicine 33, 2004-2016.
    .. [2] Wu, J. et al. (2020). Two-stage phase II survival trial design. Pharmaceutical Statistics 19, 214-229.
    """
    trial = _trial(null_median, alternative_median, shape, rate, follow_up, alpha, (1 + alpha) / 2)
    n = arguments.whole("n", n, 2)
    if not 0 < arguments.finite("interim", interim) < n / rate + follow_up:
        raise InputError(f"the interim ({interim:g}) must lie before the final analysis at {n / rate + follow_up:g}")
    return _design(trial, n, interim, arguments.finite("c1", c1), "given")


def two_stage_log_rank(
    null_median: float,
    alternative_median: float,
    *,
    alpha: float,
    power: float,
    rate: float,
    follow_up: float,
    shape: float = 1.0,
    kind: str = "optimal",
) -> TwoStageDesign:
    """Two-stage one-sample log-rank design with given alpha and power.

    Parameters
    ----------
    null_median, alternative_median, rate, follow_up, shape
        As for `two_stage_characteristics`.
    alpha, power : float
        One-sided level; power based on the exact variance under the alternative.
    kind : {"optimal", "minimax"}
        Smallest expected number of patients under the null, or smallest total (then smallest expected number).

    Returns
    -------
    TwoStageDesign

    Raises
    ------
    NotEstimable
        If no number of patients considered gives the power.

    Notes
    -----
    For a given total n and interim time the highest futility bound that keeps the power is best, since it stops most
    often. The interim time is searched over the enrolment period.
    """
    arguments.choice("kind", kind, ("optimal", "minimax"))
    trial = _trial(null_median, alternative_median, shape, rate, follow_up, alpha, power)
    best: TwoStageDesign | None = None
    start = _one_stage(trial)
    # Stopping for futility lowers the final bound, so slightly fewer patients than in one stage may be enough.
    for n in range(max(2, start * 9 // 10), start + max(6, start // 4)):
        found = _best_interim(trial, n, kind)
        if found is None:
            continue
        if best is None or found.expected_patients < best.expected_patients:
            best = found
        elif found.expected_patients > best.expected_patients + 1:
            break
        if kind == "minimax":
            return found
    if best is None:
        raise NotEstimable(f"no two-stage design of {start} patients and up keeps power {power:g}")
    return best


def _one_stage(trial: _Trial) -> int:
    """Smallest n for one stage; accrual takes n / rate, so size and course are found together."""
    method, n = find_method("wu"), 2
    for _ in range(100):
        course = read_course(n / trial.rate, trial.follow_up)
        setting = Setting(trial.null_median, trial.alternative_median, trial.shape, course)
        needed = round_up(required_size(method, setting, alpha=trial.alpha, power=trial.power, sides=1))
        if needed == n:
            return n
        # A larger n lengthens accrual and follow-up, so fewer patients may be enough: step down one at a time.
        n = needed if needed > n else n - 1
    return n


def _best_interim(trial: _Trial, n: int, kind: str) -> TwoStageDesign | None:
    from scipy.optimize import minimize_scalar

    length, final = n / trial.rate, trial.final(n)

    def expected(time: float) -> float:
        c1 = _highest_bound(trial, trial.interim(time, n), final)
        return float(n) if c1 is None else _design(trial, n, time, c1, kind).expected_patients

    grid = np.linspace(0.2, 1.0, 9) * length
    values = [expected(time) for time in grid]
    place = int(np.argmin(values))
    if values[place] >= n:
        return None
    step = grid[1] - grid[0]
    bounds = (max(grid[place] - step, 0.05 * length), min(grid[place] + step, length))
    time = float(minimize_scalar(expected, bounds=bounds, method="bounded", options={"xatol": 1e-3 * length}).x)
    if expected(time) > values[place]:
        time = float(grid[place])
    c1 = _highest_bound(trial, trial.interim(time, n), final)
    return None if c1 is None else _design(trial, n, time, c1, kind)


def _highest_bound(trial: _Trial, first: _Stage, final: _Stage) -> float | None:
    """Highest futility bound that gives the power; None if there is none.

    Power first increases with the bound (stopping allows a lower final bound), then decreases: search downwards on a
    grid.
    """

    def reached(c1: float) -> bool:
        return _power(first, final, c1, _final_bound(first, final, c1, trial.alpha)) >= trial.power

    step = 0.25
    low = next((c1 for c1 in np.arange(1.25, -2.01, -step).tolist() if reached(c1)), None)
    if low is None:
        return None
    high = low + step
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) else (low, middle)
    return low
