"""Comparison of every printed fact with the rebuilt value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from resurvey.reconstruct.arm import Arm
from resurvey.reconstruct.monotone import distinct
from resurvey.results import FactKind, Limit
from resurvey.survival.curves import quantile_limits
from resurvey.survival.km import KaplanMeier, product_limit

Floats = NDArray[np.float64]
Patients = tuple[Floats, Floats]


def half_unit(value: float) -> float:
    """Half a unit of the last given digit of a number."""
    text = f"{value:.10f}".rstrip("0")
    return 0.5 * 10.0 ** -max(len(text.split(".")[1]), 0)


def fact(
    name: str,
    kind: FactKind,
    printed: float,
    rebuilt: list[float],
    tolerance: float,
    note: str = "",
    *,
    time: float = math.nan,
    limit: Limit = Limit.NONE,
    binding: bool = True,
) -> dict[str, object]:
    """One row of the table: the mean over replicates, and whether the fact holds in all of them."""
    values = [float(value) for value in rebuilt]
    held = sum(value == printed or abs(value - printed) <= tolerance + 1e-9 for value in values)
    if len(values) == 1:
        mean = values[0]
    else:
        mean = float(np.mean(values) if np.all(np.isfinite(values)) else np.median(values))
    return {
        "fact": name,
        "printed": float(printed),
        "rebuilt": mean,
        "difference": 0.0 if mean == printed else mean - printed,
        "holds": held == len(values),
        "note": note,
        "kind": str(kind),
        "time": time,
        "limit": str(limit),
        "binding": binding,
        "held": held,
        "replicates": len(values),
    }


def curve_facts(arm: Arm, sets: list[Patients]) -> tuple[list[dict[str, object]], list[str]]:
    """The rows of `accuracy` for an arm, and a sentence for each printed fact that does not hold."""
    rows = [fact("patients", FactKind.PATIENTS, arm.n, [time.size for time, _ in sets], 0)]
    if arm.events is not None:
        rows.append(fact("events", FactKind.EVENTS, arm.events, [event.sum() for _, event in sets], 0))
    when, counts = arm.given_table.time.tolist(), arm.given_table.count.tolist()
    left = [(time.size - np.sort(time).searchsorted(arm.given_table.time)).tolist() for time, _ in sets if when]
    for row, (moment, count) in enumerate(zip(when, counts, strict=True)):
        rebuilt_counts = [rebuilt[row] for rebuilt in left]
        rows.append(fact(f"at risk at {moment:g}", FactKind.AT_RISK, count, rebuilt_counts, 0, time=moment))
    curves = [product_limit(time, event) for time, event in sets]
    if arm.median is not None:
        rows += median_facts(arm.median, curves)
    for when, rate in arm.landmarks:
        rebuilt = [float(curve.at(when)) for curve in curves]
        name = f"survival at {when:g}"
        rows.append(fact(name, FactKind.SURVIVAL, rate, rebuilt, half_unit(rate), time=float(when)))
    broken = [
        f"{row['fact']}: {row['printed']:g} printed, {row['rebuilt']:.6g} rebuilt" for row in rows if not row["holds"]
    ]
    return rows + distances(arm, curves), broken


def median_facts(median: tuple[float, float, float], curves: list[KaplanMeier]) -> list[dict[str, object]]:
    """The median, and its confidence limits from the log-log or the linear band, whichever is nearer."""
    medians = [curve.quantile() for curve in curves]
    rows = [fact("median", FactKind.MEDIAN, median[0], medians, half_unit(median[0]))]
    if np.all(np.isnan(median[1:])):
        return rows
    bands = {name: np.array([quantile_limits(curve, transform=kind) for curve in curves])
             for name, kind in (("log-log", "log-log"), ("linear", "plain"))}  # fmt: skip
    nearest = min(bands, key=lambda kind: _apart(np.median(bands[kind], axis=0), np.array(median[1:])))
    for place, limit in enumerate((Limit.LOWER, Limit.UPPER)):
        if np.isfinite(median[1 + place]):
            note = f"95 % limit, {nearest} band; methods differ between programs"
            values = bands[nearest][:, place].tolist()
            name, printed = f"median, {limit} limit", median[1 + place]
            kind, within = FactKind.MEDIAN_LIMIT, half_unit(printed)
            # programs differ in how they derive limits from the curve: they are shown, but not counted
            rows.append(fact(name, kind, printed, values, within, note, limit=limit, binding=False))
    return rows


def _apart(rebuilt: Floats, printed: Floats) -> float:
    """Total distance between two pairs of limits; equal infinities count as 0, a limit not printed is ignored."""
    differ = np.isfinite(printed) & (rebuilt != printed)
    return float(np.abs(rebuilt[differ] - printed[differ]).sum())


def distances(arm: Arm, curves: list[KaplanMeier]) -> list[dict[str, object]]:
    """RMSE and greatest distance between the rebuilt curve and the monotone curve through the points."""
    grid = distinct(np.concatenate((arm.curve.time, [arm.end])))
    middle, width = (grid[1:] + grid[:-1]) / 2, grid[1:] - grid[:-1]
    rebuilt = [curve.at(middle) for curve in curves]
    apart = (rebuilt[0] if len(rebuilt) == 1 else np.mean(rebuilt, axis=0)) - arm.curve.at(middle)
    rmse = math.sqrt((width * apart**2).sum() / max(width.sum(), 1e-300))
    most = float(np.abs(apart).max())
    allowed = max(0.02, 3 * arm.curve.noise, 1.5 / arm.n)
    note = f"noise of the points around the curve {arm.curve.noise:.2g}"
    kind = FactKind.DISTANCE
    return [
        fact("distance from the curve, RMSE", kind, 0.0, [rmse], allowed, note),
        fact("distance from the curve, greatest", kind, 0.0, [most], 3 * allowed, "at the middles between points"),
    ]
