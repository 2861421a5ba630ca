"""The arms of a file of curves, each with its numbers at risk: names matched, units checked, decisions reported."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from resurvey.errors import InputError
from resurvey.reconstruct.formats import (
    AtRisk,
    DigitisedCurve,
    at_risk_of,
    chosen,
    proportions,
    read_at_risk,
    read_curves,
)
from resurvey.reconstruct.risk_fit import RiskFit, refuse_exchanged_tables


@dataclass(frozen=True)
class ArmFiles:
    """Files from which arms are read, and what the caller specifies about them.

    Attributes
    ----------
    curve : Path
    at_risk : Path, optional
    name : str
        Curve of the file; all curves if empty.
    at_risk_arm : str
        Arm of the table of numbers at risk; if empty, the one with the curve's name.
    sheet, time_column, survival_column : str
        As for `read_curves`.
    survival_unit : {'', '%', 'proportion'}
    """

    curve: Path
    at_risk: Path | None = None
    name: str = ""
    at_risk_arm: str = ""
    sheet: str = ""
    time_column: str = ""
    survival_column: str = ""
    survival_unit: str = ""


@dataclass(frozen=True)
class ReadArm:
    """A curve with survival as proportions (or as given if no unit is known), and its numbers at risk."""

    curve: DigitisedCurve
    at_risk: AtRisk | None
    # Standard deviation of the survival due to reading a figure; None if unknown.
    spread: float | None = None

    @property
    def name(self) -> str:
        """The curve's name; empty if the file has a single curve without a name."""
        return self.curve.name

    @property
    def notes(self) -> tuple[str, ...]:
        """Decisions made in reading both files."""
        return self.curve.notes + (self.at_risk.notes if self.at_risk is not None else ())

    @property
    def unit_at_risk(self) -> str:
        """Time unit in the heading of the numbers at risk; empty if it names none."""
        return "" if self.at_risk is None else self.at_risk.time_unit

    @property
    def n_at_start(self) -> int | None:
        """Number at risk at time 0, if the table has it."""
        if self.at_risk is None:
            return None
        starts = self.at_risk.counts[self.at_risk.times == 0]
        return int(starts[0]) if starts.size == 1 and starts[0] >= 1 else None


def read_arms(files: ArmFiles) -> list[ReadArm]:
    """The chosen curve of a file, or all of them, each with its numbers at risk.

    Raises
    ------
    InputError
        If a file cannot be read, there is no such curve, the numbers at risk cannot be assigned to arms, or the
        headings of the two files name different units of time.
    """
    known = read_curves(
        files.curve, time_column=files.time_column, survival_column=files.survival_column, sheet=files.sheet
    )
    curves = chosen(known, files.name, files.curve.name)
    if files.at_risk_arm and (files.at_risk is None or len(curves) > 1):
        raise InputError("--at-risk-arm names the arm of one curve in the table of numbers at risk: give both")
    tables = read_at_risk(files.at_risk) if files.at_risk is not None else []
    return [_arm(curve, tables, files, len(known)) for curve in curves]


def _arm(curve: DigitisedCurve, tables: list[AtRisk], files: ArmFiles, known: int) -> ReadArm:
    scaled = proportions(curve, files.survival_unit, _called(files.curve.name, curve.name))
    if not tables:
        return ReadArm(scaled, None)
    assert files.at_risk is not None, "tables come from a file"
    wanted = files.at_risk_arm or ("" if curve.name else files.name)
    table = at_risk_of(tables, curve, wanted, files.at_risk.name, known)
    if curve.time_unit and table.time_unit and curve.time_unit != table.time_unit:
        raise InputError(
            f"{files.curve.name} has its times in {curve.time_unit}, {files.at_risk.name} in {table.time_unit}, by "
            "their headings: give both in one unit"
        )
    return ReadArm(scaled, table)


def _called(file: str, name: str) -> str:
    return f"{file}, curve {name!r}" if name else file


def refuse_exchanged(arms: list[tuple[ReadArm, int, str]]) -> None:
    """Refuse arms of one figure (given with n and names) whose numbers at risk look exchanged.

    Raises
    ------
    InconsistentReport
        As `refuse_exchanged_tables`.
    """
    fits = [
        RiskFit(name, arm.curve.times, _as_proportions(arm.curve), n, arm.at_risk.times, arm.at_risk.counts)
        for arm, n, name in arms
        if arm.at_risk is not None
    ]
    for first, second in combinations(fits, 2):
        refuse_exchanged_tables(first, second)


def _as_proportions(curve: DigitisedCurve) -> np.ndarray:
    return curve.survival / 100 if curve.survival.max() > 1.5 else curve.survival
