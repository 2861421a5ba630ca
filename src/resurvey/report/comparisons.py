"""The comparisons: question, figure, main estimates, assumptions, sensitivity and evidence of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from resurvey.report.document import (
    NBSP,
    Badge,
    Block,
    Bullets,
    Cite,
    Claims,
    Column,
    Heading,
    Notice,
    Paragraph,
    Row,
    Table,
    Words,
    anchor,
    words,
)
from resurvey.report.evidence import transitivity
from resurvey.report.figure import figures_of
from resurvey.report.groups import patients_tables
from resurvey.report.inputs import Entry, Record, Results, rows, split
from resurvey.report.words import as_float, count, interval, is_number, level, number, p_value, percent, ratio, sentence

KINDS = {
    "patients": "rebuilt patients, group against group",
    "bucher": "indirect, through a common comparator",
    "pool": "pooled printed ratios",
    "network": "network of printed ratios",
    "rates": "printed response counts",
    "ratios": "printed medians and ratios",
}
KIND_CITES = {
    "patients": ("cox1972", "efron1977", "rubin1987"),
    "bucher": ("bucher1997",),
    "pool": ("dersimonian1986", "hartung2001"),
    "network": ("rucker2012",),
    "rates": ("clopper1934", "newcombe1998"),
    "ratios": ("michiels2005",),
}
RATIOS = ("HR", "median ratio", "ratio")


@dataclass(frozen=True)
class Main:
    """The estimate a comparison is known by, in words for a table."""

    question: str
    kind: str
    evidence: str
    said: str
    excludes: bool | None
    claims: tuple[str, ...]
    comparison: str
    e_value: str = ""


def estimates_of(results: Results, name: str) -> list[Record]:
    """Rows of one comparison."""
    table = results.comparisons
    return rows(table[table["comparison_id"] == name]) if "comparison_id" in table else []


def claims_of(results: Results, entry: Entry) -> tuple[str, ...]:
    """Printed numbers that a comparison rests on, as its rows name them or as its groups were rebuilt from."""
    found: list[str] = []
    for line in estimates_of(results, entry["id"]):
        found += split(line.get("claim_ids", ""))
    for side in ("treatment", "comparator"):
        if isinstance(entry.get(side), dict):
            found += results.arm_claims(entry[side])
    found += list(entry.get("printed", []))
    return tuple(dict.fromkeys(found))


def refusal(lines: Sequence[Record]) -> str:
    """Why a comparison was not made; empty where it was."""
    if not lines:
        return "the run holds no result of it"
    reasons = [str(line["note"]) for line in lines if line.get("status") == "refused"]
    return reasons[0] if len(reasons) == len(lines) else ""


def main_rows(lines: Sequence[Record], kind: str) -> list[Record]:
    """The rows a comparison is known by."""
    wanted = {
        "patients": lambda r: r["measure"] == "HR" and str(r["method"]).startswith("Cox (Efron)"),
        "bucher": lambda r: True,
        "pool": lambda r: str(r["method"]).startswith("random"),
        "network": lambda r: "random" in str(r["method"]),
        "rates": lambda r: "difference" in str(r["measure"]),
        "ratios": lambda r: r["measure"] == "median ratio",
    }[kind]
    made = [line for line in lines if line.get("status") != "refused" and wanted(line)]
    adjusted = [line for line in made if "unadjusted" not in str(line["method"])]
    return made if kind != "patients" else [*[r for r in made if r not in adjusted], *adjusted]


def main_estimate(results: Results, entry: Entry) -> Main:
    """The estimate of one entry as the page of findings shows it."""
    lines, kind = estimates_of(results, entry["id"]), entry["kind"]
    chosen = main_rows(lines, kind) if lines else []
    reason = refusal(lines)
    evidence = next((str(line["evidence"]) for line in lines), "none")
    claims = claims_of(results, entry)
    base = {"question": entry["question"], "kind": kind, "evidence": evidence, "claims": claims}
    if reason or not chosen:
        said = f"not made: {reason}" if reason else "no main estimate"
        return Main(**base, said=said, excludes=None, comparison=entry["id"])
    if kind == "network":
        said, excludes = _network_said(results, chosen, entry), None
    elif kind == "ratios":
        longer = sum(as_float(line["estimate"]) > 1 for line in chosen)
        said, excludes = f"{longer} of {count(len(chosen), 'ratio')} of medians above 1", None
    else:
        said, excludes = _estimate(chosen[0]), _excludes(chosen[0])
    return Main(**base, said=said, excludes=excludes, comparison=entry["id"], e_value=_e_value(results, entry))


def within_one_study(results: Results, entry: Entry) -> bool:
    """Whether both groups are of one study."""
    sides = [entry.get(name) for name in ("treatment", "comparator")]
    groups = [side["study"] for side in sides if isinstance(side, dict)]
    return len(groups) == 2 and groups[0] == groups[1]


def beside_printed(results: Results) -> tuple[int, int]:
    """Comparisons whose rebuilt interval holds the ratio that is printed of the same two groups, and all such."""
    agreeing = found = 0
    for entry in results.choices.comparisons:
        lines = estimates_of(results, entry["id"])
        printed = [r for r in lines if str(r["method"]).endswith("as printed") and r["measure"] == "HR"]
        main = main_rows(lines, "patients") if entry["kind"] == "patients" else []
        if printed and main and is_number(main[0]["lower"]):
            found += 1
            agreeing += as_float(main[0]["lower"]) <= as_float(printed[0]["estimate"]) <= as_float(main[0]["upper"])
    return agreeing, found


def _estimate(line: Record) -> str:
    kind = "ratio" if line["measure"] in RATIOS else "percent"
    show = ratio if kind == "ratio" else percent
    ends = interval(line["lower"], line["upper"], kind)
    name = {"HR": "HR"}.get(str(line["measure"]), str(line["measure"]))
    return f"{name} {show(line['estimate'])}" + (f" ({level(line['ci_level'])} CI {ends})" if ends else "")


def _excludes(line: Record) -> bool | None:
    low, high = as_float(line["lower"]), as_float(line["upper"])
    null = 1.0 if line["measure"] in RATIOS else 0.0
    return None if low != low or high != high else not low <= null <= high


def _network_said(results: Results, chosen: Sequence[Record], entry: Entry) -> str:
    found = [line for line in chosen if is_number(line["estimate"])]
    clear = sum(bool(_excludes(line)) for line in found)
    against = results.labels.treatment(entry.get("reference", ""))
    return f"{clear} of {len(found)} regimens differ clearly from {against} (random effects)"


def _e_value(results: Results, entry: Entry) -> str:
    table = results.folders.get(entry["id"], {}).get("e_values", pd.DataFrame())
    found = {str(row["of"]): row["e_value"] for row in rows(table)}
    return number(found.get("nearer limit")) if "nearer limit" in found else ""


def comparisons(results: Results) -> Iterator[Block]:
    """The section of comparisons."""
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
            "both to "
            "the treatment and to the outcome to explain a result away; an E-value of 1 means that nothing is needed ",
            Cite(("vanderweele2017",)),
            ". The evidence grade ",
            Badge("summary", "note"),
            " marks every result built on patients rebuilt from printed numbers.",
        )
    )
    yield from figures_of(results, "overview")
    yield from transitivity(results)
    for entry in entries:
        yield from _comparison(results, entry)


def _opening(results: Results) -> str:
    entries = results.choices.comparisons
    across = sum(entry["kind"] == "patients" and not within_one_study(results, entry) for entry in entries)
    inside = sum(within_one_study(results, entry) for entry in entries)
    said = [f"{sentence(count(len(entries), 'comparison'))[:-1]} {'was' if len(entries) == 1 else 'were'} asked for."]
    if across:
        said.append(
            f"{across} of them set rebuilt patients of two studies side by side, who were never randomised against "
            "each "
            "other: they show what the papers imply, not what a trial would find."
        )
    if inside:
        said.append(f"{inside} rebuild a comparison inside one study, mostly as a check on the method.")
    rest = len(entries) - across - inside
    if rest:
        said.append(f"{rest} rest on printed ratios, counts or medians alone.")
    return " ".join(said)


def _comparison(results: Results, entry: Entry) -> Iterator[Block]:
    name, kind = entry["id"], entry["kind"]
    lines = estimates_of(results, name)
    evidence = next((str(line["evidence"]) for line in lines), "none")
    yield Heading(2, entry["question"], anchor("comparison", name))
    tone = "note" if evidence == "summary" else "plain"
    yield Paragraph(
        words(
            "Evidence: ", Badge(evidence, tone), f". How: {KINDS[kind]} ", Cite(KIND_CITES[kind]), ". ", _sides(lines)
        )
    )
    reason = refusal(lines)
    if reason:
        yield Notice(words(f"This comparison was not made: {sentence(reason)}"), tone="warn")
    else:
        yield Paragraph(_reading(results, entry, lines), lead=True)
    claims = claims_of(results, entry)
    yield from figures_of(results, f"comparison-{name}", claims)
    if not reason:
        yield from _tables(results, entry, lines, claims)
    yield Heading(3, "What must hold", anchor("assumptions", name))
    yield Bullets(tuple(words(sentence(text)) for text in entry["assumptions"]))
    yield from _sensitivity(results, entry, claims)


def _sides(lines: Sequence[Record]) -> str:
    for line in lines:
        first, second = str(line.get("treatment", "")), str(line.get("comparator", ""))
        if first and second and is_number(line.get("n_treatment")):
            n, m = number(line["n_treatment"]), number(line["n_comparator"])
            population = "" if line["population"] in ("", "all") else f", {line['population']}"
            return f"First: {first}, {n} patients{population}. Second: {second}, {m} patients."
    return ""


def _reading(results: Results, entry: Entry, lines: Sequence[Record]) -> Words:
    """The main estimate in plain words."""
    chosen = main_rows(lines, entry["kind"])
    if not chosen:
        return words("No main estimate could be made.")
    if entry["kind"] in ("network", "ratios"):
        return words(f"{main_estimate(results, entry).said[0].upper()}{main_estimate(results, entry).said[1:]}.")
    line = chosen[0]
    parts = [f"{_estimate(line)}. {_plainly(line)}"]
    if entry["kind"] == "patients":
        parts.append(_not_proportional(lines))
    return words(" ".join(part for part in parts if part))


def _plainly(line: Record) -> str:
    excludes = _excludes(line)
    value = as_float(line["estimate"])
    null = 1.0 if line["measure"] in RATIOS else 0.0
    if excludes is None:
        return "No interval could be given."
    if not excludes:
        what = "no difference" if null else "equal proportions"
        return f"The interval includes {what}: the data do not tell which is better."
    if line["measure"] == "HR":
        side = "fewer" if value < 1 else "more"
        return f"The interval excludes 1: {side} events in the first group, as far as the groups may be compared."
    return "The interval excludes no difference, as far as the groups may be compared."


def _not_proportional(lines: Sequence[Record]) -> str:
    for line in lines:
        if str(line["method"]).startswith("proportional hazards") and as_float(line["p"]) < 0.05:
            return (
                f"The ratio changes over time (p {p_value(line['p'])}): one hazard ratio is a poor summary, and the "
                "difference in restricted mean time below says more."
            )
    return ""


COLUMNS = (
    Column("Estimate", weight=2.2),
    Column("Value", "number", 1.0),
    Column("Interval", "number", 1.6),
    Column("p", "number", 0.8),
    Column("Method", weight=2.2),
)


def _tables(results: Results, entry: Entry, lines: Sequence[Record], claims: tuple[str, ...]) -> Iterator[Table]:
    kind = entry["kind"]
    if kind == "network":
        yield from _network_tables(results, entry, lines, claims)
        return
    shown = [line for line in lines if is_number(line["estimate"]) or is_number(line["p"])]
    if kind == "patients":
        yield from patients_tables(results, entry, shown, claims)
        return
    notes = list(dict.fromkeys(str(line["note"]) for line in shown if line.get("note")))
    yield Table(
        anchor=anchor("tab", entry["id"]),
        title=f"{entry['question']}: estimates",
        columns=COLUMNS,
        rows=tuple(Row((*_estimate_cells(results, line),)) for line in shown),
        note=words(
            f"Intervals at {level(shown[0]['ci_level'])} where not said otherwise. " if shown else "",
            *(sentence(note) + " " for note in notes[:3]),
            "Source: ",
            f"results/comparisons/{entry['id']}/estimates.csv.",
        ),
        claims=claims,
    )
    yield from _pool_tables(results, entry, claims)


MEASURES = {
    "HR": "hazard ratio",
    "z": "test statistic z",
    "p": "p value",
    "greatest |z|": "greatest test statistic",
    "median ratio": "ratio of medians",
}


def _estimate_cells(results: Results, line: Record) -> tuple[Words, ...]:
    measure = str(line["measure"])
    method = str(line["method"])
    shares = "proportion" in measure
    kind = "percent" if shares else "ratio" if measure in RATIOS or measure.startswith("ratio") else ""
    show = {"percent": lambda cell: percent(cell, 1), "ratio": ratio}.get(kind, number)
    name = MEASURES.get(measure, measure)
    if entry_pair := _pair(results, line):
        name = f"{entry_pair}: {name}"
    value = show(line["estimate"]) if is_number(line["estimate"]) else ""
    return (
        words(name),
        words(value),
        words(interval(line["lower"], line["upper"], kind)),
        words(p_value(line["p"])),
        words(method),
    )


def _pair(results: Results, line: Record) -> str:
    """Names the row where a comparison has many pairs."""
    if line["kind"] == "ratios":
        return str(line.get("population") or line.get("note") or line.get("treatment") or "")
    if line["kind"] == "rates" and "difference" not in str(line["measure"]):
        return str(line.get("treatment") or "")
    return ""


def _network_tables(
    results: Results, entry: Entry, lines: Sequence[Record], claims: tuple[str, ...]
) -> Iterator[Table]:
    label = results.labels.treatment
    names = list(dict.fromkeys(str(line["treatment"]) for line in lines))
    place = {(str(line["treatment"]), "random" in str(line["method"])): line for line in lines}
    scores = {
        (str(row["treatment"]), row["model"] == "random"): row["p_score"]
        for row in rows(results.folders.get(entry["id"], {}).get("ranking", pd.DataFrame()))
    }
    made = []
    for name in sorted(names, key=lambda n: as_float(place.get((n, True), {}).get("estimate", "nan"))):
        cells: list[Words] = [words(label(name))]
        for random in (True, False):
            line = place.get((name, random))
            cells.append(
                words(f"{ratio(line['estimate'])} ({interval(line['lower'], line['upper'], 'ratio')})" if line else "")
            )
        cells.append(words(number(scores[(name, True)]) if (name, True) in scores else ""))
        made.append(Row(tuple(cells)))
    against = label(entry.get("reference", ""))
    total = next((row for row in rows(results.folders.get(entry["id"], {}).get("q", pd.DataFrame()))), None)
    spread = (
        f"Disagreement of the studies: Q {number(total['q'])} on {number(total['df'])} degrees of freedom, "
        f"p {p_value(total['p'])}. "
        if total
        else ""
    )
    yield Table(
        anchor=anchor("tab", entry["id"]),
        title=f"{entry['question']}: hazard ratios against {against}",
        columns=(
            Column("Regimen", weight=2),
            Column("Random effects", "number", 1.6),
            Column("Common effect", "number", 1.6),
            Column("P-score", "number", 0.7),
        ),
        rows=tuple(made),
        note=words(
            f"Hazard ratio (95{NBSP}% confidence interval) against {against}; below 1 fewer events. {spread}The "
            "P-score is "
            "the mean certainty that a regimen is better than another; it says nothing about how much better. Random "
            "effects are the ones to read where studies disagree. ",
            f"Source: results/comparisons/{entry['id']}/estimates.csv.",
        ),
        claims=claims,
    )
    yield from _league(results, entry, claims)


def _league(results: Results, entry: Entry, claims: tuple[str, ...]) -> Iterator[Table]:
    league = results.folders.get(entry["id"], {}).get("league_random", pd.DataFrame())
    if league.empty:
        return
    label = results.labels.treatment
    names = [str(name) for name in league.columns[1:]]
    made = []
    for row in rows(league):
        own = str(row[str(league.columns[0])])
        cells = [words(label(own)), *(words("—" if name == own else str(row[name])) for name in names)]
        made.append(Row(tuple(cells)))
    yield Table(
        anchor=anchor("tab", entry["id"], "league"),
        title=f"{entry['question']}: every pair (league table)",
        columns=(Column("Row against column", weight=1.4), *(Column(label(name), "number") for name in names)),
        rows=tuple(made),
        note=words(f"Hazard ratios (95{NBSP}% confidence interval), random effects, row against column; below 1 the row"
            " "
                   f"has fewer events. Source: results/comparisons/{entry['id']}/league_random.csv."),
        claims=claims,
        wide=True,
    )  # fmt: skip


def _pool_tables(results: Results, entry: Entry, claims: tuple[str, ...]) -> Iterator[Table]:
    folder = results.folders.get(entry["id"], {})
    studies = folder.get("studies", pd.DataFrame())
    if studies.empty:
        return
    left = {
        str(row["left_out"]): row
        for row in rows(folder.get("leave_one_out", pd.DataFrame()))
        if str(row.get("group", "all")) == "all"
    }
    made = []
    from math import exp

    for row in rows(studies):
        if str(row.get("group", "all")) not in ("all", ""):
            continue
        without = left.get(str(row["study"]))
        made.append(
            Row(
                (
                    words(results.labels.study(row["study"])),
                    words(ratio(exp(as_float(row["estimate"])))),
                    words(interval(exp(as_float(row["lower"])), exp(as_float(row["upper"])), "ratio")),
                    words(percent(row.get("weight_random"))),
                    words(ratio(exp(as_float(without["estimate"]))) if without else ""),
                )
            )
        )
    yield Table(
        anchor=anchor("tab", entry["id"], "studies"),
        title=f"{entry['question']}: the studies pooled, and the pool without each",
        columns=(
            Column("Study", weight=1.6),
            Column("HR", "number"),
            Column(f"95{NBSP}% interval", "number", 1.6),
            Column("Weight", "number"),
            Column("Pool without it", "number"),
        ),
        rows=tuple(made),
        note=words(f"Weights of the random-effects model. Source: results/comparisons/{entry['id']}/studies.csv, "
                   "leave_one_out.csv."),
        claims=claims,
    )  # fmt: skip


def _sensitivity(results: Results, entry: Entry, claims: tuple[str, ...]) -> Iterator[Block]:
    folder = results.folders.get(entry["id"], {})
    values = rows(folder.get("e_values", pd.DataFrame()))
    needed = rows(folder.get("bias_needed", pd.DataFrame()))
    if not values and not needed:
        return
    yield Heading(3, "What would overturn it", anchor("sensitivity", entry["id"]))
    items: list[Words] = []
    for row in values:
        items.append(
            words(f"E-value of the {row['of']}: {number(row['e_value'])} "
                  f"(hazard ratio {ratio(row['ratio'])}, as a risk "
                  f"ratio {ratio(row['risk_ratio'])}).")
        )  # fmt: skip
    for row in needed:
        items.append(_bias_words(row))
    yield Bullets(tuple(items))
    if claims:
        yield Paragraph(words("Printed numbers behind all of this: ", Claims(claims, count(len(claims), "row")), "."))


def _bias_words(row: Record) -> Words:
    question = {
        "change the conclusion": "change whether the interval excludes 1",
        "cross 1": "bring the estimate to 1",
        "reverse the conclusion": "make the interval exclude 1 on the other side",
    }.get(str(row["question"]), str(row["question"]))
    if str(row["already"]).lower() == "true":
        return words(f"No bias is needed to {question}: it is so already." if "cross" in str(row["question"]) else
                     f"The interval includes 1 as it stands; no bias is needed to {question}.")  # fmt: skip
    return words(
        f"To {question}, bias alone would have to make a hazard ratio of {ratio(row['ratio_bias'])} out of no "
        "difference."
    )
