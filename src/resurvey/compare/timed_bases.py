"""Functions of time for log hazards and log hazard ratios: piecewise, fractional polynomials, splines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resurvey.errors import InputError
from resurvey.survival.splines import spline_basis

Floats = NDArray[np.float64]
Family = Literal[
    "proportional", "log-time", "piecewise", "fractional-polynomial", "royston-parmar", "log-hazard-spline"
]
#: Powers of fractional polynomials; 0 stands for the logarithm.
POWERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Basis:
    """Functions of time, the first of which is the level.

    Attributes
    ----------
    family : str
    label : str
        Name of the model within its family.
    raw : callable
        times, shape (n,) -> values, shape (n, q).
    centre : (q,) ndarray
        Subtracted from all functions but the level, so that the level refers to the mean over the events.
    knots : ndarray
        Knots of a spline, in log time.
    """

    family: Family
    label: str
    raw: Callable[[Floats], Floats]
    centre: Floats
    knots: Floats = field(default_factory=lambda: np.empty(0))

    def __call__(self, times: Floats) -> Floats:
        """Centred values, shape (n, q)."""
        return self.raw(np.asarray(times, dtype=float)) - self.centre

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return self.centre.size


def _centred(family: Family, label: str, raw: Callable[[Floats], Floats], times: Floats, weights: Floats) -> Basis:
    centre = np.average(raw(times), axis=0, weights=weights)
    centre[0] = 0.0
    return Basis(family, label, raw, centre)


def proportional() -> Basis:
    """A constant ratio."""
    return Basis("proportional", "proportional hazards", lambda t: np.ones((t.size, 1)), np.zeros(1))


def log_time(times: Floats, weights: Floats) -> Basis:
    """A level and a slope in log time."""
    return _centred("log-time", "treatment by log time", lambda t: np.column_stack((np.ones(t.size), np.log(t))),
                    times, weights)  # fmt: skip


def piecewise(cuts: Sequence[float]) -> Basis:
    """One level per period between the cuts; a time at a cut belongs to the period before it.

    Raises
    ------
    InputError
        If the cuts are not positive and increasing.
    """
    inner = np.asarray(list(cuts), dtype=float)
    if not inner.size or not np.all(np.isfinite(inner)) or inner[0] <= 0 or np.any(np.diff(inner) <= 0):
        raise InputError(f"cuts must be finite times that rise from above 0, found {list(cuts)}")

    def raw(t: Floats) -> Floats:
        return np.eye(inner.size + 1)[np.searchsorted(inner, t, side="left")]

    label = "constant between " + ", ".join(f"{cut:g}" for cut in inner)
    return Basis("piecewise", label, raw, np.zeros(inner.size + 1))


def fractional_polynomial(powers: Sequence[float], times: Floats, weights: Floats) -> Basis:
    """A level and powers of time; for a repeated power the second function is multiplied by log t.

    Raises
    ------
    InputError
        If there are not one or two powers, or one is not in the usual set.

    References
    ----------
    .. [1] Royston, P. and Altman, D. G. (1994). Applied Statistics 43, 429-467.
    .. [2] Jansen, J. P. (2011). BMC Medical Research Methodology 11, 61.
    """
    chosen = tuple(float(power) for power in powers)
    if not 1 <= len(chosen) <= 2 or any(power not in POWERS for power in chosen):
        raise InputError(f"powers must be one or two of {POWERS}, found {list(powers)}")

    def raw(t: Floats) -> Floats:
        columns = [np.ones(t.size), *(np.log(t) if p == 0 else t**p for p in chosen)]
        if len(chosen) == 2 and chosen[0] == chosen[1]:
            columns[2] = columns[2] * np.log(t)
        return np.column_stack(columns)

    label = "powers " + " and ".join(f"{power:g}" for power in chosen)
    return _centred("fractional-polynomial", label, raw, times, weights)


def all_powers(order: int) -> list[tuple[float, ...]]:
    """All combinations of powers of a given order."""
    return list(combinations_with_replacement(POWERS, order))


def spline(family: Family, inner: int, times: Floats, weights: Floats) -> Basis:
    """Natural cubic spline in log time with knots at centiles of event times, the boundary knots at the 2nd and 98th.

    Raises
    ------
    InputError
        If the number of inner knots is not 0 to 3.
    """
    shares = {0: (), 1: (0.5,), 2: (1 / 3, 2 / 3), 3: (0.25, 0.5, 0.75)}.get(inner)
    if shares is None:
        raise InputError(f"inner knots must be 0 to 3, found {inner!r}")
    order = np.argsort(times, kind="stable")
    running = np.cumsum(weights[order]) / weights.sum()
    place = np.searchsorted(running, np.array([0.02, *shares, 0.98]))
    knots = np.log(times[order][np.minimum(place, times.size - 1)])
    if np.any(np.diff(knots) <= 0):
        raise InputError(f"the events are too few, or too tied, for {inner} inner knots")
    label = f"{inner} inner knot{'' if inner == 1 else 's'}"
    made = _centred(family, label, lambda t: spline_basis(np.log(t), knots)[0], times, weights)
    return replace(made, knots=knots)
