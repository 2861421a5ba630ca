"""KEYNOTE-010: two doses of pembrolizumab against docetaxel, ratios printed against docetaxel only.

Herbst, R. S. et al. (2016). Lancet 387, 1540-1550, abstract and figure 2: overall survival in all patients, hazard
ratios 0.71 (0.58-0.88) for 2 mg/kg and 0.61 (0.49-0.75) for 10 mg/kg; deaths 172, 156 and 193 of 344, 346 and 343.
"""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import network
from resurvey.compare.estimates import from_interval
from resurvey.compare.multi_arm import complete
from resurvey.errors import InputError, NotEstimable

COLUMNS = ["study", "treatment", "comparator", "estimate", "se"]
ARMS = pd.DataFrame(
    [("k010", "docetaxel", 193, 343), ("k010", "2 mg", 172, 344), ("k010", "10 mg", 156, 346)],
    columns=["study", "arm", "events", "patients"],
)


@pytest.fixture(scope="module")
def printed():
    ratios = {"2 mg": (0.71, 0.58, 0.88), "10 mg": (0.61, 0.49, 0.75)}
    rows = [("k010", dose, "docetaxel", *from_interval(*numbers)) for dose, numbers in ratios.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def pair(made, treatment, comparator):
    return made.contrasts.set_index(["treatment", "comparator"]).loc[(treatment, comparator)]


def test_deaths_give_the_pair_that_is_not_printed(printed):
    made = complete(printed, ARMS)
    doses = pair(made, "10 mg", "2 mg")
    assert np.exp(doses["estimate"]) == pytest.approx(0.61 / 0.71)
    # deaths of both doses: 1/172 + 1/156, as the printed variances stand to those of the deaths
    scale = (printed["se"] ** 2).sum() / (1 / 172 + 1 / 156 + 2 / 193)
    assert doses["se"] ** 2 == pytest.approx((printed["se"] ** 2).sum() - 2 * scale / 193)
    assert doses["se"] ** 2 == pytest.approx(1 / 172 + 1 / 156, rel=0.03)
    told = made.covariances.iloc[0]
    assert (told["control"], told["method"], told["others"]) == ("docetaxel", "events", "patients correlation")
    assert "(0.46) is from the events of each arm" in made.messages[0]


def test_the_network_runs_and_keeps_the_printed_ratios(printed):
    made = network(complete(printed, ARMS).contrasts)
    effects = made.effects[made.effects["model"] == "common"].set_index(["treatment", "comparator"])
    for row in printed.itertuples():
        found = effects.loc[(row.treatment, row.comparator)]
        assert (found["estimate"], found["se"]) == pytest.approx((row.estimate, row.se), rel=1e-9)


@pytest.mark.parametrize(
    ("arms", "method", "used"),
    [
        (ARMS.drop(columns="events"), "", "patients"),
        (ARMS[["study", "arm"]].assign(se=[0.07, None, None]), "", "control_se"),
        (None, "", "correlation"),
        (ARMS, "patients", "patients"),
        (ARMS, "correlation", "correlation"),
    ],
)
def test_sources_come_in_their_order_or_as_asked(printed, arms, method, used):
    made = complete(printed, arms, method={"k010": method} if method else None)
    assert made.covariances["method"].tolist() == [used]
    variance = {"control_se": 0.07**2}.get(used, made.covariances["control_variance"].iloc[0])
    doses = pair(made, "10 mg", "2 mg")
    assert doses["se"] ** 2 == pytest.approx((printed["se"] ** 2).sum() - 2 * variance)


def test_doses_that_count_as_one_are_weighted_by_their_deaths(printed):
    nodes = {("k010", "2 mg"): "pembrolizumab", ("k010", "10 mg"): "pembrolizumab"}
    made = complete(printed, ARMS, nodes=nodes)
    assert len(made.contrasts) == 1
    both = pair(made, "pembrolizumab", "docetaxel")
    weights = np.array([172, 156]) / 328
    assert both["estimate"] == pytest.approx(weights @ printed["estimate"])
    shared = made.covariances["control_variance"].iloc[0]
    spread = weights**2 @ printed["se"] ** 2 + 2 * weights.prod() * shared
    assert both["se"] ** 2 == pytest.approx(spread)
    assert np.exp(both["estimate"]) == pytest.approx(0.66, abs=0.005)
    assert "2 mg and 10 mg count as pembrolizumab" in made.messages[1]


def test_a_printed_pair_tells_the_covariance_best(printed):
    extra = pd.DataFrame([("k010", "10 mg", "2 mg", -0.15, 0.1121)], columns=COLUMNS)
    four = pd.DataFrame([("k010", "5 mg", "docetaxel", -0.4, 0.11)], columns=COLUMNS)
    made = complete(pd.concat([printed, four, extra]), ARMS)
    told = made.covariances.iloc[0]
    assert told["method"] == "pairs"
    wanted = ((printed["se"] ** 2).sum() - 0.1121**2) / 2
    assert told["control_variance"] == pytest.approx(wanted)
    assert len(made.contrasts) == 6


def test_orientation_does_not_matter(printed):
    turned = printed.rename(columns={"treatment": "comparator", "comparator": "treatment"})
    turned = turned.assign(estimate=-turned["estimate"])
    first, second = complete(printed, ARMS), complete(turned[COLUMNS], ARMS)
    pd.testing.assert_frame_equal(first.contrasts, second.contrasts)


def test_a_chain_of_arms_without_a_control_is_refused():
    rows = [("x", "a", "b", 0.1, 0.1), ("x", "b", "c", 0.1, 0.1), ("x", "c", "d", 0.1, 0.1)]
    with pytest.raises(NotEstimable, match=r"study 'x' prints a - b, b - c, c - d: none of its 4 arms"):
        complete(pd.DataFrame(rows, columns=COLUMNS))


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"method": {"k010": "guess"}}, InputError, "method 'guess' is unknown; choose one of pairs, events"),
        ({"method": {"k010": "control_se"}}, InputError, "that is not known of its arms, or leaves an arm no variance"),
        ({"correlation": 1.0}, InputError, "correlation must be within 0 and below 1, found 1.0"),
    ],
)
def test_what_cannot_be_is_refused(printed, more, error, message):
    with pytest.raises(error, match=message):
        complete(printed, ARMS, **more)


def test_complete_studies_and_faulty_rows_pass_as_they_are(printed):
    three = complete(printed, ARMS).contrasts
    pd.testing.assert_frame_equal(complete(three).contrasts, three)
    twice = pd.concat([printed, printed.iloc[[0]]])
    assert len(complete(twice, ARMS).contrasts) == 3  # `network` names the pair that is listed twice
    with pytest.raises(InputError, match="more than once"):
        network(complete(twice, ARMS).contrasts)
