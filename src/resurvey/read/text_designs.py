"""Sample-size statements: one row with all assumptions of a sentence, merged over a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from resurvey.read.grammar import Found, take
from resurvey.read.lexer import Line
from resurvey.read.objects import Claim
from resurvey.read.word_lists import DESIGN, TIME_TO_EVENT, endpoints_in, time_unit

DESIGN_PARTS = (
    (
        "power",
        re.compile(
            r"(?P<n>\d{2}(?:\.\d)?)\s?%?\s?(?:statistical )?power|power (?:\([^()]{1,12}\) )?"
            r"(?:of|was|to be|at|set at|level of)?\s?(?:approximately |at least "
            r")?(?P<m>\d{2}(?:\.\d)?|0?\.\d{1,2})(?![\dW])\s?%?",
            re.IGNORECASE,
        ),
    ),
    (
        "alpha",
        re.compile(
            r"(?:(?:alpha|α)(?![ -]?1[ -]acid)(?:[ -]?(?:error|risk|rate))?|"
            r"significance level|type I error(?: rate| level)?|"
            r"significance|"
            r"level of significance|error level)\s?(?:level )?(?:of|"
            r"was|=|at|set at)?\s?(?P<n>0?\.\d{1,4}|\d{1,2}(?:\.\d{1,2})?(?=\s?%)|[1-9]\d?(?!\.?\d|-))\s?%?|"
            r"(?P<m>\d(?:\.\d{1,2})?)\s?% (?:significance|level|type "
            r"I|alpha|two-?sided|one-?sided|2-sided|1-sided)",
            re.IGNORECASE,
        ),
    ),
    (
        "hazard_ratio",
        re.compile(
            r"(?:hazard ratio|HR)s?\s?(?:\(HR\) )?(?:of|was|=|is)?\s?(?:at least )?(?P<n>\d?\.\d{1,3}|\d\.\d{1,2})",
            re.IGNORECASE,
        ),
    ),
    (
        "events",
        re.compile(r"(?P<n>\d{2,5})\s(?:PFS |OS |DFS |progression |required )?(?:events|deaths)\b", re.IGNORECASE),
    ),
    (
        "patients",
        re.compile(
            r"(?P<n>\d{1,2},\d{3}|\d{2,5})\s(?:evaluable |eligible "
            r"|assessable |randomi[sz]ed )?(?:patients|subjects|participants|"
            r"women|men)\b|sample size (?:of|was)\s(?:\w+ )?(?P<m>\d{2,5})",
            re.IGNORECASE,
        ),
    ),
    (
        "dropout",
        re.compile(
            r"(?P<n>\d{1,2}(?:\.\d)?)\s?% (?:drop-?out|loss|lost|attrition)|"
            r"(?:drop-?out rate|los[st]\w* (?:of|to) follow-?up) (?:of|at|was) "
            r"(?P<m>\d{1,2}(?:\.\d)?)\s?%",
            re.IGNORECASE,
        ),
    ),
    (
        "accrual",
        re.compile(
            r"(?:accrual|recruitment|enrolment|enrollment)(?: period|"
            r" time)?\s?(?:of|was|over|in)?\s?(?:about )?(?P<n>\d{1,3}(?:\.\d)?)\s(?:months|"
            r"years)|(?P<m>\d{1,3}(?:\.\d)?)(?: |-)(?:months?|years?) "
            r"(?:of )?(?:accrual|recruitment|enrol)",
            re.IGNORECASE,
        ),
    ),
    (
        "follow_up",
        re.compile(
            r"(?:additional |minimum |further )?follow-?up(?: period|"
            r" time)?\s?(?:of|was)\s(?P<n>\d{1,3}(?:\.\d)?)\s(?:months|"
            r"years)|(?P<m>\d{1,3}(?:\.\d)?)(?: |-)(?:months?|years?) "
            r"(?:of )?(?:additional |minimum )?follow",
            re.IGNORECASE,
        ),
    ),
)


PLANNED = re.compile(r"accru|recruit|enrol|regist|follow|within|interim|treat", re.IGNORECASE)


def _assumed_time(line: Line, i: int) -> bool:
    """Whether a time is assumed for an endpoint, rather than part of the trial schedule."""
    token = line.tokens[i]
    if token.unit not in ("months", "years") or token.op:
        return False
    before, after = line.text[max(0, token.start - 90) : token.start], line.text[token.end : token.end + 28]
    said = "median" in line.lower() or any(name in TIME_TO_EVENT for *_, name in endpoints_in(before))
    return said and not PLANNED.search(after) and not PLANNED.search(before[-24:])


FROM_TO = re.compile(
    r"\bfrom (?:an? (?:assumed |expected |estimated )?(?:\w+ ){0,3})?(?P<low>\d{1,2}(?:\.\d{1,2})?)\s?%?"
    r"(?P<between>[^.;%]{0,60}?)\bto (?:\w+ ){0,2}?(?P<high>\d{1,2}(?:\.\d{1,2})?)\s?%",
    re.IGNORECASE,
)
SUPPOSED = re.compile(
    r"\b(?:assum\w+|hypothesi[sz]\w+|expect\w+|anticipat\w+|to detect|sample size|power\w*|required|to show)\b",
    re.IGNORECASE,
)


def _rates(line: Line) -> tuple[dict[str, str], list[int]]:
    """Rates under the null and the alternative: `improve the 3-year RFS rate from 20% to 35%`; with any time named."""
    match = FROM_TO.search(line.text)
    if match is None or not SUPPOSED.search(line.text):
        return {}, []
    cells = {"null_rate": match["low"], "alternative_rate": match["high"]}
    tokens = [i for i, t in enumerate(line.tokens) if t.start in (match.start("low"), match.start("high"))]
    stamp = next((t for t in line.tokens if t.kind == "time" and t.start < match.start()), None)
    if stamp is None:
        found = re.search(r"\b(?P<n>\d{1,2})[- ](?P<unit>years?|months?)\b", line.text[: match.start()])
        return (cells | {"landmark": found["n"], "unit": time_unit(found["unit"])} if found else cells), tokens
    return cells | {"landmark": stamp.value, "unit": stamp.unit}, tokens


def joined(claims: Iterable[Claim]) -> list[Claim]:
    """Claims of a paragraph, with sample-size sentences merged into one row if they do not contradict each other."""
    made: list[Claim] = []
    k = None
    for claim in claims:
        if claim.kind == "design" and k is not None and _agree(made[k].cells, claim.cells):
            made[k] = replace(made[k], cells=claim.cells | made[k].cells, spans=made[k].spans + claim.spans)
            continue
        if claim.kind == "design" and k is None:
            k = len(made)
        made.append(claim)
    return made


def _agree(first: dict[str, str], second: dict[str, str]) -> bool:
    return all(second[name] == value for name, value in first.items() if name in second)


def of_results(line: Line) -> bool:
    """Whether a sentence gives results and names a level or a margin only beside them.

    `PFS was 4.3 v 2.3 months (HR 0.73; 95% CI 0.50 to 1.07; one-sided P = .055 [significance level .10])`
    """
    stated = [token for token in line.tokens if token.kind == "p" and not token.op]
    limits = any(token.kind == "level" and token.value == "95" for token in line.tokens)
    return bool(stated) and limits and not ASSUMING.search(line.text)


ASSUMING = re.compile(
    r"\b(?:assum\w+|sample size|to detect|would|were required|was required|hypothesi[sz]ed|power(?:ed)?)\b",
    re.IGNORECASE,
)


def designs(line: Line) -> list[Found]:
    """One row for a sample-size statement with all its assumptions; medians are first null, then alternative."""
    text = line.text
    if not DESIGN.search(text):
        return []
    cells: dict[str, str] = {}
    tokens: list[int] = []
    for name, pattern in DESIGN_PARTS:
        if (match := pattern.search(text)) is not None:
            part = "n" if match["n"] else "m"
            cells[name] = match[part].replace(",", "")
            tokens += [i for i, t in enumerate(line.tokens) if t.start <= match.start(part) < max(t.end, t.start + 1)]
    more, used = _rates(line)
    sized = "patients" in cells and "sample size" in text.lower()
    if not (sized or {"power", "alpha"} & set(cells) or ("hazard_ratio" in cells and "assum" in text.lower()) or more):
        return []
    cells |= more
    tokens += used
    lower = text.lower()
    cells["sides"] = (
        "2"
        if re.search(r"two-?\s?(?:sided|tailed)|2-sided", lower)
        else "1"
        if re.search(r"one-?\s?(?:sided|tailed)|1-sided", lower)
        else ""
    )
    medians = [i for i in line.free() if i not in tokens and _assumed_time(line, i)]
    if 1 <= len(medians) <= 2:
        for name, i in zip(("null_median", "alternative_median"), medians, strict=False):
            cells[name] = line.tokens[i].printed
        cells["unit"] = line.tokens[medians[0]].unit
        tokens += medians
    names = [name for *_, name in endpoints_in(text)]
    cells["endpoint"] = names[0] if names else ""
    kept = list(dict.fromkeys(tokens))
    take(line, *kept)
    return [Found("design", cells, kept, "design")] if kept else []
