"""Tables of a comparison of two rebuilt groups: side by side first; other populations, sensitivity and tests behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from resurvey.plan import PatientComparison
from resurvey.report.document import NBSP, Column, Details, Row, Table, Words, anchor, words
from resurvey.report.estimates import STANDARDISED
from resurvey.report.inputs import Record, Results
from resurvey.report.words import interval, is_number, level, number, p_value, percent, ratio, sentence

PAIRED = re.compile(r"^(first arm|second arm|difference|ratio)(?: (?:at|up to) (.+))?$")
SENSITIVITY = "sensitivity: "
ENSEMBLE = "p over the ensemble"
TIMES = re.compile(r"[\d.]+")
# What comes before the number of months in the measures of a standardised comparison.
SURVIVAL = "difference in survival at "
# Shown as sentences under "What would overturn it", from the tables they come from.
SAID_ELSEWHERE = ("E-value", "bias needed")
ASKS = {
    "log-rank": "are the curves equal?",
    "Fleming-Harrington (0, 1)": "the same; late differences count more",
    "Fleming-Harrington (1, 0)": "the same; early differences count more",
    "MaxCombo": "the greatest of these tests",
    "proportional hazards (Grambsch-Therneau)": "does the ratio change over time?",
}


def patients_tables(
    results: Results, entry: PatientComparison, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table | Details]:
    """What each group shows and how they differ; all else in parts to open.

    Parameters
    ----------
    results : Results
    entry : PatientComparison
    lines : sequence of dict
        Its rows of comparisons.csv that hold a number.
    claims : tuple of str
        Printed numbers behind it.
    """
    kinds: dict[str, list[Record]] = {"side": [], "standardised": [], "sensitivity": [], "tests": [], "further": []}
    for line in lines:
        kinds[_kind(line)].append(line)
    yield _side_by_side(entry, kinds["side"], claims)
    if kinds["standardised"]:
        yield Details("In other populations", (_standardised(entry, kinds["standardised"]),))
    if kinds["sensitivity"]:
        yield Details("Sensitivity to how it was done", (_sensitivity(entry, kinds["sensitivity"]),))
    if kinds["tests"]:
        yield Details("Tests", (_tests(entry, kinds["tests"]),))
    further = [line for line in kinds["further"] if line["method"] not in SAID_ELSEWHERE]
    if further:
        yield Details("Beside the print, and beyond the data", (_further(entry, further),))


def _kind(line: Record) -> str:
    """The table that a row belongs to; what no other takes is listed last."""
    method, measure = str(line["method"]), str(line["measure"])
    if method.startswith(SENSITIVITY):
        return "sensitivity"
    if STANDARDISED.match(method):
        return "standardised"
    if measure == "HR" or PAIRED.match(measure):
        return "side"
    return "tests" if _method(line) in ASKS else "further"


def _source(entry: PatientComparison) -> str:
    return f"Source: results/comparisons/{entry.id}/estimates.csv."


def _side_by_side(entry: PatientComparison, lines: Sequence[Record], claims: tuple[str, ...]) -> Table:
    paired: dict[tuple[str, str], dict[str, Record]] = {}
    ratios = []
    for line in lines:
        found = PAIRED.match(str(line["measure"]))
        if found:
            paired.setdefault((str(line["method"]), found[2] or ""), {})[found[1]] = line
        else:
            ratios.append(line)
    # Restricted means of all horizons stand together, in the order of time.
    order = sorted(paired, key=lambda key: (not key[0].startswith("restricted mean"), _first_time(key[1])))
    made = [_ratio_row(line) for line in ratios] + [_paired_row(*key, paired[key]) for key in order]
    first = lines[0] if lines else {}
    return Table(
        anchor=anchor("tab", entry.id),
        title=f"{entry.question}: the groups side by side",
        columns=(
            Column("Measure", weight=2.0),
            Column("First", "number", 1.5),
            Column("Second", "number", 1.5),
            Column("Difference, or ratio", "number", 1.8),
            Column("p", "number", 0.7),
        ),
        rows=tuple(made),
        note=words(
            f"First: {first.get('treatment', '')}. Second: {first.get('comparator', '')}. With "
            f"{level(first.get('ci_level'))} intervals, which hold the uncertainty of rebuilding. Restricted mean: "
            "mean time without the event, counted up to the month named. Times in months. ",
            _source(entry),
        ),
        claims=claims,
    )


def _first_time(when: str) -> float:
    found = TIMES.search(when)
    return float(found[0]) if found else 0.0


def _method(line: Record) -> str:
    """A method without the words that say that nothing was adjusted."""
    return str(line["method"]).replace(", unadjusted", "")


def _ratio_row(line: Record) -> Row:
    method = _method(line).replace("as printed, as printed", "as printed").replace("Cox, as printed", "as printed")
    name = "Hazard ratio, as printed" if method == "as printed" else f"Hazard ratio, {method}"
    return Row((words(name), (), (), _with_interval(line, "ratio"), words(p_value(line["p"]))))


def _paired_row(method: str, when: str, cells: dict[str, Record]) -> Row:
    name = method.split(",")[0]
    adjusted = "" if "unadjusted" in method else ", " + method.split(", ", 1)[-1] if ", " in method else ""
    shares = name.startswith("survival at")
    if shares:
        name = f"Survival at {_months(when)}"
    elif name == "restricted mean":
        name = f"Restricted mean up to {_months(when)}"
    kind = "percent" if shares else ""
    difference = cells.get("difference")
    return Row(
        (
            words(sentence(name)[:-1] + adjusted),
            _with_interval(cells.get("first arm"), kind),
            _with_interval(cells.get("second arm"), kind),
            _with_interval(difference, kind),
            words(p_value(difference["p"]) if difference else ""),
        )
    )


def _months(when: str) -> str:
    found = TIMES.search(when)
    return f"{number(found[0], 1)}{NBSP}months" if found else when


SHOWN: dict[str, Callable[[object], str]] = {"percent": percent, "ratio": ratio, "p": p_value}


def _with_interval(line: Record | None, kind: str = "") -> Words:
    """`0.57 (0.40 to 0.81)`; the value alone where there is no interval."""
    if line is None or not is_number(line["estimate"]):
        return ()
    show: Callable[[object], str] = SHOWN.get(kind, number)
    text = show(line["estimate"])
    if is_number(line["lower"]) and is_number(line["upper"]):
        text += f" ({show(line['lower'])} to {show(line['upper'])})"
    return words(text)


def _standardised(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    """The first group weighted to other populations, a row each."""
    mixes: dict[str, dict[str, Record]] = {}
    for line in lines:
        found = STANDARDISED.match(str(line["method"]))
        mixes.setdefault(found[1] if found else "", {})[str(line["measure"])] = line
    times = list(dict.fromkeys(m for mix in mixes.values() for m in mix if m.startswith(SURVIVAL)))
    return Table(
        anchor=anchor("tab", entry.id, "standardised"),
        title=f"{entry.question}: the first group weighted to other populations",
        columns=(
            Column("Weighted to", weight=1.8),
            Column("Effective sample size", "number", 0.9),
            Column("Hazard ratio", "number", 1.2),
            Column("Restricted mean, difference in months", "number", 1.3),
            *(Column(f"Survival at {_months(m)}, difference", "number", 1.2) for m in times),
        ),
        rows=tuple(
            Row(
                (
                    words(mix),
                    _with_interval(cells.get("effective sample size")),
                    _with_interval(cells.get("HR"), "ratio"),
                    _with_interval(cells.get("difference in restricted mean")),
                    *(_with_interval(cells.get(m), "percent") for m in times),
                )
            )
            for mix, cells in mixes.items()
        ),
        note=words(
            *(f"{sentence(mix)[:-1]}: {sentence(note)} " for mix, cells in mixes.items() if (note := _mix_note(cells))),
            "Effective sample size: so many unweighted patients would say as much. ",
            _source(entry),
        ),
    )


def _mix_note(cells: dict[str, Record]) -> str:
    """What the population was, said once: the note of the effective sample size, or any."""
    line = cells.get("effective sample size") or next(iter(cells.values()))
    return str(line.get("note") or "")


def _sensitivity(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    return Table(
        anchor=anchor("tab", entry.id, "sensitivity"),
        title=f"{entry.question}: the hazard ratio when something is done otherwise",
        columns=(
            Column("What was changed", weight=2.0),
            Column("Hazard ratio", "number", 1.3),
            Column("p", "number", 0.6),
            Column("Says", weight=2.6),
        ),
        rows=tuple(
            Row(
                (
                    words(sentence(str(line["method"]).removeprefix(SENSITIVITY))[:-1]),
                    _with_interval(line, "ratio"),
                    words(p_value(line["p"])),
                    words(sentence(line.get("note") or "")),
                )
            )
            for line in lines
        ),
        note=words(_source(entry)),
    )


def _tests(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    """Each test once: pooled over the replicates, and beside it the p values of the replicates themselves."""
    pooled: dict[str, Record] = {}
    single: dict[str, Record] = {}
    for line in lines:
        (single if line["measure"] == ENSEMBLE else pooled)[_method(line)] = line
    notes = list(dict.fromkeys(str(line["note"]) for line in pooled.values() if line.get("note")))
    return Table(
        anchor=anchor("tab", entry.id, "tests"),
        title=f"{entry.question}: tests",
        columns=(
            Column("Test", weight=1.8),
            Column("Asks", weight=1.8),
            Column("Statistic", "number", 1.5),
            Column("p", "number", 0.6),
            Column("p of single replicates", "number", 1.3),
        ),
        rows=tuple(
            Row(
                (
                    words(name),
                    words(ASKS[name]),
                    _with_interval(pooled.get(name)),
                    words(p_value(pooled[name]["p"]) if name in pooled else ""),
                    _with_interval(single.get(name), "p"),
                )
            )
            for name in dict.fromkeys((*pooled, *single))
        ),
        note=words(
            "Statistic and p are pooled over the replicates and hold the uncertainty of rebuilding. Beside them the "
            f"median and the middle 95{NBSP}% of the p values of the replicates, each as if its patients had been "
            "seen. ",
            *(sentence(note) + " " for note in notes),
            _source(entry),
        ),
    )


def _further(entry: PatientComparison, lines: Sequence[Record]) -> Table:
    return Table(
        anchor=anchor("tab", entry.id, "further"),
        title=f"{entry.question}: beside the print, and beyond the data",
        columns=(Column("What", weight=2.0), Column("Value", "number", 1.3), Column("Reading", weight=3.4)),
        rows=tuple(
            Row((words(_further_name(line)), _further_value(line), words(sentence(line.get("note") or ""))))
            for line in lines
        ),
        note=words(_source(entry)),
    )


def _further_name(line: Record) -> str:
    """Method and measure, where the measure says more."""
    method, measure = _method(line), str(line["measure"])
    if measure in ("direction", "printed minus rebuilt", "p"):
        return sentence(method)[:-1]
    return sentence(measure)[:-1] if measure.startswith(method) else f"{sentence(method)[:-1]}: {measure}"


def _further_value(line: Record) -> Words:
    measure = str(line["measure"])
    if measure == "printed minus rebuilt":
        return ()  # a difference below the rounding of the print: its reading names both numbers
    if measure == "p":
        return words(p_value(line["p"]))
    shares = measure == "direction" or "share" in measure or "proportion" in measure
    text = _with_interval(line, "percent" if shares else "")
    if not shares and is_number(line["lower"]) and not is_number(line["upper"]):
        # Neither end is left out where the other has no bound.
        return words(f"{number(line['estimate'])} ({interval(line['lower'], line['upper'])})")
    return text
