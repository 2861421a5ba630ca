"""Faults of an arm in the table of curves: impossible points, numbers at risk and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from resurvey.errors import ResurveyError
from resurvey.faults import Fault
from resurvey.reconstruct.arm import read_arm
from resurvey.reconstruct.files import ReadArm
from resurvey.schema import TABLES

# A click may lie a little beyond the end of an axis.
BEYOND = 1.05
CORRECT = "correct the file or the row"
# Makes a fault from a column of the row, what is wrong, and what to do.
MakeFault = Callable[[str, str, str], Fault]


def fault_maker(row: pd.Series, line: int) -> MakeFault:
    """Return a function that makes faults of a row of the table of curves from a column, a rule and advice."""

    def fault(column: str, rule: str, advice: str) -> Fault:
        return Fault(TABLES["curves"].file, line, column, str(row.get(column, "")), rule, advice)

    return fault


def faults_of_arm(row: pd.Series, arm: ReadArm, line: int) -> list[Fault]:
    """Reasons not to rebuild patients from an arm that could be read; empty if there are none.

    Parameters
    ----------
    row : Series
        Row of the table of curves, raw or typed.
    arm : ReadArm
        Contents of its files.
    line : int
        Line of the row in the table.
    """
    fault = fault_maker(row, line)
    found = [
        *incomplete_rows(row, "file", arm.curve.incomplete, fault),
        *incomplete_rows(row, "at_risk_file", () if arm.at_risk is None else arm.at_risk.incomplete, fault),
        *_more_than_all(row, arm, fault),
        *_beyond_axis(row, arm, fault),
        *_no_survival(row, arm, fault),
    ]
    return found or list(_not_an_arm(row, arm, fault))


def incomplete_rows(row: pd.Series, column: str, places: Iterable[str], fault: MakeFault) -> Iterator[Fault]:
    """Rows of a file that lack a value, which may have been forgotten or lost."""
    for words in places:
        yield fault(column, f"{row[column]}: {words}", "give both, or take the row out")


def _more_than_all(row: pd.Series, arm: ReadArm, fault: MakeFault) -> Iterator[Fault]:
    """Numbers at risk above the number of patients."""
    n = _count(row, "n")
    if arm.at_risk is None or n is None:
        return
    for time, count in zip(arm.at_risk.times, arm.at_risk.counts, strict=True):
        if count > n:
            rule = f"{row['at_risk_file']}: {count:g} patients at risk at time {time:g} are more than n, {n}"
            yield fault("at_risk_file", rule, "correct the number at risk or n")


def _beyond_axis(row: pd.Series, arm: ReadArm, fault: MakeFault) -> list[Fault]:
    """Points to the right of the end of the axis that the row states."""
    try:
        end = float(row["axis_max"] or "nan")
    except ValueError:
        return []
    beyond = arm.curve.times > BEYOND * end
    if not beyond.any():
        return []
    pairs = zip(arm.curve.times[beyond], arm.curve.survival[beyond], strict=True)
    points = ", ".join(f"({time:g}, {survival:g})" for time, survival in pairs)
    rule = f"{int(beyond.sum())} points of {row['file']} lie beyond the end of the axis: {points[:200]}"
    return [fault("axis_max", rule, "correct the points or the end of the axis")]


def _no_survival(row: pd.Series, arm: ReadArm, fault: MakeFault) -> Iterator[Fault]:
    """Points outside the range of survival in the unit of the row, by more than the tolerance for a click."""
    if not row["survival_unit"]:
        return
    for time, survival in zip(arm.curve.times, arm.curve.survival, strict=True):
        if not 1 - BEYOND <= survival <= BEYOND:
            shown = f"{100 * survival:g} %" if row["survival_unit"] == "%" else f"{survival:g}"
            yield fault(
                "file", f"{row['file']}: a survival of {shown} at time {time:g}", "correct the point or the unit"
            )


def _not_an_arm(row: pd.Series, arm: ReadArm, fault: MakeFault) -> Iterator[Fault]:
    """The file that makes `read_arm` refuse the arm; the number of events is not checked here."""
    n, table = _count(row, "n"), arm.at_risk
    if n is None:
        return
    at_risk = (None, None) if table is None else (table.times, table.counts)
    for column, (times, counts) in (("file", (None, None)), ("at_risk_file", at_risk)):
        try:
            read_arm(arm.curve.times, arm.curve.survival, n, at_risk_times=times, at_risk=counts)
        except ResurveyError as error:
            yield fault(column, str(error), CORRECT)
            return


def _count(row: pd.Series, column: str) -> int | None:
    """A count of the row, typed or as text; None if it is missing or cannot be read (reported elsewhere)."""
    try:
        return int(float(row.get(column, "nan")))
    except ValueError:
        return None
