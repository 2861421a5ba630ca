"""The comparisons of a config: what each kind writes, and that whatever fails is a row with its reason."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, plan, results, tables
from resurvey.compare import checklist, models
from resurvey.compare.bootstrap import COLUMNS as DRAWN
from resurvey.compare.bootstrap import Bootstrap, block_of, together
from resurvey.compare.carry_out import carry_out
from resurvey.compare.claims import rulings
from resurvey.compare.counts import mantel_haenszel
from resurvey.compare.groups import grade_of, labels_of, pair_of
from resurvey.compare.outcome import COLUMNS
from resurvey.compare.poststratified import shares_of
from resurvey.compare.rubin import rubin
from resurvey.compare.transitivity import UNKNOWN, messages, transitivity
from resurvey.errors import InputError
from resurvey.figures.gallery_comparison import comparison_drawings
from resurvey.labels import Labels
from resurvey.schema import TABLES
from resurvey.survival import cox, logrank
from tests.project import claim, small_tables, write_tables

PFS = {"endpoint": "PFS", "measure": "HR", "ci_level": "95"}
KEY = ["method", "measure", "treatment", "comparator", "population"]
GROUPS = {
    "treatment": {"study": "alpha", "arm": "new", "population": "all", "endpoint": "PFS", "data_cut": ""},
    "comparator": {"study": "alpha", "arm": "old", "population": "all", "endpoint": "PFS", "data_cut": ""},
}


def about(study, number, **cells):
    return {**claim(number, **cells), "study_id": study}


def ratio(study, number, arm, other, value, lower="", upper="", **cells):
    more = {"arm_id": arm, "comparator_arm_id": other, "value": value, "lower": lower, "upper": upper}
    return about(study, number, **{**PFS, **more, **cells})


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    rows = small_tables()
    for study, design in (("beta", "randomised"), ("gamma", "randomised"), ("delta", "retrospective cohort")):
        rows["studies"].append(
            {"study_id": study, "acronym": study.upper(), "design": design, "source_id": "alpha2020", "line": "2"}
        )
    rows["studies"][0]["line"] = "1"
    rows["treatments"] += [
        {"treatment_id": name, "label": name, "components": name, "classes": "x"} for name in ("mid", "far", "off")
    ]
    pairs = {"beta": ("old", "mid"), "gamma": ("new", "old"), "delta": ("far", "off")}
    number = 10
    for study, arms in pairs.items():
        for arm in arms:
            number += 1
            rows["arms"].append(about(study, f"arm-{number:03}", arm_id=arm, treatment_id=arm, n="50"))
    rows["arms"].append(claim("arm-031", arm_id="new", treatment_id="new", population="young", n="30"))
    rows["arms"].append(claim("arm-032", arm_id="new", treatment_id="new", population="aged", n="10"))
    rows["hazard_ratios"] += [
        ratio("beta", "hr-002", "mid", "old", "0.80", "0.60", "1.0667"),
        ratio("gamma", "hr-003", "new", "old", "0.70", "0.50", "0.98"),
        ratio("gamma", "hr-004", "new", "old", "0.90"),
        ratio("delta", "hr-005", "far", "off", "0.50", "0.40", "0.625"),
        ratio("gamma", "hr-006", "new", "old", "0.60", "0.45", "0.80"),
    ]
    rows["p_values"] = [
        claim("p-001", arm_id="new", endpoint="PFS", item="PFS", comparator_study_id="alpha", comparator_arm_id="old",
              comparator_population="all", p="0.04", test="log-rank", claims="alpha2020-med-001;alpha2020-med-002"),
    ]  # fmt: skip
    rows["differences"] = [
        claim("diff-001", arm_id="new", endpoint="PFS", item="PFS", direction="longer"),
        claim("diff-002", arm_id="new", endpoint="PFS", item="PFS", direction="worse"),
        claim("diff-003", arm_id="old", endpoint="PFS", item="PFS", direction="shorter"),
        claim("diff-004", arm_id="new", endpoint="PFS", item="PFS", direction="higher"),
    ]
    rows["proportions"] += [
        claim("prop-003", arm_id="old", kind="baseline", item="young", n="20", total="98"),
        claim("prop-004", arm_id="old", kind="baseline", item="all ages", n="80", total="98"),
        claim("prop-005", arm_id="new", kind="progression", endpoint="PFS", item="early", percent="~20"),
        claim("prop-006", arm_id="old", kind="baseline", item="without a count", percent="20"),
    ]
    rows["adjudications"] = [
        {"check_id": "repeat-alpha2020-med-001-med-003", "verdict": "conflict", "ruling": "misprint",
         "reason": "One of the two is a slip.", "by": "team"},
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("raw")
    write_tables(rows, folder)
    return clean.tidy(tables.read_raw(folder))


def arm(rng, scale, n, replicates, **names):
    time = rng.exponential(scale, (replicates, n))
    event = (time < 30).astype(int)
    frame = pd.DataFrame({"replicate": np.repeat(np.arange(replicates), n), "time": np.minimum(time, 30).ravel()})
    return frame.assign(
        event=event.ravel(), study_id="alpha", endpoint="PFS", evidence="summary", **{"data_cut": "", **names}
    )


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(4)
    young = arm(rng, 30.0, 30, 8, arm_id="new", population="young")
    aged = arm(rng, 6.0, 10, 8, arm_id="new", population="aged")
    whole = pd.concat([young, aged]).assign(population="all")
    old = arm(rng, 8.0, 60, 8, arm_id="old", population="all")
    later = arm(rng, 25.0, 60, 8, arm_id="old", population="all", data_cut="later")
    return {"alpha": pd.concat([young, aged, whole, old, later], ignore_index=True)}


def entry(kind="patients", **more):
    base = {"id": "one", "kind": kind, "question": "?", "assumptions": ["they are alike"]}
    return plan.comparison({**base, **(GROUPS if kind == "patients" else {}), **more})


def one(made, method, measure="HR"):
    rows = made.rows()
    found = rows[(rows["method"] == method) & (rows["measure"] == measure)]
    assert len(found) == 1, sorted(set(rows["method"]))
    return found.iloc[0]


@pytest.fixture(scope="module")
def compared(typed, patients):
    printed = ["alpha2020-hr-001", "alpha2020-p-001"] + [f"alpha2020-diff-00{i}" for i in (1, 2, 3, 4)]
    half = {"name": "half young", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}
    made = {
        "printed": printed,
        "landmarks": [6.0, 12.0, 600.0],
        "progressed": {"within": 2, "claims": ["alpha2020-prop-005"]},
        "standardise": [half, {**half, "name": "strict", "minimum_ess": 35}],
    }
    return carry_out(entry(**made), typed, patients)


def test_no_row_is_blank_and_every_row_says_how_to_read_it(compared):
    rows = compared.rows()
    assert list(rows.columns) == COLUMNS
    assert not rows.duplicated(KEY).any()
    estimated = rows[~rows["refused"]]
    assert (estimated["estimate"].notna() | estimated["p"].notna()).all()
    refused = rows[rows["refused"]]
    assert len(refused) > 0
    assert refused["note"].str.len().min() > 10
    for column in ("assumptions", "evidence", "orientation"):
        assert rows[column].astype(str).str.len().min() > 3
    assert set(estimated["evidence"]) == {"summary", "printed", "printed ratios"}
    assert "below 1 favours new drug" in one(compared, "Cox (Efron), unadjusted")["orientation"]


def test_the_tables_that_figures_read_are_there(compared):
    wanted = {"curves", "risk", "log_cumulative_hazard", "rmst", "spread", "models", "sensitivity", "transitivity"}
    wanted |= {"bias_array", "e_values", "bias_needed", "shifted_null", "balance", "standardised"}
    assert wanted == set(compared.tables)


def test_a_landmark_beyond_the_follow_up_is_refused_and_the_others_are_not(compared):
    row = one(compared, "restricted mean, unadjusted", "difference up to 600 months")
    assert row["refused"]
    assert "600 months is beyond" in row["note"]
    assert not one(compared, "restricted mean, unadjusted", "difference up to 6 months")["refused"]


def test_weights_give_the_target_its_shares_and_cost_effective_patients(compared):
    # 30 young with weight 0.5 * 40 / 30, 10 aged with 0.5 * 40 / 10: 40^2 / (30 (2/3)^2 + 10 2^2) = 30
    row = one(compared, "standardised by half young (scenario)", "effective sample size")
    assert row["estimate"] == pytest.approx(30.0)
    balance = compared.tables["balance"].set_index("moment")
    assert balance["before"].to_dict() == {"young": 0.75, "aged": 0.25}
    assert balance["after"].to_dict() == pytest.approx({"young": 0.5, "aged": 0.5})
    naive = one(compared, "Cox (Efron), unadjusted")["estimate"]
    assert one(compared, "Cox, standardised by half young (scenario)")["estimate"] > naive  # the aged fare worse


def test_the_naive_ratio_stands_above_the_standardised_ones(compared):
    table = compared.tables["standardised"]
    assert table["method"].tolist()[0] == "Cox (Efron), unadjusted"
    assert table["refused"].tolist() == [False, False, True]
    assert table["ess"].tolist()[:2] == pytest.approx([40, 30])
    weights = compared.tables["balance"].set_index("moment")["weight"]
    assert weights.to_dict() == pytest.approx({"young": 2 / 3, "aged": 2.0})


def test_direct_standardisation_mixes_the_curves_of_the_strata(compared, typed, patients):
    row = one(compared, "standardised by half young (scenario)", "difference in survival at 6 months")
    table = patients["alpha"]

    def alive(population, arm_id):
        chosen = table[(table["population"] == population) & (table["arm_id"] == arm_id) & (table["data_cut"] == "")]
        return (chosen["time"] > 6).groupby(chosen["replicate"]).mean().mean()  # nobody is censored before 30

    expected = 0.5 * alive("young", "new") + 0.5 * alive("aged", "new") - alive("all", "old")
    assert row["estimate"] == pytest.approx(expected)


def test_a_group_of_one_replicate_is_set_beside_each_of_the_other(typed, patients):
    table = patients["alpha"]
    single = table[(table["arm_id"] != "old") | (table["replicate"] == 0)]
    half = {"name": "half young", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}
    made = carry_out(entry(landmarks=[6.0], standardise=[half]), typed, {"alpha": single})
    spread = made.tables["spread"]
    assert set(spread.loc[spread["method"] == "Cox (Efron)", "replicates"]) == {8}
    naive, adjusted = one(made, "Cox (Efron), unadjusted"), one(made, "Cox, standardised by half young (scenario)")
    assert naive["estimate"] < adjusted["estimate"] < 1


HALF = {"name": "half young", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}
BOOTSTRAPPED = "bootstrap, standardised by half young (scenario)"


def test_a_bootstrap_is_about_as_wide_as_the_interval_by_formula(typed, patients):
    made = carry_out(entry(landmarks=[6.0], standardise=[HALF]), typed, patients, Bootstrap(400, 7))
    drawn, formula = one(made, BOOTSTRAPPED), one(made, "Cox, standardised by half young (scenario)")
    widths = [np.log(row["upper"] / row["lower"]) for row in (drawn, formula)]
    assert widths[0] == pytest.approx(widths[1], rel=0.3)
    assert np.log(drawn["estimate"]) == pytest.approx(np.log(formula["estimate"]), abs=0.1)
    assert drawn["lower"] < drawn["estimate"] < drawn["upper"]
    assert 0 < drawn["p"] <= 1
    assert "of 400 replicates" in drawn["note"]
    assert set(made.tables["standardised"]["method"]) == {"Cox (Efron), unadjusted", formula["method"]}


@pytest.mark.parametrize("jobs", [[range(110)], [range(55), range(55, 110)], [range(1), range(1, 64), range(64, 110)]])
def test_blocks_of_a_bootstrap_give_what_one_job_gives(typed, patients, jobs):
    asked = entry(landmarks=[6.0], standardise=[HALF])
    whole = carry_out(asked, typed, patients, Bootstrap(110, 7)).rows()
    blocks = [
        block_of([asked, entry("pool", claims=["alpha2020-hr-001"])], typed, patients, which, 7) for which in jobs
    ]
    joined = carry_out(asked, typed, patients, Bootstrap(110, 7, together(blocks))).rows()
    pd.testing.assert_frame_equal(joined, whole)


def test_a_bootstrap_sets_a_subgroup_of_one_replicate_beside_each_of_the_others(typed, patients):
    table = patients["alpha"]
    single = {"alpha": table[(table["population"] != "young") | (table["replicate"] == 0)]}
    asked = entry(landmarks=[6.0], standardise=[HALF])
    drawn = one(carry_out(asked, typed, single, Bootstrap(120, 7)), BOOTSTRAPPED)
    assert not drawn["refused"]
    assert "of 120 replicates" in drawn["note"]
    blocks = [block_of([asked], typed, single, which, 7) for which in (range(1), range(1, 120))]
    assert [len(block) for block in blocks] == [1, 119]


def test_a_bootstrap_names_the_claims_of_its_shares(typed, patients):
    counted = {**HALF, "shares": ["alpha2020-prop-003", {"rest_of": "alpha2020-prop-004"}]}
    rows = carry_out(entry(landmarks=[6.0], standardise=[counted]), typed, patients, Bootstrap(100, 7)).rows()
    named = rows.set_index("method")["claim_ids"]
    assert named["bootstrap, standardised by half young"] == "alpha2020-prop-003;alpha2020-prop-004"


def test_a_bootstrap_depends_on_the_seed_and_on_the_names(typed, patients):
    def ratios(seed=7, **more):
        made = block_of([entry(standardise=[{**HALF, **more}])], typed, patients, range(4), seed)
        return made["log_hr"].tolist()

    assert ratios() == ratios()
    assert ratios() != ratios(seed=8)
    assert ratios() != ratios(name="another name")


def test_no_bootstrap_is_made_unless_asked_for(typed, patients, compared):
    assert not compared.rows()["method"].str.startswith("bootstrap").any()
    made = carry_out(entry(landmarks=[6.0], standardise=[HALF]), typed, patients, Bootstrap(0, 7)).rows()
    assert not made["method"].str.startswith("bootstrap").any()


def test_what_cannot_be_standardised_has_no_replicates_and_its_reason_once(typed, patients):
    nobody = {**HALF, "populations": ["young", "nobody"]}
    asked = entry(landmarks=[6.0], standardise=[nobody])
    block = block_of([asked], typed, patients, range(100), 7)
    assert list(block.columns) == DRAWN
    assert block.empty
    rows = carry_out(asked, typed, patients, Bootstrap(100, 7, together([block]))).rows()
    assert not rows["method"].str.startswith("bootstrap").any()
    assert rows["method"].eq("Cox, standardised by half young (scenario)").sum() == 1


def test_a_bootstrap_of_few_ratios_is_refused(typed, patients):
    made = carry_out(entry(landmarks=[6.0], standardise=[HALF]), typed, patients, Bootstrap(99, 7))
    row = one(made, BOOTSTRAPPED)
    assert row["refused"]
    assert "99 of 99 bootstrap replicates have a ratio, fewer than 100" in row["note"]


def test_a_subgroup_that_alone_counts_may_be_missing_from_a_draw(typed, patients):
    table = patients["alpha"]
    young = (table["population"] == "young") & (table.groupby(["replicate", "population", "arm_id"]).cumcount() > 0)
    lone = {"alpha": table[~young]}
    only_young = {**HALF, "shares": [1, 0], "minimum_ess": 0.5}
    drawn = block_of([entry(standardise=[only_young])], typed, lone, range(60), 7)["log_hr"]
    assert 0 < drawn.isna().sum() < 60


def test_too_few_effective_patients_are_refused_with_their_number(compared):
    row = one(compared, "Cox, standardised by strict (scenario)")
    assert (row["refused"], np.isnan(row["estimate"])) == (True, True)
    assert "effective sample size is 30.0 of 40 patients, below the least allowed (35)" in row["note"]
    assert set(compared.tables["balance"]["target_population"]) == {"half young"}


def test_the_printed_ratio_stands_beside_ours_with_its_rounding(compared):
    ours = one(compared, "Cox (Efron), unadjusted")["estimate"]
    row = one(compared, "hazard ratio beside alpha2020-hr-001", "printed minus rebuilt")
    assert row["estimate"] == pytest.approx(0.55 - ours)
    assert (row["lower"], row["upper"]) == pytest.approx((0.545 - ours, 0.555 - ours))
    assert "differs by more than the rounding" in row["note"]


def test_the_printed_p_is_placed_among_ours(compared):
    row = one(compared, "log-rank, as printed", "p")
    assert row["p"] == pytest.approx(0.04)
    assert "of our p values over the ensemble 100% are as small" in row["note"]
    shown = one(compared, "log-rank, unadjusted", "p over the ensemble")
    assert shown["lower"] <= shown["estimate"] <= shown["upper"] < 0.04


@pytest.mark.parametrize(
    ("number", "verdict"), [(1, "; borne out: 100%"), (2, "; not borne out: 0%"), (3, "; borne out: 100%")]
)
def test_a_direction_in_words_is_borne_out_or_not(compared, number, verdict):
    row = one(compared, f"direction stated in alpha2020-diff-00{number}", "direction")
    assert verdict in row["note"]
    assert "median" in row["note"]
    assert "survival at 6 months" in row["note"]


def test_a_word_that_may_mean_either_direction_is_refused(compared):
    row = one(compared, "direction stated in alpha2020-diff-004", "direction")
    assert row["refused"]
    assert "'higher' does not say whether of survival or of a hazard" in row["note"]


def test_early_progressors_stand_beside_the_rebuilt_ones(compared, patients):
    measure = "proportion with an event within 2 months"
    assert one(compared, "share progressed, as printed", measure)["estimate"] == pytest.approx(0.2)
    table = patients["alpha"]
    new = table[(table["arm_id"] == "new") & (table["population"] == "all")]
    expected = (new["time"] <= 2).mean()
    row = one(compared, "share progressed, rebuilt", measure)
    assert row["estimate"] == pytest.approx(expected)
    assert row["lower"] < expected < row["upper"]


def test_another_data_cut_is_tried_without_being_asked(compared):
    table = compared.tables["sensitivity"].set_index("variation")
    assert table.loc["as compared", "ratio_to_main"] == 1
    assert table.loc["comparator, data cut later", "estimate"] > table.loc["as compared", "estimate"]
    seen, main = table.loc["as if the patients had been seen"], table.loc["as compared"]
    assert seen["estimate"] == pytest.approx(main["estimate"])
    assert seen["upper"] / seen["lower"] < main["upper"] / main["lower"]
    both = [table.loc[f"{name} replicates only", "estimate"] for name in ("even", "odd")]
    assert sqrt(both[0] * both[1]) == pytest.approx(main["estimate"])  # halves of the mean of logs
    assert not one(compared, "sensitivity: comparator, data cut later")["refused"]


def test_an_estimate_that_rests_on_the_shape_has_a_row_for_each_kind_that_changes_it(typed):
    """Half of the replicates of one arm live twice as long: what a kind of hazard makes of the ratio is its row's."""
    rng = np.random.default_rng(4)
    new, old = (arm(rng, scale, 60, 24, arm_id=name, population="all") for scale, name in ((8, "new"), (10, "old")))
    odd = new["replicate"] % 2 == 1
    new = new.assign(time=new["time"].where(~odd, 3 * new["time"]))
    whole = pd.concat([new, old], ignore_index=True)
    drawn = {"alpha": whole.assign(shape=[*np.where(odd, "falling", "steady"), *[""] * len(old)])}
    made = carry_out(entry(), typed, drawn).tables["sensitivity"]
    by_kind = made[made["kind"] == "shape"]
    assert [name.rsplit(": ")[1] for name in by_kind["variation"]] == ["falling hazard", "steady hazard"]
    assert by_kind["estimate"].iloc[0] < made["estimate"].iloc[0] < by_kind["estimate"].iloc[1]
    assert by_kind["note"].str.contains("50 % of the replicates").all()
    unknown = carry_out(entry(), typed, {"alpha": whole}).tables["sensitivity"]
    assert "shape" not in set(unknown["kind"])


