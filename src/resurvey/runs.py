"""Who is at work in a project: marks that the operating system takes away with their process, however it ends.

A run holds one file of the project locked as long as it lives, and each of its steps another. A run that gets the first
for itself alone knows that no other run lives; one whose record is still there was killed, and what it left locked may
be released. Nothing here guesses from ages of files or from numbers of processes, which are given out again.
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
except ImportError:  # pragma: no cover - a system without these locks: then nothing is known of others
    fcntl = None  # type: ignore[assignment]

RUNS, STEPS, RECORD = "runs.lock", "steps.lock", "run-*.json"
#: Where the marks of a project lie.
MARKS = Path(".snakemake/resurvey")
#: Says which start of which kernel this is; a container has that of its machine.
BOOT = Path("/proc/sys/kernel/random/boot_id")
#: Seconds that a run which has to write waits for another start, such as a dry run, to end.
PATIENCE = 5.0
HELD_BY_ANOTHER = (errno.EACCES, errno.EAGAIN)
#: Files that this process, a step, holds locked: closing them would give them free.
_held: list[TextIO] = []


@dataclass(frozen=True)
class Owner:
    """A run as it recorded itself."""

    host: str
    boot: str
    process: int
    began: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        boot = BOOT.read_text(encoding="ascii").strip() if BOOT.is_file() else ""
        return cls(socket.gethostname(), boot, os.getpid(), time.strftime("%Y-%m-%d %H:%M:%S"))

    def same_machine(self, other: Owner) -> bool:
        """Whether both are known to be of one machine, now or before it was started anew."""
        return self.host == other.host or (self.boot != "" and self.boot == other.boot)

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.began}"


class Run:
    """This run among others of its project.

    Attributes
    ----------
    alone : bool or None
        Whether no other run lives; None where the file system does not tell.
    dead : tuple of Owner
        Runs of this machine that ended without taking their record away.
    strange : tuple of Owner
        The same of other machines, of which nothing is known for certain.
    """

    def __init__(self, folder: Path):
        if folder.exists() and not folder.is_dir():
            folder.unlink()  # Something else lies where only our marks belong.
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
        """End in order: take the record away, and give free what is locked."""
        if os.getpid() == self._process:  # not a copy of this process
            self._record.unlink(missing_ok=True)
            self._stream.close()

    def _records(self) -> Iterator[tuple[Path, Owner]]:
        for path in sorted(self._folder.glob(RECORD)):
            try:
                yield path, Owner(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):  # written half when its run was killed
                yield path, Owner(socket.gethostname(), "", 0, "an unknown time")

    def others(self) -> str:
        """Other runs that are recorded here, in words."""
        found = [str(owner) for path, owner in self._records() if path != self._record]
        return "; ".join(found) or "its process is not known"

    def forget_dead(self) -> None:
        """Remove the records of runs that are no more."""
        for path in self._left:
            path.unlink(missing_ok=True)

    def wait_for_steps(self, say: Callable[[str], None]) -> None:
        """Wait until the steps that a killed run left at work have ended: what they still write would be read."""
        with (self._folder / STEPS).open("a", encoding="utf-8") as stream:
            if _lock(stream, alone=True) is False:
                say("steps of a run that was killed are still at work: waiting for them to end")
                while _lock(stream, alone=True) is False:
                    time.sleep(0.2)

    def claim(self) -> None:
        """Make sure that no other run lives, before something is written that runs share.

        Raises
        ------
        InputError
            If another run lives.
        """
        until = time.monotonic() + PATIENCE
        while self.alone is False:
            self.alone = _lock(self._stream, alone=True)
            if self.alone is not False:
                return
            if time.monotonic() > until:
                _lock(self._stream, alone=False)
                raise InputError(
                    f"another run is at work in this folder ({self.others()}), and config or tables have changed since "
                    "it began: wait until it has ended, or stop it"
                )
            time.sleep(0.1)

    def share(self) -> None:
        """Let other runs look at the project, but not change what this one reads."""
        if self.alone:
            _lock(self._stream, alone=False)


def enter(folder: Path, release: Callable[[], None], say: Callable[[str], None]) -> Run:
    """Take part in the work of a project; what a run that was killed left locked is released first.

    Parameters
    ----------
    folder : Path
        Folder of the marks.
    release : callable
        Releases what runs lock; called only where the run that locked it is known to be dead and its steps have ended.
    say : callable
        Gets what a person should know.

    Raises
    ------
    NotWritten
        If the folder cannot be written.
    """
    try:
        run = Run(folder)
        if run.alone is False:
            say(f"another run is at work in this folder ({run.others()}): do not unlock it while that lives")
        if run.strange:
            say(
                f"a run on another machine did not end in order ({'; '.join(map(str, run.strange))}): "
                "where it is dead and the folder is locked, release it by `snakemake --unlock`"
            )
        if run.dead:
            run.wait_for_steps(say)
            if not run.strange:
                say(f"an earlier run was killed ({'; '.join(map(str, run.dead))}): this one goes on where it stopped")
                release()
        run.forget_dead()
    except OSError as error:
        raise NotWritten(f"{folder} could not be written ({error.strerror or error}): nothing was run") from error
    return run


def at_step(folder: Path) -> None:
    """Mark this process as a step at work, until it ends; nothing where no run has marked the folder."""
    if folder.is_dir() and os.access(folder, os.W_OK):
        stream = (folder / STEPS).open("a", encoding="utf-8")
        _held.append(stream)
        _lock(stream, alone=False)


def _lock(stream: TextIO, *, alone: bool) -> bool | None:
    """Lock a file: for this process alone, if at once, or together with others; None where that is not to be had."""
    if fcntl is None:  # pragma: no cover
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
    except OSError as error:
        return False if error.errno in HELD_BY_ANOTHER else None
    return True
