"""Unknown values in a comparison of two groups: the test with unknowns counted as absent, and without them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey import tables2x2
from resurvey.audit.baseline import UNKNOWN
from resurvey.audit.context import Context, grouped, records
from resurvey.audit.contrasts import LEVEL, claims_of
from resurvey.audit.denominators import GROUP, denominators
from resurvey.audit.registry import register
from resurvey.audit.verdicts import CONCLUSION, NONE, OTHER_METHOD, REPRODUCED, Ledger
from resurvey.reported import show

TEST = "Pearson chi-square"


@register(
    "unknown-choice",
    "p of a category with the unknown among the others, and among the known alone (Pearson)",
    "Altman and Bland 2007",
)
def check_unknown(context: Context) -> pd.DataFrame:
    """A printed p below 0.05 only because patients with an unknown value are counted as not having the feature."""
    ledger = Ledger("unknown-choice")
    frame = context["proportions"]
    frame = frame.assign(whole=denominators(context, frame)[0])
    frame = frame[(frame["partition"] != "") & (frame["n_op"] == "=") & (frame["whole"] > 0)]
    sets = grouped(frame, GROUP)
    cells = {row["claim_id"]: row for row in records(frame)}
    tests = context["p_values"]
    for record in records(tests[tests["p_op"] != ""]):
        rows = [cells[claim] for claim in claims_of(record["claims"]) if claim in cells]
        if len(rows) != 2 or any(UNKNOWN.search(row["item"]) for row in rows):
            continue
        unknown = [_unknown(sets[tuple(row[column] for column in GROUP)]) for row in rows]
        if all(count is not None for count in unknown) and any(unknown):
            _judge(ledger, record, rows, [float(count or 0) for count in unknown])
    return ledger.frame()


def _unknown(rows: list[dict]) -> float | None:
    """Patients in the unknown category of a set; None where there is no such category or the set does not add up."""
    named = [row["n"] for row in rows if UNKNOWN.search(row["item"])]
    if not named or abs(sum(row["n"] for row in rows) - rows[0]["whole"]) > 0:
        return None
    return float(sum(named))


def _p(counts: list[float], sizes: list[float]) -> float:
    table = np.array([counts, [size - count for size, count in zip(sizes, counts, strict=True)]])
    return tables2x2.p_values(table).get(TEST, float("nan"))


def _judge(ledger: Ledger, record: dict, rows: list[dict], unknown: list[float]) -> None:
    counts, sizes = [row["n"] for row in rows], [row["whole"] for row in rows]
    known = [size - missing for size, missing in zip(sizes, unknown, strict=True)]
    every, rest = _p(counts, sizes), _p(counts, known)
    if every != every or rest != rest:
        return
    significant = record["p_op"] in ("<", "<=") or record["p_max"] < LEVEL
    apart = significant == (every < LEVEL) != (rest < LEVEL)
    shares = " and ".join(f"{row['n_text']}/{size:.0f}" for row, size in zip(rows, known, strict=True))
    words = f"{rows[0]['item']}: p {show(every, 2)} with the unknown ({unknown[0]:.0f} and {unknown[1]:.0f}) "
    words += f"among the others, {show(rest, 2)} among the known ({shares}); printed {record['p_text']}"
    words += "; significance depends on how the unknown are counted" if apart else ""
    ledger.judge(
        record,
        [record["claim_id"], *(row["claim_id"] for row in rows)],
        named=[record["claim_id"]],
        reported=f"p {record['p_text']}",
        recomputed=f"p {show(every, 2)} and {show(rest, 2)}",
        verdict=OTHER_METHOD if apart else REPRODUCED,
        severity=CONCLUSION if apart else NONE,
        explanation=words,
    )
