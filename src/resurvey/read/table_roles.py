"""The role of a number in a table: from its row label, column headings and table, then from arithmetic."""

from __future__ import annotations

import re

from resurvey.read.normal import plain
from resurvey.read.rules import RoleName, TableRule
from resurvey.read.table_about import EFFECT, MEASURES, effects_said
from resurvey.read.table_cells import Number
from resurvey.read.table_context import NOTHING, Context, Role, context_of, subject_of
from resurvey.read.table_forms import (
    COEFFICIENT,
    DATED,
    DIFFERS,
    LIMITS,
    MEAN_OF,
    PERSON_TIME,
    QUARTERED,
    SHARES_OF_TOTAL,
    SHARES_WITH_LIMITS,
    VALUE_WITH_LIMITS,
    WITH_ERROR,
    WITH_P,
    WORDED,
)
from resurvey.read.table_hints import hints, unit_in
from resurvey.read.table_places import Layout, Place, Row
from resurvey.read.table_singles import single_role
from resurvey.read.table_times import survives, time_of


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
    context = context_of(layout, row, column)
    if PERSON_TIME.search(layout.leaf(column)) or PERSON_TIME.search(row.label):
        timed = shape == "n" or (VALUE_WITH_LIMITS.match(shape) is not None and shape[0] == "n")
        return Role("incidence", "incidence") if timed and not context.leaf & {*MEASURES, "p"} else NOTHING
    if QUARTERED.fullmatch(shape.replace(" ", "")) and "iqr" in (
        context.own | context.leaf | context.sections | context.table.tags
    ):
        return Role("median", TableRule.MEDIAN_QUARTILES)
    if rule := _differs(layout, row, column, context):
        return Role("difference", rule)
    if _is_effect(layout, column, place, context):
        return Role("effect", "effect-limits")
    if DATED.match(layout.leaf(column)) and shape == "n":
        return NOTHING
    if shape in ("n", "p", "R", "(n)", "(p)"):
        return single_role(layout, row, column, place, context, size)
    if shape.replace(" ", "") in SHARES_WITH_LIMITS | SHARES_OF_TOTAL:
        return _composite(place, context, size or noted)
    if (match := VALUE_WITH_LIMITS.match(shape)) is not None:
        return _with_limits(layout, row, column, place, context, match["rest"])
    if LIMITS.match(shape):
        return _limits(row, layout, column)
    return _composite(place, context, size or noted)


def _differs(layout: Layout, row: Row, column: int, context: Context) -> str:
    """The rule by which a cell is a difference between groups: its column, row or section says so; empty if none."""
    place = row.cells[column]
    limited = VALUE_WITH_LIMITS.match(place.value.shape) is not None or has_error(place)
    alone = place.value.shape in ("n", "p")
    either = bool(context.leaf & set(MEASURES)) and not _below_zero(place) and _beside_shares(row, column)
    if DIFFERS.search(layout.head(column)) and not either and (alone or limited):
        return "difference-column"
    measured = context.leaf & set(MEASURES) or context.own & set(MEASURES)
    if DIFFERS.search(row.label) and not measured and (alone or limited):
        return "difference-row"
    if DIFFERS.search(row.label) and not measured and place.value.shape == "n(n)" and "se" in context.own:
        return "difference-row"
    said = any(DIFFERS.search(part) for part in row.section)
    return "difference-section" if said and limited and not measured else ""


def _is_effect(layout: Layout, column: int, place: Place, context: Context) -> bool:
    """Whether a cell is an effect with its limits, `Effect size (95% CI)`, whose measure only the notes name."""
    if not EFFECT.search(layout.leaf(column)) or subject_of(context) or context.table.ratios:
        return False
    said = effects_said(layout.table.caption, layout.table.notes)
    return any(said) and VALUE_WITH_LIMITS.match(place.value.shape) is not None


def has_error(place: Place) -> bool:
    """Whether a cell is an estimate with its standard error and limits that hold it: `0.2 (0.25), (-0.3, 0.7)`."""
    if place.value.shape.replace(" ", "") not in WITH_ERROR:
        return False
    value, _, low, high = (number.value for number in place.value.numbers)
    return low <= value <= high


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
    measure = subject_of(context_of(layout, row, column))
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


def _with_limits(layout: Layout, row: Row, column: int, place: Place, context: Context, rest: str) -> Role:
    subject = subject_of(context)
    value = place.value.numbers[0]
    if COEFFICIENT.search(layout.leaf(column)):
        return NOTHING
    spread = bool(context.table.tags & {"iqr", "median"}) and not {"ci"} & (
        context.own | context.leaf | context.table.tags
    )
    if labelled := next((name for name in MEASURES if f" {name}" in place.value.labels), ""):
        return Role("ratio", "ratio-limits", labelled.upper())
    if place.value.shape[0] == "p" or (context.near("pct") and not subject and not spread):
        survival = time_of(layout, row, column)[0] and survives(layout, row, column)
        name: RoleName = "rate" if survival else "percent"
        return Role(name, "percent-limits")
    if subject in MEASURES:
        return Role("ratio", "ratio-limits", subject.upper())
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
    if simple in MEAN_OF and numbers[2].whole and {"mean", "sd"} & _all_said(context):
        return Role("mean", TableRule.MEAN_OF_N)
    if has_error(place) and {"mean", "se"} & (context.own | context.leaf | context.table.tags):
        return Role(
            "mean", TableRule.MEAN_ERROR_LIMITS if "ci" in context.own | context.leaf else TableRule.MEAN_SPREAD_RANGE
        )
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
        spread = {"mean", "sd"} & _all_said(context)
        return Role("mean", TableRule.MEAN_SPREAD_RANGE) if spread and not numbers[1].percent else NOTHING
    return NOTHING


def _all_said(context: Context) -> frozenset[str]:
    return context.own | context.leaf | context.heads | context.sections | context.table.tags


def _between(numbers: tuple[Number, ...]) -> bool:
    return numbers[1].value <= numbers[0].value <= numbers[2].value <= 100


def _ordered(n: float, total: float) -> bool:
    return total >= 1 and n <= total * 10


def _pair(place: Place, context: Context, size: str) -> Role:
    """Role of `x (y)`: from heading words, then from arithmetic with the size of the column."""
    first, second = place.value.numbers
    subject = subject_of(context)
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
