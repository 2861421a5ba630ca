"""How often points clicked just before each drop are seen, and how often honest ones are taken for such.

    python benchmarks/reconstruction/before_drops.py [REPLICATES]

Arms of 30, 60, 150 and 400 patients, Weibull deaths, four patterns of censoring; points at the foot of the drops, at
both ends of them, on a grid of 80, or just before the drops, all or 20 of them; 2 to 4 digits; with noise (standard
deviation 0.003) or without; 4 or 8 numbers at risk. Prints, by manner and censoring, the share of arms in which the
points are taken to stand before the drops, and that share where every drop was clicked without noise.
"""

from __future__ import annotations

import itertools
import sys
from collections import defaultdict

import numpy as np

from resurvey.reconstruct import curve_input
from resurvey.reconstruct.before_drops import evidence
from resurvey.survival import kaplan_meier

SEED = 20261130
CENSORING = ("none", "late", "early", "throughout")
MANNERS = ("foot", "both", "grid", "before")
SETTINGS = list(itertools.product((30, 60, 150, 400), (2, 3, 4), (4, 8), (0.0, 0.003), (0, 20)))


def follow_up(rng: np.random.Generator, n: int, censoring: str) -> np.ndarray:
    """Times at which patients are censored."""
    late = rng.uniform(12, 30, n)
    if censoring == "none":
        return np.full(n, 30.0)
    if censoring == "throughout":
        return rng.exponential(30, n)
    return np.where(rng.random(n) < 0.05, rng.uniform(0, 3, n), late) if censoring == "early" else late


def decided(rng: np.random.Generator, manner: str, censoring: str, setting: tuple[int, int, int, float, int]) -> bool:
    """Whether the points of one simulated arm are taken to stand before the drops."""
    n, digits, rows, noise, clicks = setting
    death, loss = 12 * rng.weibull(rng.uniform(0.7, 1.5), n), follow_up(rng, n, censoring)
    time, event = np.minimum(death, loss), death <= loss
    curve, at = kaplan_meier(time, event), np.unique(time[event])
    if clicks and at.size > clicks:
        at = np.sort(rng.choice(at, clicks, replace=False))
    if manner == "grid":
        at = np.linspace(0, time.max(), 80)
    foot, top = np.asarray(curve.at(at)), np.asarray(curve.at(np.nextafter(at, -np.inf)))
    points, survival = at, top if manner == "before" else foot
    if manner == "both":
        points, survival = np.concatenate((at, at)), np.concatenate((top, foot))
    survival = np.round(survival + rng.normal(0, noise, survival.size) * (noise > 0), digits)
    when = np.linspace(0, 0.95 * time.max(), rows + 1)
    table = curve_input.read_table(n, when, (time[:, None] >= when).sum(axis=0), [], [])
    return evidence(curve_input.read_points(np.round(points, 2), survival), table).decided


def main(replicates: int) -> None:
    """Print the shares."""
    for manner, censoring in itertools.product(MANNERS, CENSORING):
        rng = np.random.default_rng(SEED)
        clean: dict[int, list[bool]] = defaultdict(list)
        total: list[bool] = []
        for setting in SETTINGS:
            seen = [decided(rng, manner, censoring, setting) for _ in range(replicates)]
            total += seen
            if setting[3:] == (0.0, 0):
                clean[setting[0]] += seen
        shares = ", ".join(f"n {n}: {np.mean(many):.0%}" for n, many in clean.items())
        sys.stdout.write(
            f"{manner:7} censoring {censoring:11} {sum(total)} of {len(total)}; every drop, no noise: {shares}\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
