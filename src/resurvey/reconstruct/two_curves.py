"""Rebuild two arms of one figure together with their printed hazard ratio, and detect exchanged arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from resurvey.errors import InputError, NotEstimable
from resurvey.reconstruct.curve import SEED, from_curve
from resurvey.reconstruct.pair import HazardRatio, ReconstructedPair, from_pair
from resurvey.reconstruct.result import Reconstruction
from resurvey.survival import cox

#: Log hazard ratios closer to 0 than this cannot distinguish exchanged arms from correct ones.
TELLING = 0.10


@dataclass(frozen=True)
class ExchangedArms:
    """Whether two rebuilt arms look exchanged against a printed hazard ratio.

    Attributes
    ----------
    exchanged : bool or None
        True if the inverse of the rebuilt ratio fits the printed one and the ratio itself does not; None if it cannot
        be decided because the ratios are too near 1 or neither fits.
    rebuilt, printed : float
        Hazard ratios, first arm against second.
    message : str
        The finding in words.
    """

    exchanged: bool | None
    rebuilt: float
    printed: float
    message: str


def from_two_curves(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    *,
    hazard_ratio: HazardRatio | float,
    replicates: int = 100,
    rng: np.random.Generator | None = None,
) -> ReconstructedPair:
    """Rebuild two arms of one figure so that the hazard ratio printed between them holds.

    Each arm becomes an ensemble that satisfies everything printed about it alone. Replicates are then paired so that
    the ratio (and with it, through the numbers of events, its interval and p) is the printed one. No curve is moved
    beyond its noise to achieve this.

    Parameters
    ----------
    first, second : mapping
        Arguments of `from_curve` for each arm (times, survival, n and any others).
    hazard_ratio : HazardRatio or float
        First arm against second (below 1: lower hazard in the first arm).
    replicates : int, default 100
        Pairs of arms.
    rng : numpy.random.Generator, optional

    Returns
    -------
    ReconstructedPair
        `undetermined` says if the ratio could not be met, and if the arms look exchanged.

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As for `from_curve` and `from_pair`.
    """
    source = np.random.default_rng(SEED) if rng is None else rng
    arms = []
    for name, given in (("first", first), ("second", second)):
        unknown = {"rng", "replicates", "hazard_ratio"} & set(given)
        if unknown:
            raise InputError(f"the {name} arm names {', '.join(sorted(unknown))}: give it to from_two_curves itself")
        arms.append(from_curve(**given, replicates=replicates, rng=source))
    pair = from_pair(arms[0], arms[1], hazard_ratio, rng=source)
    value = hazard_ratio.value if isinstance(hazard_ratio, HazardRatio) else float(hazard_ratio)
    found = detect_exchanged_arms(arms[0], arms[1], value)
    return replace(pair, undetermined=[*pair.undetermined, found.message]) if found.exchanged else pair


def detect_exchanged_arms(first: Reconstruction, second: Reconstruction, hazard_ratio: float) -> ExchangedArms:
    """Compare the rebuilt hazard ratio (first replicate of each arm) and its inverse with the printed one.

    Parameters
    ----------
    first, second : Reconstruction
    hazard_ratio : float
        Printed ratio, first arm against second.

    Raises
    ------
    InputError
        If the printed ratio is not a number above 0.
    NotEstimable
        If an arm has no events.
    """
    if not (np.isfinite(hazard_ratio) and hazard_ratio > 0):
        raise InputError(f"hazard_ratio must be a number above 0, found {hazard_ratio!r}")
    log_hr, se = _log_ratio(first, second)
    wanted = float(np.log(hazard_ratio))
    straight, inverse = abs(log_hr - wanted), abs(log_hr + wanted)
    rebuilt = float(np.exp(log_hr))
    values = f"rebuilt {rebuilt:.3g}, its inverse {1 / rebuilt:.3g}, printed {hazard_ratio:g}"
    if abs(wanted) < TELLING or abs(log_hr) < TELLING:
        return ExchangedArms(None, rebuilt, hazard_ratio, f"hazard ratio too near 1 to tell the arms apart: {values}")
    if straight <= inverse:
        return ExchangedArms(False, rebuilt, hazard_ratio, f"the arms are in the printed order: {values}")
    if inverse > max(se, TELLING):
        return ExchangedArms(None, rebuilt, hazard_ratio, f"the ratio fits neither order of the arms: {values}")
    message = f"the two arms look exchanged, or the ratio is the other arm against this one: {values}"
    return ExchangedArms(True, rebuilt, hazard_ratio, message)


def _log_ratio(first: Reconstruction, second: Reconstruction) -> tuple[float, float]:
    arms = [arm.replicate(0) for arm in (first, second)]
    for name, arm in zip(("first", "second"), arms, strict=True):
        if not arm["event"].any():
            raise NotEstimable(f"the {name} arm has no events: a hazard ratio cannot be estimated")
    time = np.concatenate([arm["time"].to_numpy() for arm in arms])
    event = np.concatenate([arm["event"].to_numpy() for arm in arms])
    ratio = cox(time, event, np.repeat([True, False], [len(arm) for arm in arms]))
    return float(ratio.log_hr), float(ratio.se)
