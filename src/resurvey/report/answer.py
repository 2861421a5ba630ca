"""The answer, two pages: what the papers claim, what cannot stand, what the comparisons support, how sure one can be.

The facts are computed here from the result tables; the words are in `templates/answer.md.j2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.conclusions import Conclusion
from resurvey.plan import AnyComparison, NetworkComparison, TimedComparison
from resurvey.report.audit_section import FINDINGS, GRAVE, findings_of, where_printed
from resurvey.report.document import Badge, Block, Row, Table, anchor, columns, words
from resurvey.report.drawings import figures_of
from resurvey.report.estimate_rows import (
    concludes_otherwise,
    estimates_of,
    main_rows,
    null_of,
    printed_ratios,
    ratios_kept,
    weighted_ratios,
    within_one_study,
)
from resurvey.report.inputs import Record, Results, rows, split
from resurvey.report.reconstruction import held
from resurvey.report.templating import render
from resurvey.report.words import (
    SEVERITY_TONES,
    VERDICT_TONES,
    as_float,
    interval,
    is_number,
    level,
    percent,
    printed_head,
    ratio,
    sentence,
)
from resurvey.results import Quantity

OVERVIEW = "comparisons-overview"
#: An unmeasured factor present in this share of one group, and in half as many of the other.
FACTOR_SHARE = 0.5


class Grade(StrEnum):
    """On what a comparison rests, the firmest first."""

    RANDOMISED_PRINTED = "ratios printed by randomised trials"
    RANDOMISED_NETWORK = "randomised trials, patients reconstructed"
    RANDOMISED_CURVE = "one randomised trial, patients reconstructed from curves"
    RANDOMISED_SUMMARY = "one randomised trial, patients reconstructed from printed numbers"
    PRINTED = "printed ratios, not all randomised"
    OBSERVED = "one study, not randomised"
    UNANCHORED_CURVE = "groups of different studies, reconstructed from curves"
    UNANCHORED_SUMMARY = "groups of different studies, reconstructed from printed numbers"
    COUNTS = "printed counts or medians side by side"


@dataclass(frozen=True)
class Finding:
    """A finding that changes a conclusion, in words for its row."""

    about: str
    printed: str
    follows: str
    changes: str
    claims: tuple[str, ...]

    def touches(self, conclusion: Conclusion) -> bool:
        """Whether it is about a number that a conclusion rests on."""
        return bool(set(self.claims) & set(conclusion.ids))


@dataclass(frozen=True)
class Said:
    """A comparison as the answer tells of it.

    Attributes
    ----------
    name, question, first, second, endpoint : str
    grade : Grade
    estimate, lower, upper : float
        On its own scale.
    measure : str
        `HR` and the like.
    null : float
        Value of no difference.
    within : bool
        Whether both groups are of one study.
    study : str
        That study; empty where there are two.
    randomised : bool
        Whether it is a randomised trial.
    printed : tuple of str
        Hazard ratios that it prints of the same groups.
    kept : bool
        Whether the reconstruction was made to keep a printed one.
    others : tuple of float
        Least and greatest ratio in other target populations; empty where none was formed.
    changing : tuple of (str, float)
        Target populations that lead to another conclusion, with their ratio.
    bias : float
        Hazard ratio that bias alone would have to make to change the conclusion; NaN where unknown.
    refused : str
        Why there is no estimate; empty where there is one.
    """

    name: str
    question: str
    grade: Grade
    first: str = ""
    second: str = ""
    endpoint: str = ""
    measure: str = ""
    estimate: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    null: float = 1.0
    within: bool = False
    study: str = ""
    randomised: bool = False
    printed: tuple[str, ...] = ()
    kept: bool = False
    others: tuple[float, ...] = ()
    changing: tuple[tuple[str, float], ...] = ()
    bias: float = float("nan")
    refused: str = ""

    @property
    def clear(self) -> bool:
        """Whether the interval excludes no difference."""
        return is_number(self.lower) and is_number(self.upper) and not self.lower <= self.null <= self.upper

    @property
    def words(self) -> str:
        """`HR 0.45, 95 % CI 0.31 to 0.66`."""
        show, kind = (ratio, "ratio") if self.null == 1 else (percent, "percent")
        ends = interval(self.lower, self.upper, kind)
        return f"{self.measure} {show(self.estimate)}" + (f", {level(0.95)} CI {ends}" if ends else "")

    @property
    def link(self) -> str:
        """Where its page begins."""
        return f"#{anchor('comparison', self.name)}"

    @property
    def factor(self) -> float:
        """Ratio by which an unmeasured factor, twice as common in one group, must multiply the hazard to change it.

        Present in `FACTOR_SHARE` of one group and half as many of the other; infinite where no strength is enough.
        """
        size = max(self.bias, 1 / self.bias) if self.bias > 0 else float("nan")
        room = FACTOR_SHARE - size * FACTOR_SHARE / 2
        return 1 + (size - 1) / room if room > 0 else float("inf")


def answer(results: Results, own: Path | None = None) -> tuple[Block, ...]:
    """The blocks of the answer.

    Parameters
    ----------
    results : Results
    own : Path, optional
        Folder of a project's own templates.
    """
    context = facts_of(results)
    blocks: dict[str, Sequence[Block]] = {
        "conclusions": (conclusions_table(results, context["findings"]),) if context["conclusions"] else (),
        "findings": (findings_table(context["others"]),) if context["others"] else (),
        "comparisons": tuple(one for one in figures_of(results, "overview") if one.anchor == f"fig-{OVERVIEW}"),
    }
    return render("answer.md.j2", context, blocks, own)


def facts_of(results: Results) -> dict[str, Any]:
    """Everything that the template may name."""
    said = [comparison_said(results, entry) for entry in results.choices.comparisons]
    verdicts = results.checks["verdict"] if len(results.checks) else pd.Series(dtype=str)
    counts = verdicts.value_counts()
    facts, kept, _ = held(results)
    across = [one for one in said if not one.within and not one.refused]
    # What is told of: comparisons of different studies, or where there are none those within a study.
    told = across or [one for one in said if not one.refused]
    found, grave = findings_of(results), list(grave_findings(results))
    return {
        "title": results.choices.title,
        "question": results.choices.question,
        "made": int(len(results.checks) - counts.get("uncheckable", 0)),
        "good": int(counts.get("reproduced", 0) + counts.get("rounding", 0)),
        "findings": grave,
        "others": [one for one in grave if not any(one.touches(said) for said in results.choices.conclusions)],
        "major": sum(row["severity"] == "major" for row in found),
        "lesser": sum(row["severity"] in ("minor", "none") for row in found),
        "unruled": sum(str(row["check_id"]) not in results.rulings for row in found),
        "conclusions": len(results.choices.conclusions),
        "designs": [design_said(results, check.id) for check in results.choices.designs],
        "networks": list(networks(results)),
        "said": [one for one in said if not one.refused],
        "across": across,
        "told": told,
        "studies": len({one.study for one in told}),
        "refused": [one for one in said if one.refused],
        "grades": by_grade(told),
        "turned": [one for one in told if one.changing],
        "open": [one for one in told if one.measure and not one.clear and one.null == 1],
        "not_for": not_for(results),
        "facts": facts,
        "facts_held": kept,
        "read": len(results.claims),
        "documents": len(results.choices.pages),
        "figure": OVERVIEW in set(results.figures["figure_id"]) if len(results.figures) else False,
    }


def grave_findings(results: Results) -> Iterator[Finding]:
    """Findings that a stated conclusion hangs on, gravest first."""
    for row in findings_of(results):
        if row["severity"] != "conclusion":
            continue
        ruling = results.rulings.get(str(row["check_id"]), {})
        follows = ruling.get("reason") or row["explanation"]
        yield Finding(
            about=f"{results.short(row['source_id'])}, {where_printed(results, row)}",
            printed=results.named(row["reported"]),
            follows=_first_sentence(results.named(follows)),
            changes=sentence(ruling.get("affects") or "not yet ruled on"),
            claims=split(row["claim_ids"]),
        )


class Standing(StrEnum):
    """What became of a conclusion: of the numbers that it rests on, the gravest finding."""

    FALLS = "not as printed"
    DOUBTFUL = "in doubt"
    NEARLY = "yes, but for a digit or a label"
    STANDS = "yes"
    OPEN = "cannot be checked"


#: The same colours as the findings have.
STANDING_TONES = {
    Standing.FALLS: SEVERITY_TONES["conclusion"],
    Standing.DOUBTFUL: SEVERITY_TONES["major"],
    Standing.NEARLY: SEVERITY_TONES["minor"],
    Standing.STANDS: VERDICT_TONES["reproduced"],
    Standing.OPEN: VERDICT_TONES["uncheckable"],
}
#: What stands beside a conclusion that no finding of its own explains.
WHY = {
    Standing.FALLS: "A finding on one of its numbers is told in the audit.",
    Standing.DOUBTFUL: "A finding on a number that it uses is told in the audit.",
    Standing.NEARLY: "What does not agree is a digit or a label.",
    Standing.STANDS: "Its numbers agree with the others.",
    Standing.OPEN: "None of its numbers follows from others.",
}
BY_SEVERITY = {"conclusion": Standing.FALLS, "major": Standing.DOUBTFUL}


def checks_of(results: Results, ids: Sequence[str]) -> list[Record]:
    """Checks that any of these printed numbers takes part in."""
    wanted = set(ids)
    return [row for row in rows(results.checks) if wanted & set(split(row["claim_ids"]))]


def standing(checks: Sequence[Record]) -> Standing:
    """Whether a conclusion stands whose numbers take part in these checks."""
    found = [row["severity"] for row in checks if row["verdict"] in FINDINGS]
    if found:
        return BY_SEVERITY.get(min(found, key=GRAVE.index), Standing.NEARLY)
    agree = any(row["verdict"] in ("reproduced", "rounding") for row in checks)
    return Standing.STANDS if agree else Standing.OPEN


def conclusions_table(results: Results, found: Sequence[Finding]) -> Table:
    """What each document concludes, whether it stands, and what follows from its numbers instead."""
    return Table(
        anchor="tab-conclusions",
        title="What the papers conclude, and whether their numbers bear it out",
        columns=columns("Paper:0.75 | Concludes:2.6 | Stands?:0.7 | Because:3"),
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
    because = " ".join(finding.follows for finding in found if finding.touches(one))
    return Row.of(paper, said, Badge(stands, STANDING_TONES[stands]), because or WHY[stands])


def findings_table(found: Sequence[Finding]) -> Table:
    """The findings that change a conclusion."""
    return Table(
        anchor="tab-grave",
        title="Printed numbers that cannot stand as they are",
        columns=columns("Paper and place:1.9 | Printed:0.8 | What follows:3 | What it changes:1.5"),
        rows=tuple(_finding_row(one) for one in found),
        claims=tuple(dict.fromkeys(claim for one in found for claim in one.claims)),
    )


def _finding_row(one: Finding) -> Row:
    return Row.of(one.about, one.printed, one.follows, one.changes)


def _first_sentence(text: str) -> str:
    """What a finding comes to; the rest of a ruling stands with the findings of the audit."""
    return sentence(re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip(), maxsplit=1)[0])


def design_said(results: Results, name: str) -> dict[str, Any]:
    """The check of a sample size: what is printed, how many formulas were tried, and what the usual one gives."""
    verdict = results.verdicts.get(name, {})
    table = results.designs.get(name, pd.DataFrame())
    claimed = verdict.get("claimed", {})
    row = results.claim.get(str(verdict.get("claim_id", "")), {})
    # A binomial design is a table of another layout, without formulas for events.
    formulas = "method" in table
    plain = table.loc[table["method"] == "log_hazard", "events"] if formulas else pd.Series(dtype=float)
    usual = sorted({int(value) for value in plain.dropna()})
    return {
        "study": results.labels.study(row["study_id"]) if row else name,
        "printed": [f"{claimed[part]} {part}" for part in ("events", "patients") if claimed.get(part) is not None],
        "verdict": str(verdict.get("verdict", "")),
        "formulas": int(table["method"].nunique()) if formulas else 0,
        "usual": [str(value) for value in dict.fromkeys((usual[0], usual[-1]))] if usual else [],
    }


def networks(results: Results) -> Iterator[dict[str, Any]]:
    """Of each network, the treatment with the lowest hazard among those that differ clearly from the reference."""
    for entry in results.choices.comparisons:
        if not isinstance(entry, NetworkComparison):
            continue
        lines = main_rows(estimates_of(results, entry.id))
        clear = [line for line in lines if as_float(line["upper"]) < 1]
        contrasts = results.folders.get(entry.id, {}).get("contrasts", pd.DataFrame())
        label = results.labels.treatment
        best = min(clear, key=lambda line: as_float(line["estimate"]), default=None)
        yield {
            "question": entry.question,
            "link": f"#{anchor('comparison', entry.id)}",
            "best": label(best["treatment"]) if best else "",
            "reference": label(entry.reference),
            "estimate": ratio(best["estimate"]) if best else "",
            "interval": interval(best["lower"], best["upper"], "ratio") if best else "",
            "endpoint": results.labels.endpoint(best.get("endpoint", "")) if best else "",
            "studies": int(contrasts["study"].nunique()) if len(contrasts) else 0,
            "pairs": len({*zip(contrasts["treatment"], contrasts["comparator"], strict=True)}) if len(contrasts) else 0,
        }


def not_for(results: Results) -> list[str]:
    """What the networks may not be used for, each once."""
    asked = [entry for entry in results.choices.comparisons if isinstance(entry, NetworkComparison)]
    return list(dict.fromkeys(use for entry in asked for use in entry.not_for))


def by_grade(said: Sequence[Said]) -> list[tuple[str, list[Said]]]:
    """Comparisons that have one estimate, by what they rest on, the firmest first."""
    found = [(grade, [one for one in said if one.grade == grade and is_number(one.estimate)]) for grade in Grade]
    return [(str(grade), those) for grade, those in found if those]


def comparison_said(results: Results, entry: AnyComparison) -> Said:
    """One comparison as the answer tells of it."""
    lines = estimates_of(results, entry.id)
    chosen = main_rows(lines)
    base: dict[str, Any] = {
        "name": entry.id,
        "question": entry.question,
        "grade": grade_of(results, entry, lines),
        "within": within_one_study(entry),
    }
    if not chosen:
        reasons = [str(line["note"]) for line in lines if line["refused"]]
        return Said(**base, refused=reasons[0] if reasons else "the run holds no result of it")
    if len(chosen) > 1:
        return Said(**base)  # a network or a list of trials is known by many estimates
    main = chosen[0]
    weighted = list(weighted_ratios(lines).values())
    ratios = sorted(as_float(line["estimate"]) for line in weighted)
    first, second = (results.labels.treatment(main[side]) for side in ("treatment", "comparator"))
    if base["within"]:  # the study is told once
        first, second = (results.labels.group(one.study, one.arm, one.population) for one in entry.patient_groups)
    return Said(
        **base,
        first=first,
        second=second,
        study=_study_name(results, entry.patient_groups[0].study) if base["within"] else "",
        randomised=base["grade"] in (Grade.RANDOMISED_CURVE, Grade.RANDOMISED_SUMMARY),
        printed=tuple(printed_ratios(results, entry, lines)) if base["within"] else (),
        kept=bool(ratios_kept(results, entry)),
        endpoint=results.labels.endpoint(main["endpoint"]),
        measure=str(main["measure"]),
        estimate=as_float(main["estimate"]),
        lower=as_float(main["lower"]),
        upper=as_float(main["upper"]),
        null=null_of(main),
        others=(ratios[0], ratios[-1]) if ratios else (),
        changing=tuple(
            (str(line["variation"]), as_float(line["estimate"])) for line in weighted if concludes_otherwise(line, main)
        ),
        bias=_bias(lines),
    )


def _study_name(results: Results, study: str) -> str:
    """Its acronym, or the document it is read from where it has none."""
    name = results.labels.study(study)
    found = [row for row in rows(results.tables.get("studies", pd.DataFrame())) if row["study_id"] == study]
    return results.short(found[0].get("source_id", study)) if name == study and found else name


def _bias(lines: Sequence[Record]) -> float:
    found = [as_float(line["estimate"]) for line in lines if line["quantity"] == Quantity.BIAS_TO_CHANGE]
    return found[0] if found else float("nan")


def grade_of(results: Results, entry: AnyComparison, lines: Sequence[Record]) -> Grade:
    """On what a comparison rests."""
    designs = {str(row["study_id"]): str(row["design"]) for row in rows(results.tables.get("studies", pd.DataFrame()))}
    curve = any(line["evidence"] == "curve" for line in lines)
    if isinstance(entry, TimedComparison):
        trials = all(designs.get(group.study) == "randomised" for group in entry.groups)
        return Grade.RANDOMISED_NETWORK if trials else Grade.PRINTED
    if entry.patient_groups:
        if not within_one_study(entry):
            return Grade.UNANCHORED_CURVE if curve else Grade.UNANCHORED_SUMMARY
        if designs.get(entry.patient_groups[0].study) == "randomised":
            return Grade.RANDOMISED_CURVE if curve else Grade.RANDOMISED_SUMMARY
        return Grade.OBSERVED
    if not entry.ratios:
        return Grade.COUNTS
    studies = {str(results.claim.get(claim, {}).get("study_id", "")) for claim in entry.ratios}
    randomised = all(designs.get(study) == "randomised" for study in studies)
    return Grade.RANDOMISED_PRINTED if randomised else Grade.PRINTED