def test_a_group_with_fewer_replicates_is_used_again(typed):
    """As if its replicates, with their kinds of hazards, had been given twice."""
    rng = np.random.default_rng(4)
    new, old = (arm(rng, 8, 60, size, arm_id=name, population="all") for name, size in (("new", 24), ("old", 48)))
    odd = new["replicate"] % 2 == 1
    new = new.assign(time=new["time"].where(~odd, 3 * new["time"]), shape=np.where(odd, "falling", "steady"))
    twice = pd.concat([new, new.assign(replicate=new["replicate"] + 24)], ignore_index=True)
    old = old.assign(shape="")
    fewer, given_twice = (
        carry_out(entry(), typed, {"alpha": pd.concat([group, old], ignore_index=True)}).tables["sensitivity"]
        for group in (new, twice)
    )
    assert (fewer["kind"] == "shape").sum() == 2
    pd.testing.assert_frame_equal(fewer, given_twice)


def test_models_are_fitted_to_each_group_and_the_true_one_fits(compared):
    table = compared.tables["models"]
    assert set(table["group"]) == {"first", "second"}
    old = table[table["group"] == "second"].set_index("model")
    assert old.loc["exponential", "median"] == pytest.approx(8 * log(2), rel=0.15)
    assert old["lowest_aic"].sum() == pytest.approx(1.0)
    assert old.loc["exponential", "aic_low"] <= old.loc["exponential", "aic"] <= old.loc["exponential", "aic_high"]


