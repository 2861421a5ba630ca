"""Röver, C. (2020). Bayesian random-effects meta-analysis using the bayesmeta R package. J Stat Softw 93(6), 1-51.

Acute rejection in paediatric transplantation (section 3.2, Table 3, page 20; outputs on pages 21 to 28) and the eight
schools of Rubin (1981) (the package's vignette). What is printed of tau agrees to the last digit. What is printed of
mu does so to about 1e-4: bayesmeta approximates that mixture on a grid of its own (its arguments delta and epsilon, and
its print and its summary differ by as much); ours is held against direct integration instead.
"""

import numpy as np
import pytest
from scipy.stats import invgamma, norm

from resurvey.compare.bayes import bayes_pool
from resurvey.compare.posterior import study_effect
from resurvey.compare.priors import empirical, half_cauchy, half_normal, inverse_gamma, uniform
from resurvey.errors import InputError, NotEstimable

# events and patients, IL-2RA and control
COUNTS = [(14, 61, 15, 20), (16, 28, 19, 28), (3, 18, 8, 12), (9, 54, 29, 54), (4, 36, 11, 36), (0, 50, 3, 34)]
SCHOOLS = [(28.39, 14.9), (7.94, 10.2), (-2.75, 16.3), (6.82, 11.0), (-0.64, 9.4), (0.63, 11.4), (18.01, 10.4),
           (12.16, 17.6)]  # fmt: skip


def log_odds_ratio(a, n, c, m):
    cells = np.array([a, n - a, c, m - c], dtype=float)
    cells = cells + 0.5 * (cells == 0).any()
    return float(np.log(cells[0] * cells[3] / cells[1] / cells[2])), float(np.sqrt((1 / cells).sum()))


STUDIES = [log_odds_ratio(*row) for row in COUNTS]


@pytest.fixture(scope="module")
def crins():
    return bayes_pool(STUDIES, prior=half_normal(0.5), effect_prior=(0.0, 4.0), interval="shortest")


def test_table_3(crins):
    assert [round(y, 2) for y, _ in STUDIES] == [-2.31, -0.46, -2.30, -1.76, -1.26, -2.42]
    assert [round(se, 2) for _, se in STUDIES] == [0.60, 0.56, 0.88, 0.46, 0.64, 1.53]


def test_heterogeneity_to_every_printed_digit(crins):
    tau = crins.tau.iloc[0]
    assert [round(tau[k], 7) for k in ("median", "mean", "sd")] == [0.3445023, 0.3810562, 0.2593672]
    assert (round(tau["lower"], 7), round(tau["upper"], 6)) == (0.0, 0.860719)
    assert round(1 - crins.posterior.tau_below(1.0), 8) == 0.02097488
    assert round(crins.posterior.tau_quantile(0.99), 6) == 1.109186


def test_effect_and_prediction(crins):
    effect, new = crins.effects.set_index("of").loc["effect"], crins.effects.set_index("of").loc["prediction"]
    printed = {"median": -1.5734819, "mean": -1.5764365, "sd": 0.3295301, "lower": -2.2311251, "upper": -0.9263075}
    assert {k: effect[k] for k in printed} == pytest.approx(printed, abs=4e-4)
    assert [round(effect[k], 2) for k in ("median", "lower", "upper")] == [-1.57, -2.23, -0.93]
    assert 1 - effect["probability_below_0"] == pytest.approx(6.187343e-05, rel=0.03)
    printed = {"median": -1.5701653, "mean": -1.5764365, "sd": 0.5671855, "lower": -2.7661319, "upper": -0.4072970}
    assert {k: new[k] for k in printed} == pytest.approx(printed, abs=2e-3)
    assert [round(new[k], 2) for k in ("median", "lower", "upper")] == [-1.57, -2.76, -0.41]


