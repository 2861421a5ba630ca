"""`resurvey reconstruct`: curves and arms by name, numbers a curve, what is refused; and the same in a project."""

import re

import numpy as np
import pandas as pd
import pytest

from resurvey import cli
from resurvey.commands.reconstruct import read_summary
from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct.curve_evidence import curves_of, faults_of_curves
from resurvey.reconstruct.files import ArmFiles, read_arms, refuse_exchanged
from resurvey.survival import kaplan_meier

TWO = "time_A,surv_A,time_B,surv_B\n0,1,0,1\n2,0.9,3,0.5\n5,0.7,6,0.3\n9,0.5,8,0.2\n"
RISK = "Arm,time,at_risk\nA,0,60\nA,6,40\nB,0,50\nB,6,20\n"


@pytest.fixture
def run(tmp_path, capsys):
    def reconstruct(*words, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text)
        places = [str(tmp_path / word) if word.endswith(".csv") else word for word in words]
        code = cli.main(["reconstruct", *places, "--output", str(tmp_path / "patients.csv")])
        said = capsys.readouterr()
        table = pd.read_csv(tmp_path / "patients.csv") if code == 0 else pd.DataFrame()
        return code, said.out + said.err, table

    return reconstruct


def survival(patients, time):
    return float(kaplan_meier(patients["time"], patients["event"]).at(np.array([time]))[0])


def test_the_counter_of_guyot_is_not_the_time(run):
    text = "k,TK,SK\n1,0,1\n2,1.5,.95\n3,3.2,.83\n4,5.75,.61\n5,9.1,.4\n"
    code, _, patients = run("curve.csv", "--n", "60", curve=text)
    assert code == 0 and len(patients) == 60
    # whole patients are off by up to one of 60
    assert survival(patients, 3.2) == pytest.approx(0.83, abs=0.017)
    assert survival(patients, 9.1) == pytest.approx(0.40, abs=0.017)


def test_all_curves_of_a_file_are_rebuilt_and_told_by_name(run):
    code, said, patients = run("two.csv", "--n", "A=60", "--n", "B=50", two=TWO)
    assert code == 0 and "two.csv holds 2 curves, and all are rebuilt: A (n = 60), B (n = 50)" in said
    assert "curve A:" in said and "curve B:" in said
    assert patients.groupby("arm").size().to_dict() == {"A": 60, "B": 50}
    second = patients[patients["arm"] == "B"]
    assert survival(second, 3.0) == pytest.approx(0.5, abs=0.03)


def test_a_curve_is_chosen_by_name_with_its_own_numbers_at_risk(run):
    words = ("two.csv", "--curve", "b", "--at-risk", "risk.csv")
    code, said, patients = run(*words, two=TWO, risk=RISK)
    assert code == 0 and list(patients) == ["replicate", "time", "event"] and len(patients) == 50
    assert "n was not given: 50 is the number at risk at time 0" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("two.csv", "--curve", "C", "--n", "60"), "two.csv has no curve 'C'; its curves are A, B"),
        (("two.csv",), "--n is missing: give the number of patients of the arm (for the curve 'A': --n 'A=N')"),
        (("two.csv", "--n", "9", "--picture", "fit.bmp"), "name a file that ends in .svg, .png, .pdf"),
        (("two.csv", "--n", "C=60"), "--n C=60: there is no curve 'C'; the curves are A, B"),
        (("two.csv", "--n", "many"), "--n is 'many', expected a whole number"),
        (
            ("two.csv", "--n", "60", "--at-risk", "one.csv"),
            "unclear which numbers at risk belong to the curve 'A'",
        ),
        (("two.csv", "--n", "60", "--sheet", "1"), "it is not a workbook, so it has no sheet '1'"),
        (("two.csv", "--curve", "A", "--at-risk-arm", "B", "--n", "6"), "give both"),
        (("plain.csv", "--n", "60", "--at-risk", "risk.csv"), "its arms are A, B"),
        (
            ("plain.csv", "--n", "60", "--at-risk", "bad.csv"),
            "the number at risk '4O' is not a whole number of patients",
        ),
        (("plain.csv", "--n", "60", "--at-risk", "none.csv"), "no row of the numbers at risk has a time and a count"),
        (("plain.csv", "--n", "60", "--at-risk", "years.csv"), "has its times in months, years.csv in years"),
        (("plain.csv", "--n", "100000000"), "n must lie between 1 and 2000000, found 100000000"),
    ],
)
def test_what_is_not_plain_is_refused(run, words, message):
    code, said, _ = run(
        *words,
        two=TWO,
        risk=RISK,
        one="0,60\n6,40\n",
        plain="time (months),survival\n0,1\n2,0.9\n9,0.5\n",
        bad="time,at_risk\n0,60\n6,4O\n",
        none="time,at_risk\n0,NA\n6,-\n",
        years="time (years),at_risk\n0,60\n1,40\n",
    )
    assert code == 2 and message in said


