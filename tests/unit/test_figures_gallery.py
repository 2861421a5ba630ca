"""Which figures are made of results, and that their words stand alone."""

import math

import pandas as pd
import pytest
from jinja2 import UndefinedError

from resurvey import plan
from resurvey.compare import bias_array, e_values
from resurvey.evidence_grade import Grade
from resurvey.figures import captions
from resurvey.figures.gallery import StudyResults, study_drawings
from resurvey.figures.gallery_comparison import Shown, comparison_drawings
from resurvey.figures.gallery_design import design_drawings
from resurvey.figures.gallery_evidence import evidence_drawings, short_names
from resurvey.figures.gallery_multiples import multiples_drawings
from resurvey.figures.gallery_overview import overview_drawings
from resurvey.figures.style import many
from resurvey.labels import Labels
from tests.unit.test_figures import words_of

LABELS = Labels(
    studies={"s": "TRIAL"},
    treatments={"a": "Drug A", "b": "Drug B", "c": "Drug C"},
    endpoints={"PFS": "progression-free survival"},
    arms={("s", "a"): "Drug A", ("s", "b"): "Drug B"},
)
ENTRY = {"id": "one", "question": "A against B", "assumptions": ["the groups are alike"]}


def study_results():
    keys = [("a", "all"), ("b", "all"), ("a", "young")]
    curves, patients, accuracy, facts = [], [], [], []
    for arm, population in keys:
        key = {"study_id": "s", "arm_id": arm, "population": population, "endpoint": "PFS", "data_cut": None}
        curves.append(
            pd.DataFrame(
                {
                    **key,
                    "time": [0.0, 3.0, 6.0],
                    "survival": [1.0, 0.6, 0.4],
                    "lower": [1, 0.5, 0.3],
                    "upper": [1, 0.7, 0.5],
                    "at_risk": [4, 3, 1],
                }
            )
        )
        patients.append(pd.DataFrame({**key, "replicate": 0, "time": [1.0, 2.0, 5.0, 6.0], "event": [1, 0, 1, 0]}))
        accuracy.append(
            {
                **key,
                "status": "rebuilt",
                "evidence": "summary",
                "median_text": "5.5",
                "method": "m",
                "n": 4,
                "replicates": 200,
                "events_mean": 2.0,
                "events_min": 2,
                "events_max": 2,
            }
        )
        fact = {
            "fact": "median",
            "kind": "median",
            "time_months": math.nan,
            "limit": "",
            "binding": True,
            "claim_id": "",
        }
        facts.append({**key, **fact, "printed": 5.5, "rebuilt": 5.0, "difference": -0.5, "holds": False})
    return StudyResults(pd.concat(curves), pd.DataFrame(facts), pd.DataFrame(accuracy), pd.concat(patients))


def test_populations_are_spelled_as_the_documents_spell_them():
    arms = pd.DataFrame(
        {
            "study_id": "s",
            "arm_id": ["a", "b", "c"],
            "population": ["er positive", "young", "all"],
            "treatment_id": "",
            "label": ["ER positive", "Young", "ER"],
            "locator": "Table 1",
        }
    )
    labels = Labels.from_tables({"arms": arms})
    assert labels.group("s", "x", "er positive") == "x, ER positive"
    assert labels.population("young") == "young", "a capital at the beginning belongs to the label"
    assert labels.group("s", "", "all") == "all arms"
    assert LABELS.treatment("a or c") == "Drug A or Drug C" and LABELS.treatment("z") == "z"


def test_a_study_gives_arms_subgroups_and_a_fit_of_each_arm():
    made = list(study_drawings(study_results(), LABELS, {"curves": "curves.csv", "facts": "facts.csv"}))
    assert [drawing.name for drawing in made] == [
        "study-s-km-pfs",
        "study-s-km-subgroups-pfs",
        "study-s-fit-a-all-pfs",
        "study-s-fit-a-young-pfs",
        "study-s-fit-b-all-pfs",
    ]
    assert all("Evidence grade summary" in drawing.caption for drawing in made)
    assert "200 replicates" in made[0].caption and "Drug A, n = 4, 2 events" in made[0].caption
    assert "0 of 1 printed facts that can hold" in made[2].caption and "not: median" in made[2].caption
    assert "falls to one half at 6.0 months" in made[0].alt
    assert {drawing.data for drawing in made} == {"curves.csv", "facts.csv"}


