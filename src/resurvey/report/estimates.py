"""What each comparison came to: its rows, the estimate it is known by, the printed numbers behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from resurvey.plan import AnyComparison, NetworkComparison, PatientComparison
from resurvey.report.inputs import Record, Results, rows, split
from resurvey.report.words import as_float, count, interval, is_number, level, number, percent, ratio
from resurvey.results import Role

RATIOS = ("HR", "median ratio", "ratio")
# Methods of a first group weighted to another population, and what that is called.
STANDARDISED = re.compile(r"^(?:Cox, )?standardised by (.+)$")


@dataclass(frozen=True)
class Main:
    """The estimate a comparison is known by, in words for a table.

    `mixes` is how far the ratio goes when the first group's patients are weighted to other mixes, and `moves` whether
    one of them leads to another conclusion; empty and none where nothing was weighted.
    """

    question: str
    kind: str
    evidence: str
    said: str
    excludes: bool | None
    claims: tuple[str, ...]
    comparison: str
    e_value: str = ""
    mixes: str = ""
    moves: bool | None = None


def estimates_of(results: Results, name: str) -> list[Record]:
    """Rows of one comparison."""
    table = results.comparisons
    return rows(table[table["comparison_id"] == name]) if "comparison_id" in table else []


def claims_of(results: Results, entry: AnyComparison) -> tuple[str, ...]:
    """Printed numbers that a comparison rests on, as its rows name them or as its groups were rebuilt from."""
    found: list[str] = []
    for line in estimates_of(results, entry.id):
        found += split(line.get("claim_ids", ""))
    for group in entry.patient_groups:
        found += results.arm_claims(group)
    if isinstance(entry, PatientComparison):
        found += entry.printed
    return tuple(dict.fromkeys(found))


def refusal(lines: Sequence[Record]) -> str:
    """Why a comparison was not made; empty where it was."""
    if not lines:
        return "the run holds no result of it"
    reasons = [str(line["note"]) for line in lines if line["refused"]]
    return reasons[0] if len(reasons) == len(lines) else ""


def main_rows(lines: Sequence[Record]) -> list[Record]:
    """The rows a comparison is known by."""
    return [line for line in lines if line["role"] == Role.MAIN and not line["refused"]]


def main_estimate(results: Results, entry: AnyComparison) -> Main:
    """The estimate of one entry as the page of findings shows it."""
    lines, kind = estimates_of(results, entry.id), entry.kind
    chosen = main_rows(lines)
    reason = refusal(lines)
    evidence = next((str(line["evidence"]) for line in lines), "none")
    claims = claims_of(results, entry)
    base: dict[str, Any] = {"question": entry.question, "kind": kind, "evidence": evidence, "claims": claims}
    if reason or not chosen:
        said = f"not made: {reason}" if reason else "no main estimate"
        return Main(**base, said=said, excludes=None, comparison=entry.id)
    if isinstance(entry, NetworkComparison):
        said, excludes = _network_said(results, chosen, entry), None
    elif kind == "ratios":
        longer = sum(as_float(line["estimate"]) > 1 for line in chosen)
        said, excludes = f"{longer} of {count(len(chosen), 'ratio')} of medians above 1", None
    else:
        said, excludes = estimate_words(chosen[0]), excludes_null(chosen[0])
    mixes, moves = _in_other_mixes(lines, chosen[0])
    e_value = _e_value(results, entry)
    return Main(**base, said=said, excludes=excludes, comparison=entry.id, e_value=e_value, mixes=mixes, moves=moves)


def weighted_ratios(lines: Sequence[Record]) -> dict[str, Record]:
    """Standardised hazard ratios with an interval, by what the first group was weighted to."""
    return {
        found[1]: line
        for line in lines
        if (found := STANDARDISED.match(str(line["method"]))) and line["measure"] == "HR" and is_number(line["lower"])
    }


def concludes_otherwise(line: Record, main: Record) -> bool:
    """Whether two ratios lie on different sides of 1, or the interval of one includes it and the other's does not."""

    def side(one: Record) -> int:
        return int(as_float(one["lower"]) > 1) - int(as_float(one["upper"]) < 1)

    return side(line) != side(main)


def _in_other_mixes(lines: Sequence[Record], main: Record) -> tuple[str, bool | None]:
    """Range of the standardised ratios, and whether one of them leads to another conclusion than the main one."""
    weighted = list(weighted_ratios(lines).values())
    if not weighted or not is_number(main["lower"]):
        return "", None
    found = sorted(as_float(line["estimate"]) for line in weighted)
    said = ratio(found[0]) if len(found) == 1 else f"{ratio(found[0])} to {ratio(found[-1])}"
    return said, any(concludes_otherwise(line, main) for line in weighted)


def within_one_study(entry: AnyComparison) -> bool:
    """Whether both groups are of one study."""
    return len(entry.patient_groups) == 2 and len({group.study for group in entry.patient_groups}) == 1


def beside_printed(results: Results) -> tuple[int, int]:
    """Comparisons whose rebuilt interval holds the ratio that is printed of the same two groups, and all such."""
    agreeing = found = 0
    for entry in results.choices.comparisons:
        lines = estimates_of(results, entry.id)
        printed = [r for r in lines if str(r["method"]).endswith("as printed") and r["measure"] == "HR"]
        main = main_rows(lines) if entry.patient_groups else []
        if printed and main and is_number(main[0]["lower"]):
            found += 1
            agreeing += as_float(main[0]["lower"]) <= as_float(printed[0]["estimate"]) <= as_float(main[0]["upper"])
    return agreeing, found


def estimate_words(line: Record) -> str:
    """An estimate and its interval in words."""
    kind = "ratio" if line["measure"] in RATIOS else "percent"
    show = ratio if kind == "ratio" else percent
    ends = interval(line["lower"], line["upper"], kind)
    return f"{line['measure']} {show(line['estimate'])}" + (f" ({level(line['ci_level'])} CI {ends})" if ends else "")


def excludes_null(line: Record) -> bool | None:
    """Whether an interval excludes no difference; none where there is no interval."""
    low, high = as_float(line["lower"]), as_float(line["upper"])
    null = 1.0 if line["measure"] in RATIOS else 0.0
    return None if low != low or high != high else not low <= null <= high


def _network_said(results: Results, chosen: Sequence[Record], entry: NetworkComparison) -> str:
    found = [line for line in chosen if is_number(line["estimate"])]
    clear = sum(bool(excludes_null(line)) for line in found)
    against = results.labels.treatment(entry.reference)
    return f"{clear} of {len(found)} regimens differ clearly from {against} (random effects)"


def _e_value(results: Results, entry: AnyComparison) -> str:
    table = results.folders.get(entry.id, {}).get("e_values", pd.DataFrame())
    if "treatment" in table:
        return ""  # a network has one for each regimen, and none for itself
    found = {str(row["of"]): row["e_value"] for row in rows(table)}
    return number(found.get("nearer limit")) if "nearer limit" in found else ""
