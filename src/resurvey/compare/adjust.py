"""Weights that match the covariate moments of trial patients to a target population: MAIC, maximum ESS, hull test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.arrays import check_size
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
#: Times the largest value or spread of the patients that a target may lie away from their mean.
FARTHEST = 1e6
BALANCE = 1e-10  # largest residual, in standard deviations of the moment, that counts as exact balance


@dataclass(frozen=True)
class Weights:
    """Patient weights, and the balance and effective sample size that they achieve.

    Attributes
    ----------
    weights : (n,) ndarray
        One weight per patient, in the order given; their mean is 1.
    ess : float
        Effective sample size, (sum w)^2 / sum w^2.
    balance : DataFrame
        One row per moment: moment, before, after, target, difference (after - target), smd_before, smd_after
        (differences from the target divided by the standard deviation before weighting).
    coefficients : Series
        Coefficients of the log weights, on the scale of the moments; 0 for moments that are linear combinations of
        others. Empty for maximum-ESS weights.
    raw_weights : (n,) ndarray
        Unscaled weights exp(x'a), with x centred at the target, as in the method of moments.
    method : str
        "maic" or "max-ess".
    messages : tuple of str
    """

    weights: Floats
    ess: float
    balance: pd.DataFrame
    coefficients: pd.Series
    raw_weights: Floats
    method: str
    messages: tuple[str, ...] = field(default=())

    @property
    def n(self) -> int:
        """Number of patients."""
        return self.weights.size

    @property
    def summary(self) -> pd.DataFrame:
        """Summary of the distribution of the weights (mean 1): statistic, value."""
        w = self.weights
        rows = {
            "patients": self.n, "effective sample size": self.ess, "effective share": self.ess / self.n,
            "minimum": w.min(), "lower quartile": np.quantile(w, 0.25), "median": np.median(w),
            "upper quartile": np.quantile(w, 0.75), "maximum": w.max(), "share of the largest": w.max() / w.sum(),
            "weights below 1e-6": int(np.sum(w < 1e-6)),
            "share of the heaviest tenth": np.sort(w)[-max(1, self.n // 10) :].sum() / w.sum(),
        }  # fmt: skip
        return pd.DataFrame({"statistic": list(rows), "value": [float(v) for v in rows.values()]})


@dataclass(frozen=True)
class HullCheck:
    """Whether any weights can reach the target moments.

    Attributes
    ----------
    inside : bool
    conflicting : tuple of str
        A minimal set of moments that cannot be reached together (empty when inside).
    nearest : DataFrame
        moment, target, nearest: the reachable values with the smallest sum of distances in standard deviations.
    message : str
    """

    inside: bool
    conflicting: tuple[str, ...]
    nearest: pd.DataFrame
    message: str


def maic(patients: pd.DataFrame, targets: Mapping[str, float], *, minimum_ess: float = 0.0) -> Weights:
    r"""Compute matching-adjusted weights that balance the target means exactly, by Newton's method on the dual.

    The weights :math:`w_i \propto \exp(x_i'a)` minimise :math:`\log \sum_i \exp((x_i - \bar x_{target})'a)`; they
    are the balancing weights with the largest entropy. A second moment is a column of squares with target
    mean^2 + sd^2 (see `with_second_moments`). If a target equals the smallest or largest value among the patients (for
    example, a target proportion of 1), only patients with that value keep a weight above 0. If several moments
    together lie on the boundary of the convex hull, the weights of the other patients are 0 up to rounding error.

    Parameters
    ----------
    patients : DataFrame, shape (n, ...)
        Numeric columns, at least those named in `targets`.
    targets : mapping of str to float
        Mean of each column in the target population.
    minimum_ess : float, default 0
        Smallest effective sample size that is accepted.

    Returns
    -------
    Weights

    Raises
    ------
    InputError
        If a column is missing, not numeric or has empty cells, or a target is not finite.
    NotEstimable
        If no weights reach the targets (the message names the moments and the nearest reachable values), or if the
        effective sample size is below the minimum.

    References
    ----------
    .. [1] Signorovitch, J. E. et al. (2010). PharmacoEconomics 28, 935-945.
    .. [2] Phillippo, D. M. et al. (2016). NICE DSU Technical Support Document 18, Appendix D.
    """
    return _weigh(patients, targets, "maic", minimum_ess)


def max_ess_weights(patients: pd.DataFrame, targets: Mapping[str, float], *, minimum_ess: float = 0.0) -> Weights:
    """Compute the non-negative weights with exact balance and the largest ESS (smallest sum of squares).

    Parameters and exceptions are those of `maic`.

    References
    ----------
    .. [1] Glimm, E. and Yau, L. (2022). Pharmaceutical Statistics 21, 974-987.
    """
    return _weigh(patients, targets, "max-ess", minimum_ess)


def with_second_moments(
    patients: pd.DataFrame, means: Mapping[str, float], sds: Mapping[str, float]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Add a column of squares for each column of `sds`, and its target mean^2 + sd^2.

    Returns
    -------
    (DataFrame, dict)
        `patients` with the added columns "<name> squared", and all targets, for use with `maic`.

    Raises
    ------
    InputError
        If `sds` names a column without a target mean, or a standard deviation is not above 0.
    """
    lacking = [name for name in sds if name not in means]
    if lacking:
        raise InputError(f"sds names {', '.join(lacking)} without a mean: a second moment needs both")
    negative = [name for name, sd in sds.items() if not sd > 0]
    if negative:
        raise InputError(f"sds: the standard deviation of {negative[0]!r} must be above 0, found {sds[negative[0]]}")
    x, names, _ = _read(patients, {name: means[name] for name in sds})
    for name, sd in sds.items():
        check_size(f"sds: {name!r}", sd)
    squares = {f"{name} squared": x[:, place] ** 2 for place, name in enumerate(names)}
    return patients.assign(**squares), {**means, **{f"{k} squared": means[k] ** 2 + sd**2 for k, sd in sds.items()}}


def hull_check(patients: pd.DataFrame, targets: Mapping[str, float]) -> HullCheck:
    """Test by linear programming whether the targets lie in the convex hull of the patients' covariates.

    References
    ----------
    .. [1] Glimm, E. and Yau, L. (2022). Pharmaceutical Statistics 21, 974-987.
    """
    x, names, goal = _read(patients, targets)
    scale = _scale(x)
    centred = (x - goal) / scale
    slack, inside = _nearest(centred)
    nearest = pd.DataFrame({"moment": names, "target": goal, "nearest": goal + slack * scale})
    if inside:
        return HullCheck(True, (), nearest, "the targets lie in the convex hull of the patients")
    conflicting = _smallest_conflict(centred, names)
    return HullCheck(False, conflicting, nearest, _refusal(x, names, goal, conflicting, nearest))


def mahalanobis(patients: pd.DataFrame, targets: Mapping[str, float]) -> pd.Series:
    """Mahalanobis distance of the targets from the patients' means: d2, t2 (Hotelling), f, df1, df2, p.

    A small p indicates that the populations differ, not that matching fails; the distance measures how strongly the
    patients must be reweighted.

    Raises
    ------
    NotEstimable
        If a moment is a linear combination of the others.

    References
    ----------
    .. [1] Glimm, E. and Yau, L. (2022). Pharmaceutical Statistics 21, 974-987.
    """
    from scipy.special import fdtrc

    x, names, goal = _read(patients, targets)
    n, p = x.shape
    covariance = np.atleast_2d(np.cov(x, rowvar=False))
    if n <= p or np.linalg.matrix_rank(covariance, hermitian=True) < p:
        raise NotEstimable(f"the covariance of {', '.join(names)} is singular: drop a moment that the others imply")
    gap = x.mean(axis=0) - goal
    d2 = float(gap @ np.linalg.solve(covariance, gap))
    f = n * d2 * (n - p) / (p * (n - 1))
    return pd.Series({"d2": d2, "t2": n * d2, "f": f, "df1": p, "df2": n - p, "p": float(fdtrc(p, n - p, f))})


def effective_sample_size(weights: Floats) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights @ weights))


