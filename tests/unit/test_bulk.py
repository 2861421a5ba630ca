"""Many arms at once: the numbers do not depend on the batches; pairs beside a published ratio."""

import numpy as np
import pandas as pd
import pytest

from resurvey import cli
from resurvey.errors import InputError
from resurvey.reconstruct import Reconstruction, bulk
from resurvey.reconstruct.formats import read_kmdata_key
from resurvey.reconstruct.result import accuracy_table, patients_table
from tests.shared import shared_path

KEY = {"name": "TRIAL_1", "HazardRatio": 0.5, "Units": "months", "Outcome": "PFS", "Cancer": "Lung"}


def arm(name: str, rate: float, n: int = 60) -> bulk.ArmCurve:
    times = np.arange(0, 20, 0.5)
    return bulk.ArmCurve(name, times, np.exp(-rate * times), n)


ARMS = [arm(f"arm{index}", 0.03 + 0.01 * index, 40 + index) for index in range(8)]


def patients(times, events) -> Reconstruction:
    return Reconstruction(patients_table([np.asarray(times)], [np.asarray(events)]), accuracy_table([]))


def pair(treated: str = "drug", reference: str = "placebo") -> dict[str, Reconstruction]:
    """Quantiles of two exponential distributions, medians 20 and 10 (the treated arm dies half as fast), all events."""
    fast = -10 * np.log2(1 - (np.arange(40) + 0.5) / 40)
    return {treated: patients(2 * fast, np.ones(40)), reference: patients(fast, np.ones(40))}


@pytest.mark.parametrize("count", [7, 8])
def test_the_numbers_do_not_depend_on_the_number_of_batches(count):
    def rebuilt(arms) -> dict[str, pd.DataFrame]:
        return {one.name: bulk.rebuild_arm(one, seed=3, replicates=5).patients for one in arms}

    whole, gathered = rebuilt(ARMS), {}
    for batch in range(count, 0, -1):
        gathered |= rebuilt(ARMS[place] for place in bulk.batch_places(len(ARMS), f"{batch}/{count}"))
    assert gathered.keys() == whole.keys()
    for name, patients_of_arm in whole.items():
        pd.testing.assert_frame_equal(gathered[name], patients_of_arm, check_exact=True)


def test_the_stream_follows_seed_and_name():
    def times(name: str, seed: int) -> list[float]:
        return bulk.rebuild_arm(arm(name, 0.1), seed=seed, replicates=5).patients["time"].tolist()

    assert times("a", 3) == times("a", 3)
    assert times("a", 3) != times("b", 3)
    assert times("a", 3) != times("a", 4)


def test_an_arm_is_told_as_rebuilt_with_what_holds_or_as_refused_with_the_reason():
    rebuilt = bulk.outcome(bulk.rebuild_arm(ARMS[0], seed=3))
    assert list(rebuilt) == bulk.OUTCOME_COLUMNS
    assert (rebuilt["status"], rebuilt["reason"], rebuilt["n"]) == ("rebuilt", "", 40)
    with pytest.raises(InputError) as refused:
        bulk.rebuild_arm(bulk.ArmCurve("bad", np.array([0.0, 1.0]), np.array([1.0, 0.5]), 0), seed=3)
    told = bulk.outcome(refused.value)
    assert told["status"] == "refused"
    assert "n must lie between 1" in told["reason"]


def test_batches_are_sorted_and_hold_every_name_once():
    assert bulk.batches(["c", "a", "b"], 2) == [["a", "b"], ["c"]]
    assert bulk.batch_places(7, "2/3") == [1, 4]
    with pytest.raises(InputError, match="repeated: a"):
        bulk.batches(["a", "b", "a"], 2)
    with pytest.raises(InputError, match="at least 1 arm, found size 0"):
        bulk.batches(["a"], 0)


