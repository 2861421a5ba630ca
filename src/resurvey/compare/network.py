"""Network estimates for log ratios: common and random effects, heterogeneity, league, ranking."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from resurvey.compare.estimates import check_level, chi_square_p, i_squared, quantile
from resurvey.compare.network_consistency import has_loop
from resurvey.compare.network_data import Evidence, read_contrasts
from resurvey.compare.network_fit import MODELS, Fit, effect_table, fit, network_tau2
from resurvey.compare.network_rank import p_scores
from resurvey.compare.network_result import Network
from resurvey.errors import InputError, NotEstimable


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
        Largest discrepancy allowed when the log ratios of a multi-arm study are added up.

    Returns
    -------
    Network
        The components of a disconnected network are analysed separately, and a message names them.

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
        effects=_effects(fits, level), heterogeneity=_heterogeneity(fits, level), ranking=p_scores(fits, small_values),
        pieces=tuple(fits), method=method, small_values=small_values, level=level,
        messages=tuple(messages + _shape_messages(pieces)),
    )  # fmt: skip


def effects_without(made: Network, study: str, comparator: str = "") -> pd.DataFrame | None:
    """Effects estimated again without one study, by the same method and level; only against `comparator`, if given.

    None where the network would lose a treatment or become disconnected, since it would be a different network.
    """
    fits = []
    for common, random in made.pieces:
        if not any(one.name == study for one in common.evidence.studies):
            fits.append((common, random))
            continue
        left = common.evidence.without(study)
        if left is None:
            return None
        tau2 = network_tau2(left, made.method)
        again = fit(left, 0.0)
        fits.append((again, again if tau2 == 0 else fit(left, tau2)))
    return _effects(fits, made.level, comparator)


def _effects(fits: list[tuple[Fit, Fit]], level: float, comparator: str = "") -> pd.DataFrame:
    tables = [effect_table(model, pair[i], level, comparator) for i, model in enumerate(MODELS) for pair in fits]
    return pd.concat(tables, ignore_index=True)


def _heterogeneity(fits: list[tuple[Fit, Fit]], level: float) -> pd.DataFrame:
    rows = []
    for number, (common, random) in enumerate(fits, start=1):
        q, df = common.q, common.evidence.degrees
        i2, lower, upper = i_squared(q, df, level)
        head: dict[str, object] = {
            "piece": number,
            "treatments": " ".join(common.evidence.treatments),
            "studies": len(common.evidence.studies),
        }
        share: dict[str, object] = {"i2": i2, "i2_lower": lower, "i2_upper": upper}
        rows.append({**head, "tau2": random.tau2, "q": q, "df": df, "p": chi_square_p(q, df), **share})
    return pd.DataFrame(rows)


def prediction_intervals(result: Network) -> pd.DataFrame:
    """Prediction intervals of the random-effects model: treatment, comparator, estimate, lower, upper.

    The quantile is that of t with the degrees of freedom of Q, as in netmeta (Higgins et al. 2009, with contrasts
    minus parameters in place of studies minus one). Without degrees of freedom a normal quantile would not be
    defensible: the limits are infinite, and a message says so.
    """
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
        if not has_loop(evidence):
            messages.append(
                f"no closed loop of different studies{where} (star or tree): consistency cannot be assessed"
            )
    return messages


def piece_of(result: Network, treatment: str) -> int:
    """Number (from 0) of the connected component that contains a treatment.

    Raises
    ------
    InputError
        If the treatment is not in the network.
    """
    for i, (common, _) in enumerate(result.pieces):
        if treatment in common.evidence.treatments:
            return i
    known = ", ".join(t for common, _ in result.pieces for t in common.evidence.treatments)
    raise InputError(f"treatment {treatment!r} is not in the network; it has {known}")


def compare(result: Network, treatment: str, comparator: str, model: str = "random") -> pd.Series:
    """One row of `effects`; raises an error where the network does not link the two treatments.

    Raises
    ------
    InputError
        If a treatment or the model is unknown.
    NotEstimable
        If no chain of studies links the two treatments.
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
