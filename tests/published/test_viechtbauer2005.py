"""Viechtbauer (2005), Journal of Educational and Behavioral Statistics 30, 261-293: the equations that define tau2.

ML, REML, EB and PM are roots of an equation. Where ours and metafor's (3.8, its defaults) differ, the equation says
which is the root: metafor stops its scoring when a step is below 1e-5, and its bisection for PM at a width of about
1.2e-4 (the fourth root of the machine's precision).
"""

import numpy as np
import pandas as pd
import pytest

from resurvey.compare import network, pool
from tests.published import test_colditz1994 as bcg
from tests.published import test_pignon2000 as pignon
from tests.published import test_senn2013 as senn

SCORING, BISECTION = 1e-5, np.finfo(float).eps ** 0.25


def colditz():
    a, b, c, d = np.array(bcg.COUNTS, dtype=float).T
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def head_and_neck():
    excess, variance = (np.array(text.split(), dtype=float) for text in (pignon.O_MINUS_E, pignon.VARIANCE))
    return excess / variance, 1 / variance


def equation(y, v, tau2, method):
    """Left side minus right side of the estimating equation, and the size of the left side."""
    w = np.diag(1 / (v + tau2))
    p = w - w @ np.outer(np.ones(y.size), np.ones(y.size)) @ w / w.sum()
    if method in ("PM", "EB"):
        return float(y @ p @ y) - (y.size - 1), float(y @ p @ y)
    left = float(y @ p @ p @ y)
    return left - float(np.trace(p if method == "REML" else w)), left


@pytest.mark.parametrize(
    ("data", "method", "printed", "stopping"),
    [
        (colditz, "ML", 0.28002817105, SCORING),
        (colditz, "REML", 0.31324332598, SCORING),
        (colditz, "EB", 0.31806851577, SCORING),
        (colditz, "PM", 0.31809371186, BISECTION),
        (head_and_neck, "REML", 0.0325621639, SCORING),
        (head_and_neck, "PM", 0.0578220404, BISECTION),
    ],
)
def test_ours_is_the_root_and_metafors_within_its_stopping_rule(data, method, printed, stopping):
    y, v = data()
    ours = pool(pd.DataFrame({"estimate": y, "se": np.sqrt(v)}), method=method).tau2
    residual, size = equation(y, v, ours, method)
    assert abs(residual) < 1e-13 * size
    assert abs(equation(y, v, printed, method)[0]) > 1e5 * abs(residual)
    assert abs(ours - printed) < stopping
    assert abs(ours - printed) > 1e-8  # so the bar of 1e-8 cannot be met by a root


def restricted_likelihood(rows, tau2):
    """Minus twice the restricted log likelihood of a network, from the full covariance of its contrasts."""
    names = sorted({*rows["treatment"], *rows["comparator"]})
    y, design, blocks = [], [], []
    for _, study in rows.groupby("study"):
        base = study["comparator"].mode()[0]
        arms = study[study["comparator"] == base]
        between = study[study["comparator"] != base]
        s = np.diag(arms["se"] ** 2 + tau2)
        for _, pair in between.iterrows():
            i, j = (list(arms["treatment"]).index(pair[side]) for side in ("treatment", "comparator"))
            # Var(i - j) = Var(i) + Var(j) - 2 Cov; tau2 is shared by half.
            s[i, j] = s[j, i] = (s[i, i] + s[j, j] - 2 * tau2 - pair["se"] ** 2) / 2 + tau2 / 2
        blocks.append(s)
        y += list(arms["estimate"])
        for name in arms["treatment"]:
            design.append([float(t == name) - float(t == base) for t in names[1:]])
    x, y = np.array(design), np.array(y)
    v = np.zeros((y.size, y.size))
    start = 0
    for s in blocks:
        v[start : start + len(s), start : start + len(s)] = s
        start += len(s)
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    left = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
    return np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + left @ inverse @ left


def test_the_networks_tau2_is_the_maximum_of_the_likelihood_with_the_full_covariance():
    # Senn 2013, whose trial of three arms is Willms 1999.
    lines = [line.split() for line in senn.ROWS.strip().splitlines()]
    rows = pd.DataFrame(lines, columns=["study", "treatment", "comparator", "estimate", "se"])
    rows = rows.astype({"estimate": float, "se": float})
    ours = network(rows, method="REML").tau2
    step = 1e-4

    def slope(tau2):
        return (restricted_likelihood(rows, tau2 + step) - restricted_likelihood(rows, tau2 - step)) / (2 * step)

    curvature = (slope(ours + step) - slope(ours - step)) / (2 * step)
    assert curvature > 0
    # One Newton step from ours goes nowhere (central differences of this width are good to 1e-6).
    assert abs(slope(ours) / curvature) < 2e-6
    assert abs(slope(ours + 1e-3) / curvature) > 5e-4
