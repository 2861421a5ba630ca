r"""First stage of a time-varying network: the coefficients of each arm, or of each contrast, with their covariance.

By arm, with all replicates at once: the log hazard, constant within short intervals, is linear in functions of time (a
Poisson likelihood of events given time at risk), or the log cumulative hazard is a spline (Royston and Parmar). By
contrast: Cox's partial likelihood with functions of time, which leaves the baseline free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from resurvey.compare.multivariate import TrialEffects
from resurvey.compare.timed_bases import Basis
from resurvey.compare.timed_trials import Trial, against_first, counts_in, drawn_vector, rubin_vector
from resurvey.errors import NotEstimable
from resurvey.survival.risksets import PADDING
from resurvey.survival.splines import spline_basis
from resurvey.survival.stack import PatientStack

Floats = NDArray[np.float64]
STEPS = 60
#: Newton's method has converged when a step changes the log likelihood by less than this.
ARRIVED = 1e-16
#: Smallest eigenvalue of the information, as a share of the largest, below which a likelihood has no maximum.
FLAT = 1e-9


@dataclass(frozen=True)
class FirstStage:
    """Estimates of the first stage, by trial.

    Attributes
    ----------
    effects : tuple of TrialEffects
        Effects of each trial, pooled over replicates by Rubin's rules.
    arms : dict of (trial, treatment) to (coefficients, covariance, drawn)
        Estimates by arm, where the model has them; `drawn` is their covariance over other draws of as many replicates.
    log_likelihood : float
        Log likelihood of all arms or trials at their own coefficients, mean over replicates.
    parameters : int
        Number of coefficients in that likelihood that the network does not replace, those of the baselines.
    partial : bool
        Whether it is a partial likelihood.
    """

    effects: tuple[TrialEffects, ...]
    arms: dict[tuple[str, str], tuple[Floats, Floats, Floats]]
    log_likelihood: float
    parameters: int
    partial: bool


def newton(
    value: Callable[[Floats], Floats], derivatives: Callable[[Floats], tuple[Floats, Floats]], start: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Maximise many concave functions at once by Newton steps, halved where a function does not increase.

    Parameters
    ----------
    value : callable
        theta, shape (m, q) -> log likelihoods, shape (m,); minus infinity where theta is not admissible.
    derivatives : callable
        theta -> gradients (m, q) and information (m, q, q).
    start : (m, q) ndarray

    Returns
    -------
    theta, information, arrived
    """
    theta, height = start.copy(), value(start)
    arrived = np.zeros(len(start), dtype=bool)
    for _ in range(STEPS):
        gradient, information = derivatives(theta)
        step = np.linalg.solve(information + 1e-12 * _sized(information), gradient[..., None])[..., 0]
        promised = np.einsum("mq,mq->m", gradient, step)
        arrived = promised < ARRIVED
        if arrived.all():
            break
        share = np.where(arrived, 0.0, 1.0)[:, None]
        for _ in range(40):
            tried = value(theta + share * step)
            worse = ~arrived & ~(tried >= height - 1e-12 * np.abs(height))
            if not worse.any():
                break
            share[worse] *= 0.5
        theta, height = theta + share * step, tried
    size = np.linalg.eigvalsh(information)
    return theta, information, arrived & (size[:, 0] > FLAT * np.maximum(size[:, -1], 1e-3))


def _sized(information: Floats) -> Floats:
    """The unit matrix scaled to each information matrix, to stabilise matrices that are numerically singular."""
    size = np.trace(information, axis1=1, axis2=2) / information.shape[1] + 1e-300
    return size[:, None, None] * np.eye(information.shape[1])


