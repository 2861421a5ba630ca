"""Tests and pictures of proportional hazards."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import cox, kaplan_meier, log_cumulative_hazards, piecewise_ratios, proportionality

RNG = np.random.default_rng(11)
FIRST = np.repeat([1, 0], 50)
TIME = np.ceil(RNG.exponential(10, 100)) + 1
EVENT = (RNG.uniform(size=100) < 0.7).astype(int)
# hazards that cross: early deaths in the first arm, late ones in the second
CROSSING = np.concatenate((np.linspace(1, 4, 30), np.full(20, 30.0), np.linspace(5, 9, 50)))


def _log_likelihood(beta, gamma, time, event, first, g):
    """Breslow log partial likelihood with x g(t), written from its definition."""
    total = 0.0
    for at in np.unique(time[event == 1]):
        dead, risk = (time == at) & (event == 1), time >= at
        eta = (beta + gamma * g(at)) * first
        total += eta[dead].sum() - dead.sum() * np.log(np.exp(eta[risk]).sum())
    return total


@pytest.mark.parametrize(("scale", "g"), [("identity", lambda t: t), ("log", np.log)])
def test_score_from_the_definition(scale, g):
    test = proportionality(TIME, EVENT, FIRST, scale=scale, ties="breslow")
    beta = cox(TIME, EVENT, FIRST, ties="breslow").log_hr

    def at(shift):
        return _log_likelihood(beta + shift[0], shift[1], TIME, EVENT, FIRST, g)

    h = 1e-4
    score = (at((0, h)) - at((0, -h))) / (2 * h)
    second = np.array(
        [[(at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / (4 * h * h) for b in h * np.eye(2)] for a in h * np.eye(2)]
    )
    variance = np.linalg.inv(-second)[1, 1]
    assert test.chi_square == pytest.approx(score**2 * variance, rel=1e-3)
    assert test.slope == pytest.approx(score * variance, rel=1e-3)


def test_slope_is_near_the_maximum_likelihood():
    best = minimize(lambda p: -_log_likelihood(*p, TIME, EVENT, FIRST, np.log), [0, 0]).x[1]
    assert proportionality(TIME, EVENT, FIRST, scale="log", ties="breslow").slope == pytest.approx(best, rel=0.1)


@pytest.mark.parametrize("scale", ["km", "rank", "identity", "log"])
def test_crossing_hazards_are_found(scale):
    test = proportionality(CROSSING, CROSSING < 30, FIRST, scale=scale)
    assert test.p < 1e-4
    assert test.slope < 0  # more deaths of the first arm early, fewer later


def test_units_of_time_do_not_matter():
    for scale in ("km", "rank", "identity", "log"):
        one = proportionality(TIME, EVENT, FIRST, scale=scale)
        assert proportionality(TIME * 30, EVENT, FIRST, scale=scale).chi_square == pytest.approx(one.chi_square)


def test_proportionality_refuses():
    with pytest.raises(InputError, match="scale must be km, rank, identity or log"):
        proportionality(TIME, EVENT, FIRST, scale="sqrt")
    with pytest.raises(InputError, match="events after time 0"):
        proportionality([0, 1, 2, 3], [1, 1, 1, 1], [1, 0, 1, 0], scale="log")
    with pytest.raises(NotEstimable, match="hazard ratio is not finite"):
        proportionality([1, 2, 3, 4], [0, 1, 0, 1], [1, 0, 1, 0])
    with pytest.raises(NotEstimable, match="all events share one time"):
        proportionality([1, 1, 3, 4], [1, 1, 0, 0], [1, 0, 1, 0])


def test_log_cumulative_hazards_by_hand():
    table = log_cumulative_hazards([1, 2, 3, 4, 5], [1, 0, 1, 1, 0], [1, 1, 1, 0, 0])
    # first arm: S = 2/3 at 1, then 0 at 3 (left out); second arm: S = 1/2 at 4
    assert table["arm"].tolist() == ["first", "second"]
    assert table["time"].tolist() == [1, 4]
    assert table["log_cumulative_hazard"].tolist() == pytest.approx([math.log(-math.log(2 / 3)), math.log(math.log(2))])
    curve = kaplan_meier([4, 5], [1, 0])
    half = 1.959964 * math.sqrt(curve.greenwood[0]) / math.log(2)
    assert table["upper"].iloc[1] == pytest.approx(math.log(math.log(2)) + half, rel=1e-6)
    with pytest.raises(NotEstimable, match="neither arm has an event"):
        log_cumulative_hazards([1, 2], [0, 0], [1, 0])


def test_pieces_by_truncation():
    # up to 8: censor everybody at 8; after 8: only those still at risk, entering late, which the ratio of the piece
    # sees as risk sets without the early deaths
    table = piecewise_ratios(TIME, EVENT, FIRST, [8])
    early = cox(np.minimum(TIME, 8), EVENT * (TIME <= 8), FIRST)
    late = TIME > 8
    after = cox(TIME[late], EVENT[late], FIRST[late])
    assert table["hr"].tolist() == pytest.approx([early.hr, after.hr], rel=1e-9)
    assert table["p"].tolist() == pytest.approx([early.p, after.p], rel=1e-9)
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 8], [8, math.inf]]
    assert table[["events_first", "events_second"]].to_numpy().sum() == EVENT.sum()


def test_piece_without_events_says_so():
    table = piecewise_ratios(CROSSING, CROSSING < 30, FIRST, [4.5])
    assert table["note"].str.contains("no finite ratio").tolist() == [True, True]
    assert table["hr"].isna().all()


@pytest.mark.parametrize("cuts", [[], [0], [5, 3], [math.inf], [2, 2]])
def test_cuts_are_refused(cuts):
    with pytest.raises(InputError, match="cuts must be finite times that rise from above 0"):
        piecewise_ratios(TIME, EVENT, FIRST, cuts)
