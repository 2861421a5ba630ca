"""The role of a cell of one number: named by its row, its column or its section, otherwise by the table."""

from __future__ import annotations

import re

from resurvey.read.rules import TableRule
from resurvey.read.table_about import MEASURES, of_table
from resurvey.read.table_context import NOTHING, Context, Role, subject_of
from resurvey.read.table_forms import COEFFICIENT, MEASURED_HEAD, measures
from resurvey.read.table_hints import hints
from resurvey.read.table_places import Layout, Place, Row
from resurvey.read.table_times import survives, time_of
from resurvey.read.word_lists import HARMS

# `Ferritin, median (quartiles) (N)`: the number in brackets is how many were measured.
OF_ALL = re.compile(r"(?:n|no\.?|number)(?: of (?:patients|subjects|participants))?", re.IGNORECASE)
OF_SIZE = re.compile(r"\(\s?[Nn]\s?\)\s*$")


def single_role(layout: Layout, row: Row, column: int, place: Place, context: Context, size: str) -> Role:
    """The role of a cell of one number; `size` is the denominator of its column or section."""
    if COEFFICIENT.search(layout.leaf(column)):
        return NOTHING
    number = place.value.numbers[0]
    if (
        place.value.shape == "(n)"
        and number.whole
        and any(OF_SIZE.search(text) for text in (row.label, *row.section[-1:], layout.leaf(column)))
    ):
        return NOTHING
    if OF_ALL.fullmatch(layout.leaf(column)) and number.whole and context.own & {"median", "mean"}:
        # `n | Usual care` beside `Stay, median (IQR)`: how many were measured.
        return NOTHING
    if number.text == "NR":
        return (
            Role("median", "median-NR")
            if subject_of(context) == "median" or "median" in context.table.tags
            else NOTHING
        )
    above = hints(row.section[-1]) if row.section else frozenset()
    if above & {"median", "mean"} and "pct" in above and not context.own and number.value <= 100:
        return Role(
            "median" if "median" in above else "mean",
            TableRule.MEDIAN_SECTION if "median" in above else TableRule.MEAN_SECTION,
        )
    measured = context.leaf & set(MEASURES) and "median" not in context.leaf and not context.own & set(MEASURES)
    own = context.own - {"median", "mean", "pct", "rate"} if measured else context.own
    for tags, source in (
        (own, "row"),
        (context.leaf, "column"),
        (context.heads, "heads"),
        (context.sections, "section"),
    ):
        found = _named_single(layout, row, column, place, tags, source, size)
        if found.name:
            return found
    return _default_single(layout, row, column, place, context, size)


def _named_single(
    layout: Layout, row: Row, column: int, place: Place, tags: frozenset[str], source: str, size: str
) -> Role:
    number = place.value.numbers[0]
    if (source in ("column", "heads") and "ci" in tags and tags & {"lower", "upper"}) or (
        source == "column" and tags & {"lower", "upper"} and _pair_of_limits(layout)
    ):
        return Role("lower" if "lower" in tags else "upper", "limit-column")
    measure = next((name for name in MEASURES if name in tags), "")
    if measure and not number.percent and not (source == "row" and "n" in tags):
        return Role("ratio", f"ratio-{source}", measure.upper())
    if "ci" in tags and source != "section" and not tags & {"median", "mean", "rate", "pct"}:
        return Role("limit", "limit-column") if source in ("column", "heads") else NOTHING
    if "median" in tags and not number.percent:
        return Role("median", f"median-{source}")
    if "mean" in tags and "n_pct" not in tags:
        return Role("mean", f"mean-{source}")
    if source == "section" and not number.percent and not ("pct" in tags and "n_pct" not in tags and not number.whole):
        return NOTHING
    time = time_of(layout, row, column)
    if time[0] and (number.percent or tags & {"pct", "rate"}) and survives(layout, row, column) and number.value <= 100:
        return Role("rate", f"rate-{source}")
    if (
        tags & {"paren_pct", "pct"}
        and "n_pct" not in tags
        and number.whole
        and not number.percent
        and (_has_pairs(layout, row, column, source) or (source != "row" and _adds_to_size(layout, column)))
    ):
        return Role("count", "count-beside-pairs")
    if MEASURED_HEAD.search(layout.head(column)) or number.text[0] in "+-":
        return NOTHING
    if number.percent or ("pct" in tags and "n_pct" not in tags and number.value <= 100):
        return Role("percent", "percent-sign" if number.percent else f"percent-{source}")
    if measures(layout.leaf(column)):
        return NOTHING
    if layout.lists_patients:
        return NOTHING
    if tags & {"n_pct", "n"} and number.whole and not tags & {"range", "iqr", "sd", "se"} and "notsurvival" not in tags:
        return Role("count", f"count-{source}")
    return NOTHING


