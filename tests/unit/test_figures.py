"""What figures show: words, limits and counts, never pixels; and that the same input gives the same bytes."""

import io
import math
import weakref
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resurvey.errors import InputError
from resurvey.figures import (
    adverse_event_plots,
    audit_overview,
    comparison,
    curve_plots,
    design_plots,
    evidence_plots,
    forest,
    network_plots,
    rebuilt,
)
from resurvey.figures.pooled_rows import few_words, heterogeneity_words, pooled_rows
from resurvey.figures.save import COLUMNS, Drawing, _encoded, as_both, as_png, as_svg, save, slug
from resurvey.figures.style import STYLE, WIDTH, ink_on, listed, number, p_text
from resurvey.labels import Labels
from resurvey.ticks import time_ticks


def words_of(figure):
    """All visible text of a figure, axis labels, ticks and legends included."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    return [artist.get_text() for artist in figure.findobj(Text) if artist.get_text() and artist.get_visible()]


def patients():
    """Two replicates of four patients."""
    return pd.DataFrame(
        {
            "replicate": [0] * 4 + [1] * 4,
            "time": [1.0, 2.0, 3.0, 4.0] * 2,
            "event": [1, 0, 1, 0, 1, 0, 1, 0],
        }
    )


def curves(groups=("A", "B")):
    grid = np.linspace(0, 12, 7)
    parts = [
        pd.DataFrame({"group": g, "time": grid, "survival": np.exp(-grid / (8 + i)), "lower": 0.1, "upper": 0.9})
        for i, g in enumerate(groups)
    ]
    return pd.concat(parts, ignore_index=True)


def risk(groups=("A", "B")):
    return pd.concat(
        [
            pd.DataFrame(
                {"time": [0, 6, 12], "at_risk": [40, 20, 2], "censored": [0, 5, 9], "events": [0, 15, 29]}
            ).assign(group=g)
            for g in groups
        ]
    )


def test_risk_table_counts_who_leaves_at_the_time_as_at_risk_and_adds_up():
    table = curve_plots.risk_table(patients(), [0, 1, 2.5, 4, 9])
    assert table["at_risk"].tolist() == [4, 4, 2, 1, 0]
    assert table["events"].tolist() == [0, 0, 1, 2, 2]
    assert table["censored"].tolist() == [0, 0, 1, 1, 2]


def test_kaplan_meier_has_the_extended_table_of_each_group():
    figure = curve_plots.kaplan_meier(curves(), risk(), ylabel="Overall survival", notes={"A": "n 40"})
    words = words_of(figure)
    assert words.count("At risk") == words.count("Censored") == words.count("Events") == 2
    assert "Overall survival (%)" in words and "Time (months)" in words
    assert "A, n 40" in words
    body = figure.axes[0]
    assert body.get_ylim() == (0, 1.02) and body.get_xlim()[0] == 0
    assert words.count("29") == 2, "events at the last time, a cell a group"


def test_groups_differ_by_line_as_well_as_colour():
    figure = curve_plots.kaplan_meier(curves(("A", "B", "C")), risk(("A", "B", "C")), ylabel="Survival")
    lines = [line for line in figure.axes[0].lines if line.get_drawstyle() == "steps-post"]
    assert len({str(line._dash_pattern) for line in lines}) == 3


def test_panels_follow_the_order_of_the_table():
    both = pd.concat([curves(("A",)).assign(panel="second"), curves(("A",)).assign(panel="first")])
    table = pd.concat([risk(("A",)).assign(panel="second"), risk(("A",)).assign(panel="first")])
    figure = curve_plots.kaplan_meier(both, table, ylabel="Survival", grey=curves(("A",)), grey_label="whole arm")
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")] == ["second", "first"]
    assert words_of(figure).count("whole arm") == 2


def test_panels_share_the_time_axis_and_name_long_groups_once():
    groups = ("a group with a name that is much too long for a panel of half a page", "another")
    short = curves(groups[:1])
    both = pd.concat([curves(groups).assign(panel="one"), short[short["time"] < 5].assign(panel="two")])
    table = pd.concat([risk(groups).assign(panel="one"), risk(groups[:1]).assign(panel="two")])
    figure = curve_plots.kaplan_meier(both, table, ylabel="Survival without the event that was asked about")
    bodies = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len({axes.get_xlim() for axes in bodies}) == 1
    for axes in figure.axes:
        low, high = axes.get_xlim()
        assert all(
            low <= text.get_position()[0] <= high for text in axes.texts if text.get_transform() == axes.transData
        )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(groups)
    figure.draw_without_rendering()
    label = bodies[0].yaxis.label.get_window_extent()
    assert label.height <= 1.15 * bodies[0].get_window_extent().height


def test_a_curve_without_groups_is_refused():
    with pytest.raises(InputError, match="no curve to draw"):
        curve_plots.kaplan_meier(curves().iloc[:0], risk(), ylabel="Survival")


def facts():
    return pd.DataFrame(
        {
            "fact": ["a", "b", "c", "d", "e"],  # labels are for readers: no figure reads them
            "kind": ["patients", "median", "median limit", "median limit", "survival"],
            "time": [math.nan] * 4 + [6.0],
            "limit": ["", "", "lower", "upper", ""],
            "printed": [40.0, 8.0, 6.0, math.inf, 0.5],
            "rebuilt": [40.0, 8.1, 6.0, math.inf, 0.44],
            "difference": [0.0, 0.1, 0.0, 0.0, -0.06],
            "holds": [True, True, True, True, False],
        }
    )


def test_rebuilt_against_printed_shows_both_numbers_and_what_does_not_hold():
    figure = rebuilt.rebuilt_against_printed(curves(("A",)), facts(), ylabel="Survival")
    words = words_of(figure)
    assert "survival at 6" in words and "median, upper limit" in words
    assert "8 → 8.1" in words and "0.5 → 0.44" in words and "NR → NR" in words
    assert "does not hold" in words and "holds within rounding" in words
    assert "printed median 8" in words
    residual = next(line for line in figure.axes[1].lines if line.get_label() == "does not hold")
    assert residual.get_xdata()[0] == pytest.approx(-12.0)


def test_a_p_far_off_leaves_the_scale_instead_of_setting_it():
    far = pd.DataFrame(
        [{"kind": "p", "limit": "", "printed": 0.004, "rebuilt": 0.044, "difference": 0.04, "holds": False}]
    )
    both = pd.concat([facts(), far], ignore_index=True)
    axes = rebuilt.rebuilt_against_printed(curves(("A",)), both, ylabel="Survival").axes[1]
    assert axes.get_xlim()[1] == pytest.approx(1.35 * 12)
    arrow = next(line for line in axes.lines if line.get_marker() == ">")
    assert 12 < arrow.get_xdata()[0] < axes.get_xlim()[1]
    assert list(arrow.get_ydata()) == [len(both) - 1]


def studies():
    return pd.DataFrame(
        {
            "kind": ["heading", "study", "study", "pooled", "prediction"],
            "label": ["Trials", "Alpha", "Beta", "Pooled", "Prediction"],
            "estimate": [math.nan, 0.5, 1.2, 0.8, 0.8],
            "lower": [math.nan, 0.4, 0.9, 0.6, 0.3],
            "upper": [math.nan, 0.7, 1.6, 1.1, 2.0],
            "weight": [math.nan, 0.6, 0.4, math.nan, math.nan],
            "evidence": ["", "printed ratios", "summary", "", ""],
        }
    )


def drawn_forest(rows=None, **kwargs):
    rows = studies() if rows is None else rows
    rows["interval"] = forest.interval_text(rows).where(rows["kind"] != "heading", "")
    settings = {
        "left": [forest.Column("label", "Study")],
        "right": [forest.Column("interval", "HR [95 %]", "right")],
        "xlabel": "Hazard ratio",
        "better": ("favours new", "favours old"),
    }
    return forest.forest(rows, **(settings | kwargs))


def test_forest_has_text_columns_a_log_axis_and_both_directions():
    figure = drawn_forest()
    words = words_of(figure)
    assert "0.50 [0.40, 0.70]" in words and "Trials" in words
    assert "← favours new" in words and "favours old →" in words
    plot = figure.axes[1]
    assert plot.get_xscale() == "log"
    assert plot.get_xlim()[0] < 0.3 and plot.get_xlim()[1] > 2.0
    assert len(plot.patches) == 1, "one diamond"
    assert "patients reconstructed from printed numbers" in words and "printed ratios" in words


def test_forest_symbols_say_the_evidence_and_the_weight():
    plot = drawn_forest().axes[1]
    marks = [line for line in plot.lines if line.get_marker() in ("s", "o") and len(line.get_xdata()) == 1]
    assert [line.get_marker() for line in marks] == ["s", "o"]
    big, small = (line.get_markersize() for line in marks)
    assert (small / big) ** 2 == pytest.approx(0.4 / 0.6)


def test_forest_wraps_words_that_cannot_fit_and_comes_to_an_end():
    rows = studies().assign(label=["x" * 300, "y" * 200, "short words " * 20, "z", "z"])
    figure = drawn_forest(rows)
    assert figure.get_size_inches()[0] == WIDTH


def test_forest_without_an_estimate_is_refused():
    with pytest.raises(InputError, match="at least one"):
        drawn_forest(studies().iloc[:1])


def test_dollar_signs_are_letters():
    rows = studies().assign(label=["$a", "b$", "$\\frac", "d", "e"])
    drawn_forest(rows).draw_without_rendering()


@pytest.mark.parametrize(("p", "text"), [(0.0001, "<0.001"), (0.0449, "0.045"), (math.nan, "–")])
def test_p_text(p, text):
    assert p_text(p) == text


def test_small_words():
    assert number(math.inf) == "NR" and number(-0.5) == "−0.50"
    assert listed(["a", "b", "c"]) == "a, b and c" and listed(["a"]) == "a" and listed([]) == ""
    assert time_ticks(38.3) == [0, 6, 12, 18, 24, 30, 36]
    assert slug("study", "A b/../c", "", "nan") == "study-a-b-c"
    assert len(slug("x" * 300)) <= 80 and slug("x" * 300) != slug("x" * 301)


def test_same_figure_same_bytes_and_names_that_stay_inside(tmp_path: Path):
    def draw():
        figure = drawn_forest()
        return as_both(figure)

    first, second = draw(), draw()
    assert first == second
    assert b"<dc:date>" not in first[0]
    words = {"section": "design", "title": "t", "caption": "c", "alt": "a", "data": "x.csv"}
    table = save([Drawing(name="one", figure=drawn_forest(), **words)], tmp_path)
    assert list(table.columns) == COLUMNS and table.loc[0, "svg"] == "one.svg"
    assert (tmp_path / "one.svg").read_bytes() == first[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["contents.txt", "figures.csv", "one.png", "one.svg"]
    with pytest.raises(InputError, match="use `slug`"):
        Drawing(name="../two", figure=None, **words)
    with pytest.raises(InputError, match="no alt"):
        Drawing(name="two", figure=None, **(words | {"alt": " "}))
    with pytest.raises(InputError, match="two figures are called"):
        save([Drawing(name="one", figure=drawn_forest(), **words) for _ in range(2)], tmp_path)


def test_labels_come_from_tables_and_tell_arms_apart():
    arms = pd.DataFrame(
        {
            "study_id": ["s", "s", "t", "t"],
            "arm_id": ["a", "b", "c", "d"],
            "population": "all",
            "treatment_id": ["new", "old", "new", "new"],
            "label": ["x", "y", "early", "late"],
            "locator": ["Table 1", "Text", "Table 2", "Text"],
        }
    )
    treatments = pd.DataFrame({"treatment_id": ["new", "old"], "label": ["New drug", "Old drug"]})
    labels = Labels.from_tables({"arms": arms, "treatments": treatments})
    assert labels.arm("s", "a") == "New drug" and labels.arm("s", "b") == "Old drug"
    assert labels.arm("t", "c") == "early" and labels.arm("t", "d") == "late"
    assert labels.arm("u", "some_arm") == "some arm" and labels.study("s, group") == "s, group"


def test_audit_has_a_mark_for_every_number():
    claims = pd.DataFrame({"claim_id": list("abcde"), "source_id": ["one"] * 3 + ["two"] * 2})
    checks = pd.DataFrame(
        {
            "claim_ids": ["a;b", "b", "d", ""],
            "verdict": ["reproduced", "discrepant", "impossible", "uncheckable"],
            "rule": ["r1", "r1", "r2", "r2"],
            "severity": ["none", "major", "conclusion", "none"],
        }
    )
    verdicts = audit_overview.worst_verdicts(checks, claims)
    assert verdicts["verdict"].tolist() == ["reproduced", "discrepant", "not checked", "impossible", "not checked"]
    figure = audit_overview.audit_overview(verdicts, names={"one": "First paper"}, order=["two", "one"])
    words = words_of(figure)
    assert words.index("two") < words.index("First paper")
    assert "discrepant: 1" in words and "not checked: 2" in words
    strips = sum(
        len(line.get_xdata())
        for line in figure.axes[0].lines
        if line.get_markersize() < 5 and line.get_marker() != "None"
    )
    assert strips == len(claims)
    rules = audit_overview.findings_by_rule(checks)
    assert "  1 of 2" in words_of(rules)
    with pytest.raises(InputError, match="verdict 'odd' is unknown"):
        audit_overview.worst_verdicts(checks.assign(verdict="odd"), claims)


def events():
    rows = []
    for arm, total in (("a", 100), ("b", 50)):
        for item, mild, grave in (("Nausea", 20, 5), ("Rash", 10, 0)):
            rows += [(arm, item, "1-2", mild, total), (arm, item, "3-4", grave, total)]
    table = pd.DataFrame(rows, columns=["arm_id", "item", "grade", "n", "total"])
    return table.assign(percent=100 * table["n"] / table["total"], claim_id="x")


def test_harms_by_grade_draws_each_event_once_and_leaves_out_zeros():
    figure = adverse_event_plots.events_by_grade(events().query("arm_id == 'a'"))
    words = words_of(figure)
    assert words.count("Nausea") == 1 and "Patients (%), n = 100" in words
    grave = next(line for line in figure.axes[0].lines if line.get_label() == "grade 3-4")
    assert list(grave.get_xdata()) == [5.0]


def test_harms_by_arm_is_first_minus_second():
    figure = adverse_event_plots.events_by_arm(events(), arms=["a", "b"], names={"a": "New", "b": "Old"})
    assert {"New", "Old", "Nausea", "Grade 1-2", "Grade 3-4"} <= set(words_of(figure))
    dots = next(line for line in figure.axes[1].lines if line.get_marker() == "D")
    assert list(dots.get_xdata()) == pytest.approx([-20.0, -10.0])


def test_harms_keep_only_grades_that_do_not_overlap():
    table = events().assign(kind="adverse_event", study_id="s")
    more = table.iloc[[0]].assign(grade=">=3")
    kept = adverse_event_plots.adverse_events(pd.concat([table, more]), "s")
    assert len(kept) == len(table) and ">=3" not in set(kept["grade"])


def test_median_pairs_take_the_p_that_names_both_and_each_pair_once():
    base = {"source_id": "r", "study_id": "s", "population": "all", "data_cut": "", "endpoint": "PFS"}
    medians = pd.DataFrame(
        [
            {**base, "claim_id": "m1", "arm_id": "old", "value_months": 5.0, "locator": "Text"},
            {**base, "claim_id": "m2", "arm_id": "new", "value_months": 9.0, "locator": "Text"},
            {**base, "claim_id": "m3", "arm_id": "old", "value_months": 5.0, "locator": "Table 1"},
            {**base, "claim_id": "m4", "arm_id": "new", "value_months": math.inf, "locator": "Table 1"},
        ]
    )
    p_values = pd.DataFrame({"claims": ["m4;m3"], "p_text": ["<0.001"], "arm_id": ["new"]})
    ratios = pd.DataFrame({"study_id": ["s"], "arm_id": ["new"]})
    pairs = evidence_plots.median_pairs(medians, p_values, ratios, Labels(), "r")
    assert len(pairs) == 1
    assert pairs.loc[0, ["first", "second", "p"]].tolist() == ["new", "old", "<0.001"]
    figure = evidence_plots.trials_on_a_page(pairs, endpoints={"PFS": "progression-free survival"})
    assert {"s", "<0.001", "new vs old", "Progression-free survival"} <= set(words_of(figure))


@pytest.mark.parametrize(
    ("text", "phase"),
    [("II", "II"), ("I/II", "I/II"), ("phase 3", "III"), ("NA (Real World Study)", "other"), ("", "other")],
)
def test_phase_of(text, phase):
    assert evidence_plots.phase_of(text) == phase


def test_ongoing_trials_stand_under_their_strategy():
    trials = pd.DataFrame(
        {
            "registry_id": ["NCT1", "NCT2"],
            "phase": ["II", ""],
            "status": ["Recruiting", ""],
            "intervention": ["drug", ""],
            "strategy": ["one way", "another"],
            "title": ["t1", "t2"],
        }
    )
    assert {"one way", "another", "NCT1", "NCT2", "drug", "t2", "not stated"} <= set(
        words_of(evidence_plots.ongoing_by_strategy(trials))
    )


def test_timeline_reads_dates_of_any_length():
    assert evidence_plots.decimal_year("2019") == 2019 and evidence_plots.decimal_year("2019-07") == pytest.approx(
        2019.5
    )
    assert math.isnan(evidence_plots.decimal_year(""))
    studies_table = pd.DataFrame(
        {
            "study_id": ["a", "b"],
            "acronym": ["ALPHA", "BETA"],
            "design": ["randomised", "cohort"],
            "enrolment_start": ["2010", ""],
            "enrolment_end": ["2012-06", ""],
            "data_cutoff": ["2013-01-15", ""],
            "source_id": ["p", "p"],
        }
    )
    dates = evidence_plots.study_dates(studies_table, pd.DataFrame({"source_id": ["p"], "year": ["2014"]}))
    assert dates["study"].tolist() == ["ALPHA"] and dates.loc[0, "published"] == 2014
    assert {"ALPHA\nrandomised", "2010", "2014"} <= set(words_of(evidence_plots.timeline(dates)))


def test_network_graph_has_a_node_a_treatment_and_the_number_of_studies_on_each_line():
    contrasts = pd.DataFrame(
        {"study": ["1", "2", "3"], "treatment": ["a", "b", "c"], "comparator": ["b", "a", "a"], "se": [0.1, 0.2, 0.3]}
    )
    figure = network_plots.network_graph(contrasts, names={"a": "Drug A (brand)"}, reference="a")
    words = words_of(figure)
    assert {"Drug A", "b", "c", "2", "1"} <= set(words)
    lines = [line for line in figure.axes[0].lines if line.get_marker() == "None"]
    assert len(lines) == 2 and lines[0].get_linewidth() > lines[1].get_linewidth()


def league_effects(lower, upper, estimate=-0.7):
    there = {"treatment": "a", "comparator": "b", "estimate": estimate, "lower": lower, "upper": upper}
    back = {"treatment": "b", "comparator": "a", "estimate": -estimate, "lower": -upper, "upper": -lower}
    return pd.DataFrame([there, back])


def test_league_table_says_which_way_to_read():
    effects = league_effects(np.log(0.3), np.log(0.83), np.log(0.5))
    words = words_of(network_plots.league_table(effects, ["a", "b"], names={}))
    assert any("the treatment at the left against the treatment on top" in text for text in words)
    assert "0.50\n(0.30 to 0.83)" in words
    assert {"a", "b"} <= set(words)
    with pytest.raises(InputError, match="without an effect: x"):
        network_plots.league_table(effects, ["a", "b", "x"], names={})


@pytest.mark.parametrize(
    ("upper", "text", "weight"),
    [(0.9951, "0.995", "bold"), (0.9999, "0.9999", "bold"), (1.0, "1.00", "normal"), (1.004, "1.004", "normal")],
)
def test_the_numbers_colour_a_league_table_not_their_rounded_text(upper, text, weight):
    figure = network_plots.league_table(
        league_effects(np.log(0.316), np.log(upper), np.log(0.56)), ["a", "b"], names={}
    )
    (cell,) = [one for one in figure.axes[0].texts if one.get_text() == f"0.56\n(0.32 to {text})"]
    assert cell.get_fontweight() == weight


def test_pairs_that_no_study_links_are_said_to_be_not_linked():
    apart = pd.concat([league_effects(-1.0, -0.1), league_effects(-1.0, 0.1).replace({"a": "c", "b": "d"})])
    words = words_of(network_plots.league_table(apart, ["a", "b", "c", "d"], names={}))
    assert words.count("not linked") == 8


def test_ranks_are_ordered_by_sucra():
    ranks = pd.DataFrame(
        {
            "model": "random",
            "treatment": ["a", "a", "b", "b"],
            "rank": [1, 2, 1, 2],
            "probability": [0.2, 0.8, 0.8, 0.2],
            "sucra": [0.2, 0.2, 0.8, 0.8],
        }
    )
    titles = [axes.get_title(loc="left") for axes in network_plots.rank_plot(ranks, names={}).axes]
    assert titles == ["b\nSUCRA 80 %", "a\nSUCRA 20 %"]
    with pytest.raises(InputError, match="no ranks of the common"):
        network_plots.rank_plot(ranks, names={}, model="common")


def test_heat_maps_and_funnel():
    heat = pd.DataFrame({"design": ["a:b", "a:b"], "detached": ["a:b", "a:c"], "change": [0.0, 1.5]})
    assert "1.5" in words_of(network_plots.net_heat_plot(heat, names={}))
    shares = pd.DataFrame({"treatment": ["b"], "comparator": ["a"], "a : b": [0.75], "a : c": [0.25]})
    assert {"75", "25"} <= set(words_of(network_plots.contribution_plot(shares, names={}, reference="a")))
    with pytest.raises(InputError, match="cannot be assessed"):
        network_plots.net_heat_plot(heat.iloc[:0], names={})
    funnel = pd.DataFrame(
        {"treatment": ["b", "b"], "comparator": ["a", "a"], "se": [0.1, 0.3], "adjusted": [0.1, -0.2]}
    )
    low, high = network_plots.funnel_plot(funnel, names={}).axes[0].get_ylim()
    assert low > 0.3 and high == 0, "the most precise on top"


def test_bias_array_marks_where_the_conclusion_changes():
    array = pd.DataFrame(
        {
            "strength": [1.5, 1.5, 3.0, 3.0],
            "prevalence_treated": [0.0, 1.0] * 2,
            "prevalence_comparator": 0.5,
            "ratio": [0.7, 0.6, 0.95, 0.5],
            "conclusion": ["as observed", "as observed", "not significant", "as observed"],
        }
    )
    figure = comparison.bias_array_plot(array, first="New", second="Old")
    words = words_of(figure)
    assert "0.95*" in words and "0.70" in words
    assert len(figure.axes[0].lines) == 2, "one line beside and one below the cell that differs"


def test_hazards_and_restricted_means_stand_side_by_side():
    points = pd.DataFrame(
        {"group": ["first"] * 2 + ["second"] * 2, "log_time": [0.0, 2.0] * 2, "value": [-3, 0, -2, 1]}
    )
    rmst = pd.DataFrame({"horizon": [6.0, 12.0], "estimate": [0.5, 1.0], "lower": [-0.2, 0.1], "upper": [1.2, 1.9]})
    figure = comparison.hazards_and_rmst(points, rmst, names={"first": "New", "second": "Old"})
    words = words_of(figure)
    assert {"New", "Old", "↑ longer with New", "↓ longer with Old", "Horizon (months)"} <= set(words)
    assert "Time (months, log scale)" in words
    for parts in ((points, None), (None, rmst)):
        assert len(comparison.hazards_and_rmst(*parts, names={"first": "New", "second": "Old"}).axes) == 1


def test_response_rates_show_counts_and_limits():
    rates = pd.DataFrame(
        {"label": ["New"], "n": [70], "total": [100], "percent": [70.0], "lower": [0.6], "upper": [0.79]}
    )
    assert "70/100   70.0 % [60.0, 79.0]" in words_of(comparison.response_rates(rates))


def test_design_figures_mark_the_printed_numbers():
    claim = {"null_median": 5.0, "alternative_median": 8.0, "alpha": 0.05, "power": 0.8}
    power = pd.DataFrame(
        {
            "method": "m",
            "label": "log hazard",
            "sides": [1, 1, 2, 2],
            "true_median": [5.0, 8.0] * 2,
            "power": [0.05, 0.8] * 2,
        }
    )
    words = words_of(design_plots.operating_characteristics(power, None, claim=claim))
    assert {"null 5", "alternative 8", "one-sided", "two-sided", "log hazard"} <= set(words)
    times = pd.DataFrame(
        {
            "hypothesis": "null",
            "median": 5.0,
            "time": [0.0, 20.0],
            "expected_events": [0.0, 50.0],
            "lower": [0.0, 40.0],
            "upper": [0.0, 60.0],
            "entered": [0.0, 80.0],
        }
    )
    words = words_of(design_plots.events_over_time(times, planned=64, observed=66, cut_off=18.0, accrual=12.0))
    assert {"planned: 64 events", "printed: 66 events at the cut-off", "last entry", "cut-off"} <= set(words)
    grid = pd.DataFrame(
        [(a, p, 40 + 100 * p - 200 * a) for a in (0.02, 0.1) for p in (0.7, 0.9)],
        columns=["alpha", "power", "events_raw"],
    )
    words = words_of(design_plots.alpha_power(grid, None, claimed=64, printed=claim))
    assert "printed, one-sided (5 %, 80 %)" in words and "printed, two-sided (2.5 %, 80 %)" in words
    table = pd.DataFrame({"label": ["f", "f"], "sides": [1, 2], "events": [59, 75], "patients": [65, 83]})
    figure = design_plots.events_by_method(table, claimed=64, claimed_patients=96)
    assert {"printed: 64 events", "printed: 96 patients", "1-sided", "2-sided"} <= set(words_of(figure))
    assert design_plots.records({"a": []}, "a") is None
    with pytest.raises(InputError, match="at least 2 by 2"):
        design_plots.alpha_power(grid.iloc[:1], None, claimed=64, printed=claim)


def everything_drawn():
    """A figure with every kind of stroke: lines, dashes, markers, areas, hatches, clipping, text upright and turned."""
    figure = Figure(figsize=(5, 3))
    ax = figure.add_axes((0.15, 0.2, 0.8, 0.7))
    ax.plot([0, 1, 2, 9], [0, 2, 1, 9], "--o", label="line that leaves the axes")
    ax.fill_between([0, 1, 2], [0.2, 0.5, 0.1], [1.2, 1.5, 1.1], hatch="///", alpha=0.3, label="band")
    ax.bar([1.5], [0.7], width=0.3, color="#D55E00")
    ax.scatter([0.5, 1.0], [1.8, 1.9], marker="D")
    ax.pcolormesh([2.2, 2.4, 2.6], [0.5, 1.0, 1.5], [[0, 1], [2, 3]])
    ax.text(0.4, 0.3, "turned −1.5", rotation=40)
    ax.set(xlim=(0, 3), ylim=(0, 2), xlabel="Time (months)", ylabel="Survival (%)", title="$x^2$ and words")
    ax.legend(loc="upper right")
    return figure


def elements(svg):
    """Every element that is drawn, and what is defined, which may stand in any place, by id."""
    root = ElementTree.fromstring(svg)
    defined = [part for defs in root.iter("{http://www.w3.org/2000/svg}defs") for part in defs.iter()]
    drawn = [(part.tag, part.attrib) for part in root.iter() if part not in defined]
    return drawn, {part.get("id"): part.attrib for part in defined if part.get("id")}


def test_the_png_shows_what_matplotlib_shows():
    svg, png = as_both(everything_drawn())
    assert svg == as_svg(everything_drawn())
    assert png == as_png(svg)
    figure, stream = everything_drawn(), io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(stream, format="png", dpi=192)
    once, twice = (np.asarray(Image.open(io.BytesIO(page)).convert("L"), float) for page in (png, stream.getvalue()))
    assert once.shape == twice.shape == (576, 960)
    assert np.abs(once - twice).mean() < 3  # edges are smoothed in another way, and a palette has 256 colours
    assert once.mean() < 250  # not an empty page


def test_a_png_keeps_colours_and_paper():
    page = np.full((40, 60, 4), 255, dtype=np.uint8)
    assert np.asarray(Image.open(io.BytesIO(_encoded(page, 96))).convert("RGB")).min() == 255
    page[5:10, 5:50, :3] = (0, 114, 178)
    page[20:30, 5:50, :3] = np.arange(45, dtype=np.uint8)[:, None] * (5, 4, 3)
    made = Image.open(io.BytesIO(_encoded(page, 96)))
    assert made.mode == "P" and made.info["dpi"] == pytest.approx((96, 96), abs=0.1)
    back = np.asarray(made.convert("RGB")).astype(int)
    assert np.abs(back - page[..., :3]).max() <= 8
    assert (back[12:18] == 255).all() and (back[:, 55:] == 255).all()


def test_a_figure_is_let_go_once_it_is_written(tmp_path: Path):
    alive = weakref.WeakSet()

    def one(name):
        assert not alive
        figure = drawn_forest()
        alive.add(figure)
        return Drawing(name, "design", "t", "c", "a", "x.csv", figure)

    save(map(one, "abc"), tmp_path)
    assert not alive


def test_a_figure_with_an_image_is_drawn_all_the_same():
    figure = everything_drawn()
    figure.axes[0].imshow([[0, 1], [1, 0]], extent=(0, 1, 0, 1))
    svg, png = as_both(figure)
    assert b"<image" in svg
    assert Image.open(io.BytesIO(png)).size == (960, 576)


def test_a_pooled_forest_says_how_far_the_studies_differ_and_warns_of_few():
    logs = {"estimate": [-0.5, 0.1], "lower": [-0.9, -0.5], "upper": [-0.1, 0.7], "weight_random": [0.6, 0.4]}
    table = pd.DataFrame({"group": "all", "study": ["s", "t"], **logs})
    pooled = pd.DataFrame(
        {
            "population": "all",
            "method": ["random effects", "prediction interval"],
            "role": ["main", "prediction"],
            "estimate": 0.8,
            "lower": [0.2, 0.01],
            "upper": [3.1, 90.0],
        }
    )
    numbers = {"tau2": 0.0838, "q": 3.15, "df": 1, "p": 0.0757, "i2": 0.683, "i2_lower": 0.0, "i2_upper": 0.9997}
    spread = pd.DataFrame([{"group": "all", "studies": 2, **numbers}])
    sizes = pd.DataFrame({"study": ["s", "t"], "n": [120.0, math.nan], "events": [80.0, math.nan]})
    rows = pooled_rows(table, pooled, {"s": "Alpha"}, spread=spread, sizes=sizes)
    assert rows["kind"].tolist() == ["study", "study", "pooled", "prediction", "note", "note"]
    assert rows["label"].iloc[4] == "Heterogeneity: τ² 0.0838, I² 68 % (0 to 100), Q 3.15 on 1 df (p 0.076)"
    assert rows["label"].iloc[5].startswith("Two studies: τ² can hardly be estimated")
    assert rows["patients"].tolist()[:2] == ["120", ""] and rows["events"].tolist()[:2] == ["80", ""]
    many = spread.assign(studies=6).iloc[0]
    assert few_words(many) == "" and few_words(spread.assign(studies=1).iloc[0]) == ""
    alone = spread.assign(studies=1, tau2=math.nan, df=0).iloc[0]
    assert heterogeneity_words(alone) == "Heterogeneity: one study tells nothing of it"


def test_the_dashed_line_of_a_pooled_forest_stands_at_the_main_estimate():
    table = pd.DataFrame({"group": "all", "study": ["s"], "estimate": -0.5, "lower": -0.9, "upper": -0.1})
    pooled = {"population": "all", "method": ["common effect", "random effects"], "role": ["secondary", "main"]}
    pooled = pd.DataFrame({**pooled, "estimate": [0.7, 0.8], "lower": 0.4, "upper": 1.5})
    rows = pooled_rows(table.assign(weight_random=1.0), pooled, {})
    figure = forest.forest(rows, left=[forest.Column("label", "Study")], right=[], xlabel="HR", better=("a", "b"))
    dashed = [line for axes in figure.axes for line in axes.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in dashed] == [0.8]


@pytest.mark.parametrize(
    ("colour", "ink"), [((1, 1, 1), "#1a1a1a"), ((0.18, 0.0, 0.3), "#ffffff"), ((0, 0, 0), "#ffffff")]
)
def test_numbers_are_drawn_in_the_ink_that_reads_better(colour, ink):
    assert ink_on(colour) == ink


def test_cells_of_a_bias_array_have_a_contrast_that_can_be_read():
    shares = [0.0, 0.5, 1.0]
    cells = [(s, p) for s in (1.25, 4.0) for p in shares]
    array = pd.DataFrame(cells, columns=["strength", "prevalence_treated"]).assign(
        prevalence_comparator=0.5, ratio=[0.5, 0.45, 0.4, 1.1, 0.45, 0.2], conclusion="as observed"
    )
    figure = comparison.bias_array_plot(array, first="A", second="B")
    axes = figure.axes[0]
    faces = axes.collections[0].to_rgba(axes.collections[0].get_array()).reshape(-1, 4)
    numbers = [text for text in axes.texts if text.get_text()[0].isdigit()]
    assert len(numbers) == 6
    for face, text in zip(faces, numbers, strict=True):
        assert text.get_color() == ink_on(face)


def test_net_heat_is_drawn_where_designs_disagree_alone():
    q = pd.DataFrame({"source": ["total", "between designs"], "q": [16.0, 0.13], "df": [4, 1], "p": [0.003, 0.72]})
    heat = pd.DataFrame({"design": ["a : b", "a : c"], "detached": ["a : b", "a : b"], "change": [0.1, 0.0]})
    assert not network_plots.inconsistent(q, heat)
    assert network_plots.inconsistent(q.assign(p=[0.003, 0.05]), heat)
    assert network_plots.inconsistent(q, heat.assign(change=[0.1, -5.0]))
    figure = network_plots.net_heat_plot(heat, names={})
    low, high = figure.axes[0].collections[0].get_clim()
    assert high == pytest.approx(3.841, abs=1e-3) and low == -high, "a change of 0.1 must not be the darkest"


@pytest.mark.parametrize("sizes", [(1,), (3, 2, 1), (61, 60, 5, 1)])
def test_every_mark_of_the_audit_lies_inside_the_figure(sizes):
    rows = [(f"{source}-{n}", f"s{source}") for source, size in enumerate(sizes) for n in range(size)]
    verdicts = pd.DataFrame(rows, columns=["claim_id", "source_id"]).assign(verdict="reproduced")
    figure = audit_overview.audit_overview(verdicts, names={})
    axes = figure.axes[0]
    bottom, top = axes.get_ylim()
    drawn = [y for line in axes.lines if line.get_marker() == "s" for y in line.get_ydata()]
    assert len(drawn) == sum(sizes) + 1, "a mark a number, and one in the key"
    assert top + 0.4 < min(drawn) and max(drawn) < bottom - 0.4


def test_medians_have_their_intervals_and_no_line_crosses_a_name():
    pair = {
        "endpoint": "PFS",
        "study": "ALPHA",
        "population": "all",
        "first": "new drug",
        "second": "old drug",
        "p": "",
    }
    pair |= {"first_months": 8.0, "second_months": math.inf, "first_lower": 6.0, "first_upper": math.inf}
    table = pd.DataFrame([pair | {"second_lower": math.nan, "second_upper": math.nan}])
    figure = evidence_plots.trials_on_a_page(table, endpoints={"PFS": "progression-free survival"})
    axes = figure.axes[0]
    names = [text for text in axes.texts if text.get_text() in ("ALPHA", "new drug vs old drug")]
    assert len(names) == 2 and all(text.get_position()[0] < 0 for text in names)
    figure.draw_without_rendering()
    left = axes.get_window_extent().x0
    assert all(text.get_window_extent().x0 >= 0 and text.get_window_extent().x1 < left for text in names)
    bars = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    assert list(bars[0].get_xdata()) == [6.0, pytest.approx(8.4)], "an upper limit that was not reached is open"
    assert "first named arm with printed interval" in words_of(figure)


def test_the_legend_of_curves_stands_above_them():
    notes = {"A": "n 40"}
    figure = curve_plots.kaplan_meier(curves(), risk(), ylabel="Survival", notes=notes, result="HR 0.50, p 0.004")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["A, n 40", "B"]
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().y0 >= figure.axes[0].get_window_extent().y1
    assert figure.axes[0].get_legend() is None and "HR 0.50, p 0.004" in words_of(figure)


def test_words_stand_where_the_curves_leave_room():
    grid = np.linspace(0, 10, 11)
    high = pd.DataFrame({"time": grid, "survival": 1 - 0.02 * grid})
    low = pd.DataFrame({"time": grid, "survival": np.exp(-grid)})
    assert curve_plots.free_corner(high, 10) == "lower left" and curve_plots.free_corner(low, 10) == "upper right"


def test_censoring_marks_lie_on_the_curve():
    censored = pd.DataFrame({"group": ["A", "A", "B"], "time": [3.0, 3.0, 12.0]})
    figure = curve_plots.kaplan_meier(curves(), risk(), ylabel="Survival", censored=censored)
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in marks] == [[3.0], [12.0]]
    assert marks[0].get_ydata()[0] == pytest.approx(np.exp(-2 / 8)), "the level after the last step before 3"


def test_readings_of_the_accrual_do_not_lie_on_each_other():
    rows = [("m", s, 60, n) for s in (1, 2) for n in (90, 92, 94)]
    table = pd.DataFrame(rows, columns=["label", "sides", "events", "patients"])
    right = design_plots.events_by_method(table, claimed=64, claimed_patients=92).axes[1]
    strokes = [line for line in right.lines if line.get_marker() == "|"]
    assert [list(line.get_xdata()) for line in strokes] == [[90, 92, 94]] * 2
    assert strokes[0].get_ydata()[0] != strokes[1].get_ydata()[0]
