"""Every benchmark, one after the other, each with its time; a failure is named at the end and stops nothing.

python benchmarks/run.py [--quick] [--only WORD ...] [--benchmark FOLDER] [--kmdata FOLDER] [--shared FOLDER]
                         [--melanoma FOLDER] [--pairs FOLDER] [--out FOLDER]

What each prints is kept in the folder `--out`. Benchmarks on data that are not part of the repository run where their
folder is given: `--benchmark` (arms with their patients and a scorer), `--kmdata` (sets of the KMDATA collection),
`--shared` (papers to read), `--melanoma` (a checkout of SCFreeman/Melanoma_NMA), `--pairs` (papers as PDF and JATS).
`--quick` takes fewer trials and inputs, to see that everything runs; its figures are not those of the pages.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Benchmark:
    """A script with its arguments; `{benchmark}`, `{kmdata}` and `{out}` stand for folders."""

    name: str
    script: str
    full: str = ""
    quick: str = ""

    def arguments(self, quick: bool, folders: dict[str, Path | None]) -> list[str] | None:
        """The words after the script's name; None where a folder is needed that was not given."""
        words = (self.quick if quick else self.full).split()
        if any(f"{{{name}}}" in word for word in words for name, folder in folders.items() if folder is None):
            return None
        return [word.format(**{name: str(folder) for name, folder in folders.items()}) for word in words]


BENCHMARKS = (
    Benchmark("audit", "audit/run.py", "", "--trials 40 --speed 2000"),
    Benchmark("audit-wild", "audit/wild.py", "{shared}/papers/jats {shared}/papers/pdf", "{shared}/papers/pdf"),
    Benchmark("design", "design/run.py", "100000", "5000"),
    Benchmark("survival-speed", "survival/speed.py"),
    Benchmark("survival-coverage", "survival/coverage.py", "4000", "200"),
    Benchmark("survival-kmdata", "survival/kmdata.py", "{kmdata} 3", "{kmdata} 40"),
    Benchmark("compare-speed", "compare/speed.py"),
    Benchmark("compare-synthesis", "compare/synthesis_coverage.py", "600 70", "5 2"),
    Benchmark("compare-coverage", "compare/maic_coverage.py", "", "--repeats 4 --every 9"),
    Benchmark(
        "compare-coverage-anchored",
        "compare/maic_coverage.py",
        "--anchored",
        "--anchored --repeats 4 --every 9",
    ),
    Benchmark(
        "compare-rebuilt",
        "compare/rebuilt_coverage.py",
        "--trials 100 --replicates 100",
        "--trials 2 --replicates 10",
    ),
    Benchmark(
        "compare-shapes",
        "compare/shapes.py",
        "--trials 60 --replicates 50 --sizes 60 150 300 1000 --unanchored",
        "--trials 2 --replicates 10 --sizes 60",
    ),
    Benchmark("compare-seeds", "compare/seeds.py", "", "--seeds 2 --replicates 10 --more 0"),
    Benchmark("compare-melanoma", "compare/melanoma.py", "{melanoma}", "{melanoma}"),
    Benchmark("compare-real", "compare/real_trials.py", "{kmdata} --every 1 --trials 160", "{kmdata} --trials 3"),
    Benchmark("compare-floor", "compare/real_trials.py", "{kmdata} --every 1 --start 0 --floor", "{kmdata} --floor"),
    Benchmark("curves", "reconstruction/curves.py", "--benchmark {benchmark}", "--benchmark {benchmark} --every 16"),
    Benchmark(
        "curves-ensembles",
        "reconstruction/curves.py",
        "--benchmark {benchmark} --coverage 60 --every 7",
        "--benchmark {benchmark} --coverage 10 --every 40",
    ),
    Benchmark("curves-simulated", "reconstruction/curves.py", "--simulate 100", "--simulate 5"),
    Benchmark("curves-size", "reconstruction/curves.py", "--size", "--size"),
    Benchmark("curves-nasty", "reconstruction/fuzz_curves.py", "10000", "300"),
    Benchmark("curves-before-drops", "reconstruction/before_drops.py", "25", "1"),
    Benchmark(
        "summaries",
        "reconstruction/summary_arms.py",
        "{benchmark} --every 2 --start 1 --replicates 100",
        "{benchmark} --every 30 --start 1 --replicates 50",
    ),
    Benchmark("kinds-of-hazards", "reconstruction/learn_shapes.py", "{kmdata}", "{kmdata}"),
    Benchmark("starts-of-hazards", "reconstruction/first_days.py", "{kmdata}", "{kmdata}"),
    Benchmark("shares-of-kinds", "reconstruction/learn_shares.py", "{kmdata}", "{kmdata}"),
    Benchmark("shared-by-arms", "reconstruction/learn_shared.py", "{kmdata}", "{kmdata}"),
    Benchmark(
        "implied-events", "reconstruction/implied_events.py", "--kmdata {kmdata}", "--kmdata {kmdata} --trials 10"
    ),
    Benchmark("summaries-simulated", "reconstruction/summary_arms.py", "--simulated 60", "--simulated 5"),
    Benchmark("summaries-own-prior", "reconstruction/own_prior.py", "--trials 60", "--trials 1 --sizes 60"),
    Benchmark("summaries-beside-curves", "reconstruction/against_curves.py", "", "--replicates 20"),
    Benchmark("pipeline", "pipeline/run.py"),
    Benchmark("read", "read/run.py", "--shared {shared}", "--shared {shared}"),
    Benchmark(
        "read-planted",
        "read/planted.py",
        "--papers {shared}/papers/jats --count 400",
        "--papers {shared}/papers/jats --count 7",
    ),
    Benchmark("read-pairs", "read/pairs.py", "{pairs}", "{pairs}"),
    Benchmark("read-confidence", "read/confidence.py"),
    Benchmark("read-broken", "read/fuzz.py", "--count 20000", "--count 300"),
    Benchmark("digitise", "digitise/run.py", "--made 40 --seed 1", "--made 6 --seed 1"),
    Benchmark("digitise-broken", "digitise/fuzz.py", "10000 2 20", "200 2 2"),
    Benchmark("hostile-input", "fuzz/fuzz.py", "20000 11", "300 11"),
    Benchmark("attack", "attack/attack.py", "--environments", "--inputs 300 --calls 600 --functions 240 --kills 0"),
    Benchmark(
        "scale-studies", "scale/studies.py", "--output {out}/studies.csv", "--sizes 10 --output {out}/studies.csv"
    ),
    Benchmark(
        "scale",
        "scale/scale.py",
        "--sizes 10 100 1000 10000 --output {out}/scale.csv",
        "--sizes 10 50 --output {out}/scale.csv",
    ),
)


