"""How often the intervals of a difference hold the truth, in simulated two-arm trials.

Each simulated trial is a row of the stack, so that the very functions of the package are measured.

Usage: OMP_NUM_THREADS=1 python benchmarks/survival/coverage.py [trials]
"""

import sys
from math import log

import numpy as np
from scipy.integrate import quad

from resurvey.survival.cox import stack_cox
from resurvey.survival.difference import recovered_difference
from resurvey.survival.logrank import stack_maxcombo, stack_z
from resurvey.survival.stack import PatientStack, pair_risk_sets
from resurvey.survival.transforms import TRANSFORMS

SHAPE, MEDIAN, HORIZON, LANDMARK = 1.2, 8.0, 15.0, 6.0
Z = 1.959963984540054


def arm(rng: np.random.Generator, trials: int, n: int, ratio: float, latest: float) -> PatientStack:
    """Weibull times with a hazard ratio, censored uniformly between 10 and `latest`."""
    scale = MEDIAN / log(2) ** (1 / SHAPE) * ratio ** (-1 / SHAPE)
    time, censor = scale * rng.weibull(SHAPE, (trials, n)), rng.uniform(10, latest, (trials, n))
    event = (time <= censor).astype(float)
    time = np.minimum(time, censor)
    order = np.argsort(time, axis=1)
    return PatientStack(np.take_along_axis(time, order, axis=1), np.take_along_axis(event, order, axis=1))


def truth(ratio: float) -> tuple[float, float, float]:
    """Restricted mean, median and landmark survival of an arm."""
    scale = MEDIAN / log(2) ** (1 / SHAPE) * ratio ** (-1 / SHAPE)

    def survival(t: float) -> float:
        return float(np.exp(-((t / scale) ** SHAPE)))

    return quad(survival, 0, HORIZON)[0], scale * log(2) ** (1 / SHAPE), survival(LANDMARK)


def held(lower: np.ndarray, upper: np.ndarray, value: float) -> str:
    """Share of intervals that hold a value, in per cent, among trials that have one; in brackets how many have."""
    known = ~(np.isnan(lower) | np.isnan(upper))
    share = 100 * np.mean((lower <= value)[known] & (value <= upper)[known])
    return f"{share:.1f}" if known.all() else f"{share:.1f} ({100 * known.mean():.0f} %)"


def differences(a: PatientStack, b: PatientStack, kind: str, transform: str) -> tuple[np.ndarray, ...]:
    """Difference of medians or of landmark survival, with limits."""
    both = []
    for curve in (a.curves, b.curves):
        if kind == "median":
            both.append((curve.quantile(), *curve.quantile_interval(transform=transform)))
        else:
            both.append(curve.landmark(LANDMARK, transform=transform))
    return recovered_difference(*(np.stack([arm[i] for arm in both]) for i in range(3)))


def row(rng: np.random.Generator, trials: int, n: int, ratio: float, latest: float) -> list[str]:
    """Coverage of every interval in one setting."""
    a, b = arm(rng, trials, n, ratio, latest), arm(rng, trials, n, 1.0, latest)
    true = [x - y for x, y in zip(truth(ratio), truth(1.0), strict=True)]
    sets = pair_risk_sets(a, b)
    log_hr, se = stack_cox(sets)
    cells = [held(log_hr - Z * se, log_hr + Z * se, log(ratio))]
    (m1, v1), (m2, v2) = (stack.curves.restricted_mean(HORIZON) for stack in (a, b))
    difference, half = m1 - m2, Z * np.sqrt(v1 + v2)
    cells.append(held(difference - half, difference + half, true[0]))
    for kind, value in (("median", true[1]), ("landmark", true[2])):
        for transform in TRANSFORMS:
            cells.append(held(*differences(a, b, kind, transform)[1:], value))
    cells.append(f"{100 * np.mean(np.abs(stack_z(sets)) > Z):.1f}" if ratio == 1 else "")
    cells.append(f"{100 * np.mean(stack_maxcombo(sets, points=512)[1] < 0.05):.1f}" if ratio == 1 else "")
    return cells


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(6)
    names = [f"{kind} {transform}" for kind in ("median", "landmark") for transform in TRANSFORMS]
    header = ["n/arm", "HR", "censoring", "log HR", "RMST", *names, "log-rank size", "MaxCombo size"]
    sys.stdout.write("| " + " | ".join(header) + " |\n|" + "---|" * len(header) + "\n")
    for n in (30, 70, 250):
        for ratio in (1.0, 0.6):
            for latest, label in ((40.0, "light"), (16.0, "heavy")):
                cells = row(rng, trials, n, ratio, latest)
                sys.stdout.write("| " + " | ".join([str(n), str(ratio), label, *cells]) + " |\n")


if __name__ == "__main__":
    main()
