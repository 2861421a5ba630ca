"""Monte Carlo error due to the number of replicates: by hand, and as means and limits of draws really vary."""

from math import inf, sqrt

import numpy as np
import pytest

from resurvey.compare.rubin import rubin
from resurvey.montecarlo import barnard_rubin, limit_error, t_quantile
from resurvey.reconstruct.study_tables import monte_carlo
from resurvey.survival.stack import PatientStack


def test_error_of_a_limit_by_hand():
    # all variance is between 101 replicates: 1 / 101 of the mean and 2^2 / (2 * 100) of the variance
    assert limit_error(1.0, 1.0, 101, 2.0) == pytest.approx(sqrt(1 / 101 + 0.02))
    assert limit_error(0.0, 1.0, 101, 2.0) == 0.0
    assert limit_error(1.0, 1.0, 1, 2.0) == 0.0


def test_degrees_of_freedom_by_hand():
    # a quarter of the variance is between 5 replicates: 4 / (1 / 4)^2 = 64
    df, missing = barnard_rubin(4.0, 1.0, 5, inf)
    assert df == pytest.approx(64)
    assert missing == pytest.approx((1 / 3 + 2 / 67) / (4 / 3))
    assert barnard_rubin(4.0, 0.0, 5, 10.0) == (inf, 0.0)
    assert t_quantile(0.975, inf) == pytest.approx(1.959964, abs=1e-6)
    assert t_quantile(0.975, 64) == pytest.approx(1.99773, abs=1e-5)


def test_limits_of_repeated_ensembles_vary_as_is_said():
    rng = np.random.default_rng(5)
    made = [rubin(rng.normal(0, 1, 50), np.full(50, 0.2)) for _ in range(2000)]
    moved = np.std([one.upper for one in made]) / np.mean([one.se for one in made])
    assert np.mean([one.monte_carlo_limits for one in made]) == pytest.approx(moved, rel=0.05)


def stack(rng, replicates, doubled):
    """Exponential times whose rate differs between replicates, all observed; given twice if `doubled`."""
    rate = np.exp(rng.normal(0, 0.5, replicates))
    time = np.sort(rng.exponential(1 / rate[:, None], (replicates, 80)), axis=1)
    time = np.concatenate([time, time]) if doubled else time
    return PatientStack(time, np.ones_like(time))


def test_the_error_of_an_arm_falls_with_the_root_of_its_replicates():
    once, twice = (monte_carlo(stack(np.random.default_rng(1), 200, doubled)) for doubled in (False, True))
    assert 0.05 < once < 0.2
    assert twice == pytest.approx(once / sqrt(2), rel=0.01)


def test_an_arm_without_events_has_no_error():
    assert monte_carlo(PatientStack(np.ones((4, 3)), np.zeros((4, 3)))) == 0.0