def entropy_solution(centred: Floats, base: Floats, start: Floats | None = None) -> tuple[Floats, Floats, bool]:
    """Maximum-entropy weights by Newton's method on the dual.

    Returns the coefficients, the weights (sum 1) and whether the balance is exact.

    Parameters
    ----------
    centred : (n, p) ndarray
        Moments minus their targets, each in standard deviations.
    base : (n,) ndarray
        Base weights before exponential tilting (1, or bootstrap counts).
    start : (p,) ndarray, optional
        Starting values of the coefficients.
    """
    if not base.all():
        there = base > 0
        a, inner, solved = entropy_solution(centred[there], base[there], start)
        w = np.zeros(base.size)
        w[there] = inner
        return a, w, solved
    a = np.zeros(centred.shape[1]) if start is None else start
    value, w = _dual(centred, base, a)
    best = np.inf
    # If the targets are reachable, the dual value is at least log min(base); a lower value proves that they are not.
    floor = float(np.log(base.min())) - 1e-6
    for _ in range(200):
        gradient = w @ centred
        residual = float(np.max(np.abs(gradient), initial=0.0))
        # Stop when quadratic convergence has reached rounding error.
        if residual < 1e-15 or (residual < 1e-12 and residual >= best) or value < floor:
            break
        best = min(best, residual)
        hessian = (centred * w[:, None]).T @ centred - np.outer(gradient, gradient)
        step = _solve(hessian, gradient)
        value, a, w, moved = _line_search(centred, base, a, step, gradient, value, w)
        if not moved:
            break
    return a, w, bool(np.max(np.abs(w @ centred), initial=0.0) < BALANCE and value >= floor)


