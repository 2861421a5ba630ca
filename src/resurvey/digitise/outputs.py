"""Write the reading to files: curves and numbers at risk for `resurvey reconstruct`, a picture and a review page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resurvey import tables, writing
from resurvey.digitise.corrections import Corrections
from resurvey.digitise.digitised import Digitised, TracedCurve
from resurvey.digitise.overlay import overlay_png
from resurvey.digitise.review import review_page

# Digits written: finer than a tenth of a pixel, coarser than differences between processors.
TIME_DIGITS, SURVIVAL_DIGITS = 5, 5


def write_figure(made: Digitised, picture: np.ndarray, folder: Path, fixed: Corrections | None = None) -> list[Path]:
    """Write all files of one panel into a folder; return the files.

    With `arms.csv` beside the curves, `resurvey reconstruct FOLDER` accepts the folder as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stems = file_names(made)
    written = [
        path for stem, curve in zip(stems, made.curves, strict=True) for path in _curve(folder, stem, made, curve)
    ]
    png = overlay_png(picture, made)
    writing.write_bytes(png, folder / "overlay.png")
    writing.write_text(json.dumps(summary(made), indent=1, ensure_ascii=False) + "\n", folder / "digitised.json")
    writing.write_text(review_page(made, picture, fixed or Corrections()), folder / "review.html")
    if made.curves:
        tables.write_csv(_arms(made, stems), folder / "arms.csv")
    return [*written, folder / "overlay.png", folder / "digitised.json", folder / "review.html"]


def file_names(made: Digitised) -> list[str]:
    """A plain file name for each curve, all different."""
    seen: dict[str, int] = {}
    names = []
    for k, curve in enumerate(made.curves):
        plain = re.sub(r"[^a-z0-9]+", "-", curve.name.lower()).strip("-")[:40].strip("-") or f"curve-{k + 1}"
        seen[plain] = seen.get(plain, 0) + 1
        names.append(plain if seen[plain] == 1 else f"{plain}-{seen[plain]}")
    return names


def curve_table(curve: TracedCurve) -> pd.DataFrame:
    """Columns time, survival, uncertainty."""
    return pd.DataFrame(
        {
            "time": np.round(curve.times, TIME_DIGITS),
            "survival": np.round(curve.survival, SURVIVAL_DIGITS),
            "uncertainty": np.round(curve.uncertainty, SURVIVAL_DIGITS),
        }
    )


def risk_table(made: Digitised, curve: TracedCurve) -> pd.DataFrame:
    """Columns time, at_risk: the cells read and not flagged; empty if the curve has no row."""
    if curve.risk is None:
        return pd.DataFrame({"time": [], "at_risk": []})
    row = made.at_risk[curve.risk]
    cells = [(t, n) for t, n, bad in zip(row.times, row.counts, row.flagged, strict=True) if n is not None and not bad]
    return pd.DataFrame(cells, columns=["time", "at_risk"])


def _curve(folder: Path, stem: str, made: Digitised, curve: TracedCurve) -> list[Path]:
    files = [folder / f"{stem}.csv"]
    tables.write_csv(curve_table(curve), files[0])
    rows = risk_table(made, curve)
    if len(rows):
        files.append(folder / f"{stem}-at-risk.csv")
        tables.write_csv(rows, files[-1])
    if len(curve.censor_times):
        files.append(folder / f"{stem}-censored.csv")
        tables.write_csv(pd.DataFrame({"time": np.round(curve.censor_times, TIME_DIGITS)}), files[-1])
    return files


def _arms(made: Digitised, stems: list[str]) -> pd.DataFrame:
    records = []
    for stem, curve in zip(stems, made.curves, strict=True):
        rows = risk_table(made, curve)
        first = rows["at_risk"].iloc[0] if len(rows) and rows["time"].iloc[0] == 0 else ""
        at_risk = f"{stem}-at-risk.csv" if len(rows) else ""
        records.append({"file": f"{stem}.csv", "n": first, "at_risk": at_risk, "name": curve.name})
    return pd.DataFrame(records)


def summary(made: Digitised) -> dict[str, Any]:
    """Everything except the points of the curves, as plain values."""
    return {
        "file": made.file,
        "kind": made.kind,
        "verdict": made.verdict,
        "reason": made.reason,
        "panel": made.panel,
        "panels": made.panels,
        "time_unit": made.time_unit,
        "axes": _axes(made),
        "curves": [
            {
                "name": curve.name,
                "colour": "#{:02x}{:02x}{:02x}".format(*curve.colour),
                "dashed": curve.dashed,
                "coverage": round(curve.coverage, 3),
                "row_at_risk": None if curve.risk is None else curve.risk + 1,
                "end": round(float(curve.times[-1]), TIME_DIGITS),
                "censored": len(curve.censor_times),
            }
            for curve in made.curves
        ],
        "at_risk": [
            {
                "label": row.label,
                "kind": row.kind,
                "times": list(row.times),
                "counts": list(row.counts),
                "flagged": [k for k, bad in enumerate(row.flagged) if bad],
            }
            for row in made.at_risk
        ],
        "legend": list(made.legend),
        "checks": [{"check": check.name, "outcome": check.outcome, "words": check.words} for check in made.checks],
    }


def _axes(made: Digitised) -> dict[str, Any] | None:
    if made.axes is None:
        return None
    return {
        name: [[round(label.pixel, 2), round(label.value, 6)] for label in axis.labels]
        for name, axis in (("x", made.axes.x), ("y", made.axes.y))
    }
