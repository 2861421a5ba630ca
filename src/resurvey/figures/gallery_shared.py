"""Parts shared by the figures of all kinds of comparison: their wording, and the bias array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from resurvey.figures import captions, comparison, forest
from resurvey.figures.save import Drawing, slug
from resurvey.plan import AnyComparison
from resurvey.results import Role

Tables = Mapping[str, pd.DataFrame]
LEFT = forest.Column("label", "Study")
HR = forest.Column("interval", "HR [95 % CI]", "right")
UNADJUSTED = "No randomisation stands between the two groups; differences between the populations are in the estimate."


def drawing_of(entry: AnyComparison, words: str, part: str, data: str, figure: Any, **facts: Any) -> Drawing:
    """A figure of a comparison (`captions.drawing`): its question in the title, its assumptions in the caption."""
    made = captions.drawing(words, slug("comparison", entry.id, part), data, figure, **facts)
    caption = f"{made.caption} Assumed: {'; '.join(entry.assumptions)}."
    return replace(made, title=f"{entry.question}: {made.title}", caption=caption)


NO_GRADE = ("", "none", "printed")
GRADES = {
    "summary": "patients reconstructed from printed numbers only, not from a curve or from individual data",
    "curve": "patients reconstructed from digitised curves",
}


def grade_words(estimates: pd.DataFrame) -> str:
    """The evidence behind the estimates, in words; the weakest evidence determines the wording."""
    own = estimates[~estimates["refused"] & (estimates["role"] != Role.PRINTED)]
    grades = sorted({str(grade) for grade in own["evidence"].dropna()} - set(NO_GRADE))
    words = next((GRADES[grade] for grade in GRADES if grade in grades), "printed numbers")
    return f"Evidence grade {', '.join(grades) or 'not stated'}: {words}."


def bias_drawing(entry: AnyComparison, tables: Tables, names: Mapping[str, str], grade: str, folder: str) -> Drawing:
    """The bias array of a comparison."""
    array, values = tables["bias_array"], tables.get("e_values", pd.DataFrame())
    return drawing_of(
        entry,
        "bias",
        "bias",
        f"{folder}/bias_array.csv",
        comparison.bias_array_plot(array, first=names["first"], second=names["second"]),
        **names,
        changed=int((array["conclusion"] != "as observed").sum()),
        cells=len(array),
        values=values.to_dict("records"),
        low=array["ratio"].min(),
        high=array["ratio"].max(),
        grade=grade,
    )
