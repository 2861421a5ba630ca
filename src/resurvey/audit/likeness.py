"""Whether a sentence and the numbers used to check it concern the same endpoint, time origin and group."""

from __future__ import annotations

from resurvey.audit.context import Context
from resurvey.audit.values import Value

# Expressions that a sentence may use for an endpoint, and the endpoint meant.
MEANS = {"survival": "OS", "overall survival": "OS", "progression-free survival": "PFS", "response rate": "ORR"}


def unlike(context: Context, record: dict, values: list[Value]) -> str:
    """Explain why a sentence (a row of differences) cannot be checked by these numbers; empty when it can.

    A claim about overall survival is not supported by progression-free survival, one about a subgroup not by another
    group, and one about survival from the start of a treatment not by survival from an earlier date.
    """
    rows = [found[1] for value in values if (found := context.claim(value.claim))]
    return _endpoints(context, record, rows) or _groups(record, rows)


def _endpoints(context: Context, record: dict, rows: list[dict]) -> str:
    """Endpoints, each with its time origin, of the sentence and of its numbers."""
    timed = timed_endpoints(context)
    given = {row.get("endpoint", "") for row in rows} - {""}
    said = MEANS.get(record["endpoint"].lower(), record["endpoint"])
    if len(given) > 1 and given <= timed:
        return f"its numbers are of {' and '.join(sorted(given))}"
    if given and said in timed | set(MEANS.values()) and said not in given and given <= timed | set(MEANS.values()):
        return f"the sentence is about {record['endpoint']}, its numbers are of {' and '.join(sorted(given))}"
    return ""


def timed_endpoints(context: Context) -> set[str]:
    """Time-to-event endpoints: those recorded as such, and the usual ones."""
    kinds = context["endpoints"]
    known = set(kinds.loc[kinds["family"] == "time_to_event", "endpoint"])
    return known | {"PFS", "OS", "TTP", "DoR", "DFS", "EFS"}


def _groups(record: dict, rows: list[dict]) -> str:
    """Groups of the sentence and of its first number, which is its subject."""
    if not rows:
        return ""
    said, first = record["population"], rows[0]["population"]
    others = {row["population"] for row in rows}
    if _named(said) and said not in others:
        return f"the sentence is about {said}, its numbers are of {' and '.join(sorted(o or 'all' for o in others))}"
    if not _named(said) and _named(first) and len(others) == 1 and len(rows) > 1:
        return f"the sentence is about all, its numbers are of {first}"
    arms = {row["arm_id"] for row in rows}
    if record["arm_id"] not in ("", "all") and record["study_id"] == rows[0]["study_id"] and "all" not in arms:
        return "" if record["arm_id"] in arms | {""} else f"its numbers are not those of {record['arm_id']}"
    return ""


def _named(population: str) -> bool:
    return population not in ("", "all")
