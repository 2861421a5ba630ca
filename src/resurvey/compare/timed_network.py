"""Networks of trials without the assumption of proportional hazards: six kinds of models, fitted to patient data.

There are two stages. Each trial gives the coefficients of its treatments with their covariance, pooled over
replicates of rebuilt patients by Rubin's rules; a multivariate network meta-analysis then combines the coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.estimates import check_level
from resurvey.compare.multivariate import Between, multivariate_network, pieces_of
from resurvey.compare.timed_arms import FirstStage, arm_counts, by_arm, by_contrast, royston_parmar_arms
from resurvey.compare.timed_bases import (
    Basis,
    Family,
    all_powers,
    fractional_polynomial,
    log_time,
    piecewise,
    proportional,
    spline,
)
from resurvey.compare.timed_curves import (
    hazard_curves,
    rank_table,
    ratio_table,
    spline_curves,
    summary_table,
    survival_table,
)
from resurvey.compare.timed_means import common_horizons, mean_effects, mean_network
from resurvey.compare.timed_results import TimeFit, TimeNetwork, coefficient_table, each_model, fit_table, marked
from resurvey.compare.timed_trials import Trial, drawn_vector, interval_edges, read_trials, rubin_vector
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
INTERVALS = 60
TIMES = 24
#: Default models; a number in a name is the order or the number of inner knots.
MODELS = ("proportional", "log-time", "piecewise", "fp-1", "fp-2", "royston-parmar-1", "log-hazard-spline-1")


@dataclass(frozen=True)
class _Ground:
    """Data and settings shared by all models."""

    trials: tuple[Trial, ...]
    reference: str
    population: Trial
    edges: Floats
    counts: list[tuple[Floats, Floats]]
    cuts: tuple[float, ...]
    between: Between

    @property
    def middle(self) -> Floats:
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def weights(self) -> Floats:
        """Events of all arms in each interval, averaged over replicates."""
        total: Floats = np.sum([events.mean(axis=0) for events, _ in self.counts], axis=0)
        return total


def time_network(
    patients: pd.DataFrame,
    *,
    reference: str,
    models: Sequence[str] = MODELS,
    population: str | None = None,
    between: Between = "level",
    horizon: float | None = None,
    horizons: Sequence[float] | None = None,
    cuts: Sequence[float] | None = None,
    level: float = 0.95,
) -> TimeNetwork:
    """Network meta-analysis of survival with time-varying hazard ratios, by several models side by side.

    Parameters
    ----------
    patients : DataFrame
        study, treatment, time, event, and replicate where patients were rebuilt several times.
    reference : str
        Treatment with which all others are compared.
    models : sequence of str
        proportional, log-time, piecewise, fp-1, fp-2 (the powers of lowest AIC), royston-parmar-K and
        log-hazard-spline-K with K inner knots (0 to 3).
    population : str, optional
        Study whose arm with the reference treatment is the reference population; by default the one with most patients.
    between : {"level", "none", "each"}
        See `multivariate_network`.
    horizon : float, optional
        End of curves, medians and restricted means; by default the longest follow-up of the reference population.
    horizons : sequence of float, optional
        Horizons of the networks of restricted means; by default the longest that all trials reach, and half of it.
    cuts : sequence of float, optional
        Cut points of the piecewise model; by default the tertiles of all event times.
    level : float, default 0.95

    Raises
    ------
    InputError
        If the table of patients is malformed, the reference or the population is not in it, or an option is unknown.
    NotEstimable
        If no model can be fitted; the message gives the reason for each.

    References
    ----------
    .. [1] Jansen, J. P. (2011). BMC Medical Research Methodology 11, 61 (fractional polynomials).
    .. [2] Freeman, S. C. et al. (2022). Statistical Methods in Medical Research 31, 839-861 (models side by side).
    .. [3] Riley, R. D. et al. (2023). Research Synthesis Methods 14, 323-346 (two-stage approach).
    """
    check_level(level)
    trials, messages = _linked(read_trials(patients), reference)
    base = _population(trials, reference, population)
    edges = interval_edges(trials, INTERVALS)
    counts = arm_counts(trials, edges)
    end = float(base.longest if horizon is None else horizon)
    if not (np.isfinite(end) and end > 0):
        raise InputError(f"horizon must be a time above 0, found {horizon!r}")
    ground = _Ground(trials, reference, base, edges, counts, (), between)
    ground = _with_cuts(ground, cuts)
    times = end * np.arange(1, TIMES + 1) / TIMES
    fits, refused, tried = _fits(ground, models, np.union1d(edges[(edges > 0) & (edges < end)], times))
    if not fits:
        raise NotEstimable("no model could be fitted: " + "; ".join(f"{n}: {why}" for n, why in refused.items()))
    known = common_horizons(trials) if horizons is None else tuple(horizons)
    ratios = each_model(fits, lambda curves: ratio_table(curves, times, level))
    return TimeNetwork(
        fits=fits,
        hazard_ratios=marked(ratios.assign(comparator=reference), trials, reference),
        survival=marked(each_model(fits, lambda curves: survival_table(curves, times, level)), trials),
        summaries=each_model(fits, lambda curves: summary_table(curves, end, level)),
        ranks=each_model(fits, lambda curves: rank_table(curves, times)),
        fit=fit_table(fits, refused),
        powers=tried,
        means=mean_network(trials, reference, known, level=level),
        coefficients=coefficient_table(fits, reference),
        reference=reference, population=base.name, horizon=end, messages=tuple(messages),
    )  # fmt: skip


def _linked(trials: tuple[Trial, ...], reference: str) -> tuple[tuple[Trial, ...], list[str]]:
    """Trials of the connected component that contains the reference, and what was left out."""
    stubs = [mean_effects(trial, trial.reach if np.isfinite(trial.reach) else trial.longest, "difference")
             for trial in trials]  # fmt: skip
    pieces = pieces_of(stubs)
    own = next((piece for piece in pieces if reference in piece), None)
    if own is None:
        raise InputError(
            f"reference {reference!r} is not a treatment: there are {', '.join(chain.from_iterable(pieces))}"
        )
    away = [piece for piece in pieces if piece is not own]
    said = [f"{', '.join(piece)}: no chain of trials links them with {reference}; left out" for piece in away]
    return tuple(trial for trial in trials if trial.treatments[0] in own), said


def _population(trials: Sequence[Trial], reference: str, name: str | None) -> Trial:
    able = {trial.name: trial for trial in trials if reference in trial.treatments}
    if name is None:
        return max(able.values(), key=lambda one: one.arms[one.treatments.index(reference)].time.shape[1])
    if name not in able:
        raise InputError(f"population {name!r} is not a study with an arm of {reference!r}: choose {', '.join(able)}")
    return able[name]


def _with_cuts(ground: _Ground, cuts: Sequence[float] | None) -> _Ground:
    if cuts is None:
        running = np.cumsum(ground.weights) / ground.weights.sum()
        cuts = [float(ground.edges[1:][np.searchsorted(running, share)]) for share in (1 / 3, 2 / 3)]
    chosen = tuple(float(cut) for cut in cuts)
    piecewise(chosen)  # raises an error where cuts are not increasing
    edges = np.union1d(ground.edges, [cut for cut in chosen if cut < ground.edges[-1]])
    return _Ground(ground.trials, ground.reference, ground.population, edges, arm_counts(ground.trials, edges), chosen,
                   ground.between)  # fmt: skip


def _fits(
    ground: _Ground, models: Sequence[str], grid: Floats
) -> tuple[tuple[TimeFit, ...], dict[str, str], pd.DataFrame]:
    """Models that could be fitted, the reasons why others could not, and the fractional polynomials that were tried."""
    fits, refused, tried = [], {}, []
    for name in models:
        try:
            if name in ("fp-1", "fp-2"):
                fit, table = _best_polynomial(ground, int(name[-1]), grid)
                tried.append(table)
            else:
                fit = _one(ground, name, _basis(ground, name), grid)
            fits.append(fit)
        except NotEstimable as reason:
            refused[name] = str(reason)
    columns = ["order", "powers", "aic", "note"]
    return tuple(fits), refused, pd.concat(tried, ignore_index=True) if tried else pd.DataFrame(columns=columns)


def _basis(ground: _Ground, name: str) -> Basis:
    if name == "proportional":
        return proportional()
    if name == "log-time":
        return log_time(ground.middle, ground.weights)
    if name == "piecewise":
        return piecewise(ground.cuts)
    family, _, knots = name.rpartition("-")
    splines: dict[str, Family] = {"royston-parmar": "royston-parmar", "log-hazard-spline": "log-hazard-spline"}
    if family in splines and knots.isdigit():
        return spline(splines[family], int(knots), ground.middle, ground.weights)
    raise InputError(f"models must be of {', '.join(MODELS)} (K inner knots of splines 0 to 3), found {name!r}")


def _first(ground: _Ground, basis: Basis, counts: list[tuple[Floats, Floats]]) -> FirstStage:
    if basis.family in ("proportional", "log-time"):
        return by_contrast(ground.trials, basis)
    if basis.family == "royston-parmar":
        return royston_parmar_arms(ground.trials, basis)
    return by_arm(ground.trials, basis, ground.edges, counts)


def _one(ground: _Ground, name: str, basis: Basis, grid: Floats) -> TimeFit:
    first = _first(ground, basis, ground.counts)
    network = multivariate_network(first.effects, ground.reference, between=ground.between)
    edges = np.concatenate(([0.0], grid))
    if first.partial:
        curves = hazard_curves(network, basis, edges, _rates(ground, edges), True)
    elif basis.family == "royston-parmar":
        curves = spline_curves(network, basis, edges, first.arms[ground.population.name, ground.reference])
    else:
        curves = hazard_curves(network, basis, edges, first.arms[ground.population.name, ground.reference], False)
    return TimeFit(name, basis, first, network, curves)


def _rates(ground: _Ground, edges: Floats) -> tuple[Floats, Floats, Floats]:
    """Hazard of the reference population between given edges, over its replicates; 0 beyond its follow-up."""
    place = 0
    for trial in ground.trials:
        if trial is ground.population:
            place += trial.treatments.index(ground.reference)
            break
        place += len(trial.treatments)
    events, exposure = ground.counts[place]
    rate = np.divide(events, exposure, out=np.zeros_like(events), where=exposure > 0)
    variance = np.divide(events, exposure**2, out=np.zeros_like(events), where=exposure > 0)
    mean, covariance = rubin_vector(rate, variance[:, :, None] * np.eye(rate.shape[1]))
    middle = (edges[1:] + edges[:-1]) / 2
    cell = np.clip(np.searchsorted(ground.edges, middle, side="left") - 1, 0, rate.shape[1] - 1)
    spread = np.zeros((middle.size, rate.shape[1]))
    spread[np.arange(middle.size), cell] = 1.0
    beyond = middle > ground.edges[-1]
    spread[beyond] = 0.0
    return spread @ mean, spread @ covariance @ spread.T, spread @ drawn_vector(rate) @ spread.T


def _best_polynomial(ground: _Ground, order: int, grid: Floats) -> tuple[TimeFit, pd.DataFrame]:
    """Fit the fractional polynomial whose powers have the lowest AIC at the mean counts of the replicates."""
    mean = [(events.mean(axis=0)[None], exposure.mean(axis=0)[None]) for events, exposure in ground.counts]
    rows: list[dict[str, object]] = []
    chosen: tuple[float, ...] = ()
    lowest = np.inf
    for powers in all_powers(order):
        basis = fractional_polynomial(powers, ground.middle, ground.weights)
        row: dict[str, object] = {
            "order": order,
            "powers": " ".join(f"{power:g}" for power in powers),
            "aic": np.nan,
            "note": "",
        }
        try:
            first = _first(ground, basis, mean)
            network = multivariate_network(first.effects, ground.reference, between="none")
            aic = -2 * first.log_likelihood + network.q + 2 * (first.parameters + network.rank)
            row["aic"] = aic
            chosen, lowest = (powers, aic) if aic < lowest else (chosen, lowest)
        except NotEstimable as reason:
            row["note"] = str(reason)
        rows.append(row)
    table = pd.DataFrame(rows).sort_values("aic", kind="stable", ignore_index=True)
    if not chosen:
        raise NotEstimable(f"no fractional polynomial of order {order} has a maximum: {rows[0]['note']}")
    basis = fractional_polynomial(chosen, ground.middle, ground.weights)
    return _one(ground, f"fp-{order}", basis, grid), table
