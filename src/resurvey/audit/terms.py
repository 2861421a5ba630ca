"""Words and signs with numerical meaning: thresholds, dashes in tables, and `none` against the printed numbers."""

from __future__ import annotations

import re

import pandas as pd

from resurvey.audit.context import Context, grouped, records
from resurvey.audit.contrasts import LEVEL, claims_of
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONCLUSION, CONFLICT, DISCREPANT, MINOR, NONE, REPRODUCED, Ledger

SIGN = re.compile(r"(<=|>=|≤|≥|<|>)\s*(\d+(?:\.\d+)?)")
PLAIN = {"≤": "<=", "≥": ">="}


# Signs expressed in words, and words that do not describe what is counted.
SPOKEN = (
    (r"\b(?:more|greater|higher|longer|larger) than\s+(?=\d)|\bover\s+(?=\d)|\babove\s+(?=\d)", ">"),
    (r"\bolder than\s+(?=\d)", "age >"),
    (r"\byounger than\s+(?=\d)", "age <"),
    (r"\b(?:less|fewer|lower|shorter) than\s+(?=\d)|\bunder\s+(?=\d)|\bbelow\s+(?=\d)", "<"),
    (r"\bat least\s+(?=\d)", ">="),
    (r"\b(?:at most|up to)\s+(?=\d)", "<="),
    (r"(\d+(?:\.\d+)?)\s*(?:years?\s*)?(?:or|and) (?:more|older|over|above|greater)\b", r">=\1"),
    (r"(\d+(?:\.\d+)?)\s*(?:or|and) (?:less|fewer|younger|under|below)\b", r"<=\1"),
)
EMPTY_WORDS = frozenset(
    {"number", "of", "in", "the", "at", "year", "years", "month", "months", "no", "and", "or", "with"}
)


def _threshold(text: str) -> tuple[frozenset[str], str, str] | None:
    """Informative words around a threshold, its sign and its number; None unless there is exactly one threshold."""
    text = text.lower().partition(",")[0]
    for pattern, sign in SPOKEN:
        text = re.sub(pattern, sign, text)
    found = SIGN.findall(text)
    if len(found) != 1:
        return None
    sign, number = found[0]
    words = frozenset(re.findall(r"[a-z]+", SIGN.sub(" ", text))) - EMPTY_WORDS
    return words, PLAIN.get(sign, sign), f"{float(number):g}"


@register("threshold", "`>3` and `>=3` are two groups: one count cannot be of both, and one label is not the other")
def check_threshold(context: Context) -> pd.DataFrame:
    """The sign of a threshold in two places of a document, such as `at least` against `more than`."""
    ledger = Ledger("threshold")
    groups: dict[tuple[object, ...], list[tuple[str, dict]]] = {}
    for row in [*context.records("proportions"), *context.records("differences"), *context.records("quantities")]:
        found = _threshold(_said(row))
        if found:
            words, sign, number = found
            key = row["source_id"], row["study_id"], words, number, sign[0]
            groups.setdefault(key, []).append((sign, row))
    for signs in groups.values():
        others = {sign: row for sign, row in signs[:0:-1] if sign != signs[0][0]}
        for sign, row in others.items():
            _judge_sign(ledger, signs[0], (sign, row))
    return ledger.frame()


def _judge_sign(ledger: Ledger, first: tuple[str, dict], second: tuple[str, dict]) -> None:
    if first[0] == second[0]:
        return
    texts = [_said(row) for _, row in (first, second)]
    ledger.add(
        first[1]["source_id"],
        first[1]["study_id"],
        [first[1]["claim_id"], second[1]["claim_id"]],
        reported=f"{texts[0]} and {texts[1]}",
        recomputed="",
        verdict=CONFLICT,
        severity=MINOR,
        explanation=f"{texts[0]} ({first[1]['locator']}) and {texts[1]} ({second[1]['locator']}): "
        "who stands at the threshold is in one group there and in the other here",
    )