def _dual(centred: Floats, base: Floats, a: Floats) -> tuple[float, Floats]:
    exponent = centred @ a
    top = exponent.max()
    w = base * np.exp(exponent - top)
    total = w.sum()
    return float(top + np.log(total)), w / total


def _solve(hessian: Floats, gradient: Floats) -> Floats:
    """Newton step; the minimum-norm solution where moments are (nearly) collinear."""
    try:
        step = np.linalg.solve(hessian, gradient)
    except np.linalg.LinAlgError:
        step = np.full_like(gradient, np.nan)
    if not np.all(np.isfinite(step)) or np.max(np.abs(step)) >= 1e6:
        try:
            step = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        except np.linalg.LinAlgError:  # no step: the targets are then refused as out of reach
            step = np.zeros_like(gradient)
    return np.asarray(step, dtype=np.float64)


def _line_search(
    centred: Floats, base: Floats, a: Floats, step: Floats, gradient: Floats, value: float, w: Floats
) -> tuple[float, Floats, Floats, bool]:
    slope = float(gradient @ step)
    size = 1.0
    for _ in range(50):
        trial = a - size * step
        new, weights = _dual(centred, base, trial)
        # Near the optimum the value is constant up to rounding; accept steps that leave it unchanged.
        if new <= value - 1e-4 * size * slope + 1e-14 * max(1.0, abs(value)):
            return new, trial, weights, True
        size /= 2
    return value, a, w, False


def _weigh(patients: pd.DataFrame, targets: Mapping[str, float], method: str, minimum_ess: float) -> Weights:
    x, names, goal = _read(patients, targets)
    kept, free, messages = _at_the_edge(x, names, goal)
    scale = _scale(x[kept])
    centred = ((x[kept] - goal) / scale)[:, free]
    solution = np.zeros(x.shape[1])
    if method == "maic":
        solution[free], inner, solved = entropy_solution(centred, np.ones(len(centred)))
    else:
        inner, solved = _least_squares_weights(centred)
    if not solved:
        check = hull_check(patients, targets)
        raise NotEstimable(check.message if not check.inside else _edge_message(names))
    weights = np.zeros(len(x))
    weights[kept] = inner * len(x)
    coefficients = solution / scale
    raw = np.where(kept, np.exp(np.minimum((x - goal) @ coefficients, 700.0)), 0.0) if method == "maic" else weights
    ess = effective_sample_size(weights)
    if ess < minimum_ess:
        raise NotEstimable(
            f"effective sample size {ess:.1f} of {len(x)} patients is below the limit of {minimum_ess:g}: the "
            "populations overlap too little on "
            + ", ".join(names)
            + "; match fewer moments or lower the limit knowingly"
        )
    if ess < 0.2 * len(x):
        messages.append(f"effective sample size {ess:.1f} is less than a fifth of {len(x)} patients: little overlap")
    return Weights(
        weights, ess, _balance(x, names, goal, weights),
        pd.Series(coefficients if method == "maic" else [], index=names if method == "maic" else [], dtype=float),
        raw, method, tuple(messages),
    )  # fmt: skip


