"""A figure named in the table of curves: read by a step of its own, rebuilt, and read again when it is corrected."""

import json

import pandas as pd
import pytest

from resurvey.digitise.corrections import FORMAT
from tests.made_figures import arm, draw
from tests.project import claim, small_tables, write_project
from tests.workflow.test_pipeline import planned, snakemake

PATIENTS = "data/processed/patients/alpha.parquet"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    for needed in ("cv2", "pdfplumber", "pypdfium2"):
        pytest.importorskip(needed, reason="the extra resurvey[digitise] is not installed")
    rows = small_tables()
    shared = {"endpoint": "PFS", "time_unit": "months", "survival_unit": "proportion", "file": "figure1.pdf"}
    rows["curves"] = [
        claim("curve-001", arm_id="new", n="100", curve="New", **shared),
        claim("curve-002", arm_id="old", n="98", curve="Old", **shared),
    ]
    rows["curves"][1]["at_risk_file"] = "old-at-risk.csv"
    arms = [arm("New", 5, median=11.8, n=100), arm("Old", 6, median=6.9, n=98)]
    pfs = {"endpoint": "PFS", "time_unit": "months", "arm_id": "new"}
    right, wrong = arms[0].at_risk([6.0])[0], arms[0].at_risk([12.0])[0] + 9
    rows["risk_tables"] = [
        claim("risk-001", time="6", n_at_risk=str(right), **pfs),
        claim("risk-002", time="12", n_at_risk=str(wrong), **pfs),
    ]
    folder = write_project(tmp_path_factory.mktemp("chain"), rows)
    counts = "".join(f"{t},{n}\n" for t, n in zip([0, 12, 24], arms[1].at_risk([0, 12, 24]), strict=True))
    (folder / "data/raw/curves/old-at-risk.csv").write_text(f"time,at_risk\n{counts}")
    draw(folder / "data" / "raw" / "curves" / "figure1.pdf", arms)
    run = snakemake(folder, "-c1", PATIENTS)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_figure_is_read_and_the_arm_says_so(project):
    patients = pd.read_parquet(project / PATIENTS)
    assert {"curve"} == set(patients.loc[patients["endpoint"] == "PFS", "evidence"].astype(str))
    accuracy = (project / "results/reconstruction/alpha/accuracy.csv").read_text()
    assert "read from the figure figure1.pdf by resurvey digitise" in accuracy
    assert (project / "data/processed/figures/figure1.pdf/review.html").is_file()


def test_the_reading_is_set_beside_what_the_tables_print(project):
    read = json.loads((project / "data/processed/figures/figure1.pdf/digitised.json").read_text())
    said = next(check for check in read["checks"] if check["check"] == "printed")
    assert said["outcome"] == "doubtful" and read["verdict"] == "check"
    assert "at risk of New at 12: printed" in said["words"] and "in the figure" in said["words"]
    assert "at risk of New at 6:" not in said["words"] and "at risk of Old" not in said["words"]
    accuracy = (project / "results/reconstruction/alpha/accuracy.csv").read_text()
    assert "at risk of New at 12: printed" in accuracy


def test_a_corrected_table_is_set_beside_the_figure_again(project):
    table = project / "data/raw/survival_rates.csv"
    before = table.read_text()
    assert "digitise" not in planned(project)
    table.write_text(before.replace("72.0", "71.0"))
    assert "digitise" in planned(project)
    table.write_text(before)


def test_corrections_beside_the_figure_read_it_again(project):
    assert "digitise" not in planned(project)
    beside = project / "data" / "raw" / "curves" / "figure1.pdf.corrections.json"
    beside.write_text(json.dumps({"format": FORMAT, "reviewed": True}))
    assert {"digitise", "reconstruct"} <= planned(project)
