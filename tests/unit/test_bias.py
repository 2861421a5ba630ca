"""What if we are wrong: formulas by hand, and the properties that define them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.compare import bias_array, bias_needed, e_value, e_values, pool, shifted_null
from resurvey.compare.bias import as_risk_ratio
from resurvey.compare.rubin import rubin
from resurvey.errors import InputError

EFFECT = (math.log(0.7), 0.1)
Z = 1.959963984540054


class TestEValue:
    @given(st.floats(0.05, 20))
    @settings(max_examples=50)
    def test_symmetric_and_defining_equation(self, ratio):
        value = e_value(ratio)
        assert value == pytest.approx(e_value(1 / ratio))
        # Two associations of this strength make exactly this bias: E^2 / (2 E - 1).
        assert value**2 / (2 * value - 1) == pytest.approx(max(ratio, 1 / ratio))

    def test_null(self):
        assert e_value(1.0) == 1

    @pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf, "0.7"])
    def test_refuses(self, ratio):
        with pytest.raises(InputError, match="finite number above 0"):
            e_value(ratio)

    def test_conversion_to_risk_ratio(self):
        assert as_risk_ratio(0.25, measure="or") == 0.5
        assert as_risk_ratio(0.25, measure="or", common=False) == 0.25
        assert as_risk_ratio(0.25, measure="rr") == 0.25
        assert as_risk_ratio(4.0) == pytest.approx((1 - 0.5**2) / (1 - 0.5**0.5))
        assert as_risk_ratio(1.0) == pytest.approx(1)
        with pytest.raises(InputError, match="measure must be hr"):
            as_risk_ratio(0.5, measure="md")

    def test_limit_that_crosses_is_one(self):
        table = e_values((math.log(0.9), 0.1)).set_index("of")
        assert table.loc["nearer limit", "e_value"] == 1
        assert table.loc["estimate", "e_value"] > 1

    def test_harm_uses_the_lower_limit(self):
        benefit, harm = e_values(EFFECT, common=False), e_values((-EFFECT[0], 0.1), common=False)
        assert harm["e_value"].to_numpy() == pytest.approx(benefit["e_value"].to_numpy())
        assert harm["ratio"][1] == pytest.approx(math.exp(-EFFECT[0] - Z * 0.1))

    def test_other_null(self):
        table = e_values(EFFECT, measure="rr", null_ratio=0.8)
        assert table["e_value"][0] == pytest.approx(e_value(0.7 / 0.8))


class TestBiasNeeded:
    def test_by_hand(self):
        table = bias_needed(EFFECT).set_index("question")
        assert table.loc["cross 1", "ratio_bias"] == pytest.approx(0.7)
        assert table.loc["change the conclusion", "ratio_bias"] == pytest.approx(0.7 * math.exp(Z * 0.1))
        assert table.loc["reverse the conclusion", "ratio_bias"] == pytest.approx(0.7 * math.exp(-Z * 0.1))
        assert not table["already"].any()

    def test_no_conclusion_needs_no_bias(self):
        row = bias_needed((0.05, 0.1)).set_index("question").loc["change the conclusion"]
        assert (row["log_bias"], row["ratio_bias"], row["already"]) == (0, 1, True)


class TestArray:
    def test_by_hand(self):
        # Strength 2, 80 % against 20 %: bias 1.8 / 1.2 = 1.5 towards harm, so the true ratio is 0.7 / 1.5.
        table = bias_array(EFFECT, strengths=[2], prevalence_treated=[0.8], prevalence_comparator=[0.2])
        row = table.iloc[0]
        assert row["bias"] == pytest.approx(1.5)
        assert row["ratio"] == pytest.approx(0.7 / 1.5)
        assert row["upper"] == pytest.approx(math.log(0.7 / 1.5) + Z * 0.1)
        assert row["conclusion"] == "as observed"

    def test_conclusions(self):
        table = bias_array(EFFECT, strengths=[1.5, 3.0], prevalence_treated=[0.0], prevalence_comparator=[0.4, 1.0])
        found = table.set_index(["strength", "prevalence_comparator"])["conclusion"]
        assert found[1.5, 0.4] == "not significant"
        assert found[3.0, 1.0] == "reversed"
        null = bias_array((0.0, 0.1), strengths=[3], prevalence_treated=[1.0], prevalence_comparator=[0.0])
        assert null["conclusion"][0] == "significant"

    def test_equal_prevalence_or_no_strength_changes_nothing(self):
        table = bias_array(EFFECT, strengths=[1.0, 4.0], prevalence_treated=[0.3], prevalence_comparator=[0.3])
        assert table["ratio"].to_numpy() == pytest.approx(0.7)

    def test_size(self):
        assert len(bias_array(EFFECT)) == 5 * 11

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"strengths": [0]}, "strengths must be ratios above 0, found 0"),
            ({"strengths": []}, "found none"),
            ({"prevalence_treated": [30]}, "prevalence_treated must be shares from 0 to 1, found 30"),
            ({"prevalence_comparator": [math.nan]}, "prevalence_comparator must be shares"),
        ],
    )
    def test_refuses(self, arguments, message):
        with pytest.raises(InputError, match=message):
            bias_array(EFFECT, **arguments)

    def test_refuses_an_effect_without_error(self):
        with pytest.raises(InputError, match="effect: se must be"):
            bias_array((0.1, math.nan))


class TestShiftedNull:
    def test_margin_one_is_the_ordinary_one_sided_test(self):
        row = shifted_null(EFFECT, [1.0]).iloc[0]
        assert row["p_one_sided"] == pytest.approx(0.5 * math.erfc(-EFFECT[0] / 0.1 / math.sqrt(2)))
        assert row["significant"]

    def test_significance_is_lost_at_the_limit(self):
        tipping = shifted_null(EFFECT, [1.0]).attrs["tipping"]
        assert tipping == pytest.approx(0.7 * math.exp(Z * 0.1))
        table = shifted_null(EFFECT, [tipping * 1.001, tipping * 0.999])
        assert table["significant"].tolist() == [True, False]

    def test_harm_is_mirrored(self):
        harm, benefit = shifted_null((-EFFECT[0], 0.1)), shifted_null(EFFECT)
        assert harm["p_one_sided"].to_numpy() == pytest.approx(benefit["p_one_sided"].to_numpy())
        assert harm["margin"].to_numpy() == pytest.approx(1 / benefit["margin"].to_numpy())

    def test_refuses(self):
        with pytest.raises(InputError, match=r"margins must be ratios above 0 and at most 1, found 1\.2"):
            shifted_null(EFFECT, [1.2])


class TestAnIntervalOfT:
    """Rubin's rules: what judges the bias uses the interval that is printed beside it."""

    EFFECT = rubin([-0.62, -0.50, -0.44, -0.58, -0.31], [0.01] * 5)

    def test_limits_are_the_interval_s(self):
        upper = math.exp(self.EFFECT.upper)
        assert upper > math.exp(self.EFFECT.estimate + 2.1 * self.EFFECT.se)  # t, not normal
        assert e_values(self.EFFECT)["ratio"].iloc[1] == pytest.approx(upper)
        assert shifted_null(self.EFFECT).attrs["tipping"] == pytest.approx(upper)
        needed = bias_needed(self.EFFECT).set_index("question")["ratio_bias"]
        assert needed["change the conclusion"] == pytest.approx(min(upper, 1.0))

    def test_p_and_corrected_intervals_too(self):
        null = shifted_null(self.EFFECT, margins=[1.0])["p_one_sided"].iloc[0]
        assert 2 * null == pytest.approx(self.EFFECT.p)
        nothing = bias_array(self.EFFECT, strengths=[1.0], prevalence_treated=[0.5]).iloc[0]
        assert (nothing["lower"], nothing["upper"], nothing["p"]) == pytest.approx(
            (self.EFFECT.lower, self.EFFECT.upper, self.EFFECT.p)
        )

    def test_hartung_knapp_as_well(self):
        pooled = pool([(-0.3, 0.1), (-0.1, 0.12), (-0.5, 0.2)]).random
        assert e_values(pooled)["ratio"].iloc[1] == pytest.approx(math.exp(pooled.upper))

    def test_degrees_of_freedom_of_nothing_are_refused(self):
        with pytest.raises(InputError, match="df must be above 0, found 0"):
            e_values({"estimate": -0.5, "se": 0.1, "df": 0})
