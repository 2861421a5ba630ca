"""The Slurm profile, run for real where a Slurm node is idle and the executor plug-in can be imported.

Elsewhere the test is skipped with the reason. On a cluster give pytest a folder that the nodes see (`--basetemp`).
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.project import write_project

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "workflow/profiles/slurm"
# Two jobs that Slurm runs side by side: gathering the raw tables, and rebuilding a study.
TARGETS = ["data/processed/medians.csv", "data/processed/patients/alpha.parquet"]
pytestmark = pytest.mark.xdist_group("workflow")


def why_not() -> str:
    """Why Slurm cannot be used here; empty where it can."""
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "the plug-in snakemake-executor-plugin-slurm is not installed"
    if shutil.which("sinfo") is None:
        return "there is no Slurm on this machine (no sinfo)"
    try:
        state = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return "sinfo does not answer"
    return "" if "idle" in state.stdout.split() else "sinfo shows no idle node"


def snakemake(folder: Path, profile: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    done = subprocess.run(
        [*command, "--workflow-profile", profile, *arguments, *TARGETS],
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", **os.environ},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_profile_reads_as_options_of_snakemake():
    entries = yaml.safe_load((PROFILE / "profile.yaml").read_text(encoding="utf-8"))
    assert entries["executor"] == "slurm"
    # an option without a value stops Snakemake before anything runs
    assert all(value not in (None, {}, [], "") for value in entries.values())
    assert all("=" in resource for resource in entries["default-resources"])


def test_slurm_gives_the_same_bytes_as_a_local_run(tmp_path):
    reason = why_not()
    if reason:
        pytest.skip(reason)
    here, there = write_project(tmp_path / "here"), write_project(tmp_path / "there")
    snakemake(here, "none", "-c1")
    # all that Snakemake says: our screen has a line a step
    quick = ["--verbose", "--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"]
    told = snakemake(there, str(PROFILE), *quick)
    assert told.count("has been submitted with SLURM jobid") == 2, told
    for target in TARGETS:
        assert (there / target).read_bytes() == (here / target).read_bytes(), target
