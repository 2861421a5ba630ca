"""Numbers seen and not drafted: those that mean something, with their place and a reason, and no others."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import pytest

from resurvey.cli import main
from resurvey.read import claims, sentences
from resurvey.read.lexer import lex
from resurvey.read.sources import from_bytes
from resurvey.read.unread import unread
from tests.made_papers import jats, results, table, write


def seen(body):
    document = from_bytes(jats(body).encode(), "made.nxml")
    return document, unread(document, claims(document))


def test_a_percentage_in_the_methods_is_seen_with_its_place_and_reason():
    _, found = seen("<sec><title>Methods</title><p>Doses were reduced by 25% in 12 days.</p></sec>")
    assert [(one.kind, one.printed, one.locator) for one in found] == [("percentage", "25%", "Methods, par. 1")]
    assert "methods" in found[0].reason


def test_what_became_a_row_and_bare_digits_are_not_listed():
    _, found = seen(results("A response was seen in 51 of 120 patients (42.5%), after 6 cycles at 14 centres."))
    assert found == []


def test_a_cell_no_rule_reads_is_seen_and_a_reference_is_not():
    rows = [["Factor", "HR (95% CI)", "Change"], ["Low", "1.00", "3 (5)"], ["High", "1.5 (1.1-2.1)", "9 (7 of these)"]]
    document, found = seen(table(rows, caption="Survival"))
    assert [one.printed for one in found if one.kind == "table cell"] == ["3 (5)"]
    block, _, place = str(found[0].span).partition(":")
    start, _, end = place.partition("-")
    cell = document.tables[0].grid[1][2]
    assert block == "t1.r1.c2"
    assert cell is not None
    assert cell.text[int(start) : int(end)] == "3 (5"


def test_they_are_counted_on_the_console_and_shown_on_the_page(tmp_path, capsys):
    paper = jats(results("Something changed by 25% of a thing.") + "<sec><title>Methods</title><p>At 30%.</p></sec>")
    main(["read", str(write(tmp_path / "made.nxml", paper)), "--into", str(tmp_path / "review")])
    page = (tmp_path / "review" / "made" / "read.html").read_text(encoding="utf-8")
    listed = re.findall(r'data-c="unread:\d+"', page)
    assert listed
    assert f"{len(listed)} number" in capsys.readouterr().out


def test_a_percentage_of_two_points_is_no_number_and_no_crash():
    text = "Of 40 patients 12 were old. A response was seen in 3 patients (7.5.0%) and in 9 patients (22.5%)."
    document = from_bytes(jats(results(text)).encode(), "made.nxml")
    assert any(claim.cells.get("percent") == "22.5" for claim in claims(document))


NOTED = [["Event", "Alfa (n = 103)"], ["Fever", "18 (17.5)"], ["Pain^a", "9 (9.4)"]]


@pytest.mark.parametrize(
    ("notes", "listed"),
    [
        ("^a n = 96 with data.", []),
        ("^a n = 60 with data.", [("size", "60")]),
        ("Rash in 12% of all (HR 0.71; p = 0.04).", [("percentage", "12%"), ("ratio", "0.71"), ("p value", "0.04")]),
        ("Read in 2019 at 14 centres.", []),
    ],
)  # fmt: skip
def test_numbers_of_the_notes_of_a_table_are_rows_denominators_or_listed(notes, listed):
    document = from_bytes(jats(table(NOTED, caption="Adverse events, n (%)")).encode(), "made.nxml")
    document = replace(
        document, blocks=tuple(replace(b, notes=notes) if b in document.tables else b for b in document.blocks)
    )
    found = unread(document, claims(document))
    assert [(one.kind, one.printed) for one in found] == listed
    text = document.tables[0].notes
    assert all(one.span.block == "t1.notes" and "notes" in one.locator and "notes" in one.reason for one in found)
    assert all(text[one.span.start : one.span.end] in one.printed for one in found)


def test_a_sentence_of_hundreds_of_percentages_is_drafted_or_listed_whole():
    text = "Seen were " + ", ".join(f"{k % 90}.{k % 10}%" for k in range(800))
    document = from_bytes(jats(results(text)).encode(), "made.nxml")
    found = claims(document)
    covered = {(span.block, span.start) for claim in found for span in claim.spans}
    covered |= {(one.span.block, one.span.start) for one in unread(document, found)}
    assert len(covered) >= 800


def test_whatever_is_asked_of_a_sentence_its_length_is_bounded_and_nothing_of_it_is_left_out():
    text = "5% " * 4000
    pieces = sentences.split(text)
    assert max(end - start for start, end in pieces) <= sentences.MAX_SENTENCE
    assert sum(len(lex(text[start:end]).free()) for start, end in pieces) == 4000


def calls_of(text):
    """Calls of functions while a text is read and what became no row is listed: work, whatever the machine's speed."""
    made = 0

    def count(_, event, __):
        nonlocal made
        made += event in ("call", "c_call")

    document = from_bytes(f"Results\n\n{text}".encode(), "made.txt")
    sys.setprofile(count)
    try:
        unread(document, claims(document))
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("piece", ["the rate increased by 5% from 4% to 3% ", "median 3.2 months (1 to 4) "])
def test_three_times_the_numbers_without_a_full_stop_are_three_times_the_work(piece):
    calls_of(piece)
    once, thrice = (calls_of(piece * (length // len(piece))) for length in (3000, 9000))
    assert thrice < 3.3 * once