def _read(patients: pd.DataFrame, targets: Mapping[str, float]) -> tuple[Floats, list[str], Floats]:
    if not isinstance(targets, Mapping):
        raise InputError(f"targets must map columns to means, found {type(targets).__name__}")
    names = list(targets)
    if not names:
        raise InputError("targets is empty: name at least one column and its mean in the target population")
    if not isinstance(patients, pd.DataFrame) or len(patients) == 0:
        raise InputError("patients must be a DataFrame with at least one row")
    twice = [name for name in names if (patients.columns == name).sum() > 1]
    if twice:
        raise InputError(
            f"patients has more than one column {', '.join(map(repr, twice))}: it is unclear which one targets "
            "means; rename or drop one"
        )
    missing = [name for name in names if name not in patients.columns]
    if missing:
        raise InputError(f"patients lacks the column {', '.join(map(str, missing))} that targets names")
    try:
        x = patients[names].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"patients: the columns {', '.join(names)} must be numbers; code categories as 0/1") from None
    empty = ~np.isfinite(x)
    if empty.any():
        column = int(np.flatnonzero(empty.any(axis=0))[0])
        raise InputError(
            f"patients: column {names[column]!r} has {int(empty[:, column].sum())} empty or infinite cells; "
            "complete them or leave these patients out, and say so"
        )
    try:
        goal = np.array([targets[name] for name in names], dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"targets must hold numbers, found {dict(targets)}") from None
    if not len(x):
        raise InputError("patients has no rows")
    if not np.all(np.isfinite(goal)):
        bad = int(np.flatnonzero(~np.isfinite(goal))[0])
        raise InputError(f"targets: {names[bad]!r} must be a finite mean, found {goal[bad]}")
    for place, name in enumerate(names):
        check_size(f"patients: column {name!r}", float(np.abs(x[:, place]).max(initial=0.0)))
        check_size(f"targets: {name!r}", float(goal[place]))
    _refuse_far(x, names, goal)
    return x, names, goal


def _refuse_far(x: Floats, names: list[str], goal: Floats) -> None:
    """Refuse a target so far from all patients that it is in another unit."""
    far = np.abs(goal - x.mean(axis=0)) > FARTHEST * (_scale(x) + np.abs(x).max(axis=0))
    if far.any():
        place = int(np.flatnonzero(far)[0])
        raise InputError(
            f"targets: {names[place]!r} is {goal[place]:g}, and the patients' own values run from "
            f"{x[:, place].min():g} to {x[:, place].max():g}: is it in another unit?"
        )


def _scale(x: Floats) -> Floats:
    spread = x.std(axis=0)
    return np.where(spread > 1e-12 * np.maximum(1.0, np.abs(x).max(axis=0)), spread, 1.0)


def _at_the_edge(x: Floats, names: list[str], goal: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[str]]:
    """Patients and moments that remain after matching the targets that equal a smallest or largest value."""
    kept, free = np.ones(len(x), dtype=bool), np.ones(len(names), dtype=bool)
    messages: list[str] = []
    changed = True
    while changed:
        changed = False
        for j in np.flatnonzero(free):
            low, high = x[kept, j].min(), x[kept, j].max()
            room = 1e-12 * max(1.0, abs(low), abs(high))
            if goal[j] < low - room or goal[j] > high + room:
                continue  # out of range: the hull test reports it
            if min(goal[j] - low, high - goal[j]) <= room:
                stay = np.abs(x[:, j] - goal[j]) <= room
                dropped = int(np.sum(kept & ~stay))
                kept, changed = kept & stay, True
                free[j] = False
                if dropped:
                    messages.append(
                        f"{names[j]}: the target {goal[j]:g} is an extreme value; {dropped} others get weight 0"
                    )
    return kept, free, messages


