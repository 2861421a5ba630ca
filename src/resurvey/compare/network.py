"""Network estimates for log ratios: common and random effects, heterogeneity, league, ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import brentq
from scipy.special import ndtr

from resurvey.compare import network_consistency, network_rank
from resurvey.compare.estimates import check_level, chi_square_p, quantile
from resurvey.compare.network_data import Evidence, Study, centred_inverse, read_contrasts
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
MODELS = ("common", "random")


@dataclass(frozen=True)
class Fit:
    """One model fitted to one connected network.

    Attributes
    ----------
    evidence : Evidence
    tau2 : float
        Between-study variance in force (0 in the common-effect model).
    covariance : (n, n) ndarray
        Pseudo-inverse of the network's Laplacian; Var(i against j) = C_ii + C_jj - 2 C_ij.
    effects, se : (n, n) ndarray
        Row against column.
    laplacian : (n, n) ndarray
        Sum of the studies' Laplacians; minus its off-diagonal are the weights of the comparisons.
    q : float
        Weighted squared distance of the contrasts from the fit.
    """

    evidence: Evidence
    tau2: float
    covariance: Floats
    effects: Floats
    se: Floats
    laplacian: Floats
    q: float


@dataclass(frozen=True)
class Network:
    """Result of `network`. Everything in `effects` and `ranking` is treatment against comparator, log scale.

    Attributes
    ----------
    effects : DataFrame
        model, treatment, comparator, estimate, se, lower, upper, p: every ordered pair of a connected network.
    heterogeneity : DataFrame
        piece, treatments, studies, tau2, q, df, p, i2, i2_lower, i2_upper; one row a connected piece.
    pieces : tuple of (Fit common, Fit random)
        Largest piece first.
    method : str
        Estimator of tau2.
    small_values : {"desirable", "undesirable"}
    level : float
    messages : tuple of str
        What a reader must know: pieces, star shape, rounding, heterogeneity that cannot be estimated.
    """

    effects: pd.DataFrame
    heterogeneity: pd.DataFrame
    pieces: tuple[tuple[Fit, Fit], ...]
    method: str
    small_values: str
    level: float
    messages: tuple[str, ...] = field(default=())

    @property
    def tau2(self) -> float:
        """Between-study variance of the (largest) network; each piece has its own in `heterogeneity`."""
        return float(self.heterogeneity["tau2"].iloc[0])

    @property
    def q(self) -> float:
        """Total Q, summed over the pieces."""
        return float(self.heterogeneity["q"].sum())

    @property
    def df(self) -> int:
        """Degrees of freedom of Q, summed over the pieces."""
        return int(self.heterogeneity["df"].sum())

    @property
    def p_q(self) -> float:
        """p of the total Q."""
        return chi_square_p(self.q, self.df)

    @property
    def i2(self) -> float:
        """Share (0-1) of the variation that is not chance, from the total Q."""
        return _i_squared(self.q, self.df, self.level)[0]

    @property
    def orientation(self) -> str:
        """The sentence that must stand beside every league table of this network."""
        good = "below" if self.small_values == "desirable" else "above"
        return (
            "Each cell is the effect of the treatment of its ROW against the treatment of its COLUMN; "
            f"a ratio {good} 1 (log ratio {good} 0) favours the ROW treatment."
        )

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """P-scores: model, treatment, p_score, piece, best first within a model and piece.

        A P-score is the mean certainty that a treatment is better than another; under the normal model it equals
        SUCRA exactly. Pieces of a network in pieces are ranked apart and cannot be compared.
        """
        return network_rank.p_scores(self)

    @cached_property
    def decomposition(self) -> pd.DataFrame:
        """Q split within and between designs: source, design, q, df, p. See `network_consistency.decompose_q`."""
        return network_consistency.decompose_q(self)

    def rank_probabilities(self, *, draws: int = 20_000, rng: np.random.Generator | None = None) -> pd.DataFrame:
        """Probability of each rank: model, treatment, rank, probability, mc_se, sucra. See `network_rank`."""
        return network_rank.rank_probabilities(self, draws=draws, rng=rng)

    def league(self, model: str = "random", *, ratio: bool = True, digits: int = 2) -> pd.DataFrame:
        """Full league table as text, row treatment against column treatment; `orientation` must go with it."""
        return network_rank.league(self, model, ratio=ratio, digits=digits)

    def prediction(self) -> pd.DataFrame:
        """Prediction intervals of the random-effects model: treatment, comparator, estimate, lower, upper.

        t with the degrees of freedom of Q, as netmeta's (Higgins and others 2009 with contrasts less parameters for
        studies less one; normal where there are none is not defensible: the limits are then
        infinite and a message says so).
        """
        return _prediction(self)

    def node_split(self, model: str = "random") -> pd.DataFrame:
        """Direct against indirect evidence of every comparison. See `network_consistency.node_split`."""
        return network_consistency.node_split(self, model)

    def net_heat(self, model: str = "common") -> pd.DataFrame:
        """Change of each design's inconsistency when another is set apart. See `network_consistency.net_heat`."""
        return network_consistency.net_heat(self, model)

    def contributions(self, model: str = "random") -> pd.DataFrame:
        """Share of each direct comparison in each network estimate. See `network_consistency.contributions`."""
        return network_consistency.contributions(self, model)

    def funnel(self, order: Sequence[str], model: str = "random") -> pd.DataFrame:
        """Data of the comparison-adjusted funnel. See `network_consistency.funnel`."""
        return network_consistency.funnel(self, order, model)


