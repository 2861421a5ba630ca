"""Restricted means."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import compare_restricted_means, kaplan_meier, restricted_mean, restricted_means_over

# deaths at 1 and 3, censored at 2 and 5 (4 patients): S = 3/4 from 1, 3/8 from 3
TIME, EVENT = [1, 2, 3, 5], [1, 0, 1, 0]


def test_by_hand():
    # to 4: area 1 + 2 * 3/4 + 1 * 3/8; variance (area after 1)^2 / (4 * 3) + (area after 3)^2 / (2 * 1)
    result = restricted_mean(TIME, EVENT, 4)
    assert result.mean == pytest.approx(1 + 1.5 + 0.375)
    assert result.se**2 == pytest.approx((1.5 + 0.375) ** 2 / 12 + 0.375**2 / 2)
    assert result.lost == pytest.approx(4 - 2.875)
    assert result.upper - result.mean == pytest.approx(1.959964 * result.se, rel=1e-6)


def test_before_the_first_event_there_is_no_variance():
    result = restricted_mean(TIME, EVENT, 0.5)
    assert (result.mean, result.se) == (0.5, 0)


def test_last_patient_dies():
    # all die: mean of the times, variance sum of squared deviations / n^2
    times = [1, 2, 4, 9]
    result = restricted_mean(times, [1, 1, 1, 1], 20)
    assert result.mean == pytest.approx(4)
    assert result.se**2 == pytest.approx(np.var(times) / 4)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 1)), min_size=2, max_size=25))
def test_area_is_that_of_the_curve(rows):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    horizon = float(time.max())
    if horizon <= 0:
        return
    result = restricted_mean(time, event, horizon)
    ends = np.unique(np.concatenate(([0.0], time)))
    area = (kaplan_meier(time, event).at(ends[:-1]) * np.diff(ends)).sum()
    assert result.mean == pytest.approx(area, abs=1e-9)
    assert result.se >= 0


def test_horizon_is_refused_or_chosen():
    with pytest.raises(InputError, match="horizon 6 is beyond the follow-up of the arm, which ends at 5"):
        restricted_mean(TIME, EVENT, 6)
    with pytest.raises(InputError, match="greater than 0, found 0"):
        restricted_mean(TIME, EVENT, 0)
    with pytest.raises(InputError, match="greater than 0, found nan"):
        restricted_mean(TIME, EVENT, math.nan)
    with pytest.raises(InputError, match=r"0\.95, not 95"):
        restricted_mean(TIME, EVENT, 4, level=95)
    time, event, first = [*TIME, 1, 2, 3, 4], [*EVENT, 1, 1, 0, 0], [1] * 4 + [0] * 4
    with pytest.raises(InputError, match="beyond the follow-up of the second arm, which ends at 4"):
        compare_restricted_means(time, event, first, 5)
    assert compare_restricted_means(time, event, first).horizon == 4
    # an arm whose curve reaches 0 is known beyond its last time
    assert compare_restricted_means([*TIME, 1, 2], [*EVENT, 1, 1], [1] * 4 + [0] * 2).horizon == 5
    assert compare_restricted_means([1, 2, 1, 3], [1] * 4, [1, 1, 0, 0]).horizon == 3


def test_arms_without_events():
    time, first = [1, 2, 3, 4], [1, 1, 0, 0]
    with pytest.raises(NotEstimable, match="neither arm has an event up to the horizon"):
        compare_restricted_means(time, [0, 0, 0, 0], first)
    # one arm without events: its mean is the horizon, and the difference rests on the other arm's variance
    one = compare_restricted_means([1, 5, 3, 4], [0, 0, 1, 0], first, 4)
    assert (one.first.mean, one.first.se) == (4, 0)
    assert one.difference == pytest.approx(0.5)
    assert one.difference_se == pytest.approx(one.second.se)
    assert math.isnan(one.lost_ratio)


def test_ratio_by_hand():
    time, event, first = [*TIME, 1, 2, 3, 4], [*EVENT, 1, 1, 0, 0], [1] * 4 + [0] * 4
    result = compare_restricted_means(time, event, first, 4)
    a, b = result.first, result.second
    assert result.ratio == pytest.approx(a.mean / b.mean)
    half = 1.959964 * math.hypot(a.se / a.mean, b.se / b.mean)
    assert result.ratio_upper == pytest.approx(result.ratio * math.exp(half), rel=1e-6)


def test_range_of_horizons():
    time, event, first = [*TIME, 1, 2, 3, 4], [*EVENT, 1, 1, 0, 0], [1] * 4 + [0] * 4
    table = restricted_means_over(time, event, first, [0.5, 2, 4])
    assert table["horizon"].tolist() == [2, 4]  # nothing has happened at 0.5
    assert table["difference"].iloc[1] == pytest.approx(compare_restricted_means(time, event, first, 4).difference)
    assert len(restricted_means_over(time, event, first)) == 15  # 20 steps of 0.2, of which 5 up to the first event
    with pytest.raises(NotEstimable, match=r"greatest horizon, 0\.5"):
        restricted_means_over(time, event, first, [0.5])
    with pytest.raises(InputError, match="beyond the follow-up"):
        restricted_means_over(time, event, first, [2, 40])
