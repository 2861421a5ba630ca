"""The answer and the dossier: what they say with none, one and many of everything, and how long they are."""

from dataclasses import replace

import pandas as pd
import pytest

from resurvey import plan
from resurvey.conclusions import Conclusion
from resurvey.evidence_grade import Grade
from resurvey.report.answer import answer, facts_of
from resurvey.report.content import Appendix, page_document, paper_document
from resurvey.report.document import Badge, Beside, Bullets, Heading, Paragraph, Table, flat, inlines, plain
from resurvey.report.dossier import dossier
from resurvey.report.inputs import Choices, Results
from resurvey.report.said import Said, comparison_said, tellings
from resurvey.report.standing import STANDING_TONES, WHY, Standing
from resurvey.report.words import SEVERITY_TONES, VERDICT_TONES
from resurvey.report.workbook import sheets
from resurvey.results import Contrast, Model, Quantity, RestsOn, Role, Varied
from tests.report_project import NASTY, PAIR, small_results, typed_lines


def said(blocks):
    """Every paragraph, list and cell as one text."""
    return " ".join(" ".join(plain(tuple(inlines([block]))) for block in blocks).split())


@pytest.fixture
def results(tmp_path):
    return small_results(tmp_path)


def mixed(results, *mixes):
    """The small run with its first group weighted to other populations."""
    main = results.comparisons[results.comparisons["role"] == Role.MAIN].iloc[[0]]
    rows = [
        main.assign(role=Role.STANDARDISED, model=Model.WEIGHTED_COX, variation=f"mix {place}").assign(
            estimate=value, lower=low, upper=high
        )
        for place, (value, low, high) in enumerate(mixes)
    ]
    return replace(results, comparisons=pd.concat([results.comparisons, *rows], ignore_index=True))


def with_checks(results, *kinds):
    """The run with one check of each (verdict, severity)."""
    first = results.checks.iloc[[0]]
    made = [first.assign(check_id=f"k{n}", verdict=v, severity=s) for n, (v, s) in enumerate(kinds)]
    return replace(results, checks=pd.concat(made, ignore_index=True) if made else results.checks.iloc[:0])


AGREE = "the printed numbers agree with one another"
GOOD, GRAVE_ONE = ("reproduced", "none"), ("conflict", "conclusion")


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ([], ""),
        ([GOOD], f"In the one check that could be made {AGREE}. No finding."),
        ([GOOD] * 2, f"In all 2 checks {AGREE}. No finding."),
        ([GOOD, GRAVE_ONE], f"In 1 of 2 checks {AGREE}. In one they do not; it bears on a stated conclusion "
         "(tab-grave). See the findings. One has not been ruled on yet: how much it matters may change."),
        ([("discrepant", "major")], "In the one check that could be made the printed numbers do not agree; it bears "
         "on a number that readers use or pool."),
        ([GOOD, ("discrepant", "minor")], "In one they do not; it bears on a digit or a label."),
        ([GOOD, GRAVE_ONE, GRAVE_ONE], "In two they do not: two bear on a stated conclusion (tab-grave). See the "
         "findings. Two have not been ruled on yet: how much they matter may change."),
        ([GOOD, GRAVE_ONE, ("conflict", "major"), ("conflict", "minor")], "In three they do not: one bears on a "
         "stated conclusion (tab-grave), one on a number that readers use or pool, one on a digit or a label."),
        ([GOOD, ("conflict", "major"), ("conflict", "major"), ("conflict", "minor")], "In three they do not: two bear "
         "on a number that readers use or pool, one on a digit or a label."),
        ([("conflict", "minor"), ("conflict", "minor")], "In none of 2 checks do the printed numbers agree with one "
         "another: two bear on a digit or a label."),
    ],
)  # fmt: skip
def test_findings_are_counted_with_none_one_and_many(results, kinds, sentence):
    text = said(answer(with_checks(results, *kinds)))
    assert sentence in text
    assert bool(kinds) == ("Do the printed numbers hold?" in text)


