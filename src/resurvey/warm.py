"""Steps that start warm: one process loads the libraries once, and every step of a run is a copy of it.

A step's script spends a second or two on loading pandas, scipy and matplotlib before it does anything, and a run has
some forty of them. Here the first step starts a helper. It loads what a script imports at its top, once, then forks,
and the copy runs the script as `python script` would: its own process, its own memory, its own end. Where the helper
cannot be had (not Linux, a step with an environment, a container or several threads of its own, a release of Snakemake
that runs scripts in another way) a script starts cold, as ever.

The two ends talk over a pair of sockets without a name, which nobody else can reach. With each script goes the end of
a pipe: the copy says there that it has begun, at last its exit code, and the pipe's end tells that the copy is gone.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from types import TracebackType
from typing import Any, NoReturn

LONGEST = 65536  # bytes of a request: two paths and a few variables
BEGUN = b" "  # what a copy says first; a number may follow it
#: What Snakemake's own lines at the top of every script load.
ALWAYS = ("snakemake.iocontainers",)
KILLED = -9  # code of a copy that ended without a word: killed, out of memory, or crashed
#: Threads of numerical libraries, as Snakemake sets them: read when they are loaded, so one for all copies.
THREADS = (
    *("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    *("MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
PLACES = ("TMPDIR", "TMP", "TEMPDIR", "TEMP")


def start_scripts_warm(scripts: Any, packages: Sequence[str], ready: Mapping[str, str] | None = None) -> Helper | None:
    """Let Snakemake run its Python scripts as copies of one process that has the libraries loaded.

    Parameters
    ----------
    scripts : module
        `snakemake.script`, changed in place; one without the names used here is left as it is.
    packages : sequence of str
        Packages whose modules are loaded before the fork, where a script imports them at its top: those known to start
        no threads and to keep no files open. All others are left to the copies.
    ready : mapping of str, optional
        Functions (`module:function`) to be called before the first script that imports a module, by that module.

    Returns
    -------
    Helper or None
        What scripts are copies of, ended when Python ends; None where they start cold, or warm already.
    """
    python: Any = getattr(scripts, "PythonScript", None)
    cold: Callable[..., Any] | None = getattr(python, "execute_script", None)
    if cold is None or hasattr(cold, "__wrapped__") or not sys.platform.startswith("linux"):
        return None
    helper = Helper(packages, ready)
    atexit.register(helper.close)

    @wraps(cold)
    def execute_script(self: Any, fname: str, edit: bool = False) -> None:
        code = helper.run(fname, _places(self)) if _is_plain(self) else None
        if code is None:
            cold(self, fname, edit=edit)
        elif code:
            raise subprocess.CalledProcessError(code, f"{sys.executable} {fname}")

    python.execute_script = execute_script
    return helper


def _is_plain(script: Any) -> bool:
    """Whether the script asks for nothing but Python: no environment, container, measuring, or threads of its own."""
    special = ("conda_env", "container_img", "env_modules", "shadow_dir", "bench_record")
    return getattr(script, "threads", None) == 1 and not any(getattr(script, name, None) for name in special)


def _places(script: Any) -> dict[str, str]:
    """Where the step may put what it needs for a while, as Snakemake tells it to a script that starts cold."""
    folder = getattr(script, "resources", {}).get("tmpdir")
    return dict.fromkeys(PLACES, str(folder)) if folder else {}


class Helper:
    """The process that scripts are copies of, started with the first of them; it ends when this process does.

    Attributes
    ----------
    packages : sequence of str
    ready : dict of str
        As for `start_scripts_warm`.
    """

    def __init__(self, packages: Sequence[str], ready: Mapping[str, str] | None = None) -> None:
        self.packages, self.ready = list(packages), dict(ready or {})
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, script: str, variables: dict[str, str]) -> int | None:
        """Run a script here in a copy of the helper, with these environment variables on top, and wait for its end.

        Returns
        -------
        int or None
            The exit code, `KILLED` if it ended without one; None if there is no helper and the script was not started.
        """
        asked = {"script": str(Path(script).absolute()), "folder": str(Path.cwd()), "variables": variables}
        request = json.dumps(asked).encode()
        answer, theirs = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._started(), [request], [theirs])
        except OSError:
            os.close(answer)
            return None
        finally:
            os.close(theirs)
        with os.fdopen(answer, "rb") as told:
            said = told.read()  # until the copy, which has the other end, is gone
        if not said:
            return None
        return int(said) if said.strip() else KILLED

    def close(self) -> None:
        """End the helper; copies that run go on to their own end."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()
        self._line = self._process = None

    def _started(self) -> socket.socket:
        if self._line is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            # -P: the project's folder must not become a place where modules are looked for.
            command = [sys.executable, "-P", "-m", "resurvey.warm", str(theirs.fileno())]
            command += [json.dumps(self.packages), json.dumps(self.ready)]
            environment = os.environ | dict.fromkeys(THREADS, "1")
            with theirs:
                try:
                    self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)
                except OSError:
                    ours.close()
                    raise
            self._line = ours
        return self._line


