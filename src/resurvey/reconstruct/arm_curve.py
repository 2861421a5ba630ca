"""The digitised curve of an arm, and its patients from that and what is printed beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from resurvey import steady
from resurvey.reconstruct.reading import from_read_curve
from resurvey.reconstruct.result import Reconstruction


@dataclass(frozen=True)
class Curve:
    """Digitised points of one arm, times in months; printed numbers at risk, if any; notes on decisions in reading."""

    times: np.ndarray
    survival: np.ndarray
    at_risk_times: np.ndarray | None = None
    at_risk: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    # Standard deviation of the survival due to reading a figure; None if unknown.
    spread: float | None = None

    def with_risk_rows(self, rows: pd.DataFrame) -> Curve:
        """The curve with the numbers at risk of rows of `risk_tables`, if it has none from a file."""
        if self.at_risk is not None or rows.empty:
            return self
        return replace(
            self, at_risk_times=rows["time_months"].to_numpy(float), at_risk=rows["n_at_risk"].to_numpy(float)
        )

    def settled(self) -> Curve:
        """Round every coordinate to ten significant digits."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else steady.settled_array(values)

        return replace(
            self,
            times=steady.settled_array(self.times),
            survival=steady.settled_array(self.survival),
            at_risk_times=part(self.at_risk_times),
            at_risk=part(self.at_risk),
        )


def from_curve_row(
    row: pd.Series,
    curve: Curve,
    at_risk: pd.DataFrame,
    *,
    replicates: int,
    rng: np.random.Generator,
    events: int | None = None,
    **printed: Any,
) -> Reconstruction:
    """Rebuild an arm from the row of its digitised curve.

    Parameters
    ----------
    row : Series
        A row of the table curves, typed: its patients, and its events where they are printed with the curve.
    curve : Curve
        The points of that row.
    at_risk : DataFrame
        Rows of `risk_tables` of the arm, used where the curve has no numbers at risk of its own.
    replicates, rng, printed
        As for `from_read_curve`.
    events : int, optional
        Events printed elsewhere, where the row has none.

    Raises
    ------
    ResurveyError
        As for `from_read_curve`.
    """
    used = curve.with_risk_rows(at_risk).settled()
    made = from_read_curve(
        used.times,
        used.survival,
        spread=used.spread,
        n=int(row["n"]),
        at_risk_times=used.at_risk_times,
        at_risk=used.at_risk,
        events=int(row["events"]) if np.isfinite(row["events"]) else events,
        replicates=replicates,
        rng=rng,
        **printed,
    )
    return replace(made, repairs=[*curve.notes, *made.repairs]) if curve.notes else made
