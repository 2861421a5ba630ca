"""Fingerprints of code and files, so that results record their origin and reruns follow changes."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def file_digest(path: Path) -> str:
    """SHA-256 of the content of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def source_digest(script: Path) -> str:
    """Fingerprint of a script and of every module of this package that it imports, directly or indirectly.

    Snakemake does not notice changes inside an imported package; a rule that lists this digest among its params reruns
    if and only if code reachable from the script has changed.
    """
    digest = hashlib.sha256()
    modules = reachable(script)
    for path in sorted(modules | _data_beside(modules)):
        digest.update(_named_content(path))
    return digest.hexdigest()[:16]


@cache
def _named_content(path: Path) -> bytes:
    """Name and content of a file; cached, because most modules belong to many scripts."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return name.encode() + path.read_bytes()


def _data_beside(modules: set[Path]) -> set[Path]:
    """Templates and tables in the folders of the modules; the data that a module reads count as part of its code."""
    folders = {path.parent for path in modules if path.is_relative_to(ROOT)}
    return {path for folder in folders for path in _data_of(folder)}


@cache
def _data_of(folder: Path) -> tuple[Path, ...]:
    return (*folder.glob("*.csv"), *(folder / "templates").glob("*.*"))


def reachable(script: Path) -> set[Path]:
    """The script and all modules of this package reachable from its imports (including those inside functions)."""
    found: set[Path] = set()
    waiting = [script.resolve()]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imports(path))
    return found


# Imports in this package are absolute, one per statement; a regular expression is twenty times as fast as parsing.
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
    """Files executed by importing `name`: the module, and the __init__ of every package above it."""
    parts = name.split(".")
    above = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
    return [_modules()[module] for module in above if module in _modules()]


@cache
def _modules() -> dict[str, Path]:
    """Files of this package by import name; the folder is listed once rather than once per name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = (ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(part for part in parts if part != "__init__")] = path
    return found
