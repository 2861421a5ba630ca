"""The main hazard ratio of a comparison above those of its sensitivity analyses."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd

from resurvey.figures import forest
from resurvey.figures.gallery_shared import HR, drawing_of
from resurvey.figures.save import Drawing
from resurvey.plan import AnyComparison
from resurvey.results import Model, Quantity, Role

POOLED = (Model.COMMON, Model.RANDOM)
FOREST_ROLES = (Role.MAIN, Role.SECONDARY, Role.STANDARDISED, Role.SENSITIVITY, Role.PRINTED)
HEADINGS = {
    Role.MAIN: "Main estimate",
    Role.SECONDARY: "Other models and horizons",
    Role.STANDARDISED: "Weighted to other target populations",
    Role.SENSITIVITY: "Sensitivity",
    Role.PRINTED: "As the paper prints it",
}


def ratio_rows(estimates: pd.DataFrame) -> pd.DataFrame:
    """Hazard ratios of a comparison, the main one first, then its sensitivity analyses under the same model.

    Parameters
    ----------
    estimates : DataFrame
        Rows of estimates.csv of one comparison of two groups.
    """
    known = (estimates["quantity"] == Quantity.HAZARD_RATIO) & ~estimates["refused"] & estimates["estimate"].notna()
    rows = estimates[known & estimates["role"].isin(FOREST_ROLES)]
    main = rows.loc[rows["role"] == Role.MAIN, "model"]
    if len(main) and main.iloc[0] in POOLED:
        rows = rows[rows["model"] == main.iloc[0]]
    order = {str(role): place for place, role in enumerate(FOREST_ROLES)}
    rows = rows.sort_values("role", key=lambda roles: roles.map(order), kind="stable")
    return rows.assign(kind="study", label=[_row_name(row) for _, row in rows.iterrows()])


def _row_name(row: pd.Series) -> str:
    """The variation or the period in months, where known; otherwise the method."""
    if row["variation"]:
        return str(row["variation"])
    start, end = float(row["from_months"]), float(row["time_months"])
    if isfinite(start):
        return f"months {start:g} to {end:g}" if isfinite(end) else f"from month {start:g} on"
    return str(row["method"])


def _under_headings(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by role, each role under its heading; no headings where all have one role."""
    parts = []
    for role, part in rows.groupby("role", sort=False):
        head = {"kind": "heading", "label": HEADINGS[Role(role)], "estimate": np.nan, "evidence": ""}
        parts += [pd.DataFrame([head | {"lower": np.nan, "upper": np.nan}]), part]
    return pd.concat(parts, ignore_index=True) if len(parts) > 2 else rows.reset_index(drop=True)


def _of_sides(words: str, sides: Sequence[object]) -> str:
    """A variation of one of the groups, which is called first or second here."""
    for name, place in zip(sides, ("first", "second"), strict=True):
        words = words.replace(str(name), place) if name else words
    return words


def ratio_forest(
    entry: AnyComparison, ratios: pd.DataFrame, sides: tuple[str, str], intervals: str, grade: str, folder: str
) -> Drawing:
    """Forest plot of the rows of `ratio_rows`.

    Parameters
    ----------
    entry : comparison
    ratios : DataFrame
    sides : (str, str)
        Names of the two groups.
    intervals : str
        Description of the 95 % intervals, for the caption.
    grade : str
        Sentences on the evidence, for the caption.
    folder : str
    """
    named = zip(ratios["label"], ratios["treatment"], ratios["comparator"], strict=True)
    rows = _under_headings(ratios.assign(label=[_of_sides(words, of) for words, *of in named]))
    rows["interval"] = forest.interval_text(rows).where(rows["kind"] == "study", "")
    first, second = sides
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Estimate")],
        right=[HR],
        xlabel="",
        better=("lower: first", "lower: second"),
        size=forest.HALF,
    )
    return drawing_of(
        entry,
        "ratios",
        "ratios",
        f"{folder}/estimates.csv",
        figure,
        first=first,
        second=second,
        intervals=intervals,
        rows=ratios.to_dict("records"),
        own=(ratios["role"] == Role.PRINTED).any(),
        grade=grade,
    )
