"""Many papers or figures in batches, one job per batch: the outcome of each file is a row, even if it failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from resurvey.errors import InputError, ResurveyError
from resurvey.pictures import FIGURES
from resurvey.read.one_paper import names, read_one
from resurvey.read.sources import SUFFIXES
from resurvey.tables import write_csv

#: Name of the table in the folder of a batch.
ROWS = "files.csv"


@dataclass(frozen=True)
class Row:
    """Outcome of a file.

    Attributes
    ----------
    file : str
        Name of the file.
    name : str
        Folder of its results within the batch.
    status : {"read", "refused", "failed"}
        `failed` means an error of this package: please report it.
    found : int
        Number of draft rows of a paper, or of curves of a figure.
    findings : int
        Number of inconsistencies among the numbers of a paper.
    verdict, reason : str
        The verdict on a figure; why a file was refused or its reading is uncertain.
    """

    file: str
    name: str
    status: str
    found: int = 0
    findings: int = 0
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Files:
    """The files of a folder, sorted by name and divided into batches.

    Attributes
    ----------
    batches : dict of list of str
        Paths by batch.
    names : dict of str
        A unique name for each path, independent of the batches.
    """

    batches: dict[str, list[str]]
    names: dict[str, str]

    @classmethod
    def of(cls, kind: str, folder: Path, size: int) -> Files:
        """Collect the files of one kind in a folder.

        Raises
        ------
        InputError
            If there is no such folder, no such file in it, or `size` is below 1.
        """
        if size < 1:
            raise InputError(f"size must be 1 or more, found {size}")
        if not folder.is_dir():
            raise InputError(f"{kind}: there is no folder {folder}")
        endings = SUFFIXES if kind == "papers" else FIGURES
        files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in endings)
        if not files:
            raise InputError(f"{kind}: no file in {folder} ends in {', '.join(endings)}")
        paths = [path.as_posix() for path in files]
        cut = {f"{k // size + 1:04d}": paths[k : k + size] for k in range(0, len(paths), size)}
        return cls(cut, dict(zip(paths, names(files), strict=True)))

    def names_of(self, batch: str) -> list[str]:
        """Names of the files of a batch, in order."""
        return [self.names[path] for path in self.batches[batch]]


def process(kind: str, files: Sequence[tuple[Path, str]], folder: Path) -> None:
    """Read papers or digitise figures, each into its own folder, and write the table of outcomes."""
    one = _paper if kind == "papers" else _figure
    rows = [asdict(_row(one, path, name, folder)) for path, name in files]
    write_csv(pd.DataFrame(rows, columns=list(Row.__dataclass_fields__)), folder / ROWS)


def _row(one: Callable[[Path, str, Path], Row], path: Path, name: str, folder: Path) -> Row:
    try:
        return one(path, name, folder)
    except ResurveyError as error:
        return Row(path.name, name, "refused", reason=str(error))
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        # A single file must not make the others of its batch fail; the log has the traceback.
        logging.getLogger(__name__).exception("%s", path.name)
        return Row(path.name, name, "failed", reason=f"{type(error).__name__}: {error}")


def _paper(path: Path, name: str, folder: Path) -> Row:
    reading = read_one(path, folder, name, "")
    if reading.error:
        return Row(path.name, name, "refused", reason=reading.error)
    return Row(path.name, name, "read", reading.rows, len(reading.findings), reason="; ".join(reading.refused))


def _figure(path: Path, name: str, folder: Path) -> Row:
    from resurvey.digitise import Reader
    from resurvey.digitise.outputs import write_figure

    reader = Reader(path)
    digitised = reader.read()
    write_figure(digitised, reader.page.picture, folder / name)
    status = "refused" if digitised.verdict == "refused" else "read"
    return Row(path.name, name, status, len(digitised.curves), verdict=digitised.verdict, reason=digitised.reason)
