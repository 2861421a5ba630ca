"""Networks over time and extrapolations as comparisons of a plan: rows, tables, refusals, figures."""

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, plan, plan_check, results, tables
from resurvey.compare.carry_out import carry_out
from resurvey.compare.enough_replicates import carry_out_with_enough
from resurvey.errors import InputError
from resurvey.figures.gallery_comparison import comparison_drawings
from resurvey.labels import Labels
from resurvey.montecarlo import ENOUGH
from resurvey.results import Quantity, RestsOn, Role
from tests.project import claim, small_tables, write_tables

ARMS = {"alpha": {"new": 1.0, "old": 1.4}, "beta": {"old": 1.4, "mid": 1.2}, "delta": {"far": 1.0, "off": 1.0}}
SAID = {"question": "?", "assumptions": ["they are alike"]}


def group(study, arm):
    return {"study": study, "arm": arm, "population": "all", "endpoint": "PFS", "data_cut": ""}


GROUPS = [group(study, arm) for study, arms in ARMS.items() for arm in arms]
NETWORK = {"id": "net", "kind": "over-time", **SAID, "groups": GROUPS[:4], "reference": "old",
           "models": ["proportional", "log-time", "fp-1"], "horizons": [6, 12], "horizon": 20}  # fmt: skip
BEYOND = {"id": "far", "kind": "extrapolation", **SAID, "group": GROUPS[0], "times": [6, 12, 60], "horizons": [12, 240],
          "models": ["weibull", "log-normal"], "external": [{"time": 60, "survival": 0.05, "n": 200}]}  # fmt: skip


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    rows = small_tables()
    for study in ("beta", "delta"):
        rows["studies"].append({"study_id": study, "acronym": study.upper(), "design": "randomised",
                                "source_id": "alpha2020", "line": "2"})  # fmt: skip
    rows["treatments"] += [
        {"treatment_id": name, "label": name, "components": name, "classes": "x"} for name in ("mid", "far", "off")
    ]
    for number, (study, arm) in enumerate([("beta", "old"), ("beta", "mid"), ("delta", "far"), ("delta", "off")], 11):
        rows["arms"].append({**claim(f"arm-{number:03}", arm_id=arm, treatment_id=arm, n="90"), "study_id": study})
        rows["medians"].append({**claim(f"med-{number:03}", arm_id=arm, endpoint="PFS", value="8", unit="months"),
                                "study_id": study})  # fmt: skip
    folder = tmp_path_factory.mktemp("raw")
    write_tables(rows, folder)
    return tables.read_raw(folder)


@pytest.fixture(scope="module")
def typed(raw):
    return clean.tidy(raw)


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(1)
    made = {}
    for study, arms in ARMS.items():
        parts = []
        for arm, shape in arms.items():
            for replicate in range(3):
                time, end = 9 * rng.weibull(shape, 90), rng.uniform(13, 30, 90)
                observed = {"time": np.minimum(time, end), "event": (time <= end).astype(int)}
                parts.append(pd.DataFrame({"arm_id": arm, "population": "all", "endpoint": "PFS", "data_cut": "",
                                           "replicate": replicate, "evidence": "summary", **observed}))  # fmt: skip
        made[study] = pd.concat(parts, ignore_index=True)
    return made


def test_a_network_over_time_has_a_main_row_a_treatment_and_tables_of_the_contract(typed, patients, tmp_path):
    made = carry_out(plan.comparison(NETWORK), typed, patients)
    rows = made.rows()
    main = rows[rows["role"] == Role.MAIN]
    assert list(main["treatment"]) == ["mid", "new"]
    assert set(main["quantity"]) == {Quantity.RESTRICTED_MEAN}
    assert set(main["time_months"]) == {12.0}
    assert set(rows["evidence"]) == {"summary"}
    ratios = rows[rows["quantity"] == Quantity.HAZARD_RATIO]
    assert len(ratios) == 2 * (1 + 3 + 3)
    assert (rows["monte_carlo"] > 0).all() and rows["missing_information"].between(0, 1, inclusive="neither").all()
    assert set(rows["rests_on"]) <= {RestsOn.SHAPE, RestsOn.PRINT}
    results.write(results.ESTIMATES, rows, tmp_path / "estimates.csv")
    for name, table in made.tables.items():
        results.write(results.COMPARISON[name], table, tmp_path / f"{name}.csv")
        assert len(results.read(results.COMPARISON[name], tmp_path / f"{name}.csv")) == len(table)
    assert "arm of old in" in made.tables["messages"]["message"].iloc[0]


def test_a_network_over_time_gets_the_replicates_that_its_rows_ask_for(typed, patients):
    asked = []

    def longer(study, replicates):
        asked.append((study, replicates))
        return pd.concat(
            [patients[study].assign(replicate=patients[study]["replicate"] + 3 * number) for number in range(12)]
        )

    entry = plan.comparison({**NETWORK, "models": ["proportional"], "horizons": [12]})
    before = carry_out(entry, typed, patients).rows()["monte_carlo"].max()
    made = carry_out_with_enough(entry, typed, patients, most=36, longer=longer).rows()
    assert before > ENOUGH
    assert {study for study, _ in asked} == {"alpha", "beta"}
    assert made["monte_carlo"].max() < before / 2