def poisson_arms(events: Floats, exposure: Floats, values: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Fit log hazards that are linear in given functions to counts in intervals.

    Parameters
    ----------
    events, exposure : (m, intervals) ndarray
    values : (intervals, q) ndarray
        Values of the functions at the midpoint of each interval.

    Returns
    -------
    coefficients (m, q), covariances (m, q, q), log likelihoods (m,), arrived (m,)
    """
    at = exposure > 0
    weight = np.sqrt(events.sum(axis=0) + 1e-6)[:, None]
    turn: Floats = np.linalg.qr(values * weight)[1]  # nearly orthogonal functions over the times with events
    base = np.linalg.solve(turn.T, values.T).T
    start = np.log(np.maximum(events.sum(axis=1), 0.5) / exposure.sum(axis=1))
    first = turn[:, 0] * start[:, None]
    told = events @ base

    def value(theta: Floats) -> Floats:
        eta = theta @ base.T
        with np.errstate(over="ignore"):
            expected = np.where(at, exposure * np.exp(np.minimum(eta, 700.0)), 0.0).sum(axis=1)
        return np.einsum("mq,mq->m", told, theta) - expected

    def derivatives(theta: Floats) -> tuple[Floats, Floats]:
        expected = np.where(at, exposure * np.exp(np.minimum(theta @ base.T, 700.0)), 0.0)
        information = np.einsum("mj,jp,jq->mpq", expected, base, base, optimize=True)
        return told - expected @ base, information

    theta, information, arrived = newton(value, derivatives, first)
    back = np.linalg.inv(turn)
    covariance = back @ np.linalg.inv(information + 1e-14 * _sized(information)) @ back.T
    return theta @ back.T, covariance, value(theta), arrived


def piecewise_arms(events: Floats, exposure: Floats, pieces: Floats) -> tuple[Floats, Floats, Floats]:
    """Log rates by period; NaN where an arm has no event in the period.

    Returns
    -------
    log rates (m, q), variances (m, q), log likelihoods (m,)
    """
    died, time = events @ pieces, exposure @ pieces
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(died > 0, np.log(died / time), np.nan)
        likelihood = np.where(died > 0, died * rate - died, 0.0).sum(axis=1)
        return rate, 1 / died, likelihood


def by_arm(trials: Sequence[Trial], basis: Basis, edges: Floats, counts: Sequence[tuple[Floats, Floats]]) -> FirstStage:
    """First stage of log hazards that are linear in the functions of a basis.

    Parameters
    ----------
    trials : sequence of Trial
    basis : Basis
    edges : ndarray
        Edges of the intervals.
    counts : sequence of (events, exposure)
        As returned by `counts_in`, ordered by trial and by arm within trials.

    Raises
    ------
    NotEstimable
        If a likelihood has no maximum; names the arms.
    """
    values = basis((edges[1:] + edges[:-1]) / 2)
    events, exposure = (np.concatenate([pair[side] for pair in counts]) for side in (0, 1))
    if basis.family == "piecewise":
        theta, variance, likelihood = piecewise_arms(events, exposure, values)
        covariance = np.where(np.isfinite(variance), variance, 0.0)[:, :, None] * np.eye(basis.size)
    else:
        theta, covariance, likelihood, arrived = poisson_arms(events, exposure, values)
        _refuse(trials, [len(pair[0]) for pair in counts], arrived, basis.label)
    sizes = np.cumsum([0, *(len(pair[0]) for pair in counts)])
    parts = [slice(a, b) for a, b in pairwise(sizes)]
    return _joined(trials, [(theta[p], covariance[p], likelihood[p]) for p in parts], basis.size)


def _refuse(trials: Sequence[Trial], sizes: Sequence[int], arrived: NDArray[np.bool_], label: str) -> None:
    ends = np.cumsum([0, *sizes])
    names = [f"{treatment} of {trial.name}" for trial in trials for treatment in trial.treatments]
    bad = [n for n, a, b in zip(names, ends[:-1], ends[1:], strict=True) if not arrived[a:b].all()]
    if bad:
        raise NotEstimable(
            f"{label}: the likelihood of {'; '.join(bad)} has no maximum (too few events over too short a time for so "
            "many coefficients): choose a simpler model or leave the trial out"
        )


def _joined(trials: Sequence[Trial], fits: Sequence[tuple[Floats, Floats, Floats]], size: int) -> FirstStage:
    """Join the arms of each trial and pool over replicates; a coefficient missing in one replicate is NaN."""
    effects, arms, total, place = [], {}, 0.0, 0
    for trial in trials:
        own = fits[place : place + len(trial.treatments)]
        place += len(trial.treatments)
        stack = np.concatenate([theta for theta, _, _ in own], axis=1)
        whole = np.zeros((len(stack), stack.shape[1], stack.shape[1]))
        for i, (_, covariance, _) in enumerate(own):
            whole[:, i * size : (i + 1) * size, i * size : (i + 1) * size] = covariance
        centre, pooled = rubin_vector(stack, whole)
        table, drawn = centre.reshape(-1, size), drawn_vector(stack)
        effects.append(against_first(trial.name, trial.treatments, table, pooled, drawn, len(stack)))
        for i, name in enumerate(trial.treatments):
            block = slice(i * size, (i + 1) * size)
            arms[trial.name, name] = (table[i], pooled[block, block], drawn[block, block])
        total += sum(float(likelihood.mean()) for _, _, likelihood in own)
    return FirstStage(tuple(effects), arms, total, size * len(trials), False)


def royston_parmar_arms(trials: Sequence[Trial], basis: Basis) -> FirstStage:
    """First stage of log cumulative hazards that are splines in log time with the same knots in all arms.

    Raises
    ------
    NotEstimable
        If a likelihood has no maximum; names the arms.
    """
    fits, arrived, sizes = [], [], []
    for trial in trials:
        for arm in trial.arms:
            theta, covariance, likelihood, came = _spline_arm(arm, basis)
            fits.append((theta, covariance, likelihood))
            arrived.append(came)
            sizes.append(len(theta))
    _refuse(trials, sizes, np.concatenate(arrived), basis.label)
    return _joined(trials, fits, basis.size)


def _spline_arm(arm: PatientStack, basis: Basis) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    real = (arm.time != PADDING) & (arm.time > 0)
    log_t = np.log(np.where(real, arm.time, 1.0))
    values, slopes = (part.reshape(*log_t.shape, -1) for part in spline_basis(log_t.ravel(), basis.knots))
    values, died = values - basis.centre, (arm.event > 0) & real

    def parts(theta: Floats) -> tuple[Floats, Floats]:
        return np.einsum("mnq,mq->mn", values, theta), np.einsum("mnq,mq->mn", slopes, theta)

    def value(theta: Floats) -> Floats:
        eta, slope = parts(theta)
        rising = np.all(~died | (slope > 0), axis=1)
        told = np.where(died, np.log(np.where(died & (slope > 0), slope, 1.0)) + eta - log_t, 0.0)
        lost = np.where(real, np.exp(np.minimum(eta, 700.0)), 0.0)
        return np.where(rising, (told - lost).sum(axis=1), -np.inf)

    def derivatives(theta: Floats) -> tuple[Floats, Floats]:
        eta, slope = parts(theta)
        share = np.where(died, 1.0, 0.0) / np.where(died, slope, 1.0)
        lost = np.where(real, np.exp(np.minimum(eta, 700.0)), 0.0)
        gradient = np.einsum("mn,mnq->mq", died - lost, values) + np.einsum("mn,mnq->mq", share, slopes)
        scaled, weighted = slopes * share[..., None], values * np.sqrt(lost)[..., None]
        turned, rooted = scaled.transpose(0, 2, 1), weighted.transpose(0, 2, 1)
        return gradient, turned @ scaled + rooted @ weighted

    start = np.zeros((arm.replicates, basis.size))
    start[:, 1] = 1.0
    level = np.where(real, np.exp(np.einsum("mnq,mq->mn", values, start)), 0.0).sum(axis=1)
    start[:, 0] = np.log(np.maximum(died.sum(axis=1), 0.5) / level)
    theta, information, arrived = newton(value, derivatives, start)
    covariance: Floats = np.linalg.inv(information + 1e-14 * _sized(information)).astype(np.float64)
    return theta, covariance, value(theta), arrived


def by_contrast(trials: Sequence[Trial], basis: Basis) -> FirstStage:
    """First stage by Cox's partial likelihood (Efron's ties) with interactions of treatment and functions of time.

    Raises
    ------
    NotEstimable
        If a partial likelihood has no maximum; names the trials.
    """
    effects, total, bad = [], 0.0, []
    for trial in trials:
        theta, covariance, likelihood, arrived = cox_trial(trial, basis)
        if not arrived.all():
            bad.append(trial.name)
            continue
        centre, pooled = rubin_vector(theta, covariance)
        table, drawn = centre.reshape(-1, basis.size), drawn_vector(theta)
        effects.append(TrialEffects(trial.name, trial.treatments, table, pooled, drawn, len(theta)))
        total += float(likelihood.mean())
    if bad:
        raise NotEstimable(
            f"{basis.label}: the partial likelihood of {', '.join(bad)} has no maximum: an arm has no event while "
            "others are at risk, or too few; choose a simpler model or leave the trial out"
        )
    return FirstStage(tuple(effects), {}, total, 0, True)


def cox_trial(trial: Trial, basis: Basis) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Log hazard ratios of all other arms against the first as functions of time, stacked by arm in one vector.

    References
    ----------
    .. [1] Cox, D. R. (1972). Journal of the Royal Statistical Society B 34, 187-220.
    .. [2] Efron, B. (1977). Journal of the American Statistical Association 72, 557-565.
    """
    fits: list[tuple[Floats, Floats, float, bool]] = []
    start = np.zeros((len(trial.arms) - 1) * basis.size)
    for r in range(trial.replicates):
        fits.append(_cox_replicate(trial, basis, r, start))
        start = fits[-1][0] if fits[-1][3] else start  # replicates of one trial are similar
    theta, covariance, likelihood, arrived = (np.array(part) for part in zip(*fits, strict=True))
    return theta, covariance, likelihood, arrived


