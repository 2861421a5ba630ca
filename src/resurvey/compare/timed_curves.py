r"""Results of a time-varying network: hazard ratios, survival in a reference population, medians, means, ranks.

Everything is a smooth function of the network's coefficients d and of the reference arm's own parameters b, which are
taken as independent; standard errors are by the delta method, on the log scale of hazard ratios and of cumulative
hazards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from resurvey.compare.estimates import quantile
from resurvey.compare.multivariate import MultivariateNetwork
from resurvey.compare.timed_bases import Basis
from resurvey.montecarlo import of_draws
from resurvey.survival.splines import spline_basis

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """A quantity for every treatment at every time, and its derivatives by d and b.

    Attributes
    ----------
    value : (treatments, times) ndarray
    by_effect : (treatments, times, q) ndarray
        Derivatives by the treatment's own coefficients.
    by_base : (treatments, times, b) ndarray
    """

    value: Floats
    by_effect: Floats
    by_base: Floats


@dataclass(frozen=True)
class Curves:
    """Curves of all treatments in the reference population.

    Attributes
    ----------
    treatments : tuple of str
        The reference first.
    time : (n,) ndarray
        Increasing, above 0.
    log_hr, log_cumulative : Surface
        Log hazard ratio against the reference, and log cumulative hazard.
    effect_covariance : (treatments q, treatments q) ndarray
    base_covariance : (b, b) ndarray
    degrees : float or None
        Degrees of freedom of the intervals, as `MultivariateNetwork.degrees`.
    effect_drawn, base_drawn : ndarray
        The same covariances over other draws of as many replicates.
    replicates : int
        As `MultivariateNetwork.replicates`.
    """

    treatments: tuple[str, ...]
    time: Floats
    log_hr: Surface
    log_cumulative: Surface
    effect_covariance: Floats
    base_covariance: Floats
    degrees: float | None
    effect_drawn: Floats
    base_drawn: Floats
    replicates: int

    def covariance(self, surface: Surface, place: int) -> Floats:
        """Covariance of a surface between treatments at one time, given by its position."""
        return self._between(surface.by_effect[:, place], surface.by_base[:, place])

    def _between(self, by_effect: Floats, by_base: Floats) -> Floats:
        count, size = by_effect.shape
        wide = np.zeros((count, count * size))
        for k in range(count):
            wide[k, k * size : (k + 1) * size] = by_effect[k]
        return wide @ self.effect_covariance @ wide.T + by_base @ self.base_covariance @ by_base.T

    def errors(self, surface: Surface) -> Floats:
        """Standard errors, shape (treatments, times)."""
        return self._errors(surface, self.effect_covariance, self.base_covariance)

    def drawn_errors(self, surface: Surface) -> Floats:
        """Standard deviations over other draws of as many replicates, shape (treatments, times)."""
        return self._errors(surface, self.effect_drawn, self.base_drawn)

    def _errors(self, surface: Surface, of_effects: Floats, of_base: Floats) -> Floats:
        count, _, size = surface.by_effect.shape
        blocks = of_effects.reshape(count, size, count, size)[np.arange(count), :, np.arange(count)]
        own = np.einsum("knp,kpq,knq->kn", surface.by_effect, blocks, surface.by_effect, optimize=True)
        base = np.einsum("knp,pq,knq->kn", surface.by_base, of_base, surface.by_base, optimize=True)
        return np.sqrt(np.maximum(own + base, 0.0))

    def means(self, horizon: float) -> tuple[Floats, Floats]:
        """Restricted means up to a horizon, shape (treatments,), and their covariance between treatments."""
        inside = self.time <= horizon * (1 + 1e-12)
        time = np.concatenate(([0.0], self.time[inside]))
        hazard = np.exp(self.log_cumulative.value[:, inside])
        survival = np.concatenate((np.ones((len(hazard), 1)), np.exp(-hazard)), axis=1)
        value = (_cell_areas(survival) * np.diff(time)).sum(axis=1)
        slope = -survival[:, 1:] * hazard  # derivative of survival by the log cumulative hazard
        weight = (np.diff(time) + np.append(np.diff(time)[1:], 0.0)) / 2 * slope
        by_effect = np.einsum("kn,knq->kq", weight, self.log_cumulative.by_effect[:, inside])
        by_base = np.einsum("kn,knq->kq", weight, self.log_cumulative.by_base[:, inside])
        return value, self._between(by_effect, by_base)


def _cell_areas(survival: Floats) -> Floats:
    """Mean survival within intervals of constant hazard."""
    start, end = survival[:, :-1], survival[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = np.log(start) - np.log(end)
        mean = (start - end) / fall
    return np.where(fall > 1e-6, mean, (start + end) / 2)


def hazard_curves(
    network: MultivariateNetwork, basis: Basis, edges: Floats, base: tuple[Floats, Floats, Floats], rates: bool
) -> Curves:
    """Curves of models of the log hazard.

    Parameters
    ----------
    network : MultivariateNetwork
    basis : Basis
    edges : ndarray
        Interval edges, from 0; the hazard is taken as constant within intervals.
    base : (ndarray, ndarray, ndarray)
        Coefficients of the reference arm, their covariance and that over other draws; or, with `rates`, its hazard in
        each interval.
    rates : bool
        Whether `base` contains hazards instead of coefficients.
    """
    estimate, covariance = network.padded
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    values, at = basis(middle), basis(edges[1:])
    with np.errstate(over="ignore"):
        if rates:
            start, by_start = base[0], np.eye(base[0].size)
        else:
            start = np.exp(values @ base[0])
            by_start = start[:, None] * values
        ratio = np.exp(np.minimum(_combined(estimate, values), 300.0))
    piece = ratio * start * width
    total = np.cumsum(piece, axis=1)
    by_effect = np.cumsum(piece[:, :, None] * values, axis=1)
    by_base = np.cumsum((ratio * width)[:, :, None] * by_start, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_total = np.log(total)
        scaled = Surface(log_total, by_effect / total[:, :, None], by_base / total[:, :, None])
    scaled = Surface(log_total, np.nan_to_num(scaled.by_effect, posinf=0.0), np.nan_to_num(scaled.by_base, posinf=0.0))
    level = Surface(
        _combined(estimate, at), np.broadcast_to(at, (len(estimate), *at.shape)), np.zeros((*total.shape, 1))
    )
    level = Surface(level.value, np.array(level.by_effect), np.zeros((*total.shape, base[0].size)))
    return Curves(network.treatments, edges[1:], level, scaled, covariance, base[1], network.degrees,
                  network.padded_drawn, base[2], network.replicates)  # fmt: skip


def _combined(estimate: Floats, values: Floats) -> Floats:
    """Linear combinations; NaN only where an unknown coefficient has a weight other than 0."""
    lacking = (np.isnan(estimate).astype(float) @ (values != 0).astype(float).T) > 0
    return np.where(lacking, np.nan, np.nan_to_num(estimate) @ values.T)


def spline_curves(
    network: MultivariateNetwork, basis: Basis, edges: Floats, base: tuple[Floats, Floats, Floats]
) -> Curves:
    """Curves of models of the log cumulative hazard (Royston and Parmar)."""
    estimate, covariance = network.padded
    time = edges[1:]
    values = basis(time)
    slopes = spline_basis(np.log(time), basis.knots)[1]
    whole = estimate + base[0]
    rise, first = whole @ slopes.T, slopes @ base[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_hr = estimate @ values.T + np.log(rise) - np.log(first)
        by_rise = slopes[None] / rise[:, :, None]
        by_first = slopes / first[:, None]
    both = np.broadcast_to(values, (len(estimate), *values.shape))
    ratio = Surface(log_hr, both + by_rise, by_rise - by_first)
    return Curves(network.treatments, time, ratio, Surface(whole @ values.T, np.array(both), np.array(both)),
                  covariance, base[1], network.degrees, network.padded_drawn, base[2],
                  network.replicates)  # fmt: skip


def ratio_table(curves: Curves, times: Floats, level: float) -> pd.DataFrame:
    """Hazard ratio of every treatment against the reference.

    Columns treatment, time, log_hr, se, hr, lower, upper, missing_information, monte_carlo.
    """
    half, errors = quantile(level, curves.degrees), curves.errors(curves.log_hr)
    drawn = curves.drawn_errors(curves.log_hr)
    rows = []
    for place in np.searchsorted(curves.time, times):
        for k, name in enumerate(curves.treatments[1:], start=1):
            value, se = curves.log_hr.value[k, place], errors[k, place]
            with np.errstate(over="ignore"):
                limits = np.exp([value, value - half * se, value + half * se])
            row = {"treatment": name, "time": curves.time[place], "log_hr": value, "se": se}
            row |= of_draws(float(drawn[k, place]), float(se), curves.replicates, half)
            rows.append({**row, "hr": limits[0], "lower": limits[1], "upper": limits[2]})
    return pd.DataFrame(rows)


def survival_table(curves: Curves, times: Floats, level: float) -> pd.DataFrame:
    """Survival of every treatment in the reference population: treatment, time, survival, lower, upper."""
    half, errors = quantile(level, curves.degrees), curves.errors(curves.log_cumulative)
    rows = []
    for place in np.searchsorted(curves.time, times):
        for k, name in enumerate(curves.treatments):
            value, se = curves.log_cumulative.value[k, place], errors[k, place]
            with np.errstate(over="ignore"):
                s = np.exp(-np.exp(np.array([value, value + half * se, value - half * se])))
            rows.append({"treatment": name, "time": curves.time[place], "survival": s[0], "lower": s[1], "upper": s[2]})
    return pd.DataFrame(rows)


def summary_table(curves: Curves, horizon: float, level: float) -> pd.DataFrame:
    """Median, restricted mean and its difference from the reference, for every treatment.

    Columns treatment, median, median_lower, median_upper (infinite where the curve does not reach one half by the
    horizon), rmst, rmst_lower, rmst_upper, difference, difference_lower, difference_upper, horizon.
    """
    half, errors = quantile(level, curves.degrees), curves.errors(curves.log_cumulative)
    inside = curves.time <= horizon * (1 + 1e-12)
    time = np.concatenate(([0.0], curves.time[inside]))
    means, covariance = curves.means(horizon)
    rows = []
    for k, name in enumerate(curves.treatments):
        value, se = curves.log_cumulative.value[k][inside], errors[k][inside]
        low, high = (_crossing(time, value + side * half * se) for side in (1, -1))
        spread = np.sqrt(max(covariance[k, k], 0.0))
        apart = np.sqrt(max(covariance[k, k] + covariance[0, 0] - 2 * covariance[0, k], 0.0))
        gap = means[k] - means[0]
        rows.append({
            "treatment": name, "median": _crossing(time, value), "median_lower": low, "median_upper": high,
            "rmst": means[k], "rmst_lower": means[k] - half * spread, "rmst_upper": means[k] + half * spread,
            "difference": gap, "difference_lower": gap - half * apart, "difference_upper": gap + half * apart,
            "horizon": horizon,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _crossing(time: Floats, log_cumulative: Floats) -> float:
    """Time when the cumulative hazard first reaches log 2, interpolated linearly; infinite if never, NaN if unknown."""
    if not np.all(np.isfinite(log_cumulative[-1:])):
        return float("nan")
    with np.errstate(over="ignore"):
        hazard = np.concatenate(([0.0], np.exp(log_cumulative)))
    after = np.flatnonzero(hazard >= np.log(2.0))
    if not after.size:
        return float("inf")
    i = int(after[0])
    if not np.isfinite(hazard[i]):
        return float(time[i])
    share = (np.log(2.0) - hazard[i - 1]) / (hazard[i] - hazard[i - 1])
    return float(time[i - 1] + share * (time[i] - time[i - 1]))


def rank_table(curves: Curves, times: Floats, small_is_good: bool = True) -> pd.DataFrame:
    """P-scores over time, for the hazard at a time and for survival up to it: treatment, time, of, p_score.

    References
    ----------
    .. [1] Rücker, G. and Schwarzer, G. (2015). BMC Medical Research Methodology 15, 58.
    """
    rows = []
    for place in np.searchsorted(curves.time, times):
        for of, surface in (("hazard", curves.log_hr), ("survival", curves.log_cumulative)):
            scores = _scores(surface.value[:, place], curves.covariance(surface, place), small_is_good)
            rows += [
                {"treatment": name, "time": curves.time[place], "of": of, "p_score": score}
                for name, score in zip(curves.treatments, scores, strict=True)
            ]
    return pd.DataFrame(rows)


def _scores(value: Floats, covariance: Floats, small_is_good: bool) -> Floats:
    apart = value[:, None] - value[None, :]
    diagonal = np.diag(covariance)
    error = np.sqrt(np.maximum(diagonal[:, None] + diagonal[None, :] - 2 * covariance, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        better = ndtr((-1.0 if small_is_good else 1.0) * apart / error)
    np.fill_diagonal(better, 0.0)
    return np.nansum(better, axis=1) / np.maximum(np.isfinite(better).sum(axis=1) - 1, 1)
