"""Relations that no data can violate: responders within benefit, events within patients, parts within the whole."""

from __future__ import annotations

import re
from itertools import pairwise

import pandas as pd

from resurvey.audit.context import PLACE, Context, grouped, records
from resurvey.audit.group_sizes import WIDER, exclusive
from resurvey.audit.registry import register
from resurvey.audit.values import value_in
from resurvey.audit.verdicts import (
    CONCLUSION,
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

SLACK = 1e-9
# Responders beside complete and partial ones: sCR, CRi, CR/CRi, nCR, n-PR, VGPR, very good and minor responses. Where
# they are printed, CR and PR need not add up to the responders. They are known by the name that the paper prints
# (`item`), since every criterion (IMWG, iwCLL, ELN, ...) has classes of its own and the tables have no kind for them.
# A name that is missing here costs a finding that is wrong, never a number.
OTHER_RESPONDERS = re.compile(
    r"(?i:very good|near|nodular|minor|marrow|clinical complete|stringent|incomplete)|"
    r"\b(?:VG|[sncuimC])-?(?:CR|PR)\b|\bCR-?[a-z]\b|\bMR\b"
)
# The first cannot exceed the second: complete within overall response, response within benefit and control.
RESPONSES = (("CR", "ORR"), ("PR", "ORR"), ("ORR", "CBR"), ("ORR", "DCR"), ("CBR", "DCR"))


def _share(record: dict) -> tuple[float, float] | None:
    """Smallest and largest percentage a row may stand for; a count over its total is exact."""
    if record["n_op"] == "=" and record["total"] > 0:
        exact = 100 * record["n"] / record["total"]
        return exact, exact
    if record["percent_op"] in ("=", "~"):
        return record["percent_min"], record["percent_max"]
    return None


@register(
    "response-order", "CR <= ORR, PR <= ORR, ORR <= clinical benefit <= disease control, CR + PR = ORR", "RECIST 1.1"
)
def check_response_order(context: Context) -> pd.DataFrame:
    """Responders are among the patients with benefit; complete and partial responders make up the responders."""
    ledger = Ledger("response-order")
    frame = context["proportions"]
    frame = frame[frame["kind"] == "response"]
    for group in grouped(frame, [*PLACE, "data_cut"]).values():
        known = _responses(group)
        for small, large in RESPONSES:
            for first in known.get(small, [])[:1]:
                for second in known.get(large, [])[:1]:
                    _judge_order(ledger, (small, first), (large, second))
        if not any(OTHER_RESPONDERS.search(record["item"]) for record in group):
            _judge_responders(ledger, known)
    return ledger.frame()


def _responses(group: list[dict]) -> dict[str, list[dict]]:
    known: dict[str, list[dict]] = {}
    names = {name for pair in RESPONSES for name in pair}
    for record in group:
        name = record["item"] if record["item"] in names else record["endpoint"]
        if name in names and _share(record):
            known.setdefault(name, []).append(record)
    return known


def _judge_order(ledger: Ledger, first: tuple[str, dict], second: tuple[str, dict]) -> None:
    (small, a), (large, b) = first, second
    least, most = _share(a), _share(b)
    if least is None or most is None:
        return
    wrong = least[0] > most[1] + SLACK
    words = f"{small} {_text(a)} and {large} {_text(b)}"
    words += (
        f": every {small} is a {large}, so the two may have been exchanged" if wrong else ", in the only possible order"
    )
    ledger.judge(
        a,
        [a["claim_id"], b["claim_id"]],
        reported=f"{small} {_text(a)}, {large} {_text(b)}",
        recomputed=f"{small} at most {show(most[1])} %",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words,
    )


def _text(record: dict) -> str:
    return f"{record['percent_text']} %" if record["percent_text"] else f"{record['n_text']}/{record['total_text']}"


def _judge_responders(ledger: Ledger, known: dict[str, list[dict]]) -> None:
    parts = [next((r for r in known.get(name, []) if r["n_op"] == "="), None) for name in ("CR", "PR", "ORR")]
    if any(part is None for part in parts):
        return
    complete, partial, overall = parts
    added = complete["n"] + partial["n"]  # type: ignore[index]
    wrong = added != overall["n"]  # type: ignore[index]
    ledger.judge(
        overall,
        [part["claim_id"] for part in parts],  # type: ignore[index]
        reported=f"{complete['n_text']} + {partial['n_text']} = {overall['n_text']}",  # type: ignore[index]
        recomputed=show(added),
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=f"complete and partial responders add up to {show(added)}, responders {overall['n_text']}",  # type: ignore[index]
    )


@register("count-bound", "count <= N; events <= patients")
def check_count_bound(context: Context) -> pd.DataFrame:
    """Counts that exceed their denominator; only errors are listed (`percentage` lists the rest)."""
    ledger = Ledger("count-bound")
    pairs = (("proportions", "n", "total"), ("medians", "events", "n"), ("hazard_ratios", "events", "n"))
    for table, count, size in pairs:
        frame = context[table]
        wrong = frame[(frame[f"{count}_op"] == "=") & (frame[f"{size}_op"] == "=") & (frame[count] > frame[size])]
        for record in records(wrong):
            if table == "proportions" and record["percent_op"] == "=":
                continue
            words = f"{record[f'{count}_text']} of {record[f'{size}_text']}: a part cannot exceed the whole"
            words += " (a percentage typed as a count?)" if "." in record[f"{count}_text"] else ""
            reported = f"{record[f'{count}_text']}/{record[f'{size}_text']}"
            _impossible(ledger, record, reported, words)
    return ledger.frame()


def _impossible(ledger: Ledger, record: dict, reported: str, words: str) -> None:
    ledger.judge(
        record,
        reported=reported,
        recomputed="",
        verdict=IMPOSSIBLE,
        severity=MAJOR,
        explanation=words,
    )


@register("subgroup-size", "N of a subgroup or arm <= N of the whole; complementary subgroups together <= the whole")
def check_subgroup_size(context: Context) -> pd.DataFrame:
    """Sizes of subgroups and arms against the group or study they belong to."""
    ledger = Ledger("subgroup-size")
    sizes = context.sizes
    by_arm: dict[tuple[str, str, str], dict[str, tuple[float, str]]] = {}
    for (source, study, arm, population), size in sizes.items():
        by_arm.setdefault((source, study, arm), {})[population] = size
    for (source, study, arm), known in by_arm.items():
        whole = known.get("all") or sizes.get((source, study, "all", "all"))
        if whole:
            _judge_parts(ledger, (source, study, arm), known, whole)
    for (source, study, arm), known in by_arm.items():
        study_size = sizes.get((source, study, "all", "all"))
        if arm not in ("", "all") and "all" in known and study_size:
            _judge_part(ledger, (source, study), (f"arm {arm}", known["all"]), ("the study", study_size))
    return ledger.frame()


def _judge_parts(ledger: Ledger, place: tuple[str, ...], known: dict, whole: tuple[float, str]) -> None:
    names = [name for name in known if name != "all" and not WIDER.search(name)]
    for name in names:
        _judge_part(ledger, place[:2], (name, known[name]), ("the whole", whole))
    for place_in_list, first in enumerate(names):
        for second in names[place_in_list + 1 :]:
            if exclusive(first, second):
                both = known[first][0] + known[second][0]
                claims = [known[first][1], known[second][1], whole[1]]
                _note_sum(ledger, place[:2], claims, f"{first} and {second}", both, whole[0])


def _note_sum(ledger: Ledger, place: tuple[str, ...], claims: list[str], names: str, both: float, whole: float) -> None:
    wrong = both > whole
    rest = "" if both == whole else f", {int(whole - both)} in neither"
    ledger.add(
        place[0],
        place[1],
        claims,
        reported=f"{int(both)} of {int(whole)}",
        recomputed=f"at most {int(whole)}",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=f"{names} are {int(both)} together, the whole {int(whole)}"
        + (": more than there are" if wrong else rest),
    )


def _judge_part(ledger: Ledger, place: tuple[str, ...], part: tuple[str, tuple], whole: tuple[str, tuple]) -> None:
    (name, (n, claim)), (whole_name, (size, whole_claim)) = part, whole
    wrong = n > size
    ledger.add(
        place[0],
        place[1],
        [claim, whole_claim],
        reported=f"{int(n)} of {int(size)}",
        recomputed=f"at most {int(size)}",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=f"{name} has {int(n)} patients, {whole_name} {int(size)}"
        + (": a part cannot exceed it" if wrong else ""),
    )


@register("excluded-part", "N without a feature + N with it <= N of the group that holds both")
def check_excluded_part(context: Context) -> pd.DataFrame:
    """A group `without X` cannot be as large as a group that also includes patients with X."""
    ledger = Ledger("excluded-part")
    frame = context["proportions"]
    sized = frame[(frame["total_op"] == "=") & frame["population"].str.contains(r"^(?:without|no) ", regex=True)]
    for record in records(sized.drop_duplicates([*PLACE, "total"])):
        feature = re.sub(r"^(without|no) ", "", record["population"])
        place = record["source_id"], record["study_id"], record["arm_id"]
        having = context.size(*place, feature)
        same = [
            (population, claim)
            for (source, study, arm, population), (n, claim) in context.sizes.items()
            if (source, study, arm) == place
            and n == record["total"]
            and population not in (record["population"], feature)
        ]
        # if all patients have the feature, none are left without it
        if having and 0 < having[0] < record["total"] and same:
            _judge_excluded(ledger, record, feature, having, same[0])
    return ledger.frame()


def _judge_excluded(ledger: Ledger, record: dict, feature: str, having: tuple, same: tuple[str, str]) -> None:
    total = record["total"]
    words = (
        f"{int(total)} stands for {record['population']} and also for {same[0]}, though {int(having[0])} patients have "
    )
    words += f"{feature}; if {same[0]} holds them too, {int(total - having[0])} are left without it"
    rate = (
        f", and {record['n_text']} of these is {show(100 * record['n'] / (total - having[0]), 3)} %"
        if record["n_op"]
        else ""
    )
    ledger.judge(
        record,
        [record["claim_id"], having[1], same[1]],
        named=[record["claim_id"]],
        reported=f"{record['n_text']}/{record['total_text']}",
        recomputed=f"N {int(total - having[0])}",
        verdict=DISCREPANT,
        severity=MINOR,
        explanation=words + rate,
    )


@register("inclusion-exclusion", "|A| + |B| = 2 |A and B| + |exactly one of them|")
def check_overlap(context: Context) -> pd.DataFrame:
    """Two overlapping groups against their overlap, where a statement of kind `overlap` lists the four counts."""
    ledger = Ledger("inclusion-exclusion")
    counts = {record["claim_id"]: record for record in records(context["proportions"]) if record["n_op"] == "="}
    statements = context["statements"]
    for record in records(statements[statements["kind"] == "overlap"]):
        named = [claim.strip() for claim in record["claims"].split(";")]
        if len(named) == 4 and all(claim in counts for claim in named):
            _judge_overlap(ledger, record["item"], *(counts[claim] for claim in named))
    return ledger.frame()


def _judge_overlap(ledger: Ledger, what: str, first: dict, second: dict, both: dict, one: dict) -> None:
    left, right = int(first["n"] + second["n"]), int(2 * both["n"] + one["n"])
    words = f"{what}: {int(first['n'])} with one and {int(second['n'])} with the other are {left}; "
    words += f"{int(both['n'])} with both and {int(one['n'])} with exactly one are {right}"
    ledger.judge(
        first,
        [record["claim_id"] for record in (first, second, both, one)],
        named=[first["claim_id"]],
        reported=f"{int(first['n'])} + {int(second['n'])}",
        recomputed=f"2 x {int(both['n'])} + {int(one['n'])} = {right}",
        verdict=REPRODUCED if left == right else DISCREPANT,
        severity=NONE if left == right else MINOR,
        explanation=words,
    )


@register("patient-flow", "screened >= enrolled >= every later count")
def check_flow(context: Context) -> pd.DataFrame:
    """No more patients can be enrolled than screened, or analysed than enrolled."""
    ledger = Ledger("patient-flow")
    frame = context["proportions"]
    frame = frame[(frame["kind"] == "flow") & (frame["n_op"] == "=")]
    for group in grouped(frame, ["source_id", "study_id", "arm_id"]).values():
        screened = [row for row in group if "screen" in row["item"].lower()]
        enrolled = [row for row in group if re.search("enrol|random", row["item"].lower()) and row not in screened]
        first = screened[:1] + enrolled[:1]
        later = [row for row in group if row not in screened and row not in enrolled]
        for before, after in [*pairwise(first), *((first[-1], row) for row in later if first)]:
            wrong = after["n"] > before["n"]
            ledger.judge(
                before,
                [before["claim_id"], after["claim_id"]],
                reported=f"{before['n_text']} then {after['n_text']}",
                recomputed=f"at most {before['n_text']}",
                verdict=IMPOSSIBLE if wrong else REPRODUCED,
                severity=MAJOR if wrong else NONE,
                explanation=f"{before['n_text']} ({before['item']}) before {after['n_text']} ({after['item']})",
            )
    return ledger.frame()


@register("same-count", "one large count printed for two different things in one column of a table; a hint")
def check_same_count(context: Context) -> pd.DataFrame:
    """The same count and percentage in two unrelated rows of a column: perhaps a copied cell; never a finding."""
    ledger = Ledger("same-count")
    frame = context["proportions"]
    large = frame[(frame["n"] >= 100) & (frame["total"] > frame["n"]) & (frame["kind"] == "baseline")]
    large = large.assign(table=large["locator"].str.split(",").str[0])
    for group in grouped(large, [*PLACE, "table", "n"]).values():
        distinct = list({row["item"]: row for row in group[::-1]}.values())[::-1]
        # Repeated statements within one set of categories, or of one category under another name, share words.
        for first, second in pairwise(distinct):
            if not (_words(first["item"]) & _words(second["item"])):
                _note_same(ledger, first, second)
    return ledger.frame()


def _words(text: str) -> set[str]:
    return {
        word
        for word in re.findall(r"[a-z]{4,}", text.lower())
        if word not in ("receptor", "metastatic", "sites", "number")
    }


def _note_same(ledger: Ledger, first: dict, second: dict) -> None:
    ledger.judge(
        first,
        [first["claim_id"], second["claim_id"]],
        reported=first["n_text"],
        recomputed="",
        verdict=UNCHECKABLE,
        severity=MINOR,
        explanation=f"a hint: {first['n_text']} stands for {first['item']} and for {second['item']}; "
        "by chance, by definition or by a copied cell, nothing printed decides",
    )


@register("endpoint-met", "the estimate, and the lower limit of its interval, against the boundary named as crossed")
def check_endpoint_met(context: Context) -> pd.DataFrame:
    """If a primary endpoint is stated to be met, the estimate must lie beyond the printed boundary."""
    ledger = Ledger("endpoint-met")
    frame = context["statements"]
    for record in records(frame[frame["kind"] == "primary_endpoint_met"]):
        found = [context.claim(claim.strip()) for claim in record["claims"].split(";") if claim.strip()]
        if len(found) == 2 and all(found):
            _judge_met(ledger, record, *(pair for pair in found if pair))
    return ledger.frame()


def _judge_met(ledger: Ledger, record: dict, estimate: tuple[str, dict], boundary: tuple[str, dict]) -> None:
    value, limit = value_in(*estimate), value_in(*boundary)
    if value is None or limit is None:
        return
    low = estimate[1].get("lower_min", float("nan"))
    beyond, surely = value.value > limit.value, low > limit.value
    words = f"{value.text} lies {'beyond' if beyond else 'not beyond'} the boundary {limit.text}"
    words += f", its lower limit {estimate[1]['lower_text']} {'too' if surely else 'does not'}" if low == low else ""
    ledger.judge(
        record,
        [record["claim_id"], value.claim, limit.claim],
        named=[record["claim_id"]],
        reported=f"{value.text} against {limit.text}",
        recomputed="",
        verdict=REPRODUCED if beyond else DISCREPANT,
        severity=NONE if beyond else CONCLUSION,
        explanation=words,
    )
