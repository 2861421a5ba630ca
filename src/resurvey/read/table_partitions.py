"""Sets of categories of a table: where a set ends, and which counts add up to their denominator."""

from __future__ import annotations

from collections import defaultdict

from resurvey.read.normal import slug
from resurvey.read.slips import magnitude
from resurvey.read.table_about import of_table
from resurvey.read.table_found import Found
from resurvey.read.table_places import Layout
from resurvey.read.word_lists import endpoints_in


def close_sections(layout: Layout, shares: list[Found]) -> None:
    """End a section where its categories are complete, in a table that does not indent its rows.

    `Sex | Male 60 | Female 40 | Bone metastases 31` of 100: the last is no category of sex.
    """
    if not of_table(layout.table).baseline or len({row.indent for row in layout.rows}) > 1:
        return
    groups: dict[tuple[str, ...], dict[int, list[Found]]] = defaultdict(lambda: defaultdict(list))
    for one in shares:
        if one.row.section and {"n", "total"} <= set(one.cells):
            groups[one.row.section][one.column].append(one)
    for section, columns in groups.items():
        ends = [_complete_at(part) for part in columns.values()]
        if len(set(ends)) != 1 or not ends[0] or any(endpoints_in(part) for part in section):
            continue
        for row in (*layout.rows, *(one.row for one in shares)):
            if row.section == section and row.number > ends[0]:
                row.section = section[:-1]


def named(layout: Layout, shares: list[Found]) -> dict[tuple[str, ...], str]:
    """Names of the sets of categories under one title whose counts add up to the denominator in most columns."""
    groups: dict[tuple[str, ...], dict[int, list[Found]]] = defaultdict(lambda: defaultdict(list))
    for one in shares:
        if one.row.section and "n" in one.cells:
            groups[one.row.section][one.column].append(one)
    names = {}
    for section, columns in groups.items():
        adding = [c for c, part in columns.items() if len(part) > 1 and _adds_up(part)]
        if len(adding) * 2 >= len([c for c, part in columns.items() if len(part) > 1]) and adding:
            names[section] = slug(f"{layout.table.label} {section[-1]}", 60).replace("_", " ")
    return names


def _complete_at(part: list[Found]) -> int:
    """Number of the row at which the counts of a section reach its denominator; 0 if they never do."""
    reached = 0.0
    for k, one in enumerate(sorted(part, key=lambda one: one.row.number)):
        reached += magnitude(one.cells["n"])
        if k and reached == float(one.cells["total"]):
            return one.row.number
    return 0


def _adds_up(part: list[Found]) -> bool:
    counts = [magnitude(one.cells["n"]) for one in part]
    total = part[0].cells.get("total", "")
    return bool(total) and abs(sum(counts) - float(total)) < 0.5
