"""All main comparisons in one forest: estimate, interval, evidence, and the range over other target populations."""

from __future__ import annotations

import re

import pandas as pd

from resurvey.figures import forest
from resurvey.figures.network_plots import short
from resurvey.figures.save import Drawing
from resurvey.figures.style import number
from resurvey.labels import Labels
from resurvey.results import Quantity, Role

ALIKE = 3  # comparisons of one group that are put under a heading of their own
HR = forest.Column("interval", "HR [95 % interval]", "right")
GRADES = {"printed ratios": "printed"}
OVER = "range of the estimate over other target populations"


def overview_drawings(comparisons: pd.DataFrame, labels: Labels, data: str) -> list[Drawing]:
    """One forest plot of the main hazard ratios of all comparisons; none where no comparison has one.

    Parameters
    ----------
    comparisons : DataFrame
        comparisons.csv.
    labels : Labels
    data : str
        Name of that file.
    """
    ratios = comparisons[(comparisons["quantity"] == Quantity.HAZARD_RATIO) & ~comparisons["refused"]]
    main = ratios[(ratios["role"] == Role.MAIN) & ratios["estimate"].notna()]
    if main.empty:
        return []
    rows = _grouped(_with_range(main, ratios[ratios["role"] == Role.STANDARDISED]), labels)
    single = rows[rows["kind"] == "study"]
    ranges = single["band_low"].notna()
    rows["interval"] = forest.interval_text(rows).where(rows["kind"] == "study", "")
    rows["over"] = [_range_text(*ends) for ends in zip(rows["band_low"], rows["band_high"], strict=True)]
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Comparison"), forest.Column("grade", "Evidence")],
        right=[HR, *([forest.Column("over", "Others", "right")] if ranges.any() else [])],
        xlabel="Hazard ratio (log scale)",
        better=("lower hazard: first named", "lower hazard: second named"),
        size=forest.SMALL,
        band=OVER if ranges.any() else "",
    )
    title = "All comparisons at a glance"
    return [Drawing("comparisons-overview", "comparisons", title, _caption(single), _alt(single), data, figure)]


def _with_range(main: pd.DataFrame, standardised: pd.DataFrame) -> pd.DataFrame:
    """Each main row with the least and the greatest estimate over other target populations, its own among them."""
    others = standardised.dropna(subset="estimate").groupby("comparison_id")["estimate"].agg(["min", "max"])
    low, high = (main["comparison_id"].map(others[name]) for name in ("min", "max"))
    known = low.notna()
    return main.assign(
        band_low=low.where(low < main["estimate"], main["estimate"]).where(known),
        band_high=high.where(high > main["estimate"], main["estimate"]).where(known),
    )


def _grouped(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The rows under headings: one a group that is compared with several, one for the others, one for networks."""
    rows = rows.assign(
        first=[_side(name, kind, labels) for name, kind in zip(rows["treatment"], rows["kind"], strict=True)],
        second=[_side(name, kind, labels) for name, kind in zip(rows["comparator"], rows["kind"], strict=True)],
        what=rows["endpoint"].fillna(""),
        grade=rows["endpoint"].fillna("") + ", " + rows["evidence"].map(lambda grade: GRADES.get(grade, grade)),
        method_kind=rows["kind"],
        kind="study",
    )
    whole = rows["method_kind"] == "network"
    often = rows.groupby(["method_kind", "first"])["comparison_id"].transform("nunique") >= ALIKE
    parts: list[tuple[str, pd.DataFrame]] = []
    for name, part in rows[often & ~whole].groupby("first", sort=False):
        parts.append((f"{name} against", part.assign(label=part["second"])))
    rest = rows[~often & ~whole]
    if len(rest):
        words = "Other comparisons" if parts else "Comparisons"
        label = [_versus(*sides) for sides in zip(rest["first"], rest["second"], strict=True)]
        parts.append((words, rest.assign(label=label)))
    best = _best(rows[whole])
    if len(best):
        label = [_versus(*sides) for sides in zip(best["first"], best["second"], strict=True)]
        words = "The lowest hazard in each network" if len(best) > 1 else "The lowest hazard in the network"
        parts.append((words, best.assign(label=label)))
    if len(parts) == 1:
        return parts[0][1].reset_index(drop=True)
    made = [pd.concat([_heading(words), part]) for words, part in parts]
    return pd.concat(made, ignore_index=True)


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each network the row of the lowest hazard; of equal ones the first."""
    ordered = rows.sort_values("estimate", kind="stable")
    return ordered.drop_duplicates("comparison_id").sort_index(kind="stable")


def _heading(words: str) -> pd.DataFrame:
    nothing = float("nan")
    cells = {"kind": "heading", "label": words, "grade": "", "evidence": ""}
    return pd.DataFrame([{**cells, **dict.fromkeys(("estimate", "lower", "upper", "band_low", "band_high"), nothing)}])


def _side(name: object, kind: object, labels: Labels) -> str:
    """A treatment without what stands in brackets; of a group of patients the study stays."""
    words = labels.treatment(name)
    brackets = re.findall(r"\s*\([^()]*\)", words)
    if kind == "patients":
        return words.replace(brackets[0], "") if len(brackets) > 1 else words
    return " or ".join(short(one) for one in words.split(" or "))


def _versus(first: str, second: str) -> str:
    """`A vs B (study)` where both sides are of one study, `A (study) vs B (study)` where they are not."""
    own = re.search(r"\s*\([^()]*\)$", first)
    same = own is not None and second.endswith(own[0])
    return f"{first.removesuffix(own[0]) if own and same else first} vs {second}"


def _range_text(low: float, high: float) -> str:
    return "" if low != low else f"{number(low)} to {number(high)}"


def _said(row: pd.Series) -> str:
    ends = f"{number(row['estimate'])} ({number(row['lower'])} to {number(row['upper'])})"
    over = _range_text(row["band_low"], row["band_high"])
    return f"{row['first']} vs {row['second']}, {row['what']}, {ends}" + (f", over others {over}" if over else "")


def _alt(rows: pd.DataFrame) -> str:
    return "Forest plot of hazard ratios: " + "; ".join(_said(row) for _, row in rows.iterrows()) + "."


def _caption(rows: pd.DataFrame) -> str:
    count = rows["comparison_id"].nunique()
    grades = set(rows["evidence"])
    whose = "the one comparison that gives one" if count == 1 else f"each of the {count} comparisons that give one"
    parts = [f"Main hazard ratio with 95 % interval of {whose}."]
    if grades & set(forest.GRADE_WORDS):
        parts.append("Rebuilt patients are compared unadjusted.")
    if rows["band_low"].notna().any():
        parts.append(
            "Band and last column: how far the estimate moves when the first group is weighted to other populations."
        )
    if len(rows) > 1:
        parts.append("Rows rest on different patients: do not compare them.")
    return " ".join(parts)
