"""Figures of a design check, from its table and its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from resurvey.figures import design_plots
from resurvey.figures.save import Drawing, slug

SPARSE = "Formulas and references: see the table of the check."


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


def _printed(claim: Mapping[str, Any]) -> str:
    return (
        f"median {claim['null_median']:g} against {claim['alternative_median']:g} months, α "
        f"{100 * claim['alpha']:g} %, "
        f"power {100 * claim['power']:g} %, {claim['events']} events, {claim['patients']} patients"
    )


def _by_method(design_id: str, table: pd.DataFrame, claim: Mapping[str, Any], data: str) -> Drawing:
    hits = table[(table["events"] == claim["events"])]
    words = sorted({f"{row['label']} ({row['sides']}-sided)" for _, row in hits.iterrows()})
    low, high = int(table["events"].min()), int(table["events"].max())
    return Drawing(
        name=slug("design", design_id, "methods"),
        section="design",
        title="Events and patients by every named formula",
        caption=f"Sample size of the printed statement ({_printed(claim)}) by {table['label'].nunique()} named "
        "formulas, one- and "
        "two-sided; left events, right patients under each reading of the accrual sentence; dashed: the "
        "printed numbers. "
        f"The formulas give {low} to {high} events; exactly the printed number, in one reading at least: "
        f"{'; '.join(words) or 'none'}. "
        "That a formula "
        f"gives the printed number does not show that it was used. {SPARSE}",
        alt=f"Dot plot of events and patients by formula; events from {low} to {high}, the printed "
        f"{claim['events']} marked by "
        f"a dashed line; hit by {'; '.join(words) or 'no formula'}.",
        data=data,
        figure=design_plots.events_by_method(table, claimed=claim["events"], claimed_patients=claim["patients"]),
    )


def _power(
    design_id: str, curves: pd.DataFrame, simulated: pd.DataFrame | None, claim: Mapping[str, Any], data: str
) -> Drawing:
    trials = (
        ""
        if simulated is None
        else (
            f" Symbols: {int(simulated['trials'].max())} simulated trials each, analysed at the claimed event "
            "(largest Monte-Carlo "
            f"standard error {100 * simulated['monte_carlo_se'].max():.1f} percentage points)."
        )
    )
    at = curves[(curves["true_median"] - claim["alternative_median"]).abs() < 0.2]
    low, high = 100 * at["power"].min(), 100 * at["power"].max()
    return Drawing(
        name=slug("design", design_id, "power"),
        section="design",
        title="Operating characteristics of the printed design",
        caption=f"Probability of rejecting the null with {claim['events']} events against the true median, by "
        "formula (lines), "
        f"one- and two-sided at {100 * claim['alpha']:g} %.{trials} Survival is exponential; under another "
        "shape the curves "
        f"do not hold. Printed: {_printed(claim)}. {SPARSE}",
        alt="Power curves by formula rising from the printed level at the null median "
        f"{claim['null_median']:g}; near the "
        f"alternative median {claim['alternative_median']:g} they lie between {low:.0f} and {high:.0f} %.",
        data=data,
        figure=design_plots.operating_characteristics(curves, simulated, claim=claim),
    )


def _events(
    design_id: str, events: pd.DataFrame, course: Mapping[str, Any], claim: Mapping[str, Any], data: str
) -> Drawing:
    cut, observed = course.get("cut_off"), course.get("events")
    said = ""
    if cut is not None:
        near = {
            name: rows.iloc[(rows["time"] - cut).abs().argmin()]
            for name, rows in events.groupby("hypothesis", sort=False)
        }
        said = "; ".join(f"{name} {row['expected_events']:.0f}" for name, row in near.items())
    return Drawing(
        name=slug("design", design_id, "events"),
        section="design",
        title="Events to be expected by calendar time",
        caption=f"Expected events of {course.get('patients', '')} patients entering evenly over "
        f"{course.get('accrual', 0):.1f} "
        "months (the trial's real course), exponential, without dropout, under the null, the alternative and "
        "the observed "
        "median; bands: where the count of 95 % of trials falls (binomial). At the cut-off "
        f"({0 if cut is None else cut:.1f} months) expected: {said}; printed: {observed}. Fewer events than "
        "expected can mean "
        "longer times or patients lost; the figure cannot tell which.",
        alt=f"Rising curves of expected events with bands. At the cut-off expected {said}; printed {observed}.",
        data=data,
        figure=design_plots.events_over_time(
            events, planned=claim["events"], observed=observed, cut_off=cut, accrual=course.get("accrual")
        ),
    )


def _map(
    design_id: str, grid: pd.DataFrame, contours: pd.DataFrame | None, claim: Mapping[str, Any], data: str
) -> Drawing:
    others = [] if contours is None else list(dict.fromkeys(contours["label"]))
    return Drawing(
        name=slug("design", design_id, "alpha-power"),
        section="design",
        title=f"Which α and power ask for {claim['events']} events",
        caption="Events by the first formula drawn, over α (in one tail) and power (shading and thin "
        "contours), and the curves on "
        f"which {claim['events']} events are needed by {len(others)} formulas: {'; '.join(others)}. Symbols: "
        "the printed α and "
        f"power, read as one-sided and as two-sided. A curve through a symbol reproduces the print. {SPARSE}",
        alt=f"Map of alpha and power with curves where {claim['events']} events are needed; the printed "
        "settings lie at "
        f"{100 * claim['alpha']:g} % and {50 * claim['alpha']:g} % in one tail and {100 * claim['power']:g} % "
        "power.",
        data=data,
        figure=design_plots.alpha_power(grid, contours, claimed=claim["events"], printed=claim),
    )
