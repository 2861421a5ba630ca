"""Figures of comparisons based on printed numbers alone: indirect, pooled, response rates, ratios of medians."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from resurvey.figures import comparison, forest
from resurvey.figures.gallery_ratios import ratio_forest, ratio_rows
from resurvey.figures.gallery_shared import (
    HR,
    LEFT,
    Tables,
    bias_drawing,
    drawing_of,
    grade_words,
)
from resurvey.figures.lights import lights_of
from resurvey.figures.pooled_rows import few_words, heterogeneity_words, pooled_rows
from resurvey.figures.save import Drawing
from resurvey.figures.style import number
from resurvey.labels import Labels, without_brackets
from resurvey.plan import AnyComparison
from resurvey.results import Contrast, Quantity, Role
from resurvey.steady import critical_value


def _exponentiated(rows: pd.DataFrame) -> pd.DataFrame:
    """Ratios with 95 % limits from log estimates and standard errors."""
    middle, half = rows["estimate"].astype(float), critical_value(0.95) * rows["se"].astype(float)
    return rows.assign(estimate=np.exp(middle), lower=np.exp(middle - half), upper=np.exp(middle + half))


def _versus(rows: pd.DataFrame, labels: Labels) -> list[str]:
    pairs = zip(rows["treatment"], rows["comparator"], strict=True)
    return [f"{without_brackets(labels.treatment(a))} vs {without_brackets(labels.treatment(b))}" for a, b in pairs]


def main_row(estimates: pd.DataFrame) -> pd.Series | None:
    """The main hazard ratio; None where there is none."""
    main = (estimates["role"] == Role.MAIN) & (estimates["quantity"] == Quantity.HAZARD_RATIO)
    rows = estimates[main & ~estimates["refused"] & estimates["estimate"].notna()]
    return rows.iloc[0] if len(rows) else None


def bucher_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    legs, whole = tables.get("legs"), main_row(tables["estimates"])
    if legs is None or whole is None:
        return
    direct = _exponentiated(legs).assign(kind="study", evidence="printed ratios")
    direct["label"] = [labels.study(study) for study in direct["study"]]
    direct["arms"] = _versus(direct, labels)
    indirect = whole.to_frame().T.assign(kind="pooled", label="Indirect (Bucher)", evidence="")
    indirect["arms"] = _versus(indirect, labels)
    rows = pd.concat([direct, indirect], ignore_index=True)
    rows["interval"] = forest.interval_text(rows)
    a, b = (without_brackets(labels.treatment(whole[side])) for side in ("treatment", "comparator"))
    lights = lights_of(tables.get("risk_of_bias"), direct["study"])
    figure = forest.forest(
        rows,
        left=[LEFT, forest.Column("arms", "First vs second")],
        right=[HR],
        xlabel="Hazard ratio (log scale)",
        better=("lower hazard: first named", "lower hazard: second named"),
        lights=lights,
    )
    yield drawing_of(
        entry,
        "legs",
        "forest",
        f"{folder}/legs.csv",
        figure,
        first=a,
        second=b,
        whole=whole.to_dict(),
        grade=grade_words(tables["estimates"]),
        lights=lights.words if lights else "",
    )
    yield from _otherwise(entry, tables["estimates"], (a, b), folder)
    yield from _printed_bias(entry, tables, labels, folder)


def _printed_bias(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """The bias array of a comparison of printed ratios, where it was made."""
    if "bias_array" not in tables:
        return
    estimates = tables["estimates"]
    told = estimates[estimates["quantity"] == Quantity.ARRAY_SHARE].iloc[0]
    sides = [" or ".join(labels.treatment(name) for name in str(told[side]).split(" or "))
             for side in ("treatment", "comparator")]  # fmt: skip
    yield bias_drawing(
        entry, tables, dict(zip(("first", "second"), sides, strict=True)), grade_words(estimates), folder
    )


def pool_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    estimates = tables["estimates"]
    if "studies" not in tables:
        return
    estimates = estimates[
        (estimates["quantity"] == Quantity.HAZARD_RATIO) & estimates["role"].isin(POOLED_ROLES) & ~estimates["refused"]
    ]
    names = {str(study): labels.study(study) for study in tables["studies"]["study"]}
    sizes, spread = tables["effects"].drop_duplicates("study"), tables.get("heterogeneity")
    rows = pooled_rows(tables["studies"], estimates, names, spread=spread, sizes=sizes)
    sides = ("treatment", "comparator")
    first, second = (without_brackets(labels.treatment(tables["effects"][side].iloc[0])) for side in sides)
    counts = [
        forest.Column(key, key.capitalize(), "right") for key in ("patients", "events") if (rows[key] != "").any()
    ]
    lights = lights_of(tables.get("risk_of_bias"), tables["studies"]["study"])
    figure = forest.forest(
        rows,
        left=[LEFT, *counts],
        right=[HR, forest.Column("weight_text", "Weight", "right")],
        xlabel="Hazard ratio (log scale)",
        better=(f"lower hazard: {first}", "lower hazard: comparator"),
        lights=lights,
    )
    effects = tables["effects"]
    yield drawing_of(
        entry,
        "pool",
        "forest",
        f"{folder}/studies.csv",
        figure,
        first=first,
        second=second,
        several=effects["comparator"].nunique() > 1,
        count=effects["study"].nunique(),
        pooled=estimates[estimates["population"] == "all"].to_dict("records"),
        prediction=(estimates["role"] == Role.PREDICTION).any(),
        spread=_spread_words(spread),
        observed=(effects["design"] != "randomised").any(),
        lights=lights.words if lights else "",
    )
    yield from _otherwise(entry, tables["estimates"], (first, second), folder)
    yield from _printed_bias(entry, tables, labels, folder)


RATIO = forest.Column("interval", "Printed HR [limits]", "right")
POOLED_ROLES = (Role.MAIN, Role.SECONDARY, Role.SUBGROUP, Role.PREDICTION)


def _spread_words(spread: pd.DataFrame | None) -> str:
    """Overall heterogeneity, with a warning where there are too few studies to assess it."""
    if spread is None or spread.empty:
        return ""
    few = few_words(spread.iloc[0])
    return " ".join(part for part in (heterogeneity_words(spread.iloc[0]) + ".", few) if part)


def _otherwise(entry: AnyComparison, estimates: pd.DataFrame, sides: tuple[str, str], folder: str) -> Iterator[Drawing]:
    """The main estimate above those of other studies, analyses or rules; nothing where there are no others."""
    ratios = ratio_rows(estimates)
    if len(ratios) > 1:
        yield ratio_forest(entry, ratios, sides, "from those printed", grade_words(estimates), folder)


def rates_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    if "rates" not in tables:
        return
    rates = tables["rates"].copy()
    rates["label"] = [_arm_words(str(label), labels) for label in rates["label"]]
    estimates = tables["estimates"]
    proportion = (estimates["quantity"] == Quantity.PROPORTION) & (estimates["contrast"] == Contrast.DIFFERENCE)
    differences = estimates[proportion & ~estimates["refused"]]
    figure = comparison.response_rates(rates)
    said = {"rates": rates.to_dict("records"), "differences": differences.to_dict("records")}
    yield drawing_of(entry, "rates", "rates", f"{folder}/rates.csv", figure, **said)


def _arm_words(label: str, labels: Labels) -> str:
    """`study_id arm_id` in words."""
    study, _, arm = label.partition(" ")
    return f"{labels.arm(study, arm)} ({labels.study(study)})"


def counts_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Forest plot of the counts of each study and their pooled ratio; differences are only in the table."""
    estimates, counts = tables["estimates"], tables.get("counts")
    ratios = estimates[(estimates["contrast"] == Contrast.RATIO) & ~estimates["refused"]]
    if counts is None or ratios.empty:
        return
    told = counts[counts["estimate"].notna()]
    names = {str(study): labels.study(study) for study in told["study"]}
    rows = pooled_rows(told.assign(group="all"), ratios, names, "printed counts")
    rows = rows.assign(**_counted(rows["study"], told))
    first, second = (
        without_brackets(labels.treatment(str(ratios[side].iloc[0]))) for side in ("treatment", "comparator")
    )
    lights = lights_of(tables.get("risk_of_bias"), told["study"])
    what = str(ratios["measure"].iloc[0])
    figure = forest.forest(
        rows,
        left=[LEFT, forest.Column("first", "First", "right"), forest.Column("second", "Second", "right")],
        right=[
            forest.Column("interval", f"{what} [limits]", "right"),
            forest.Column("weight_text", "Weight", "right"),
        ],
        xlabel=f"{what.capitalize()} (log scale)",
        better=(f"fewer: {first}", f"fewer: {second}"),
        lights=lights,
    )
    yield drawing_of(
        entry,
        "counts",
        "forest",
        f"{folder}/counts.csv",
        figure,
        what=what,
        first=first,
        second=second,
        count=len(told),
        pooled=ratios.to_dict("records"),
        lights=lights.words if lights else "",
    )


