"""Figures of a design check, from its table and its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from resurvey.figures import design_plots
from resurvey.figures.captions import drawing, said
from resurvey.figures.save import Drawing, slug


def design_drawings(
    design_id: str, table: pd.DataFrame, verdict: Mapping[str, Any], data: Mapping[str, str]
) -> Iterator[Drawing]:
    """Figures of one sample-size statement.

    Parameters
    ----------
    design_id : str
    table : DataFrame
        Rows of `check_claim`.
    verdict : dict
        The verdict, with the records behind the figures; a figure without its records is left out.
    data : dict of str
        Names of the files behind `table` and `verdict`.
    """
    if table.empty or table["events"].isna().all():
        return  # no formula applies, or the design is for a proportion: the table is enough
    claim = _claim(table, verdict)
    if table["events"].notna().any():
        yield _by_method(design_id, table, claim, data["table"])
    curves = design_plots.records(verdict, "operating_characteristics")
    if curves is not None:
        yield _power(design_id, curves, design_plots.records(verdict, "simulated"), claim, data["verdict"])
    course = verdict.get("course") or {}
    events = design_plots.records(verdict, "events_by_time")
    if events is not None:
        yield _events(design_id, events, course, claim, data["verdict"])
    grid = design_plots.records(verdict, "alpha_power_map")
    if grid is not None and claim["events"]:
        yield _map(design_id, grid, design_plots.records(verdict, "alpha_power_contour"), claim, data["verdict"])


def _claim(table: pd.DataFrame, verdict: Mapping[str, Any]) -> dict[str, Any]:
    printed, claimed = verdict.get("printed", {}), verdict.get("claimed", {})
    first = table.iloc[0]
    return {
        "null_median": float(printed.get("null_median", "nan") or "nan"),
        "alternative_median": float(printed.get("alternative_median", "nan") or "nan"),
        "alpha": float(first["alpha"]),
        "power": float(first["power"]),
        "events": claimed.get("events"),
        "patients": claimed.get("patients"),
    }


def _by_method(design_id: str, table: pd.DataFrame, claim: Mapping[str, Any], data: str) -> Drawing:
    hits = table[table["events"] == claim["events"]]
    return drawing(
        "design-methods",
        slug("design", design_id, "methods"),
        data,
        design_plots.events_by_method(table, claimed=claim["events"], claimed_patients=claim["patients"]),
        printed=said("design-methods", "printed", claim=claim),
        claim=claim,
        formulas=table["label"].nunique(),
        low=int(table["events"].min()),
        high=int(table["events"].max()),
        hits=sorted({f"{label} ({sides}-sided)" for label, sides in zip(hits["label"], hits["sides"], strict=True)}),
    )


def _power(
    design_id: str, curves: pd.DataFrame, simulated: pd.DataFrame | None, claim: Mapping[str, Any], data: str
) -> Drawing:
    at = curves[(curves["true_median"] - claim["alternative_median"]).abs() < 0.2]
    return drawing(
        "design-power",
        slug("design", design_id, "power"),
        data,
        design_plots.operating_characteristics(curves, simulated, claim=claim),
        printed=said("design-methods", "printed", claim=claim),
        claim=claim,
        trials=0 if simulated is None else int(simulated["trials"].max()),
        error=0.0 if simulated is None else simulated["monte_carlo_se"].max(),
        low=at["power"].min(),
        high=at["power"].max(),
    )


def _events(
    design_id: str, events: pd.DataFrame, course: Mapping[str, Any], claim: Mapping[str, Any], data: str
) -> Drawing:
    cut, observed = course.get("cut_off"), course.get("events")
    near = (
        []
        if cut is None
        else [
            (name, rows.iloc[(rows["time"] - cut).abs().argmin()]["expected_events"])
            for name, rows in events.groupby("hypothesis", sort=False)
        ]
    )
    return drawing(
        "design-events",
        slug("design", design_id, "events"),
        data,
        design_plots.events_over_time(
            events, planned=claim["events"], observed=observed, cut_off=cut, accrual=course.get("accrual")
        ),
        course={"patients": "", "accrual": 0, "cut_off": None, "events": None, **course},
        near=near,
    )


def _map(
    design_id: str, grid: pd.DataFrame, contours: pd.DataFrame | None, claim: Mapping[str, Any], data: str
) -> Drawing:
    return drawing(
        "design-alpha-power",
        slug("design", design_id, "alpha-power"),
        data,
        design_plots.alpha_power(grid, contours, claimed=claim["events"], printed=claim),
        claim=claim,
        others=[] if contours is None else list(dict.fromkeys(contours["label"])),
    )
