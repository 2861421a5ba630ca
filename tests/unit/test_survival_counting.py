"""Late entry, case weights and competing events, against R on sixty made patients.

R 4.2, survival 3.5-3 and cmprsk 2.2-11, run on the vectors below in November 2026; printed to 12 digits.
"""

import numpy as np
import pandas as pd
import pytest

from resurvey.errors import InputError, NotEstimable
from resurvey.survival import cox, kaplan_meier, logrank
from resurvey.survival.competing import fine_gray, gray_test, incidence_at
from resurvey.survival.counting import at_risk_rows, cox_counting, kaplan_meier_late, logrank_late
from resurvey.survival.incidence import cumulative_incidence

I = np.arange(1, 61)  # noqa: E741
TIME = (I * 37) % 41 / 2 + 0.5
CAUSE = np.where((I * I + I // 7) % 4 == 3, 1, (I * I + I // 7) % 4)
EVENT = (CAUSE > 0).astype(float)
X, Z = ((I // 3) % 2 == 0).astype(float), ((I * 11) % 17) / 10
ENTRY = np.where(I % 3 == 0, TIME / 4, 0.0)
WEIGHT, COUNT = 1 + (I % 4) / 2, 1.0 + I % 3
BOTH = np.column_stack((X, Z))
NAMES = ["x", "z"]


@pytest.mark.parametrize(
    ("ties", "beta", "naive", "robust", "likelihood"),
    [
        ("efron", [-0.148028095094, 0.394108269169], [0.238608026676, 0.241820726185],
         [0.318600730442, 0.317183853122], -269.833788334),
        ("breslow", [-0.149017197078, 0.386059079343], [0.238919493940, 0.241758387526],
         [0.316617216947, 0.313098525136], -271.095957054),
    ],
)  # fmt: skip
def test_cox_with_late_entry_and_weights_is_r_s(ties, beta, naive, robust, likelihood):
    """coxph(Surv(en, time, ev) ~ x + z, weights = w, robust = TRUE, id = id)."""
    found = cox_counting(at_risk_rows(TIME, EVENT, ENTRY, WEIGHT), BOTH, NAMES, ties=ties, robust=True)
    assert found.coefficients["log_hr"].to_numpy() == pytest.approx(beta, abs=1e-10)
    assert found.coefficients["naive_se"].to_numpy() == pytest.approx(naive, abs=1e-10)
    assert found.coefficients["se"].to_numpy() == pytest.approx(robust, abs=1e-10)
    assert found.log_likelihood == pytest.approx(likelihood, abs=1e-8)


def test_the_score_test_with_late_entry_is_r_s():
    found = cox_counting(at_risk_rows(TIME, EVENT, ENTRY), BOTH, NAMES)
    assert found.coefficients["log_hr"].to_numpy() == pytest.approx([-0.085765639168, 0.348968746384], abs=1e-10)
    assert (found.score_test, found.df, found.robust) == (pytest.approx(1.17165955747), 2, False)


def test_product_limit_with_late_entry_and_counts_is_r_s():
    """survfit(Surv(en, time, ev) ~ 1, weights = wi, conf.type = 'log-log') at 3, 9 and 15."""
    found = kaplan_meier_late(TIME, EVENT, entry=ENTRY, weights=COUNT).set_index("time").loc[[3.0, 9.0, 15.0]]
    assert found["survival"].to_numpy() == pytest.approx([0.867935727086, 0.630614763008, 0.378707045712], abs=1e-11)
    assert found["se"].to_numpy() == pytest.approx([0.0328572793122, 0.0457240628606, 0.0483238300621], abs=1e-11)
    assert found["lower"].to_numpy() == pytest.approx([0.787289484379, 0.533920873825, 0.284720003082], abs=1e-11)
    assert found["upper"].to_numpy() == pytest.approx([0.919539539101, 0.712651249195, 0.472126208692], abs=1e-11)


def test_a_count_is_as_many_patients():
    """survdiff on the rows repeated as often as they count: 0.105063455664."""
    assert logrank_late(TIME, EVENT, X, weights=COUNT)[0] ** 2 == pytest.approx(0.105063455664, abs=1e-11)
    rows = np.repeat(np.arange(60), COUNT.astype(int))
    assert logrank_late(TIME[rows], EVENT[rows], X[rows]) == pytest.approx(logrank_late(TIME, EVENT, X, weights=COUNT))
    # of the estimates too, but for ties, which Efron's method breaks among copies
    many = cox_counting(at_risk_rows(TIME[rows], EVENT[rows]), X[rows], ["x"], ties="breslow")
    once = cox_counting(at_risk_rows(TIME, EVENT, weights=COUNT), X, ["x"], ties="breslow")
    assert many.coefficients["log_hr"][0] == pytest.approx(once.coefficients["log_hr"][0], abs=1e-10)


def test_without_entry_and_weights_they_are_the_plain_ones():
    plain = cox(TIME, EVENT, X)
    ours = cox_counting(at_risk_rows(TIME, EVENT), X, ["x"]).coefficients.iloc[0]
    assert (ours["log_hr"], ours["se"]) == pytest.approx((plain.log_hr, plain.se), abs=1e-9)
    assert logrank_late(TIME, EVENT, X)[0] == pytest.approx(logrank(TIME, EVENT, X).z)
    curve = kaplan_meier(TIME, EVENT)
    late = kaplan_meier_late(TIME, EVENT)
    assert late["survival"].to_numpy() == pytest.approx(curve.survival[curve.events > 0])


@pytest.mark.parametrize("robust", [False, True])
def test_a_patient_in_two_intervals_is_one_patient(robust):
    time, event, x = TIME[:40], EVENT[:40], X[:40]
    assert time[0] > 5
    whole = cox_counting(at_risk_rows(time, event), x, ["x"], robust=robust)
    entry = np.append(np.zeros(40), 5.0)
    halves = at_risk_rows(np.append([5.0], np.append(time[1:], time[0])),
                          np.append([0.0], np.append(event[1:], event[0])), entry)  # fmt: skip
    split = cox_counting(halves, np.append(x, x[0]), ["x"], patient=np.append(np.arange(40), 0), robust=robust)
    for name in ("log_hr", "se"):
        assert split.coefficients[name][0] == pytest.approx(whole.coefficients[name][0], abs=1e-10)


def test_incidence_with_competing_events_is_r_s():
    """survfit(Surv(time, factor(cause)) ~ 1) at 4.25, 9.25 and 15.25: states and standard errors."""
    wanted = {
        1: ([0.0860816586922, 0.1779278683389, 0.3480998215472], [0.0368216387048, 0.0511667037520, 0.0674140435346]),
        2: ([0.0508931419458, 0.1427393515925, 0.2518421941091], [0.0286344450372, 0.0468635791685, 0.0613249374005]),
    }
    for of, (incidence, se) in wanted.items():
        found = incidence_at(cumulative_incidence(TIME, CAUSE, of), [4.25, 9.25, 15.25])
        assert found["incidence"].to_numpy() == pytest.approx(incidence, abs=1e-11)
        assert found["se"].to_numpy() == pytest.approx(se, abs=1e-11)
    assert incidence_at(cumulative_incidence(TIME, CAUSE), [0.0])["incidence"][0] == 0


def test_fine_and_gray_s_regression_is_cmprsk_s():
    """crr: coefficients; standard errors of ours are the robust ones of the weighted Cox fit, within 0.5 %."""
    found = fine_gray(TIME, CAUSE, BOTH, NAMES).coefficients
    assert found["log_hr"].to_numpy() == pytest.approx([-0.275668052367, 0.168487983576], abs=5e-7)
    assert found["se"].to_numpy() == pytest.approx([0.375753476301, 0.382680581045], rel=5e-3)


@pytest.mark.parametrize(
    ("time", "group", "printed"),
    [
        (TIME, X, (0.751833785946, 0.356548844793)),
        (TIME, I % 3, (0.60223897196501, 0.05402519713093)),
        # many events on one time, of both causes
        (np.ceil(TIME / 3), I % 3, (0.16431335051764, 0.02722309056271)),
    ],
)
def test_gray_s_test_is_cmprsk_s(time, group, printed):
    """cuminc(time, cause, group)$Tests."""
    found = [gray_test(time, CAUSE, group, of) for of in (1, 2)]
    assert [test.chi_square for test in found] == pytest.approx(printed, rel=1e-9)
    assert found[0].df == len(np.unique(group)) - 1
    assert found[0].scores.sum() == pytest.approx(0, abs=1e-10)


def test_gray_s_score_by_hand():
    # a: cause 1 at 1, cause 2 at 3; b: cause 2 at 2, cause 1 at 4. At 1, R is 2 and 2. At 4 nobody of a is at risk.
    test = gray_test([1, 3, 2, 4], [1, 2, 2, 1], ["a", "a", "b", "b"])
    assert test.scores == pytest.approx([1 - 2 / 4, -2 / 4 + 1 - 1])


def test_more_events_on_one_time_than_patients_as_they_would_be_leave_a_variance_of_none_and_not_less():
    test = gray_test([1, 1, 1, 2, 2, 2, 2, 3], [2, 2, 1, 1, 1, 1, 2, 0], [0, 0, 0, 0, 1, 1, 1, 1])
    assert np.isfinite(test.chi_square)
    assert test.chi_square >= 0


def test_with_one_cause_gray_s_test_is_near_the_log_rank_test():
    """Its score is the log-rank test's; its variance takes survival as it is in each group."""
    untied = TIME + I / 1e4
    ours, plain = gray_test(untied, EVENT, X), logrank(untied, EVENT, X)
    assert ours.chi_square == pytest.approx(plain.z**2, rel=0.01)
    regression = fine_gray(TIME, EVENT, X, ["x"], ties="efron").coefficients.iloc[0]
    assert regression["log_hr"] == pytest.approx(cox(TIME, EVENT, X).log_hr, abs=1e-9)


def test_without_censoring_the_subdistribution_hazard_is_that_of_times_never_reached():
    cause = np.where(CAUSE == 0, 2, CAUSE)
    never = np.where(cause == 1, TIME, 1000.0)
    ours = fine_gray(TIME, cause, X, ["x"]).coefficients.iloc[0]
    plain = cox(never, (cause == 1).astype(float), X, ties="breslow")
    assert (ours["log_hr"], ours["naive_se"]) == pytest.approx((plain.log_hr, plain.se), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: at_risk_rows([3.0, 2.0], [1, 0], [1.0, 2.0]), InputError, r"row 1: entry 2 must be before its time 2"),
        (lambda: at_risk_rows([3.0, 2.0], [1, 0], None, [1.0, 0.0]), InputError, "row 1: a weight must be above 0"),
        (lambda: at_risk_rows([3.0, 2.0], [1, 0], [1.0]), InputError, "entry must be 2 finite numbers"),
        (lambda: kaplan_meier_late([3.0], [0]), NotEstimable, "nobody has an event"),
        (lambda: cox_counting(at_risk_rows([3.0, 2.0], [1, 1]), [1.0, 1.0], ["x"]), NotEstimable, "does not vary"),
        (lambda: cox_counting(at_risk_rows([3.0, 2.0], [1, 1]), [1.0], ["x"]), InputError, r"shape \(2, 1\)"),
        (lambda: cox_counting(at_risk_rows([3.0, 2.0], [1, 1]), [1, 0], ["x"], ties="exact"), InputError, "ties must"),
        (lambda: cox_counting(at_risk_rows([1.0, 2, 3, 4], [1, 1, 0, 0]), [1, 1, 0, 0], ["x"]), NotEstimable,
         "has no maximum"),
        (lambda: logrank_late([3.0, 2.0], [1, 1], [1, 1]), InputError, "patients in both arms"),
        (lambda: logrank_late([3.0, 2.0], [1, 0], [1, 0]), NotEstimable, "both arms are at risk"),
        (lambda: gray_test(TIME, CAUSE, np.ones(60)), InputError, "group has one value"),
        (lambda: gray_test(TIME, CAUSE, X[:9]), InputError, "group must name one of 60 patients each"),
        (lambda: gray_test(TIME, CAUSE, X, 7), NotEstimable, "nobody has an event of cause 7"),
        (lambda: fine_gray(TIME, CAUSE + 0.5, X, ["x"]), InputError, "cause must be whole numbers"),
        (lambda: fine_gray(TIME, CAUSE, X[:9], ["x"]), InputError, "a row for each of 60 patients, found 9"),
        (lambda: incidence_at(pd.DataFrame(), [1.0]), InputError, "with rows, found 0 rows"),
        (lambda: incidence_at(cumulative_incidence(TIME, CAUSE, 1), [-1.0]), InputError, "not negative"),
    ],
)  # fmt: skip
def test_what_is_no_such_data_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
