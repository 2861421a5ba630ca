"""Numbers of patients censored in running text, and the medians that they complete; the sentences are made up."""

from __future__ import annotations

import pytest

from resurvey.read import drafting, prose
from resurvey.read.lexicon import Lexicon
from resurvey.read.objects import Claim, Paragraph

MEDIAN = "Median overall survival was 14.2 months. "


def read(text: str) -> list[Claim]:
    return prose.claims(Paragraph("p1", ("Results",), 1, text, "text", "Results, par. 1"), Lexicon())


def censored(text: str) -> list[str]:
    return [one.cells.get("censored", "") for one in read(text) if one.kind == "median"]


@pytest.mark.parametrize(
    "said",
    [
        "45 patients (38%) were censored.",
        "Of 120 patients, 45 were censored.",
        "Censored at the date of last contact: 45.",
        "In all, 75 deaths were seen (45 censored).",
        "At the data cut-off 45 of 120 patients were censored for overall survival.",
        "Patients alive were censored (n = 45).",
    ],
)
def test_a_count_of_patients_censored_completes_the_median(said):
    assert censored(MEDIAN + said) == ["45"]


@pytest.mark.parametrize(
    "said",
    [
        "45 patients were censored because they started another treatment.",
        "45 patients who crossed over were censored.",
        "45 patients were censored for progression-free survival.",
        "38% were censored.",
        "Patients without an event were censored at the last visit; 45 died.",
        "Patients alive were censored at 24 months, and 45 patients had pain.",
    ],
)
def test_some_of_those_censored_complete_no_median(said):
    assert censored(MEDIAN + said) == [""]


def test_two_medians_take_the_counts_of_their_own_endpoints_and_none_that_could_be_of_either():
    both = "Median overall survival was 14.2 months and median progression-free survival was 6.1 months. "
    text = (
        both
        + "For overall survival, 45 patients were censored; 12 patients were censored for progression-free survival."
    )
    assert censored(text) == ["45", "12"]
    assert censored(both + "45 patients were censored.") == ["", ""]


def test_the_share_itself_is_drafted_and_the_median_says_where_its_count_stands():
    rows = drafting.drafts(read(MEDIAN + "45 patients (38%) were censored."), "paper", "study")
    (share,) = [row for row in rows if row.table == "proportions"]
    (median,) = [row for row in rows if row.table == "medians"]
    assert (share.cells["kind"], share.cells["item"], share.cells["n"], share.cells["percent"]) == (
        "flow",
        "censored",
        "45",
        "38",
    )
    assert median.cells["censored"] == "45" and "45 patients censored, Results, par. 1" in median.cells["note"]


def test_arms_in_one_sentence_have_each_their_own_count():
    text = "With drug A the median overall survival was 14.2 months, and 45 patients were censored."
    assert censored(text) == ["45"]
    listed = "There were 75 events and 45 censored patients; the median overall survival was 6 months."
    assert censored(listed) == ["45"]
    shares = [one.cells.get("censored") for one in read("45 (38%) with A and 31 (26%) with B were censored.")]
    assert shares == ["45", "31"]
