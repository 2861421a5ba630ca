"""The workflow run for real on a small project: results, reruns, failures, and the same bytes twice."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from resurvey.compare.outcome import DRAWS
from resurvey.montecarlo import ENOUGH
from resurvey.results import Varied
from tests.project import small_tables, write_project

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("workflow")


def snakemake(
    folder: Path, *arguments: str, snakefile: Path = ROOT / "Snakefile", **environment: str
) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]
    settings = {"OMP_NUM_THREADS": "1", **os.environ, **environment}
    # The profile beside the Snakefile is for the project itself; a test says what it wants.
    return subprocess.run(
        [*command, "--workflow-profile", "none", "--show-failed-logs", *(arguments or ("-c2",))],
        capture_output=True,
        text=True,
        env=settings,
        timeout=600,
        check=False,
    )


def checksums(folder: Path) -> dict[str, str]:
    found = {}
    for part in ("data/processed", "results"):
        for path in sorted((folder / part).rglob("*")):
            if path.is_file() and not path.name.startswith(".snakemake"):
                found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def planned(folder: Path, **settings: Any) -> set[str]:
    run = snakemake(folder, "-n", "--quiet", "host", **settings)
    assert run.returncode == 0, run.stdout + run.stderr
    table = (run.stdout + run.stderr).split("Job stats:")[-1].split("total")[0]
    return {line.split()[0] for line in table.splitlines() if re.match(r"^\w+\s+\d+$", line)}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = write_project(tmp_path_factory.mktemp("built"))
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def project(built, tmp_path):
    """A copy of the built project that a test may spoil, with its times and Snakemake's records."""
    shutil.copytree(built, tmp_path / "project", dirs_exist_ok=True)
    return tmp_path / "project"


def replace(folder: Path, table: str, old: str, new: str) -> None:
    path = folder / "data/raw" / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_promised_files_are_there(built):
    for name in (
        "results/report/index.html",
        "results/report/tables.js",
        "results/report/rows.js",
        "results/report/resurvey.docx",
        "results/report/resurvey.pdf",
        "results/audit/checks.csv",
        "results/audit/alpha2020.md",
        "results/comparisons/comparisons.csv",
        "results/reconstruction/accuracy.csv",
        "results/analysis_results.csv",
        "data/processed/medians.csv",
        "data/processed/patients/alpha.parquet",
    ):
        assert (built / name).stat().st_size > 0, name


