"""The audit section: findings by severity with their rulings, then every number with its source and verdict."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pandas as pd

from resurvey.cautions import FINDINGS
from resurvey.report.document import (
    Badge,
    Block,
    Claims,
    Column,
    Heading,
    Paragraph,
    Row,
    Table,
    Words,
    anchor,
    claim_anchor,
    columns,
    words,
)
from resurvey.report.drawings import figures_of
from resurvey.report.inputs import Record, Results, claims_of_rows, rows, split
from resurvey.report.words import (
    SEVERITY_TONES,
    SEVERITY_WORDS,
    VERDICT_TONES,
    VERDICT_WORDS,
    WORST_FIRST,
    count,
    number,
    percent,
    sentence,
    thousands,
)
from resurvey.results import SEVERITIES

MAX_CHECKS_SHOWN = 4


def verdict(text: str) -> Badge:
    """A badge for a verdict, coloured by its severity."""
    return Badge(text, VERDICT_TONES.get(text, "plain"))


def severity(text: str) -> Badge:
    """A badge for the severity of a finding."""
    return Badge(text, SEVERITY_TONES.get(text, "plain"))


def findings_of(results: Results) -> list[Record]:
    """Findings, most severe first; at equal severity those in the audited documents precede others.

    Checks with the same cause form one finding: the most severe check, with the others under `also`.
    """
    pages = [str(page) for page in results.choices.pages]
    place = {name: number for number, name in enumerate(pages)}
    found = [row for row in rows(results.checks) if row["verdict"] in FINDINGS]
    ordered = sorted(
        found,
        key=lambda row: (
            SEVERITIES.index(str(row["severity"])),
            place.get(str(row["source_id"]), len(place)),
            FINDINGS.index(str(row["verdict"])),
            str(row["check_id"]),
        ),
    )
    by_cause: dict[str, list[Record]] = {}
    for row in ordered:
        by_cause.setdefault(str(row.get("cause") or row["check_id"]), []).append(row)
    return [several[0] | {"also": several[1:]} for several in by_cause.values()]


def where_printed(results: Results, row: Record) -> str:
    """Where the first number of a check was printed, and what it describes, in short."""
    ids = split(row["claim_ids"])
    claim = results.claim.get(ids[0], {}) if ids else {}
    what = str(claim.get("what", "")) or str(claim.get("table", "")).replace("_", " ")
    about = results.labels.study(row["study_id"]) if row["study_id"] else ""
    said = " ".join(word for word, _ in groupby(f"{about} {what}".split(" ")))  # a word repeated in succession
    parts = [str(claim.get("locator", "")), said.strip()]
    return "; ".join(part for part in parts if part)


def audit(results: Results) -> Iterator[Block]:
    """The audit section."""
    yield Heading(1, "The audit", "audit")
    checks = results.checks
    if checks.empty:
        yield Paragraph(words("No check was made: the tables hold nothing that can be recomputed."))
        return
    counts = checks["verdict"].value_counts()
    held = int(counts.get("reproduced", 0) + counts.get("rounding", 0))
    made = len(checks) - int(counts.get("uncheckable", 0))
    found = findings_of(results)
    yield Paragraph(
        words(
            f"{count(made, 'check')} could be made; {thousands(held)} came out "
            f"({percent(held / made if made else 0, 1)}). "
            f"{sentence(count(sum(1 + len(row['also']) for row in found), 'check'))[:-1]} did not: "
            f"{count(len(found), 'finding')}, as checks of one cause are one."
        ),
        lead=True,
    )
    yield Paragraph(
        words(
            "A check recomputes a printed number from others, or compares it with the same number elsewhere. All "
            "arithmetic allows for rounding: a number counts as reproduced if any value that would have been printed "
            "so fits. A finding says that two printed numbers do not fit; which of them is wrong is for the authors to "
            "say."
        )
    )
    yield _summary(results)
    yield from figures_of(results, "evidence", section="audit")
    yield Heading(2, "Findings", "findings")
    yield from _by_gravity(results)
    yield from _other_checks(results)
    yield Heading(2, "Every number", "numbers")
    yield every_number(results)


def findings_appendix(results: Results) -> Iterator[Block]:
    """All findings with their rulings, for a printed report with an appendix of findings."""
    yield Heading(1, "All findings", "findings")
    yield from _by_gravity(results)


def _by_gravity(results: Results) -> Iterator[Block]:
    found = findings_of(results)
    if not found:
        yield Paragraph(words("Every check that could be made came out."))
    for grade in SEVERITIES:
        graded = [row for row in found if row["severity"] == grade]
        if graded:
            yield _findings(results, grade, graded)


def _summary(results: Results) -> Table:
    """Counts of verdicts for each audited document, for all other documents together, and in total."""
    lines = rows(results.summary)
    columns = ["claims", "checked_claims", "checks", *(v.replace("-", "_") for v in WORST_FIRST if v != "not checked")]
    columns = [name for name in columns if name in results.summary.columns]
    pages = [str(page) for page in results.choices.pages]
    own = {str(row["source_id"]): row for row in lines}
    made = [(results.short(name), name, own[name]) for name in pages if name in own]
    rest = [row for row in lines if str(row["source_id"]) not in (*pages, "all")]
    if rest:
        total = {name: sum(int(row[name]) for row in rest) for name in columns}
        made.append((f"{count(len(rest), 'other document')}", "", total))
    if "all" in own and len(made) > 1:
        made.append(("All", "", own["all"]))
    titles = {"claims": "Numbers read", "checked_claims": "In a check", "checks": "Checks"}
    return Table(
        anchor="tab-verdicts",
        title="What became of the numbers of each document",
        columns=(
            Column("Document", weight=1.6),
            *(Column(titles.get(name, name.replace("_", "-")), "number", 0.82) for name in columns),
        ),
        rows=tuple(
            Row.of(title, *(number(row[name]) for name in columns))
            for title, _, row in made
        ),
        note=words(
            *(f"{name}: {VERDICT_WORDS[name]}. " for name in WORST_FIRST if name != "not checked"),
            "A number may stand in several checks. Source: results/audit/summary.csv.",
        ),
        wide=True,
    )  # fmt: skip


def _findings(results: Results, grade: str, graded: list[Record]) -> Table:
    return Table(
        anchor=f"tab-findings-{grade}",
        title=f"Findings: {SEVERITY_WORDS[grade]} ({len(graded)})",
        columns=columns("Document and verdict:1.4 | Printed:0.9 | Recomputed:0.9 | What does not fit:2.2 | Ruling:2.4"),
        rows=tuple(_finding(results, row) for row in graded),
        note=words("Ruling: what a person who looked at the document again found. Source: results/audit/checks.csv, "
                   "data/raw/adjudications.csv."),
        claims=claims_of_rows(graded),
        wide=True,
    )  # fmt: skip


def _finding(results: Results, row: Record) -> Row:
    ids = tuple(dict.fromkeys(claim for check in (row, *row["also"]) for claim in split(check["claim_ids"])))
    where = words(
        f"{results.short(row['source_id'])}, {where_printed(results, row)} ",
        verdict(str(row["verdict"])),
        " ",
        Claims(ids, count(len(ids), "row")) if ids else None,
    )
    return Row.of(
        where,
        str(row["reported"]),
        str(row["recomputed"]),
        words(sentence(results.named(row["explanation"])), *(_also(results, other) for other in row["also"])),
        _rulings(results, row),
        anchor=anchor("check", row["check_id"]),
    )


def _also(results: Results, row: Record) -> Words:
    """Another check with the same cause, and where its number is printed."""
    return words(
        f" Of the same cause ({where_printed(results, row)}): {sentence(results.named(row['explanation']))} ",
        verdict(str(row["verdict"])),
    )


def _rulings(results: Results, row: Record) -> Words:
    """Rulings on a finding: that on its most severe check, and those on the others if they differ."""
    rulings = [results.rulings.get(str(check["check_id"])) for check in (row, *row["also"])]
    said: dict[str, Record | None] = {}
    for ruling in rulings:
        said.setdefault(str(ruling["reason"]) if ruling else "", ruling)
    parts = [_ruling(ruling) for ruling in said.values()]
    return words(parts[0], *(words(" ", part) for part in parts[1:]))


def _ruling(ruling: Record | None) -> Words:
    if not ruling:
        return words("not yet ruled on")
    affects = str(ruling.get("affects", "") or "")
    return words(
        f"{sentence(str(ruling['ruling']).replace('-', ' '))} {sentence(ruling['reason'])}",
        f" Affects: {sentence(affects)}" if affects else None,
        f" ({ruling['by']})" if ruling.get("by") else None,
    )


def _other_checks(results: Results) -> Iterator[Block]:
    """Counts of checks affected by rounding and of those that could not be completed."""
    counts = results.checks["verdict"].value_counts()
    rounding, gaps = int(counts.get("rounding", 0)), int(counts.get("uncheckable", 0))
    if rounding or gaps:
        yield Paragraph(
            words(
                f"{sentence(count(rounding, 'check'))[:-1]} came out but for the last digit, and "
                f"{count(gaps, 'check')} could not be completed with what is printed. They are no findings; the "
                "table of every number shows them."
            )
        )


def checks_by_claim(checks: pd.DataFrame) -> dict[str, list[Record]]:
    """The checks in which each printed number is used, worst verdict first."""
    found: dict[str, list[Record]] = {}
    order = {name: place for place, name in enumerate(WORST_FIRST)}
    for row in sorted(rows(checks), key=lambda r: order.get(str(r["verdict"]), len(order))):
        for claim in split(row["claim_ids"]):
            found.setdefault(claim, []).append(row)
    return found


NUMBER_COLUMNS = (
    Column("Document", weight=1.2),
    Column("Where", weight=1.9),
    Column("About", weight=1.6),
    Column("What", weight=1.3, paper=False),
    Column("Printed", weight=1.6),
    Column("Verdict", weight=0.9),
    Column("Hangs on it", weight=0.8, paper=False),
    Column("Recomputation", weight=3.0),
    Column("Row", "code", weight=1.2),
)


def every_number(results: Results) -> Table:
    """Every printed number with its source, locator, recomputation and verdict; audited documents first."""
    checks = checks_by_claim(results.checks)
    pages = {str(page): place for place, page in enumerate(results.choices.pages)}
    claims = sorted(rows(results.claims), key=lambda row: pages.get(str(row["source_id"]), len(pages)))
    return Table(
        anchor="tab-numbers",
        title=f"Every printed number, with its source and what became of it ({len(claims)})",
        columns=NUMBER_COLUMNS,
        rows=tuple(_number_row(results, row, checks.get(str(row["claim_id"]), [])) for row in claims),
        note=words(
            "Verdict: the gravest of all checks that the number takes part in; not checked: no check reads it. A "
            "finding "
            "marks every number that enters it, not the one that is wrong. Row: the id of the row in the extraction "
            "tables (data/raw). Source: data/processed/claims.csv, results/audit/checks.csv."
        ),
        wide=True,
        long=True,
    )


def _number_row(results: Results, row: Record, made: list[Record]) -> Row:
    worst = str(made[0]["verdict"]) if made else "not checked"
    grades = [str(check["severity"]) for check in made if check["verdict"] == worst]
    grade = min(grades, key=SEVERITIES.index) if grades and worst not in ("reproduced", "rounding") else ""
    return Row.of(
        results.short(row["source_id"]),
        str(row["locator"]),
        _about(results, row),
        _what(row),
        str(row["printed"]),
        verdict(worst),
        words(severity(grade)) if grade else (),
        results.named(_recomputed(made)),
        str(row["claim_id"]),
        anchor=claim_anchor(str(row["claim_id"])),
    )


def _about(results: Results, row: Record) -> str:
    study, arm = str(row["study_id"]), str(row["arm_id"])
    parts = [results.labels.study(study)]
    if arm and arm != "all":
        parts.append(results.labels.arm(study, arm))
    if row["population"] not in ("", "all"):
        parts.append(str(row["population"]))
    return ", ".join(part for part in parts if part)


def _what(row: Record) -> str:
    table = str(row["table"]).replace("_", " ")
    return f"{table}: {row['what']}" if row["what"] else table


def _recomputed(made: list[Record]) -> str:
    """The findings that involve a number, and the number of other checks, which are listed in the workbook."""
    found = [check for check in made if check["verdict"] in FINDINGS]
    said = [f"{check['rule']}: {check['explanation']}" for check in found[:MAX_CHECKS_SHOWN]]
    if more := len(found) - len(said):
        said.append(f"{more} more")
    if others := len(made) - len(found):
        said.append(count(others, "other check" if found else "check"))
    return "; ".join(said)
