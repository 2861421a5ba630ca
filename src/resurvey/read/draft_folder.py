"""The folder of a reading: draft tables, `drafts.csv` and findings; rulings are kept when a paper is read again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resurvey import inert
from resurvey.errors import InputError
from resurvey.read.drafting import NUMBERS
from resurvey.read.objects import Document, Doubtful, Draft, Finding
from resurvey.schema import TABLES
from resurvey.writing import write_text

DRAFTS = (
    "claim_id",
    "table",
    "confidence",
    "certainty",
    "rule",
    "span",
    "status",
    "changes",
    "confirmed_as",
    "mark",
    "doubt",
)
FINDINGS = ("rule", "verdict", "severity", "claim_ids", "locators", "reported", "recomputed", "explanation")
STATUSES = ("", "confirm", "change", "drop")
FILE = "drafts.csv"


@dataclass
class Line:
    """A row of drafts.csv and the cells of its row in the draft table."""

    about: dict[str, str]
    cells: dict[str, str]


@dataclass
class Reading:
    """A reading as stored in its folder."""

    folder: Path
    lines: list[Line] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The source id, which is the folder's name."""
        return self.folder.name


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV as dictionaries.

    Raises
    ------
    InputError
        If the file is missing or is not a UTF-8 CSV.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; run `resurvey read` first")
    try:
        return [
            {k: inert.exact(v or "") for k, v in row.items() if k is not None}
            for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: it is not a CSV of UTF-8 ({error}); save it as CSV UTF-8") from None


def write_rows(path: Path, names: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write rows as CSV atomically; the same rows give the same bytes.

    Text that a spreadsheet would take for a formula is prefixed with a quote, which `read_rows` removes.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: inert.cell(str(text)) for name, text in row.items()} for row in rows)
    write_text(stream.getvalue(), path)


def load(folder: Path) -> Reading:
    """Load a reading written by an earlier run or ruled on by a person.

    Raises
    ------
    InputError
        If a claim of the reading is in none of its draft tables.
    """
    cells: dict[str, dict[str, str]] = {}
    for name in TABLES:
        path = folder / f"{name}.csv"
        if path.is_file():
            for row in read_rows(path):
                cells[row.get("claim_id") or f"{folder.name}-{name}"] = row
    reading = Reading(folder)
    for about in read_rows(folder / FILE):
        if about.get("claim_id", "") not in cells:
            raise InputError(
                f"{folder / FILE}: claim {about.get('claim_id', '')!r} "
                f"is in none of the tables beside it; read the paper again"
            )
        reading.lines.append(Line({name: about.get(name, "") for name in DRAFTS}, cells[about["claim_id"]]))
    return reading


def new(folder: Path, drafts: Sequence[Draft], source: dict[str, str], study: dict[str, str]) -> Reading:
    """A new reading of drafts, headed by the rows of the document and its study."""
    reading = Reading(folder)
    for table, cells in (("sources", source), ("studies", study)):
        about = {
            "claim_id": f"{folder.name}-{table}",
            "table": table,
            "confidence": "",
            "certainty": "look",
            "rule": "head",
            "span": "",
            "mark": f"{table}-{folder.name}",
        }
        reading.lines.append(Line(dict.fromkeys(DRAFTS, "") | about, cells))
    for draft in drafts:
        about = {
            "claim_id": draft.claim_id,
            "table": draft.table,
            "confidence": f"{draft.confidence:.2f}",
            "certainty": draft.certainty,
            "rule": draft.claim.rule,
            "span": " ".join(str(span) for span in draft.claim.spans),
            "mark": draft.mark,
        }
        reading.lines.append(Line(dict.fromkeys(DRAFTS, "") | about, draft.cells))
    return reading


def note_doubts(reading: Reading, doubts: Sequence[Doubtful]) -> None:
    """Write into each line why its reading is in doubt."""
    told = {claim: one.explanation for one in doubts for claim in one.claim_ids}
    for line in reading.lines:
        line.about["doubt"] = told.get(line.about["claim_id"], "")


