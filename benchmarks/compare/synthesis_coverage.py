"""How often 95 % intervals of networks hold the truth: three-arm trials from events, Bayes, and models over time.

Usage: OMP_NUM_THREADS=1 python benchmarks/compare/synthesis_coverage.py [networks] [networks over time]
"""

import sys

import numpy as np
import pandas as pd

from resurvey.compare import network
from resurvey.compare.bayes import bayes_network
from resurvey.compare.multi_arm import complete
from resurvey.compare.priors import half_normal
from resurvey.compare.timed_network import time_network
from resurvey.errors import NotEstimable

DESIGN = ("AB", "AB", "AC", "AC", "BC", "ABC", "AD", "CD", "ABD", "BD", "AB", "ACD")
LEVELS = {"A": 0.0, "B": -0.3, "C": -0.5, "D": 0.1}
#: Scale and shape of Weibull times.
TIMES = {"A": (10.0, 1.0), "B": (13.0, 1.25), "C": (16.0, 0.85), "D": (9.0, 1.0)}
HORIZON = 18.0


def trial(rng: np.random.Generator, arms: str, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Log ratios of the other arms against the first as a trial estimates them, and the events of all arms."""
    events = rng.integers(60, 180, len(arms)).astype(float)
    shared = rng.normal(0, tau / np.sqrt(2))
    truth = np.array([LEVELS[arm] - LEVELS[arms[0]] for arm in arms[1:]])
    between = rng.normal(0, tau / np.sqrt(2), len(arms) - 1) - shared if tau else 0.0
    noise = rng.normal(0, 1 / np.sqrt(events))
    return truth + between + noise[1:] - noise[0], events


def printed(rng: np.random.Generator, tau: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A network that prints ratios against each trial's first arm only, and the events of the arms."""
    rows, arms = [], []
    for number, names in enumerate(DESIGN):
        effect, events = trial(rng, names, tau)
        error = np.sqrt(1 / events[1:] + 1 / events[0])
        rows += [(f"s{number}", arm, names[0], y, se) for arm, y, se in zip(names[1:], effect, error, strict=True)]
        arms += [(f"s{number}", arm, d, np.nan) for arm, d in zip(names, events, strict=True)]
    columns = ["study", "treatment", "comparator", "estimate", "se"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(arms, columns=["study", "arm", "events", "patients"])


def against_a(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of every treatment against A, with the truth."""
    own = table[table["comparator"] == "A"]
    return own.assign(truth=own["treatment"].map(LEVELS))


def contrasts(networks: int) -> None:
    """Coverage of completed three-arm trials, and of the Bayesian network with tau drawn from its prior."""
    rng = np.random.default_rng(1)
    held: dict[str, list[float]] = {}
    for _ in range(networks):
        for tau in (0.0, 0.15):
            made = complete(*printed(rng, tau)).contrasts
            found = against_a(network(made).effects)
            for model, rows in found.groupby("model"):
                inside = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
                held.setdefault(f"{model}, tau {tau:g}", []).append(float(inside.mean()))
        tau = abs(rng.normal(0, 0.25))
        rows = against_a(bayes_network(complete(*printed(rng, tau)).contrasts, prior=half_normal(0.25)).effects)
        inside = (rows["lower"] <= rows["truth"]) & (rows["truth"] <= rows["upper"])
        held.setdefault("Bayes, half-normal 0.25, tau drawn from it", []).append(float(inside.mean()))
    for name, shares in held.items():
        sys.stdout.write(f"{name:45} {100 * np.mean(shares):5.1f}\n")


def patients(rng: np.random.Generator, tau: float) -> pd.DataFrame:
    """Patients of the trials, with a level of each arm's log hazard that varies between trials."""
    tables = []
    for number, names in enumerate(DESIGN):
        for arm in names:
            scale, shape = TIMES[arm]
            scale *= np.exp(-rng.normal(0, tau / np.sqrt(2)) / shape)
            time, end = scale * rng.weibull(shape, 150), rng.uniform(HORIZON, 36, 150)
            observed = {"time": np.minimum(time, end), "event": (time <= end).astype(int)}
            tables.append(pd.DataFrame({"study": f"s{number}", "treatment": arm, **observed}))
    return pd.concat(tables, ignore_index=True)


def log_ratio(arm: str, times: np.ndarray) -> np.ndarray:
    """True log hazard ratio against A."""
    scale, shape = TIMES[arm]
    return np.log(shape / scale * (times / scale) ** (shape - 1) * TIMES["A"][0])


def true_gap(arm: str) -> float:
    """True difference of restricted means against A."""
    time = np.linspace(0, HORIZON, 20001)
    curves = [np.exp(-((time / scale) ** shape)) for scale, shape in (TIMES[arm], TIMES["A"])]
    return float(np.trapezoid(curves[0] - curves[1], time))


def over_time(networks: int) -> None:
    """Coverage of hazard ratios over time by models that hold, and of restricted means."""
    rng = np.random.default_rng(2)
    held: dict[str, list[float]] = {}
    models = ["log-time", "fp-1", "royston-parmar-0", "royston-parmar-1", "log-hazard-spline-1"]
    for tau in (0.0, 0.15):
        for _ in range(networks):
            try:
                made = time_network(patients(rng, tau), reference="A", models=models, horizons=[HORIZON])
            except NotEstimable as reason:
                sys.stdout.write(f"not estimable: {reason}\n")
                continue
            ratios = made.hazard_ratios
            for model, rows in ratios[(ratios["time"] > 2) & (ratios["time"] < 20)].groupby("model"):
                truth = np.concatenate([log_ratio(a, own["time"].to_numpy()) for a, own in rows.groupby("treatment")])
                rows = rows.sort_values("treatment", kind="stable")
                inside = (np.log(rows["lower"].to_numpy()) <= truth) & (truth <= np.log(rows["upper"].to_numpy()))
                held.setdefault(f"{model}, tau {tau:g}", []).append(float(inside.mean()))
            means = made.means[made.means["scale"] == "difference"]
            for model, rows in means.groupby("model"):
                truth = rows["treatment"].map(true_gap)
                inside = (rows["lower"] <= truth) & (truth <= rows["upper"])
                held.setdefault(f"restricted means, {model}, tau {tau:g}", []).append(float(inside.mean()))
    for name, shares in held.items():
        error = np.std(shares) / np.sqrt(len(shares))
        sys.stdout.write(f"{name:45} {100 * np.mean(shares):5.1f} ± {100 * error:.1f}\n")


if __name__ == "__main__":
    chosen = [int(word) for word in sys.argv[1:]] or [1000, 200]
    contrasts(chosen[0])
    over_time(chosen[1] if len(chosen) > 1 else chosen[0])