def test_a_model_that_cannot_be_fitted_is_refused_with_the_reason():
    times, marks = np.array([3.0, 5.0, 9.0]), np.array([1.0, 0.0, 0.0])
    made = models._fit_all(times.tobytes(), marks.tobytes(), ("exponential", "weibull"))
    assert made[0]["median"] == pytest.approx(17 * log(2))
    row = models._row("weibull", [made[1]] * 2)
    assert row["status"] == "refused"
    assert "2 parameters, but there are 1 event times" in row["note"]


def test_a_group_that_was_not_rebuilt_is_a_row_with_the_reason(typed, patients):
    group = {**GROUPS["comparator"], "data_cut": "never"}
    made = carry_out(entry(comparator=group), typed, patients).rows()
    assert made["refused"].tolist() == [True]
    assert "no patients of alpha / old / all / PFS / never were rebuilt" in made["note"].iloc[0]
    made = carry_out(entry(), typed, {})
    assert made.rows()["refused"].tolist() == [True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"comparator": {**GROUPS["comparator"], "arm": "odl"}}, "'one': study 'alpha' has no arm 'odl'"),
        ({"comparator": {**GROUPS["comparator"], "study": "alfa"}}, "'one': there is no study 'alfa'"),
        ({"printed": ["alpha2020-hr-999"]}, "'one': printed: claim 'alpha2020-hr-999'.*no table has it"),
        ({"printed": ["alpha2020-med-001"]}, "neither a p value.*it is in medians.csv"),
        ({"printed": ["alpha2020-hr-002"]}, "alpha2020-hr-002 is about arm 'mid' of study 'beta', which is in neither"),
        (
            {"progressed": {"within": 2, "claims": ["alpha2020-prop-9"]}},
            "no claim 'alpha2020-prop-9' in proportions.csv",
        ),
    ],
)
def test_a_slip_in_the_config_names_the_entry(typed, patients, change, message):
    with pytest.raises(InputError, match=message):
        carry_out(entry(landmarks=[6.0], **change), typed, patients)


