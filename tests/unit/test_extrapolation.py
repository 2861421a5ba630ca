"""Cure models, relative survival and extrapolation, against their own formulas, other optimisers and known truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import weibull_min

from resurvey.compare.extrapolation import AVERAGE, extrapolate
from resurvey.compare.rubin import rubin
from resurvey.errors import InputError, NotEstimable
from resurvey.montecarlo import ENOUGH, limit_error
from resurvey.survival import fit_model
from resurvey.survival.background import background
from resurvey.survival.cure import CURE_MODELS, cure_family, cured_share


def arm(seed=4, patients=400, cured=0.3, extra=0.0, latest=60.0):
    """Weibull times of those not cured, and background deaths at a constant rate."""
    rng = np.random.default_rng(seed)
    time = np.where(rng.uniform(size=patients) < cured, np.inf, 9 * rng.weibull(1.3, patients))
    if extra:
        time = np.minimum(time, rng.exponential(1 / extra, patients))
    end = rng.uniform(20, latest, patients)
    return pd.DataFrame({"time": np.minimum(time, end), "event": (time <= end).astype(int)})


LIFE = pd.DataFrame({"age": np.arange(50, 101), "rate": 0.06})
SIXTY = pd.DataFrame({"age": [60.0], "share": [1.0]})


@pytest.mark.parametrize("kind", ["mixture", "non-mixture"])
def test_cure_models_are_at_the_maximum_of_their_likelihood(kind):
    patients = arm()
    time, event = patients["time"].to_numpy(), patients["event"].to_numpy()

    def minus(theta):
        share, dist = 1 / (1 + np.exp(-theta[2])), weibull_min(np.exp(theta[0]), scale=np.exp(theta[1]))
        if kind == "mixture":
            survival, density = share + (1 - share) * dist.sf(time), (1 - share) * dist.pdf(time)
        else:
            survival = share ** dist.cdf(time)
            density = -np.log(share) * dist.pdf(time) * survival
        return -np.sum(np.where(event == 1, np.log(density), np.log(survival)))

    found = minimize(
        minus, [0.2, 2.0, -1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 9999}
    )
    fit = fit_model(time, event, f"{kind}-weibull")
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-6)
    natural = [np.exp(found.x[0]), np.exp(found.x[1]), 1 / (1 + np.exp(-found.x[2]))]
    assert list(fit.parameters.values()) == pytest.approx(natural, rel=1e-4)
    assert fit.mean == np.inf
    at = np.array([3.0, 10.0, 50.0])
    step = 1e-5
    slope = -(np.log(fit.survival(at + step)) - np.log(fit.survival(at - step))) / (2 * step)
    assert fit.hazard(at) == pytest.approx(slope, rel=1e-5)
    assert fit.survival(np.array([1e6]))[0] == pytest.approx(fit.parameters["cured"], rel=1e-6)


@pytest.mark.parametrize("model", CURE_MODELS)
def test_the_cured_share_is_found_where_follow_up_is_long(model):
    fit = fit_model(*arm(patients=1500, latest=120.0).to_numpy().T, model)
    if "exponential" not in model:
        assert fit.parameters["cured"] == pytest.approx(0.3, abs=0.045)
    # the unit of time changes nothing but the scale
    patients = arm(patients=1500, latest=120.0)
    years = fit_model(patients["time"] / 12, patients["event"], model)
    assert years.parameters["cured"] == pytest.approx(fit.parameters["cured"], abs=1e-5)


def test_a_share_so_small_that_its_logit_overflows_is_none():
    family = cure_family("non-mixture-log-normal")
    assert family.natural(np.array([0.0, 0.0, -800.0]))["cured"] == 0
    assert cured_share(np.array([0.0, 0.0, -800.0]), np.eye(3), 1.96) == (0, 0, 0)
    assert cured_share(np.array([0.0, 0.0, 0.0]), np.eye(3), 0.0) == (0.5, 0.5, 0.5)


def test_without_a_plateau_a_mixture_is_refused_or_has_no_cured():
    patients = arm(cured=0.0, patients=250)
    try:
        assert fit_model(patients["time"], patients["event"], "mixture-weibull").parameters["cured"] < 0.05
    except NotEstimable as reason:
        assert "mixture-weibull" in str(reason)


def test_a_cohort_under_a_life_table_by_hand():
    table = pd.DataFrame({"age": [60, 61, 62], "rate": [0.1, 0.2, 0.3]})
    two = background(table, pd.DataFrame({"age": [60.5, 61.0], "share": [0.25, 0.75]}))
    # after a year: half a year at 0.1 and half at 0.2; one at 0.2. After ten: the last rate goes on
    assert two.survival(12.0) == pytest.approx(0.25 * np.exp(-0.15) + 0.75 * np.exp(-0.2))
    assert two.survival(120.0) == pytest.approx(0.25 * np.exp(-0.05 - 0.2 - 0.3 * 8.5) + 0.75 * np.exp(-0.2 - 0.3 * 9))
    alive = np.array([0.25, 0.75]) * np.exp(-np.array([0.05, 0.1]))
    assert two.hazard(6.0) == pytest.approx(alive @ np.array([0.2, 0.2]) / alive.sum() / 12)
    assert two.survival(0.0) == 1.0


def test_sexes_have_their_own_rates():
    table = pd.concat([LIFE.assign(sex="f"), LIFE.assign(sex="m", rate=0.12)])
    both = background(table, pd.DataFrame({"age": [60, 60], "sex": ["f", "m"], "share": [0.5, 0.5]}))
    assert both.survival(12.0) == pytest.approx((np.exp(-0.06) + np.exp(-0.12)) / 2)


def test_relative_survival_takes_the_background_away():
    rate = 0.06 / 12
    patients = arm(seed=9, patients=3000, extra=rate, latest=90.0)
    excess = fit_model(patients["time"], patients["event"], "mixture-weibull", background=background(LIFE, SIXTY))
    assert excess.parameters["cured"] == pytest.approx(0.3, abs=0.03)
    assert excess.parameters["shape"] == pytest.approx(1.3, abs=0.08)
    # without it, deaths of the cured are taken for a lower plateau
    assert fit_model(patients["time"], patients["event"], "mixture-weibull").parameters["cured"] < 0.25
    made = extrapolate(patients, [12.0, 60.0], [600.0], models=["mixture-weibull"], background=background(LIFE, SIXTY))
    wanted = np.exp(-rate * 60) * (0.3 + 0.7 * np.exp(-((60 / 9) ** 1.3)))
    row = made.survival[(made.survival["model"] == "mixture-weibull") & (made.survival["time"] == 60)].iloc[0]
    assert row["lower"] < wanted < row["upper"]
    grid = np.linspace(0, 600, 60001)
    truth = np.trapezoid(np.exp(-rate * grid) * (0.3 + 0.7 * np.exp(-((grid / 9) ** 1.3))), grid)
    mean = made.means.iloc[0]
    assert mean["lower"] < truth < mean["upper"]
    assert set(made.hazards["model"]) == {"observed", "mixture-weibull", "background"}


@pytest.fixture(scope="module")
def made():
    outside = pd.DataFrame({"time": [120.0], "survival": [0.28], "n": [400]})
    return extrapolate(arm(), [6.0, 24.0, 120.0], [24.0, 240.0], external=outside)


def test_models_are_side_by_side_and_the_average_is_that_of_the_best(made):
    models = made.models.set_index("model")
    assert made.models["model"].iloc[0] in ("mixture-weibull", "non-mixture-weibull")
    assert models["weight"].sum() == pytest.approx(1.0)
    cured = np.mean(np.random.default_rng(4).uniform(size=400) < 0.3)  # in these patients
    assert models.loc["mixture-weibull", "cured_lower"] < cured < models.loc["mixture-weibull", "cured_upper"]
    fit = fit_model(*arm().to_numpy().T, "weibull")
    assert (models.loc["weibull", "aic"], models.loc["weibull", "bic"]) == pytest.approx((fit.aic, fit.bic))
    assert set(made.survival["model"]) == {*models.index, AVERAGE}
    by = made.survival.set_index(["model", "time"])
    assert by.loc[(AVERAGE, 24.0), "survival"] == pytest.approx(by.loc[("mixture-weibull", 24.0), "survival"], abs=0.01)
    assert list(made.survival.loc[made.survival["model"] == "weibull", "extrapolated"]) == [False, False, True]


def test_limits_are_those_of_draws_of_the_parameters(made):
    fit = fit_model(*arm().to_numpy().T, "weibull")
    draws = np.random.default_rng(3).multivariate_normal(fit.theta, fit.covariance, 4000)
    survival = np.exp([fit.family.log_survival(np.array([24.0]), one)[0] for one in draws])
    row = made.survival.set_index(["model", "time"]).loc[("weibull", 24.0)]
    assert (row["lower"], row["upper"]) == pytest.approx(np.quantile(survival, [0.025, 0.975]), abs=0.004)
    grid = np.linspace(0, 24, 241)[1:]
    means = [np.exp(fit.family.log_survival(grid, one)).mean() * 24 for one in draws[:1500]]
    area = made.means.set_index(["model", "horizon"]).loc[("weibull", 24.0)]
    assert (area["upper"] - area["lower"]) / 3.92 == pytest.approx(np.std(means), rel=0.08)
    assert area["observed"] == 1.0


def test_observed_hazards_are_events_over_time_at_risk(made):
    patients = arm()
    first = made.hazards[made.hazards["model"] == "observed"].iloc[0]
    events = ((patients["time"] <= 6) & (patients["event"] == 1)).sum()
    assert first["hazard"] == pytest.approx(events / patients["time"].clip(upper=6).sum())
    assert first["lower"] == pytest.approx(first["hazard"] * np.exp(-1.959964 / np.sqrt(events)), rel=1e-6)


def test_outside_data_part_the_models(made):
    outside = made.outside.set_index("model")
    assert outside.loc["mixture-weibull", "inside"]
    assert not outside.loc["weibull", "inside"]
    assert outside.loc["weibull", "z"] < -5
    assert outside.loc["weibull", "difference"] < -0.2


def test_bands_carry_the_rebuilding():
    replicates = pd.concat([arm(seed=seed, patients=120).assign(replicate=seed) for seed in range(8)])
    wide = extrapolate(replicates, [24.0], [24.0], models=["weibull"]).survival.iloc[0]
    one = extrapolate(replicates[replicates["replicate"] == 0], [24.0], [24.0], models=["weibull"]).survival.iloc[0]
    assert wide["missing_information"] > 0.1
    assert one["missing_information"] == 0
    assert wide["upper"] - wide["lower"] > one["upper"] - one["lower"]


def test_as_many_replicates_are_fitted_as_the_estimates_ask_for():
    """Exponential arms whose rates differ between replicates as much as each is known."""
    rates = 0.1 * np.exp(np.random.default_rng(2).normal(0, 0.15, 150))
    times = -np.log(np.linspace(0.01, 0.99, 45)) / rates[:, None]
    every = pd.DataFrame({"replicate": np.repeat(np.arange(150), 45), "time": times.ravel(), "event": 1})
    made = extrapolate(every, [12.0], [24.0], models=["exponential"])
    fitted = made.models["fitted"].iloc[0]
    errors = pd.concat([made.survival["monte_carlo"], made.means["monte_carlo"]])
    assert 20 < fitted < 150 and errors.max() <= ENOUGH
    few = every[every["replicate"] < 20]
    made = extrapolate(few, [12.0], [24.0], models=["exponential"])
    assert made.models["fitted"].iloc[0] == 20 and made.survival["monte_carlo"].max() > ENOUGH
    logs = np.log(12 * rates[:20])  # log cumulative hazard at 12 months; each rate is known to 1 / sqrt(45) of itself
    pooled = rubin(logs, np.full(20, 1 / 45))
    error = made.survival.loc[made.survival["model"] == "exponential", "monte_carlo"].iloc[0]
    assert error == pytest.approx(limit_error(pooled.between, pooled.se, 20, 1.959964), rel=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [5.0, 2.0]}, "times must be finite times that rise"),
        ({"horizons": [-1.0]}, "horizons must be finite times that rise"),
        ({"models": ["cox"]}, "found 'cox'"),
        ({"replicates": 0}, "replicates must be 1 or more"),
        ({"external": pd.DataFrame({"time": [5.0], "survival": [0.5]})}, "external needs time, survival, and lower"),
        ({"external": pd.DataFrame({"time": [5.0], "survival": [0.5], "n": [9]})}, "external, time 5: give it among"),
        (
            {"external": pd.DataFrame({"time": [6.0], "survival": [0.5], "lower": [0.6], "upper": [0.7]})},
            "row 0: needs",
        ),
    ],
)
def test_what_is_no_such_input_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        extrapolate(
            **{"patients": arm(patients=60), "times": [6.0], "horizons": [12.0], "models": ["weibull"], **change}
        )


@pytest.mark.parametrize(
    ("table", "cohort", "message"),
    [
        (LIFE.drop(columns="rate"), SIXTY, "life_table needs rows with age, rate; it lacks rate"),
        (LIFE.assign(rate=-0.1), SIXTY, "row 0, rate: must be from 0"),
        (LIFE[LIFE["age"] != 70], SIXTY, "ages must rise by one year"),
        (LIFE, SIXTY.assign(age=40), "row 0, age: 40 is not within 50 to 100"),
        (LIFE, SIXTY.assign(share=0.9), "add up to 1"),
        (LIFE.assign(sex="f"), SIXTY.assign(sex="m"), "row 0, sex: 'm' is not in the life table"),
    ],
)
def test_life_tables_that_are_none_are_refused(table, cohort, message):
    with pytest.raises(InputError, match=message):
        background(table, cohort)


def test_an_arm_without_events_says_so():
    with pytest.raises(NotEstimable, match="weibull: no events"):
        extrapolate(arm(patients=30).assign(event=0), [6.0], [12.0], models=["weibull"])