def network(
    contrasts: pd.DataFrame,
    *,
    method: Literal["DL", "REML", "ML"] = "REML",
    small_values: Literal["desirable", "undesirable"] = "desirable",
    level: float = 0.95,
    loop_tolerance: float = 0.05,
) -> Network:
    r"""Estimate all contrasts of a network of trials at once.

    Each study enters as the weighted graph of its arms; with :math:`L = \sum_k L_k` the estimates are
    :math:`\hat\theta = L^+ \sum_k L_k y_k` and the variance of i against j is the effective resistance
    :math:`L^+_{ii} + L^+_{jj} - 2 L^+_{ij}`. Random effects add tau2 to every pairwise variance (covariance tau2 / 2
    within a multi-arm study).

    Parameters
    ----------
    contrasts : DataFrame
        study, treatment, comparator, estimate, se: log ratio of treatment against comparator and its standard
        error; a study with m arms has one row for each of its m (m - 1) / 2 pairs.
    method : {"REML", "DL", "ML"}
        Between-study variance: restricted (or full) maximum likelihood with the covariance within multi-arm
        studies, or the generalised DerSimonian-Laird moment.
    small_values : {"desirable", "undesirable"}
        Whether a ratio below 1 is good for the treatment (a hazard ratio of death or progression: desirable).
    level : float, default 0.95
        Two-sided confidence level.
    loop_tolerance : float, default 0.05
        By how much the log ratios of a multi-arm study may fail to add up.

    Returns
    -------
    Network
        See there. A network in pieces is analysed piece by piece, and a message names them.

    Raises
    ------
    InputError, InconsistentReport
        See `resurvey.compare.network_data.read_contrasts`.

    References
    ----------
    .. [1] Rücker, G. (2012). Research Synthesis Methods 3, 312-324.
    .. [2] Rücker, G. and Schwarzer, G. (2014). Statistics in Medicine 33, 4353-4369 (multi-arm weights).
    .. [3] Jackson, D., White, I. R. and Riley, R. D. (2012). Statistics in Medicine 31, 3805-3820 (moment tau2).
    .. [4] Higgins, J. P. T. and Thompson, S. G. (2002). Statistics in Medicine 21, 1539-1558 (I2).
    """
    check_level(level)
    if method not in ("DL", "REML", "ML"):
        raise InputError(f"method must be DL, REML or ML, found {method!r}")
    if small_values not in ("desirable", "undesirable"):
        raise InputError(f"small_values must be 'desirable' or 'undesirable', found {small_values!r}")
    pieces, messages = read_contrasts(contrasts, loop_tolerance=loop_tolerance)
    fits = []
    for evidence in pieces:
        common = fit(evidence, 0.0)
        tau2 = network_tau2(evidence, method)
        fits.append((common, common if tau2 == 0 else fit(evidence, tau2)))
    return Network(
        effects=_effects(fits, level), heterogeneity=_heterogeneity(fits, level), pieces=tuple(fits), method=method,
        small_values=small_values, level=level, messages=tuple(messages + _shape_messages(pieces)),
    )  # fmt: skip


def fit(evidence: Evidence, tau2: float) -> Fit:
    """Weighted least squares on the graph, at a given between-study variance."""
    n = len(evidence.treatments)
    laplacian, right = np.zeros((n, n)), np.zeros(n)
    weights = [study.laplacian(tau2) for study in evidence.studies]
    for study, own in zip(evidence.studies, weights, strict=True):
        laplacian[np.ix_(study.arms, study.arms)] += own
        right[study.arms] += -(own * study.effects).sum(axis=1)
    covariance = centred_inverse(laplacian)
    level_of = covariance @ right
    effects = level_of[:, None] - level_of[None, :]
    diagonal = np.diag(covariance)
    se = np.sqrt(np.maximum(diagonal[:, None] + diagonal[None, :] - 2 * covariance, 0.0))
    np.fill_diagonal(se, 0.0)
    q = sum(
        float(-0.5 * np.sum(own * (study.effects - effects[np.ix_(study.arms, study.arms)]) ** 2))
        for study, own in zip(evidence.studies, weights, strict=True)
    )
    return Fit(evidence, tau2, covariance, effects, se, laplacian, q)


