"""What printed numbers alone make of arms whose curves were digitised: a paragraph and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from resurvey.labels import without_brackets, without_number
from resurvey.report.document import Block, Row, Table, columns, words
from resurvey.report.inputs import Record, Results, claims_of_rows, rows
from resurvey.report.templating import render
from resurvey.report.words import interval, number, ratio
from resurvey.results import Quantity, Reference

TABLE = "tab-beside-curves"
#: What several rows of one pair of arms, or of one arm, have in common.
SHARED = ("study_id", "endpoint", "population", "data_cut", "arm_id", "comparator_arm_id")


def beside_curves(results: Results, own: Path | None = None) -> tuple[Block, ...]:
    """The paragraph and the table; nothing if no arm has both a curve and numbers that suffice without it.

    Parameters
    ----------
    results : Results
    own : Path, optional
        Folder of a project's own templates.
    """
    made = [row for row in rows(results.beside_curves) if not row["refused"]]
    if not made:
        return ()
    return render("beside_curves.md.j2", _facts(made), {"table": (_table(results),)}, own)


def _facts(made: Sequence[Record]) -> dict[str, Any]:
    ratios = [row for row in made if row["quantity"] == Quantity.HAZARD_RATIO]
    means = [row for row in made if row["quantity"] == Quantity.RESTRICTED_MEAN]
    return {
        "ratios": _tried(ratios),
        "printed": all(row["reference"] == Reference.PRINTED for row in ratios),
        "factor": exp(fmean(abs(row["error"]) for row in ratios)) if ratios else 0.0,
        "further": sum(_exaggerates(row) for row in ratios),
        "wider": median(_width(row, "summary") / _width(row, "curve") for row in ratios) if ratios else 0.0,
        "differences": _tried([row for row in means if row["comparator_arm_id"]]),
        "arms": _tried([row for row in means if not row["comparator_arm_id"]]),
    }


def _tried(made: Sequence[Record]) -> dict[str, float]:
    """How many there are, how many intervals hold what they are set beside, and the mean error without its sign."""
    error = fmean(abs(row["error"]) for row in made) if made else 0.0
    return {"of": len(made), "held": sum(row["holds"] for row in made), "error": error}


def _exaggerates(row: Record) -> bool:
    """Whether a ratio from printed numbers is further from 1 than the one it is set beside, or on the other side."""
    reference = row["printed"] if row["reference"] == Reference.PRINTED else row["curve"]
    return (row["summary"] < reference) == (reference < 1) and row["summary"] != reference


def _width(row: Record, name: str) -> float:
    """Width of the interval of a ratio on the log scale."""
    return log(row[f"{name}_upper"] / row[f"{name}_lower"])


def _table(results: Results) -> Table:
    shown = [row for row in rows(results.beside_curves) if row["comparator_arm_id"] or not row["refused"]]
    groups: dict[tuple[object, ...], list[Record]] = {}
    for row in shown:
        groups.setdefault(tuple(row[name] for name in SHARED), []).append(row)
    paired = {(*key[:4], arm) for key in groups if key[5] for arm in key[4:]}
    kept = [found for key, found in groups.items() if key[5] or (*key[:4], key[4]) not in paired]
    notes = dict.fromkeys(str(row["note"]) for found in kept for row in found if row["note"])
    return Table(
        anchor=TABLE,
        title="What printed numbers alone would have said, beside the digitised curves",
        columns=columns(
            "Study, endpoint:1.5 | Groups:2.2 | Printed ratio:1.25 | Ratio, printed numbers alone:1.35"
            " | Ratio, curves:1.25 | Restricted mean, printed numbers alone:1.5 | Restricted mean, curves:1.5"
        ),
        rows=tuple(_row(results, found) for found in kept),
        note=words(
            "Restricted means in months, of two groups their difference, to the month in brackets. Intervals are 95 %. "
            + "".join(f"No estimate: {note}. " for note in notes)
            + "Source: results/reconstruction/beside_curves.csv."
        ),
        claims=claims_of_rows(row for found in kept for row in found),
    )


def _row(results: Results, found: Sequence[Record]) -> Row:
    first = found[0]
    study, label = str(first["study_id"]), results.labels
    arms = [first["arm_id"], *([first["comparator_arm_id"]] if first["comparator_arm_id"] else [])]
    names = " v ".join(without_number(without_brackets(label.arm(study, arm))) for arm in arms)
    if first["population"] != "all":
        names += f", {label.population(first['population'])}"
    by_quantity = {row["quantity"]: row for row in found}
    return Row.of(
        f"{label.study(study)}, {first['endpoint']}",
        names,
        *_ratios(by_quantity.get(Quantity.HAZARD_RATIO)),
        *_means(by_quantity.get(Quantity.RESTRICTED_MEAN)),
    )


def _ratios(row: Record | None) -> Iterator[str]:
    for name in ("printed", "summary", "curve"):
        there = row is not None and row[name] == row[name]
        limits = interval(row[f"{name}_lower"], row[f"{name}_upper"], "ratio") if row and there else ""
        yield (ratio(row[name]) + (f" ({limits})" if limits else "")) if row and there else "–"


def _means(row: Record | None) -> Iterator[str]:
    for name in ("summary", "curve"):
        if row is None or row[name] != row[name]:
            yield "–"
        else:
            limits = interval(row[f"{name}_lower"], row[f"{name}_upper"])
            yield f"{number(row[name])} ({limits}) [{number(row['time_months'])}]"
