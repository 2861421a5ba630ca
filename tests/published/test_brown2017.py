"""Brown, N. J. L. and Heathers, J. A. J. (2017). The GRIM test. Soc. Psychol. Personal. Sci. 8, 363-369.

Examples of the documentation of the R package scrutiny (`pigs1` and the page of `grim()`).
"""

import pytest

from resurvey.audit.handlers import alone
from resurvey.audit.percentages import has_whole_count
from resurvey.tables import TableFaults


@pytest.mark.parametrize(("mean", "n", "possible"), [(7.22, 32, True), (4.74, 25, False), (5.27, 43, False)])
def test_means_of_whole_numbers(mean, n, possible):
    assert bool(has_whole_count(mean - 0.005, mean + 0.005, n, scale=1.0)) is possible


def test_a_percentage_typed_as_a_count_is_refused_by_name():
    # netmeta, issue 18: r 48.4 of n 32.
    row = {"kind": "response", "item": "ORR", "n": "48.4", "total": "32"}
    with pytest.raises(TableFaults, match=r"column n, value '48\.4': it is not a whole number"):
        alone({"proportions": [row]})