def _cox_replicate(trial: Trial, basis: Basis, r: int, start_at: Floats) -> tuple[Floats, Floats, float, bool]:
    times = [arm.time[r][arm.time[r] != PADDING] for arm in trial.arms]
    died = [arm.time[r][(arm.event[r] > 0)] for arm in trial.arms]
    every = np.sort(np.concatenate(died))
    at, start, ties = np.unique(every, return_index=True, return_counts=True)
    risk = np.stack([t.size - np.searchsorted(np.sort(t), at, side="left") for t in times], axis=1).astype(float)
    ends = [np.sort(d) for d in died]
    deaths = np.stack([np.searchsorted(d, at, "right") - np.searchsorted(d, at, "left") for d in ends], 1).astype(float)
    row = np.repeat(np.arange(at.size), ties)
    part = (np.arange(every.size) - start[row]) / ties[row]
    denominators = risk[row] - part[:, None] * deaths[row]
    values = basis(np.maximum(at, 1e-12 * max(float(at[-1]), 1e-300)))
    arms, size = len(times) - 1, basis.size
    told = (deaths[:, 1:].T @ values).ravel()

    def shares(theta: Floats) -> tuple[Floats, Floats]:
        ratio = np.exp(np.clip(values @ theta.reshape(arms, size).T, -300.0, 300.0))
        weight = denominators[:, 1:] * ratio[row]
        total = denominators[:, 0] + weight.sum(axis=1)
        return weight / total[:, None], total

    def value(theta: Floats) -> Floats:
        return np.array([told @ one - np.log(shares(one)[1]).sum() for one in theta])

    def derivatives(theta: Floats) -> tuple[Floats, Floats]:
        share, _ = shares(theta[0])
        each = values[row]
        spread = (share[:, :, None] * each[:, None, :]).reshape(row.size, -1)
        information = -(spread.T @ spread)
        for k in range(arms):
            block = slice(k * size, (k + 1) * size)
            information[block, block] += (share[:, k, None] * each).T @ each
        return (told - spread.sum(axis=0))[None], information[None]

    theta, information, arrived = newton(value, derivatives, start_at[None])
    covariance = np.linalg.inv(information[0] + 1e-14 * _sized(information)[0])
    return theta[0], covariance, float(value(theta)[0]), bool(arrived[0])


def arm_counts(trials: Sequence[Trial], edges: Floats) -> list[tuple[Floats, Floats]]:
    """Events and exposure of every arm, ordered by trial."""
    return [counts_in(arm, edges) for trial in trials for arm in trial.arms]
