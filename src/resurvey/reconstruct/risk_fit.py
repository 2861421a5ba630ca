"""Check whether numbers at risk belong to their curve or to that of another arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resurvey.errors import InconsistentReport

Floats = NDArray[np.float64]

#: How far (in survival) a number at risk may lie above the curve because of noise in the points and rounding.
SLACK = 0.03


@dataclass(frozen=True)
class RiskFit:
    """One arm's curve (survival as a proportion) and its numbers at risk."""

    name: str
    times: Floats
    survival: Floats
    n: int
    at_risk_times: Floats
    at_risk: Floats

    def excess(self, times: Floats, counts: Floats) -> float:
        """Largest excess (in survival) of a count over n S(t-), or difference between a count at time 0 and n."""
        legible = np.isfinite(times) & np.isfinite(counts)
        t, share = times[legible], counts[legible] / self.n
        order = np.lexsort((-self.survival, self.times))
        curve_t = np.concatenate(([0.0], self.times[order]))
        curve_s = np.concatenate(([1.0], self.survival[order]))
        before = curve_s[np.maximum(np.searchsorted(curve_t, t, side="left") - 1, 0)]
        above = np.where(t > 0, share - before, np.abs(share - 1))
        return float(above.max(initial=0.0))

    @property
    def slack(self) -> float:
        """The excess that noise and rounding can explain."""
        return SLACK + 1 / self.n


def refuse_exchanged_tables(first: RiskFit, second: RiskFit) -> None:
    """Refuse two arms whose numbers at risk fit each other's curve but not both their own.

    Raises
    ------
    InconsistentReport
        If they are exchanged; the message names both arms and how far the numbers lie above n S.
    """
    own = (
        first.excess(first.at_risk_times, first.at_risk) - first.slack,
        second.excess(second.at_risk_times, second.at_risk) - second.slack,
    )
    other = (
        first.excess(second.at_risk_times, second.at_risk) - first.slack,
        second.excess(first.at_risk_times, first.at_risk) - second.slack,
    )
    if max(own) > 0 >= max(other):
        one, two = first.name or "the first arm", second.name or "the second arm"
        raise InconsistentReport(
            f"the numbers at risk of {one} and {two} look exchanged: as they stand they lie up to "
            f"{max(own) + max(first.slack, second.slack):.2f} (in survival) above n S, which no arm can; exchanged "
            "they fit both curves. Correct the table of numbers at risk, or the names"
        )
