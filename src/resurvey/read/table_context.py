"""What is said around a cell of a table: its label, headings, sections, caption and notes, as hints."""

from __future__ import annotations

from dataclasses import dataclass

from resurvey.read.rules import RoleName
from resurvey.read.table_about import MEASURES, About, of_table
from resurvey.read.table_hints import hints
from resurvey.read.table_places import Layout, Row


@dataclass(frozen=True)
class Role:
    """The role of a cell, the rule that determined it, and the measure if it is a ratio."""

    name: RoleName
    rule: str = ""
    measure: str = ""


NOTHING = Role("")


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


def context_of(layout: Layout, row: Row, column: int) -> Context:
    """What label, headings, sections and table say around a cell."""
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


def subject_of(context: Context) -> str:
    """The measure named by the nearest source that names one: a ratio, a median, a mean."""
    ratios = context.leaf & set(MEASURES)
    if ratios and "median" not in context.leaf and not context.own & set(MEASURES):
        return next(name for name in MEASURES if name in ratios)
    for tags in (context.own, context.leaf, context.heads, context.sections):
        for name in ("hr", "or", "rr", "median", "mean"):
            if name in tags:
                return name
    return ""
