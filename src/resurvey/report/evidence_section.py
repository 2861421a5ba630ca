"""The evidence section: documents, arms, what is printed for each, and whether the studies are comparable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pandas as pd

from resurvey.report.document import (
    Block,
    Claims,
    Column,
    Details,
    Heading,
    Link,
    Paragraph,
    Row,
    Table,
    Words,
    anchor,
    columns,
    words,
)
from resurvey.report.drawings import figures_of
from resurvey.report.inputs import Record, Results, rows, split
from resurvey.report.words import count, listed, number, percent, sentence
from resurvey.results import FactKind
from resurvey.short_citations import whole

# Columns of the studies table that do not describe population or conduct.
NOT_SHOWN = ("study_id", "source_id", "note", "acronym")
# The form of a DOI: a prefix of numbers, and what the publisher chose.
DOI = re.compile(r"10\.\d+(?:\.\d+)*/\S+")


def evidence(results: Results) -> Iterator[Block]:
    """The evidence section."""
    pages = results.choices.pages
    documents = results.tables.get("sources", pd.DataFrame())
    yield Heading(1, "The evidence", "evidence")
    verb = "was" if len(pages) == 1 else "were"
    audited = f"{sentence(count(len(pages), 'document'))[:-1]} {verb} audited number by number."
    more = (
        f" Numbers were read in {count(len(documents), 'document')} in all: the others bring the trials that the "
        "audited ones discuss or that comparisons need."
    )
    yield Paragraph(words(audited, more if len(documents) > len(pages) else None), lead=True)
    yield papers(results, [str(page) for page in pages], "tab-papers", "The audited documents")
    yield from figures_of(results, "evidence", section="evidence")
    yield from _arms(results)
    others = [name for name in results.source if name not in pages]
    if others:
        title = f"All other documents in which numbers were read ({len(others)})"
        yield Details(title, (papers(results, others, "tab-documents", "Other documents in which numbers were read"),))


def doi_of(doi: str) -> Link | str:
    """A DOI with a link to it; what is not in the form of one is shown without a link."""
    if not DOI.fullmatch(doi):
        return f"doi:{doi}"
    return Link(f"doi:{doi}", f"https://doi.org/{quote(doi, safe='/:;().,')}")


def papers(results: Results, names: list[str], name: str, title: str) -> Table:
    """A table of documents: citation, kind, and number of values read from each."""
    counts = results.claims["source_id"].value_counts() if len(results.claims) else pd.Series(dtype=int)
    made = []
    for source_id in names:
        row = results.source.get(source_id, {})
        doi = str(row.get("doi", "") or "")
        link = doi_of(doi) if doi and doi != "nan" else None
        made.append(
            Row.of(
                results.short(source_id),
                words(str(row.get("citation", "")), " " if link else None, link),
                str(row.get("kind", "")),
                number(counts.get(source_id, 0)),
                anchor=anchor("source", source_id),
            )
        )
    return Table(
        anchor=name,
        title=title,
        columns=columns("Document | Citation:4 | Kind | Numbers read:0.7:number"),
        rows=tuple(made),
        note=words("Numbers read: rows of the extraction tables that stem from the document. Source: "
                   "data/processed/sources.csv, claims.csv."),
    )  # fmt: skip


def _arms(results: Results) -> Iterator[Block]:
    """What is printed for each arm that a comparison may use."""
    facts = results.facts
    if facts.empty:
        return
    made = []
    keys = ["study_id", "arm_id", "population", "endpoint", "data_cut"]
    for key, part in facts.groupby(keys, sort=False):
        line = results.arms.get(tuple(str(cell) for cell in key), {})
        made.append((key, _arm_row(results, key, list(rows(part)), line)))
    whole_arms = [row for key, row in made if key[2] == "all"]
    parts = [row for key, row in made if key[2] != "all"]
    yield Heading(2, "What is printed of each arm", "arms")
    if whole_arms:
        yield _arm_table(whole_arms, "tab-arms", "What is printed of each whole arm that was reconstructed")
    if parts:
        table = _arm_table(parts, "tab-subgroups", "What is printed of each subgroup that was reconstructed")
        yield Details(f"The same for {count(len(parts), 'subgroup')}", (table,))


def _arm_row(results: Results, key: tuple[str, ...], facts: list[Record], line: Record) -> Row:
    study, arm, population, endpoint, cut = (str(part) for part in key)

    def printed(kind: FactKind, limit: str = "") -> str:
        found = [fact["printed"] for fact in facts if fact["kind"] == kind and fact["limit"] == limit]
        return number(found[0]) if found else ""

    limits = printed(FactKind.MEDIAN_LIMIT, "lower"), printed(FactKind.MEDIAN_LIMIT, "upper")
    ends = f" ({limits[0]} to {limits[1]})" if all(limits) else ""
    rates = [
        f"{number(fact['time_months'])}: {percent(fact['printed'], 1)}"
        for fact in facts
        if fact["kind"] == FactKind.SURVIVAL
    ]
    at_risk = sum(fact["kind"] == FactKind.AT_RISK for fact in facts)
    which = f", {cut}" if cut else ""
    ids = split(line.get("claim_ids", ""))
    return Row.of(
        results.labels.study(study),
        results.labels.group(study, arm, population),
        f"{results.labels.endpoint(endpoint)}{which}",
        printed(FactKind.PATIENTS),
        printed(FactKind.EVENTS),
        printed(FactKind.MEDIAN) + ends,
        "; ".join(rates),
        str(at_risk) if at_risk else "",
        Claims(ids, count(len(ids), "row")) if ids else "",
    )


def _arm_table(lines: list[Row], name: str, title: str) -> Table:
    return Table(
        anchor=name,
        title=title,
        columns=columns(
            "Study:1.1 | Arm:1.6 | Endpoint:1.5 | Patients:0.7:number | Events:0.6:number"
            " | Median (interval), months:1.4:number | Survival at (months):1.2:number"
            " | Numbers at risk:0.7:number | Read in"
        ),
        rows=tuple(lines),
        note=words(
            "As printed, times brought to months. Numbers at risk: at how many times they are printed. An empty cell "
            "was not found in any document read. Source: results/reconstruction/facts.csv."
        ),
        wide=True,
    )


def compared_studies(results: Results) -> list[str]:
    """Studies that enter a comparison, in order of the comparisons."""
    found: list[str] = []
    for entry in results.choices.comparisons:
        found += [group.study for group in entry.patient_groups]
        found += [_study_of(results, claim) for claim in entry.ratios]
    return [name for name in dict.fromkeys(found) if name]


def _study_of(results: Results, claim_id: str) -> str:
    return str(results.claim.get(claim_id, {}).get("study_id", ""))


ONE_STUDY = "The groups compared are of one study. An empty cell means that the documents read do not say it."
SEVERAL_STUDIES = (
    "Comparisons across studies hold only if the patients of one study could have been in any other. The table puts "
    "side by side what the documents say of each study. An empty cell means that the documents read do not say it: an "
    "unknown, not a likeness."
)


def transitivity(results: Results, least: float = 0.0) -> Iterator[Block]:
    """Table of study properties side by side, to judge transitivity.

    A property reported for less than the proportion `least` of the studies is only named, and left to the HTML edition.
    """
    table = results.tables.get("studies", pd.DataFrame())
    wanted = compared_studies(results)
    if table.empty or not wanted:
        return
    found = {str(row["study_id"]): row for row in rows(table)}
    chosen = [found[name] for name in wanted if name in found]
    told = {name: sum(bool(_cell(row[name])) for row in chosen) for name in table.columns if name not in NOT_SHOWN}
    names = [name for name, count in told.items() if count and count >= least * len(chosen)]
    rare = [_title(name).lower() for name, count in told.items() if 0 < count < least * len(chosen)]
    more = f" Told of few and left to the HTML edition: {listed(rare)}." if rare else ""
    alone = len(chosen) == 1
    yield Heading(2, "The study compared" if alone else "May the studies be compared?", "transitivity")
    yield Paragraph(words(ONE_STUDY if alone else SEVERAL_STUDIES))
    gaps, asked = sum(not _cell(row[name]) for row in chosen for name in names), len(chosen) * len(names)
    known = f"{number(gaps)} of {number(asked)} cells {'is' if gaps == 1 else 'are'} not known." if gaps else ""
    yield Table(
        anchor="tab-transitivity",
        title=f"Design and population of {'the' if alone else 'every'} study that enters a comparison",
        columns=(Column("Study", weight=1.2), *(Column(_title(name), weight=_weight(name)) for name in names)),
        rows=tuple(_study_row(row, names) for row in chosen),
        note=words(f"{known}{more} Source: data/processed/studies.csv.".strip()),
        wide=True,
    )  # fmt: skip


def _study_row(row: Record, names: list[str]) -> Row:
    cells: list[Words] = [words(str(row["acronym"] or row["study_id"]))]
    return Row.of(*cells, *(_cell(row[name]) for name in names))


def _cell(value: object) -> str:
    return whole(value) if value == value and value is not None else ""


def _title(name: str) -> str:
    text = name.replace("_id", "").replace("_", " ")
    return text[0].upper() + text[1:]


def _weight(name: str) -> float:
    return 2.0 if name == "setting" or name.endswith("definition") else 1.0
