"""Location of the Snakemake workflow in this installation, so that any project can run it as a module; and what is
done at the beginning and end of a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]

from resurvey.clocks import date_now, files_below
from resurvey.commands.made import made
from resurvey.errors import InputError
from resurvey.provenance import ROOT
from resurvey.runs import MARKS, Run, enter
from resurvey.writing import remove_parts
from resurvey.yamlfile import read_yaml

#: Folders that a run writes.
WRITTEN = (Path("data/processed"), Path("results"))
#: Address space of a process, in bytes, below which Snakemake can start no thread: a run of two arms needs this much.
ADDRESS_SPACE = 900_000 * 1024


def folder() -> Path:
    """Folder that holds the Snakefile: inside the installed package, or in the checkout it was installed from.

    Raises
    ------
    InputError
        If there is no Snakefile in either place.
    """
    for place in (ROOT / "_workflow", ROOT.parents[1]):
        if (place / "Snakefile").is_file():
            return place
    raise InputError(f"no Snakefile in {ROOT.name}/_workflow or beside the sources: reinstall resurvey")


def snakefile() -> str:
    """Path of the Snakefile, for `module resurvey: snakefile: snakefile()` in a project."""
    return str(folder() / "Snakefile")


def release_lock(project: Path = Path()) -> None:
    """Release the lock left by a killed run of Snakemake, with Snakemake's own command.

    An empty workflow is used, because the lock belongs to the folder.
    """
    command = [sys.executable, "-m", "snakemake", "--unlock", "--snakefile", os.devnull, "--workflow-profile", "none"]
    subprocess.run([*command, "--directory", str(project)], check=False, capture_output=True)


def check_before_loading(path: Path = Path("config.yaml")) -> None:
    """Exit with a message if a process may use too little memory, or if a config is no sound YAML, before Snakemake
    loads it.

    Snakemake would end with a traceback where it can start no thread. It would also expand anchors without limit, and
    end with a traceback on a date such as 2019-02-31. What the values mean is checked by the gate.
    """
    allowed = _address_space()
    if allowed < ADDRESS_SPACE:
        sys.exit(
            f"\na process may use {allowed / 2**30:.2g} GB of memory here, and a run needs more than "
            f"{ADDRESS_SPACE / 2**30:.2g} GB, better 1.5: raise the limit (ulimit -v)\n"
        )
    if path.is_file():
        try:
            read_yaml(path)
        except InputError as error:
            sys.exit(f"\n{error}\n")


def _address_space() -> float:
    """Bytes of address space that a process may use; infinite where nothing limits it."""
    if resource is None:
        return float("inf")
    allowed = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if allowed == resource.RLIM_INFINITY else float(allowed)


def begin(say: Callable[[str], None], written: Iterable[Path] = WRITTEN) -> Run:
    """Begin a run in this folder: release a lock whose owner is dead, remove unfinished output of killed steps, and
    give files dated in the future the current time.

    Parameters
    ----------
    say : callable
        Receives messages for the user.
    written : iterable of Path
        Folders that the run writes.

    Raises
    ------
    NotWritten
        If the folder cannot be written.
    """
    # Inherited by the steps: Arrow's default pool reserves a gigabyte of address space, more than a limit may allow.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    run = enter(MARKS, release_lock, say)
    if run.alone:
        folders = list(written)
        for place in folders:
            remove_parts(place)
        date_now(files_below([*folders, MARKS]))
        # Backups of outputs that a killed run was about to replace: Snakemake makes new ones and fails if these exist.
        shutil.rmtree(MARKS.parent / "backups", ignore_errors=True)
    return run


def closing(results: Path = Path("results")) -> str:
    """Message at the end of a run: the outputs, and the location of the report."""
    try:
        return "\n" + made(results)
    except InputError:  # a single step was requested and made no output for readers
        return "done"
