"""Absurd sizes and masks: the right answer or an InputError, in bounded memory; never a wrong number."""

import dataclasses
import importlib.util
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import TrialEffects, bucher, maic, multivariate_network, network, pool
from resurvey.compare.pool import METHODS
from resurvey.compare.rubin import rubin, rubin_limits
from resurvey.design import DesignClaim
from resurvey.errors import InputError, NotEstimable, ResurveyError
from resurvey.reconstruct import from_curve
from resurvey.survival import kaplan_meier

ROOT = Path(__file__).resolve().parents[2]
EXTREMES = [1e-320, 1e-200, 1e-100, 1e-12, 1e12, 1e100, 1e200, 1e300]


def right_or_refused(call):
    """The result, all of it finite; None where it was refused."""
    try:
        return call()
    except ResurveyError:
        return None


@pytest.mark.parametrize("se", EXTREMES)
def test_a_pool_with_one_absurd_error_is_refused(se):
    with pytest.raises(InputError, match=r"study '3'"):
        pool([(-0.3, 0.1), (-0.2, 0.2), (0.1, se)])


@pytest.mark.parametrize("method", METHODS)
def test_errors_far_apart_that_are_accepted_give_the_right_mean(method):
    made = pool([(0.5, 1e-3), (-0.2, 2.0), (0.1, 3.0)], method=method)
    weights = np.array([1e6, 0.25, 1 / 9])
    assert made.common.estimate == pytest.approx(weights @ [0.5, -0.2, 0.1] / weights.sum(), rel=1e-12)
    assert np.isfinite([made.random.estimate, made.random.se, made.tau2, made.tau2_se]).all()


@pytest.mark.parametrize("size", EXTREMES)
@pytest.mark.parametrize("sign", [1, -1])
def test_no_size_of_an_estimate_is_a_crash(size, sign):
    value = sign * size
    for call in (
        lambda: bucher((value, 0.1), (0.2, 0.1)),
        lambda: bucher((0.1, size), (0.2, 0.1)),
        lambda: pool([(value, 0.1), (0.2, 0.1)]),
        lambda: rubin([value, 0.1, 0.2], [0.1, 0.1, 0.1]),
        lambda: rubin([0.3, 0.1, 0.2], [size, 0.1, 0.1]),
        lambda: rubin_limits([value, 0.1], [value - 1, 0], [value + 1, 1]),
        lambda: rubin_limits([0.1, 0.1], [-size, 0], [size, 1]),
    ):
        made = right_or_refused(call)
        estimate = getattr(made, "random", made)
        assert made is None or np.isfinite([estimate.estimate, estimate.se, estimate.lower, estimate.upper]).all()


def test_a_ratio_beyond_all_floats_is_infinite_and_no_crash():
    made = bucher((2000.0, 1.0), (0.0, 1.0))
    assert made.ratio == np.inf
    assert bucher((-2000.0, 1.0), (0.0, 1.0)).ratio == 0.0


@pytest.mark.parametrize(("column", "value"), [("estimate", 1e200), ("se", 1e200), ("se", 1e-12), ("estimate", 1e13)])
def test_a_network_with_an_absurd_number_is_refused(column, value):
    rows = [("one", "a", "b", 0.1, 0.2), ("two", "b", "c", -0.1, 0.2), ("three", "a", "c", 0.0, 0.3)]
    table = pd.DataFrame(rows, columns=["study", "treatment", "comparator", "estimate", "se"])
    table.loc[1, column] = value
    with pytest.raises(InputError, match=r"study 'two'"):
        network(table)


def test_a_mask_is_not_ignored():
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
    plain = [1.0, 1.0, 0.0]
    for call in (
        lambda: kaplan_meier(masked, plain),
        lambda: kaplan_meier(plain, np.ma.masked_array([1, 1, 0], mask=[True, False, False])),
        lambda: rubin(masked, plain),
        lambda: rubin(plain, masked),
        lambda: rubin_limits(masked, plain, plain),
        lambda: from_curve(masked, [0.9, 0.8, 0.7], n=50),
        lambda: from_curve([1, 2, 3], masked / 4, n=50),
        lambda: pool(np.ma.masked_array([[0.1, 0.2], [0.2, 0.2]], mask=[[True, False], [False, False]])),
    ):
        with pytest.raises(InputError, match="masked"):
            call()