def test_one_arm_of_several_by_the_name_that_the_table_has(run):
    plain = "time,survival\n0,1\n3,0.5\n6,0.3\n8,0.2\n"
    code, _, patients = run("plain.csv", "--at-risk", "risk.csv", "--at-risk-arm", "B", plain=plain, risk=RISK)
    assert code == 0 and len(patients) == 50
    code, _, patients = run("plain.csv", "--at-risk", "risk.csv", "--curve", "A", plain=plain, risk=RISK)
    assert code == 0 and len(patients) == 60


def test_exchanged_numbers_at_risk_are_refused_by_name(run):
    exchanged = RISK.replace("A,", "C,").replace("B,", "A,").replace("C,", "B,")
    code, said, _ = run("two.csv", "--n", "A=60", "--n", "B=50", "--at-risk", "risk.csv", two=TWO, risk=exchanged)
    assert code == 2 and "the numbers at risk of A and B look exchanged" in said


@pytest.mark.parametrize("seed", range(30))
def test_honest_numbers_at_risk_are_never_called_exchanged(seed, tmp_path):
    rng = np.random.default_rng(seed)
    lines, curves, sizes = ["arm,time,at_risk"], ["arm,time,survival"], {}
    for name in "AB":
        n = sizes[name] = int(rng.integers(20, 300))
        death, loss = rng.exponential(rng.uniform(6, 30), n), rng.uniform(3, 30, n)
        time, event = np.minimum(death, loss), death <= loss
        grid = np.linspace(0, time.max(), 60)
        level = kaplan_meier(time, event).at(grid) + rng.normal(0, 0.005, 60)
        curves += [f"{name},{t:.3f},{s:.4f}" for t, s in zip(grid, level, strict=True)]
        lines += [f"{name},{t:g},{int((time >= t).sum())}" for t in range(0, 24, 4)]
    (tmp_path / "c.csv").write_text("\n".join(curves))
    (tmp_path / "r.csv").write_text("\n".join(lines))
    arms = read_arms(ArmFiles(tmp_path / "c.csv", tmp_path / "r.csv"))
    refuse_exchanged([(arm, sizes[arm.name], arm.name) for arm in arms])


def test_rows_of_a_folder_name_the_curves_of_a_file(tmp_path):
    (tmp_path / "two.csv").write_text(TWO)
    (tmp_path / "risk.csv").write_text(RISK)
    (tmp_path / "arms.csv").write_text("file,n,at_risk,curve\ntwo.csv,60,risk.csv,A\ntwo.csv,50,risk.csv,B\n")
    assert cli.main(["reconstruct", str(tmp_path), "--output", str(tmp_path / "made")]) == 0
    made = pd.read_csv(tmp_path / "made" / "accuracy.csv")
    assert made["status"].tolist() == ["rebuilt", "rebuilt"] and made["n"].tolist() == [60, 50]
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"accuracy.csv", "two-a.csv", "two-b.csv"}
    (tmp_path / "arms.csv").write_text("file,n\ntwo.csv,60\n")
    assert cli.main(["reconstruct", str(tmp_path), "--output", str(tmp_path / "made")]) == 0
    refused = pd.read_csv(tmp_path / "made" / "accuracy.csv").iloc[0]
    assert refused["status"] == "refused" and "name one in a column curve of arms.csv" in refused["reason"]