def test_treatments_that_no_trial_links_are_refused_rows(typed, patients):
    rows = carry_out(plan.comparison({**NETWORK, "groups": GROUPS}), typed, patients).rows()
    refused = rows[rows["refused"]]
    assert list(refused["treatment"]) == ["far", "off"]
    assert refused["note"].str.contains("far, off: no chain of trials links them with old").all()


def test_arms_that_count_as_one_treatment_are_merged_or_refused(typed, patients):
    entry = plan.comparison({**NETWORK, "merge": {"mid": "new"}})
    rows = carry_out(entry, typed, patients).rows()
    assert set(rows["treatment"]) == {"new"}
    both = carry_out(plan.comparison({**NETWORK, "merge": {"mid": "old"}}), typed, patients).rows()
    assert both["refused"].all() and "old of beta" in both["note"].iloc[0]
    with pytest.raises(InputError, match="'net': reference 'none' is not a treatment of the groups"):
        carry_out(plan.comparison({**NETWORK, "reference": "none"}), typed, patients)


def test_an_extrapolation_is_known_by_its_average(typed, patients, tmp_path):
    made = carry_out(plan.comparison(BEYOND), typed, patients)
    rows = made.rows()
    main = rows[rows["role"] == Role.MAIN]
    assert list(main["variation"]) == ["average"]
    assert main["time_months"].iloc[0] == 240
    assert (main["lower"] < main["estimate"]).all()
    assert (rows["monte_carlo"] > 0).all() and (rows["rests_on"] != "").all()
    assert set(made.tables) == {"beyond_models", "beyond_survival", "beyond_means", "beyond_hazards", "beyond_outside"}
    for name, table in made.tables.items():
        results.write(results.COMPARISON[name], table, tmp_path / f"{name}.csv")


def test_background_mortality_of_the_plan(typed, patients):
    life = [{"age": age, "rate": 0.02} for age in range(60, 90)]
    entry = plan.comparison({**BEYOND, "external": [], "life_table": life, "cohort": [{"age": 64.5}]})
    made = carry_out(entry, typed, patients)
    assert "background" in set(made.tables["beyond_hazards"]["model"])


def test_figures_are_drawn_of_both(typed, patients):
    labels = Labels.from_tables(typed)
    for raw_entry in (NETWORK, BEYOND):
        entry = plan.comparison(raw_entry)
        made = carry_out(entry, typed, patients)
        found = list(comparison_drawings(entry, {**made.tables, "estimates": made.rows()}, labels, "folder"))
        assert len(found) == 1
        assert "they are alike" in found[0].caption


@pytest.mark.parametrize(
    ("raw_entry", "message"),
    [
        ({**NETWORK, "groups": GROUPS[:3]}, "groups has one arm of beta"),
        ({**NETWORK, "groups": [GROUPS[0], {**GROUPS[1], "endpoint": "OS"}]}, "mixes the endpoints OS, PFS"),
        ({**NETWORK, "groups": [*GROUPS[:4], GROUPS[0]]}, "groups lists 'alpha new all '"),
        ({**NETWORK, "models": ["cox"]}, "models, item 1: must be 'proportional'"),
        ({**NETWORK, "cuts": [6, 3]}, "cuts must rise"),
        ({**BEYOND, "times": [6, 3, 60]}, "times must rise"),
        ({**BEYOND, "models": ["gamma"]}, "models, item 1: must be 'exponential'"),
        ({**BEYOND, "cohort": [{"age": 60}]}, "life_table and cohort belong together"),
        ({**BEYOND, "external": [{"time": 7, "survival": 0.5, "n": 9}]}, "external has the time 7"),
        ({**BEYOND, "external": [{"time": 6, "survival": 0.5}]}, "needs lower and upper, or n"),
    ],
)
def test_faults_of_a_plan_are_named(raw_entry, message):
    with pytest.raises(InputError, match=message):
        plan.comparison(raw_entry)


def test_a_plan_is_compared_with_the_tables(raw):
    entries = [plan.comparison({**NETWORK, "reference": "none", "population": "gamma",
                                "groups": [*GROUPS[:3], {**GROUPS[3], "arm": "nil"}]}),
               plan.comparison({**BEYOND, "group": {**GROUPS[0], "study": "zeta"}})]  # fmt: skip
    found = plan_check.faults(entries, [], raw)
    wanted = ("groups, item 4, arm", "reference: treatments.csv has no 'none'", "population: groups has no 'gamma'",
              "no study 'zeta'")  # fmt: skip
    assert [part for part in wanted if part not in " ".join(found)] == []
    assert plan_check.faults([plan.comparison(NETWORK), plan.comparison(BEYOND)], [], raw) == []
    assert all(plan.comparison(plan.plain(plan.comparison(one))) == plan.comparison(one) for one in (NETWORK, BEYOND))
