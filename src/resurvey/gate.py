"""The gate before the pipeline: config and raw tables, checked whole, every fault reported at once.

Light enough to run each time: tables that have not changed since they last passed are not read again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resurvey import plan
from resurvey.errors import InputError
from resurvey.own_files import own_files
from resurvey.pieces import Pieces
from resurvey.plan import Plan
from resurvey.provenance import ROOT, file_digest, reachable
from resurvey.schema import TABLES
from resurvey.writing import write_text
from resurvey.yamlfile import read_yaml

if TYPE_CHECKING:
    from resurvey.tables import Tables


@dataclass(frozen=True)
class Project:
    """What a run rests on: the plan, and the typed tables in small files."""

    plan: Plan
    pieces: Pieces


def check_config(
    config: Mapping[str, Any], schema: Path, memory: Path | None = None, files: Iterable[Path] = ()
) -> None:
    """Refuse a config that breaks its schema; the message lists every fault with the path of its key.

    A config that passed last time, by the file `memory`, is not checked again: importing the checker takes longer
    than all the rest of a run that has nothing to do. The files that it was read from are read as well, since a mapping
    no longer shows that a key stood twice.

    Raises
    ------
    InputError
        With one line a fault: the key, what was found, what is allowed; or with the line of a file that is not YAML,
        has a key twice or an odd code point.
    """
    try:
        plain = json.loads(json.dumps(config, default=str))
    except (ValueError, TypeError, RecursionError) as error:  # an anchor inside itself, or a key that is a list
        raise InputError(
            f"config.yaml cannot be written out as plain keys and values ({error}): write it out"
        ) from None
    files = list(files)
    state = _digest([file_digest(schema), json.dumps(plain, sort_keys=True), fingerprint(files)])
    if memory is not None and memory.is_file() and memory.read_bytes() == state.encode():
        return
    import jsonschema
    import yaml

    for path in files:
        read_yaml(path)
    strict = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole)
    kind = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=strict)
    checker = kind(yaml.safe_load(schema.read_text(encoding="utf-8")))
    faults = sorted(checker.iter_errors(plain), key=lambda fault: list(map(str, fault.path)))
    if faults:
        lines = [f"  {'/'.join(map(str, fault.path)) or 'top level'}: {_words(fault)}" for fault in faults]
        raise InputError(f"{len(faults)} fault(s) in config.yaml; nothing was run:\n" + "\n".join(lines))
    if memory is not None:
        _write_anew(state, memory)


def _is_whole(_: object, value: object) -> bool:
    """Whether a number is written as a whole one; 50.0 is not, and code counts with it."""
    return isinstance(value, int) and not isinstance(value, bool)


def _words(fault: Any) -> str:
    meaning = fault.schema.get("description", "") if isinstance(fault.schema, dict) else ""
    return f"{fault.message}{f' ({meaning})' if meaning else ''}"


def table_files(folder: Path) -> list[Path]:
    """Paths of all raw tables that are there or have to be, in the order of the schema."""
    paths = [(table, table.path_in(folder)) for table in TABLES.values()]
    return [path for table, path in paths if path.is_file() or not table.optional]


def table_names() -> list[str]:
    """Names of all tables, in the order of the schema."""
    return list(TABLES)


def check_project(
    config: Mapping[str, Any], store: Path, memory: Path, claim: Callable[[], None] = lambda: None
) -> Project:
    """Check plan and tables, type the tables, and write them in small files; once for each state of them.

    Parameters
    ----------
    config : mapping
        A config that has passed its schema.
    store : Path
        Folder of the small files.
    memory : Path
        File that remembers which state passed last; written only after a check that found nothing.
    claim : callable, optional
        Called before anything is written: it raises where others read what would be changed.

    Raises
    ------
    tables.TableFaults
        With every fault of every table and curve file.
    InputError
        With every fault of the comparisons, or with everything that they and the config name and the tables lack.
    """
    asked = Plan(plan.read(Path(config["comparisons"])), plan.designs(config["design"], "config.yaml, design"))
    folder = Path(config["raw"])
    state = _digest([
        _state(folder), *_collection(config), fingerprint(own_files(config, Path())),
        json.dumps(config, sort_keys=True, default=str), repr(asked),
    ])  # fmt: skip
    remembered = _remembered(memory, state, store)
    if remembered is not None:
        return Project(asked, remembered)
    from resurvey import clean, typedfiles

    raw = read_checked(folder)
    check_names(config, asked, raw, Path())
    claim()
    pieces = typedfiles.write(raw, clean.tidy(raw), store, folder / TABLES["curves"].folder)
    _remember(memory, state, pieces, store)
    return Project(asked, pieces)


def _collection(config: Mapping[str, Any]) -> list[str]:
    """Which sets of the KMDATA collection, of those that the config names, are there."""
    settings = config["reconstruction"].get("kmdata") or {}
    place = Path(settings.get("folder") or "")
    names = [one["file"] for one in settings.get("sets", ())] if settings.get("folder") else []
    return [f"{name}: {(place / f'{name}.rda').is_file()}" for name in names]


def _remembered(memory: Path, state: str, store: Path) -> Pieces | None:
    """The pieces of this state, where they are all there."""
    try:
        digest, _, text = memory.read_text(encoding="utf-8").partition("\n")
        if digest != _digest([text]):
            return None  # A memory that is damaged is no memory.
        known = json.loads(text)
        if known["state"] != state:
            return None
        pieces = Pieces.from_plain(store.as_posix(), known["pieces"])
        return pieces if known["written"] == _written(pieces, store) else None
    except (OSError, ValueError, KeyError):
        return None


def _remember(memory: Path, state: str, pieces: Pieces, store: Path) -> None:
    known = {"state": state, "written": _written(pieces, store), "pieces": pieces.plain()}
    text = json.dumps(known, separators=(",", ":"))
    _write_anew(f"{_digest([text])}\n{text}", memory)


def _written(pieces: Pieces, store: Path) -> str:
    """Sizes and times of the pieces as they lie there: what somebody else changed is not what was remembered."""
    found = ((path, (store / path).stat()) for path in sorted(pieces.files))
    return _digest(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in found)


def _write_anew(text: str, memory: Path) -> None:
    """Write a memory; a folder that somebody put in its place is ours to remove."""
    if memory.is_dir():
        shutil.rmtree(memory)
    write_text(text, memory)


def check_names(config: Mapping[str, Any], asked: Plan, raw: Tables, start: Path) -> None:
    """Refuse a config or a plan that names what the tables do not have.

    Parameters
    ----------
    config : mapping
        A config that has passed its schema.
    asked : Plan
        Its comparisons and sample-size checks.
    raw : dict of DataFrame
        Checked raw tables.
    start : Path
        Folder that paths in the config start from.

    Raises
    ------
    InputError
        With one line a fault.
    """
    from resurvey import plan_check, settings

    # patients of the collection come under a data cut that no table has
    lines = [f"config.yaml, {line}" for line in settings.faults_of_settings(config, raw, start)]
    lines += [
        f"{'config.yaml' if line.startswith('design') else config['comparisons']}, {line}"
        for line in [
            *plan_check.faults(asked.comparisons, asked.designs, raw, ["kmdata"]),
            *plan_check.not_rebuilt(_carried_out(config, asked), settings.rebuilt(config)),
        ]
    ]
    if lines:
        shown = "\n".join(f"  {line}" for line in lines)
        raise InputError(f"{len(lines)} fault(s) in config and comparisons, compared with the tables:\n{shown}")


def _carried_out(config: Mapping[str, Any], asked: Plan) -> Plan:
    """The plan without the comparisons that are skipped, as the collection that they need is not there."""
    if (config["reconstruction"].get("kmdata") or {}).get("folder"):
        return asked
    return Plan(tuple(entry for entry in asked.comparisons if not entry.needs_kmdata), asked.designs)


def read_checked(folder: Path) -> Tables:
    """All raw tables of a folder with the curve files that they name, checked.

    Raises
    ------
    tables.TableFaults
        With every fault of every table and curve file.
    """
    from resurvey import tables

    raw = tables.read_raw(folder)
    if raw["curves"].empty:
        return raw
    # what reads curves takes longer to import than all else here
    from resurvey.reconstruct.curve_evidence import faults_of_curves

    faults = faults_of_curves(raw["curves"], folder / TABLES["curves"].folder)
    if faults:
        raise tables.TableFaults(faults)
    return raw


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Fingerprint of the bytes of files; a missing one counts as such."""
    files = [Path(path) for path in paths]
    return _digest(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'}" for path in files)


def _state(folder: Path) -> str:
    """Fingerprint of all raw tables and curve files, and of the code that judges and types them."""
    digest = hashlib.sha256()
    for path in sorted(reachable(ROOT / "gate.py")):
        digest.update(path.read_bytes())
    for path in [*table_files(folder), *sorted(folder.glob("*.*")), *sorted((folder / "curves").glob("*.*"))]:
        digest.update(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'};".encode())
    return digest.hexdigest()


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
