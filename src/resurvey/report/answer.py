"""The two-page answer: what the papers claim, which claims fail, what the comparisons support, and with what certainty.

The facts are computed here from the result tables; the words are in `templates/answer.md.j2`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.cautions import marks_of
from resurvey.evidence_grade import Grade
from resurvey.plan import NetworkComparison
from resurvey.report.audit_section import findings_of
from resurvey.report.document import Block, anchor
from resurvey.report.drawings import figures_of
from resurvey.report.estimate_rows import claims_of, estimates_of, main_rows
from resurvey.report.inputs import Results
from resurvey.report.reconstruction import held
from resurvey.report.said import Said, caution_words, comparison_said, tellings
from resurvey.report.standing import checks_of, conclusions_table, findings_table, standing, told_findings
from resurvey.report.templating import render
from resurvey.report.untold import SILENCE, share_words, untold
from resurvey.report.words import as_float, interval, is_number, percent, ratio
from resurvey.result_values import QSource
from resurvey.results import SEVERITIES, Quantity, Role

OVERVIEW = "comparisons-overview"
#: Severity of findings that change a stated conclusion, and of the others, which the answer shows if all are few.
GRAVE, LESSER, FEW = SEVERITIES[:1], SEVERITIES[1:], 6


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
        "findings": (findings_table(context["others"] + context["few"]),) if context["others"] + context["few"] else (),
        "comparisons": tuple(_overview(results)),
    }
    return render("answer.md.j2", context, blocks, own)


def _overview(results: Results) -> Iterator[Block]:
    """The overview figure of all comparisons, with a key to its letters."""
    for one in figures_of(results, "overview"):
        if one.anchor == f"fig-{OVERVIEW}":
            table = results.comparisons
            main = table[(table["quantity"] == Quantity.HAZARD_RATIO) & (table["role"] == Role.MAIN)]
            drawn = set(main["comparison_id"])
            found = [caution for caution in results.cautions if drawn & set(caution.comparisons)]
            told = [f"({caution.mark}) {caution_words(results, caution)}" for caution in found]
            yield replace(one, caption=" ".join([one.caption, *told]))


def facts_of(results: Results) -> dict[str, Any]:
    """The variables available to the template."""
    said = [comparison_said(results, entry) for entry in results.choices.comparisons]
    verdicts = results.checks["verdict"] if len(results.checks) else pd.Series(dtype=str)
    counts = verdicts.value_counts()
    facts, kept, _ = held(results)
    compared = [one for one in said if one.compares and not one.refused]
    across = [one for one in compared if not one.within]
    # Comparisons to report: those between studies or, if there are none, those within a study.
    told = across or compared
    found, grave = findings_of(results), list(told_findings(results, GRAVE))
    return {
        "title": results.choices.title,
        "question": results.choices.question,
        "made": int(len(results.checks) - counts.get("uncheckable", 0)),
        "good": int(counts.get("reproduced", 0) + counts.get("rounding", 0)),
        "findings": grave,
        "others": [one for one in grave if not any(one.touches(said) for said in results.choices.conclusions)],
        "few": list(told_findings(results, LESSER)) if len(found) <= FEW else [],
        "major": sum(row["severity"] == "major" for row in found),
        "lesser": sum(row["severity"] in ("minor", "none") for row in found),
        "unruled": sum(str(row["check_id"]) not in results.rulings for row in found),
        "conclusions": len(results.choices.conclusions),
        "standing": Counter(standing(checks_of(results, one.ids)).name for one in results.choices.conclusions),
        "designs": [design_said(results, check.id) for check in results.choices.designs],
        "networks": list(networks(results)),
        "said": [one for one in said if not one.refused],
        "across": across,
        "told": told,
        "studies": len({one.study for one in told}),
        "refused": [one for one in said if one.refused],
        "grades": by_grade(told),
        "against": [one for one in told if one.clear and one.hazard and one.estimate > 1 and one.first],
        "harms": harms(results),
        "harm_documents": len({row["source_id"] for row in harm_rows(results)}),
        "harm_compared": harm_compared(results),
        "turned": [one for one in told if one.changing],
        "open": [one for one in told if one.measure and not one.clear and one.null == 1],
        "not_for": not_for(results),
        "left_open": left_open(results, told),
        "facts": facts,
        "facts_held": kept,
        "read": len(results.claims),
        "documents": len(results.choices.pages),
        "figure": OVERVIEW in set(results.figures["figure_id"]) if len(results.figures) else False,
    }


def design_said(results: Results, name: str) -> dict[str, Any]:
    """Summary of a sample-size check: printed size, number of formulas tried, and result of the usual formula."""
    verdict = results.verdicts.get(name, {})
    table = results.designs.get(name, pd.DataFrame())
    claimed = verdict.get("claimed", {})
    row = results.claim.get(str(verdict.get("claim_id", "")), {})
    # The table of a binomial design has another layout, without formulas for events.
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
    """For each network, the treatment with the lowest hazard among those clearly better than the reference."""
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
            "marks": marks_of(results.cautions).get(entry.id, ""),
            "best": label(best["treatment"]) if best else "",
            "reference": label(entry.reference),
            "estimate": ratio(best["estimate"]) if best else "",
            "interval": interval(best["lower"], best["upper"], "ratio") if best else "",
            "endpoint": results.labels.endpoint(best.get("endpoint", "")) if best else "",
            "studies": int(contrasts["study"].nunique()) if len(contrasts) else 0,
            "disagreement": disagreement(results, entry.id),
            "pairs": len({*zip(contrasts["treatment"], contrasts["comparator"], strict=True)}) if len(contrasts) else 0,
        }


#: Designs of a network disagree if the p value of Q between them is below this.
DISAGREE = 0.1


def disagreement(results: Results, name: str) -> dict[str, Any] | None:
    """Q between the designs of a network, its degrees of freedom and p; None if they do not disagree."""
    found = [row for row in results.tables_of(name, "q") if row["source"] == QSource.BETWEEN and row["df"] > 0]
    return found[0] if found and found[0]["p"] < DISAGREE else None


def not_for(results: Results) -> list[str]:
    """The uses for which the networks are not suitable, without duplicates."""
    asked = [entry for entry in results.choices.comparisons if isinstance(entry, NetworkComparison)]
    return list(dict.fromkeys(use for entry in asked for use in entry.not_for))


def by_grade(said: Sequence[Said]) -> list[dict[str, Any]]:
    """Comparisons with one estimate, by grade of evidence (strongest first), and those that exclude the null value."""
    found = [(grade, [one for one in said if one.grade == grade and is_number(one.estimate)]) for grade in Grade]
    return [
        {
            "grade": str(grade),
            "those": those,
            "apart": [one for one in those if one.clear],
            "tellings": tellings(those),
            # differences, and ratios other than hazard ratios
            "others": [one for one in those if one.clear and not (one.hazard and one.first)],
        }
        for grade, those in found
        if those
    ]


def left_open(results: Results, said: Sequence[Said]) -> dict[str, Any]:
    """What printed numbers leave open about these comparisons; empty if the patients of none are rebuilt from them."""
    entries = {entry.id: entry for entry in results.choices.comparisons}
    found = [(one, left) for one in said if (left := untold(results, entries[one.name]))]
    if not found:
        return {}
    shares = sorted(left.share for _, left in found)
    silent = any(is_number(left.silent) for _, left in found)
    return {
        "number": len(found),
        "least": share_words(shares[0]),
        "most": share_words(shares[-1]),
        "on_shape": [one for one, left in found if left.on_shape],
        "silence": SILENCE if silent else "",
    }


#: Adverse events of this grade and above are severe.
SEVERE = 3


def harm_rows(results: Results) -> list[dict[str, Any]]:
    """Printed adverse event rates from the audited documents, for each arm in the population with the most rates."""
    pages = {str(page) for page in results.choices.pages}
    found = [
        row for row in results.table("proportions") if row["kind"] == "adverse_event" and row["source_id"] in pages
    ]
    counted = Counter((row["study_id"], row["arm_id"], row["population"]) for row in found)
    most = {key[:2]: key[2] for key, _ in reversed(counted.most_common())}
    return [row for row in found if most[row["study_id"], row["arm_id"]] == row["population"]]


def harm_compared(results: Results) -> bool:
    """Whether any comparison concerns adverse events."""
    events = {str(row["claim_id"]) for row in results.table("proportions") if row["kind"] == "adverse_event"}
    return any(events & set(claims_of(results, entry)) for entry in results.choices.comparisons)


def harms(results: Results) -> list[dict[str, str]]:
    """The highest printed rate of a severe adverse event in each compared arm, sorted from highest to lowest."""
    compared = {(group.study, group.arm) for entry in results.choices.comparisons for group in entry.patient_groups}
    severe = [row for row in harm_rows(results) if _grade(row["grade"]) >= SEVERE and is_number(row["percent"])]
    highest: dict[tuple[str, str], Any] = {}
    for row in severe:
        key = (str(row["study_id"]), str(row["arm_id"]))
        own = highest.get(key)
        if key in compared and (own is None or as_float(row["percent"]) > as_float(own["percent"])):
            highest[key] = row
    ordered = sorted(highest.values(), key=lambda row: -as_float(row["percent"]))
    return [
        {
            "arm": results.labels.arm(row["study_id"], row["arm_id"]),
            "study": results.labels.study(row["study_id"]),
            "item": str(row["item"]),
            "percent": percent(as_float(row["percent"]) / 100),
        }
        for row in ordered
    ]


def _grade(text: object) -> int:
    """The lowest grade in a row: 3 for `3-4` and `>=3`; 0 if the row is for all grades."""
    found = re.search(r"[1-5]", str(text))
    return int(found[0]) if found else 0