def network_tau2(evidence: Evidence, method: str) -> float:
    """Between-study variance of a connected network; 0 where there are no degrees of freedom."""
    if evidence.degrees < 1:
        return 0.0
    return _moment_tau2(fit(evidence, 0.0)) if method == "DL" else _likelihood_tau2(evidence, method == "REML")


def moment_terms(common: Fit) -> tuple[float, int, float]:
    """Q, its degrees of freedom, and the factor of tau2 in E(Q): half the trace that hat and weights leave."""
    left = 0.0
    for study in common.evidence.studies:
        own = study.laplacian()
        inside = common.covariance[np.ix_(study.arms, study.arms)]
        left += 0.5 * float(np.trace(own) - np.sum((own @ inside) * own.T))
    return common.q, common.evidence.degrees, left


def _moment_tau2(common: Fit) -> float:
    q, df, factor = moment_terms(common)
    return max(0.0, (q - df) / factor)


def independent_contrasts(evidence: Evidence) -> tuple[Floats, Floats, Floats]:
    """Contrasts against each study's first arm, rotated within studies so that all are independent.

    Returns y, design X (a column a treatment but the first), and sampling variances v; with between-study variance tau2
    the variances are v + tau2.
    """
    size, n = sum(s.arms.size - 1 for s in evidence.studies), len(evidence.treatments)
    y, design, variances = np.zeros(size), np.zeros((size, n)), np.zeros(size)
    start = 0
    for study in evidence.studies:
        stop, m = start + study.arms.size - 1, study.arms.size
        rows = np.arange(start, stop)
        design[rows, study.arms[1:]], design[rows, study.arms[0]] = 1.0, -1.0
        y[rows], variances[rows] = study.effects[1:, 0], study.variances[1:, 0]
        if m > 2:
            y[rows], design[rows], variances[rows] = _rotate(study, design[rows])
        start = stop
    return y, design[:, 1:], variances


def _rotate(study: Study, design: Floats) -> tuple[Floats, Floats, Floats]:
    """Diagonalise sampling covariance and tau2 pattern of a multi-arm study together."""
    # Where rounding keeps the pairs from adding up, the arm means that fit all pairs best stand for them.
    own = study.laplacian()
    means = centred_inverse(own) @ -(own * study.effects).sum(axis=1)
    to_first = study.variances[0, 1:]
    sampling = 0.5 * (to_first[:, None] + to_first[None, :] - study.variances[1:, 1:])
    pattern = 0.5 * (np.eye(to_first.size) + 1)  # tau2 for a contrast, tau2 / 2 between two that share an arm
    values, vectors = eigh(sampling, pattern)
    return vectors.T @ (means[1:] - means[0]), vectors.T @ design, values


def _likelihood_tau2(evidence: Evidence, restricted: bool) -> float:
    """Global maximum of the (restricted) likelihood: all roots of its score on a grid are compared, and 0."""
    y, design, variances = independent_contrasts(evidence)

    def parts(t: float) -> tuple[float, float]:
        w = 1 / (variances + t)
        wx = w[:, None] * design
        information = design.T @ wx
        inverse = np.linalg.inv(information)
        residual = w * (y - design @ (inverse @ (wx.T @ y)))
        trace = w.sum() - (np.sum((wx.T @ wx) * inverse) if restricted else 0.0)
        log_dets = (np.linalg.slogdet(information)[1] if restricted else 0.0) - np.log(w).sum()
        return float(residual @ residual - trace), float(log_dets + residual @ y)

    top = 10 * float(variances.max() + np.max(np.abs(y)) ** 2)
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * float(variances.min()), top, 40)))
    signs = np.array([parts(t)[0] for t in grid])
    turns = np.flatnonzero((signs[:-1] > 0) & (signs[1:] <= 0))
    roots = [float(brentq(lambda t: parts(t)[0], grid[i], grid[i + 1], xtol=1e-15, rtol=1e-13)) for i in turns]
    return min([0.0, *roots], key=lambda t: parts(t)[1])


def effect_table(model: str, piece: Fit, level: float) -> pd.DataFrame:
    """Every ordered pair of one fit as rows."""
    n = len(piece.evidence.treatments)
    row, column = np.nonzero(~np.eye(n, dtype=bool))
    estimate, se = piece.effects[row, column], piece.se[row, column]
    names = np.array(piece.evidence.treatments, dtype=object)
    half = quantile(level) * se
    return pd.DataFrame({
        "model": model, "treatment": names[row], "comparator": names[column], "estimate": estimate, "se": se,
        "lower": estimate - half, "upper": estimate + half, "p": 2 * ndtr(-np.abs(estimate) / se),
    })  # fmt: skip


