"""Nasty inputs for `from_curve`: every one is rebuilt with its promises kept, or refused with a reason.

python benchmarks/reconstruction/fuzz_curves.py 10000
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections import Counter

import numpy as np

from resurvey.errors import ResurveyError
from resurvey.reconstruct import from_curve


def nasty(seed: int) -> tuple[object, object, dict[str, object]]:
    """Points and arguments with something wrong in most of them."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.choice([1, 2, 3, 5, 20, 100, 500, 3000])), int(rng.choice([1, 2, 3, 4, 5, 8, 30, 150]))
    end = float(rng.choice([0.001, 1, 30, 1000]))
    t: object = rng.uniform(0, end, k)
    s: object = np.exp(-rng.choice([0, 0.1, 1, 5]) * t / end) + rng.normal(0, rng.choice([0, 0.003, 0.05]), k)
    spoilt = [
        lambda: (t, 100 * s), lambda: (t, 1 - s), lambda: (t, 100 * (1 - s)),
        lambda: (np.where(np.arange(k) == 0, np.nan, t), s),
        lambda: (t, np.where(np.arange(k) == k - 1, np.inf, s)), lambda: (-t, s), lambda: (0 * t, s),
        lambda: (t, rng.uniform(-2, 3, k)),
        lambda: (t, 0 * s), lambda: (t, 0 * s + 1), lambda: (np.round(t / end, 1) * end, s), lambda: (t[:-1], s),
        lambda: (["a"] * k, s), lambda: (t, np.where(np.arange(k) == k // 2, rng.uniform(0, 1), s)),
        lambda: (np.array([t, t]), s), lambda: (None, s),
    ]  # fmt: skip
    if rng.random() < 0.6:
        t, s = spoilt[rng.integers(len(spoilt))]()
    given: dict[str, object] = {"n": n if rng.random() < 0.95 else rng.choice([0, -5, 2.5, np.nan, 1e9])}
    if rng.random() < 0.6:
        rows = int(rng.choice([0, 1, 2, 5, 12]))
        when = np.sort(rng.uniform(0, end * rng.choice([0.5, 1, 1.3, 12]), rows))
        when[: int(rng.random() < 0.6)] = 0
        risk = np.sort(rng.integers(0, n + 1, rows))[::-1].astype(float)
        changes = [lambda: rng.permutation(risk), lambda: risk * 3, lambda: risk * 0, lambda: risk + 0.5, lambda: -risk,
                   lambda: np.where(np.arange(rows) == 1, np.nan, risk)]  # fmt: skip
        if rng.random() < 0.5:
            risk = changes[rng.integers(len(changes))]()
        given |= {"at_risk_times": when if rng.random() < 0.9 else np.zeros(rows), "at_risk": risk}
    if rng.random() < 0.5:
        given["events"] = rng.choice([0, 1, 2, 10, 50, 400, -1, 1.5, n])
    if rng.random() < 0.25:
        marks = rng.uniform(0, end * 1.2, int(rng.choice([0, 1, 5, 50])))
        given["censor_times"] = np.append(np.round(marks / end, 1) * end, rng.choice([0, end]))
    if rng.random() < 0.2:
        given["median"] = rng.choice([0, 0.5 * end, 2 * end, np.nan, np.inf, -1])
    elif rng.random() < 0.1:
        given["median"] = (0.5 * end, rng.choice([0.2 * end, np.nan]), rng.choice([0.7 * end, np.inf, np.nan]))
    if rng.random() < 0.2:
        given["landmarks"] = [(rng.uniform(0, end), rng.uniform(0, 1)) for _ in range(rng.integers(0, 3))]
    if rng.random() < 0.1:
        given["end_of_follow_up"] = rng.choice([0, end, 2 * end, 0.3 * end, np.nan])
    if rng.random() < 0.05:
        given["replicates"] = 3
    return t, s, given


def check(seed: int) -> str:
    """'rebuilt' or 'refused'; anything else is raised."""
    t, s, given = nasty(seed)
    try:
        r = from_curve(t, s, **given)
    except ResurveyError as refusal:
        assert len(str(refusal)) > 20
        return "refused"
    patients = r.patients
    assert len(patients) == int(given["n"]) * r.n_replicates
    assert np.isfinite(patients["time"]).all() and patients["time"].min() >= 0 and patients["event"].isin([0, 1]).all()
    told = " ".join(r.repairs)
    for row in r.accuracy[~r.accuracy["holds"]]["fact"]:
        assert row.startswith("distance") or row.split(" at ")[0] in told, row
    return "rebuilt"


def main() -> None:
    warnings.simplefilter("error")
    outcomes: Counter[str] = Counter()
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000):
        try:
            outcomes[check(seed)] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            outcomes[f"FAILED {type(error).__name__} {str(error)[:80]} at {where.name}:{where.lineno}"] += 1
    sys.stdout.write("\n".join(f"{count:6d} {name}" for name, count in outcomes.most_common()) + "\n")


if __name__ == "__main__":
    main()
