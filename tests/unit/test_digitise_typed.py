"""What the typed tables print of the arms of a figure, and how the reading is set beside it."""

import numpy as np
import pytest

from resurvey import clean
from resurvey.digitise.digitised import RiskRow, TracedCurve
from resurvey.digitise.print_checks import Printed, check_printed, known
from resurvey.digitise.typed_numbers import printed_of
from resurvey.tables import read_raw
from tests.project import claim, small_tables, write_tables


@pytest.fixture
def typed(tmp_path):
    rows = small_tables()
    shared = {"endpoint": "PFS", "time_unit": "weeks", "survival_unit": "proportion", "file": "fig.png"}
    rows["curves"] = [
        claim("curve-001", arm_id="new", n="100", curve="New", **shared),
        claim("curve-002", arm_id="old", n="98", curve="2", at_risk_file="old.csv", **shared),
    ]
    risk = {"endpoint": "PFS", "time_unit": "months", "arm_id": "new"}
    rows["risk_tables"] = [claim("risk-001", time="6", n_at_risk="71", **risk)]
    write_tables(rows, tmp_path)
    return clean.tidy(read_raw(tmp_path))


def test_numbers_of_the_arms_of_a_figure_with_their_units(typed, tmp_path):
    (tmp_path / "old.csv").write_text("time,at_risk\n0,98\n26,40\n")
    month = 30.4375 / 7  # weeks of the axis
    found = printed_of(typed, "fig.png", tmp_path)
    assert found == (
        Printed("New", "n", "100"),
        Printed("New", "median", "11.80", scale=pytest.approx(month)),
        Printed("New", "survival", "72.0%", 6.0, scale=pytest.approx(month)),
        Printed("New", "at risk", "71", 6.0, scale=pytest.approx(month)),
        Printed("New", "hazard ratio", "0.55", other="2"),
        Printed("2", "n", "98"),
        Printed("2", "median", "6.9", scale=pytest.approx(month)),
        Printed("2", "at risk", "98", 0.0),
        Printed("2", "at risk", "40", 26.0),
    )


def test_another_figure_and_another_endpoint_are_left_out(typed, tmp_path):
    assert printed_of(typed, "other.png", tmp_path) == ()
    assert not any(one.value in ("610", "NR") for one in printed_of(typed, "fig.png", tmp_path))


def curve(name="New", risk=0):
    times = np.array([0.0, 10, 20, 40, 60])
    survival = np.array([1.0, 0.8, 0.5, 0.2, 0.2])
    return TracedCurve(name, times, survival, np.full(5, 0.003), risk=risk)


ROW = RiskRow("New", (0.0, 20.0, 40.0), (100, 45, 18), (False, False, True))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Printed("New", "at risk", "45", 20.0), ""),
        (Printed("New", "at risk", "54", 20.0), "at risk of New at 20: printed 54, in the figure 45"),
        (Printed("New", "at risk", "20", 40.0), ""),  # the cell of the figure is flagged: only the curve counts
        (Printed("New", "at risk", "60", 40.0), "at risk of New at 40: printed 60, at most 52 of 100 by the curve"),
        (Printed("New", "at risk", "60", 30.0), "at risk of New at 30: printed 60, at most 52 of 100 by the curve"),
        (Printed("New", "median", "5", scale=4.0), ""),  # 5 units of four of the axis are 20
        (Printed("New", "median", "13", scale=4.0), "median of New: printed 13, the curve 5"),
        (Printed("New", "survival", "50%", 5.0, scale=4.0), ""),
        (Printed("New", "survival", "0.80", 10.0, scale=4.0), "survival of New at 10: printed 0.80, the curve 0.200"),
        (
            Printed("New", "survival", "20%", 16.0, scale=4.0),
            "survival of New at 16: printed 20%, the curve ends at 15",
        ),
    ],
)
def test_both_values_are_named(one, words):
    check = check_printed([curve()], [ROW], [one])
    assert check.outcome == ("doubtful" if words else "passed")
    assert not words or check.words == words


def test_numbers_of_curves_that_the_figure_has():
    there, not_there = Printed("New", "n", "100"), Printed("Old", "n", "98")
    both = Printed("New", "hazard ratio", "0.5", other="Old")
    assert known([there, not_there, both], [curve()]) == (there,)
    assert known([Printed("", "n", "100")], [curve()]) and not known([Printed("", "n", "1")], [curve(), curve("Old")])