def _effects(fits: list[tuple[Fit, Fit]], level: float) -> pd.DataFrame:
    tables = [effect_table(model, pair[i], level) for i, model in enumerate(MODELS) for pair in fits]
    return pd.concat(tables, ignore_index=True)


def _heterogeneity(fits: list[tuple[Fit, Fit]], level: float) -> pd.DataFrame:
    rows = []
    for number, (common, random) in enumerate(fits, start=1):
        q, df = common.q, common.evidence.degrees
        i2, lower, upper = _i_squared(q, df, level)
        head: dict[str, object] = {
            "piece": number,
            "treatments": " ".join(common.evidence.treatments),
            "studies": len(common.evidence.studies),
        }
        share: dict[str, object] = {"i2": i2, "i2_lower": lower, "i2_upper": upper}
        rows.append({**head, "tau2": random.tau2, "q": q, "df": df, "p": chi_square_p(q, df), **share})
    return pd.DataFrame(rows)


def _i_squared(q: float, df: int, level: float) -> tuple[float, float, float]:
    """I2 and its test-based interval (Higgins and Thompson 2002); 0 to 1 where df is too small for one."""
    if df < 1:
        return 0.0, 0.0, 1.0
    i2 = max(0.0, 1 - df / q) if q > 0 else 0.0
    if df < 2 and q <= df + 1:
        return i2, 0.0, 1.0
    if q > df + 1:
        se = 0.5 * (np.log(q) - np.log(df)) / (sqrt(2 * q) - sqrt(2 * df - 1))
    else:
        se = sqrt(1 / (2 * (df - 1)) * (1 - 1 / (3 * (df - 1) ** 2)))
    log_h = 0.5 * np.log(max(q, df) / df)
    h_low, h_high = np.exp(log_h - quantile(level) * se), np.exp(log_h + quantile(level) * se)
    lower, upper = (max(0.0, 1 - 1 / h**2) for h in (h_low, h_high))
    return i2, float(lower), float(upper)


def _prediction(result: Network) -> pd.DataFrame:
    tables = []
    for _, random in result.pieces:
        table = effect_table("random", random, result.level)
        df = random.evidence.degrees
        spread = np.sqrt(table["se"] ** 2 + random.tau2)
        half = quantile(result.level, df) * spread if df > 0 else np.inf
        table["lower"], table["upper"] = table["estimate"] - half, table["estimate"] + half
        tables.append(table[["treatment", "comparator", "estimate", "lower", "upper"]])
    return pd.concat(tables, ignore_index=True)


def _shape_messages(pieces: list[Evidence]) -> list[str]:
    messages = []
    if len(pieces) > 1:
        named = "; ".join(f"({i}) {', '.join(e.treatments)}" for i, e in enumerate(pieces, start=1))
        messages.append(
            f"the network falls into {len(pieces)} pieces that no study links: {named}. Each is analysed alone; "
            "treatments of different pieces cannot be compared"
        )
    for evidence in pieces:
        where = "" if len(pieces) == 1 else f" (piece with {evidence.treatments[0]})"
        if evidence.degrees < 1:
            messages.append(f"no more contrasts than parameters{where}: tau2 cannot be estimated and is set to 0")
        if not network_consistency.has_loop(evidence):
            messages.append(
                f"no closed loop of different studies{where} (star or tree): consistency cannot be assessed"
            )
    return messages


def piece_of(result: Network, treatment: str) -> int:
    """Number (from 0) of the piece that holds a treatment."""
    for i, (common, _) in enumerate(result.pieces):
        if treatment in common.evidence.treatments:
            return i
    known = ", ".join(t for common, _ in result.pieces for t in common.evidence.treatments)
    raise InputError(f"treatment {treatment!r} is not in the network; it has {known}")


def compare(result: Network, treatment: str, comparator: str, model: str = "random") -> pd.Series:
    """One row of `effects`; refuses by name what the network does not link.

    Raises
    ------
    InputError
        If a treatment or the model is unknown.
    NotEstimable
        If no chain of studies links the two.
    """
    if model not in MODELS:
        raise InputError(f"model must be common or random, found {model!r}")
    if piece_of(result, treatment) != piece_of(result, comparator):
        raise NotEstimable(f"no chain of studies links {treatment!r} and {comparator!r}: they are in different pieces")
    table = result.effects
    chosen = (table["model"] == model) & (table["treatment"] == treatment) & (table["comparator"] == comparator)
    if not chosen.any():
        raise InputError(f"{treatment!r} is compared with itself")
    return table[chosen].iloc[0]
