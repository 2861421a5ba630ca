"""Every rule stands any table that passes the checks of its cells: no exception, no warning, no word unknown."""

import numpy as np
import pandas as pd
import pytest

from resurvey import audit, schema, tables

PRINTED = (
    *("", "", "0", "1", "5", "10", "0.5", "0.00", "1.0", "2", "100", "99.9", "NR", "~5", "<0.001", "<5", ">10", "≥3"),
    *("≤0.05", "1e3", "1e-9", "-3", "0.05", "12", "50", "33.3", "1000000", "0.8", "0.71"),
)
WORDS = {
    "source_id": ("d1", "d2"),
    "study_id": ("s1", "s2"),
    "arm_id": ("", "all", "a", "b"),
    "comparator_arm_id": ("", "a", "b"),
    "comparator_study_id": ("", "s1", "s2"),
    "population": ("all", "x positive", "x negative", "without x", "x"),
    "comparator_population": ("", "all", "x positive"),
    "data_cut": ("", "c1", "c2"),
    "endpoint": ("PFS", "OS", "ORR", "DCR"),
    "time_unit": ("months", "weeks"),
    "unit": ("months", "weeks", "%", "years"),
    "item": (
        "ORR",
        "CR",
        "PR",
        "rash",
        "any event",
        "not evaluable",
        "TP",
        "ER positive",
        "PgR positive",
        "follow-up",
        "ER or PgR positive",
        "treatment duration",
        "enrolment start",
        "data cut-off",
        "grade 4 rash",
        "enrolled",
    ),
    "grade": ("", "3", "4", "5", ">=3", "1-2", "any", "3-4"),
    "partition": ("", "p", "q"),
    "test": ("", "log-rank", "chi-square", "Fisher", "non-inferiority, margin 1.3", "Cox"),
    "treatment_id": ("",),
    "note": ("sic",),
}
OTHER = ("III", "phase 2", "NCT12345678", "5", "abc", "2020-01", "trastuzumab", "lapatinib + b")
SKIPPED = ("curves", "adjudications", "endpoints")


def cell(column, rng):
    if column.kind == "choice":
        return str(rng.choice([*column.choices, *([] if column.required else [""])]))
    if column.name in WORDS:
        return str(rng.choice(WORDS[column.name]))
    if column.kind in ("number", "count", "size", "percent", "p", "level"):
        return str(rng.choice([text for text in PRINTED if not tables.check_cell(column, text)]))
    if column.kind == "date":
        return "2019-06" if column.required else str(rng.choice(["", "2019", "2019-06-20"]))
    return "x1" if column.kind == "id" else str(rng.choice(OTHER))


def random_rows(table, rng, rows):
    """Rows with cells that go together and, for tables of judgements, keys that occur once."""
    made = {}
    for _ in range(rows):
        row = {column.name: cell(column, rng) for column in table.columns}
        for column, value, other, fitting in table.allowed:
            if row[column] == value and row[other] and row[other] not in fitting:
                row[other] = str(rng.choice(fitting))
        made[tuple(row[name] for name in table.unique) if table.allowed else len(made)] = row
    return list(made.values())


def random_tables(rng, rows):
    made, ids = {}, []
    for name, table in schema.TABLES.items():
        if name in SKIPPED:
            continue
        made[name] = random_rows(table, rng, rows)
        for place, row in enumerate(made[name]):
            keys = {"sources": ("source_id", "d"), "studies": ("study_id", "s"), "treatments": ("treatment_id", "t")}
            column, letter = keys.get(name, ("claim_id", f"d1-{name[:5].replace('_', '')}-"))
            if column in row:
                row[column] = f"{letter}{place + 1}"
            ids += [row["claim_id"]] if "claim_id" in row else []
    for row in (row for kept in made.values() for row in kept if "claims" in row):
        row["claims"] = ";".join(rng.choice(ids, int(rng.integers(0, 4)), replace=False))
    return {
        name: pd.DataFrame(kept, columns=schema.TABLES[name].names, index=range(2, len(kept) + 2), dtype=object)
        for name, kept in made.items()
    }


@pytest.mark.no_cover  # as in test_hostile.py
@pytest.mark.parametrize("seed", range(3))
def test_any_table_that_passes_its_checks_is_audited(seed):
    checks = audit.run(random_tables(np.random.default_rng(seed), 40))
    assert len(checks) > 100
    assert set(checks["verdict"]) <= set(audit.VERDICTS)
    assert checks["check_id"].is_unique
    assert not checks.isna().any().any()
    assert not checks["explanation"].str.contains(r"\bnan\b", regex=True).any()
