"""The workbook: a sheet a table, numbers as numbers, text as text, the same bytes each time."""

from dataclasses import replace
from io import BytesIO
from math import log

import openpyxl
import pandas as pd
import pytest

from resurvey import plan
from resurvey.report.workbook import CUT, LONGEST_CELL, LONGEST_TAB, league_table, render_workbook
from tests.report_project import small_results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return small_results(tmp_path_factory.mktemp("report"))


def opened(content):
    return openpyxl.load_workbook(BytesIO(content))


def test_every_table_is_a_sheet_with_a_frozen_head_and_a_filter(results):
    book = opened(render_workbook(results))
    assert book.sheetnames[0] == "Contents"
    assert {"Claims", "Checks", "Reconstructed groups", "Facts of the groups", "Estimates"} <= set(book.sheetnames)
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref == sheet.dimensions
    listed = {row[0].value: row[1].value for row in book["Contents"].iter_rows(min_row=4)}
    assert listed == {sheet.title: sheet.max_row - 1 for sheet in book.worksheets[1:]}
    assert "Hazard" not in str(book["Estimates"]["A1"].comment)
    assert book["Estimates"]["A1"].comment.text.startswith("The comparison, as in comparisons.yaml")


def test_numbers_are_numbers_and_text_is_text(results):
    nasty = ["=1+1", "+1", "-2", "@a", "5.10", "=HYPERLINK(1)", "2012", "\u4e2d\u6587"]
    claims = pd.DataFrame({"claim_id": [f"c-{i}" for i in range(len(nasty))], "printed": nasty})
    estimates = results.comparisons.iloc[[0]].assign(
        estimate=0.5, lower=float("nan"), upper=float("inf"), refused=False
    )
    book = opened(render_workbook(replace(results, claims=claims, comparisons=estimates)))
    cells = [row[1] for row in book["Claims"].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == nasty
    assert {cell.data_type for cell in cells} == {"s"}  # none is a formula, none a number
    head = [cell.value for cell in book["Estimates"][1]]
    row = dict(zip(head, book["Estimates"][2], strict=True))
    assert (row["estimate"].value, row["estimate"].data_type) == (0.5, "n")
    assert (row["lower"].value, row["upper"].value, row["refused"].value) == (None, "not reached", False)


def test_the_same_results_give_the_same_bytes(results):
    assert render_workbook(results) == render_workbook(results)


def test_a_cell_that_is_too_long_says_so(results):
    claims = pd.DataFrame({"claim_id": ["c-1"], "printed": ["x" * (LONGEST_CELL + 1)]})
    value = opened(render_workbook(replace(results, claims=claims)))["Claims"]["B2"].value
    assert len(value) == LONGEST_CELL and value.endswith(CUT)


def network(name):
    raw = {"id": name, "kind": "network", "question": "?", "claims": ["a-1"], "reference": "a"}
    return plan.comparison({**raw, "assumptions": ["they are alike"]})


def effects():
    pair = {"treatment": ["a", "b"], "comparator": ["b", "a"], "estimate": [log(2), -log(2)]}
    rows = pd.DataFrame({**pair, "lower": [0.0, -log(4)], "upper": [log(4), 0.0], "model": "random"})
    return {"effects": rows, "ranking": pd.DataFrame({"treatment": ["b", "a", "c"], "model": "random"})}


def test_a_league_table_holds_ratios_best_first_and_is_empty_where_nothing_links():
    made = league_table(effects(), {"a": "A", "b": "B", "c": "C"}.get)
    assert made["row against column"].tolist() == ["B", "A", "C"]
    row = made.iloc[0]
    assert [row[f"A, {word}"] for word in ("HR", "lower", "upper")] == pytest.approx([0.5, 0.25, 1.0])
    assert made[["C, HR", "B, HR"]].iloc[[0, 2]].isna().all(axis=None)
    assert league_table({}).empty


def test_sheets_of_long_or_odd_names_keep_names_that_excel_takes(results):
    names = ["net" + "x" * 50, "net" + "x" * 51]
    choices = replace(results.choices, comparisons=[network(name) for name in names])
    book = opened(render_workbook(replace(results, choices=choices, folders=dict.fromkeys(names, effects()))))
    leagues = [name for name in book.sheetnames if name.startswith("League")]
    assert len(set(leagues)) == 2 and max(map(len, leagues)) <= LONGEST_TAB