def test_effects_of_the_studies(crins):
    printed = {"median": -1.7411356, "mean": -1.7778965, "sd": 0.4229425, "lower": -2.6561049, "upper": -0.9920023}
    heffron = crins.studies.iloc[0]
    assert {k: heffron[k] for k in printed} == pytest.approx(printed, abs=1e-3)
    printed = {"median": -1.2821722, "mean": -1.2339736, "sd": 0.4488759, "lower": -2.0455088, "upper": -0.3089461}
    gibelli = crins.studies.iloc[1]
    assert {k: gibelli[k] for k in printed} == pytest.approx(printed, abs=1e-3)


def test_the_effect_against_direct_integration(crins):
    """The joint posterior written out, summed over a fine grid: trapezoids of mu, Simpson's rule of tau."""
    y, se = np.array(STUDIES).T
    mu, tau = np.linspace(-9, 6, 1501), np.linspace(0, 5, 2001)
    simpson = np.where(np.arange(tau.size) % 2, 4.0, 2.0)
    simpson[[0, -1]] = 1.0
    density = np.zeros(mu.size)
    for value, weight in zip(tau, simpson * (tau[1] / 3), strict=True):
        likelihood = norm.logpdf(y, mu[:, None], np.hypot(se, value)).sum(axis=1)
        density += weight * np.exp(likelihood + norm.logpdf(mu, 0, 4) + np.log(2) + norm.logpdf(value, 0, 0.5))
    step = mu[1] - mu[0]
    total = density.sum() * step
    mean = (mu @ density) * step / total
    effect = crins.effects.iloc[0]
    assert effect["mean"] == pytest.approx(mean, abs=1e-8)
    assert effect["sd"] ** 2 == pytest.approx(((mu - mean) ** 2 @ density) * step / total, abs=1e-8)
    assert crins.posterior.log_evidence == pytest.approx(np.log(total), abs=1e-8)


def test_two_studies():
    # section 3.6, page 33: Heffron and Spada alone
    made = bayes_pool([STUDIES[0], STUDIES[4]], prior=half_normal(0.5), effect_prior=(0.0, 4.0), interval="shortest")
    effect, new = made.effects.iloc[0], made.effects.iloc[1]
    assert [round(effect[k], 2) for k in ("median", "lower", "upper")] == [-1.78, -2.86, -0.69]
    assert [round(new[k], 2) for k in ("median", "lower", "upper")] == [-1.78, -3.25, -0.28]
    assert effect["probability_below_0"] == pytest.approx(0.9974968, abs=5e-5)


def test_eight_schools():
    made = bayes_pool(SCHOOLS, prior=half_cauchy(25), effect_prior=(0.0, 50.0), interval="shortest")
    tau, effect = made.tau.iloc[0], made.effects.iloc[0]
    assert [round(tau[k], 6) for k in ("median", "mean", "sd", "upper")] == [4.758539, 5.884511, 4.869904, 15.165894]
    printed = {"median": 7.962961, "mean": 7.985729, "sd": 4.995762, "lower": -1.823353, "upper": 17.824562}
    assert {k: effect[k] for k in printed} == pytest.approx(printed, abs=4e-3)


def test_the_empirical_prior_of_the_example():
    # page 31: quantiles of Turner's prior for a surgical outcome, pharmacological against control
    prior = empirical("turner2015", "surgical or device related success or failure",
                      "pharmacological v placebo or control")  # fmt: skip
    x = np.linspace(-12, 6, 20001)
    density = np.exp(prior.log_density(np.exp(x)) + x)
    below = np.concatenate(([0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))))
    found = np.exp(np.interp([0.025, 0.5, 0.975], below, x))
    assert found == pytest.approx([0.06233896, 0.34300852, 1.88734045], rel=1e-4)
    assert below[-1] == pytest.approx(1.0, abs=1e-6)
    assert "Table IV" in prior.reference


@pytest.mark.parametrize(
    ("outcome", "shape", "scale"),
    [
        ("log hazard ratio", 2.42, 0.30),
        ("log odds ratio", 1.77, 0.55),
        ("log risk ratio", 1.51, 0.23),
        ("standardised mean difference", 1.71, 0.40),
    ],
)
def test_priors_by_measure_are_scipy_s_inverse_gamma(outcome, shape, scale):
    # Bartoš and others (2023; 2021 for means): tau of all reviews of the Cochrane Library
    prior = empirical("bartos2023", outcome)
    tau = np.array([0.01, 0.1, 0.3, 2.0])
    assert prior.log_density(tau) == pytest.approx(invgamma(shape, scale=scale).logpdf(tau))
    assert "2306.11468" in prior.reference


