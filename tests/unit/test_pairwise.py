"""Two arms of rebuilt patients, and pooling over replicates."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.compare.bucher import bucher
from resurvey.compare.pairwise import pairwise
from resurvey.compare.rubin import rubin, rubin_limits, rubin_survival
from resurvey.errors import InputError, NotEstimable
from resurvey.survival import (
    compare_landmarks,
    compare_quantiles,
    compare_restricted_means,
    cox,
    logrank,
    maxcombo,
    piecewise_ratios,
    proportionality,
)


def ensemble(seed, *, scale, replicates=6, n=40, digits=1):
    """Replicates that share most of their patients, as rebuilt arms do."""
    rng = np.random.default_rng(seed)
    common = rng.exponential(scale, n)
    time = np.where(rng.uniform(size=(replicates, n)) < 0.8, common, rng.exponential(scale, (replicates, n)))
    censor = rng.uniform(4, 30, (replicates, n))
    return pd.DataFrame(
        {
            "replicate": np.repeat(np.arange(replicates), n),
            "time": np.minimum(time, censor).round(digits).ravel() + 0.1,
            "event": (time <= censor).astype(int).ravel(),
        }
    )


A, B = ensemble(1, scale=14), ensemble(2, scale=9)


def replicate(index):
    """One replicate of both arms as vectors."""
    both = pd.concat([A[A["replicate"] == index], B[B["replicate"] == index]])
    return both["time"].to_numpy(), both["event"].to_numpy(), np.repeat([1, 0], 40)


@pytest.fixture(scope="module")
def result():
    return pairwise(A, B, landmarks=[6], cuts=[5], horizon=10)


def test_rubin_by_hand():
    # m = 3, W = 0.5, B = 1: T = 0.5 + 4/3; share = (4/3) / T; df = 2 / share^2
    pooled = rubin([1, 2, 3], [0.4, 0.5, 0.6])
    total, share = 0.5 + 4 / 3, (4 / 3) / (0.5 + 4 / 3)
    assert pooled.estimate == 2
    assert pooled.se**2 == pytest.approx(total)
    assert (pooled.within, pooled.between) == (pytest.approx(0.5), pytest.approx(1))
    assert pooled.df == pytest.approx(2 / share**2)
    r = (4 / 3) / 0.5
    assert pooled.missing_information == pytest.approx((r + 2 / (pooled.df + 3)) / (r + 1))
    # Barnard and Rubin: 1 / (1/df + 1/observed), observed = (101/103) 100 (1 - share)
    with_df = rubin([1, 2, 3], [0.4, 0.5, 0.6], complete_df=100)
    observed = 101 / 103 * 100 * (1 - share)
    assert with_df.df == pytest.approx(1 / (share**2 / 2 + 1 / observed))


def test_one_replicate_or_equal_ones_leave_the_normal_interval():
    for estimates in ([0.7], [0.7] * 5):
        pooled = rubin(estimates, [0.04] * len(estimates), complete_df=20)
        assert (pooled.between, pooled.missing_information, pooled.df) == (0, 0, math.inf)
        assert pooled.upper == pytest.approx(0.7 + 1.959964 * 0.2, rel=1e-6)
        assert pooled.p == pytest.approx(math.erfc(3.5 / math.sqrt(2)))


def test_sides_are_pooled_apart():
    z = 1.959963984540054
    pooled = rubin_limits([3.0, 3.0], [3 - z, 3 - z], [3 + 2 * z, 3 + 2 * z])
    assert (pooled.lower, pooled.upper) == pytest.approx((3 - z, 3 + 2 * z))
    assert pooled.se == pytest.approx(1)  # the side towards 0
    below = rubin_limits([-3.0, -3.0], [-3 - z] * 2, [-3 + 2 * z] * 2)
    assert below.se == pytest.approx(2)
    open_ = rubin_limits([3.0, 3.0, 3.0], [2, 2, 2], [math.inf, math.inf, 5])
    assert open_.upper == math.inf
    few = rubin_limits([3.0, 3.0, 3.0], [2, 2, 2], [4, 4, math.inf])
    assert few.upper == pytest.approx(4)


def test_survival_is_pooled_on_the_log_log_scale():
    # two replicates: S 0.8 and 0.6, both with se 0.3 of log(-log S)
    z, survival = 1.959963984540054, np.array([0.8, 0.6])
    eta = np.log(-np.log(survival))
    pooled = rubin_survival(survival, np.exp(-np.exp(eta + z * 0.3)), np.exp(-np.exp(eta - z * 0.3)))
    total = rubin(eta, [0.09, 0.09])
    assert pooled.estimate == pytest.approx(0.7)
    assert math.log(-math.log(pooled.lower)) == pytest.approx(math.log(-math.log(0.7)) + total.upper - total.estimate)
    assert 0 < pooled.lower < 0.7 < pooled.upper < 1
    # a replicate without events leaves the scale: the sides are pooled and cut
    cut = rubin_survival([1.0, 0.9], [1.0, 0.5], [1.0, 0.99])
    assert (cut.lower >= 0, cut.upper) == (True, 1.0)


def test_rubin_refuses():
    with pytest.raises(InputError, match="vectors of the same length"):
        rubin([1, 2], [1])
    with pytest.raises(InputError, match="replicate 1 has estimate nan"):
        rubin([1, math.nan], [1, 1])
    with pytest.raises(InputError, match=r"replicate 0 has estimate 1\.0 and variance -1\.0"):
        rubin([1], [-1])
    with pytest.raises(NotEstimable, match="total variance is 0"):
        rubin([1, 1], [0, 0])
    with pytest.raises(NotEstimable, match="open on both sides"):
        rubin_limits([1.0], [-math.inf], [math.inf])
    with pytest.raises(InputError, match=r"0\.95, not 95"):
        rubin([1], [1], level=95)


def test_every_measure_is_the_mean_over_replicates(result):
    data = [replicate(i) for i in range(6)]
    log_hr = [cox(*rows).log_hr for rows in data]
    assert result.log_hazard_ratio.estimate == pytest.approx(np.mean(log_hr))
    assert result.log_hazard_ratio.between == pytest.approx(np.var(log_hr, ddof=1))
    assert result.log_hazard_ratio.within == pytest.approx(np.mean([cox(*rows).se ** 2 for rows in data]))
    expected = {
        ("Cox (Efron)", "hazard ratio"): math.exp(np.mean(log_hr)),
        ("log-rank", "z"): np.mean([logrank(*rows).z for rows in data]),
        ("Fleming-Harrington (0, 1)", "z"): np.mean([logrank(*rows, weight=(0.0, 1.0)).z for rows in data]),
        ("restricted mean", "difference"): np.mean([compare_restricted_means(*rows, 10).difference for rows in data]),
        ("restricted mean", "ratio"): math.exp(
            np.mean([math.log(compare_restricted_means(*rows, 10).ratio) for rows in data])
        ),
        ("median", "difference"): np.mean([compare_quantiles(*rows).difference for rows in data]),
        ("survival at 6", "difference"): np.mean([compare_landmarks(*rows, 6).difference for rows in data]),
        ("Cox (Efron), from 0 to 5", "hazard ratio"): math.exp(
            np.mean([piecewise_ratios(*rows, [5])["log_hr"].iloc[0] for rows in data])
        ),
        ("Cox (Efron), from 5 on", "hazard ratio"): math.exp(
            np.mean([piecewise_ratios(*rows, [5])["log_hr"].iloc[1] for rows in data])
        ),
        ("MaxCombo", "greatest |z|"): np.mean([abs(maxcombo(*rows).z) for rows in data]),
    }
    for (method, measure), value in expected.items():
        assert result.row(method, measure)["estimate"] == pytest.approx(value, rel=1e-9), method
    tests = [proportionality(*rows) for rows in data]
    deviates = [math.copysign(math.sqrt(test.chi_square), test.slope) for test in tests]
    row = result.row("proportional hazards (Grambsch-Therneau)", "z")
    assert row["estimate"] == pytest.approx(np.mean(deviates))


def test_intervals_hold_the_estimate_and_are_wider_than_within(result):
    rows = result.rows.dropna(subset=["lower", "upper"])
    assert (rows["lower"] < rows["estimate"]).all()
    assert (rows["estimate"] < rows["upper"]).all()
    pooled = result.log_hazard_ratio
    assert pooled.se**2 == pytest.approx(pooled.within + 7 / 6 * pooled.between)
    assert 0 < pooled.missing_information < 1


def test_spread_of_p(result):
    spread = result.ensemble.set_index(["method", "measure"])
    p = [logrank(*replicate(i)).p for i in range(6)]
    row = spread.loc[("log-rank", "p")]
    assert (row["mean"], row["q50"]) == pytest.approx((np.mean(p), np.median(p)))
    assert row["q025"] <= row["q25"] <= row["q50"] <= row["q975"]


def test_swapping_the_arms(result):
    swapped = pairwise(B, A, landmarks=[6], cuts=[5], horizon=10)
    assert swapped.log_hazard_ratio.estimate == pytest.approx(-result.log_hazard_ratio.estimate)
    for method in ("restricted mean", "median", "survival at 6"):
        one, other = result.row(method, "difference"), swapped.row(method, "difference")
        assert other["estimate"] == pytest.approx(-one["estimate"])
        assert (other["lower"], other["upper"]) == pytest.approx((-one["upper"], -one["lower"]))
        assert other["p"] == pytest.approx(one["p"])


def test_orientation_is_said_in_words():
    result = pairwise(A, B, labels=("pyrotinib", "lapatinib"))
    assert "a hazard ratio below 1 is a lower hazard with pyrotinib" in result.orientation
    assert result.orientation.startswith("pyrotinib (first) against lapatinib (second)")


def test_result_goes_into_an_indirect_comparison(result):
    estimate = bucher(result.log_hazard_ratio, (0.1, 0.2))
    assert estimate.estimate == pytest.approx(result.log_hazard_ratio.estimate - 0.1)


def test_one_replicate_is_the_plain_analysis():
    one = pairwise(A[A["replicate"] == 0], B[B["replicate"] == 0], horizon=10)
    fit = cox(*replicate(0))
    row = one.row("Cox (Efron)", "hazard ratio")
    assert (row["estimate"], row["lower"], row["upper"], row["p"]) == pytest.approx(
        (fit.hr, fit.lower, fit.upper, fit.p)
    )
    assert one.row("log-rank", "z")["p"] == pytest.approx(logrank(*replicate(0)).p)
    median, contrast = one.row("median", "difference"), compare_quantiles(*replicate(0))
    assert (median["lower"], median["upper"], median["p"]) == pytest.approx(
        (contrast.lower, contrast.upper, contrast.p)
    )
    assert one.row("MaxCombo", "greatest |z|")["p"] == pytest.approx(maxcombo(*replicate(0)).p, rel=0.03)
    assert one.log_hazard_ratio.between == 0
    assert "uncertainty of the rebuilding is not in these intervals" in one.notes[0]


def test_one_replicate_beside_many():
    result = pairwise(A[A["replicate"] == 0].drop(columns="replicate"), B, labels=("curve", "summary"))
    assert result.replicates == 6
    assert result.notes == ["curve has one replicate, set beside each of the 6 of the other arm"]


def test_the_fewer_replicates_stand_beside_the_more_again():
    result = pairwise(A[A["replicate"] < 4], B, labels=("fewer", "more"))
    assert result.replicates == 6
    assert result.notes == ["fewer has 4 replicates, set beside the 6 of the other arm, some more than once"]
    again = pd.concat(
        [A[A["replicate"] < 4], A[A["replicate"] < 2].assign(replicate=lambda rows: rows["replicate"] + 4)]
    )
    expected = pairwise(again, B).log_hazard_ratio
    assert result.log_hazard_ratio == expected


def test_replicates_of_unequal_size():
    shorter = A.drop(index=A.index[A["replicate"] == 3][:10])
    result = pairwise(shorter, B, horizon=8)
    both = pd.concat([shorter[shorter["replicate"] == 3], B[B["replicate"] == 3]])
    alone = cox(both["time"], both["event"], np.repeat([1, 0], [30, 40]))
    others = [cox(*replicate(i)).log_hr for i in (0, 1, 2, 4, 5)]
    assert result.log_hazard_ratio.estimate == pytest.approx(np.mean([alone.log_hr, *others]))
    mean = result.row("restricted mean", "first arm")["estimate"]
    assert 0 < mean < 8


def test_horizon_is_cut_with_a_note():
    result = pairwise(A, B, horizon=100)
    # a replicate whose last patient dies is determined beyond its last time
    last = pd.concat([A, B.assign(replicate=B["replicate"] + 6)]).sort_values(
        ["time", "event"], ascending=[True, False]
    )
    last = last.groupby("replicate").tail(1)
    longest = last[last["event"] == 0]["time"].min()
    assert result.horizon == longest
    assert "horizon 100 is beyond what the follow-up determines" in result.notes[0]
    assert "cut to" in result.row("restricted mean", "difference")["note"]
    assert pairwise(A, B).horizon == longest
    with pytest.raises(InputError, match="horizon must be a time greater than 0"):
        pairwise(A, B, horizon=-1)


def test_landmark_beyond_the_follow_up_has_a_row_with_the_reason():
    row = pairwise(A, B, landmarks=[500]).row("survival at 500", "difference")
    assert math.isnan(row["estimate"])
    assert row["note"] == "landmark 500 is beyond the follow-up in 6 of 6 replicates"


def test_replicates_that_end_before_the_landmark_are_left_out():
    short = A.assign(time=np.where(A["replicate"] == 0, np.minimum(A["time"], 5), A["time"]))
    short = short.assign(event=np.where((A["replicate"] == 0) & (A["time"] >= 5), 0, A["event"]))
    row = pairwise(short, B, landmarks=[6]).row("survival at 6", "difference")
    assert row["note"].startswith("1 of 6 replicates left out")
    kept = [compare_landmarks(*replicate(i), 6).difference for i in range(1, 6)]
    assert row["estimate"] == pytest.approx(np.mean(kept))


def test_arm_without_events():
    result = pairwise(A.assign(event=0), B, landmarks=[6])
    assert result.log_hazard_ratio is None
    row = result.row("Cox (Efron)", "hazard ratio")
    assert math.isnan(row["estimate"])
    assert "no finite hazard ratio in 6 of 6 replicates: the first arm has no event" in row["note"]
    assert "not reached in 6 of 6 replicates" in result.row("median", "difference")["note"]
    assert result.row("log-rank", "z")["estimate"] < 0
    assert result.row("survival at 6", "first arm")["note"] != ""


def test_no_events_at_all():
    result = pairwise(A.assign(event=0), B.assign(event=0), landmarks=[6])
    assert result.rows["estimate"].isna().all()
    assert (result.rows["note"] != "").all()


def test_one_replicate_without_events_is_left_out():
    broken = A.assign(event=np.where(A["replicate"] == 2, 0, A["event"]))
    result = pairwise(broken, B)
    assert result.row("Cox (Efron)", "hazard ratio")["note"].startswith("1 of 6 replicates left out")
    kept = [cox(*replicate(i)).log_hr for i in (0, 1, 3, 4, 5)]
    assert result.log_hazard_ratio.estimate == pytest.approx(np.mean(kept))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (A.iloc[:0], "first arm has no patients"),
        (A.drop(columns="event"), r"first arm lacks the columns \['event'\]"),
        (A.assign(event=2), "first arm: event must be 0 or 1, found 2"),
        (A.assign(time=-1.0), "first arm: time must not be negative, found -1"),
        (A.assign(time="soon"), "first arm, row 0: time must be a finite number, found 'soon'"),
        (A.assign(replicate=None), "240 rows have no replicate number"),
        ([1, 2], "first arm must be a DataFrame"),
    ],
)
def test_no_patients(table, message):
    with pytest.raises(InputError, match=message):
        pairwise(table, B)


def test_other_refusals(result):
    with pytest.raises(InputError, match=r"0\.95, not 95"):
        pairwise(A, B, level=95)
    with pytest.raises(InputError, match="cuts must be finite times"):
        pairwise(A, B, cuts=[5, 3])
    with pytest.raises(InputError, match="0 rows for 'Cox' / 'hazard ratio'; there are: "):
        result.row("Cox", "hazard ratio")


def test_same_input_same_numbers(result):
    again = pairwise(A.sample(frac=1, random_state=1), B, landmarks=[6], cuts=[5], horizon=10)
    pd.testing.assert_frame_equal(again.rows, result.rows, check_exact=True)
    pd.testing.assert_frame_equal(again.ensemble, result.ensemble, check_exact=True)


small = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1)), min_size=1, max_size=7)


@settings(max_examples=40, deadline=None)
@given(st.lists(small, min_size=3, max_size=3), st.lists(small, min_size=3, max_size=3))
def test_small_arms_give_numbers_or_reasons(first, second):
    def table(replicates):
        rows = [(i, *row) for i, replicate in enumerate(replicates) for row in replicate]
        return pd.DataFrame(rows, columns=["replicate", "time", "event"])

    result = pairwise(table(first), table(second), landmarks=[3], cuts=[2])
    for _, row in result.rows.iterrows():
        assert math.isfinite(row["estimate"]) or row["note"], row["method"]
        assert math.isnan(row["p"]) or 0 <= row["p"] <= 1
    assert np.isfinite(result.ensemble[["mean", "sd", "q50"]].to_numpy(dtype=float)).all()
