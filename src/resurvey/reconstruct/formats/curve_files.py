"""Read digitised curves from the files of digitising programs, recognised by their content, not by their extension."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from resurvey.errors import InputError
from resurvey.reconstruct.formats.cells import Page, page_of_text
from resurvey.reconstruct.formats.columns import Choice, DigitisedCurve, curves_of_section
from resurvey.reconstruct.formats.encodings import content_of, decoded, is_tar, is_workbook
from resurvey.reconstruct.formats.projects import curves_of_json, curves_of_xml, text_of_tar
from resurvey.reconstruct.formats.sections import after_the_points, is_data, sections_of
from resurvey.reconstruct.formats.xlsx_rows import page_of_workbook


def read_curves(
    path: str | Path, *, time_column: str = "", survival_column: str = "", sheet: str = ""
) -> list[DigitisedCurve]:
    """Read the curves of a file in any known layout.

    Tables may be text in any common encoding, delimited by comma, semicolon, tab, bar or blanks, with decimal point or
    comma, with or without headings, or a sheet of an .xlsx workbook. They may hold one curve in two columns (a column
    that counts rows is recognised), pairs of columns, one time with several survivals, a column that names the curve of
    each row, or sections (WebPlotDigitizer, Engauge, DigitizeIt, ScanIt, GetData, SurvdigitizeR, IPDfromKM, Guyot's k,
    TK, SK). Project files may be WebPlotDigitizer's .json and .tar, Engauge's .dig and PlotDigitizer's .xml.

    Parameters
    ----------
    path : path
    time_column, survival_column : str, optional
        Heading or position (from 1) of the columns, if the file does not identify them.
    sheet : str, optional
        Sheet of a workbook; the first one by default.

    Returns
    -------
    list of DigitisedCurve
        In the order of the file; if there are several, each has its own name.

    Raises
    ------
    InputError
        If the file is missing, too large, or not of this kind, if its columns can be read in no way or in several, or
        if cells are not numbers; the message names the file, the lines, and what to do.
    """
    file = Path(path)
    choice = Choice(time_column, survival_column, sheet)
    found = page_of_file(file, sheet)
    curves = _curves_of_page(found, choice) if isinstance(found, Page) else _projected(found, file.name, choice)
    if not curves:
        raise InputError(f"{file.name}: no row holds both a time and a survival")
    return _named(curves)


def page_of_file(file: Path, sheet: str = "") -> Page | list[DigitisedCurve]:
    """Rows of a table, or the curves of a project.

    Raises
    ------
    InputError
        If the file cannot be read as one of the known kinds, or a sheet is named but the file has no sheets.
    """
    content = content_of(file)
    if is_workbook(content):
        return page_of_workbook(content, file.name, sheet)
    if sheet:
        raise InputError(f"{file.name}: it is not a workbook, so it has no sheet {sheet!r}")
    if is_tar(content[:512]) or content.startswith(b"\x1f\x8b"):
        return curves_of_json(text_of_tar(content, file.name), file.name)
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return curves_of_xml(content, file.name)
    text = decoded(content, file.name).lstrip("\ufeff")
    if re.match(r"\s*(\{|\[\s*[\[{])", text):
        return curves_of_json(text, file.name)
    return page_of_text(re.sub(r"^sep=.[ \t]*\r?\n", "", text, flags=re.IGNORECASE), file.name)


def _projected(curves: list[DigitisedCurve], name: str, choice: Choice) -> list[DigitisedCurve]:
    if choice.time_column or choice.survival_column:
        raise InputError(f"{name}: a project has axes, not columns: leave --time-column and --survival-column out")
    return curves


def _curves_of_page(page: Page, choice: Choice) -> list[DigitisedCurve]:
    """Curves read with the decimal mark of the cells or, if both are possible, the one with which they can be read."""
    _refuse_loose_commas(page)
    ways: list[list[DigitisedCurve]] = []
    errors = []
    for decimal in page.decimals:
        try:
            ways.append(_curves(page, decimal, choice))
        except InputError as error:
            errors.append(error)
    if not ways:
        raise errors[0]
    if len(ways) == 2 and not _same(*ways):
        raise InputError(
            f"{page.name}: a comma in its numbers may be a decimal mark or separate thousands (1,500 is 1.5 or 1500): "
            "save the file with decimal points and without separators of thousands"
        )
    return ways[0]


def _same(first: list[DigitisedCurve], second: list[DigitisedCurve]) -> bool:
    def numbers(curves: list[DigitisedCurve]) -> list[tuple[list[float], list[float]]]:
        return [(curve.times.tolist(), curve.survival.tolist()) for curve in curves]

    return numbers(first) == numbers(second)


def _refuse_loose_commas(page: Page) -> None:
    """Refuse a comma-delimited file whose commas may also be decimal marks: 1,50,0,95 without quotes."""
    rows = [row for row in page.rows if is_data(row, inside=False)]
    if page.divider != "," or len(rows) < 2:
        return
    digits = [row for row in rows if len(row.cells) == 4 and all(cell.isdigit() for cell in row.cells)]
    if len(digits) < len(rows) or any(len(row.cells[3]) > 1 and row.cells[2] not in ("0", "1") for row in digits):
        return
    whole = np.array([[float(f"{a}.{b}"), float(f"{c}.{d}")] for a, b, c, d in (row.cells for row in digits)])
    if whole[:, 1].max() <= 1 and (np.diff(whole[:, 0]) >= 0).all() and (np.diff(whole[:, 1]) <= 0).all():
        raise InputError(
            f"{page.name}: its commas may separate four columns or be decimal commas ({','.join(digits[-1].cells)}): "
            "save it with semicolons, or with decimal points"
        )


def _curves(page: Page, decimal: str, choice: Choice) -> list[DigitisedCurve]:
    """Curves of all sections; a section that continues where the previous one ended belongs to the same curve."""
    made: list[DigitisedCurve] = []
    shown: list[bool] = []
    sections = sections_of(page)
    for section in sections:
        curves = curves_of_section(section, page, decimal, choice)
        if len(curves) == 1 and made and shown[-1] and not section.headed and _goes_on(made[-1], curves[0]):
            made[-1] = _joined(made[-1], curves[0], section.titles)
            continue
        made += curves
        shown += [len(curves) == 1] * len(curves)
    if len(made) == 1 and sections[0].remark:
        made = [replace(made[0], name="")]
    passed = tuple(f"the line {line!r} behind the points was ignored" for line in after_the_points(page))
    return [replace(curve, notes=(*curve.notes, *passed)) for curve in made] if passed else made


def _goes_on(first: DigitisedCurve, second: DigitisedCurve) -> bool:
    """Whether points continue a curve: later than its end and no higher, within the tolerance for a click."""
    if not first.times.size or not second.times.size:
        return True
    reach = float(first.times.max() - first.times.min())
    later = second.times.min() >= first.times.max() - 0.05 * reach
    return bool(later and second.survival.max() <= first.survival[-3:].max() + 0.05 * first.survival.max())


def _joined(first: DigitisedCurve, second: DigitisedCurve, between: tuple[str, ...]) -> DigitisedCurve:
    passed = (f"the line {' '.join(between)!r} within the points was ignored",) if between else ()
    return replace(
        first,
        notes=(*first.notes, *passed),
        times=np.concatenate((first.times, second.times)),
        survival=np.concatenate((first.survival, second.survival)),
        incomplete=(*first.incomplete, *second.incomplete),
    )


def _named(curves: list[DigitisedCurve]) -> list[DigitisedCurve]:
    """Give each of several curves its own name; a single curve may have none."""
    if len(curves) == 1:
        return curves
    names: list[str] = []
    headings = {curve.heading for curve in curves}
    for place, curve in enumerate(curves, start=1):
        name = curve.name or (curve.heading if len(headings) == len(curves) else f"curve {place}")
        number = 2
        while name in names:
            name, number = f"{curve.name or 'curve'} ({number})", number + 1
        names.append(name)
    return [replace(curve, name=name) for curve, name in zip(curves, names, strict=True)]


def chosen(curves: Sequence[DigitisedCurve], name: str, file: str) -> list[DigitisedCurve]:
    """The curve of that name (ignoring letter case and blanks), or all curves if no name is given.

    Raises
    ------
    InputError
        If no curve, or more than one, has this name; the message lists the names.
    """
    if not name:
        return list(curves)
    found = [curve for curve in curves if plain(curve.name) == plain(name)]
    if len(curves) == 1 and not curves[0].name:
        return list(curves)
    if len(found) != 1:
        known = ", ".join(curve.name for curve in curves)
        raise InputError(f"{file} has no curve {name!r}; its curves are {known}")
    return found


def plain(name: str) -> str:
    """A name in lower case, with underscores and runs of blanks replaced by single blanks."""
    return " ".join(name.casefold().replace("_", " ").split())


def proportions(curve: DigitisedCurve, unit: str, file: str) -> DigitisedCurve:
    """The curve in proportions, given the unit that the caller (`%`, `proportion`) or its heading states.

    Without either, the values stay unchanged.

    Raises
    ------
    InputError
        If the values cannot be in this unit.
    """
    top, start = float(curve.survival.max()), float(curve.survival[curve.times.argmin()])
    if unit == "proportion" and top > 1.5:
        raise InputError(f"{file}: survival runs to {top:g}, so these are not proportions: the unit is %, or wrong")
    if unit == "%" and top <= 1.0 and start > 0.5:
        raise InputError(f"{file}: survival runs to {top:g} only: its unit is proportion, not %")
    if not unit and curve.unit == "%" and top <= 1.0:
        if start <= 0.5:
            raise InputError(
                f"{file}: the heading says %, but the values run to {top:g} only and may be proportions: give "
                "--survival-unit % or --survival-unit proportion"
            )
        note = f"the heading says %, but the values are proportions (up to {top:g}) and were taken as such"
        return replace(curve, unit="proportion", notes=(*curve.notes, note))
    percent = (unit or curve.unit) == "%"
    return replace(curve, unit="proportion", survival=curve.survival / 100) if percent else curve
