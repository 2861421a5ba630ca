"""All arms of one study rebuilt together, from what the typed tables hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from resurvey.errors import ResurveyError
from resurvey.reconstruct.evidence import ArmFacts, gather
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.summary import from_summary
from resurvey.seeds import generator
from resurvey.survival import kaplan_meier
from resurvey.tables import Tables

ARM_COLUMNS = ["study_id", "arm_id", "population", "endpoint", "data_cut"]


@dataclass(frozen=True)
class RebuiltStudy:
    """Patients of every arm of a study, and how well they fit.

    Attributes
    ----------
    patients : DataFrame
        Columns study_id, arm_id, population, endpoint, data_cut, replicate, time (months), event.
    accuracy : DataFrame
        A row an arm: status, evidence, method, n, events, facts and how many hold, and the reason where it was refused.
    facts : DataFrame
        Every printed fact beside the rebuilt value.
    """

    patients: pd.DataFrame
    accuracy: pd.DataFrame
    facts: pd.DataFrame


def rebuild_study(
    typed: Tables, study_id: str, *, replicates: int, seed: int, partitions: Sequence[Sequence[str]] = ()
) -> RebuiltStudy:
    """Rebuild every arm, population and endpoint of a study that prints a median.

    An arm that cannot be rebuilt is a row with its reason, never a missing row.

    Parameters
    ----------
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    study_id : str
    replicates : int
        Replicates of the ensemble, at least 1.
    seed : int
        The project's seed; each arm draws from a stream of its own.
    partitions : sequence of sequence of str
        Sets of populations that together make up the whole arm.
    """
    rebuilt: list[tuple[ArmFacts, Reconstruction | None, str]] = []
    for facts in gather(typed, study_id):
        rebuilt.append((facts, *_one(facts, replicates, seed)))
    return _assemble(rebuilt)


def _one(facts: ArmFacts, replicates: int, seed: int) -> tuple[Reconstruction | None, str]:
    if facts.summary is None:
        return None, facts.reason
    try:
        made = from_summary(facts.summary, replicates=replicates, rng=generator(seed, "reconstruct", *facts.key))
    except ResurveyError as error:
        return None, str(error)
    return made, ""


def _assemble(rebuilt: Sequence[tuple[ArmFacts, Reconstruction | None, str]]) -> RebuiltStudy:
    patients, accuracy, facts = [], [], []
    for arm, made, reason in rebuilt:
        key = dict(zip(ARM_COLUMNS, arm.key, strict=True))
        accuracy.append({**key, **_row(arm, made, reason)})
        if made is not None:
            patients.append(made.patients.assign(**key))
            facts.append(made.accuracy.assign(**key))
    order = [*ARM_COLUMNS, "replicate", "time", "event"]
    columns = [*ARM_COLUMNS, "fact", "printed", "rebuilt", "difference", "holds", "note"]
    return RebuiltStudy(
        patients=pd.concat(patients, ignore_index=True)[order] if patients else pd.DataFrame(columns=order),
        accuracy=pd.DataFrame(accuracy),
        facts=pd.concat(facts, ignore_index=True)[columns] if facts else pd.DataFrame(columns=columns),
    )


def _row(arm: ArmFacts, made: Reconstruction | None, reason: str) -> Mapping[str, object]:
    base = {"median_text": arm.median_text, "claim_ids": ";".join(arm.claims)}
    if made is None:
        return {"status": "refused", "evidence": "", **base, "reason": reason}
    events = made.events
    medians = _medians(made)
    reached = medians[np.isfinite(medians)]
    return {
        "status": "rebuilt",
        "evidence": made.evidence,
        **base,
        "reason": "",
        "method": made.method,
        "n": made.n,
        "replicates": made.n_replicates,
        "events_mean": float(events.mean()),
        "events_min": int(events.min()),
        "events_max": int(events.max()),
        "median_rebuilt": float(np.median(medians)),
        "median_low": float(np.quantile(medians, 0.05, method="lower")),
        "median_high": float(np.quantile(medians, 0.95, method="higher")),
        "share_reached": reached.size / medians.size,
        "facts": len(made.accuracy),
        "facts_held": int(made.accuracy["holds"].sum()),
        "repairs": "; ".join(made.repairs),
        "undetermined": "; ".join(made.undetermined),
    }


def _medians(made: Reconstruction) -> np.ndarray:
    return np.array([made.kaplan_meier(index).quantile() for index in range(made.n_replicates)])


def ensemble_curves(patients: pd.DataFrame, *, points: int = 121, level: float = 0.9) -> pd.DataFrame:
    """Median survival of each arm's ensemble on a grid of times, with the band that holds `level` of the replicates.

    Returns
    -------
    DataFrame
        The arm's columns, then time (months), survival, lower, upper, at_risk (mean patients just before the time).
    """
    made = []
    for key, arm in patients.groupby(ARM_COLUMNS, sort=True):
        grid = np.linspace(0.0, float(arm["time"].max()), points)
        curves, at_risk = [], []
        for _, replicate in arm.groupby("replicate", sort=True):
            time, event = replicate["time"].to_numpy(), replicate["event"].to_numpy()
            curves.append(kaplan_meier(time, event).at(grid))
            at_risk.append((time[:, None] >= grid).sum(axis=0))
        low, middle, high = np.quantile(curves, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
        columns = {"time": grid, "survival": middle, "lower": low, "upper": high, "at_risk": np.mean(at_risk, axis=0)}
        made.append(pd.DataFrame({**dict(zip(ARM_COLUMNS, key, strict=True)), **columns}))
    columns = [*ARM_COLUMNS, "time", "survival", "lower", "upper", "at_risk"]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=columns)
