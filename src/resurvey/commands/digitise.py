"""`resurvey digitise`: curves, numbers at risk and a verdict from figures or a folder of figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from resurvey.errors import InputError, ResurveyError

COLUMNS = ("file", "panel", "kind", "verdict", "curves", "time_unit", "folder", "reason")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="PNG, JPEG, SVG, PDF, EPS, or a folder")
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="folder to write to")
    parser.add_argument("--page", type=int, help="page of a PDF (default: the first with axes)")
    parser.add_argument("--panel", type=int, help="panel of a figure that has several (default: all)")
    parser.add_argument("--arms", type=int, help="number of curves, if known")
    parser.add_argument(
        "--incidence", action="store_true", help="the curves are incidences, which rise from 0: give one minus them"
    )
    parser.add_argument("--corrections", type=Path, help="JSON saved by review.html, or a WebPlotDigitizer project")
    parser.add_argument(
        "--printed", type=Path, help="CSV of what the paper prints: curve, quantity, time, value, other"
    )
    parser.add_argument("-j", "--jobs", type=int, default=1, help="figures read at a time (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Digitise every figure; a figure that cannot be read becomes a row with the reason, and the others continue.

    Raises
    ------
    InputError
        If corrections are given and there are several figures.
    """
    import pandas as pd

    from resurvey import tables

    files = list(_figures(arguments.files))
    if arguments.corrections is not None and len(files) != 1:
        raise InputError("--corrections belongs to one figure: give one file")
    if arguments.printed is not None and len(files) != 1:
        raise InputError("--printed belongs to one figure: give one file")
    folders = _folders(files)
    tasks = [(file, arguments.into / folders[file], vars(arguments)) for file in files]
    rows = []
    for k, made in enumerate(_each(tasks, arguments.jobs)):
        rows += made
        _progress(k + 1, len(tasks), made)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    tables.write_csv(table, arguments.into / "digitised.csv")
    counts = table["verdict"].value_counts()
    counted = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in ("sure", "check", "refused"))
    sys.stdout.write(f"{counted}: see {arguments.into / 'digitised.csv'}\n")
    sys.stdout.write("".join(f"{line}\n" for line in _next(rows)))
    return 0


def _next(rows: list[dict[str, object]]) -> list[str]:
    """What to do with the figures that were read: look where it is asked for, then rebuild; the first few of each."""
    read = [row for row in rows if row["verdict"] != "refused"]
    doubtful = [f"  look at {row['folder']}/review.html" for row in rows if row["folder"] and row["verdict"] != "sure"]
    rebuild = [f"  then: resurvey reconstruct {quote(str(row['folder']))}" for row in read]
    return [line for lines in (doubtful, rebuild) for line in (*lines[:3], *["  ..."] * (len(lines) > 3))]


def _figures(given: list[Path]) -> Iterator[Path]:
    from resurvey.digitise.sheets import PICTURES, VECTORS

    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in (*PICTURES, *VECTORS))
            if not inside:
                raise InputError(f"{path}: no figure in this folder ({', '.join((*PICTURES, *VECTORS))})")
            yield from inside
        elif path.is_file():
            yield path
        else:
            raise InputError(f"{path}: no such file")


def _folders(files: list[Path]) -> dict[Path, str]:
    """A folder name for each file; files with the same stem keep their extension in it."""
    stems = [file.stem for file in files]
    names = {file: file.stem if stems.count(file.stem) == 1 else file.name.replace(".", "-") for file in files}
    if len(set(names.values())) < len(names):
        raise InputError("two of the files have the same name: digitise them into different folders")
    return names


def _each(tasks: list[tuple[Path, Path, dict[str, Any]]], jobs: int) -> Iterator[list[dict[str, object]]]:
    if jobs <= 1 or len(tasks) == 1:
        yield from map(_one, tasks)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_one, tasks)


def _one(task: tuple[Path, Path, dict[str, Any]]) -> list[dict[str, object]]:
    """Rows for one file: one per panel, or a single row that says why the file cannot be read."""
    from resurvey.digitise import Reader, read_corrections, read_printed
    from resurvey.digitise.outputs import write_figure

    file, folder, options = task
    fixed = read_corrections(options["corrections"]) if options["corrections"] else None
    printed = read_printed(options["printed"]) if options["printed"] else ()
    try:
        reader = Reader(file, options["page"])
        count = max(1, len(reader.outer))
        only = options["panel"] or (fixed.panel or 1 if fixed else None)
        chosen = [only] if only else list(range(1, count + 1))
        rows = []
        for number in chosen:
            made = reader.read(
                number, arms=options["arms"], corrections=fixed, incidence=options["incidence"], printed=printed
            )
            home = folder if len(chosen) == 1 else folder / f"panel-{number}"
            write_figure(made, reader.page.picture, home, fixed)
            rows.append(_row(file, made, home))
        return rows
    except ResurveyError as error:
        return [dict(zip(COLUMNS, (file.name, "", "none", "refused", 0, "", "", str(error)), strict=True))]


def _row(file: Path, made: Any, home: Path) -> dict[str, object]:
    values = (file.name, made.panel, made.kind, made.verdict, len(made.curves), made.time_unit, str(home), made.reason)
    return dict(zip(COLUMNS, values, strict=True))


def _why(row: dict[str, object]) -> str:
    """The reason of a refusal, behind a bracket."""
    return f" ({row['reason']})" if row["verdict"] == "refused" else ""


def _progress(done: int, total: int, made: list[dict[str, object]]) -> None:
    """A progress bar on a terminal, otherwise one line per figure."""
    words = "; ".join(f"{row['file']}: {row['verdict']}{_why(row)}" for row in made)
    if sys.stderr.isatty():
        bar = "#" * round(30 * done / total)
        sys.stderr.write(f"\r[{bar:<30}] {done}/{total} {words[:40]:<40}" + ("\n" if done == total else ""))
    else:
        sys.stderr.write(f"{done}/{total} {words}\n")
    sys.stderr.flush()
