"""The course of invented trials: simulated patients, their survival at times, numbers at risk, subgroups, calendar.

Every number is printed from one simulated set of patients, so that all of them can be true together. Errors are planted
one in a trial; `leaves` says by exact arithmetic whether any data could still have the altered number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from plant import ROUNDINGS, Trial, printed

Row = dict[str, str]
TIMES = (6, 12, 18)
MONTH = 30.4375


def add_course(trial: Trial, rng: np.random.Generator, rounding: str, visits: bool = False) -> None:
    """Rates, numbers at risk, medians, a ratio with events, subgroups, follow-up and a second print of some of them."""
    trial.add("studies", study_id=trial.name, acronym=trial.name, design="randomised", source_id=trial.name)
    enrol, cut = 18.0, 30.0
    sizes, events = {}, {}
    for arm in "cd":
        n = int(rng.integers(60, 300))
        times, seen, male = _patients(rng, n, enrol, cut, visits)
        sizes[arm], events[arm] = n, int(seen.sum())
        trial.add("arms", arm_id=arm, label=arm, n=str(n))
        _curve(trial, rng, rounding, arm, times, seen)
        _subgroups(trial, arm, seen, male, n)
        _response(trial, rng, rounding, arm, n)
    _ratio(trial, rng, rounding, sizes, events)
    _calendar(trial, rng, rounding, cut)


def _patients(rng: np.random.Generator, n: int, enrol: float, cut: float, visits: bool) -> tuple[np.ndarray, ...]:
    entry = rng.uniform(0, enrol, n)
    entry[0] = 0.0
    life = rng.exponential(rng.uniform(8, 20), n)
    if visits:  # progression is found at visits, which fall on the printed times
        life = np.ceil(life / 2) * 2
    follow = cut - entry
    return np.minimum(life, follow), life <= follow, rng.random(n) < 0.6


def _kaplan_meier(times: np.ndarray, seen: np.ndarray, at: float) -> tuple[float, float]:
    """Survival at a time and Greenwood's sum."""
    s, greenwood = 1.0, 0.0
    for t in np.unique(times[seen & (times <= at)]):
        risk, dead = (times >= t).sum(), (seen & (times == t)).sum()
        s *= 1 - dead / risk
        greenwood += dead / (risk * (risk - dead)) if risk > dead else 0.0
    return s, greenwood


def _curve(
    trial: Trial, rng: np.random.Generator, rounding: str, arm: str, times: np.ndarray, seen: np.ndarray
) -> None:
    start = {"arm_id": arm, "endpoint": "TTP"}
    for t in (0, *TIMES):
        at = str(int((times >= t).sum()))
        trial.add("risk_tables", **start, time=str(t), time_unit="months", n_at_risk=at)
    for t in TIMES:
        s, greenwood = _kaplan_meier(times, seen, t)
        if not 0.02 < s < 0.98 or greenwood <= 0:
            continue
        error = np.sqrt(greenwood) / abs(np.log(s))
        low, high = s ** np.exp(1.959964 * error), s ** np.exp(-1.959964 * error)
        cells = {
            name: printed(100 * float(x), 1, rounding) for name, x in (("value", s), ("lower", low), ("upper", high))
        }
        trial.add("survival_rates", **start, time=str(t), time_unit="months", unit="%", ci_level="95", **cells)
    order = np.unique(times[seen])
    reached = [t for t in order if _kaplan_meier(times, seen, t)[0] <= 0.5]
    cells = start | {"n": str(len(times)), "events": str(int(seen.sum()))}
    if reached:
        value = printed(float(reached[0]), 1, rounding)
        trial.add("medians", **cells, value=value, unit="months")
        days = printed(float(reached[0]) * MONTH, 0, rounding)
        trial.add("medians", **start, value=days, unit="days", locator="Abstract")


def _subgroups(trial: Trial, arm: str, seen: np.ndarray, male: np.ndarray, n: int) -> None:
    for name, part in (("all", np.ones(n, bool)), ("male", male), ("female", ~male)):
        cells = {"n": str(int(part.sum())), "events": str(int(seen[part].sum()))}
        trial.add("medians", arm_id=arm, endpoint="EFS", population=name, value="NR", unit="months", **cells)


def _response(trial: Trial, rng: np.random.Generator, rounding: str, arm: str, n: int) -> None:
    responders = int(rng.binomial(n, 0.4))
    share = printed(100 * responders / n, 1, rounding)
    cells = {"arm_id": arm, "kind": "response", "endpoint": "ORR", "item": "ORR"}
    trial.add("proportions", **cells, n=str(responders), total=str(n), percent=share)
    trial.add("proportions", **cells, percent=share, locator="Abstract")
    trial.add("medians", arm_id=arm, endpoint="DoR", value="NR", unit="months", n=str(responders))


