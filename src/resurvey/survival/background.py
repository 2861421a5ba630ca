"""Background mortality: a life table, and the expected survival of a cohort under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from resurvey.arrays import unmasked
from resurvey.errors import InputError
from resurvey.survival.km import Floats

COLUMNS = ("age", "rate")


@dataclass(frozen=True)
class Background:
    """Expected mortality of a cohort by age and sex, in the time unit of the patient data.

    Attributes
    ----------
    edges : (n + 1,) ndarray
        Times, starting at 0, between which the hazard of each cohort member is constant.
    cumulative : (members, n + 1) ndarray
        Cumulative hazard of each member of the cohort at the edges.
    share : (members,) ndarray
        Share of each member; the shares sum to 1.
    """

    edges: Floats
    cumulative: Floats
    share: Floats

    def survival(self, times: ArrayLike) -> Floats:
        """Share of the cohort alive at `times`; beyond the last age of the life table its last rate continues."""
        at = np.asarray(unmasked(times, "times"), dtype=float)
        alive = np.exp(-self._cumulative(at.ravel()))
        share_alive: Floats = (self.share @ alive).reshape(at.shape)
        return share_alive

    def hazard(self, times: ArrayLike) -> Floats:
        """Mean hazard among those alive at `times`."""
        at = np.asarray(unmasked(times, "times"), dtype=float).ravel()
        alive = self.share[:, None] * np.exp(-self._cumulative(at))
        cell = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, self.edges.size - 2)
        own = np.diff(self.cumulative, axis=1) / np.diff(self.edges)
        hazards: Floats = ((alive * own[:, cell]).sum(axis=0) / alive.sum(axis=0)).reshape(np.shape(times))
        return hazards

    def _cumulative(self, at: Floats) -> Floats:
        rate = (self.cumulative[:, -1] - self.cumulative[:, -2]) / (self.edges[-1] - self.edges[-2])
        inside = np.array([np.interp(at, self.edges, own) for own in self.cumulative])
        cumulative: Floats = inside + np.maximum(at - self.edges[-1], 0.0) * rate[:, None]
        return cumulative


def background(life_table: pd.DataFrame, cohort: pd.DataFrame, *, per_year: float = 12.0) -> Background:
    """Expected mortality of a cohort under a life table.

    Parameters
    ----------
    life_table : DataFrame
        age (whole years, in steps of 1), rate (deaths per person-year at that age), and sex where rates differ by sex.
    cohort : DataFrame
        age (at time 0), share, and sex as in the life table; shares sum to 1. One row for a mean age, several for an
        age distribution.
    per_year : float, default 12
        Time units per year: 12 for months.

    Raises
    ------
    InputError
        If a cell is invalid (the message names its row and column), or the life table lacks an age of the cohort.

    References
    ----------
    .. [1] Ederer, F., Axtell, L. M. and Cutler, S. J. (1961). National Cancer Institute Monograph 6, 101-121.
    """
    for name, table, columns in (("life_table", life_table, COLUMNS), ("cohort", cohort, ("age", "share"))):
        missing = [column for column in columns if column not in table]
        if missing or table.empty:
            raise InputError(f"{name} needs rows with {', '.join(columns)}; it lacks {', '.join(missing) or 'rows'}")
    if not (np.isfinite(per_year) and per_year > 0):
        raise InputError(f"per_year must be above 0, found {per_year!r}")
    if not np.isclose(cohort["share"].sum(), 1.0, atol=1e-6) or np.any(cohort["share"] < 0):
        raise InputError(f"cohort, share: must be from 0 and add up to 1, found a sum of {cohort['share'].sum():g}")
    tables = _by_sex(life_table)
    sexes = cohort["sex"].astype(str) if "sex" in cohort else pd.Series([""] * len(cohort), index=cohort.index)
    own = []
    for place, (age, sex) in enumerate(zip(cohort["age"].to_numpy(float), sexes, strict=True)):
        if sex not in tables:
            raise InputError(f"cohort, row {place}, sex: {sex!r} is not in the life table, which has {sorted(tables)}")
        ages = tables[sex].index.to_numpy(float)
        if not ages[0] <= age <= ages[-1]:
            raise InputError(f"cohort, row {place}, age: {age:g} is not within {ages[0]:g} to {ages[-1]:g}")
        own.append((age, tables[sex]))
    return _joined(own, cohort["share"].to_numpy(float), per_year)


def _by_sex(life_table: pd.DataFrame) -> dict[str, pd.Series]:
    tables = {}
    rates = pd.to_numeric(life_table["rate"], errors="coerce")
    bad = ~np.isfinite(rates.to_numpy(float)) | (rates.to_numpy(float) < 0)
    if bad.any():
        faults = (
            f"life_table, row {row}, rate: must be from 0, found {life_table['rate'].iloc[row]!r}"
            for row in np.flatnonzero(bad)
        )
        raise InputError("\n".join(faults))
    groups = life_table.groupby("sex") if "sex" in life_table else [("", life_table)]
    for sex, rows in groups:
        series = rows.set_index("age")["rate"].astype(float)
        if np.any(np.diff(series.index.to_numpy(float)) != 1):
            raise InputError(f"life_table{f', sex {sex}' if sex else ''}: ages must rise by one year")
        tables[str(sex)] = series
    return tables


def _joined(own: list[tuple[float, pd.Series]], share: Floats, per_year: float) -> Background:
    """Cumulative hazard of each member on one common grid, which holds the birthdays of all members."""
    longest = max(float(series.index[-1]) + 1 - age for age, series in own)
    birthdays = [np.append(0.0, series.index.to_numpy(float)[series.index > age] - age) for age, series in own]
    edges = np.unique(np.concatenate([*birthdays, [longest]]))
    rows = []
    for age, series in own:
        place = np.clip(np.floor(age + edges[:-1] + 1e-9) - series.index[0], 0, len(series) - 1).astype(int)
        rows.append(np.append(0.0, np.cumsum(series.to_numpy()[place] * np.diff(edges))))
    return Background(edges * per_year, np.array(rows), share)
