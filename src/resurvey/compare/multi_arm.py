r"""Multi-arm studies that report ratios versus one arm only, and arms that count as one treatment.

Two log ratios versus the same control share its patients: :math:`\mathrm{cov}(y_i, y_j) = v_c`, the variance of the
control arm's log hazard. Given this variance, every pair of arms has an estimate and a standard error, and the study
enters a network like one that reports all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import isfinite, sqrt
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.errors import InconsistentReport, InputError, NotEstimable

Floats = NDArray[np.float64]
CONTRASTS = ("study", "treatment", "comparator", "estimate", "se")
#: Sources of the variance of the control arm, in order of preference.
Method = Literal["pairs", "events", "patients", "control_se", "correlation"]
METHODS: tuple[Method, ...] = get_args(Method)
WORDS = {
    "pairs": "a printed ratio between two other arms",
    "events": "the events of each arm",
    "patients": "the patients of each arm",
    "control_se": "a given standard error of the control arm's log hazard",
    "correlation": "an assumed correlation",
}
CORRELATION = 0.5


@dataclass(frozen=True)
class Completed:
    """Result of `complete`.

    Attributes
    ----------
    contrasts : DataFrame
        study, treatment, comparator (nodes), estimate, se; one row per pair of nodes and study.
    covariances : DataFrame
        One row per completed study: study, control, method (of `METHODS`), control_variance, lowest_correlation,
        highest_correlation, and `others`, the other methods that could be used, separated by spaces.
    messages : tuple of str
        Assumptions made and arms merged.
    """

    contrasts: pd.DataFrame
    covariances: pd.DataFrame
    messages: tuple[str, ...]


@dataclass(frozen=True)
class _Star:
    """A study's log ratios versus its control, their covariance, and the method that gave the covariance."""

    study: str
    control: str
    arms: tuple[str, ...]
    estimate: Floats
    covariance: Floats
    method: str = ""
    others: tuple[str, ...] = ()


def complete(
    contrasts: pd.DataFrame,
    arms: pd.DataFrame | None = None,
    *,
    nodes: Mapping[tuple[str, str], str] | None = None,
    method: Mapping[str, str] | None = None,
    correlation: float | Mapping[str, float] = CORRELATION,
) -> Completed:
    """Complete every study to all its pairs of arms, and merge arms that count as one treatment.

    Parameters
    ----------
    contrasts : DataFrame
        study, treatment, comparator (names of arms within the study), estimate, se (log scale).
    arms : DataFrame, optional
        study, arm and, where known, events, patients, se (standard error of the arm's log hazard).
    nodes : mapping of (study, arm) to str, optional
        Treatment that an arm counts as; an arm that is not listed counts as itself. Arms of a study with the same node
        are merged, weighted by their events if all are known, otherwise by their precision.
    method : mapping of study to str, optional
        One of `METHODS`, for studies that should not use the first available method.
    correlation : float or mapping of study to float, default 0.5
        Assumed correlation of two log ratios versus the control, used if no other method is available.

    Returns
    -------
    Completed

    Raises
    ------
    InputError
        If a column is missing, a method is unknown or cannot be used with the data, or a correlation is not at least 0
        and below 1.
    NotEstimable
        If a study of three or more arms has no arm that all others are compared with, or all its arms have one node.
    InconsistentReport
        If the method gives no positive definite covariance.

    References
    ----------
    .. [1] Woods, B. S., Hawkins, N. and Scott, D. A. (2010). BMC Medical Research Methodology 10, 54.
    .. [2] Franchini, A. J. et al. (2012). Research Synthesis Methods 3, 142-160 (correlation in multi-arm trials).
    """
    missing = [name for name in CONTRASTS if name not in contrasts]
    if missing:
        raise InputError(f"contrasts lacks {', '.join(missing)}; it needs {', '.join(CONTRASTS)}")
    known = _known_arms(arms)
    rows: list[dict[str, object]] = []
    told: list[dict[str, object]] = []
    messages: list[str] = []
    for study, own in contrasts.groupby("study", sort=False):
        name = str(study)
        names = {arm: (nodes or {}).get((name, arm), arm) for arm in {*own["treatment"], *own["comparator"]}}
        plain = len(own) == len(names) * (len(names) - 1) / 2 and len(set(names.values())) == len(names)
        if plain or _faulty(own):
            rows += [
                {**line, "treatment": names[line["treatment"]], "comparator": names[line["comparator"]]}
                for line in own[list(CONTRASTS)].to_dict("records")
            ]
            continue
        wanted = (method or {}).get(name, "")
        assumed = correlation if isinstance(correlation, int | float) else correlation.get(name, CORRELATION)
        star = _solved(_star(name, own), own, known.get(name, {}), wanted, float(assumed))
        rows += _pairs(star, names, known.get(name, {}))
        if len(star.arms) > 1:
            told.append(_told(star))
        messages += _said(star, names)
    return Completed(
        contrasts=pd.DataFrame(rows, columns=list(CONTRASTS)),
        covariances=pd.DataFrame(
            told,
            columns=[
                *("study", "control", "method", "control_variance"),
                *("lowest_correlation", "highest_correlation", "others"),
            ],
        ),
        messages=tuple(messages),
    )


