"""Confidence limits of a median, read off the band of a product-limit curve."""

from __future__ import annotations

from typing import Literal

import numpy as np

from resurvey import steady
from resurvey.reconstruct.placement import Floats
from resurvey.survival import kaplan_meier

Z = 1.959963984540054


def median_limits(time: Floats, event: Floats, kind: Literal["log-log", "linear"] = "log-log") -> tuple[float, float]:
    """Times at which the pointwise 95 % band of the curve crosses one half; infinite where it does not.

    References
    ----------
    .. [1] Brookmeyer, R. and Crowley, J. (1982). Biometrics 38, 29-41.
    """
    curve = kaplan_meier(time, event)
    s = np.clip(curve.survival, 1e-12, 1 - 1e-12)
    root = np.sqrt(np.where(np.isfinite(curve.greenwood), curve.greenwood, 0.0))
    if kind == "log-log":
        reach = Z * root / np.abs(steady.log(s))
        low, high = steady.power(s, steady.exp(reach)), steady.power(s, steady.exp(-reach))
    else:
        low, high = s * (1 - Z * root), s * (1 + Z * root)
    drops = curve.events > 0

    def first(band: Floats) -> float:
        below = np.flatnonzero(drops & (band <= 0.5 + 1e-12))
        return float(curve.time[below[0]]) if below.size else float("inf")

    return first(low), first(np.where(curve.survival <= 0, 0.0, high))
