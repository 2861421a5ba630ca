"""Cumulative incidence with competing causes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import cumulative_incidence, kaplan_meier, survival_at

rows = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=2, max_size=30)


def test_by_hand():
    # five patients: cause 1 at 1, cause 2 at 2, censored at 3, cause 1 at 4, censored at 5
    table = cumulative_incidence([1, 2, 3, 4, 5], [1, 2, 0, 1, 0])
    # F1: 1/5; unchanged at 2; at 4: + S(4-) * 1/2 = 3/5 * 1/2
    assert table["incidence"].tolist() == pytest.approx([0.2, 0.2, 0.5])
    assert table["at_risk"].tolist() == [5, 4, 2]
    assert table["events"].tolist() == [1, 0, 1]
    # binomial as long as nobody is censored
    assert table["se"].iloc[1] ** 2 == pytest.approx(0.2 * 0.8 / 5)


@settings(max_examples=40, deadline=None)
@given(rows)
def test_causes_and_survival_add_up(data):
    time, cause = (np.array(column) for column in zip(*data, strict=True))
    if not {1, 2} <= set(cause):
        return
    one, two = (cumulative_incidence(time, cause, of) for of in (1, 2))
    survival = kaplan_meier(time, cause > 0).at(one["time"])
    assert (one["incidence"] + two["incidence"] + survival).tolist() == pytest.approx([1.0] * len(one))
    assert (one["lower"] <= one["incidence"] + 1e-12).all()
    assert (one["incidence"] <= one["upper"] + 1e-12).all()


def test_single_cause_is_one_minus_kaplan_meier():
    rng = np.random.default_rng(2)
    time, cause = rng.exponential(5, 50).round(1) + 0.1, rng.integers(0, 2, 50)
    table = cumulative_incidence(time, cause)
    curve = survival_at(kaplan_meier(time, cause), table["time"])
    assert table["incidence"].to_numpy() == pytest.approx(1 - curve["survival"].to_numpy())
    assert table["se"].to_numpy() == pytest.approx(curve["se"].to_numpy(), abs=1e-12)
    # the same scale as the log-log interval of the survival
    inner = (curve["survival"] > 0) & (curve["survival"] < 1)
    assert table["lower"][inner].to_numpy() == pytest.approx(1 - curve["upper"][inner].to_numpy())
    assert table["upper"][inner].to_numpy() == pytest.approx(1 - curve["lower"][inner].to_numpy())


def test_variance_against_the_bootstrap():
    rng = np.random.default_rng(4)
    time, cause = rng.exponential(5, 80).round(1) + 0.1, rng.integers(0, 3, 80)

    def at_5(rows):
        table = cumulative_incidence(time[rows], cause[rows])
        return table[table["time"] <= 5]["incidence"].iloc[-1]

    table = cumulative_incidence(time, cause)
    se = table[table["time"] <= 5]["se"].iloc[-1]
    draws = [at_5(rng.integers(0, 80, 80)) for _ in range(400)]
    assert np.std(draws) == pytest.approx(se, rel=0.15)


def test_refusals():
    with pytest.raises(InputError, match="cause must be whole numbers"):
        cumulative_incidence([1, 2], [1, 0.5])
    with pytest.raises(InputError, match="vectors of the same length"):
        cumulative_incidence([1, 2, 3], [1, 0])
    with pytest.raises(NotEstimable, match="nobody has an event of cause 3"):
        cumulative_incidence([1, 2], [1, 0], of=3)