def test_a_group_that_meets_its_print_has_no_figure_of_its_own():
    results = study_results()
    results.facts["holds"] = True
    made = [drawing.name for drawing in study_drawings(results, LABELS, {"curves": "c", "facts": "f"})]
    assert made == ["study-s-km-pfs", "study-s-km-subgroups-pfs"]
    results.facts.loc[:, ["holds", "claim_id"]] = [False, "hr-1"]
    assert len(list(study_drawings(results, LABELS, {"curves": "c", "facts": "f"}))) == 2, "judged with the pair"


def test_every_rebuilt_group_is_on_the_page_the_worst_first():
    results = study_results()
    results.facts["holds"] = [True, True, False]
    (drawing,) = multiples_drawings(results.curves, results.facts, LABELS, "facts.csv")
    assert drawing.name == "reconstruction-multiples" and drawing.section == "reconstruction"
    assert "3 groups were reconstructed; in 1 something" in drawing.caption
    assert "by up to 9.1 %: most of all TRIAL, PFS, Drug A, young (0/1: median 5.5→5)" in drawing.caption
    words = words_of(drawing.figure)
    assert words.count("TRIAL") == 3 and not any("hold" in one for one in words), "only what does not hold is said"
    assert words.index("0/1: median 5.5→5") < words.index("PFS, Drug B"), "the worst first"
    results.facts["holds"] = True
    one = results.curves["arm_id"] == "b"
    (drawing,) = multiples_drawings(results.curves[one], results.facts, LABELS, "facts.csv")
    assert "One group was reconstructed; every printed fact that it could have holds." in drawing.caption
    assert list(multiples_drawings(results.curves.iloc[:0], results.facts, LABELS, "f")) == []


def test_what_cannot_hold_is_no_misfit():
    results = study_results()
    results.facts["binding"] = False
    (drawing,) = multiples_drawings(results.curves, results.facts, LABELS, "facts.csv")
    assert "every printed fact that it could have holds" in drawing.caption


def test_many_groups_take_several_pages_that_fit_a_sheet():
    results = study_results()
    curves = pd.concat([results.curves.assign(arm_id=f"{arm}") for arm in range(45)])
    facts = pd.concat([results.facts.assign(arm_id=f"{arm}") for arm in range(45)])
    pages = list(multiples_drawings(curves, facts, LABELS, "facts.csv"))
    assert [page.name for page in pages] == ["reconstruction-multiples", "reconstruction-multiples-2"]
    assert all(page.figure.get_size_inches()[1] <= 9.31 for page in pages)


def estimates(**cells):
    base = {
        "comparison_id": "one",
        "method": "Cox, unadjusted",
        "measure": "HR",
        "estimate": 0.5,
        "lower": 0.3,
        "upper": 0.8,
        "p": 0.004,
        "evidence": "summary",
        "kind": "patients",
        "treatment": "Drug A",
        "comparator": "Drug B",
        "endpoint": "PFS",
        "population": "all",
        "n_treatment": 40,
        "n_comparator": 50,
        "note": "2 ratios",
        "role": "main",
        "quantity": "hazard ratio",
        "contrast": "ratio",
        "model": "Cox",
        "variation": "",
        "from_months": math.nan,
        "time_months": math.nan,
        "refused": False,
    }
    return {**base, **cells}


