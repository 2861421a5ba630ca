"""What a run says on the screen: a line for each finished step, and one message where a step failed.

A logger plugin of Snakemake (`--logger resurvey`, set in the profiles). Snakemake's own file below .snakemake/log still
has everything: inputs, outputs and the reason of each step. `--verbose` shows that on the screen as well.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from snakemake.common import NOTHING_TO_BE_DONE_MSG
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from resurvey.caches import usable_cache
from resurvey.workflow import closing

#: Lines of a failed step's log that are shown.
MOST = 30


class LogHandler(LogHandlerBase):
    """Writes the lines; Snakemake finds the class by this name."""

    def __post_init__(self) -> None:
        self.names: dict[int, str] = {}
        self.finished = self.ended = ""
        self.failed = False
        settings = self.common_settings
        self.all = bool(settings.verbose or settings.debug_dag or settings.printshellcmds)
        self.stream = sys.stdout if settings.stdout else sys.stderr
        # Here, as it is the first of ours that Snakemake calls, and the last before it needs the folder.
        usable_cache(self._write)

    @property
    def writes_to_stream(self) -> bool:
        """It takes the place of Snakemake's own words on the screen."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """It leaves the log file to Snakemake."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's filter is used, so that `--quiet` means what it always means."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's formatter is used for what has no words here."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """It draws no graph."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Say what the record is about, if it is for the screen."""
        try:
            said = self.format(record) if self.all else self.said(record)
            if said:
                self._write(said)
        except Exception:
            self.handleError(record)

    def _write(self, said: str) -> None:
        self.stream.write(f"{said}\n")
        self.stream.flush()

    def said(self, record: logging.LogRecord) -> str:
        """The words for a record; none where it is left to the log file."""
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_INFO:
            return self._planned(record)
        if event == LogEvent.JOB_FINISHED:
            self.finished = self.names.get(value(record, "job_id"), "")
            return ""
        if event == LogEvent.PROGRESS:
            return f"{value(record, 'done'):>4} of {value(record, 'total')}  {self.finished}"
        if event == LogEvent.RUN_INFO:
            return self.format(record) if self.common_settings.dryrun else ""
        if event == LogEvent.JOB_ERROR:
            return self._failed(record)
        if event == LogEvent.ERROR and value(record, "exception") == "RuleException":
            self.ended = self.format(record)  # that the script ended; why, its log says
            return ""
        return self._other(record)

    def _planned(self, record: logging.LogRecord) -> str:
        """Note the name of a step; say it where none will run."""
        name = step(value(record, "rule_name"), value(record, "wildcards"))
        self.names[value(record, "jobid")] = name
        return f"      {name}" if self.common_settings.dryrun else ""

    def _failed(self, record: logging.LogRecord) -> str:
        self.failed = True
        name = step(value(record, "rule_name"), value(record, "wildcards"))
        logs = [Path(str(path)) for path in value(record, "log") or []]
        told = [line for path in logs if path.is_file() for line in path.read_text(encoding="utf-8").splitlines()]
        told = told or self.ended.splitlines() or ["it ended without a word: killed, or out of memory"]
        place = f" (its log: {', '.join(map(str, logs))})" if logs else ""
        return "\n".join([f"\n{name} failed{place}", *(f"    {line}" for line in shortened(told))])

    def _other(self, record: logging.LogRecord) -> str:
        """Warnings and errors, but not what Snakemake adds to a step that has told its own failure."""
        if record.levelno >= logging.WARNING:
            return "" if self.failed else self.format(record)
        said = record.getMessage()
        if said == NOTHING_TO_BE_DONE_MSG:  # where Snakemake calls no `onsuccess`
            return said if self.common_settings.dryrun else f"{said}\n{closing()}"
        return said if getattr(record, "screen", False) else ""


def shortened(told: list[str]) -> list[str]:
    """The lines that matter: of a message the beginning, of what ends in a traceback the end."""
    left = len(told) - MOST
    if left <= 0:
        return told
    if any(line.startswith("Traceback") for line in told):
        return [f"... {left} lines before, in the log", *told[left:]]
    return [*told[:MOST], f"... and {left} lines more, in the log"]


def value(record: logging.LogRecord, name: str) -> Any:
    """A field that Snakemake gave the record, if it did."""
    return getattr(record, name, None)


def step(rule: str, wildcards: Any) -> str:
    """How a step is called: its rule and what it is about."""
    about = wildcards.values() if hasattr(wildcards, "values") else wildcards or ()
    return " ".join([rule, *map(str, about)])
