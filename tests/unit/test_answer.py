"""The answer and the dossier: what they say with none, one and many of everything, and how long they are."""

from dataclasses import replace

import pandas as pd
import pytest

from resurvey import plan
from resurvey.report.answer import Grade, Said, answer, comparison_said, facts_of
from resurvey.report.content import Appendix, paper_document
from resurvey.report.document import Beside, Bullets, Heading, Paragraph, Table, flat, inlines, plain
from resurvey.report.dossier import dossier
from resurvey.report.inputs import Choices, Results
from resurvey.results import Model, Role
from tests.report_project import NASTY, small_results, typed_lines


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


def test_the_numbers_of_the_answer_follow_the_tables(results):
    text = said(answer(results))
    assert "1 of 2 numbers that follow from other printed numbers agree with them." in text
    assert "One of the others touches a stated conclusion (tab-grave)" in text
    more = results.checks.assign(severity="conclusion", verdict="conflict")
    text = said(answer(replace(results, checks=pd.concat([more, more.assign(check_id="x")]))))
    assert "of the others touch a stated conclusion" in text
    none = results.checks.assign(severity="none", verdict="reproduced")
    assert "None of the others touches a stated conclusion. " in said(answer(replace(results, checks=none)))


def test_a_comparison_is_told_by_what_its_interval_says(results):
    text = said(answer(results))
    assert "has a lower hazard than" in text and "HR 0.44, 95 % CI 0.20 to 0.81" in text
    assert "Its patients were not randomised against the others" in text
    lines = results.comparisons
    open_ = lines.assign(upper=lines["upper"].where(lines["role"] != Role.MAIN, 1.3))
    text = said(answer(replace(results, comparisons=open_)))
    assert "The data do not tell" in text and "lower hazard" not in text
    assert "That treatments are equal where the interval includes no difference" in text


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


def test_an_empty_project_has_an_answer_and_a_dossier():
    empty = Results(Choices("Empty", "Is anything there?"))
    assert "Is anything there?" in said(answer(empty))
    document = paper_document(empty)
    assert "No group of patients was reconstructed." in said(document.blocks)
    assert "The project lists no comparisons." in said(document.blocks)


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
    assert "A1: The groups are alike (they are not)." in text and "Assumes A1." in text


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
        ({"kind": "pool", "claims": ["r-1"]}, "printed ratios", Grade.RANDOMISED_PRINTED),
        ({"kind": "pool", "claims": ["r-1", "o-1"]}, "printed ratios", Grade.PRINTED),
        ({"kind": "rates", "treatment": "r-1", "comparators": ["o-1"]}, "printed counts", Grade.COUNTS),
    ],
)
def test_the_grade_says_on_what_a_comparison_rests(raw, evidence, grade):
    entry = plan.comparison({"id": "x", "question": "?", "assumptions": ["they are alike"], **raw})
    studies = pd.DataFrame({"study_id": ["r", "o"], "design": ["randomised", "retrospective cohort"]})
    claims = pd.DataFrame({"claim_id": ["r-1", "o-1"], "study_id": ["r", "o"]})
    line = {"comparison_id": "x", "evidence": evidence, "refused": True, "role": "main", "note": "why"}
    made = Results(Choices("T", "Q?"), {"studies": studies}, claims=claims, comparisons=typed_lines([line]))
    assert comparison_said(made, entry).grade == grade


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
