"""Fingerprints of code and files, so that a result can say what made it and reruns follow what changed."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def source_digest(script: Path) -> str:
    """Fingerprint of a script and of every module of this package that it imports, directly or through others.

    Snakemake does not see an edit inside an imported package; a rule that lists this digest among its params reruns
    when, and only when, code it can reach has changed.
    """
    digest = hashlib.sha256()
    modules = reachable(script)
    for path in sorted(modules | _data_beside(modules)):
        digest.update(_named_content(path))
    return digest.hexdigest()[:16]


@cache
def _named_content(path: Path) -> bytes:
    """Name and bytes of a file; most modules belong to many scripts and are read once."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return name.encode() + path.read_bytes()


def _data_beside(modules: set[Path]) -> set[Path]:
    """Templates and tables that lie in the folders of the modules: what a module reads is part of what it does."""
    folders = {path.parent for path in modules if path.is_relative_to(ROOT)}
    return {path for folder in folders for path in _data_of(folder)}


@cache
def _data_of(folder: Path) -> tuple[Path, ...]:
    return (*folder.glob("*.csv"), *(folder / "templates").glob("*.*"))


def reachable(script: Path) -> set[Path]:
    """The script and all modules of this package reachable from its imports (also those inside functions)."""
    found: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return found


# Imports of this package are absolute and one a statement; reading them by pattern is twenty times as fast as parsing.
IMPORT = re.compile(
    r"^\s*(?:from\s+(resurvey[\w.]*)\s+import\s+(\([^)]*\)|[^\n#]*)|import\s+(resurvey[\w.]*))", re.MULTILINE
)
NAME = re.compile(r"\b([A-Za-z_]\w*)(?:\s+as\s+\w+)?")


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for module, imported, plain in IMPORT.findall(path.read_text(encoding="utf-8")):
        names.add(module or plain)
        names.update(f"{module}.{name}" for name in NAME.findall(imported))
    return tuple(sorted({file for name in names for file in _files(name)}))


def _files(name: str) -> list[Path]:
    """Files that importing `name` runs: the module, and the __init__ of every package above it."""
    parts = name.split(".")
    above = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
    return [_modules()[module] for module in above if module in _modules()]


@cache
def _modules() -> dict[str, Path]:
    """Files of this package by the name they are imported by; one look at the folder, not one a name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = (ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(part for part in parts if part != "__init__")] = path
    return found