STRATA = [{"name": "age", "populations": ["young", "aged"]}]


@pytest.fixture(scope="module")
def layered():
    """New drug mostly in the young, old drug mostly in the aged: within an age they do the same."""
    rng = np.random.default_rng(9)
    parts = []
    for name, population, scale, n in (
        ("new", "young", 20.0, 40), ("new", "aged", 5.0, 10), ("old", "young", 20.0, 10), ("old", "aged", 5.0, 40)
    ):  # fmt: skip
        parts.append(arm(rng, scale, n, 8, arm_id=name, population=population))
    return {"alpha": pd.concat([*parts, *(part.assign(population="all") for part in parts)], ignore_index=True)}


def test_strata_are_pooled_over_the_replicates_as_each_replicate_alone_says(typed, layered):
    made = carry_out(entry(strata=STRATA), typed, layered)
    rows = layered["alpha"][layered["alpha"]["population"] != "all"]
    z, ratios = [], []
    for _, part in rows.groupby("replicate"):
        three = (part["time"], part["event"], part["arm_id"] == "new")
        z.append(logrank(*three, strata=part["population"]).z)
        ratios.append(cox(*three, strata=part["population"]))
    pooled = rubin(z, np.ones(len(z)), complete_df=rows["event"].sum() / 8 - 1)
    row = one(made, "log-rank, stratified by age", "z")
    assert (row["estimate"], row["lower"]) == pytest.approx((pooled.estimate, pooled.lower))
    row = one(made, "Cox (Efron), stratified by age")
    assert row["estimate"] == pytest.approx(exp(np.mean([each.log_hr for each in ratios])))
    assert row["upper"] > exp(np.mean([each.log_hr for each in ratios]) + 1.96 * np.mean([r.se for r in ratios]))
    assert "2 strata with all patients" in row["note"]
    # The naive ratio is confounded by age, the stratified one is not.
    assert one(made, "Cox (Efron), unadjusted")["upper"] < 1
    assert row["lower"] < 1 < row["upper"]
    table = made.tables["strata"].set_index("stratum")
    assert table.loc["young", ["n_treatment", "n_comparator"]].tolist() == [40, 10]
    assert table["estimate"].between(0.3, 3).all()


@pytest.mark.parametrize(
    ("populations", "reason"),
    [
        (["young", "nobody"], "no patients of alpha / new / nobody / PFS were rebuilt"),
        (["young", "all"], "hold 90 and 60 patients, the groups 50 and 50: they overlap"),
    ],
)
def test_strata_that_cannot_be_are_refused_with_the_reason(typed, layered, populations, reason):
    made = carry_out(entry(strata=[{"name": "age", "populations": populations}]), typed, layered)
    rows = made.rows().set_index("method")
    for method in ("log-rank, stratified by age", "Cox (Efron), stratified by age"):
        assert rows.loc[method, "refused"]
        assert reason in rows.loc[method, "note"]
    assert "strata" not in made.tables


def test_a_stratum_without_a_ratio_says_why_and_leaves_the_others(typed, layered):
    table = layered["alpha"]
    alive = (table["arm_id"] == "old") & (table["population"] == "young")
    made = carry_out(entry(strata=STRATA), typed, {"alpha": table.assign(event=table["event"].mask(alive, 0))})
    lines = made.tables["strata"].set_index("stratum")
    assert "no finite hazard ratio in 8 of 8 replicates" in lines.loc["young", "note"]
    assert np.isnan(lines.loc["young", "estimate"])
    assert not one(made, "Cox (Efron), stratified by age")["refused"]


