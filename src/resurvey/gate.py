"""The gate before the pipeline: config and raw tables, checked whole, every fault said at once.

Light enough to run each time: tables that have not changed since they last passed are not read again.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resurvey.errors import InputError
from resurvey.provenance import ROOT, file_digest, reachable
from resurvey.schema import TABLES


@dataclass(frozen=True)
class Facts:
    """Fingerprints of what the checked tables say, by study.

    Attributes
    ----------
    studies : dict
        Study id to the fingerprint of its rows in the tables that reconstruction reads.
    """

    studies: dict[str, str]

    def of(self, study: str) -> str:
        """Fingerprint of a study's rows; changes when, and only when, one of them does."""
        return self.studies.get(study, "none")


def check_config(config: Mapping[str, Any], schema: Path) -> None:
    """Refuse a config that breaks its schema; the message lists every fault with the path of its key.

    Raises
    ------
    InputError
        With one line a fault: the key, what was found, what is allowed.
    """
    import jsonschema
    import yaml

    rules = yaml.safe_load(schema.read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(rules)
    plain = json.loads(json.dumps(config, default=str))
    faults = sorted(checker.iter_errors(plain), key=lambda fault: list(map(str, fault.path)))
    if faults:
        lines = [f"  {'/'.join(map(str, fault.path)) or 'top level'}: {_words(fault)}" for fault in faults]
        raise InputError(f"{len(faults)} fault(s) in config.yaml; nothing was run:\n" + "\n".join(lines))


def _words(fault: Any) -> str:
    meaning = fault.schema.get("description", "") if isinstance(fault.schema, dict) else ""
    return f"{fault.message}{f' ({meaning})' if meaning else ''}"


def table_files(folder: Path) -> list[Path]:
    """Paths of all raw tables, in the order of the schema."""
    return [folder / table.folder / f"{table.name}.csv" for table in TABLES.values()]


def table_names() -> list[str]:
    """Names of all tables, in the order of the schema."""
    return list(TABLES)


def check_tables(folder: Path, memory: Path) -> Facts:
    """Check all raw tables (once for each state of them) and return what reruns depend on.

    Parameters
    ----------
    folder : Path
        Folder of the raw tables.
    memory : Path
        File that remembers which state passed last; written only after a check that found nothing.

    Raises
    ------
    tables.TableFaults
        With every fault of every table.
    """
    state = _state(folder)
    if memory.is_file():
        try:
            known = json.loads(memory.read_text(encoding="utf-8"))
            if known["state"] == state:
                return Facts(known["studies"])
        except (ValueError, KeyError, TypeError):
            pass  # A half-written memory is no memory.
    from resurvey import tables

    tables.read_raw(folder)
    facts = Facts(_study_digests(folder))
    tables.write_text(json.dumps({"state": state, "studies": facts.studies}, indent=0), memory)
    return facts


def _state(folder: Path) -> str:
    """Fingerprint of all raw tables and of the code that judges them."""
    digest = hashlib.sha256()
    for path in sorted(reachable(ROOT / "tables.py")):
        digest.update(path.read_bytes())
    for path in [*table_files(folder), *sorted(folder.glob("*.csv"))]:
        digest.update(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'};".encode())
    return digest.hexdigest()


# Tables that say something about the patients of a study.
STUDY_TABLES = ("studies", "arms", "medians", "survival_rates", "hazard_ratios", "follow_up", "risk_tables", "curves")
# Tables that are small and give meaning to all studies.
SHARED_TABLES = ("endpoints", "treatments")


def _study_digests(folder: Path) -> dict[str, str]:
    rows: dict[str, list[str]] = {}
    common = []
    for name in SHARED_TABLES:
        common.append((folder / f"{name}.csv").read_text(encoding="utf-8-sig"))
    for name in STUDY_TABLES:
        table = TABLES[name]
        with (folder / table.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                text = json.dumps([name, row], sort_keys=True)
                rows.setdefault(row["study_id"], []).append(text)
                if name == "curves":
                    for file in filter(None, (row["file"], row["at_risk_file"])):
                        rows[row["study_id"]].append(file_digest(folder / table.folder / file))
    return {
        study: hashlib.sha256("\n".join([*common, *sorted(texts)]).encode()).hexdigest()[:16]
        for study, texts in sorted(rows.items())
    }
