"""Speed and accuracy of resurvey.design on its own simulated data; writes a table in Markdown to standard output.

Usage: OMP_NUM_THREADS=1 python benchmarks/design/run.py [trials]
"""

import math
import sys
import time

import numpy as np

from resurvey.design import (
    DesignClaim,
    SearchBounds,
    check_claim,
    power_given_events,
    rejection_rates,
    search_assumptions,
    simulate_trials,
    single_arm,
    two_stage_characteristics,
    two_stage_log_rank,
)

PICTURE = DesignClaim(5.78, 8, 0.05, 0.8, 32, 24, 0.05, events=64, patients=96)
PLANNED_BY = {
    "log_hazard": "log_hazard",
    "hazard_null": "hazard_both",
    "median": "median_both",
    "square_root": "square_root",
    "cube_root": "cube_root",
    "exact_chi_square": "exact_chi_square",
}


def seconds(function, repeats: int = 3) -> float:
    """Best of a few runs, in seconds."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def speed(trials: int, rng: np.random.Generator) -> list[str]:
    common = {"trials": trials, "patients": 100, "median": 8.0, "null_median": 5.78, "accrual": 32.0}

    def run(**rule):
        drawn = simulate_trials(rng, **common, **rule)
        rejection_rates(drawn, alpha=0.05, sides=1)

    cases = {
        "analysis at 64 events, 9 tests": {"at_events": 64},
        "analysis at month 56, 9 tests": {"at_time": 56.0},
        "analysis at 64 events with dropout, 9 tests": {"at_events": 64, "dropout_hazard": 0.005},
        "analysis at month 56 with Kaplan-Meier at a landmark, 14 tests": {"at_time": 56.0, "landmark": 6.0},
    }
    rows = [f"| {trials:,} trials of 100 patients, {name} | {seconds(lambda r=rule: run(**r)):.2f} |"
            for name, rule in cases.items()]  # fmt: skip
    rows.append(f"| check table, all methods, sides and readings | {seconds(lambda: check_claim(PICTURE), 1):.2f} |")
    start = time.perf_counter()
    found = search_assumptions(PICTURE, SearchBounds.usual(PICTURE))
    spent = time.perf_counter() - start
    rows.append(f"| search of {found.examined:,} assumption sets | {spent:.2f} |")
    return ["| what | seconds |", "|---|---|", *rows]


def accuracy(trials: int, rng: np.random.Generator) -> list[str]:
    rows = ["| test at 64 events | level believed | level simulated | power by formula | power simulated | MC error |",
            "|---|---|---|---|---|---|"]  # fmt: skip
    rates = {}
    for median in (5.78, 8.0):
        drawn = simulate_trials(
            rng, trials=trials, patients=96, median=median, null_median=5.78, accrual=32.0, at_events=64
        )
        rates[median] = rejection_rates(drawn, alpha=0.05, sides=1, tests=PLANNED_BY).set_index("test")
    for test, method in PLANNED_BY.items():
        formula = power_given_events(5.78, 8, events=64, alpha=0.05, sides=1, method=method)
        level, power = rates[5.78].loc[test], rates[8.0].loc[test]
        rows.append(
            f"| {test} | 0.050 | {level['rejection']:.4f} | {formula:.4f} | {power['rejection']:.4f} "
            f"| {power['monte_carlo_se']:.4f} |"
        )
    return rows


def log_rank(trials: int, rng: np.random.Generator) -> list[str]:
    rows = ["| formula | n | level simulated | power aimed at | power simulated |", "|---|---|---|---|---|"]
    for method in ("finkelstein", "kwak_jung", "wu"):
        n = single_arm(5.78, 8, alpha=0.05, power=0.8, sides=1, accrual=32, follow_up=24, method=method).patients
        seen = []
        for median in (5.78, 8.0):
            drawn = simulate_trials(
                rng, trials=trials, patients=n, median=median, null_median=5.78, accrual=32.0, at_time=56.0
            )
            seen.append(rejection_rates(drawn, alpha=0.05, sides=1, tests=["one_sample_log_rank"])["rejection"].iloc[0])
        rows.append(f"| {method} | {n} | {seen[0]:.4f} | 0.8 | {seen[1]:.4f} |")
    return rows


def two_stage(trials: int, rng: np.random.Generator) -> list[str]:
    null = math.log(2) * 3 / -math.log(0.72)
    trial = {"rate": 20, "follow_up": 3, "alpha": 0.05}
    printed = {"optimal": (46, 1.0619, -0.7215), "minimax": (44, 1.6997, -0.731)}
    rows = ["| design | n1 | n | c1 | c | expected n | level simulated | power (normal) | power simulated |",
            "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for kind, (n, interim, c1) in printed.items():
        designs = {
            f"OneArm2stage, {kind}": two_stage_characteristics(
                null, null / 0.459, n=n, interim=interim, c1=c1, **trial
            ),
            f"resurvey, {kind}": two_stage_log_rank(null, null / 0.459, power=0.8, kind=kind, **trial),
        }
        for name, d in designs.items():
            level, power = (simulate_two_stage(d, m, null, trials, rng) for m in (null, null / 0.459))
            rows.append(
                f"| {name} | {d.n1} | {d.n} | {d.c1:.4f} | {d.c:.4f} | {d.expected_patients:.2f} | {level:.4f} "
                f"| {d.power:.4f} | {power:.4f} |"
            )
    return rows


def simulate_two_stage(design, median: float, null: float, trials: int, rng: np.random.Generator) -> float:
    """Rejection rate of a two-stage design, patient by patient; entry is uniform over the enrolment period."""
    enrolment = design.duration - 3
    entry = rng.random((trials, design.n)) * enrolment
    event = rng.exponential(median / math.log(2), (trials, design.n))

    def z(at: float) -> np.ndarray:
        follow = np.clip(at - entry, 0, None)
        seen = (event <= follow).sum(axis=1)
        expected = math.log(2) / null * np.minimum(event, follow).sum(axis=1)
        return (expected - seen) / np.sqrt(expected)

    return float(np.mean((z(design.interim) >= design.c1) & (z(design.duration) >= design.c)))


def main(trials: int) -> None:
    rng = np.random.default_rng(20261121)
    parts = {
        "Speed": speed(trials, rng),
        "Formula against simulation, PICTURE's 64 events, one-sided 5 %": accuracy(trials, rng),
        "One-sample log-rank, n by each formula, analysis at month 56": log_rank(trials, rng),
        "Two-stage log-rank (S0 0.72 at 3, HR 0.459)": two_stage(trials, rng),
    }
    for title, rows in parts.items():
        sys.stdout.write(f"### {title}\n\n" + "\n".join(rows) + "\n\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
