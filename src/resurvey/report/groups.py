"""Tables of a comparison of two rebuilt groups: side by side first, then the tests behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from resurvey.report.document import NBSP, Column, Details, Row, Table, Words, anchor, words
from resurvey.report.inputs import Entry, Record, Results
from resurvey.report.words import interval, is_number, level, number, p_value, percent, ratio, sentence

PAIRED = re.compile(r"^(first arm|second arm|difference|ratio)(?: at (.+))?$")
TIMES = re.compile(r"[\d.]+")
TEST_NAMES = {
    "z": "test statistic z",
    "p": "p value",
    "greatest |z|": "greatest test statistic",
    "HR": "hazard ratio",
}
METHOD_NAMES = {
    "log-rank": "log-rank test",
    "Fleming-Harrington (0, 1)": "weighted log-rank test, late differences count more",
    "Fleming-Harrington (1, 0)": "weighted log-rank test, early differences count more",
    "MaxCombo": "greatest of the weighted tests",
    "proportional hazards (Grambsch-Therneau)": "does the ratio change over time?",
}


def patients_tables(
    results: Results, entry: Entry, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table | Details]:
    """What each group shows and how they differ; the tests in a part to open."""
    paired: dict[tuple[str, str], dict[str, Record]] = {}
    ratios, tests = [], []
    for line in lines:
        found = PAIRED.match(str(line["measure"]))
        if found:
            paired.setdefault((str(line["method"]), found[2] or ""), {})[found[1]] = line
        elif line["measure"] == "HR":
            ratios.append(line)
        else:
            tests.append(line)
    made = [_ratio_row(line) for line in ratios] + [_paired_row(*key, cells) for key, cells in paired.items()]
    first = lines[0] if lines else {}
    yield Table(
        anchor=anchor("tab", entry["id"]),
        title=f"{entry['question']}: the groups side by side",
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
            "mean time without the event, counted up to the month named. Times in months. "
            f"Source: results/comparisons/{entry['id']}/estimates.csv."
        ),
        claims=claims,
    )
    if tests:
        yield Details("Tests", (_tests(entry, tests),))


def _method(line: Record) -> str:
    """A method without the words that say that nothing was adjusted."""
    return str(line["method"]).replace(", unadjusted", "")


def _ratio_row(line: Record) -> Row:
    ends = interval(line["lower"], line["upper"], "ratio")
    value = ratio(line["estimate"]) + (f" ({ends})" if ends else "")
    method = _method(line).replace("as printed, as printed", "as printed").replace("Cox, as printed", "as printed")
    name = "Hazard ratio, as printed" if method == "as printed" else f"Hazard ratio, {method}"
    return Row((words(name), (), (), words(value), words(p_value(line["p"]))))


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
            _value(cells.get("first arm"), kind),
            _value(cells.get("second arm"), kind),
            _value(difference, kind),
            words(p_value(difference["p"]) if difference else ""),
        )
    )


def _months(when: str) -> str:
    found = TIMES.search(when)
    return f"{number(found[0], 1)}{NBSP}months" if found else when


def _value(line: Record | None, kind: str) -> Words:
    if line is None or not is_number(line["estimate"]):
        return ()
    show = (lambda cell: percent(cell)) if kind == "percent" else number
    text = show(line["estimate"])
    if is_number(line["lower"]) and is_number(line["upper"]):
        text += f" ({show(line['lower'])} to {show(line['upper'])})"
    return words(text)


def _tests(entry: Entry, tests: Sequence[Record]) -> Table:
    notes = list(dict.fromkeys(str(line["note"]) for line in tests if line.get("note")))
    return Table(
        anchor=anchor("tab", entry["id"], "tests"),
        title=f"{entry['question']}: tests",
        columns=(
            Column("Test", weight=2.2),
            Column("Statistic", "number"),
            Column("Interval", "number", 1.4),
            Column("p", "number", 0.7),
            Column("Asks", weight=2.2),
        ),
        rows=tuple(
            Row(
                (
                    words(_method(line)),
                    words(number(line["estimate"]) if is_number(line["estimate"]) else ""),
                    words(interval(line["lower"], line["upper"])),
                    words(p_value(line["p"])),
                    words(METHOD_NAMES.get(_method(line), TEST_NAMES.get(str(line["measure"]), ""))),
                )
            )
            for line in tests
        ),
        note=words(
            *(sentence(note) + " " for note in notes), f"Source: results/comparisons/{entry['id']}/estimates.csv."
        ),
    )
