"""Figures of a rebuilt study, with their captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd

from resurvey.figures.captions import drawing
from resurvey.figures.curve_plots import kaplan_meier, risk_table
from resurvey.figures.rebuilt import printed_value, rebuilt_against_printed
from resurvey.figures.save import Drawing, slug
from resurvey.figures.style import sensible
from resurvey.labels import Labels
from resurvey.results import FactKind
from resurvey.ticks import time_ticks

KEY = ["study_id", "arm_id", "population", "endpoint", "data_cut"]


@dataclass(frozen=True)
class StudyResults:
    """Results of the reconstruction of one study.

    Attributes
    ----------
    curves : DataFrame
        The columns that identify the arm, then time, survival, lower, upper, at_risk.
    facts, accuracy, patients : DataFrame
        As `resurvey.reconstruct.study` makes them.
    """

    curves: pd.DataFrame
    facts: pd.DataFrame
    accuracy: pd.DataFrame
    patients: pd.DataFrame

    def __post_init__(self) -> None:
        for name in ("curves", "facts", "accuracy", "patients"):
            frame = getattr(self, name)
            # Patients have categorical columns, which have no missing values and select rows much faster than text.
            text = [column for column in KEY if column in frame and frame[column].dtype != "category"]
            filled = {column: frame[column].fillna("").astype(str) for column in text}
            object.__setattr__(self, name, frame.assign(**filled))


def study_drawings(results: StudyResults, labels: Labels, data: Mapping[str, str]) -> Iterator[Drawing]:
    """Figures of one rebuilt study: arms side by side, subgroups, and each arm against its printed results.

    Parameters
    ----------
    results : StudyResults
    labels : Labels
    data : dict of str
        Name of the file behind `curves` and `facts`.

    Yields
    ------
    Drawing
        None where no arm of the study could be rebuilt.
    """
    curves = results.curves
    for (study, endpoint, cut), rows in curves.groupby(["study_id", "endpoint", "data_cut"], sort=True):
        whole, parts = rows[rows["population"] == "all"], rows[rows["population"] != "all"]
        place = (str(study), str(endpoint), str(cut))
        if len(whole):
            yield _side_by_side(results, whole, place, labels, data["curves"])
        if len(parts):
            yield _side_by_side(results, parts, place, labels, data["curves"], whole)
    for key, rows in curves.groupby(KEY, sort=True):
        facts = results.facts[_same(results.facts, key)]
        # the page of all groups shows each one; only groups that miss their printed results also have their own figure
        if _misses(facts):
            yield _fit(results, rows, facts, key, labels, data["facts"])


def _misses(facts: pd.DataFrame) -> bool:
    """Whether a fact about one group is not reproduced; facts about two groups are judged with the pair."""
    own = facts[facts["binding"].astype(bool) & (facts["claim_id"] == "")]
    return not bool(own["holds"].all())


def _same(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    chosen = pd.Series(True, index=frame.index)
    for column, value in zip(KEY, key, strict=True):
        chosen &= frame[column] == value
    return chosen


def _arm_facts(results: StudyResults, key: tuple[str, ...]) -> pd.Series:
    return results.accuracy[_same(results.accuracy, key)].iloc[0]


def _note(results: StudyResults, row: pd.Series) -> str:
    """`n 100, printed median 11.8` for the legend, in months like the axis, whatever the printed unit."""
    facts = results.facts[_same(results.facts, tuple(row[KEY]))]
    median, text = printed_value(facts, FactKind.MEDIAN), str(row["median_text"])
    words = ""
    if text == "NR":
        words = "median not reached"
    elif median is not None and isfinite(median):
        words = f"printed\u00a0median\u00a0{text if _is(text, median) else sensible(median)}"
    return ", ".join(part for part in (f"n {int(row['n'])}", words) if part)


def _is(text: str, value: float) -> bool:
    """Whether a printed text is the number itself, not the number in another unit."""
    try:
        return float(text) == value
    except ValueError:
        return False


def _censored(results: StudyResults, rows: list[pd.Series], names: list[str], panels: list[str]) -> pd.DataFrame | None:
    """Censoring times in the first replicate of groups rebuilt from a curve; for other groups they are unknown."""
    parts = []
    for row, name, panel in zip(rows, names, panels, strict=True):
        if row["evidence"] == "curve":
            own = results.patients[_same(results.patients, tuple(row[KEY]))]
            own = own[(own["replicate"] == own["replicate"].min()) & (own["event"] == 0)]
            parts.append(own[["time"]].assign(group=name, panel=panel))
    return pd.concat(parts) if parts else None


def _title(labels: Labels, study: str, endpoint: str, cut: str) -> str:
    words = f"{labels.study(study)}: {labels.endpoint(endpoint)}"
    return f"{words}, {cut}" if cut else words


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _survives(labels: Labels, endpoint: str) -> str:
    words = _capital(labels.endpoint(endpoint))
    return words if "survival" in words.lower() else f"Without event ({words.lower()})"


def _side_by_side(
    results: StudyResults,
    curves: pd.DataFrame,
    place: tuple[str, str, str],
    labels: Labels,
    data: str,
    whole: pd.DataFrame | None = None,
) -> Drawing:
    """Curves of the arms in one panel or, given those of the whole arms too, of the subgroups in a panel each."""
    study, endpoint, cut = place
    ticks = time_ticks(float(curves["time"].max()), 9 if whole is None else 8)
    shown, risk, notes, rows = [], [], {}, []
    for (population, arm), curve in curves.groupby(["population", "arm_id"], sort=True):
        key = (study, str(arm), str(population), endpoint, cut)
        row, patients = _arm_facts(results, key), results.patients[_same(results.patients, key)]
        panel = "" if whole is None else _capital(labels.population(population))
        group = {"group": labels.arm(study, arm), "panel": panel}
        shown.append(curve.assign(**group))
        risk.append(risk_table(patients, ticks).assign(**group))
        notes["/".join(filter(None, (panel, group["group"])))] = _note(results, row)
        rows.append(row)
    names, panels = ([str(curve[column].iloc[0]) for curve in shown] for column in ("group", "panel"))
    arms = sorted(curves["arm_id"].unique())
    grey = whole if whole is not None and len(whole) and len(arms) == 1 else None
    figure = kaplan_meier(
        pd.concat(shown),
        pd.concat(risk),
        ylabel=_survives(labels, endpoint),
        notes=notes,
        censored=_censored(results, rows, names, panels),
        grey=grey,
        grey_label="whole arm",
    )
    return drawing(
        "study" if whole is None else "subgroups",
        slug("study", study, "km" if whole is None else "km-subgroups", endpoint, cut),
        data,
        figure,
        where=_title(labels, *place),
        study=labels.study(study),
        endpoint=labels.endpoint(endpoint),
        groups=[_counted(name, row) for name, row in zip(names, rows, strict=True)],
        names=[labels.arm(study, arm) for arm in arms],
        populations=[labels.population(name) for name in sorted(curves["population"].unique())],
        grey=grey is not None,
        ends=_ends(curves, labels, study),
    )


def _counted(name: str, row: pd.Series) -> dict[str, object]:
    about = "" if row["events_min"] == row["events_max"] else "about "
    events = f"{about}{row['events_mean']:.0f}"
    replicates, evidence = int(row["replicates"]), str(row["evidence"])
    return {"name": name, "n": int(row["n"]), "events": events, "replicates": replicates, "evidence": evidence}


def _ends(curves: pd.DataFrame, labels: Labels, study: str) -> list[dict[str, object]]:
    """Where each curve crosses one half, if it does, and where it ends."""
    made: list[dict[str, object]] = []
    for (arm, population), curve in curves.groupby(["arm_id", "population"], sort=True):
        below = curve.loc[curve["survival"] <= 0.5, "time"]
        name = labels.arm(study, arm) if population == "all" else labels.population(population)
        half = below.iloc[0] if len(below) else None
        made.append({"name": name, "half": half, "end": curve["survival"].iloc[-1], "last": curve["time"].max()})
    return made


def _fit(
    results: StudyResults, curve: pd.DataFrame, facts: pd.DataFrame, key: tuple[str, ...], labels: Labels, data: str
) -> Drawing:
    study, arm, population, endpoint, cut = key
    facts = facts.rename(columns={"time_months": "time"})
    possible = facts[facts["binding"].astype(bool)]
    return drawing(
        "fit",
        slug("study", study, "fit", arm, population, endpoint, cut),
        data,
        rebuilt_against_printed(curve, facts, ylabel=_survives(labels, endpoint)),
        where=_title(labels, study, endpoint, cut),
        group=labels.group(study, arm, population),
        endpoint=labels.endpoint(endpoint),
        row=_arm_facts(results, key).to_dict(),
        held=int(possible["holds"].sum()),
        possible=len(possible),
        missed=possible.loc[~possible["holds"].astype(bool), "fact"].tolist(),
        greatest=float(facts["difference"].abs().replace([np.inf], np.nan).max()),
        ends=_ends(curve, labels, study),
    )
