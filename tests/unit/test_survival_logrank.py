"""The log-rank family and its maximum."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import logrank, maxcombo
from resurvey.survival.logrank import max_abs_normal_p

# first arm dies at 1 and 3, second at 2 and is censored at 4
TIME, EVENT, FIRST = [1, 3, 2, 4], [1, 1, 1, 0], [1, 1, 0, 0]

rows = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1), st.integers(0, 1)), min_size=4, max_size=30)


def test_by_hand():
    # E1 = 2/4 + 1/3 + 1/2 = 4/3; V = 1/4 + 2/9 + 1/4 = 13/18
    test = logrank(TIME, EVENT, FIRST)
    assert test.observed == (2, 1)
    assert test.expected == pytest.approx((4 / 3, 5 / 3))
    assert test.variance == pytest.approx(13 / 18)
    assert test.chi_square == pytest.approx((2 / 3) ** 2 / (13 / 18))


def test_tied_deaths_by_hand():
    # four at risk, two in each arm, two die at once, both of the first arm: V = 2 (1/2)(1/2)(4 - 2)/(4 - 1) = 1/3
    test = logrank([1, 1, 2, 2], [1, 1, 0, 0], [1, 1, 0, 0])
    assert test.variance == pytest.approx(1 / 3)
    assert test.z == pytest.approx(1 / np.sqrt(1 / 3))


@pytest.mark.parametrize(
    ("weight", "weights"),
    [
        ("gehan", (4, 3, 2)),
        ("tarone-ware", (2, 3**0.5, 2**0.5)),
        ("peto-peto", (4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 * 2 / 3)),
        ((1.0, 0.0), (1, 3 / 4, 1 / 2)),
        ((0.0, 1.0), (0, 1 / 4, 1 / 2)),
        ((0.5, 2.0), (0, (3 / 4) ** 0.5 / 16, (1 / 2) ** 0.5 / 4)),
    ],
)
def test_weights_by_hand(weight, weights):
    w = np.array(weights)
    excess, variance = np.array([1 / 2, -1 / 3, 1 / 2]), np.array([1 / 4, 2 / 9, 1 / 4])
    test = logrank(TIME, EVENT, FIRST, weight=weight)
    assert test.z == pytest.approx((w * excess).sum() / np.sqrt((w**2 * variance).sum()))


@settings(max_examples=40, deadline=None)
@given(rows, st.sampled_from(["logrank", "gehan", "peto-peto", (0.0, 1.0), (1.0, 1.0)]))
def test_swapping_the_arms_turns_the_sign(data, weight):
    time, event, first = (np.array(column) for column in zip(*data, strict=True))
    assume(0 < first.sum() < len(first))
    try:
        test = logrank(time, event, first, weight=weight)
    except NotEstimable:
        return
    swapped = logrank(time, event, 1 - first, weight=weight)
    assert swapped.z == pytest.approx(-test.z, abs=1e-9)
    assert sum(test.observed) == pytest.approx(sum(test.expected))


@pytest.mark.parametrize("weight", ["logrank", "gehan", "tarone-ware", "peto-peto", (1.0, 0.0), (0.5, 1.0)])
def test_two_equal_strata_double_chi_square(weight):
    one = logrank(TIME, EVENT, FIRST, weight=weight)
    two = logrank(TIME * 2, EVENT * 2, FIRST * 2, weight=weight, strata=list("aaaabbbb"))
    assert two.chi_square == pytest.approx(2 * one.chi_square)


def test_stratified_as_in_statsmodels():
    from statsmodels.duration.survfunc import survdiff

    rng = np.random.default_rng(1)
    time, event = rng.exponential(5, 200).round(), rng.integers(0, 2, 200)
    first, strata = rng.integers(0, 2, 200), rng.integers(0, 3, 200)
    ours = logrank(time, event, first, strata=strata)
    theirs = survdiff(time, event, first, strata=strata)
    assert (ours.chi_square, ours.p) == pytest.approx(theirs, rel=1e-10)


def test_refusals():
    with pytest.raises(InputError, match="first arm has no patients"):
        logrank([1, 2], [1, 1], [0, 0])
    with pytest.raises(InputError, match="second arm has no patients"):
        logrank([1, 2], [1, 1], [1, 1])
    with pytest.raises(InputError, match="first must be 1"):
        logrank([1, 2], [1, 1], [1, 2])
    with pytest.raises(InputError, match="each of the 2 patients"):
        logrank([1, 2], [1, 1], [1])
    with pytest.raises(InputError, match="weight must be one of logrank, gehan"):
        logrank(TIME, EVENT, FIRST, weight="wilcoxon")
    with pytest.raises(InputError, match="rho, gamma"):
        logrank(TIME, EVENT, FIRST, weight=(-1.0, 0.0))
    with pytest.raises(InputError, match="one label a patient"):
        logrank(TIME, EVENT, FIRST, strata=["a"])
    with pytest.raises(InputError, match="1 missing labels"):
        logrank(TIME, EVENT, FIRST, strata=["a", "b", None, "a"])
    with pytest.raises(NotEstimable, match="no event happens while both arms are at risk"):
        logrank([1, 2, 3, 4], [0, 0, 1, 1], [1, 1, 0, 0])
    with pytest.raises(NotEstimable, match="no event happens while both arms are at risk"):
        maxcombo([1, 2, 3, 4], [0, 0, 1, 1], [1, 1, 0, 0])
    with pytest.raises(InputError, match="at least one weight"):
        maxcombo(TIME, EVENT, FIRST, weights=())


def test_maxcombo_of_one_weight_is_the_log_rank_test():
    rng = np.random.default_rng(2)
    data = rng.exponential(5, 60), rng.integers(0, 2, 60), np.repeat([1, 0], 30)
    both = maxcombo(*data, weights=[(0.0, 0.0)]), logrank(*data)
    assert both[0].z == pytest.approx(both[1].z)
    assert both[0].p == pytest.approx(both[1].p, rel=1e-9)


@pytest.mark.parametrize("bound", [1.0, 2.0, 3.0])
def test_probability_of_the_maximum(bound):
    correlation = np.array([[1, 0.85, 0.85, 0.93], [0.85, 1, 0.5, 0.78], [0.85, 0.5, 1, 0.78], [0.93, 0.78, 0.78, 1]])
    normal = multivariate_normal(cov=correlation, maxpts=400_000, abseps=1e-9, releps=1e-9, seed=1)
    inside = normal.cdf([bound] * 4, lower_limit=[-bound] * 4)
    p = max_abs_normal_p(np.array([bound]), correlation[None], points=16384)
    assert p[0] == pytest.approx(1 - inside, rel=4e-3)


def test_equal_components_add_nothing():
    p = max_abs_normal_p(np.array([1.959964]), np.ones((1, 3, 3)))
    assert p[0] == pytest.approx(0.05, rel=1e-4)


def test_independent_components_by_formula():
    p = max_abs_normal_p(np.array([2.0]), np.eye(3)[None], points=16384)
    assert p[0] == pytest.approx(1 - 0.954499736**3, rel=4e-3)


def test_smallest_p_stays_between_its_bounds():
    # at least one component's tail (2 * 7.62e-24), at most four times that
    p = max_abs_normal_p(np.array([10.0]), (0.5 + 0.5 * np.eye(4))[None])
    assert 1.523e-23 < p[0] < 4 * 1.524e-23


def test_the_p_of_a_maximum_does_not_depend_on_the_others_of_its_stack():
    rng = np.random.default_rng(4)
    roots = rng.normal(size=(40, 4, 5))
    covariance = roots @ roots.transpose(0, 2, 1)
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation, bounds = covariance / (sd[:, :, None] * sd[:, None, :]), rng.uniform(0.5, 4, 40)
    together = max_abs_normal_p(bounds, correlation)
    alone = [max_abs_normal_p(bounds[i : i + 1], correlation[i : i + 1])[0] for i in range(40)]
    np.testing.assert_array_equal(together, alone)
    assert max_abs_normal_p(np.empty(0), np.empty((0, 4, 4))).shape == (0,)
