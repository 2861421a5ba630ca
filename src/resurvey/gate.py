"""The gate before the pipeline: config and raw tables, checked whole, every fault said at once.

Light enough to run each time: tables that have not changed since they last passed are not read again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resurvey import plan
from resurvey.about import NOTE, SHARED, Row, about, key
from resurvey.errors import InputError
from resurvey.plan import Plan
from resurvey.provenance import ROOT, file_digest, reachable
from resurvey.schema import TABLES

if TYPE_CHECKING:
    from resurvey.tables import Tables


# Tables that say something about the patients of a study; hazard ratios tie two arms to each other.
ARM_TABLES = ("studies", "arms", "medians", "survival_rates", "hazard_ratios", "follow_up", "risk_tables", "curves")
# What `resurvey.figures.labels.Labels` reads.
LABEL_COLUMNS = {
    "studies": ("study_id", "acronym"),
    "arms": ("study_id", "arm_id", "population", "treatment_id", "label", "locator"),
    "treatments": ("treatment_id", "label"),
    "endpoints": ("endpoint", "label"),
}


@dataclass(frozen=True)
class Facts:
    """Fingerprints of what the checked tables say.

    Attributes
    ----------
    rows : tuple of (Row, str, str)
        Every row of every table, with the fingerprint of its cells but the note, and of its note (empty without one).
    labels : str
        Fingerprint of how studies, arms, treatments and endpoints are called.
    files : str
        Fingerprint of the bytes of all tables.
    """

    rows: tuple[tuple[Row, str, str], ...]
    labels: str = ""
    files: str = ""

    def of(self, study: str) -> str:
        """Fingerprint of the rows about a study that reconstruction reads, notes left out."""
        return _digest(
            f"{row.table}:{cells}"
            for row, cells, _ in self.rows
            if row.table in SHARED or (row.table in ARM_TABLES and row.study == study)
        )

    def of_entries(self, entries: object, whole: tuple[str, ...] = ()) -> str:
        """Fingerprint of the rows that entries of the config are about, as `resurvey.about.only` chooses them."""
        chosen = about(entries, (row for row, *_ in self.rows), whole)
        return _digest(f"{row.table}:{cells}{note}" for row, cells, note in self.rows if chosen.has(row))

    def of_tables(self, names: Iterable[str]) -> str:
        """Fingerprint of whole tables, notes left out."""
        wanted = set(names)
        return _digest(f"{row.table}:{cells}" for row, cells, _ in self.rows if row.table in wanted)


def check_config(config: Mapping[str, Any], schema: Path, memory: Path | None = None) -> None:
    """Refuse a config that breaks its schema; the message lists every fault with the path of its key.

    A config that passed last time, by the file `memory`, is not checked again: importing the checker takes longer
    than all the rest of a run that has nothing to do.

    Raises
    ------
    InputError
        With one line a fault: the key, what was found, what is allowed.
    """
    plain = json.loads(json.dumps(config, default=str))
    state = _digest([file_digest(schema), json.dumps(plain, sort_keys=True)])
    if memory is not None and memory.is_file() and memory.read_text(encoding="utf-8") == state:
        return
    import jsonschema
    import yaml

    checker = jsonschema.Draft202012Validator(yaml.safe_load(schema.read_text(encoding="utf-8")))
    faults = sorted(checker.iter_errors(plain), key=lambda fault: list(map(str, fault.path)))
    if faults:
        lines = [f"  {'/'.join(map(str, fault.path)) or 'top level'}: {_words(fault)}" for fault in faults]
        raise InputError(f"{len(faults)} fault(s) in config.yaml; nothing was run:\n" + "\n".join(lines))
    if memory is not None:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(state, encoding="utf-8")


def read_plan(
    path: Path, designs: Iterable[Mapping[str, Any]], folder: Path, memory: Path, other_cuts: Iterable[str] = ()
) -> Plan:
    """Parse the plan and compare it with the tables, once for each state of both.

    Parameters
    ----------
    path : Path
        The file of comparisons.
    designs : iterable of mapping
        Sample-size checks, as the config lists them.
    folder : Path
        Folder of the raw tables, which must have passed `check_tables`.
    memory : Path
        File that remembers which state passed last; written only after a check that found nothing.
    other_cuts : iterable of str
        Data cuts whose patients do not come from the tables.

    Raises
    ------
    InputError
        With every fault of the file; or with everything that the plan names and the tables do not have.
    """
    made = Plan(plan.read(path), plan.designs(designs, "config.yaml, design"))
    state = _digest([_state(folder, None), repr(made), *sorted(other_cuts)])
    if memory.is_file() and memory.read_text(encoding="utf-8") == state:
        return made
    from resurvey import plan_check, tables

    faults = plan_check.faults(made.comparisons, made.designs, tables.read_raw(folder), other_cuts)
    if faults:
        lines = "\n".join(f"  {line}" for line in faults)
        raise InputError(
            f"{len(faults)} fault(s) in {path.name} or the designs of config.yaml, which name what no table has; "
            f"nothing was run:\n{lines}"
        )
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(state, encoding="utf-8")
    return made


def _words(fault: Any) -> str:
    meaning = fault.schema.get("description", "") if isinstance(fault.schema, dict) else ""
    return f"{fault.message}{f' ({meaning})' if meaning else ''}"


def table_files(folder: Path) -> list[Path]:
    """Paths of all raw tables, in the order of the schema."""
    return [table.path_in(folder) for table in TABLES.values()]


def table_names() -> list[str]:
    """Names of all tables, in the order of the schema."""
    return list(TABLES)


def check_tables(folder: Path, memory: Path, config: Mapping[str, Any] | None = None) -> Facts:
    """Check all raw tables (once for each state of them) and return what reruns depend on.

    Parameters
    ----------
    folder : Path
        Folder of the raw tables.
    memory : Path
        File that remembers which state passed last; written only after a check that found nothing.
    config : mapping, optional
        A config that has passed its schema: what it names must be in the tables.

    Raises
    ------
    tables.TableFaults
        With every fault of every table.
    InputError
        With everything that the config names and the tables do not have.
    """
    state = _state(folder, config)
    if memory.is_file():
        try:
            known = json.loads(memory.read_text(encoding="utf-8"))
            if known["state"] == state:
                rows = tuple((Row(*row), cells, note) for row, cells, note in known["rows"])
                return Facts(rows, known["labels"], known["files"])
        except (ValueError, KeyError, TypeError):
            pass  # A half-written memory is no memory.
    from resurvey import tables

    facts = _facts(folder, read_checked(folder, config))
    known = {"state": state, "rows": facts.rows, "labels": facts.labels, "files": facts.files}
    tables.write_text(json.dumps(known, separators=(",", ":")), memory)
    return facts


def read_checked(folder: Path, config: Mapping[str, Any] | None = None, start: Path = Path()) -> Tables:
    """All raw tables with the curve files that they name, and what a config names in them, checked.

    Parameters
    ----------
    folder : Path
        Folder of the raw tables.
    config : mapping, optional
        A config that has passed its schema.
    start : Path
        Folder that paths in the config start from.

    Raises
    ------
    tables.TableFaults
        With every fault of every table and curve file.
    InputError
        With everything that the config names and the tables do not have.
    """
    from resurvey import settings, tables
    from resurvey.reconstruct.sources import faults_of_curves

    raw = tables.read_raw(folder)
    faults = faults_of_curves(raw["curves"], folder / "curves")
    if faults:
        raise tables.TableFaults(faults)
    if config is not None:
        settings.check_settings(config, raw, start)
    return raw


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Fingerprint of the bytes of files; a missing one counts as such."""
    files = [Path(path) for path in paths]
    return _digest(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'}" for path in files)


def _state(folder: Path, config: Mapping[str, Any] | None) -> str:
    """Fingerprint of all raw tables and curve files, of the config, and of the code that judges them."""
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    for path in sorted(reachable(ROOT / "gate.py")):
        digest.update(path.read_bytes())
    for path in [*table_files(folder), *sorted(folder.glob("*.*")), *sorted((folder / "curves").glob("*.*"))]:
        digest.update(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'};".encode())
    return digest.hexdigest()


def _facts(folder: Path, raw: Tables) -> Facts:
    """Fingerprints of checked tables; those of curves cover the files that they name."""
    rows = []
    for name, frame in raw.items():
        for cells in frame.to_dict("records"):
            texts = [json.dumps({column: cell for column, cell in cells.items() if column != NOTE})]
            if name == "curves":
                files = (cells[column] for column in ("file", "at_risk_file"))
                texts += [file_digest(folder / TABLES[name].folder / file) for file in files if file]
            note = cells.get(NOTE, "")
            rows.append((key(name, cells), _digest(texts), _digest([note]) if note else ""))
    labels = (str(raw[name][list(columns)].to_dict("records")) for name, columns in LABEL_COLUMNS.items())
    return Facts(tuple(rows), _digest(labels), _digest(file_digest(path) for path in table_files(folder)))


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