def test_a_mask_that_hides_nothing_is_none():
    whole = np.ma.masked_array([1.0, 2.0, 3.0], mask=False)
    assert rubin(whole, [0.1, 0.1, 0.1]).estimate == pytest.approx(2.0)


def test_pooling_many_studies_takes_the_memory_of_a_table():
    """A k-by-k matrix of 20,000 studies would take 3.2 GB."""
    generator = np.random.default_rng(1)
    table = pd.DataFrame({"estimate": generator.normal(0.1, 0.3, 20_000), "se": generator.uniform(0.1, 0.4, 20_000)})
    tracemalloc.start()
    for method in ("REML", "DL", "HE", "HS", "SJ"):
        made = pool(table, method=method)
        assert made.random.estimate == pytest.approx(0.1, abs=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


@pytest.mark.parametrize("method", ["REML", "DL", "HE", "HS", "SJ"])
def test_the_error_of_tau2_is_that_of_the_matrices(method):
    """The sums stand for traces of k-by-k matrices, which are written out here (Viechtbauer 2007)."""
    y, v = np.array([0.5, -0.2, 0.1, 0.9, 0.3]), np.array([0.04, 0.09, 0.01, 0.2, 0.05])
    made = pool(list(zip(y, np.sqrt(v), strict=True)), method=method)
    k, tau2 = 5, made.tau2
    if method == "REML":
        w = 1 / (v + tau2)
        p = np.diag(w) - np.outer(w, w) / w.sum()
        expected = np.sqrt(2 / np.trace(p @ p))
    else:
        start = np.var(y)
        w = {"HE": np.ones(k), "SJ": start / (v + start)}.get(method, 1 / v)
        p = np.diag(w) - np.outer(w, w) / w.sum()
        a = p / {"DL": np.trace(p), "HS": w.sum()}.get(method, k - 1)
        d = np.diag(v + tau2)
        expected = np.sqrt(2 * np.trace(a @ d @ a @ d))
    assert made.tau2_se == pytest.approx(expected, rel=1e-12)


def test_a_hundred_million_patients_are_refused():
    with pytest.raises(InputError, match=r"n must lie between 1 and 2000000, found 100000000"):
        from_curve([1, 2, 3], [0.9, 0.8, 0.7], n=100_000_000)


def test_a_total_of_nothing_stays_not_estimable():
    with pytest.raises(NotEstimable, match="total variance is 0"):
        rubin([0.1], [0.0])


@pytest.fixture(scope="module")
def functions():
    spec = importlib.util.spec_from_file_location("every_function", ROOT / "benchmarks/attack/every_function.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def test_every_public_function_is_tried_and_answers_sound_arguments(functions):
    assert functions.untried() == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in functions.calls():
            call.function(*call.arguments, **call.options)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_absurd_argument_is_answered_or_refused(seed, functions):
    found, faults = functions.attack(2 * len(functions.calls()), seed)
    assert not faults, "\n".join(faults)
    assert {came for _, came in found} == {"answered", "refused"}


@pytest.mark.parametrize("shape", [0.0001, 1e6, float("nan")])
def test_no_hazard_of_patients_is_as_steep(shape):
    with pytest.raises(InputError, match="shape"):
        DesignClaim(6, 9, alpha=0.05, power=0.8, accrual=24, follow_up=12, shape=shape)


def test_a_covariance_that_is_none_is_refused():
    sound = TrialEffects("one", ("a", "b"), np.array([[0.1, 0.2]]), np.eye(2) * 0.1)
    for wrong in (np.ones((2, 2)), np.diag([0.1, -0.1]), np.diag([0.1, 1e-300]), np.array([[1, 2], [0.3, 1]])):
        with pytest.raises(InputError, match="trial 'two'"):
            multivariate_network([sound, dataclasses.replace(sound, name="two", covariance=wrong)], "a")


def test_targets_in_another_unit_are_refused():
    patients = pd.DataFrame({"age": np.linspace(40, 80, 30)})
    with pytest.raises(InputError, match="is it in another unit"):
        maic(patients, {"age": 1e12})
