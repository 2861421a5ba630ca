"""Folders of papers and figures in batches: the same files however many share a job, failures as rows, restarts."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from resurvey.errors import InputError
from resurvey.many import Files

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("workflow")
PAPER = """A made trial

Methods. Patients were randomised to drug A (n = {a}) or drug B (n = {b}).

Results. Median progression-free survival was {m}.2 months (95% CI {l}.1 to {u}.4) with drug A and 5.6 months (95% CI
4.2 to 7.0) with drug B (hazard ratio 0.{h}, 95% CI 0.40 to 0.90; P = 0.012).
"""


@pytest.fixture
def papers(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    for k in range(5):
        text = PAPER.format(a=100 + k, b=90 + k, m=8 + k, l=6 + k, u=10 + k, h=60 + k)
        (folder / f"paper {k}.txt").write_text(text)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    return folder


def run(papers: Path, into: Path, size: int, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "workflow/many.smk"), "-c2"]
    settings = [f"papers={papers}", "into=out", f"size={size}"]
    return subprocess.run(
        [*command, "--directory", str(into), "--workflow-profile", "none", *words, "--config", *settings],
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", **os.environ},
        check=False,
    )


def made(into: Path) -> dict[str, bytes]:
    """Every file of every paper, by its place below the batch."""
    paths = [
        path for path in (into / "out/papers").rglob("*") if path.is_file() and len(path.parts) > len(into.parts) + 4
    ]
    return {"/".join(path.parts[len(into.parts) + 3 :]): path.read_bytes() for path in paths}


def test_any_batches_give_the_same_files_and_a_failure_is_a_row(papers, tmp_path):
    for name, size in (("few", 2), ("one", 10)):
        (tmp_path / name).mkdir()
        done = run(papers, tmp_path / name, size)
        assert done.returncode == 0, done.stdout + done.stderr
    table = pd.read_csv(tmp_path / "few/out/papers.csv", keep_default_na=False)
    assert table["status"].tolist() == ["refused", *["read"] * 5]
    assert table["reason"][0]
    assert (table["found"][1:] > 3).all()
    assert (tmp_path / "few/out/papers.csv").read_bytes() == (tmp_path / "one/out/papers.csv").read_bytes()
    assert made(tmp_path / "few") == made(tmp_path / "one") != {}
    again = run(papers, tmp_path / "few", 2, "-n")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_folder_without_papers_is_said(tmp_path):
    done = run(tmp_path, tmp_path, 2)
    assert done.returncode == 1
    assert "no file in" in done.stdout + done.stderr


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_a_file(papers, size):
    with pytest.raises(InputError, match="size must be 1 or more"):
        Files.of("papers", papers, size)


def test_names_are_those_of_all_files_whatever_the_batches(papers):
    (papers / "paper-0.md").write_text("x")
    small, large = Files.of("papers", papers, 2), Files.of("papers", papers, 100)
    assert small.names == large.names
    assert len(set(small.names.values())) == 7
    assert [len(batch) for batch in small.batches.values()] == [2, 2, 2, 1]


def test_what_a_killed_batch_left_half_is_removed_by_the_next_run(papers, tmp_path):
    into = tmp_path / "into"
    half = into / "out/papers/.0123.part/paper"
    half.mkdir(parents=True)
    (half / "files.csv").write_text("half")
    done = run(papers, into, 10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(into.rglob("*.part"))
    assert (into / "out/papers/0001/files.csv").is_file()
