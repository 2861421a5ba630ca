"""Ranking and league tables of a fitted network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from resurvey.arrays import MOST_DRAWS, check_count
from resurvey.compare.estimates import quantile
from resurvey.compare.network_fit import MODELS, Fit
from resurvey.compare.network_result import Network
from resurvey.errors import InputError
from resurvey.rounding import distinct_from_null

Floats = NDArray[np.float64]


def p_scores(pieces: Sequence[tuple[Fit, Fit]], small_values: str) -> pd.DataFrame:
    """P-scores of both models: model, treatment, p_score, piece; best first.

    References
    ----------
    .. [1] Rücker, G. and Schwarzer, G. (2015). BMC Medical Research Methodology 15, 58.
    """
    rows = []
    for place, model in enumerate(MODELS):
        for number, pair in enumerate(pieces, start=1):
            scores = _scores(pair[place], small_values)
            names = pair[place].evidence.treatments
            order = np.argsort(-scores, kind="stable")
            rows += [{"model": model, "treatment": names[i], "p_score": scores[i], "piece": number} for i in order]
    return pd.DataFrame(rows)


def _scores(piece: Fit, small_values: str) -> Floats:
    n = piece.effects.shape[0]
    sign = -1.0 if small_values == "desirable" else 1.0
    better = ndtr(sign * piece.effects / (piece.se + np.eye(n)))
    np.fill_diagonal(better, 0.0)
    return better.sum(axis=1) / (n - 1)


def rank_probabilities(result: Network, *, draws: int = 20_000, rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Probability that a treatment takes each rank, from draws of the estimates' joint normal distribution.

    Parameters
    ----------
    result : Network
    draws : int, default 20,000
    rng : numpy.random.Generator, optional
        By default a generator with a fixed seed, so that the table is the same on every run.

    Returns
    -------
    DataFrame
        model, piece, treatment, rank (1 is best), probability, mc_se (Monte Carlo standard error), sucra (exact: the
        P-score).

    Raises
    ------
    InputError
        If there are fewer than 100 draws, or too many.

    References
    ----------
    .. [1] Salanti, G., Ades, A. E. and Ioannidis, J. P. A. (2011). Journal of Clinical Epidemiology 64, 163-171.
    """
    check_count("draws", draws, 100, MOST_DRAWS)
    rng = np.random.default_rng(20_240_229) if rng is None else rng
    tables = []
    for place, model in enumerate(MODELS):
        for number, pair in enumerate(result.pieces, start=1):
            piece = pair[place]
            share = _rank_shares(piece, result.small_values, draws, rng)
            n = share.shape[0]
            sucra = _scores(piece, result.small_values)
            tables.append(pd.DataFrame({
                "model": model, "piece": number, "treatment": np.repeat(piece.evidence.treatments, n),
                "rank": np.tile(np.arange(1, n + 1), n), "probability": share.ravel(),
                "mc_se": np.sqrt(share * (1 - share) / draws).ravel(), "sucra": np.repeat(sucra, n),
            }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _rank_shares(piece: Fit, small_values: str, draws: int, rng: np.random.Generator) -> Floats:
    """Share of draws in which each treatment (row) has each rank (column)."""
    n = piece.effects.shape[0]
    values, vectors = np.linalg.eigh(piece.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    sign = 1.0 if small_values == "desirable" else -1.0
    sample = sign * (piece.effects[:, 0] + rng.standard_normal((draws, n)) @ root.T)
    order = np.argsort(sample, axis=1, kind="stable")
    counts = np.zeros((n, n))
    for rank in range(n):
        counts[:, rank] = np.bincount(order[:, rank], minlength=n)
    return counts / draws


def league(result: Network, model: str = "random", *, ratio: bool = True, digits: int = 2) -> pd.DataFrame:
    """League table as text; both triangles show the row treatment against the column treatment.

    Returns
    -------
    DataFrame
        Rows and columns are the treatments (best P-score first); a cell is "estimate (lower to upper)" (with more
        digits where a limit would be rounded to no effect), the diagonal shows the name, and "not linked" stands
        between treatments in different components. `attrs["orientation"]` is the sentence to print with the table.

    Raises
    ------
    InputError
        If the model is neither common nor random.
    """
    if model not in MODELS:
        raise InputError(f"model must be common or random, found {model!r}")
    ranking = result.ranking[result.ranking["model"] == model]
    names = ranking["treatment"].tolist()
    place = {name: i for i, name in enumerate(names)}
    cells = np.full((len(names), len(names)), "not linked", dtype=object)
    half = quantile(result.level)
    text = partial(distinct_from_null, null=1.0 if ratio else 0.0, digits=digits)
    for pair in result.pieces:
        piece = pair[MODELS.index(model)]
        limits = piece.effects[..., None] + half * piece.se[..., None] * np.array([0, -1, 1])
        shown = np.exp(limits) if ratio else limits
        for i, row in enumerate(piece.evidence.treatments):
            for j, column in enumerate(piece.evidence.treatments):
                centre, lower, upper = shown[i, j]
                cell = f"{centre:.{digits}f} ({text(lower)} to {text(upper)})"
                cells[place[row], place[column]] = row if i == j else cell
    table = pd.DataFrame(cells, index=pd.Index(names, name="row against column"), columns=names)
    table.attrs["orientation"] = result.orientation
    return table
