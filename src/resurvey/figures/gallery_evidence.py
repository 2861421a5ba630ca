"""Figures of the documents: the audit, the trials they list, and the adverse events they print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

import pandas as pd

from resurvey.cautions import FINDINGS
from resurvey.errors import InputError
from resurvey.figures import adverse_event_plots, audit_overview, evidence_plots
from resurvey.figures.captions import drawing
from resurvey.figures.save import Drawing, slug
from resurvey.labels import Labels
from resurvey.short_citations import short_citation
from resurvey.tables import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        figure = evidence_plots.timeline(dates)
        yield drawing("timeline", "evidence-timeline", data["studies"], figure, studies=dates.to_dict("records"))
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
    return {
        str(row["source_id"]): f"{short_citation(row, str(row['source_id']))} ({row['kind']})"
        for row in sources.to_dict("records")
    }


def _audit(
    checks: pd.DataFrame, claims: pd.DataFrame, names: Mapping[str, str], pages: Sequence[str], data: str
) -> Iterator[Drawing]:
    verdicts = audit_overview.worst_verdicts(checks, claims[claims["source_id"].isin(pages)])
    if verdicts.empty:
        return
    sources = sorted(set(verdicts["source_id"]))
    yield drawing(
        "audit-overview",
        "audit-overview",
        data,
        audit_overview.audit_overview(verdicts, names=names, order=pages),
        count=len(verdicts),
        total=_counts(verdicts["verdict"]),
        meanings=list(verdicts["verdict"].value_counts().index),
        documents=[(names.get(s, s), _counts(verdicts.loc[verdicts["source_id"] == s, "verdict"])) for s in sources],
    )
    found = checks[checks["verdict"].isin(FINDINGS)]
    if len(found):
        yield drawing(
            "audit-findings-by-rule",
            "audit-findings-by-rule",
            data,
            audit_overview.findings_by_rule(checks),
            checks=len(checks),
            found=len(found),
            rules=list(counted(found["rule"]).items()),
        )


def _counts(verdicts: pd.Series) -> list[tuple[str, int]]:
    """How often each verdict occurs, the gravest first."""
    counts = verdicts.value_counts()
    return [(verdict, int(counts[verdict])) for verdict in audit_overview.WORST_FIRST if verdict in counts]


def _trials(pairs: pd.DataFrame, source: str, names: Mapping[str, str], labels: Labels, data: str) -> Drawing:
    return drawing(
        "trials",
        slug("evidence-trials", source),
        data,
        evidence_plots.trials_on_a_page(pairs, endpoints=labels.endpoints),
        document=names.get(source, source),
        pairs=pairs.to_dict("records"),
        known=int(pairs[["first_lower", "second_lower"]].notna().sum().sum()),
        longer=int((pairs["first_months"] > pairs["second_months"]).sum()),
        without=int((pairs["p"] == "").sum()),
        infinite=inf,
    )


def _ongoing(trials: pd.DataFrame, names: Mapping[str, str], data: str) -> Iterator[Drawing]:
    for source, rows in trials.groupby("source_id", sort=True):
        if len(rows) < MIN_PAIRS:
            continue
        yield drawing(
            "ongoing",
            slug("evidence-ongoing", source),
            data,
            evidence_plots.ongoing_by_strategy(rows),
            document=names.get(source, source),
            count=len(rows),
            groups=list(counted(rows["strategy"]).items()),
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
    shares = events.groupby("item")["percent"].sum().sort_values(ascending=False, kind="stable")
    return drawing(
        "harms-by-grade",
        slug("evidence-harms", study),
        data,
        adverse_event_plots.events_by_grade(events),
        study=labels.study(study),
        arm=labels.arm(study, events["arm_id"].iloc[0]),
        patients=events["total"].max(),
        grades=sorted(events["grade"].unique()),
        count=events["item"].nunique(),
        top=list(shares.head(3).items()),
    )


def _by_arm(
    events: pd.DataFrame, study: str, arms: Sequence[str], labels: Labels, data: str, figure: Figure
) -> Drawing:
    wide = events.pivot_table(index=["item", "grade"], columns="arm_id", values="percent", aggfunc="first").dropna()
    apart = (wide[arms[0]] - wide[arms[1]]).sort_values(key=abs, ascending=False, kind="stable").head(3)
    totals = [int(events.loc[events["arm_id"] == arm, "total"].max()) for arm in arms]
    return drawing(
        "harms-by-arm",
        slug("evidence-harms", study),
        data,
        figure,
        study=labels.study(study),
        arms=[(labels.arm(study, arm), total) for arm, total in zip(arms, totals, strict=True)],
        apart=[(item, grade, points) for (item, grade), points in apart.items()],
    )
