"""The reconstruction section: each reconstructed group, how well it fits what is printed, and its band."""

from __future__ import annotations

from collections.abc import Iterator

from resurvey.report.document import (
    Badge,
    Block,
    Cite,
    Claims,
    Details,
    Heading,
    Notice,
    Paragraph,
    Ref,
    Row,
    Table,
    Words,
    columns,
    words,
)
from resurvey.report.drawings import figure, group_rows
from resurvey.report.inputs import Record, Results, claims_of_rows, rows, split
from resurvey.report.print_and_curve import beside_curves
from resurvey.report.words import as_fine, count, is_number, number, percent, sentence, thousands
from resurvey.results import count_held

FIT = "-fit-"


def held(results: Results) -> tuple[int, int, int]:
    """Numbers of applicable printed facts, of facts reproduced, and of groups; a fact of two groups counts once."""
    kept, facts = count_held(results.facts) if len(results.facts) else (0, 0)
    return facts, kept, sum(row["status"] == "rebuilt" for row in rows(results.accuracy))


def reconstruction(results: Results) -> Iterator[Block]:
    """The reconstruction section."""
    yield Heading(1, "The reconstruction", "reconstruction")
    facts, kept, groups = held(results)
    if not groups:
        yield Paragraph(words("No group of patients was reconstructed."))
        return
    whole = kept == facts
    yield Paragraph(
        words(
            f"{count(groups, 'group')} {'was' if groups == 1 else 'were'} reconstructed from what is printed. "
            + (f"All {thousands(facts)} printed facts hold in them." if whole else
               f"{thousands(kept)} of {thousands(facts)} printed facts hold in them ({percent(kept / facts, 1)}).")
        ),
        lead=True,
    )  # fmt: skip
    yield Paragraph(
        words(
            f"From numbers alone many sets of patients are possible. So each group was reconstructed "
            f"{thousands(results.choices.replicates)} times, every time with other patients that satisfy what is "
            "printed: "
            "number of patients and events, median with its interval, survival at printed times, numbers at risk. "
            "A line is the middle of these, a band the middle 90 % of them. Where a digitised curve exists, it is "
            "inverted instead ",
            Cite(("guyot2012",)),
            ". Evidence ",
            Badge("curve", "good"),
            " means reconstructed from coordinates of a curve; ",
            Badge("summary", "note"),
            " from printed numbers only.",
        )
    )
    yield _arms(results)
    yield from beside_curves(results, results.choices.templates)
    yield from _broken(results)
    yield from _refused(results)
    yield from _not_used(results)
    studies = dict.fromkeys(str(row["study_id"]) for row in rows(results.accuracy))
    for study in studies:
        yield from _figures(results, study)


def _arms(results: Results) -> Table:
    rebuilt = [row for row in rows(results.accuracy) if row["status"] == "rebuilt"]
    return Table(
        anchor="tab-accuracy",
        title="Every reconstructed group and how well it fits what is printed",
        columns=columns(
            "Study | Group:1.8 | Endpoint:1.5 | Patients:0.7:number | Events:0.9:number"
            " | Printed median:0.8:number | Rebuilt median (90 % of replicates):1.5:number"
            " | Facts that hold:0.8:number | Evidence:0.8 | Read in"
        ),
        rows=tuple(_arm(results, row) for row in rebuilt),
        note=words("Medians in months. Events: mean over replicates, and their range where it is not printed. "
                   "Source: results/reconstruction/accuracy.csv."),
        wide=True,
        claims=claims_of_rows(rebuilt),
    )  # fmt: skip


def _arm(results: Results, row: Record) -> Row:
    ids = split(row["claim_ids"])
    low, high = row["events_min"], row["events_max"]
    events = number(row["events_mean"]) + (f" ({number(low)} to {number(high)})" if low != high else "")
    median = number(row["median_rebuilt"])
    if number(row["median_low"]) != number(row["median_high"]):
        median += f" ({number(row['median_low'])} to {number(row['median_high'])})"
    read_in = words(Claims(ids, count(len(ids), "row")) if ids else "")
    return Row.of(*group_cells(results, row, events, median), read_in)


def group_cells(results: Results, row: Record, events: str, median: str) -> tuple[Words, ...]:
    """Cells for a reconstructed group: study, group, endpoint, n, events, both medians, facts, evidence."""
    return (
        *map(words, _who(results, row)),
        words(number(row["n"])),
        words(events),
        words(str(row["median_text"])),
        words(median),
        words(f"{number(row['facts_binding_held'])} of {number(row['facts_binding'])}"),
        words(_evidence(row)),
    )


def _who(results: Results, row: Record) -> tuple[str, str, str]:
    """Study, arm with the subgroup if it is one, and endpoint with its data cut."""
    endpoint = ", ".join(filter(None, (results.labels.endpoint(row["endpoint"]), row["data_cut"])))
    group = results.labels.group(row["study_id"], row["arm_id"], row["population"])
    return results.labels.study(row["study_id"]), group, endpoint


