"""`resurvey read FILE... --into FOLDER`: draft tables, a page to confirm them, and inconsistencies."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.errors import InputError, ResurveyError, plural

if TYPE_CHECKING:
    from resurvey.read.one_paper import Outcome

DESCRIPTION = """Find the numbers of a survival paper, in text and tables, and write draft rows with their places.

Nothing is confirmed: open read.html, mark what is right, save the CSV and run `resurvey confirm`. Exit status 1 where
something does not add up, 2 where a file cannot be read."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.description = DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="JATS, HTML, text, Markdown or PDF; a folder means all of them in it",
    )
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="folder for the drafts: one folder a paper in it")
    parser.add_argument("--audit", action="store_true", help="print what does not add up and write nothing")
    parser.add_argument(
        "--study", default="", metavar="ID", help="id of the study the paper reports (default: the paper's id)"
    )
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="papers read at once (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Read all files; a file that cannot be read is named at the end and does not stop the others.

    Raises
    ------
    InputError
        If no folder for the drafts is given, one study is named for several papers, or the number of jobs is below 1.
    """
    if arguments.into is None and not arguments.audit:
        raise InputError("say where the drafts go: --into FOLDER, or --audit to print the findings only")
    from resurvey.digitise.offers import offers

    if arguments.jobs < 1:
        raise InputError(f"-j must be 1 or more, found {arguments.jobs}")
    files, passed_over = _files(arguments.files)
    if arguments.study and len(files) > 1:
        raise InputError("--study names the study of one paper; several were given")
    outcomes = _read_all(files, None if arguments.audit else arguments.into, arguments.study, arguments.jobs)
    for outcome in outcomes:
        sys.stdout.write(outcome.report(full=len(files) <= 20))
    for line in (line for file in files[:20] for line in offers(file)):
        sys.stdout.write(f"  {line}\n")
    if passed_over:
        more = f" and {len(passed_over) - 10} more" if len(passed_over) > 10 else ""
        sys.stdout.write(f"not papers by the ending of their name: {', '.join(passed_over[:10])}{more}\n")
    failed = [outcome for outcome in outcomes if outcome.error]
    if len(files) > 1:
        found = sum(len(outcome.findings) for outcome in outcomes)
        rows = sum(outcome.rows for outcome in outcomes)
        sys.stdout.write(
            f"{len(files) - len(failed)} of {len(files)} papers read: {rows} draft rows, {plural(found, 'finding')}\n"
        )
    if arguments.into is not None and any(outcome.rows for outcome in outcomes):
        sys.stdout.write(
            "Next: rule on the rows in read.html, save its CSV into the paper's folder, "
            f"then `resurvey confirm {arguments.into}`\n"
        )
    return 2 if failed else int(any(outcome.findings for outcome in outcomes))


def _files(given: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Files as given and the papers in folders, sorted by name; and the names of other files in these folders.

    Raises
    ------
    InputError
        If a path does not exist, or a folder holds no paper.
    """
    from resurvey.read.sources import SUFFIXES

    files: list[Path] = []
    passed_over: list[str] = []
    for path in given:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        if not path.is_dir():
            files.append(path)
            continue
        held = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
        inside = [file for file in held if file.suffix.lower() in SUFFIXES]
        if not inside:
            raise InputError(f"{path}: no paper in this folder; expected files ending in {', '.join(SUFFIXES)}")
        files += inside
        passed_over += [file.name for file in held if file not in inside]
    return files, passed_over


def _read_all(files: list[Path], into: Path | None, study: str, jobs: int) -> list[Outcome]:
    from resurvey.read.one_paper import names, read_one

    ids = names(files)
    tasks = [(file, into, name, study) for file, name in zip(files, ids, strict=True)]
    if jobs == 1 or len(files) == 1:
        return [_shown(read_one(*task), k, len(files)) for k, task in enumerate(tasks, start=1)]
    with ProcessPoolExecutor(max_workers=min(jobs, len(files))) as pool:
        futures = [pool.submit(read_one, *task) for task in tasks]
        return [
            _shown(_result(future, file), k, len(files))
            for k, (future, file) in enumerate(zip(futures, files, strict=True), start=1)
        ]


def _result(future: object, file: Path) -> Outcome:
    from resurvey.read.one_paper import Outcome

    try:
        return future.result()  # type: ignore[attr-defined, no-any-return]
    except ResurveyError as error:
        return Outcome(file.name, error=str(error))


def _shown(outcome: Outcome, done: int, total: int) -> Outcome:
    """Show a progress bar on a terminal, and nothing if the output goes to a file."""
    if total > 1 and sys.stderr.isatty():
        width = 30
        filled = width * done // total
        sys.stderr.write(
            f"\r[{'#' * filled}{'.' * (width - filled)}] {done}/{total} {outcome.name[:30]:30}"
            + ("\n" if done == total else "")
        )
        sys.stderr.flush()
    return outcome
