"""Horizontal rules of a page."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Shapes looked at on a page: drawings of many thousand lines have no rules of tables among them worth the time.
MAX_SHAPES = 3_000
THICKEST, SHORTEST = 2.5, 12.0


@dataclass(frozen=True)
class Rule:
    """A horizontal rule, in points from the top left of the page."""

    x0: float
    x1: float
    y: float


def shapes_of(page: Any) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top of the lines and areas drawn on a page, from its bottom left."""
    import pypdfium2.raw as raw

    shapes = page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=1)
    return [shape.get_bounds() for shape in itertools.islice(shapes, MAX_SHAPES)]


def rules_of(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[Rule, ...]:
    """Horizontal rules among drawn areas (left, right, top, bottom), from top to bottom; pieces of one put together."""
    thin = [box for box in boxes if abs(box[3] - box[2]) < THICKEST and box[1] - box[0] > SHORTEST]
    return tuple(merged(Rule(left, right, (top + bottom) / 2) for left, right, top, bottom in thin))


def merged(rules: Iterable[Rule], gap: float = 3.0) -> list[Rule]:
    """Rules at one height that touch or overlap as one."""
    made: list[Rule] = []
    for rule in sorted(rules, key=lambda r: (round(r.y), r.x0, r.x1)):
        last = made[-1] if made else None
        if last is not None and abs(last.y - rule.y) < 1.0 and rule.x0 - last.x1 < gap:
            made[-1] = Rule(last.x0, max(last.x1, rule.x1), last.y)
        else:
            made.append(rule)
    return sorted(made, key=lambda r: (r.y, r.x0))