def test_strata_that_hold_some_of_the_patients_say_how_many(typed, layered):
    table = layered["alpha"]
    fewer = table[
        (table["population"] != "young") | (table.groupby(["replicate", "arm_id", "population"]).cumcount() > 4)
    ]
    made = carry_out(entry(strata=STRATA), typed, {"alpha": fewer})
    assert "2 strata with 45 of 50 and 45 of 50 patients" in one(made, "Cox (Efron), stratified by age")["note"]


def mix(*shares):
    raw = {"name": "s", "populations": ["young", "aged"], "shares": list(shares), "source": "x"}
    return entry(standardise=[raw]).standardise[0]


def test_shares_come_from_counts_and_what_is_left_of_one(typed):
    made, words = shares_of(mix("alpha2020-prop-003", {"rest_of": "alpha2020-prop-004"}), typed)
    assert made == pytest.approx({"young": 20 / 80, "aged": 60 / 80})
    assert "80 patients" in words
    made, _ = shares_of(mix("alpha2020-prop-003", "alpha2020-prop-004"), typed)
    assert made == pytest.approx({"young": 0.2, "aged": 0.8})
    assert "scenario" in shares_of(mix(0.5, 0.5), typed)[1]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ((0.5, "alpha2020-prop-003"), "mixes numbers and claims"),
        (("alpha2020-prop-003", "alpha2020-prop-006"), "alpha2020-prop-006 prints no count"),
        (("alpha2020-prop-004", {"rest_of": "alpha2020-prop-003"}), "counts 20, the other shares 80"),
        ((0.5, 0.25, 0.25), "2 populations but 3 shares"),
    ],
)
def test_shares_that_cannot_be_meant_are_refused(typed, shares, message):
    with pytest.raises(InputError, match=message):
        shares_of(mix(*shares), typed)


def test_bucher_and_its_alternative_by_hand(typed):
    legs = {"first": "alpha2020-hr-001", "second": "alpha2020-hr-002", "path": ["new", "old", "mid"]}
    other = {"name": "gamma", "instead_of": "alpha2020-hr-001", "use": "alpha2020-hr-003"}
    made = carry_out(entry("bucher", alternatives=[other], **legs), typed, {})
    assert one(made, "Bucher")["estimate"] == pytest.approx(0.55 / 0.80)
    row = one(made, "sensitivity: gamma, Bucher")
    assert row["estimate"] == pytest.approx(0.70 / 0.80)
    assert "1.27 times the main ratio" in row["note"]
    assert "line of treatment differs: 1 (ALPHA); 2 (BETA)" in one(made, "Bucher")["note"]


def test_an_alternative_to_a_claim_that_is_not_used_is_a_slip(typed):
    legs = {"first": "alpha2020-hr-001", "second": "alpha2020-hr-002", "path": ["new", "old", "mid"]}
    other = {"name": "x", "instead_of": "alpha2020-hr-005", "use": "alpha2020-hr-003"}
    with pytest.raises(InputError, match="'one': alternatives: 'alpha2020-hr-005' is not a claim of this comparison"):
        carry_out(entry("bucher", alternatives=[other], **legs), typed, {})


def pooled(typed, **more):
    claims = ["alpha2020-hr-001", "alpha2020-hr-003", "alpha2020-hr-004"]
    return carry_out(entry("pool", **{"claims": claims, **more}), typed, {})


def test_a_ratio_without_an_interval_is_shown_and_not_pooled(typed):
    made = pooled(typed, not_pooled=["alpha2020-p-001"])
    rows = made.rows()
    refused = rows[rows["method"] == "not pooled"]
    assert refused["refused"].tolist() == [True, True]
    assert "prints 0.90 without an interval" in refused["note"].iloc[0]
    assert "only p 0.04 is printed, with medians 11.80 against 6.9" in refused["note"].iloc[1]
    effects = made.tables["effects"]
    weights = 1 / effects["se"] ** 2
    assert len(effects) == 2
    common = one(made, "common effect")
    assert common["estimate"] == pytest.approx(exp(np.average(effects["estimate"], weights=weights)))


def test_groups_are_pooled_apart_and_their_difference_is_tested(typed):
    groups = {"a": ["alpha2020-hr-001"], "b": ["alpha2020-hr-003"], "c": ["alpha2020-hr-004"]}
    rows = pooled(typed, groups={k: groups[k] for k in "ab"}).rows()
    row = rows[rows["method"] == "difference between groups, common effect"].iloc[0]
    assert row["estimate"] == pytest.approx(0.55 / 0.70)
    random = rows[rows["method"].str.startswith("difference between groups, random")].iloc[0]
    assert (random["refused"], "nothing is left to estimate heterogeneity from" in random["note"]) == (True, True)
    alone = rows[(rows["population"] == "a") & rows["refused"]]
    assert set(alone["method"]) == {"random effects, REML, Hartung-Knapp", "prediction interval"}
    rows = pooled(typed, groups={"c": groups["c"]}).rows()
    assert "without an interval" in rows[rows["population"] == "c"]["note"].iloc[0]
    with pytest.raises(InputError, match="group 'd' names alpha2020-hr-005"):
        pooled(typed, groups={"d": ["alpha2020-hr-005"]})


def test_nothing_to_pool_is_one_refused_row(typed):
    rows = pooled(typed, claims=["alpha2020-hr-004"]).rows()
    assert rows["refused"].tolist() == [True]
    assert "no ratio of the list can be pooled" in rows["note"].iloc[0]


def test_what_a_comparison_is_known_by_is_marked_once(typed):
    rows = pooled(typed).rows()
    known = rows[(rows["role"] == "main") & ~rows["refused"]]
    assert known["method"].tolist() == ["random effects, REML, Hartung-Knapp"]
    assert known["population"].tolist() == ["all"]
    alone = pooled(typed, claims=["alpha2020-hr-001"]).rows()
    assert alone[(alone["role"] == "main") & ~alone["refused"]]["method"].tolist() == [
        "common effect"
    ]  # heterogeneity of one is unknown
    refused = pooled(typed, claims=["alpha2020-hr-004"]).rows()
    assert refused["refused"].tolist() == [True]


def test_a_pool_with_a_prior_has_its_posterior_beside(typed):
    made = pooled(typed, bayes={"prior": "half-normal", "scale": 0.5})
    rows = made.rows()
    bayes = rows[rows["model"] == "Bayesian random effects"]
    assert bayes["role"].tolist() == ["sensitivity", "prediction"]
    effect, new = bayes.iloc[0], bayes.iloc[1]
    common = one(made, "common effect")
    assert effect["lower"] < common["estimate"] < effect["upper"]
    assert effect["upper"] < new["upper"]
    assert "median of tau" in effect["note"] and "probability of a ratio below 1" in effect["note"]
    assert {"bayes_studies", "bayes_tau", "bayes_priors"} <= set(made.tables)
    assert len(made.tables["bayes_priors"]) == 6


