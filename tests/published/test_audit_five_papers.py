"""What the audit must find in the five papers by its general rules, and what it must let pass.

Each line was read in the paper by hand; the comment says where.
"""

from pathlib import Path

import pytest

from resurvey import audit, tables

RAW = Path(__file__).parents[2] / "data" / "raw"


@pytest.fixture(scope="module")
def checks():
    return audit.run(tables.read_raw(RAW))


FOUND = [
    # Yang, Table 1: 68 (20.7 %) of 299; the p and the percentage belong to 62
    ("yang2019", "percentage", "discrepant", "62 of 299"),
    ("yang2019", "contingency-p", "discrepant", "40/255 against 62/299"),
    # Yang, Table 1: resistance, percentages of 114 and 185 beside 109 and 190
    ("yang2019", "percentage", "discrepant", "38.1 % fits 114 of 299"),
    ("yang2019", "percentage", "discrepant", "61.9 % fits 185 of 299"),
    # Yang, Table 1: liver, 0.213 for 0.231
    ("yang2019", "contingency-p", "discrepant", "0.231"),
    # Yang, Results, first line: 3 (8.2 %) and 34 (91.8 %) of 37
    ("yang2019", "percentage", "rounding", "8.1081 %, printed 8.2 %"),
    # Yang, Abstract against Results
    ("yang2019", "repeat", "conflict", "0.804"),
    ("yang2019", "repeat-p", "conflict", "0.019"),
    # Yang, Table 5 and text: patients with grade 3-4 are the sums of the rows
    ("yang2019", "patients-or-events", "discrepant", "42 events"),
    ("yang2019", "patients-or-events", "discrepant", "61 events"),
    ("yang2019", "most-common", "discrepant", "thrombocytopenia"),
    # Yang, Results, central nervous system: 203 and 248 with and without metastases at baseline
    # Yang, Table 1: 0.001 for <0.001, as the text prints it
    ("yang2019", "contingency-p", "discrepant", "as a bound, <0.001"),
    # Yang, Abstract: survival said to be prolonged, the numbers are of progression-free survival
    ("yang2019", "stated-direction", "uncheckable", "the sentence is about survival"),
    # Yang, Table 1: age unknown in 59 of 255 and 43 of 299
    ("yang2019", "missing-values", "uncheckable", "59 of 255"),
    ("yang2019", "excluded-part", "discrepant", "179 are left"),
    ("yang2019", "excluded-part", "discrepant", "214 are left"),
    # Yang, first line: 65 evaluable patients leave 3/36, 13/36, 8/29 and 20/29, and the p depends on the test
    ("yang2019", "implied-denominators", "reproduced", "8/29"),
    ("yang2019", "test-choice", "other-method", "Fisher exact 0.051"),
    # SePHER, Table 2 and 3
    ("bon2020", "name", "conflict", "seq4"),
    # SePHER: survival from diagnosis and from T-DM1; efficacy of T-DM1 by survival from diagnosis
    ("bon2020", "clock-choice", "other-method", "0.78 for OS from T-DM1"),
    ("bon2020", "stated-direction", "uncheckable", "the sentence is about OS from T-DM1"),
    # SePHER, Table 4: adjusted p are twice the raw ones; medians beside p; a p of five groups beside a pair
    ("bon2020", "adjusted-multiple", "reproduced", "2 times throughout"),
    ("bon2020", "medians-p", "uncheckable", "10 (8.2-11.8) and 6 (4.7-7.3) give p of about 0.00046"),
    ("bon2020", "medians-p", "uncheckable", "11 (8-14) and 9 (5-13) give p of about 0.48"),
    ("bon2020", "overall-p", "discrepant", "p <0.0001, of 5 groups together; no p of the two is printed"),
    # SePHER, Table 2 against Table 3: neo-/adjuvant treatment of 398, and of 194 and 177
    ("bon2020", "two-denominators", "conflict", "76/147 (51.7 %) and 63/117 (53.8 %)"),
    # SePHER, Table 3: Fisher in a table of Pearson tests
    ("bon2020", "contingency-p", "other-method", "the other p values of this table are by Pearson"),
    ("bon2020", "same-count", "uncheckable", "397"),
    ("bon2020", "category-sum", "discrepant", "139 of 177"),
    ("bon2020", "category-sum", "other-method", "193 of 194"),
    ("bon2020", "percentage", "discrepant", "76 (39.2 %) is also printed"),
    ("bon2020", "inclusion-exclusion", "discrepant", "353 with one and 258 with the other are 611"),
    # SePHER, Results and Table 4
    ("bon2020", "repeat", "conflict", "5555"),
    ("bon2020", "ratio-interval", "discrepant", "end at 1.513"),
    ("bon2020", "ratio-p", "discrepant", "ratio of 1.292"),
    ("bon2020", "repeat-p", "conflict", "different sides of 0.05"),
    # Review, text against Table 1
    ("liang2024", "stated-difference", "discrepant", "it fits 28.5 minus 23.9"),
    ("liang2024", "repeat", "conflict", "fits only 28.5"),
    ("liang2024", "repeat-p", "conflict", "0.008"),
    ("liang2024", "repeat-p", "conflict", "0.03 is printed for p of OS"),
    ("liang2024", "response-order", "impossible", "ORR 48 % and CBR 28 %"),
    ("liang2024", "unnamed-endpoint", "conflict", "upper of OS"),
    ("liang2024", "ratio-p", "discrepant", "disagree about significance"),
    ("liang2024", "repeat", "conflict", "10.4"),
    ("liang2024", "name", "conflict", "PATRICIA"),
    ("liang2024", "name", "conflict", "luminal_subgroup_with_median_pfs_10_6"),
    # Review, Table 2: KATE2 as phase III; its reference 88 is of a phase 2 trial
    ("liang2024", "phase", "conflict", "printed as 'III', the study is recorded as phase 2"),
    ("liang2024", "none-statement", "uncheckable", "rarely meant so widely"),
    ("liang2024", "direction-p", "uncheckable", "0.051"),
    ("liang2024", "repeat", "reproduced", "18.89"),
    ("liang2024", "across", "conflict", "699, 524 in cortes2022"),
    ("liang2024", "across", "conflict", "325, 237 in tolaney2024"),
    ("liang2024", "cohort-arms", "conflict", "373 + 184 = 557"),
    ("liang2024", "none-significant", "discrepant", "0.0049, 0.0067 below 0.05"),
    # Letter
    ("schettini2024", "stated-direction", "discrepant", "said to be worse: 9.6 against 6.8"),
    ("schettini2024", "few-or-none", "conflict", "few"),
    # PICTURE: everything adds up; the sample size is of no usual formula
    ("cao2023", "grade-sum", "reproduced", "53 (grade 3) + 3 (grade 4) is 56"),
    ("cao2023", "grade-sum", "reproduced", "5 (grade 3) + 1 (grade 4) is 6"),
    ("cao2023", "binomial-interval", "reproduced", "Clopper-Pearson of 70/100"),
    ("cao2023", "design-events", "other-method", "64 events"),
    ("cao2023", "feature-base", "discrepant", "66 + 34 = 100"),
    ("cao2023", "plan-conduct", "uncheckable", "accrual planned 32 months, done 27"),
    ("cao2023", "plan-conduct", "uncheckable", "follow-up planned 24 months"),
    # PICTURE: 8.0 is the boundary of the abstract, the null of the discussion, and the alternative of the sample size
    ("cao2023", "number-role", "conflict", "8.0 is called the boundary; the sample size has null 5.78, alternative 8"),
    ("cao2023", "number-role", "conflict", "8.0 is called the null; the sample size has null 5.78, alternative 8"),
    # PICTURE: no test against 5.78, no Cox regression of the three categories; BOLERO-3 counted among the failed trials
    ("cao2023", "planned-test", "discrepant", "no p of it is among the rows"),
    ("cao2023", "announced", "discrepant", "category of resistance"),
    ("cao2023", "none-significant", "discrepant", "0.0067 below 0.05"),
    ("cao2023", "unsupported-significance", "uncheckable", "no test is named"),
]


@pytest.mark.parametrize(("source", "rule", "verdict", "words"), FOUND)
def test_found(checks, source, rule, verdict, words):
    same = checks[(checks["source_id"] == source) & (checks["rule"] == rule) & (checks["verdict"] == verdict)]
    text = same["reported"] + " " + same["recomputed"] + " " + same["explanation"]
    assert text.str.contains(words, regex=False).any(), text.tolist()


def test_picture_has_no_finding_in_its_results_but_its_number_of_patients_and_of_metastatic_ones(checks):
    own = checks[checks["source_id"] == "cao2023"]
    of_results = ["design-patients", "feature-base"]
    of_plan_and_words = ["announced", "none-significant", "number-role", "number-role", "planned-test"]
    assert sorted(own.loc[own["verdict"].isin(audit.FLAGS), "rule"]) == sorted([*of_results, *of_plan_and_words])
    assert (own["verdict"] == "reproduced").sum() > 200
