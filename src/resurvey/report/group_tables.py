"""Tables of a comparison of two groups: side by side, then other target populations and sensitivity analyses.

Tests, parametric fits and extrapolations are in the workbook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from resurvey.plan import PatientComparison
from resurvey.report.document import NBSP, Column, Details, Row, Table, Words, anchor, columns, words
from resurvey.report.inputs import Record
from resurvey.report.words import as_float, is_number, level, number, p_value, percent, ratio, sentence
from resurvey.results import Contrast, Model, Quantity, Role

#: Quantities shown side by side for both groups, in the order of the table.
PAIRED = (Quantity.MEDIAN, Quantity.RESTRICTED_MEAN, Quantity.SURVIVAL, Quantity.MEAN)
SHOWN: Mapping[str, Callable[[object], str]] = {"percent": percent, "ratio": ratio}


def patients_tables(
    entry: PatientComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table | Details]:
    """Results of both groups and their difference; other target populations and sensitivity analyses are collapsible.

    Parameters
    ----------
    entry : PatientComparison
    lines : sequence of dict
        Its rows of comparisons.csv that hold a number.
    claims : tuple of str
        Printed numbers on which it is based.
    """
    yield _side_by_side(entry, lines, claims)
    weighted = [line for line in lines if line["role"] == Role.STANDARDISED]
    if weighted:
        yield Details("In other populations", (_standardised(entry, weighted),))
    varied = [line for line in lines if line["role"] == Role.SENSITIVITY]
    if varied:
        yield Details("Sensitivity to how it was done", (_sensitivity(entry, varied),))


def _source(entry: PatientComparison) -> str:
    return f"Source: results/comparisons/{entry.id}/estimates.csv."


def _side_by_side(entry: PatientComparison, lines: Sequence[Record], claims: tuple[str, ...]) -> Table:
    first = lines[0] if lines else {}
    return Table(
        anchor=anchor("tab", entry.id),
        title=f"{entry.question}: the groups side by side",
        columns=columns(
            "Measure:2 | First:1.5:number | Second:1.5:number | Difference, or ratio:1.8:number | p:0.7:number"
        ),
        rows=(*(_ratio_row(line) for line in _ratios(lines)), *_paired_rows(lines)),
        note=words(
            f"First: {first.get('treatment', '')}. Second: {first.get('comparator', '')}. "
            f"{level(first.get('ci_level'))} intervals, which include the uncertainty of reconstruction. Restricted "
            "mean: mean time without the event up to the month named. Times in months. ",
            _source(entry),
        ),
        claims=claims,
    )


def _ratios(lines: Sequence[Record]) -> list[Record]:
    """Unweighted hazard ratios: the main one, by time interval, stratified, and as printed."""
    roles = (Role.MAIN, Role.SECONDARY, Role.PRINTED)
    return [line for line in lines if line["quantity"] == Quantity.HAZARD_RATIO and line["role"] in roles]


def _ratio_row(line: Record) -> Row:
    return Row.of(_ratio_name(line), (), (), with_interval(line, "ratio"), p_value(line["p"]))


def _ratio_name(line: Record) -> str:
    start, end = as_float(line["from_months"]), as_float(line["time_months"])
    if line["model"] == Model.PRINTED:
        return "Hazard ratio, as printed"
    if line["model"] == Model.STRATIFIED_COX:
        return f"Hazard ratio, stratified by {line['variation']}"
    if start == start:
        return (
            f"Hazard ratio from {number(start, 1)} to {months(end)}"
            if end < float("inf")
            else (f"Hazard ratio after {months(start)}")
        )
    return "Hazard ratio"


def _paired_rows(lines: Sequence[Record]) -> Iterator[Row]:
    """Rows for quantities known in the groups or as a difference, by time."""
    found: dict[tuple[int, float], dict[str, Record]] = {}
    for line in lines:
        if line["role"] == Role.SECONDARY and line["quantity"] in PAIRED:
            time = as_float(line["time_months"])
            key = (PAIRED.index(line["quantity"]), time if time == time else 0.0)
            found.setdefault(key, {})[str(line["contrast"])] = line
    for (place, time), cells in sorted(found.items()):
        yield _paired_row(PAIRED[place], time, cells)


NAMES = {
    Quantity.MEDIAN: "Median",
    Quantity.RESTRICTED_MEAN: "Restricted mean up to {time}",
    Quantity.SURVIVAL: "Survival at {time}",
    Quantity.MEAN: "Mean survival time of the best fitting parametric model",
}


def _paired_row(quantity: Quantity, time: float, cells: Mapping[str, Record]) -> Row:
    kind = "percent" if quantity == Quantity.SURVIVAL else ""
    difference = cells.get(Contrast.DIFFERENCE)
    return Row.of(
        NAMES[quantity].format(time=months(time)),
        with_interval(cells.get(Contrast.TREATMENT), kind),
        with_interval(cells.get(Contrast.COMPARATOR), kind),
        with_interval(difference, kind),
        p_value(difference["p"]) if difference else "",
    )


def months(time: float) -> str:
    """A time such as `6 months`, with a no-break space."""
    return f"{number(time, 1)}{NBSP}months"


def with_interval(line: Record | None, kind: str = "") -> Words:
    """An estimate such as `0.57 (0.40 to 0.81)`; the value alone if there is no interval."""
    if line is None or not is_number(line["estimate"]):
        return ()
    show: Callable[[object], str] = SHOWN.get(kind, number)
    text = show(line["estimate"])
    if is_number(line["lower"]) and is_number(line["upper"]):
        text += f" ({show(line['lower'])} to {show(line['upper'])})"
    return words(text)


def _standardised(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    """The first group weighted to other target populations, one row each."""
    mixes: dict[str, dict[tuple[str, float], Record]] = {}
    for line in lines:
        if line["model"] == Model.BOOTSTRAP:
            continue
        time = as_float(line["time_months"]) if line["quantity"] == Quantity.SURVIVAL else 0.0
        mixes.setdefault(str(line["variation"]), {})[(str(line["quantity"]), time)] = line
    times = sorted({time for cells in mixes.values() for quantity, time in cells if quantity == Quantity.SURVIVAL})
    return Table(
        anchor=anchor("tab", entry.id, "standardised"),
        title=f"{entry.question}: the first group weighted to other populations",
        columns=(
            Column("Weighted to", weight=1.8),
            Column("Effective sample size", "number", 0.9),
            Column("Hazard ratio", "number", 1.2),
            Column("Restricted mean, difference in months", "number", 1.3),
            *(Column(f"Survival at {months(time)}, difference", "number", 1.2) for time in times),
        ),
        rows=tuple(
            Row.of(
                mix,
                with_interval(cells.get((Quantity.EFFECTIVE_SAMPLE_SIZE, 0.0))),
                with_interval(cells.get((Quantity.HAZARD_RATIO, 0.0)), "ratio"),
                with_interval(cells.get((Quantity.RESTRICTED_MEAN, 0.0))),
                *(with_interval(cells.get((Quantity.SURVIVAL, time)), "percent") for time in times),
            )
            for mix, cells in mixes.items()
        ),
        note=words(
            *(f"{sentence(mix)[:-1]}: {sentence(note)} " for mix, cells in mixes.items() if (note := _mix_note(cells))),
            "Effective sample size: so many unweighted patients would say as much. ",
            _source(entry),
        ),
    )


def _mix_note(cells: Mapping[tuple[str, float], Record]) -> str:
    """Description of the target population: the note on the effective sample size or, if none, on the first row."""
    line = cells.get((Quantity.EFFECTIVE_SAMPLE_SIZE, 0.0)) or next(iter(cells.values()))
    return str(line.get("note") or "")


def _sensitivity(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    return Table(
        anchor=anchor("tab", entry.id, "sensitivity"),
        title=f"{entry.question}: the hazard ratio when something is done otherwise",
        columns=columns("What was changed:2 | Hazard ratio:1.3:number | p:0.6:number | Says:2.6"),
        rows=tuple(
            Row.of(
                sentence(line["variation"])[:-1],
                with_interval(line, "ratio"),
                p_value(line["p"]),
                sentence(line.get("note") or ""),
            )
            for line in lines
        ),
        note=words(_source(entry)),
    )