def test_a_network_with_a_prior_has_ranks_and_splits_beside():
    made = three_arms(bayes={"prior": "empirical"})
    rows = made.rows()
    bayes = rows[rows["model"] == "Bayesian random effects"].set_index("treatment")
    assert set(bayes.index) == {"new", "high"}
    main = rows[rows["role"] == "main"].set_index("treatment")
    assert bayes.loc["new", "estimate"] == pytest.approx(main.loc["new", "estimate"], abs=0.05)
    assert made.tables["bayes_ranking"]["sucra"].between(0, 1).all()
    assert {"bayes_effects", "bayes_ranks", "bayes_priors", "bayes_tau"} <= set(made.tables)
    none = three_arms()
    assert not any(name.startswith("bayes") for name in none.tables)


def test_a_log_normal_prior_needs_its_location():
    with pytest.raises(InputError, match="location belongs to a log-normal prior"):
        three_arms(bayes={"prior": "log-normal", "scale": 1.7})
    assert three_arms(bayes={"prior": "log-normal", "location": -2.56, "scale": 1.74}).tables["bayes_tau"].shape[0] == 1


def three_arms(**more):
    """Two doses against a control whose ratios alone are printed, with their events, and another study."""
    rows = small_tables()
    rows["treatments"].append({"treatment_id": "high", "label": "high dose", "components": "new", "classes": "x"})
    rows["studies"].append({"study_id": "beta", "acronym": "BETA", "design": "randomised", "source_id": "alpha2020"})
    rows["arms"] += [
        claim("arm-021", arm_id="high", treatment_id="high", n="102"),
        about("beta", "arm-022", arm_id="high", treatment_id="high", n="60"),
        about("beta", "arm-023", arm_id="old", treatment_id="old", n="60"),
    ]
    rows["medians"].append(claim("med-021", arm_id="high", value="12.5", lower="9", upper="16", events="60", **PFS))
    rows["hazard_ratios"] = [
        ratio("alpha", "hr-001", "new", "old", "0.60", "0.43", "0.84"),
        ratio("alpha", "hr-002", "high", "old", "0.50", "0.36", "0.70"),
        ratio("beta", "hr-003", "high", "old", "0.65", "0.42", "1.01"),
    ]
    typed = clean.tidy(
        {
            name: pd.DataFrame(rows.get(name, []), columns=table.names, dtype=object).fillna("")
            for name, table in TABLES.items()
        }
    )
    claims = [f"alpha2020-hr-00{i}" for i in (1, 2, 3)]
    return carry_out(entry("network", claims=claims, reference="old", **more), typed, {})


def test_a_study_of_three_arms_with_ratios_against_its_control_runs():
    made = three_arms()
    told = made.tables["multi_arm"].iloc[0]
    assert (told["study"], told["control"], told["method"]) == ("alpha", "old", "events")
    rows = made.rows()
    known = rows[rows["role"] == "main"].set_index("treatment")["estimate"]
    assert set(known.index) == {"new", "high"} and known["new"] == pytest.approx(0.6, abs=0.03)
    varied = rows[rows["method"].str.startswith("sensitivity: covariance of ALPHA")]
    assert {name.split(",")[0] for name in varied["method"]} == {
        "sensitivity: covariance of ALPHA from the patients of each arm",
        "sensitivity: covariance of ALPHA from an assumed correlation",
    }
    assert not varied["refused"].any()
    assert "is from the events of each arm" in rows[rows["role"] == "main"]["note"].iloc[0]


def test_how_three_arms_hang_together_may_be_said():
    asked = three_arms(multi_arm={"alpha": {"method": "correlation", "correlation": 0.3}}).tables["multi_arm"].iloc[0]
    assert (asked["method"], asked["lowest_correlation"]) == ("correlation", pytest.approx(0.3))
    given = three_arms(multi_arm={"alpha": {"method": "control_se", "control_se": 0.1}}).tables["multi_arm"].iloc[0]
    assert given["control_variance"] == pytest.approx(0.01)
    refused = three_arms(multi_arm={"alpha": {"method": "control_se"}}).rows()
    assert refused["refused"].tolist() == [True] and "not known of its arms" in refused["note"].iloc[0]


def test_arms_merged_into_one_treatment_have_one_ratio():
    made = three_arms(merge={"high": "new"})
    known = made.rows()[lambda rows: rows["role"] == "main"]
    assert known["treatment"].tolist() == ["new"]
    assert "new and high count as new" in known["note"].iloc[0]


def test_a_network_in_pieces_refuses_what_it_cannot_reach(typed):
    claims = [f"alpha2020-hr-00{i}" for i in (1, 2, 3, 5)]
    made = carry_out(entry("network", claims=claims, reference="old", not_for=["to choose"]), typed, {})
    rows = made.rows()
    refused = rows[rows["refused"] & rows["method"].str.startswith("network")]
    assert set(refused["treatment"]) == {"far", "off"}
    assert refused["note"].str.contains("no path of comparisons leads from it to old").all()
    assert one(made.__class__(rows[rows["treatment"] == "mid"]), "network, common effects")[
        "estimate"
    ] == pytest.approx(0.8)
    said = made.tables["messages"]
    assert "ROW" in said.loc[said["kind"] == "orientation", "message"].iloc[0]
    assert "may not be used to choose" in said["message"].tolist()
    assert any("design differs" in text for text in said.loc[said["kind"] == "transitivity", "message"])
    varied = made.tables["sensitivity"]
    assert {"without ALPHA", "randomised studies only"} <= set(varied["variation"])
    alone = varied[(varied["variation"] == "without ALPHA") & (varied["treatment"] == "new")]
    assert alone["estimate"].iloc[0] == pytest.approx(0.70)
    row = rows[(rows["method"] == "sensitivity: without ALPHA, network, random effects") & (rows["treatment"] == "new")]
    assert row["estimate"].iloc[0] == pytest.approx(0.70)
    assert not rows["method"].str.fullmatch("sensitivity.*common effects").any()


def test_a_treatment_that_a_left_out_study_cuts_off_is_refused_with_the_reason(typed):
    claims = [f"alpha2020-hr-00{i}" for i in (2, 3)]
    rows = carry_out(entry("network", claims=claims, reference="mid"), typed, {}).rows()
    gone = rows[rows["refused"] & rows["method"].str.startswith("sensitivity: without GAMMA")]
    assert gone[["treatment", "note"]].to_numpy().tolist() == [["new", "no ratio of it is left"]]
    cut = rows[rows["refused"] & rows["method"].str.startswith("sensitivity: without BETA")]
    assert cut["note"].tolist() == ["reference 'mid' is not in the network: choose one of new, old"]


