"""statcheck (Nuijten et al. 2016), documentation: r(97) = .17, p = .084 is recalculated as .0925: consistent."""

import pytest

from resurvey.audit.correlation import correlation_p, judge_correlation
from resurvey.cli import main
from resurvey.errors import InputError


def test_p_of_a_correlation():
    assert correlation_p(0.17, 97) == pytest.approx(0.0925, abs=5e-5)


@pytest.mark.parametrize(("p", "verdict"), [(".084", "reproduced"), (".071", "discrepant"), ("<0.05", "discrepant")])
def test_a_printed_p_is_judged_by_what_rounding_allows(p, verdict):
    assert judge_correlation(".17", "97", p)[0] == verdict


def test_from_the_command_line(capsys):
    main(["audit", "r", ".17", "--df", "97", "--p", ".084"])
    said = capsys.readouterr().out
    assert said.startswith("reproduced") and "0.0925" in said


@pytest.mark.parametrize(
    ("r", "df", "p"), [("1.2", "97", ".1"), (".1", "0", ".1"), (".1", "97", "1.1"), ("", "97", ".1")]
)
def test_what_cannot_be_is_refused(r, df, p):
    with pytest.raises(InputError, match="expected"):
        judge_correlation(r, df, p)
