"""The values of single cells of a table by their role: shares, ratios, averages, rates, differences, p values."""

from __future__ import annotations

import re

from resurvey.read.normal import plain
from resurvey.read.objects import ClaimKind
from resurvey.read.rules import RoleName, TableRule
from resurvey.read.table_about import MEASURES
from resurvey.read.table_cells import Number
from resurvey.read.table_forms import PERSON_TIME
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, time_in, unit_in
from resurvey.read.table_places import Place, Row
from resurvey.read.table_roles import Role, has_error
from resurvey.read.table_times import time_of
from resurvey.read.table_words import Words
from resurvey.read.word_lists import TIME_TO_EVENT

# The numbers of a share in the order of its cell.
IN_SHARES: dict[RoleName, tuple[str, ...]] = {
    "count": ("n",),
    "percent": ("percent",),
    "n_percent": ("n", "percent"),
    "percent_n": ("percent", "n"),
    "n_total": ("n", "total"),
    "n_total_percent": ("n", "total", "percent"),
    "percent_n_total": ("percent", "n", "total"),
    "n_percent_limits": ("n", "percent", "lower", "upper"),
    "n_total_percent_limits": ("n", "total", "percent", "lower", "upper"),
}


class Values(Words):
    """Makes matches from the cells of one table."""

    def value(self, row: Row, c: int, one: Role) -> Found | None:
        """The match of a cell by its role; None if it has none that a table holds."""
        place = row.cells[c]
        numbers = place.value.numbers
        name = one.name
        if name == "mean" and not re.search(r"[A-Za-z]{2}", row.path):
            return None
        if name in IN_SHARES:
            return self._share(row, c, one)
        if name == "ratio":
            cells = {"measure": self._measure(row, c, one), "value": numbers[0].text}
            cells |= self._limits(row, place, ci=True)
            if one.rule == TableRule.RATIO_P:
                cells["p"] = numbers[1].text
            elif len(numbers) == 4 or (len(numbers) == 2 and "P" in place.value.shape):
                cells["p"] = numbers[-1].text
            if (
                len(numbers) == 1
                and numbers[0].text in ("1", "1.0", "1.00", "1.000")
                and not self._limits_beside(row, c)
            ):
                return None
            return self._found("ratio", cells, row, c, numbers, one.rule)
        if name in ("median", "mean"):
            return self._average(row, c, one)
        if name == "rate":
            number, unit = time_of(self.layout, row, c)
            share = (
                numbers[0].percent
                or numbers[0].value > 1
                or "pct" in hints(row.label) | hints(self.layout.head(c)) | self.about.tags
            )
            cells = {
                "time": number,
                "time_unit": unit,
                "value": numbers[0].text,
                "unit": "%" if share else "proportion",
            }
            return self._found("rate", cells | self._limits(row, place, ci=True), row, c, numbers, one.rule)
        if name == "difference":
            return self._difference(row, c, one)
        if name == "incidence":
            return self._incidence(row, c, one)
        if name == "p":
            return self._found("p", {"p": numbers[0].text}, row, c, numbers[:1], one.rule)
        return None

    def _difference(self, row: Row, c: int, one: Role) -> Found:
        """A difference with its limits, and a p value printed in its cell; a standard error between them is noted."""
        place, numbers = row.cells[c], row.cells[c].value.numbers
        limits = numbers[2:4] if has_error(place) else numbers[1:3] if len(numbers) > 2 else ()
        cells = {"value": numbers[0].text, "item": self.item(row, c)}
        if limits:
            cells |= {"lower": limits[0].text, "upper": limits[1].text} | self.level(row, place)
        used = (numbers[0], *limits)
        if "P" in place.value.shape and len(numbers) in (2, 4):
            cells, used = cells | {"p": numbers[-1].text}, (*used, numbers[-1])
        found = self._found("difference", cells, row, c, used, one.rule)
        if has_error(place) or place.value.shape == "n(n)":
            found.notes.append(f"printed with {numbers[1].text} beside it (standard error)")
        return found

    def _measure(self, row: Row, c: int, one: Role) -> str:
        """The measure of a ratio; `Hazard ratio or odds ratio` is the former for a time to event."""
        named = [name for name in MEASURES if name in hints(self.layout.leaf(c))]
        if len(named) < 2 or not self.endpoint(row, c):
            return one.measure
        timed = self.endpoint(row, c) in TIME_TO_EVENT
        fitting = [name for name in named if (name == "hr") == timed]
        return fitting[0].upper() if len(fitting) == 1 else one.measure

    def _incidence(self, row: Row, c: int, one: Role) -> Found:
        """Events over time at risk: `1.32 (1.07 to 1.65)` under `Rate per 100 person-years (95% CI)`."""
        place, numbers = row.cells[c], row.cells[c].value.numbers
        said = PERSON_TIME.search(plain(row.label)) or PERSON_TIME.search(plain(self.layout.leaf(c)))
        unit = said[0].replace("/", "per ") if said else ""
        cells = {"value": numbers[0].text, "unit": unit, "kind": "epidemiology"}
        limits = self._limits(row, place, ci=True)
        level = limits.pop("ci_level", "")
        found = self._found(
            "quantity", cells | limits | {"item": f"rate: {self.item(row, c)}"}, row, c, numbers, one.rule
        )
        if level:
            found.notes.append(f"limits of a {level} % confidence interval")
        return found

    def _limits_beside(self, row: Row, c: int) -> bool:
        """Whether limits are in the next column, so that a ratio of 1.00 is an estimate, not the reference category."""
        beside = row.cells.get(c + 1)
        if beside is None:
            return False
        tags = hints(self.layout.head(c + 1))
        both = len(beside.value.numbers) == 2 and "-" in beside.value.shape
        limit = "lower" in tags or ("ci" in tags and not tags & set(MEASURES))
        return both or (beside.value.shape == "n" and limit)

    def _found(
        self, kind: ClaimKind, cells: dict[str, str], row: Row, c: int, numbers: tuple[Number, ...], rule: str
    ) -> Found:
        place = row.cells[c]
        return Found(kind, cells, row, c, [(place, number) for number in numbers], rule)

    def _share(self, row: Row, c: int, one: Role) -> Found:
        place = row.cells[c]
        numbers = place.value.numbers
        cells = {name: number.text for name, number in zip(IN_SHARES[one.name], numbers, strict=False)}
        if one.rule == TableRule.COUNT_DECIMAL:
            found = self._found("proportion", cells | {"n": cells["n"].partition(".")[0]}, row, c, numbers, one.rule)
            found.notes.append(f"the count is printed as {cells['n']}")
            return found
        if one.name == "percent" and len(numbers) == 3:
            cells |= {"lower": numbers[1].text, "upper": numbers[2].text} | self.level(row, place)
        if one.name.endswith("_limits"):
            cells |= self.level(row, place)
        return self._found("proportion", cells, row, c, numbers, one.rule)

    def _around(self, row: Row, c: int, name: str) -> tuple[str, ...]:
        """Sections and outer headings of a cell, the nearest first; for times, also the caption."""
        near = (*reversed(row.section), *reversed(self.layout.heads[c][:-1]))
        return (*near, self.layout.table.caption) if name in TIME_TO_EVENT or name == "age" else near

    def level(self, row: Row, place: Place) -> dict[str, str]:
        """The confidence level printed nearest to a cell, as `ci_level`; empty if none."""
        near = (
            place.text,
            row.label,
            self.layout.head(place.column),
            *reversed(row.section),
            self.layout.table.caption,
        )
        text = " ".join(near)
        match = re.search(r"(\d{2}(?:\.\d)?)\s?%\s?[\[(]?(?:CI|C\.I|confidence)", plain(text))
        return {"ci_level": match[1]} if match else {}

    def _limits(self, row: Row, place: Place, *, ci: bool) -> dict[str, str]:
        numbers = place.value.numbers
        if len(numbers) < 3:
            return {}
        names = ("lower", "upper") if ci else ("range_lower", "range_upper")
        return {names[0]: numbers[1].text, names[1]: numbers[2].text} | (self.level(row, place) if ci else {})

    def _average(self, row: Row, c: int, one: Role) -> Found:
        place = row.cells[c]
        numbers = place.value.numbers
        name = self.endpoint(row, c, age=True)
        tags = (
            hints(row.label)
            | hints(self.layout.leaf(c))
            | self.about.tags
            | frozenset().union(*(hints(part) for part in row.section))
        )
        near = hints(row.label) | hints(self.layout.head(c))
        ranged = ("range" in place.value.labels or "iqr" in place.value.labels or bool(near & {"range", "iqr"})) or (
            not near & {"ci"} and (name not in TIME_TO_EVENT or ("iqr" in tags and "ci" not in tags))
        )
        unit = (
            ("%" if one.rule in (TableRule.MEDIAN_SECTION, TableRule.MEAN_SECTION) else place.value.unit)
            or unit_in(row.label)
            or unit_in(self.layout.leaf(c))
            or next((u for part in self._around(row, c, name) if (u := unit_in(part)) and not time_in(part)[0]), "")
        )
        item = self.item(row, c)
        if one.name == "mean":
            said = re.search(r"\bmean|average", item, re.IGNORECASE)
            item = item if said else f"mean {item}"
            cells = {"value": numbers[0].text, "unit": unit, "item": item, "kind": "laboratory"}
            if one.rule == TableRule.MEAN_ERROR_LIMITS:
                cells |= {"lower": numbers[2].text, "upper": numbers[3].text} | self.level(row, place)
                level = cells.pop("ci_level", "")
                found = self._found("quantity", cells, row, c, numbers, one.rule)
                found.notes.append(
                    f"printed with {numbers[1].text} beside it (standard error); "
                    f"limits of a {f'{level} % ' if level else ''}confidence interval"
                )
                return found
            if one.rule == TableRule.MEAN_SPREAD_RANGE or (len(numbers) == 4 and "n,n-n" in place.value.shape):
                cells |= {"lower": numbers[2].text, "upper": numbers[3].text}
                found = self._found("quantity", cells, row, c, numbers, one.rule)
                found.notes.append(
                    f"printed with {numbers[1].text} beside it (standard deviation); limits are its range"
                )
                return found
            if one.rule == TableRule.MEAN_OF_N:
                found = self._found("quantity", cells, row, c, numbers, one.rule)
                found.notes.append(
                    f"printed with {numbers[1].text} beside it (standard deviation), of {numbers[2].text} patients"
                )
                return found
            if "limits" in one.rule and len(numbers) > 2:
                cells |= self._limits(row, place, ci=True)
                cells = cells if not ranged else {k: v for k, v in cells.items() if k != "ci_level"}
                numbers = numbers[:3]
            else:
                numbers = numbers[:2]
            found = self._found("quantity", cells, row, c, numbers, one.rule)
            if len(numbers) == 2:
                found.notes.append(f"printed with {numbers[1].text} beside it (standard deviation or error)")
            return found
        follow = re.search(r"(?<!at )(?<!at last )follow[- ]?up", row.path + " " + self.layout.leaf(c), re.IGNORECASE)
        if follow and name not in TIME_TO_EVENT:
            cells = {"item": "follow-up", "statistic": "median", "value": numbers[0].text, "unit": unit}
            return self._found("follow_up", cells | self._limits(row, place, ci=not ranged), row, c, numbers, one.rule)
        cells = {"endpoint": name or item, "value": numbers[0].text, "unit": unit} | self._limits(
            row, place, ci=not ranged
        )
        if one.rule == TableRule.MEDIAN_QUARTILES and len(numbers) == 2 and name in TIME_TO_EVENT:
            cells["lower_quartile"] = numbers[1].text
        if "iqr" in tags and "range_lower" in cells and name in TIME_TO_EVENT:
            cells |= {"lower_quartile": cells.pop("range_lower"), "upper_quartile": cells.pop("range_upper")}
        elif "iqr" in tags and "range_lower" in cells:
            return Found(
                "median", cells, row, c, [(place, n) for n in numbers], one.rule, ["the range is that of the quartiles"]
            )
        return self._found("median", cells, row, c, numbers, one.rule)
