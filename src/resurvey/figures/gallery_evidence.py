"""Figures of the documents: the audit, the trials they list, and the adverse events they print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures import adverse_event_plots, audit_overview, evidence_plots
from resurvey.figures.save import Drawing, slug
from resurvey.figures.style import listed, many
from resurvey.labels import Labels
from resurvey.tables import counted

MIN_PAIRS, MIN_EVENTS = 5, 5
Tables = Mapping[str, pd.DataFrame]


def evidence_drawings(
    checks: pd.DataFrame, claims: pd.DataFrame, tables: Tables, pages: Sequence[str], data: Mapping[str, str]
) -> Iterator[Drawing]:
    """Figures of the audit and of the extraction tables.

    Parameters
    ----------
    checks : DataFrame
        Rows of checks.csv.
    claims : DataFrame
        Every printed number: claim_id, source_id and others.
    tables : dict of DataFrame
        Typed tables.
    pages : sequence of str
        Documents in the order in which they are shown; only their numbers are drawn.
    data : dict of str
        Name of the file behind `checks`, and of each table.
    """
    labels = Labels.from_tables(tables)
    names = short_names(tables["sources"])
    yield from _audit(checks, claims, names, pages, data["checks"])
    dates = evidence_plots.study_dates(tables["studies"], tables["sources"])
    if len(dates):
        yield _timeline(dates, data["studies"])
    for source in pages:
        pairs = evidence_plots.median_pairs(
            tables["medians"], tables["p_values"], tables["hazard_ratios"], labels, source
        )
        if len(pairs) >= MIN_PAIRS:
            yield _trials(pairs, source, names, labels, data["medians"])
    yield from _ongoing(tables["ongoing_trials"], names, data["ongoing_trials"])
    for study in tables["studies"]["study_id"]:
        yield from _harms(tables["proportions"], str(study), labels, data["proportions"])


def short_names(sources: pd.DataFrame) -> dict[str, str]:
    """First author and year of each document, with its kind."""
    made = {}
    for _, row in sources.iterrows():
        author = str(row["citation"]).split(",")[0].split(" ")[0]
        year = f" {int(row['year'])}" if pd.notna(row["year"]) and str(row["year"]) else ""
        made[str(row["source_id"])] = f"{author}{year} ({row['kind']})"
    return made


def _audit(
    checks: pd.DataFrame, claims: pd.DataFrame, names: Mapping[str, str], pages: Sequence[str], data: str
) -> Iterator[Drawing]:
    verdicts = audit_overview.worst_verdicts(checks, claims[claims["source_id"].isin(pages)])
    if verdicts.empty:
        return
    counts = verdicts["verdict"].value_counts()
    said = listed([f"{counts[v]} {v}" for v in audit_overview.WORST_FIRST if v in counts])
    yield Drawing(
        name="audit-overview",
        section="audit",
        title="Every printed number and what became of it",
        caption=f"One mark for each of the {len(verdicts)} numbers read in "
        f"{many(len(set(verdicts['source_id'])), 'document')}, under its document and sorted by the gravest verdict of "
        f"all checks it takes part in: {said}. "
        f"{_verdict_words(counts)} A check says that printed numbers do not fit, not which of them is wrong.",
        alt=f"Rows of marks by document. In all: {said}. "
        + " ".join(_source_words(verdicts, source, names) for source in sorted(set(verdicts["source_id"]))),
        data=data,
        figure=audit_overview.audit_overview(verdicts, names=names, order=pages),
    )
    found = checks[checks["verdict"].isin(["impossible", "conflict", "discrepant", "other-method"])]
    if len(found):
        yield Drawing(
            name="audit-findings-by-rule",
            section="audit",
            title="Which kinds of check did not come out",
            caption=f"Of {len(checks)} checks {len(found)} did not come out: by rule and gravity "
            "(conclusion: a "
            "stated conclusion would change; major: a number that readers use or pool; minor: a digit or a "
            "label; none: "
            "nothing hangs on it). At the bar: how many of the checks made by that rule. A rule that tries "
            "more numbers "
            "finds more; bars do not compare documents.",
            alt="Bars by rule: " + listed([f"{rule} {n}" for rule, n in counted(found["rule"]).items()]) + ".",
            data=data,
            figure=audit_overview.findings_by_rule(checks),
        )


MEANINGS = {
    "reproduced": "follows from the other printed numbers",
    "rounding": "follows but for the last digit",
    "other-method": "follows by a named standard method that the document does not name",
    "discrepant": "follows by no standard method",
    "conflict": "printed differently elsewhere",
    "impossible": "no data can have it",
    "uncheckable": "what a check would need is not printed",
    "not checked": "no check reads it",
}


def _verdict_words(counts: pd.Series) -> str:
    """Meaning of the verdicts that occur, most frequent first."""
    said = "; ".join(f"{verdict}: {MEANINGS[str(verdict)]}" for verdict in counts.index)
    return said[:1].upper() + said[1:] + "."


def _source_words(verdicts: pd.DataFrame, source: str, names: Mapping[str, str]) -> str:
    counts = verdicts.loc[verdicts["source_id"] == source, "verdict"].value_counts()
    said = listed([f"{counts[v]} {v}" for v in audit_overview.WORST_FIRST if v in counts])
    return f"{names.get(source, source)}: {said}."


def _dated(row: Mapping[str, float]) -> str:
    """The known dates of a study, in words."""
    enrolled = [
        f"{word} {row[name]:.1f}" for name, word in (("start", "from"), ("end", "to")) if np.isfinite(row[name])
    ]
    parts = [" ".join(["enrolled", *enrolled])] if enrolled else []
    return ", ".join(parts + ([f"data cut-off {row['cutoff']:.1f}"] if np.isfinite(row["cutoff"]) else []))


def _timeline(dates: pd.DataFrame, data: str) -> Drawing:
    said = "; ".join(f"{row['study']} {_dated(row)}" for _, row in dates.iterrows())
    return Drawing(
        name="evidence-timeline",
        section="evidence",
        title="The studies in time",
        caption="Enrolment (bar), data cut-off (bar mark) and year of the publication read (diamond, drawn at "
        f"mid-year) of {'the one study' if len(dates) == 1 else f'the {len(dates)} studies'} with printed dates. A "
        "date without a day is drawn at the first of its month.",
        alt=f"Bars on a calendar: {said} (years with decimals).",
        data=data,
        figure=evidence_plots.timeline(dates),
    )


def _trials(pairs: pd.DataFrame, source: str, names: Mapping[str, str], labels: Labels, data: str) -> Drawing:
    longer = int((pairs["first_months"] > pairs["second_months"]).sum())
    without = int((pairs["p"] == "").sum())
    return Drawing(
        name=slug("evidence-trials", source),
        section="evidence",
        title=f"Medians of the trials in {names.get(source, source)}",
        caption=f"Medians of both arms of {len(pairs)} comparisons as printed in {names.get(source, source)}, "
        f"longest first{_interval_words(pairs)}; p as printed there (a dash: none printed, in {without}). Under each "
        f"name the arms, first against second. The first named arm has the longer median in {longer} of {len(pairs)}. "
        "Lengths must not be compared between rows: trials differ in whom they treated and when.",
        alt=f"{len(pairs)} pairs of medians, the first named arm longer in {longer}: "
        + "; ".join(_pair_words(row) for _, row in pairs.iterrows())
        + ".",
        data=data,
        figure=evidence_plots.trials_on_a_page(pairs, endpoints=labels.endpoints),
    )


def _interval_words(pairs: pd.DataFrame) -> str:
    """In words, for how many of the medians an interval is printed."""
    known = int(pairs[["first_lower", "second_lower"]].notna().sum().sum())
    return f", with the printed interval of {known} of the {2 * len(pairs)} medians" if known else ""


def _pair_words(row: pd.Series) -> str:
    values = ["not reached" if v == float("inf") else f"{v:g}" for v in (row["first_months"], row["second_months"])]
    return f"{row['study']} {row['endpoint']} {values[0]} against {values[1]} months"


def _ongoing(trials: pd.DataFrame, names: Mapping[str, str], data: str) -> Iterator[Drawing]:
    for source, rows in trials.groupby("source_id", sort=True):
        if len(rows) < MIN_PAIRS:
            continue
        groups = counted(rows["strategy"])
        yield Drawing(
            name=slug("evidence-ongoing", source),
            section="evidence",
            title=f"Ongoing trials listed in {names.get(source, source)}, by strategy",
            caption=f"The {len(rows)} registered trials listed in {names.get(source, source)}, under the "
            "strategy named there, "
            "by phase (other: none of the usual phases) and status as printed; the status today may be "
            "another. Drug names "
            "as printed.",
            alt="Registered trials by strategy: " + listed([f"{n} on {name}" for name, n in groups.items()]) + ".",
            data=data,
            figure=evidence_plots.ongoing_by_strategy(rows),
        )


def _harms(proportions: pd.DataFrame, study: str, labels: Labels, data: str) -> Iterator[Drawing]:
    events = adverse_event_plots.adverse_events(proportions, study)
    arms = sorted(events["arm_id"].unique())
    if len(arms) == 1 and events["item"].nunique() >= MIN_EVENTS:
        yield _by_grade(events, study, labels, data)
    elif len(arms) == 2:
        try:
            figure = adverse_event_plots.events_by_arm(
                events, arms=arms, names={arm: labels.arm(study, arm) for arm in arms}
            )
        except InputError:
            return
        yield _by_arm(events, study, arms, labels, data, figure)


def _by_grade(events: pd.DataFrame, study: str, labels: Labels, data: str) -> Drawing:
    top = events.groupby("item")["percent"].sum().sort_values(ascending=False, kind="stable").head(3)
    arm = labels.arm(study, events["arm_id"].iloc[0])
    return Drawing(
        name=slug("evidence-harms", study),
        section="evidence",
        title=f"{labels.study(study)}: adverse events by grade",
        caption=f"Adverse events in {labels.study(study)}, {arm}: share of {events['total'].max():.0f} "
        "patients by printed "
        f"grades ({listed(sorted(events['grade'].unique()))}), most frequent first; counts on the right, zeros "
        "without a symbol. As printed, nothing recomputed; a patient may have several events. One arm without a "
        "control: the figure "
        "does not tell which events are due to treatment. Dot plot as recommended by Phillips et al. 2022 "
        "(BMJ 377).",
        alt=f"Dot plot of {events['item'].nunique()} adverse events by grade; the most frequent are "
        + listed([f"{item} ({value:.0f} %)" for item, value in top.items()])
        + ", all grades taken together.",
        data=data,
        figure=adverse_event_plots.events_by_grade(events),
    )


def _by_arm(
    events: pd.DataFrame, study: str, arms: Sequence[str], labels: Labels, data: str, figure: object
) -> Drawing:
    totals = {arm: int(events.loc[events["arm_id"] == arm, "total"].max()) for arm in arms}
    groups = listed([f"{labels.arm(study, arm)} (n = {totals[arm]})" for arm in arms])
    wide = events.pivot_table(index=["item", "grade"], columns="arm_id", values="percent", aggfunc="first").dropna()
    apart = (wide[arms[0]] - wide[arms[1]]).sort_values(key=abs, ascending=False, kind="stable").head(3)
    said = listed([f"{item} grade {grade} {value:+.0f} points" for (item, grade), value in apart.items()])
    return Drawing(
        name=slug("evidence-harms", study),
        section="evidence",
        title=f"{labels.study(study)}: adverse events by arm",
        caption=f"Adverse events in {labels.study(study)}: {groups}; share of patients by grade and difference "
        "in percentage "
        "points (first minus second) with Newcombe's 95 % interval from Wilson's limits (Newcombe 1998, "
        "method 10), not "
        "adjusted for the number of events compared. Counts as printed. Unless patients were randomised, "
        "differences may "
        "come from who was treated and from what was recorded.",
        alt=f"Two symbols an event and grade with the difference beside them; furthest apart: {said}.",
        data=data,
        figure=figure,
    )
