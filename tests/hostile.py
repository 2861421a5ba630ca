"""Readers under odd input: each input is either read or refused with a message; anything else is a fault of ours."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

from resurvey import clean, gate, tables
from resurvey.commands.reconstruct import read_summary
from resurvey.errors import ResurveyError
from resurvey.reconstruct.formats import read_at_risk, read_curves, read_kmdata
from tests.mutations import mutate
from tests.project import CONFIG, small_tables, write_tables

ROOT = Path(__file__).resolve().parents[1]
SUMMARY = "n: 100\nevents: 66\nmedian: 11.8\nlower: 8.4\nupper: 15.1\nlandmarks: [[12, 0.49]]\nci_level: 0.95\n"
CURVE = "time,survival\n" + "\n".join(f"{t},{100 - 2 * t}" for t in range(40)) + "\n"
AT_RISK = "time,at_risk\n0,100\n6,80\n12,55\n18,30\n24,9\n"


def table_reader(folder: Path) -> Callable[[random.Random], None]:
    """Reads a folder of raw tables of which one has been changed."""
    write_tables(small_tables(), folder)
    names = sorted(path for path in folder.rglob("*.csv"))
    original = {path: path.read_bytes() for path in names}

    def read(rng: random.Random) -> None:
        path = rng.choice(names)
        path.write_bytes(mutate(original[path].decode("utf-8"), rng, changes=1))
        try:
            clean.tidy(tables.read_raw(folder))
        finally:
            path.write_bytes(original[path])

    return read


def file_reader(
    folder: Path, name: str, text: str, reader: Callable[[Path], object]
) -> Callable[[random.Random], None]:
    """Reads one changed file."""
    path = folder / name

    def read(rng: random.Random) -> None:
        path.write_bytes(mutate(text, rng))
        reader(path)

    return read


def read_config(path: Path) -> None:
    """A config as Snakemake would load it, through the gate."""
    try:
        config = yaml.safe_load(path.read_bytes().decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # Snakemake itself refuses what is no YAML
    gate.check_config(
        config if isinstance(config, dict) else {"config": config}, ROOT / "workflow/schemas/config.schema.yaml"
    )


def readers(folder: Path) -> dict[str, Callable[[random.Random], None]]:
    """Every reader of outside files, by name."""
    return {
        "tables": table_reader(folder / "raw"),
        "curve": file_reader(folder, "curve.csv", CURVE, read_curves),
        "at risk": file_reader(folder, "risk.csv", AT_RISK, read_at_risk),
        "summary": file_reader(folder, "arm.yaml", SUMMARY, read_summary),
        "config": file_reader(folder, "config.yaml", CONFIG, read_config),
        "rda": file_reader(folder, "set.rda", "RDX3\nX\n" + CURVE, read_kmdata),
    }


def attack(inputs: int, seed: int) -> Counter:
    """Feed `inputs` changed files to the readers in turn; returns how many were read and refused, by reader."""
    rng = random.Random(seed)
    found: Counter = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "raw").mkdir()
        known = readers(folder)
        for number in range(inputs):
            reader = list(known)[number % len(known)]
            try:
                known[reader](rng)
                found[reader, "read"] += 1
            except ResurveyError as error:
                assert str(error).strip(), f"{reader}: refused without a word"
                found[reader, "refused"] += 1
    return found
