"""How near the events implied by the interval of a ratio come to those that happened.

    python implied_events.py [--raw data/raw] [--kmdata FOLDER] [--trials 200]

Three kinds of trials: those of the project's tables that print the events of both arms (they are hidden, and set beside
what the printed interval implies), simulated ones (Weibull times, staggered entry), and the two-arm sets of the KMDATA
collection where its folder is given. Of the last two an abstract is printed from the patients: n, median with interval,
and Cox's ratio with interval to two decimals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from resurvey import clean, tables
from resurvey.errors import ResurveyError
from resurvey.reconstruct import HazardRatio, SurvivalSummary
from resurvey.reconstruct.formats import read_kmdata
from resurvey.reconstruct.printed_between import hazard_ratio_of, printed_ratios
from resurvey.reconstruct.printed_facts import gather
from resurvey.reconstruct.ratio_events import forecast_events, with_implied_events
from resurvey.reconstruct.stretch import limits
from resurvey.survival import cox

Z90 = 1.6448536269514722

Arm = tuple[np.ndarray, np.ndarray]


def of_tables(raw: Path) -> Iterator[tuple[str, SurvivalSummary, SurvivalSummary, HazardRatio]]:
    """Ratios between two arms of the tables that both print their events."""
    typed = clean.tidy(tables.read_raw(raw))
    for study in sorted(set(typed["hazard_ratios"]["study_id"])):
        known = {arm.key: arm.summary for arm in gather(typed, study)}
        for row in printed_ratios(typed["hazard_ratios"], study):
            rest = (row["endpoint"], row["data_cut"])
            first = known.get((study, row["arm_id"], row["population"], *rest))
            other = row["comparator_population"] or row["population"]
            second, ratio = known.get((study, row["comparator_arm_id"], other, *rest)), hazard_ratio_of(row)
            if first and second and first.events and second.events and ratio.variances:
                yield row["claim_id"], first, second, ratio


def simulated(trials: int) -> Iterator[tuple[Arm, Arm]]:
    """Two arms of a trial: Weibull times, a ratio between 0.4 and 1.2, even enrolment, drop-out."""
    rng = np.random.default_rng(2026)
    for _ in range(trials):
        n, shape, median = int(rng.integers(60, 400)), rng.uniform(0.7, 1.6), rng.uniform(4, 30)
        accrual, later = median * rng.uniform(0.5, 2.5), median * rng.uniform(0.2, 2.0)
        made = []
        for ratio in (rng.uniform(0.4, 1.2), 1.0):
            scale = median / np.log(2) ** (1 / shape) * ratio ** (-1 / shape)
            event = scale * rng.weibull(shape, n)
            leaves = np.minimum(later + accrual * rng.random(n), rng.exponential(12 * median, n))
            made.append((np.minimum(event, leaves), (event <= leaves).astype(float)))
        yield made[0], made[1]


def of_kmdata(folder: Path) -> Iterator[tuple[Arm, Arm]]:
    """The two arms of every set of the collection that has two."""
    for path in sorted(folder.glob("*.rda")):
        if path.name == "kmdata_key.rda":
            continue
        arms = [made.replicate() for made in read_kmdata(path).values()]
        if len(arms) == 2:
            first, second = ((arm["time"].to_numpy(), arm["event"].to_numpy(float)) for arm in arms)
            yield first, second


def printed(arms: tuple[Arm, Arm]) -> tuple[SurvivalSummary, SurvivalSummary, HazardRatio]:
    """What an abstract would print of two arms, with the events left out."""
    summaries = []
    for time, event in arms:
        order = np.lexsort((-event, time))
        found = limits(time[order][None], event[order][None], NormalDist().inv_cdf(0.975), "log-log")
        median, lower, upper = (round(float(value[0]), 1) for value in found)
        summaries.append(SurvivalSummary(time.size, median=median, lower=lower, upper=upper))
    mark = np.concatenate([np.ones(arms[0][0].size), np.zeros(arms[1][0].size)])
    made = cox(*(np.concatenate(parts) for parts in zip(*arms, strict=True)), mark)
    return *summaries, HazardRatio(*(round(value, 2) for value in (made.hr, made.lower, made.upper)))


def judged(first: SurvivalSummary, second: SurvivalSummary, ratio: HazardRatio, actual: tuple[float, float]) -> dict:
    """Log errors of the events of both arms together and of each, with the ratio's interval and without."""
    row = {}
    before = np.array([forecast_events(arm) for arm in (first, second)])
    told = [arm.events_about for arm in with_implied_events(first, second, ratio)]
    row["interval agrees"] = told[0] is not None
    after = np.array([(np.log(events), sd / events) for events, sd in told]) if told[0] and told[1] else before
    for name, (log_events, sd) in (("without", before.T), ("with", after.T)):
        away = log_events - np.log(actual)
        row[f"total, {name}"] = abs(np.log(np.exp(log_events).sum() / sum(actual)))
        row[f"arm, {name}"] = np.abs(away).mean()
        row[f"inside, {name}"] = (np.abs(away) <= Z90 * sd).mean()
    return row


def of_patients(trials: Iterable[tuple[Arm, Arm]]) -> pd.DataFrame:
    """A row a trial of which an abstract can be made."""
    rows = []
    for arms in trials:
        try:
            rows.append(judged(*printed(arms), (arms[0][1].sum(), arms[1][1].sum())))
        except ResurveyError:
            continue  # a median that was not reached, or an arm without events
    return pd.DataFrame(rows)


def report(name: str, rows: pd.DataFrame) -> None:
    """Medians and 90th percentiles of the errors, and how often the 90 % interval of an arm's events holds them."""
    sys.stdout.write(f"\n{name}: {len(rows)} trials, interval agrees in {rows['interval agrees'].mean():.0%}\n")
    for when in ("without", "with"):
        total, arm = (np.quantile(rows[f"{what}, {when}"], [0.5, 0.9]) for what in ("total", "arm"))
        sys.stdout.write(
            f"  {when:8s} total {total[0]:.3f} / {total[1]:.3f}   arm {arm[0]:.3f} / {arm[1]:.3f}"
            f"   inside {rows[f'inside, {when}'].mean():.2f}\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, default=Path("data/raw"))
    parser.add_argument("--kmdata", type=Path)
    parser.add_argument("--trials", type=int, default=200)
    chosen = parser.parse_args()
    rows = []
    for claim, first, second, ratio in of_tables(chosen.raw):
        actual = (first.events, second.events)
        hidden = (replace(arm, events=None) for arm in (first, second))
        rows.append(judged(*hidden, ratio, actual))
        implied = sum(1 / events for events in actual) / ratio.variances[1]
        sys.stdout.write(f"{claim}: 1/d1 + 1/d2 over the variance shown {implied:.3f}\n")
    report("tables of the project, events hidden", pd.DataFrame(rows))
    report("simulated", of_patients(simulated(chosen.trials)))
    if chosen.kmdata:
        report("KMDATA", of_patients(of_kmdata(chosen.kmdata)))


if __name__ == "__main__":
    main()