def _evidence(row: Record) -> Badge:
    return Badge(str(row["evidence"]), "good" if row["evidence"] == "curve" else "note")


FACTS = {"lower": "median, lower limit", "upper": "median, upper limit", "n": "patients"}


def _broken(results: Results) -> Iterator[Block]:
    """Printed facts that could not be reproduced together with the others; a fact of two groups is listed once."""
    lines = [row for row in rows(results.facts) if str(row["holds"]).lower() == "false"]
    if not lines:
        return
    shared = ("study_id", "endpoint", "data_cut", "fact", "printed", "rebuilt", "note")
    groups: dict[tuple[object, ...], list[Record]] = {}
    for row in lines:
        groups.setdefault(tuple(row[name] for name in shared), []).append(row)
    table = Table(
        anchor="tab-broken",
        title="Printed facts that the reconstructed groups do not keep",
        columns=columns(
            "Study:1.1 | Group:2.2 | Endpoint:1.6 | Fact:1.3 | Printed:0.8:number | Rebuilt:0.8:number | Note:1.8"
        ),
        rows=tuple(_fact(results, found) for found in groups.values()),
        note=words(
            "A fact may fail because it contradicts another printed one. A fact that two groups share, such as their "
            "hazard ratio, is one row here and is counted for both. Source: results/reconstruction/facts.csv."
        ),
        wide=True,
    )
    yield Details(
        f"{sentence(count(len(lines), 'printed fact'))[:-1]} that could not be kept beside the others", (table,)
    )


def _fact(results: Results, found: list[Record]) -> Row:
    row, printed = found[0], str(found[0]["printed"])
    study, _, endpoint = _who(results, row)
    return Row.of(
        study,
        "; ".join(dict.fromkeys(_who(results, one)[1] for one in found)),
        endpoint,
        FACTS.get(str(row["fact"]), str(row["fact"])),
        printed if is_number(printed) else number(printed),
        as_fine(row["rebuilt"], printed),
        str(row["note"]),
    )


def _refused(results: Results) -> Iterator[Block]:
    lines = [row for row in rows(results.accuracy) if row["status"] != "rebuilt"]
    if not lines:
        return
    table = Table(
        anchor="tab-refused",
        title="Groups that were not reconstructed, and why",
        columns=columns("Study | Group:1.8 | Endpoint:1.5 | Why not:3"),
        rows=tuple(Row.of(*_who(results, row), sentence(row["reason"])) for row in lines),
        note=words("Source: results/reconstruction/accuracy.csv."),
    )
    yield Details(
        f"{sentence(count(len(lines), 'group'))[:-1]} that could not be reconstructed, with reasons", (table,)
    )


def _not_used(results: Results) -> Iterator[Block]:
    """Inputs that were requested but could not be used in the reconstruction."""
    lines = [row for row in rows(results.accuracy) if row["status"] == "rebuilt" and row.get("not_used")]
    if not lines:
        return
    yield Notice(
        words(
            f"{sentence(count(len(lines), 'group'))[:-1]} {'was' if len(lines) == 1 else 'were'} reconstructed without "
            "something that was given for it: see ",
            Ref("tab-not-used"),
            ".",
        ),
        tone="warn",
    )
    yield Table(
        anchor="tab-not-used",
        title="What was given and not used, and why",
        columns=columns("Study | Group:1.8 | Endpoint:1.5 | Rebuilt from:0.8 | Not used, and why:3"),
        rows=tuple(Row.of(*_who(results, row), _evidence(row), sentence(row["not_used"])) for row in lines),
        note=words("Source: results/reconstruction/accuracy.csv, column not_used."),
    )


def _figures(results: Results, study: str) -> Iterator[Block]:
    found = group_rows(results, f"study-{study}")
    if not found:
        return
    yield Heading(2, results.labels.study(study), f"study-{study}")
    curves = [row for row in found if FIT not in str(row["figure_id"])]
    fits = [row for row in found if FIT in str(row["figure_id"])]
    own = [row for row in rows(results.accuracy) if row["study_id"] == study]
    whole, parts = (claims_of_rows(row for row in own if (row["population"] == "all") == is_whole)
                    for is_whole in (True, False))  # fmt: skip
    shown = tuple(figure(row, parts if "-subgroups-" in str(row["figure_id"]) else whole, rank=1) for row in curves)
    if shown:
        yield Details(f"Curves of {results.labels.study(study)} ({len(shown)})", shown)
    if fits:
        drawn = tuple(figure(row, (), rank=4 if "-all-" in str(row["figure_id"]) else 5) for row in fits)
        yield Details(f"Each group of {results.labels.study(study)} beside what was printed ({len(fits)})", drawn)
