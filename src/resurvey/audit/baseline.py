"""Baseline tables: missing values by group, one variable on two denominators, features not all can have."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd

from resurvey import tables2x2
from resurvey.audit.adverse_events import item_key
from resurvey.audit.context import Context, grouped, records
from resurvey.audit.denominators import denominators
from resurvey.audit.registry import register
from resurvey.audit.verdicts import (
    CONFLICT,
    DISCREPANT,
    IMPOSSIBLE,
    MAJOR,
    MINOR,
    NONE,
    REPRODUCED,
    UNCHECKABLE,
    Ledger,
)
from resurvey.reported import show

UNKNOWN = re.compile(r"unknown|missing|not (available|known|reported|done|assessed)|\bn/?a\b", re.IGNORECASE)
# A difference in missingness less likely than this by chance is reported.
UNLIKELY = 0.01


def _counted(context: Context) -> pd.DataFrame:
    """Rows of `proportions` with a count and a denominator (`whole`)."""
    frame = context["proportions"]
    frame = frame.assign(whole=denominators(context, frame)[0])
    return frame[(frame["n_op"] == "=") & (frame["whole"] > 0)]


@register("missing-values", "unknown values of two groups against chance (Fisher); a hint", "Agresti 2013, 3.5")
def check_missing(context: Context) -> pd.DataFrame:
    """Values unknown far more often in one group than in the other: the known values are then not comparable."""
    ledger = Ledger("missing-values")
    frame = _counted(context)
    frame = frame[(frame["partition"] != "") & (frame["kind"] == "baseline")]
    place = ["source_id", "study_id", "population", "data_cut", "partition"]
    for group in grouped(frame, place).values():
        arms: dict[str, list[dict]] = {}
        for row in group:
            arms.setdefault(row["arm_id"], []).append(row)
        counts = {arm: _missing(rows) for arm, rows in arms.items() if arm not in ("", "all")}
        known = {arm: count for arm, count in counts.items() if count}
        for first, second in combinations(known, 2):
            _judge_missing(ledger, (arms[first], arms[second]), (known[first], known[second]))
    return ledger.frame()


def _missing(rows: list[dict]) -> tuple[float, float] | None:
    """Numbers of unknown values and of patients for a set of categories in one group; None where undetermined."""
    wholes = {row["whole"] for row in rows}
    if len(wholes) != 1 or len(rows) < 2:
        return None
    whole = wholes.pop()
    known = sum(row["n"] for row in rows if not UNKNOWN.search(row["item"]))
    return (whole - known, whole) if known <= whole else None


def _judge_missing(
    ledger: Ledger, rows: tuple[list[dict], list[dict]], counts: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    (a, n), (b, m) = counts
    named = any(UNKNOWN.search(row["item"]) for part in rows for row in part)
    if not named and min(a, b) == 0:
        return  # a sum that falls short in only one group is checked by `category-sum`
    p = tables2x2.p_values(np.array([[a, b], [n - a, m - b]])).get("Fisher exact", 1.0)
    first, second = rows[0][0], rows[1][0]
    apart = p < UNLIKELY
    words = f"{first['partition']} is unknown in {a:.0f} of {n:.0f} ({first['arm_id']}) and {b:.0f} of {m:.0f} "
    words += f"({second['arm_id']}), p {show(p, 2)}"
    words += "; a comparison of the known ones may be one of who was examined" if apart else ""
    ledger.judge(
        first,
        [row["claim_id"] for part in rows for row in part],
        named=[first["claim_id"], second["claim_id"]],
        reported=f"{a:.0f}/{n:.0f} and {b:.0f}/{m:.0f}",
        recomputed=f"p {show(p, 2)}",
        verdict=UNCHECKABLE if apart else REPRODUCED,
        severity=MINOR if apart else NONE,
        explanation=words,
    )


# Populations that are the analysable patients of an arm, not groups of another kind.
ANALYSED = re.compile(r"safety|evaluable|assessable|analy[sz]ed|per[ -]protocol|with data|complete case", re.IGNORECASE)


@register("analysed-patients", "patients left out of an analysis in two groups against chance (Fisher); a hint")
def check_analysed(context: Context) -> pd.DataFrame:
    """A safety or evaluable set that leaves out many patients of one group and few of the other."""
    ledger = Ledger("analysed-patients")
    sets: dict[tuple[str, str, str], dict[str, tuple[float, str]]] = {}
    for row in records(_counted(context)):
        if ANALYSED.search(row["population"]) and row["arm_id"] not in ("", "all"):
            place = row["source_id"], row["study_id"], row["population"]
            sets.setdefault(place, {}).setdefault(row["arm_id"], (row["whole"], row["claim_id"]))
    for (source, study, population), arms in sets.items():
        known = [(arm, left, whole) for arm, left in arms.items() if (whole := context.size(source, study, arm, "all"))]
        for first, second in combinations(known, 2):
            if first[1][0] <= first[2][0] and second[1][0] <= second[2][0]:
                _judge_analysed(ledger, (source, study, population), first, second)
    return ledger.frame()


def _judge_analysed(ledger: Ledger, place: tuple[str, str, str], first: tuple, second: tuple) -> None:
    out = [(whole[0] - left[0], whole[0]) for _, left, whole in (first, second)]
    if sum(missing for missing, _ in out) == 0:
        return
    table = np.array([[missing for missing, _ in out], [whole - missing for missing, whole in out]])
    p = tables2x2.p_values(table).get("Fisher exact", 1.0)
    apart = p < UNLIKELY
    arms = first[0], second[0]
    shown = [f"{missing:.0f} of {whole:.0f} ({arm})" for (missing, whole), arm in zip(out, arms, strict=True)]
    words = f"not in the {place[2]} group: {' and '.join(shown)}, p {show(p, 2)}"
    ledger.add(
        place[0],
        place[1],
        [first[1][1], second[1][1], first[2][1], second[2][1]],
        named=[first[1][1], second[1][1]],
        reported=" and ".join(shown),
        recomputed=f"p {show(p, 2)}",
        verdict=UNCHECKABLE if apart else REPRODUCED,
        severity=MINOR if apart else NONE,
        explanation=words + ("; who is left out may not be so by chance" if apart else ""),
    )


@register("two-denominators", "one variable of a subgroup in one table and of all in another: n / N on both")
def check_two_denominators(context: Context) -> pd.DataFrame:
    """A category given among the patients who can have it in one place, and among all patients in another."""
    ledger = Ledger("two-denominators")
    frame = _counted(context)
    frame = frame[frame["kind"] == "baseline"]
    frame = frame.assign(key=[item_key(item) for item in frame["item"]])
    told = set()
    for group in grouped(frame, ["source_id", "study_id", "key"]).values():
        narrow = [row for row in group if row["population"] not in ("", "all") and row["arm_id"] in ("", "all")]
        wide = [row for row in group if row["population"] in ("", "all") and row["arm_id"] not in ("", "all")]
        # One row per set of categories: its other categories change direction with the first.
        place = (narrow[0]["source_id"], narrow[0]["partition"] or narrow[0]["key"]) if narrow else ()
        if narrow and len(wide) > 1 and place not in told:
            told.add(place)
            _judge_denominators(ledger, frame, narrow[0], wide)
    return ledger.frame()


def _judge_denominators(ledger: Ledger, frame: pd.DataFrame, narrow: dict, wide: list[dict]) -> None:
    able = _able(frame, narrow, [row["arm_id"] for row in wide])
    words = f"{narrow['item']} is of {narrow['whole']:.0f} {narrow['population']} in one place and of all "
    words += " and ".join(f"{row['whole']:.0f}" for row in wide) + " in another"
    turned = False
    if able:
        before = [row["n"] / row["whole"] for row in wide]
        after = [row["n"] / able[row["arm_id"]] for row in wide]
        words += f"; of those {narrow['population']} they would be "
        words += " and ".join(
            f"{row['n']:.0f}/{able[row['arm_id']]:.0f} ({show(100 * share, 3)} %)"
            for row, share in zip(wide, after, strict=True)
        )
        turned = (before[0] - before[1]) * (after[0] - after[1]) < 0
        words += ", the other way round" if turned else ""
    ledger.judge(
        narrow,
        [narrow["claim_id"], *(row["claim_id"] for row in wide)],
        named=[narrow["claim_id"]],
        reported=", ".join(f"{row['n_text']}/{row['whole']:.0f}" for row in wide),
        recomputed=f"of {narrow['population']}",
        verdict=CONFLICT if turned else UNCHECKABLE,
        severity=MAJOR if turned else MINOR,
        explanation=words,
    )


def _able(frame: pd.DataFrame, narrow: dict, arms: list[str]) -> dict[str, float]:
    """Patients of each arm in the narrow group: the counts of the item whose total equals the size of that group."""
    here = frame[(frame["source_id"] == narrow["source_id"]) & (frame["population"].isin(["", "all"]))]
    twin = here[(here["n"] == narrow["whole"]) & here["arm_id"].isin(["", "all"])]
    for key in twin["key"]:
        same = here[(here["key"] == key) & here["arm_id"].isin(arms)]
        if set(same["arm_id"]) == set(arms) and (same["n"] > 0).all():
            return dict(zip(same["arm_id"], same["n"], strict=True))
    return {}


@register("feature-base", "parts of a feature of metastases together <= patients who have metastases")
def check_feature_base(context: Context) -> pd.DataFrame:
    """Visceral and non-visceral disease together make up the metastatic patients only, not all patients."""
    ledger = Ledger("feature-base")
    frame = _counted(context)
    frame = frame[frame["kind"] == "baseline"]
    for group in grouped(frame, ["source_id", "study_id", "arm_id", "population"]).values():
        parts = [row for row in group if SITE.search(f"{row['item']} {row['partition']}") and row["partition"]]
        bases = [row for row in group if METASTATIC.search(row["item"]) and row["n"] < row["whole"]]
        sets: dict[str, list[dict]] = {}
        for row in parts:
            sets.setdefault(row["partition"], []).append(row)
        for rows in sets.values():
            if bases and len(rows) > 1:
                _judge_base(ledger, rows, max(bases, key=lambda row: row["n"]))
    return ledger.frame()


SITE = re.compile(r"visceral|metastatic sites?|sites? of metasta|organs? involved", re.IGNORECASE)
ABSENT = re.compile(r"^(?:no|none|absent|without|negative|0|unknown|missing)\b", re.IGNORECASE)
METASTATIC = re.compile(
    r"^(?:(?:disease )?(?:stage|extent|status)[ :]*)?(?:metastatic|stage iv|distant metastas[ie]s)"
    r"(?: disease| breast cancer)?$",
    re.IGNORECASE,
)


def _judge_base(ledger: Ledger, rows: list[dict], base: dict) -> None:
    both = sum(row["n"] for row in rows)
    wrong = both > base["n"]
    # A patient without metastases has none at any site: `no` may be said of that patient, `not visceral` may not.
    absent = any(ABSENT.search(row["item"].split(":")[-1].strip()) for row in rows)
    words = f"{' + '.join(row['n_text'] for row in rows)} = {both:.0f} by {rows[0]['partition']}, "
    words += f"{base['n_text']} with {base['item']}"
    ledger.judge(
        base,
        [*(row["claim_id"] for row in rows), base["claim_id"]],
        named=[rows[0]["claim_id"], base["claim_id"]],
        reported=f"{both:.0f} of {base['n_text']}",
        recomputed=f"at most {base['n_text']}",
        verdict=REPRODUCED if not wrong else UNCHECKABLE if absent else DISCREPANT,
        severity=MINOR if wrong else NONE,
        explanation=words
        + (": more patients than can have it" if wrong else "")
        + ("; correct if `no` is also used for those without it" if wrong and absent else ""),
    )


@register("cohort-arms", "size of a randomised study = sum of its arms")
def check_cohort(context: Context) -> pd.DataFrame:
    """The size of a study against the sizes of its arms, in the same document or in those that print the arms."""
    ledger = Ledger("cohort-arms")
    designs = {row["study_id"]: row["design"] for row in records(context["studies"])}
    frame = context["arms"]
    frame = frame[(frame["n_op"] == "=") & frame["population"].isin(["", "all"])]
    wholes = frame[frame["arm_id"] == "all"]
    arms = frame[~frame["arm_id"].isin(["", "all"])]
    by_study = dict(list(arms.groupby("study_id", sort=False)))
    for record in records(wholes.drop_duplicates(["source_id", "study_id", "n"])):
        group = by_study.get(record["study_id"])
        if group is not None and designs.get(record["study_id"]) == "randomised":
            group = group[(group["data_cut"] == record["data_cut"]) | (record["data_cut"] == "")]
            own = group[group["source_id"] == record["source_id"]]
            if own["arm_id"].nunique() < 2:
                # Documents that also print the total are compared on the total (`across`).
                group = group[
                    ~group["source_id"].isin(wholes.loc[wholes["study_id"] == record["study_id"], "source_id"])
                ]
            _judge_cohort(ledger, record, own if own["arm_id"].nunique() > 1 else group, group["arm_id"].nunique())
    return ledger.frame()


def _judge_cohort(ledger: Ledger, record: dict, group: pd.DataFrame, arms: int) -> None:
    sums = []
    for source, part in group.groupby("source_id", sort=False):
        sizes = part.drop_duplicates("arm_id")
        # A third arm may belong to another comparison.
        if len(sizes) == arms == 2 and part.groupby("arm_id")["n"].nunique().max() == 1:
            sums.append((float(sizes["n"].sum()), str(source), list(sizes["n_text"]), list(sizes["claim_id"])))
    if not sums:
        return
    right = [entry for entry in sums if entry[0] == record["n"]]
    total, source, texts, claims = (right or sums)[0]
    wrong = total != record["n"]
    own = source == record["source_id"]
    words = f"{record['n_text']} in all, the arms {' + '.join(texts)} = {total:.0f}" + ("" if own else f" ({source})")
    verdict = REPRODUCED if not wrong else IMPOSSIBLE if own and total > record["n"] else CONFLICT
    ledger.judge(
        record,
        [record["claim_id"], *claims],
        named=[record["claim_id"]],
        reported=record["n_text"],
        recomputed=f"{total:.0f}",
        verdict=verdict,
        severity=MINOR if wrong else NONE,
        explanation=words,
    )
