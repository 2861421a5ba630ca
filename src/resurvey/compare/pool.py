"""Pairwise pooling of effects: common effect and random effects, heterogeneity, prediction, leave-one-out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri

from resurvey.arrays import check_errors, unmasked
from resurvey.compare.estimates import Estimate, as_effect, check_level, chi_square_p, interval, quantile
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
Method = Literal["EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"]
METHODS: tuple[str, ...] = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
INTERVALS: tuple[str, ...] = ("normal", "hartung-knapp", "hartung-knapp-adhoc")
PREDICTIONS: tuple[str, ...] = ("k-1", "k-2")


@dataclass(frozen=True)
class Pooled:
    """Result of `pool`.

    Attributes
    ----------
    common, random : Estimate
        Common-effect (inverse variance, normal) and random-effects estimate (interval by `interval_method`).
    tau2, tau2_se, tau2_lower, tau2_upper : float
        Between-study variance by `method`, its standard error, and its Q-profile interval.
    i2, i2_lower, i2_upper : float
        Share of the variance that is between studies (0-1): tau2 / (tau2 + typical variance); limits from those of
        tau2.
    q, df, p_q : float
        Cochran's Q, its degrees of freedom and p value.
    prediction_lower, prediction_upper : float
        Prediction interval for the effect in a new study; infinite where its degrees of freedom are not above 0.
    prediction_df : float
        Degrees of freedom of its t quantile; infinite for a normal quantile.
    method, interval_method : str
        Estimator of tau2; kind of the random-effects interval.
    studies : DataFrame
        study, estimate, se, lower, upper, weight_common, weight_random (each sums to 1).
    messages : tuple of str
        Limitations of the result, in words.
    """

    common: Estimate
    random: Estimate
    tau2: float
    tau2_se: float
    tau2_lower: float
    tau2_upper: float
    i2: float
    i2_lower: float
    i2_upper: float
    q: float
    df: int
    p_q: float
    prediction_lower: float
    prediction_upper: float
    prediction_df: float
    method: str
    interval_method: str
    studies: pd.DataFrame
    messages: tuple[str, ...] = field(default=())

    @property
    def effects(self) -> pd.DataFrame:
        """Rows common, random and prediction: model, estimate, se, lower, upper, p."""
        rows = [
            {"model": name, **{key: getattr(e, key) for key in ("estimate", "se", "lower", "upper", "p")}}
            for name, e in (("common", self.common), ("random", self.random))
        ]
        spread = sqrt(self.tau2 + self.random.se**2)
        new = {"model": "prediction", "estimate": self.random.estimate, "se": spread, "lower": self.prediction_lower}
        return pd.DataFrame([*rows, {**new, "upper": self.prediction_upper, "p": np.nan}])


def pool(
    effects: object,
    *,
    method: Method = "REML",
    interval_method: str = "hartung-knapp",
    prediction: Literal["k-1", "k-2"] = "k-1",
    level: float = 0.95,
) -> Pooled:
    r"""Pool independent effect estimates of one comparison.

    Parameters
    ----------
    effects : DataFrame or sequence of (estimate, se)
        One row per study: `estimate` and `se`, on the log scale for ratios; optional `study`.
    method : {"REML", "DL", "PM", "EB", "ML", "HE", "HS", "SJ", "EE"}
        Estimator of the between-study variance: restricted or full maximum likelihood, DerSimonian-Laird,
        Paule-Mandel (EB, empirical Bayes, solves the same equation), Hedges, Hunter-Schmidt, Sidik-Jonkman;
        EE sets it to 0.
    interval_method : {"hartung-knapp", "hartung-knapp-adhoc", "normal"}
        Interval of the random-effects estimate: Hartung-Knapp (t, k - 1), the same with a standard error never below
        the unscaled one, or normal.
    prediction : {"k-1", "k-2"}
        Degrees of freedom of the prediction interval. "k-1": as the Hartung-Knapp interval and with its standard
        error [8]_, as in metafor (normal with a normal interval). "k-2": with the unscaled standard error, as first
        proposed [7]_.
    level : float, default 0.95
        Two-sided confidence level.

    Returns
    -------
    Pooled
        With one study the result is that of the study: tau2 is 0 and a message says that heterogeneity is unknown.

    Raises
    ------
    InputError
        If a column is missing, an estimate is not finite, a standard error is not above 0 or is over ten thousand
        times another, a study is listed twice, or an option is unknown.

    References
    ----------
    .. [1] DerSimonian, R. and Laird, N. (1986). Controlled Clinical Trials 7, 177-188.
    .. [2] Viechtbauer, W. (2005). Journal of Educational and Behavioral Statistics 30, 261-293 (ML, REML, HS, HE).
    .. [3] Paule, R. C. and Mandel, J. (1982). Journal of Research of the NBS 87, 377-385.
    .. [4] Sidik, K. and Jonkman, J. N. (2005). Applied Statistics 54, 367-384.
    .. [5] Knapp, G. and Hartung, J. (2003). Statistics in Medicine 22, 2693-2710.
    .. [6] Viechtbauer, W. (2007). Statistics in Medicine 26, 37-52 (Q-profile interval of tau2).
    .. [7] Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009). JRSS A 172, 137-159 (prediction, k - 2).
    .. [8] Veroniki, A. A. et al. (2019). Research Synthesis Methods 10, 23-43 (prediction, k - 1).
    """
    check_level(level)
    _check_option("method", method, METHODS)
    _check_option("interval_method", interval_method, INTERVALS)
    _check_option("prediction", prediction, PREDICTIONS)
    return _pooled(
        *read_effects(effects), method=method, interval_method=interval_method, prediction=prediction, level=level
    )


def _pooled(
    study: list[str], y: Floats, v: Floats, *, method: str, interval_method: str, prediction: str = "k-1", level: float
) -> Pooled:
    """Pool effects that have been read and checked."""
    tau2, tau2_se = tau_squared(y, v, method)
    common = interval(*_weighted_mean(y, 1 / v), level=level, label="common effect")
    random = _random(y, v, tau2, interval_method, level)
    lower, upper = _q_profile(y, v, level) if y.size > 1 else (0.0, inf)
    half, prediction_df = _prediction(y, v, tau2, random, prediction, level)
    q, df = _q(y, v, 0.0), int(y.size - 1)
    typical = _typical_variance(v)
    shares = [1.0 if t == inf else t / (t + typical) for t in (tau2, lower, upper)]
    i2 = max(0.0, (q - df) / q) if method == "EE" and q > 0 else shares[0]
    return Pooled(
        common=common, random=random, tau2=tau2, tau2_se=tau2_se, tau2_lower=lower, tau2_upper=upper,
        i2=i2, i2_lower=shares[1], i2_upper=shares[2], q=q, df=df, p_q=chi_square_p(q, df),
        prediction_lower=random.estimate - half, prediction_upper=random.estimate + half,
        prediction_df=prediction_df, method=method, interval_method=interval_method,
        studies=_study_table(study, y, v, tau2, level), messages=_messages(y.size, interval_method),
    )  # fmt: skip


def leave_one_out(
    effects: object, *, method: Method = "REML", interval_method: str = "hartung-knapp", level: float = 0.95
) -> pd.DataFrame:
    """Pool again without each study in turn.

    Returns
    -------
    DataFrame
        left_out, estimate, se, lower, upper, p (random effects), common_estimate, tau2, i2, q; one row per study.

    Raises
    ------
    NotEstimable
        If there are fewer than two studies.
    """
    check_level(level)
    _check_option("method", method, METHODS)
    _check_option("interval_method", interval_method, INTERVALS)
    study, y, v = read_effects(effects)
    if y.size < 2:
        raise NotEstimable("leave-one-out needs at least two studies, found one")
    rows = []
    for i, name in enumerate(study):
        rest = [other for other in study if other != name], np.delete(y, i), np.delete(v, i)
        fit = _pooled(*rest, method=method, interval_method=interval_method, level=level)
        numbers = {key: getattr(fit.random, key) for key in ("estimate", "se", "lower", "upper", "p")}
        heterogeneity = {"tau2": fit.tau2, "i2": fit.i2, "q": fit.q}
        rows.append({"left_out": name, **numbers, "common_estimate": fit.common.estimate, **heterogeneity})
    return pd.DataFrame(rows)


def tau_squared(y: Floats, v: Floats, method: str = "REML") -> tuple[float, float]:
    """Between-study variance and its standard error (both 0 with one study or under EE)."""
    if y.size < 2 or method == "EE":
        return 0.0, 0.0
    if method in ("ML", "REML"):
        tau2 = _likelihood_tau2(y, v, restricted=method == "REML")
    elif method in ("PM", "EB"):
        tau2 = _generalised_q_root(y, v, float(y.size - 1))
    else:
        tau2 = _moment_tau2(y, v, method)
    return tau2, _tau2_se(y, v, tau2, method)


def _check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(allowed)}, found {value!r}")


def read_effects(effects: object) -> tuple[list[str], Floats, Floats]:
    """Checked names, estimates and variances of the studies to pool (see `pool`).

    Raises
    ------
    InputError
        If there is no study, one is listed twice, or an effect is not an estimate with a standard error.
    """
    if isinstance(effects, pd.DataFrame):
        missing = [c for c in ("estimate", "se") if c not in effects.columns]
        if missing:
            raise InputError(f"effects lacks the column {', '.join(missing)}: it needs estimate and se (log scale)")
        rows = list(zip(effects["estimate"], effects["se"], strict=True))
        study = [str(s) for s in effects["study"]] if "study" in effects else [str(i + 1) for i in range(len(effects))]
    else:
        try:
            rows = list(unmasked(effects, "effects"))  # type: ignore[arg-type]
        except TypeError:
            raise InputError(f"effects must be a table or a list of (estimate, se), found {effects!r}") from None
        study = [str(i + 1) for i in range(len(rows))]
    if not rows:
        raise InputError("effects is empty: pooling needs at least one study")
    repeated = [name for name, times in Counter(study).items() if times > 1]
    if repeated:
        raise InputError(
            f"study {min(repeated)!r} is listed more than once: its estimates are not independent; keep one"
        )
    pairs = [as_effect(row, f"effects, study {name!r}") for name, row in zip(study, rows, strict=True)]
    values = np.array(pairs)
    check_errors(values[:, 0], values[:, 1], [f"effects, study {name!r}" for name in study])
    return study, values[:, 0], values[:, 1] ** 2


def _weighted_mean(y: Floats, w: Floats) -> tuple[float, float]:
    return float(w @ y / w.sum()), float(1 / sqrt(w.sum()))


def _q(y: Floats, v: Floats, tau2: float) -> float:
    w = 1 / (v + tau2)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def _prediction(y: Floats, v: Floats, tau2: float, random: Estimate, kind: str, level: float) -> tuple[float, float]:
    """Half-width of the prediction interval, and its degrees of freedom."""
    df, se = random.df, random.se
    if kind == "k-2":
        df, se = float(y.size - 2), _weighted_mean(y, 1 / (v + tau2))[1]
    if df is not None and df <= 0:
        return inf, df
    return quantile(level, df) * sqrt(tau2 + se**2), inf if df is None else df


def _random(y: Floats, v: Floats, tau2: float, kind: str, level: float) -> Estimate:
    w = 1 / (v + tau2)
    estimate, se = _weighted_mean(y, w)
    if kind == "normal" or y.size == 1:
        return interval(estimate, se, level=level, label="random effects")
    df = y.size - 1
    scale = _q(y, v, tau2) / df
    # With identical effects the Hartung-Knapp factor is 0, which would imply certainty: use the unscaled error.
    factor = max(1.0, scale) if kind == "hartung-knapp-adhoc" or scale < 1e-12 else scale
    return interval(estimate, se * sqrt(factor), level=level, df=float(df), label="random effects")


def _moment_tau2(y: Floats, v: Floats, method: str) -> float:
    k, w = y.size, 1 / v
    if method == "DL":
        return max(0.0, (_q(y, v, 0.0) - (k - 1)) / float(w.sum() - (w @ w) / w.sum()))
    if method == "HE":
        return max(0.0, float(np.var(y, ddof=1) - v.mean()))
    if method == "HS":
        return max(0.0, (_q(y, v, 0.0) - k) / float(w.sum()))
    start = float(np.var(y))  # Sidik-Jonkman: the crude variance as starting value, then one step
    return 0.0 if start == 0 else _q(y, v / start, 1.0) / (k - 1)


def _generalised_q_root(y: Floats, v: Floats, target: float) -> float:
    """The tau2 at which the generalised Q equals `target`; 0 where Q is below it even at tau2 = 0."""
    from scipy.optimize import brentq

    if _q(y, v, 0.0) <= target:
        return 0.0
    high = float(np.var(y, ddof=1) + v.max())
    while _q(y, v, high) > target:
        high *= 4
    return float(brentq(lambda t: _q(y, v, t) - target, 0.0, high, xtol=1e-15, rtol=1e-14))


def _likelihood_tau2(y: Floats, v: Floats, *, restricted: bool) -> float:
    """Global maximum of the (restricted) likelihood, among 0 and all roots of the score found on a grid."""
    from scipy.optimize import brentq

    def score(t: float) -> float:
        w = 1 / (v + t)
        mean = w @ y / w.sum()
        trace = w.sum() - (w @ w / w.sum() if restricted else 0.0)
        return float((w**2) @ (y - mean) ** 2 - trace)

    def minus_twice_loglik(t: float) -> float:
        w = 1 / (v + t)
        return float(-np.log(w).sum() + (np.log(w.sum()) if restricted else 0.0)) + _q(y, v, t)

    top = 10 * float(np.var(y) + v.max())
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * float(v.min()), top, 80)))
    signs = np.array([score(t) for t in grid])
    turns = np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0))
    roots = [float(brentq(score, grid[i], grid[i + 1], xtol=1e-16, rtol=1e-14)) for i in turns]
    return min([0.0, *roots], key=minus_twice_loglik)


def _tau2_se(y: Floats, v: Floats, tau2: float, method: str) -> float:
    """Large-sample standard error of tau2: from the information, or from the quadratic form that defines it."""
    k, w = y.size, 1 / (v + tau2)
    if method == "ML":
        return sqrt(2 / float(w @ w))
    if method in ("PM", "EB"):
        return sqrt(2 * k**2 / (k - 1)) / float(w.sum())
    if method == "REML":
        return sqrt(2 / _squared_projection(w, np.ones(k)))
    if method == "SJ" and np.var(y) == 0:
        return 0.0
    weights, divisor = _quadratic_form(y, v, method)
    return sqrt(2 * _squared_projection(weights, v + tau2)) / divisor


def _quadratic_form(y: Floats, v: Floats, method: str) -> tuple[Floats, float]:
    """Weights w and divisor d of the moment estimator tau2 = y'Ay - constant, A = (diag(w) - w w' / sum w) / d."""
    k = y.size
    start = float(np.var(y))
    w = {"HE": np.ones(k), "SJ": start / (v + start)}.get(method, 1 / v)
    trace = float(w.sum() - w @ w / w.sum())
    return w, {"DL": trace, "HS": float(w.sum())}.get(method, float(k - 1))


def _squared_projection(w: Floats, d: Floats) -> float:
    """Trace of (P D)^2 with P = diag(w) - w w' / sum w and D = diag(d), term by term: P itself would be k by k."""
    wd = w * d
    return float(wd @ wd - 2 * (wd * w) @ wd / w.sum() + ((w @ wd) / w.sum()) ** 2)


