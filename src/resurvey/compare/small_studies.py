"""Small-study effects: Egger's regression for pools, and for networks adjusted for the mean of each comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from resurvey.compare.estimates import check_level, quantile
from resurvey.compare.network_result import Network
from resurvey.compare.pool import read_effects
from resurvey.errors import InputError, NotEstimable

#: With fewer studies the test has too little power, and a funnel plot cannot be judged by eye.
FEWEST = 10
#: Standard errors that differ by less than this factor do not allow a slope to be estimated.
ALIKE = 1.2


@dataclass(frozen=True)
class SmallStudies:
    """Egger's regression of effects on their standard errors.

    Attributes
    ----------
    studies : int
    slope, se, lower, upper : float
        Change of the effect per unit of standard error; 0 without small-study effects.
    t, p : float
        Test of the slope, with studies - 2 degrees of freedom (in a network, minus one for each further comparison).
    df : int
    limit : float
        The effect as the standard error tends to 0; in a network, the comparison-adjusted effect.
    """

    studies: int
    slope: float
    se: float
    lower: float
    upper: float
    t: float
    p: float
    df: int
    limit: float


def egger(effects: object, *, level: float = 0.95, fewest: int = FEWEST) -> SmallStudies:
    """Egger's test of a pool: weighted regression of effects on standard errors, with an estimated residual variance.

    Parameters
    ----------
    effects : DataFrame or sequence of (estimate, se)
        As for `pool`.
    level : float, default 0.95
    fewest : int, default 10
        Smallest number of studies that is accepted.

    Raises
    ------
    InputError
        As `pool`.
    NotEstimable
        If there are too few studies, or their standard errors are too similar.

    References
    ----------
    .. [1] Egger, M. et al. (1997). BMJ 315, 629-634.
    .. [2] Sterne, J. A. C. et al. (2011). BMJ 343, d4002 (ten studies).
    """
    _, y, v = read_effects(effects)
    return _regressed(y, np.sqrt(v), np.zeros(y.size, dtype=int), level, fewest)


def network_egger(made: Network, order: Sequence[str], *, level: float = 0.95, fewest: int = FEWEST) -> SmallStudies:
    """Egger's test of a network: one slope for all comparisons, each with its own effect (comparison-adjusted).

    A multi-arm study enters with its contrasts against the arm that comes last in `order`.

    Parameters
    ----------
    made : Network
    order : sequence of str
        All treatments, beginning with the one that small-study bias would favour most.
    level, fewest
        As for `egger`.

    Raises
    ------
    InputError
        If the order lacks a treatment.
    NotEstimable
        As `egger`; also if the comparisons leave no degrees of freedom.

    References
    ----------
    .. [1] Chaimani, A. et al. (2013). PLoS ONE 8, e76654.
    """
    known = {name for common, _ in made.pieces for name in common.evidence.treatments}
    lacking = sorted(known - set(order))
    if lacking:
        raise InputError(f"order lacks {', '.join(lacking)}: it must rank every treatment of the network")
    rank = {name: place for place, name in enumerate(order)}
    rows = []
    for common, _ in made.pieces:
        names = common.evidence.treatments
        for study in common.evidence.studies:
            arms = sorted(range(study.arms.size), key=lambda i, own=study: rank[names[own.arms[i]]])  # type: ignore[misc]
            base = arms[-1]
            for i in arms[:-1]:
                pair = names[study.arms[i]], names[study.arms[base]]
                rows.append((pair, study.effects[i, base], np.sqrt(study.variances[i, base])))
    pairs = {pair: place for place, pair in enumerate(dict.fromkeys(pair for pair, _, _ in rows))}
    group = np.array([pairs[pair] for pair, _, _ in rows])
    y, se = (np.array([row[k] for row in rows], dtype=float) for k in (1, 2))
    return _regressed(y, se, group, level, fewest)


def _regressed(y: np.ndarray, se: np.ndarray, group: np.ndarray, level: float, fewest: int) -> SmallStudies:
    check_level(level)
    groups = int(group.max()) + 1
    df = y.size - groups - 1
    if y.size < fewest:
        raise NotEstimable(f"{y.size} studies: small-study effects are looked for with {fewest} or more")
    if df < 1:
        raise NotEstimable(f"{y.size} studies of {groups} comparisons: nothing is left to estimate a slope from")
    design = np.column_stack((se, np.eye(groups)[group])) / se[:, None]
    if np.linalg.matrix_rank(design) < groups + 1 or se.max() < ALIKE * se.min():
        raise NotEstimable("the standard errors are alike: small studies cannot be told from large ones")
    inverse = np.linalg.inv(design.T @ design)
    line = inverse @ (design.T @ (y / se))
    error = float(np.sqrt(inverse[0, 0] * np.sum((y / se - design @ line) ** 2) / df))
    if not error > 0:
        raise NotEstimable("the effects lie on a line: the test has no error")
    t = float(line[0]) / error
    half = quantile(level, df) * error
    sizes = np.bincount(group)
    limit = float(line[1]) if groups == 1 else float(np.average(line[1:], weights=sizes))
    return SmallStudies(y.size, float(line[0]), error, float(line[0]) - half, float(line[0]) + half, t,
                        float(2 * stdtr(df, -abs(t))), df, limit)  # fmt: skip


def as_row(of: str, made: SmallStudies | str) -> dict[str, object]:
    """A row of the table `egger`; where there is no test, its note gives the reason."""
    if isinstance(made, str):
        return {"of": of, "note": made}
    return {"of": of, **asdict(made), "note": ""}


def egger_table(tests: Sequence[tuple[str, SmallStudies | str]]) -> pd.DataFrame:
    """Tests of several sets of studies in one table."""
    columns = ["of", "studies", "slope", "se", "lower", "upper", "t", "p", "df", "limit", "note"]
    return pd.DataFrame([as_row(of, made) for of, made in tests], columns=columns)
