"""Two arms of rebuilt patients compared, first against second, including the uncertainty of the reconstruction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise as steps
from math import inf, isfinite, nan

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from resurvey.arrays import unmasked
from resurvey.compare.rubin import EnsembleEstimate, rubin, rubin_limits, rubin_survival
from resurvey.errors import InputError, NotEstimable
from resurvey.results import Contrast, Model, Quantity
from resurvey.survival.cox import Ties, check_level, stack_cox
from resurvey.survival.difference import recovered_difference
from resurvey.survival.logrank import MAXCOMBO_WEIGHTS, NO_INFORMATION, Weight, stack_maxcombo, stack_z, weight_name
from resurvey.survival.proportional import check_cuts, piece_of, stack_proportionality
from resurvey.survival.risksets import RiskSets
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import PatientStack, pair_risk_sets, patient_stack

ROW_COLUMNS = ["method", "measure", "time", "estimate", "lower", "upper", "p", "se"]
ROW_COLUMNS += ["missing_information", "monte_carlo", "note"]
TYPED = ["quantity", "contrast", "model", "start"]
SPREAD_COLUMNS = ["method", "measure", "time", "replicates", "mean", "sd", "q025", "q25", "q50", "q75", "q975"]
SPREAD_COLUMNS += ["within", "between", "missing_information", "df", "monte_carlo", "monte_carlo_limits"]


@dataclass(frozen=True)
class PairwiseResult:
    """First arm against second, by several methods.

    Attributes
    ----------
    rows : DataFrame
        One row per measure: method, measure, time, estimate, lower, upper, p, se, missing_information, monte_carlo,
        note, quantity, contrast, model, start. Ratios are ratios (their `se` is that of the log); `time` is the
        horizon or landmark, or the end of the period that begins at `start`. `quantity`, `contrast` and `model` are
        those of `resurvey.results`. A measure that cannot be estimated also has a row, with empty numbers and the
        reason in `note`. `missing_information` is the fraction of the information lost because patients were rebuilt;
        `monte_carlo` is the Monte Carlo error from the number of replicates, the larger of that of the estimate and
        that of the limits, as a share of the standard error.
    ensemble : DataFrame
        Distribution of each measure over the replicates: mean, sd, quantiles; within and between variance (of the log
        for a ratio), fraction of missing information, Barnard-Rubin df. For a p value: its distribution alone.
    log_hazard_ratio : EnsembleEstimate or None
        Pooled log hazard ratio; has `estimate` and `se`, so it can be pooled or compared further. None where it is
        not estimable (the row says why).
    orientation : str
        Which arm is the numerator, and what the direction of the estimates means.
    horizon : float
        Horizon of the restricted means in the rows.
    replicates : int
        Number of replicates compared.
    notes : list of str
        Changes made to the input, in words.
    """

    rows: pd.DataFrame
    ensemble: pd.DataFrame
    log_hazard_ratio: EnsembleEstimate | None
    orientation: str
    horizon: float
    replicates: int
    notes: list[str] = field(default_factory=list)

    def row(self, method: str, measure: str) -> pd.Series:
        """The row of a method and a measure.

        Raises
        ------
        InputError
            If there is no such row, or more than one.
        """
        found = self.rows[(self.rows["method"] == method) & (self.rows["measure"] == measure)]
        if len(found) != 1:
            known = sorted({f"{m} / {q}" for m, q in zip(self.rows["method"], self.rows["measure"], strict=True)})
            raise InputError(f"{len(found)} rows for {method!r} / {measure!r}; there are: {'; '.join(known)}")
        return found.iloc[0]


@dataclass(frozen=True)
class _Measure:
    """The quantity that a row reports."""

    method: str
    measure: str
    quantity: Quantity
    contrast: Contrast
    model: Model
    time: float = nan
    start: float = nan

    def columns(self) -> dict[str, object]:
        """The columns of a row."""
        return {name: getattr(self, name) for name in ("method", "measure", "time", *TYPED)}


@dataclass(frozen=True)
class _Pair:
    """Both arms, their risk sets, and what all measures need."""

    a: PatientStack
    b: PatientStack
    sets: RiskSets
    level: float
    complete_df: float
    rows: list[dict[str, object]]
    spread: list[dict[str, object]]


def pairwise(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    horizon: float | None = None,
    landmarks: Sequence[float] = (),
    labels: tuple[str, str] = ("first arm", "second arm"),
    weights: Sequence[Weight] = ((0.0, 1.0), (1.0, 0.0)),
    cuts: Sequence[float] = (),
    ties: Ties = "efron",
    level: float = 0.95,
) -> PairwiseResult:
    """Compare two arms of rebuilt patients, `a` against `b`, over all their replicates.

    Every measure is estimated in each replicate (replicate i of `a` with replicate i of `b`, both rebuilt
    independently; if an arm has fewer, they are used again in their order) and pooled by Rubin's rules. Test
    statistics are pooled as standard normal deviates with within variance 1 (Licht). Intervals of medians and landmark
    survival are log-log in each arm; for the difference they are combined by the method of variance estimates recovery,
    so they may be asymmetric.

    Parameters
    ----------
    a, b : DataFrame, columns time, event, and replicate where there are several
        Patients of the first and of the second arm, in the same unit of time.
    horizon : float, optional
        Horizon of the restricted means; by default the longest at which they can be estimated in all replicates of
        both arms. A longer one is shortened to it, with a note.
    landmarks : sequence of float
        Times at which survival is compared.
    labels : (str, str)
        Names of the arms.
    weights : sequence of weights
        Weighted log-rank tests in addition to the unweighted one, as in `resurvey.survival.logrank`.
    cuts : sequence of float
        Cut points between periods, each of which has its own hazard ratio.
    ties : {'efron', 'breslow'}
        Handling of ties in the Cox model.
    level : float, default 0.95
        Two-sided level of the intervals.

    Returns
    -------
    PairwiseResult

    Raises
    ------
    InputError
        If an arm is not a table of patients or is empty.

    References
    ----------
    .. [1] Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley. Section 3.3.
    .. [2] Licht, C. (2010). New methods for generating significance levels from multiply-imputed data. Bamberg.
    .. [3] Zou, G. Y. and Donner, A. (2008). Statistics in Medicine 27, 1693-1702.
    """
    check_level(level)
    limits = check_cuts(cuts) if len(cuts) else []
    first, second, notes = match_replicates(patient_stack(a, labels[0]), patient_stack(b, labels[1]), labels)
    events = float(first.events.mean() + second.events.mean())
    pair = _Pair(first, second, pair_risk_sets(first, second), level, max(events - 1, 1.0), [], [])
    tau, note = _horizon(horizon, pair, labels)
    notes += [note] if note else []
    log_hr = _attempt(_hazard_ratio, pair, ties)
    for weight in ("logrank", *weights):
        _attempt(_test, pair, weight)
    _attempt(_maxcombo, pair)
    _attempt(_proportionality, pair, ties)
    for start, end in steps(limits):
        _attempt(_hazard_ratio, pair, ties, start, end)
    _attempt(_restricted_means, pair, tau, note)
    _attempt(_medians, pair)
    for time in np.asarray(unmasked(landmarks, "landmarks")):
        _attempt(_landmark, pair, float(time))
    return PairwiseResult(
        pd.DataFrame(pair.rows, columns=[*ROW_COLUMNS, *TYPED]),
        pd.DataFrame(pair.spread, columns=[*SPREAD_COLUMNS, *TYPED]),
        log_hr,
        _orientation(labels),
        tau,
        first.replicates,
        notes,
    )


def _orientation(labels: tuple[str, str]) -> str:
    return (
        f"{labels[0]} (first) against {labels[1]} (second). Ratios are first / second: a hazard ratio below 1 is a "
        f"lower hazard with {labels[0]}. Differences are first - second: above 0 is longer, or more event-free, with "
        f"{labels[0]}. A negative z is fewer events with {labels[0]} than expected."
    )


def match_replicates(
    a: PatientStack, b: PatientStack, labels: tuple[str, str]
) -> tuple[PatientStack, PatientStack, list[str]]:
    """Both arms with equal numbers of replicates: the fewer stand beside the more again and again.

    Arms of different trials are rebuilt independently, so that any replicate of one may stand beside any of the other:
    a single one (a determined curve) beside all, and those of an arm that needed fewer more than once.
    """
    if a.replicates == b.replicates:
        alone = ["one replicate: the uncertainty of the rebuilding is not in these intervals"]
        return a, b, alone if a.replicates == 1 else []
    fewer, more = sorted((a.replicates, b.replicates))
    name = labels[0] if a.replicates == fewer else labels[1]
    if fewer == 1:
        note = f"{name} has one replicate, set beside each of the {more} of the other arm"
    else:
        note = f"{name} has {fewer} replicates, set beside the {more} of the other arm, some more than once"
    return a.repeated(more), b.repeated(more), [note]


def _horizon(horizon: float | None, pair: _Pair, labels: tuple[str, str]) -> tuple[float, str]:
    """The horizon used, and a note where it is shorter than the one asked for."""
    greatest = common_horizon(pair.a.curves, pair.b.curves)
    if horizon is None:
        return greatest, ""
    if not (isfinite(horizon) and horizon > 0):
        raise InputError(f"horizon must be a time greater than 0, found {horizon!r}")
    if horizon <= greatest:
        return float(horizon), ""
    ends = [float(arm.curves.reach.min()) for arm in (pair.a, pair.b)]
    said = [f"{name} {end:g}" for name, end in zip(labels, ends, strict=True) if isfinite(end)]
    where = ", ".join(said) or "all have died before it"
    return greatest, (
        f"horizon {horizon:g} is beyond what the follow-up determines in every replicate ({where}): cut to {greatest:g}"
    )


def _attempt(
    measure: Callable[..., EnsembleEstimate | None], pair: _Pair, *arguments: object
) -> EnsembleEstimate | None:
    """Estimate a measure; where this is impossible, add rows that say why."""
    try:
        return measure(pair, *arguments)
    except _Unable as reason:
        pair.rows.extend({**measured.columns(), "note": str(reason)} for measured in reason.rows)
        return None


class _Unable(NotEstimable):
    """A measure that cannot be estimated, and its rows without numbers."""

    def __init__(self, message: str, rows: list[_Measure]) -> None:
        super().__init__(message)
        self.rows = rows


def _hazard_ratio(pair: _Pair, ties: Ties, start: float = -inf, end: float = inf) -> EnsembleEstimate:
    """Cox log hazard ratio over the whole follow-up or one period, shown as a ratio."""
    method, sets, piece = f"Cox ({ties.capitalize()})", pair.sets, (nan, nan)
    if start > -inf:
        until = f" to {end:g}" if end < inf else " on"
        method, sets = f"{method}, from {max(start, 0.0):g}{until}", piece_of(sets, start, end)
        piece = (end, max(start, 0.0))
    names = _Measure(method, "hazard ratio", Quantity.HAZARD_RATIO, Contrast.RATIO, Model.COX, *piece)
    log_hr, se = stack_cox(sets, ties)
    known = np.isfinite(se)
    if known.mean() <= 0.5:
        raise _Unable(_no_ratio(log_hr, known), [names])
    pooled = rubin(log_hr[known], se[known] ** 2, complete_df=pair.complete_df, level=pair.level)
    _add(pair, names, pooled, log_hr[known], _left_out(known), ratio=True)
    return pooled


def _no_ratio(log_hr: np.ndarray, known: np.ndarray) -> str:
    """Why there is no hazard ratio, in words."""
    lost = log_hr[~known]
    arm = "first" if np.all(lost == -inf) else "second" if np.all(lost == inf) else "first or second"
    return (
        f"no finite hazard ratio in {lost.size} of {known.size} replicates: the {arm} arm has no event there while "
        "both arms are at risk"
    )


def _proportionality(pair: _Pair, ties: Ties) -> EnsembleEstimate:
    """Score test of proportional hazards on the Kaplan-Meier time scale, as a signed normal deviate."""
    names = _test_of("proportional hazards (Grambsch-Therneau)", Model.PROPORTIONAL_HAZARDS)
    log_hr, se = stack_cox(pair.sets, ties)
    known = np.isfinite(se)
    score, information = stack_proportionality(pair.sets, 1 - pair.sets.survival, np.where(known, log_hr, 0.0), ties)
    known &= information > 0
    if known.mean() <= 0.5:
        raise _Unable("no finite hazard ratio, or all events at one time, so no change in time can be seen", [names])
    z = score[known] / np.sqrt(information[known])
    pooled = rubin(z, np.ones(z.size), complete_df=pair.complete_df, level=pair.level)
    way = "rises" if pooled.estimate > 0 else "falls"
    note = f"above 0: the hazard ratio rises in time; here it {way}"
    _add(pair, names, pooled, z, "; ".join(part for part in (note, _left_out(known)) if part))
    _add_spread(pair, _p_of(names), 2 * ndtr(-np.abs(z)), None)
    return pooled


def _test(pair: _Pair, weight: Weight) -> EnsembleEstimate:
    """A log-rank type test, pooled as a normal deviate."""
    names = _test_of("log-rank" if weight == "logrank" else weight_name(weight), _model_of(weight))
    z = stack_z(pair.sets, weight)
    known = np.isfinite(z)
    if known.mean() <= 0.5:
        raise _Unable(NO_INFORMATION, [names])
    pooled = rubin(z[known], np.ones(int(known.sum())), complete_df=pair.complete_df, level=pair.level)
    _add(pair, names, pooled, z[known], _left_out(known))
    _add_spread(pair, _p_of(names), 2 * ndtr(-np.abs(z[known])), None)
    return pooled


def _test_of(name: str, model: Model) -> _Measure:
    return _Measure(name, "z", Quantity.Z, Contrast.NONE, model)


def _p_of(test: _Measure) -> _Measure:
    return replace(test, measure="p", quantity=Quantity.P)


def _model_of(weight: Weight) -> Model:
    known = {"logrank": Model.LOG_RANK, (0.0, 1.0): Model.LATE_LOG_RANK, (1.0, 0.0): Model.EARLY_LOG_RANK}
    return known.get(weight, Model.WEIGHTED_LOG_RANK)


def _maxcombo(pair: _Pair) -> None:
    """MaxCombo: the p value of each replicate is transformed to a normal deviate, pooled, and transformed back."""
    z, p = stack_maxcombo(pair.sets, MAXCOMBO_WEIGHTS)
    known = np.isfinite(p)
    names = replace(_test_of("MaxCombo", Model.MAXCOMBO), measure="greatest |z|")
    if known.mean() <= 0.5:
        raise _Unable(NO_INFORMATION, [names])
    deviates = -ndtri(np.clip(p[known], 1e-300, 1 - 1e-12))  # one-sided in |z|: a small p is a large deviate
    pooled = rubin(deviates, np.ones(deviates.size), complete_df=pair.complete_df, level=pair.level)
    greatest = np.abs(z[known]).max(axis=1)
    share = np.bincount(np.abs(z[known]).argmax(axis=1), minlength=len(MAXCOMBO_WEIGHTS))
    note = f"greatest most often: {weight_name(MAXCOMBO_WEIGHTS[int(share.argmax())])}; p from the pooled deviate of p"
    row = names.columns() | {"estimate": float(greatest.mean()), "p": _upper_tail(pooled)}
    shares = {"missing_information": pooled.missing_information, "monte_carlo": pooled.monte_carlo_limits}
    pair.rows.append(row | {**shares, "note": note})
    _add_spread(pair, names, greatest, None)
    _add_spread(pair, _p_of(names), p[known], None)


def _upper_tail(pooled: EnsembleEstimate) -> float:
    """One-sided p value of a pooled deviate."""
    return pooled.p / 2 if pooled.estimate > 0 else 1 - pooled.p / 2


def _restricted_means(pair: _Pair, tau: float, note: str) -> EnsembleEstimate:
    """Restricted means of both arms, their difference and ratio."""
    (m1, v1), (m2, v2) = (arm.curves.restricted_mean(tau) for arm in (pair.a, pair.b))
    if not np.all(v1 + v2 > 0):
        names = [_restricted(contrast, tau) for contrast in (Contrast.DIFFERENCE, Contrast.RATIO)]
        raise _Unable(f"no event up to the horizon {tau:g} in some replicate: no variance", names)
    for contrast, mean, variance in ((Contrast.TREATMENT, m1, v1), (Contrast.COMPARATOR, m2, v2)):
        if np.all(variance > 0):
            _add(pair, _restricted(contrast, tau), _pool(pair, mean, variance), mean, note, test=False)
    difference = _pool(pair, m1 - m2, v1 + v2)
    _add(pair, _restricted(Contrast.DIFFERENCE, tau), difference, m1 - m2, note)
    if not np.all((m1 > 0) & (m2 > 0)):
        names = [_restricted(Contrast.RATIO, tau)]
        raise _Unable("everybody leaves at time 0 in some replicate, so there is no ratio", names)
    log_ratio = np.log(m1 / m2)
    ratio = _pool(pair, log_ratio, v1 / m1**2 + v2 / m2**2)
    _add(pair, _restricted(Contrast.RATIO, tau), ratio, log_ratio, note, ratio=True)
    return difference


MEASURES = {
    Contrast.TREATMENT: "first arm",
    Contrast.COMPARATOR: "second arm",
    Contrast.DIFFERENCE: "difference",
    Contrast.RATIO: "ratio",
}
ARMS = (Contrast.TREATMENT, Contrast.COMPARATOR)


def _restricted(contrast: Contrast, time: float) -> _Measure:
    return _curve_measure("restricted mean", Quantity.RESTRICTED_MEAN, contrast, time)


def _curve_measure(method: str, quantity: Quantity, contrast: Contrast, time: float = nan) -> _Measure:
    return _Measure(method, MEASURES[contrast], quantity, contrast, Model.KAPLAN_MEIER, time)


def _pool(pair: _Pair, estimates: np.ndarray, variances: np.ndarray) -> EnsembleEstimate:
    return rubin(estimates, variances, complete_df=pair.complete_df, level=pair.level)


def _medians(pair: _Pair) -> None:
    """Medians of both arms, their difference and ratio."""
    arms = []
    for arm in (pair.a, pair.b):
        limits = arm.curves.quantile_interval(0.5, level=pair.level)
        arms.append((arm.curves.quantile(0.5), *limits))
    names = {contrast: _curve_measure("median", Quantity.MEDIAN, contrast) for contrast in MEASURES}
    for contrast, values in zip(ARMS, arms, strict=True):
        _attempt(_skewed, pair, names[contrast], *values, False, False)
    both = tuple(np.stack([arms[0][i], arms[1][i]]) for i in range(3))
    _attempt(_skewed, pair, names[Contrast.DIFFERENCE], *recovered_difference(*both), False, True)
    positive = np.where(both[0] > 0, both[0], np.nan), np.maximum(both[1], 1e-12), np.maximum(both[2], 1e-12)
    logs = tuple(np.log(part) for part in positive)
    _attempt(_skewed, pair, names[Contrast.RATIO], *recovered_difference(*logs), True, True)


def _landmark(pair: _Pair, time: float) -> None:
    """Survival at one time in both arms, and the difference; replicates with shorter follow-up are left out."""
    method, arms = f"survival at {time:g}", []
    for arm in (pair.a, pair.b):
        known = time <= arm.curves.reach
        values = arm.curves.landmark(time, level=pair.level)
        arms.append(tuple(np.where(known, part, nan) for part in values))
    why = f"landmark {time:g} is beyond the follow-up"
    names = {contrast: _curve_measure(method, Quantity.SURVIVAL, contrast, time) for contrast in MEASURES}
    for contrast, values in zip(ARMS, arms, strict=True):
        _attempt(_skewed, pair, names[contrast], *values, False, False, why, rubin_survival)
    both = tuple(np.stack([arms[0][i], arms[1][i]]) for i in range(3))
    _attempt(_skewed, pair, names[Contrast.DIFFERENCE], *recovered_difference(*both), False, True, why)


def _skewed(
    pair: _Pair,
    names: _Measure,
    estimate: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    ratio: bool,
    test: bool,
    why: str = "not reached",
    pool: Callable[..., EnsembleEstimate] = rubin_limits,
) -> EnsembleEstimate:
    """Pool an estimate with asymmetric limits over the replicates in which it exists."""
    known = np.isfinite(estimate)
    if known.mean() <= 0.5:
        raise _Unable(f"{why} in {int((~known).sum())} of {known.size} replicates", [names])
    values = (part[known] for part in (estimate, lower, upper))
    try:
        pooled = pool(*values, complete_df=pair.complete_df, level=pair.level)
    except NotEstimable as reason:
        raise _Unable(str(reason), [names]) from None
    open_ = "upper limit not reached" if pooled.upper == inf else "lower limit open" if pooled.lower == -inf else ""
    note = "; ".join(part for part in (_left_out(known), open_) if part)
    _add(pair, names, pooled, estimate[known], note, ratio=ratio, test=test)
    return pooled


def _left_out(known: np.ndarray) -> str:
    """How many replicates are left out, in words."""
    return "" if known.all() else f"{int((~known).sum())} of {known.size} replicates left out: not estimable there"


def _add(
    pair: _Pair,
    names: _Measure,
    pooled: EnsembleEstimate,
    values: np.ndarray,
    note: str,
    *,
    ratio: bool = False,
    test: bool = True,
) -> None:
    """Add the row of a measure, and its distribution over the replicates."""
    shown = (pooled.estimate, pooled.lower, pooled.upper)
    if ratio:
        with np.errstate(over="ignore"):  # few and very different replicates can give an infinite limit
            shown = (float(np.exp(shown[0])), float(np.exp(shown[1])), float(np.exp(shown[2])))
    row = names.columns()
    row |= dict(zip(("estimate", "lower", "upper"), shown, strict=True))
    shares = {"missing_information": pooled.missing_information, "monte_carlo": pooled.monte_carlo_limits}
    pair.rows.append(row | {"p": pooled.p if test else nan, "se": pooled.se, **shares, "note": note})
    _add_spread(pair, names, np.exp(values) if ratio else values, pooled)


def _add_spread(pair: _Pair, names: _Measure, values: np.ndarray, pooled: EnsembleEstimate | None) -> None:
    """Add the distribution of a measure over the replicates, and its within and between variance."""
    row = names.columns()
    row |= {"replicates": int(values.size), "mean": float(values.mean())}
    row["sd"] = float(values.std(ddof=1)) if values.size > 1 else 0.0
    quantiles = np.quantile(values, (0.025, 0.25, 0.5, 0.75, 0.975))
    row |= dict(zip(("q025", "q25", "q50", "q75", "q975"), quantiles.tolist(), strict=True))
    if pooled is not None:
        row |= {"within": pooled.within, "between": pooled.between, "df": pooled.df}
        row["missing_information"] = pooled.missing_information
        row |= {"monte_carlo": pooled.monte_carlo, "monte_carlo_limits": pooled.monte_carlo_limits}
    pair.spread.append(row)