def _q_profile(y: Floats, v: Floats, level: float) -> tuple[float, float]:
    df = y.size - 1
    low, high = chdtri(df, (1 + level) / 2), chdtri(df, (1 - level) / 2)
    if _q(y, v, 0.0) == 0:
        return 0.0, 0.0
    return _generalised_q_root(y, v, float(high)), _generalised_q_root(y, v, float(low))


def _typical_variance(v: Floats) -> float:
    """Higgins and Thompson's typical within-study variance."""
    w = 1 / v
    k = v.size
    return float(v[0]) if k == 1 else float((k - 1) * w.sum() / (w.sum() ** 2 - w @ w))


def _study_table(study: list[str], y: Floats, v: Floats, tau2: float, level: float) -> pd.DataFrame:
    half = quantile(level) * np.sqrt(v)
    common, random = 1 / v, 1 / (v + tau2)
    columns = {"study": study, "estimate": y, "se": np.sqrt(v), "lower": y - half, "upper": y + half}
    shares = {"weight_common": common / common.sum(), "weight_random": random / random.sum()}
    return pd.DataFrame({**columns, **shares})


def _messages(k: int, kind: str) -> tuple[str, ...]:
    if k == 1:
        return ("one study: heterogeneity and a prediction interval cannot be estimated; tau2 is set to 0",)
    if k < 5 and kind == "hartung-knapp":
        return (f"{k} studies: tau2 is hardly estimable and the Hartung-Knapp interval may be very wide or too narrow",)
    return ()