def serve(line: socket.socket, packages: Sequence[str], ready: Mapping[str, str]) -> None:
    """Load what each script that is asked for imports, and fork for it, until nobody is left to ask."""
    # Ctrl-C reaches the scripts, where it is not ignored there too; who asked for them decides what follows.
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
    tried: set[str] = set()
    while True:
        request, ends, _, _ = socket.recv_fds(line, LONGEST, 1)
        if not request:
            _forget_the_dead()  # so that what they took is counted as taken by the run
            return
        asked = json.loads(request)
        for name in [*ALWAYS, *_imports(Path(asked["script"]))]:
            if name not in tried and (name in ALWAYS or name.partition(".")[0] in packages):
                tried.add(name)
                _load(name, ready.get(name, ""))
        sys.stdout.flush()  # or each copy would say again what a module said
        with warnings.catch_warnings():
            # Python 3.12 warns of threads that a copy does not have; the one here is of jemalloc, which sees to it.
            warnings.simplefilter("ignore", DeprecationWarning)
            copy = os.fork()
        if copy == 0:
            line.close()
            signal.signal(signal.SIGINT, interrupt)
            _become(asked, ends[0])
        os.close(ends[0])
        _forget_the_dead()


def _imports(script: Path) -> Iterator[str]:
    """Modules that a script imports at its top; of `from a import b` both a and a.b, as b may be a module."""
    with suppress(OSError, SyntaxError, ValueError):
        for line in ast.parse(script.read_bytes()).body:
            if isinstance(line, ast.Import):
                yield from (alias.name for alias in line.names)
            elif isinstance(line, ast.ImportFrom) and line.module and not line.level:
                yield line.module
                yield from (f"{line.module}.{alias.name}" for alias in line.names)


def _load(module: str, function: str) -> None:
    """Load a module and call a function (`module:function`); what fails is for the script that needs it to say."""
    with suppress(Exception, SystemExit):
        import_module(module)
        if function:
            resolve_name(function)()


def _become(request: dict[str, Any], end: int) -> NoReturn:
    """Be the script, from here to the end of this process."""
    # Programs and copies that the script starts must not hold the pipe open.
    os.set_inheritable(end, False)
    os.register_at_fork(after_in_child=lambda: os.close(end))
    _say(end, BEGUN)
    os.environ.update(request["variables"])
    os.chdir(request["folder"])
    _forget_choices()
    script = request["script"]
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    try:
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as wanted:
        code = _exit_code(wanted.code)
    except BaseException as error:  # as Python does with an error nobody caught
        trace = _within(script, error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        code = 1
    _leave(end, code)


def _exit_code(asked: Any) -> int:
    """The code that Python ends with for what `sys.exit` was given; words are said."""
    if asked is None or isinstance(asked, int):
        return int(asked or 0) & 0xFF
    sys.stderr.write(f"{asked}\n")
    return 1


def _leave(end: int, code: int) -> NoReturn:
    """End as Python does, but without taking down every module: a fifth of a second, where many are loaded."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    _say(end, str(code).encode())
    os._exit(code)


def _forget_choices() -> None:
    """What the helper's libraries have settled for themselves, and each script should for itself."""
    tempfile.tempdir = None
    # A folder that matplotlib made because it may not write to the home of the user: all copies read it.
    atexit.unregister(shutil.rmtree)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # type: ignore[attr-defined]


def _within(script: str, trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins in the script; all of it where the script has none."""
    part = trace
    while part is not None and part.tb_frame.f_code.co_filename != script:
        part = part.tb_next
    return part or trace


def _say(end: int, what: bytes) -> None:
    with suppress(OSError):  # nobody listens where Snakemake was killed; the script goes on to its end
        os.write(end, what)


def _forget_the_dead() -> None:
    """Let the system drop copies that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main(arguments: Sequence[str]) -> None:
    """What the helper does: `python -m resurvey.warm SOCKET PACKAGES READY`, called by `Helper` alone."""
    with socket.socket(fileno=int(arguments[0])) as line:
        serve(line, json.loads(arguments[1]), json.loads(arguments[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
