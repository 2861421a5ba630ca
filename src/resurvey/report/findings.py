"""What we asked and found: one page in plain words; every number is read from a result table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from resurvey.report.audit_section import findings_of, place
from resurvey.report.document import (
    Badge,
    Block,
    Bullets,
    Claims,
    Column,
    Heading,
    KeyFigures,
    Link,
    Paragraph,
    Ref,
    Row,
    Table,
    Words,
    anchor,
    words,
)
from resurvey.report.estimates import Main, beside_printed, main_estimate, within_one_study
from resurvey.report.inputs import Record, Results, rows, split
from resurvey.report.reconstruction import held
from resurvey.report.words import count, percent, sentence, spelled, thousands

MAX_LISTED = 8
# Where a sentence ends: at a stop before a capital, but for the stops of usual abbreviations.
END = re.compile(r"(?<!\bFig)(?<!\bal)(?<!\bvs)(?<!\bpar)(?<!\bSuppl)\.\s+(?=[A-Z])")


def findings(results: Results) -> Iterator[Block]:
    """The first section."""
    yield Heading(1, "What we asked and found", "asked")
    yield Paragraph(words(results.choices.question), lead=True)
    yield KeyFigures(tuple(_key_figures(results)))
    yield Heading(2, "Do the printed numbers hold?", "found-audit")
    yield from _audit(results)
    if results.choices.designs:
        yield Heading(2, "Does the sample size follow from its assumptions?", "found-design")
        yield Bullets(tuple(_design(results, entry.id) for entry in results.choices.designs))
    if results.choices.comparisons:
        yield Heading(2, "What do the studies say side by side?", "found-comparisons")
        yield from _comparisons(results)
    yield Heading(2, "How sure can one be?", "found-sure")
    yield Bullets(tuple(_sure(results)))


def _key_figures(results: Results) -> Iterator[tuple[str, str]]:
    pages = results.choices.pages
    own = results.claims["source_id"].isin(list(pages)) if len(results.claims) else []
    yield str(len(pages)), "document audited" if len(pages) == 1 else "documents audited"
    yield thousands(sum(own)), "numbers read in them"
    yield thousands(len(results.claims) - sum(own)), "more in other documents"
    yield thousands(len(results.checks)), "checks made"
    yield thousands(len(findings_of(results))), "checks that did not come out"
    rebuilt = int((results.accuracy["status"] == "rebuilt").sum()) if len(results.accuracy) else 0
    yield thousands(rebuilt), "groups of patients rebuilt"


def _audit(results: Results) -> Iterator[Block]:
    checks = results.checks
    if checks.empty:
        yield Paragraph(words("Nothing printed could be checked."))
        return
    found = findings_of(results)
    counts = checks["verdict"].value_counts()
    good = int(counts.get("reproduced", 0) + counts.get("rounding", 0))
    grave = [row for row in found if row["severity"] == "conclusion"]
    major = [row for row in found if row["severity"] == "major"]
    made = len(checks) - int(counts.get("uncheckable", 0))
    share = good / made if made else 0.0
    start = "Mostly yes." if share > 0.9 else "Often not." if share < 0.5 else "Partly."
    yield Paragraph(
        words(
            f"{start} {thousands(good)} of {count(made, 'check')} that could be made came out ({percent(share, 1)}). "
            f"{spelled(len(grave)).capitalize()} of the others {'touches' if len(grave) == 1 else 'touch'} a stated "
            f"conclusion and {spelled(len(major))} a number that readers use or pool. ",
            Link("All findings", "#findings"),
            " are in ",
            Ref("audit"),
            ".",
        )
    )
    yield Bullets(tuple(_finding(results, row) for row in (grave + major)[: max(MAX_LISTED, len(grave))]))


def _finding(results: Results, row: Record) -> Words:
    ids = split(row["claim_ids"])
    ruling = results.rulings.get(str(row["check_id"]))
    return words(
        Badge(str(row["verdict"]), "bad" if row["severity"] == "conclusion" else "warn"),
        f" {results.short(row['source_id'])}, {place(results, row)}: {_first_sentence(results, row)}",
        f" Ruling: {sentence(ruling['ruling'])}" if ruling else " Not yet ruled on.",
        " ",
        Claims(ids, count(len(ids), "row")) if ids else None,
    )


def _first_sentence(results: Results, row: Record) -> str:
    """The page of findings says the first sentence; the audit says all."""
    return sentence(results.named(END.split(str(row["explanation"]), maxsplit=1)[0]))


def _design(results: Results, name: str) -> Words:
    verdict = results.verdicts.get(name)
    if not verdict:
        return words(f"{name}: no result of this check is there.")
    claimed = verdict.get("claimed", {})
    said = {
        "reproduced": "Yes: the usual formula gives the printed numbers",
        "other-method": "Only by a formula or reading that the document does not name",
        "discrepant": "No: no formula examined gives all printed numbers with the printed assumptions",
    }.get(str(verdict.get("verdict")), str(verdict.get("verdict")))
    printed = [f"{claimed[part]} {part}" for part in ("events", "patients") if claimed.get(part) is not None]
    row = results.claim.get(str(verdict.get("claim_id", "")), {})
    return words(
        f"{results.labels.study(row['study_id']) if row else name} ({' and '.join(printed)}). {said}. ",
        Claims((str(verdict["claim_id"]),), "its row") if verdict.get("claim_id") else None,
        "; details in ",
        Ref("design"),
        ".",
    )


def _comparisons(results: Results) -> Iterator[Block]:
    entries = [entry for entry in results.choices.comparisons if not within_one_study(entry)]
    mains = [main_estimate(results, entry) for entry in entries]
    paired = [main for main in mains if main.excludes is not None]
    clear = sum(bool(main.excludes) for main in paired)
    graded = sum(main.evidence == "summary" for main in mains)
    inside = len(results.choices.comparisons) - len(entries)
    agreeing, paired_ratios = beside_printed(results)
    failed = sum(main.said.startswith("not made") for main in mains)
    weighted = [main for main in mains if main.moves is not None]
    moved = sum(bool(main.moves) for main in weighted)
    yield Paragraph(
        words(
            f"{count(len(mains), 'comparison')} set groups of different "
            "studies, or "
            f"printed ratios, side by side. In {clear} of the {len(paired)} with one main estimate the interval "
            "excludes no "
            f"difference. {graded} rest on patients rebuilt from printed numbers (evidence grade summary): they show "
            "what the papers imply, not what a randomised trial would. "
            + (
                f"In {len(weighted)} the patients of the first group could be weighted to other mixes: in {moved} of "
                "these one mix at least leads to another conclusion. "
                if weighted
                else ""
            )
            + (f"{failed} could not be made. " if failed else "")
            + (
                f"A further {inside} compare two groups of one study, mostly as a check on the reconstruction. "
                if inside
                else ""
            )
            + (
                f"Where the ratio of the two groups is printed, the rebuilt interval holds it in {agreeing} of "
                f"{paired_ratios} cases."
                if paired_ratios
                else ""
            )
        )
    )
    yield Table(
        anchor="tab-main",
        title="The comparisons across studies at a glance",
        columns=(
            Column("Question", weight=2.8),
            Column("Main estimate", weight=1.9),
            Column("No difference excluded", weight=0.9),
            *((Column("Weighted to other mixes", weight=1.1),) if weighted else ()),
            Column("E-value", "number", 0.7),
            Column("Evidence", weight=1.15),
        ),
        rows=tuple(_main_row(main, bool(weighted)) for main in mains),
        note=words(
            "HR: hazard ratio, first named against second; below 1 fewer events. E-value: of the limit nearer to no "
            "difference; 1 where the interval includes it. Intervals at 95 %. "
            + (
                "Weighted: least and greatest ratio with the first group's patients weighted to the mixes that the "
                "section of the comparison lists, some of them scenarios; changes: one of them leads to another "
                "conclusion. "
                if weighted
                else ""
            )
            + "Source: results/comparisons/comparisons.csv."
        ),
        claims=tuple(dict.fromkeys(claim for main in mains for claim in main.claims)),
    )


def _main_row(main: Main, weighted: bool) -> Row:
    excludes = {None: "", True: "yes", False: "no"}[main.excludes]
    tone = "note" if main.evidence == "summary" else "plain"
    mixes = main.mixes + (", changes" if main.moves else "")
    return Row(
        (
            words(Link(main.question, f"#{anchor('comparison', main.comparison)}")),
            words(main.said),
            words(excludes),
            *((words(mixes),) if weighted else ()),
            words(main.e_value),
            words(Badge(main.evidence, tone)),
        )
    )


def _sure(results: Results) -> Iterator[Words]:
    facts, kept, _ = held(results)
    if facts:
        yield words(
            f"Rebuilt patients obey {thousands(kept)} of the {thousands(facts)} facts printed of them "
            f"({percent(kept / facts, 1)}). That makes the curves possible, not true: between printed points their "
            "shape is an assumption, and the intervals carry that doubt."
        )
    unanchored = [entry for entry in results.choices.comparisons if entry.patient_groups]
    if unanchored:
        yield words(
            "Patients who were not randomised against each other may differ in anything. No adjustment was possible "
            "for what is printed only as a total. Read every such ratio with its E-value and with ",
            Ref("tab-transitivity") if _has_transitivity(results) else "its assumptions",
            ".",
        )
    findings_here = [row for row in rows(results.checks) if row["verdict"] == "uncheckable"]
    if len(results.claims):
        checked = results.summary[results.summary["source_id"] == "all"] if len(results.summary) else results.summary
        if len(checked):
            share = int(checked["checked_claims"].iloc[0])
            yield words(
                f"{thousands(share)} of {thousands(len(results.claims))} numbers take part in a check that could be "
                f"made ({percent(share / len(results.claims))}); the rest stand alone in their documents and are "
                f"taken on trust. {sentence(count(len(findings_here), 'check'))[:-1]} could not be completed."
            )
    yield words("What this report cannot show is in ", Ref("limits"), ".")


def _has_transitivity(results: Results) -> bool:
    from resurvey.report.evidence import compared_studies

    studies = results.tables.get("studies")
    return studies is not None and len(studies) > 0 and bool(compared_studies(results))
