"""Checked contrasts of a network: studies are graph Laplacians, so that multi-arm trials need no special case.

A study with arms i, j, ... and pairwise variances V_ij enters the network as a small weighted graph, whose weights
are those with effective resistances V_ij (Rücker 2012; Rücker and Schwarzer 2014). For two arms the weight is 1 / V;
for more arms the weights are reduced for the correlation within the study.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resurvey.arrays import check_errors
from resurvey.errors import InconsistentReport, InputError

Floats = NDArray[np.float64]
COLUMNS = ("study", "treatment", "comparator", "estimate", "se")


@dataclass(frozen=True)
class Study:
    """One study: the positions of its arms in the list of treatments, and its pairwise effects and variances.

    Attributes
    ----------
    name : str
    arms : (m,) ndarray of int
        Positions of its treatments in the list, in increasing order.
    effects : (m, m) ndarray
        Antisymmetric: row arm against column arm.
    variances : (m, m) ndarray
        Symmetric, 0 on the diagonal.
    """

    name: str
    arms: NDArray[np.intp]
    effects: Floats
    variances: Floats

    def laplacian(self, tau2: float = 0.0) -> Floats:
        """Weighted Laplacian, shape (m, m), of the pairwise variances plus `tau2`."""
        m = self.arms.size
        variances = self.variances + tau2 * (1 - np.eye(m))
        if m == 2:
            weight = 1 / variances[0, 1]
            return np.array([[weight, -weight], [-weight, weight]])
        return centred_inverse(_arm_covariance(variances))


class Pairs(NamedTuple):
    """Studies of two arms, as arrays of shape (k,): positions of the arms, effect of first against second, variance."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    effect: Floats
    variance: Floats


@dataclass(frozen=True)
class Evidence:
    """Checked contrasts of one connected network.

    Attributes
    ----------
    treatments : tuple of str
        In alphabetical order.
    studies : tuple of Study
    table : DataFrame
        The contrasts of this network as given (study, treatment, comparator, estimate, se).
    """

    treatments: tuple[str, ...]
    studies: tuple[Study, ...]
    table: pd.DataFrame

    @cached_property
    def pairs(self) -> Pairs:
        """The studies of two arms, as arrays."""
        two = [study for study in self.studies if study.arms.size == 2]
        first, second = np.array([study.arms for study in two], dtype=np.intp).reshape(-1, 2).T
        effect, variance = np.array([(s.effects[0, 1], s.variances[0, 1]) for s in two]).reshape(-1, 2).T
        return Pairs(first, second, effect, variance)

    @cached_property
    def several(self) -> tuple[Study, ...]:
        """The studies of more than two arms."""
        return tuple(study for study in self.studies if study.arms.size > 2)

    def without(self, study: str) -> Evidence | None:
        """The same network without one study; None where it would lose a treatment or become disconnected."""
        left = tuple(one for one in self.studies if one.name != study)
        ends = [(one.arms[0], arm) for one in left for arm in one.arms[1:]]
        n = len(self.treatments)
        if not ends:
            return None
        links = coo_array((np.ones(len(ends)), np.array(ends).T), shape=(n, n))
        whole = connected_components(links, directed=False)[0] == 1
        return Evidence(self.treatments, left, self.table[self.table["study"] != study]) if whole else None

    @property
    def degrees(self) -> int:
        """Independent contrasts minus parameters: the degrees of freedom of Q."""
        return sum(s.arms.size - 1 for s in self.studies) - (len(self.treatments) - 1)


