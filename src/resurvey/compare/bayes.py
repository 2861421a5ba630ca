"""Bayesian meta-analysis and network meta-analysis by quadrature: effects, heterogeneity, ranks, node splits, fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.network_consistency import direct_estimates
from resurvey.compare.network_data import Evidence, Study, read_contrasts
from resurvey.compare.network_fit import fit, independent_contrasts
from resurvey.compare.pool import read_effects
from resurvey.compare.posterior import Mixture, Posterior, posterior, study_effect
from resurvey.compare.priors import TauPrior, empirical, half_cauchy, half_normal, uniform
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
DEFAULT = half_normal(0.5)
POINTS = 8192


@dataclass(frozen=True)
class BayesPooled:
    """Result of `bayes_pool`; all on the log scale for ratios.

    Attributes
    ----------
    posterior : Posterior
    effects : DataFrame
        One row for the effect and one for the prediction: of, mean, sd, median, lower, upper, probability_below_0.
    tau : DataFrame
        One row: mean, sd, median, lower, upper.
    studies : DataFrame
        study, estimate, se; mean, sd, median, lower, upper of the study's own effect; deviance, leverage.
    priors : DataFrame
        Result of `prior_sensitivity`.
    """

    posterior: Posterior
    effects: pd.DataFrame
    tau: pd.DataFrame
    studies: pd.DataFrame
    priors: pd.DataFrame


def default_priors() -> tuple[TauPrior, ...]:
    """Priors of tau used by default in the sensitivity analysis."""
    ratios = empirical("bartos2023", "log hazard ratio")
    return (half_normal(0.5), half_normal(1.0), half_cauchy(0.5), empirical(), ratios, uniform(2.0))


def bayes_pool(
    effects: object,
    *,
    prior: TauPrior = DEFAULT,
    effect_prior: tuple[float, float] | None = None,
    level: float = 0.95,
    interval: str = "central",
    priors: Sequence[TauPrior] | None = None,
) -> BayesPooled:
    """Pool effects by Bayesian random-effects meta-analysis.

    Parameters
    ----------
    effects : DataFrame or sequence of (estimate, se)
        As for `pool`.
    prior : TauPrior
        Prior of tau; by default half-normal with scale 0.5, a usual weakly informative prior for log ratios.
    effect_prior : (mean, sd), optional
        Normal prior of the effect; flat by default.
    level : float, default 0.95
    interval : {"central", "shortest"}
        Kind of credible interval.
    priors : sequence of TauPrior, optional
        Priors of tau in the sensitivity analysis; `default_priors` by default.

    Raises
    ------
    InputError, NotEstimable
        As in `pool` and `resurvey.compare.posterior.posterior`.

    References
    ----------
    .. [1] Röver, C. (2020). Journal of Statistical Software 93(6), 1-51.
    .. [2] Röver, C. et al. (2021). Research Synthesis Methods 12, 448-474 (weakly informative priors).
    """
    names, y, v = read_effects(effects)
    x = np.ones((y.size, 1))
    made = posterior(y, v, x, prior, effect_prior=effect_prior)
    one = np.ones(1)
    rows = [
        {"of": name, **_summary(made.effect(one, predictive=name == "prediction"), level, interval)}
        for name in ("effect", "prediction")
    ]
    own = [_summary(study_effect(made, i), level, interval) for i in range(y.size)]
    studies = pd.DataFrame({"study": names, "estimate": y, "se": np.sqrt(v)}).join(pd.DataFrame(own))
    studies = studies.assign(deviance=made.fit.by_contrast, leverage=made.fit.leverage)
    return BayesPooled(
        posterior=made,
        effects=pd.DataFrame(rows),
        tau=pd.DataFrame([_tau_summary(made, level, interval)]),
        studies=studies,
        priors=prior_sensitivity(y, v, x, one[None, :], priors, effect_prior, level, interval),
    )


def prior_sensitivity(
    y: Floats,
    v: Floats,
    x: Floats,
    directions: Floats,
    priors: Sequence[TauPrior] | None = None,
    effect_prior: tuple[float, float] | None = None,
    level: float = 0.95,
    interval: str = "central",
) -> pd.DataFrame:
    """Fit the same model with other priors of tau.

    Returns
    -------
    DataFrame
        prior, direction (index in `directions`), median, lower, upper of the effect; tau_median, tau_lower, tau_upper,
        dic, log_evidence (comparable between proper priors), note (the reason if a prior gives no posterior).
    """
    rows: list[dict[str, object]] = []
    for prior in default_priors() if priors is None else priors:
        try:
            made = posterior(y, v, x, prior, effect_prior=effect_prior)
        except NotEstimable as reason:
            rows.append({"prior": prior.name, "note": str(reason)})
            continue
        tau = _tau_summary(made, level, interval)
        for place, direction in enumerate(directions):
            effect = _summary(made.effect(direction), level, interval)
            rows.append({
                "prior": prior.name, "direction": place, **{k: effect[k] for k in ("median", "lower", "upper")},
                **{f"tau_{k}": tau[k] for k in ("median", "lower", "upper")}, "dic": made.fit.dic,
                "log_evidence": made.log_evidence if prior.proper else np.nan, "note": "",
            })  # fmt: skip
    columns = ["prior", "direction", "median", "lower", "upper", "tau_median", "tau_lower", "tau_upper", "dic"]
    return pd.DataFrame(rows, columns=[*columns, "log_evidence", "note"]).fillna({"note": ""})


def _summary(made: Mixture, level: float, interval: str) -> dict[str, float]:
    lower, upper = made.interval(level, interval)
    return {
        "mean": made.expectation,
        "sd": made.standard_deviation,
        "median": made.quantile(0.5),
        "lower": lower,
        "upper": upper,
        "probability_below_0": made.below(0.0),
    }


def _tau_summary(made: Posterior, level: float, interval: str) -> dict[str, float]:
    lower, upper = made.tau_interval(level, interval)
    return {
        "mean": made.tau_mean,
        "sd": made.tau_sd,
        "median": made.tau_quantile(0.5),
        "lower": lower,
        "upper": upper,
    }


@dataclass(frozen=True)
class BayesPiece:
    """One connected component and its posterior; the effects are those of the treatments versus the first treatment."""

    evidence: Evidence
    posterior: Posterior

    def direction(self, treatment: str, comparator: str) -> Floats:
        """Coefficients of the linear function of theta that gives the effect of treatment versus comparator."""
        names = self.evidence.treatments
        both = np.zeros(len(names))
        both[names.index(treatment)], both[names.index(comparator)] = 1.0, -1.0
        return both[1:]


@dataclass(frozen=True)
class BayesNetwork:
    """Result of `bayes_network`; all on the log scale, treatment versus comparator.

    Attributes
    ----------
    pieces : tuple of BayesPiece
        Connected components, the largest first.
    small_values : {"desirable", "undesirable"}
    level, interval : float, str
    messages : tuple of str
    """

    pieces: tuple[BayesPiece, ...]
    small_values: str
    level: float
    interval: str
    messages: tuple[str, ...]

    @cached_property
    def effects(self) -> pd.DataFrame:
        """One row per ordered pair: treatment, comparator, mean, sd, median, lower, upper, probability_below_0, and
        limits for a new study (prediction_lower, prediction_upper)."""
        rows = []
        for piece in self.pieces:
            for one, two in combinations(piece.evidence.treatments, 2):
                direction = piece.direction(one, two)
                there = _summary(piece.posterior.effect(direction), self.level, self.interval)
                new = piece.posterior.effect(direction, predictive=True).interval(self.level, self.interval)
                rows.append({"treatment": one, "comparator": two, **there, **_predicted(new)})
                back = {key: -there[key] for key in ("mean", "median")} | {"sd": there["sd"]}
                back |= {"lower": -there["upper"], "upper": -there["lower"]}
                back["probability_below_0"] = 1 - there["probability_below_0"]
                rows.append({"treatment": two, "comparator": one, **back, **_predicted((-new[1], -new[0]))})
        return pd.DataFrame(rows)

    @cached_property
    def tau(self) -> pd.DataFrame:
        """One row per component: piece, mean, sd, median, lower, upper of tau; deviance, parameters, dic, contrasts."""
        rows = []
        for number, piece in enumerate(self.pieces, start=1):
            fit = piece.posterior.fit
            known = {"deviance": fit.deviance, "parameters": fit.parameters, "dic": fit.dic}
            summary = _tau_summary(piece.posterior, self.level, self.interval)
            rows.append({"piece": number, **summary, **known, "contrasts": piece.posterior.y.size})
        return pd.DataFrame(rows)

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """Exact SUCRA, the mean posterior probability of being better than another one: piece, treatment, sucra."""
        rows = []
        for number, piece in enumerate(self.pieces, start=1):
            names = piece.evidence.treatments
            for one in names:
                better = [self._better(piece, one, two) for two in names if two != one]
                rows.append({"piece": number, "treatment": one, "sucra": float(np.mean(better))})
        table = pd.DataFrame(rows)
        return table.sort_values(["piece", "sucra"], ascending=[True, False], kind="stable", ignore_index=True)

    def _better(self, piece: BayesPiece, one: str, two: str) -> float:
        below = piece.posterior.effect(piece.direction(one, two)).below(0.0)
        return below if self.small_values == "desirable" else 1 - below

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Probability of each rank: piece, treatment, rank, probability. Computed from a fixed Sobol sequence; the
        error is about 0.001."""
        tables = [_ranks(piece, self.small_values).assign(piece=i) for i, piece in enumerate(self.pieces, start=1)]
        return pd.concat(tables, ignore_index=True)[["piece", "treatment", "rank", "probability"]]

    @cached_property
    def node_splits(self) -> pd.DataFrame:
        """Direct minus indirect effect for every comparison with both: treatment, comparator, studies, difference
        (median), sd, lower, upper, p (twice the smaller tail probability)."""
        columns = ["treatment", "comparator", "studies", "difference", "sd", "lower", "upper", "p"]
        rows = [row for piece in self.pieces for row in _splits(piece, self.level, self.interval)]
        return pd.DataFrame(rows, columns=columns)

    def priors(self, reference: str, priors: Sequence[TauPrior] | None = None) -> pd.DataFrame:
        """Effects versus a reference with other priors of tau: the columns of `prior_sensitivity`, with treatment and
        comparator instead of direction.

        Raises
        ------
        InputError
            If the reference is not in the network.
        """
        for piece in self.pieces:
            if reference in piece.evidence.treatments:
                others = [name for name in piece.evidence.treatments if name != reference]
                directions = np.array([piece.direction(name, reference) for name in others])
                made, p = piece.posterior, priors
                table = prior_sensitivity(
                    made.y, made.v, made.x, directions, p, made.effect_prior, self.level, self.interval
                )
                names = [others[int(place)] if place == place else "" for place in table["direction"]]
                return table.assign(treatment=names, comparator=reference).drop(columns="direction")
        raise InputError(f"reference {reference!r} is not in the network")


