"""Adverse events: grades against each other, patients against events, and "most common" claims against the table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from resurvey.audit.context import PLACE, Context, grouped, records
from resurvey.audit.registry import register
from resurvey.audit.verdicts import DISCREPANT, IMPOSSIBLE, MAJOR, MINOR, NONE, REPRODUCED, UNCHECKABLE, Ledger
from resurvey.reported import show

SLACK = 1e-9
# Fewest rows whose sum can be distinguished from one that equals a count of patients by chance.
LEAST_ROWS = 4
ANY_EVENT = re.compile(
    r"^(any|all|adverse|side|total|ae|aes|teae)\b.*|.*\bany (event|toxicity|grade)\b.*", re.IGNORECASE
)
SIGNS = (("≥", " ge "), ("≤", " le "), (">=", " ge "), ("<=", " le "), ("<", " lt "), (">", " gt "), ("+", " pos "))
SPELLINGS = ((r"oe", "e"), (r"ae", "e"), (r"[^a-z0-9]+", " "), (r"\b(decreased|increased|syndrome|of|the)\b", " "))


def item_key(text: str) -> str:
    """Return one name for an event, whatever its word order or spelling (`decreased neutrophil count`, `Diarrhoea`)."""
    lower = re.sub(r"\([^)]*\)", " ", text.lower()).strip()
    if ANY_EVENT.match(lower):
        return "any event"
    for sign, word in SIGNS:
        lower = lower.replace(sign, word)
    direction = "decreased" if "decreased" in lower else "increased" if "increased" in lower else ""
    for pattern, new in SPELLINGS:
        lower = re.sub(pattern, new, lower)
    return " ".join(sorted(set([*lower.split(), direction] if direction else lower.split())))


def grade_key(text: str) -> str:
    """Grade or class of grades as `1-2`, `3`, `4`, `5`, `3-4`, `>=3` or `any`."""
    plain = text.lower().replace("≥", ">=").replace("–", "-").replace("grade", "").replace(" ", "")
    plain = plain.replace("iii-iv", "3-4").replace("3or4", "3-4")
    return {"": "any", "all": "any", "3-5": ">=3", "3orhigher": ">=3", "3+": ">=3"}.get(plain, plain)


def _events(context: Context) -> pd.DataFrame:
    frame = context["proportions"]
    frame = frame[frame["kind"] == "adverse_event"]
    keys = {item: item_key(item) for item in frame["item"].unique()}
    grades = {grade: grade_key(grade) for grade in frame["grade"].unique()}
    return frame.assign(key=frame["item"].map(keys), level=frame["grade"].map(grades))


def _table(group: list[dict]) -> dict[str, dict]:
    """First row with a printed count, for each grade."""
    return {record["level"]: record for record in group[::-1] if record["n_op"] == "="}


@register("grade-sum", "grades 3 + 4 (+ 5) = grade 3 or more; grades 1-2 + 3 + 4 (+ 5) = any grade; part <= whole")
def check_grades(context: Context) -> pd.DataFrame:
    """Counts by highest grade must add up to the counts printed for wider classes of grades, in text and table."""
    ledger = Ledger("grade-sum")
    events = _events(context)
    for group in grouped(events, [*PLACE, "data_cut", "key"]).values():
        known = _table(group)
        for whole, parts in ((">=3", ("3", "4", "5")), ("3-4", ("3", "4")), ("any", ("1-2", "3", "4", "5"))):
            found = [known[part] for part in parts if part in known]
            for printed in [row for row in group if row["level"] == whole and row["n_op"] == "="]:
                if len(found) >= len(parts) - ("5" in parts) and "3" in known:
                    _judge_sum(ledger, printed, found, whole)
        _judge_nesting(ledger, known)
    return ledger.frame()


def _judge_sum(ledger: Ledger, printed: dict, parts: list[dict], whole: str) -> None:
    added = sum(part["n"] for part in parts)
    agrees = added == printed["n"]
    shown = " + ".join(f"{part['n_text']} (grade {part['level']})" for part in parts)
    ledger.judge(
        printed,
        [printed["claim_id"], *(part["claim_id"] for part in parts)],
        named=[printed["claim_id"]],
        reported=f"grade {whole}: {printed['n_text']}",
        recomputed=show(added),
        verdict=REPRODUCED if agrees else DISCREPANT,
        severity=NONE if agrees else MINOR,
        explanation=f"{printed['item']}: {shown} is {show(added)}, printed {printed['n_text']} for grade {whole}",
    )


NESTED = (("4", ">=3"), ("3", ">=3"), ("3-4", ">=3"), (">=3", "any"), ("3-4", "any"), ("3", "any"), ("4", "3-4"))


def _judge_nesting(ledger: Ledger, known: dict[str, dict]) -> None:
    for part, whole in NESTED:
        if part in known and whole in known and known[part]["n"] > known[whole]["n"]:
            first, second = known[part], known[whole]
            ledger.judge(
                first,
                [first["claim_id"], second["claim_id"]],
                reported=f"{first['n_text']}, {second['n_text']}",
                recomputed=f"at most {second['n_text']}",
                verdict=IMPOSSIBLE,
                severity=MAJOR,
                explanation=f"{first['item']}: {first['n_text']} of grade {part}, {second['n_text']} of grade {whole}",
            )


@register("any-event-bound", "patients with any event of a class of grades >= patients with each one event of it")
def check_any_event(context: Context) -> pd.DataFrame:
    """No single event can affect more patients than `any event` of the same class of grades."""
    ledger = Ledger("any-event-bound")
    events = _events(context)
    for level, every, single in _any_and_single(events, ("any", ">=3", "3-4")):
        _judge_any(ledger, every, max(single, key=lambda record: record["n"]), level)
    return ledger.frame()


def _any_and_single(events: pd.DataFrame, levels: tuple[str, ...]) -> Iterator[tuple[str, dict, list[dict]]]:
    """For each group and class of grades: the row of any event, and the rows of single events."""
    counted = events[(events["n_op"] == "=") & events["level"].isin(levels)]
    for (*_, level), rows in grouped(counted, [*PLACE, "data_cut", "level"]).items():
        every = [row for row in rows if row["key"] == "any event"]
        single = [row for row in rows if row["key"] != "any event"]
        if every and single:
            yield level, every[0], single


def _judge_any(ledger: Ledger, every: dict, most: dict, level: str) -> None:
    wrong = most["n"] > every["n"]
    words = f"{most['n_text']} with {most['item']} and {every['n_text']} with any event of grade {level}"
    ledger.judge(
        every,
        [every["claim_id"], most["claim_id"]],
        named=[every["claim_id"]],
        reported=every["n_text"],
        recomputed=f"at least {most['n_text']}",
        verdict=IMPOSSIBLE if wrong else REPRODUCED,
        severity=MAJOR if wrong else NONE,
        explanation=words
        + (": one event cannot be more common than any event" if wrong else ", in the only possible order"),
    )


@register("patients-or-events", "patients with any event of a grade against the sum of the rows of that grade")
def check_patients_or_events(context: Context) -> pd.DataFrame:
    """If the patients with any grade 3-4 event equal the sum of the event rows, the number is a count of events."""
    ledger = Ledger("patients-or-events")
    events = _events(context)
    for level, every, single in _any_and_single(events, (">=3", "3-4")):
        distinct = list({record["key"]: record for record in single[::-1]}.values())[::-1]
        if len(distinct) >= LEAST_ROWS:
            _judge_patients(ledger, every, distinct, level)
    return ledger.frame()


def _judge_patients(ledger: Ledger, every: dict, single: list[dict], level: str) -> None:
    added, rows = sum(row["n"] for row in single), sum(row["n"] > 0 for row in single)
    equal = added == every["n"] and rows > 1
    words = f"{every['n_text']} patients with grade {level}, and the {rows} rows of it add up to {int(added)} events"
    words += ": events, unless nobody had two" if equal else ""
    ledger.judge(
        every,
        [every["claim_id"], *(row["claim_id"] for row in single)],
        named=[every["claim_id"]],
        reported=every["n_text"],
        recomputed=f"{int(added)} events",
        verdict=DISCREPANT if equal else REPRODUCED if added > every["n"] else UNCHECKABLE,
        severity=MAJOR if equal else NONE,
        explanation=words,
    )


@register("most-common", "every event called most common >= every event not called so, in the same grades and groups")
def check_most_common(context: Context) -> pd.DataFrame:
    """Check "most common" against the table of the same document."""
    ledger = Ledger("most-common")
    frame = context["statements"]
    said = frame[frame["kind"] == "most_common"]
    events = _events(context)
    for _, group in said.groupby([*PLACE, "endpoint", "locator"], sort=False):
        _judge_common(context, ledger, events, group)
    return ledger.frame()


def _judge_common(context: Context, ledger: Ledger, events: pd.DataFrame, said: pd.DataFrame) -> None:
    first = said.iloc[0]
    words = f"{first['endpoint']} {first['item']}".lower()
    level = next((grade for grade in (">=3", "3-4") if grade in grade_key(words)), "any")
    pool = events[(events["source_id"] == first["source_id"]) & (events["study_id"] == first["study_id"])]
    pool = pool[pool["population"] == first["population"]]
    if first["arm_id"] not in ("", "all"):
        pool = pool[pool["arm_id"] == first["arm_id"]]
    names = _names(context, said)
    totals = _totals(pool[pool["key"] != "any event"], level)
    named, other = totals[totals.index.isin(names)], totals[~totals.index.isin(names)]
    if named.empty or other.empty:
        return
    above = other[other > named.min() + SLACK].sort_values(ascending=False, kind="stable")
    shown = f"least of those named is {named.idxmin()} {show(named.min())}"
    shown += f", most of the others {other.idxmax()} {show(other.max())}"
    ledger.judge(
        first,
        said["claim_id"],
        reported=", ".join(sorted(named.index)),
        recomputed=", ".join(f"{name} {show(value)}" for name, value in above.items()) or "the same",
        verdict=DISCREPANT if len(above) else REPRODUCED,
        severity=MINOR if len(above) else NONE,
        explanation=f"called most common of grade {level}: {shown}",
    )


def _names(context: Context, said: pd.DataFrame) -> set[str]:
    """Events that a statement names: those of its claims, otherwise the words of its value or item."""
    names = set()
    for record in records(said):
        found = [context.claim(claim.strip()) for claim in record["claims"].split(";") if claim.strip()]
        items = [row["item"] for table, row in filter(None, found) if table == "proportions"]
        text = record["value_text"] if record["value_op"] == "" else ""
        parts = items or [part for part in re.split(r"[;,]", text or record["item"]) if part.strip()]
        names |= {item_key(part) for part in parts}
    return names


def _totals(pool: pd.DataFrame, level: str) -> pd.Series:
    """Patients with each event in a class of grades, over all groups; percentages where no counts are printed."""
    wanted = {"any": ("1-2", "3", "4", "3-4", "5"), ">=3": ("3", "4", "3-4", "5"), "3-4": ("3", "4", "3-4")}[level]
    column = "n" if (pool["n_op"] == "=").any() else "percent"
    direct = pool[(pool["level"] == level) & pool[column].notna()]
    parts = pool[pool["level"].isin(wanted) & pool[column].notna()]
    if len(parts):
        summed = parts.drop_duplicates(["key", "arm_id", "level"]).groupby("key", sort=False)[column].sum()
        return summed.combine(direct.groupby("key", sort=False)[column].max(), np.fmax)
    return direct.drop_duplicates(["key", "arm_id"]).groupby("key", sort=False)[column].sum()


@register("none-statement", "an event said not to have occurred, in a grade, against its rows")
def check_none(context: Context) -> pd.DataFrame:
    """Events stated to be absent: no row of the same document may count one."""
    ledger = Ledger("none-statement")
    events = _events(context)
    frame = context["statements"]
    said = frame[(frame["kind"] == "none") & frame["item"].str.contains(r"grade [3-5]", regex=True)]
    for record in records(said):
        grade = re.search(r"grade ([3-5])", record["item"]).group(1)  # type: ignore[union-attr]
        name = item_key(re.sub(r"(AEs? of )?grade [3-5]( or [3-5])?|, either group", "", record["item"]))
        pool = events[(events["source_id"] == record["source_id"]) & (events["study_id"] == record["study_id"])]
        pool = pool[pool["level"].isin([level for level in ("3", "4", "5") if level >= grade])]
        pool = pool if name in ("any event", "") else pool[pool["key"] == name]
        _judge_none(ledger, record, pool[pool["n_op"] == "="], grade)
    return ledger.frame()


def _judge_none(ledger: Ledger, record: dict, pool: pd.DataFrame, grade: str) -> None:
    counted = pool["n"].sum()
    verdict = UNCHECKABLE if pool.empty else REPRODUCED if counted == 0 else DISCREPANT
    words = "no row of this document counts such events" if pool.empty else f"its rows count {int(counted)}"
    words += "; a statement that no event of any kind had this grade is rarely meant so widely" if pool.empty else ""
    ledger.judge(
        record,
        [record["claim_id"], *pool["claim_id"]],
        named=[record["claim_id"]],
        reported=record["item"],
        recomputed="" if pool.empty else show(counted),
        verdict=verdict,
        severity=NONE if verdict == REPRODUCED else MINOR,
        explanation=f"said not to have occurred in grade {grade}: {words}",
    )
