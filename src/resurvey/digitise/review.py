"""The review page: one HTML file that shows a reading over its figure and saves a person's corrections."""

from __future__ import annotations

import base64
import json
from importlib.resources import files

import numpy as np

from resurvey import inert
from resurvey.digitise.corrections import Corrections
from resurvey.digitise.digitised import Digitised
from resurvey.digitise.overlay import COLOURS, corners, png


def review_page(made: Digitised, picture: np.ndarray, fixed: Corrections) -> str:
    """The page as self-contained HTML."""
    template = files("resurvey.digitise").joinpath("templates", "review.html").read_text(encoding="utf-8")
    image = "data:image/png;base64," + base64.b64encode(png(picture)).decode("ascii")
    content = json.dumps(_content(made, fixed), ensure_ascii=False).replace("<", "\\u003c")
    page = template.replace("{{IMAGE}}", image)
    script = page.partition("<script>")[2].partition("</script>")[0]
    return page.replace("{{ALLOWED}}", inert.allowed(script)).replace("{{CONTENT}}", content)


def _content(made: Digitised, fixed: Corrections) -> dict[str, object]:
    axes = made.axes
    return {
        "file": made.file,
        "panel": made.panel,
        "size": list(made.size),
        "verdict": made.verdict,
        "reason": made.reason,
        "unit": made.time_unit,
        "x": _ticks(axes.x.labels) if axes else [],
        "y": _ticks(axes.y.labels) if axes else [],
        "box": [round(side, 2) for side in axes.box] if axes else None,
        "curves": [
            {
                "name": curve.name,
                "colour": "rgb({},{},{})".format(*COLOURS[k % len(COLOURS)]),
                "path": np.round(corners(curve, made), 2).tolist(),
            }
            for k, curve in enumerate(made.curves)
        ],
        "at_risk": [
            {
                "label": row.label,
                "kind": row.kind,
                "counts": list(row.counts),
                "flagged": list(row.flagged),
                "times": list(row.times),
            }
            for row in made.at_risk
        ],
        "checks": [[check.name, check.outcome, check.words] for check in made.checks],
        "corrections": fixed.as_json(),
    }


def _ticks(labels) -> list[list[float]]:  # type: ignore[no-untyped-def]
    chosen = [labels[0], labels[-1]] if len(labels) > 1 else list(labels)
    return [[round(label.pixel, 2), round(label.value, 6)] for label in chosen]