def _ratio(
    trial: Trial, rng: np.random.Generator, rounding: str, sizes: dict[str, int], events: dict[str, int]
) -> None:
    total = sum(events.values())
    # The variance of a Cox model of two groups is 1/d1 + 1/d2 or more.
    se = float(np.sqrt(1 / events["c"] + 1 / events["d"])) * rng.uniform(1.0, 1.1)
    log = rng.normal(-0.2, 0.3)
    for place in ("Results", "Abstract"):
        trial.add(
            "hazard_ratios",
            locator=place,
            arm_id="c",
            comparator_arm_id="d",
            endpoint="TTP",
            measure="HR",
            value=printed(float(np.exp(log)), 2, rounding),
            lower=printed(float(np.exp(log - 1.959964 * se)), 2, rounding),
            upper=printed(float(np.exp(log + 1.959964 * se)), 2, rounding),
            ci_level="95",
            events=str(total),
        )


def _calendar(trial: Trial, rng: np.random.Generator, rounding: str, cut: float) -> None:
    trial.add("follow_up", item="enrolment start", statistic="date", value="2018-01")
    trial.add("follow_up", item="data cut-off", statistic="date", value="2020-07")
    cells = {"value": printed(float(rng.uniform(15, 25)), 1, rounding), "unit": "months"}
    trial.add("follow_up", item="follow-up", statistic="median", range_upper=printed(cut - 0.1, 1, "cut off"), **cells)


Planter = Callable[[Trial, np.random.Generator], "tuple[str, bool] | None"]


def _pick(trial: Trial, rng: np.random.Generator, table: str, **cells: str) -> Row | None:
    rows = [r for r in trial.tables.get(table, []) if all(r.get(c) == v for c, v in cells.items())]
    return rows[int(rng.integers(len(rows)))] if rows else None


