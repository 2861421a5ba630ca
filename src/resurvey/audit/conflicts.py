"""The same quantity in two places: within a document, and between documents, taking data cuts into account."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from resurvey.audit.agreement import agree, agreement, last_digit
from resurvey.audit.context import Context, grouped, records
from resurvey.audit.decide import decide
from resurvey.audit.quantities import p_quantities, quantities
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONCLUSION,
    CONFLICT,
    MAJOR,
    MINOR,
    NONE,
    OTHER_METHOD,
    REPRODUCED,
    ROUNDING,
    UNCHECKABLE,
    Ledger,
    empty,
    rows,
)

SLACK = 1e-9
SLIP = "; the last digit differs, though both places print the same number of digits"
# Tables whose numbers readers use or pool; a conflict in a size or a count concerns only a digit or a label.
GRAVE = ("median", "rate", "ratio", "lower", "upper", "p")


@register("repeat", "the same quantity printed again in the same document, within the rounding of both")
def check_repeat(context: Context) -> pd.DataFrame:
    """The abstract, text, tables and figures of a document must print the same number for the same quantity."""
    frame = quantities(context)
    frame = frame[frame["table"] != "p"]
    place = ["source_id", "study_id", "key", "cut"]
    frame = frame.sort_values("claim_id", kind="stable")
    order = frame.groupby(place, sort=False).cumcount()
    again = frame[order > 0]
    if again.empty:
        return empty()
    first = frame[order == 0].set_index(place)
    reference = first.loc[pd.MultiIndex.from_frame(again[place])].reset_index()
    again = again.reset_index(drop=True)
    # Two categories of one set, or two models, are different quantities.
    counted = again["table"].isin(["count", "share"])
    both = (again["kind"] != "") & (reference["kind"] != "")
    apart = both & np.where(counted, again["kind"] == reference["kind"], again["kind"] != reference["kind"])
    return _compare_rows(context, "repeat", reference[~apart], again[~apart])


def _compare_rows(context: Context, rule: str, first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    ends = [frame[end].to_numpy(float) for frame in (second, first) for end in ("low", "high")]
    verdict = agreement(*ends)
    slip = (verdict == ROUNDING) & last_digit(*ends)
    grave = np.where(second["table"].isin(GRAVE), MAJOR, MINOR)
    before, after = records(first), records(second)
    words = [_words(a, b) + (SLIP if s else "") for a, b, s in zip(before, after, slip, strict=True)]
    for row in np.flatnonzero(verdict == CONFLICT):
        words[row] += decide(context, before[row], after[row])
    return rows(
        rule,
        source=second["source_id"],
        study=second["study_id"],
        claims=[[a, b] for a, b in zip(first["claim_id"], second["claim_id"], strict=True)],
        named=[_name(a, b) for a, b in zip(before, after, strict=True)],
        reported=[f"{a} and {b}" for a, b in zip(first["text"], second["text"], strict=True)],
        recomputed=[""] * len(second),
        verdict=verdict,
        severity=np.select([verdict == CONFLICT, slip], [grave, MINOR], default=NONE).astype(object),
        explanation=words,
    )


def _name(first: dict, second: dict) -> list[str]:
    """Claims, with the number meant where a row holds several (limits, count and percentage)."""
    extra = {"lower": ["lower"], "upper": ["upper"], "share": ["share"]}.get(second["table"], [])
    return [first["claim_id"], second["claim_id"], *extra]


def _words(first: dict, second: dict) -> str:
    same = first["text"] == second["text"]
    if same:
        return f"{second['what']}: {second['text']} in both places ({first['locator']}; {second['locator']})"
    return f"{second['what']}: {first['text']} ({first['locator']}), {second['text']} ({second['locator']})"


@register("across", "the same quantity in two documents, at the same data cut or at any known one")
def check_across(context: Context) -> pd.DataFrame:
    """A number cited from a study, against the same quantity in other documents."""
    ledger = Ledger("across")
    frame = quantities(context)
    _across(context, ledger, frame[frame["table"] != "p"])
    return ledger.frame()


@register("across-p", "the p of the same comparison in two documents, at the same data cut or at any known one")
def check_across_p(context: Context) -> pd.DataFrame:
    """A p value cited from a study, against the same p value in other documents."""
    ledger = Ledger("across-p")
    _across(context, ledger, p_quantities(context))
    return ledger.frame()


def _across(context: Context, ledger: Ledger, frame: pd.DataFrame) -> None:
    several = frame.groupby(["study_id", "key"], sort=False)["source_id"].transform("nunique") > 1
    shared = frame[several].sort_values("claim_id", kind="stable")
    breadth = _breadth(context)
    for group in grouped(shared, ["study_id", "key"]).values():
        for citing, others in _citing(group, breadth):
            _judge_across(context, ledger, citing, others)


def _breadth(context: Context) -> dict[str, int]:
    """Number of studies each document mentions: those that cite many are checked against those that report one."""
    frame = pd.concat(
        [quantities(context)[["source_id", "study_id"]], p_quantities(context)[["source_id", "study_id"]]]
    )
    return dict(frame.groupby("source_id")["study_id"].nunique())


def _citing(group: list[dict], breadth: dict[str, int]) -> Iterator[tuple[dict, list[dict]]]:
    """Each document's number with those of documents that mention fewer studies (or, if equal, come first by name)."""
    ranks = {row["source_id"]: (breadth.get(row["source_id"], 0), row["source_id"]) for row in group}
    lowest = min(ranks.values())
    distinct = {(row["source_id"], row["cut"], row["low"], row["high"]): row for row in group[::-1]}
    firsts = list(distinct.values())[::-1]
    for record in firsts:
        mine = ranks[record["source_id"]]
        if mine != lowest:
            others = [other for other in firsts if ranks[other["source_id"]] < mine]
            # Values at two named data cuts are different quantities.
            others = [other for other in others if not record["cut"] or other["cut"] in ("", record["cut"])]
            if others:
                yield record, others


