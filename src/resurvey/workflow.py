"""Where the Snakemake workflow of this installation lies, so that a project anywhere can run it as a module;
and what is said at the end of a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from resurvey.clocks import date_now, files_below
from resurvey.commands.made import made
from resurvey.errors import InputError
from resurvey.provenance import ROOT
from resurvey.runs import MARKS, Run, enter
from resurvey.writing import remove_parts
from resurvey.yamlfile import read_yaml

#: Folders that a run writes.
WRITTEN = (Path("data/processed"), Path("results"))


def folder() -> Path:
    """Folder that holds the Snakefile: inside the installed package, or the checkout it is installed from.

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
    """Path of the Snakefile, for `module resurvey: snakefile: snakefile()` in a project of one's own."""
    return str(folder() / "Snakefile")


def release_lock(project: Path = Path()) -> None:
    """Release what a killed run of Snakemake left locked, by Snakemake's own command.

    It is asked with an empty workflow, for the lock is one of the folder.
    """
    command = [sys.executable, "-m", "snakemake", "--unlock", "--snakefile", os.devnull, "--workflow-profile", "none"]
    subprocess.run([*command, "--directory", str(project)], check=False, capture_output=True)


def check_before_loading(path: Path = Path("config.yaml")) -> None:
    """End with a message where the anchors of a config explode, before Snakemake writes them out.

    What else is wrong with it, the gate says.
    """
    if path.is_file() and b"*" in path.read_bytes():
        try:
            read_yaml(path)
        except InputError as error:
            sys.exit(f"\n{error}\n")


def begin(say: Callable[[str], None], written: Iterable[Path] = WRITTEN) -> Run:
    """Begin a run in this folder: a lock whose owner is dead is released, what killed steps left half is removed, and
    what is dated in the future is dated as of now.

    Parameters
    ----------
    say : callable
        Gets what a person should know.
    written : iterable of Path
        Folders that the run writes.

    Raises
    ------
    NotWritten
        If the folder cannot be written.
    """
    # Inherited by the steps: Arrow's own pool reserves a gigabyte of addresses at once, more than a limit may allow.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    run = enter(MARKS, release_lock, say)
    if run.alone:
        folders = list(written)
        for place in folders:
            remove_parts(place)
        date_now(files_below([*folders, MARKS]))
        # Copies of outputs that a killed run was about to replace: Snakemake copies anew, and would stumble over them.
        shutil.rmtree(MARKS.parent / "backups", ignore_errors=True)
    return run


def closing(results: Path = Path("results")) -> str:
    """What a run says when it has ended: what there is now, and where the report is."""
    try:
        return "\n" + made(results)
    except InputError:  # a single step was asked for, and made nothing that is read by a person
        return "done"
