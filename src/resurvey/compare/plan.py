"""The comparisons of the config: each kind has one function, and what fails is a row with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from resurvey.compare.outcome import Outcome, refused
from resurvey.compare.patients import compare_patients
from resurvey.compare.printed import (
    compare_bucher,
    compare_network,
    compare_pool,
    compare_rates,
    compare_ratios,
)
from resurvey.errors import NotEstimable
from resurvey.tables import Tables

PRINTED = {
    "bucher": compare_bucher,
    "network": compare_network,
    "pool": compare_pool,
    "rates": compare_rates,
    "ratios": compare_ratios,
}


def carry_out(entry: Mapping[str, Any], typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Outcome:
    """Make one comparison.

    Parameters
    ----------
    entry : mapping
        One entry of `comparisons` in the config.
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    patients : mapping of DataFrame
        Rebuilt patients by study id, for entries that compare patients.

    Returns
    -------
    Outcome
        What information does not determine is a row of status `refused` with the reason; wrong input raises.
    """
    try:
        if entry["kind"] == "patients":
            return compare_patients(entry, typed, patients)
        return PRINTED[entry["kind"]](entry, typed)
    except NotEstimable as error:
        return refused(entry, str(error))
