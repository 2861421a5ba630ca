"""Everything that the dossier does not show, as a workbook with one sheet per table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from math import exp, isfinite
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
import yaml

from resurvey.evidence_grade import confidence_of
from resurvey.report.inputs import Results
from resurvey.report.said import cautions_on
from resurvey.report.template_files import template_text

#: Fixed time of creation, so that the same results give the same bytes.
STAMP = datetime(2000, 1, 1)
#: Maximum length of a sheet name in Excel, and characters not allowed in it.
LONGEST_TAB, FORBIDDEN = 31, str.maketrans(dict.fromkeys("[]:*?/\\", " "))
#: Maximum number of characters in an Excel cell.
LONGEST_CELL = 32_767
CUT = " ... (cut: longer than a cell may be; the CSV file has all of it)"
WIDEST, NARROWEST = 60, 8


@dataclass(frozen=True)
class Sheet:
    """One sheet of the workbook.

    Attributes
    ----------
    title, about : str
        Its tab name, and its description on the first sheet.
    table : DataFrame
        Numbers are written as numbers, and text as text.
    notes : mapping of str
        Notes on columns, by column name.
    """

    title: str
    about: str
    table: pd.DataFrame
    notes: Mapping[str, str] = field(default_factory=dict)


def render_workbook(results: Results) -> bytes:
    """The workbook of a run: a contents sheet, then one sheet per table with frozen headers, filters and column notes.

    Text is always written as text, so that no cell is read as a formula.
    """
    stream = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"title": results.choices.title, "created": STAMP})
        formats = {
            "head": book.add_format(
                {"bold": True, "bg_color": "#E8EDF3", "bottom": 1, "text_wrap": True, "valign": "top"}
            ),
            "title": book.add_format({"bold": True, "font_size": 14}),
            "text": book.add_format({"valign": "top"}),
        }
        made = list(sheets(results))
        tabs = _tabs([sheet.title for sheet in made])
        _contents(book.add_worksheet("Contents"), formats, results.choices.title, dict(zip(tabs, made, strict=True)))
        for tab, sheet in zip(tabs, made, strict=True):
            _fill(book.add_worksheet(tab), formats, sheet)
    return stream.getvalue()


def sheets(results: Results) -> Iterator[Sheet]:
    """The sheets of a run, in order; tables that the project does not have are omitted."""
    words = column_words(results.choices.templates)
    rulings = results.tables.get("adjudications", pd.DataFrame())
    tables = {
        "claims": results.claims,
        "checks": _with_rulings(results.checks, rulings),
        "rulings": rulings,
        "arms": results.accuracy,
        "facts": results.facts,
        "beside_curves": results.beside_curves,
        "estimates": results.comparisons,
    }
    for name, table in tables.items():
        if len(table):
            yield _sheet(words[name], table)
    marked = [
        {"comparison_id": entry.id, "mark": mark, "finding": said}
        for entry in results.choices.comparisons
        for mark, said in cautions_on(results, entry.id)
    ]
    if marked:
        yield _sheet(words["cautions"], pd.DataFrame(marked))
    for name, table in results.designs.items():
        if len(table):
            yield _sheet(words["designs"], table, name)
    for entry in results.choices.comparisons:
        league = league_table(results.folders.get(entry.id, {}), results.labels.treatment)
        if len(league):
            yield _sheet(words["league"], league, entry.id)


def column_words(own: Path | None = None) -> dict[str, Any]:
    """Names and descriptions of the sheets and their columns, from the template; `own` as for `template_text`."""
    made: dict[str, Any] = yaml.safe_load(template_text("columns.yaml", own))
    return made


def _sheet(words: Mapping[str, Any], table: pd.DataFrame, of: str = "") -> Sheet:
    title = f"{words['title']} {of}".strip()
    return Sheet(title, words["about"], table, words.get("columns", {}))


def _with_rulings(checks: pd.DataFrame, rulings: pd.DataFrame) -> pd.DataFrame:
    wanted = ["check_id", "ruling", "reason"]
    if checks.empty or not set(wanted) <= set(rulings.columns):
        return checks
    return checks.merge(rulings[wanted], on="check_id", how="left").fillna({"ruling": "", "reason": ""})


def league_table(tables: Mapping[str, pd.DataFrame], label: Any = str) -> pd.DataFrame:
    """Random-effects hazard ratios of all pairs of a network, best P-score first.

    Parameters
    ----------
    tables : mapping of DataFrame
        `effects` (log scale), `ranking` and, if available, `confidence` of a network; without the first two the result
        is empty.
    label : callable
        Function that returns the name of a treatment.

    Returns
    -------
    DataFrame
        One row and three numeric columns (ratio, lower, upper) per treatment, missing for pairs that are not linked;
        with a fourth column for confidence in the estimate if reviewers judged any.
    """
    if not {"effects", "ranking"} <= set(tables):
        return pd.DataFrame()
    effects, ranking = (tables[name][tables[name]["model"] == "random"] for name in ("effects", "ranking"))
    order = ranking["treatment"].tolist()
    known = effects.set_index(["treatment", "comparator"])
    judged = confidence_of(tables.get("confidence"))
    rows = []
    for first in order:
        row: dict[str, Any] = {"row against column": label(first)}
        for second in order:
            linked = (first, second) in known.index
            for name, words in (("estimate", "HR"), ("lower", "lower"), ("upper", "upper")):
                value = exp(known.loc[(first, second), name]) if linked else float("nan")
                row[f"{label(second)}, {words}"] = value
            if judged:
                row[f"{label(second)}, confidence"] = judged.get(frozenset((first, second)), "")
        rows.append(row)
    return pd.DataFrame(rows)


def _tabs(titles: Sequence[str]) -> list[str]:
    """Valid and unique sheet names for Excel."""
    made: list[str] = []
    for title in titles:
        name = title.translate(FORBIDDEN).strip("' ")[:LONGEST_TAB] or "Sheet"
        number = 2
        while name.lower() in {known.lower() for known in [*made, "Contents"]}:
            tail = f" {number}"
            name, number = f"{name[: LONGEST_TAB - len(tail)]}{tail}", number + 1
        made.append(name)
    return made


def _contents(page: Any, formats: Mapping[str, Any], title: str, sheets: Mapping[str, Sheet]) -> None:
    page.write_string(0, 0, title[:LONGEST_CELL], formats["title"])
    for column, words in enumerate(("Sheet", "Rows", "What it holds")):
        page.write_string(2, column, words, formats["head"])
    for row, (tab, sheet) in enumerate(sheets.items(), start=3):
        page.write_url(row, 0, f"internal:'{tab}'!A1", string=tab)
        page.write_number(row, 1, len(sheet.table), formats["text"])
        page.write_string(row, 2, sheet.about, formats["text"])
    page.set_column(0, 0, 34)
    page.set_column(2, 2, 110)


def _fill(page: Any, formats: Mapping[str, Any], sheet: Sheet) -> None:
    names = [str(name) for name in sheet.table.columns]
    for column, name in enumerate(names):
        page.write_string(0, column, name, formats["head"])
        if name in sheet.notes:
            page.write_comment(0, column, sheet.notes[name].strip(), {"x_scale": 2})
    widths = [len(name) + 3 for name in names]
    for row, cells in enumerate(zip(*(sheet.table[name] for name in sheet.table.columns), strict=True), start=1):
        for column, value in enumerate(cells):
            widths[column] = max(widths[column], _write(page, row, column, value, formats["text"]))
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(len(sheet.table), 1), len(names) - 1)
    for column, width in enumerate(widths):
        page.set_column(column, column, min(max(width, NARROWEST), WIDEST))


def _write(page: Any, row: int, column: int, value: Any, style: Any) -> int:
    """Write a cell according to its type and return its width in characters."""
    if isinstance(value, str):
        text = value if len(value) <= LONGEST_CELL else value[: LONGEST_CELL - len(CUT)] + CUT
        if text:
            page.write_string(row, column, text, style)
        return len(text)
    if isinstance(value, bool) or type(value).__name__ == "bool":
        page.write_boolean(row, column, bool(value), style)
        return 5
    if value is None or value != value:
        return 0
    number = float(value)
    if isfinite(number):
        page.write_number(row, column, number, style)
        return len(f"{number:.6g}")
    text = "not reached" if number > 0 else "-infinity"
    page.write_string(row, column, text, style)
    return len(text)