def _faulty(own: pd.DataFrame) -> bool:
    """Whether rows of a study are invalid; they are passed on unchanged, and `network` reports the fault."""
    pairs = [frozenset(pair) for pair in zip(own["treatment"], own["comparator"], strict=True)]
    numbers = own[["estimate", "se"]].to_numpy(dtype=float)
    return (
        len(set(pairs)) < len(pairs)
        or any(len(pair) < 2 for pair in pairs)
        or not np.all(np.isfinite(numbers))
        or bool(np.any(numbers[:, 1] <= 0))
    )


def _known_arms(arms: pd.DataFrame | None) -> dict[str, dict[str, dict[str, float]]]:
    """Known events, patients and se of each arm, by study and arm."""
    if arms is None:
        return {}
    missing = [name for name in ("study", "arm") if name not in arms]
    if missing:
        raise InputError(f"arms lacks {', '.join(missing)}")
    found: dict[str, dict[str, dict[str, float]]] = {}
    for line in arms.to_dict("records"):
        numbers = {name: float(line[name]) for name in ("events", "patients", "se") if _positive(line.get(name))}
        found.setdefault(str(line["study"]), {})[str(line["arm"])] = numbers
    return found


def _positive(value: object) -> bool:
    return isinstance(value, int | float | np.number) and isfinite(float(value)) and float(value) > 0


def _star(study: str, own: pd.DataFrame) -> _Star:
    """The control and the ratios versus it; of several possible controls, the one that is most often the comparator."""
    arms = list(dict.fromkeys([*own["comparator"], *own["treatment"]]))
    partners = {
        arm: {*own.loc[own["treatment"] == arm, "comparator"], *own.loc[own["comparator"] == arm, "treatment"]}
        for arm in arms
    }
    centres = [arm for arm in arms if partners[arm] == set(arms) - {arm}]
    if not centres:
        pairs = ", ".join(f"{a} - {b}" for a, b in zip(own["treatment"], own["comparator"], strict=True))
        raise NotEstimable(
            f"study {study!r} prints {pairs}: none of its {len(arms)} arms is compared with all others, so the "
            "correlation of its ratios is unknown; give the ratios against one arm"
        )
    control = max(centres, key=lambda arm: (own["comparator"] == arm).sum())
    others = tuple(arm for arm in arms if arm != control)
    estimate, variance = np.zeros(len(others)), np.zeros(len(others))
    for line in own.itertuples():
        if control not in (line.treatment, line.comparator):
            continue
        sign = 1.0 if line.comparator == control else -1.0
        place = others.index(line.treatment if sign > 0 else line.comparator)
        estimate[place], variance[place] = sign * line.estimate, line.se**2
    return _Star(study, control, others, estimate, np.diag(variance))


def _solved(
    star: _Star, own: pd.DataFrame, known: Mapping[str, Mapping[str, float]], wanted: str, correlation: float
) -> _Star:
    """The star with its covariance, by the requested method or the first one available."""
    if len(star.arms) == 1:
        return star
    if not 0 <= correlation < 1:
        raise InputError(f"correlation must be within 0 and below 1, found {correlation}")
    if wanted and wanted not in METHODS:
        raise InputError(f"study {star.study!r}: method {wanted!r} is unknown; choose one of {', '.join(METHODS)}")
    variances = np.diag(star.covariance)
    makers: dict[str, Callable[[], float | None]] = {
        "pairs": lambda: _from_pairs(star, own),
        "events": lambda: _from_sizes(star, known, "events"),
        "patients": lambda: _from_sizes(star, known, "patients"),
        "control_se": lambda: known.get(star.control, {}).get("se", 0.0) ** 2 or None,
    }
    found: dict[str, Floats] = {}
    for name, make in makers.items():
        shared = make()
        if shared is not None and 0 < shared < variances.min():
            found[name] = np.where(np.eye(variances.size, dtype=bool), star.covariance, shared)
    errors = np.sqrt(variances)
    found["correlation"] = np.where(
        np.eye(variances.size, dtype=bool), star.covariance, correlation * np.outer(errors, errors)
    )
    if wanted and wanted not in found:
        raise InputError(
            f"study {star.study!r}: its covariance cannot come from {WORDS[wanted]}: that is not known of its arms, or "
            "leaves an arm no variance"
        )
    chosen: str = wanted or next(iter(found))
    if np.linalg.eigvalsh(found[chosen])[0] <= 0:
        raise InconsistentReport(f"study {star.study!r}: {WORDS[chosen]} gives no possible covariance of its ratios")
    rest = tuple(name for name in found if name != chosen)
    return _Star(star.study, star.control, star.arms, star.estimate, found[chosen], chosen, rest)


