"""Numbers seen and not drafted: those that mean something, with their place and a reason, and no others."""

from __future__ import annotations

import re

from resurvey.cli import main
from resurvey.read import claims
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
