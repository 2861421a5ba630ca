"""The gate before the pipeline: config and raw tables, checked whole, every fault said at once.

Light enough to run each time: tables that have not changed since they last passed are not read again.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resurvey import quick
from resurvey.errors import InputError
from resurvey.provenance import ROOT, file_digest, reachable
from resurvey.schema import TABLES


@dataclass(frozen=True)
class Facts:
    """Fingerprints of what the checked tables say, by study.

    Attributes
    ----------
    studies : dict of dict
        Study id and table to the fingerprint of its rows there.
    claims : dict
        Claim id to the study it is about.
    labels : str
        Fingerprint of the tables that say how studies, arms, treatments and endpoints are called.
    """

    studies: dict[str, dict[str, str]]
    claims: dict[str, str]
    labels: str = ""

    def of(self, study: str) -> str:
        """Fingerprint of the rows about a study that reconstruction reads."""
        tables = self.studies.get(study, {})
        return _digest(f"{name}:{tables[name]}" for name in sorted(tables) if name in ARM_TABLES)

    def of_claims(self, entry: object) -> str:
        """Fingerprint of every study that a config entry names, itself or through a claim about it."""
        names = sorted(set(_texts(entry)))
        studies = {self.claims.get(name, name) for name in names}
        return _digest(
            f"{study}:{sorted(self.studies[study].items())}" for study in sorted(studies & set(self.studies))
        )


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
    quick.skip_iri_grammars()
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
                return Facts(known["studies"], known["claims"], known["labels"])
        except (ValueError, KeyError, TypeError):
            pass  # A half-written memory is no memory.
    from resurvey import tables

    tables.read_raw(folder)
    labels = _digest(file_digest(folder / f"{name}.csv") for name in LABEL_TABLES)
    facts = Facts(*_study_digests(folder), labels)
    known = {"state": state, "studies": facts.studies, "claims": facts.claims, "labels": labels}
    tables.write_text(json.dumps(known, indent=0), memory)
    return facts


def _state(folder: Path) -> str:
    """Fingerprint of all raw tables and of the code that judges them."""
    digest = hashlib.sha256()
    for path in sorted(reachable(ROOT / "tables.py")):
        digest.update(path.read_bytes())
    for path in [*table_files(folder), *sorted(folder.glob("*.csv"))]:
        digest.update(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'};".encode())
    return digest.hexdigest()


def _texts(value: object) -> Iterator[str]:
    """All texts inside a config entry."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


# Tables that say something about the patients of a study; hazard ratios tie two arms to each other.
ARM_TABLES = ("studies", "arms", "medians", "survival_rates", "hazard_ratios", "follow_up", "risk_tables", "curves")
STUDY_TABLES = (*ARM_TABLES, "proportions", "designs", "p_values", "differences")
LABEL_TABLES = ("studies", "arms", "treatments", "endpoints")
# Tables that are small and give meaning to all studies: every study depends on them.
SHARED_TABLES = ("endpoints", "treatments")


def _study_digests(folder: Path) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    claims: dict[str, str] = {}
    common = [(folder / f"{name}.csv").read_text(encoding="utf-8-sig") for name in SHARED_TABLES]
    for name in STUDY_TABLES:
        table = TABLES[name]
        with (folder / table.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                texts = rows.setdefault((row["study_id"], name), [])
                texts.append(json.dumps(row, sort_keys=True))
                if "claim_id" in row:
                    claims[row["claim_id"]] = row["study_id"]
                if name == "curves":
                    texts += [
                        file_digest(folder / table.folder / row[column])
                        for column in ("file", "at_risk_file")
                        if row[column]
                    ]
    digests: dict[str, dict[str, str]] = {}
    for (study, name), texts in sorted(rows.items()):
        digests.setdefault(study, {})[name] = _digest([*common, *sorted(texts)])
    return digests, claims
