"""A project of another field, and the one that `resurvey init` writes, run with nothing but the installed package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from resurvey import cli

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("workflow")


def run(folder: Path, *targets: str) -> None:
    command = [sys.executable, "-m", "snakemake", "-c2", "--show-failed-logs", *targets]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lung_example_gives_back_the_published_ratio(tmp_path):
    shutil.copytree(ROOT / "examples/lung", tmp_path / "lung")
    run(tmp_path / "lung")
    assert (tmp_path / "lung/results/report/index.html").stat().st_size > 0
    estimates = pd.read_csv(tmp_path / "lung/results/comparisons/comparisons.csv")
    cox = estimates[(estimates["measure"] == "HR") & estimates["method"].str.startswith("Cox (Efron)")].iloc[0]
    # coxph on the data set itself gives 0.588 (0.424 to 0.816)
    assert cox["estimate"] == pytest.approx(0.588, abs=0.02)
    assert cox["lower"] == pytest.approx(0.424, abs=0.02)
    accuracy = pd.read_csv(tmp_path / "lung/results/reconstruction/accuracy.csv").set_index("population")
    assert accuracy.loc["men", "evidence"] == "curve"
    assert accuracy.loc["women", "events_min"] == accuracy.loc["women", "events_max"] == 53
    assert accuracy.loc["all", "evidence"] == "summary"


def test_a_new_project_runs_at_once(tmp_path, capsys):
    assert cli.main(["init", str(tmp_path / "mine")]) == 0
    assert cli.main(["check", str(tmp_path / "mine/data/raw")]) == 0
    capsys.readouterr()
    run(tmp_path / "mine", "results/comparisons/comparisons.csv", "results/audit/verified.txt")
    assert (tmp_path / "mine/data/raw/README.md").stat().st_size > 0


def test_a_project_is_never_written_over(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    assert cli.main(["init", str(tmp_path / "mine")]) == 2
    assert "not empty" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["notes.txt"]