def _counted(studies: pd.Series, counts: pd.DataFrame) -> dict[str, list[str]]:
    """`12/100` for both groups of each study; empty in rows that are not of a study."""
    known = {str(row["study"]): row for _, row in counts.iterrows()}
    made: dict[str, list[str]] = {"first": [], "second": []}
    for study in studies:
        for side, before in (("first", ""), ("second", "comparator_")):
            row = known.get(str(study))
            said = "" if row is None else f"{row[f'{before}events']:.0f}/{row[f'{before}patients']:.0f}"
            made[side].append(said)
    return made


def ratios_drawings(entry: AnyComparison, tables: Tables, labels: Labels, folder: str) -> Iterator[Drawing]:
    """Printed hazard ratios beside ratios of the printed medians, one figure per endpoint."""
    for endpoint, rows in tables["estimates"].groupby("endpoint", sort=False):
        shown = _ratio_pairs(rows, labels)
        if shown.empty:
            continue
        figure = forest.forest(
            shown,
            left=[forest.Column("label", "Trial"), forest.Column("arms", "First vs second")],
            right=[RATIO, forest.Column("medians", "Medians", "right")],
            xlabel="Hazard ratio, or second median / first median (log scale)",
            better=("favours first named", "favours second named"),
            size=forest.SMALL,
        )
        medians = shown["median_ratio"].dropna()
        yield drawing_of(
            entry,
            "medians",
            f"forest {endpoint}",
            f"{folder}/estimates.csv",
            figure,
            endpoint=labels.endpoint(endpoint),
            printed=int((shown["interval"] != "").sum()),
            lower=int((medians < 1).sum()),
            count=len(medians),
        )


