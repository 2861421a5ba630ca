"""The likeliest row of numbers at risk: candidates of every cell, of which the sequence must not rise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Cost of a count larger than the one before it: more than any two shapes of digits differ by.
OUT_OF_ORDER = 2.0


@dataclass(frozen=True)
class Sequenced:
    """A sequence of counts, its cost, and how much more the cheapest one with another count in a cell costs.

    `counts` is None for a cell without candidates, whose margin is 0; that of a cell with a single one is infinite.
    """

    counts: tuple[int | None, ...]
    margins: tuple[float, ...]
    cost: float


def likeliest(counts: Sequence[Sequence[int]], costs: Sequence[Sequence[float]], *, falling: bool = True) -> Sequenced:
    """The cheapest sequence that nowhere rises, or nowhere falls.

    Parameters
    ----------
    counts
        Candidates of each cell; a cell that has none is passed over.
    costs
        Cost of each candidate.
    falling
        Whether counts must not rise, as those at risk, or must not fall, as those of events.
    """
    places = [k for k, some in enumerate(counts) if some]
    values = [np.array(counts[k]) if falling else -np.array(counts[k]) for k in places]
    own = [np.asarray(costs[k], float) for k in places]
    before = _swept(values, own)
    after = list(reversed(_swept([-value for value in reversed(values)], own[::-1])))
    chosen: list[int | None] = [None] * len(counts)
    lowest = 0.0
    margins = [0.0] * len(counts)
    for place, value, cost, left, right in zip(places, values, own, before, after, strict=True):
        total = np.round(left + right - cost, 6)
        best = int(total.argmin())
        chosen[place] = abs(int(value[best]))
        lowest = float(total[best])
        rest = np.delete(total, best)
        margins[place] = round(float(rest.min() - total[best]), 6) if len(rest) else float("inf")
    return Sequenced(tuple(chosen), tuple(margins), lowest)


def _swept(values: Sequence[np.ndarray], costs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """For each cell and candidate the lowest cost of a sequence up to it and with it."""
    found: list[np.ndarray] = []
    for k, (value, cost) in enumerate(zip(values, costs, strict=True)):
        if not k:
            found.append(cost)
            continue
        rises = value[:, None] > values[k - 1][None, :]
        found.append(cost + (found[-1][None, :] + OUT_OF_ORDER * rises).min(axis=1))
    return found