KINDS = {
    "patients": {side: {"study": side[0], "arm": "x", "population": "all", "endpoint": "PFS"}
                 for side in ("treatment", "comparator")},
    "network": {"claims": ["a-1"], "reference": "c"},
    "bucher": {"first": "a-1", "second": "b-1", "path": ["a", "b", "c"]},
    "pool": {"claims": ["a-1"]},
    "rates": {"treatment": "a-1", "comparators": ["b-1"]},
    "counts": {"pairs": [{"treatment": "a-1", "comparator": "b-1"}]},
    "ratios": {"pairs": [{"label": "a", "medians": ["a-1", "a-2"]}]},
}  # fmt: skip


def names(raw, tables):
    entry = plan.comparison({**KINDS[raw["kind"]], **raw})
    made = list(comparison_drawings(entry, tables, LABELS, "results/one"))
    assert all("Assumed: the groups are alike." in drawing.caption for drawing in made)
    return [drawing.name.removeprefix("comparison-one-") for drawing in made], made


def test_two_groups_of_patients():
    tables = {
        "estimates": pd.DataFrame([estimates(), estimates(role="printed", evidence="printed", estimate=0.6)]),
        "curves": pd.DataFrame(
            {
                "group": ["first"] * 2 + ["second"] * 2,
                "time": [0.0, 6.0] * 2,
                "survival": [1, 0.4] * 2,
                "lower": [1, 0.3] * 2,
                "upper": [1, 0.5] * 2,
            }
        ),
        "risk": pd.DataFrame(
            {"group": ["first", "second"], "time": 0.0, "at_risk": 40.0, "censored": 0.0, "events": 0.0}
        ),
        "log_cumulative_hazard": pd.DataFrame(columns=["group", "log_time", "value"]),
        "rmst": pd.DataFrame(
            {"horizon": [3.0, 6.0], "estimate": [0.1, 0.4], "lower": [-0.1, 0.1], "upper": [0.3, 0.7]}
        ),
    }
    made, drawings = names({**ENTRY, "kind": "patients"}, tables)
    assert made == ["curves", "ratios", "hazards"]
    assert "hazard ratio 0.50 (0.30 to 0.80), p 0.004" in drawings[0].caption
    assert "0.40 months (0.10 to 0.70)" in drawings[2].caption


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_of_a_refused_comparison(kind):
    row = estimates(method=kind, measure="none", estimate=math.nan, refused=True)
    raw = {**ENTRY, "kind": kind}
    assert names(raw, {"estimates": pd.DataFrame([row])})[0] == []


def test_strokes_of_censoring_and_the_ratio_are_a_choice():
    curves = {"group": ["first"] * 2 + ["second"] * 2, "time": [0.0, 6.0] * 2, "survival": [1, 0.4] * 2}
    tables = {
        "estimates": pd.DataFrame([estimates()]),
        "curves": pd.DataFrame({**curves, "lower": math.nan, "upper": math.nan}),
        "risk": pd.DataFrame(
            {"group": ["first", "second"], "time": 0.0, "at_risk": 40.0, "censored": 0.0, "events": 0.0}
        ),
        "censored": pd.DataFrame({"group": "second", "time": [2.0, 4.0, 4.0]}),
    }
    raw = {**ENTRY, "kind": "patients"}
    for shown in (Shown(), Shown(censoring=False), Shown(result=False)):
        (drawing,) = comparison_drawings(plan.comparison({**KINDS["patients"], **raw}), tables, LABELS, "x", shown)
        axes = drawing.figure.axes[0]
        strokes = [line for line in axes.lines if line.get_marker() == "|"]
        assert [list(line.get_xdata()) for line in strokes] == ([[2.0, 4.0]] if shown.censoring else [])
        assert ("Stroke: end of a patient's follow-up" in drawing.caption) == shown.censoring
        assert any("HR 0.50" in text.get_text() for text in axes.texts) == shown.result


def test_a_comparison_that_was_refused_gives_no_figure_and_no_crash():
    row = estimates(estimate=math.nan, lower=math.nan, upper=math.nan, p=math.nan, evidence="none")
    for kind in ("patients", "bucher", "pool", "rates", "ratios"):
        assert names({**ENTRY, "kind": kind}, {"estimates": pd.DataFrame([row])})[0] == []


