"""Points clicked just before each drop: seen and mended; honest clicks are left alone."""

import numpy as np
import pytest

from resurvey.reconstruct import curve_input, from_curve
from resurvey.reconstruct.before_drops import evidence
from resurvey.survival import kaplan_meier

# 40 patients, nobody censored; the median is 8, the first time at which half of them have died
TIMES = np.array([1.2, 2.3, 3.1, 4.4, 5.9, 7.1, 8.0, 9.2, 10.45, 12.0])
FOOT = np.array([37, 34, 32, 29, 26, 23, 19, 18, 15, 12]) / 40
TOP = np.concatenate(([1.0], FOOT[:-1]))
ROWS, COUNTS = [0, 3, 6, 9], [40, 34, 26, 19]


def rebuilt(survival, **more):
    return from_curve(TIMES, survival, n=40, **more)


def test_clicks_before_the_drops_are_seen_and_mended():
    made = rebuilt(TOP, at_risk_times=ROWS, at_risk=COUNTS)
    assert "clicked just before each drop: 3 numbers at risk equal n S of the next point" in made.repairs[0]
    assert made.kaplan_meier().quantile() == pytest.approx(8.0, abs=0.1)
    assert rebuilt(TOP).kaplan_meier().quantile() > 9  # what they would say without the numbers at risk


def test_clicks_at_the_foot_are_left_alone():
    made = rebuilt(FOOT, at_risk_times=ROWS, at_risk=COUNTS)
    assert not any("clicked" in repair for repair in made.repairs)
    assert made.kaplan_meier().quantile() == pytest.approx(8.0, abs=0.1)


def test_per_cent_and_two_digits_are_seen_as_well():
    made = rebuilt(np.round(100 * TOP, 0), at_risk_times=ROWS, at_risk=COUNTS)
    assert any("clicked just before each drop" in repair for repair in made.repairs)


def test_one_row_is_too_few_and_is_told():
    made = rebuilt(TOP, at_risk_times=[0, 6], at_risk=[40, 26])
    assert any("may have been clicked just before each drop" in repair for repair in made.repairs)
    assert made.kaplan_meier().quantile() > 9


def honest(rng, manner):
    """Evidence on an arm whose points stand at the foot of each drop, at both ends of it, or on a grid."""
    n = int(rng.choice([20, 40, 80, 200, 500]))
    death, loss = 12 * rng.weibull(rng.uniform(0.7, 1.5), n), rng.uniform(rng.choice([0, 6, 14]), 30, n)
    time, event = np.minimum(death, loss), death <= loss
    curve, drops = kaplan_meier(time, event), np.unique(time[event])
    at = {"foot": drops, "grid": np.linspace(0, time.max(), 80), "both": drops}[manner]
    points, survival = at, curve.at(at)
    if manner == "both":
        points = np.concatenate((np.nextafter(at, 0), at))
        survival = np.concatenate((curve.at(np.nextafter(at, 0)), survival))
    survival = np.round(survival + rng.normal(0, rng.choice([0, 0.003]), survival.size), int(rng.integers(2, 5)))
    rows = np.linspace(0, 0.95 * time.max(), int(rng.integers(4, 9)))
    table = curve_input.read_table(n, rows, (time[:, None] >= rows).sum(axis=0), [], [])
    return evidence(curve_input.read_points(points, survival), table)


@pytest.mark.parametrize("manner", ["foot", "grid", "both"])
def test_honest_clicks_raise_no_alarm(manner):
    rng = np.random.default_rng(20261130)
    alarms = sum(honest(rng, manner).decided for _ in range(300))
    assert alarms == 0
