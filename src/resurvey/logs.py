"""Logging for scripts: the rule's log gets what a step says, and its whole traceback when it fails."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType

from resurvey.errors import ResurveyError


def log_to(path: str) -> None:
    """Point logging, warnings, stderr and uncaught errors of this process at `path`.

    An error the package raises on purpose also goes, as its message alone, to the stderr the user sees; its
    traceback stays in the log.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    stream = target.open("w", encoding="utf-8", buffering=1)
    terminal = sys.stderr
    logging.captureWarnings(True)
    logging.basicConfig(stream=stream, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", force=True)
    sys.stderr = stream

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace, file=stream)
        words = str(error) if isinstance(error, ResurveyError) else f"{kind.__name__}: {error} (see {path})"
        terminal.write(f"\nresurvey: {words}\n")

    sys.excepthook = report
