"""Figures of a rebuilt study, with their captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd

from resurvey.figures.curve_plots import kaplan_meier, risk_table
from resurvey.figures.rebuilt import printed_value, rebuilt_against_printed
from resurvey.figures.save import Drawing, slug
from resurvey.figures.style import listed, number, sensible
from resurvey.labels import Labels
from resurvey.results import FactKind
from resurvey.ticks import time_ticks

KEY = ["study_id", "arm_id", "population", "endpoint", "data_cut"]
KMUNICATE = "Layout after Morris et al. 2019 (KMunicate)."
EVIDENCE = {
    "summary": "Evidence grade summary: rebuilt from printed numbers only, not from a curve or individual patients; "
    "between the printed points the shape is an assumption.",
    "curve": "Evidence grade curve: rebuilt from the digitised coordinates of a published curve.",
}


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
            yield _arms(results, whole, place, labels, data["curves"])
        if len(parts):
            yield _subgroups(results, whole, parts, place, labels, data["curves"])
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


def _risk(results: StudyResults, key: tuple[str, ...], ticks: list[float]) -> pd.DataFrame:
    return risk_table(results.patients[_same(results.patients, key)], ticks)


def _censored(
    results: StudyResults, rows: list[pd.Series], names: list[str], panels: list[str] | None = None
) -> pd.DataFrame | None:
    """Censoring times in the first replicate of groups rebuilt from a curve; for other groups they are unknown."""
    parts = []
    for row, name, panel in zip(rows, names, panels or [""] * len(rows), strict=True):
        if row["evidence"] == "curve":
            own = results.patients[_same(results.patients, tuple(row[KEY]))]
            own = own[(own["replicate"] == own["replicate"].min()) & (own["event"] == 0)]
            parts.append(own[["time"]].assign(group=name, panel=panel))
    return pd.concat(parts) if parts else None


def _title(labels: Labels, study: str, endpoint: str, cut: str) -> str:
    words = f"{labels.study(study)}: {labels.endpoint(endpoint)}"
    return f"{words}, {cut}" if cut else words


def _where(labels: Labels, place: tuple[str, str, str]) -> str:
    return _title(labels, *place)


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _survives(labels: Labels, endpoint: str) -> str:
    words = _capital(labels.endpoint(endpoint))
    return words if "survival" in words.lower() else f"Without event ({words.lower()})"


def _arms(
    results: StudyResults, whole: pd.DataFrame, place: tuple[str, str, str], labels: Labels, data: str
) -> Drawing:
    study, endpoint, cut = place
    ticks = time_ticks(float(whole["time"].max()))
    shown, risk, notes, rows = [], [], {}, []
    for arm, curve in whole.groupby("arm_id", sort=True):
        key = (study, str(arm), "all", endpoint, cut)
        name, row = labels.arm(study, arm), _arm_facts(results, key)
        shown.append(curve.assign(group=name))
        risk.append(_risk(results, key, ticks).assign(group=name))
        notes[name] = _note(results, row)
        rows.append(row)
    figure = kaplan_meier(
        pd.concat(shown),
        pd.concat(risk),
        ylabel=_survives(labels, endpoint),
        notes=notes,
        censored=_censored(results, rows, list(notes)),
    )
    names = list(notes)
    return Drawing(
        name=slug("study", study, "km", endpoint, cut),
        section="reconstruction",
        title=_title(labels, *place),
        caption=f"Kaplan-Meier estimates of rebuilt patients: {_where(labels, place)}; {_counted(names, rows)} "
        f"Line: median of {int(rows[0]['replicates'])} replicates that all satisfy what was printed; band: "
        "middle 90 % of "
        f"them (uncertainty of rebuilding and of sampling as printed). {_marks(rows)}{_evidence(rows)} "
        f"{_not_randomised(rows)} "
        "Table: patients at risk, censored and with an event so far, means over replicates. " + KMUNICATE,
        alt=f"Survival curves of {listed(names)}, {labels.endpoint(endpoint)} in {labels.study(study)}, with "
        "shaded 90 % "
        f"bands and a table of numbers below. {_fall(whole, labels, study)}",
        data=data,
        figure=figure,
    )


def _counted(names: list[str], rows: list[pd.Series]) -> str:
    said = []
    for name, row in zip(names, rows, strict=True):
        events = (
            f"{row['events_mean']:.0f}" if row["events_min"] == row["events_max"] else f"about {row['events_mean']:.0f}"
        )
        said.append(f"{name}, n = {int(row['n'])}, {events} events")
    return "; ".join(said) + "."


def _marks(rows: list[pd.Series]) -> str:
    marked = [row["evidence"] == "curve" for row in rows]
    which = "" if all(marked) else " of the groups rebuilt from a curve"
    where = "" if all(row["replicates"] == 1 for row in rows) else ", in one replicate"
    return f"Strokes: patients censored{which}{where}. " if any(marked) else ""


def _evidence(rows: list[pd.Series]) -> str:
    return " ".join(EVIDENCE.get(grade, "") for grade in dict.fromkeys(str(row["evidence"]) for row in rows))


def _not_randomised(rows: list[pd.Series]) -> str:
    alone = "The curve is no observation of individual patients and must not be read at times beyond what was printed."
    return (
        alone
        if len(rows) == 1
        else "Curves side by side are no test: bands that overlap do not show that groups are alike."
    )


def _fall(rows: pd.DataFrame, labels: Labels, study: str) -> str:
    """In words, where each curve crosses one half and where it ends."""
    said = []
    for (arm, population), curve in rows.groupby(["arm_id", "population"], sort=True):
        below = curve[curve["survival"] <= 0.5]
        name = labels.arm(study, arm) if population == "all" else labels.population(population)
        end = f"ends at {100 * curve['survival'].iloc[-1]:.0f} % after {curve['time'].max():.1f} months"
        half = f"falls to one half at {below['time'].iloc[0]:.1f} months and " if len(below) else ""
        said.append(f"{name} {half}{end}")
    return "; ".join(said) + "."


def _subgroups(
    results: StudyResults,
    whole: pd.DataFrame,
    parts: pd.DataFrame,
    place: tuple[str, str, str],
    labels: Labels,
    data: str,
) -> Drawing:
    study, endpoint, cut = place
    arms = sorted(parts["arm_id"].unique())
    ticks = time_ticks(float(parts["time"].max()), 8)
    shown, risk, notes, rows = [], [], {}, []
    for (population, arm), curve in parts.groupby(["population", "arm_id"], sort=True):
        key = (study, str(arm), str(population), endpoint, cut)
        name, row = labels.arm(study, arm), _arm_facts(results, key)
        panel = _capital(labels.population(population))
        shown.append(curve.assign(group=name, panel=panel))
        risk.append(_risk(results, key, ticks).assign(group=name, panel=panel))
        notes[f"{panel}/{name}"] = _note(results, row)
        rows.append(row)
    grey = whole if len(arms) == 1 and len(whole) else None
    figure = kaplan_meier(
        pd.concat(shown),
        pd.concat(risk),
        ylabel=_survives(labels, endpoint),
        notes=notes,
        censored=_censored(results, rows, *([str(c[key].iloc[0]) for c in shown] for key in ("group", "panel"))),
        grey=grey,
        grey_label="whole arm",
    )
    populations = [labels.population(name) for name in sorted(parts["population"].unique())]
    names = [labels.arm(study, arm) for arm in arms]
    reference = "Grey dotted: the whole arm. " if grey is not None else ""
    return Drawing(
        name=slug("study", study, "km-subgroups", endpoint, cut),
        section="reconstruction",
        title=f"{_title(labels, *place)}, subgroups",
        caption=f"Kaplan-Meier estimates of rebuilt patients by subgroup: {_where(labels, place)}, "
        f"{listed(names)}; "
        f"subgroups {listed(populations)}. Line: median of {int(rows[0]['replicates'])} replicates; band: "
        "middle 90 % of "
        f"them. {_marks(rows)}{reference}{_evidence(rows)} Differences between subgroups of one study were not "
        "protected by randomisation and must not be read as effects of treatment. Table as in the figure of the "
        "whole arms. " + KMUNICATE,
        alt=f"One panel a subgroup ({listed(populations)}) with survival curves of {listed(names)} and tables "
        f"of numbers at risk, censored and with an event. {_fall(parts, labels, study)}",
        data=data,
        figure=figure,
    )


def _fit(
    results: StudyResults, curve: pd.DataFrame, facts: pd.DataFrame, key: tuple[str, ...], labels: Labels, data: str
) -> Drawing:
    study, arm, population, endpoint, cut = key
    row = _arm_facts(results, key)
    facts = facts.rename(columns={"time_months": "time"})
    figure = rebuilt_against_printed(curve, facts, ylabel=_survives(labels, endpoint))
    group = labels.group(study, arm, population)
    missed = facts.loc[~facts["holds"].astype(bool) & facts["binding"].astype(bool), "fact"].tolist()
    possible = facts[facts["binding"].astype(bool)]
    held = f"{int(possible['holds'].sum())} of {len(possible)} printed facts that can hold do so within their rounding"
    apart = f"{held}; not: {listed(missed)}." if missed else f"{held}."
    finite = facts["difference"].abs().replace([np.inf], np.nan).max()
    return Drawing(
        name=slug("study", study, "fit", arm, population, endpoint, cut),
        section="reconstruction",
        title=f"{_title(labels, study, endpoint, cut)}: {group}, rebuilt against printed",
        caption=f"Rebuilt against printed: {_where(labels, (study, endpoint, cut))}; {group}; n = "
        f"{int(row['n'])}. Left: "
        f"median of {int(row['replicates'])} replicates with the middle 90 % of them, and what the paper "
        "prints (median "
        "with interval at one half, survival at landmarks, numbers at risk). Right: mean rebuilt value minus "
        "printed value "
        f"in per cent of the printed one (an arrow: further off than the scale). {apart} "
        f"{_evidence([row])} Method: {row['method']}. Agreement with "
        "the print does not show that the curve between the printed points is right.",
        alt=f"Rebuilt {labels.endpoint(endpoint)} of {group} with a shaded band and the printed facts marked "
        "on it; a panel "
        f"of residuals. {held}; greatest absolute difference {number(float(finite), 3)}. "
        f"{_fall(curve, labels, study)}",
        data=data,
        figure=figure,
    )
