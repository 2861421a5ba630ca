r"""Network meta-analysis of several coefficients jointly, with their covariance within and between arms of a trial.

Contrasts versus each trial's first arm are stacked, :math:`y_j = X_j d + \delta_j + e_j`, with covariance :math:`V_j`
within the trial and, for a coefficient c that varies between trials, :math:`\tau_c^2 (I + J) / 2` between trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resurvey.arrays import LARGEST, check_size, unmasked
from resurvey.compare.estimates import chi_square_p
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
#: Which coefficients vary between trials: none, the first (the level), or each with its own variance.
Between = Literal["none", "level", "each"]
#: A coefficient is not estimable if more than this share of it lies outside the space spanned by the contrasts.
OUTSIDE = 1e-6


@dataclass(frozen=True)
class TrialEffects:
    """Coefficients of the treatments of one trial.

    Attributes
    ----------
    name : str
    treatments : tuple of str
        The arms; the first one serves as the control.
    effects : (arms - 1, q) ndarray
        Coefficients of each other arm minus those of the first; NaN for coefficients that the trial does not estimate.
    covariance : ((arms - 1) q, (arms - 1) q) ndarray
        Covariance of the effects, ordered by arm; rows and columns of effects that are NaN are ignored.
    drawn : ndarray, optional
        Their covariance over other draws of as many replicates, of the same shape; by default none, observed patients.
    replicates : int
        Number of replicates.
    """

    name: str
    treatments: tuple[str, ...]
    effects: Floats
    covariance: Floats
    drawn: Floats | None = None
    replicates: int = 1


@dataclass(frozen=True)
class MultivariateNetwork:
    """Coefficients of every treatment versus the reference.

    Attributes
    ----------
    treatments : tuple of str
        The reference first, then the others by name.
    estimate : (treatments - 1, q) ndarray
        NaN for coefficients that the trials do not determine.
    covariance : ((treatments - 1) q, (treatments - 1) q) ndarray
    tau2 : (q,) ndarray
        Between-trial variance of each coefficient; 0 if the model has none.
    q, df, p : float
        Q, the weighted squared distance of the contrasts from the consistency model without between-trial variance; its
        degrees of freedom and p.
    rank : int
        Number of coefficients that the trials determine.
    between : str
    trials : tuple of str
    drawn : ((treatments - 1) q, (treatments - 1) q) ndarray
        Covariance of the coefficients over other draws of as many replicates, at the same variances; 0 where all
        patients are observed.
    replicates : int
        Number of replicates of the trial that has the fewest, of those that have several; 1 if none has.
    """

    treatments: tuple[str, ...]
    estimate: Floats
    covariance: Floats
    tau2: Floats
    q: float
    df: int
    rank: int
    between: str
    trials: tuple[str, ...]
    drawn: Floats
    replicates: int

    @property
    def p(self) -> float:
        """p value of `q`."""
        return chi_square_p(self.q, self.df)

    @property
    def degrees(self) -> float | None:
        """Degrees of freedom of the intervals: those of Q if tau2 is above 0; otherwise None (normal intervals).

        The t distribution is a simple allowance for the estimation of the variance (Follmann and Proschan, Biometrics
        1999;55:732-737).
        """
        return float(self.df) if self.tau2.any() and self.df > 0 else None

    @cached_property
    def padded(self) -> tuple[Floats, Floats]:
        """Estimate, shape (treatments, q), and covariance, both with leading zeros for the reference."""
        return np.vstack((np.zeros((1, self.tau2.size)), self.estimate)), self._padded(self.covariance)

    @property
    def padded_drawn(self) -> Floats:
        """`drawn` with leading zeros for the reference."""
        return self._padded(self.drawn)

    def _padded(self, covariance: Floats) -> Floats:
        size = self.tau2.size
        whole = np.zeros((len(self.treatments) * size,) * 2)
        whole[size:, size:] = covariance
        return whole


def pieces_of(trials: Sequence[TrialEffects]) -> list[tuple[str, ...]]:
    """Treatments of each connected component, sorted by name; the largest component first."""
    names = sorted({name for trial in trials for name in trial.treatments})
    place = {name: i for i, name in enumerate(names)}
    ends = [(place[trial.treatments[0]], place[other]) for trial in trials for other in trial.treatments[1:]]
    rows, columns = (list(side) for side in zip(*ends, strict=True))
    links = coo_array((np.ones(len(ends)), (rows, columns)), shape=(len(names), len(names)))
    number, label = connected_components(links, directed=False)
    pieces = [tuple(name for name, own in zip(names, label, strict=True) if own == k) for k in range(number)]
    return sorted(pieces, key=lambda piece: (-len(piece), piece))


def multivariate_network(
    trials: Sequence[TrialEffects], reference: str, *, between: Between = "level"
) -> MultivariateNetwork:
    """Estimate the coefficients of all treatments versus a reference by generalised least squares.

    Parameters
    ----------
    trials : sequence of TrialEffects
        All with the same set of coefficients.
    reference : str
    between : {"level", "none", "each"}
        Which coefficients vary between trials: the first only, none (common effects), or each with its own variance.
        Variances are estimated by restricted maximum likelihood; 0 if there are no residual degrees of freedom.

    Raises
    ------
    InputError
        If the reference is not among the treatments, an option is unknown, or the shapes of a trial's arrays disagree.
    NotEstimable
        If the network is disconnected; the message names the components.

    References
    ----------
    .. [1] Jackson, D., Riley, R. and White, I. R. (2011). Statistics in Medicine 30, 2481-2498.
    .. [2] White, I. R. et al. (2012). Research Synthesis Methods 3, 111-125 (multivariate consistency model).
    """
    if between not in get_args(Between):
        raise InputError(f"between must be one of {', '.join(get_args(Between))}, found {between!r}")
    if not trials:
        raise InputError("trials is empty: a network needs at least one trial")
    size = _check(trials)
    pieces = pieces_of(trials)
    if not any(reference in piece for piece in pieces):
        raise InputError(
            f"reference {reference!r} is not a treatment: there are {', '.join(n for p in pieces for n in p)}"
        )
    if len(pieces) > 1:
        named = "; ".join(f"({i}) {', '.join(piece)}" for i, piece in enumerate(pieces, start=1))
        raise NotEstimable(
            f"the trials fall into {len(pieces)} pieces that no trial links: {named}. Treatments of different pieces "
            "cannot be compared by randomised evidence: analyse each piece alone, or bridge them (see `bridges`)"
        )
    names = (reference, *(name for name in pieces[0] if name != reference))
    stack = _stack(trials, names, size)
    free = stack.size - stack.rank
    tau2 = _tau2(stack, between, size) if free > 0 else np.zeros(size)
    beta, covariance, q = _solve(stack, tau2)
    if tau2.any():
        q = _solve(stack, np.zeros(size))[2]
    both = np.outer(stack.known, stack.known)
    drawn = np.where(both, _drawn(stack, tau2, covariance), 0.0)
    covariance = np.where(both, covariance, 0.0)
    estimate = np.where(stack.known, beta, np.nan).reshape(-1, size)
    studies = tuple(trial.name for trial in trials)
    fewest = min((trial.replicates for trial in trials if trial.replicates > 1), default=1)
    return MultivariateNetwork(names, estimate, covariance, tau2, q, free, stack.rank, between, studies, drawn, fewest)


def _check(trials: Sequence[TrialEffects]) -> int:
    """Validate the trials and return the number of coefficients."""
    size = trials[0].effects.shape[1]
    for trial in trials:
        wanted = (len(trial.treatments) - 1, size)
        if trial.effects.shape != wanted or trial.covariance.shape != (wanted[0] * size,) * 2:
            raise InputError(
                f"trial {trial.name!r}: {len(trial.treatments)} arms and {size} coefficients need effects {wanted} and "
                f"a covariance of side {wanted[0] * size}, found {trial.effects.shape}, {trial.covariance.shape}"
            )
        _refuse_unsound(trial)
        if len(set(trial.treatments)) < len(trial.treatments):
            raise InputError(f"trial {trial.name!r} has a treatment in two arms: join these arms first")
    return size


def _refuse_unsound(trial: TrialEffects) -> None:
    """Refuse effects that are infinite, and a covariance of the known effects that is none."""
    for values in (trial.effects, trial.covariance):
        unmasked(values, f"trial {trial.name!r}")
    known = ~np.isnan(trial.effects).ravel()
    effects, covariance = trial.effects.ravel()[known], trial.covariance[np.ix_(known, known)]
    if not known.any():
        return
    check_size(f"trial {trial.name!r}: effect", float(np.abs(effects).max()))
    if not np.isfinite(covariance).all() or not np.allclose(covariance, covariance.T, rtol=1e-6):
        raise InputError(f"trial {trial.name!r}: the covariance of the known effects must be finite and symmetric")
    errors = np.sqrt(np.diag(covariance)) if (np.diag(covariance) > 0).all() else np.zeros(1)
    check_size(f"trial {trial.name!r}: se", float(errors.min()), least=1 / LARGEST)
    check_size(f"trial {trial.name!r}: se", float(errors.max()))
    correlation = covariance / np.outer(errors, errors)
    if np.linalg.eigvalsh(correlation).min() < 1e-14:
        raise InputError(f"trial {trial.name!r}: the covariance of its effects has correlations of 1 or beyond")


@dataclass(frozen=True)
class _Block:
    """Trials with the same number of contrasts, stacked along the first dimension of each array."""

    y: Floats
    x: Floats
    within: Floats
    patterns: Floats
    drawn: Floats


@dataclass(frozen=True)
class _Stack:
    """All contrasts, in blocks of trials; which coefficients they determine, the rank, and the number of contrasts."""

    blocks: tuple[_Block, ...]
    known: NDArray[np.bool_]
    rank: int
    size: int


def _stack(trials: Sequence[TrialEffects], names: Sequence[str], size: int) -> _Stack:
    place = {name: i for i, name in enumerate(names)}
    parts: dict[int, list[tuple[Floats, ...]]] = {}
    for trial in trials:
        told = np.isfinite(trial.effects.ravel())
        if told.any():
            x, patterns = _design(trial, place, size)
            cut = np.ix_(told, told)
            drawn = np.zeros(trial.covariance.shape) if trial.drawn is None else trial.drawn
            own = trial.effects.ravel()[told], x[told], trial.covariance[cut], patterns[:, cut[0], cut[1]], drawn[cut]
            parts.setdefault(int(told.sum()), []).append(own)
    blocks = tuple(_Block(*(np.stack(part) for part in zip(*rows, strict=True))) for _, rows in sorted(parts.items()))
    gram = np.sum([np.einsum("mkp,mkq->pq", block.x, block.x) for block in blocks], axis=0)
    values, vectors = np.linalg.eigh(gram)
    informed = vectors[:, values > 1e-9 * max(float(values.max(initial=0.0)), 1.0)]
    known = np.abs(np.eye(len(gram)) - informed @ informed.T).max(axis=0, initial=0.0) < OUTSIDE
    return _Stack(blocks, known, informed.shape[1], sum(block.y.size for block in blocks))


def _design(trial: TrialEffects, place: dict[str, int], size: int) -> tuple[Floats, Floats]:
    """Design rows of one trial, and the between-trial covariance pattern of its contrasts for each coefficient."""
    count, unit = trial.effects.shape[0], np.arange(size)
    x, patterns = np.zeros((count * size, size * len(place))), np.zeros((size, count * size, count * size))
    base = place[trial.treatments[0]] * size
    for arm, name in enumerate(trial.treatments[1:]):
        own = arm * size + unit
        x[own, place[name] * size + unit] = 1.0
        x[own, base + unit] = -1.0
        for other in range(count):
            patterns[unit, own, other * size + unit] = 1.0 if other == arm else 0.5
    return x[:, size:], patterns


def _terms(stack: _Stack, tau2: Floats) -> tuple[Floats, Floats, float, float]:
    """Information, right-hand side, weighted sum of squares and log determinant of the covariances."""
    size = stack.known.size
    information, right, squares, determinant = np.zeros((size, size)), np.zeros(size), 0.0, 0.0
    for block in stack.blocks:
        total = _total(block, tau2)
        weight = np.linalg.inv(total)
        weighted = weight @ block.x
        information += np.tensordot(block.x, weighted, axes=((0, 1), (0, 1)))
        right += np.tensordot(block.y, weighted, axes=((0, 1), (0, 1)))
        squares += float(np.einsum("mk,mkl,ml->", block.y, weight, block.y))
        determinant += float(np.linalg.slogdet(total)[1].sum())
    return information, right, squares, determinant


def _total(block: _Block, tau2: Floats) -> Floats:
    """Covariance of the contrasts of each trial, within and between trials."""
    return block.within + np.einsum("c,mckl->mkl", tau2, block.patterns) if tau2.any() else block.within


def _drawn(stack: _Stack, tau2: Floats, covariance: Floats) -> Floats:
    r"""Covariance of the coefficients over other draws.

    It is :math:`\sum_j A_j D_j A_j'`, with :math:`A_j = C X_j' V_j^{-1}` for trial j.
    """
    out = np.zeros_like(covariance)
    for block in stack.blocks:
        gain = np.einsum("pq,mkq,mkl->mpl", covariance, block.x, np.linalg.inv(_total(block, tau2)), optimize=True)
        out += np.einsum("mpk,mkl,mql->pq", gain, block.drawn, gain, optimize=True)
    return out


def _solve(stack: _Stack, tau2: Floats) -> tuple[Floats, Floats, float]:
    """Coefficients, covariance and weighted squared distance at given between-trial variances."""
    information, right, squares, _ = _terms(stack, tau2)
    covariance: Floats = np.linalg.pinv(information, hermitian=True).astype(np.float64)
    beta = covariance @ right
    return beta, covariance, max(squares - float(beta @ right), 0.0)


def _restricted(stack: _Stack, tau2: Floats) -> float:
    """Minus twice the restricted log likelihood, up to a constant."""
    information, right, squares, determinant = _terms(stack, tau2)
    values, vectors = np.linalg.eigh(information)
    values, vectors = values[-stack.rank :], vectors[:, -stack.rank :]
    fitted = float(((vectors.T @ right) ** 2 / values).sum())
    return determinant + float(np.log(values).sum()) + squares - fitted


def _tau2(stack: _Stack, between: str, size: int) -> Floats:
    """Between-trial variances by restricted maximum likelihood."""
    tau2 = np.zeros(size)
    if between == "none":
        return tau2
    scale = np.array([_typical(stack, c) for c in range(size)])
    grid = np.concatenate(([0.0], np.geomspace(1e-3, 1e2, 11)))
    for c in range(1 if between == "level" else size):
        tau2[c] = _one(stack, tau2, c, float(scale[c]), grid)
    return _together(stack, tau2, scale) if between == "each" and size > 1 else tau2


def _typical(stack: _Stack, c: int) -> float:
    """Median sampling variance of a coefficient; 1 where no trial informs it."""
    found = [
        np.diagonal(block.within, axis1=1, axis2=2)[np.diagonal(block.patterns[:, c], axis1=1, axis2=2) > 0]
        for block in stack.blocks
    ]
    joined = np.concatenate(found)
    return float(np.median(joined)) if joined.size else 1.0


def _one(stack: _Stack, tau2: Floats, c: int, scale: float, grid: Floats) -> float:
    """Between-trial variance of one coefficient, with the others held fixed."""
    from scipy.optimize import minimize_scalar

    def value(t: float) -> float:
        return _restricted(stack, np.where(np.arange(tau2.size) == c, t, tau2))

    heights = [value(t * scale) for t in grid]
    best = int(np.argmin(heights))
    low, high = grid[max(best - 1, 0)] * scale, grid[min(best + 1, grid.size - 1)] * scale
    found = minimize_scalar(value, bounds=(low, high), method="bounded", options={"xatol": 1e-10 * max(high, 1e-12)})
    return float(found.x) if found.fun < value(0.0) - 1e-9 else 0.0


def _together(stack: _Stack, start: Floats, scale: Floats) -> Floats:
    """All variances jointly, starting from their separate optima."""
    from scipy.optimize import minimize

    found = minimize(
        lambda root: _restricted(stack, root**2 * scale), np.sqrt(start / scale) + 0.1, method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 400 * start.size},
    )  # fmt: skip
    made = np.asarray(found.x**2 * scale, dtype=float)
    made = np.where(made < 1e-8 * scale, 0.0, made)
    return made if _restricted(stack, made) < _restricted(stack, start) else start
