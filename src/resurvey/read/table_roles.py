"""The role of a number in a table: from its row label, column headings and table, then from arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass

from resurvey.read.normal import plain
from resurvey.read.rules import RoleName, TableRule
from resurvey.read.table_about import MEASURES, About, of_table
from resurvey.read.table_cells import Number
from resurvey.read.table_forms import (
    COEFFICIENT,
    DATED,
    DIFFERS,
    LIMITS,
    MEASURED_HEAD,
    PERSON_TIME,
    QUARTERED,
    SHARES_OF_TOTAL,
    SHARES_WITH_LIMITS,
    VALUE_WITH_LIMITS,
    WITH_P,
    WORDED,
    measures,
)
from resurvey.read.table_hints import hints, unit_in
from resurvey.read.table_places import Layout, Place, Row
from resurvey.read.table_times import survives, time_of
from resurvey.read.word_lists import HARMS

OWN = frozenset({"median", "mean", "hr", "or", "rr", "p", "ci", "range", "iqr", "n_pct", "pct_n", "pct", "sd"})


@dataclass(frozen=True)
class Role:
    """The role of a cell, the rule that determined it, and the measure if it is a ratio."""

    name: RoleName
    rule: str = ""
    measure: str = ""


NOTHING = Role("")


def role(layout: Layout, row: Row, column: int, size: str, noted: str = "") -> Role:
    """The role of one cell.

    `size` is the denominator of its column or section and `noted` one that the caption or notes print; empty if none.
    """
    place = row.cells[column]
    shape, numbers = place.value.shape, place.value.numbers
    if " per" in place.value.labels:
        return _per_step(layout, row, column, place)
    if not numbers or (place.value.words and shape not in ("n", "p", "n(p)", "n(n)", "n(n-n)")):
        return NOTHING
    if place.value.words and not re.match(r"\s*[<>≤≥~(+-]{0,2}\s?[\d.]", place.text):
        said = WITH_P.search(place.text) is not None and _is_p(place)
        return Role("p", "p-cell") if said else _worded(place)
    own, leaf = hints(row.label), hints(layout.leaf(column))
    if ("p" in leaf or _p_above(layout, column, leaf)) and _is_p(place):
        return Role("p", "p-column")
    if "p" in own and not own & {"hr", "or", "rr", "median"} and _is_p(place):
        return Role("p", TableRule.P_ROW)
    if shape.startswith("P") and len(numbers) == 1:
        return Role("p", "p-cell")
    context = _context(layout, row, column)
    if PERSON_TIME.search(layout.leaf(column)) or PERSON_TIME.search(row.label):
        timed = shape == "n" or (VALUE_WITH_LIMITS.match(shape) is not None and shape[0] == "n")
        return Role("incidence", "incidence") if timed and not context.leaf & {*MEASURES, "p"} else NOTHING
    if QUARTERED.fullmatch(shape.replace(" ", "")) and "iqr" in (
        context.own | context.leaf | context.sections | context.table.tags
    ):
        return Role("median", TableRule.MEDIAN_QUARTILES)
    either = bool(context.leaf & set(MEASURES)) and not _below_zero(place) and _beside_shares(row, column)
    if DIFFERS.search(layout.head(column)) and not either and (shape in ("n", "p") or VALUE_WITH_LIMITS.match(shape)):
        return Role("difference", "difference-column")
    if DATED.match(layout.leaf(column)) and shape == "n":
        return NOTHING
    if shape in ("n", "p", "R", "(n)", "(p)"):
        return _single(layout, row, column, place, context, size)
    if shape.replace(" ", "") in SHARES_WITH_LIMITS | SHARES_OF_TOTAL:
        return _composite(place, context, size or noted)
    if (match := VALUE_WITH_LIMITS.match(shape)) is not None:
        return _with_limits(layout, row, column, place, context, match["rest"])
    if LIMITS.match(shape):
        return _limits(row, layout, column)
    return _composite(place, context, size or noted)


def _below_zero(place: Place) -> bool:
    return any(number.text.startswith("-") for number in place.value.numbers)


def _beside_shares(row: Row, column: int) -> bool:
    """Whether the other cells of a row are counts with percentages, so that `RR or difference` is a ratio."""
    others = [place.value for c, place in row.cells.items() if c != column]
    return any(value.shape in ("n(p)", "n/n(p)") for value in others)


def _worded(place: Place) -> Role:
    """A cell that states its own measure: `Ordinal OR 0.88 (0.76 to 1.03)`, `MD -1.37 (-2.71 to -0.04)`."""
    if VALUE_WITH_LIMITS.match(place.value.shape) is None:
        return NOTHING
    measures = [name for name in MEASURES if f" {name}" in place.value.labels]
    if len(measures) == 1:
        return Role("ratio", "ratio-labelled", measures[0].upper())
    return Role("difference", "difference-labelled") if WORDED.match(plain(place.text)) else NOTHING


def _per_step(layout: Layout, row: Row, column: int, place: Place) -> Role:
    """A ratio for each step of a covariate: `1.02/year`, `1.20 per class (1.00 to 1.44)`."""
    measure = _subject(_context(layout, row, column))
    shape = place.value.shape
    if measure in MEASURES and (shape == "n" or VALUE_WITH_LIMITS.match(shape) is not None):
        return Role("ratio", "ratio-per-step", measure.upper())
    return NOTHING


def _p_above(layout: Layout, column: int, leaf: frozenset[str]) -> bool:
    """Whether a heading of p values is above columns named after tests."""
    return not leaf & {"hr", "or", "rr", "n", "pct", "median", "ci"} and any(
        "p" in hints(part) for part in layout.heads[column][:-1]
    )


def _is_p(place: Place) -> bool:
    first = place.value.numbers[0]
    return len(place.value.numbers) == 1 and not first.percent and first.text != "NR" and first.value <= 1


@dataclass(frozen=True)
class Context:
    """Hints from the nearest to the farthest: label, innermost heading, other headings, sections, table."""

    own: frozenset[str]
    leaf: frozenset[str]
    heads: frozenset[str]
    sections: frozenset[str]
    table: About

    def first(self, *names: str) -> str:
        """The first of the given tags in the nearest source that has one."""
        for tags in (self.own, self.leaf, self.heads, self.sections, self.table.tags):
            for name in names:
                if name in tags:
                    return name
        return ""

    def near(self, name: str) -> bool:
        """Whether the label or the innermost heading has the tag."""
        return name in self.own or name in self.leaf


def _context(layout: Layout, row: Row, column: int) -> Context:
    sections: frozenset[str] = frozenset().union(*(hints(part) for part in row.section)) if row.section else frozenset()
    heads: frozenset[str] = (
        frozenset().union(*(hints(part) for part in layout.heads[column][:-1]))
        if len(layout.heads[column]) > 1
        else frozenset()
    )
    own, leaf = hints(row.label), hints(layout.leaf(column))
    if layout.lists_responses:
        # Stable disease beside the other responses, not a standard deviation.
        own = own - {"sd"} if row.label.strip() == "SD" else own
        leaf = leaf - {"sd"} if layout.leaf(column).strip() == "SD" else leaf
    return Context(own, leaf, heads, sections, of_table(layout.table))


def _subject(context: Context) -> str:
    """The measure named by the nearest source that names one: a ratio, a median, a mean."""
    ratios = context.leaf & set(MEASURES)
    if ratios and "median" not in context.leaf and not context.own & set(MEASURES):
        return next(name for name in MEASURES if name in ratios)
    for tags in (context.own, context.leaf, context.heads, context.sections):
        for name in ("hr", "or", "rr", "median", "mean"):
            if name in tags:
                return name
    return ""


def _with_limits(layout: Layout, row: Row, column: int, place: Place, context: Context, rest: str) -> Role:
    subject = _subject(context)
    value = place.value.numbers[0]
    if COEFFICIENT.search(layout.leaf(column)):
        return NOTHING
    spread = bool(context.table.tags & {"iqr", "median"}) and not {"ci"} & (
        context.own | context.leaf | context.table.tags
    )
    if place.value.shape[0] == "p" or (context.near("pct") and not subject and not spread):
        survival = time_of(layout, row, column)[0] and survives(layout, row, column)
        name: RoleName = "rate" if survival else "percent"
        return Role(name, "percent-limits")
    labelled = next((name for name in MEASURES if f" {name}" in place.value.labels), "")
    if labelled or subject in MEASURES:
        return Role("ratio", "ratio-limits", (labelled or subject).upper())
    if subject == "median":
        return Role("median", "median-limits")
    if subject == "mean":
        return Role("mean", "mean-limits")
    if time_of(layout, row, column)[0] and survives(layout, row, column) and value.text != "NR" and value.value <= 100:
        return Role("rate", "rate-limits")
    if context.table.ratios and value.text != "NR":
        return Role("ratio", "ratio-limits-by-caption", context.table.ratios.upper())
    if "median" in context.table.tags:
        return Role("median", "median-limits-by-caption")
    if re.search(r"\bage\b", row.path, re.IGNORECASE):
        return Role("median", "median-limits-age")
    if "mean" in context.table.tags:
        return Role("mean", "mean-limits-by-caption")
    if context.table.baseline and "ci" not in context.own | context.leaf:
        return Role("median", "median-limits-baseline")
    if place.value.unit or unit_in(row.label) or unit_in(layout.leaf(column)):
        return Role("median", "median-limits-loose")
    return NOTHING


def _limits(row: Row, layout: Layout, column: int) -> Role:
    if row.cells[column].value.shape.startswith("(") and not {"ci", "range", "iqr"} & hints(layout.leaf(column)):
        return Role("limits", TableRule.LIMITS_BELOW)
    tags = (
        hints(row.label)
        | hints(layout.leaf(column))
        | (hints(layout.heads[column][0]) if layout.heads[column] else frozenset())
    )
    if "ci" in tags:
        return Role("limits", "ci")
    if tags & {"range", "iqr"}:
        return Role("limits", TableRule.LIMITS_RANGE)
    return Role("limits", "unnamed") if not row.label else NOTHING


def _composite(place: Place, context: Context, size: str) -> Role:
    shape, numbers = place.value.shape, place.value.numbers
    simple = shape.replace(" ", "")
    if simple in ("n/n(p)", "n/n(n)", "n/np", "n/n,p"):
        return Role("n_total_percent", "n-N-percent") if _ordered(numbers[0].value, numbers[1].value) else NOTHING
    if simple == "n/n":
        ok = numbers[0].whole and numbers[1].whole and numbers[0].value <= numbers[1].value and numbers[1].value >= 5
        return Role("n_total", TableRule.COUNT_TOTAL) if ok and "range" not in context.own else NOTHING
    if simple in ("p(n/n)", "n(n/n)", "p,n/n", "pn/n"):
        return Role("percent_n_total", "percent-n-N") if _ordered(numbers[1].value, numbers[2].value) else NOTHING
    if simple in ("n±n", "p±p", "n(±n)"):
        return Role("mean", "mean-sd")
    if simple in ("n±n(n-n)", "n±n,n-n", "n±n(n,n)"):
        return Role("mean", TableRule.MEAN_SPREAD_RANGE)
    if simple in ("n(p)", "n,p", "np", "n/p"):
        return Role("n_percent", "n-percent") if numbers[0].whole and not context.near("mean") else NOTHING
    if simple in ("p(n)", "pn", "p,n") and numbers[1].whole and numbers[0].percent:
        if context.own & {"sd", "se"} or place.value.labels:
            return NOTHING
        return Role("percent_n", TableRule.PERCENT_COUNT)
    if simple == "n(n)":
        return _pair(place, context, size)
    if simple in SHARES_OF_TOTAL and _ordered(numbers[0].value, numbers[1].value):
        return Role("n_total_percent_limits", "n-N-percent-limits") if _between(numbers[2:5]) else NOTHING
    if simple in SHARES_WITH_LIMITS:
        holds = numbers[2].value <= numbers[1].value <= numbers[3].value <= 100
        if numbers[0].whole and holds and (not size or _fits(numbers[0].value, numbers[1].value, size)):
            return Role("n_percent_limits", "n-percent-limits")
        spread = {"mean", "sd"} & (context.own | context.leaf | context.heads | context.sections | context.table.tags)
        return Role("mean", TableRule.MEAN_SPREAD_RANGE) if spread and not numbers[1].percent else NOTHING
    return NOTHING


def _between(numbers: tuple[Number, ...]) -> bool:
    return numbers[1].value <= numbers[0].value <= numbers[2].value <= 100


def _ordered(n: float, total: float) -> bool:
    return total >= 1 and n <= total * 10


def _pair(place: Place, context: Context, size: str) -> Role:
    """Role of `x (y)`: from heading words, then from arithmetic with the size of the column."""
    first, second = place.value.numbers
    subject = _subject(context)
    named = context.first("n_pct", "paren_pct", "pct_n", "mean", "sd", "median", "hr", "or", "rr")
    nearest = context.own | context.leaf
    if "pct_n" in nearest and "n_pct" not in nearest:
        return Role("percent_n", "percent-n-by-head")
    fits = _fits(first.value, second.value, size) if first.whole else False
    counts = "n_pct" in context.leaf and first.whole and second.value <= 100
    # A head of counts and means (`n (%) or mean ± SD`) leaves it to the arithmetic.
    told = fits or (not size and not context.leaf & {"mean", "median"})
    if counts and told and not context.own & {"median", "mean", "sd"}:
        return Role("n_percent", "n-percent-by-head")
    if nearest & {"mean", "sd"} and not fits:
        return Role("mean", "mean-sd-by-head")
    if not first.whole and subject not in (*MEASURES, "median") and {"mean", "sd"} & context.table.tags:
        return Role("mean", "mean-sd-by-caption")
    if subject in MEASURES and "p" in nearest and second.value <= 1:
        return Role("ratio", TableRule.RATIO_P, subject.upper())
    if subject == "median" and not fits:
        return Role("median", "median-one") if not second.whole or "n_pct" not in context.leaf else NOTHING
    impossible = bool(size) and not nearest & {"n_pct", "pct"} and _of_more(first, second, size)
    # `All values are mean (SD) unless indicated as n (%)`.
    if impossible and {"n_pct", "mean"} <= context.table.tags:
        return Role("mean", "mean-sd-by-caption")
    if named in ("n_pct", "paren_pct") and first.whole and second.value <= 100:
        return Role("n_percent", "n-percent-by-head")
    if fits and second.value <= 100:
        return Role("n_percent", "n-percent-by-sum")
    if impossible:
        if {"mean", "sd"} & (context.heads | context.sections):
            return Role("mean", "mean-sd-by-head")
        return Role("mean", "mean-sd-by-caption") if {"mean", "sd"} & context.table.tags else NOTHING
    if second.whole and _fits(second.value, first.value, size):
        return Role("percent_n", "percent-n-by-sum")
    if named in ("mean", "sd") and "pct" not in context.own:
        return Role("mean", "mean-sd-by-head")
    if (
        first.whole
        and second.value <= 100
        and (
            "n" in context.own
            or ("n" in context.leaf and not size)
            or context.near("pct")
            or context.table.harms
            or "pct" in context.heads | context.sections | context.table.tags
        )
    ):
        return Role("n_percent", "n-percent-loose")
    if first.whole and not second.whole and second.value <= 100 and _implies_total(first.value, second.text):
        return Role("n_percent", "n-percent-implied")
    return NOTHING


def _of_more(count: Number, percent: Number, size: str) -> bool:
    """Whether a count and its percentage would be of more patients than there are: `Age 44 (11)` of 25."""
    unit = 10 ** -len(percent.text.partition(".")[2])
    return 100 * count.value > 1.1 * float(size) * (percent.value + unit)


def _implies_total(n: float, percent: str) -> bool:
    """Whether a whole-number denominator gives the printed percentage."""
    half = 0.5 * 10 ** -len(percent.partition(".")[2])
    value = float(percent.lstrip("<>≤≥~"))
    if n <= 0 or value <= half:
        return n == 0 and value == 0
    return int(100 * n / (value - half)) > int(100 * n / (value + half)) or (100 * n / (value + half)).is_integer()


def _fits(n: float, percent: float, size: str) -> bool:
    return bool(size) and abs(100 * n / float(size) - percent) <= 1.0


def _single(layout: Layout, row: Row, column: int, place: Place, context: Context, size: str) -> Role:
    if COEFFICIENT.search(layout.leaf(column)):
        return NOTHING
    number = place.value.numbers[0]
    if number.text == "NR":
        return (
            Role("median", "median-NR") if _subject(context) == "median" or "median" in context.table.tags else NOTHING
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
