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
        digest.update(path.relative_to(ROOT).as_posix().encode() if path.is_relative_to(ROOT) else path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _data_beside(modules: set[Path]) -> set[Path]:
    """Templates and tables that lie in the folders of the modules: what a module reads is part of what it does."""
    folders = {path.parent for path in modules if path.is_relative_to(ROOT)}
    found = {path for folder in folders for path in folder.glob("*.csv")}
    return found | {path for folder in folders for path in (folder / "templates").glob("*.*")}


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
    parts = name.split(".")[1:]
    files = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(len(parts) + 1)]
    files.append(ROOT.joinpath(*parts).with_suffix(".py") if parts else ROOT / "__init__.py")
    return [path for path in files if path.is_file()]
