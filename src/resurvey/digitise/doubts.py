"""Checks of a reading, and the verdict that follows from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from resurvey.digitise.digitised import Axis, Check, Label, Outcome, Panel, RiskRow, TracedCurve, Verdict, Word
from resurvey.digitise.match import Meeting, misfit
from resurvey.digitise.numbers import readings
from resurvey.digitise.retrace import SAME_LEVEL, Unlike

UNITS = (
    ("months", r"\bmon?ths?\b|\bmos?\b"),
    ("weeks", r"\bweeks?\b|\bwks?\b"),
    ("years", r"\byears?\b|\byrs?\b"),
    ("days", r"\bdays?\b"),
)
# A horizontal run this close to 0.5 (pixels) and this long (share of the axis) may be a printed reference line.
HALF_PIXELS, HALF_LENGTH = 1.5, 0.1
GREY = 50  # largest difference between the channels of a grey ink
CUT_SHORT = "the page has so many numbers that not all were searched for axes"
ENOUGH_LABELS = 4
# Distance from the line, as a share of the axis, from which the next label beyond its end is displaced.
OFF_LINE = 0.02
# Largest accepted standard error at the ends of an axis of a picture, as a share of its length.
AXIS_ERROR = 0.004
# Ink of marks per curve above which an undetected curve may be among the marks.
MOST_MARKS = 0.25
# Share of a curve's length by which its end may move in a tracing at another size before it is said.
AGAIN_END = 0.03
# Share of a curve's length that may lie beside all ink in one stretch.
MOST_BLANK = 0.06
# Share of columns with unexplained ink that is accepted, with and without a printed count of the curves.
UNEXPLAINED = 0.1
UNEXPLAINED_UNCOUNTED = 0.02


def time_unit(words: Sequence[Word], panel: Panel) -> str:
    """Unit of the time axis: named under the axis, or else the only one named anywhere; empty if there is neither."""
    text_height = np.median([word.height for word in words]) if words else 10
    under = [word for word in words if panel.row < word.y < panel.row + 6 * text_height and word.x > panel.box[0] - 40]
    for chosen in (under, words):
        found = {
            unit for unit, pattern in UNITS if any(re.search(pattern, word.text, re.IGNORECASE) for word in chosen)
        }
        if len(found) == 1:
            return found.pop()
    return ""


def upward(words: Sequence[Word]) -> bool:
    """Whether the axis title names a cumulative incidence, which rises."""
    return any(
        re.search(
            r"inciden|cumulative (event|haz|mort)|probability of (relapse|recurrence|death)", word.text, re.IGNORECASE
        )
        for word in words
    )


def check_axis(axis: Axis, name: str, *, vector: bool, anchored: bool = False) -> Check:
    """Check the number of agreeing labels, their residual, and whether they lie at ticks.

    `anchored` says that the drawing confirms an axis of two labels: its 0 lies on the line of the other axis.
    """
    count, ticks = len(axis.labels), axis.snapped
    said = (
        f"{name} axis: {count} labels on one line ({ticks} at ticks), largest residual {axis.residual:.2f} px, "
        f"standard error at its ends {axis.error:.2%}"
    )
    strays = [label.text for label in axis.stray if abs(float(axis.pixel(label.value)) - label.pixel) > 4]
    within = [label for label in axis.stray if axis.labels[0].pixel - 2 < label.pixel < axis.labels[-1].pixel + 2]
    if _broken(axis):
        words = (
            f"the {name} axis is broken: {', '.join(strays[:6])} lie on another line; give two ticks on one side of it"
        )
        return Check(f"{name} axis", "failed", words)
    pointed = [label.text for label in axis.labels if name == "time" and _pointed(label)]
    if pointed:
        return Check(f"{name} axis", "doubtful", f"{said}; a decimal point was put into {', '.join(pointed[:6])}")
    displaced = [label.text for label in axis.stray if _displaced(axis, label)]
    if displaced:
        words = f"{said}; {', '.join(displaced[:6])} continues it at another distance"
        return Check(f"{name} axis", "doubtful", words)
    if len(within) >= 2:
        return Check(f"{name} axis", "doubtful", f"{said}; off the line are {', '.join(strays[:6])}")
    enough = count >= ENOUGH_LABELS or (count == 3 and ticks == 3)
    placed = ticks >= 0.6 * count or count > ENOUGH_LABELS
    if count == ticks == 2 and anchored:
        return Check(f"{name} axis", "passed", f"{said}; its 0 lies on the time axis")
    fine = enough and placed and (axis.residual <= 0.5 if vector else axis.error <= AXIS_ERROR)
    return Check(f"{name} axis", "passed" if fine else "doubtful", said)


def _broken(axis: Axis) -> bool:
    """Whether labels off the line lie, in order, on a shifted line of the same slope, as after an axis break."""
    strays = sorted((label for label in axis.stray if _continues(axis, label)), key=lambda label: label.pixel)
    for first, second in pairwise(strays):
        apart = second.pixel - first.pixel
        if abs(apart) < 10 or _pointed(first) or _pointed(second):
            continue
        slope = (second.value - first.value) / apart
        aside = abs(float(axis.pixel(first.value)) - first.pixel)
        if abs(slope / axis.slope - 1) < 0.03 and 8 < aside < 3 * abs(axis.labels[-1].pixel - axis.labels[0].pixel):
            return True
    return False


def _continues(axis: Axis, label: Label) -> bool:
    """Whether a label beyond the end of an axis continues it; a label of an adjacent panel starts a new scale."""
    first, last = axis.labels[0], axis.labels[-1]
    if label.pixel > last.pixel:
        return (label.value - last.value) * axis.slope > 0
    return label.pixel < first.pixel and (label.value - first.value) * axis.slope < 0


def _displaced(axis: Axis, label: Label) -> bool:
    """Whether a label is the next in the row beyond an end of an axis, but stands nearer or farther than the others.

    A 0 does not count: in the corner it is that of the other axis, or stands aside for it.
    """
    if label.value == 0:
        return False
    first, last = axis.labels[0], axis.labels[-1]
    step = (last.value - first.value) / max(len(axis.labels) - 1, 1)
    apart = (last.pixel - first.pixel) / max(len(axis.labels) - 1, 1)
    near = last if label.pixel > last.pixel else first
    follows = _continues(axis, label) and abs(abs(label.value - near.value) - abs(step)) < 1e-6 * abs(step)
    off = abs(float(axis.pixel(label.value)) - label.pixel)
    return follows and OFF_LINE * (last.pixel - first.pixel) < off < 0.5 * apart


def _pointed(label: Label) -> bool:
    read = readings(label.text)
    return bool(read) and abs(read[0] - label.value) > 1e-9


def check_start(curves: Sequence[TracedCurve], starts: Sequence[tuple[float, float]]) -> Check:
    """Check that every curve begins at (0, 1); `starts` holds first times (share of the axis) and survival values."""
    late = [
        f"{curve.name} at ({t:.1%} of the axis, {s:.3f})"
        for curve, (t, s) in zip(curves, starts, strict=True)
        # The first steps may be hidden by another curve: short ones at any height, longer ones only near 1.
        if s > 1.02 or t > (0.07 if s >= 0.96 else 0.04) or s < (0.85 if t <= 0.01 else 0.94)
    ]
    if late:
        return Check("start", "doubtful", f"curves begin at (0, 1), but {'; '.join(late)}")
    return Check("start", "passed", "every curve begins at (0, 1)")


def check_ink(unexplained: float, *, counted: bool) -> Check:
    """Check the share of columns with unexplained ink; less is allowed where no printed count of the curves exists."""
    said = f"{unexplained:.0%} of the plot's width has ink that belongs to no curve, mark, line or text"
    return Check(
        "ink", "passed" if unexplained < (UNEXPLAINED if counted else UNEXPLAINED_UNCOUNTED) else "doubtful", said
    )


def check_ends(curves: Sequence[TracedCurve], hidden: Sequence[int], followed: Sequence[int]) -> Check:
    """Check whether a curve's end is uncertain: under another curve, or followed by more ink."""
    said = []
    if hidden:
        other = "another, a legend, the time axis or the edge of the plot"
        said.append(f"{_named(curves, hidden)}: the curve meets {other}, and may end elsewhere")
    if followed:
        said.append(f"{_named(curves, followed)}: more ink follows the end of the curve")
    if said:
        return Check("end", "doubtful", "; ".join(said))
    return Check("end", "passed", "every curve ends in the open")