def read_contrasts(contrasts: pd.DataFrame, *, loop_tolerance: float = 0.05) -> tuple[list[Evidence], list[str]]:
    """Check a table of contrasts and split it into connected networks, largest first.

    Parameters
    ----------
    contrasts : DataFrame
        study, treatment, comparator, estimate (log scale, treatment against comparator), se; a study with m arms
        has one row for each of its m (m - 1) / 2 pairs.
    loop_tolerance : float, default 0.05
        Largest discrepancy allowed when the estimates of a multi-arm study are added around a triangle, on the log
        scale; beyond it they are taken to contradict each other. Ratios printed to two decimals differ by about 0.02.

    Raises
    ------
    InputError
        Lists every fault found: missing columns, empty cells, standard errors not above 0, a treatment compared with
        itself, a pair listed twice in a study, missing pairs of a multi-arm study.
    InconsistentReport
        If the estimates of a study do not add up, or no set of arms can have its standard errors.
    """
    table = _clean(contrasts)
    pairs: dict[str, list[tuple[str, str]]] = {}
    for study, first, second in zip(table["study"], table["treatment"], table["comparator"], strict=True):
        pairs.setdefault(study, []).append((first, second))
    faults = [fault for study, own in pairs.items() for fault in _study_faults(study, own)]
    if faults:
        raise InputError("contrasts: " + "; ".join(faults))
    pieces, messages = [], []
    for names in _components(table):
        rows = table[table["treatment"].isin(names)].reset_index(drop=True)
        studies = _studies(rows, {name: i for i, name in enumerate(names)})
        messages += [note for s in studies for note in _check_multi_arm(s, names, loop_tolerance)]
        pieces.append(Evidence(tuple(names), tuple(studies), rows))
    pieces.sort(key=lambda e: (-len(e.studies), e.treatments))
    return pieces, messages


