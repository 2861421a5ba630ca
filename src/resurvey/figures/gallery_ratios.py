"""The main hazard ratio of a comparison above all that was done otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import pandas as pd

from resurvey.figures import forest
from resurvey.figures.gallery_shared import HR, drawing_of, said_of
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
    """Hazard ratios of a comparison, the main one first, then what was done otherwise, by the model of the main one.

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
    """What was done otherwise, or over which months, where that is known; the method otherwise."""
    if row["variation"]:
        return str(row["variation"])
    start, end = float(row["from_months"]), float(row["time_months"])
    if isfinite(start):
        return f"months {start:g} to {end:g}" if isfinite(end) else f"from month {start:g} on"
    return str(row["method"])


def _under_headings(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by role, each role under its heading; none where all are of one role."""
    parts = []
    for role, part in rows.groupby("role", sort=False):
        head = {"kind": "heading", "label": HEADINGS[Role(role)], "estimate": np.nan, "evidence": ""}
        parts += [pd.DataFrame([head | {"lower": np.nan, "upper": np.nan}]), part]
    return pd.concat(parts, ignore_index=True) if len(parts) > 2 else rows.reset_index(drop=True)


def _of_sides(words: str, sides: Sequence[object]) -> str:
    """What was done otherwise with one of the groups, which is called first or second here."""
    for name, place in zip(sides, ("first", "second"), strict=True):
        words = words.replace(str(name), place) if name else words
    return words


def ratio_forest(
    entry: AnyComparison, ratios: pd.DataFrame, sides: tuple[str, str], intervals: str, grade: str, folder: str
) -> Drawing:
    """A forest of the rows of `ratio_rows`.

    Parameters
    ----------
    entry : comparison
    ratios : DataFrame
    sides : (str, str)
        Names of the two groups.
    intervals : str
        What the 95 % intervals are, for the caption.
    grade : str
        Sentences on the evidence.
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
    said = "; ".join(f"{row['label']} {said_of(row)}" for _, row in ratios.iterrows())
    own = "; the last rows are the paper's own" if (ratios["role"] == Role.PRINTED).any() else ""
    return drawing_of(
        entry,
        "ratios",
        "hazard ratios",
        f"Hazard ratios of {first} against {second}: the main estimate and what was done otherwise, with 95 % "
        f"intervals {intervals}{own}. Below 1 is a lower hazard with the first. {grade}",
        f"Forest plot: {said}.",
        f"{folder}/estimates.csv",
        figure,
    )