def rate_outside(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A survival rate that lies outside its interval."""
    row = _pick(trial, rng, "survival_rates", arm_id="c")
    if row is None or float(row["upper"]) + 2 > 99:
        return None
    row["value"] = f"{float(row['upper']) + 1.5:.1f}"
    return row["claim_id"], True


def rate_narrow(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """An interval a third as wide as it should be."""
    row = _pick(trial, rng, "survival_rates", arm_id="c")
    if row is None:
        return None
    value = float(row["value"])
    row["lower"], row["upper"] = (f"{value + (float(row[end]) - value) / 3:.1f}" for end in ("lower", "upper"))
    n = int(next(r for r in trial.tables["arms"] if r["arm_id"] == "c")["n"])
    least = 196 * np.sqrt(value / 100 * (1 - value / 100) / n)
    return row["claim_id"], (float(row["upper"]) - float(row["lower"]) + 0.4) / 2 < 0.9 * least


def rates_exchanged(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """The rates of two times exchanged."""
    rows = [r for r in trial.tables.get("survival_rates", []) if r["arm_id"] == "c"]
    if len(rows) < 2 or rows[0]["value"] == rows[1]["value"]:
        return None
    for column in ("value", "lower", "upper"):
        rows[0][column], rows[1][column] = rows[1][column], rows[0][column]
    return rows[0]["claim_id"], float(rows[1]["value"]) - float(rows[0]["value"]) > 0.2


def risk_rises(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """Two numbers at risk exchanged."""
    rows = [r for r in trial.tables["risk_tables"] if r["arm_id"] == "c"]
    at = int(rng.integers(1, len(rows) - 1))
    first, second = rows[at], rows[at + 1]
    if first["n_at_risk"] == second["n_at_risk"]:
        return None
    first["n_at_risk"], second["n_at_risk"] = second["n_at_risk"], first["n_at_risk"]
    return second["claim_id"], True


def risk_arms(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """The numbers at risk of the two arms exchanged."""
    rows = trial.tables["risk_tables"]
    if rows[0]["n_at_risk"] == next(r for r in rows if r["arm_id"] == "d")["n_at_risk"]:
        return None
    for row in rows:
        row["arm_id"] = "d" if row["arm_id"] == "c" else "c"
    return rows[0]["claim_id"], True


def risk_high(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """More patients at risk than live without an event, though fewer than before."""
    rows = [r for r in trial.tables["risk_tables"] if r["arm_id"] == "c"]
    rate = next((r for r in trial.tables.get("survival_rates", []) if r["arm_id"] == "c" and r["time"] == "6"), None)
    if rate is None:
        return None
    n = int(rows[0]["n_at_risk"])
    # Events of the last two months may all have been found on the day itself.
    bound = n * ((float(rate["value"]) + 0.1) / 100) ** (2 / 3)
    rows[1]["n_at_risk"] = str(int((bound + n) / 2))
    return rows[1]["claim_id"], int(rows[1]["n_at_risk"]) > bound + 2.5 * np.sqrt(bound * (1 - bound / n)) + 1


def start_changed(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """Another number at time 0 than patients in the arm."""
    row = _pick(trial, rng, "risk_tables", arm_id="c", time="0")
    if row is None:
        return None
    row["n_at_risk"] = str(int(row["n_at_risk"]) + int(rng.integers(1, 9)))
    return row["claim_id"], True


def too_narrow(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A 90 % interval under the name of 95 %."""
    rows = trial.tables["hazard_ratios"][-2:]
    for row in rows:
        value = float(row["value"])
        for end in ("lower", "upper"):
            row[end] = f"{value * (float(row[end]) / value) ** (1.644854 / 1.959964):.2f}"
    row = rows[0]
    widest = np.log((float(row["upper"]) + 0.01) / (float(row["lower"]) - 0.01)) / 3.919928
    return row["claim_id"], bool(widest < 2 / np.sqrt(int(row["events"])))


def last_digit(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """The last digit of a ratio in one of its two places."""
    row = trial.tables["hazard_ratios"][-1]
    row["value"] = f"{float(row['value']) + rng.choice([-0.01, 0.01]):.2f}"
    return row["claim_id"], True


def other_share(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """The last digit of a percentage in one of its two places."""
    row = _pick(trial, rng, "proportions", arm_id="c", locator="Abstract")
    if row is None:
        return None
    row["percent"] = f"{float(row['percent']) + 0.1:.1f}"
    return row["claim_id"], True


def arm_size(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """The size of an arm one off in another place."""
    row = next(r for r in trial.tables["arms"] if r["arm_id"] == "c")
    again = trial.add("arms", arm_id="c", label="c", n=str(int(row["n"]) + 1), locator="Abstract")
    return again["claim_id"], True


def subgroup(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A subgroup larger than what the other leaves."""
    row = _pick(trial, rng, "medians", arm_id="c", population="male")
    if row is None:
        return None
    row["n"] = str(int(row["n"]) + int(rng.integers(1, 20)))
    return row["claim_id"], True


def subgroup_events(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """Events of two parts that are not those of the whole."""
    row = _pick(trial, rng, "medians", arm_id="c", population="female")
    if row is None or int(row["events"]) < 3:
        return None
    row["events"] = str(int(row["events"]) - int(rng.integers(1, 3)))
    return row["claim_id"], True


def responders(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A duration of response in more patients than responded."""
    row = _pick(trial, rng, "medians", arm_id="c", endpoint="DoR")
    if row is None:
        return None
    row["n"] = str(int(row["n"]) + int(rng.integers(1, 20)))
    return row["claim_id"], True


def follow_up(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A median follow-up longer than the dates allow."""
    row = next(r for r in trial.tables["follow_up"] if r["item"] == "follow-up")
    row["value"], row["range_upper"] = f"{rng.uniform(32, 60):.1f}", ""
    return row["claim_id"], True


def beyond(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A median beyond the longest follow-up."""
    row = _pick(trial, rng, "medians", arm_id="c", endpoint="TTP", unit="months")
    if row is None or row["value"] == "NR":
        return None
    row["value"] = f"{rng.uniform(31, 60):.1f}"
    return row["claim_id"], True


def many_events(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """More events than patients."""
    row = _pick(trial, rng, "medians", arm_id="c", endpoint="TTP", unit="months")
    if row is None:
        return None
    row["events"], row["n"] = str(int(row["n"]) + int(rng.integers(1, 50))), ""
    return row["claim_id"], True


def no_event(trial: Trial, rng: np.random.Generator) -> tuple[str, bool] | None:
    """A median that is reached without an event."""
    row = _pick(trial, rng, "medians", arm_id="c", endpoint="TTP", unit="months")
    if row is None:
        return None
    row["events"] = "0"
    return row["claim_id"], True


PLANTERS: dict[str, Planter] = {
    "rate outside its interval": rate_outside,
    "rate, interval too narrow": rate_narrow,
    "rates of two times exchanged": rates_exchanged,
    "numbers at risk exchanged": risk_rises,
    "numbers at risk of two arms exchanged": risk_arms,
    "more at risk than free of events": risk_high,
    "number at risk at time 0": start_changed,
    "90 % interval called 95 %": too_narrow,
    "last digit of a ratio, two places": last_digit,
    "last digit of a percentage, two places": other_share,
    "size of an arm, two places": arm_size,
    "subgroups larger than the whole": subgroup,
    "events of subgroups": subgroup_events,
    "duration of response, patients": responders,
    "median follow-up beyond the dates": follow_up,
    "median beyond the follow-up": beyond,
    "more events than patients": many_events,
    "a median and no event": no_event,
}


def make_course(name: str, rng: np.random.Generator, rounding: str, visits: bool = False) -> Trial:
    """One trial with its course alone."""
    trial = Trial(name)
    add_course(trial, rng, rounding, visits)
    return trial


def make_odd_course(name: str, rng: np.random.Generator) -> Trial:
    """True but unusual: events at visits, robust errors, an analysed part of an arm, follow-up that looks back."""
    trial = make_course(name, rng, str(rng.choice(ROUNDINGS)), visits=True)
    for row in trial.tables["hazard_ratios"][-2:]:
        value = float(row["value"])
        row["test"] = "robust (sandwich) variance"
        row["lower"], row["upper"] = (f"{value * (float(row[end]) / value) ** 0.85:.2f}" for end in ("lower", "upper"))
    trial.tables["studies"][0]["design"] = "retrospective cohort"
    row = next(r for r in trial.tables["follow_up"] if r["item"] == "follow-up")
    row["value"], row["range_upper"] = "41.0", ""
    for row in trial.tables["medians"]:
        if row["endpoint"] == "DoR":
            row["n"] = str(max(1, int(row["n"]) - 5))
    return trial