def _named(curves: Sequence[TracedCurve], chosen: Sequence[int]) -> str:
    return ", ".join(curves[k].name for k in chosen)


def check_count(
    curves: Sequence[TracedCurve],
    rows: Sequence[RiskRow],
    legend: Sequence[str],
    arms: int | None,
    *,
    tangled: bool = False,
) -> Check:
    """Check that there are as many curves as rows of numbers at risk and legend entries.

    Without either, the number of `tangled` curves (of one ink, or under many marks) is uncertain.
    """
    at_risk = sum(row.kind == "at risk" for row in rows)
    counts = {"rows at risk": at_risk, "legend entries": len(legend) if len(legend) > 1 else 0}
    if arms is not None:
        counts["arms given"] = arms
    wrong = [f"{count} {name}" for name, count in counts.items() if count and count != len(curves)]
    said = f"{len(curves)} curves"
    if wrong:
        serious = at_risk not in (0, len(curves)) or arms not in (None, len(curves)) or len(legend) > len(curves)
        return Check("count", "doubtful" if serious else "open", f"{said}, but {' and '.join(wrong)}")
    known = [name for name, count in counts.items() if count]
    if tangled and not known:
        words = f"{said}: of one ink some meet, or marks crowd, and nothing printed says how many there are"
        return Check("count", "doubtful", words)
    return Check(
        "count", "passed" if known else "open", f"{said}, as many as {' and '.join(known) or 'nothing printed says'}"
    )


