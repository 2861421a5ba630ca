"""`resurvey check FOLDER`: validate raw tables and the configuration of the project to which they belong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from resurvey.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, nargs="?", default=Path("data/raw"), help="folder of the raw tables")
    parser.add_argument("--config", type=Path, help="config.yaml of the project; found beside the tables if not given")


def run(arguments: argparse.Namespace) -> int:
    """Check all tables and the references to them in config and comparisons; report all faults together."""
    from resurvey import clean, gate, plan

    path = arguments.config or config_of(arguments.folder)
    raw = gate.read_checked(arguments.folder)
    typed = clean.tidy(raw)
    if path is not None:
        config, start = read_config(path), path.resolve().parent
        designs = plan.designs(config.get("design", []), f"{path.name}, design")
        asked = plan.Plan(plan.read(start / config["comparisons"]), designs)
        gate.check_names(config, asked, raw, start)
    rows = sum(len(table) for table in typed.values())
    beside = "" if path is None else f", nor in {path.name} and {config['comparisons']}"
    sys.stdout.write(f"{len(typed)} tables with {rows} rows: no fault found in them{beside}\n")
    return 0


def config_of(folder: Path) -> Path | None:
    """The config.yaml in a parent folder that names this folder as its tables; None if there is none."""
    from resurvey.yamlfile import read_yaml

    for above in folder.resolve().parents[:4]:
        path = above / "config.yaml"
        if path.is_file():
            try:
                named = read_yaml(path)
            except InputError:
                return path  # errors are reported when it is read
            if isinstance(named, dict) and (above / str(named.get("raw", "data/raw"))).resolve() == folder.resolve():
                return path
    return None


def read_config(path: Path) -> dict:
    """Read a config and validate it against its schema.

    Raises
    ------
    InputError
        If it cannot be read or violates the schema.
    """
    from resurvey import gate
    from resurvey.workflow import folder as workflow_folder
    from resurvey.yamlfile import read_yaml

    config = read_yaml(path)
    if not isinstance(config, dict):
        raise InputError(f"{path} has no keys: `resurvey init` writes a config to start from")
    gate.check_config(config, workflow_folder() / "workflow/schemas/config.schema.yaml")
    return config
