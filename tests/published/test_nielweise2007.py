"""Niel-Weise, B. S. et al. (2007), Intensive Care Medicine 33, 2058-2068: infections with anti-infective catheters.

Eighteen trials (figure 2, page 2063; `dat.nielweise2007` of metadat), four with an empty cell or more, one without an
event. And the 13 trials of BCG (Colditz 1994). Expected values: R 4.2.2, metafor 3.8-1 (rma.mh, rma.peto, rma) and glm
with convergence to 1e-14, run on 30 November 2026. The data are those of Stijnen, T. et al. (2010), Statistics in
Medicine 29, 3046-3067, section 4, where the hypergeometric-normal model is held against the usual one.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from resurvey.compare import network
from resurvey.compare.counts import (
    COLUMNS,
    count_contrasts,
    count_effects,
    inverse_variance,
    logistic,
    mantel_haenszel,
    peto,
)
from resurvey.compare.hypergeometric import hypergeometric
from resurvey.errors import InputError, NotEstimable
from tests.published.test_colditz1994 import COUNTS as BCG

CATHETERS = [
    (0, 116, 3, 117), (1, 44, 3, 35), (2, 208, 9, 195), (0, 130, 7, 136), (5, 151, 6, 157), (1, 98, 4, 139),
    (1, 174, 3, 177), (1, 74, 2, 39), (1, 97, 19, 103), (1, 113, 2, 122), (0, 66, 7, 64), (0, 70, 1, 58),
    (3, 188, 5, 175), (6, 187, 11, 180), (0, 118, 0, 105), (0, 252, 1, 262), (1, 345, 3, 362), (4, 64, 1, 69),
]  # fmt: skip


def table(rows):
    made = pd.DataFrame(rows, columns=COLUMNS[1:])
    return made.assign(study=[str(i + 1) for i in range(len(made))])


@pytest.fixture(scope="module")
def catheters():
    return table(CATHETERS)


@pytest.fixture(scope="module")
def bcg():
    return table([(a, a + b, c, c + d) for a, b, c, d in BCG])


# estimate, standard error, Q
@pytest.mark.parametrize(
    ("measure", "catheter", "tuberculosis"),
    [
        ("or", (-1.208704832734, 0.222445421342), (-0.473410988389, 0.0410077784042, 163.942579569)),
        ("rr", (-1.177771944185, 0.218167943896), (-0.453709604684, 0.0393373668713, 152.567553587)),
        ("rd", (-0.02426218744472, 0.00422430915667), (-0.00328818183261, 0.000286656748527, 386.775941837)),
    ],
)
def test_mantel_haenszel(catheters, bcg, measure, catheter, tuberculosis):
    made = mantel_haenszel(catheters, measure=measure)
    assert (made.estimate.estimate, made.estimate.se) == pytest.approx(catheter, rel=1e-9)
    made = mantel_haenszel(bcg, measure=measure)
    assert (made.estimate.estimate, made.estimate.se, made.q) == pytest.approx(tuberculosis, rel=1e-9)
    assert made.df == 12


def test_heterogeneity_about_mantel_haenszel_of_studies_that_tell_something(catheters):
    made = mantel_haenszel(catheters)
    assert made.q == pytest.approx(16.863657291123)
    assert (made.studies, made.df) == (17, 16)
    assert made.messages == ("left out, as nobody or everybody has the event in both arms: 15",)


def test_peto(catheters, bcg):
    made = peto(catheters)
    found = (made.estimate.estimate, made.estimate.se, made.q)
    assert found == pytest.approx((-1.105744946763, 0.191587337012, 18.734509286125), rel=1e-9)
    made = peto(bcg)
    found = (made.estimate.estimate, made.estimate.se, made.q)
    assert found == pytest.approx((-0.4744463109406, 0.0406590807446, 167.7301675114894), rel=1e-9)


def test_logistic_regression(catheters, bcg):
    made = logistic(catheters).estimate
    assert (made.estimate, made.se) == pytest.approx((-1.2286277233, 0.224438466953), rel=1e-7)
    made = logistic(bcg).estimate
    assert (made.estimate, made.se) == pytest.approx((-0.4772554279124, 0.0412319427456), rel=1e-8)


def test_inverse_variance_of_bcg(bcg):
    made = inverse_variance(bcg, measure="rr", interval_method="normal")
    assert (made.random.estimate, made.random.se) == pytest.approx((-0.7145323484, 0.1797815318), abs=1e-7)


def test_corrected_and_silent_studies_are_told(catheters):
    effects, messages = count_effects(catheters)
    assert len(effects) == 17
    assert messages[1] == "half an event was added to every cell of 1, 4, 11, 12, 16 (an empty cell)"
    assert len(count_effects(catheters, measure="rd")[0]) == 18
    assert any("half an event" in said for said in inverse_variance(catheters).messages)


class TestHypergeometric:
    def test_common_effect_is_conditional_logistic_regression(self):
        # one table: the conditional estimate solves E(X) = a, by hand on the support 0..3 of margins 3 of 5 and 3 of 10
        made = hypergeometric(table([(2, 5, 1, 5)]))
        ways = np.array([comb(5, k) * comb(5, 3 - k) for k in range(4)])
        chance = ways * np.exp(made.common.estimate * np.arange(4))
        chance /= chance.sum()
        assert chance @ np.arange(4) == pytest.approx(2.0)
        variance = chance @ (np.arange(4) - 2.0) ** 2
        assert made.common.se == pytest.approx(variance**-0.5)
        assert made.random == made.common and made.tau2 == 0

    def test_catheters(self, catheters):
        made = hypergeometric(catheters)
        # the maximum over a fine grid of theta and tau, each study's likelihood summed over 4001 effects
        grid = np.linspace(-9, 7, 4001)
        logs = []
        for a, n1, c, n2 in CATHETERS:
            support = np.arange(max(0, a + c - n2), min(n1, a + c) + 1)
            ways = comb(n1, support) * comb(n2, a + c - support)
            terms = ways * np.exp(np.outer(grid, support - a))
            logs.append(-np.log(terms.sum(axis=1) / ways[list(support).index(a)]))
        likelihood = np.exp(np.array(logs))

        def whole(theta, tau):
            density = np.exp(-0.5 * ((grid - theta) / tau) ** 2) / (tau * np.sqrt(2 * np.pi)) * (grid[1] - grid[0])
            return np.log(likelihood @ density).sum()

        tau = made.tau2**0.5
        best = whole(made.random.estimate, tau)
        for dt, du in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
            assert whole(made.random.estimate + dt, tau + du) < best
        h = 0.02
        curve = [[whole(made.random.estimate + i * h, tau + j * h) for j in (-1, 0, 1)] for i in (-1, 0, 1)]
        second = np.array(
            [
                [curve[2][1] - 2 * best + curve[0][1], (curve[2][2] - curve[2][0] - curve[0][2] + curve[0][0]) / 4],
                [0.0, curve[1][2] - 2 * best + curve[1][0]],
            ]
        ) / h**2  # fmt: skip
        second[1, 0] = second[0, 1]
        assert made.random.se == pytest.approx(np.linalg.inv(-second)[0, 0] ** 0.5, rel=2e-3)
        assert (round(made.random.estimate, 3), round(made.tau2, 3)) == (-1.353, 0.693)
        assert 0.03 < made.p_heterogeneity < 0.035

    def test_large_counts_agree_with_logistic_regression(self, bcg):
        assert hypergeometric(bcg).common.estimate == pytest.approx(logistic(bcg).estimate.estimate, abs=1e-3)

    def test_nothing_finite_is_refused(self):
        with pytest.raises(NotEstimable, match="as few or as many events as it can"):
            hypergeometric(table([(0, 20, 3, 20), (0, 30, 2, 30)]))
        with pytest.raises(NotEstimable, match="no study has both an event"):
            hypergeometric(table([(0, 20, 0, 20)]))


class TestNetworkOfCounts:
    ARMS = pd.DataFrame(
        [("s", "A", 9, 140), ("s", "C", 23, 140), ("s", "D", 10, 138), ("t", "A", 0, 33), ("t", "C", 3, 30),
         ("u", "A", 0, 20), ("u", "D", 0, 21)],
        columns=["study", "treatment", "events", "patients"],
    )  # fmt: skip

    def test_pairs_of_three_arms_share_the_arm(self):
        made, messages = count_contrasts(self.ARMS)
        own = made[made["study"] == "s"].set_index(["treatment", "comparator"])
        assert own.loc[("C", "A"), "estimate"] == pytest.approx(np.log(23 / 117 / (9 / 131)))
        assert own.loc[("C", "A"), "se"] ** 2 == pytest.approx(1 / 23 + 1 / 117 + 1 / 9 + 1 / 131)
        assert own.loc[("D", "C"), "estimate"] == pytest.approx(
            own.loc[("D", "A"), "estimate"] - own.loc[("C", "A"), "estimate"]
        )
        assert messages == (
            "left out, as nobody or everybody has the event in all arms: u",
            "half an event was added to every cell of t (an empty cell)",
        )
        assert len(network(made).effects) == 12

    def test_risk_difference_keeps_all_studies(self):
        made, _ = count_contrasts(self.ARMS, measure="rd")
        assert set(made["study"]) == {"s", "t", "u"}
        assert made[made["study"] == "u"]["estimate"].tolist() == [0.0]

    def test_faults_are_told_at_once(self):
        bad = self.ARMS.assign(events=self.ARMS["events"].astype(float))
        bad.loc[0, "events"], bad.loc[1, "patients"] = 2.5, -1
        with pytest.raises(InputError, match=r"row 0: events must be a whole number .*row 1: patients must be"):
            count_contrasts(bad)
        with pytest.raises(InputError, match="study 'v' has one arm"):
            count_contrasts(pd.concat([self.ARMS, self.ARMS.iloc[[0]].assign(study="v")]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(3, 2, 0, 5)], "3 events of 2 patients cannot be"),
        ([(1.5, 2, 0, 5)], "events must be a whole number of at least 0, found 1.5"),
        ([(1, 2, 0, 0)], "0 comparator_events of 0 comparator_patients cannot be"),
    ],
)
def test_impossible_counts_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        mantel_haenszel(table(rows))


def test_what_has_no_ratio_says_what_to_take_instead():
    with pytest.raises(NotEstimable, match="is 0 or infinite; use rd"):
        mantel_haenszel(table([(0, 20, 3, 20)]))
    with pytest.raises(NotEstimable, match="there is no ratio to pool; use rd"):
        peto(table([(0, 20, 0, 20)]))
    with pytest.raises(InputError, match="measure must be or, rr or rd, found 'hr'"):
        mantel_haenszel(table([(1, 20, 3, 20)]), measure="hr")