CHECKED = {
    Standing.FALLS: ("conflict", "conclusion"),
    Standing.DOUBTFUL: ("discrepant", "major"),
    Standing.NEARLY: ("impossible", "minor"),
    Standing.STANDS: ("reproduced", "none"),
    Standing.OPEN: ("uncheckable", "none"),
}


@pytest.mark.parametrize("expected", list(Standing))
def test_a_conclusion_stands_as_its_numbers_do(results, expected):
    """Its colour is that of the finding wherever else it is shown."""
    made = with_checks(results, CHECKED[expected])
    choices = replace(made.choices, conclusions=[Conclusion("Cracks in {a-2} of walls.", ["a-1"])])
    (table,) = [b for b in answer(replace(made, choices=choices)) if isinstance(b, Table) and b.anchor != "tab-grave"]
    paper, concludes, stands, because = table.rows[0].cells
    assert (plain(paper), plain(concludes)) == ("Alpha 2020", "Cracks in 3 of 10 of walls.")
    (badge,) = stands
    assert badge.text == expected
    assert (f"3 of 10: Does not fit {NASTY}" in plain(because)) == (expected in (Standing.DOUBTFUL, Standing.NEARLY))
    severity = CHECKED[expected][1]
    verdict_tone = VERDICT_TONES[CHECKED[expected][0]]
    assert badge.tone == (SEVERITY_TONES[severity] if severity != "none" else verdict_tone)
    told = plain(because)
    assert told and (told in WHY.values()) == (expected in (Standing.STANDS, Standing.OPEN))


@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        (["reproduced"], "The one stated conclusion stands (tab-conclusions)."),
        (["conflict"], "The one stated conclusion does not stand as printed (tab-conclusions)."),
        (["reproduced"] * 3, "All three stated conclusions stand (tab-conclusions)."),
        (["conflict"] * 2, "Neither of the two stated conclusions stands as printed (tab-conclusions)."),
        (["uncheckable"] * 3, "None of the three stated conclusions can be checked (tab-conclusions). None of their "
         "numbers follows from others."),
        (["reproduced", "conflict", "conflict"],
         "Of three stated conclusions one stands and two do not stand as printed"),
        (["reproduced", "conflict", "uncheckable"],
         "Of three stated conclusions one stands, one does not stand as printed and one cannot be checked"),
    ],
)  # fmt: skip
def test_the_answer_begins_with_what_became_of_the_conclusions(results, of, sentence):
    checks = [
        results.checks.iloc[[0]].assign(check_id=f"k{n}", claim_ids=f"c-{n}", verdict=verdict,
                                        severity="conclusion" if verdict == "conflict" else "none")
        for n, verdict in enumerate(of)
    ]  # fmt: skip
    choices = replace(results.choices, conclusions=[Conclusion("It holds.", [f"c-{n}"]) for n in range(len(of))])
    made = replace(results, checks=pd.concat(checks, ignore_index=True), choices=choices)
    assert f"Do the printed numbers hold? {sentence}" in said(answer(made))


def test_a_few_findings_stand_in_the_answer_itself_and_many_in_the_dossier(results):
    few = with_checks(results, GOOD, ("discrepant", "minor"))
    assert "it bears on a digit or a label. See tab-grave." in said(answer(few))
    assert [b.anchor for b in answer(few) if isinstance(b, Table)] == ["tab-grave"]
    many = with_checks(results, GOOD, *[("discrepant", "minor")] * 7)
    assert [b.anchor for b in answer(many) if isinstance(b, Table)] == []
    assert "are in the answer" in said(dossier(few)) or "is in the answer" in said(dossier(few))
    assert "Seven findings concern a digit or a label and are in the workbook" in said(dossier(many))


def test_an_estimate_of_one_group_is_no_comparison(results):
    """The mean survival time of an extrapolation has a unit, no value of no difference, and tells nothing apart."""
    lines = results.comparisons
    mean = lines.assign(contrast="treatment", quantity="restricted mean", measure="mean survival time to 60 months",
                        estimate=10.94, lower=8.37, upper=13.3)  # fmt: skip
    made = replace(results, comparisons=mean[mean["role"] == Role.MAIN])
    one = comparison_said(made, made.choices.comparisons[0])
    assert one.words.replace("\xa0", " ") == "mean survival time to 60 months: 10.9 months, 95 % CI 8.37 to 13.3"
    assert not one.compares and not one.clear
    text = said(answer(made))
    assert "tell" not in text.split("What not")[0] and "lower hazard" not in text


