"""Rows with the same words and other numbers: told apart in tables, and named by a person before they are confirmed."""

from __future__ import annotations

import json

from resurvey.cli import main
from resurvey.commands.init import write as init_project
from resurvey.read import claims, draft_folder
from resurvey.read.alike import alike
from resurvey.read.sources import from_bytes
from resurvey.tables import read_raw
from tests.made_papers import jats, results, table, write


def shares(paper: str) -> list[dict[str, str]]:
    opened = from_bytes(paper.encode(), "made.nxml")
    return [claim.cells for claim in claims(opened) if claim.kind == "proportion"]


def test_rows_of_two_sections_with_one_label_have_the_section_in_what_is_counted_or_in_the_population():
    paper = jats(
        table(
            [
                ["Response", "Drug A (n=20)", "Drug B (n=20)"],
                ["End of cycle 3", "", ""],
                ["Partial response", "10 (50.0)", "7 (35.0)"],
                ["End of cycle 6", "", ""],
                ["Partial response", "12 (60.0)", "6 (30.0)"],
            ]
        )
    )
    told = {cells["n"]: f"{cells.get('item')} {cells.get('population')}".lower() for cells in shares(paper)}
    assert "cycle 3" in told["10"] and "cycle 3" in told["7"]
    assert "cycle 6" in told["12"] and "cycle 6" in told["6"]


def test_a_table_of_different_rows_keeps_its_words():
    paper = jats(table([["Event", "Drug A (n=40)"], ["Nausea, n (%)", "10 (25.0)"], ["Fever, n (%)", "4 (10.0)"]]))
    assert [cells["item"] for cells in shares(paper)] == ["Nausea, n (%)", "Fever, n (%)"]


def read_and_rule(tmp_path, text, changes):
    """A read paper and a project; all proportions, the document and the study are ruled on with given cells."""
    paper = write(tmp_path / "made.nxml", jats(results(text)))
    init_project(tmp_path / "project")
    main(["read", str(paper), "--into", str(tmp_path / "review")])
    folder = tmp_path / "review" / "made"
    reading = draft_folder.load(folder)
    given = iter(changes)
    for line in reading.lines:
        if line.about["table"] in ("proportions", "sources", "studies"):
            own = {"sources": {"kind": "trial"}, "studies": {"design": "randomised"}}.get(line.about["table"])
            line.about |= {"status": "change", "changes": json.dumps(own or next(given))}
    draft_folder.save(reading)
    return folder, tmp_path / "project" / "data" / "raw"


TEXT = "Nausea occurred in 12 of 40 patients (30.0%). Later nausea occurred in 9 of 40 patients (22.5%)."
BASE = {"arm_id": "all", "population": "all", "item": "nausea", "kind": "adverse_event"}


def test_two_numbers_of_one_paragraph_with_the_same_words_are_refused_with_what_to_do(tmp_path, capsys):
    folder, raw = read_and_rule(tmp_path, TEXT, [BASE, BASE])
    capsys.readouterr()
    assert main(["confirm", str(folder), "--data", str(raw)]) == 2
    said = capsys.readouterr().err
    assert "2 faults" in said and "has the words of" in said and "name its group of patients" in said
    assert "nausea" not in set(read_raw(raw)["proportions"]["item"])


def test_they_are_confirmed_once_a_group_is_named_or_the_paper_prints_both(tmp_path, capsys):
    folder, raw = read_and_rule(tmp_path, TEXT, [BASE, BASE | {"population": "later"}])
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0, capsys.readouterr().err
    kept = read_raw(raw)["proportions"]
    assert set(kept[kept["item"] == "nausea"]["population"]) == {"all", "later"}


def test_a_note_that_begins_with_sic_lets_both_numbers_of_one_quantity_in(tmp_path, capsys):
    folder, raw = read_and_rule(tmp_path, TEXT, [BASE, BASE | {"note": "sic"}])
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0, capsys.readouterr().err


def line(claim_id, table, span, **cells):
    about = dict.fromkeys(draft_folder.DRAFTS, "") | {"claim_id": claim_id, "table": table, "span": span}
    return draft_folder.Line(about, cells)


def found(*lines):
    return alike(lines, {one.about["claim_id"]: one.cells for one in lines})


def test_one_number_with_more_digits_or_in_another_paragraph_is_no_other_number():
    first = line("a", "medians", "p1:4-8", endpoint="OS", value="8.1")
    assert found(first, line("b", "medians", "p1:40-44", endpoint="OS", value="8.12")) == {}
    assert found(first, line("b", "medians", "p2:40-44", endpoint="OS", value="9.3")) == {}
    assert found(first, line("b", "medians", "p1:40-44", endpoint="PFS", value="9.3")) == {}
    assert found(first, line("b", "medians", "p1:40-44", endpoint="OS", value="9.3")) == {"a": ["b"], "b": ["a"]}


def test_of_several_sizes_of_an_arm_the_largest_is_the_arm_and_the_others_are_of_groups():
    sizes = [
        line(name, "arms", f"p{k}:0-2", arm_id="a", n=n) for k, (name, n) in enumerate({"w": "80", "s": "24"}.items())
    ]
    assert found(*sizes) == {"s": ["w"]}
    assert found(sizes[0], line("s", "arms", "p3:0-2", arm_id="a", population="responders", n="24")) == {}
