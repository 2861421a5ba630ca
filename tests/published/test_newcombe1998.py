"""Newcombe, R. G. (1998). Two-sided confidence intervals for the single proportion. Statistics in Medicine 17, 857-872.

Table I prints limits to four decimals for four examples, by method: 3 is the score interval without, 5 the
exact (Clopper-Pearson) one.
"""

import pytest

from resurvey import proportion_limits
from resurvey.audit.handlers import alone

EXAMPLES = [
    # count, N, Wilson (method 3), Clopper-Pearson (method 5)
    (81, 263, (0.255289, 0.366210), (0.252737, 0.367622)),
    (15, 148, (0.062386, 0.160487), (0.057844, 0.161650)),
    (0, 20, (0.0, 0.161125), (0.0, 0.168433)),
    (1, 29, (0.006113, 0.171755), (0.000873, 0.177644)),
]


@pytest.mark.parametrize(("x", "n", "wilson", "exact"), EXAMPLES)
def test_table_1(x, n, wilson, exact):
    assert proportion_limits.interval(x, n, method="Wilson") == pytest.approx(wilson, abs=1e-6)
    assert proportion_limits.interval(x, n, method="Clopper-Pearson") == pytest.approx(exact, abs=1e-6)


# Table I, 81/263: method 1 (simple) 0.2522 to 0.3638, method 4 (score with continuity correction) 0.2535 to 0.3682,
# method 6 (mid-P) 0.2544 to 0.3658.
@pytest.mark.parametrize(
    ("method", "printed"),
    [
        ("Wald", (0.2522, 0.3638)),
        ("Wilson with continuity correction", (0.2535, 0.3682)),
        ("mid-P", (0.2544, 0.3658)),
    ],
)
def test_other_methods_of_table_1(method, printed):
    assert proportion_limits.interval(81, 263, method=method) == pytest.approx(printed, abs=5.1e-5)


@pytest.mark.parametrize(("x", "n", "wilson", "exact"), EXAMPLES)
def test_the_audit_names_the_method(x, n, wilson, exact):
    for limits, name in ((wilson, "Wilson"), (exact, "Clopper-Pearson")):
        row = {"kind": "response", "item": "x", "n": str(x), "total": str(n)}
        row |= {"lower": f"{100 * limits[0]:.1f}", "upper": f"{100 * limits[1]:.1f}"}
        check = alone({"proportions": [row]}, ["binomial-interval"]).iloc[0]
        assert check["verdict"] == "reproduced"
        assert check["explanation"].startswith(f"{name} of {x}/{n}")


def test_the_difference_of_two_proportions():
    """Table II, method 10: 56/70 against 48/80 gives 0.2000 (0.0524 to 0.3339)."""
    assert proportion_limits.newcombe(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
