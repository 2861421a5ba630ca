"""Claims of a table: roles of its cells, linked along rows and columns, with denominators and words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from resurvey.read import table_survival
from resurvey.read.lexicon import Lexicon
from resurvey.read.objects import Claim, ClaimKind, Table
from resurvey.read.rules import RoleName, TableRule
from resurvey.read.slips import percent_fits
from resurvey.read.table_about import effects_said
from resurvey.read.table_alike import told_apart
from resurvey.read.table_context import NOTHING, Role
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, time_in, unit_in
from resurvey.read.table_layout import lay_out
from resurvey.read.table_parts import parts
from resurvey.read.table_places import Layout, Place, Row
from resurvey.read.table_roles import role
from resurvey.read.table_split import split_counts
from resurvey.read.table_values import Values
from resurvey.read.word_lists import TIME_TO_EVENT

# A p value under one of these headings tests something other than the ratio beside it.
OTHER_TEST = re.compile(r"interaction|\btrend\b|heterogen|\bby age\b", re.IGNORECASE)


def claims(table: Table, lexicon: Lexicon) -> Iterator[Claim]:
    """All claims of a table, row by row."""
    for part, first in parts(table):
        layout = lay_out(part, first)
        if layout is None:
            continue
        reader = Reader(layout, lexicon)
        made = [(found, reader.claim(found)) for found in reader.read()]
        yield from told_apart(made, layout, lexicon)


DECIMAL_COUNT = re.compile(r"\d{1,6}\.0{1,2}")
#: Roles of cells that count some of the patients.
SHARES: frozenset[RoleName] = frozenset(("count", "percent", "n_percent", "percent_n", "n_total", "n_total_percent"))


class Reader(Values):
    """Reads one table."""

    def __init__(self, layout: Layout, lexicon: Lexicon):
        super().__init__(layout, lexicon)
        self.above: dict[int, Found] = {}

    def read(self) -> list[Found]:
        """Matches of all rows, with limits and p values from a row below joined to their values."""
        for row in self.layout.rows:
            self.done += self._row(row)
        self.denominators.settle(self.done)
        table_survival.join(self.layout, self.done)
        return self.done

    def _row(self, row: Row) -> list[Found]:
        if (split := split_counts(row, {c: self._size(row, c) or self._noted(row, c) for c in row.cells})) is not None:
            return [
                Found("proportion", {"n": n.text, "item": label}, part, c, [(row.cells[c], n)], "split-counts")
                for part, c, label, n in split
            ]
        if (at_risk := self._at_risk(row)) is not None:
            return at_risk
        if table_survival.is_quartiles(self.layout, row):
            return []
        roles = {c: role(self.layout, row, c, self._size(row, c), self._noted(row, c)) for c in row.cells}
        roles |= self._like_their_row(row, roles)
        roles |= self._decimal_counts(row) | self._effects(row, roles)
        made: dict[int, Found] = {}
        for c, one in roles.items():
            found = self.value(row, c, one)
            if found is not None:
                made[c] = found
        self._join(row, roles, made)
        self.above.update(
            {
                c: one
                for c, one in made.items()
                if one.kind in ("ratio", "median", "quantity", "rate", "proportion", "difference")
            }
        )
        return [made[c] for c in sorted(made)]

    @staticmethod
    def _like_their_row(row: Row, roles: dict[int, Role]) -> dict[int, Role]:
        """Pairs that arithmetic leaves open, in a row whose other pairs, two at least, are counts with percentages."""
        pairs = {c for c, place in row.cells.items() if place.value.shape.replace(" ", "") == "n(n)"}
        told = [c for c in pairs if roles[c].name == "n_percent"]
        if len(told) < 2 or 2 * len(told) < len(pairs):
            return {}
        return {
            c: Role("n_percent", "n-percent-by-row")
            for c in pairs
            if not roles[c].name and row.cells[c].value.numbers[0].whole and row.cells[c].value.numbers[1].value <= 100
        }

    def _decimal_counts(self, row: Row) -> dict[int, Role]:
        """Counts printed with a decimal, `Female (%) 161.0 (81.7)`: most percentages of the row bear it out."""
        pairs = {c: place.value.numbers for c, place in row.cells.items() if place.value.shape == "n(n)"}
        said = frozenset().union(*(hints(text) for text in (row.label, *row.section[-1:])))
        if len(pairs) < 2 or not said & {"pct", "n_pct", "paren_pct"}:
            return {}
        if not all(DECIMAL_COUNT.fullmatch(first.text) for first, _ in pairs.values()):
            return {}
        sizes = {c: self._size(row, c) or self._noted(row, c) for c in pairs}
        fitting = [
            c for c, (n, share) in pairs.items() if sizes[c] and percent_fits(n.text, share.text, float(sizes[c]))
        ]
        if len(fitting) < 2 or 2 * len(fitting) <= len(pairs):
            return {}
        return dict.fromkeys(pairs, Role("n_percent", TableRule.COUNT_DECIMAL))

    def _effects(self, row: Row, roles: dict[int, Role]) -> dict[int, Role]:
        """What the effects of a row are: ratios beside shares, differences beside averages, as the notes say."""
        columns = [c for c, one in roles.items() if one.name == "effect"]
        if not columns:
            return {}
        ratio, difference = effects_said(self.layout.table.caption, self.layout.table.notes)
        names = {one.name for one in roles.values()}
        if ratio and (not difference or names & SHARES):
            return dict.fromkeys(columns, Role("ratio", "ratio-effect", ratio.upper()))
        if difference and (not ratio or names & {"mean", "median"}):
            return dict.fromkeys(columns, Role("difference", "difference-effect"))
        return dict.fromkeys(columns, NOTHING)

    def _at_risk(self, row: Row) -> list[Found] | None:
        """Numbers at risk: the row, its section or the caption says so, and the column headings are times."""
        said = re.search(r"\bat risk\b", f"{row.path} {self.layout.table.caption}", re.IGNORECASE)
        if said is None:
            return None
        unit = next((u for path in self.layout.heads for part in path if (u := unit_in(part))), "")
        unit = unit or unit_in(row.path) or unit_in(self.layout.table.caption)
        found = []
        for c, place in row.cells.items():
            time, own = time_in(self.layout.leaf(c))
            bare = re.fullmatch(r"\d{1,4}(?:\.\d)?", self.layout.leaf(c).strip())
            if (time or bare) and place.value.shape == "n" and place.value.numbers[0].text.isdigit():
                number = place.value.numbers[0]
                cells = {"time": time or self.layout.leaf(c), "time_unit": own or unit, "n_at_risk": number.text}
                found.append(Found("at_risk", cells, row, c, [(place, number)], "at-risk"))
        return found or None

    def _size(self, row: Row, c: int) -> str:
        return row.section_size or row.sizes.get(c, "") or self.layout.sizes.get(c, "")

    def _noted(self, row: Row, c: int) -> str:
        """A size to judge pairs of numbers by, where the heading of the column has none."""
        return self.denominators.printed(c) or self.denominators.size_in_row(row, c)

    def _join(self, row: Row, roles: dict[int, Role], made: dict[int, Found]) -> None:
        self._join_limits(row, roles, made)
        self._join_counts(row, roles, made)
        self._join_p(row, roles, made)

    def _join_limits(self, row: Row, roles: dict[int, Role], made: dict[int, Found]) -> None:
        for c, one in roles.items():
            if one.name not in ("limits", "lower", "upper", "limit"):
                continue
            place = row.cells[c]
            target = self._left(roles, c, made, ("ratio", "median", "rate", "proportion", "quantity", "difference"))
            if one.name == "limits" and (
                target is None
                or "lower" in target.cells
                or "range_lower" in target.cells
                or self._own_row(row, one, made)
            ):
                target = self.above.get(c) if self._own_row(row, one, made) or target is None else None
                if target is not None and abs(target.row.number - row.number) > 2:
                    target = None
            if target is None:
                continue
            self._put_limits(target, place, one, row)

    def _own_row(self, row: Row, one: Role, made: dict[int, Found]) -> bool:
        """A row of limits: its label says so and it has no values, or it has no label."""
        return one.rule == TableRule.LIMITS_BELOW or (
            one.name == "limits"
            and (
                not row.label
                or (
                    not any(found.kind != "p" for found in made.values())
                    and bool(hints(row.label) & {"ci", "range", "iqr"})
                    and not hints(row.label) & {"median", "hr", "or", "rr", "mean"}
                )
            )
        )

    def _put_limits(self, target: Found, place: Place, one: Role, row: Row) -> None:
        numbers = place.value.numbers
        if target.kind == "proportion" and not self._says_interval(row, place):
            return
        timed = target.kind != "median" or target.cells.get("endpoint") in TIME_TO_EVENT
        ci = one.rule != TableRule.LIMITS_RANGE and (
            timed or "ci" in hints(row.label) | hints(self.layout.head(place.column))
        )
        low, high = (
            ("lower", "upper")
            if ci or target.kind in ("ratio", "rate", "proportion", "quantity", "difference")
            else ("range_lower", "range_upper")
        )
        if one.name == "limits" and low not in target.cells and len(numbers) >= 2:
            target.cells |= {low: numbers[0].text, high: numbers[1].text} | (self.level(row, place) if ci else {})
            target.numbers += [(place, numbers[0]), (place, numbers[1])]
            target.rule += "-joined" if not target.rule.endswith("-joined") else ""
        elif one.name in ("lower", "upper", "limit") and target.kind in ("ratio", "median", "rate", "proportion"):
            wanted = {"lower": low, "upper": high}.get(one.name) or (low if low not in target.cells else high)
            if wanted not in target.cells:
                target.cells[wanted] = numbers[0].text
                target.numbers.append((place, numbers[0]))
                target.cells |= self.level(row, place)

    def _says_interval(self, row: Row, place: Place) -> bool:
        """Whether label, heading or caption mentions a confidence interval; a range below a count does not qualify."""
        texts = (row.label, self.layout.head(place.column), self.layout.table.caption)
        return any("ci" in hints(text) for text in texts)

    def _left(
        self, roles: dict[int, Role], c: int, made: dict[int, Found], kinds: tuple[ClaimKind, ...]
    ) -> Found | None:
        """The nearest match to the left under the same upper headings; a number of unknown role ends the search."""
        for k in range(c - 1, self.layout.stub - 1, -1):
            if k in made and made[k].kind in kinds:
                return made[k] if self._together(k, c) else None
            if k in roles and not roles[k].name:
                return None
        return None

    def _together(self, a: int, b: int) -> bool:
        first, second = self.layout.parents[a], self.layout.parents[b]
        return (
            first == second
            or not first
            or not second
            or first.startswith(second)
            or second.startswith(first)
            or abs(a - b) == 1
        )

    def _join_counts(self, row: Row, roles: dict[int, Role], made: dict[int, Found]) -> None:
        """Join a count with the percentage in the next column, or a size with the response rate beside it."""
        for c in sorted(made):
            one, nxt = made.get(c), made.get(c + 1)
            if one is None or nxt is None or one.kind != "proportion" or nxt.kind != "proportion":
                continue
            pair = {roles[c].name, roles[c + 1].name}
            if pair != {"count", "percent"} or not self._pairs(c):
                continue
            count, percent = (one, nxt) if roles[c].name == "count" else (nxt, one)
            if self.denominators.is_size(count.column, percent.column):
                percent.cells["total"] = count.cells["n"]
                percent.numbers += count.numbers
                percent.rule = TableRule.SIZE_PERCENT
                del made[count.column]
            else:
                count.cells |= {k: v for k, v in percent.cells.items() if k not in count.cells}
                count.numbers += percent.numbers
                count.rule = "n-percent-columns"
                del made[percent.column]

    def _pairs(self, c: int) -> bool:
        """Whether columns `c` and `c + 1` are two measures of one group rather than two groups."""
        first, second = self.layout.heads[c], self.layout.heads[c + 1]
        if first[:-1] == second[:-1] and first[:-1]:
            return True
        head = hints(self.layout.leaf(c + 1)) | hints(self.layout.leaf(c))
        return "pct" in head and not (
            self.layout.sizes.get(c)
            and self.layout.sizes.get(c + 1)
            and self.layout.sizes[c] != self.layout.sizes[c + 1]
        )

    def _join_p(self, row: Row, roles: dict[int, Role], made: dict[int, Found]) -> None:
        for c in [c for c, one in roles.items() if one.name == "p" and c in made]:
            if roles[c].rule == TableRule.P_ROW:
                target = self.above.get(c)
                if (
                    target is not None
                    and target.kind in ("ratio", "difference")
                    and "p" not in target.cells
                    and row.number - target.row.number <= 2
                    and not self._several(target, c)
                ):
                    self._give_p(target, made.pop(c))
                continue
            if OTHER_TEST.search(self.layout.head(c)) or "\n" in row.cells[c].cell.text.strip():
                # Two p values in one cell are of two tests, and the paper does not say which is the ratio's.
                continue
            left = self._left(roles, c, made, ("ratio", "difference"))
            right = next(
                (
                    made[k]
                    for k in (c + 1,)
                    if k in made and made[k].kind in ("ratio", "difference") and not self._left_p_side()
                ),
                None,
            )
            target = left if left is not None and "p" not in left.cells else right
            if target is not None and "p" not in target.cells:
                self._give_p(target, made.pop(c))

    def _several(self, target: Found, c: int) -> bool:
        """Whether a section has several ratios in the column, so that a p value below them belongs to all together."""
        section = target.row.section
        return (
            bool(section)
            and sum(1 for one in self.done if one.column == c and one.kind == "ratio" and one.row.section == section)
            > 1
        )

    def _left_p_side(self) -> bool:
        """Whether p values are to the right of their ratios in this table, judged by its last column."""
        return "p" in hints(self.layout.leaf(len(self.layout.heads) - 1))

    def _give_p(self, target: Found, p: Found) -> None:
        target.cells["p"] = p.cells["p"]
        target.numbers += p.numbers
        target.rule += "-p"


__all__ = ["claims"]
