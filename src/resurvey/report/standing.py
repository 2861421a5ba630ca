"""The conclusions of each document: whether each holds after the checks of its numbers, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from resurvey.cautions import FINDINGS, subjects
from resurvey.conclusions import Conclusion
from resurvey.report.audit_section import findings_of, where_printed
from resurvey.report.document import Badge, Row, Table, columns, words
from resurvey.report.inputs import Record, Results, rows, split
from resurvey.report.words import (
    SEVERITY_TONES,
    VERDICT_TONES,
    first_sentence,
    listed,
    printed_head,
    printed_value,
    sentence,
)
from resurvey.results import SEVERITIES


@dataclass(frozen=True)
class Finding:
    """A finding, as the text of its table row."""

    about: str
    printed: str
    follows: str
    changes: str
    claims: tuple[str, ...]

    def touches(self, conclusion: Conclusion) -> bool:
        """Whether it concerns a number on which the conclusion is based."""
        return bool(set(self.claims) & set(conclusion.ids))


def told_findings(results: Results, severities: Collection[str]) -> Iterator[Finding]:
    """Findings of these severities, most severe first."""
    for row in findings_of(results):
        if row["severity"] not in severities:
            continue
        ruling = results.rulings.get(str(row["check_id"]), {})
        follows = ruling.get("reason") or row["explanation"]
        yield Finding(
            about=f"{results.short(row['source_id'])}, {where_printed(results, row)}",
            printed=results.named(row["reported"]),
            follows=first_sentence(results.named(follows)),
            changes=sentence(ruling.get("affects") or ruling.get("ruling", "not yet ruled on").replace("-", " ")),
            claims=split(row["claim_ids"]),
        )


class Standing(StrEnum):
    """Whether a conclusion holds, given the most severe finding on the numbers on which it is based."""

    FALLS = "not as printed"
    DOUBTFUL = "in doubt"
    NEARLY = "yes, but for a digit or a label"
    STANDS = "yes"
    OPEN = "cannot be checked"


#: The same colours as for findings.
STANDING_TONES = {
    Standing.FALLS: SEVERITY_TONES["conclusion"],
    Standing.DOUBTFUL: SEVERITY_TONES["major"],
    Standing.NEARLY: SEVERITY_TONES["minor"],
    Standing.STANDS: VERDICT_TONES["reproduced"],
    Standing.OPEN: VERDICT_TONES["uncheckable"],
}
#: Explanation for a conclusion without a specific finding.
WHY = {
    Standing.FALLS: "A finding on one of its numbers is told in the audit.",
    Standing.DOUBTFUL: "A finding on a number that it uses is told in the audit.",
    Standing.NEARLY: "What does not agree is a digit or a label.",
    Standing.STANDS: "Its numbers agree with the others.",
    Standing.OPEN: "None of its numbers follows from others.",
}
BY_SEVERITY = {"conclusion": Standing.FALLS, "major": Standing.DOUBTFUL}


def checks_of(results: Results, ids: Sequence[str]) -> list[Record]:
    """Checks that use any of these printed numbers."""
    wanted = set(ids)
    return [row for row in rows(results.checks) if wanted & set(split(row["claim_ids"]))]


def standing(checks: Sequence[Record]) -> Standing:
    """Whether a conclusion holds, given the checks of its numbers."""
    found = [row["severity"] for row in checks if row["verdict"] in FINDINGS]
    if found:
        return BY_SEVERITY.get(min(found, key=SEVERITIES.index), Standing.NEARLY)
    agree = any(row["verdict"] in ("reproduced", "rounding") for row in checks)
    return Standing.STANDS if agree else Standing.OPEN


def conclusions_table(results: Results, found: Sequence[Finding]) -> Table:
    """Table of the conclusions of each document, whether they hold, and what follows from their numbers otherwise."""
    return Table(
        anchor="tab-conclusions",
        title="What the papers conclude, and whether their numbers bear it out",
        columns=columns("Paper:0.7 | Concludes:2.3 | Stands:0.7 | Because:3.7"),
        rows=tuple(_conclusion_row(results, one, found) for one in results.choices.conclusions),
        note=words(
            "Judged by the checks of the numbers in the sentence (results/audit/checks.csv). Whether sound "
            "numbers show what is concluded is for the reader to judge."
        ),
        claims=tuple(dict.fromkeys(name for one in results.choices.conclusions for name in one.ids)),
    )


def _conclusion_row(results: Results, one: Conclusion, found: Sequence[Finding]) -> Row:
    stands = standing(checks_of(results, one.ids))
    about = dict.fromkeys(str(results.claim.get(name, {}).get("source_id", "")) for name in one.ids)
    paper = ", ".join(results.short(name) for name in about if name)
    said = one.words(lambda name: printed_head(str(results.claim.get(name, {}).get("printed", name))))
    because = [finding.follows for finding in found if finding.touches(one)]
    if because or stands in (Standing.DOUBTFUL, Standing.NEARLY):
        because += _of_its_numbers(results, one, "major" if stands is not Standing.NEARLY else "minor")
    return Row.of(paper, said, Badge(stands, STANDING_TONES[stands]), " ".join(because) or WHY[stands])


def _of_its_numbers(results: Results, one: Conclusion, severity: str) -> Iterator[str]:
    """Findings of one severity on the numbers in the sentence, and the numbers that hold."""
    agree: list[str] = []
    for name in one.named:
        checks = checks_of(results, [name])
        value = printed_value(str(results.claim.get(name, {}).get("printed", "")))
        against = [row for row in checks if row["verdict"] in FINDINGS and name in subjects(row)]
        if told := [row for row in against if row["severity"] == severity]:
            ruling = results.rulings.get(str(told[0]["check_id"]), {})
            follows = first_sentence(results.named(ruling.get("reason") or told[0]["explanation"]))
            affects = f" It touches {results.named(ruling['affects'])}." if ruling.get("affects") else ""
            yield f"{value}: {follows}{affects}"
        elif not against and any(row["verdict"] in ("reproduced", "rounding") for row in checks):
            agree.append(value)
    if agree:
        yield f"{listed(agree)} {'holds' if len(agree) == 1 else 'hold'}."


def findings_table(found: Sequence[Finding]) -> Table:
    """Table of findings, first of those that change a conclusion."""
    return Table(
        anchor="tab-grave",
        title="Printed numbers that cannot stand as they are",
        columns=columns("Paper and place:1.9 | Printed:0.8 | What follows:3 | What it changes:1.5"),
        rows=tuple(_finding_row(one) for one in found),
        claims=tuple(dict.fromkeys(claim for one in found for claim in one.claims)),
    )


def _finding_row(one: Finding) -> Row:
    return Row.of(one.about, one.printed, one.follows, one.changes)
