"""Kinds of hazards: their table, their choice by what is printed, and the arms of one trial drawn together."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from resurvey.compare.rubin import rubin
from resurvey.errors import InputError
from resurvey.reconstruct import SurvivalSummary, from_pair, from_summaries, from_summary
from resurvey.reconstruct.fit import opposite_normals
from resurvey.reconstruct.kinds import COLUMNS, SHAPES, TABLE, read_shapes
from resurvey.reconstruct.prior import PLACES, PRIOR
from resurvey.reconstruct.stretch import survival_at
from resurvey.reconstruct.summary import checked, weigh


def test_the_table_of_the_package_has_every_kind_with_its_share_and_where_it_is_from():
    names = [shape.name for shape in SHAPES]
    assert names[0] == "usual"
    assert {"falling", "rising", "early drop", "plateau", "day one"} <= set(names)
    for share in ("share_progression", "share_death"):
        assert sum(getattr(shape, share) for shape in SHAPES) == pytest.approx(1)
        assert min(getattr(shape, share) for shape in SHAPES if not shape.prior.drop) >= 0.03
    (dropping,) = [shape for shape in SHAPES if shape.prior.drop]
    assert dropping.share_progression >= 0.04
    assert dropping.share_death == 0  # deaths are not found at scans
    assert all("KMDATA" in shape.provenance for shape in SHAPES)
    assert SHAPES[0].prior.shape == PRIOR.shape


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("wiggle", "wobble"), "columns wiggle are missing"),
        (lambda text: text.replace("-2.57", "low"), "row 2, column u0.05, value 'low': expected a number"),
        (lambda text: text.replace("-2.57", "nan"), "row 2, column u0.05, value 'nan': expected a number"),
        (lambda text: text.replace("-2.57", ""), "row 2, column u0.05, value '': expected a number"),
        (lambda text: text.replace("-2.57,", ""), "row 2.*17 cells and the header 18"),
        (lambda text: text.splitlines()[0], "it has no row"),
        (lambda text: "", "the header row is empty"),
        (lambda text: text.replace("usual,0", "usual,1"), "column share_progression"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_by_name(tmp_path, change, said):
    path = tmp_path / "own.csv"
    path.write_text(change(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_shapes(path)


def one_kind(tmp_path, name):
    """The package's table with all shares given to one kind."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",", 3) for line in lines[1:]]
    rows = [[row[0], *(["1", "1"] if row[0] == name else ["0", "0"]), row[3]] for row in rows]
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return read_shapes(path)


