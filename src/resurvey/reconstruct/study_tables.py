"""The tables of a study with rebuilt arms: patients, how well they fit, and the curves of the ensembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.montecarlo import barnard_rubin, limit_error, t_quantile
from resurvey.reconstruct.printed_facts import ArmFacts
from resurvey.reconstruct.result import Reconstruction
from resurvey.results import FACTS
from resurvey.survival.stack import PatientStack, patient_stack

Key = tuple[str, str, str, str, str]
ARM_COLUMNS = ["study_id", "arm_id", "population", "endpoint", "data_cut"]
#: The periods between which an ensemble's Monte Carlo error is looked at end when these shares of its events are over.
PERIODS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class RebuiltStudy:
    """The rebuilt patients of every arm of a study, and how well they fit.

    Attributes
    ----------
    patients : DataFrame
        Columns study_id, arm_id, population, endpoint, data_cut, replicate, time (months), event, the evidence from
        which the arm was rebuilt, and the kind of hazard of the replicate (`shape`, empty if it was not drawn).
    accuracy : DataFrame
        One row per arm: status, evidence, method, n, events, facts and how many hold, the reason if it was refused, and
        what was requested but not used (`not_used`).
    facts : DataFrame
        Every printed fact beside the rebuilt value.
    """

    patients: pd.DataFrame
    accuracy: pd.DataFrame
    facts: pd.DataFrame


@dataclass
class StudyArm:
    """An arm of a study while it is being rebuilt: what is printed about it, what was rebuilt, or why not."""

    facts: ArmFacts
    made: Reconstruction | None = None
    reason: str = ""
    paired: bool = False
    alone: bool = False  # drawn from its own summary, not together with others or from a curve
    not_used: list[str] = field(default_factory=list)  # what was requested, and why it was left out


def assembled(rebuilt: Sequence[StudyArm], shapes: Sequence[str]) -> RebuiltStudy:
    """The tables of a study from its arms; `shapes` names the kinds of hazards from which replicates were drawn."""
    patients, accuracy, facts = [], [], []
    for arm in rebuilt:
        key = dict(zip(ARM_COLUMNS, arm.facts.key, strict=True))
        accuracy.append({**key, **_row(arm)})
        if arm.made is not None:
            patients.append((arm.facts.key, arm.made))
            facts.append(arm.made.accuracy.assign(**key))
    return RebuiltStudy(patients=_stacked(patients, shapes), accuracy=pd.DataFrame(accuracy), facts=_facts_table(facts))


def _facts_table(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The facts of all arms, times in months; only comparisons of two groups have a claim."""
    if not parts:
        return pd.DataFrame(columns=FACTS.names)
    table = pd.concat(parts, ignore_index=True).rename(columns={"time": "time_months"})
    if "claim_id" not in table:
        table["claim_id"] = ""
    return table.assign(claim_id=table["claim_id"].fillna(""))[FACTS.names]


def _stacked(parts: Sequence[tuple[Key, Reconstruction]], shapes: Sequence[str]) -> pd.DataFrame:
    """The patients of all arms; arm identifiers are categories, as there are hundreds of thousands of rows."""
    columns = ["replicate", "time", "event"]
    if not parts:
        return pd.DataFrame(columns=[*ARM_COLUMNS, *columns, "evidence", "shape"])
    table = pd.concat([made.patients[columns] for _, made in parts], ignore_index=True)
    sizes = [len(made.patients) for _, made in parts]
    for place, column in enumerate(ARM_COLUMNS):
        table.insert(place, column, _category([key[place] for key, _ in parts], sizes))
    evidence = _category([made.evidence for _, made in parts], sizes)
    # the same categories in every block, so that blocks can be concatenated
    names = ["", *shapes]
    drawn = [_codes(made, names, size) for (_, made), size in zip(parts, sizes, strict=True)]
    return table.assign(evidence=evidence, shape=pd.Categorical.from_codes(np.concatenate(drawn), names))


