"""Where the Snakemake workflow of this installation lies, so that a project anywhere can run it as a module;
and what is said at the end of a run."""

from __future__ import annotations

from pathlib import Path

from resurvey.commands.made import made
from resurvey.errors import InputError
from resurvey.provenance import ROOT


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


def closing(results: Path = Path("results")) -> str:
    """What a run says when it has ended: what there is now, and where the report is."""
    try:
        return "\n" + made(results)
    except InputError:  # a single step was asked for, and made nothing that is read by a person
        return "done"
