"""Move confirmed drafts into data/raw: all or nothing, and never without arm, population or endpoint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from resurvey import tables
from resurvey.errors import InputError, plural
from resurvey.plausible import implausible, unusable
from resurvey.read import draft_folder
from resurvey.read.alike import alike
from resurvey.read.draft_folder import Line, Reading
from resurvey.read.drafting import SHORT
from resurvey.read.word_lists import TIME_TO_EVENT
from resurvey.schema import TABLES
from resurvey.spelling import misspelt
from resurvey.tables import Fault, TableFaults, file_of

# Columns without which a row cannot be compared with others; also the endpoint in tables that have one.
NEEDED = ("arm_id", "population", "endpoint")
ARMLESS = frozenset({"sources", "studies", "ongoing_trials", "designs", "quantities", "names", "statements"})
WITH_ENDPOINT = frozenset({"medians", "survival_rates", "hazard_ratios", "designs", "risk_tables"})


Added = dict[str, list[dict[str, str]]]


@dataclass
class Moved:
    """Outcome of a confirmation: rows moved by table, and rows still waiting."""

    rows: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    dropped: int = 0


def apply_rulings(reading: Reading, path: Path) -> int:
    """Take statuses and changes from a saved CSV; return the number of rows with a ruling.

    A row is known by its mark, so that a CSV saved before a changed paper was read again still rules on the same rows.

    Raises
    ------
    InputError
        If the CSV names an unknown claim or status.
    """
    lines = {line.about["claim_id"]: line for line in reading.lines}
    marked = {line.about["mark"]: line for line in reading.lines}
    rows = draft_folder.read_rows(path)
    faults = []
    ruled: list[tuple[Line, dict[str, str]]] = []
    for number, row in enumerate(rows, start=2):
        claim, status = row.get("claim_id", ""), row.get("status", "").strip().lower()
        line = marked.get(row["mark"]) if row.get("mark") else lines.get(claim)
        if line is None and claim not in lines:
            faults.append(f"row {number}, claim_id: {claim!r} is not a draft of {reading.name}")
        elif line is None and status:
            faults.append(
                f"row {number}, mark: {claim} has been read anew since this file was saved; open the new read.html"
            )
        elif status not in draft_folder.STATUSES:
            faults.append(f"row {number}, status: {status!r} is unknown; use confirm, change, drop or leave it empty")
        elif line is not None:
            ruled.append((line, {"status": status, "changes": row.get("changes", "")}))
    if faults:
        raise InputError(
            f"{path.name}: {plural(len(faults), 'fault')}; nothing was moved:\n  " + "\n  ".join(faults[:50])
        )
    for line, ruling in ruled:
        if not line.about["confirmed_as"]:
            line.about |= ruling
    return sum(bool(ruling["status"]) for _, ruling in ruled)


def confirm(readings: Sequence[Reading], data: Path) -> Moved:
    """Move the confirmed rows of readings into the tables of a folder.

    Parameters
    ----------
    readings : sequence of Reading
        Readings whose lines are marked confirm or change.
    data : Path
        The folder of raw tables.

    Raises
    ------
    TableFaults
        With every fault of every row; in that case nothing is written.
    """
    raw = tables.read_raw(data)
    faults: list[Fault] = []
    moved = Moved()
    added: Added = {}
    given: list[tuple[Line, str]] = []
    used = _used_ids(raw)
    for reading in readings:
        for line in reading.lines:
            status = line.about["status"].strip().lower()
            if status not in draft_folder.STATUSES:
                faults.append(
                    Fault(
                        draft_folder.FILE,
                        0,
                        "status",
                        status,
                        f"claim {line.about['claim_id']} has status {status!r}",
                        "use confirm, change or drop",
                    )
                )
            if line.about["confirmed_as"]:
                continue
            moved.dropped += status == "drop"
            moved.waiting += status == ""
            if status in ("confirm", "change"):
                row = {**line.cells, **draft_folder.changes_of(line)}
                faults += _lacking(row, line, reading)
                given.append((line, _add(row, line.about["table"], reading, added, used, raw)))
    for reading in readings:
        faults += _not_told_apart(reading)
    read = [line.cells for reading in readings for line in reading.lines]
    _add_endpoints(added, raw, {row.get("endpoint", "") for row in read})
    _add_arms(added, raw, readings)
    faults += _homeless(added, raw)
    if faults:
        raise TableFaults(faults)
    merged = _merged(added, raw)
    tables.check(merged)
    if refused := _refused(merged, {new_id: line for line, new_id in given}):
        raise TableFaults(refused)
    for reading in readings:  # a folder that cannot be written must be known before a row is moved, or it moves twice
        draft_folder.save(reading)
    for name, rows in added.items():
        if rows:
            tables.write_csv(merged[name], data / file_of(TABLES[name]))
    for line, new_id in given:
        line.about["confirmed_as"] = new_id
        moved.rows[line.about["table"]] = moved.rows.get(line.about["table"], 0) + 1
    for reading in readings:
        draft_folder.save(reading)
    return moved


def _lacking(row: dict[str, str], line: Line, reading: Reading) -> list[Fault]:
    """Faults of a confirmed row: no arm, population or endpoint, or a required cell that is empty."""
    table = line.about["table"]
    names = [name for name in NEEDED if name in TABLES[table].names and not (name == "arm_id" and table in ARMLESS)]
    names = [name for name in names if name != "endpoint" or table in WITH_ENDPOINT]
    names += [
        column.name for column in TABLES[table].columns if column.required and column.name not in (*names, "claim_id")
    ]
    file = f"{reading.name}/{table}.csv"
    choices = {column.name: column.choices for column in TABLES[table].columns}
    return [
        Fault(
            file,
            0,
            name,
            "",
            f"{line.about['claim_id']} ({row.get('locator', '')}) is confirmed without {name}",
            "fill it in read.html or in the table, or withdraw the confirmation"
            + ("; `all` stands for the whole study" if name in ("arm_id", "population") else "")
            + (f"; it is one of {', '.join(choices[name])}" if choices[name] else ""),
        )
        for name in names
        if not row.get(name, "").strip()
    ]


def _not_told_apart(reading: Reading) -> list[Fault]:
    """Confirmed rows of one place with the same words and other numbers, which would contradict each other."""
    kept = [line for line in reading.lines if line.about["status"].strip().lower() in ("confirm", "change")]
    cells = {line.about["claim_id"]: {**line.cells, **draft_folder.changes_of(line)} for line in kept}
    others = alike(kept, cells)
    return [
        Fault(
            f"{reading.name}/{line.about['table']}.csv",
            0,
            "population",
            cells[name].get("population", ""),
            f"{name} ({line.cells.get('locator', '')}) has the words of {', '.join(others[name][:3])} "
            "and other numbers",
            "name its group of patients (population), its time or what it counts, "
            "or begin its note with `sic` if the paper prints both of one quantity",
        )
        for line in kept
        if (name := line.about["claim_id"]) in others and not line.about["confirmed_as"]
    ]


def _used_ids(raw: dict) -> set[str]:
    return {claim for frame in raw.values() if "claim_id" in frame.columns for claim in frame["claim_id"]}


def _add(row: dict[str, str], table: str, reading: Reading, added: Added, used: set[str], raw: dict) -> str:
    rows = added.setdefault(table, [])
    if table in ("sources", "studies"):
        key = TABLES[table].unique[0]
        if row[key] not in set(raw[table][key]) and all(row[key] != other[key] for other in rows):
            rows.append({name: row.get(name, "") for name in TABLES[table].names})
        return row[key]
    number = 1 + max(
        (int(m[1]) for claim in used if (m := re.fullmatch(rf"{re.escape(reading.name)}-{SHORT[table]}-(\d+)", claim))),
        default=0,
    )
    new_id = f"{reading.name}-{SHORT[table]}-{number:03d}"
    used.add(new_id)
    rows.append({name: row.get(name, "") for name in TABLES[table].names} | {"claim_id": new_id})
    return new_id


FAMILY = {
    "ORR": "response",
    "CR": "response",
    "PR": "response",
    "DCR": "response",
    "CBR": "response",
    "pCR": "response",
    "age": "baseline",
}


def _add_endpoints(added: Added, raw: dict, read: set[str]) -> None:
    """Add endpoints missing from endpoints.csv: known ones, and others as named in the paper, with family `other`.

    An unknown endpoint typed by a person is not added: it may be a typing error, and the check reports it.
    """
    known = set(raw["endpoints"]["endpoint"])
    wanted = {
        row["endpoint"] for name, rows in added.items() if name in WITH_ENDPOINT for row in rows if row.get("endpoint")
    }
    for endpoint in sorted(wanted - known):
        family = (
            "time_to_event" if endpoint in TIME_TO_EVENT else FAMILY.get(endpoint, "other" if endpoint in read else "")
        )
        if family:
            row = dict.fromkeys(TABLES["endpoints"].names, "") | {
                "endpoint": endpoint,
                "label": endpoint,
                "family": family,
                "note": "named by the paper; its family has still to be typed" if family == "other" else "",
            }
            added.setdefault("endpoints", []).append(row)


def _add_arms(added: Added, raw: dict, readings: Sequence[Reading]) -> None:
    """Add arms of confirmed rows that are missing from arms.csv, as named in the paper, without size and treatment.

    An arm typed by a person is not added; the check reports it.
    """
    drafted: dict[tuple[str, str], Line] = {}
    for reading in readings:
        for line in reading.lines:
            for column in ("arm_id", "comparator_arm_id"):
                drafted.setdefault((line.cells.get("study_id", ""), line.cells.get(column, "")), line)
    known = set(zip(raw["arms"]["study_id"], raw["arms"]["arm_id"], strict=True))
    known |= {(row["study_id"], row["arm_id"]) for row in added.get("arms", [])}
    for study, arm in sorted(_named_arms(added) - known):
        if (study, arm) in drafted:
            line = drafted[study, arm]
            source = line.cells["source_id"]
            row = dict.fromkeys(TABLES["arms"].names, "") | {
                "claim_id": f"{source}-arm-{arm}",
                "source_id": source,
                "locator": line.cells["locator"],
                "study_id": study,
                "arm_id": arm,
                "population": "all",
                "label": arm.replace("_", " "),
                "note": "named by confirmed rows; its size and its treatment are still to be typed",
            }
            added.setdefault("arms", []).append(row)


def _named_arms(added: Added) -> set[tuple[str, str]]:
    return {
        (row["study_id"], row[column])
        for rows in added.values()
        for row in rows
        for column in ("arm_id", "comparator_arm_id")
        if row.get(column) and row[column] != "all" and row.get("study_id")
    }


def _homeless(added: Added, raw: dict) -> list[Fault]:
    """One fault for each document and study that confirmed rows refer to and that nobody has confirmed."""
    faults = []
    for table, column, what in (("sources", "source_id", "document"), ("studies", "study_id", "study")):
        known = set(raw[table][column]) | {row[column] for row in added.get(table, [])}
        named = [row[column] for name, rows in added.items() if name != table for row in rows if row.get(column)]
        for missing in dict.fromkeys(name for name in named if name not in known):
            faults.append(
                Fault(
                    f"{table}.csv",
                    0,
                    column,
                    missing,
                    f"confirmed rows are of this {what} ({named.count(missing)}), but its own row is not confirmed",
                    f"confirm its row, one of the first two of read.html, or add it to {table}.csv",
                )
            )
    return faults


def _merged(added: Added, raw: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables as they would become."""
    merged = dict(raw)
    for name, rows in added.items():
        if rows:
            last = int(max(raw[name].index, default=1))
            more = pd.DataFrame(
                rows, columns=TABLES[name].names, index=range(last + 1, last + 1 + len(rows)), dtype=object
            )
            merged[name] = pd.concat([raw[name][TABLES[name].names], more]) if len(raw[name]) else more
    return merged


def _refused(merged: dict[str, pd.DataFrame], given: dict[str, Line]) -> list[Fault]:
    """Faults for which the pipeline would refuse the tables, told of the drafts they come from."""
    return [_of_draft(fault, merged, given) for fault in (*misspelt(merged), *unusable(merged), *implausible(merged))]


def _of_draft(fault: Fault, merged: dict[str, pd.DataFrame], given: dict[str, Line]) -> Fault:
    frame = merged.get(Path(fault.file).stem)
    held = frame is not None and "claim_id" in frame and fault.row in frame.index
    line = given.get(str(frame.loc[fault.row, "claim_id"])) if frame is not None and held else None
    if line is None:
        return fault
    about, where = line.about["claim_id"], line.cells.get("locator", "")
    rule = f"{about} ({where}), column {fault.column}, value {fault.value!r}: {fault.rule}"
    return replace(fault, row=0, rule=rule, advice=f"{fault.advice}; correct it in read.html")