def _judge_across(context: Context, ledger: Ledger, citing: dict, others: list[dict]) -> None:
    cuts = {citing["cut"]} if citing["cut"] else inferred_cuts(context, citing)
    same_cut = [other for other in others if other["cut"] and other["cut"] in cuts]
    undated = [other for other in others if not other["cut"]]
    agreeing = [other for other in others if _agrees(citing, other) != CONFLICT]
    verdict, severity, reference, words = _verdict_across(citing, same_cut, undated, agreeing, others)
    if verdict == CONFLICT:
        words += decide(context, reference, citing)
    ledger.judge(
        citing,
        [citing["claim_id"], reference["claim_id"]],
        named=[citing["claim_id"], *_name(citing, citing)[2:]],
        reported=f"{citing['text']}",
        recomputed=", ".join(dict.fromkeys(f"{o['text']} ({o['source_id']})" for o in (same_cut or others)[:4])),
        verdict=verdict,
        severity=severity,
        explanation=f"{citing['what']}: {words}",
    )


def _verdict_across(
    citing: dict, same_cut: list[dict], undated: list[dict], agreeing: list[dict], others: list[dict]
) -> tuple[str, str, dict, str]:
    dated = [other for other in same_cut if _agrees(citing, other) != CONFLICT]
    if dated or (agreeing and not same_cut):
        other = (dated or agreeing)[0]
        cut = f" at {other['cut']}" if other["cut"] else ""
        words = f"{citing['text']}, as {other['text']} in {other['source_id']}{cut}"
        return *_slip(citing, other), other, words + (SLIP if _slip(citing, other)[1] != NONE else "")
    if same_cut:
        other = same_cut[0]
        words = f"{citing['text']}, but {other['text']} in {other['source_id']} at {other['cut']}"
        words += "" if citing["cut"] else ", the cut to which its other numbers belong"
        if _other_kind(citing, other):
            return OTHER_METHOD, NONE, other, words + f" ({other['kind']} there, {citing['kind']} here)"
        return CONFLICT, _gravity(citing, other), other, words
    other = (undated or others)[0]
    words = f"{citing['text']}, {other['text']} in {other['source_id']}"
    words += f" at {other['cut']}" if other["cut"] else ""
    if citing["table"] == "size" and (not other["cut"] or other["cut"] == citing["cut"]):
        return CONFLICT, MINOR, other, words + "; the size of a group at entry does not change with follow-up"
    return UNCHECKABLE, MINOR, other, words + "; another data cut, assessment or population may explain it"


