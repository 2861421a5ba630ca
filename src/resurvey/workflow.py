"""Where the Snakemake workflow of this installation lies, so that a project anywhere can run it as a module."""

from __future__ import annotations

from pathlib import Path

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
