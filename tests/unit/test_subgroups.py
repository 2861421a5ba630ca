"""Subgroups that add up to the whole."""

import numpy as np
import pandas as pd
import pytest

from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct import SurvivalSummary, from_subgroups
from resurvey.reconstruct.kinds import SHAPES
from resurvey.reconstruct.subgroups import _events_around

WHOLE = SurvivalSummary(n=250, events=170, median=8.2, lower=6.6, upper=9.9, longest_follow_up=30.0)
POSITIVE = SurvivalSummary(n=140, events=90, median=9.0, lower=7.0, upper=11.4)
NEGATIVE = SurvivalSummary(n=110, median=7.0, lower=5.3, upper=8.8)


@pytest.fixture(scope="module")
def made():
    return from_subgroups({"positive": POSITIVE, "negative": NEGATIVE}, WHOLE, replicates=60)


def test_parts_add_up_to_the_whole(made) -> None:
    assert (made.parts["positive"].events == 90).all()
    assert (made.parts["negative"].events == 80).all()
    assert (made.whole.events == 170).all()
    both = pd.concat([made.parts["positive"].patients, made.parts["negative"].patients])
    for index in (0, 17):
        union = np.sort(both.loc[both["replicate"] == index, "time"])
        assert np.array_equal(union, made.whole.replicate(index)["time"])


def test_parts_keep_their_own_facts(made) -> None:
    for part in made.parts.values():
        assert part.holds, part.accuracy.to_string()


def test_a_median_in_a_level_stretch_is_held_by_the_events_around_it() -> None:
    time = np.array([[1.0, 2.0, 2.5, 4.0], [1.0, 2.0, 3.0, 4.0]])
    event = np.array([[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0]])
    before, after = _events_around(time, event, np.array([3.0, 2.0]))
    assert before.tolist() == [2.0, 2.0] and after.tolist() == [4.0, 2.0]


def test_parts_know_the_kind_of_hazard_of_each_replicate(made) -> None:
    known = {shape.name for shape in SHAPES}
    for part in made.parts.values():
        assert len(part.shapes) == part.n_replicates
        assert set(part.shapes) <= known


def test_union_has_the_median_of_the_whole(made) -> None:
    kept = [abs(made.whole.kaplan_meier(i).quantile() - 8.2) <= 0.05 + 1e-9 for i in range(60)]
    assert np.mean(kept) > 0.8
    assert all(abs(made.whole.kaplan_meier(i).quantile() - 8.2) < 1.0 for i in range(60))


def test_patients_of_no_named_part_become_the_rest() -> None:
    made = from_subgroups({"positive": POSITIVE}, WHOLE, replicates=10)
    assert made.parts["rest"].n == 110
    assert (made.parts["rest"].events == 80).all()
    assert "nothing is printed about these patients" in made.parts["rest"].repairs[0]


def test_events_of_the_whole_follow_from_the_parts() -> None:
    whole = SurvivalSummary(n=250, median=8.2, longest_follow_up=30.0)
    parts = {"a": POSITIVE, "b": SurvivalSummary(n=110, events=70, median=7.0)}
    assert (from_subgroups(parts, whole, replicates=5).whole.events == 160).all()


def test_a_part_with_a_longer_median_has_fewer_of_the_events() -> None:
    medians = {"short": 4.0, "middle": 8.0, "long": 16.0}
    parts = {name: SurvivalSummary(n=40, median=median) for name, median in medians.items()}
    made = from_subgroups(parts, SurvivalSummary(n=120, median=8.0, events=84, longest_follow_up=30.0), replicates=5)
    events = {name: int(part.events[0]) for name, part in made.parts.items()}
    assert sum(events.values()) == 84
    assert 40 >= events["short"] > events["middle"] > events["long"]


def test_all_patients_with_an_event_are_shared_out_without_a_part_overflowing() -> None:
    parts = {"short": SurvivalSummary(n=30, median=3.0), "long": SurvivalSummary(n=30, median=15.0)}
    made = from_subgroups(parts, SurvivalSummary(n=60, median=6.0, events=59, longest_follow_up=40.0), replicates=5)
    assert sorted(int(part.events[0]) for part in made.parts.values()) in ([29, 30], [30, 29])


def test_inferred_events_of_the_whole_pass_to_its_parts() -> None:
    parts = {"one": SurvivalSummary(n=60, median=8.0), "other": SurvivalSummary(n=40, median=8.0)}
    whole = SurvivalSummary(n=100, median=8.0, longest_follow_up=30.0, events_about=(70.0, 2.0))
    made = from_subgroups(parts, whole, replicates=100).parts
    assert made["one"].events.mean() == pytest.approx(42, abs=1.5)
    assert made["other"].events.mean() == pytest.approx(28, abs=1.5)


def test_same_seed_same_bytes() -> None:
    one, two = (
        from_subgroups({"positive": POSITIVE}, WHOLE, replicates=5, rng=np.random.default_rng(4)) for _ in range(2)
    )
    assert one.whole.patients.to_csv() == two.whole.patients.to_csv()


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({}, InputError, "parts must have at least one subgroup"),
        ({"rest": POSITIVE}, InputError, "none of them named 'rest'"),
        (
            {"a": POSITIVE, "b": SurvivalSummary(n=111, median=7)},
            InconsistentReport,
            r"the parts hold 251 patients \(a 140 \+ b 111\), the whole 250",
        ),
        (
            {"a": POSITIVE, "b": SurvivalSummary(n=110, events=81, median=7)},
            InconsistentReport,
            "the parts have 171 events, the whole 170",
        ),
        (
            {"a": POSITIVE, "b": SurvivalSummary(n=110, events=60, median=7)},
            InconsistentReport,
            "the whole has 170 events, the parts 150, and only 0 patients are left",
        ),
        ({"a": SurvivalSummary(n=10, events=11, median=7)}, InconsistentReport, r"^a: .*events \(11\) exceed n \(10\)"),
    ],
)
def test_refusals(parts, error, message) -> None:
    with pytest.raises(error, match=message):
        from_subgroups(parts, WHOLE)
