"""Numbers that no group of patients can have, or that no paper can mean: most likely typing errors.

A paper may print such a number: a row whose note begins with `sic` is accepted as it is, and judged by the audit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from resurvey import reported
from resurvey.faults import Fault
from resurvey.rawcells import DATE, is_day
from resurvey.rawrows import SIC, Row, rows_of
from resurvey.sizes import disagreeing
from resurvey.vocabulary import meant_unit, months_per, to_proportion

# No trial prints a median or a time as late as this: the unit must be wrong.
LATEST_MONTHS = 50 * 12.0


Check = Callable[[Row], Iterator[Fault]]


def implausible(tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find faults of rows that contradict themselves or other rows of their group.

    Parameters
    ----------
    tables : mapping of DataFrame
        Raw tables as text, whose cells have passed by themselves.

    Returns
    -------
    list of Fault
        Rows whose note begins with `sic` are left out.
    """
    rows = {name: [row for row in rows_of(name, frame) if not row.printed_so] for name, frame in tables.items()}
    families = {row.cells["endpoint"]: row.cells["family"] for row in rows.get("endpoints", [])}
    found = [fault for name, check in CHECKS for row in rows.get(name, []) for fault in check(row)]
    found += [fault for row in rows.get("medians", []) for fault in _median(row, families)]
    return found + list(disagreeing(rows, families))


