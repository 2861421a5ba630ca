"""The dossier: question, evidence, findings by consequence, design, reconstruction and each comparison, in brief.

Facts and tables are made here; the text is in `templates/dossier.md.j2`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey.labels import without_brackets, without_number
from resurvey.plan import AnyComparison, NetworkComparison, PatientComparison
from resurvey.report.answer import FEW, design_said, disagreement
from resurvey.report.audit_section import findings_of, where_printed
from resurvey.report.document import (
    Beside,
    Block,
    Claims,
    Figure,
    Heading,
    Link,
    Paragraph,
    Ref,
    Row,
    Table,
    anchor,
    columns,
    words,
)
from resurvey.report.drawings import figures_of
from resurvey.report.estimate_rows import estimates_of, main_rows, printed_ratios, ratios_kept
from resurvey.report.evidence_section import compared_studies, papers, transitivity
from resurvey.report.inputs import Record, Results, claims_of_rows, rows
from resurvey.report.print_and_curve import beside_curves
from resurvey.report.reconstruction import group_cells
from resurvey.report.said import Said, cautions_on, comparison_said
from resurvey.report.templating import render
from resurvey.report.untold import SILENCE, Untold, untold
from resurvey.report.words import as_float, count, interval, is_number, listed, number, p_value, ratio, sentence
from resurvey.results import Contrast, Model, Quantity, Role

#: Figures printed for a comparison of two groups or for a network: curves or network graph, and forest plot.
FIGURES_SHOWN = 2
#: Study properties are printed if reported for at least this proportion of the studies.
TOLD_OF = 1 / 3
#: Kinds of comparison that set treatments against each other, and up to how many settings are listed together.
SETS_TREATMENTS, FEW_SETTINGS = ("patients", "bucher", "pool", "network", "counts"), 3
MULTIPLES = "reconstruction-multiples"


def dossier(results: Results, own: Path | None = None) -> tuple[Block, ...]:
    """The blocks of the dossier.

    Parameters
    ----------
    results : Results
    own : Path, optional
        Folder of a project's own templates.
    """
    letters = assumption_letters(results)
    blocks: dict[str, Sequence[Block]] = {
        "documents": (papers(results, [str(page) for page in results.choices.pages], "tab-documents-read",
                             "The audited documents"),),
        "question": tuple(_question(results)),
        "transitivity": tuple(transitivity(results, TOLD_OF)),
        "findings": tuple(_findings(results)),
        "design": tuple(block for check in results.choices.designs for block in _design(results, check.id)),
        "groups": tuple(_groups(results)),
        "beside": beside_curves(results, own),
        "multiples": tuple(one for one in figures_of(results, "overview") if one.anchor == f"fig-{MULTIPLES}"),
        "assumptions": tuple(_assumptions(results, letters)),
        "comparisons": tuple(block for entry in across(results) for block in _comparison(results, entry, letters)),
        "within": tuple(_within(results)),
    }  # fmt: skip
    there = {name: made for name, made in blocks.items() if made}
    return render("dossier.md.j2", {**_facts(results), "blocks": set(there)}, there, own)


def across(results: Results) -> list[AnyComparison]:
    """All comparisons except those of two groups within one study."""
    return [entry for entry in results.choices.comparisons if not comparison_said(results, entry).within]


def _question(results: Results) -> Iterator[Table]:
    """Population, interventions, comparators and outcomes (PICO) of the comparisons, and their studies by design."""
    asked = [entry for entry in results.choices.comparisons if entry.kind in SETS_TREATMENTS]
    lines = [line for entry in asked for line in main_rows(estimates_of(results, entry.id))]
    wanted = compared_studies(results)
    studies = [row for row in results.table("studies") if row["study_id"] in wanted]
    if not lines or not studies:
        return
    label = results.labels
    settings = dict.fromkeys(str(row["setting"]) for row in studies if row.get("setting"))
    first, second = (
        dict.fromkeys(without_number(without_brackets(label.treatment(line[side]))) for line in lines)
        for side in ("treatment", "comparator")
    )
    designs = Counter(str(row.get("design") or "of a design that is not stated") for row in studies)
    parts = {
        "Population": settings if len(settings) <= FEW_SETTINGS else ["differs between studies: see their table below"],
        "Interventions": first,
        "Comparators": second,
        "Outcomes": dict.fromkeys(label.endpoint(line["endpoint"]) for line in lines if line["endpoint"]),
        "Studies": [f"{number} {design}" for design, number in designs.most_common()],
    }
    yield Table(
        anchor="tab-question",
        title="What is compared",
        columns=columns("Part of the question:1 | Here:5"),
        rows=tuple(Row.of(name, "; ".join(filter(None, said))) for name, said in parts.items() if any(said)),
        note=words("Of all comparisons together; each has its own question in ", Ref("comparisons"), "."),
    )


def assumption_letters(results: Results) -> dict[str, str]:
    """A label (A1, A2, ...) for every assumption, in the order of the comparisons."""
    said = dict.fromkeys(text for entry in results.choices.comparisons for text in entry.assumptions)
    return {text: f"A{number}" for number, text in enumerate(said, start=1)}


def _assumptions(results: Results, letters: Mapping[str, str]) -> Iterator[Table]:
    """Table of assumptions, with the number of comparisons that make each."""
    if not letters:
        return
    used = Counter(text for entry in results.choices.comparisons for text in dict.fromkeys(entry.assumptions))
    yield Table(
        anchor="tab-assumptions",
        title="What the comparisons assume",
        columns=columns("Name:0.5 | Assumed:6 | Comparisons:0.8:number"),
        rows=tuple(Row.of(letter, sentence(text), str(used[text])) for text, letter in letters.items()),
    )


def _facts(results: Results) -> dict[str, Any]:
    found = findings_of(results)
    verdicts = results.checks["verdict"].value_counts() if len(results.checks) else {}
    rebuilt = [row for row in rows(results.accuracy) if row["status"] == "rebuilt"]
    refused = [row for row in rows(results.accuracy) if row["status"] == "refused"]
    return {
        "question": results.choices.question,
        "documents": len(results.choices.pages),
        "sources": len(results.tables.get("sources", pd.DataFrame())),
        "read": len(results.claims),
        "checks": len(results.checks),
        "uncheckable": int(verdicts.get("uncheckable", 0)),
        "grave": sum(row["severity"] == "conclusion" for row in found),
        "major": sum(row["severity"] == "major" for row in found),
        "minor": sum(row["severity"] in ("minor", "none") for row in found),
        "few": len(found) <= FEW,
        "unruled": sum(str(row["check_id"]) not in results.rulings for row in found),
        "designs": [design_said(results, check.id) for check in results.choices.designs],
        "rebuilt": len(rebuilt),
        "curves": sum(row["evidence"] == "curve" for row in rebuilt),
        "refused": len(refused),
        "subgroups": sum(row["population"] != "all" for row in rebuilt),
        "replicates": results.choices.replicates,
        "across": len(across(results)),
        "inside": len(results.choices.comparisons) - len(across(results)),
        "ratios": any(results.comparisons["quantity"] == Quantity.HAZARD_RATIO) if len(results.comparisons) else False,
    }


def _findings(results: Results) -> Iterator[Block]:
    """Findings about numbers that readers use or pool, one row each."""
    found = [row for row in findings_of(results) if row["severity"] == "major"]
    if not found:
        return
    yield Table(
        anchor="tab-major",
        title="Findings that touch a number which readers use or pool",
        columns=columns("Paper and place:1.6 | Printed:0.95 | What follows:3.1 | Ruling:0.8"),
        rows=tuple(_finding(results, row) for row in found),
        claims=claims_of_rows(found),
    )


def _finding(results: Results, row: Record) -> Row:
    ruling = results.rulings.get(str(row["check_id"]), {})
    return Row.of(
        f"{results.short(row['source_id'])}, {where_printed(results, row)}",
        results.named(row["reported"]),
        sentence(results.named(ruling.get("reason") or row["explanation"])),
        sentence(ruling.get("ruling") or "not yet ruled on"),
    )


def _design(results: Results, name: str) -> Iterator[Block]:
    verdict = results.verdicts.get(name, {})
    if not verdict:
        return
    claims = (str(verdict["claim_id"]),) if verdict.get("claim_id") else ()
    yield Heading(2, design_said(results, name)["study"], anchor("design", name))
    row = (" Printed as ", Claims(claims, "this row"), ".") if claims else ()
    yield Paragraph(words(str(verdict.get("words", "")), *row))
    yield from list(figures_of(results, f"design-{name}", claims))[:1]


def _groups(results: Results) -> Iterator[Table]:
    """Reconstructed whole arms and how well they fit; subgroups are in the workbook."""
    rebuilt = [row for row in rows(results.accuracy) if row["status"] == "rebuilt" and row["population"] == "all"]
    if not rebuilt:
        return
    yield Table(
        anchor="tab-groups",
        title="Whole arms that were reconstructed, and how well they fit what is printed",
        columns=columns(
            "Study:1.5 | Arm:2.6 | Endpoint:1.9 | Patients:0.8:number | Events:0.7:number"
            " | Median, printed:0.8:number | Median, reconstructed:1.3:number | Facts held:0.9:number | Evidence:1.05"
        ),
        rows=tuple(_group(results, row) for row in rebuilt),
        note=words(f"Medians in months. Events: mean over the replicates. {_abbreviations(results, rebuilt)}"),
        claims=claims_of_rows(rebuilt),
    )


def _group(results: Results, row: Record) -> Row:
    events = number(round(as_float(row["events_mean"])) if is_number(row["events_mean"]) else float("nan"))
    cells = group_cells(results, row, events, number(row["median_rebuilt"]))
    # Short names keep each group on one line.
    arm = without_number(without_brackets(results.labels.arm(row["study_id"], row["arm_id"])))
    endpoint = ", ".join(part for part in (row["endpoint"], row["data_cut"]) if part)
    return Row((cells[0], words(arm), words(endpoint), *cells[3:]))


def _abbreviations(results: Results, shown: Sequence[Record]) -> str:
    """Key to abbreviated endpoints, such as `OS: overall survival; ...`."""
    names = dict.fromkeys(str(row["endpoint"]) for row in shown)
    known = [(name, results.labels.endpoint(name)) for name in names]
    told = "; ".join(f"{name}: {words}" for name, words in known if name != words)
    return f"{told}." if told else ""


def _comparison(results: Results, entry: AnyComparison, letters: Mapping[str, str]) -> Iterator[Block]:
    """One comparison: figures, result, other target populations, assumptions, and what would change the conclusion."""
    said = comparison_said(results, entry)
    lines = estimates_of(results, entry.id)
    yield Heading(2, entry.question, anchor("comparison", entry.id))
    if said.refused:
        yield Paragraph(words(f"Not made: {sentence(said.refused)}"))
        return
    drawn = FIGURES_SHOWN if isinstance(entry, PatientComparison | NetworkComparison) else 1
    shown: list[Figure] = list(figures_of(results, f"comparison-{entry.id}"))[:drawn]
    if shown:
        # The question is already in the heading above.
        yield Beside(tuple(replace(one, title=_without(one.title, entry.question)) for one in shown))
    result = " ".join(part for part in sentences(results, entry, said, lines) if part)
    assumed = listed([letters[text] for text in entry.assumptions])
    rests = f" Rests on {said.grade}. " if said.compares else " "
    basis = words(rests, Link("Assumes", "#tab-assumptions"), f" {assumed}.")
    yield Paragraph(words(result, basis))


def _without(title: str, question: str) -> str:
    """The title of a figure without the question at its beginning."""
    said = title.removeprefix(f"{question}: ")
    return said[:1].upper() + said[1:]


def sentences(results: Results, entry: AnyComparison, said: Said, lines: Sequence[Record]) -> Iterator[str]:
    """The results of a comparison, sentence by sentence, and the findings that affect it; sentences may be empty."""
    yield from _told(results, entry, said, lines)
    for mark, told in cautions_on(results, entry.id):
        yield f"Finding ({mark}): {told}"


def _told(results: Results, entry: AnyComparison, said: Said, lines: Sequence[Record]) -> Iterator[str]:
    if isinstance(entry, NetworkComparison):
        yield _network(results, entry, lines)
        return
    left_open = untold(results, entry)
    if not is_number(said.estimate):
        yield _several(results, main_rows(lines))
        yield left_open.words if left_open else ""
        return
    told = f"{said.words[0].upper()}{said.words[1:]}{_p(lines)}"
    yield f"{told}: {_conclusion(said)}" if said.compares else f"{told}."
    yield left_open.words if left_open else ""
    if said.others:
        low, high = said.others
        turned = "; the conclusion changes with " + listed([name for name, _ in said.changing]) if said.changing else ""
        yield f"In other target populations the ratio is {ratio(low)} to {ratio(high)}{turned}."
    yield _restricted(lines)
    yield _proportionality(lines)
    if said.clear and said.bias > 0:
        yield (
            f"To change the conclusion, bias alone would have to make a hazard ratio of {ratio(said.bias)} out of no "
            "difference."
        )


def _several(results: Results, chosen: Sequence[Record]) -> str:
    """The main estimates of a list of trials (ratios of medians), or of each treatment of a network over time."""
    if chosen[0]["quantity"] == Quantity.MEDIAN:
        above = sum(as_float(line["estimate"]) > 1 for line in chosen)
        return f"{above} of {count(len(chosen), 'ratio')} of medians lie above 1."
    label = results.labels.treatment
    told = [
        f"{label(line['treatment'])} {number(line['estimate'])} ({interval(line['lower'], line['upper'])})"
        for line in chosen
    ]
    end = number(chosen[0]["time_months"], 1)
    return f"Restricted mean to {end} months, difference from {label(chosen[0]['comparator'])}: {listed(told)}."


def _p(lines: Sequence[Record]) -> str:
    main = main_rows(lines)
    return f", p {p_value(main[0]['p'])}" if main and is_number(main[0]["p"]) else ""


def _conclusion(said: Said) -> str:
    if not is_number(said.lower) or not is_number(said.upper):
        return "no interval could be given."
    if not said.clear:
        return "the interval includes no difference, so the data do not tell which is better."
    if said.null != 1:
        return "the interval excludes no difference."
    return f"{'fewer' if said.estimate < 1 else 'more'} events with {said.first}."


def _restricted(lines: Sequence[Record]) -> str:
    """The difference in restricted mean survival time up to the longest requested horizon."""
    found = [
        line
        for line in lines
        if line["role"] == Role.SECONDARY
        and line["quantity"] == Quantity.RESTRICTED_MEAN
        and line["contrast"] == Contrast.DIFFERENCE
        and not line["refused"]
    ]
    if not found:
        return ""
    last = max(found, key=lambda line: as_float(line["time_months"]))
    return (
        f"Restricted mean to {number(last['time_months'], 1)} months: difference {number(last['estimate'])} "
        f"({interval(last['lower'], last['upper'])})."
    )


def _proportionality(lines: Sequence[Record]) -> str:
    tests = [line for line in lines if line["model"] == Model.PROPORTIONAL_HAZARDS and line["quantity"] == Quantity.Z]
    if any(as_float(line["p"]) < 0.05 for line in tests):
        return f"The ratio changes over time (p {p_value(tests[0]['p'])}), so the restricted means say more."
    return ""


def _network(results: Results, entry: NetworkComparison, lines: Sequence[Record]) -> str:
    chosen = sorted(main_rows(lines), key=lambda line: as_float(line["estimate"]))
    clear = [line for line in chosen if as_float(line["upper"]) < 1 or as_float(line["lower"]) > 1]
    label = results.labels.treatment
    said = [f"{label(line['treatment'])} {ratio(line['estimate'])} ({interval(line['lower'], line['upper'], 'ratio')})"
            for line in clear]  # fmt: skip
    apart = disagreement(results, entry.id)
    limits = " ".join(f"It may not be used {use}." for use in entry.not_for)
    if apart:
        limits = (
            f"Direct and indirect evidence disagree (Q between designs {number(apart['q'])}, p {p_value(apart['p'])}): "
            f"these estimates are not settled. {limits}"
        )
    if not said:
        return f"No treatment differs clearly from {label(entry.reference)} (random effects). {limits}"
    return f"Clearly different from {label(entry.reference)} (hazard ratio, random effects): {listed(said)}. {limits}"


def _within(results: Results) -> Iterator[Table]:
    """Comparisons of two groups within one study, most of which check the reconstruction."""
    inside = [entry for entry in results.choices.comparisons if comparison_said(results, entry).within]
    if not inside:
        return
    left_open = {entry.id: untold(results, entry) for entry in inside}
    of_print = any(left_open.values())
    missing = "| Information missing:0.9:number " if of_print else ""
    yield Table(
        anchor="tab-within",
        title="Two groups of one study: reconstructed beside printed",
        columns=columns(f"Comparison:2.4 | Reconstructed:1.6 {missing}| Printed:1.6 | Rests on:1.6"),
        rows=tuple(_inside(results, entry, left_open[entry.id], of_print) for entry in inside),
        note=words(
            "Printed ratios may be stratified or adjusted; the reconstructed ones are neither. Where the "
            "reconstruction was made to keep the printed ratio, their agreement is no evidence for it.",
            *(f" {told}" for told in _left_open([one for one in left_open.values() if one])),
            *(f" ({mark}) {told}" for mark, told in _findings_on(results, inside)),
        ),
    )


def _findings_on(results: Results, entries: Sequence[AnyComparison]) -> list[tuple[str, str]]:
    """Letter and text of the findings that affect any of these comparisons, without duplicates."""
    return list(dict.fromkeys(one for entry in entries for one in cautions_on(results, entry.id)))


def _left_open(those: Sequence[Untold]) -> Iterator[str]:
    """What the marks in the column of missing information mean, and what tests in such patients do not show."""
    if any(one.on_shape for one in those):
        yield "Shape: the estimate rests on the assumed shape of the hazard more than on what is printed."
    if any(is_number(one.silent) for one in those):
        yield SILENCE


def _inside(results: Results, entry: AnyComparison, left_open: Untold | None, of_print: bool) -> Row:
    said = comparison_said(results, entry)
    printed = "; ".join(printed_ratios(results, entry, estimates_of(results, entry.id)))
    kept = ", kept by the reconstruction" if printed and ratios_kept(results, entry) else ""
    return Row.of(
        entry.question + (f" ({said.marks})" if said.marks else ""),
        said.words if not said.refused else f"Not made: {said.refused}",
        *([left_open.mark if left_open else ""] if of_print else []),
        f"{printed}{kept}",
        str(said.grade),
        anchor=anchor("comparison", entry.id),
    )