def _from_pairs(star: _Star, own: pd.DataFrame) -> float | None:
    """Variance of the control: mean of (V_i + V_j - V_ij) / 2 over the printed pairs of other arms."""
    variances = dict(zip(star.arms, np.diag(star.covariance), strict=True))
    found = [
        (variances[line.treatment] + variances[line.comparator] - line.se**2) / 2
        for line in own.itertuples()
        if line.treatment in variances and line.comparator in variances
    ]
    return float(np.mean(found)) if found else None


def _from_sizes(star: _Star, known: Mapping[str, Mapping[str, float]], what: str) -> float | None:
    """Variance 1 / d_c of the control, scaled by the ratio of the printed variances to 1 / d_i + 1 / d_c.

    The ratio differs from 1 in stratified models, for example."""
    sizes = [known.get(arm, {}).get(what) for arm in (star.control, *star.arms)]
    if any(size is None for size in sizes):
        return None
    control, *others = (1 / float(size) for size in sizes if size is not None)
    scale = np.trace(star.covariance) / (sum(others) + len(others) * control)
    return float(control * scale)


def _pairs(star: _Star, names: Mapping[str, str], known: Mapping[str, Mapping[str, float]]) -> list[dict[str, object]]:
    """Every pair of nodes of the study; arms with the same node are merged."""
    arms = (star.control, *star.arms)
    level = np.concatenate(([0.0], star.estimate))
    spread = np.zeros((len(arms), len(arms)))
    spread[1:, 1:] = star.covariance
    nodes = list(dict.fromkeys(names[arm] for arm in arms))
    if len(nodes) < 2:
        raise NotEstimable(f"study {star.study!r}: all its arms count as {nodes[0]!r}; it compares nothing")
    share = np.zeros((len(nodes), len(arms)))
    for row, node in enumerate(nodes):
        members = [place for place, arm in enumerate(arms) if names[arm] == node]
        share[row, members] = _weights(star, members, known)
    means, covariance = share @ level, share @ spread @ share.T
    rows: list[dict[str, object]] = []
    for i, j in combinations(range(len(nodes)), 2):
        variance = covariance[i, i] + covariance[j, j] - 2 * covariance[i, j]
        pair = {"treatment": nodes[j], "comparator": nodes[i]}
        rows.append({"study": star.study, **pair, "estimate": means[j] - means[i], "se": sqrt(variance)})
    return rows


def _weights(star: _Star, members: list[int], known: Mapping[str, Mapping[str, float]]) -> Floats:
    """Weights of merged arms: by events if all are known, otherwise by precision."""
    if len(members) == 1:
        return np.ones(1)
    arms = (star.control, *star.arms)
    events = [known.get(arms[place], {}).get("events") for place in members]
    if all(count is not None for count in events):
        counts = np.array([float(count or 0.0) for count in events])
        return counts / counts.sum()
    shared = float(np.mean(star.covariance[~np.eye(len(star.arms), dtype=bool)])) if len(star.arms) > 1 else 0.0
    own = np.array([shared if place == 0 else star.covariance[place - 1, place - 1] - shared for place in members])
    precision = 1 / np.maximum(own, 1e-12)
    return precision / precision.sum()


def _told(star: _Star) -> dict[str, object]:
    errors = np.sqrt(np.diag(star.covariance))
    off = ~np.eye(errors.size, dtype=bool)
    correlations = (star.covariance / np.outer(errors, errors))[off]
    return {
        "study": star.study,
        "control": star.control,
        "method": star.method,
        "control_variance": float(star.covariance[off].mean()),
        "lowest_correlation": float(correlations.min()),
        "highest_correlation": float(correlations.max()),
        "others": " ".join(star.others),
    }


def _said(star: _Star, names: Mapping[str, str]) -> Iterable[str]:
    if star.method:
        told = _told(star)
        yield (
            f"study {star.study!r}: the correlation of its ratios against {star.control} "
            f"({told['lowest_correlation']:.2f}) is from {WORDS[star.method]}"
        )
    merged: dict[str, list[str]] = {}
    for arm in (star.control, *star.arms):
        merged.setdefault(names[arm], []).append(arm)
    for node, arms in merged.items():
        if len(arms) > 1:
            yield f"study {star.study!r}: {' and '.join(arms)} count as {node}"