def test_conditional_on_tau_it_is_the_frequentist_estimate():
    # section 3.5, page 32: REML's tau 0.4670268, mean and error of mu given it
    made = bayes_pool(STUDIES, prior=half_normal(0.5)).posterior
    w = 1 / (made.v + 0.4670268**2)
    assert (w @ made.y / w.sum(), w.sum() ** -0.5) == pytest.approx((-1.591513, 0.3340882), abs=1e-6)
    place = np.argmin(np.abs(made.tau - 0.4670268))
    w = 1 / (made.v + made.tau[place] ** 2)
    assert made.mean[place, 0] == pytest.approx(w @ made.y / w.sum())


def test_leverages_and_deviance(crins):
    fit = crins.posterior.fit
    assert fit.leverage.sum() == pytest.approx(fit.parameters)
    assert 1 < fit.parameters < 6
    assert np.all((fit.leverage > 0) & (fit.leverage < 1))
    assert fit.dic == pytest.approx(fit.deviance + fit.parameters)
    # by sampling: tau and mu from the nodes, effects of the studies given them
    rng = np.random.default_rng(3)
    node = rng.choice(crins.posterior.tau.size, size=200_000, p=crins.posterior.weight)
    tau, y, v = crins.posterior.tau[node], crins.posterior.y, crins.posterior.v
    mu = crins.posterior.mean[node, 0] + np.sqrt(crins.posterior.covariance[node, 0, 0]) * rng.normal(size=node.size)
    share = tau[:, None] ** 2 / (tau[:, None] ** 2 + v)
    effect = share * y + (1 - share) * mu[:, None] + np.sqrt(share * v) * rng.normal(size=(node.size, y.size))
    assert fit.deviance == pytest.approx(((y - effect) ** 2 / v).sum(axis=1).mean(), abs=0.03)
    own = study_effect(crins.posterior, 3)
    assert own.expectation == pytest.approx(effect[:, 3].mean(), abs=0.004)


def test_sensitivity_to_the_prior_comes_by_default(crins):
    assert crins.priors["prior"].tolist() == [
        "half-normal(0.5)",
        "half-normal(1)",
        "half-Cauchy(0.5)",
        "turner2015, all-cause mortality, pharmacological v pharmacological",
        "bartos2023, log hazard ratio",
        "uniform(0, 2)",
    ]
    same = crins.priors.iloc[0]
    assert (same["median"], same["tau_upper"]) == (crins.effects["median"].iloc[0], crins.tau["upper"].iloc[0])


class TestRefusals:
    def test_an_improper_prior_needs_studies(self):
        with pytest.raises(NotEstimable, match="uniform prior of tau is improper, and 2 contrasts for 1 effects"):
            bayes_pool(STUDIES[:2], prior=uniform())
        assert np.isfinite(bayes_pool(STUDIES[:3], prior=uniform()).tau["median"].iloc[0])

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: half_normal(0.0), "scale must be a finite number above 0, found 0.0"),
            (lambda: empirical("turner2010"), "source must be one of turner2012, turner2015, bartos2023, rhodes2015"),
            (
                lambda: empirical("bartos2023", "mean"),
                "outcome must be one of log hazard ratio; log odds ratio; log risk",
            ),
            (lambda: inverse_gamma(2.42, 0.0), "scale must be a finite number above 0, found 0.0"),
            (lambda: empirical("turner2015", "death"), "outcome must be one of all-cause mortality; obstetric"),
            (lambda: bayes_pool(STUDIES, effect_prior=(0.0, 0.0)), r"effect_prior must be \(mean, sd\)"),
            (lambda: bayes_pool(STUDIES, interval="hpd"), "kind must be central or shortest, found 'hpd'"),
        ],
    )
    def test_by_name(self, make, message):
        with pytest.raises(InputError, match=message):
            make()
