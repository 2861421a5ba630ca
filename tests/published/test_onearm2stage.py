"""R package OneArm2stage 1.2.1 (Wu et al. 2020, Pharmaceutical Statistics 19, 214-229), vignette Design1.

Exponential, S0 0.72 at 3, HR 0.459, follow-up 3 (unrestricted), 20 patients a unit, one-sided 5 %, power 80 %.
"""

import math

import pytest

from resurvey.design import two_stage_characteristics, two_stage_log_rank

NULL = math.log(2) * 3 / -math.log(0.72)
TRIAL = {"rate": 20, "follow_up": 3, "alpha": 0.05}


@pytest.mark.parametrize(
    ("n", "interim", "c1", "n1", "c", "duration", "expected", "early"),
    [
        (46, 1.0619, -0.7215, 22, 1.5952, 5.3, 40.1736, 0.2353),  # optimal
        (44, 1.6997, -0.7310, 34, 1.6257, 5.2, 41.6745, 0.2324),  # minimax
        (45, 1.2512, -0.7274, 26, 1.6061, 5.25, 40.3361, 0.2335),  # admissible
    ],
)
def test_characteristics_of_the_printed_designs(n, interim, c1, n1, c, duration, expected, early):
    found = two_stage_characteristics(NULL, NULL / 0.459, n=n, interim=interim, c1=c1, **TRIAL)
    assert found.n1 == n1
    assert found.early_stop == pytest.approx(early, abs=5e-5)
    assert found.duration == pytest.approx(duration, abs=5e-3)
    # The interim is printed to four digits (5e-5 x 20 patients), and the package finds c on a grid.
    assert found.expected_patients == pytest.approx(expected, abs=5e-4)
    assert found.c == pytest.approx(c, abs=4e-4)
    assert found.power >= 0.8


def test_search_is_no_worse_than_the_package():
    # The package leaves power unused (0.818 at n 46, by the same exact variance); spending it on a higher futility
    # bound lowers the expected number of patients, so that our optimum is another design than the printed one.
    optimal = two_stage_log_rank(NULL, NULL / 0.459, power=0.8, kind="optimal", **TRIAL)
    assert optimal.power >= 0.8 - 1e-9
    assert optimal.expected_patients <= 40.1736
    minimax = two_stage_log_rank(NULL, NULL / 0.459, power=0.8, kind="minimax", **TRIAL)
    assert minimax.power >= 0.8 - 1e-9
    assert minimax.n <= 44