def test_a_difference_of_proportions_is_in_percentage_points(results):
    lines = results.comparisons
    rates = lines.assign(contrast="difference", quantity="proportion", measure="risk difference", estimate=-0.0912,
                         lower=-0.125, upper=-0.058)  # fmt: skip
    made = replace(results, comparisons=rates[rates["role"] == Role.MAIN])
    one = comparison_said(made, made.choices.comparisons[0])
    assert one.words.replace("\xa0", " ") == "risk difference −9.1 percentage points, 95 % CI −12.5 to −5.8"
    assert one.clear


@pytest.mark.parametrize(("p", "there"), [(0.0004, True), (0.5, False)])
def test_a_network_whose_evidence_disagrees_may_not_settle_the_question(results, p, there):
    raw = {"id": "one", "kind": "network", "question": "Which is best", "claims": ["a-1"], "reference": "t"}
    raw |= {"assumptions": ["they are alike"]}
    choices = replace(results.choices, comparisons=[plan.comparison(raw)])
    q = pd.DataFrame({"source": ["total", "between designs"], "q": [20.0, 18.0], "df": [4, 3], "p": [0.001, p]})
    text = said(answer(replace(results, choices=choices, folders={"one": {"q": q}})))
    told = "In Which is best direct and indirect evidence disagree (Q between designs 18 on 3 degrees of freedom"
    assert (told in text) == there


def test_a_finding_that_no_conclusion_names_has_the_table_of_its_own(results):
    choices = replace(results.choices, conclusions=[Conclusion("It holds ({a-1}).")])
    anchors = [b.anchor for b in answer(replace(results, choices=choices)) if isinstance(b, Table)]
    assert anchors == ["tab-conclusions", "tab-grave"]
    choices = replace(results.choices, conclusions=[Conclusion("It cracks ({a-2}).")])
    blocks = answer(replace(results, choices=choices))
    assert [b.anchor for b in blocks if isinstance(b, Table)] == ["tab-conclusions"]
    assert "(tab-conclusions)" in said(blocks)


def test_a_finding_has_the_same_colour_and_words_everywhere(results):
    """Every badge of a verdict or of what hangs on it, in the page and on paper, by the one list of each."""
    tones = {**VERDICT_TONES, **SEVERITY_TONES, **{str(k): v for k, v in STANDING_TONES.items()}}
    found = with_checks(results, *CHECKED.values())
    choices = replace(found.choices, conclusions=[Conclusion("It cracks ({a-2}).")])
    found = replace(found, choices=choices)
    seen = set()
    for document in (page_document(found), *(paper_document(found, choice) for choice in Appendix)):
        for part in inlines(document.blocks):
            if isinstance(part, Badge) and part.text in tones:
                assert part.tone == tones[part.text], part
                seen.add(part.text)
    assert {"conflict", "discrepant", "impossible", Standing.FALLS} <= seen


def test_a_comparison_is_told_by_what_its_interval_says(results):
    text = said(answer(results))
    assert "has a lower hazard than" in text and "HR 0.44, 95 % CI 0.20 to 0.81" in text
    assert "The patients were not randomised against each other" in text
    lines = results.comparisons
    open_ = lines.assign(upper=lines["upper"].where(lines["role"] != Role.MAIN, 1.3))
    text = said(answer(replace(results, comparisons=open_)))
    assert "The data do not tell" in text and "lower hazard" not in text
    assert "That treatments are equal where the interval includes no difference" in text