def _slip(first: dict, second: dict) -> tuple[str, str]:
    """Verdict and severity for two printed numbers that agree apart from rounding."""
    verdict = _agrees(first, second)
    ends = (np.array([record[end]]) for record in (first, second) for end in ("low", "high"))
    if verdict != ROUNDING or not last_digit(*ends)[0]:
        return verdict, NONE
    return ROUNDING, CONCLUSION if first["table"] == "p" and _flips(first, second) else MINOR


def _other_kind(first: dict, second: dict) -> bool:
    """Whether two p values, or two ratios, are stated to come from different tests or models."""
    if first["table"] not in ("p", "ratio", "lower", "upper") or not first["kind"] or not second["kind"]:
        return False
    a, b = first["kind"].split(" ", 1), second["kind"].split(" ", 1)
    return a[0] != b[0] or (len(a) == len(b) == 2 and a[1] != b[1])


def _agrees(first: dict, second: dict) -> str:
    return agree(first["low"], first["high"], second["low"], second["high"])


def _gravity(first: dict, second: dict) -> str:
    if first["table"] == "p":
        return CONCLUSION if _flips(first, second) else MINOR
    return MAJOR if first["table"] in GRAVE else MINOR


def _flips(first: dict, second: dict) -> bool:
    """Whether two p values lie on different sides of 0.05."""
    return bool(
        (first["high"] <= 0.05 and second["low"] > 0.05 - SLACK and second["high"] > 0.05)
        or (second["high"] <= 0.05 and first["low"] > 0.05 - SLACK and first["high"] > 0.05)
    )


def inferred_cuts(context: Context, citing: dict) -> set[str]:
    """Data cuts whose medians, ratios and p values match those that a document prints for a study and endpoint.

    A document that names no data cut but prints the medians of one has cited that cut; its p value must match it too.
    """
    cache = context.__dict__.setdefault("_inferred", {})
    endpoint = _endpoint(citing["key"])
    place = (citing["source_id"], citing["study_id"], endpoint, citing["claim_id"])
    if place not in cache:
        cache[place] = _infer(_by_study(context), citing, endpoint)
    return cache[place]


def _endpoint(key: str) -> str:
    """Endpoint of a quantity: the last part of the key of a p value."""
    parts = key.split("|")
    return parts[3] if parts[0] == "median" else parts[5] if parts[0] in ("ratio", "lower", "upper") else parts[-1]


def _by_study(context: Context) -> dict[str, list[dict]]:
    """Medians, ratios and p values of each study, as records."""
    if "_by_study" not in context.__dict__:
        frame = quantities(context)
        frame = pd.concat([frame[frame["table"].isin(["median", "ratio"])], p_quantities(context)])
        made: dict[str, list[dict]] = {}
        for record in records(frame):
            made.setdefault(record["study_id"], []).append(record)
        context.__dict__["_by_study"] = made
    return context.__dict__["_by_study"]


def _infer(frame: dict[str, list[dict]], citing: dict, endpoint: str) -> set[str]:
    found: dict[str, list[bool]] = {}
    study = [record for record in frame.get(citing["study_id"], []) if _endpoint(record["key"]) == endpoint]
    for record in study:
        # Another printed instance of the number in question carries no information about the data cut.
        mine = record["source_id"] == citing["source_id"] and record["key"] != citing["key"]
        for other in study if mine and not record["cut"] else []:
            if other["cut"] and other["key"] == record["key"]:
                found.setdefault(other["cut"], []).append(_agrees(record, other) != CONFLICT)
    return {cut for cut, agreements in found.items() if all(agreements) and len(agreements) > 1}


