"""Logging for scripts: the log of the rule receives the messages of a step and the reason for a failure."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

from resurvey import runs
from resurvey.errors import ResurveyError


def log_to(path: str) -> None:
    """Point logging, warnings, stderr and uncaught errors of this process at `path`.

    Errors that the package raises on purpose are logged as a message, for Snakemake to show; all others are logged with
    a traceback, for developers.
    """
    runs.at_step(runs.MARKS)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    stream = target.open("w", encoding="utf-8", buffering=1)
    logging.captureWarnings(True)
    logging.basicConfig(stream=stream, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True)
    sys.stderr = stream

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, ResurveyError):
            stream.write(f"{error}\n")
        else:
            traceback.print_exception(kind, error, trace, file=stream)

    sys.excepthook = report
