"""A comparison whose rows another draw would move gets more replicates than its arms ask for by themselves."""

import numpy as np
import pandas as pd
import pytest

from resurvey import clean, gate, tables, typedfiles
from resurvey.compare.bootstrap import Bootstrap
from resurvey.compare.enough_replicates import carry_out_with_enough
from resurvey.compare.outcome import DRAWS
from resurvey.montecarlo import ENOUGH, quantile_error, replicates_wanted
from resurvey.reconstruct import blocks
from resurvey.reconstruct.longer import Longer
from resurvey.reconstruct.study_tables import monte_carlo
from resurvey.results import Quantity, RestsOn, Role
from resurvey.survival.stack import patient_stack
from tests.project import small_tables, write_tables
from tests.unit.test_comparisons import entry

START, PATIENTS = 80, 60


def opposed(study, replicates):
    """Arms of which one is better wherever the other is worse: their difference varies more than either."""
    rng = np.random.default_rng(3)
    parts = []
    for number in range(replicates):
        shift = rng.normal(0.0, 0.1)
        for arm, sign in (("new", 1), ("old", -1)):
            time = 10 * np.exp(sign * shift) * -np.log(np.linspace(0.005, 0.995, PATIENTS))
            parts.append(pd.DataFrame({"replicate": number, "arm_id": arm, "time": time, "event": 1}))
    names = {"study_id": study, "endpoint": "PFS", "population": "all", "evidence": "summary", "data_cut": ""}
    return pd.concat(parts, ignore_index=True).assign(**names)


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    write_tables(small_tables(), folder)
    return clean.tidy(tables.read_raw(folder))


@pytest.fixture(scope="module")
def start():
    return {"alpha": opposed("alpha", START)}


def main_of(made):
    return made.rows()[made.rows()["role"] == Role.MAIN].iloc[0]


def test_more_are_asked_for_by_the_square_of_the_error():
    assert replicates_wanted(ENOUGH, 50) == 50
    assert replicates_wanted(float("nan"), 50) == 50
    assert replicates_wanted(0.2, 50) == 213  # 50 (1.03 x 2)^2 = 212.2
    assert replicates_wanted(0.101, 50) == 70  # at least 20 more


def test_arms_may_be_many_enough_and_a_row_between_them_not(typed, start):
    for _, arm in start["alpha"].groupby("arm_id"):
        assert monte_carlo(patient_stack(arm, "arm")) <= ENOUGH
    before = carry_out_with_enough(entry(), typed, start, most=START, longer=opposed)
    assert main_of(before)["monte_carlo"] > ENOUGH
    assert DRAWS in main_of(before)["note"]
    after = carry_out_with_enough(entry(), typed, start, most=400, longer=opposed)
    assert after.rows()["monte_carlo"].max() <= ENOUGH
    assert not after.rows()["note"].str.contains(DRAWS, regex=False).any()
    used = after.tables["spread"]["replicates"].max()
    # as many as half of them, of which two sensitivity rows are, ask for
    wanted = 2 * replicates_wanted(main_of(before)["monte_carlo"], START)
    assert START + 20 <= used < 1.5 * wanted
    # exactly what the same comparison says of patients with as many replicates from the start
    again = carry_out_with_enough(entry(), typed, {"alpha": opposed("alpha", used)}, most=used, longer=opposed)
    pd.testing.assert_frame_equal(after.rows(), again.rows())


def test_it_ends_at_what_is_allowed_and_says_so(typed, start):
    made = carry_out_with_enough(entry(), typed, start, most=90, longer=opposed)
    assert made.tables["spread"]["replicates"].max() == 90
    assert DRAWS in main_of(made)["note"]


def test_every_estimate_from_replicates_has_its_error(typed, start):
    """Whatever is made from replicates has an error, or is said to describe the replicates themselves."""
    whole = start["alpha"]
    parts = [whole, *(whole[whole["arm_id"] == "new"].assign(population=name) for name in ("young", "aged"))]
    half = {"name": "half", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}
    asked = entry(landmarks=[6.0], standardise=[half])
    made = carry_out_with_enough(asked, typed, {"alpha": pd.concat(parts)}, Bootstrap(100, 1), most=START,
                                 longer=opposed).rows()  # fmt: skip
    rows = made[(made["evidence"] == "summary") & ~made["refused"]]
    counted = rows["quantity"].isin([Quantity.EFFECTIVE_SAMPLE_SIZE, Quantity.ARRAY_SHARE])
    described = rows["rests_on"] == RestsOn.REPLICATES
    without = rows[rows["monte_carlo"].isna() & ~counted & ~described]
    assert len(without) == 0, without["method"].tolist()
    assert rows.loc[described | counted, "monte_carlo"].isna().all()
    assert set(rows.loc[described, "quantity"]) == {Quantity.P, Quantity.MEAN}
    assert set(rows.loc[rows["monte_carlo"].notna(), "role"]) == {
        *(Role.MAIN, Role.SECONDARY, Role.STANDARDISED, Role.SENSITIVITY, Role.TEST, Role.BIAS)
    }


def test_a_quantile_of_the_bootstrap_has_the_error_of_one_of_a_normal_sample():
    assert quantile_error(0.5, 100) == pytest.approx(0.125331, rel=1e-5)  # sqrt(pi / 2) / 10
    assert quantile_error(0.025, 1000) == pytest.approx(0.0844738, rel=1e-5)  # sqrt(0.025 0.975 / 1000) / 0.0584451
    sample = np.quantile(np.random.default_rng(1).standard_normal((2000, 500)), 0.025, axis=1)
    assert sample.std() == pytest.approx(quantile_error(0.025, 500), rel=0.05)


def test_a_bootstrap_draws_from_the_patients_that_other_jobs_have(typed, start):
    half = {"name": "half", "populations": ["young", "aged"], "shares": [0.5, 0.5], "source": "a guess"}

    def with_parts(study, replicates):
        whole = opposed(study, replicates)
        parts = [whole[whole["arm_id"] == "new"].assign(population=name) for name in ("young", "aged")]
        return pd.concat([whole, *parts])

    ask = Bootstrap(100, 1)
    patients = {"alpha": with_parts("alpha", START)}
    rows = [
        carry_out_with_enough(entry(standardise=[half]), typed, patients, ask, most=most, longer=with_parts).rows()
        for most in (START, 110)
    ]
    drawn = [table[table["method"].str.contains("bootstrap")].iloc[0] for table in rows]
    assert drawn[0]["estimate"] == drawn[1]["estimate"]
    assert main_of_rows(rows[0])["estimate"] != main_of_rows(rows[1])["estimate"]


def main_of_rows(rows):
    return rows[rows["role"] == Role.MAIN].iloc[0]


def test_a_study_is_rebuilt_longer_as_if_asked_for_at_once(tmp_path):
    write_tables(small_tables(), tmp_path / "raw")
    raw = gate.read_checked(tmp_path / "raw")
    typed = clean.tidy(raw)
    pieces = typedfiles.write(raw, typed, tmp_path / "typed", tmp_path / "raw/curves")
    longer = Longer(
        pieces={"alpha": pieces.of_patients("alpha")},
        curves={"alpha": []},
        partitions={"alpha": []},
        kmdata=None,
        shapes=[],
        figures="",
        seed=5,
        block=4,
    )
    at_once = blocks.join_blocks(blocks.rebuild_blocks(typed, "alpha", replicates=9, seed=5, block=4))
    pd.testing.assert_frame_equal(longer.patients("alpha", 9), at_once.patients)