def test_a_network_without_loops_leaves_out_what_it_cannot_show():
    contrasts = pd.DataFrame({"study": ["1", "2"], "treatment": ["a", "b"], "comparator": ["b", "c"], "se": [0.1, 0.2]})
    cells = {"model": "random effects", "evidence": "printed ratios", "comparator": "c"}
    tables = {
        "estimates": pd.DataFrame([estimates(treatment=t, **cells) for t in ("a", "b")]),
        "contrasts": contrasts,
        "ranking": pd.DataFrame({"model": "random", "treatment": ["a", "c"], "p_score": [0.9, 0.1]}),
        "effects": pd.DataFrame(
            {
                "model": "random",
                "treatment": ["a", "c"],
                "comparator": ["c", "a"],
                "estimate": [-0.69, 0.69],
                "lower": [-1.1, 0.09],
                "upper": [-0.09, 1.1],
            }
        ),
        "node_split": pd.DataFrame({"treatment": ["a"], "comparator": ["b"], "direct": [0.1], "indirect": [math.nan]}),
        "funnel": contrasts.assign(adjusted=0.0),
    }
    made, drawings = names({**ENTRY, "kind": "network", "reference": "c"}, tables)
    assert made == ["graph", "forest", "league"]
    assert "In 1 ordered pair the interval lies below 1" in drawings[2].caption
    assert "Of 1 pair 1 rests on indirect evidence alone." in drawings[2].caption
    alone = drawings[1]
    varied = estimates(treatment="b", **{**cells, "role": "sensitivity", "variation": "without s"})
    tables["estimates"] = pd.concat([tables["estimates"], pd.DataFrame([varied])])
    forest = names({**ENTRY, "kind": "network", "reference": "c"}, tables)[1][1]
    assert forest.alt == alone.alt


def test_pool_bucher_rates_and_ratios():
    logs = {
        "study": ["s", "t"],
        "treatment": ["a", "b"],
        "comparator": ["b", "c"],
        "estimate": [-0.5, 0.1],
        "se": [0.2, 0.3],
    }
    legs = pd.DataFrame(logs).assign(n=[120.0, math.nan], events=math.nan, design="randomised")
    printed = {"evidence": "printed ratios", "treatment": "a", "comparator": "c"}
    made, drawings = names(
        {**ENTRY, "kind": "bucher"}, {"estimates": pd.DataFrame([estimates(**printed)]), "legs": legs}
    )
    assert made == ["forest"] and "Drug A against Drug C" in drawings[0].caption
    studies = legs.assign(lower=-0.9, upper=0.7, weight_random=0.5, group="all")
    tables = {
        "estimates": pd.DataFrame([estimates(method="common effect", **printed)]),
        "studies": studies,
        "effects": legs,
    }
    made, drawings = names({**ENTRY, "kind": "pool"}, tables)
    assert made == ["forest"] and "in 2 studies" in drawings[0].caption
    alone = drawings[0].caption
    otherwise = {"role": "sensitivity", "variation": "without s"}
    judged = [estimates(method="common effect", **printed), estimates(**otherwise, **printed)]
    judged.append(estimates(role="bias", **{**printed, "quantity": "share of the bias array"}))
    wrong = {
        "estimates": pd.DataFrame(judged),
        "bias_array": bias_array((-0.7, 0.2)),
        "e_values": e_values((-0.7, 0.2)),
    }
    made, drawings = names({**ENTRY, "kind": "pool"}, {**tables, **wrong})
    assert made == ["forest", "ratios", "bias"] and drawings[0].caption == alone
    assert "the main estimate and what was done otherwise" in drawings[1].caption
    assert words_of(drawings[1].figure).count("without s") == 1
    assert "Hazard ratio of Drug A against Drug C corrected for a prognostic factor" in drawings[2].caption
    made, drawings = names({**ENTRY, "kind": "bucher"}, {**wrong, "legs": legs})
    assert made == ["forest", "ratios", "bias"] and "E-values: estimate" in drawings[2].caption
    rates = pd.DataFrame({"label": ["s a"], "n": [7], "total": [10], "percent": [70.0], "lower": [0.3], "upper": [0.9]})
    made, drawings = names({**ENTRY, "kind": "rates"}, {"estimates": pd.DataFrame([estimates()]), "rates": rates})
    assert made == ["rates"] and "Drug A (TRIAL) 7/10 (70.0 %)" in drawings[0].caption
    medians = {"quantity": "median", "evidence": "printed medians", "treatment": "a", "comparator": "b"}
    table = pd.DataFrame(
        [estimates(estimate=2.0, lower=1.9, upper=2.1, **medians), estimates(estimate=math.nan, **medians)]
    )
    made, drawings = names({**ENTRY, "kind": "ratios"}, {"estimates": table})
    assert made == ["forest-pfs"] and "1 of 1 favour the first named treatment" in drawings[0].caption


