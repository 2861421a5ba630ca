"""The tables of one comparison: estimates, regimens and league table of a network, studies in a meta-analysis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import exp

import pandas as pd

from resurvey.evidence_grade import confidence_of
from resurvey.plan import AnyComparison, NetworkComparison, PatientComparison
from resurvey.report.document import Column, Details, Row, Table, Words, anchor, columns, words
from resurvey.report.group_tables import patients_tables
from resurvey.report.inputs import Record, Results, rows
from resurvey.report.words import as_float, interval, is_number, level, number, p_value, percent, ratio, sentence
from resurvey.results import Contrast, Model, Quantity, Role

COLUMNS = columns("Estimate:2.2 | Value:1:number | Interval:1.6:number | p:0.8:number | Method:2.2")


def estimate_tables(
    results: Results, entry: AnyComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table | Details]:
    """The tables of one comparison, depending on its kind."""
    if isinstance(entry, NetworkComparison):
        yield from _network_tables(results, entry, lines, claims)
        return
    shown = [line for line in lines if is_number(line["estimate"]) or is_number(line["p"])]
    if isinstance(entry, PatientComparison):
        yield from patients_tables(entry, shown, claims)
        return
    notes = list(dict.fromkeys(str(line["note"]) for line in shown if line.get("note")))
    yield Table(
        anchor=anchor("tab", entry.id),
        title=f"{entry.question}: estimates",
        columns=COLUMNS,
        rows=tuple(Row.of(*_estimate_cells(line)) for line in shown),
        note=words(
            f"Intervals at {level(shown[0]['ci_level'])} where not said otherwise. " if shown else "",
            *(sentence(note) + " " for note in notes[:3]),
            "Source: ",
            f"results/comparisons/{entry.id}/estimates.csv.",
        ),
        claims=claims,
    )
    yield from _pool_tables(results, entry, shown, claims)


def _estimate_cells(line: Record) -> tuple[Words, ...]:
    method = str(line["method"])
    shares = line["quantity"] == Quantity.PROPORTION
    kind = "percent" if shares else "ratio" if line["contrast"] == Contrast.RATIO else ""
    show = {"percent": lambda cell: percent(cell, 1), "ratio": ratio}.get(kind, number)
    name = "hazard ratio" if line["quantity"] == Quantity.HAZARD_RATIO else str(line["measure"])
    if pair := _pair(line):
        name = f"{pair}: {name}"
    value = show(line["estimate"]) if is_number(line["estimate"]) else ""
    return (
        words(name),
        words(value),
        words(interval(line["lower"], line["upper"], kind)),
        words(p_value(line["p"])),
        words(method),
    )


def _pair(line: Record) -> str:
    """Row label for a comparison with several pairs or groups."""
    if line["contrast"] == Contrast.TREATMENT:
        return str(line.get("treatment") or "")
    return str(line.get("population") or "") if line["evidence"] == "printed medians" else ""


def _network_tables(
    results: Results, entry: NetworkComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table]:
    label = results.labels.treatment
    lines = [line for line in lines if line["role"] in (Role.MAIN, Role.SECONDARY)]
    names = list(dict.fromkeys(str(line["treatment"]) for line in lines))
    place = {(str(line["treatment"]), line["model"] == Model.RANDOM): line for line in lines}
    scores = {
        (str(row["treatment"]), row["model"] == "random"): row["p_score"]
        for row in results.tables_of(entry.id, "ranking")
    }
    made = []
    for name in sorted(names, key=lambda n: as_float(place.get((n, True), {}).get("estimate", "nan"))):
        cells: list[Words] = [words(label(name))]
        for random in (True, False):
            line = place.get((name, random))
            cells.append(
                words(f"{ratio(line['estimate'])} ({interval(line['lower'], line['upper'], 'ratio')})" if line else "")
            )
        cells.append(words(number(scores[(name, True)]) if (name, True) in scores else ""))
        made.append(Row(tuple(cells)))
    against = label(entry.reference)
    total = next((row for row in results.tables_of(entry.id, "q")), None)
    spread = (
        f"Disagreement of the studies: Q {number(total['q'])} on {number(total['df'])} degrees of freedom, "
        f"p {p_value(total['p'])}. "
        if total
        else ""
    )
    yield Table(
        anchor=anchor("tab", entry.id),
        title=f"{entry.question}: hazard ratios against {against}",
        columns=columns("Regimen:2 | Random effects:1.6:number | Common effect:1.6:number | P-score:0.7:number"),
        rows=tuple(made),
        note=words(
            f"Hazard ratio ({level(lines[0]['ci_level'])} confidence interval) against {against}; below 1 fewer "
            f"events. {spread}The P-score is the mean certainty that a regimen is better than another; it says nothing "
            "about how much better. Random effects are the ones to read where studies disagree. ",
            f"Source: results/comparisons/{entry.id}/estimates.csv.",
        ),
        claims=claims,
    )
    yield from _league(results, entry, lines, claims)


def _league(
    results: Results, entry: NetworkComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table]:
    folder = results.folders.get(entry.id, {})
    if not {"effects", "ranking"} <= set(folder):
        return
    label = results.labels.treatment
    ranked = folder["ranking"]
    names = [str(name) for name in ranked.loc[ranked["model"] == "random", "treatment"]]
    known = {(row["treatment"], row["comparator"]): row for row in rows(folder["effects"]) if row["model"] == "random"}
    judged = confidence_of(folder.get("confidence"))
    made = []
    for own in names:
        cells = [words(label(own))]
        for name in names:
            confidence = judged.get(frozenset((own, name)), "")
            cells.append(words("—" if name == own else _pair_cell(known, own, name), confidence and f"; {confidence}"))
        made.append(Row(tuple(cells)))
    yield Table(
        anchor=anchor("tab", entry.id, "league"),
        title=f"{entry.question}: every pair (league table)",
        columns=(Column("Row against column", weight=1.4), *(Column(label(name), "number") for name in names)),
        rows=tuple(made),
        note=words(
            f"Hazard ratios ({level(lines[0]['ci_level'])} confidence interval), random effects, row against column; "
            "below 1 the row has fewer events. "
            + ("After it the confidence in the estimate, as reviewers judged it (CINeMA). " if judged else "")
            + f"Source: results/comparisons/{entry.id}/effects.csv{', confidence.csv' if judged else ''}."
        ),
        claims=claims,
        wide=True,
    )


def _pair_cell(known: Mapping[tuple[str, str], Record], first: str, second: str) -> str:
    """Hazard ratio of a pair of treatments, or a note that they are not linked."""
    if (first, second) not in known:
        return "not linked"
    estimate, lower, upper = (exp(as_float(known[first, second][name])) for name in ("estimate", "lower", "upper"))
    return f"{ratio(estimate)} ({interval(lower, upper, 'ratio')})"


def _pool_tables(
    results: Results, entry: AnyComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table]:
    folder = results.folders.get(entry.id, {})
    studies = folder.get("studies", pd.DataFrame())
    if studies.empty:
        return
    judged = "risk_of_bias" in studies and (studies["risk_of_bias"].fillna("") != "").any()
    left = {
        str(row["left_out"]): row
        for row in results.tables_of(entry.id, "leave_one_out")
        if str(row.get("group", "all")) == "all"
    }
    made = []
    for row in rows(studies):
        if str(row.get("group", "all")) not in ("all", ""):
            continue
        without = left.get(str(row["study"]))
        made.append(
            Row.of(
                results.labels.study(row["study"]),
                ratio(exp(as_float(row["estimate"]))),
                interval(exp(as_float(row["lower"])), exp(as_float(row["upper"])), "ratio"),
                percent(row.get("weight_random")),
                ratio(exp(as_float(without["estimate"]))) if without else "",
                *([str(row["risk_of_bias"]) or "not judged"] if judged else []),
            )
        )
    yield Table(
        anchor=anchor("tab", entry.id, "studies"),
        title=f"{entry.question}: the studies pooled, and the pool without each",
        columns=(
            Column("Study", weight=1.6),
            Column("HR", "number"),
            Column(f"{level(lines[0]['ci_level'])} interval", "number", 1.6),
            Column("Weight", "number"),
            Column("Pool without it", "number"),
            *([Column("Risk of bias")] if judged else []),
        ),
        rows=tuple(made),
        note=words(f"Weights of the random-effects model. Source: results/comparisons/{entry.id}/studies.csv, "
                   "leave_one_out.csv."),
        claims=claims,
    )  # fmt: skip