def refuse_other_paper(reading: Reading, old: Reading) -> None:
    """Refuse to write over the drafts of another paper, which a file of the same name would do.

    Raises
    ------
    InputError
        If the folder holds drafts of a document with another citation and no number of them is found again.
    """
    marks = {line.about["mark"] for line in old.lines if line.about["table"] not in ("sources", "studies")}
    found = any(line.about["mark"] in marks for line in reading.lines)
    earlier, now = _citation(old), _citation(reading)
    if marks and not found and earlier != now:
        raise InputError(
            f"{reading.folder} holds the drafts of another paper ({earlier}); "
            "name another folder with --into, or rename the file"
        )


def _citation(reading: Reading) -> str:
    return next((line.cells.get("citation", "") for line in reading.lines if line.about["table"] == "sources"), "")


def keep_rulings(reading: Reading, old: Reading) -> list[str]:
    """Carry over rulings of an earlier reading, by mark; return the claim ids whose source text is no longer found.

    A row with a ruling that the new reading does not find is kept unchanged, without a span, so that no ruling is lost.
    """
    place = {line.about["mark"]: line for line in reading.lines}
    taken = {line.about["claim_id"] for line in reading.lines}
    gone = []
    for line in old.lines:
        if not (line.about["status"] or line.about["confirmed_as"]):
            continue
        new_line = place.get(line.about["mark"]) or _only_like(line, reading.lines)
        if new_line is not None:
            new_line.about |= {name: line.about[name] for name in ("status", "changes", "confirmed_as", "mark")}
            if line.about["table"] in ("sources", "studies"):
                new_line.cells |= {k: v for k, v in line.cells.items() if v}
            continue
        kept = Line({**line.about, "span": ""}, dict(line.cells))
        while kept.about["claim_id"] in taken:
            kept.about["claim_id"] += "x"
        kept.cells["claim_id"] = kept.about["claim_id"]
        taken.add(kept.about["claim_id"])
        reading.lines.append(kept)
        gone.append(kept.about["claim_id"])
    return gone


def _only_like(old: Line, lines: Sequence[Line]) -> Line | None:
    """The only row of the same table with the same numbers and endpoint, used if the surrounding words changed."""
    own = _numbers(old)
    like = [line for line in lines if line.about["table"] == old.about["table"] and _numbers(line) == own]
    return like[0] if len(like) == 1 and own and not like[0].about["status"] else None


def _numbers(line: Line) -> tuple[str, ...]:
    return tuple(f"{name}={line.cells[name]}" for name in (*sorted(NUMBERS), "endpoint") if line.cells.get(name))


def save(reading: Reading) -> None:
    """Write the tables and drafts.csv; files of tables without rows are removed."""
    by_table: dict[str, list[dict[str, str]]] = {name: [] for name in TABLES}
    for line in reading.lines:
        by_table[line.about["table"]].append(line.cells)
    for name, rows in by_table.items():
        path = reading.folder / f"{name}.csv"
        if rows:
            write_rows(path, TABLES[name].names, rows)
        elif path.is_file():
            path.unlink()
    write_rows(reading.folder / FILE, DRAFTS, [line.about for line in reading.lines])


def save_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write findings.csv."""
    rows = [
        {
            "rule": one.rule,
            "verdict": one.verdict,
            "severity": one.severity,
            "claim_ids": ";".join(one.claim_ids),
            "locators": "; ".join(one.locators),
            "reported": one.reported,
            "recomputed": one.recomputed,
            "explanation": one.explanation,
        }
        for one in findings
    ]
    write_rows(folder / "findings.csv", FINDINGS, rows)


def changes_of(line: Line) -> dict[str, str]:
    """Cells changed by a person, from the JSON of the column `changes`.

    Raises
    ------
    InputError
        If it is not a JSON object with text values, or names a column that the table does not have.
    """
    text = line.about["changes"].strip()
    if not text:
        return {}
    where = f"{FILE}, claim {line.about['claim_id']}, column changes"
    try:
        made = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f'{where}: it is not JSON ({error.msg}); expected as {{"arm_id": "a"}}') from None
    if not isinstance(made, dict) or not all(isinstance(value, str) for value in made.values()):
        raise InputError(f'{where}: expected an object of texts, as {{"arm_id": "a"}}')
    unknown = sorted(set(made) - set(TABLES[line.about["table"]].names) | set(made) & {"claim_id"})
    if unknown:
        raise InputError(
            f"{where}: {', '.join(unknown)} is not a column of {line.about['table']}.csv that can be changed"
        )
    return made


def title_of(document: Document) -> str:
    """The title of a document, or the name of its file."""
    return document.about.get("title") or document.name