def test_printed_ratios_say_what_would_overturn_them(typed):
    legs = {"first": "alpha2020-hr-001", "second": "alpha2020-hr-002", "path": ["new", "old", "mid"]}
    made = carry_out(entry("bucher", **legs), typed, {})
    main = one(made, "Bucher")
    # The bias that brings the interval to 1 is its limit, the one that brings the ratio to 1 the ratio itself.
    whole = made.rows().set_index("measure")["estimate"]
    assert whole["bias needed to cross 1"] == pytest.approx(main["estimate"])
    nearer = main["lower"] if main["estimate"] > 1 else main["upper"]
    assert whole["shifted null margin at which significance is lost"] == pytest.approx(nearer)
    rows = made.rows()
    told = rows[rows["method"].isin(["E-value", "bias needed", "array analysis", "shifted null"])]
    assert len(told) == 7
    assert told["note"].str.endswith("of Bucher").all()
    assert not told["refused"].any()
    assert {"e_values", "bias_needed", "bias_array", "shifted_null"} <= set(made.tables)


def test_a_pool_is_judged_by_its_own_interval_and_without_each_study(typed):
    made = pooled(typed)
    main = one(made, "random effects, REML, Hartung-Knapp")
    rows = made.rows().set_index("measure")["estimate"]
    # t with one degree of freedom: a normal interval around the same standard error would be a sixth as wide.
    assert rows["shifted null margin at which significance is lost"] == pytest.approx(main["upper"])
    assert rows["bias needed to change the conclusion"] == pytest.approx(1.0)
    assert main["upper"] > 1
    left = one(made, "sensitivity: without ALPHA, random effects, REML, Hartung-Knapp")
    assert left["estimate"] == pytest.approx(0.70)
    assert "one ratio is left, with its own interval" in left["note"]
    single = carry_out(entry("pool", claims=["alpha2020-hr-001"]), typed, {})
    told = single.rows()
    assert told.loc[told["method"] == "E-value", "note"].str.endswith("of common effect").all()


def test_a_network_is_judged_treatment_by_treatment(typed):
    claims = [f"alpha2020-hr-00{i}" for i in (1, 2, 3)]
    made = carry_out(entry("network", claims=claims, reference="old"), typed, {})
    rows = made.rows()
    table = made.tables["bias_needed"]
    for name in ("new", "mid"):
        ratio = rows[(rows["method"] == "network, random effects") & (rows["treatment"] == name)]["estimate"].iloc[0]
        chosen = table[(table["treatment"] == name) & (table["question"] == "cross 1")]
        assert chosen["ratio_bias"].tolist() == pytest.approx([ratio])
        assert len(rows[(rows["method"] == "E-value") & (rows["treatment"] == name)]) == 2


def test_a_ratio_that_a_network_cannot_use_is_a_row_with_the_reason(typed):
    claims = [f"alpha2020-hr-00{i}" for i in (1, 2, 4)]
    rows = carry_out(entry("network", claims=claims, reference="old"), typed, {}).rows()
    row = rows[rows["method"] == "not in the network"].iloc[0]
    assert (row["refused"], row["claim_ids"]) == (True, "alpha2020-hr-004")
    assert "prints 0.90 without an interval" in row["note"]


@pytest.mark.parametrize(("kind", "more"), [("pool", {}), ("network", {"reference": "old"})])
def test_an_alternative_that_cannot_be_used_is_refused_and_not_left_out(typed, kind, more):
    claims = ["alpha2020-hr-001", "alpha2020-hr-003"]
    other = {"name": "bare", "instead_of": "alpha2020-hr-003", "use": "alpha2020-hr-004"}
    made = carry_out(entry(kind, claims=claims, alternatives=[other], **more), typed, {}).rows()
    rows = made[made["method"].str.startswith("sensitivity: bare")]
    assert rows["refused"].tolist() == [True]
    assert "prints 0.90 without an interval" in rows["note"].iloc[0]


def test_a_pair_given_twice_in_a_study_refuses_the_network(typed):
    claims = ["alpha2020-hr-003", "alpha2020-hr-006"]
    rows = carry_out(entry("network", claims=claims, reference="old"), typed, {}).rows()
    assert rows["refused"].tolist() == [True]
    assert "more than once" in rows["note"].iloc[0]


def test_a_reference_outside_the_network_is_a_slip(typed):
    with pytest.raises(InputError, match="'one': reference 'far' is not in the network: choose one of new, old"):
        carry_out(entry("network", claims=["alpha2020-hr-001"], reference="far"), typed, {})


def test_rates_and_ratios_of_medians(typed):
    made = carry_out(entry("rates", treatment="alpha2020-prop-001", comparators=["alpha2020-prop-002"]), typed, {})
    row = one(made, "Newcombe; p by Fisher", "difference in proportions")
    assert row["estimate"] == pytest.approx(0.21 - 9 / 98)
    pairs = [
        {"label": "PFS", "medians": ["alpha2020-med-001", "alpha2020-med-002"], "ratio": "alpha2020-hr-001"},
        {"label": "OS", "medians": ["alpha2020-med-003", "alpha2020-med-004"]},
    ]
    rows = carry_out(entry("ratios", pairs=pairs), typed, {}).rows()
    assert rows["estimate"].iloc[0] == pytest.approx(11.8 / 6.9)
    assert "audit: misprint: One of the two is a slip." in rows["note"].iloc[0]
    assert rows["refused"].tolist() == [False, False, True]