def check_cover(curves: Sequence[TracedCurve]) -> Check:
    """Check that the ink of every curve is visible over most of its length."""
    poor = [
        f"{curve.name} ({curve.coverage:.0%})" for curve in curves if curve.coverage < (0.45 if curve.dashed else 0.72)
    ]
    if poor:
        return Check("cover", "doubtful", f"ink seen over a small part of {', '.join(poor)}")
    return Check("cover", "passed", "the ink of every curve is seen over most of its length")


def check_half(curves: Sequence[TracedCurve], panel: Panel, *, steady: bool = False) -> Check:
    """Check whether a grey curve runs for long along S = 0.5, where many figures have a line of medians.

    Said and not held against a `steady` reading, in which another size of the plot shows the same curves: a path that
    leaves its curve for a printed line does not follow it at every size.
    """
    slack = HALF_PIXELS * abs(panel.y.slope)
    span = max(label.value for label in panel.x.labels)
    along = [
        curve.name
        for curve in curves
        if np.ptp(curve.colour) < GREY  # a line of medians is grey or black
        and float(np.diff(curve.times)[np.abs(curve.survival[:-1] - 0.5) <= slack].sum()) > HALF_LENGTH * span
    ]
    if along:
        outcome: Outcome = "open" if steady else "doubtful"
        return Check("half", outcome, f"{', '.join(along)}: a long level at 0.5, where a line of medians may lie")
    return Check("half", "passed", "no curve runs for long along 0.5")


def check_redraw(curves: Sequence[TracedCurve], worst: float, at: int, blank: tuple[float, int] = (0.0, 0)) -> Check:
    """Check that the curves, redrawn, fall on ink.

    `worst` is the smallest share that does and `at` its curve, `blank` the longest stretch that does not, as a share of
    the length of its curve, and that curve.
    """
    said = f"drawn again, {worst:.0%} of {curves[at].name} falls on ink"
    if blank[0] > MOST_BLANK:
        said += f"; {blank[0]:.0%} of {curves[blank[1]].name} in one stretch does not"
    passed = worst > 0.9 and blank[0] <= MOST_BLANK
    return Check("redraw", "passed" if passed else "doubtful", said)