def one_trial(results, *, listed=True, forward=True, design="randomised", upper=1.37):
    """The small run with one comparison only, of two arms of one trial that prints their ratio."""
    arm = {"study": "beta", "population": "all", "endpoint": "PFS", "data_cut": ""}
    raw = {"id": "one-two", "kind": "patients", "question": "New against old", "assumptions": ["they are alike"]}
    entry = plan.comparison({**raw, "treatment": {**arm, "arm": "new"}, "comparator": {**arm, "arm": "old"}})
    lines = results.comparisons[results.comparisons["comparison_id"] == "one-two"]
    main = lines["role"] == Role.MAIN
    lines = lines.assign(upper=lines["upper"].where(~main, upper))
    if listed:
        printed = lines[main].assign(role=Role.PRINTED, estimate=0.91, lower=0.7, upper=1.2)
        lines = pd.concat([lines, printed], ignore_index=True)
    fact = {"study_id": "beta", "population": "all", "endpoint": "PFS", "data_cut": "", "fact": "hazard ratio"}
    fact |= {"kind": "hazard ratio", "printed": 0.5, "holds": True, "binding": True, "limit": "", "claim_id": "b-1"}
    arms = ("new", "old") if forward else ("old", "new")
    ratios = {"claim_id": "b-1", "arm_id": arms[0], "population": "all", "value": 0.5, "lower": 0.4, "upper": 0.8}
    studies = results.tables["studies"].assign(design=design)
    return replace(
        results,
        choices=replace(results.choices, comparisons=[entry]),
        comparisons=lines,
        facts=pd.concat([results.facts, pd.DataFrame([fact | {"arm_id": arm_id} for arm_id in arms])]),
        tables={**results.tables, "studies": studies, "hazard_ratios": pd.DataFrame([ratios])},
    )


def test_a_comparison_within_one_trial_answers_the_question_where_there_is_no_other(results):
    text = said(answer(one_trial(results)))
    assert "What does the trial show? The data do not tell whether new or old is better" in text
    assert "HR 0.44, 95 % CI 0.20 to 1.37" in text.replace("\xa0", " ")
    assert "BETA prints 0.91 (0.70 to 1.20), which the reconstruction was made to keep." in text
    assert f"Evidence: {Grade.RANDOMISED_SUMMARY}." in text
    assert "side by side?" not in text and "not randomised against each other" not in text
    assert "as in the one comparison" in text and "which does not tell them apart" in text
    clear = said(answer(one_trial(results, upper=0.8)))
    assert "New has a lower hazard than old" in clear
    assert "unmeasured factor" not in clear, "a randomised trial has none that its groups do not share"
    assert "What does the study show?" in said(answer(one_trial(results, design="retrospective cohort")))


@pytest.mark.parametrize(
    ("listed", "forward", "printed"),
    [
        (True, True, "0.91 (0.70 to 1.20), kept by the reconstruction"),
        (False, True, "0.50 (0.40 to 0.80), kept by the reconstruction"),
        (False, False, "2.00 (1.25 to 2.50), kept by the reconstruction"),
    ],
)
def test_the_ratio_that_a_pair_was_reconstructed_to_stands_beside_it(results, listed, forward, printed):
    blocks = flat(dossier(one_trial(results, listed=listed, forward=forward)))
    (table,) = [block for block in blocks if isinstance(block, Table) and block.anchor == "tab-within"]
    assert plain(table.rows[0].cells[2]) == printed


def test_a_pair_without_a_printed_ratio_shows_none(results):
    made = one_trial(results, listed=False)
    for lacking in (replace(made, facts=results.facts), replace(made, facts=made.facts.iloc[:-1])):
        (table,) = [one for one in flat(dossier(lacking)) if isinstance(one, Table) and one.anchor == "tab-within"]
        assert plain(table.rows[0].cells[2]) == ""
    assert "prints" not in said(answer(replace(made, facts=results.facts)))


@pytest.mark.parametrize(
    ("across", "inside", "sentence"),
    [
        (0, 1, "One comparison is of two groups of one study."),
        (0, 2, "Two comparisons are of two groups of one study."),
        (1, 0, "One comparison sets groups of different studies, or printed ratios, side by side."),
        (2, 1, "Two comparisons set groups of different studies, or printed ratios, side by side, and one compares two "
         "groups of one study."),
    ],
)  # fmt: skip
def test_comparisons_are_counted_with_none_one_and_many(results, across, inside, sentence):
    other, own = results.choices.comparisons[0], one_trial(results).choices.comparisons[0]
    asked = [replace(one, id=f"{place}") for place, one in enumerate([other] * across + [own] * inside)]
    text = said(dossier(replace(results, choices=replace(results.choices, comparisons=asked))))
    assert sentence in text.replace("\xa0", " ")