RESPONSES = {
    "beta": [("prop-021", "mid", "12", "50"), ("prop-022", "old", "5", "50")],
    "gamma": [("prop-023", "new", "30", "60"), ("prop-024", "old", "0", "60")],
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Two arms with counted responses in three studies, one of them without a response in the control."""
    rows = small_tables()
    for study, arms in RESPONSES.items():
        rows["studies"].append({"study_id": study, "acronym": study, "design": "randomised", "source_id": "alpha2020"})
        for number, arm_id, n, total in arms:
            treatment = "old" if arm_id == "old" else "new"
            rows["arms"].append(about(study, f"arm-{number[-3:]}", arm_id=arm_id, treatment_id=treatment, n=total))
            rows["proportions"].append(
                about(study, number, arm_id=arm_id, kind="response", item="CR", n=n, total=total)
            )
    folder = tmp_path_factory.mktemp("counted")
    write_tables(rows, folder)
    return clean.tidy(tables.read_raw(folder))


def pair(first, second):
    return {"treatment": f"alpha2020-prop-{first}", "comparator": f"alpha2020-prop-{second}"}


PAIRS = [pair("001", "002"), pair("021", "022"), pair("023", "024")]


def test_counts_of_pairs_of_arms_are_pooled(counted, tmp_path):
    made = carry_out(entry("counts", pairs=PAIRS), counted, {})
    rows = made.rows()
    assert rows["refused"].tolist() == [False] * 7
    assert rows["role"].tolist() == ["secondary", "main"] + ["sensitivity"] * 5
    ours = pd.DataFrame(
        {
            "study": ["alpha", "beta", "gamma"],
            "events": [21, 12, 30],
            "patients": [100, 50, 60],
            "comparator_events": [9, 5, 0],
            "comparator_patients": [98, 50, 60],
        }
    )
    assert one(made, "Mantel-Haenszel, common effect", "odds ratio")["estimate"] == pytest.approx(
        exp(mantel_haenszel(ours).estimate.estimate)
    )
    table = made.tables["counts"]
    assert table[ours.columns.tolist()].to_dict("list") == ours.to_dict("list")
    assert table["weight_random"].notna().all()
    assert "gamma" in rows["note"].iloc[0]
    for name, frame in {"counts": table, "estimates": rows}.items():
        results.write(results.COMPARISON[name], frame, tmp_path / f"{name}.csv")
    labels = Labels(studies={}, treatments={}, endpoints={}, arms={})
    drawn = results.read_folder(tmp_path)
    (drawing,) = comparison_drawings(entry("counts", pairs=PAIRS), drawn, labels, "one")
    assert "in 3 studies from printed counts" in drawing.caption


def test_one_study_has_its_own_effect_alone(counted):
    rows = carry_out(entry("counts", pairs=PAIRS[:1], measure="rr"), counted, {}).rows()
    assert rows["estimate"].tolist() == pytest.approx([0.21 / (9 / 98)])
    assert rows["role"].tolist() == ["main"]
    rows = carry_out(entry("counts", pairs=PAIRS, measure="rd"), counted, {}).rows()
    assert set(rows["measure"]) == {"risk difference"}


def test_counts_are_of_two_arms_of_one_study(counted):
    with pytest.raises(InputError, match="a pair is of one study"):
        carry_out(entry("counts", pairs=[pair("001", "022")]), counted, {})
    with pytest.raises(InputError, match="alpha appears twice"):
        carry_out(entry("counts", pairs=[PAIRS[0], PAIRS[0]]), counted, {})


def test_a_ruling_is_found_by_the_whole_number_of_a_claim(typed):
    assert rulings(typed, ["alpha2020-med-003"]) == ["audit: misprint: One of the two is a slip."]
    assert rulings(typed, ["alpha2020-med-00", "alpha2020-med-002", "beta2020-med-001"]) == []


def test_cells_that_no_document_fills_say_so(typed):
    table = transitivity(typed, pd.DataFrame([{"study": "alpha", "arm_id": "new"}, {"study": "beta", "arm_id": "mid"}]))
    assert table["line"].tolist() == ["1", "2"]
    assert set(table["prior_exposure"]) == {UNKNOWN}
    assert table["source_year"].tolist() == ["2020", "2020"]
    assert "prior exposure: not known for 2 of 2 studies" in messages(table)


def test_two_studies_are_set_side_by_side_in_what_they_are(typed, patients):
    other = patients["alpha"][patients["alpha"]["arm_id"] == "old"].assign(study_id="beta", arm_id="mid")
    group = {**GROUPS["comparator"], "study": "beta", "arm": "mid"}
    made = carry_out(entry(comparator=group, landmarks=[6.0]), typed, {**patients, "beta": other})
    row = one(made, "transitivity", "characteristics that differ, of 5")
    assert row["estimate"] == 1  # the line; both are randomised, and nothing else is printed about them
    assert "line of treatment differs: 1 (ALPHA); 2 (BETA)" in row["note"]
    assert made.tables["transitivity"]["compares"].tolist() == ["new", "mid"]


def test_the_pair_knows_its_sizes_and_the_weaker_grade(typed, patients):
    made = pair_of(entry(), typed, patients)
    assert (made.facts["n_treatment"], made.facts["n_comparator"]) == (40, 60)
    assert made.evidence == "summary"


def test_two_groups_on_one_treatment_have_names_of_their_own(typed):
    arms = typed["arms"]
    twins = arms[arms["study_id"] == "beta"].assign(treatment_id="old", label=["Early", "Late"], population="all")
    tables = {**typed, "arms": twins}
    first, second = (plan.Group(study="beta", arm=arm, population="all", endpoint="PFS") for arm in twins["arm_id"])
    assert labels_of(tables, first, second) == ("Early (BETA)", "Late (BETA)")
    cut = replace(first, data_cut="2024")
    assert labels_of(tables, first, cut) == ("Early (BETA) PFS", "Early (BETA) PFS 2024")


def test_the_checklist_is_judged_by_what_was_written():
    items = checklist.items()
    assert {"NICE TSD 14", "NICE TSD 18", "NICE TSD 21", "EU JCA quantitative synthesis"} == set(items["guidance"])
    answerable = items[items["why_not"] == ""]
    assert (answerable["files"] != "").all()
    assert (answerable["kinds"] != "").all()
    made = checklist.checklist({"a": ["rmst.csv"], "b": []}, {"a": "patients", "b": "patients"}).set_index("item")
    horizon = made.loc[next(name for name in made.index if "range of horizons" in name)]
    assert (horizon["status"], horizon["comparisons"]) == ("partly", "1 of 2")
    assert "could not be made for: b" in horizon["why_not"]
    league = made.loc[next(name for name in made.index if "league table" in name)]
    assert (league["status"], league["why_not"]) == ("not answered", "the project has no comparison of kind network")
    assert ((made["status"] == "answered") | (made["why_not"] != "")).all()


def test_patients_at_risk_are_counted_at_times_that_axes_carry(compared):
    times = sorted(set(compared.tables["risk"]["time"]))
    assert times[0] == 0 and 3 <= len(times) <= 8
    assert set(np.round(np.diff(times), 9)) <= {0.5, 1, 2, 3, 6, 12, 24} and len(set(np.diff(times))) == 1


def test_a_model_without_a_number_in_one_replicate_keeps_those_of_the_others():
    fits = [
        {"parameters": 1, "aic": 10.0, "bic": 11.0, "median": 3.0, "mean": mean} for mean in (2.0, float("nan"), 4.0)
    ]
    row = models._row("weibull", fits)
    assert (row["mean"], row["mean_low"], row["mean_high"]) == (3.0, 2.0, 4.0)


def test_a_group_is_graded_by_how_it_was_rebuilt_not_by_whether_there_is_a_curve(typed, patients):
    table = patients["alpha"]
    by_curve = {"alpha": table.assign(evidence=np.where(table["arm_id"] == "new", "curve", "summary"))}
    treatment, comparator = entry().treatment, entry().comparator
    assert (grade_of(by_curve, treatment), grade_of(by_curve, comparator)) == ("curve", "summary")
    assert pair_of(entry(), typed, {**patients, "alpha": table.assign(evidence="curve")}).evidence == "curve"