def test_the_promised_columns_come_first(built):
    header = (built / "results/audit/checks.csv").read_text(encoding="utf-8").splitlines()[0]
    promised = "check_id,rule,source_id,study_id,claim_ids,reported,recomputed,verdict,severity,explanation"
    assert header == f"{promised},cause"
    header = (built / "results/comparisons/comparisons.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.startswith("comparison_id,method,measure,estimate,lower,upper,p,evidence,assumptions,")


def test_a_second_run_has_nothing_to_do(built):
    run = snakemake(built, "-n")
    assert "Nothing to be done" in run.stdout + run.stderr


def test_two_clean_runs_give_the_same_bytes(built, tmp_path):
    other = write_project(tmp_path / "elsewhere, with a blank")
    run = snakemake(other, "-c1", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="7")
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(other) == checksums(built)


def test_other_kernels_of_the_libraries_give_the_same_bytes(built, tmp_path):
    """As on a processor without the newer instructions; the libraries choose their kernels by what there is."""
    folder = write_project(tmp_path / "other")
    run = snakemake(
        folder,
        OPENBLAS_CORETYPE="Prescott",
        NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512_SKX",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(folder) == checksums(built)


def write_project_of_a_large_trial(folder: Path) -> Path:
    """Two arms of which little more than the median is printed: the shape of the hazard outweighs it."""
    rows = small_tables()
    for arm, size in zip(rows["arms"], ("400", "390"), strict=True):
        arm["n"] = size
    rows["medians"] = rows["medians"][:2]
    for median, events, lower, upper in zip(
        rows["medians"], ("264", "324"), ("10.1", "6.1"), ("13.5", "7.9"), strict=True
    ):
        median |= {"events": events, "lower": lower, "upper": upper}
    write_project(folder, rows | {"survival_rates": [], "hazard_ratios": [], "proportions": []})
    path = folder / "comparisons.yaml"
    text = path.read_text(encoding="utf-8").partition("  - id: alpha-pooled")[0]
    path.write_text(text.replace("    printed: [alpha2020-hr-001]\n", ""), encoding="utf-8")
    return folder


def test_replicates_grow_in_a_run_and_any_number_of_jobs_gives_the_same_bytes(tmp_path):
    """First a study, until no arm needs more; then a comparison of it, which needs more than its arms."""
    made, most = [], 380
    for jobs in (1, 4):
        folder = write_project_of_a_large_trial(tmp_path / str(jobs))
        config = folder / "config.yaml"
        text = config.read_text(encoding="utf-8")
        wanted = f"replicates: 120\n  more_replicates: {most - 120}\n  block: 30\n  jobs: {jobs}\n"
        config.write_text(text.replace("replicates: 20\n", wanted), encoding="utf-8")
        if jobs == 4:
            assert {"reconstruct_blocks", "join_blocks"} <= planned(folder)
        run = snakemake(folder, "-c2", "results/reconstruction/accuracy.csv", "results/comparisons/comparisons.csv")
        assert run.returncode == 0, run.stdout + run.stderr
        made.append(checksums(folder))
    assert made[0] == made[1]
    assert "data/processed/patients/alpha.parquet" in made[0]
    arms = pd.read_csv(folder / "results/reconstruction/accuracy.csv")
    assert arms["monte_carlo"].max() <= ENOUGH
    assert 120 < arms["replicates"].max() < most
    compared = folder / "results/comparisons/alpha-new-old"
    assert pd.read_csv(compared / "spread.csv")["replicates"].max() == most
    rows = pd.read_csv(compared / "estimates.csv")
    above = rows["monte_carlo"] > ENOUGH
    assert (rows["note"].fillna("").str.contains(DRAWS, regex=False) == above).all()
    # what is above at the most that is allowed: kinds of hazard that few replicates have
    varied = pd.read_csv(compared / "sensitivity.csv")
    assert above.any()
    assert set(rows.loc[above, "variation"]) <= set(varied.loc[varied["kind"] == Varied.SHAPE, "variation"])


SUBGROUPS = {"young": ("60", "13.5"), "aged": ("40", "9.1")}
STANDARDISED = """\
    standardise:
      - {name: half young, populations: [young, aged], shares: [0.5, 0.5], source: a guess}
    assumptions: [they were randomised against each other]
"""


def write_standardised_project(folder: Path, bootstrap: str) -> Path:
    """The small project with two subgroups, weighted to another mix."""
    rows = small_tables()
    for number, (name, (size, median)) in enumerate(SUBGROUPS.items(), start=11):
        own = {"population": name, "claim_id": f"alpha2020-arm-0{number}", "n": size}
        rows["arms"].append({**rows["arms"][0], **own})
        own = {"population": name, "claim_id": f"alpha2020-med-0{number}", "value": median}
        rows["medians"].append({**rows["medians"][0], **own, "lower": "", "upper": "", "ci_level": "", "events": ""})
    write_project(folder, rows)
    config = folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + bootstrap, encoding="utf-8")
    path = folder / "comparisons.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(STANDARDISED.splitlines(keepends=True)[-1], STANDARDISED), encoding="utf-8")
    return folder


def test_any_number_of_jobs_for_a_bootstrap_gives_the_same_bytes(tmp_path):
    made, plans = [], []
    for jobs in (1, 2, 3):
        wanted = f"bootstrap:\n  replicates: 100\n  jobs: {jobs}\n"
        folder = write_standardised_project(tmp_path / str(jobs), wanted)
        plans.append(planned(folder))
        run = snakemake(folder, "-c2", "results/comparisons/comparisons.csv")
        assert run.returncode == 0, run.stdout + run.stderr
        made.append(checksums(folder))
    assert made[0] == made[1] == made[2]
    assert ["bootstrap" in plan for plan in plans] == [False, True, True]
    table = (tmp_path / "3/results/comparisons/comparisons.csv").read_text(encoding="utf-8")
    assert "bootstrap, standardised by half young (scenario)" in table


def test_a_bootstrap_of_none_changes_nothing(tmp_path):
    made = []
    for wanted in ("", "bootstrap:\n  replicates: 0\n  jobs: 3\n"):
        folder = write_standardised_project(tmp_path / str(len(made)), wanted)
        plan = planned(folder)
        assert "bootstrap" not in plan
        assert "compare_alpha" in plan
        run = snakemake(folder, "-c2", "results/comparisons/comparisons.csv")
        assert run.returncode == 0, run.stdout + run.stderr
        made.append(checksums(folder))
    assert made[0] == made[1]


def test_a_cell_about_no_arm_leaves_the_patients_alone(project):
    replace(project, "proportions", ",21.0,", ",21.1,")
    todo = planned(project)
    assert {"clean", "audit", "verify", "draw_evidence", "report"} <= todo
    assert not {"reconstruct", "compare_alpha", "compare_printed", "draw_study"} & todo


def test_a_note_makes_the_report_anew_and_no_number(project):
    replace(project, "proportions", ",21.0,,,,,,", ",21.0,,,,,,as printed")
    assert planned(project) == {"clean", "report", "verify", "all"}  # verify says if an edition could not be made


def test_a_cell_that_a_comparison_names_reruns_it(project):
    replace(project, "hazard_ratios", "<0.001", "<0.002")
    todo = planned(project)
    assert {"compare_alpha", "compare_printed", "comparisons", "draw_overview"} <= todo


def test_a_ruling_reruns_what_reads_it(project):
    path = project / "data/raw/adjudications.csv"
    row = "ratio-alpha2020-hr-001,conflict,misprint,nothing,because,a person\n"
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    todo = planned(project)
    assert {"clean", "audit", "verify", "compare_alpha", "compare_printed"} <= todo
    assert "reconstruct" not in todo


def test_an_older_table_put_back_is_noticed(project):
    path = project / "data/raw/proportions.csv"
    old = path.stat()
    replace(project, "proportions", ",21.0,", ",21.1,")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert {"clean", "audit", "report"} <= planned(project)


def test_a_rerun_after_edits_gives_the_bytes_of_a_clean_run(project, tmp_path):
    fresh = write_project(tmp_path / "fresh")
    for folder in (project, fresh):
        replace(folder, "proportions", ",21,100,21.0,,,,,,", ",22,100,22.0,,,,,,as printed")
        replace(folder, "survival_rates", "Results, par. 1", "Results, par. 2")
        replace(folder, "follow_up", ",38.2,", ",38.3,")
        replace(folder, "studies", ",ALPHA,", ",ALPHA-1,")
        run = snakemake(folder)
        assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(project) == checksums(fresh)
    again = snakemake(project, "-n")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_run_with_nothing_to_do_loads_no_statistics(built):
    command = [sys.executable, "-X", "importtime", "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    run = subprocess.run(
        [*command, "--directory", str(built), "--workflow-profile", "none", "-n"],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert "Nothing to be done" in run.stdout + run.stderr
    imported = {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "resurvey.gate" in imported
    # pandas Snakemake loads by itself, to see whether a param is a table
    assert not {"scipy", "matplotlib", "jsonschema", "resurvey.tables", "resurvey.reconstruct"} & imported


def test_a_cell_of_an_arm_rebuilds_its_study(project):
    replace(project, "medians", ",11.80,", ",11.90,")
    assert {"clean", "audit", "reconstruct", "compare_alpha", "report"} <= planned(project)


def change_config(folder: Path, old: str, new: str) -> None:
    path = folder / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_config_key_reruns_the_steps_that_read_it(project):
    change_config(project, "replicates: 20", "replicates: 21")
    todo = planned(project)
    assert {"reconstruct", "compare_alpha", "report"} <= todo
    assert not {"clean", "audit"} & todo


def test_the_title_of_the_report_makes_the_report_anew_and_no_number(project):
    change_config(project, "title: A small project", "title: A small project, renamed")
    todo = planned(project)
    assert "report" in todo
    assert not {"clean", "audit", "reconstruct", "compare_alpha"} & todo


def test_an_edited_function_reruns_the_steps_that_reach_it(project, tmp_path):
    checkout = tmp_path / "checkout"
    for name in ("src", "workflow"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml"):
        shutil.copy2(ROOT / name, checkout / name)
    there = {"snakefile": checkout / "Snakefile", "PYTHONPATH": str(checkout / "src")}
    # the report records the workflow's own files, which lie elsewhere here
    assert planned(project, **there) <= {"report", "verify", "all"}
    module = checkout / "src/resurvey/audit/adverse_events.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    todo = planned(project, **there)
    assert {"audit", "verify", "report"} <= todo
    assert not {"clean", "reconstruct", "compare_alpha"} & todo


def test_a_new_study_leaves_the_others_numbers_alone(project):
    before = checksums(project)
    rows = small_tables()
    rows["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    rows["arms"].append({**rows["arms"][0], "claim_id": "alpha2020-arm-009", "study_id": "beta"})
    rows["medians"].append({**rows["medians"][0], "claim_id": "alpha2020-med-009", "study_id": "beta"})
    write_project(project, rows)
    config = project / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("[alpha]", "[alpha, beta]"), encoding="utf-8")
    run = snakemake(project, "-c2", "results/reconstruction/accuracy.csv")
    assert run.returncode == 0, run.stdout + run.stderr
    after = checksums(project)
    assert "data/processed/patients/beta.parquet" in after
    for name in ("data/processed/patients/alpha.parquet", "results/reconstruction/alpha/facts.csv"):
        assert after[name] == before[name]


def test_a_page_more_of_the_audit_is_made(project):
    rows = small_tables()
    rows["sources"].append({**rows["sources"][0], "source_id": "beta2021", "citation": "Beta B. A letter. 2021"})
    write_project(project, rows)
    assert snakemake(project).returncode == 0
    assert not (project / "results/audit/beta2021.md").exists()
    change_config(project, "pages: [alpha2020]", "pages: [alpha2020, beta2021]")
    assert {"audit", "report"} <= planned(project)
    run = snakemake(project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (project / "results/audit/beta2021.md").is_file()


@pytest.mark.parametrize(
    ("folder", "step"),
    [
        ("results/figures/study-alpha", "draw_study"),
        ("results/comparisons/alpha-new-old", "compare_alpha"),
    ],
)
def test_one_file_deleted_from_a_folder_of_results_is_made_again(project, folder, step):
    before = checksums(project)
    lost = max((project / folder).glob("*.[sc][vs]*"))
    for _ in range(2):  # what was lost once may be lost again
        lost.unlink()
        for _ in range(2):  # to look is not to mend
            assert step in planned(project)
        run = snakemake(project, "-c2", folder)
        assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(project) == before
    assert step not in planned(project)


def test_a_file_more_in_a_folder_of_results_is_nobodys_business(project):
    (project / "results/figures/study-alpha/Thumbs.db").write_bytes(b"of a viewer")
    assert "Nothing to be done" in snakemake(project, "-n").stdout


def refused(folder: Path, before: dict[str, str]) -> str:
    run = snakemake(folder)
    assert run.returncode != 0
    assert checksums(folder) == before
    text = run.stdout + run.stderr
    assert "Traceback" not in text
    return text


def test_bad_cells_stop_the_run_with_all_faults_and_leave_results(project):
    before = checksums(project)
    replace(project, "medians", ",11.80,", ",eleven,")
    replace(project, "hazard_ratios", "<0.001", "1.7")
    text = refused(project, before)
    assert "medians.csv, row 2, column value, value 'eleven'" in text
    assert "hazard_ratios.csv, row 2, column p, value '1.7'" in text


def test_a_missing_table_is_named(project):
    before = checksums(project)
    (project / "data/raw/medians.csv").unlink()
    assert "medians.csv: the file is missing" in refused(project, before)


def test_a_misspelt_config_key_is_named(project):
    before = checksums(project)
    config = project / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("replicates:", "replicas:"), encoding="utf-8")
    assert "'replicas' is not a known key" in refused(project, before)


def test_a_discrepancy_without_a_ruling_fails_verification(project):
    replace(project, "proportions", ",21.0,", ",31.0,")
    run = snakemake(project, "-c2", "results/audit/verified.txt")
    text = run.stdout + run.stderr
    assert run.returncode != 0
    assert "alpha2020-prop-001" in text


def test_a_report_is_made_without_rulings(tmp_path):
    rows = small_tables()
    rows["proportions"][0]["percent"] = "31.0"
    folder = write_project(tmp_path, rows)
    run = snakemake(folder)
    assert run.returncode != 0
    assert "no ruling on a verdict" in run.stdout + run.stderr
    assert not (folder / "results/audit/verified.txt").exists()
    assert "not yet ruled on" in (folder / "results/report/index.html").read_text(encoding="utf-8").lower()
    assert "Not yet ruled on." in (folder / "results/audit/alpha2020.md").read_text(encoding="utf-8")
    path = folder / "data/raw/adjudications.csv"
    checks = (folder / "results/audit/checks.csv").read_text(encoding="utf-8").splitlines()
    found = [line.split(",")[0] for line in checks if ",discrepant," in line]
    rulings = [f"{check},discrepant,misprint,nothing,because,a person" for check in found]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(rulings) + "\n", encoding="utf-8")
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (folder / "results/audit/verified.txt").exists()


def test_a_data_cut_that_looks_like_a_number_and_an_empty_table(tmp_path):
    rows = small_tables()
    rows["survival_rates"] = []
    for row in rows["medians"]:
        row["data_cut"] = "2012" if row["arm_id"] == "new" else ""
    folder = write_project(tmp_path, rows)
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        old = 'arm: new, population: all, endpoint: PFS, data_cut: ""'
        path.write_text(text.replace(old, old.replace('""', '"2012"')), encoding="utf-8")
    run = snakemake(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ",PFS,2012,rebuilt," in (folder / "results/reconstruction/accuracy.csv").read_text(encoding="utf-8")
    assert "2012.0" not in (folder / "results/report/index.html").read_text(encoding="utf-8")


# One step of every stage, in the order in which they run.
STAGES = (
    "clean",
    "audit",
    "reconstruct/alpha",
    "compare/alpha",
    "comparisons",
    "draw_study/alpha",
    "analysis_results",
    "report",
)


def kill_in(folder: Path, stage: str) -> None:
    """Run until a step has begun to work, and kill everything at once."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    process = subprocess.Popen(
        [*command, "--workflow-profile", "none", "-c2", "--rerun-incomplete", "--nolock"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    log = folder / "logs" / f"{stage}.log"
    try:
        while not log.exists() and process.poll() is None:
            time.sleep(0.02)
        assert process.poll() is None, f"the run ended before {stage} began"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_run_killed_in_every_stage_is_finished_with_the_same_bytes(built, tmp_path):
    other = write_project(tmp_path / "killed")
    for stage in STAGES:
        kill_in(other, stage)
    snakemake(other, "--unlock")
    run = snakemake(other, "-c2", "--rerun-incomplete")
    assert run.returncode == 0, run.stdout + run.stderr
    assert checksums(other) == checksums(built)
