"""Trials of a network as patients by arm and replicate, their counts by interval, and Rubin's rules for vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.multivariate import TrialEffects
from resurvey.errors import InputError
from resurvey.survival.risksets import PADDING
from resurvey.survival.stack import PatientStack, patient_stack

Floats = NDArray[np.float64]
COLUMNS = ("study", "treatment", "time", "event")


@dataclass(frozen=True)
class Trial:
    """One trial: its treatments, and the patients of each, all with the same number of replicates.

    Attributes
    ----------
    name : str
    treatments : tuple of str
        In alphabetical order.
    arms : tuple of PatientStack
    """

    name: str
    treatments: tuple[str, ...]
    arms: tuple[PatientStack, ...]

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return self.arms[0].replicates

    @property
    def reach(self) -> float:
        """Time up to which the curves of all replicates and arms are defined; infinite if they all reach 0."""
        return float(min(arm.curves.reach.min() for arm in self.arms))

    @property
    def longest(self) -> float:
        """Longest follow-up of any arm."""
        return float(max(arm.time.max() for arm in self.arms))


def read_trials(patients: pd.DataFrame) -> tuple[Trial, ...]:
    """Read the trials from one table of patients.

    Parameters
    ----------
    patients : DataFrame
        study, treatment, time, event (1, 0), and replicate where patients were rebuilt several times. Replicates of
        the arms of a study are matched by their number.

    Raises
    ------
    InputError
        Lists every fault: missing columns, empty names, a study with one treatment, arms of a study with different
        numbers of replicates, and faults found by `patient_stack`.
    """
    missing = [name for name in COLUMNS if name not in patients.columns]
    if missing:
        raise InputError(f"patients lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    if patients.empty:
        raise InputError("patients is empty: a network needs at least one trial")
    faults = [
        f"row {row}: {name} is empty"
        for name in ("study", "treatment")
        for row in np.flatnonzero(_blank(patients[name]))
    ]
    trials = []
    if not faults:
        for study, own in patients.groupby("study", sort=True):
            trial, wrong = _trial(str(study), own)
            trials += [trial] if trial else []
            faults += wrong
    if faults:
        raise InputError("patients: " + "; ".join(faults))
    return tuple(trials)


def _blank(names: pd.Series) -> NDArray[np.bool_]:
    """Rows whose name is missing or blank; each distinct name is checked only once."""
    place, known = pd.factorize(names)
    empty = np.array([str(name).strip() == "" for name in known] + [True], dtype=bool)
    return np.asarray(empty[place])


def _trial(name: str, rows: pd.DataFrame) -> tuple[Trial | None, list[str]]:
    arms, faults = {}, []
    for treatment, own in rows.groupby("treatment", sort=True):
        try:
            arms[str(treatment)] = patient_stack(own, f"study {name!r}, {treatment}")
        except InputError as error:
            faults.append(str(error))
    if len(arms) + len(faults) < 2:
        faults.append(f"study {name!r} has one treatment, {', '.join(arms)}: a trial compares two or more")
    counts = {treatment: arm.replicates for treatment, arm in arms.items()}
    most = max(counts.values(), default=1)
    odd = [f"{treatment} has {count}" for treatment, count in counts.items() if count not in (1, most)]
    if odd:
        faults.append(f"study {name!r}: arms have different numbers of replicates: {', '.join(odd)}, not {most}")
    if faults:
        return None, faults
    stacks = tuple(arm.repeated(most) for arm in arms.values())
    return Trial(name, tuple(arms), stacks), []


def interval_edges(trials: Sequence[Trial], wanted: int) -> Floats:
    """Edges of intervals so short that event rates change little within them: equal steps and quantiles of event times.

    Parameters
    ----------
    trials : sequence of Trial
    wanted : int
        Number of equal steps up to the longest follow-up; at most as many further edges are event quantiles.
    """
    times = np.concatenate([arm.time[0][arm.event[0] > 0] for trial in trials for arm in trial.arms])
    longest = max(trial.longest for trial in trials)
    edges = np.union1d(np.linspace(0.0, longest, wanted + 1), np.quantile(times, np.linspace(0, 1, wanted + 1)[1:-1]))
    wide = np.diff(edges, prepend=-np.inf) > 1e-6 * longest
    return edges[wide]


def counts_in(arm: PatientStack, edges: Floats) -> tuple[Floats, Floats]:
    """Events and time at risk of each replicate in each interval (start, end]; shape (replicates, intervals)."""
    real = arm.time != PADDING
    cells = np.clip(np.searchsorted(edges, arm.time, side="left") - 1, 0, edges.size - 2)
    row = np.broadcast_to(np.arange(arm.replicates)[:, None], arm.time.shape)
    flat, size = row * (edges.size - 1) + cells, arm.replicates * (edges.size - 1)
    events: Floats = np.bincount(flat.ravel(), weights=arm.event.ravel(), minlength=size).astype(np.float64)
    last = np.where(real, arm.time - edges[cells], 0.0)
    partial = np.bincount(flat.ravel(), weights=last.ravel(), minlength=size).reshape(arm.replicates, -1)
    leaving = np.bincount(flat.ravel(), weights=real.ravel().astype(float), minlength=size).reshape(partial.shape)
    staying = leaving.sum(axis=1, keepdims=True) - np.cumsum(leaving, axis=1)
    return events.reshape(partial.shape), partial + staying * np.diff(edges)


def rubin_vector(estimates: Floats, covariances: Floats) -> tuple[Floats, Floats]:
    r"""Mean and total covariance of a vector over replicates by Rubin's rules, :math:`\bar W + (1 + 1/m) B`.

    Parameters
    ----------
    estimates : (m, p) ndarray
    covariances : (m, p, p) ndarray

    References
    ----------
    .. [1] Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley. Section 3.4.
    """
    m = len(estimates)
    centre = estimates.mean(axis=0)
    total = covariances.mean(axis=0)
    if m > 1:
        apart = estimates - centre
        total = total + (1 + 1 / m) * (apart.T @ apart) / (m - 1)
    return centre, total


def drawn_vector(estimates: Floats) -> Floats:
    """Covariance of the mean of a vector over replicates, B / m; 0 with one replicate.

    Parameters
    ----------
    estimates : (m, p) ndarray
    """
    m, size = estimates.shape
    if m < 2:
        return np.zeros((size, size))
    apart = estimates - estimates.mean(axis=0)
    made: Floats = apart.T @ apart / ((m - 1) * m)
    return made


def against_first(
    name: str, treatments: tuple[str, ...], arms: Floats, covariance: Floats, drawn: Floats, replicates: int
) -> TrialEffects:
    """Coefficients of arms, shape (arms, q), as contrasts against the first arm.

    Coefficients that are NaN in an arm, or in the first, give no information.
    """
    within, between = (_contrasts(arms, one) for one in (covariance, drawn))
    return TrialEffects(name, treatments, arms[1:] - arms[0], within, between, replicates)


def _contrasts(arms: Floats, covariance: Floats) -> Floats:
    """Covariance of contrasts against the first arm."""
    count, size = arms.shape
    known = np.isfinite(arms).ravel()
    filled = covariance if known.all() else np.where(np.outer(known, known), covariance, 0.0)
    cells = filled.reshape(count, size, count, size)
    less = cells[1:] - cells[:1]
    made: Floats = (less[:, :, 1:] - less[:, :, :1]).reshape((count - 1) * size, -1)
    return made
