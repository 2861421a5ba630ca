"""The attack on resurvey, seeded: inputs of all kinds, absurd calls, kills, odd environments; a table of what came.

Run: python benchmarks/attack/attack.py [--seed 1] [--inputs 18000] [--calls 25000] [--functions 12000] [--kills 18]
                                        [--environments]
Needs the checkout (tests/). What is neither right nor refused with a message ends the part and is shown.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import pty
import random
import resource
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import every_function
from tests.hostile import attack
from tests.project import write_project

from resurvey import inert
from resurvey.compare import bucher, network, pool
from resurvey.compare.rubin import rubin
from resurvey.errors import ResurveyError
from resurvey.reconstruct import from_curve
from resurvey.survival import kaplan_meier

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1e-320,
    1e-12,
    1e12,
    1e100,
    1e200,
    1e300,
    float("inf"),
    float("-inf"),
    float("nan"),
)
#: Environments that a run must come through, or end in with a message: words before the command of a shell.
ENVIRONMENTS = {
    "HOME that cannot be written": "export HOME=/proc/nowhere;",
    "no HOME": "unset HOME;",
    "cache that cannot be written": "export XDG_CACHE_HOME=/proc/nowhere MPLCONFIGDIR=/proc/nowhere;",
    "64 open files": "ulimit -n 64;",
    "1.5 GB of address space": "ulimit -v 1572864;",
    "0.7 GB of address space": "ulimit -v 734003;",
    "files of 100 kB at most (a full disk)": "ulimit -f 100;",
    "language C": "export LC_ALL=C LANG=C;",
    "Turkish": "export LC_ALL=tr_TR.UTF-8;",
    "time zone of Kiritimati": "export TZ=Pacific/Kiritimati;",
    "no umask": "umask 0;",
    "umask 077": "umask 077;",
    "no TERM": "unset TERM;",
    "optimised Python": "export PYTHONOPTIMIZE=2;",
    "warnings are errors in Python": "export PYTHONWARNINGS=error::DeprecationWarning:resurvey;",
    "hashes seeded otherwise": "export PYTHONHASHSEED=7;",
    "tables dated in the future": "find data/raw -exec touch -d 2035-01-01 {} +;",
    "results dated in the future": "find data/processed results -exec touch -d 2035-01-01 {} +;",
    "no folder for temporary files": "export TMPDIR=/proc/nowhere;",
    "two cores and one thread of BLAS": "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1;",
    "input that is closed": "exec 0<&-;",
    "20 s of processor time a process": "ulimit -t 20;",
}


def calls(count: int, rng: random.Random) -> Counter[tuple[str, str]]:
    """Functions called with numbers of all sizes; each gives finite numbers or refuses."""
    found: Counter[tuple[str, str]] = Counter()

    def some(n: int) -> list[float]:
        return [rng.choice(NUMBERS) if rng.random() < 0.3 else rng.uniform(0.05, 2) for _ in range(n)]

    def arms() -> pd.DataFrame:
        rows = [("s1", "a", "b"), ("s2", "b", "c"), ("s3", "a", "c")]
        table = pd.DataFrame(rows, columns=["study", "treatment", "comparator"])
        return table.assign(estimate=some(3), se=some(3))

    makers: dict[str, Callable[[], object]] = {
        "pool": lambda: pool([tuple(some(2)) for _ in range(4)]).random.estimate,
        "bucher": lambda: bucher(some(2), some(2)).estimate,
        "rubin": lambda: rubin(some(4), some(4)).estimate,
        "network": lambda: network(arms()).effects[["estimate", "se"]].to_numpy(),
        "kaplan_meier": lambda: kaplan_meier(some(6), [rng.choice((0, 1)) for _ in range(6)]).survival,
        "from_curve": lambda: from_curve(sorted(some(5)), some(5), n=rng.choice((1, 50, 10**8))).patients["time"],
    }
    for number in range(count):
        name = list(makers)[number % len(makers)]
        try:
            made = np.asarray(makers[name](), dtype=float)
        except ResurveyError as error:
            assert str(error).strip(), f"{name}: refused without a word"
            found[name, "refused"] += 1
            continue
        assert np.isfinite(made).all(), f"{name} gave {made}"
        found[name, "right or finite"] += 1
    return found


def texts(count: int, rng: random.Random) -> Counter[tuple[str, str]]:
    """Texts of all of Unicode come back from a table exactly, and none is a formula or a tag where a person looks."""
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(count):
        text = "".join(rng.choice("=+-@'<>[](|!\t a1") if rng.random() < 0.6 else _letter(rng) for _ in range(8))
        cell = inert.cell(text)
        assert inert.exact(cell) == text
        assert not cell[1:] or cell[0] not in "=@\t\r", cell
        assert "<a" not in inert.markdown(text) and "](" not in inert.markdown(text)
        found["texts", "inert and exact"] += 1
    return found


def _letter(rng: random.Random) -> str:
    while True:
        letter = chr(rng.randrange(0x20, 0x110000))
        if not 0xD800 <= ord(letter) < 0xE000:
            return letter


def command(folder: Path, *words: str) -> list[str]:
    """A run of a project."""
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return [*start, "--workflow-profile", str(ROOT / "workflow/profiles/default"), "-c1", *words]


def sums(folder: Path) -> dict[str, str]:
    """The sum of every file that a run wrote, by its path."""
    found = {}
    for part in ("data/processed", "results"):
        for path in sorted((folder / part).rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check_same(folder: Path, whole: dict[str, str], name: str) -> None:
    """End with the names of files that are not as they were."""
    found = sums(folder)
    other = sorted(path for path in {*found, *whole} if found.get(path) != whole.get(path))
    assert not other, f"{name}: {', '.join(other)}"


#: Ways in which a run ends that nobody meant: what is killed, and by which signal.
ENDS: dict[str, Callable[[int, int], None]] = {
    "kill -9 of the run alone": lambda process, _: os.kill(process, signal.SIGKILL),
    "kill -9 of the run and its steps": lambda process, _: os.killpg(process, signal.SIGKILL),
    "SIGQUIT": lambda process, _: os.kill(process, signal.SIGQUIT),
    "SIGTERM to the run and its steps": lambda process, _: os.killpg(process, signal.SIGTERM),
    "closed terminal": lambda _, terminal: os.close(terminal),
}


def kills(count: int, rng: random.Random, folder: Path) -> Counter[tuple[str, str]]:
    """Runs ended at any moment: the next goes on by itself and ends with the same bytes."""
    found: Counter[tuple[str, str]] = Counter()
    start = time.perf_counter()
    subprocess.run(command(folder), check=True, capture_output=True)
    whole, seconds = sums(folder), time.perf_counter() - start
    for number in range(count):
        name = list(ENDS)[number % len(ENDS)]
        terminal, inside = pty.openpty()
        running = subprocess.Popen(
            command(folder, "--forceall"), stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
            preexec_fn=partial(fcntl.ioctl, inside, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(inside)
        threading.Thread(target=_drained, args=(terminal,), daemon=True).start()
        time.sleep(rng.uniform(0.02, 0.95) * seconds)
        ENDS[name](running.pid, terminal)
        running.wait()
        again = subprocess.run(command(folder), capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stdout + again.stderr
        check_same(folder, whole, name)
        assert not list(folder.rglob("*.part")), name
        found[name, "gone on, same bytes"] += 1
        sys.stderr.write(f"{number + 1} of {count}: {name}: gone on\n")
    return found


def _drained(terminal: int) -> None:
    """Read what a run says, so that it does not wait for a reader."""
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


def environments(folder: Path) -> Iterator[tuple[str, str]]:
    """Each odd environment, and what came of a run in it: the same bytes, or a message and nothing lost."""
    subprocess.run(command(folder), check=True, capture_output=True)
    whole = sums(folder)
    for name, words in ENVIRONMENTS.items():
        run = subprocess.run(
            ["bash", "-c", f'{words} exec "$@"', "bash", *command(folder, "--forceall")],
            capture_output=True,
            text=True,
            cwd=folder,
            env=dict(os.environ),
            check=False,
        )
        told = run.stdout + run.stderr
        if run.returncode == 0:
            check_same(folder, whole, name)
            yield name, "same bytes"
        else:
            assert told.strip() and not _ours(told), f"{name}: {told}"
            subprocess.run(command(folder), check=True, capture_output=True)
            check_same(folder, whole, name)
            what = "Snakemake's own traceback" if "Traceback" in told else "a message"
            yield name, f"{what}, and made again: {told.strip().splitlines()[-1][:100]}"


def _ours(told: str) -> bool:
    """Whether a run ended in a traceback that passes through this package, not through Snakemake alone."""
    return "Traceback" in told and any("resurvey" in line for line in told.splitlines() if line.startswith("  File "))


def _of_functions(count: int, seed: int) -> Counter[tuple[str, str]]:
    """Outcomes of absurd arguments over all public functions; the first faults end the attack."""
    found, faults = every_function.attack(count, seed)
    assert not faults, "\n".join(faults[:5])
    summed: Counter[tuple[str, str]] = Counter()
    for (_, came), number in found.items():
        summed[f"all {len({name for name, _ in found})} public functions, an absurd argument", came] += number
    return summed


def main() -> None:
    """Attack, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=18_000)
    parser.add_argument("--calls", type=int, default=25_000)
    parser.add_argument("--functions", type=int, default=12_000)
    parser.add_argument("--kills", type=int, default=18)
    parser.add_argument("--environments", action="store_true")
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    start = time.perf_counter()
    found: Counter[tuple[str, str]] = Counter()
    if chosen.inputs:
        found += Counter(
            {(f"changed files: {kind}", came): n for (kind, came), n in attack(chosen.inputs, chosen.seed).items()}
        )
    with np.errstate(all="ignore"):
        found += calls(chosen.calls, rng)
    found += _of_functions(chosen.functions, chosen.seed)
    found += texts(chosen.calls, rng)
    with tempfile.TemporaryDirectory() as name:
        if chosen.kills:
            found += kills(chosen.kills, rng, write_project(Path(name) / "killed"))
        sys.stdout.write("| what | came out | count |\n|---|---|---:|\n")
        for (what, came), count in sorted(found.items()):
            sys.stdout.write(f"| {what} | {came} | {count:,} |\n")
        if chosen.environments:
            for what, came in environments(write_project(Path(name) / "odd")):
                sys.stdout.write(f"| {what} | {came} | 1 |\n")
                sys.stdout.flush()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"\nseed {chosen.seed}, {time.perf_counter() - start:.0f} s, peak memory {peak:.0f} MB\n")


if __name__ == "__main__":
    main()
