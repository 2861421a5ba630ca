"""Runs that are killed, fail or meet: the next goes on by itself, and what was there stays until it is made anew."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project import write_project
from tests.workflow.test_pipeline import ROOT, checksums, planned, snakemake

pytestmark = pytest.mark.xdist_group("workflow")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("kept"))
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def project(built, tmp_path):
    shutil.copytree(built, tmp_path / "project")
    return tmp_path / "project"


def start(folder: Path, *words: str) -> subprocess.Popen:
    """A run in the background, with a session of its own."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    return subprocess.Popen(
        [*command, "--workflow-profile", "none", *(words or ("-c1", "--forceall"))],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={"OMP_NUM_THREADS": "1", **os.environ},
    )


def wait_for(condition, seconds=120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def test_after_a_killed_run_the_next_goes_on_by_itself(built, project):
    running = start(project)
    wait_for(lambda: any((project / ".snakemake/incomplete").rglob("*")))  # a step is at work
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=60)
    run = snakemake(project, "-c2", "--rerun-incomplete")  # as the profiles say
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(project) == checksums(built)
    assert not list(project.rglob("*.part"))


def test_of_two_runs_one_goes_on_and_the_other_says_so(built, project):
    first = start(project)
    wait_for(lambda: any((project / ".snakemake/incomplete").rglob("*")))
    second = snakemake(project)
    assert second.returncode == 1
    assert f"process {first.pid} " in second.stdout + second.stderr
    replaced = (project / "comparisons.yaml").read_text().replace("New drug", "Another drug")
    (project / "comparisons.yaml").write_text(replaced)
    third = snakemake(project)
    assert third.returncode == 1
    assert "have changed since it began" in third.stdout + third.stderr
    assert first.wait(timeout=300) == 0
    assert checksums(project) == checksums(built)


def test_two_runs_that_begin_together_do_not_harm_each_other(built, tmp_path):
    folder = write_project(tmp_path / "project")
    both = [start(folder, "-c1"), start(folder, "-c1")]
    ends = [one.wait(timeout=300) for one in both]
    assert 0 in ends
    assert snakemake(folder, "-c2", "--rerun-incomplete").returncode == 0
    assert checksums(folder) == checksums(built)


def test_a_step_that_fails_leaves_what_was_there_and_is_done_again(built, project):
    patients = next((project / "data/processed/patients").glob("*.parquet"))
    whole = patients.read_bytes()
    patients.write_bytes(whole[: len(whole) // 2])
    run = snakemake(project)
    assert run.returncode == 1
    before, after = checksums(built), checksums(project)
    assert {name for name in before if after.get(name) != before[name]} == {patients.relative_to(project).as_posix()}
    assert any(step.startswith("compare") for step in planned(project))  # and what failed does not pass for new
    patients.write_bytes(whole)
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(project) == before


def test_an_edition_that_cannot_be_made_is_named_and_made_again(built, project):
    template = project / "report/templates/answer.md.j2"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nothing_of_the_kind.at_all() }}")
    run = snakemake(project)
    assert run.returncode == 1
    said = run.stdout + run.stderr
    assert "answer.md.j2" in said and "nothing_of_the_kind" in said and "the edition of an earlier run" in said
    before, after = checksums(built), checksums(project)
    assert {name for name in before if after.get(name) != before[name]} <= {
        *("results/workflow/not_made.csv", "results/audit/verified.txt", "results/ro-crate-metadata.json"),
    }
    assert snakemake(project).returncode == 1  # and it does not pass for made the next time
    template.unlink()
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(project) == before


def test_what_is_damaged_of_ours_is_made_anew(built, project):
    damaged = [project / ".snakemake" / name for name in ("resurvey_config", "resurvey_checked.json")]
    for path in damaged:
        path.write_bytes(b"\xff\xfe{\x00" + path.read_bytes()[:100])
    piece = next((project / "data/processed/typed/tables").glob("medians.csv"))
    whole = piece.read_bytes()
    piece.write_bytes(whole[: len(whole) // 2])
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert piece.read_bytes() == whole
    assert checksums(project) == checksums(built)
    for path in damaged:
        path.unlink()
        path.mkdir()
    assert snakemake(project).returncode == 0


def test_files_dated_in_the_future_count_by_their_content(built, project):
    for folder in ("data", "results"):
        for path in (project / folder).rglob("*"):
            os.utime(path, (4e9, 4e9))
    medians = project / "data/raw/medians.csv"
    whole = medians.read_text(encoding="utf-8")
    medians.write_text(whole.replace(",11.80,", ",11.90,"), encoding="utf-8")
    os.utime(medians, (4e9, 4e9))
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "dated in the future" in run.stdout + run.stderr
    assert "11.9" in (project / "data/processed/medians.csv").read_text(encoding="utf-8")
    assert planned(project) == set()
    medians.write_text(whole, encoding="utf-8")
    os.utime(medians, (1e9, 1e9))  # and an old date hides no change
    assert "reconstruct" in planned(project)


def test_without_a_home_that_can_be_written_a_run_says_so_and_goes_on(project):
    away = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "MPLCONFIGDIR")}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(project)]
    profile = str(ROOT / "workflow/profiles/default")
    run = subprocess.run(
        [*command, "--workflow-profile", profile, "--dry-run"],
        capture_output=True,
        text=True,
        env=away | {"HOME": "/proc/nowhere"},
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    assert "/proc/nowhere/.cache, the folder of caches, cannot be written" in said and "Traceback" not in said
