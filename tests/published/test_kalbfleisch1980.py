"""Lung cancer trial of the Veterans Administration (Kalbfleisch and Prentice 1980, appendix 1; `veteran` in R).

Expected numbers: R 4.2.2, survival 3.5-3 (survfit, coxph, cox.zph, quantile), run on 30 November 2026. Days to death
(D) or censoring (c), then the arm (1 standard, 2 test), in the order of the appendix.
"""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare.standardise import cox_standardised_survival, efron_baseline
from resurvey.errors import InputError
from resurvey.survival import compare_quantiles, kaplan_meier, proportionality, quantile
from resurvey.survival.stack import patient_stack

_TEXT = """
72D1 411D1 228D1 126D1 118D1 10D1 82D1 110D1 314D1 100c1 42D1 8D1 144D1 25c1 11D1 30D1 384D1 4D1 54D1 13D1 123c1 97c1
153D1 59D1 117D1 16D1 151D1 22D1 56D1 21D1 18D1 139D1 20D1 31D1 52D1 287D1 18D1 51D1 122D1 27D1 54D1 7D1 63D1 392D1
10D1 8D1 92D1 35D1 117D1 132D1 12D1 162D1 3D1 95D1 177D1 162D1 216D1 553D1 278D1 12D1 260D1 200D1 156D1 182c1 143D1
105D1 103D1 250D1 100D1 999D2 112D2 87c2 231c2 242D2 991D2 111D2 1D2 587D2 389D2 33D2 25D2 357D2 467D2 201D2 1D2 30D2
44D2 283D2 15D2 25D2 103c2 21D2 13D2 87D2 2D2 20D2 7D2 24D2 99D2 8D2 99D2 61D2 25D2 95D2 80D2 51D2 29D2 24D2 18D2 83c2
31D2 51D2 90D2 52D2 73D2 8D2 36D2 48D2 7D2 140D2 186D2 84D2 19D2 45D2 80D2 52D2 164D2 19D2 53D2 15D2 43D2 340D2 133D2
111D2 231D2 378D2 49D2
"""
_PATIENTS = _TEXT.split()

TIME = np.array([float(patient[:-2]) for patient in _PATIENTS])
EVENT = np.array([patient[-2] == "D" for patient in _PATIENTS], dtype=float)
TEST = np.array([patient[-1] == "2" for patient in _PATIENTS])


class TestTheMedianWhereSurvivalIsExactlyHalf:
    def test_is_the_middle_of_the_stretch_as_r_prints_it(self):
        found = quantile(TIME[TEST], EVENT[TEST], transform="log")
        assert (found.time, found.lower, found.upper) == (52.5, 44.0, 95.0)
        assert quantile(TIME[~TEST], EVENT[~TEST]).time == 103.0

    def test_the_beginning_of_the_stretch_is_the_other_named_reading(self):
        assert quantile(TIME[TEST], EVENT[TEST], flat="first").time == 52.0
        with pytest.raises(InputError, match="flat must be one of midpoint, first, found 'last'"):
            quantile(TIME[TEST], EVENT[TEST], flat="last")

    def test_replicates_and_contrasts_read_it_alike(self):
        stack = patient_stack(pd.DataFrame({"time": TIME[TEST], "event": EVENT[TEST]}), "test")
        assert stack.curves.quantile().tolist() == [52.5]
        assert stack.curves.quantile(flat="first").tolist() == [52.0]
        assert compare_quantiles(TIME, EVENT, TEST).difference == 52.5 - 103.0

    @pytest.mark.parametrize(
        ("event", "median"),
        [([1, 1, 0, 1], 3.0), ([1, 1, 0, 0], 3.0), ([1, 1, 1, 0], 2.5), ([1, 0, 0, 0], np.inf)],
    )
    def test_a_stretch_ends_with_the_next_event_or_the_follow_up(self, event, median):
        # R: quantile(survfit(Surv(1:4, event) ~ 1), 0.5)
        times = [1.0, 2.0, 3.0, 4.0]
        assert kaplan_meier(times, event).quantile() == median
        stack = patient_stack(pd.DataFrame({"time": times, "event": event}), "arm")
        assert stack.curves.quantile().tolist() == [median]


class TestProportionality:
    @pytest.mark.parametrize(
        ("scale", "ties", "chi_square"),
        [
            ("rank", "efron", 3.53025557801),
            ("km", "efron", 3.53697278233),
            ("rank", "breslow", 3.50639932209),
            ("km", "breslow", 3.51291177619),
            ("identity", "breslow", 4.88540214091),
            ("log", "breslow", 2.72248704073),
        ],
    )
    def test_cox_zph(self, scale, ties, chi_square):
        found = proportionality(TIME, EVENT, TEST, scale=scale, ties=ties)
        assert found.chi_square == pytest.approx(chi_square, rel=1e-9)


class TestTimesThatDifferInTheLastBits:
    def test_are_one_event_time(self):
        curve = kaplan_meier([0.1 + 0.2, 0.3, 0.3, 0.5], [1, 1, 1, 0])
        assert (curve.time.tolist(), curve.survival.tolist()) == ([0.3, 0.5], [0.25, 0.25])

    def test_in_tests_and_ratios_too(self):
        rng = np.random.default_rng(1)
        other = TIME / 30.4375 * (1 + 1e-13 * rng.uniform(-1, 1, TIME.size))
        wanted = proportionality(TIME / 30.4375, EVENT, TEST, scale="rank").chi_square
        assert proportionality(other, EVENT, TEST, scale="rank").chi_square == pytest.approx(wanted, rel=1e-10)

    def test_times_apart_stay_apart(self):
        assert kaplan_meier([1.0, 1.0 + 1e-8], [1, 1]).time.size == 2


class TestEfronsBaseline:
    """S(t) of R's `survfit(coxph(...), newdata)`, mean over the population."""

    def test_ties(self):
        patients = pd.DataFrame(
            {
                "time": [1, 1, 1, 1, 2, 2, 2, 2, 3, 3],
                "event": [1] * 8 + [0, 0],
                "x": [0, 1, 1, 1, 0, 0, 1, 1, 0, 0],
            }
        )
        found = cox_standardised_survival(patients, pd.DataFrame({"x": [0, 1]}), [1, 2])
        assert found["survival"].tolist() == pytest.approx([0.622615781095, 0.242475286920], rel=1e-9)

    def test_without_ties_it_is_breslows(self):
        time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 1.0, 1.0])
        at, cumulative = efron_baseline(time, event, np.log([2.0, 1.0, 1.0, 3.0]))
        assert at.tolist() == [1.0, 3.0, 4.0]
        assert cumulative == pytest.approx([1 / 7, 1 / 7 + 1 / 4, 1 / 7 + 1 / 4 + 1 / 3])


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([1, 2], ["TRUE", "FALSE"], r"event must be 0 \(censored\) or 1 \(event\), found 'TRUE' at place 0"),
        ([1, "two"], [1, 0], "time must be numbers, found 'two' at place 1"),
        ([[1, 2], [3]], [1, 0], "time must be numbers, found"),
    ],
)
def test_words_for_numbers_are_refused_by_name(time, event, message):
    with pytest.raises(InputError, match=message):
        kaplan_meier(time, event)
