"""Parts shared by the figures of all kinds of comparison: their wording, and the bias array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resurvey.figures import comparison, forest
from resurvey.figures.save import Drawing, slug
from resurvey.figures.style import number
from resurvey.plan import AnyComparison
from resurvey.results import Role

Tables = Mapping[str, pd.DataFrame]
LEFT = forest.Column("label", "Study")
HR = forest.Column("interval", "HR [95 % CI]", "right")
UNADJUSTED = "No randomisation stands between the two groups; differences between the populations are in the estimate."


def drawing_of(entry: AnyComparison, part: str, title: str, caption: str, alt: str, data: str, figure: Any) -> Drawing:
    """A figure of a comparison: its question in the title, its assumptions in the caption."""
    return Drawing(
        name=slug("comparison", entry.id, part),
        section="comparisons",
        title=f"{entry.question}: {title}",
        caption=f"{caption} Assumed: {'; '.join(entry.assumptions)}.",
        alt=alt,
        data=data,
        figure=figure,
    )


def said_of(row: pd.Series) -> str:
    """`0.45 (0.31 to 0.65)`."""
    return f"{number(row['estimate'])} ({number(row['lower'])} to {number(row['upper'])})"


NO_GRADE = ("", "none", "printed")
GRADES = {
    "summary": "patients rebuilt from printed numbers only, not from a curve or from individual data",
    "curve": "patients rebuilt from digitised curves",
}


def grade_words(estimates: pd.DataFrame) -> str:
    """The evidence behind the estimates, in words; the weakest evidence determines the wording."""
    own = estimates[~estimates["refused"] & (estimates["role"] != Role.PRINTED)]
    grades = sorted({str(grade) for grade in own["evidence"].dropna()} - set(NO_GRADE))
    words = next((GRADES[grade] for grade in GRADES if grade in grades), "printed numbers")
    return f"Evidence grade {', '.join(grades) or 'not stated'}: {words}."


def _e_value(row: pd.Series) -> str:
    said = f"{row['of']} {number(row['e_value'])}"
    return f"{said} (no bias is needed: the interval holds no effect already)" if row["e_value"] <= 1 else said


def bias_drawing(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    array = tables["bias_array"]
    changed = int((array["conclusion"] != "as observed").sum())
    values = tables.get("e_values")
    e_words = ""
    if values is not None:
        e_words = " E-values: " + ", ".join(_e_value(row) for _, row in values.iterrows()) + "."
    return drawing_of(
        entry,
        "bias",
        "what an unmeasured factor could do",
        f"Hazard ratio of {names['first']} against {names['second']} corrected for a prognostic factor that "
        "nobody measured, "
        "over its strength and its prevalence in the first group (array analysis, Schneeweiss 2006; the "
        "formula is for risk "
        f"ratios and overstates the bias for long follow-up). In {changed} of {len(array)} cells the "
        "conclusion at 95 % is no "
        f"longer the observed one.{e_words} {grade} The array does not say which of these factors exist.",
        f"Heat map of corrected hazard ratios from {number(array['ratio'].min())} to "
        f"{number(array['ratio'].max())}; the "
        f"conclusion changes in {changed} of {len(array)} cells.",
        f"{folder}/bias_array.csv",
        comparison.bias_array_plot(array, first=names["first"], second=names["second"]),
    )