def _said(row: dict) -> str:
    """The item, with its value where the value has the sign."""
    bound = row.get("value_op", "") in ("<", "<=", ">", ">=")
    return f"{row['item']} {row['value_text']}" if bound else str(row["item"])


@register("sign-meaning", "a symbol in a table means one thing, and appears as often as the text counts it")
def check_sign(context: Context) -> pd.DataFrame:
    """Statements of kind `sign` (`value`: its meaning there): one meaning per table, and as many signs as stated."""
    ledger = Ledger("sign-meaning")
    said = context["statements"]
    for group in grouped(said[said["kind"] == "sign"], ["source_id", "study_id", "item"]).values():
        first, *others = sorted(group, key=lambda row: row["claim_id"])
        for row in (first, *others):
            _judge_count_of_signs(context, ledger, row)
        for other in others:
            _judge_meanings(ledger, first, other)
    return ledger.frame()


def _judge_count_of_signs(context: Context, ledger: Ledger, row: dict) -> None:
    """The number of cells that a statement names, against the count that it names."""
    claims = claims_of(row["claims"])
    known = [found for claim in claims if (found := context.claim(claim))]
    counts = [cells["n"] for table, cells in known if table == "proportions" and cells["n_op"] == "="]
    if len(counts) != 1:
        return
    cells = len(known) - 1
    fits = cells == counts[0]
    words = f"{row['item']} stands for {row['value_text']} {cells} times, the text counts {counts[0]:.0f}"
    ledger.judge(
        row,
        [row["claim_id"], *claims],
        named=[row["claim_id"], "count"],
        reported=f"{counts[0]:.0f}",
        recomputed=str(cells),
        verdict=REPRODUCED if fits else DISCREPANT,
        severity=NONE if fits else MINOR,
        explanation=words,
    )


def _judge_meanings(ledger: Ledger, first: dict, other: dict) -> None:
    meanings = [row["value_text"].strip().lower() for row in (first, other)]
    alike = meanings[0] == meanings[1]
    words = f"{first['item']} stands for {meanings[0]} ({first['locator']}) and for {meanings[1]} ({other['locator']})"
    ledger.judge(
        other,
        [first["claim_id"], other["claim_id"]],
        reported=meanings[1],
        recomputed=meanings[0],
        verdict=REPRODUCED if alike else CONFLICT,
        severity=NONE if alike else MINOR,
        explanation=words + ("" if alike else ": one symbol for two things, which the table does not explain"),
    )


@register("none-significant", "`no positive result` beside a p below 0.05 of the same comparisons")
def check_none(context: Context) -> pd.DataFrame:
    """A sentence that denies any effect, against the p values and ratios it refers to."""
    ledger = Ledger("none-significant")
    frame = context["statements"]
    for record in records(frame[(frame["kind"] == "none") & (frame["claims"] != "")]):
        known = [found for claim in claims_of(record["claims"]) if (found := context.claim(claim))]
        tests = [row for table, row in known if table in ("p_values", "hazard_ratios") and row["p_op"]]
        small = [row for row in tests if row["p_op"] in ("<", "<=") or row["p_max"] < LEVEL]
        if tests:
            _judge_none(ledger, record, tests, small)
    return ledger.frame()


def _judge_none(ledger: Ledger, record: dict, tests: list[dict], small: list[dict]) -> None:
    shown = ", ".join(row["p_text"] for row in tests)
    words = f"none: {record['item']}; the p values are {shown}"
    words += f", of which {', '.join(row['p_text'] for row in small)} below 0.05" if small else ""
    ledger.judge(
        record,
        [record["claim_id"], *(row["claim_id"] for row in tests)],
        named=[record["claim_id"]],
        reported="none",
        recomputed=f"{len(small)} of {len(tests)} below 0.05",
        verdict=DISCREPANT if small else REPRODUCED,
        severity=CONCLUSION if small else NONE,
        explanation=words,
    )
