"""Check a plan against the tables: every study, arm, population and claim that it names must exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import pandas as pd

from resurvey.plan import (
    AnyComparison,
    BucherComparison,
    CountComparison,
    DesignCheck,
    ExtrapolationComparison,
    Group,
    NetworkComparison,
    PatientComparison,
    Plan,
    PoolComparison,
    RateComparison,
    RatioComparison,
    TimedComparison,
)

#: Tables whose rows establish that a group of patients exists.
GROUP_TABLES = ("arms", "medians", "survival_rates", "risk_tables", "curves", "follow_up", "hazard_ratios")
#: Tables whose rows establish that a group has an endpoint at a data cut.
ENDPOINT_TABLES = ("medians", "survival_rates", "risk_tables", "curves")
#: Tables from which a claim shown beside a comparison may come.
PRINTED_TABLES = ("hazard_ratios", "p_values", "differences")
#: Maximum number of names listed in a message; of more, only the closest are given.
MOST_NAMES = 12


def faults(
    comparisons: Iterable[AnyComparison],
    designs: Iterable[DesignCheck],
    tables: Mapping[str, pd.DataFrame],
    other_cuts: Iterable[str] = (),
) -> list[str]:
    """List names in a plan that the tables do not have.

    Parameters
    ----------
    comparisons, designs : iterables
        As `resurvey.plan` parses them.
    tables : mapping of DataFrame
        Raw tables by name, all cells text.
    other_cuts : iterable of str
        Data cuts whose patients do not come from the tables.

    Returns
    -------
    list of str
        One line per fault: the entry, the key, what was found, what is available.
    """
    known = _Known(tables, frozenset(other_cuts))
    found = []
    for entry in comparisons:
        found += [f"comparison {entry.id!r}, {fault}" for fault in _comparison(entry, known)]
    for check in designs:
        own = [*known.claim("claim", check.claim, "designs"), *known.group("patients", check.patients)]
        found += [f"design {check.id!r}, {fault}" for fault in own]
    return found


def not_rebuilt(asked: Plan, studies: Iterable[str]) -> list[str]:
    """One line for every group compared whose study is not among those with reconstructed patients."""
    there = list(studies)
    groups = [
        (f"comparison {entry.id!r}, group {number}", group)
        for entry in asked.comparisons
        for number, group in enumerate(entry.patient_groups, start=1)
    ]
    groups += [(f"design {check.id!r}, patients", check.patients) for check in asked.designs if check.patients]
    return [
        f"{where}, study: {group.study!r} is not among reconstruction/studies in config.yaml, so it has no patients; "
        f"there are {', '.join(there) or 'none'}"
        for where, group in groups
        if group.study not in there
    ]


@dataclass(frozen=True)
class _Known:
    tables: Mapping[str, pd.DataFrame]
    other_cuts: frozenset[str]

    @cached_property
    def table_of_claim(self) -> dict[str, str]:
        """Table of every claim."""
        table_of: dict[str, str] = {}
        for name, table in self.tables.items():
            if "claim_id" in table:
                table_of.update(dict.fromkeys(table["claim_id"], name))
        return table_of

    @cached_property
    def groups(self) -> frozenset[tuple[str, str, str]]:
        """Study, arm and population of every row about patients."""
        columns = ("study_id", "arm_id", "population")
        return frozenset((study, arm, part) for study, arm, part in _keys(self.tables, GROUP_TABLES, columns) if arm)

    @cached_property
    def endpoints(self) -> frozenset[tuple[str, ...]]:
        """Study, arm, population, endpoint and data cut of every row about survival."""
        columns = ("study_id", "arm_id", "population", "endpoint", "data_cut")
        return frozenset(_keys(self.tables, ENDPOINT_TABLES, columns))

    def claim(self, key: str, claim_id: str | None, *allowed: str) -> Iterator[str]:
        """A fault if a claim is in none of the tables it may come from."""
        if claim_id is None or self.table_of_claim.get(claim_id) in allowed:
            return
        where = (
            f"it is in {self.table_of_claim[claim_id]}.csv" if claim_id in self.table_of_claim else "no table has it"
        )
        yield f"{key}: there is no claim {claim_id!r} in {' or '.join(f'{name}.csv' for name in allowed)} ({where})"

    def group(self, key: str, group: Group | None) -> Iterator[str]:
        """A fault if no row is about the group."""
        if group is None or group.data_cut in self.other_cuts:
            return
        arms = {(study, arm) for study, arm, _ in self.groups}
        if group.study not in {study for study, _ in arms}:
            yield f"{key}, study: there is no study {group.study!r} with an arm in the tables"
        elif (group.study, group.arm) not in arms:
            there = (arm for study, arm in arms if study == group.study)
            yield f"{key}, arm: {_not_there(group.arm, f'study {group.study!r}', there)}"
        elif (group.study, group.arm, group.population) not in self.groups:
            there = (p for s, a, p in self.groups if (s, a) == (group.study, group.arm))
            yield f"{key}, population: {_not_there(group.population, f'arm {group.arm!r}', there)}"
        else:
            yield from self._endpoint(key, group)

    def _endpoint(self, key: str, group: Group) -> Iterator[str]:
        patients = (group.study, group.arm, group.population)
        same = [(endpoint, cut) for *key_of, endpoint, cut in self.endpoints if tuple(key_of) == patients]
        what = f"arm {group.arm!r}, {group.population}"
        if group.endpoint not in {endpoint for endpoint, _ in same}:
            yield f"{key}, endpoint: {_not_there(group.endpoint, what, (endpoint for endpoint, _ in same))}"
        elif (group.endpoint, group.data_cut) not in same:
            cuts = (cut for endpoint, cut in same if endpoint == group.endpoint)
            yield f"{key}, data_cut: {_not_there(group.data_cut, f'{what}, {group.endpoint}', cuts)}"

    @cached_property
    def treatment_of_arm(self) -> dict[tuple[str, str], str]:
        """Treatment of every arm, by study and arm."""
        arms = self.tables["arms"]
        return dict(zip(zip(arms["study_id"], arms["arm_id"], strict=True), arms["treatment_id"], strict=True))

    @cached_property
    def treatments_of_ratio(self) -> dict[str, tuple[str, str]]:
        """The two treatments that every claim of a hazard ratio compares, where arms.csv has both arms."""
        ratios, of_arm = self.tables["hazard_ratios"], self.treatment_of_arm
        rows = zip(*(ratios[name] for name in ("claim_id", "study_id", "arm_id", "comparator_arm_id")), strict=True)
        return {
            claim: (of_arm[study, arm], of_arm[study, other])
            for claim, study, arm, other in rows
            if (study, arm) in of_arm and (study, other) in of_arm
        }

    def legs(self, key: str, claim_id: str, treatments: tuple[str, str]) -> Iterator[str]:
        """A fault if a claim compares other treatments than its leg of the path does, in whichever direction."""
        compared = self.treatments_of_ratio.get(claim_id)
        if compared is not None and set(compared) != set(treatments):
            yield (
                f"{key}: claim {claim_id!r} compares {' and '.join(map(repr, compared))}, but this leg of the path is "
                f"{' and '.join(map(repr, treatments))} (path: treatment, common comparator, comparator)"
            )

    def treatment(self, key: str, name: str) -> Iterator[str]:
        """A fault if a treatment is not in treatments.csv."""
        ids = set(self.tables["treatments"]["treatment_id"])
        if name not in ids:
            yield f"{key}: {_not_there(name, 'treatments.csv', ids)}"


def _keys(
    tables: Mapping[str, pd.DataFrame], names: Iterable[str], columns: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for name in names:
        table = tables.get(name)
        if table is not None and set(columns) <= set(table.columns):
            yield from zip(*(table[column] for column in columns), strict=True)


def _not_there(found: str, where: str, there: Iterable[str]) -> str:
    names = sorted({*there})
    if len(names) > MOST_NAMES:
        near = get_close_matches(found, names, n=3, cutoff=0.5)
        return f"{where} has no {found!r} among {len(names)}" + (
            f": is it {' or '.join(map(repr, near))}?" if near else ""
        )
    return f"{where} has no {found!r}, only {', '.join(map(repr, names)) or 'none'}"


def _comparison(entry: AnyComparison, known: _Known) -> Iterator[str]:
    if isinstance(entry, PatientComparison):
        yield from _patients(entry, known)
    elif isinstance(entry, TimedComparison):
        yield from _over_time(entry, known)
    elif isinstance(entry, ExtrapolationComparison):
        yield from known.group("group", entry.group)
    elif isinstance(entry, RateComparison):
        for key, claim in (("treatment", entry.treatment), *(("comparators", one) for one in entry.comparators)):
            yield from known.claim(key, claim, "proportions")
    elif isinstance(entry, CountComparison):
        for number, arms in enumerate(entry.pairs, start=1):
            for key, claim in (("treatment", arms.treatment), ("comparator", arms.comparator)):
                yield from known.claim(f"pairs, item {number}, {key}", claim, "proportions")
    elif isinstance(entry, RatioComparison):
        for number, pair in enumerate(entry.pairs, start=1):
            for claim in pair.medians:
                yield from known.claim(f"pairs, item {number}, medians", claim, "medians")
            yield from known.claim(f"pairs, item {number}, ratio", pair.ratio, "hazard_ratios")
    else:
        yield from _printed(entry, known)


def _over_time(entry: TimedComparison, known: _Known) -> Iterator[str]:
    for number, group in enumerate(entry.groups, start=1):
        yield from known.group(f"groups, item {number}", group)
    for name in entry.merge:
        yield from known.treatment("merge", name)
    if entry.reference not in entry.merge.values():
        yield from known.treatment("reference", entry.reference)
    studies = {group.study for group in entry.groups}
    if entry.population is not None and entry.population not in studies:
        yield f"population: {_not_there(entry.population, 'groups', studies)}"


def _patients(entry: PatientComparison, known: _Known) -> Iterator[str]:
    for key, group in (("treatment", entry.treatment), ("comparator", entry.comparator)):
        yield from known.group(key, group)
    for claim in entry.printed:
        yield from known.claim("printed", claim, *PRINTED_TABLES)
    for claim in entry.progressed.claims if entry.progressed else ():
        yield from known.claim("progressed", claim, "proportions")
    for other in entry.vary:
        for key, group, change in (
            ("treatment", entry.treatment, other.treatment),
            ("comparator", entry.comparator, other.comparator),
        ):
            if change is not None:
                yield from known.group(f"vary {other.name!r}, {key}", group.changed(change))
    for mix in entry.standardise:
        for claim in mix.claims:
            yield from known.claim(f"standardise {mix.name!r}, shares", claim, "proportions")


def _printed(entry: BucherComparison | NetworkComparison | PoolComparison, known: _Known) -> Iterator[str]:
    for claim in entry.ratios:
        yield from known.claim("claims" if not isinstance(entry, BucherComparison) else "first or second", claim,
                               "hazard_ratios")  # fmt: skip
    for other in entry.alternatives:
        yield from known.claim(f"alternatives {other.name!r}, use", other.use, "hazard_ratios")
        if other.instead_of not in entry.ratios:
            yield f"alternatives {other.name!r}, instead_of: {other.instead_of!r} is not a claim of this comparison"
    if isinstance(entry, BucherComparison):
        for name in entry.path:
            yield from known.treatment("path", name)
        top, middle, bottom = entry.path
        yield from known.legs("first", entry.first, (top, middle))
        yield from known.legs("second", entry.second, (bottom, middle))
    if isinstance(entry, PoolComparison):
        for claim in entry.not_pooled:
            yield from known.claim("not_pooled", claim, "p_values")
    if isinstance(entry, NetworkComparison):
        yield from _nodes(entry, known)


def _nodes(entry: NetworkComparison, known: _Known) -> Iterator[str]:
    """Faults in names of nodes, each of which is a treatment or a node that treatments are merged into."""
    treatments, merged = set(known.tables["treatments"]["treatment_id"]), set(entry.merge.values())
    for name in entry.merge:
        yield from known.treatment("merge", name)
    for key, names in (("reference", (entry.reference,)), ("order", entry.order)):
        for name in names:
            if name not in treatments | merged:
                yield f"{key}: {_not_there(name, 'treatments.csv or merge', treatments | merged)}"