def _codes(made: Reconstruction, names: Sequence[str], rows: int) -> NDArray[np.intp]:
    """For each row of an arm's patients, the index of its kind of hazard in `names`; 0 if it was not drawn."""
    if not made.shapes:
        return np.zeros(rows, dtype=np.intp)
    return np.repeat([names.index(shape) for shape in made.shapes], rows // len(made.shapes))


def _category(values: Sequence[str], sizes: Sequence[int]) -> pd.Categorical:
    """A column with one value per arm."""
    names = sorted(set(values))
    return pd.Categorical.from_codes(np.repeat([names.index(value) for value in values], sizes), names)


def _row(arm: StudyArm) -> Mapping[str, object]:
    base = {"median_text": arm.facts.median_text, "claim_ids": ";".join(arm.facts.claims)}
    made, not_used = arm.made, "; ".join(arm.not_used)
    if made is None:
        reason = "; ".join(part for part in (arm.reason, not_used) if part)
        return {"status": "refused", "evidence": "", **base, "reason": reason, "not_used": not_used}
    return {
        "status": "rebuilt",
        "evidence": made.evidence,
        **base,
        "reason": "",
        "not_used": not_used,
        "method": made.method,
        **ensemble_numbers(made.patients),
        "facts": len(made.accuracy),
        "facts_held": int(made.accuracy["holds"].sum()),
        "repairs": "; ".join(made.repairs),
        "undetermined": "; ".join(made.undetermined),
        **binding_numbers(made.accuracy),
    }


def binding_numbers(facts: pd.DataFrame) -> dict[str, object]:
    """Number of an arm's facts that are binding for its patients, and how many of these hold."""
    binding = facts["binding"].astype(bool)
    return {"facts_binding": int(binding.sum()), "facts_binding_held": int(facts.loc[binding, "holds"].sum())}


def ensemble_numbers(patients: pd.DataFrame) -> dict[str, object]:
    """Summary of one arm's ensemble: patients, replicates, events, the median and its central 90 %, Monte Carlo error.

    Parameters
    ----------
    patients : DataFrame, columns replicate, time, event
    """
    events = patients.groupby("replicate", sort=True)["event"].sum().to_numpy()
    stack = patient_stack(patients, "arm")
    medians = stack.curves.quantile()
    reached = medians[np.isfinite(medians)]
    return {
        "n": len(patients) // events.size,
        "replicates": events.size,
        "events_mean": float(events.mean()),
        "events_min": int(events.min()),
        "events_max": int(events.max()),
        "median_rebuilt": float(np.median(medians)),
        "median_low": float(np.quantile(medians, 0.05, method="lower")),
        "median_high": float(np.quantile(medians, 0.95, method="higher")),
        "share_reached": reached.size / medians.size,
        "monte_carlo": monte_carlo(stack),
    }


def monte_carlo(stack: PatientStack) -> float:
    """Largest Monte Carlo error of the hazard of an arm in a period of its course, as a share of its standard error.

    The periods end when `PERIODS` of the events are over. The hazard is the increment of -log S, with Greenwood's
    variance; its error is the larger of that of the mean and of the 95 % limits. A difference between independent arms
    that is a sum over periods has no larger one than the arms. The error is 0 for one replicate.
    """
    if stack.replicates < 2 or not stack.event.any():
        return 0.0
    cuts = np.quantile(stack.time[stack.event > 0], PERIODS, method="higher")
    level = [stack.curves.at(float(cut)) for cut in cuts]
    alive = np.all([survival > 0 for survival, _ in level], axis=0)
    if alive.sum() < 2:
        return 0.0
    hazards = np.diff([-np.log(survival[alive]) for survival, _ in level], axis=0, prepend=0.0)
    within = np.diff([greenwood[alive] for _, greenwood in level], axis=0, prepend=0.0).mean(axis=1)
    complete_df = max(float(stack.events.mean()) - 1, 1.0)
    pairs = zip(hazards.var(axis=1, ddof=1), within, strict=True)
    return max(_limit_error(float(b), float(w), int(alive.sum()), complete_df) for b, w in pairs)


def _limit_error(between: float, within: float, replicates: int, complete_df: float) -> float:
    inflated = (1 + 1 / replicates) * between
    if not within + inflated > 0:
        return 0.0
    df, _ = barnard_rubin(within + inflated, inflated, replicates, complete_df)
    return limit_error(between, float(np.sqrt(within + inflated)), replicates, t_quantile(0.975, df))


def ensemble_curves(patients: pd.DataFrame, *, points: int = 121, level: float = 0.9) -> pd.DataFrame:
    """Median survival of each arm's ensemble on a grid of times, with a band for the trial's own patients.

    At each time the band is intended to contain the product-limit curve of the trial's own patients, not that of the
    population they come from: a further replicate lies in it with probability `level`, however many replicates there
    are.

    Returns
    -------
    DataFrame
        The arm's columns, then time (months), survival, lower, upper, at_risk (mean number just before the time).
    """
    made = []
    for key, arm in patients.groupby(ARM_COLUMNS, sort=True, observed=True):
        stack = patient_stack(arm, " ".join(key))
        grid = np.linspace(0.0, float(arm["time"].max()), points)
        # between the order statistics that contain a further replicate with this probability: wide for few replicates
        tails = [(1 - level) / 2, 0.5, (1 + level) / 2]
        low, middle, high = np.quantile(stack.curves.survival_at(grid), tails, axis=0, method="weibull")
        at_risk = (stack.time.size - np.searchsorted(np.sort(stack.time, axis=None), grid)) / stack.replicates
        parts = {"time": grid, "survival": middle, "lower": low, "upper": high, "at_risk": at_risk}
        made.append(pd.DataFrame({**dict(zip(ARM_COLUMNS, key, strict=True)), **parts}))
    columns = [*ARM_COLUMNS, "time", "survival", "lower", "upper", "at_risk"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=columns)
