"""Networks small enough to work by hand, every refusal, shapes that break other programs, and invariances."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resurvey.compare import (
    bucher,
    compare,
    contributions,
    decompose_q,
    funnel,
    league,
    net_heat,
    network,
    node_split,
    pool,
    prediction_intervals,
    rank_probabilities,
)
from resurvey.errors import InconsistentReport, InputError, NotEstimable

COLUMNS = ["study", "treatment", "comparator", "estimate", "se"]


def contrasts(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def multi_arm(study, means, variances):
    """All pairs of a study from arm means and arm variances."""
    names = sorted(means)
    return [
        (study, a, b, means[a] - means[b], math.sqrt(variances[a] + variances[b]))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]


STAR = contrasts(("s1", "A", "P", -0.5, 0.3), ("s2", "B", "P", -0.1, 0.4), ("s3", "C", "P", 0.2, 0.2))
LOOP = contrasts(("s1", "A", "B", 0.3, 0.1), ("s2", "B", "C", 0.2, 0.1), ("s3", "A", "C", 0.9, 0.1))
TWO_PIECES = contrasts(
    ("s1", "A", "B", 0.3, 0.1), ("s2", "B", "C", 0.2, 0.1), ("s3", "X", "Y", 0.9, 0.1), ("s4", "X", "Y", 0.5, 0.1)
)


class TestEstimates:
    def test_star_is_bucher(self):
        row = compare(network(STAR), "A", "B")
        wanted = bucher((-0.5, 0.3), (-0.1, 0.4))
        for name in ("estimate", "se", "lower", "upper", "p"):
            assert row[name] == pytest.approx(getattr(wanted, name))

    def test_two_treatments_are_a_pairwise_pool(self):
        table = contrasts(("s1", "A", "P", -0.5, 0.3), ("s2", "P", "A", 0.1, 0.4), ("s3", "A", "P", 0.6, 0.2))
        result = network(table)
        wanted = pool([(-0.5, 0.3), (-0.1, 0.4), (0.6, 0.2)], interval_method="normal")
        assert compare(result, "A", "P", "common")["estimate"] == pytest.approx(wanted.common.estimate)
        assert compare(result, "A", "P")["se"] == pytest.approx(wanted.random.se)
        assert result.tau2 == pytest.approx(wanted.tau2)
        assert result.q == pytest.approx(wanted.q)

    def test_loop_by_hand(self):
        # Equal errors: an estimate is 2/3 direct and 1/3 the other way round; the loop is off by 0.4.
        result = network(LOOP, method="DL")
        assert compare(result, "A", "B", "common")["estimate"] == pytest.approx(2 / 3 * 0.3 + 1 / 3 * 0.7)
        assert compare(result, "A", "C", "common")["estimate"] == pytest.approx(2 / 3 * 0.9 + 1 / 3 * 0.5)
        assert compare(result, "A", "B", "common")["se"] == pytest.approx(math.sqrt(0.01 * 0.02 / 0.03))
        assert result.q == pytest.approx(0.4**2 / 0.03)
        # E(Q) = 1 + tau2 / (3 x 0.01) x 3, so tau2 = (Q - 1) / 100.
        assert result.tau2 == pytest.approx((result.q - 1) / 100)
        assert result.df == 1

    def test_three_arm_study_alone_returns_its_own_contrasts(self):
        table = contrasts(*multi_arm("s1", {"A": 0.0, "B": 0.3, "C": -0.2}, {"A": 0.02, "B": 0.05, "C": 0.01}))
        result = network(table)
        for row in table.itertuples():
            ours = compare(result, row.treatment, row.comparator)
            assert (ours["estimate"], ours["se"]) == (pytest.approx(row.estimate), pytest.approx(row.se))
        assert result.q == pytest.approx(0, abs=1e-12)
        assert result.tau2 == 0

    def test_multi_arm_correlation_by_generalised_least_squares(self):
        rows = multi_arm("s1", {"A": 0.0, "B": 0.3, "C": -0.2}, {"A": 0.02, "B": 0.05, "C": 0.01})
        rows += [("s2", "A", "B", 0.1, 0.2), ("s3", "B", "C", 0.9, 0.3)]
        result = network(contrasts(*rows), method="DL")
        # Basic contrasts B-A and C-A of s1 share arm A: covariance 0.02; parameters B-A, C-A.
        y = np.array([0.3, -0.2, -0.1, 0.9])
        v = np.diag([0.07, 0.03, 0.04, 0.09])
        v[0, 1] = v[1, 0] = 0.02
        x = np.array([[1, 0], [0, 1], [1, 0], [1, -1]])
        w = np.linalg.inv(v)
        covariance = np.linalg.inv(x.T @ w @ x)
        beta = covariance @ x.T @ w @ y
        assert compare(result, "B", "A", "common")["estimate"] == pytest.approx(beta[0])
        assert compare(result, "C", "A", "common")["se"] == pytest.approx(math.sqrt(covariance[1, 1]))
        assert result.q == pytest.approx((y - x @ beta) @ w @ (y - x @ beta))

    def test_effects_table(self):
        table = network(STAR).effects
        assert list(table) == ["model", "treatment", "comparator", "estimate", "se", "lower", "upper", "p"]
        assert len(table) == 2 * 12
        assert not table.isna().any().any()

    def test_prediction_without_degrees_of_freedom_is_unbounded(self):
        table = prediction_intervals(network(STAR))
        assert np.isneginf(table["lower"]).all() and np.isposinf(table["upper"]).all()


class TestRanking:
    def test_p_score_of_two_treatments_is_one_sided_certainty(self):
        ranking = network(contrasts(("s1", "A", "P", -0.5, 0.25))).ranking.set_index(["model", "treatment"])["p_score"]
        assert ranking["common", "A"] == pytest.approx(0.9772498680518208)
        assert ranking["common", "P"] == pytest.approx(1 - 0.9772498680518208)

    def test_small_values_turn_the_order(self):
        good = network(STAR).ranking.query("model == 'common'").set_index("treatment")["p_score"]
        bad = (
            network(STAR, small_values="undesirable")
            .ranking.query("model == 'common'")
            .set_index("treatment")["p_score"]
        )
        assert good.sort_index().to_numpy() == pytest.approx(1 - bad.sort_index().to_numpy())
        assert good.index[0] == "A"

    def test_rank_probabilities(self):
        result = network(STAR)
        table = rank_probabilities(result, draws=4000)
        pd.testing.assert_frame_equal(table, rank_probabilities(result, draws=4000))
        sums = table.groupby(["model", "treatment"])["probability"].sum()
        assert sums.to_numpy() == pytest.approx(1)
        # The mean rank of the draws gives SUCRA, which the P-score gives exactly.
        mean = table.assign(m=table["rank"] * table["probability"]).groupby(["model", "treatment"])["m"].sum()
        exact = table.groupby(["model", "treatment"])["sucra"].first()
        assert ((4 - mean) / 3).to_numpy() == pytest.approx(exact.to_numpy(), abs=0.03)
        assert table["mc_se"].max() < 0.5 / math.sqrt(4000) + 1e-9

    def test_too_few_draws(self):
        with pytest.raises(InputError, match="from 100 to"):
            rank_probabilities(network(STAR), draws=10)

    def test_league_reads_the_same_way_everywhere(self):
        result = network(STAR)
        table = league(result, "common")
        assert table.loc["A", "P"] == "0.61 (0.34 to 1.09)"
        assert table.loc["P", "A"] == "1.65 (0.92 to 2.97)"
        assert table.loc["A", "A"] == "A"
        assert "ROW against the treatment of its COLUMN" in table.attrs["orientation"]
        assert "below 1 (log ratio below 0) favours the ROW" in result.orientation
        assert "above 1" in network(STAR, small_values="undesirable").orientation
        assert league(result, ratio=False).loc["C", "P"] == "0.20 (-0.19 to 0.59)"


class TestConsistency:
    def test_decomposition_of_a_loop(self):
        result = network(LOOP)
        parts = decompose_q(result).set_index("source")
        assert parts.loc["between designs", "q"] == pytest.approx(result.q)
        assert parts.loc["between designs", "df"] == 1
        assert parts.loc["within designs", ["q", "df"]].tolist() == [pytest.approx(0), 0]
        assert parts.loc["within designs", "p"] == 1

    def test_decomposition_lists_designs_with_several_studies(self):
        rows = [*LOOP.itertuples(index=False), ("s4", "A", "B", 0.1, 0.2)]
        parts = decompose_q(network(contrasts(*rows)))
        design = parts[parts["source"] == "design"]
        assert design["design"].tolist() == ["A : B"]
        assert design["q"].tolist() == [pytest.approx(0.2**2 / 0.05)]

    def test_node_split_of_a_loop(self):
        row = node_split(network(LOOP), "common").set_index(["treatment", "comparator"]).loc[("A", "B")]
        assert row["direct"] == pytest.approx(0.3)
        assert row["indirect"] == pytest.approx(0.7)
        assert row["indirect_se"] == pytest.approx(math.sqrt(0.02))
        assert row["difference_se"] == pytest.approx(math.sqrt(0.03))
        assert row["proportion_direct"] == pytest.approx(2 / 3)

    def test_node_split_says_what_is_missing(self):
        notes = node_split(network(STAR)).set_index(["treatment", "comparator"])["note"]
        assert notes["A", "B"] == "no study compares them directly"
        assert notes["A", "P"] == "direct evidence only: no other path"

    def test_net_heat_of_a_loop(self):
        # Any one design set apart lets the two others fit exactly.
        table = net_heat(network(LOOP))
        assert len(table) == 9
        assert table["q"].sum() / 3 == pytest.approx(0.4**2 / 0.03)
        assert table["q_detached"].to_numpy() == pytest.approx(0, abs=1e-12)
        assert table["change"].to_numpy() == pytest.approx(table["q"].to_numpy())

    def test_net_heat_with_random_effects_names_both_variances(self):
        # One study a design: nothing is left within designs, and the network calls all inconsistency heterogeneity.
        result = network(LOOP)
        table = net_heat(result, "random")
        assert table.groupby("tau2_of")["tau2"].first().to_dict() == {
            "network": pytest.approx(result.tau2),
            "within designs": 0.0,
        }
        left = table[table["tau2_of"] == "within designs"].reset_index(drop=True)
        common = net_heat(result)
        assert left["change"].to_numpy() == pytest.approx(common["change"].to_numpy())
        assert set(common["tau2_of"]) == {"none"}

    def test_contributions_of_a_loop(self):
        # A : B is two thirds direct; the third that goes round by C is shared by the two comparisons on that path.
        row = contributions(network(LOOP), "common").set_index(["treatment", "comparator"]).loc[("A", "B")]
        assert row["A : B"] == pytest.approx(2 / 3)
        assert row["A : C"] == pytest.approx(1 / 6)
        assert row["B : C"] == pytest.approx(1 / 6)

    def test_contributions_sum_to_one(self):
        rows = multi_arm("m", {"A": 0.0, "B": 0.3, "D": -0.2}, {"A": 0.02, "B": 0.05, "D": 0.01})
        result = network(contrasts(*LOOP.itertuples(index=False), *rows))
        shares = contributions(result).iloc[:, 2:]
        assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
        assert shares.to_numpy().min() >= 0

    def test_funnel_turns_contrasts_into_the_order(self):
        rows = [*LOOP.itertuples(index=False), ("s4", "B", "A", 0.1, 0.2)]
        table = funnel(network(contrasts(*rows)), ["A", "B", "C"], "common")
        pair = table[(table["treatment"] == "A") & (table["comparator"] == "B")].set_index("study")
        assert pair.loc["s4", "estimate"] == -0.1
        centre = (0.3 / 0.01 - 0.1 / 0.04) / 125
        assert pair["centre"].tolist() == [pytest.approx(centre)] * 2
        assert pair.loc["s1", "adjusted"] == pytest.approx(0.3 - centre)
        assert 0 <= table.attrs["egger_p"] <= 1

    def test_funnel_needs_an_order(self):
        with pytest.raises(InputError, match="order lacks C"):
            funnel(network(LOOP), ["A", "B"])

    def test_unknown_model(self):
        for table in (node_split, net_heat, contributions, league):
            with pytest.raises(InputError, match="model must be common or random"):
                table(network(LOOP), "fixed")


class TestStandardErrorsOfAMultiArmStudy:
    @staticmethod
    def study(*errors):
        pairs = [("a", "b", 0.1), ("a", "c", 0.2), ("b", "c", 0.1)]
        return pd.DataFrame([("x", *pair, se) for pair, se in zip(pairs, errors, strict=True)], columns=COLUMNS)

    def test_that_imply_a_negative_variance_are_refused_by_name(self):
        with pytest.raises(InconsistentReport, match=r"study 'x'.*below 0 for a \(se 0.1, 0.1, 0.1999 against b"):
            network(self.study(0.10, 0.10, 0.1999))

    def test_whatever_the_arm(self):
        with pytest.raises(InconsistentReport, match="below 0 for c"):
            network(self.study(0.18, 0.1, 0.1))

    def test_within_what_rounding_does_they_pass(self):
        assert len(network(self.study(0.10, 0.10, 0.1425)).effects) == 12


class TestShapes:
    def test_star_says_that_consistency_cannot_be_assessed(self):
        result = network(STAR)
        assert any("star or tree" in m for m in result.messages)
        assert any("tau2 cannot be estimated" in m for m in result.messages)
        heat = net_heat(result)
        assert heat.empty and "cannot be assessed" in heat.attrs["message"]
        parts = decompose_q(result).set_index("source")
        assert parts.loc["between designs", ["q", "df", "p"]].tolist() == [0, 0, 1]
        assert result.i2 == 0

    def test_loop_has_no_such_message(self):
        assert network(LOOP).messages == ()

    def test_pieces_are_named_and_analysed_alone(self):
        result = network(TWO_PIECES, method="DL")
        (message,) = [m for m in result.messages if "pieces" in m]
        assert "2 pieces" in message and "(1) A, B, C; (2) X, Y" in message
        alone = network(TWO_PIECES.iloc[2:], method="DL")
        assert compare(result, "X", "Y")["se"] == pytest.approx(compare(alone, "X", "Y")["se"])
        assert result.heterogeneity["tau2"].tolist() == [0, pytest.approx(alone.tau2)]
        assert result.q == pytest.approx(alone.q)
        assert len(result.effects) == 2 * (6 + 2)
        assert result.ranking["piece"].tolist() == [1, 1, 1, 2, 2] * 2
        assert league(result).loc["A", "X"] == "not linked"
        shares = contributions(result)
        assert shares.iloc[:, 2:].sum(axis=1).to_numpy() == pytest.approx(1)
        assert len(rank_probabilities(result, draws=100)) == 2 * (9 + 4)
        assert len(funnel(result, ["A", "B", "C", "X", "Y"])) == 4
        with pytest.raises(NotEstimable, match="no chain of studies links 'A' and 'X'"):
            compare(result, "A", "X")

    def test_blanks_around_names_do_not_make_another_treatment(self):
        result = network(contrasts(("s1", "A ", "B", 0.3, 0.1), (" s2", "A", " B", 0.2, 0.1)))
        assert result.pieces[0][0].evidence.treatments == ("A", "B")

    def test_one_study(self):
        result = network(contrasts(("s1", "A", "B", 0.3, 0.1)))
        assert compare(result, "B", "A")["estimate"] == pytest.approx(-0.3)
        assert result.tau2 == 0

    def test_compare_refuses_the_unknown(self):
        result = network(STAR)
        with pytest.raises(InputError, match="'Z' is not in the network; it has A, B, C, P"):
            compare(result, "Z", "A")
        with pytest.raises(InputError, match="compared with itself"):
            compare(result, "A", "A")
        with pytest.raises(InputError, match="model must be common or random"):
            compare(result, "A", "B", "fixed")


class TestRefusals:
    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("s1", "A", "B", 0.3, -0.1)], r"row 0 \(study 's1'\): se must be a number above 0"),
            ([("s1", "A", "B", 0.3, 0.0)], "se must be a number above 0"),
            ([("s1", "A", "B", 0.3, math.nan)], "a ratio needs its interval"),
            ([("s1", "A", "B", "NR", 0.1)], "estimate must be a finite log ratio, found NR"),
            ([("s1", "A", "", 0.3, 0.1)], "row 0: comparator is empty"),
            ([(None, "A", "B", 0.3, 0.1)], "row 0: study is empty"),
            ([("s1", "A", "A", 0.3, 0.1)], "study 's1' compares 'A' with itself"),
            ([("s1", "A", "B", 0.3, 0.1), ("s1", "B", "A", -0.3, 0.1)], "the pair B - A more than once"),
            (
                [("s1", "A", "B", 0.3, 0.1), ("s1", "A", "C", 0.3, 0.1)],
                "has 3 arms and needs a row for every pair; it lacks B - C",
            ),
        ],
    )
    def test_rows(self, rows, message):
        with pytest.raises(InputError, match=message):
            network(contrasts(*rows))

    def test_all_faults_are_told_at_once(self):
        with pytest.raises(InputError) as error:
            network(contrasts(("s1", "A", "B", 0.3, -0.1), ("s2", "A", "B", math.nan, 0.1)))
        assert "study 's1'" in str(error.value) and "study 's2'" in str(error.value)

    def test_tables(self):
        with pytest.raises(InputError, match="lacks se; it needs study"):
            network(STAR.drop(columns="se"))
        with pytest.raises(InputError, match="is empty"):
            network(STAR.iloc[:0])
        with pytest.raises(InputError, match="must be a DataFrame"):
            network([1, 2])

    def test_options(self):
        with pytest.raises(InputError, match="method must be DL, REML or ML"):
            network(STAR, method="PM")
        with pytest.raises(InputError, match="small_values must be"):
            network(STAR, small_values="good")
        with pytest.raises(InputError, match=r"0\.95, not 95"):
            network(STAR, level=95)

    def test_estimates_of_a_study_that_contradict_each_other(self):
        rows = [("s1", "A", "B", 0.5, 0.1), ("s1", "B", "C", 0.3, 0.1), ("s1", "A", "C", -0.8, 0.1)]
        with pytest.raises(InconsistentReport, match=r"'s1': its estimates contradict each other.*A - B - C.*1\.6"):
            network(contrasts(*rows))

    def test_rounding_is_accepted_and_told(self):
        rows = [("s1", "A", "B", 0.5, 0.1), ("s1", "B", "C", 0.3, 0.1), ("s1", "A", "C", 0.81, 0.1)]
        result = network(contrasts(*rows))
        assert "fail to add up by 0.01" in result.messages[0]

    def test_standard_errors_that_cannot_belong_together(self):
        rows = [("s1", "A", "B", 0.5, 0.1), ("s1", "B", "C", 0.3, 0.1), ("s1", "A", "C", 0.8, 0.5)]
        with pytest.raises(InconsistentReport, match="cannot belong to one set of arms"):
            network(contrasts(*rows))


@st.composite
def networks(draw):
    """A connected network with a chain, extra studies and one three-arm study."""
    n = draw(st.integers(3, 6))
    names = [f"t{i}" for i in range(n)]
    number = st.floats(-1, 1).map(lambda v: round(v, 3))
    error = st.floats(0.05, 1).map(lambda v: round(v, 3))
    rows = [(f"c{i}", names[i], names[i + 1], draw(number), draw(error)) for i in range(n - 1)]
    for k in range(draw(st.integers(0, 5))):
        a, b = draw(st.permutations(names))[:2]
        rows.append((f"e{k}", a, b, draw(number), draw(error)))
    trio = draw(st.permutations(names))[:3]
    rows += multi_arm("m", {t: draw(number) for t in trio}, {t: draw(error) ** 2 for t in trio})
    return contrasts(*rows)


class TestInvariances:
    @given(networks(), st.randoms())
    @settings(max_examples=20, deadline=None)
    def test_order_and_direction_of_rows_do_not_matter(self, table, random):
        turned = table.copy()
        for i in range(len(turned)):
            if random.random() < 0.5:
                row = turned.loc[i]
                turned.loc[i] = [row["study"], row["comparator"], row["treatment"], -row["estimate"], row["se"]]
        turned = turned.sample(frac=1, random_state=1).reset_index(drop=True)
        one, other = network(table), network(turned)
        assert other.effects["estimate"].to_numpy() == pytest.approx(one.effects["estimate"].to_numpy(), abs=1e-7)
        assert other.tau2 == pytest.approx(one.tau2, abs=1e-7)

    @given(networks())
    @settings(max_examples=20, deadline=None)
    def test_effects_add_up_and_q_splits(self, table):
        result = network(table, method="DL")
        fit = result.pieces[0][1]
        assert np.allclose(fit.effects, -fit.effects.T)
        assert np.allclose(fit.effects[:, [0]] + fit.effects[[0], :], fit.effects)
        parts = decompose_q(result).set_index("source")["q"]
        assert parts["within designs"] + parts["between designs"] == pytest.approx(parts["total"], abs=1e-8)
        assert result.ranking.groupby("model")["p_score"].mean().to_numpy() == pytest.approx(0.5)

    @given(networks())
    @settings(max_examples=15, deadline=None)
    def test_every_output_exists(self, table):
        result = network(table)
        assert contributions(result).iloc[:, 2:].sum(axis=1).to_numpy() == pytest.approx(1)
        heat = net_heat(result, "random")
        assert not heat.isna().any().any()
        split = node_split(result)
        assert ((split["p"].isna()) == (split["note"] != "")).all()


@pytest.mark.parametrize("method", ["REML", "DL"])
def test_a_network_without_a_study_is_the_network_of_the_others(method):
    from resurvey.compare.network import effects_without

    generator = np.random.default_rng(3)
    rows = []
    for number in range(12):
        first, second = generator.choice(5, 2, replace=False)
        rows.append((f"s{number}", f"t{first}", f"t{second}", generator.normal(0, 0.3), generator.uniform(0.1, 0.3)))
    arms = {"t0": 0.0, "t1": -0.2, "t4": 0.1}, {"t0": 0.01, "t1": 0.02, "t4": 0.03}
    table = contrasts(*rows, *multi_arm("three", *arms))
    whole = network(table, method=method)
    for study in ("s0", "s5", "three"):
        left = network(table[table["study"] != study].reset_index(drop=True), method=method)
        pd.testing.assert_frame_equal(effects_without(whole, study), left.effects, rtol=1e-9, atol=1e-12)


def test_a_network_that_a_study_holds_together_is_another_without_it():
    from resurvey.compare.network import effects_without

    chain = contrasts(("one", "a", "b", 0.1, 0.2), ("two", "b", "c", 0.1, 0.2), ("three", "b", "c", 0.2, 0.2))
    assert effects_without(network(chain), "one") is None
    assert effects_without(network(chain), "two") is not None