def test_checks_that_could_not_be_completed_are_told_where_there_are_any(results):
    assert "one could not be completed with what is printed" in said(dossier(results))
    assert "could not be completed" not in said(dossier(with_checks(results, GOOD)))


@pytest.mark.parametrize(
    ("mixes", "changes"),
    [
        ([(0.5, 0.3, 0.8)], ""),
        ([(0.5, 0.3, 0.8), (1.1, 0.6, 1.9)], "the conclusion changes in another population (mix 1: HR 1.10)"),
        ([(1.5, 1.1, 1.9), (0.4, 0.3, 0.5), (float("nan"),) * 3], "another population (mix 0: HR 1.50)"),
    ],
)
def test_other_populations_are_told_where_they_change_the_conclusion(results, mixes, changes):
    weighted = mixed(results, *mixes)
    text = said(answer(weighted))
    assert changes in text
    assert ("That a result holds in other patients" in text) == bool(changes)
    one = comparison_said(weighted, weighted.choices.comparisons[0])
    known = sorted(value for value, low, _ in mixes if low == low)
    assert one.others == (known[0], known[-1])


def test_the_dossier_begins_with_what_is_compared(results):
    studies = results.tables["studies"].assign(setting="walls after frost", design="randomised")
    made = replace(results, tables={**results.tables, "studies": studies})
    (table,) = [b for b in dossier(made) if isinstance(b, Table) and b.anchor == "tab-question"]
    parts = {plain(row.cells[0]): plain(row.cells[1]) for row in table.rows}
    assert parts["Population"] == "walls after frost" and parts["Studies"].endswith("randomised")
    assert {"Interventions", "Comparators", "Outcomes"} <= set(parts) and all(parts.values())
    none = replace(results, choices=replace(results.choices, comparisons=[]))
    assert not [b for b in dossier(none) if isinstance(b, Table) and b.anchor == "tab-question"]