def _predicted(limits: tuple[float, float]) -> dict[str, float]:
    return {"prediction_lower": limits[0], "prediction_upper": limits[1]}


def bayes_network(
    contrasts: pd.DataFrame,
    *,
    prior: TauPrior = DEFAULT,
    effect_prior: tuple[float, float] | None = None,
    small_values: str = "desirable",
    level: float = 0.95,
    interval: str = "central",
    loop_tolerance: float = 0.05,
) -> BayesNetwork:
    """Bayesian random-effects network meta-analysis of contrasts, by quadrature over tau.

    Parameters
    ----------
    contrasts : DataFrame
        As for `network`: study, treatment, comparator, estimate, se.
    prior : TauPrior
        Prior of the between-study standard deviation, which is common to all comparisons.
    effect_prior : (mean, sd), optional
        Normal prior of each treatment's effect versus the alphabetically first treatment; flat by default.
    small_values, level, interval, loop_tolerance
        As for `network` and `bayes_pool`.

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As in `network` and `resurvey.compare.posterior.posterior`.

    References
    ----------
    .. [1] Dias, S. et al. (2013). Medical Decision Making 33, 607-617.
    """
    if small_values not in ("desirable", "undesirable"):
        raise InputError(f"small_values must be 'desirable' or 'undesirable', found {small_values!r}")
    pieces, messages = read_contrasts(contrasts, loop_tolerance=loop_tolerance)
    made = tuple(
        BayesPiece(one, posterior(y, v, x, prior, effect_prior=effect_prior))
        for one in pieces
        for y, x, v in [independent_contrasts(one)]
    )
    return BayesNetwork(made, small_values, level, interval, tuple(messages))


