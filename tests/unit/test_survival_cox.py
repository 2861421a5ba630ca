"""Cox models of one arm against another, and on several covariates."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import cox, cox_regression

rows = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1), st.integers(0, 1)), min_size=6, max_size=30)


def simulated(seed=3, n=150):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 2, n)
    time = np.ceil(rng.exponential(8 + 4 * first))
    return pd.DataFrame({"time": time, "event": rng.integers(0, 2, n), "first": first, "site": rng.integers(0, 3, n)})


def test_by_hand():
    # deaths of the first, second, first, second arm: L(r) = r/(2r + 2) * 1/(r + 2) * r/(r + 1)
    fit = cox([1, 2, 3, 4], [1, 1, 1, 1], [1, 0, 1, 0])
    ratios = np.linspace(0.5, 10, 95_001)
    likelihood = ratios**2 / ((2 * ratios + 2) * (ratios + 2) * (ratios + 1))
    assert fit.hr == pytest.approx(ratios[likelihood.argmax()], abs=1e-3)
    assert fit.log_likelihood == pytest.approx(math.log(likelihood.max()), abs=1e-9)


@pytest.mark.parametrize("strata", [None, "site"])
def test_as_in_lifelines(strata):
    table = simulated()
    labels = None if strata is None else table[strata]
    ours = cox(table["time"], table["event"], table["first"], strata=labels)
    columns = ["time", "event", "first"] + ([strata] if strata else [])
    options = {"precision": 1e-13}
    theirs = CoxPHFitter().fit(table[columns], "time", "event", strata=strata, fit_options=options)
    assert ours.log_hr == pytest.approx(theirs.params_["first"], abs=1e-7)
    assert ours.se == pytest.approx(theirs.standard_errors_["first"], abs=1e-8)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(rows, st.sampled_from(["efron", "breslow"]))
def test_swapping_the_arms_inverts_the_ratio(data, ties):
    time, event, first = (np.array(column) for column in zip(*data, strict=True))
    assume(0 < first.sum() < len(first))
    try:
        fit = cox(time, event, first, ties=ties)
    except NotEstimable:
        with pytest.raises(NotEstimable):
            cox(time, event, 1 - first, ties=ties)
        return
    swapped = cox(time, event, 1 - first, ties=ties)
    assert swapped.log_hr == pytest.approx(-fit.log_hr, abs=1e-8)
    assert swapped.se == pytest.approx(fit.se, rel=1e-8)
    assert fit.lower < fit.hr < fit.upper


def test_extreme_ratio_converges():
    # 200 early deaths in the first arm, one in the second among them
    time = np.concatenate((np.arange(1, 201), [150], np.full(199, 300)))
    event = np.concatenate((np.ones(201), np.zeros(199)))
    fit = cox(time, event, np.repeat([1, 0], 200))
    assert fit.hr > 100
    assert math.isfinite(fit.se)


def test_no_finite_ratio():
    with pytest.raises(NotEstimable, match=r"first arm has no event .*\(events: 0 in the first arm, 2 in the second"):
        cox([1, 2, 3, 4], [0, 1, 0, 1], [1, 0, 1, 0])
    with pytest.raises(NotEstimable, match="second arm has no event"):
        cox([1, 2, 3, 4], [1, 0, 1, 0], [1, 0, 1, 0])
    with pytest.raises(NotEstimable, match="undetermined"):
        cox([1, 2, 3, 4], [0, 0, 0, 0], [1, 0, 1, 0])
    # the first arm has left before the second arm's only event
    with pytest.raises(NotEstimable, match="undetermined"):
        cox([1, 2, 3, 4], [0, 0, 1, 1], [1, 1, 0, 0])


def test_refusals():
    with pytest.raises(InputError, match="ties must be 'efron' or 'breslow'"):
        cox([1, 2], [1, 1], [1, 0], ties="exact")
    with pytest.raises(InputError, match=r"0\.95, not 95"):
        cox([1, 2], [1, 1], [1, 0], level=95)


def test_regression_on_one_covariate_is_the_same():
    table = simulated()
    ours, row = cox(table["time"], table["event"], table["first"]), cox_regression(table, ["first"]).iloc[0]
    assert row[["log_hr", "se", "lower", "upper", "p"]].tolist() == pytest.approx(
        [ours.log_hr, ours.se, ours.lower, ours.upper, ours.p], abs=1e-7
    )


def test_regression_refuses():
    table = simulated()
    with pytest.raises(InputError, match="covariates is empty"):
        cox_regression(table, [])
    with pytest.raises(InputError, match=r"lacks the columns \['age'\]"):
        cox_regression(table, ["age"])
    with pytest.raises(InputError, match="covariate first, row 0: expected a finite number, found 'yes'"):
        cox_regression(table.assign(first="yes"), ["first"])
    with pytest.raises(InputError, match="is 1 for every patient"):
        cox_regression(table.assign(first=1), ["first"])
    with pytest.raises(InputError, match="stratum site has 150 missing labels"):
        cox_regression(table.assign(site=None), ["first"], strata=["site"])
    with pytest.raises(NotEstimable, match="has no maximum"):
        cox_regression(table.assign(twice=2 * table["first"]), ["first", "twice"])
    separated = table.assign(first=table["event"])
    with pytest.raises(NotEstimable, match="has no maximum"):
        cox_regression(separated, ["first"])
