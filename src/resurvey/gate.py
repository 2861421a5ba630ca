"""The gate before the pipeline: full check of config and raw tables, with all faults reported together.

It is fast enough to run every time: tables unchanged since they last passed are not read again.
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
from resurvey.errors import InputError, plural
from resurvey.own_files import own_files
from resurvey.pieces import Pieces
from resurvey.plan import Plan
from resurvey.provenance import ROOT, file_digest, reachable
from resurvey.schema import TABLES
from resurvey.writing import write_text
from resurvey.yamlfile import read_yaml

if TYPE_CHECKING:
    from resurvey.tables import Tables


#: Types of JSON Schema in words, and its bounds.
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a set of keys",
    "boolean": "true or false",
    "null": "null",
}
BOUNDS = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}


@dataclass(frozen=True)
class Project:
    """Basis of a run: the plan, and the typed tables in small files."""

    plan: Plan
    pieces: Pieces


def check_config(
    config: Mapping[str, Any], schema: Path, memory: Path | None = None, files: Iterable[Path] = ()
) -> None:
    """Refuse a config that violates its schema; the message lists every fault with the path of its key.

    A config that passed last time, according to the file `memory`, is not checked again: importing the validator takes
    longer than the rest of a run that has nothing to do. The source files are read as well, because a parsed mapping no
    longer shows duplicate keys.

    Raises
    ------
    InputError
        With one line per fault: the key, what was found, what is allowed; or with the line of a file that is not YAML,
        has a duplicate key or an unexpected code point.
    """
    try:
        plain = json.loads(json.dumps(config, default=str))
    except (ValueError, TypeError, RecursionError) as error:  # a recursive anchor, or a key that is a list
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
        raise InputError(f"{plural(len(faults), 'fault')} in config.yaml; nothing was run:\n" + "\n".join(lines))
    if memory is not None:
        _write_anew(state, memory)


def _is_whole(_: object, value: object) -> bool:
    """Whether a number is written as an integer; 50.0 is not, since these numbers are used as counts."""
    return isinstance(value, int) and not isinstance(value, bool)


def _words(fault: Any) -> str:
    """What a fault of the schema says: which key is missing or unknown, or what was found and what is allowed."""
    if fault.validator == "required":
        missing = [name for name in fault.validator_value if name not in fault.instance]
        return f"the key {', '.join(missing)} is missing"
    if fault.validator == "additionalProperties" and fault.schema["additionalProperties"] is False:
        known = list(fault.schema["properties"])
        unknown = ", ".join(repr(name) for name in fault.instance if name not in known)
        return f"{unknown} is not a known key. Use one of: {', '.join(known)}"
    meaning = fault.schema.get("description", "") if isinstance(fault.schema, dict) else ""
    found = f"found {json.dumps(fault.instance, ensure_ascii=False)}"
    if fault.validator == "type":
        kinds = fault.validator_value if isinstance(fault.validator_value, list) else [fault.validator_value]
        return f"must be {' or '.join(KINDS[kind] for kind in kinds)}{f' ({meaning})' if meaning else ''}, {found}"
    if fault.validator in BOUNDS:
        return f"must be {BOUNDS[fault.validator]} {fault.validator_value}{f' ({meaning})' if meaning else ''}, {found}"
    if fault.validator == "pattern" and meaning:
        return f"must be {meaning}, {found}"
    return f"{fault.message}{f' ({meaning})' if meaning else ''}"


def table_files(folder: Path) -> list[Path]:
    """Paths of all raw tables that exist or are required, in the order of the schema."""
    paths = [(table, table.path_in(folder)) for table in TABLES.values()]
    return [path for table, path in paths if path.is_file() or not table.optional]


def table_names() -> list[str]:
    """Names of all tables, in the order of the schema."""
    return list(TABLES)


def check_project(
    config: Mapping[str, Any], store: Path, memory: Path, claim: Callable[[], None] = lambda: None
) -> Project:
    """Check plan and tables, type the tables, and write them in small files, once for each state of the inputs.

    Parameters
    ----------
    config : mapping
        A config that has passed its schema.
    store : Path
        Folder of the small files.
    memory : Path
        File that records which state passed last; written only after a check without faults.
    claim : callable, optional
        Called before anything is written; raises if other runs read the files that would change.

    Raises
    ------
    tables.TableFaults
        With every fault of every table and curve file.
    InputError
        With every fault of the comparisons, or with every name in them or the config that the tables lack.
    """
    asked = Plan(plan.read(Path(config["comparisons"])), plan.designs(config.get("design", []), "config.yaml, design"))
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
    """Which of the KMDATA sets named in the config are present."""
    settings = config["reconstruction"].get("kmdata") or {}
    place = Path(settings.get("folder") or "")
    names = [one["file"] for one in settings.get("sets", ())] if settings.get("folder") else []
    return [f"{name}: {(place / f'{name}.rda').is_file()}" for name in names]


def _remembered(memory: Path, state: str, store: Path) -> Pieces | None:
    """The pieces of this state, if all of them are present and unchanged."""
    try:
        digest, _, text = memory.read_text(encoding="utf-8").partition("\n")
        if digest != _digest([text]):
            return None  # A damaged record is ignored.
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
    """Digest of the sizes and modification times of the pieces, to detect changes made by others."""
    found = ((path, (store / path).stat()) for path in sorted(pieces.files))
    return _digest(f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in found)


def _write_anew(text: str, memory: Path) -> None:
    """Write the record of the last state; a folder in its place is removed."""
    if memory.is_dir():
        shutil.rmtree(memory)
    write_text(text, memory)


def check_names(config: Mapping[str, Any], asked: Plan, raw: Tables, start: Path) -> None:
    """Refuse a config or a plan that names something the tables do not have.

    Parameters
    ----------
    config : mapping
        A config that has passed its schema.
    asked : Plan
        Its comparisons and sample-size checks.
    raw : dict of DataFrame
        Checked raw tables.
    start : Path
        Folder that paths in the config are relative to.

    Raises
    ------
    InputError
        With one line per fault.
    """
    from resurvey import plan_check, settings

    # patients of the collection have a data cut that is in no table
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
        raise InputError(f"{plural(len(lines), 'fault')} in config and comparisons, compared with the tables:\n{shown}")


def _carried_out(config: Mapping[str, Any], asked: Plan) -> Plan:
    """The plan without the comparisons that are skipped because the KMDATA collection is not available."""
    if (config["reconstruction"].get("kmdata") or {}).get("folder"):
        return asked
    return Plan(tuple(entry for entry in asked.comparisons if not entry.needs_kmdata), asked.designs)


def read_checked(folder: Path) -> Tables:
    """Read and check all raw tables of a folder with the curve files that they name.

    Raises
    ------
    tables.TableFaults
        With every fault of every table and curve file.
    """
    from resurvey import tables

    raw = tables.read_raw(folder)
    if raw["curves"].empty:
        return raw
    # the module that reads curves takes longer to import than everything else here
    from resurvey.reconstruct.curve_evidence import faults_of_curves

    faults = faults_of_curves(raw["curves"], folder / TABLES["curves"].folder)
    if faults:
        raise tables.TableFaults(faults)
    return raw


def fingerprint(paths: Iterable[str | Path]) -> str:
    """Fingerprint of the content of files; a missing file counts as missing."""
    files = [Path(path) for path in paths]
    return _digest(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'}" for path in files)


def _state(folder: Path) -> str:
    """Fingerprint of all raw tables and curve files, and of the code that checks and types them."""
    digest = hashlib.sha256()
    for path in sorted(reachable(ROOT / "gate.py")):
        digest.update(path.read_bytes())
    for path in [*table_files(folder), *sorted(folder.glob("*.*")), *sorted((folder / "curves").glob("*.*"))]:
        digest.update(f"{path.name}:{file_digest(path) if path.is_file() else 'missing'};".encode())
    return digest.hexdigest()


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
