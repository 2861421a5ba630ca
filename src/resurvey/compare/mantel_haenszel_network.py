"""Mantel-Haenszel network meta-analysis of rare events: trials are pooled by design, without continuity correction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.network import network
from resurvey.errors import InputError, NotEstimable

COLUMNS = ("study", "treatment", "events", "patients")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CountNetwork:
    """Result of `mantel_haenszel_network`.

    Attributes
    ----------
    effects : DataFrame
        treatment, comparator, estimate (log odds ratio), se, lower, upper, p; one row per ordered pair.
    q, p : float
        Q for inconsistency between designs, and its p.
    df : int
    messages : tuple of str
        Designs and arms that were left out, and the messages of `network`.
    """

    effects: pd.DataFrame
    q: float
    df: int
    p: float
    messages: tuple[str, ...]


def mantel_haenszel_network(arms: pd.DataFrame, *, level: float = 0.95) -> CountNetwork:
    r"""Common-effect network of odds ratios: Mantel-Haenszel within each design, then least squares over designs.

    Trials that compare the same set of treatments form a design. Trials without events, or with events only, are
    uninformative. Within a design, an arm without events in any informative trial (or with events only) is left out; a
    design with fewer than two remaining arms is left out. Each exclusion of an arm or a design gives a message.

    Parameters
    ----------
    arms : DataFrame
        study, treatment, events, patients; one row per arm.
    level : float, default 0.95

    Raises
    ------
    InputError
        If a column is missing, a study has a treatment twice or has only one arm, or a count is not a whole number
        from 0 to the number of patients; all faults at once.
    NotEstimable
        If no design has a finite odds ratio.

    Notes
    -----
    Let an arm have x events and s non-events among n patients, let N be the number of patients in all arms of a trial,
    and sum over the trials of a design: :math:`C_{ij} = \sum x_i s_j / N` and :math:`L_{ij} = \log (C_{ij} / C_{ji})`.
    The :math:`L_{ij}` are not consistent around a triangle; :math:`\tilde L_{ij} = \sum_h (L_{ih} - L_{jh}) / J` are.
    The variance of :math:`L_{ij}` is that of Robins, Breslow and Greenland with N of all arms; pairs without a common
    arm are independent, and

    .. math::

        Cov(L_{ij}, L_{ih}) = \frac{1}{3} \sum \frac{1}{N^2} \left\{
        \frac{x_i s_j s_h}{C_{ij} C_{ih}} + \frac{s_i x_j x_h}{C_{ji} C_{hi}}
        + \frac{n_i x_j s_h}{C_{ji} C_{ih}} + \frac{n_i s_j x_h}{C_{ij} C_{hi}} \right\}

    This is the mean of three estimators of :math:`\sum n_i n_j n_h p_i q_j q_h / (q_i N^2)` from the observed counts,
    with p the probability of an event and q = 1 - p: the first two terms together, the third, and the fourth.

    References
    ----------
    .. [1] Efthimiou, O. et al. (2019). Statistics in Medicine 38, 2992-3012.
    .. [2] Greenland, S. (1989). Biometrics 45, 183-191.
    .. [3] Robins, J., Breslow, N. and Greenland, S. (1986). Biometrics 42, 311-323.
    """
    table = _read(arms)
    designs: dict[tuple[str, ...], list[str]] = {}
    for study, own in table.groupby("study", sort=False):
        designs.setdefault(tuple(sorted(own["treatment"])), []).append(str(study))
    rows, said = [], []
    for names, studies in sorted(designs.items()):
        own = table[table["study"].isin(studies)]
        try:
            pooled, left_out = _pooled(own, " : ".join(names))
            rows += pooled
            said += left_out
        except NotEstimable as reason:
            said.append(f"design {' : '.join(names)} ({', '.join(studies)}) is left out: {reason}")
    if not rows:
        raise NotEstimable("; ".join(said))
    made = network(pd.DataFrame(rows), method="DL", level=level)
    effects = made.effects[made.effects["model"] == "common"].drop(columns="model").reset_index(drop=True)
    return CountNetwork(effects, made.q, made.df, made.p_q, (*made.messages, *said))


def _read(arms: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in arms]
    if missing:
        raise InputError(f"arms lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    if arms.empty:
        raise InputError("arms has no rows: a network needs at least one trial of two arms")
    table = arms.loc[:, list(COLUMNS)].reset_index(drop=True)
    table[["study", "treatment"]] = table[["study", "treatment"]].astype(str)
    twice = table[table.duplicated(["study", "treatment"])]
    faults = [f"study {s!r} has {t!r} twice" for s, t in twice[["study", "treatment"]].itertuples(index=False)]
    counts = table.groupby("study")["treatment"].size()
    faults += [f"study {study!r} has one arm" for study in counts.index[counts < 2]]
    events_of, patients_of = (pd.to_numeric(table[column], errors="coerce").to_numpy(float) for column in COLUMNS[2:])
    faults += [
        f"study {study!r}, {arm!r}: events must be a whole number from 0 to patients, found {x!r} of {n!r}"
        for (study, arm, x, n), events, patients in zip(
            arms.loc[:, list(COLUMNS)].itertuples(index=False, name=None), events_of, patients_of, strict=True
        )
        if not (0 <= events <= patients < np.inf and patients >= 1 and events.is_integer() and patients.is_integer())
    ]
    if faults:
        raise InputError("arms: " + "; ".join(faults))
    return table.assign(events=events_of, patients=patients_of)


def _pooled(own: pd.DataFrame, design: str) -> tuple[list[dict[str, object]], list[str]]:
    """Every pair of a design as a row for `network`, and messages about the arms that are left out."""
    events, patients = (
        own.pivot(index="study", columns="treatment", values=column).sort_index(axis=1) for column in COLUMNS[2:]
    )
    total = events.sum(axis=1)
    telling = (total > 0) & (total < patients.sum(axis=1))
    x, n = events[telling].to_numpy(float), patients[telling].to_numpy(float)
    kept = (x.sum(axis=0) > 0) & (x.sum(axis=0) < n.sum(axis=0))
    if kept.sum() < 2:
        raise NotEstimable("less than two of its arms have both patients with and without the event")
    names = events.columns[kept]
    estimate, variance = _design(x[:, kept], n[:, kept])
    rows: list[dict[str, object]] = [
        {"study": design, "treatment": names[i], "comparator": names[j], "estimate": estimate[place],
         "se": float(np.sqrt(variance[place]))}
        for place, (i, j) in enumerate(combinations(range(len(names)), 2))
    ]  # fmt: skip
    said = [
        f"arm {name} of design {design} is left out: nobody or everybody has the event in its trials"
        for name in events.columns[~kept]
    ]
    return rows, said


def _design(x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Consistent log odds ratios of all pairs of a design, and their variances; rows are trials, columns arms."""
    s, count, whole = n - x, x.shape[1], n.sum(axis=1)
    weight = 1 / whole[:, None, None]
    c = (x[:, :, None] * s[:, None, :] * weight).sum(axis=0)
    if np.any(c[~np.eye(count, dtype=bool)] <= 0):
        raise NotEstimable("the odds ratio of two of its arms is 0 or infinite")
    pairs = list(combinations(range(count), 2))
    log_odds = np.log(c / c.T)
    each = np.array([log_odds[pair] for pair in pairs])
    covariance = np.array([[_covariance(x, s, whole, c, one, two) for two in pairs] for one in pairs])
    signs = np.array([[(arm == i) - float(arm == j) for i, j in pairs] for arm in range(count)])
    differences = np.array([signs[i] - signs[j] for i, j in pairs]) / count
    return differences @ each, np.einsum("pa,ab,pb->p", differences, covariance, differences)


