"""Citations against the cited document and its numbers; start of follow-up between places; means against medians."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from resurvey.audit.agreement import agree
from resurvey.audit.context import Context, grouped
from resurvey.audit.contrasts import claims_of
from resurvey.audit.quantities import p_quantities, quantities
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONFLICT, IMPOSSIBLE, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger


@register("cited-study", "the study a sentence is about is one that the document it cites reports")
def check_study(context: Context) -> pd.DataFrame:
    """Statements of kind `cites`: the study of the sentence against the studies of the cited document."""
    ledger = Ledger("cited-study")
    reported = _studies_of(context)
    for record, cited in _citations(context):
        studies = reported.get(cited, set())
        if not studies or record["study_id"] in ("", "field"):
            continue
        right = record["study_id"] in studies
        words = f"{record['study_id']} is cited to {cited}"
        words += ", which reports it" if right else f", which reports {', '.join(sorted(studies))}"
        _note(ledger, record, [record["claim_id"]], words, "" if right else MAJOR, record["study_id"], cited)
    return ledger.frame()


def _citations(context: Context) -> Iterator[tuple[dict, str]]:
    """Statements of kind `cites` with the key of the document cited (`value`), where it is one of `sources`."""
    known = set(context["sources"]["source_id"])
    for record in context.records("statements"):
        if record["kind"] == "cites" and record["value_text"] in known:
            yield record, record["value_text"]


def _studies_of(context: Context) -> dict[str, set[str]]:
    """Studies that each document reports: those it is the source of, and those whose sizes or results it prints."""
    studies = context["studies"]
    found: dict[str, set[str]] = {}
    for study, source in zip(studies["study_id"], studies["source_id"], strict=True):
        found.setdefault(source, set()).add(study)
    frame = quantities(context)
    for source, study in zip(frame["source_id"], frame["study_id"], strict=True):
        found.setdefault(source, set()).add(study)
    return found


def _note(
    ledger: Ledger, record: dict, claims: list[str], words: str, severity: str, reported: str, recomputed: str
) -> None:
    ledger.judge(
        record,
        claims,
        reported=reported,
        recomputed=recomputed,
        verdict=CONFLICT if severity else REPRODUCED,
        severity=severity or NONE,
        explanation=words,
    )


@register("cited-value", "a number is printed in the document it is cited to, not only in another one")
def check_value(context: Context) -> pd.DataFrame:
    """The numbers of a citation (`claims`) against the same quantities in the cited document and in other documents."""
    ledger = Ledger("cited-value")
    printed = pd.concat([quantities(context), p_quantities(context)], ignore_index=True)
    by_claim = grouped(printed, ["claim_id"])
    by_quantity = grouped(printed, ["study_id", "key"])
    cuts = _cuts(context)
    for record, cited in _citations(context):
        for claim in claims_of(record["claims"]):
            for own in by_claim.get((claim,), [])[:1]:
                same = [row for row in by_quantity[own["study_id"], own["key"]] if row["claim_id"] != claim]
                _judge_value(ledger, record, cited, own, same, cuts.get((cited, own["study_id"]), set()))
            found = context.claim(claim)
            if found and found[0] == "differences" and found[1]["value_op"] == "=":
                own, same = _difference(found[1]), _differences(context, found[1])
                _judge_value(ledger, record, cited, own, same, cuts.get((cited, own["study_id"]), set()))
    return ledger.frame()


def _cuts(context: Context) -> dict[tuple[str, str], set[str]]:
    """Data cuts for which each document prints medians, ratios and rates of a study."""
    found: dict[tuple[str, str], set[str]] = {}
    for table in ("medians", "hazard_ratios", "survival_rates"):
        for row in context.records(table):
            if row["data_cut"]:
                found.setdefault((row["source_id"], row["study_id"]), set()).add(row["data_cut"])
    return found


def _difference(row: dict) -> dict:
    """A stated difference as a quantity, in months where it has a unit of time."""
    column = "value_months" if row["value_months"] == row["value_months"] else "value"
    made = {"low": row[f"{column}_min"], "high": row[f"{column}_max"], "text": row["value_text"], "table": "median"}
    kept = {name: row[name] for name in ("claim_id", "source_id", "study_id")} | {"cut": row["data_cut"]}
    return kept | made | {"what": f"difference in {row['endpoint']}"}


def _differences(context: Context, own: dict) -> list[dict]:
    """The same difference as stated in other documents, or computed from their two medians."""
    rows = [
        _difference(row)
        for row in context.records("differences")
        if row["value_op"] == "="
        and all(row[name] == own[name] for name in ("study_id", "endpoint", "population"))
        and row["source_id"] != own["source_id"]
    ]
    medians = [
        row
        for row in context.records("medians")
        if row["value_op"] == "="
        and all(row[name] == own[name] for name in ("study_id", "endpoint", "population"))
        and row["source_id"] != own["source_id"]
    ]
    for pair in grouped(pd.DataFrame(medians), ["source_id", "data_cut"]).values() if medians else []:
        if len({row["arm_id"] for row in pair}) == len(pair) == 2:
            rows.append(_gap(*sorted(pair, key=lambda row: -row["value_months"])))
    return rows


def _gap(longer: dict, shorter: dict) -> dict:
    ends = {
        "low": longer["value_months_min"] - shorter["value_months_max"],
        "high": longer["value_months_max"] - shorter["value_months_min"],
    }
    kept = {name: longer[name] for name in ("claim_id", "source_id", "study_id")} | {"cut": longer["data_cut"]}
    text = f"{longer['value_text']} and {shorter['value_text']}"
    return kept | ends | {"text": text, "table": "median", "what": f"difference in {longer['endpoint']}"}


def _judge_value(ledger: Ledger, record: dict, cited: str, own: dict, same: list[dict], cuts: set[str]) -> None:
    there = [row for row in same if row["source_id"] == cited]
    agreeing = [row for row in same if _agrees(own, row) and row["source_id"] != record["source_id"]]
    if not there and not _of_another_analysis(agreeing, cuts):
        return
    claims = [record["claim_id"], own["claim_id"]]
    words = f"{own['what']}: {own['text']} is cited to {cited}"
    right = [row for row in there if _agrees(own, row)]
    if right:
        _note(ledger, record, [*claims, right[0]["claim_id"]], words + ", which prints it", "", own["text"], cited)
        return
    others = sorted({row["source_id"] for row in agreeing})
    if there:
        words += f", which prints {there[0]['text']}" + (
            f"; {', '.join(others)} prints {own['text']}" if others else ""
        )
        _note(ledger, record, [*claims, there[0]["claim_id"]], words, MAJOR, own["text"], there[0]["text"])
    else:
        ledger.judge(
            record,
            claims,
            reported=own["text"],
            recomputed=", ".join(others),
            verdict=UNCHECKABLE,
            severity=MINOR,
            explanation=f"{words}, of which no such number was extracted; {', '.join(others)} prints it",
        )


def _of_another_analysis(agreeing: list[dict], cuts: set[str]) -> bool:
    """Whether a number is printed only in documents of analyses other than the cited one."""
    return bool(agreeing and cuts and not any(row["cut"] in ("", *cuts) for row in agreeing))


def _agrees(first: dict, second: dict) -> bool:
    return agree(first["low"], first["high"], second["low"], second["high"]) != CONFLICT


@register("cited-year", "a cited document is not later than the one that cites it")
def check_year(context: Context) -> pd.DataFrame:
    """The years of the citing and the cited document; a document in press may be cited a year ahead."""
    ledger = Ledger("cited-year")
    year = dict(zip(context["sources"]["source_id"], context["sources"]["year"], strict=True))
    for record, cited in _citations(context):
        own, other = (str(year.get(name, ""))[:4] for name in (record["source_id"], cited))
        if not (own.isdigit() and other.isdigit()) or int(other) <= int(own) + 1:
            continue
        ledger.judge(
            record,
            reported=own,
            recomputed=other,
            verdict=IMPOSSIBLE,
            severity=MINOR,
            explanation=f"{record['source_id']} is of {own} and cites {cited} of {other}",
        )
    return ledger.frame()


@register("clock-start", "one start of the clock for one endpoint of a study in one document")
def check_clock(context: Context) -> pd.DataFrame:
    """Statements of kind `clock` (`value`: the time origin) must be the same for one endpoint in all places."""
    ledger = Ledger("clock-start")
    said = context["statements"].query("kind == 'clock'")
    for group in grouped(said, ["source_id", "study_id", "endpoint", "population"]).values():
        first, *others = sorted(group, key=lambda row: row["claim_id"])
        for other in others:
            starts = [row["value_text"].strip().lower() for row in (first, other)]
            words = f"{first['endpoint']} is counted from {starts[0]} ({first['locator']})"
            words += f" and from {starts[1]} ({other['locator']})"
            claims = [first["claim_id"], other["claim_id"]]
            _note(ledger, other, claims, words, "" if starts[0] == starts[1] else MAJOR, starts[1], starts[0])
    return ledger.frame()


@register(
    "mean-as-median", "a number printed as a median is not the mean or restricted mean printed of the same patients"
)
def check_mean(context: Context) -> pd.DataFrame:
    """A mean called a median: the number equals the printed mean, but the median of the same patients differs."""
    ledger = Ledger("mean-as-median")
    means = _means(context)
    medians = grouped(context["medians"], ["study_id", "arm_id", "population", "endpoint"])
    for place, rows in medians.items():
        for mean in means.get(place[:3], []) if len(rows) > 1 else []:
            if place[3] and place[3] in mean["subject"]:
                _judge_mean(ledger, mean, rows)
    return ledger.frame()


def _means(context: Context) -> dict[tuple[str, str, str], list[dict]]:
    """Means of each group from `follow_up` and `measurements`, in months, with the quantity they describe."""
    found: dict[tuple[str, str, str], list[dict]] = {}
    for row in context.records("follow_up"):
        if row["statistic"] == "mean" and row["value_months"] == row["value_months"]:
            ends = row["value_months_min"], row["value_months_max"]
            _keep(found, row, _words(row["item"]), ends)
    for row in context.records("measurements"):
        if row["kind"] == "mean" and row["value_op"] == "=" and row["unit"].startswith("month"):
            _keep(found, row, {row["endpoint"], *_words(row["item"])}, (row["value_min"], row["value_max"]))
    return found


def _words(text: str) -> set[str]:
    """Words of a text, as printed."""
    return {word.strip(",;:()") for word in text.split()}


def _keep(found: dict, row: dict, subject: set[str], ends: tuple[float, float]) -> None:
    place = row["study_id"], row["arm_id"], row["population"]
    found.setdefault(place, []).append(row | {"subject": subject, "low": ends[0], "high": ends[1]})


def _judge_mean(ledger: Ledger, mean: dict, rows: list[dict]) -> None:
    timed = [row for row in rows if row["value_op"] == "=" and row["value_months"] == row["value_months"]]
    ends = {
        row["claim_id"]: agree(mean["low"], mean["high"], row["value_months_min"], row["value_months_max"])
        for row in timed
    }
    same = [row for row in timed if ends[row["claim_id"]] == REPRODUCED]
    others = [row for row in timed if ends[row["claim_id"]] == CONFLICT]
    if not others:
        return
    for row in same:
        words = f"{row['value_text']} is called a median; {mean['source_id']} prints it as {mean['item']} "
        words += f"({mean['locator']}), and {others[0]['source_id']} a median of {others[0]['value_text']}"
        ledger.judge(
            row,
            [row["claim_id"], mean["claim_id"], others[0]["claim_id"]],
            named=[row["claim_id"], mean["claim_id"]],
            reported=f"median {row['value_text']}",
            recomputed=f"mean {mean['value_text']}, median {others[0]['value_text']}",
            verdict=CONFLICT,
            severity=MAJOR,
            explanation=words,
        )
