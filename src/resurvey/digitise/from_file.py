"""Digitise a file: from a figure to curves with a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from resurvey.digitise import doubts, vector
from resurvey.digitise.axes import AxisSearch, inside
from resurvey.digitise.axis_ticks import anchored
from resurvey.digitise.corrections import Corrections, read_corrections
from resurvey.digitise.digitised import Check, Digitised, Panel, RiskRow, TracedCurve
from resurvey.digitise.extract import extract
from resurvey.digitise.hand import by_hand, corrected_panel, corrected_rows, swapped
from resurvey.digitise.ink import darkness
from resurvey.digitise.mark_words import without_marks
from resurvey.digitise.match import Meeting, assign_rows, name_curves, settle_crossings
from resurvey.digitise.one_ink import MOST_CURVES
from resurvey.digitise.print_checks import Printed, check_printed, known
from resurvey.digitise.raster import crossings, panels_of, to_values
from resurvey.digitise.region import Region, cut_out
from resurvey.digitise.retrace import Tracing, traced_at_sizes
from resurvey.digitise.risk_readings import rows_at_risk
from resurvey.digitise.seen import Seen, seen_in
from resurvey.digitise.sheets import Page, read_page
from resurvey.digitise.straighten import Skew, skew_of, straightened
from resurvey.digitise.traced import Traced
from resurvey.errors import InputError


def digitise(
    path: str | Path,
    *,
    page: int | None = None,
    panel: int | None = None,
    arms: int | None = None,
    corrections: str | Path | Corrections | None = None,
    incidence: bool = False,
    printed: Sequence[Printed] = (),
) -> Digitised:
    """Curves of a figure, with their axes, censoring times, numbers at risk, checks and a verdict.

    Parameters
    ----------
    path
        A PNG, JPEG, TIFF, GIF, WebP, SVG, PDF or EPS.
    page
        Page of a PDF, from 1; by default the first that contains axes.
    panel
        Panel of a figure that has several, from 1 in reading order; by default the first.
    arms
        Number of curves, if known.
    corrections
        Corrections by a person: a file (see `resurvey.digitise.corrections`) or the object.
    incidence
        Whether the curves are cumulative incidences, which rise from 0; one minus the incidence is returned.
    printed
        Values printed in the paper for the curves; a disagreement is reported as doubtful, with both values.

    Returns
    -------
    Digitised
        With verdict `refused` and the reason if no curves can be returned.

    Raises
    ------
    InputError
        If the file cannot be read at all, has no such page or panel, or lacks a curve that `printed` refers to.
    """
    path = Path(path)
    made = corrections if isinstance(corrections, Corrections) or corrections is None else None
    if made is None and corrections is not None:
        made = read_corrections(Path(corrections))  # type: ignore[arg-type]
    return Reader(path, page).read(panel, arms=arms, corrections=made, incidence=incidence, printed=printed)


def digitise_all(
    path: str | Path, *, page: int | None = None, arms: int | None = None, incidence: bool = False
) -> list[Digitised]:
    """Every panel of a figure; a single refusal if it has none.

    Raises
    ------
    InputError
        If the file cannot be read at all, or has no such page.
    """
    reader = Reader(Path(path), page)
    return [reader.read(k + 1, arms=arms, incidence=incidence) for k in range(max(1, len(reader.outer)))]


class Reader:
    """A page that is read once and whose panels are digitised one by one."""

    def __init__(self, path: Path, page: int | None = None) -> None:
        self.path = path
        self.page: Page = read_page(path, page)
        search = self._search()
        self.panels, self.whole = list(search.panels), search.whole
        self.skew: Skew | None = None
        self._straighten()
        if self.page.drawing is None:
            self.page = replace(self.page, words=without_marks(self.page.words, self.page.picture, self.panels))
        self.outer = [panel for panel in self.panels if not any(inside(panel, other) for other in self.panels)]

    def _straighten(self) -> None:
        """Straighten a skewed scan, if its labels then fit their ticks as well or better."""
        if self.page.drawing is not None or len(self.panels) != 1:
            return
        skew = skew_of(darkness(self.page.picture), self.panels[0])
        if skew is None:
            return
        picture, words = straightened(self.page.picture, self.page.words, skew)
        panels = list(panels_of(picture, words).panels)
        if len(panels) == 1 and _at_ticks(panels[0]) >= _at_ticks(self.panels[0]):
            self.page = replace(self.page, picture=picture, words=tuple(words))
            self.panels = panels
            self.skew = skew

    def _search(self) -> AxisSearch:
        if self.page.drawing is not None:
            exact = vector.panels_of(self.page.drawing)
            return replace(exact, panels=tuple(in_pixels(panel, self.page.scale) for panel in exact.panels))
        return panels_of(self.page.picture, self.page.words)

    def read(
        self,
        number: int | None = None,
        *,
        arms: int | None = None,
        corrections: Corrections | None = None,
        incidence: bool = False,
        printed: Sequence[Printed] = (),
        strict: bool = True,
    ) -> Digitised:
        """Digitise one panel (from 1); see `digitise`. Unless `strict`, printed values for curves it lacks are ignored.

        Raises
        ------
        InputError
            If there is no such panel, or it lacks a curve for which values are printed.
        """
        fixed = corrections or Corrections()
        number = number or fixed.panel
        count = max(1, len(self.outer))
        if number is not None and not 1 <= number <= count:
            raise InputError(f"{self.path.name} has {count} panels, no panel {number}")
        height, width = self.page.picture.shape[:2]
        given = bool(fixed.x and fixed.y)
        empty = Digitised(self.path.name, "none", "refused", "", number or 1, count, size=(width, height))
        if not self.outer and not given:
            sought = "" if self.whole else f"; {doubts.CUT_SHORT}"
            said = "no pair of axes with at least three labels was found"
            return replace(empty, reason=f"{said}{sought}; give two ticks of each axis")
        found = self.outer[(number or 1) - 1] if self.outer else None
        panel = corrected_panel(found, fixed)
        if doubts.upward(self.page.words) and not incidence and not fixed.reviewed:
            return replace(
                empty, axes=panel, reason="the figure names an incidence, which rises: say that it is one (--incidence)"
            )
        # Cells of numbers at risk lie under the labels as read, whichever two ticks a person set.
        rows = rows_at_risk(found or panel, self.page)
        made = self._read(
            replace(empty, axes=panel, at_risk=tuple(rows)), panel, fixed, fixed.curves or arms, incidence
        )
        return _beside_printed(made, printed if strict else known(printed, made.curves), reviewed=fixed.reviewed)

    def _read(self, empty: Digitised, panel: Panel, fixed: Corrections, arms: int | None, incidence: bool) -> Digitised:
        nested = [other.box for other in self.panels if inside(other, panel)]
        picture, words = self.page.picture, self.page.words
        if incidence:
            picture, panel, words = _turned(picture, panel, self.page)
        curves: list[TracedCurve] = []
        seen: Seen | None = None
        kind = "raster"
        if self.page.drawing is not None and not incidence and not fixed.through and not fixed.points:
            curves = vector.curves_of(self.page.drawing, _in_units(panel, self.page.scale))
            kind = "vector" if curves else "raster"
        if not curves:
            region = cut_out(picture, panel, words, [*nested, *fixed.masks])
            printed = max(sum(row.kind == "at risk" for row in empty.at_risk), region.samples) or None
            made, curves = _traced(region, panel, fixed, arms, printed)
            traced = made.traced
            curves, undecided = settle_crossings(curves, crossings(traced, made.region, made.panel), empty.at_risk)
            if traced and not fixed.points:
                curves, traced, undecided = _from_the_top(curves, traced, undecided)
                seen = seen_in(made.region, traced, undecided, made.unlike)
        if not curves:
            return replace(empty, kind="raster", reason="axes were found, but no curve that starts at (0, 1) and falls")
        if arms is not None:
            curves = curves[:arms]
        return self._finish(empty, panel, curves, seen, kind, fixed, arms)

    def _finish(
        self,
        empty: Digitised,
        panel: Panel,
        curves: list[TracedCurve],
        seen: Seen | None,
        kind: str,
        fixed: Corrections,
        arms: int | None,
    ) -> Digitised:
        words, picture = self.page.words, self.page.picture
        rows: Sequence[RiskRow] = corrected_rows(empty.at_risk, fixed)
        curves = swapped(sorted(curves, key=_order) if seen is None else curves, panel, fixed)
        curves, legend = name_curves(curves, words, panel, picture)
        names = dict(fixed.names)
        curves = [replace(curve, name=names.get(k, curve.name)) for k, curve in enumerate(curves)]
        curves, ambiguous = assign_rows(curves, rows)
        curves = [replace(curve, name=names.get(k, curve.name)) for k, curve in enumerate(_unique(curves))]
        ink = seen.checks(curves) if seen is not None else []
        steady = seen is not None and seen.unlike is not None and seen.unlike.same(len(curves))
        count = doubts.check_count(curves, rows, legend, arms, tangled=seen is not None and seen.tangled)
        said = [
            doubts.check_axis(panel.x, "time", vector=kind == "vector"),
            doubts.check_axis(
                panel.y, "survival", vector=kind == "vector", anchored=anchored(panel, darkness(picture))
            ),
            *ink,
            doubts.check_ink(seen.left, counted=count.outcome == "passed") if seen is not None else None,
            count,
            doubts.check_cover(curves),
            doubts.check_half(curves, panel, steady=steady) if kind == "raster" else None,
            doubts.check_risk(curves, rows, ambiguous),
        ]
        kept = [check for check in said if check is not None]
        if not self.whole:
            kept.append(Check("search", "doubtful", doubts.CUT_SHORT))
        unit = doubts.time_unit(words, panel)
        if not unit:
            kept.append(Check("unit", "open", "no unit of time was read"))
        if fixed.reviewed:
            kept = [*kept, Check("review", "passed", "a person has corrected and confirmed the reading")]
            verdict, reason = "sure", "confirmed by a person"
        else:
            verdict, reason = doubts.verdict_of(kept)
        return replace(
            empty,
            kind=kind,  # type: ignore[arg-type]
            verdict=verdict,  # type: ignore[arg-type]
            reason=reason,
            time_unit=unit,
            axes=panel,
            curves=() if verdict == "refused" else tuple(curves),
            at_risk=tuple(rows),
            legend=legend,
            checks=tuple(kept),
        )


def _beside_printed(made: Digitised, printed: Sequence[Printed], *, reviewed: bool) -> Digitised:
    """The reading with a check against the printed values; a verdict confirmed by a person is kept."""
    check = check_printed(made.curves, made.at_risk, printed) if made.curves else None
    if check is None:
        return made
    checks = (*made.checks, check)
    verdict, reason = (made.verdict, made.reason) if reviewed else doubts.verdict_of(checks)
    return replace(made, checks=checks, verdict=verdict, reason=reason)


def _at_ticks(panel: Panel) -> int:
    return panel.x.snapped + panel.y.snapped


def _traced(
    region: Region, panel: Panel, fixed: Corrections, arms: int | None, printed: int | None
) -> tuple[Tracing, list[TracedCurve]]:
    """Curves given by hand first, then traced ones up to the number wanted."""
    hand, paths = by_hand(region, panel, fixed)
    if fixed.points:
        return Tracing(region, panel, paths), hand
    if paths:
        traced = extract(region, most=arms, printed=printed, taken=paths)
        made = Tracing(region, panel, [*paths, *traced][: arms or MOST_CURVES])
    else:
        made = traced_at_sizes(region, panel, most=arms, printed=printed)
    return made, [to_values(curve, made.region, made.panel, str(k + 1)) for k, curve in enumerate(made.traced)]


def _from_the_top(
    curves: Sequence[TracedCurve], traced: Sequence[Traced], undecided: Sequence[Meeting]
) -> tuple[list[TracedCurve], list[Traced], list[Meeting]]:
    """Curves, their paths and their meetings in the order in which the curves are numbered."""
    order = sorted(range(len(curves)), key=lambda k: _order(curves[k]))
    place = {k: number for number, k in enumerate(order)}
    met = [replace(one, first=place[one.first], second=place[one.second]) for one in undecided]
    return [curves[k] for k in order], [traced[k] for k in order], met


def _order(curve: TracedCurve) -> tuple[float, float]:
    """Curves from the uppermost, by mean survival over their length."""
    width = np.diff(curve.times)
    area = float((curve.survival[:-1] * width).sum())
    total = float(width.sum())
    return (-round(area / total, 9) if total else 0.0, -round(float(curve.times[-1]), 9))


def _unique(curves: Sequence[TracedCurve]) -> list[TracedCurve]:
    """Curves with distinct names."""
    seen: dict[str, int] = {}
    found = []
    for k, curve in enumerate(curves):
        name = curve.name.strip() or f"curve {k + 1}"
        name = f"curve {name}" if name.isdigit() else name
        seen[name] = seen.get(name, 0) + 1
        found.append(replace(curve, name=name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return found


def in_pixels(panel: Panel, scale: float) -> Panel:
    """A panel in units of a drawing converted to pixels."""

    def moved(axis):  # type: ignore[no-untyped-def]
        labels = tuple(replace(label, pixel=label.pixel * scale) for label in axis.labels)
        stray = tuple(replace(label, pixel=label.pixel * scale) for label in axis.stray)
        return replace(axis, slope=axis.slope / scale, labels=labels, stray=stray)

    left, top, right, bottom = (side * scale for side in panel.box)
    return replace(
        panel,
        x=moved(panel.x),
        y=moved(panel.y),
        box=(left, top, right, bottom),
        row=panel.row * scale,
        column=panel.column * scale,
    )


def _in_units(panel: Panel, scale: float) -> Panel:
    return in_pixels(panel, 1 / scale)


def _turned(picture: np.ndarray, panel: Panel, page: Page):  # type: ignore[no-untyped-def]
    """A picture of cumulative incidence mirrored vertically within its plot, so that it falls from 1 like survival."""
    zero = float(panel.y.pixel(0.0))
    one = float(panel.y.pixel(1.0))
    last = max(label.pixel for label in panel.y.labels)
    first = min(label.pixel for label in panel.y.labels)
    middle = (zero + min(first, one if one > 0 else first)) / 2
    mirrored = picture.copy()
    low, high = max(0, round(2 * middle - last)), min(len(picture), round(last) + 1)
    mirrored[low:high] = picture[low:high][::-1]
    shift = low + high - 1
    intercept = 1 - panel.y.intercept - panel.y.slope * shift
    labels = tuple(replace(label, pixel=shift - label.pixel, value=1 - label.value) for label in panel.y.labels)
    axis = replace(panel.y, intercept=intercept, labels=tuple(sorted(labels, key=lambda label: label.pixel)))
    box = (panel.box[0], float(axis.pixel(1.0)), panel.box[2], max(label.pixel for label in axis.labels))
    words = [
        replace(word, top=shift - word.bottom, bottom=shift - word.top) if low < word.y < high else word
        for word in page.words
    ]
    return mirrored, replace(panel, y=axis, box=box), tuple(words)