def _covariance(x: Floats, s: Floats, whole: Floats, c: Floats, one: tuple[int, int], two: tuple[int, int]) -> float:
    """Covariance of two log odds ratios of a design."""
    if one == two:
        return _variance(x, s, whole, c, *one)
    common = set(one) & set(two)
    if not common:
        return 0.0
    (i,) = common
    sign = 1.0 if (one[0] == i) == (two[0] == i) else -1.0
    j, h = (pair[0] + pair[1] - i for pair in (one, two))
    n = x + s
    terms = (
        (x[:, i] * s[:, j] * s[:, h], c[i, j] * c[i, h]),
        (s[:, i] * x[:, j] * x[:, h], c[j, i] * c[h, i]),
        (n[:, i] * x[:, j] * s[:, h], c[j, i] * c[i, h]),
        (n[:, i] * s[:, j] * x[:, h], c[i, j] * c[h, i]),
    )
    return sign * sum(float((counts / whole**2).sum()) / scale for counts, scale in terms) / 3


def _variance(x: Floats, s: Floats, whole: Floats, c: Floats, i: int, j: int) -> float:
    """Robins, Breslow and Greenland's variance of a log odds ratio."""
    for_it, against = x[:, i] * s[:, j], x[:, j] * s[:, i]
    agree, differ = (x[:, i] + s[:, j]) / whole**2, (x[:, j] + s[:, i]) / whole**2
    r, q = c[i, j], c[j, i]
    parts = (
        (for_it * agree).sum() / r**2,
        (for_it * differ + against * agree).sum() / (r * q),
        (against * differ).sum() / q**2,
    )
    return float(sum(parts)) / 2
