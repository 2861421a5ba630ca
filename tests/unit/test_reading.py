"""Curves read from figures in the chain: rows that name a figure, and the reading's error in the ensemble."""

import json

import numpy as np
import pandas as pd
import pytest

from resurvey.errors import InputError
from resurvey.pictures import figures_of, is_figure, read_figure
from resurvey.reconstruct import from_curve
from resurvey.reconstruct.curve_evidence import curves_of, faults_of_curves
from resurvey.reconstruct.reading import from_read_curve


def figure(folder, *, verdict="sure", reason="every check passed", unit="weeks"):
    """What the step digitise leaves of a figure with two curves."""
    home = folder / "fig1.png"
    home.mkdir(parents=True)
    (folder.parent / "fig1.png").touch()
    content = {"verdict": verdict, "reason": reason, "time_unit": unit}
    (home / "digitised.json").write_text(json.dumps(content))
    (home / "arms.csv").write_text("file,n,at_risk,name\na.csv,20,a-at-risk.csv,New drug\nb.csv,,,Old drug\n")
    (home / "a.csv").write_text("time,survival,uncertainty\n0,1,0.002\n4,0.8,0.002\n8,0.5,0.002\n12,0.5,0.002\n")
    (home / "a-at-risk.csv").write_text("time,at_risk\n0,20\n8,9\n")
    (home / "b.csv").write_text("time,survival,uncertainty\n0,1,0.004\n5,0.4,0.004\n12,0.4,0.004\n")
    return folder


COLUMNS = ["claim_id", "study_id", "arm_id", "population", "endpoint", "data_cut", "file", "n", "events", "time_unit"]
COLUMNS += ["survival_unit", "axis_max", "at_risk_file", "curve", "at_risk_arm"]


def row(**cells):
    base = dict.fromkeys(COLUMNS, "")
    told = {"claim_id": "c1", "study_id": "alpha", "file": "fig1.png", "n": "20", "time_unit": "weeks"}
    return pd.DataFrame([{**base, **told, "survival_unit": "proportion", **cells}], index=[2])


def test_figures_of_a_table_by_study(tmp_path):
    table = tmp_path / "curves.csv"
    table.write_text("study_id,file\nalpha,fig1.png\nalpha,fig1.png\nbeta,points.csv\nbeta,Fig2.PDF\n")
    assert figures_of(table) == {"alpha": ["fig1.png"], "beta": ["Fig2.PDF"]}
    assert figures_of(tmp_path / "none.csv") == {} and not is_figure("points.csv")


def test_a_row_takes_its_curve_its_numbers_at_risk_and_a_note(tmp_path):
    made = figure(tmp_path / "read", verdict="check", reason="2 curves, but 3 rows at risk")
    curve = curves_of(row(curve="New drug"), "alpha", tmp_path, made)["c1"]
    assert curve.times == pytest.approx(np.array([0, 4, 8, 12]) * 7 / 30.4375)
    assert curve.at_risk.tolist() == [20, 9] and curve.spread == pytest.approx(0.002)
    assert curve.notes[0].startswith("read from the figure fig1.png by resurvey digitise, verdict check (2 curves")
    assert "within 0.0020" in curve.notes[0]


def test_a_curve_by_its_number(tmp_path):
    assert read_figure(figure(tmp_path), "fig1.png", "2").spread == pytest.approx(0.004)


@pytest.mark.parametrize(
    ("told", "cells", "words"),
    [
        ({"verdict": "refused", "reason": "no axes"}, {"curve": "1"}, "not digitised: no axes.*review.html"),
        ({}, {"curve": "Placebo"}, "no curve 'Placebo'.*'New drug'"),
        ({}, {}, "no curve ''"),
        ({"unit": "months"}, {"curve": "1"}, "axis of fig1.png is in months"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, told, cells, words):
    made = figure(tmp_path / "read", **told)
    with pytest.raises(InputError, match=words):
        curves_of(row(**cells), "alpha", tmp_path, made)


def test_the_gate_asks_for_the_figure_alone(tmp_path):
    (fault,) = faults_of_curves(row(curve="1"), tmp_path)
    assert fault.column == "file" and "no such file" in fault.rule
    (tmp_path / "fig1.png").write_bytes(b"")
    assert faults_of_curves(row(curve="1"), tmp_path) == []


TIMES = np.array([0.0, 2, 4, 6, 8, 10, 12])
LEVELS = np.array([1.0, 0.9, 0.75, 0.6, 0.5, 0.4, 0.4])


def rebuilt(spread, seed=3):
    return from_read_curve(TIMES, LEVELS, spread=spread, n=40, replicates=60, rng=np.random.default_rng(seed))


def test_without_a_spread_nothing_changes():
    plain = from_curve(TIMES, LEVELS, n=40, replicates=60, rng=np.random.default_rng(3))
    pd.testing.assert_frame_equal(rebuilt(None).patients, plain.patients)


def test_the_reading_error_is_in_the_ensemble():
    def medians(made):
        return [float(made.kaplan_meier(k).at(np.array([6.0]))[0]) for k in range(made.n_replicates)]

    wide, narrow = rebuilt(0.03), rebuilt(0.001)
    assert wide.n_replicates == 60
    assert np.std(medians(wide)) > 1.5 * np.std(medians(narrow))
    assert np.mean(medians(wide)) == pytest.approx(0.6, abs=0.04)
    pd.testing.assert_frame_equal(wide.patients, rebuilt(0.03).patients)
