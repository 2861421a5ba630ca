"""Runs at work in a project: locks that the operating system releases with their process, however it ends.

A run keeps one file of the project locked as long as it is alive, and each of its steps another. A run that gets the
first lock exclusively knows that no other run is alive; a run whose record still exists was killed, and its Snakemake
locks may be released. Nothing is inferred from ages of files or from process ids, which are reused.
"""

from __future__ import annotations

import atexit
import errno
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from resurvey.errors import InputError, NotWritten

try:
    import fcntl
except ImportError:  # pragma: no cover - a system without these locks: nothing is known of other runs
    fcntl = None  # type: ignore[assignment]

RUNS, STEPS, RECORD = "runs.lock", "steps.lock", "run-*.json"
#: Folder for the marks of a project.
MARKS = Path(".snakemake/resurvey")
#: Identifies the current boot of the kernel; a container has the id of its host.
BOOT = Path("/proc/sys/kernel/random/boot_id")
#: Seconds that a run which has to write waits for another one, such as a dry run, to end.
PATIENCE = 5.0
HELD_BY_ANOTHER = (errno.EACCES, errno.EAGAIN)
#: Files that this process, a step, keeps locked: closing them would release the locks.
_held: list[TextIO] = []


@dataclass(frozen=True)
class Owner:
    """Record of a run."""

    host: str
    boot: str
    process: int
    began: str

    @classmethod
    def here(cls) -> Owner:
        """Make the record of this process."""
        boot = BOOT.read_text(encoding="ascii").strip() if BOOT.is_file() else ""
        return cls(socket.gethostname(), boot, os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S"))

    def same_machine(self, other: Owner) -> bool:
        """Whether both are known to be on the same machine, possibly with a reboot in between."""
        return self.host == other.host or (self.boot != "" and self.boot == other.boot)

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.began}"


class Run:
    """The current run, in relation to other runs of its project.

    Attributes
    ----------
    alone : bool or None
        Whether no other run is alive; None if the file system cannot tell.
    dead : tuple of Owner
        Runs on this machine that ended without removing their record.
    strange : tuple of Owner
        Such runs on other machines, about which nothing is known for certain.
    """

    def __init__(self, folder: Path):
        if folder.exists() and not folder.is_dir():
            folder.unlink()  # Only marks of this package belong there.
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._stream = (folder / RUNS).open("a", encoding="utf-8")
        self.alone = _lock(self._stream, alone=True)
        if self.alone is False:
            _lock(self._stream, alone=False)
        me = Owner.here()
        left = [(path, owner) for path, owner in self._records() if self.alone]
        self.dead = tuple(owner for _, owner in left if owner.same_machine(me))
        self.strange = tuple(owner for _, owner in left if not owner.same_machine(me))
        self._left = [path for path, _ in left]
        self._record = folder / RECORD.replace("*", uuid.uuid4().hex[:12])
        self._record.write_text(json.dumps(asdict(me)), encoding="utf-8")
        self._process = os.getpid()
        atexit.register(self.leave)

    def leave(self) -> None:
        """End properly: remove the record and release the lock."""
        if os.getpid() == self._process:  # not in a forked copy of this process
            self._record.unlink(missing_ok=True)
            self._stream.close()

    def _records(self) -> Iterator[tuple[Path, Owner]]:
        for path in sorted(self._folder.glob(RECORD)):
            try:
                yield path, Owner(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):  # partly written when its run was killed
                yield path, Owner(socket.gethostname(), "", 0, "an unknown time")

    def others(self) -> str:
        """Describe the other runs recorded here."""
        found = [str(owner) for path, owner in self._records() if path != self._record]
        return "; ".join(found) or "its process is not known"

    def forget_dead(self) -> None:
        """Remove the records of runs that have ended."""
        for path in self._left:
            path.unlink(missing_ok=True)

    def wait_for_steps(self, say: Callable[[str], None]) -> None:
        """Wait until steps left running by a killed run have ended, because their unfinished output would be read."""
        with (self._folder / STEPS).open("a", encoding="utf-8") as stream:
            if _lock(stream, alone=True) is False:
                say("steps of a run that was killed are still running: waiting for them to finish")
                while _lock(stream, alone=True) is False:
                    time.sleep(0.2)

    def claim(self) -> None:
        """Make sure that no other run is alive before writing something that runs share.

        Raises
        ------
        InputError
            If another run is alive.
        """
        until = time.monotonic() + PATIENCE
        while self.alone is False:
            self.alone = _lock(self._stream, alone=True)
            if self.alone is not False:
                return
            if time.monotonic() > until:
                _lock(self._stream, alone=False)
                raise InputError(
                    f"another run is working in this folder ({self.others()}), and config or tables have changed since "
                    "it began: wait until it has ended, or stop it"
                )
            time.sleep(0.1)

    def share(self) -> None:
        """Let other runs read the project, but not change what this one reads."""
        if self.alone:
            _lock(self._stream, alone=False)


def enter(folder: Path, release: Callable[[], None], say: Callable[[str], None]) -> Run:
    """Register a run in a project, after releasing locks left by a run that was killed.

    Parameters
    ----------
    folder : Path
        Folder of the marks.
    release : callable
        Releases the lock of a run; called only if that run is known to be dead and its steps have ended.
    say : callable
        Receives messages for the user.

    Raises
    ------
    NotWritten
        If the folder cannot be written.
    """
    try:
        run = Run(folder)
        if run.alone is False:
            say(f"another run is working in this folder ({run.others()}): do not unlock it while that run is alive")
        if run.strange:
            say(
                f"a run on another machine did not end properly ({'; '.join(map(str, run.strange))}): "
                "if it is dead and the folder is locked, release it with `snakemake --unlock`"
            )
        if run.dead:
            run.wait_for_steps(say)
            if not run.strange:
                say(f"an earlier run was killed ({'; '.join(map(str, run.dead))}): this one continues where it stopped")
                release()
        run.forget_dead()
    except OSError as error:
        raise NotWritten(f"{folder} could not be written ({error.strerror or error}): nothing was run") from error
    return run


def at_step(folder: Path) -> None:
    """Mark this process as a running step until it ends; does nothing if no run has marked the folder."""
    if folder.is_dir() and os.access(folder, os.W_OK):
        stream = (folder / STEPS).open("a", encoding="utf-8")
        _held.append(stream)
        _lock(stream, alone=False)


def _lock(stream: TextIO, *, alone: bool) -> bool | None:
    """Lock a file, exclusively (without waiting) or shared; False if held by another, None if locks do not work."""
    if fcntl is None:  # pragma: no cover
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except OSError as error:
        return False if error.errno in HELD_BY_ANOTHER else None
    return True