def _ratio_pairs(rows: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """One row per comparison: its printed ratio, and the ratio of medians inverted so that <1 favours the first."""
    known = rows[~rows["refused"] & rows["estimate"].notna()]
    made: list[dict[str, object]] = []
    for population, part in known.groupby("population", sort=False):
        of_medians, printed = (part[part["quantity"] == what] for what in (Quantity.MEDIAN, Quantity.HAZARD_RATIO))
        middle = 1 / float(of_medians["estimate"].iloc[0]) if len(of_medians) else np.nan
        row: dict[str, object] = {"kind": "study", "label": str(population)}
        row["arms"] = _versus(part.iloc[[0]], labels)[0]
        row |= {"median_ratio": middle, "medians": "" if middle != middle else number(middle)}
        if printed.empty:
            made.append(row | {"estimate": middle, "lower": np.nan, "upper": np.nan, "evidence": "printed medians"})
        for _, one in printed.iterrows():
            ends = {name: float(one[name]) for name in ("estimate", "lower", "upper")}
            made.append(row | ends | {"evidence": "printed ratios", "other": middle})
            row |= {"label": "", "arms": "", "medians": "", "median_ratio": np.nan}
    columns = ["kind", "label", "arms", "evidence", "estimate", "lower", "upper", "other", "medians", "median_ratio"]
    table = pd.DataFrame(made, columns=columns)
    own = table["evidence"] == "printed ratios"
    return table.assign(interval=forest.interval_text(table).where(own, "") if len(table) else "")
