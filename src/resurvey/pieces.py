"""Selection of the small files of typed tables that a step reads. Imports little, because every run needs it.

The gate writes each file (`resurvey.typedfiles`) only when its content changes, so Snakemake sees what to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# Tables that describe a study and its groups, and their sources.
OF_STUDIES = ("sources", "studies", "arms", "curves", "risk_of_bias")
# Small tables that apply to all studies, or judge estimates from several.
SHARED = ("endpoints", "treatments", "confidence")
# Tables from which the patients of a study are reconstructed; hazard ratios link two arms.
OF_PATIENTS = ("studies", "arms", "medians", "survival_rates", "hazard_ratios", "follow_up", "risk_tables", "curves")
# Tables of which a few rows matter for the patients of a study: early progressors, and log-rank tests. These rows have
# separate files, so that other counts and tests may change without a new reconstruction.
PARTLY_OF_PATIENTS = ("p_values", "proportions")
# Of more studies than these a step reads whole tables. Snakemake asks for the size of every input of every waiting step
# ten times a second, which took a third of a run of 500 studies with thousands of small files.
MANY = 60
# Columns that `resurvey.labels.Labels` reads.
LABEL_COLUMNS = {
    "studies": ("study_id", "acronym"),
    "arms": ("study_id", "arm_id", "population", "treatment_id", "label", "locator"),
    "treatments": ("treatment_id", "label"),
    "endpoints": ("endpoint", "label"),
}


class Claim(NamedTuple):
    """Location of a claim.

    Attributes
    ----------
    table, study, source : str
    listed : tuple of str
        Other claims that its row names.
    """

    table: str
    study: str
    source: str
    listed: tuple[str, ...]


@dataclass(frozen=True)
class Pieces:
    """The files, and the location of every claim.

    Attributes
    ----------
    folder : str
    files : frozenset of str
        Paths inside the folder.
    claims : dict of Claim
    curves : dict of tuple of str
        Names of the curve files of each study.
    """

    folder: str
    files: frozenset[str] = frozenset()
    claims: Mapping[str, Claim] = field(default_factory=dict)
    curves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def whole(self, tables: Iterable[str], *, notes: bool = False) -> list[str]:
        """Files of whole tables; with notes only on request."""
        return self._there(f"{'noted' if notes else 'tables'}/{table}.csv" for table in tables)

    def of_study(self, study: str, tables: Iterable[str], *, notes: bool = False) -> list[str]:
        """Files of the rows about a study; none for a table without such rows."""
        return self._there(f"studies/{study}/{'noted/' if notes else ''}{table}.csv" for table in tables)

    def of_patients(self, study: str) -> list[str]:
        """Files from which the patients of a study are reconstructed, except its curves."""
        part = self._there(f"studies/{study}/patients/{table}.csv" for table in PARTLY_OF_PATIENTS)
        return [*self.whole(["endpoints"]), *self.of_study(study, OF_PATIENTS), *part]

    def of_curves(self, study: str) -> list[str]:
        """Copies of the curve files of a study."""
        return self._there(f"curves/{name}" for name in self.curves.get(study, ()))

    def labels(self) -> list[str]:
        """Files with the labels of studies, arms, treatments and endpoints."""
        return self._there(f"labels/{table}.csv" for table in LABEL_COLUMNS)

    def labels_of(self, studies: Iterable[str]) -> list[str]:
        """Files with the labels of some studies only, and of all treatments and endpoints; of many studies, of all."""
        studies = list(studies)
        if len(studies) > MANY:
            return self.labels()
        own = (f"labels/{study}/{table}.csv" for study in studies for table in ("studies", "arms"))
        return [*self._there(f"labels/{table}.csv" for table in SHARED), *self._there(own)]

    def studies_of(self, entries: object) -> list[str]:
        """Studies that entries of a plan name, directly or by a claim."""
        named = {text for text in _texts(entries) if f"studies/{text}/studies.csv" in self.files}
        return sorted(named | {claim.study for claim in self._claims_of(entries)})

    def _claims_of(self, entries: object) -> list[Claim]:
        """Claims that entries name, and further claims that those list."""
        named = [text for text in _texts(entries) if text in self.claims]
        listed = [other for claim in named for other in self.claims[claim].listed]
        return [self.claims[claim] for claim in sorted({*named, *listed}) if claim in self.claims]

    def of_entries(self, entries: object, tables: Iterable[str] = ()) -> list[str]:
        """Files needed for entries of a plan, with their notes and rulings.

        Parameters
        ----------
        entries : mapping, list or text
            Every text in it that is the id of a study or a claim counts, at any depth.
        tables : iterable of str
            Tables of which all rows about the studies are included, also claims that are not named.

        Returns
        -------
        list of str
            Shared tables; for every study named directly or by a claim, its own tables and those of the claims; and the
            rulings for the documents from which the claims were extracted. If many studies are named, the same tables
            and the rulings as a whole.
        """
        found = self._claims_of(entries)
        studies = self.studies_of(entries)
        if len(studies) > MANY:
            every = {*OF_STUDIES, *tables, *(claim.table for claim in found)}
            return [*self.whole((*SHARED, "adjudications")), *self.whole(sorted(every), notes=True)]
        wanted = {(study, table) for study in studies for table in (*OF_STUDIES, *tables)}
        wanted |= {(claim.study, claim.table) for claim in found}
        parts = [path for study, table in sorted(wanted) for path in self.of_study(study, [table], notes=True)]
        rulings = self._there(f"rulings/{source}/adjudications.csv" for source in sorted({c.source for c in found}))
        return [*self.whole(SHARED), *parts, *rulings]

    def _there(self, paths: Iterable[str]) -> list[str]:
        return [f"{self.folder}/{path}" for path in paths if path in self.files]

    def plain(self) -> dict[str, Any]:
        """Convert to types that JSON supports."""
        return {"files": sorted(self.files), "claims": self.claims, "curves": self.curves}

    @classmethod
    def from_plain(cls, folder: str, plain: Mapping[str, Any]) -> Pieces:
        """Rebuild the pieces from the output of `plain`."""
        claims = {
            name: Claim(table, study, source, tuple(listed))
            for name, (table, study, source, listed) in plain["claims"].items()
        }
        curves = {study: tuple(names) for study, names in plain["curves"].items()}
        return cls(folder, frozenset(plain["files"]), claims, curves)


def _texts(value: object) -> Iterator[str]:
    """All texts inside an entry."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
