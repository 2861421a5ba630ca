"""What a run says on the screen: progress and names, one message where it fails, and at the end where the report is."""

import re
import shutil

import pytest

from tests.project import write_project
from tests.workflow.test_pipeline import replace, snakemake

pytestmark = pytest.mark.xdist_group("workflow")
SCREEN = ("-c2", "--logger", "resurvey")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A small project, and what its first run said."""
    folder = write_project(tmp_path_factory.mktemp("screen"))
    run = snakemake(folder, *SCREEN)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder, run.stdout + run.stderr


@pytest.fixture
def project(first, tmp_path):
    shutil.copytree(first[0], tmp_path / "project", dirs_exist_ok=True)
    return tmp_path / "project"


def test_a_step_is_a_line_with_its_name(first):
    steps = [line.split(maxsplit=3) for line in first[1].splitlines() if re.match(r"\s*\d+ of \d+  ", line)]
    assert [int(number) for number, *_ in steps] == list(range(1, len(steps) + 1))
    assert {"audit", "reconstruct alpha", "report"} <= {name for *_, name in steps}
    assert len(first[1].splitlines()) <= len(steps) + 8


def test_no_list_of_inputs_is_shown(first):
    assert not re.search(r"input:|output:|reason:|\.parquet", first[1])


def test_the_end_says_where_the_report_is(first, project):
    assert "results/report/index.html" in first[1].splitlines()[-1]
    again = snakemake(project, *SCREEN)
    assert "Nothing to be done" in again.stderr
    assert "results/report/index.html" in again.stderr.splitlines()[-1]


def test_the_end_is_told_without_the_logger_too(project):
    (project / "results/report/index.html").unlink()
    run = snakemake(project)
    assert "results/report/index.html  (open it in a browser" in run.stdout + run.stderr


def test_a_failed_step_says_why_once_and_without_our_code(project):
    replace(project, "proportions", ",21.0,", ",31.0,")
    run = snakemake(project, "results/audit/verified.txt", *SCREEN)
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert said.count("percentage-alpha2020-prop-001") == 1
    assert said.count("verify failed (its log: logs/verify.log)") == 1
    assert not re.search(r'Traceback|File "|CalledProcessError|RuleException', said)


def test_faulty_tables_are_told_once_and_without_our_code(project):
    replace(project, "medians", ",11.80,", ",eleven,")
    run = snakemake(project, *SCREEN)
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert said.count("value 'eleven'") == 1
    assert not re.search(r'Traceback|File "|WorkflowError', said)


def test_a_dry_run_names_the_steps(project):
    replace(project, "medians", ",11.80,", ",11.90,")
    said = snakemake(project, *SCREEN, "-n").stdout
    assert "      reconstruct alpha\n" in said
    assert "total" in said


def test_verbose_shows_what_snakemake_shows(project):
    (project / "results/report/index.html").unlink()
    run = snakemake(project, *SCREEN, "--verbose")
    assert "reason: Missing output files: results/report/index.html" in run.stdout + run.stderr
