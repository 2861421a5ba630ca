"""All main comparisons in one forest plot: estimate, interval, evidence, and range over other target populations."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from resurvey.evidence_grade import Grade
from resurvey.figures import forest
from resurvey.figures.captions import drawing
from resurvey.figures.save import Drawing
from resurvey.labels import Labels, brief, without_brackets
from resurvey.results import Quantity, Role

ALIKE = 3  # fewest comparisons of one group that have their own heading
LONG = 50  # characters; a longer name of a pair of groups is not repeated in each of its rows
INDENT = "\u2002"
HR = forest.Column("interval", "HR [95 % CI]", "right")
OVER = "range over other target populations"


def overview_drawings(
    comparisons: pd.DataFrame,
    labels: Labels,
    data: str,
    grades: Mapping[str, Grade] | None = None,
    marks: Mapping[str, str] | None = None,
) -> list[Drawing]:
    """One forest plot of the main hazard ratios of all comparisons; nothing where no comparison has one.

    Parameters
    ----------
    comparisons : DataFrame
        comparisons.csv.
    labels : Labels
    data : str
        Name of that file.
    grades : dict of Grade, optional
        Evidence grade of each comparison, by its id; used as heading.
    marks : dict of str, optional
        Letters of the findings that affect each comparison, by its id.
    """
    ratios = comparisons[(comparisons["quantity"] == Quantity.HAZARD_RATIO) & ~comparisons["refused"]]
    main = ratios[(ratios["role"] == Role.MAIN) & ratios["estimate"].notna()]
    if main.empty:
        return []
    rows = _with_range(main, ratios[ratios["role"] == Role.STANDARDISED])
    rows = rows.assign(
        grade=rows["comparison_id"].map(dict(grades or {})),
        mark=rows["comparison_id"].map({name: INDENT + letters for name, letters in (marks or {}).items()}).fillna(""),
    )
    rows = _grouped(_worded(rows, labels))
    single = rows[rows["kind"] == "study"]
    rows["interval"] = forest.interval_text(rows).where(rows["kind"] == "study", "")
    figure = forest.forest(
        rows,
        left=[forest.Column("label", "Comparison"), forest.Column("what", "")],
        right=[HR, *([forest.Column("mark", f"{INDENT}Note")] if single["mark"].any() else [])],
        xlabel="",
        better=("lower hazard: first named", "lower hazard: second named"),
        size=forest.SMALL,
        band=OVER if single["band_low"].notna().any() else "",
    )
    known = {name: labels.endpoint(name) for name in single["what"].unique()}
    made = drawing(
        "overview",
        "comparisons-overview",
        data,
        figure,
        rows=single.to_dict("records"),
        count=single["comparison_id"].nunique(),
        rebuilt=bool(set(single["evidence"]) & set(forest.GRADE_WORDS)),
        bands=single["band_low"].notna().any(),
        networks=single["network"].any(),
        letters=single["mark"].any(),
        endpoints=[(name, words) for name, words in known.items() if words != name],
    )
    return [made]


def _with_range(main: pd.DataFrame, standardised: pd.DataFrame) -> pd.DataFrame:
    """Each main row with the smallest and largest estimate over target populations, its own included."""
    others = standardised.dropna(subset="estimate").groupby("comparison_id")["estimate"].agg(["min", "max"])
    low, high = (main["comparison_id"].map(others[name]) for name in ("min", "max"))
    known = low.notna()
    return main.assign(
        band_low=low.where(low < main["estimate"], main["estimate"]).where(known),
        band_high=high.where(high > main["estimate"], main["estimate"]).where(known),
    )


def _worded(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The rows with both sides in words; of a network only the treatment with the lowest hazard."""
    rows = rows.assign(
        first=[_side(name, kind, labels) for name, kind in zip(rows["treatment"], rows["kind"], strict=True)],
        second=[_side(name, kind, labels) for name, kind in zip(rows["comparator"], rows["kind"], strict=True)],
        what=rows["endpoint"].fillna(""),
        network=rows["kind"] == "network",
        kind="study",
    )
    for side in ("first", "second"):
        cells = zip(rows[side], rows["population"].fillna("all"), strict=True)
        rows[f"whole_{side}"] = [words.replace(f", {population})", ")") for words, population in cells]
    best = _best(rows[rows["network"]])
    return rows[~rows["network"] | rows.index.isin(best.index)]


def _grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows under a heading for each grade of evidence, and for each group that is compared with several others."""
    order = [grade for grade in Grade if (rows["grade"] == grade).any()]
    parts = [(str(grade), rows[rows["grade"] == grade]) for grade in order]
    if rows["grade"].isna().any():
        parts.append(("Other evidence" if parts else "", rows[rows["grade"].isna()]))
    made = [piece for words, part in parts for piece in (_heading(words), *_under(part)) if len(piece)]
    return pd.concat(made, ignore_index=True)


def _under(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Labelled rows of one grade; several rows of one group or pair are placed under its name."""
    often = (rows.groupby("first")["second"].transform("nunique") >= ALIKE) & ~rows["network"]
    made = []
    for name, part in rows[often].groupby("first", sort=False):
        made += [_heading(f"{name} against", "subheading"), part.assign(label=INDENT + part["second"])]
    rest = rows[~often]
    for (_, _, network), part in rest.groupby(["whole_first", "whole_second", "network"], sort=False):
        pair = _versus(*part[["whole_first", "whole_second"]].iloc[0]) + (" (network)" if network else "")
        if len(part) > 1 and len(pair) > LONG:
            who = part["population"].replace("all", "all patients")
            made += [_heading(pair, "subheading"), part.assign(label=INDENT + who)]
        else:
            sides = zip(part["first"], part["second"], strict=True)
            made.append(part.assign(label=[_versus(*both) + (" (network)" if network else "") for both in sides]))
    return made


def _best(rows: pd.DataFrame) -> pd.DataFrame:
    """For each network the row with the lowest hazard (the first if tied)."""
    ordered = rows.sort_values("estimate", kind="stable")
    return ordered.drop_duplicates("comparison_id").sort_index(kind="stable")


def _heading(words: str, kind: str = "heading") -> pd.DataFrame:
    """A row with the words as heading; no row where they are empty."""
    nothing = float("nan")
    cells = {"kind": kind, "label": words[:1].upper() + words[1:] if kind == "heading" else words, "evidence": ""}
    ends = dict.fromkeys(("estimate", "lower", "upper", "band_low", "band_high"), nothing)
    return pd.DataFrame([{**cells, "what": "", "mark": "", **ends}] if words else [])


def _side(name: object, kind: object, labels: Labels) -> str:
    """Short name of a treatment; for a group of patients the study is kept."""
    return (brief if kind == "patients" else without_brackets)(labels.treatment(name))


def _versus(first: str, second: str) -> str:
    """`A vs B (study)` where both sides are from one study, otherwise `A (study) vs B (study)`."""
    own = re.search(r"\s*\([^()]*\)$", first)
    same = own is not None and second.endswith(own[0])
    return f"{first.removesuffix(own[0]) if own and same else first} vs {second}"