def rows(**more):
    base = {"study_id": "one", "endpoint": "OS", "data_cut": "", "time_unit": "months", "survival_unit": "proportion",
            "file": "two.csv", "at_risk_file": "risk.csv", "at_risk_arm": "", "n": "60", "axis_max": ""}  # fmt: skip
    made = [base | {"claim_id": "c-1", "curve": "A"} | more, base | {"claim_id": "c-2", "curve": "B", "n": "50"}]
    return pd.DataFrame(made, index=pd.Index([2, 3], name="row"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "two.csv").write_text(TWO)
    (tmp_path / "risk.csv").write_text(RISK)
    return tmp_path


def test_a_project_names_the_curve_of_each_row(folder):
    found = curves_of(rows(), "one", folder)
    assert found["c-2"].times.tolist() == [0, 3, 6, 8] and found["c-2"].at_risk.tolist() == [50, 20]
    assert faults_of_curves(rows(), folder) == []


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"curve": ""}, ("curve", 2), "two.csv holds 2 curves"),
        ({"curve": "C"}, ("curve", 2), "has no curve 'C'"),
        ({"file": "absent.csv"}, ("file", 2), "there is no such file"),
        ({"survival_unit": "%"}, ("survival_unit", 2), "its unit is proportion, not %"),
        ({"at_risk_arm": "C"}, ("at_risk_file", 2), "unclear which numbers at risk"),
        ({"time_unit": "years", "file": "months.csv", "curve": ""}, ("time_unit", 2), "months.csv says months"),
    ],
)
def test_a_row_that_does_not_fit_its_file_is_a_fault_of_its_cell(folder, change, place, words):
    (folder / "months.csv").write_text("time (months),survival\n0,1\n2,0.9\n9,0.5\n")
    (fault,) = faults_of_curves(rows(**change, **({"at_risk_file": ""} if "time_unit" in change else {})), folder)
    assert (fault.column, fault.row) == place and words in fault.rule
    with pytest.raises(InputError, match=r"curves/curves\.csv, row 2"):
        curves_of(rows(**change), "one", folder)


def test_arms_exchanged_in_a_project_are_a_fault(folder):
    table = rows()
    table["at_risk_arm"] = ["B", "A"]
    (fault,) = faults_of_curves(table, folder)
    assert fault.column == "at_risk_file" and "c-1 and c-2 look exchanged" in fault.rule


def test_the_error_says_how_far_the_numbers_lie_above_the_curve(folder):
    arms = read_arms(ArmFiles(folder / "two.csv", folder / "risk.csv"))
    with pytest.raises(InconsistentReport, match="look exchanged"):
        refuse_exchanged([(type(arms[0])(a.curve, b.at_risk), n, a.name)
                          for a, b, n in ((arms[0], arms[1], 60), (arms[1], arms[0], 50))])  # fmt: skip


def test_a_point_beyond_the_axis_is_a_fault(folder):
    table = rows()
    table["axis_max"] = ["8", "8"]
    (fault,) = faults_of_curves(table, folder)
    assert fault.column == "axis_max" and "1 points of two.csv lie beyond the end of the axis: (9, 0.5)" in fault.rule


@pytest.mark.parametrize("extra", ["99,0\n", "99;0\n", "99\n"])
def test_a_last_point_that_is_none_is_told_or_refused(run, extra):
    honest = "time,survival\n" + "".join(f"{t},{0.95**t:.3f}\n" for t in range(12))
    code, said, patients = run("curve.csv", "--n", "60", curve=honest + extra)
    if extra == "99,0\n":
        assert code == 0 and "the last point (99, 0) lies further from the one before" in said
        assert patients["time"].max() < 12
    else:
        assert code == 2 and "curve.csv: line 14: 1 cells" in said


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("0,60\n3,40\n6,48\n", "numbers at risk rise with time, which is impossible: 40 at time 3"),
        ("0,50\n3,40\n6,30\n", "numbers at risk: 50 at time 0 but n is 60; n was kept"),
        ("0,60\n3,58\n6,57\n", "numbers at risk and curve cannot both hold with n = 60: 58 at time 3"),
        ("0,60\n3,NA\n6,30\n", "1 rows of the numbers at risk are not legible and were left out"),
        ("0,60\n6,30\n3,45\n", "the numbers at risk were put in the order of time"),
    ],
)
def test_numbers_at_risk_that_cannot_be_are_told_with_their_row(run, table, told):
    curve = "time,survival\n" + "".join(f"{t},{0.9**t:.3f}\n" for t in range(10))
    code, said, _ = run("curve.csv", "--n", "60", "--at-risk", "risk.csv", curve=curve, risk=f"time,at_risk\n{table}")
    assert code == 0 and told in said


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("n: 200\n", "line 2: the key 'n' appears twice"),
        ("events: 010\n", "line 2: 010 begins with 0"),
        ("median: 11:8\n", "line 2: 11:8 has a colon"),
        ("landmarks: 3\n", "landmarks: 3 is not a list of pairs"),
        ("landmarks: [[12, 0.5, 3]]\n", "is not a list of pairs of time and survival"),
        ("landmarks: {12: 0.5}\n", "is not a list of pairs of time and survival"),
    ],
)
def test_a_summary_that_cannot_be_meant_is_refused(cells, told, tmp_path):
    (tmp_path / "arm.yaml").write_text("n: 100\n" + cells)
    with pytest.raises(InputError, match=re.escape(told)):
        read_summary(tmp_path / "arm.yaml")