def _has_pairs(layout: Layout, row: Row, column: int, source: str) -> bool:
    """Whether other cells under the same heading, or in the same row, are a count with its percentage."""
    below = [r.cells[column] for r in layout.rows if column in r.cells]
    beside = list(row.cells.values()) if source == "row" else below
    return any(place.value.shape in ("n(n)", "n(p)") for place in beside)


def _adds_to_size(layout: Layout, column: int) -> bool:
    """Whether a column headed by a percent sign holds counts: over 100, or adding up to its size and not to 100."""
    sections: dict[tuple[str, ...], float] = {}
    for row in layout.rows:
        numbers = row.cells[column].value.numbers if column in row.cells else ()
        if len(numbers) == 1 and numbers[0].value == numbers[0].value:
            if not numbers[0].whole:
                return False
            if numbers[0].value > 100:
                return True
            sections[row.section] = sections.get(row.section, 0.0) + numbers[0].value
    size = layout.sizes.get(column, "")
    sums = [total for section, total in sections.items() if section]
    return bool(size) and size != "100" and sum(total == float(size) for total in sums) * 2 > len(sums) > 0


def _pair_of_limits(layout: Layout) -> bool:
    """Whether there are columns headed as lower and upper limits."""
    leaves = [hints(path[-1]) for path in layout.heads if path]
    return any("lower" in tags for tags in leaves) and any("upper" in tags for tags in leaves)


def _default_single(layout: Layout, row: Row, column: int, place: Place, context: Context, size: str) -> Role:
    number, whole = place.value.numbers[0], of_table(layout.table)
    if measures(layout.leaf(column)) or layout.lists_patients:
        return NOTHING
    if context.own & {"range", "sd", "se", "iqr"}:
        return NOTHING
    time = time_of(layout, row, column)
    if (
        time[0]
        and survives(layout, row, column)
        and number.value <= 100
        and (not number.whole or "rate" in whole.tags or "pct" in whole.tags)
    ):
        return Role("rate", "rate-default")
    if whole.ratios and not number.whole and "notsurvival" not in whole.tags | context.leaf:
        return Role("ratio", "ratio-default", whole.ratios.upper()) if number.value < 100 else NOTHING
    if "notsurvival" in context.own | context.leaf | context.heads:
        return NOTHING
    if number.whole and size and number.value <= float(size):
        percent = "pct" in whole.tags and "n_pct" not in whole.tags and "n" not in whole.tags
        return Role("percent", "percent-by-caption") if percent else Role("count", "count-of-size")
    if whole.tags & {"pct"} and "n_pct" not in whole.tags and number.value <= 100:
        return Role("percent", "percent-by-caption")
    if place.value.unit and "median" in whole.tags:
        return Role("median", "median-by-caption")
    if MEASURED_HEAD.search(layout.leaf(column)):
        return NOTHING
    if number.whole and (
        whole.harms or whole.baseline or "n" in whole.tags or "n_pct" in whole.tags or HARMS.search(row.label)
    ):
        return Role("count", "count-default")
    if number.whole and not number.percent and _all_whole(layout):
        return Role("count", "count-loose")
    return NOTHING


def _all_whole(layout: Layout) -> bool:
    """Whether a table holds only whole numbers, apart from p values, and so counts."""
    places = [
        (c, place)
        for row in layout.rows
        for c, place in row.cells.items()
        if place.value.numbers and "p" not in hints(layout.leaf(c))
    ]
    return len(places) >= 4 and all(
        place.value.shape == "n" and place.value.numbers[0].whole and not place.value.words for _, place in places
    )