@register("unnamed-endpoint", "a ratio without an endpoint must agree with one whole row of the same comparison")
def check_unnamed(context: Context) -> pd.DataFrame:
    """A ratio without a stated endpoint, against the rows of the same document that state theirs."""
    ledger = Ledger("unnamed-endpoint")
    frame = context["hazard_ratios"]
    for record in records(frame[frame["endpoint"] == ""]):
        same = frame[(frame["endpoint"] != "") & (frame["value_op"] == "=")]
        for column in ("source_id", "study_id", "arm_id", "population", "comparator_arm_id", "measure"):
            same = same[same[column] == record[column]]
        if len(same):
            _judge_unnamed(ledger, record, records(same))
    return ledger.frame()


def _judge_unnamed(ledger: Ledger, record: dict, named: list[dict]) -> None:
    columns = ("value", "lower", "upper")

    def shared(other: dict) -> list[str]:
        return [c for c in columns if record[f"{c}_text"] and record[f"{c}_text"] == other[f"{c}_text"]]

    whole = [other for other in named if len(shared(other)) == sum(bool(record[f"{c}_text"]) for c in columns)]
    parts = [
        f"{', '.join(shared(other))} of {other['endpoint']} ({other['claim_id']})" for other in named if shared(other)
    ]
    words = f"{record['value_text']} ({record['lower_text']}-{record['upper_text']}) without an endpoint"
    words += f", that of {whole[0]['endpoint']}" if whole else ", printed so for no endpoint of this comparison"
    words += f"; it shares {' and '.join(parts)}" if parts and not whole else ""
    ledger.judge(
        record,
        [record["claim_id"], *(other["claim_id"] for other in named)],
        named=[record["claim_id"]],
        reported=record["value_text"],
        recomputed=", ".join(f"{o['endpoint']} {o['value_text']} ({o['lower_text']}-{o['upper_text']})" for o in named),
        verdict=REPRODUCED if whole else CONFLICT,
        severity=NONE if whole else MAJOR,
        explanation=words,
    )


@register("repeat-p", "the p of the same comparison printed again in the same document")
def check_repeat_p(context: Context) -> pd.DataFrame:
    """Several p values for one comparison: different tests may differ, but a change of significance must be stated."""
    ledger = Ledger("repeat-p")
    frame = p_quantities(context).sort_values("claim_id", kind="stable")
    several = frame.groupby(["source_id", "study_id", "key", "cut"], sort=False)["claim_id"].transform("size") > 1
    for group in grouped(frame[several], ["source_id", "study_id", "key", "cut"]).values():
        first, *again = sorted(group, key=_plain_first)
        for record in again:
            _judge_p(context, ledger, first, record)
    return ledger.frame()


def _plain_first(record: dict) -> int:
    """Order of p values: log-rank, other unadjusted tests, then adjusted or model-based p values."""
    return 2 * record["kind"].startswith("adjusted") - ("log-rank" in record["kind"])


def _judge_p(context: Context, ledger: Ledger, first: dict, second: dict) -> None:
    verdict, severity = _slip(first, second)
    words = _words(first, second) + (SLIP if severity != NONE else "")
    if verdict == CONFLICT:
        severity = _gravity(first, second)
        differ = _other_kind(first, second)
        if differ:
            words += f"; {first['kind']} there, {second['kind']} here"
        if differ and severity != CONCLUSION:
            verdict, severity = OTHER_METHOD, NONE
        else:
            words += "; they lie on different sides of 0.05" if severity == CONCLUSION else ""
            words += decide(context, first, second)
    ledger.judge(
        second,
        [first["claim_id"], second["claim_id"]],
        reported=f"p {first['text']} and {second['text']}",
        recomputed="",
        verdict=verdict,
        severity=severity,
        explanation=words,
    )