def run(benchmark: Benchmark, arguments: list[str], out: Path) -> int:
    """Run one script, what it prints into a file; its exit code."""
    with (out / f"{benchmark.name}.txt").open("w", encoding="utf-8") as stream:
        command = [sys.executable, str(HERE / benchmark.script), *arguments]
        settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, env=settings, check=False).returncode


def processor() -> float:
    """Processor seconds of all finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Run what was asked for; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="WORD", help="only benchmarks with a WORD in the name"
    )
    parser.add_argument("--benchmark", type=Path)
    parser.add_argument("--kmdata", type=Path)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--melanoma", type=Path)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    chosen = parser.parse_args()
    folders = {
        "benchmark": chosen.benchmark,
        "kmdata": chosen.kmdata,
        "shared": chosen.shared,
        "melanoma": chosen.melanoma,
        "pairs": chosen.pairs,
        "out": chosen.out,
    }
    chosen.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for benchmark in (b for b in BENCHMARKS if any(word in b.name for word in chosen.only)):
        arguments = benchmark.arguments(chosen.quick, folders)
        if arguments is None:
            sys.stdout.write(f"{benchmark.name:28} left out: its folder was not given\n")
            continue
        begun, used = time.perf_counter(), processor()
        code = run(benchmark, arguments, chosen.out)
        failed += [benchmark.name] if code else []
        word = f"FAILED ({code})" if code else "done"
        seconds = f"{time.perf_counter() - begun:8.1f} s, {processor() - used:8.1f} s of processor time"
        sys.stdout.write(f"{benchmark.name:28} {word:10} {seconds}\n")
        sys.stdout.flush()
    sys.stdout.write(f"What each printed is in {chosen.out}\n")
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