def _ranks(piece: BayesPiece, small_values: str) -> pd.DataFrame:
    from scipy.special import ndtri
    from scipy.stats import qmc

    made, names = piece.posterior, piece.evidence.treatments
    p = len(names) - 1
    # Points are moved to the centres of their cells, because the first is 0, whose normal quantile is infinite.
    points = qmc.Sobol(p + 1, scramble=False).random(POINTS) + 0.5 / POINTS
    node = np.minimum(np.searchsorted(np.cumsum(made.weight), points[:, 0]), made.weight.size - 1)
    roots = np.linalg.cholesky(made.covariance[np.unique(node)])
    place = np.searchsorted(np.unique(node), node)
    level = made.mean[node] + np.einsum("nij,nj->ni", roots[place], ndtri(points[:, 1:]))
    level = np.column_stack((np.zeros(POINTS), level)) * (1 if small_values == "desirable" else -1)
    rank = np.argsort(np.argsort(level, axis=1, kind="stable"), axis=1, kind="stable") + 1
    rows = [
        {"treatment": name, "rank": r, "probability": float(np.mean(rank[:, i] == r))}
        for i, name in enumerate(names)
        for r in range(1, len(names) + 1)
    ]
    return pd.DataFrame(rows)


def _splits(piece: BayesPiece, level: float, interval: str) -> list[dict[str, object]]:
    evidence, names = piece.evidence, piece.evidence.treatments
    counts = direct_estimates(fit(evidence, 0.0))[2]
    whole = [independent_contrasts(replace(evidence, studies=(study,))) for study in evidence.studies]
    rows: list[dict[str, object]] = []
    for i, j in combinations(range(len(names)), 2):
        if counts[i, j] == 0:
            continue
        parts = [
            _with_gap(evidence, study, i, j)
            if {i, j} <= set(study.arms.tolist())
            else (*known, np.zeros(known[0].size))
            for study, known in zip(evidence.studies, whole, strict=True)
        ]
        y, x, v, gap = (np.concatenate(part) for part in zip(*parts, strict=True))
        x = np.column_stack((x, gap))
        if np.linalg.matrix_rank(x) < x.shape[1]:
            continue  # direct evidence only: there is no indirect path
        difference = posterior(y, v, x, piece.posterior.prior).effect(np.eye(x.shape[1])[-1])
        lower, upper = difference.interval(level, interval)
        below = difference.below(0.0)
        rows.append({
            "treatment": names[j], "comparator": names[i], "studies": int(counts[i, j]),
            "difference": difference.quantile(0.5), "sd": difference.standard_deviation, "lower": lower,
            "upper": upper, "p": 2 * min(below, 1 - below),
        })  # fmt: skip
    return rows


def _with_gap(evidence: Evidence, study: Study, i: int, j: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Independent contrasts of a study with arms i and j, and the design column of the direct-indirect difference."""
    place = int(np.flatnonzero(study.arms == i)[0])
    order = np.array([place, *(k for k in range(study.arms.size) if k != place)])
    grid = np.ix_(order, order)
    turned = Study(study.name, study.arms[order], study.effects[grid], study.variances[grid])
    y, x, v = independent_contrasts(replace(evidence, studies=(turned,)))
    # The transformation within a study is linear, so the column is its value for a unit effect in arm j alone.
    unit = np.zeros_like(turned.effects)
    other = int(np.flatnonzero(turned.arms == j)[0])
    unit[other, :], unit[:, other] = 1.0, -1.0
    unit[other, other] = 0.0
    gap = independent_contrasts(replace(evidence, studies=(replace(turned, effects=unit),)))[0]
    return y, x, v, gap