def test_overview_has_the_main_row_of_each_comparison():
    rows = [
        estimates(),
        estimates(role="standardised", estimate=0.9),
        estimates(role="standardised", estimate=0.7),
        estimates(comparison_id="pool", kind="pool", estimate=0.99, role="secondary"),
        estimates(comparison_id="pool", kind="pool", estimate=0.86, upper=1.4),
        estimates(comparison_id="two", kind="bucher", treatment="c", comparator="a"),
        estimates(comparison_id="refused", estimate=math.nan, refused=True),
    ]
    drawing = overview_drawings(pd.DataFrame(rows), LABELS, "comparisons.csv")[0]
    # one main estimate a comparison: of a pool the one its other tables and figures have
    assert "vs Drug B, PFS, 0.86 (" in drawing.alt and "0.99" not in drawing.alt
    assert "each of the 3 comparisons" in drawing.caption and "Drug C vs Drug A, PFS, 0.50" in drawing.alt
    assert "0.50 (0.30 to 0.80), over others 0.50 to 0.90" in drawing.alt, "its own estimate belongs to the range"
    assert "Band: the estimate" in drawing.caption and "etwork" not in drawing.caption


def test_overview_of_one_comparison_and_of_none():
    drawing = overview_drawings(pd.DataFrame([estimates()]), LABELS, "comparisons.csv")[0]
    assert "the one comparison that gives one" in drawing.caption
    assert "Rows" not in drawing.caption and "Band" not in drawing.caption and "Letters" not in drawing.caption
    assert not any("Note" in words for words in words_of(drawing.figure))
    assert overview_drawings(pd.DataFrame([estimates(refused=True)]), LABELS, "comparisons.csv") == []


def test_overview_puts_what_is_compared_often_under_a_heading_and_names_networks():
    rows = [estimates(comparison_id=str(i), comparator=f"Drug (X{i}) (TRIAL {i})") for i in range(3)]
    rows += [estimates(comparison_id="net", kind="network", treatment=t, comparator="c") for t in ("a", "b")]
    rows.append(estimates(comparison_id="last", kind="pool", treatment="b", comparator="c"))
    words = overview_words(rows)
    assert {"Drug A against", "Drug (TRIAL 0)", "Drug A vs Drug C (network)", "Drug B vs Drug C"} <= set(words)


def overview_words(rows, *given):
    drawing = overview_drawings(pd.DataFrame(rows), LABELS, "comparisons.csv", *given)[0]
    return [words.strip() for words in words_of(drawing.figure)]


def test_overview_puts_the_firmest_evidence_first_and_marks_what_a_finding_bears_on():
    rows = [estimates(comparison_id=name, treatment=name, comparator=f"not {name}") for name in ("x", "y", "z")]
    grades = {"x": Grade.UNANCHORED_SUMMARY, "y": Grade.POOLED, "z": Grade.UNANCHORED_SUMMARY}
    words = overview_words(rows, grades, {"z": "a, b"})
    heads = [str(grade)[:1].upper() + str(grade)[1:] for grade in (Grade.POOLED, Grade.UNANCHORED_SUMMARY)]
    assert [one for one in words if one in (*heads, "x vs not x", "y vs not y", "z vs not z")] == [
        *(heads[0], "y vs not y", heads[1], "x vs not x", "z vs not z")
    ]
    assert words.count("a, b") == 1 and "Note" in words


