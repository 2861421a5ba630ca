"""Words of a table's claims: arm, population, item, endpoint, grade and location, from headings and labels."""

from __future__ import annotations

import itertools
import re

from resurvey.read import table_survival
from resurvey.read.lexicon import Lexicon, arm_named, sizes_noted, strip_size, under_drug
from resurvey.read.normal import fold, plain
from resurvey.read.objects import Claim, Position, Span
from resurvey.read.rules import TableRule
from resurvey.read.share_kinds import ShareKind
from resurvey.read.table_about import About, of_table
from resurvey.read.table_cells import Number
from resurvey.read.table_denominators import COUNTED, Denominators
from resurvey.read.table_found import Found
from resurvey.read.table_hints import hints, time_in, unit_in
from resurvey.read.table_places import Layout, Place, Row
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
    r"patients|assignment|characteristics?|variables?|parameters?|toxicit(?:y|ies)|events?|values?|results?|cohorts?|grades?|outcomes?|measures?|items?|categor(?:y|ies)|n|no\.?|numbers?)",
    re.IGNORECASE,
)
MEASURE_WORDS = re.compile(
    r"\b(?:(?:adjusted |unadjusted |stratified )?(?:hazard|odds|risk) ratio|[as]?HR|OR|RR|P(?:[- ]value)?|difference|"
    r"for|of|in|comparison|\d\d ?%? ?CI)\b[:,]?",
    re.IGNORECASE,
)
# Rows of published results: `Loehrer et al, 2008`, `Small (2008)`, `Smith et al [12]`.
CITES = re.compile(r"\bet al\b|\b[A-Z][a-z]+,? [(\[](?:19|20)\d\d[a-z]?[)\]]")
OWN = re.compile(r"\b(?:this|our|present|current) (?:study|trial|report|series|work|analysis)\b", re.IGNORECASE)
_GROUP = r"(?:[\w+/ .-]|(?<=\d),(?=\d{3})){1,60}"
VERSUS = re.compile(rf"(?P<a>{_GROUP}?)\s(?:vs\.?|versus|v|compared with|against)\s(?P<b>{_GROUP})")


EFFICACY = re.compile(r"\befficacy\b|\bsurvival\b", re.IGNORECASE)
# `12 months`, `At 1 year`, `Month 24`: when, not who.
ONLY_TIME = re.compile(
    r"(?:at |by )?"
    r"(?:\d{1,3}(?:\.\d)?[- ]?(?:years?|yrs?|months?|mos?|weeks?|wks?|days?)|(?:year|month|week|day) \d{1,4})\.?"
    r"(?:[ ,]*(?:rates?|estimates?|n|no\.?|%|\(%\)|\(n\)))*",
    re.IGNORECASE,
)
MODEL = re.compile(r"\b(?:uni|multi|bi)vari\w*\b", re.IGNORECASE)
# `Age (≥65 vs <65)`, `Grade: 3 versus 1-2`: the two groups of a ratio; the title may come before them.
LEVELS = re.compile(
    r"(?P<title>[^()\[\]:]{0,60}?)\s?(?:[(\[:]\s?(?P<a>[^()\[\]]{1,40}?)\s"
    r"(?:vs\.?|versus|v|compared (?:with|to)|against)\s"
    r"(?P<b>[^()\[\]]{1,40}?)[)\]]?)"
)
_LEVEL = (
    r"(?:[<>≥≤]\s?)?\d[\d.]*(?:\s?[-/]\s?\d[\d.]*)?\+?|[IVX]{1,4}[A-C]?(?:\s?[-/]\s?[IVX]{1,4})?|yes|no|positive|negative|high|low|"
    r"male|female|men|women|present|absent|other|others|none|any|poor|good|well"
)
# `ECOG 1 versus 0`, `Nodes positive vs negative`, without brackets.
BARE_LEVELS = re.compile(
    rf"(?P<title>.{{0,60}}?)\s?(?P<a>{_LEVEL})\s(?:vs\.?|versus|v)\s(?P<b>{_LEVEL})", re.IGNORECASE
)
RESPONSE_ROW = re.compile(r"\brespon(?:ses?|ders?)\b", re.IGNORECASE)
EVENT_COUNT = re.compile(
    r"^(?:OS|PFS|DFS|EFS|RFS|iDFS|TTP) events?\b|"
    r"^(?:(?:no\.|number|n|patients with)(?: of)?(?: an?)? ?)?(?:events?|progression events?|deaths)\b"
    r"(?:[,:]? ?(?:n|no\.)?\s?[(\[%]|\s*$|,)|"
    r"\bevents?\s?/\s?(?:N|n|patients|no\.|total)\b",
    re.IGNORECASE,
)