def _balance(x: Floats, names: list[str], goal: Floats, weights: Floats) -> pd.DataFrame:
    before, after = x.mean(axis=0), weights @ x / weights.sum()
    spread = _scale(x)
    return pd.DataFrame({
        "moment": names, "before": before, "after": after, "target": goal, "difference": after - goal,
        "smd_before": (before - goal) / spread, "smd_after": (after - goal) / spread,
    })  # fmt: skip


def _least_squares_weights(centred: Floats) -> tuple[Floats, bool]:
    """Non-negative balancing weights (sum 1) with the smallest sum of squares, by semismooth Newton on the dual."""
    n = len(centred)
    rows = np.vstack((np.ones(n), centred.T))
    goal = np.zeros(len(rows))
    goal[0] = 1.0
    dual = goal / n
    w = np.maximum(0.0, dual @ rows)
    for _ in range(500):
        gradient = goal - rows @ w
        if np.max(np.abs(gradient)) < 1e-14:
            break
        active = rows[:, w > 0]
        step = np.linalg.lstsq(active @ active.T, gradient, rcond=1e-13)[0]
        value, slope, size = goal @ dual - 0.5 * w @ w, float(gradient @ step), 1.0
        while size > 1e-12:
            trial = np.maximum(0.0, (dual + size * step) @ rows)
            if goal @ (dual + size * step) - 0.5 * trial @ trial >= value + 1e-4 * size * slope - 1e-16:
                break
            size /= 2
        if size <= 1e-12 or slope <= 0:
            break
        dual, w = dual + size * step, trial
    total = w.sum()
    if total <= 0:
        return w, False
    w = w / total
    return w, bool(np.max(np.abs(w @ centred), initial=0.0) < BALANCE)


def _nearest(centred: Floats) -> tuple[Floats, bool]:
    """Shift of the target, in standard deviations, to the nearest reachable point (L1 norm), by linear programming."""
    from scipy.optimize import linprog

    n, p = centred.shape
    equality = np.block([[centred.T, -np.eye(p), np.eye(p)], [np.ones((1, n)), np.zeros((1, 2 * p))]])
    cost = np.concatenate((np.zeros(n), np.ones(2 * p)))
    result = linprog(cost, A_eq=equality, b_eq=np.concatenate((np.zeros(p), [1.0])), bounds=(0, None), method="highs")
    if result.x is None:
        raise InputError("patients: no weights can be found for the targets; is a covariate in another unit?")
    slack = result.x[n : n + p] - result.x[n + p :]
    return slack, bool(np.abs(slack).sum() < 1e-9)


def _smallest_conflict(centred: Floats, names: list[str]) -> tuple[str, ...]:
    """Minimal conflicting moments: drop each moment in turn if the others still cannot be reached without it."""
    kept = list(range(len(names)))
    for j in list(kept):
        rest = [i for i in kept if i != j]
        if rest and not _nearest(centred[:, rest])[1]:
            kept = rest
    return tuple(names[i] for i in kept)


def _refusal(x: Floats, names: list[str], goal: Floats, conflicting: tuple[str, ...], nearest: pd.DataFrame) -> str:
    parts = []
    for name in conflicting:
        j = names.index(name)
        parts.append(f"{name} (target {goal[j]:g}; patients {x[:, j].min():g} to {x[:, j].max():g})")
    moved = nearest[np.abs(nearest["nearest"] - nearest["target"]) > 1e-9]
    reach = ", ".join(f"{m} = {v:.4g}" for m, v in zip(moved["moment"], moved["nearest"], strict=True))
    together = " together" if len(conflicting) > 1 else ""
    return (
        f"no weights can match {' and '.join(parts)}{together}: the target lies outside the convex hull of the "
        f"patients. Nearest that can be reached: {reach}. Drop or coarsen the moment, or do not compare"
    )


def _edge_message(names: list[str]) -> str:
    return (
        f"the targets of {', '.join(names)} lie so near the edge of the patients' convex hull that the search does not "
        "reach exact balance: leave out the patients who cannot have weight, or match fewer moments"
    )
