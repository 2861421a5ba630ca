"""Inputs of the report: the result tables of a run, read once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey import inert, results
from resurvey.audit.context import read_typed
from resurvey.cautions import ARM_KEY, Caution, cautions, endpoints_of, rests_on
from resurvey.conclusions import Conclusion
from resurvey.evidence_grade import Bases
from resurvey.labels import Labels
from resurvey.plan import AnyComparison, DesignCheck, Group
from resurvey.short_citations import short_citation

# An id in a sentence: not in quotes, in a URL or in a file name.
AN_ID = re.compile(r"(?<![\w'’/.-])[a-z][a-z0-9_-]*(?![\w'’/-]|\.\w)")
Record = dict[str, Any]


@dataclass(frozen=True)
class Choices:
    """Settings chosen by the analyst for the report.

    Attributes
    ----------
    title, question : str
        As given by the analyst.
    pages : sequence of str
        Documents audited in depth, in display order.
    comparisons : sequence of comparisons
    designs : sequence of DesignCheck
    seed, replicates : int
    conclusions : sequence of Conclusion
        Conclusions of the documents, which the answer compares with the audit of their numbers.
    notebooks : sequence of str
        HTML copies of the notebooks, as paths relative to the folder of the report.
    appendix : str
        Appendix of the printed report: none, findings or all.
    templates : Path, optional
        Folder of templates that override those of the package.
    """

    title: str
    question: str
    pages: Sequence[str] = ()
    comparisons: Sequence[AnyComparison] = ()
    designs: Sequence[DesignCheck] = ()
    seed: int = 0
    replicates: int = 0
    conclusions: Sequence[Conclusion] = ()
    notebooks: Sequence[str] = ()
    appendix: str = "none"
    templates: Path | None = None


@dataclass(frozen=True)
class Results:
    """All tables of a run; a table that the project does not have is empty.

    Attributes
    ----------
    choices : Choices
    tables : dict of DataFrame
        Typed extraction tables by name.
    claims, checks, summary, accuracy, facts, beside_curves, comparisons : DataFrame
        As written by the steps; text columns are strings, empty if missing.
    folders : dict of dict of DataFrame
        Tables behind each comparison, by comparison id and table name.
    designs, verdicts : dict
        Table and verdict of each design check.
    figures : DataFrame
        Rows of every figures.csv, with `group` and the paths `svg_path`, `png_path`.
    results : DataFrame
        Every computed number.
    files : dict of str
        SHA-256 by file name, for the record.
    """

    choices: Choices
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    claims: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    summary: pd.DataFrame = field(default_factory=pd.DataFrame)
    accuracy: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: pd.DataFrame = field(default_factory=pd.DataFrame)
    beside_curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)
    folders: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    designs: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    figures: pd.DataFrame = field(default_factory=pd.DataFrame)
    results: pd.DataFrame = field(default_factory=pd.DataFrame)
    files: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> list[Record]:
        """Rows of an extraction table; none if the project does not have it."""
        return rows(self.tables.get(name, pd.DataFrame()))

    def tables_of(self, comparison: str, name: str) -> list[Record]:
        """Rows of a table behind a comparison; none if it does not have it."""
        return rows(self.folders.get(comparison, {}).get(name, pd.DataFrame()))

    @cached_property
    def labels(self) -> Labels:
        """Display names of ids."""
        return Labels.from_tables(self.tables)

    @cached_property
    def claim(self) -> dict[str, Record]:
        """Rows of claims by claim id."""
        return {str(row["claim_id"]): row for row in rows(self.claims)}

    @cached_property
    def source(self) -> dict[str, Record]:
        """Rows of sources by source id."""
        return {str(row["source_id"]): row for row in self.table("sources")}

    @cached_property
    def arms(self) -> dict[tuple[str, ...], Record]:
        """Rows of accuracy by study, arm, population, endpoint and data cut."""
        return {tuple(str(row[name]) for name in ARM_KEY): row for row in rows(self.accuracy)}

    def not_used(self, group: Group) -> str:
        """Inputs requested for the reconstruction of a group but not used, with the reason; empty if there are none."""
        key = (group.study, group.arm, group.population, group.endpoint, group.data_cut)
        return str(self.arms.get(key, {}).get("not_used", ""))

    @cached_property
    def rulings(self) -> dict[str, Record]:
        """Human rulings by check id."""
        return {str(row["check_id"]): row for row in self.table("adjudications")}

    def short(self, source_id: object) -> str:
        """First author and year of a document."""
        return short_citation(self.source.get(str(source_id), {}), str(source_id))

    def named(self, text: object) -> str:
        """Replace the ids of regimens, documents and studies in a text of the audit by their names.

        Only a word that cannot be ordinary language is taken as an id: it has an underscore or a digit and is not part
        of a longer id (`liang2024-p-003`), a URL or a file name.
        """

        def name(found: re.Match[str]) -> str:
            word = found[0]
            if not re.search(r"[_0-9]", word):
                return word
            if word in self.source:
                return self.short(word)
            return self.labels.treatments.get(word) or self.labels.studies.get(word) or word

        return AN_ID.sub(name, str(text))

    @cached_property
    def estimates(self) -> dict[str, list[Record]]:
        """Rows of comparisons by the id of the comparison."""
        found: dict[str, list[Record]] = {}
        for row in rows(self.comparisons):
            found.setdefault(str(row["comparison_id"]), []).append(row)
        return found

    @cached_property
    def bases(self) -> Bases:
        """The evidence base of each comparison."""
        return Bases.from_tables(self.comparisons, self.tables.get("studies", pd.DataFrame()), self.claims)

    @cached_property
    def cautions(self) -> list[Caution]:
        """Audit findings that affect the comparisons, with their letters."""
        entries = self.choices.comparisons
        resting = {entry.id: rests_on(entry, self.comparisons, self.accuracy) for entry in entries}
        return cautions(entries, resting, self.checks, endpoints_of(self.tables.values()))


def split(ids: object) -> tuple[str, ...]:
    """Ids from a cell that lists them, separated by semicolons."""
    text = "" if ids is None or ids != ids else str(ids)
    return tuple(part.strip() for part in text.split(";") if part.strip())


def claims_of_rows(found: Iterable[Record]) -> tuple[str, ...]:
    """The printed numbers that rows of a result table name, each once."""
    return tuple(dict.fromkeys(claim for row in found for claim in split(row["claim_ids"])))


def rows(table: pd.DataFrame) -> list[Record]:
    """Rows as dictionaries."""
    if table.empty:
        return []
    names = [str(name) for name in table.columns]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*(table[n].tolist() for n in names), strict=True)]


def read_results(files: Mapping[str, Any], choices: Choices, digests: Mapping[str, str]) -> Results:
    """Read the results written by the steps.

    Parameters
    ----------
    files : mapping
        Paths under claims, checks, summary, accuracy, facts, comparisons, results; lists of paths under tables,
        designs, verdicts, folders, figures, and beside_curves (one, or none if no curve was digitised).
    choices : Choices
    digests : dict of str
        SHA-256 by file name.
    """
    one = {name: Path(str(files[name])) for name in ("claims", "checks", "summary", "accuracy", "facts", "comparisons")}
    return Results(
        choices=choices,
        tables={path.stem: read_typed(path) for path in _paths(files, "tables")},
        claims=inert.exact_cells(pd.read_csv(one["claims"], dtype=str, keep_default_na=False)),
        checks=results.read(results.CHECKS, one["checks"]),
        summary=results.read(results.SUMMARY, one["summary"]),
        accuracy=results.read(results.ACCURACY, one["accuracy"]),
        facts=results.read(results.FACTS, one["facts"]),
        beside_curves=results.join(results.BESIDE_CURVES, _paths(files, "beside_curves")),
        comparisons=results.read(results.ESTIMATES, one["comparisons"]),
        folders={path.name: _folder(path) for path in _paths(files, "folders")},
        designs={path.stem: results.read(results.DESIGN, path) for path in _paths(files, "designs")},
        verdicts={path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _paths(files, "verdicts")},
        figures=_figures(_paths(files, "figures")),
        results=results.read(results.ANALYSIS, Path(str(files["results"]))),
        files=dict(digests),
    )


def _paths(files: Mapping[str, Any], name: str) -> list[Path]:
    found = files.get(name) or []
    return [Path(str(path)) for path in ([found] if isinstance(found, str | Path) else found)]


# Tables behind a comparison that the report shows; the others are for figures.
SHOWN = (
    *("e_values", "bias_needed", "studies", "leave_one_out", "effects", "ranking", "contrasts", "q", "confidence"),
    "sensitivity",
)


def _folder(path: Path) -> dict[str, pd.DataFrame]:
    return {
        name: results.read(results.COMPARISON[name], path / f"{name}.csv")
        for name in SHOWN
        if (path / f"{name}.csv").is_file()
    }


def _figures(folders: Iterable[Path]) -> pd.DataFrame:
    """Figures for which both the SVG and the PNG exist."""
    parts = []
    for folder in folders:
        if (folder / "figures.csv").is_file():
            part = results.read(results.FIGURES, folder / "figures.csv")
            part = part.assign(
                group=folder.name,
                svg_path=[folder / Path(name).name for name in part["svg"]],
                png_path=[folder / Path(name).name for name in part["png"]],
            )
            there = [s.is_file() and p.is_file() for s, p in zip(part["svg_path"], part["png_path"], strict=True)]
            parts.append(part[there])
    if not parts:
        return pd.DataFrame(columns=[*results.FIGURES.names, "group", "svg_path", "png_path"])
    return pd.concat(parts, ignore_index=True)