def test_an_empty_project_has_an_answer_and_a_dossier():
    empty = Results(Choices("Empty", "Is anything there?"))
    assert "Is anything there?" in said(answer(empty))
    document = paper_document(empty)
    assert "No patients were reconstructed and no treatments compared" in said(document.blocks)
    headings = [block.anchor for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    assert headings == ["answer", "evidence", "audit", "limits", "methods", "provenance"]


def test_findings_are_told_with_their_ruling_and_nasty_text_stays_text(results):
    (table,) = [block for block in answer(results) if isinstance(block, Table)]
    cells = [plain(cell) for row in table.rows for cell in row.cells]
    assert len(cells) == 4 * len(table.rows) and all(cells)
    assert NASTY in said(dossier(results)) + said(answer(results)) or NASTY.split()[0] in said(dossier(results))


def test_a_refused_comparison_says_why(results):
    text = said(dossier(results))
    assert "Not made: No ratios." in text
    assert facts_of(results)["refused"][0].refused == "no ratios"


def test_a_comparison_shows_at_most_two_figures_and_names_what_it_assumes(results):
    blocks = dossier(results)
    assert all(len(block.blocks) <= 2 for block in blocks if isinstance(block, Beside))
    assert any(isinstance(block, Beside) for block in blocks)
    text = said(blocks)
    assert "A1The groups are alike (they are not).1" in text and "Assumes A1." in text


def test_assumptions_that_comparisons_share_are_said_once(results):
    first = results.choices.comparisons[0]
    again = replace(first, id="again")
    both = replace(results, choices=replace(results.choices, comparisons=[first, again]))
    assert said(dossier(both)).count("The groups are alike (they are not).") == 1


def test_the_appendix_is_a_choice(results):
    headings = {
        choice: [b.text for b in paper_document(results, choice).blocks if isinstance(b, Heading) and b.level == 1]
        for choice in Appendix
    }
    assert "All findings" not in headings[Appendix.NONE]
    assert headings[Appendix.FINDINGS] == [*headings[Appendix.NONE], "All findings"]
    assert "The audit" in headings[Appendix.ALL]


def test_a_project_overrides_a_template(results, tmp_path):
    own = tmp_path / "templates"
    own.mkdir()
    (own / "answer.md.j2").write_text("# Ours (#answer)\n\n{{ question }} {{ good }}!\n", encoding="utf-8")
    assert [type(block) for block in answer(results, own)] == [Heading, Paragraph]
    assert "Does cement hold after frost? 1!" in said(answer(results, own))


def group(study, arm="a"):
    return {"study": study, "arm": arm, "population": "all", "endpoint": "PFS"}


@pytest.mark.parametrize(
    ("raw", "evidence", "grade"),
    [
        ({"kind": "patients", "treatment": group("r"), "comparator": group("o")}, "curve", Grade.UNANCHORED_CURVE),
        ({"kind": "patients", "treatment": group("r"), "comparator": group("o")}, "summary", Grade.UNANCHORED_SUMMARY),
        ({"kind": "patients", "treatment": group("r"), "comparator": group("r", "b")}, "curve", Grade.RANDOMISED_CURVE),
        ({"kind": "patients", "treatment": group("o"), "comparator": group("o", "b")}, "curve", Grade.OBSERVED),
        ({"kind": "over-time", "groups": [group("r"), group("r", "b")], "reference": "b"}, "summary",
         Grade.RANDOMISED_NETWORK),
        ({"kind": "over-time", "groups": [group("o"), group("o", "b")], "reference": "b"}, "summary",
         Grade.OBSERVED_NETWORK),
        ({"kind": "pool", "claims": ["r-1"]}, "printed ratios", Grade.POOLED),
        ({"kind": "pool", "claims": ["r-1", "o-1"]}, "printed ratios", Grade.PRINTED),
        ({"kind": "rates", "treatment": "r-1", "comparators": ["o-1"]}, "printed counts", Grade.COUNTS),
    ],
)  # fmt: skip
def test_the_grade_says_on_what_a_comparison_rests(raw, evidence, grade):
    entry = plan.comparison({"id": "x", "question": "?", "assumptions": ["they are alike"], **raw})
    studies = pd.DataFrame({"study_id": ["r", "o"], "design": ["randomised", "retrospective cohort"]})
    claims = pd.DataFrame({"claim_id": ["r-1", "o-1"], "study_id": ["r", "o"]})
    line = {"comparison_id": "x", "evidence": evidence, "refused": True, "role": "main", "note": "why"}
    made = Results(Choices("T", "Q?"), {"studies": studies}, claims=claims, comparisons=typed_lines([line]))
    assert comparison_said(made, entry).grade == grade


def harm(study, arm, item, grade, percent, population="all", claim="h"):
    row = {"claim_id": claim, "source_id": "alpha2020", "study_id": study, "arm_id": arm, "population": population}
    return row | {"kind": "adverse_event", "item": item, "grade": grade, "percent": percent}


def test_harm_is_said_to_be_left_out_with_the_highest_severe_rate_of_each_arm(results):
    assert "Anything about harms: no adverse events were read." in said(answer(results))
    table = [
        harm("alpha", "new", "cracks", ">=3", 24.0),
        harm("alpha", "new", "any event", "3-4", 56.0),
        harm("alpha", "new", "dust", "1-2", 90.0),
        harm("alpha", "new", "cracks in the first week", "3", 71.0, population="cracked"),
        harm("beta", "third", "cracks", "4", 99.0),
    ]
    made = replace(results, tables={**results.tables, "proportions": pd.DataFrame(table)})
    text = said(answer(made)).replace("\xa0", " ")
    assert (
        "the highest printed rate of grade 3 or more is, as each study counts, 56 % with new (ALPHA: any event)."
        in text
    )
    compared = pd.DataFrame([harm("alpha", "new", "cracks", "3", 5.0, claim="a-1")])
    assert "of harm" not in said(answer(replace(results, tables={**results.tables, "proportions": compared})))


def test_a_finding_on_a_number_that_a_comparison_rests_on_is_said_with_it(results):
    """By its data: the group was reconstructed from a-1, so what speaks against a-1 speaks against the comparison."""
    first = results.checks.iloc[[0]].assign(claim_ids="a-1", severity="major", cause="c1")
    marked = replace(results, checks=first)
    assert "Finding (a): Alpha 2020, =3: Seen again." in said(dossier(marked))
    assert "Finding (a): Alpha 2020, =3: Seen again." in said(flat(page_document(marked).blocks))
    assert comparison_said(marked, results.choices.comparisons[0]).marks == "a"
    (sheet,) = [one for one in sheets(marked) if one.title == "Findings on comparisons"]
    assert sheet.table["mark"].tolist() == ["a"] and not any("Findings on" in one.title for one in sheets(results))
    assert "Finding (" not in said(dossier(results))


def test_what_clear_hazard_ratios_tell_is_grouped_and_other_measures_are_not_hazards():
    one = Said(name="x", question="?", grade=Grade.COUNTS, first="A", second="B", endpoint="OS", hazard=True)
    clear = replace(one, estimate=0.5, lower=0.3, upper=0.8)
    worse = replace(clear, second="C", estimate=2.0, lower=1.2, upper=3.3)
    (told,) = tellings([clear, worse, replace(clear, upper=1.2), replace(clear, hazard=False)])
    assert (told.first, told.lower, told.higher) == ("A", (clear,), (worse,))


def test_the_strength_of_a_factor_that_would_overturn_a_result():
    # Present in 50 and 25 %: (1 + 0.5 s) / (1 + 0.25 s) = 1.5 for s = 4, a ratio of 5; 2 is out of reach.
    base = Said(name="x", question="?", grade=Grade.COUNTS)
    assert replace(base, bias=1.5).factor == pytest.approx(5.0)
    assert replace(base, bias=1 / 1.5).factor == pytest.approx(5.0)
    assert replace(base, bias=2.0).factor == float("inf")


def test_lists_of_the_answer_are_never_empty(results):
    for made in (results, mixed(results, (1.5, 1.1, 1.9))):
        blocks = answer(made)
        assert all(block.items for block in flat(blocks) if isinstance(block, Bullets))
        headings = [place for place, block in enumerate(blocks) if isinstance(block, Heading)]
        assert all(not isinstance(blocks[place + 1], Heading) or blocks[place].level == 1 for place in headings[:-1])


PROPORTIONAL = {"role": Role.TEST, "quantity": Quantity.Z, "model": Model.PROPORTIONAL_HAZARDS, "contrast": ""}


def left_open(results, share, *, evidence="summary", shapes=(), p=0.44):
    """The small run with a share of missing information, rows by kind of hazard, and a test of proportional hazards."""
    table = results.comparisons
    main = (table["role"] == Role.MAIN) & ~table["refused"]
    on = RestsOn.SHAPE if share > 0.5 else RestsOn.PRINT
    table = table.assign(missing_information=share, rests_on=on, evidence=evidence)
    test = table[main].assign(**PROPORTIONAL, p=p)
    names = ("kind", "variation", "estimate", "lower", "upper")
    rows = [(Varied.NOTHING, "as compared", 0.44, 0.2, 0.81), (Varied.DATA, "a later cut", 2.0, 1.5, 3.0), *shapes]
    varied = pd.DataFrame(rows, columns=names).assign(refused=False)
    folders = {"one-two": {**results.folders["one-two"], "sensitivity": varied}}
    return replace(results, comparisons=pd.concat([table, test], ignore_index=True), folders=folders)


def parts_of(results):
    return said(answer(results)), said(dossier(results))


OPEN = "as its patients are reconstructed"
NO_POWER = "The test of proportional hazards (p 0.440) has no power in such patients."
ON_SHAPE = "rests on the assumed shape of the hazard more than on what is printed"


def test_what_printed_numbers_leave_open_is_said_beside_the_estimate(results):
    short, long = parts_of(left_open(results, 0.437))
    assert (
        f"Of the information on this estimate 44 % is missing, {OPEN}; the interval allows for that. {NO_POWER}" in long
    )
    assert "44 % of the information on the estimate is missing because the patients were reconstructed" in short
    assert "one that does not reject does not show that a ratio is constant" in short
    assert ON_SHAPE not in short + long
    assert "less than 1 % is missing" in said(dossier(left_open(results, 0.0003)))


def test_an_estimate_that_rests_on_the_shape_says_so_and_which_shapes_change_it(results):
    shapes = [
        (Varied.SHAPE, "both groups: falling hazard", 0.6, 0.3, 1.2),
        (Varied.SHAPE, "both groups: steady hazard", 0.5, 0.3, 0.9),
    ]
    short, long = parts_of(left_open(results, 0.62, shapes=shapes))
    assert (
        f"62 % is missing, {OPEN}. It therefore {ON_SHAPE}: it moves with both groups: steady hazard (0.50); the "
        in long
    )
    assert "the conclusion changes with both groups: falling hazard (0.60)." in long
    assert "a later cut" not in long
    assert f"It {ON_SHAPE}." in short
    assert (
        f"It therefore {ON_SHAPE}; no kind of hazard by itself moves it much." in parts_of(left_open(results, 0.62))[1]
    )


def test_a_test_that_rejects_is_believed(results):
    short, long = parts_of(left_open(results, 0.3, p=0.012))
    assert "The ratio changes over time (p 0.012)" in long
    assert "no power" not in short + long


def test_where_every_curve_is_digitised_nothing_is_left_open(results):
    short, long = parts_of(left_open(results, 0.3, evidence="curve"))
    for told in (OPEN, "no power", "leave open", "Information missing"):
        assert told not in short + long


def within(results):
    """The same two groups as arms of one study."""
    entry = plan.comparison({**PAIR, "comparator": {**PAIR["comparator"], "study": "alpha"}})
    return replace(results, choices=replace(results.choices, comparisons=[entry]))


@pytest.mark.parametrize(("share", "cell"), [(0.437, "44 %"), (0.62, "62 %, shape")])
def test_a_table_of_groups_of_one_study_has_a_column_of_what_is_missing(results, share, cell):
    blocks = dossier(within(left_open(results, share)))
    (table,) = [block for block in blocks if isinstance(block, Table) and block.anchor == "tab-within"]
    assert table.columns[2].name == "Information missing"
    assert plain(table.rows[0].cells[2]).split() == cell.split()
    note = plain(table.note)
    assert ("Shape: the estimate rests" in note) == (share > 0.5)
    assert "Tests of proportional hazards have no power" in note
    (table,) = [
        block
        for block in dossier(within(left_open(results, share, evidence="curve")))
        if isinstance(block, Table) and block.anchor == "tab-within"
    ]
    assert len(table.columns) == 4 and "no power" not in plain(table.note)


def test_a_network_over_time_gives_each_difference_and_what_is_open_of_the_one_that_is_known_least(results):
    first = results.comparisons[results.comparisons["role"] == Role.MAIN].iloc[[0]]
    means = {"quantity": Quantity.RESTRICTED_MEAN, "contrast": Contrast.DIFFERENCE, "kind": "over-time",
             "time_months": 24.0, "comparator": "old", "model": Model.RANDOM}  # fmt: skip
    rows = [
        first.assign(
            **means, treatment=name, estimate=value, lower=value - 1, upper=value + 1, missing_information=share
        )
        for name, value, share in (("new", 2.1, 0.2), ("other", -0.5, 0.31))
    ]
    arms = [{**PAIR[side], "study": study} for study in ("alpha", "beta") for side in ("treatment", "comparator")]
    groups = {"groups": arms, "reference": "old"}
    entry = plan.comparison(
        {**{name: PAIR[name] for name in ("id", "question", "assumptions")}, "kind": "over-time", **groups}
    )
    choices = replace(results.choices, comparisons=[entry])
    text = said(dossier(replace(results, choices=choices, comparisons=pd.concat(rows, ignore_index=True))))
    told = "Restricted mean to 24 months, difference from old: new 2.10 (1.10 to 3.10) and other −0.50 (−1.50 to 0.50)."
    assert f"{told} Of the information on this estimate 31 % is missing" in text