def test_overview_says_a_long_pair_once_for_its_populations():
    pair = {"treatment": f"Group 3: {'W' * 30} (S)", "comparator": f"Group 1: {'Y' * 30} (S)"}
    part = {key: words.replace("(S)", "(S, young)") for key, words in pair.items()}
    words = overview_words([estimates(**pair), estimates(comparison_id="part", population="young", **part)])
    assert {f"{'W' * 30} vs {'Y' * 30} (S)", "all patients", "young"} <= set(words)


def test_design_without_curves_gives_the_table_of_formulas_alone():
    table = pd.DataFrame(
        {
            "method": ["m"],
            "label": ["log hazard"],
            "sides": [1],
            "alpha": [0.05],
            "power": [0.8],
            "events": [64],
            "patients": [96],
        }
    )
    verdict = {"claimed": {"events": 64, "patients": 96}, "printed": {"null_median": "5", "alternative_median": "8"}}
    made = list(design_drawings("one", table, verdict, {"table": "t.csv", "verdict": "v.json"}))
    assert [drawing.name for drawing in made] == ["design-one-methods"]
    assert "exactly the printed number, in one reading at least: log hazard (1-sided)" in made[0].caption


def empty(*columns):
    return pd.DataFrame(columns=list(columns))


def evidence_tables():
    return {
        "sources": pd.DataFrame(
            {"source_id": ["p1"], "citation": ["Doe J, Roe R. A paper."], "year": [2020], "kind": ["trial"]}
        ),
        "studies": empty(
            "study_id", "acronym", "design", "enrolment_start", "enrolment_end", "data_cutoff", "source_id"
        ),
        "medians": empty(
            "source_id", "arm_id", "value_months", "locator", "study_id", "population", "endpoint", "data_cut"
        ),
        "p_values": empty("claims", "p_text", "arm_id"),
        "hazard_ratios": empty("study_id", "arm_id"),
        "ongoing_trials": empty("source_id", "strategy"),
        "proportions": empty("kind", "study_id", "n", "total", "grade"),
    }


def test_evidence_of_empty_tables_is_the_audit_alone():
    checks = pd.DataFrame({"claim_ids": ["x"], "verdict": ["reproduced"], "rule": ["r"], "severity": ["none"]})
    claims = pd.DataFrame({"claim_id": ["x", "y"], "source_id": ["p1", "other"]})
    data = dict.fromkeys(["checks", *evidence_tables()], "file.csv")
    made = list(evidence_drawings(checks, claims, evidence_tables(), ["p1"], data))
    assert [drawing.name for drawing in made] == ["audit-overview"]
    assert "for the one number read in" in made[0].caption, "numbers of documents without a page are not drawn"


def test_the_timeline_says_the_dates_that_are_known_and_no_others():
    rows = [("ALPHA", "2010", "2012", ""), ("BETA", "", "", "2019"), ("GAMMA", "2015", "", "2018")]
    studies = pd.DataFrame(rows, columns=["acronym", "enrolment_start", "enrolment_end", "data_cutoff"])
    tables = {**evidence_tables(), "studies": studies.assign(study_id=studies["acronym"], design="", source_id="p1")}
    checks = pd.DataFrame({"claim_ids": ["x"], "verdict": ["reproduced"], "rule": ["r"], "severity": ["none"]})
    claims = pd.DataFrame({"claim_id": ["x"], "source_id": ["p1"]})
    data = dict.fromkeys(["checks", *tables], "file.csv")
    drawing = next(d for d in evidence_drawings(checks, claims, tables, ["p1"], data) if d.name == "evidence-timeline")
    assert drawing.alt == (
        "Bars on a calendar: ALPHA enrolled from 2010.0 to 2012.0; GAMMA enrolled from 2015.0, data cut-off 2018.0; "
        "BETA data cut-off 2019.0 (years with decimals)."
    )