def _clean(contrasts: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(contrasts, pd.DataFrame):
        raise InputError(f"contrasts must be a DataFrame with {', '.join(COLUMNS)}, found {type(contrasts).__name__}")
    missing = [c for c in COLUMNS if c not in contrasts.columns]
    if missing:
        raise InputError(
            f"contrasts lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)} (estimate on the log scale)"
        )
    if contrasts.empty:
        raise InputError("contrasts is empty: a network needs at least one study")
    table = contrasts.loc[:, list(COLUMNS)].reset_index(drop=True)
    faults = [
        f"row {row}: {column} is empty"
        for column in ("study", "treatment", "comparator")
        for row in np.flatnonzero(table[column].isna() | (table[column].astype(str).str.strip() == ""))
    ]
    for column in ("estimate", "se"):
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(float)
        bad = ~np.isfinite(numbers) | ((column == "se") & (numbers <= 0))
        wanted = "a number above 0 (a ratio needs its interval)" if column == "se" else "a finite log ratio"
        labels = table["study"].astype(str)
        faults += [
            f"row {i} (study {labels[i]!r}): {column} must be {wanted}, found {table[column][i]}"
            for i in np.flatnonzero(bad)
        ]
        table[column] = numbers
    if faults:
        raise InputError("contrasts: " + "; ".join(faults))
    rows = [f"contrasts, row {row} (study {name!r})" for row, name in table["study"].astype(str).items()]
    check_errors(table["estimate"].to_numpy(), table["se"].to_numpy(), rows)
    names = {column: table[column].astype(str).str.strip() for column in ("study", "treatment", "comparator")}
    return table.assign(**names)


def _study_faults(name: str, pairs: list[tuple[str, str]]) -> list[str]:
    """Faults in the set of pairs of one study."""
    faults, seen = [], set()
    for first, second in pairs:
        if first == second:
            faults.append(f"study {name!r} compares {first!r} with itself")
        pair = frozenset((first, second))
        if pair in seen:
            faults.append(f"study {name!r} has the pair {first} - {second} more than once: keep one row a pair")
        seen.add(pair)
    arms = sorted({arm for pair in pairs for arm in pair})
    lacking = [f"{a} - {b}" for a, b in combinations(arms, 2) if frozenset((a, b)) not in seen]
    if lacking:
        faults.append(
            f"study {name!r} has {len(arms)} arms and needs a row for every pair; it lacks {', '.join(lacking)} "
            "(without its se the correlation within the study is unknown)"
        )
    return faults


def _components(table: pd.DataFrame) -> list[list[str]]:
    """Treatments of each connected component, in alphabetical order."""
    names = sorted(set(table["treatment"]) | set(table["comparator"]))
    place = {name: i for i, name in enumerate(names)}
    ends = table["treatment"].map(place), table["comparator"].map(place)
    links = coo_array((np.ones(len(table)), ends), shape=(len(names), len(names)))
    number, label = connected_components(links, directed=False)
    return [[name for name, own in zip(names, label, strict=True) if own == k] for k in range(number)]


def _studies(rows: pd.DataFrame, place: dict[str, int]) -> list[Study]:
    """Studies in the order in which they first appear."""
    first, second = (rows[c].map(place).to_numpy(dtype=np.intp) for c in ("treatment", "comparator"))
    estimate, variance = rows["estimate"].to_numpy(), rows["se"].to_numpy() ** 2
    code, names = pd.factorize(rows["study"])
    order = np.argsort(code, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
    return [
        _study(str(name), first[own], second[own], estimate[own], variance[own])
        for name, own in zip(names, parts, strict=True)
    ]


def _study(
    name: str, first: NDArray[np.integer], second: NDArray[np.integer], estimate: Floats, variance: Floats
) -> Study:
    arms = np.unique(np.concatenate((first, second)))
    i, j = np.searchsorted(arms, first), np.searchsorted(arms, second)
    effects, variances = np.zeros((2, arms.size, arms.size))
    effects[i, j], effects[j, i] = estimate, -estimate
    variances[i, j] = variances[j, i] = variance
    return Study(name, arms, effects, variances)


def _arm_covariance(variances: Floats) -> Floats:
    """Pseudo-inverse of the Laplacian with resistances `variances`: these doubly centred, times -1/2."""
    m = variances.shape[0]
    centre = np.eye(m) - 1 / m
    return -0.5 * centre @ variances @ centre


def centred_inverse(matrix: Floats) -> Floats:
    """Pseudo-inverse of a symmetric matrix whose only null vector is constant (a Laplacian, or the inverse of one)."""
    n = matrix.shape[0]
    size = float(np.trace(matrix)) / n  # filling the null direction with a typical eigenvalue preserves precision
    return np.linalg.inv(matrix + size / n) - 1 / (size * n)


#: A negative arm variance smaller than this share of its smallest pair's variance can come from rounded limits.
ROUNDED = 0.05


def _negative_arms(study: Study, names: list[str]) -> list[str]:
    """Arms with a variance below 0: half of (V_ij + V_ik - V_jk) for arms that share no patients."""
    variances = study.variances
    said = []
    for i, name in enumerate(names):
        others = [k for k in range(len(names)) if k != i]
        least, j, k = min(
            ((variances[i, j] + variances[i, k] - variances[j, k]) / 2, j, k) for j, k in combinations(others, 2)
        )
        if least < -ROUNDED * min(variances[i, j], variances[i, k]):
            errors = ", ".join(f"{variances[a, b] ** 0.5:.4g}" for a, b in ((i, j), (i, k), (j, k)))
            said.append(f"{name} (se {errors} against {names[j]}, against {names[k]}, and between these two)")
    return said


def _check_multi_arm(study: Study, treatments: list[str], tolerance: float) -> list[str]:
    if study.arms.size == 2:
        return []
    names = [treatments[i] for i in study.arms]
    gap, triangle = max(
        (abs(study.effects[a, b] + study.effects[b, c] + study.effects[c, a]), (names[a], names[b], names[c]))
        for a, b, c in combinations(range(len(names)), 3)
    )
    if gap > tolerance:
        raise InconsistentReport(
            f"study {study.name!r}: its estimates contradict each other; around {' - '.join(triangle)} they fail to "
            f"add up by {gap:.3g} (log scale, {tolerance} allowed): check signs and orientation or raise loop_tolerance"
        )
    smallest = np.linalg.eigvalsh(_arm_covariance(study.variances))[1]
    if smallest <= 1e-9 * study.variances.max():
        raise InconsistentReport(
            f"study {study.name!r}: its standard errors cannot belong to one set of arms ({', '.join(names)}): the se "
            "of one pair must be smaller than the sum of the two others; check them"
        )
    below = _negative_arms(study, names)
    if below:
        raise InconsistentReport(
            f"study {study.name!r}: the squared standard errors of its pairs imply a variance below 0 for "
            f"{'; '.join(below)}: no arm can have that. Check the intervals of the pairs with that arm"
        )
    if gap > 1e-3:
        return [f"study {study.name!r}: its estimates fail to add up by {gap:.3g} (log scale); taken as rounding"]
    return []