@pytest.mark.parametrize("batch", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2", "٢/٧"])
def test_a_batch_that_is_none_is_refused(batch):
    with pytest.raises(InputError, match="expected i/k"):
        bulk.batch_places(5, batch)


def test_batches_of_a_folder_leave_out_the_key(tmp_path):
    for name in ("b.rda", "a.rda", "kmdata_key.rda", "notes.txt"):
        (tmp_path / name).touch()
    assert bulk.batches_of_folder(tmp_path, 1) == {"001": [f"{tmp_path}/a.rda"], "002": [f"{tmp_path}/b.rda"]}
    with pytest.raises(InputError, match="reconstruction/kmdata/folder"):
        bulk.batches_of_folder(tmp_path / "none", 1)


def test_a_pair_is_compared_both_ways():
    row = bulk.compare_pair(pair(), KEY)
    assert (row["first"], row["second"]) == ("drug", "placebo")
    assert (row["n_first"], row["events_second"]) == (40, 40)
    # S is one half from the 20th to the 21st of 40 times: the middle of the two
    halves = -10 * np.log2([1 - 19.5 / 40, 1 - 20.5 / 40])
    assert row["median_second"] == pytest.approx(halves.mean())
    assert row["median_first"] == pytest.approx(2 * row["median_second"])
    assert row["hr_first_vs_second"] * row["hr_second_vs_first"] == pytest.approx(1)
    assert row["hr_second_vs_first_lower"] == pytest.approx(1 / row["hr_first_vs_second_upper"])
    assert row["hr_first_vs_second"] < 0.6
    assert row["nearest"] == "first_vs_second"
    assert row["log_hr_difference"] == pytest.approx(np.log(row["hr_first_vs_second"] / 0.5))
    assert (row["reference"], row["exchanged"], row["published_in_interval"]) == ("placebo", "no", "yes")


def test_exchanged_arms_are_found_where_the_names_tell():
    row = bulk.compare_pair(pair(treated="placebo", reference="drug"), KEY)
    assert (row["nearest"], row["exchanged"]) == ("second_vs_first", "yes")
    assert row["log_hr_difference_named"] == pytest.approx(np.log(row["hr_first_vs_second"] / 0.5))
    assert row["first"] == "drug"
    untold = bulk.compare_pair(pair(treated="x", reference="y"), KEY)
    assert (untold["exchanged"], untold.get("reference", "")) == ("not told", "")


@pytest.mark.parametrize(
    ("first", "second", "reference"),
    [
        ("placebo", "tivantinib", "placebo"),
        ("drug", "no_tx", "no_tx"),
        ("folfiri", "panitumumab_folfiri", "folfiri"),
        ("placebo_cp", "bev_cp", "placebo_cp"),
        ("physicians_choice", "tdm1", "physicians_choice"),
        ("nivolumab", "docetaxel", ""),
        ("control", "placebo", ""),
        ("normal", "novel", ""),
    ],
)
def test_the_reference_arm_is_read_from_names(first, second, reference):
    assert bulk.reference_arm(first, second)[0] == reference
    assert bulk.reference_arm(second, first)[0] == reference


def test_a_pair_without_ratio_or_events_says_so(tmp_path):
    assert "no hazard ratio" in bulk.compare_pair(pair(), {**KEY, "HazardRatio": float("nan")})["reason"]
    with pytest.raises(InputError, match="expected two arms, found 1"):
        bulk.compare_pair({"a": patients([1.0], [1])}, KEY)
    (tmp_path / "TRIAL_1.rda").write_text("none")
    (tmp_path / "OTHER.rda").write_text("none")
    rows = bulk.compare_files(tmp_path.glob("*.rda"), pd.DataFrame([KEY]))
    assert rows["set_id"].tolist() == ["OTHER", "TRIAL_1"]
    assert rows["status"].tolist() == ["refused", "refused"]
    assert "the key has no set of this name" in rows["reason"][0]
    assert "cannot be read as an R data file" in rows["reason"][1]


def test_the_summary_counts():
    right = bulk.compare_pair(pair(), KEY)
    wrong = bulk.compare_pair(pair(treated="placebo", reference="drug"), KEY)
    near = bulk.compare_pair(pair(), {**KEY, "HazardRatio": right["hr_first_vs_second"] * 1.07})
    bad = {"status": "refused", "reason": "none"}
    table = pd.DataFrame([right, wrong, near, bad], columns=bulk.PAIR_COLUMNS)
    page = bulk.summarise(table, pd.DataFrame([KEY] * 8)).set_index("item")
    assert tuple(page.loc["sets of the key with a file at hand", ["count", "of"]]) == (4, 8)
    assert page.loc["sets refused with a reason", "count"] == 1
    assert page.loc["arms look exchanged, or the ratio is of the control", "share"] == pytest.approx(1 / 3)
    five, ten = (f"within {share} % of the published ratio, in the nearer direction" for share in (5, 10))
    assert page.loc[ten, "count"] - page.loc[five, "count"] >= 1
    empty = bulk.summarise(table.iloc[:0], pd.DataFrame([KEY]))
    assert empty["share"].isna().sum() == len(empty) - 1


def test_r_names_that_start_with_a_digit():
    assert [bulk.key_name(name) for name in ("X2005_1", "XELOX_1", "A_1")] == ["2005_1", "XELOX_1", "A_1"]


@pytest.mark.shared
def test_a_set_of_the_collection_gives_back_its_published_ratio():
    folder = shared_path("kmdata")
    names = ["TH3RESA_2A", "X20050181_1B"]
    rows = bulk.compare_files([folder / f"{name}.rda" for name in names], read_kmdata_key(folder / "kmdata_key.rda"))
    assert rows["status"].tolist() == ["compared"] * 2
    # T-DM1 against physician's choice, progression-free survival; the ratio as the key has it
    assert rows["published_hr"][0] == 0.521
    assert abs(rows["log_hr_difference"][0]) < np.log(1.05)
    assert rows["published_in_interval"].tolist() == ["yes", "yes"]


@pytest.fixture
def folder(tmp_path):
    lines = ["file,n"]
    for one in ARMS[:5]:
        pd.DataFrame({"time": one.times, "survival": one.survival}).to_csv(tmp_path / f"{one.name}.csv", index=False)
        lines.append(f"{one.name}.csv,{one.n}")
    (tmp_path / "arms.csv").write_text("\n".join([*lines, "gone.csv,10", "../arms.csv,10", "arm0.txt,x"]) + "\n")
    return tmp_path


def test_the_command_rebuilds_a_folder_in_one_or_several_batches(folder, tmp_path, capsys):
    assert cli.main(["reconstruct", str(folder), "--output", str(tmp_path / "one")]) == 2
    assert "column file repeats arm" in capsys.readouterr().err
    text = (folder / "arms.csv").read_text().replace("arm0.txt,x", "arm9.txt,x").replace("../arms.csv", "../x.csv")
    (folder / "arms.csv").write_text(text)
    assert cli.main(["reconstruct", str(folder), "--output", str(tmp_path / "one")]) == 0
    assert "5 arms rebuilt, 3 refused with a reason" in capsys.readouterr().out
    for part in ("1/3", "2/3", "3/3"):
        assert cli.main(["reconstruct", str(folder), "--output", str(tmp_path / "three"), "--batch", part]) == 0
    for one in ARMS[:5]:
        name = f"{one.name}.csv"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()
    whole = pd.read_csv(tmp_path / "one/accuracy.csv")
    parts = pd.concat([pd.read_csv(tmp_path / f"three/accuracy-{k}-of-3.csv") for k in (1, 2, 3)])
    pd.testing.assert_frame_equal(
        parts.sort_values("file", ignore_index=True), whole.sort_values("file", ignore_index=True), check_dtype=False
    )
    reasons = whole.set_index("file")["reason"]
    assert "is not in the folder" in reasons["gone.csv"]
    assert "in the folder itself" in reasons["../x.csv"]
