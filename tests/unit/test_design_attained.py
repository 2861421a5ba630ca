"""What designs attain beside what their formulas promise; claims of rates; the words of the command."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma

from resurvey import clean
from resurvey.audit.handlers import alone
from resurvey.cli import main
from resurvey.design import (
    DesignClaim,
    ProportionClaim,
    check_claim,
    check_proportion_claim,
    find_method,
    median_of_rate,
    single_arm,
    verdict_on_claim,
    verdict_on_proportions,
    with_attained,
)
from resurvey.design.statement import claim_of
from resurvey.errors import InputError
from resurvey.schema import TABLES
from tests.project import claim as cells

PLAN = {"alpha": 0.05, "power": 0.8, "sides": 1, "accrual": 24, "follow_up": 12}


class TestAttained:
    @pytest.mark.parametrize(
        ("method", "patients", "nominal", "power"),
        [("kwak_jung", 56, 0.804, 0.773), ("landmark_log_log", 79, 0.803, 0.711), ("wu", 63, 0.803, 0.820)],
    )
    def test_of_trials_that_were_simulated_elsewhere(self, method, patients, nominal, power):
        # 12 against 18 months, one-sided 5 %, 24 + 12 months; simulated for the issue that asked for both numbers
        design = single_arm(12, 18, method=method, **PLAN)
        assert design.patients == patients
        assert design.nominal_power == pytest.approx(nominal, abs=5e-4)
        assert design.actual.how == "simulated"
        assert design.actual.power == pytest.approx(power, abs=4 * design.actual.power_se)

    def test_after_a_number_of_events_is_exact(self):
        design = single_arm(12, 18, method="log_hazard", **PLAN)
        d, z = design.events, 1.6448536269514722
        # the sum of d exponential times is gamma: the test rejects when it is at least d exp(z / sqrt(d)) null means
        bound = d * math.exp(z / math.sqrt(d))
        assert design.actual.how == "exact" and design.actual.power_se == 0
        assert design.actual.level == pytest.approx(gamma.sf(bound, d))
        assert design.actual.power == pytest.approx(gamma.sf(bound * 12 / 18, d))
        exact = single_arm(12, 18, method="exact_chi_square", **PLAN)
        assert exact.actual.level == pytest.approx(0.05) and exact.actual.power == pytest.approx(exact.nominal_power)

    @pytest.mark.parametrize(
        "method", ["hazard_null", "hazard_alternative", "square_root", "cube_root", "cube_root_median", "median_both"]
    )
    @pytest.mark.parametrize("alternative", [18, 8])
    def test_every_exact_test_against_draws(self, method, alternative):
        design = single_arm(12, alternative, alpha=0.05, power=0.8, sides=1, method=method)
        d, rng = design.events, np.random.default_rng(7)
        for median, wanted in ((12, design.actual.level), (alternative, design.actual.power)):
            null = rng.gamma(d, median / 12, 40_000)  # null cumulative hazard at the d-th event
            assert np.mean(
                _z(method, d / null) * (1 if alternative > 12 else -1) * math.sqrt(d) >= 1.6448536269514722
            ) == (pytest.approx(wanted, abs=0.011))

    def test_two_arm_formulas_plan_no_test_of_one_arm(self):
        assert single_arm(12, 18, method="schoenfeld_two_arm", **PLAN).actual is None

    def test_same_design_same_numbers(self):
        first, second = (single_arm(12, 18, method="wu", **PLAN).actual for _ in range(2))
        assert first == second

    def test_beside_the_rows_of_a_claim(self):
        claim = DesignClaim(12, 18, alpha=0.05, power=0.8, accrual=24, follow_up=12, sides=1, patients=63)
        table = with_attained(
            claim, check_claim(claim, methods=["wu", "log_hazard", "freedman"], readings=["additional"])
        )
        rows = table.set_index("method")
        assert rows.loc["wu", "actual_by"].startswith("simulated, +- 0.00")
        assert rows.loc["log_hazard", "actual_by"] == "exact"
        assert np.isnan(rows.loc["freedman_two_arm", "actual_power"])
        assert rows.loc["wu", "nominal_power"] == pytest.approx(single_arm(12, 18, method="wu", **PLAN).nominal_power)


def _z(method, ratio):
    """Statistic over its null standard error for one event, by hand; positive for fewer events than expected."""
    return {
        "hazard_null": 1 - ratio,
        "hazard_alternative": 1 / ratio - 1,
        "median_both": 1 / ratio - 1,
        "square_root": 2 * (1 - ratio**0.5),
        "cube_root": 3 * (1 - ratio ** (1 / 3)),
        "cube_root_median": 3 * (ratio ** (-1 / 3) - 1),
    }[method]


class TestPatientsAlone:
    CLAIM = DesignClaim(9, 13.5, alpha=0.05, power=0.8, accrual=24, follow_up=12, sides=1, patients=55)

    def test_are_a_claim(self):
        found = verdict_on_claim(self.CLAIM, check_claim(self.CLAIM))
        assert (found["verdict"], found["verdict_events"], found["verdict_patients"]) == (
            "reproduced",
            None,
            "reproduced",
        )
        assert "gives 55 one-sided patients; 55 is printed" in found["words"]
        assert found["formulas_that_give_the_patients"][0]["method"] == "log_hazard"

    def test_of_another_formula(self):
        claim = DesignClaim(9, 13.5, alpha=0.05, power=0.8, accrual=24, follow_up=12, sides=1, patients=48)
        assert verdict_on_claim(claim, check_claim(claim))["verdict"] == "other-method"

    def test_that_no_formula_gives(self):
        claim = DesignClaim(9, 13.5, alpha=0.05, power=0.8, accrual=24, follow_up=12, sides=1, patients=500)
        found = verdict_on_claim(claim, check_claim(claim))
        assert found["verdict"] == "discrepant" and "No formula examined" in found["words"]

    def test_nothing_at_all_is_refused(self):
        claim = DesignClaim(9, 13.5, alpha=0.05, power=0.8, accrual=24, follow_up=12)
        with pytest.raises(InputError, match="needs events or patients"):
            verdict_on_claim(claim, check_claim(claim))


class TestProportions:
    def test_a_printed_optimal_design_is_known(self):
        claim = ProportionClaim(0.2, 0.4, 0.05, 0.9, patients=54, rejects_from=16, first_patients=19, futile_up_to=4)
        found = verdict_on_proportions(claim, check_proportion_claim(claim))
        assert (found["verdict"], found["methods"]) == ("reproduced", ["simon_optimal"])
        assert (round(found["actual_level"], 4), round(found["actual_power"], 4)) == (0.0482, 0.9045)

    def test_a_size_that_no_design_gives_but_that_keeps_its_rates(self):
        claim = ProportionClaim(0.1, 0.2, 0.05, 0.8, patients=95, sides=1)
        assert verdict_on_proportions(claim, check_proportion_claim(claim))["verdict"] == "other-method"

    def test_a_size_too_small_is_discrepant(self):
        claim = ProportionClaim(0.1, 0.2, 0.05, 0.8, patients=60, sides=1)
        found = verdict_on_proportions(claim, check_proportion_claim(claim))
        assert found["verdict"] == "discrepant" and "needs 78 patients; 60 are printed" in found["words"]

    def test_a_design_that_never_stops_for_futility_is_not_the_printed_one(self):
        claim = ProportionClaim(0.02, 0.9, 0.05, 0.8, sides=1, patients=10, futile_up_to=1)
        table = check_proportion_claim(claim).set_index("method")
        assert (
            table["futile_up_to"].isna()["fleming_two_stage"] and not table.loc["fleming_two_stage", "reproduces_all"]
        )

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"rejects_from": 60}, "claimed rejects_from is 60: it must lie between 0 and 54 patients"),
            ({"first_patients": 54}, "the first stage has 54 of 54 patients"),
            ({"null": 0.4}, r"alternative \(0.4\) must be above null \(0.4\)"),
        ],
    )
    def test_impossible_claims_are_refused(self, changed, message):
        printed = {"null": 0.2, "alternative": 0.4, "alpha": 0.05, "power": 0.9, "patients": 54}
        with pytest.raises(InputError, match=message):
            ProportionClaim(**printed | changed)


def designs(**row):
    base = cells("des-001", source_id="a2020", study_id="a", arm_id="x", alpha="5", power="80", unit="months")
    tables = {"designs": [base | row]}
    return clean.tidy(
        {
            name: pd.DataFrame(tables.get(name, []), columns=table.names, dtype=object).fillna("")
            for name, table in TABLES.items()
        }
    )


class TestRowsOfTheTable:
    def test_rates_at_a_landmark_are_exponential_survival(self):
        typed = designs(null_rate="50", alternative_rate="70.7", landmark="1", unit="years", accrual="2", follow_up="1")
        found = claim_of(typed["designs"].iloc[0])
        assert (found.null_median, found.landmark) == (pytest.approx(12), pytest.approx(12))
        assert found.alternative_median == pytest.approx(12 * math.log(0.5) / math.log(0.707))

    def test_rates_without_one_are_a_proportion(self):
        found = claim_of(designs(null_rate="10", alternative_rate="20", patients="78", sides="1")["designs"].iloc[0])
        assert found == ProportionClaim(0.1, 0.2, 0.05, 0.8, sides=1, patients=78)

    def test_what_is_missing_is_listed(self):
        with pytest.raises(InputError, match="not printed: alternative_median, accrual, follow_up"):
            claim_of(designs(null_median="6", patients="78")["designs"].iloc[0])
        with pytest.raises(InputError, match="not printed: alternative_rate"):
            claim_of(designs(null_rate="10")["designs"].iloc[0])

    def test_a_table_without_the_columns_of_rates_is_read(self):
        typed = designs(null_median="9", alternative_median="13.5", accrual="24", follow_up="12", patients="55")
        row = (
            typed["designs"]
            .drop(columns=[c for c in typed["designs"] if c.startswith(("null_rate", "landmark"))])
            .iloc[0]
        )
        assert claim_of(row).patients == 55

    def test_median_of_a_rate_that_is_none(self):
        with pytest.raises(InputError, match=r"null_rate must lie strictly between 0 and 1, found 30.*give 0.3"):
            median_of_rate(30, 12, name="null_rate")


class TestTheCommand:
    TIMES = (
        "--null-median",
        "9",
        "--alternative-median",
        "13.5",
        "--accrual",
        "24",
        "--follow-up",
        "12",
        "--sides",
        "1",
    )

    def said(self, capsys, *words):
        assert main(["design", *words]) == 0
        return capsys.readouterr().out

    def test_the_verdict_on_patients_alone_comes_first(self, capsys):
        said = self.said(capsys, *self.TIMES, "--claimed-patients", "55")
        assert said.startswith("reproduced: ")
        assert "8 of 155 rows; --all shows every formula and reading" in said
        assert len(said.splitlines()) < 20

    def test_all_rows_are_for_the_asking(self, capsys):
        assert len(self.said(capsys, *self.TIMES, "--claimed-patients", "55", "--all").splitlines()) > 150

    def test_rates_of_responses(self, capsys):
        said = self.said(
            capsys, "--null-rate", "0.1", "--alternative-rate", "0.2", "--sides", "1", "--claimed-patients", "78"
        )
        assert said.startswith("reproduced: these formulas give the printed number: exact one-stage, smallest n")
        assert all(name in said for name in ("simon_optimal", "simon_minimax", "fleming_two_stage", "lasting"))

    def test_rates_at_a_time(self, capsys):
        said = self.said(
            capsys,
            *("--null-rate", "0.30", "--alternative-rate", "0.50", "--landmark", "12", "--accrual", "24"),
            *("--follow-up", "12", "--sides", "1"),
        )
        rows = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
        assert rows["landmark_arcsine"][3] == "37"  # rashnu, 30 against 50 % at 12 months
        assert rows["landmark_log_log"][3] == "33"

    @pytest.mark.parametrize(
        "words",
        [
            ["--null-median", "9", "--alternative-rate", "0.5"],
            ["--null-median", "9"],
            ["--null-median", "9", "--alternative-median", "12", "--null-rate", "0.1", "--alternative-rate", "0.2"],
            [],
        ],
    )
    def test_medians_or_rates(self, capsys, words):
        assert main(["design", *words]) == 2
        assert "give --null-median and --alternative-median, or --null-rate" in capsys.readouterr().err


def test_the_audit_judges_patients_alone_and_rates():
    base = {"endpoint": "PFS", "unit": "months", "alpha": "5", "power": "80", "sides": "1"}
    times = {"null_median": "9", "alternative_median": "13.5", "accrual": "24", "follow_up": "12"}
    rates = {"null_rate": "10", "alternative_rate": "20"}
    rows = [base | times | {"patients": "55"}, base | rates | {"patients": "78"}, base | rates | {"patients": "60"}]
    checks = alone({"designs": rows})
    found = checks[checks["rule"] == "design-patients"].sort_values("claim_ids")["verdict"]
    assert list(found) == ["reproduced", "reproduced", "discrepant"]


def test_methods_of_the_tests_exist():
    from resurvey.design.actual import TEST_AFTER_EVENTS, TEST_AT_DATE

    for name, unit in [*((n, "events") for n in TEST_AFTER_EVENTS), *((n, "patients") for n in TEST_AT_DATE)]:
        assert find_method(name).unit == unit
