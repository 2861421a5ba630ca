"""Words of a table's claims: arm, population, item, endpoint, grade and location, from headings and labels."""

from __future__ import annotations

import re

from resurvey.read.lexicon import Lexicon, arm_named, strip_size
from resurvey.read.normal import fold, plain
from resurvey.read.objects import Claim, Span
from resurvey.read.table_cells import Number
from resurvey.read.table_denominators import Denominators
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, time_in, unit_in
from resurvey.read.table_layout import Layout, Place, Row
from resurvey.read.table_roles import About, of_table
from resurvey.read.text_other import only_test_in, test_in
from resurvey.read.word_lists import HARMS, RESPONSES, TIME_TO_EVENT, endpoints_in, grade_in

TOTALS = re.compile(
    r"(?:total|all|overall)(?: (?:patients|subjects|population|cohort|group|sample|series))?|"
    r"(?:whole|entire) (?:group|cohort|population|sample|series)|both (?:groups|arms)|combined(?: (?:groups|cohort))?",
    re.IGNORECASE,
)


# Rows of a response table that are not responses.
OPPOSITE = re.compile(r"(?:no|non|not|missing|unknown|without|un?evaluable|inevaluable|NE|ND)\b", re.IGNORECASE)
GENERIC = re.compile(
    r"(?:(?:study|treatment|randomi[sz]ed|patients?|therapy|all)\s?){0,3}(?:arms?|groups?|treatments?|therapy|regimens?|"
    r"patients|assignment|characteristics?|variables?|parameters?|toxicit(?:y|ies)|events?|values?|results?|cohorts?)",
    re.IGNORECASE,
)
MEASURE_WORDS = re.compile(
    r"\b(?:(?:adjusted |unadjusted |stratified )?(?:hazard|odds|risk) ratio|[as]?HR|OR|RR|P(?:[- ]value)?|difference|"
    r"for|of|in|comparison|\d\d ?%? ?CI)\b[:,]?",
    re.IGNORECASE,
)
VERSUS = re.compile(r"(?P<a>[\w+/ .-]{1,60}?)\s(?:vs\.?|versus|v|compared with|against)\s(?P<b>[\w+/ .-]{1,60})")


