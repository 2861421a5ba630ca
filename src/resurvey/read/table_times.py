"""Times of survival probabilities in a table, and whether a cell can be a survival probability."""

from __future__ import annotations

import re

from resurvey.read.table_hints import time_in, unit_in
from resurvey.read.table_places import Layout, Row
from resurvey.read.word_lists import TIME_TO_EVENT, endpoints_in


def time_of(layout: Layout, row: Row, column: int) -> tuple[str, str]:
    """Time of a survival probability from the row, its sections, the headings or the caption, the nearest first."""
    for text in (row.label, layout.leaf(column), *reversed(row.section), *reversed(layout.heads[column])):
        found = time_in(text)
        if found[0]:
            return found
    return _bare_time(layout, column) or time_in(layout.table.caption)


def _bare_time(layout: Layout, column: int) -> tuple[str, str] | None:
    """Headings `5`, `10`, `15` under `Years of follow-up`."""
    path = layout.heads[column]
    beside = next((unit for text in (layout.heads[0] if layout.stub else ()) if (unit := unit_in(text))), "")
    if path and beside and re.fullmatch(r"\d{1,3}(?:\.\d)?", path[-1]):
        return path[-1], beside
    if len(path) >= 2 and re.fullmatch(r"\d{1,3}(?:\.\d)?", path[-1]):
        unit = unit_in(path[-2])
        return (path[-1], unit) if unit else None
    return None


def survives(layout: Layout, row: Row, column: int) -> bool:
    """Whether row, headings or caption mention survival or an event that ends it, and not costs."""
    words = f"{row.path} / {layout.head(column)} / {layout.table.caption}"
    if re.search(r"\bQALYs?\b|\bcosts?\b", f"{row.path} {layout.head(column)}", re.IGNORECASE):
        return False
    return any(name in TIME_TO_EVENT for *_, name in endpoints_in(words)) or bool(
        re.search(
            r"surviv|relapse|recurrence|failure|\bfree\b|control|progression|incidence|metastas", words, re.IGNORECASE
        )
    )