@pytest.mark.parametrize(("year", "name"), [(2020, "Doe 2020 (trial)"), (math.nan, "Doe (trial)")])
def test_short_names(year, name):
    assert short_names(evidence_tables()["sources"].assign(year=year)) == {"p1": name}
    several = evidence_tables()["sources"].assign(year=year, citation="van der Doe; Roe R. A title")
    assert short_names(several) == {"p1": f"van der {name}"}


@pytest.mark.parametrize(
    ("same", "words"), [(True, "Both groups are of one study"), (False, "No randomisation stands")]
)
def test_a_comparison_within_a_study_is_not_called_one_between_studies(same, words):
    sides = {"treatment": ("s", "a"), "comparator": ("s" if same else "t", "b")}
    groups = {
        side: {"study": study, "arm": arm, "population": "all", "endpoint": "PFS"}
        for side, (study, arm) in sides.items()
    }
    rows = pd.DataFrame([estimates(), estimates(role="sensitivity", variation="otherwise")])
    _, (forest,) = names({**ENTRY, "kind": "patients", **groups}, {"estimates": rows})
    assert words in forest.caption


@pytest.mark.parametrize(
    ("alone", "words"),
    [(0, "Each pair was compared in a study."), (1, "Of 3 pairs 1 rests on indirect evidence alone."),
     (3, "Of 3 pairs 3 rest on indirect evidence alone.")],
)  # fmt: skip
def test_a_league_says_how_much_of_it_was_compared(alone, words):
    said = captions.said("league", "caption", model="random", clear=0, linked=3, alone=alone, judged=False)
    assert said.endswith(f"nothing was reconstructed. {words}")
    assert many(1, "study", "studies") == "1 study" and many(0, "study", "studies") == "0 studies"


def test_a_name_from_a_table_stands_in_a_caption_as_it_is_and_a_fact_left_out_is_seen():
    name = "{{ A }} & <b>*\u00a0x"
    assert name in captions.said("legs", "alt", first=name, second="B", whole={"estimate": 1, "lower": 0, "upper": 2})
    with pytest.raises(UndefinedError, match="second"):
        captions.said("legs", "alt", first=name)


def test_curves_that_were_read_have_strokes_where_patients_were_censored():
    results = study_results()
    plain = next(iter(study_drawings(results, LABELS, {"curves": "c", "facts": "f"})))
    assert "Strokes" not in plain.caption
    results.accuracy.loc[results.accuracy["arm_id"] == "a", "evidence"] = "curve"
    whole, parts, *_ = study_drawings(results, LABELS, {"curves": "c", "facts": "f"})
    assert "Strokes: patients censored of the groups reconstructed from a curve, in one replicate." in whole.caption
    assert "Strokes: patients censored, in one replicate." in parts.caption
    for drawing in (whole, parts):
        marks = [line for line in drawing.figure.axes[0].lines if line.get_marker() == "|"]
        assert [list(line.get_xdata()) for line in marks] == [[2.0, 6.0]]


@pytest.mark.parametrize(
    ("text", "months", "words"),
    [("11.80", 11.8, "printed\xa0median\xa011.80"), ("270", 8.8706, "printed\xa0median\xa08.87"),
     ("NR", math.inf, "median not reached"), ("", 5.5, "printed\xa0median\xa05.5")],
)  # fmt: skip
def test_a_printed_median_is_told_in_the_months_of_the_axis(text, months, words):
    results = study_results()
    results.accuracy["median_text"] = text
    results.facts["printed"] = months
    drawing = next(iter(study_drawings(results, LABELS, {"curves": "c", "facts": "f"})))
    assert f"Drug A, n 4, {words}" in [text.get_text() for text in drawing.figure.legends[0].get_texts()]
