"""The comparisons section: question, figure, main estimates, assumptions, sensitivity and evidence for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from resurvey.plan import AnyComparison, NetworkComparison, PatientComparison
from resurvey.report.document import (
    Badge,
    Block,
    Bullets,
    Cite,
    Claims,
    Details,
    Heading,
    Notice,
    Paragraph,
    Row,
    Table,
    Words,
    anchor,
    columns,
    words,
)
from resurvey.report.dossier import sentences
from resurvey.report.drawings import figures_of
from resurvey.report.estimate_rows import claims_of, estimates_of, main_rows, refusal, within_one_study
from resurvey.report.estimate_tables import estimate_tables
from resurvey.report.evidence_section import transitivity
from resurvey.report.inputs import Record, Results
from resurvey.report.said import comparison_said
from resurvey.report.words import count, is_number, number, ratio, sentence

KINDS = {
    "patients": "reconstructed patients, group against group",
    "bucher": "indirect, through a common comparator",
    "pool": "pooled printed ratios",
    "network": "network of printed ratios",
    "rates": "printed response counts",
    "counts": "pooled printed counts",
    "ratios": "printed medians and ratios",
    "over-time": "network of reconstructed patients over time",
    "extrapolation": "models of reconstructed patients beyond the follow-up",
}
KIND_CITES = {
    "patients": ("cox1972", "efron1977", "rubin1987"),
    "bucher": ("bucher1997",),
    "pool": ("dersimonian1986", "hartung2001"),
    "network": ("rucker2012",),
    "rates": ("clopper1934", "newcombe1998"),
    "counts": ("dersimonian1986", "hartung2001"),
    "ratios": ("michiels2005",),
    "over-time": ("jansen2011", "freeman2022"),
    "extrapolation": ("latimer2011", "rutherford2020"),
}


def comparisons(results: Results) -> Iterator[Block]:
    """The comparisons section."""
    entries = results.choices.comparisons
    yield Heading(1, "The comparisons", "comparisons")
    if not entries:
        yield Paragraph(words("The project lists no comparisons."))
        return
    yield Paragraph(words(_opening(results)), lead=True)
    yield Paragraph(
        words(
            "A hazard ratio (HR) below 1 means fewer events, at any moment, under the first named treatment. CI is the "
            "confidence interval. An E-value says how strongly a factor that nobody recorded would have to be tied "
            "both to the treatment and to the outcome to explain a result away; an E-value of 1 means that nothing is "
            "needed ",
            Cite(("vanderweele2017",)),
            ". The evidence grade ",
            Badge("summary", "note"),
            " marks every result built on patients reconstructed from printed numbers.",
        )
    )
    yield from transitivity(results)
    for entry in entries:
        yield from _comparison(results, entry)


def _opening(results: Results) -> str:
    entries = results.choices.comparisons
    across = sum(isinstance(entry, PatientComparison) and not within_one_study(entry) for entry in entries)
    inside = sum(within_one_study(entry) for entry in entries)
    said = [f"{sentence(count(len(entries), 'comparison'))[:-1]} {'was' if len(entries) == 1 else 'were'} asked for."]
    if across:
        said.append(
            f"{across} of them {'sets' if across == 1 else 'set'} reconstructed patients of two studies side by side. "
            "These were not randomised against each other: the result is what the papers imply, not what a trial would "
            "find."
        )
    if inside:
        said.append(
            f"{inside} {'repeats' if inside == 1 else 'repeat'} a comparison within one study, mostly to check the "
            "method."
        )
    rest = sum(not entry.patient_groups for entry in entries)
    if rest:
        said.append(f"{rest} {'rests' if rest == 1 else 'rest'} on printed ratios, counts or medians alone.")
    return " ".join(said)


def _comparison(results: Results, entry: AnyComparison) -> Iterator[Block]:
    name, kind = entry.id, entry.kind
    lines = estimates_of(results, name)
    evidence = next((str(line["evidence"]) for line in lines), "none")
    yield Heading(2, entry.question, anchor("comparison", name))
    tone = "note" if evidence == "summary" else "plain"
    yield Paragraph(
        words(
            "Evidence: ", Badge(evidence, tone), f". How: {KINDS[kind]} ", Cite(KIND_CITES[kind]), ". ", _sides(lines)
        )
    )
    for group in entry.patient_groups:
        if left := results.not_used(group):
            yield Notice(words(f"{sentence(left)} This comparison rests on {evidence} evidence."), tone="warn")
    reason = refusal(lines)
    if reason:
        yield Notice(words(f"This comparison was not made: {sentence(reason)}"), tone="warn")
    else:
        yield Paragraph(_reading(results, entry, lines), lead=True)
    folded = tuple(_folded(results, entry, lines, made=not reason))
    if folded:
        yield Details("Figures, estimates, what must hold, and what would overturn it", folded)


def _folded(results: Results, entry: AnyComparison, lines: Sequence[Record], *, made: bool) -> Iterator[Block]:
    """The collapsible part of a comparison; if the comparison was not made, only the parts that need no estimate."""
    claims = claims_of(results, entry)
    yield from figures_of(results, f"comparison-{entry.id}", claims)
    if made:
        yield from estimate_tables(results, entry, lines, claims)
    if entry.assumptions:
        yield Heading(3, "What must hold", anchor("assumptions", entry.id))
        yield Bullets(tuple(words(sentence(text)) for text in entry.assumptions))
    yield from _sensitivity(results, entry, claims)


def _sides(lines: Sequence[Record]) -> str:
    for line in lines:
        first, second = str(line.get("treatment", "")), str(line.get("comparator", ""))
        if first and second and is_number(line.get("n_treatment")):
            n, m = number(line["n_treatment"]), number(line["n_comparator"])
            population = "" if line["population"] in ("", "all") else f", {line['population']}"
            return f"First: {first}, {n} patients{population}. Second: {second}, {m} patients."
    return ""


def _reading(results: Results, entry: AnyComparison, lines: Sequence[Record]) -> Words:
    """The main estimate in words."""
    if not main_rows(lines):
        return words("No main estimate could be made.")
    said = comparison_said(results, entry)
    return words(" ".join(part for part in sentences(results, entry, said, lines) if part))


def _sensitivity(results: Results, entry: AnyComparison, claims: tuple[str, ...]) -> Iterator[Block]:
    values, needed = (results.tables_of(entry.id, name) for name in ("e_values", "bias_needed"))
    if not values and not needed:
        return
    yield Heading(3, "What would overturn it", anchor("sensitivity", entry.id))
    if isinstance(entry, NetworkComparison):
        yield _by_regimen(results, entry, values, needed, claims)
        return
    strength = (
        f"E-value of the {row['of']}: {number(row['e_value'])} (hazard ratio {ratio(row['ratio'])}, as a risk ratio "
        f"{ratio(row['risk_ratio'])})."
        for row in values
    )
    yield Bullets(tuple(words(said) for said in (*strength, *map(_bias_words, needed))))
    if claims:
        yield Paragraph(words("Printed numbers behind all of this: ", Claims(claims, count(len(claims), "row")), "."))


def _by_regimen(
    results: Results,
    entry: NetworkComparison,
    values: Sequence[Record],
    needed: Sequence[Record],
    claims: tuple[str, ...],
) -> Table:
    """E-values, and the bias needed to change the conclusion, for every treatment of a network versus the reference."""
    label = results.labels.treatment
    strength = {(row["treatment"], row["of"]): row["e_value"] for row in values}
    bias = {(row["treatment"], row["question"]): row["ratio_bias"] for row in needed}
    made = [
        Row.of(
            label(name),
            number(strength[(name, "estimate")]),
            number(strength[(name, "nearer limit")]),
            ratio(bias[(name, "change the conclusion")]),
            ratio(bias[(name, "cross 1")]),
        )
        for name in dict.fromkeys(row["treatment"] for row in values)
    ]
    return Table(
        anchor=anchor("tab", entry.id, "bias"),
        title=f"{entry.question}: what would overturn each ratio",
        columns=columns(
            "Regimen:2 | E-value of the estimate:1:number | E-value of the nearer limit:1:number"
            " | Bias to change the conclusion:1:number | Bias to bring it to 1:1:number"
        ),
        rows=tuple(made),
        note=words(
            f"Random effects, against {label(entry.reference)}. A bias is the hazard ratio that bias alone "
            "would have to make out of no difference; 1 where the interval includes no difference as it stands. "
            f"Source: results/comparisons/{entry.id}/e_values.csv, bias_needed.csv."
        ),
        claims=claims,
    )


def _bias_words(row: Record) -> str:
    question = {
        "change the conclusion": "change whether the interval excludes 1",
        "cross 1": "bring the estimate to 1",
        "reverse the conclusion": "make the interval exclude 1 on the other side",
    }.get(str(row["question"]), str(row["question"]))
    if row["already"]:
        return f"No bias is needed to {question}: it is so as it stands."
    return (
        f"To {question}, bias alone would have to make a hazard ratio of {ratio(row['ratio_bias'])} out of no "
        "difference."
    )
