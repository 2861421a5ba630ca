"""Consistency of numbers of patients and events between rows, within a group and between a group and its parts."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from resurvey.faults import Fault
from resurvey.rawrows import SIC, Row

#: A group of patients: study, arm, population.
Group = tuple[str, str, str]
Rows = Mapping[str, Sequence[Row]]
# Medians of an endpoint in two groups of a study differ by less than this factor, unless one is in another unit.
MOST_APART = 15.0
# Populations that may be larger than the one analysed as the whole arm.
WIDER = re.compile(
    r"randomi[sz]ed|enrol|screen|assigned|intention|intent|\bitt\b|full analysis|safety|treated|registered"
)
SAME = "one of the two rows is mistyped, or the groups are not what they are called"


def disagreeing(rows: Rows, families: Mapping[str, str]) -> Iterator[Fault]:
    """Find rows whose numbers are incompatible with those of other rows of their group.

    Parameters
    ----------
    rows : mapping of list of Row
        Rows by table, those marked `sic` left out.
    families : mapping of str
        Family of each endpoint.
    """
    sizes = _sizes(rows)
    yield from _more_than_the_group(rows, sizes, families)
    yield from _size_that_no_row_repeats(rows, families)
    yield from _more_than_the_whole(rows, sizes)
    yield from _disjoint_parts(rows, sizes)
    yield from _other_units(rows, families)


def group_of(row: Row) -> Group:
    """The group described by a row."""
    return row.cells["study_id"], row.cells["arm_id"], row.cells["population"]


def _named(group: Group) -> str:
    study, arm, population = group
    return f"study {study}, arm {arm}, population {population}"


def _sizes(rows: Rows) -> dict[Group, float]:
    """The largest printed size in arms.csv of each group that has one."""
    found: dict[Group, float] = {}
    for row in rows.get("arms", ()):
        n = row.exact("n")
        if math.isfinite(n):
            found[group_of(row)] = max(n, found.get(group_of(row), 0))
    return found


def _more_than_the_group(rows: Rows, sizes: Mapping[Group, float], families: Mapping[str, str]) -> Iterator[Fault]:
    """More patients analysed or at risk than there are in the group."""
    for table, column in (("medians", "n"), ("survival_rates", "n"), ("curves", "n"), ("risk_tables", "n_at_risk")):
        for row in rows.get(table, ()):
            most = sizes.get(group_of(row), math.inf)
            if row.exact(column) > most and families.get(row.cells["endpoint"]) == "time_to_event":
                rule = f"more patients than the {most:g} that arms.csv gives for {_named(group_of(row))}"
                yield row.fault(column, rule)


def _size_that_no_row_repeats(rows: Rows, families: Mapping[str, str]) -> Iterator[Fault]:
    """A size in arms.csv that no other row of the document repeats, although several agree on a different one."""
    others: dict[tuple[str, Group], list[float]] = defaultdict(list)
    for table in ("medians", "survival_rates", "curves"):
        for row in rows.get(table, ()):
            if families.get(row.cells["endpoint"]) == "time_to_event":
                others[row.cells["source_id"], group_of(row)].append(row.exact("n"))
    for row in rows.get("proportions", ()):
        study, arm, population = group_of(row)
        others[row.cells["source_id"], (study, arm, population)].append(row.exact("total"))
        if population == "all" and row.cells["kind"] == "baseline":
            others[row.cells["source_id"], (study, arm, row.cells["item"])].append(row.exact("n"))
    printed = Counter((row.cells["source_id"], group_of(row)) for row in rows.get("arms", ()))
    for row in rows.get("arms", ()):
        key = (row.cells["source_id"], group_of(row))
        beside = {n for n in others[key] if math.isfinite(n)}
        repeated = sum(math.isfinite(n) for n in others[key])
        n = row.exact("n")
        if printed[key] == 1 and repeated > 1 and len(beside) == 1 and math.isfinite(n) and n not in beside:
            yield row.fault("n", f"all {repeated} other rows of this group and document have {max(beside):g}")


def _more_than_the_whole(rows: Rows, sizes: Mapping[Group, float]) -> Iterator[Fault]:
    """A population with more patients, or more events, than its arm."""
    for row in rows.get("arms", ()):
        study, arm, population = group_of(row)
        whole = sizes.get((study, arm, "all"), math.inf)
        if population != "all" and not WIDER.search(population) and row.exact("n") > whole:
            yield row.fault("n", f"more patients than the {whole:g} of the whole arm")
    events = _events(rows)
    for (place, population), (count, row) in events.items():
        total, other = events.get((place, "all"), (math.inf, row))
        if population != "all" and count > total:
            yield row.fault("events", f"more events than the {total:g} of the whole arm ({other.cells['claim_id']})")


Place = tuple[str, ...]
Events = dict[tuple[Place, str], tuple[float, Row]]


def _events(rows: Rows) -> Events:
    """Events by document, study, arm, endpoint and data cut, and by population."""
    found: Events = {}
    for table in ("curves", "medians"):
        for row in rows.get(table, ()):
            count = row.exact("events")
            place = tuple(row.cells[name] for name in ("source_id", "study_id", "arm_id", "endpoint", "data_cut"))
            if math.isfinite(count):
                found[place, row.cells["population"]] = (count, row)
    return found


def _disjoint_parts(rows: Rows, sizes: Mapping[Group, float]) -> Iterator[Fault]:
    """Mutually exclusive populations that together have more patients, or more events, than their arm."""
    events = _events(rows)
    for (study, arm), parts in _partitions(rows):
        known = [sizes.get((study, arm, part), math.nan) for part in parts]
        whole = sizes.get((study, arm, "all"), math.inf)
        if sum(known) > whole:
            row = next(row for row in rows["arms"] if group_of(row) == (study, arm, "all"))
            shown = " + ".join(f"{n:g} ({part})" for part, n in zip(parts, known, strict=True))
            yield row.fault("n", f"its parts have more patients: {shown}", SAME + "; " + SIC)
        for place in {place for place, _ in events if place[1:3] == (study, arm)}:
            yield from _too_many_events(events, place, parts)


def _too_many_events(events: Events, place: Place, parts: Sequence[str]) -> Iterator[Fault]:
    whole, known = events.get((place, "all")), [events.get((place, part)) for part in parts]
    found = [one for one in known if one is not None]
    if whole and len(found) == len(parts) and sum(count for count, _ in found) > whole[0]:
        shown = " + ".join(f"{count:g} ({part})" for part, (count, _) in zip(parts, found, strict=True))
        yield whole[1].fault("events", f"its parts have more events: {shown}", SAME + "; " + SIC)


def _partitions(rows: Rows) -> list[tuple[tuple[str, str], tuple[str, ...]]]:
    """Sets of populations of an arm that are the categories of one partition in proportions.csv."""
    named = {group_of(row) for row in rows.get("arms", ())}
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows.get("proportions", ()):
        study, arm, population = group_of(row)
        if row.cells["partition"] and population == "all" and (study, arm, row.cells["item"]) in named:
            found[study, arm, row.cells["source_id"], row.cells["partition"]].append(row.cells["item"])
    sets = {((study, arm), tuple(dict.fromkeys(parts))) for (study, arm, *_), parts in found.items()}
    return sorted(one for one in sets if len(one[1]) > 1)


def _other_units(rows: Rows, families: Mapping[str, str]) -> Iterator[Fault]:
    """A median differing from others of its study and endpoint by more than `MOST_APART`, as days typed as months."""
    found: dict[tuple[str, str], list[tuple[float, Row]]] = defaultdict(list)
    for row in rows.get("medians", ()):
        months = row.months("value", "unit")
        if families.get(row.cells["endpoint"]) == "time_to_event" and math.isfinite(months) and months > 0:
            found[row.cells["study_id"], row.cells["endpoint"]].append((months, row))
    for medians in found.values():
        middle = sorted(months for months, _ in medians)[(len(medians) - 1) // 2]
        for months, row in medians:
            if max(months / middle, middle / months) > MOST_APART:
                shown = f"{row.cells['value']} {row.cells['unit']}"
                rule = f"{shown} beside a usual {middle:.3g} months of this endpoint and study"
                yield row.fault("value", rule, "is the unit right? " + SIC)
