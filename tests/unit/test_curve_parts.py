"""The steps of a reconstruction one by one: monotone curve, decoded counts, ends of follow-up, exchanged arms."""

import numpy as np
import pytest

from resurvey.errors import InputError, NotEstimable
from resurvey.reconstruct import detect_exchanged_arms, from_curve, from_two_curves
from resurvey.reconstruct.censoring import known_events, step_heights, unknown_events
from resurvey.reconstruct.decode import digits_error, exact_rows
from resurvey.reconstruct.facts import half_unit
from resurvey.reconstruct.monotone import _middle_of_five, anchored, monotone_curve, stray_points
from resurvey.reconstruct.placement import RiskTable, frame, levels_after, open_path, solve_open_path, whole_deaths


def test_pool_adjacent_violators_by_hand():
    curve = monotone_curve(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.9, 0.7, 0.8, 0.5]))
    # 0.7 and 0.8 pool to 0.75; two residuals of 0.05 over one degree of freedom
    assert curve.at(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx([0.9, 0.75, 0.75, 0.5])
    assert curve.noise == pytest.approx(np.sqrt(2 * 0.05**2))
    assert np.all(np.diff(curve.time) > 0) and np.all(np.diff(curve.survival) <= 0)


def test_stray_points_only_where_neighbours_disagree():
    level = np.array([1.0, 0.98, 0.96, 0.3, 0.92, 0.9, 0.88])
    assert stray_points(np.arange(7.0), level).tolist() == [False] * 3 + [True] + [False] * 3
    steps = np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.1])
    assert not stray_points(np.arange(7.0), steps).any()


def test_an_anchor_within_the_noise_is_met_and_another_is_named():
    curve = monotone_curve(np.array([1.0, 2.0, 3.0]), np.array([0.8, 0.52, 0.3]))
    conflicts: list[str] = []
    assert anchored(curve, [("median 2", 2.0, 0.5, 0.5)], conflicts).at(2.0) == pytest.approx(0.5)
    assert not conflicts
    kept = anchored(curve, [("survival 0.2 at 1", 1.0, 0.2, 0.2)], conflicts)
    assert kept.at(1.0) == pytest.approx(0.8) and "survival 0.2 at 1" in conflicts[0]


def test_digits_tell_the_number_at_risk():
    assert digits_error(np.array([1.0, 0.95, 0.9])) == pytest.approx(0.005)
    levels = np.array([1.0, 299 / 300, 299 / 300 * 250 / 251])
    curve = monotone_curve(np.array([0.0, 1.0, 2.0]), levels)
    table = exact_rows(curve, RiskTable(np.array([0.0]), np.array([300.0])), 300)
    assert table.count.tolist() == [300, 300, 251]


def test_two_of_two_hundred_is_not_one_of_a_hundred_for_sure():
    curve = monotone_curve(np.array([0.0, 1.0]), np.array([1.0, 1 - 2 / 200 + 1e-16]))
    # 1 of 100 and 2 of 200 both fit n = 210: no row is made of it
    table = exact_rows(curve, RiskTable(np.array([0.0]), np.array([210.0])), 210)
    assert table.count.tolist() == [210]


def test_whole_deaths_keep_total_and_caps():
    leaving = np.array([3.0, 10.0, 7.0])
    deaths = whole_deaths(np.array([4.2, 5.4, 1.9]), leaving, np.array([1.0, 0.8, 0.6, 0.5]), 0.003, 12)
    assert deaths.sum() == 12 and np.all(deaths <= leaving) and np.all(deaths >= 0)
    # what the first gap cannot hold is carried over
    free = whole_deaths(np.array([4.2, 5.4, 1.9]), leaving, np.array([1.0, 0.8, 0.6, 0.5]), 0.003, None)
    assert free.tolist() == [3, 7, 2]


def test_levels_are_the_product_limit():
    died, lost = np.array([1.0, 2.0, 4.0]), np.array([3.0])
    assert levels_after(died, lost) == pytest.approx([3 / 4, 2 / 4, 0])


def test_open_path_is_solved_for_its_deaths():
    u, drop = np.linspace(0, 1, 101), np.full(100, 0.5)
    for deaths in (5.0, 20.0, 24.0, 40.0, 50.0):
        g = open_path(u, solve_open_path(u, drop, deaths))
        assert np.dot(drop, g[1:] + g[:-1]) / 2 == pytest.approx(deaths, abs=0.3)


def test_candidates_hold_the_known_events():
    rng = np.random.default_rng(3)
    x = np.linspace(0, 20, 100)
    curve = monotone_curve(x, np.exp(-x / 15) + rng.normal(0, 0.003, x.size))
    steps = step_heights(curve, 150, curve.end)
    drop = -150 * np.diff(curve.survival)
    found = known_events(steps, curve.time / curve.end, drop, 80.0)
    paths = found.paths(curve.time / curve.end)
    assert paths.shape[0] == found.weight.size and found.weight.sum() == pytest.approx(1)
    assert (paths[:, 1:] + paths[:, :-1]) @ drop / 2 == pytest.approx(np.full(len(paths), 80), abs=1.5)
    free = unknown_events(steps).mean_path(np.linspace(0, 1, 11))
    assert np.all(np.diff(free) <= 1e-9) and free[0] == pytest.approx(1)


def test_rows_are_cut_just_before_their_time():
    curve = monotone_curve(np.array([1.0, 2.0]), np.array([0.9, 0.8]))
    cut = frame(curve, RiskTable(np.array([0.0, 2.0]), np.array([10.0, 8.0])), 2.0, np.empty(0))
    assert cut.gaps == 2 and cut.leaving.tolist() == [2, 8]
    assert cut.knot[cut.edge[1]] < 2.0


@pytest.mark.parametrize(("value", "half"), [(5.1, 0.05), (12.0, 0.5), (0.625, 0.0005)])
def test_half_a_unit_of_the_last_digit(value, half):
    assert half_unit(value) == pytest.approx(half)


def test_exchanged_arms_are_seen():
    x = np.linspace(0, 20, 80)
    good = from_curve(x, np.exp(-x / 20), n=200, events=110)
    bad = from_curve(x, np.exp(-x / 10), n=200, events=150)
    assert detect_exchanged_arms(good, bad, 0.5).exchanged is False
    found = detect_exchanged_arms(good, bad, 2.0)
    assert found.exchanged is True and "exchanged" in found.message
    assert detect_exchanged_arms(good, bad, 1.02).exchanged is None
    with pytest.raises(InputError, match="above 0"):
        detect_exchanged_arms(good, bad, -1)
    flat = from_curve([0, 10], [1, 1], n=20, events=0)
    with pytest.raises(NotEstimable, match="no events"):
        detect_exchanged_arms(good, flat, 0.5)
    with pytest.raises(InputError, match="first arm names"):
        from_two_curves({"replicates": 3}, {}, hazard_ratio=0.5)


def test_the_running_median_of_five_is_that_of_the_repeated_ends() -> None:
    values = np.random.default_rng(3).normal(size=40).round(1)
    padded = np.concatenate((values[:1].repeat(2), values, values[-1:].repeat(2)))
    expected = [float(np.median(padded[place : place + 5])) for place in range(values.size)]
    assert _middle_of_five(values).tolist() == expected


def test_digits_are_counted_on_the_coarsest_scale_that_holds_all_values() -> None:
    assert digits_error(np.array([1.0, 0.95, 0.9])) == pytest.approx(0.005)
    assert digits_error(np.array([1.0, 0.95, 0.9125])) == pytest.approx(0.00005)
    assert digits_error(np.array([1.0, 1 / 3])) == 5e-13