class Words:
    """Makes claims from the matches of one table."""

    def __init__(self, layout: Layout, lexicon: Lexicon):
        self.layout, self.lexicon = layout, lexicon
        self.about: About = of_table(layout.table)
        self.denominators = Denominators(layout, {c: self._said_elsewhere(c) for c in range(len(layout.heads))})
        self.done: list[Found] = []

    def _said_elsewhere(self, c: int) -> tuple[str, ...]:
        """Sizes printed in the text for the arm of a column, or for all patients for a column of totals."""
        arm, _ = self._arm(self.layout.heads[c])
        return self.lexicon.totals if arm == "all" else self.lexicon.sizes.get(arm, ())

    def claim(self, found: Found) -> Claim:
        """The claim of a match, with its words: arm, population, item, endpoint, grade, location."""
        row, c = found.row, found.column
        cells = dict(found.cells) | self._where(found)
        if found.kind == "proportion":
            cells = self._share_words(found) | cells
        elif found.kind == "ratio":
            cells = {"endpoint": self.endpoint(row, c), "model": self._model(row, c)} | cells
        elif found.kind in ("rate", "at_risk"):
            cells = {"endpoint": self.endpoint(row, c)} | cells
        elif found.kind == "p":
            test = test_in(self.layout.head(c)) or only_test_in(self.layout.table.notes)
            cells = {"endpoint": self.endpoint(row, c), "item": self.item(row, c), "test": test} | cells
        spans = tuple(dict.fromkeys(self._span(place, number) for place, number in found.numbers))
        locator = self._locator(row, c)
        context = fold(f"{self.layout.table.locator} {row.path} {self.layout.head(c)}")
        return Claim(
            found.kind,
            {k: v for k, v in cells.items() if v},
            spans,
            f"table-{found.rule}",
            locator,
            context,
            tuple(found.notes),
        )

    def _span(self, place: Place, number: Number) -> Span:
        block = f"{self.layout.table.id}.r{place.cell.row}.c{place.cell.column}"
        return Span(block, place.offset + number.start, place.offset + number.end)

    def _locator(self, row: Row, c: int) -> str:
        parts = [
            self.layout.table.locator,
            *(_short(part) for part in row.section[-1:]),
            _short(row.label),
            _short(strip_size(" ".join(self.layout.heads[c]))),
        ]
        return ", ".join(part for part in parts if part)

    def _where(self, found: Found) -> dict[str, str]:
        """Arm and population: a known arm, `all` for a total column, otherwise the group as a population."""
        row = found.row
        arm, group = self._arm(self._heads_of(found))
        if (not arm and not group) or arm == "all":
            own, _ = self._arm((row.label, *row.section))
            arm = own if own not in ("", "all") else arm
        cells = {"arm": arm} if arm else {}
        if found.kind in ("ratio", "p"):
            cells = self._compared(found) or ({"arm": arm} if arm and found.kind == "ratio" else {})
        population = [group] if group and found.kind not in ("ratio", "p") else []
        timed = found.kind != "median" or found.cells.get("endpoint") in TIME_TO_EVENT
        if found.kind in ("ratio", "median", "rate", "p") and timed and (found.kind != "p" or self._of_subgroups()):
            population += [part for part in (*row.section, row.label) if self._names_group(part, arm)]
        if population:
            cells["population"] = _short(", ".join(dict.fromkeys(population)).lower())
        return cells

    def _of_subgroups(self) -> bool:
        """Whether the rows of a table are subgroups with results of their own, to which its p values then belong."""
        return any(one.kind in ("ratio", "rate") for one in self.done)

    def _arm(self, path: tuple[str, ...]) -> tuple[str, str]:
        """Arm id, or the name of a group of patients not known as an arm.

        A column `Total` covers all patients, except in a table of adverse events, where it may cover all grades.
        """
        names = [(text, strip_size(text)) for text in reversed(path) if strip_size(text)]
        for text, _ in names:
            if arm := arm_named(text, self.lexicon):
                others = [name for other, name in reversed(names) if other is not text and self._names_patients(name)]
                return arm, ", ".join(dict.fromkeys(others))
        if any(TOTALS.fullmatch(name) for _, name in names):
            return ("", "") if self.about.harms else ("all", "")
        for text, name in names:
            if text is not path[0] or re.search(r"\b[nN]\s?=", plain(text)):
                tags = hints(name) or grade_in(name, bare=True) or endpoints_in(name) or unit_in(name)
                if not tags and re.search(r"[A-Za-z]", name):
                    return "", name
        return "", ""

    def _names_patients(self, name: str) -> bool:
        """Whether a heading next to that of the arm names a group of patients: `Progression due to new metastases`."""
        if not re.search(r"[A-Za-z]{3}", name) or TOTALS.fullmatch(name) or arm_named(name, self.lexicon):
            return False
        said = hints(name) or grade_in(name, bare=True) or endpoints_in(name) or unit_in(name) or time_in(name)[0]
        return not said and GENERIC.fullmatch(name) is None

    def _heads_of(self, found: Found) -> tuple[str, ...]:
        """Headings of a match; for a cell over several columns only those that cover all of them."""
        heads = self.layout.heads[found.column]
        cell = found.row.cells[found.column].cell
        last = min(cell.column + cell.columns, len(self.layout.heads)) - 1
        return heads if last <= found.column else tuple(part for part in heads if part in self.layout.heads[last])

    def _compared(self, found: Found) -> dict[str, str]:
        """`HR, A versus B`: the arm and its comparator, if both are arms of the paper."""
        for text in (found.row.label, self.layout.leaf(found.column), self.layout.table.caption):
            match = VERSUS.search(plain(text))
            if match is not None:
                first, second = (
                    arm_named(MEASURE_WORDS.sub(" ", match[side]).strip(), self.lexicon) for side in ("a", "b")
                )
                if first and second and first != second:
                    return {"arm": first, "comparator_arm_id": second}
        return {}

    def _names_group(self, part: str, arm: str) -> bool:
        if not part or not re.search(r"[A-Za-z<>≤≥]", part) or (arm and arm_named(part, self.lexicon) == arm):
            return False
        tags = hints(part)
        return (
            not tags & {"hr", "or", "rr", "median", "ci", "p", "rate", "n_pct", "mean"}
            and not any(n in TIME_TO_EVENT for *_, n in endpoints_in(part))
            and not TOTALS.fullmatch(part)
        )

    def _share_words(self, found: Found) -> dict[str, str]:
        row, c = found.row, found.column
        item = found.cells.get("item") or self.item(row, c)
        grade = next(
            (
                g
                for text in (row.label, *reversed(self.layout.heads[c]), *reversed(row.section))
                if (g := grade_in(text, bare=self.about.harms and (text is not row.label or self._of_grades(row))))
                and (g != "any" or text is not row.label)
            ),
            "",
        )
        names = [
            n for text in (row.label, *reversed(self.layout.heads[c]), *row.section) for *_, n in endpoints_in(text)
        ]
        harm = self.about.harms or bool(grade and HARMS.search(row.path))
        response = "" if OPPOSITE.match(row.label) else next((n for n in names if n in RESPONSES), "")
        if (response or self.about.response) and row.label.strip() in ("SD", "PD"):
            response = row.label.strip()
        kind = (
            "adverse_event"
            if harm
            else "response"
            if (response and (found.rule == "size-percent" or not self.about.baseline))
            or (self.about.response and (row.label.strip() in RESPONSES or OPPOSITE.match(row.label)))
            else "baseline"
            if self.about.baseline
            else "prognosis"
            if names
            else "baseline"
        )
        cells = {"kind": kind, "item": item}
        if harm:
            cells["grade"] = grade or grade_in(self.layout.table.caption)
            cells["item"] = _short(row.label) or item
        elif response and kind == "response":
            cells |= {
                "endpoint": response,
                "item": response if endpoints_in(row.label) and "/" not in row.label else item,
            }
        if partition := self.denominators.partition(found):
            cells["partition"] = partition
        return cells

    @staticmethod
    def _of_grades(row: Row) -> bool:
        """Whether a section lists grades: `Rash (maximum grade)`."""
        return bool(row.section) and re.search(r"\bgrades?\b", row.section[-1], re.IGNORECASE) is not None

    def _model(self, row: Row, c: int) -> str:
        text = f"{row.path} {self.layout.head(c)} {self.layout.table.caption}".lower()
        multi, uni = (
            "multivar" in text or "adjusted" in text.replace("unadjusted", ""),
            "univar" in text or "unadjusted" in text,
        )
        near = f"{row.path} {self.layout.head(c)}".lower()
        if multi and uni:
            multi, uni = (
                "multivar" in near or "adjusted" in near.replace("unadjusted", ""),
                "univar" in near or "unadjusted" in near,
            )
        return "multivariable" if multi and not uni else "unadjusted" if uni and not multi else ""

    def endpoint(self, row: Row, c: int, *, age: bool = False) -> str:
        """Endpoint of a cell, from its row, its headings or the table; `age` if the words name that instead."""
        for text in (row.label, self.layout.leaf(c), *reversed(row.section), *reversed(self.layout.heads[c][:-1])):
            names = [name for *_, name in endpoints_in(text)]
            if names:
                return names[0]
            if age and re.search(r"\bage\b", text, re.IGNORECASE):
                return "age"
        return self.about.endpoint

    def item(self, row: Row, c: int) -> str:
        """What a row reports: its section and label, otherwise its heading."""
        parts = [part for part in (*row.section[-1:], row.label) if part]
        text = ", ".join(dict.fromkeys(parts)) or strip_size(self.layout.leaf(c)) or self.layout.table.locator
        return _short(text)


def _short(text: str, most: int = 90) -> str:
    """A label shortened at a blank."""
    one = " ".join(plain(text).split())
    return one if len(one) <= most else one[:most].rsplit(" ", 1)[0]
