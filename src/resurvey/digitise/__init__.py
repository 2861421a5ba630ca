"""Digitise published figures: vector lines are read exactly, raster images are traced; each curve gets a verdict."""

from resurvey.digitise.corrections import Corrections, read_corrections
from resurvey.digitise.digitised import Axis, Check, Digitised, Panel, RiskRow, TracedCurve
from resurvey.digitise.from_file import Reader, digitise, digitise_all
from resurvey.digitise.print_checks import Printed, read_printed

__all__ = [
    "Axis",
    "Check",
    "Corrections",
    "Digitised",
    "Panel",
    "Printed",
    "Reader",
    "RiskRow",
    "TracedCurve",
    "digitise",
    "digitise_all",
    "read_corrections",
    "read_printed",
]
