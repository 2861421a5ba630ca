"""Denominators of percentages: from the row itself, from the set of categories, or from the group."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.audit.context import PLACE, Context

# A set of categories: rows that must add up.
GROUP = [*PLACE, "data_cut", "partition"]


def denominators(context: Context, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Denominator of each row of `proportions` (NaN where unknown), and where it is printed.

    Parameters
    ----------
    context : Context
    frame : DataFrame
        Rows of the typed table `proportions`.

    Returns
    -------
    total : (k,) ndarray of float
    origin : (k,) ndarray of str
        `row`, the claim that prints the size of the group, or a description of a sum of categories.
    """
    total = np.where(frame["total_op"] == "=", frame["total"], np.nan).astype(float)
    origin = np.where(np.isnan(total), "", "row").astype(object)
    blank = np.flatnonzero(np.isnan(total))
    if blank.size:
        _fill_from_group(context, frame, blank, total, origin)
    return total, origin


def _fill_from_group(
    context: Context, frame: pd.DataFrame, blank: np.ndarray, total: np.ndarray, origin: np.ndarray
) -> None:
    sums = _counted_sums(context["proportions"])
    places = frame[GROUP].to_numpy(object)
    for row in blank:
        source, study, arm, population, *_, partition = places[row]
        size = context.size(source, study, arm, population)
        if size is not None:
            total[row], origin[row] = size
        elif partition and tuple(places[row]) in sums:
            total[row] = sums[tuple(places[row])]
            origin[row] = f"the sum of the categories of {partition}"


def _counted_sums(frame: pd.DataFrame) -> dict[tuple[str, ...], float]:
    """Sums of counts for sets in which every row has a count and no row has a denominator."""
    named = frame[frame["partition"] != ""]
    if named.empty:
        return {}
    groups = named.groupby(GROUP, sort=False)
    table = groups.agg(n=("n", "sum"), counted=("n", "count"), rows=("n", "size"), totals=("total", "count"))
    table = table[(table["counted"] == table["rows"]) & (table["totals"] == 0)]
    return dict(table["n"])