CATEGORY = re.compile(r"(?:\d{1,3}|[IVX]{1,4})[A-Da-d]?(?:\s?(?:[-/]|to|or|\+)\s?(?:\d{1,3}|[IVX]{1,4})?[A-Da-d]?)?")


def _bare_category(label: str) -> bool:
    """Whether a label is a number or a Roman numeral: a category such as `2`, `0-1`, `IV` of its section."""
    return CATEGORY.fullmatch(plain(label)) is not None


class Words:
    """Makes claims from the matches of one table."""

    def __init__(self, layout: Layout, lexicon: Lexicon):
        self.layout, self.lexicon = layout, lexicon
        self.about: About = of_table(layout.table)
        columns = range(len(layout.heads))
        arms = {c: self._arm(layout.heads[c]) for c in columns}
        noted = sizes_noted(f"{layout.table.caption}. {layout.table.notes}", lexicon)
        self.denominators = Denominators(
            layout,
            {c: self._said_elsewhere(c, arms) for c in columns},
            {c: noted[arm] for c, (arm, _) in arms.items() if arm in noted},
            lexicon.said,
        )
        self.done: list[Found] = []

    def _said_elsewhere(self, c: int, arms: dict[int, tuple[str, str]]) -> tuple[str, ...]:
        """Sizes printed elsewhere for the arm of a column, or for all patients in a table of one group."""
        arm, group = arms[c]
        of_all = arm == "all" or (not arm and not group and all(not one or one == "all" for one, _ in arms.values()))
        return self.lexicon.totals if of_all else self.lexicon.sizes.get(arm, ())

    def claim(self, found: Found) -> Claim:
        """The claim of a match, with its words: arm, population, item, endpoint, grade, location."""
        row, c = found.row, found.column
        cells = dict(found.cells) | self._where(found)
        if CITES.search(row.path) and not OWN.search(row.path):
            cells["cited"] = "yes"
            found.notes.append("a row of other work, by its citation")
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
        block = Position(self.layout.table.id, place.cell.row, place.cell.column).block
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
        spread = found.row.cells[found.column].cell.columns > 1
        population = [group] if group and (found.kind not in ("ratio", "p") or spread) else []
        timed = found.kind != "median" or found.cells.get("endpoint") in TIME_TO_EVENT
        counted = found.kind == "proportion" and self._events_of(found) and self._of_subgroups()
        of_rows = found.kind in ("ratio", "median", "rate") or (found.kind == "p" and self._of_subgroups()) or counted
        if of_rows and timed:
            population += self._group_of(found, arm, cells)
        if population:
            cells["population"] = _short(", ".join(dict.fromkeys(population)).lower())
        if found.kind == "ratio" and (against := self._reference(found)):
            cells |= against
        return cells

    def _group_of(self, found: Found, arm: str, cells: dict[str, str]) -> list[str]:
        """Sections and label of a row where they name a group of patients; a bare number counts within a section.

        A p value printed once for several rows is that of their section.
        """
        row, label = found.row, found.row.label
        name = self.endpoint(row, found.column)
        parts = [part for part in row.section if self._names_group(part, arm, name)]
        of_all = found.kind == "p" and found.row.cells[found.column].cell.rows > 1
        if of_all or ("comparator_arm_id" in cells and VERSUS.search(plain(label))):
            return parts
        return [*parts, label] if self._names_group(label, arm, name) or (parts and _bare_category(label)) else parts

    def _reference(self, found: Found) -> dict[str, str]:
        """The group that a ratio is against: in its label (`Age (≥65 vs <65)`) or the reference row of its section."""
        row = found.row
        match = LEVELS.fullmatch(plain(row.label)) or BARE_LEVELS.fullmatch(plain(row.label))
        if match is not None and "comparator_arm_id" not in self._compared(found):
            title = ", ".join((*row.section, match["title"].strip(" ,:-"))).strip(", ")
            both = (", ".join(part for part in (title, match[side].strip()) if part) for side in ("a", "b"))
            population, comparator = (_short(part.lower()) for part in both)
            return {"population": population, "comparator_population": comparator}
        beside = [
            other.label
            for other in self.layout.references
            if other.section == row.section and other.label != row.label and found.column in other.columns
        ]
        if len(beside) != 1:
            return {}
        own, other = arm_named(row.label, self.lexicon), arm_named(beside[0], self.lexicon)
        if own and other and own != other:
            return {"population": "", "arm": own, "comparator_arm_id": other}
        return {"comparator_population": _short(", ".join((*row.section, *beside)).lower())} if row.section else {}

    def _events_of(self, found: Found) -> str:
        """The endpoint whose events a count gives: `Events/N` in its heading, or `Events` as its label."""
        said = EVENT_COUNT.search(plain(found.row.label)) or EVENT_COUNT.search(plain(self.layout.leaf(found.column)))
        name = self.endpoint(found.row, found.column) if said else ""
        return name if name in TIME_TO_EVENT else ""

    def _of_subgroups(self) -> bool:
        """Whether the rows of a table are subgroups with results of their own, to which its p values then belong."""
        return any(one.kind in ("ratio", "rate") for one in self.done)

    def _arm(self, path: tuple[str, ...]) -> tuple[str, str]:
        """Arm id, or the name of a group of patients not known as an arm.

        A column `Total` covers all patients, except in a table of adverse events, where it may cover all grades.
        """
        for outer, inner in itertools.pairwise(path):
            if whole := under_drug(outer, inner):
                # Of a dose that is no arm of the paper: not the arm of the drug, which has other doses.
                arm = arm_named(whole, self.lexicon)
                return arm, "" if arm else whole
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
        heads = reversed(self.layout.heads[found.column])
        for text in (found.row.label, *heads, self.layout.table.caption):
            match = VERSUS.search(plain(text))
            if match is not None:
                first, second = (
                    arm_named(MEASURE_WORDS.sub(" ", match[side]).strip(), self.lexicon) for side in ("a", "b")
                )
                if first and second and first != second:
                    return {"arm": first, "comparator_arm_id": second}
        return {}

    def _names_group(self, part: str, arm: str, endpoint: str = "") -> bool:
        if (
            not part
            or ONLY_TIME.fullmatch(plain(part))
            or MODEL.search(part)
            or endpoint in {name for *_, name in endpoints_in(part)}
        ):
            return False
        if not re.search(r"[A-Za-z<>≤≥]", part) or (arm and arm_named(part, self.lexicon) == arm):
            return False
        tags = hints(part)
        return (
            not tags & {"hr", "or", "rr", "median", "ci", "p", "rate", "n_pct", "mean"}
            and not any(n in TIME_TO_EVENT for *_, n in endpoints_in(part))
            and not TOTALS.fullmatch(part)
        )

    def _share_words(self, found: Found) -> dict[str, str]:
        row, c = found.row, found.column
        item = found.cells.get("item") or self._counted(found)
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
        events = self._events_of(found)
        harm = (self.about.harms and EFFICACY.search(row.path) is None) or bool(grade and HARMS.search(row.path))
        response = "" if OPPOSITE.match(row.label) else next((n for n in names if n in RESPONSES), "")
        harm = harm and not any(name in RESPONSES for *_, name in endpoints_in(self.layout.leaf(c)))
        for name in (row.label.strip(), self.layout.leaf(c).strip()):
            if name in ("SD", "PD") and (response or self.about.response or self.layout.lists_responses):
                response = name
        kind = (
            ShareKind.ADVERSE_EVENT
            if harm
            else ShareKind.RESPONSE
            if (response and (found.rule == TableRule.SIZE_PERCENT or not self.about.baseline))
            or (self.about.response and (row.label.strip() in RESPONSES or OPPOSITE.match(row.label)))
            else ShareKind.PROGRESSION
            if events
            else ShareKind.BASELINE
            if self.about.baseline
            else ShareKind.RESPONSE
            if RESPONSE_ROW.search(row.label) and not OPPOSITE.match(row.label)
            else ShareKind.PROGNOSIS
            if names or table_survival.CENSORED.fullmatch(row.label)
            else ShareKind.BASELINE
        )
        cells = {"kind": kind, "item": item}
        if harm:
            cells["grade"] = grade or grade_in(self.layout.table.caption)
            cells["item"] = _short(row.label) or item
        elif response and kind == ShareKind.RESPONSE:
            cells |= {
                "endpoint": response,
                "item": response if endpoints_in(row.label) and "/" not in row.label else item,
            }
        elif kind == ShareKind.PROGRESSION:
            cells["endpoint"] = events
        if partition := self.denominators.partition(found):
            cells["partition"] = partition
        return cells

    def _counted(self, found: Found) -> str:
        """What a count counts: its row and, where the columns are no groups of patients, its heading."""
        row, leaf = self.item(found.row, found.column), strip_size(self.layout.leaf(found.column))
        headed = COUNTED.search(leaf) is not None and arm_named(leaf, self.lexicon) == ""
        return _short(f"{row}: {leaf}") if headed and fold(leaf) not in fold(row) else row

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