def test_a_table_without_the_column_of_drops_has_none(tmp_path):
    with TABLE.open(newline="", encoding="utf-8") as file:
        rows = [{name: row[name] for name in COLUMNS} for row in csv.DictReader(file)]
    path = tmp_path / "own.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert not any(shape.prior.drop for shape in read_shapes(path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.25\nplateau", "half\nplateau", "row 8, column drop, value 'half'"),
        ("0.25\nplateau", "0.7\nplateau", "row 8, column drop, value '0.7': expected 0 or more, below log 2"),
        ("\nfalling", "0.2\nfalling", "row 2, column drop: the first kind is the usual one"),
    ],
)
def test_a_drop_that_cannot_be_is_refused(tmp_path, old, new, said):
    path = tmp_path / "own.csv"
    path.write_text(TABLE.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_shapes(path)


DROP = replace(PRIOR, drop=0.3)
EDGES = np.linspace(0, 20, 401)


def smooth(scale):
    """Log of a constant hazard whose median is `scale`."""
    return np.full(EDGES.size - 1, np.log(np.log(2) / scale))


def test_a_drop_at_the_scan_leaves_the_median_where_it_was():
    mean, part, _ = DROP.dropped(EDGES, 2.0, smooth(8.0), 8.0)
    hazard = np.concatenate([[0], np.cumsum(np.exp(mean) * np.diff(EDGES))])
    assert np.interp(8.0, EDGES, hazard) == pytest.approx(np.log(2), abs=1e-6)
    # three tenths of the hazard within three standard deviations of the scan, beside the smooth part of 1.2 months
    left = (np.log(2) - 0.3) / 8.0
    assert np.diff(np.interp([2.074 - 0.6, 2.074 + 0.6], EDGES, hazard))[0] == pytest.approx(0.3 + 1.2 * left, abs=2e-3)
    assert part.max() == pytest.approx(1)
    assert part.min() < 0.1


def test_a_drop_after_the_median_takes_nothing_from_the_time_before_it():
    mean, *_ = DROP.dropped(EDGES, 12.0, smooth(4.0), 4.0)
    hazard = np.concatenate([[0], np.cumsum(np.exp(mean) * np.diff(EDGES))])
    assert np.interp(4.0, EDGES, hazard) == pytest.approx(np.log(2), abs=1e-6)


def test_the_log_hazard_follows_the_size_of_the_drop_as_said():
    _, _, slope = DROP.dropped(EDGES, 2.0, smooth(8.0), 8.0)
    up, down = (replace(PRIOR, drop=0.3 * np.exp(h)).dropped(EDGES, 2.0, smooth(8.0), 8.0)[0] for h in (1e-4, -1e-4))
    assert slope == pytest.approx((up - down) / 2e-4, abs=1e-5)


def kinds_of(death=False, **arms):
    summaries = [checked(SurvivalSummary(1000, assessment_interval=0.0 if death else None, **a)) for a in arms.values()]
    fits, _ = weigh(summaries)
    return {name: sum(one.share for one in fits if one.kind == name) for name in {one.kind for one in fits}}


def test_a_drop_at_the_scan_is_seen_in_a_hazard_that_is_low_at_the_median():
    """A quarter and a third progress at the first scan, the others at an even pace: the medians have wide intervals."""
    dropped = {
        "first": {"events": 690, "median": 7.0, "lower": 6.0, "upper": 8.1},
        "second": {"events": 815, "median": 3.4, "lower": 2.6, "upper": 4.3},
    }
    even = {
        "first": {"events": 690, "median": 9.0, "lower": 8.2, "upper": 9.8},
        "second": {"events": 815, "median": 6.0, "lower": 5.5, "upper": 6.6},
    }
    seen = kinds_of(**dropped)["scan drop"]
    assert seen > 0.1
    assert kinds_of(**even).get("scan drop", 0.0) < seen / 2
    assert "scan drop" not in kinds_of(death=True, **dropped)


def test_a_table_of_ones_own_decides_the_shape(tmp_path):
    summary = SurvivalSummary(n=120, events=90, median=6.0, lower=4.9, upper=7.4)
    early = {}
    for name in ("falling", "rising"):
        made = from_summary(summary, replicates=30, shapes=one_kind(tmp_path, name))
        early[name] = survival_at(*made.stacked(), [1.0]).mean()
    assert early["falling"] < early["rising"] - 0.04


def test_an_even_hazard_from_the_first_day_is_within_the_bands_of_an_abstract():
    """An exponential curve of median 8 months: 8 % have the event in the first month, where trials have hardly any."""
    made = from_summary(SurvivalSummary(n=150, events=105, median=8.0, lower=6.6, upper=9.9), replicates=200)
    for time in (0.5, 1.0, 2.0):
        low, high = np.quantile(survival_at(*made.stacked(), [time])[:, 0], [0.05, 0.95])
        assert low <= 0.5 ** (time / 8.0) <= high


def test_a_wide_interval_around_the_median_speaks_for_a_falling_hazard():
    """Weibull hazards with 150 events: an interval is wider by 1 / shape on the log scale."""
    shares = {}
    for label, lower, upper in (("narrow", 5.2, 6.9), ("wide", 4.1, 8.8)):
        fits, _ = weigh([checked(SurvivalSummary(n=200, events=150, median=6.0, lower=lower, upper=upper))])
        shares[label] = sum(one.share for one in fits if one.kind == "falling")
    assert shares["wide"] > shares["narrow"] + 0.1


def test_arms_of_one_trial_have_their_shapes_in_common():
    summary = SurvivalSummary(n=200, events=150, median=6.0, lower=5.1, upper=7.2)
    first, second = from_summaries([summary, summary], replicates=60, rng=np.random.default_rng(3))
    apart = [from_summary(summary, replicates=60, rng=np.random.default_rng(k)) for k in (4, 5)]

    def alike(a, b):
        early = [survival_at(*made.stacked(), [1.5])[:, 0] for made in (a, b)]
        return np.corrcoef(*early)[0, 1]

    assert alike(first, second) > 0.2
    assert abs(alike(*apart)) < 0.2
    assert first.holds
    assert second.holds


def test_arms_of_one_trial_differ_less_in_deaths(tmp_path):
    """The same numbers and kind of hazard: only what the event is differs."""
    kinds, apart = one_kind(tmp_path, "steady"), {}
    for name, interval in (("death", 0.0), ("unknown", None)):
        summary = SurvivalSummary(n=400, events=300, median=6.0, lower=5.4, upper=6.7, assessment_interval=interval)
        made = from_summaries([summary, summary], replicates=100, rng=np.random.default_rng(3), shapes=kinds)
        first, second = (survival_at(*one.stacked(), [2.0, 10.0]) for one in made)
        apart[name] = (first - second).std(axis=0)
    assert (apart["death"] < 0.85 * apart["unknown"]).all()


def test_arms_of_one_trial_are_one_fit_and_share_one_kind():
    """What is printed of one arm tells of the other: events known of one place the follow-up, and so those of both."""
    printed = SurvivalSummary(n=200, events=150, median=6.0, lower=5.1, upper=7.2)
    silent = SurvivalSummary(n=200, median=6.0, lower=5.1, upper=7.2)
    fits, _ = weigh([checked(printed), checked(silent)])
    assert all(len(one.fit.arms) == 2 for one in fits)
    assert sum(one.share for one in fits) == pytest.approx(1)
    together = from_summaries([printed, silent], replicates=200, rng=np.random.default_rng(1))[1].events
    alone = from_summary(silent, replicates=200, rng=np.random.default_rng(1)).events
    assert together.std() < 0.8 * alone.std()
    assert abs(together.mean() - 150) < 15


def test_prior_of_one_arm_and_what_is_shared_make_the_whole_prior():
    """On the places that carry what is shared the two covariances add up to that of an arm by itself."""
    time, end = 8.0 * np.exp(np.array(PLACES)), 30.0
    shared = PRIOR.shared(time, 8.0, end)
    whole, own = PRIOR.event(time, 8.0)[1], PRIOR.of_one_arm().event(time, 8.0)[1]
    common = shared[:, : time.size].T @ shared[:, : time.size]
    unshared = PRIOR.level**2 + PRIOR.rough**2 * np.exp(
        -0.5 * (np.subtract.outer(PLACES, PLACES) / PRIOR.rough_length) ** 2
    )
    assert np.allclose(common + own, whole, atol=1e-5)
    assert np.allclose(np.diag(own), np.diag(unshared) + 0.1 * (np.diag(whole) - np.diag(unshared)), rtol=0.5)


def test_opposite_draws_cancel():
    made = opposite_normals(7, 3, np.random.default_rng(1))
    assert made.shape == (7, 3)
    assert np.allclose(made[:3] + made[4:], 0)


def test_the_error_of_the_draw_by_hand():
    """Between variance 0.01 in 25 replicates, within 0.03: the mean errs by 0.02, the total is 0.0404."""
    values = np.tile([-1.0, 1.0], 13)[:25]
    values = 0.1 * (values - values.mean()) / values.std(ddof=1)
    pooled = rubin(values, np.full(25, 0.03))
    assert pooled.monte_carlo == pytest.approx(0.02 / np.sqrt(0.0404))
    t = (pooled.upper - pooled.estimate) / pooled.se
    of_limit = np.sqrt(0.01 / 25 + t**2 * 0.0001 / (2 * 0.0404 * 24))
    assert pooled.monte_carlo_limits == pytest.approx(of_limit / np.sqrt(0.0404))
    assert rubin([0.3], [0.04]).monte_carlo_limits == 0


def test_the_interval_of_a_survival_tells_how_many_were_followed():
    """Survival 0.5 with 100 patients: a wider interval than that of all of them followed speaks for early censoring."""
    facts = {"n": 100, "median": 6.0, "landmarks": [(6.0, 0.5), (12.0, 0.25)], "survival_rounding": 0.005}
    at_risk = {}
    for label, limits in (("narrow", (0.169, 0.339)), ("wide", (0.12, 0.40))):
        made = from_summary(SurvivalSummary(**facts, landmark_limits=[(12.0, *limits)]), replicates=30)
        at_risk[label] = (made.stacked()[0] >= 12.0).sum(axis=1).mean()
    # 0.169 and 0.339 are the log-log limits of 25 of 100 without censoring (Greenwood 0.25 * 0.75 / 100)
    assert 15 < at_risk["narrow"] <= 25
    assert at_risk["wide"] < at_risk["narrow"] - 3


@pytest.mark.parametrize("entry", [(12.0, 0.3), (12.0, 0.4, 0.2), (12.0, 17.0, 34.0), "12"])
def test_limits_that_cannot_be_are_refused(entry):
    with pytest.raises(InputError, match="landmark_limits"):
        from_summary(SurvivalSummary(n=100, median=6.0, landmarks=[(12.0, 0.25)], landmark_limits=[entry]))


def test_every_replicate_knows_its_kind_and_keeps_it_when_paired():
    first, second = (SurvivalSummary(n=120, events=100, median=m, lower=0.75 * m, upper=1.35 * m) for m in (6.0, 8.0))
    made = from_summaries([first, second], replicates=60, rng=np.random.default_rng(2))
    assert made[0].shapes == made[1].shapes
    assert len(made[0].shapes) == 60
    assert set(made[0].shapes) <= {shape.name for shape in SHAPES}
    # the replicates of the pair are some of the arm's own, their marks unmoved
    pair = from_pair(*made, 1.3, pairs=40, rng=np.random.default_rng(2))
    own = {tuple(event): kind for event, kind in zip(made[0].stacked()[1].tolist(), made[0].shapes, strict=True)}
    paired = [own.get(tuple(event)) for event in pair.first.stacked()[1].tolist()]
    known = [kind is not None for kind in paired]
    assert sum(known) > 20
    assert [a for a, known_ in zip(pair.first.shapes, known, strict=True) if known_] == [k for k in paired if k]