def unusable(tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find what cannot be used, whatever its note: an unknown unit, a wrong "not reached", an unknown data cut.

    Parameters
    ----------
    tables : mapping of DataFrame
        Raw tables as text, whose cells have passed by themselves.
    """
    endpoints = tables["endpoints"]
    families = dict(zip(endpoints["endpoint"], endpoints["family"], strict=True))
    rows = [row for name in WITH_UNITS for row in rows_of(name, tables[name])]
    found = [fault for row in rows for fault in _units(row, families)]
    rows = [row for name in ALWAYS_REACHED for row in rows_of(name, tables[name])]
    found += [fault for row in rows for fault in _not_reached(row)]
    return found + list(_printed_cuts(tables))


def _printed_cuts(tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Curves that name a data cut of printed numbers under which nothing of their study is typed."""
    wanted = [row for row in rows_of("curves", tables["curves"]) if row.cells["printed_cut"]]
    if not wanted:
        return
    known: dict[str, set[str]] = {}
    for name in ("medians", "survival_rates", "hazard_ratios"):
        for study, cut in zip(tables[name]["study_id"], tables[name]["data_cut"], strict=True):
            known.setdefault(study, set()).add(cut)
    for row in wanted:
        cuts = known.get(row.cells["study_id"], set()) - {""}
        if row.cells["printed_cut"] not in cuts:
            said = ", ".join(sorted(cuts)) or "none: no number of this study has a data cut"
            yield row.fault("printed_cut", "no number of this study is printed at this data cut", f"known: {said}")


WITH_UNITS = ("medians", "follow_up", "designs", "differences")
# Columns of numbers that may be missing, but cannot be "not reached".
ALWAYS_REACHED = {
    "survival_rates": ("time", "value", "lower", "upper"),
    "proportions": ("percent",),
    "risk_tables": ("time",),
    "designs": ("null_median", "alternative_median", "hazard_ratio", "accrual", "follow_up"),
    "curves": ("axis_max",),
}


def _not_reached(row: Row) -> Iterator[Fault]:
    """`NR` in columns where it can only mean "not reported"."""
    for column in ALWAYS_REACHED[row.table]:
        if math.isinf(row.number(column)):
            advice = "leave the cell empty where nothing is reported, and the row out where that was its number"
            yield row.fault(column, "this number cannot be 'not reached'", advice)


def _median(row: Row, families: Mapping[str, str]) -> Iterator[Fault]:
    if families.get(row.cells["endpoint"]) != "time_to_event":
        return
    value = row.exact("value")
    if value <= 0:
        yield row.fault("value", "a median time is above 0")
    yield from _not_negative(row, MEDIAN_SPAN[1:])
    yield from _not_late(row, MEDIAN_SPAN, "unit")
    if row.exact("events") == 0 and math.isfinite(value):
        yield row.fault("events", f"a median ({row.cells['value']}) is reached only where half have had an event")


# Columns of a median or a duration that hold a time.
SPAN = ("value", "lower", "upper", "range_lower", "range_upper")
MEDIAN_SPAN = (*SPAN, "lower_quartile", "upper_quartile")
DESIGN_TIMES = ("null_median", "alternative_median", "accrual", "follow_up", "landmark")


def _units(row: Row, families: Mapping[str, str]) -> Iterator[Fault]:
    """Unusable units of numbers, and words in place of a number."""
    if row.table == "medians" and families.get(row.cells["endpoint"]) == "time_to_event":
        yield from _unit(row, MEDIAN_SPAN)
    elif row.table == "follow_up" and row.cells["statistic"] != "date":
        yield from _unit(row, SPAN, COUNTED)
        if math.isnan(row.number("value")):
            advice = "type the number as printed; a date has the statistic `date`"
            yield row.fault("value", "it is not a number", advice)
    elif row.table == "designs":
        yield from _unit(row, DESIGN_TIMES)
    elif row.table == "differences":
        yield from _difference(row)


def _unit(row: Row, columns: tuple[str, ...], known: tuple[str, ...] = ()) -> Iterator[Fault]:
    """The unit of times: required wherever there is a number, and it must be convertible."""
    unit = row.cells["unit"]
    if months_per(unit) is not None or unit.lower() in known:
        return
    if any(math.isfinite(row.number(column)) for column in columns):
        meant = meant_unit(unit)
        advice = f"type {meant}" if meant else "expected days, weeks, months or years"
        yield row.fault("unit", "it is not a unit of time, so the numbers of this row could not be used", advice)


def _not_negative(row: Row, columns: tuple[str, ...]) -> Iterator[Fault]:
    for column in columns:
        if row.exact(column) < 0:
            yield row.fault(column, "a time is not negative")


def _not_late(row: Row, columns: tuple[str, ...], unit: str) -> Iterator[Fault]:
    for column in columns:
        months = row.months(column, unit)
        if math.isfinite(months) and months > LATEST_MONTHS:
            yield row.fault(column, f"{row.cells[column]} {row.cells[unit]} is over 50 years")


def _events(row: Row) -> Iterator[Fault]:
    if row.exact("events") > row.exact("n"):
        yield row.fault("events", f"more events than patients ({row.cells['n']})")


def _censored(row: Row) -> Iterator[Fault]:
    n, events, censored = row.exact("n"), row.exact("events"), row.exact("censored")
    if censored > n:
        yield row.fault("censored", f"more without the event than patients ({row.cells['n']})")
    elif events + censored > n:
        yield row.fault("censored", f"with {row.cells['events']} events more than the patients ({row.cells['n']})")


def _rate(row: Row) -> Iterator[Fault]:
    unit = row.cells["unit"]
    scale = to_proportion(unit)
    for column in ("value", "lower", "upper"):
        value = row.number(column)
        if value < 0 or (value * scale > 1 + reported.EPSILON and math.isfinite(value)):
            other = " (with the unit % it would be)" if unit == "proportion" and 1 < value <= 100 else ""
            yield row.fault(column, f"survival lies between 0 and {1 / scale:g} {unit}{other}")
    if unit != "proportion" and 0 < row.exact("value") < 1:
        yield row.fault("value", "survival below 1 %: a proportion, whose unit is proportion", SIC)
    yield from _not_negative(row, ("time",))
    yield from _not_late(row, ("time",), "time_unit")


def _ratio(row: Row) -> Iterator[Fault]:
    columns = [column for column in ("value", "lower", "upper") if row.number(column) < 0]
    for column in columns:
        yield row.fault(column, "a ratio is above 0: this looks like its logarithm", "type the ratio; " + SIC)
    if row.exact("value") == 0:
        yield row.fault("value", "a ratio is above 0")
    if row.exact("upper") == 0:
        yield row.fault("upper", "the upper limit of a ratio is above 0")
    cells = row.cells
    if cells["comparator_arm_id"] == cells["arm_id"] != "" and cells["comparator_population"] in (
        "",
        cells["population"],
    ):
        yield row.fault("comparator_arm_id", "the group is compared with itself", "name the other group")


def _count(row: Row) -> Iterator[Fault]:
    n, total, percent = row.exact("n"), row.exact("total"), row.exact("percent")
    if n > total:
        yield row.fault("n", f"more than the patients it is counted among ({row.cells['total']})")
    elif 0 < percent < 1 and n > 0 and abs(100 * percent - 100 * n / total) < 1 <= 100 * n / total:
        yield row.fault("percent", f"{row.cells['n']} of {row.cells['total']} are {100 * n / total:.3g} per cent", SIC)


def _counted_by(row: Row) -> Iterator[Fault]:
    """Check the time by which patients with an event were counted."""
    if math.isnan(row.number("time")):
        return
    if row.exact("time") == 0:
        yield row.fault("time", "nobody has had an event at time 0", "type the time by which they were counted")
    if not row.cells["time_unit"]:
        yield row.fault("time_unit", "a time has a unit", "expected days, weeks, months or years")
        return
    yield from _time(row)


def _follow_up(row: Row) -> Iterator[Fault]:
    if row.cells["statistic"] == "date":
        value = row.cells["value"]
        if DATE.match(value) and not is_day(value):
            yield row.fault("value", "there is no such day", "expected YYYY, YYYY-MM or YYYY-MM-DD")
        elif not DATE.match(value):
            yield row.fault("value", "it is not a date", "expected YYYY, YYYY-MM or YYYY-MM-DD")
        return
    yield from _not_negative(row, SPAN)
    yield from _not_late(row, SPAN, "unit")


# Units other than time in which the duration of treatment may be given.
COUNTED = ("cycles", "cycle", "courses", "course", "doses", "dose", "infusions", "injections", "visits")


def _design(row: Row) -> Iterator[Fault]:
    yield from _not_negative(row, DESIGN_TIMES)
    for column in ("null_median", "alternative_median"):
        if row.exact(column) == 0:
            yield row.fault(column, "a median time is above 0")
    for column, share in (("alpha", 0.5), ("power", 1.0)):
        value = row.exact(column)
        if 0 < value <= share:
            yield row.fault(column, "it is in per cent: this looks like a proportion", f"type {100 * value:g}; {SIC}")
    if row.exact("hazard_ratio") <= 0:
        yield row.fault("hazard_ratio", "a ratio is above 0")
    if row.exact("events") > row.exact("patients"):
        yield row.fault("events", f"more events than patients ({row.cells['patients']})")
    for column, whole in (
        ("rejects_from", "patients"),
        ("first_patients", "patients"),
        ("futile_up_to", "first_patients"),
    ):
        if row.exact(column) > row.exact(whole):
            yield row.fault(column, f"more than {whole.replace('_', ' ')} ({row.cells[whole]})")


def _difference(row: Row) -> Iterator[Fault]:
    unit = row.cells["unit"]
    meant = meant_unit(unit)
    if meant and months_per(unit) is None:
        yield row.fault("unit", "it is not a unit of time", f"type {meant}")
    elif not unit and math.isfinite(row.number("value")):
        yield row.fault("unit", "a number has a unit", "type it: months, weeks, %, points")


def _time(row: Row) -> Iterator[Fault]:
    yield from _not_negative(row, ("time",))
    yield from _not_late(row, ("time",), "time_unit")


CHECKS: tuple[tuple[str, Check], ...] = (
    ("medians", _events),
    ("medians", _censored),
    ("hazard_ratios", _events),
    ("curves", _events),
    ("survival_rates", _rate),
    ("hazard_ratios", _ratio),
    ("proportions", _count),
    ("proportions", _counted_by),
    ("follow_up", _follow_up),
    ("designs", _design),
    ("risk_tables", _time),
)
