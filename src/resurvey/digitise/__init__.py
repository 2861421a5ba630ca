"""Published figures read into curves: vector lines exactly, pictures by tracing, each with a verdict."""

from resurvey.digitise.corrections import Corrections, read_corrections
from resurvey.digitise.figure import Reader, digitise, digitise_all
from resurvey.digitise.model import Axis, Check, Digitised, Panel, RiskRow, TracedCurve

__all__ = [
    "Axis",
    "Check",
    "Corrections",
    "Digitised",
    "Panel",
    "Reader",
    "RiskRow",
    "TracedCurve",
    "digitise",
    "digitise_all",
    "read_corrections",
]
