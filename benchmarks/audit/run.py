"""Sensitivity to planted errors, false alarms on correct and on unusual numbers, and speed. See README.md.

python benchmarks/audit/run.py [--trials 500] [--seed 2024]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

import errors
from announced import ANNOUNCED
from course import PLANTERS, make_course, make_odd_course
from families import FAMILIES
from plant import ROUNDINGS, Trial, make_trial
from unusual import make_unusual

from resurvey import audit, schema

TYPING = list(errors.TYPING)


def raw_tables(trials: list[Trial]) -> dict[str, pd.DataFrame]:
    """Extraction tables of all trials, with the studies, sources and endpoints they name."""
    joined: dict[str, list[dict[str, str]]] = {}
    for trial in trials:
        for name, rows in trial.tables.items():
            joined.setdefault(name, []).extend(rows)
    made = {}
    for name, rows in joined.items():
        columns = schema.TABLES[name].names
        made[name] = pd.DataFrame(
            {column: [row.get(column, "") for row in rows] for column in columns}, dtype=object
        ).set_axis(range(2, len(rows) + 2))
    return made


def plant_all(trial: Trial, rng: np.random.Generator) -> list[errors.Planted]:
    """One error of each kind in rows far enough from each other that none explains another."""
    rows = trial.tables
    by_kind = {
        kind: [r for r in rows["proportions"] if r["kind"] == kind]
        for kind in ("baseline", "response", "adverse_event")
    }
    base, harms = _one_per(by_kind["baseline"], "partition"), _one_per(by_kind["adverse_event"], "item")
    pick = [base[0], base[1], harms[0], harms[1], harms[2], harms[3]]
    rng.shuffle(pick)
    planted = [
        errors.plant_percent(trial, pick[0], str(rng.choice(TYPING)), rng),
        errors.plant_count(trial, pick[1], rng),
        errors.plant_total(trial, pick[2], rng),
        errors.plant_other_row(trial, pick[3], rng),
        errors.plant_arms(trial, pick[4], rng),
        errors.plant_percent(trial, pick[5], str(rng.choice(TYPING)), rng),
        errors.plant_limit(trial, by_kind["response"][0], rng),
        errors.plant_ratio(
            trial, rows["hazard_ratios"][0], str(rng.choice(["lower", "upper"])), str(rng.choice(TYPING)), rng
        ),
        errors.plant_ratio(trial, rows["hazard_ratios"][1], "p", str(rng.choice(TYPING)), rng),
        errors.plant_ratio(trial, rows["hazard_ratios"][2], "value", str(rng.choice(TYPING)), rng),
        errors.plant_foreign_limit(trial, rows["hazard_ratios"][3], rng),
        errors.plant_median(trial, rows["medians"][0], rng),
        errors.plant_difference(trial, rows["differences"][1], rng),
    ]
    untouched = [r for r in rows.get("p_values", []) if r["item"] in ("variable 2", "variable 3")]
    planted += [errors.plant_p(trial, r, str(rng.choice(TYPING)), rng) for r in untouched[:1]]
    return [error for error in planted if error]


def _one_per(rows: list[dict[str, str]], column: str) -> list[dict[str, str]]:
    return list({row[column]: row for row in rows}.values())


def exchanged_limits(trials: list[Trial]) -> tuple[int, int]:
    """Limits exchanged in each ratio: how many, and how many the tables refuse."""
    from resurvey import tables

    raw = raw_tables(trials)
    frame = raw["hazard_ratios"].copy()
    differ = frame["lower"] != frame["upper"]
    frame[["lower", "upper"]] = frame[["upper", "lower"]].to_numpy()
    try:
        tables.check({**raw, "hazard_ratios": frame})
    except tables.TableFaults as faults:
        return int(differ.sum()), sum("exceeds" in fault.rule for fault in faults.faults)
    return int(differ.sum()), 0


def sensitivity(count: int, seed: int) -> pd.DataFrame:
    """Errors planted, errors that leave the logic, and those found, by kind."""
    rng = np.random.default_rng(seed)
    trials = [make_trial(f"t{i:05d}", rng, ROUNDINGS[i % 4]) for i in range(count)]
    planted = [error for trial in trials for error in plant_all(trial, rng)]
    checks = audit.run(raw_tables(trials))
    ruled = checks[audit.needs_ruling(checks)]
    plain = checks[checks["verdict"].isin(audit.FLAGS)]
    found = {claim for ids in ruled["claim_ids"] for claim in ids.split(";")}
    flagged = {claim for ids in plain["claim_ids"] for claim in ids.split(";")}
    table = pd.DataFrame(
        {
            "error": [error.kind for error in planted],
            "planted": 1,
            "leaves_logic": [error.leaves for error in planted],
            "found": [error.leaves and error.claim in found for error in planted],
            "found_as_finding": [error.leaves and error.claim in flagged for error in planted],
            "found_inside_logic": [not error.leaves and error.claim in found for error in planted],
        }
    )
    summed = table.groupby("error").sum()
    summed.loc["all"] = summed.sum()
    summed["sensitivity_pct"] = (100 * summed["found"] / summed["leaves_logic"]).round(2)
    return summed


def course_sensitivity(count: int, seed: int) -> pd.DataFrame:
    """One error a trial in its course, `count` trials a kind: planted, beyond all data, found, found as a finding."""
    found = {}
    for kind, plant in PLANTERS.items():
        rng = np.random.default_rng([seed, len(found)])
        trials = [make_course(f"t{i:05d}", rng, ROUNDINGS[i % 4]) for i in range(count)]
        planted = [error for trial in trials if (error := plant(trial, rng))]
        checks = audit.run(raw_tables(trials))
        ruled, plain = (
            {claim for ids in checks.loc[wanted, "claim_ids"] for claim in ids.split(";")}
            for wanted in (audit.needs_ruling(checks), checks["verdict"].isin(audit.FLAGS))
        )
        leaving = [claim for claim, leaves in planted if leaves]
        found[kind] = {
            "planted": len(planted),
            "leaves_logic": len(leaving),
            "found": sum(claim in ruled for claim in leaving),
            "found_as_finding": sum(claim in plain for claim in leaving),
        }
    table = pd.DataFrame(found).T
    table.loc["all"] = table.sum()
    return table.assign(sensitivity_pct=(100 * table["found"] / table["leaves_logic"]).round(2))


def families(count: int, seed: int) -> pd.DataFrame:
    """`count` papers a family with something wrong and as many without: told where wrong, told where right, findings.

    Told is a verdict of the family's rule other than reproduced: a finding, or a hint that says why it is none.
    """
    found = {}
    for place, (kind, make) in enumerate((FAMILIES | ANNOUNCED).items()):
        rng = np.random.default_rng([seed, 7, place])
        cases = [make(f"f{i:05d}", rng, i % 2 == 0) for i in range(2 * count)]
        checks = audit.run(raw_tables([case.trial for case in cases]))
        own = checks[(checks["rule"] == cases[0].rule) & (checks["verdict"] != "reproduced")]
        told, ruled = set(own["source_id"]), set(checks.loc[audit.needs_ruling(checks), "source_id"])
        wrong = [case.trial.name for case in cases if case.wrong]
        right = [case.trial.name for place, case in enumerate(cases) if place % 2]
        found[kind] = {
            "wrong": len(wrong),
            "told": sum(name in told for name in wrong),
            "needs_ruling": sum(name in ruled for name in wrong),
            "right": len(right),
            "told_though_right": sum(name in told for name in right),
            "ruled_though_right": sum(name in ruled for name in right),
        }
    table = pd.DataFrame(found).T
    table.loc["all"] = table.sum()
    return table.assign(sensitivity_pct=(100 * table["told"] / table["wrong"]).round(2))


def false_alarms(trials: list[Trial]) -> tuple[int, int, int, dict[str, int]]:
    """Numbers printed (rows), findings, checks that need a ruling, and the rules that asked for it."""
    raw = raw_tables(trials)
    checks = audit.run(raw)
    numbers = sum(len(frame) for frame in raw.values())
    findings = checks[checks["verdict"].isin(audit.FLAGS)]
    ruled = checks[audit.needs_ruling(checks)]
    return numbers, len(findings), len(ruled), dict(Counter(ruled["rule"]))


def speed(claims: int, seed: int) -> tuple[int, float, float]:
    """Rows, seconds by the clock and seconds of one processor to audit about `claims` typed rows."""
    from resurvey import clean

    rng = np.random.default_rng(seed)
    trials: list[Trial] = []
    rows = 0
    while rows < claims:
        trials.append(make_trial(f"s{len(trials):05d}", rng, "half up"))
        rows += sum(len(table) for table in trials[-1].tables.values())
    typed = clean.tidy(raw_tables(trials))
    audit.run({name: frame.head(50) for name, frame in typed.items()})
    clock, processor = time.perf_counter(), time.process_time()
    audit.run(typed)
    return rows, time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--speed", type=int, nargs="*", default=[2000, 200_000])
    arguments = parser.parse_args()
    out = sys.stdout.write
    out(sensitivity(arguments.trials, arguments.seed).to_string() + "\n\n")
    out(course_sensitivity(arguments.trials // 5, arguments.seed).to_string() + "\n\n")
    out(families(arguments.trials // 5, arguments.seed).to_string() + "\n\n")
    for rounding in ROUNDINGS:
        rng = np.random.default_rng(arguments.seed + 1)
        trials = [make_trial(f"c{i:05d}", rng, rounding) for i in range(arguments.trials // 4)]
        numbers, findings, ruled, rules = false_alarms(trials)
        out(f"correct, {rounding}: {numbers} numbers, {findings} findings ({100 * findings / numbers:.3f} per 100), ")
        out(f"{ruled} need a ruling; {rules}\n")
    rng = np.random.default_rng(arguments.seed + 2)
    numbers, findings, ruled, rules = false_alarms([make_unusual(f"u{i:05d}", rng) for i in range(arguments.trials)])
    out(f"unusual: {numbers} numbers, {findings} findings ({100 * findings / numbers:.3f} per 100), ")
    out(f"{ruled} need a ruling; {rules}\n")
    for words, make in (
        ("courses", lambda name, rng: make_course(name, rng, str(rng.choice(ROUNDINGS)))),
        ("unusual courses", make_odd_course),
    ):
        rng = np.random.default_rng(arguments.seed + 3)
        numbers, findings, ruled, rules = false_alarms([make(f"v{i:05d}", rng) for i in range(arguments.trials)])
        out(f"{words}: {numbers} numbers, {findings} findings ({100 * findings / numbers:.3f} per 100), ")
        out(f"{ruled} need a ruling; {rules}\n")
    out("limits exchanged: {} made, {} refused by the tables\n".format(*exchanged_limits(trials)))
    for claims in arguments.speed:
        rows, clock, processor = speed(claims, arguments.seed)
        out(f"speed: {rows} claims in {clock:.2f} s by the clock, {processor:.2f} s of one processor\n")


if __name__ == "__main__":
    main()