def check_again(curves: Sequence[TracedCurve], unlike: Unlike) -> Check:
    """Check that the same curves are found when the plot is reduced.

    An end that moves is said and not held against the reading: dashes at the end of a line are lost first where a plot
    is reduced, and all eight figures in which nothing else was doubtful were right (benchmarks/digitise).
    """
    said = []
    if unlike.count != len(curves):
        said.append(f"{unlike.count} curve{'' if unlike.count == 1 else 's'} instead of {len(curves)}")
    if unlike.level > SAME_LEVEL:
        said.append(f"{curves[unlike.at].name} elsewhere, by {unlike.level:.3f} of survival")
    if unlike.end > AGAIN_END:
        said.append(f"the end of {curves[unlike.ends].name} elsewhere, by {unlike.end:.0%} of its length")
    if said:
        words = f"traced again at another size, the plot shows {'; '.join(said)}"
        return Check("again", "open" if unlike.same(len(curves)) else "doubtful", words)
    return Check("again", "passed", "traced again at another size, the plot shows the same curves")


def check_risk(curves: Sequence[TracedCurve], rows: Sequence[RiskRow], ambiguous: bool) -> Check | None:
    """Check that no number at risk exceeds n(0) S(t) and that each row ends where its curve ends."""
    pairs = [(curve, rows[curve.risk]) for curve in curves if curve.risk is not None]
    if not pairs and not ambiguous:
        return None
    wrong = [f"{curve.name} (misfit {misfit(curve, row):.0f})" for curve, row in pairs if misfit(curve, row) > 6]
    flagged = sum(sum(row.flagged) for row in rows)
    if wrong:
        return Check("at risk", "doubtful", f"numbers at risk do not fit {', '.join(wrong)}")
    said = []
    if flagged:
        why = "grow where they must fall, were read in two ways or are too small to be read reliably"
        said.append(f"{flagged} cells of the numbers at risk are left out: they {why}")
    loose = [curve.name for curve in curves if curve.risk is None]
    if ambiguous and loose:
        said.append(f"rows at risk fit {' and '.join(loose)} equally well: name these curves as their rows are named")
    if said:  # said beside each cell or curve, and nothing against the curves
        return Check("at risk", "open", "; ".join(said))
    return Check("at risk", "passed", "numbers at risk fit the curves: n(t) <= n(0) S(t)")


def check_crossing(
    curves: Sequence[TracedCurve], undecided: Sequence[Meeting], joined: Sequence[tuple[int, int]]
) -> Check:
    """Curves of one ink that meet and separate again, or run or end together, cannot be told apart by their ink."""
    said = []
    if undecided:
        met = "; ".join(_met(curves, meeting) for meeting in undecided)
        said.append(f"curves of one ink meet and part: {met}; check which is which")
    if joined:
        pairs = "; ".join(f"{curves[i].name} and {curves[j].name}" for i, j in joined)
        said.append(f"curves of one ink run or end in one stroke: {pairs}")
    if said:
        return Check("crossing", "doubtful", "; ".join(said))
    return Check("crossing", "passed", "no curves of one ink and style meet and part again, or end together")


def _met(curves: Sequence[TracedCurve], meeting: Meeting) -> str:
    often = f"{meeting.times} times, last " if meeting.times > 1 else ""
    return f"{curves[meeting.first].name} and {curves[meeting.second].name} {often}at {meeting.at:.3g}"


def verdict_of(checks: Sequence[Check]) -> tuple[Verdict, str]:
    """Return `refused` if a check failed, `check` if one is doubtful, otherwise `sure`."""
    failed = [check for check in checks if check.outcome == "failed"]
    doubtful = [check for check in checks if check.outcome == "doubtful"]
    outcome: Outcome = "failed" if failed else "doubtful" if doubtful else "passed"
    if outcome == "failed":
        return "refused", "; ".join(check.words for check in failed)
    if outcome == "doubtful":
        return "check", "; ".join(check.words for check in doubtful)
    return "sure", "every check passed"
