"""Bucher and pairwise pooling: values worked by hand, every refusal, and properties that must hold for any data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.compare import Estimate, bucher, from_interval, leave_one_out, pool
from resurvey.compare.pool import METHODS, tau_squared
from resurvey.errors import InputError, NotEstimable


def effects(estimates, ses):
    return pd.DataFrame({"study": [f"s{i}" for i in range(len(ses))], "estimate": estimates, "se": ses})


class TestBucher:
    def test_difference_and_root_of_sum_of_squares(self):
        result = bucher((-0.5, 0.3), (-0.1, 0.4))
        assert result.estimate == pytest.approx(-0.4)
        assert result.se == pytest.approx(0.5)
        assert result.lower == pytest.approx(-0.4 - 1.959963984540054 * 0.5)
        assert result.p == pytest.approx(math.erfc(0.8 / math.sqrt(2)))

    def test_takes_results_rows_and_mappings(self):
        first = bucher((-0.5, 0.3), (-0.1, 0.4))
        table = pd.DataFrame({"estimate": [-0.1], "se": [0.4]})
        assert bucher({"estimate": -0.5, "se": 0.3}, table) == first
        assert bucher(pd.Series({"estimate": -0.5, "se": 0.3}), Estimate(-0.1, 0.4, 0, 0, 1)) == first

    def test_ratio_scale(self):
        result = bucher((math.log(0.6), 0.1), (math.log(0.8), 0.1))
        assert result.ratio == pytest.approx(0.75)
        assert result.ratio_lower * result.ratio_upper == pytest.approx(0.75**2)

    @given(st.floats(-3, 3), st.floats(0.01, 2), st.floats(-3, 3), st.floats(0.01, 2))
    @settings(max_examples=50)
    def test_exchanging_the_treatments_changes_the_sign_only(self, a, se_a, c, se_c):
        one, other = bucher((a, se_a), (c, se_c)), bucher((c, se_c), (a, se_a))
        assert one.estimate == pytest.approx(-other.estimate)
        assert one.lower == pytest.approx(-other.upper)
        assert one.p == pytest.approx(other.p)

    @pytest.mark.parametrize(
        ("ab", "message"),
        [
            ((0.1, 0.0), "se must be finite and greater than 0, found 0"),
            ((0.1, -0.2), "greater than 0, found -0.2"),
            ((math.nan, 0.2), "ab: estimate must be a finite log ratio"),
            ((0.1, math.nan), "a ratio needs its interval"),
            ((0.1,), "must be a pair"),
            (0.7, "must be a pair"),
            (("x", 0.2), "must hold two numbers"),
            ({"estimate": 0.1}, "ab lacks se"),
            (pd.DataFrame({"estimate": [1, 2], "se": [1, 2]}), "found a table of 2 rows"),
        ],
    )
    def test_refuses(self, ab, message):
        with pytest.raises(InputError, match=message):
            bucher(ab, (0.1, 0.2))

    def test_refuses_a_percentage_as_level(self):
        with pytest.raises(InputError, match=r"0\.95, not 95"):
            bucher((0.1, 0.1), (0.1, 0.2), level=95)


class TestFromInterval:
    def test_width_gives_the_standard_error(self):
        # log(0.90 / 0.55) / (2 x 1.959964); field vector 18.
        estimate, se = from_interval(None, 0.55, 0.90)
        assert se == pytest.approx(0.12563406495792420, rel=1e-12)  # normal quantiles have twelve decimals
        assert estimate == pytest.approx(0.5 * math.log(0.55 * 0.90))

    def test_level(self):
        # A 90 % interval is narrower, so the same limits mean a larger error.
        assert from_interval(0.7, 0.5, 0.98, level=0.9)[1] == pytest.approx(
            math.log(0.98 / 0.5) / (2 * 1.6448536269514722)
        )

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ((0.7, math.nan, 0.9), "ratio without its interval"),
            ((None, math.nan, 0.9), "must be a ratio greater than 0"),
            ((0.7, 0.9, 0.5), "not around"),
            ((0.4, 0.5, 0.9), "not around the ratio 0.4"),
            ((-0.4, 0.5, 0.9), "ratio must be a ratio greater than 0"),
        ],
    )
    def test_refuses(self, values, message):
        with pytest.raises(InputError, match=message):
            from_interval(*values)


class TestPool:
    def test_two_studies_by_hand(self):
        # Weights 1 and 1/4: mean 0.2; Q = 1 x 0.2^2 + 0.25 x 0.8^2 = 0.2.
        result = pool(effects([0.0, 1.0], [1.0, 2.0]), method="DL", interval_method="normal")
        assert result.common.estimate == pytest.approx(0.2)
        assert result.common.se == pytest.approx(1 / math.sqrt(1.25))
        assert result.q == pytest.approx(0.2)
        assert result.tau2 == 0
        assert result.random.estimate == pytest.approx(0.2)

    def test_equal_variances_make_all_moment_estimators_one(self):
        # Sample variance 1, sampling variance 0.25: tau2 = 0.75 for DL, HE, PM, EB and REML.
        table = effects([-1.0, 0.0, 1.0], [0.5, 0.5, 0.5])
        for method in ("DL", "HE", "PM", "EB", "REML"):
            assert pool(table, method=method).tau2 == pytest.approx(0.75, abs=1e-10), method
        # ML divides by k: 2/3 - 0.25; HS subtracts k: (8 - 3) / 12.
        assert pool(table, method="ML").tau2 == pytest.approx(2 / 3 - 0.25, abs=1e-10)
        assert pool(table, method="HS").tau2 == pytest.approx(5 / 12)

    def test_hartung_knapp_by_hand(self):
        # Equal weights: se = s / sqrt(k) = 1 / sqrt(3), t with 2 df.
        result = pool(effects([-1.0, 0.0, 1.0], [0.5, 0.5, 0.5]))
        assert result.random.se == pytest.approx(1 / math.sqrt(3))
        assert result.random.upper == pytest.approx(4.302652729911275 / math.sqrt(3))
        assert result.prediction_upper == pytest.approx(4.302652729911275 * math.sqrt(0.75 + 1 / 3))
        assert result.i2 == pytest.approx(0.75)

    def test_adhoc_is_never_narrower_than_unscaled(self):
        table = effects([0.30, 0.31, 0.32], [0.5, 0.5, 0.5])
        plain, adhoc = pool(table), pool(table, interval_method="hartung-knapp-adhoc")
        assert plain.random.se < adhoc.random.se == pytest.approx(0.5 / math.sqrt(3))

    def test_identical_effects_do_not_claim_certainty(self):
        result = pool(effects([0.3, 0.3, 0.3], [0.5, 0.4, 0.5]))
        assert result.random.se > 0.2
        assert result.tau2 == result.i2 == result.q == 0
        assert (result.tau2_lower, result.tau2_upper) == (0, 0)
        for method in METHODS:
            assert pool(effects([0.0, 0.0], [0.5, 0.4]), method=method).tau2 == 0

    def test_one_study_is_itself_with_a_message(self):
        result = pool([(0.3, 0.1)])
        assert (result.random.estimate, result.random.se) == (pytest.approx(0.3), pytest.approx(0.1))
        assert result.tau2 == 0
        assert "one study" in result.messages[0]

    def test_few_studies_are_flagged(self):
        assert "3 studies" in pool(effects([0, 0.1, 0.4], [0.1, 0.2, 0.1])).messages[0]

    def test_effects_table_and_weights(self):
        result = pool(effects([0.0, 0.5, 1.0], [0.2, 0.3, 0.4]))
        assert list(result.effects["model"]) == ["common", "random", "prediction"]
        assert result.studies["weight_common"].sum() == pytest.approx(1)
        assert result.studies["weight_random"].sum() == pytest.approx(1)
        assert result.effects["lower"].iloc[2] == result.prediction_lower

    def test_leave_one_out_is_pooling_the_rest(self):
        table = effects([0.0, 0.5, 1.0, 0.3], [0.2, 0.3, 0.4, 0.1])
        out = leave_one_out(table)
        rest = pool(table.iloc[[0, 1, 3]])
        assert list(out["left_out"]) == ["s0", "s1", "s2", "s3"]
        assert out["estimate"][2] == pytest.approx(rest.random.estimate)
        assert out["tau2"][2] == pytest.approx(rest.tau2)

    def test_leave_one_out_of_one(self):
        with pytest.raises(NotEstimable, match="at least two studies"):
            leave_one_out([(0.1, 0.1)])

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (effects([0.1, 0.2], [0.1, -0.1]), "study 's1': se must be finite and greater than 0, found -0.1"),
            (effects([0.1, 0.2], [0.1, 0.0]), "found 0"),
            (effects([0.1, 0.2], [0.1, math.nan]), "a ratio needs its interval"),
            (effects([0.1, math.inf], [0.1, 0.1]), "finite log ratio"),
            (pd.DataFrame({"estimate": [0.1]}), "lacks the column se"),
            (pd.DataFrame({"estimate": [], "se": []}), "at least one study"),
            (pd.DataFrame({"study": ["a", "a"], "estimate": [0.1, 0.1], "se": [1, 1]}), "'a' is listed more than once"),
            (3, "must be a table or a list"),
        ],
    )
    def test_refuses(self, table, message):
        with pytest.raises(InputError, match=message):
            pool(table)

    def test_refuses_unknown_options(self):
        with pytest.raises(InputError, match="method must be one of EE, DL"):
            pool([(0.1, 0.1)], method="FE")
        with pytest.raises(InputError, match="interval_method must be one of"):
            pool([(0.1, 0.1)], interval_method="t")

    studies = st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 1)), min_size=2, max_size=8)

    @given(studies, st.sampled_from(METHODS), st.floats(-3, 3))
    @settings(max_examples=60)
    def test_a_shift_of_all_effects_shifts_the_result(self, rows, method, shift):
        one = pool(rows, method=method, interval_method="normal")
        other = pool([(y + shift, se) for y, se in rows], method=method, interval_method="normal")
        assert other.random.estimate == pytest.approx(one.random.estimate + shift, abs=1e-6)
        assert other.tau2 == pytest.approx(one.tau2, abs=1e-6)

    @given(studies)
    @settings(max_examples=40)
    def test_reml_is_a_maximum(self, rows):
        y, v = np.array(rows)[:, 0], np.array(rows)[:, 1] ** 2

        def loglik(t):
            w = 1 / (v + t)
            return 0.5 * (np.log(w).sum() - np.log(w.sum()) - w @ (y - w @ y / w.sum()) ** 2)

        tau2, _ = tau_squared(y, v, "REML")
        assert all(loglik(tau2) >= loglik(t) - 1e-9 for t in np.linspace(0, 8, 400))

    @given(studies)
    @settings(max_examples=40)
    def test_interval_of_tau2_holds_the_paule_mandel_estimate(self, rows):
        result = pool(rows, method="PM")
        assert result.tau2_lower <= result.tau2 + 1e-9
        assert result.tau2 <= result.tau2_upper + 1e-9
