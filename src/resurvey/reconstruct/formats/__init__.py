"""Digitised curves in the formats that digitising programs write, and patients in formats that other programs read."""

from resurvey.reconstruct.formats.columns import DigitisedCurve
from resurvey.reconstruct.formats.curve_files import chosen, plain, proportions, read_curves
from resurvey.reconstruct.formats.export import export_patients, write_patients
from resurvey.reconstruct.formats.kmdata import read_kmdata, read_kmdata_key
from resurvey.reconstruct.formats.risk_files import AtRisk, at_risk_of, read_at_risk

__all__ = [
    "AtRisk",
    "DigitisedCurve",
    "at_risk_of",
    "chosen",
    "export_patients",
    "plain",
    "proportions",
    "read_at_risk",
    "read_curves",
    "read_kmdata",
    "read_kmdata_key",
    "write_patients",
]
