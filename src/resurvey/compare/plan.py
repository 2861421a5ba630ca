"""The comparisons of the config: each kind has one function, and what fails is a row with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from resurvey.compare.bootstrap import Bootstrap
from resurvey.compare.networks import compare_network
from resurvey.compare.outcome import Outcome, refused
from resurvey.compare.patients import compare_patients
from resurvey.compare.printed import compare_bucher, compare_pool
from resurvey.compare.printed_bias import with_bias
from resurvey.compare.rates import compare_rates, compare_ratios
from resurvey.compare.sensitivity import Make, with_alternatives
from resurvey.errors import InputError, ResurveyError
from resurvey.tables import Tables

PRINTED = {
    "bucher": compare_bucher,
    "network": compare_network,
    "pool": compare_pool,
    "rates": compare_rates,
    "ratios": compare_ratios,
}
# Kinds whose claims can be exchanged for other printed ones, and what repeats them.
VARIED: dict[str, Make] = {
    "bucher": compare_bucher,
    "network": partial(compare_network, extras=False),
    "pool": compare_pool,
}


def carry_out(
    entry: Mapping[str, Any],
    typed: Tables,
    patients: Mapping[str, pd.DataFrame],
    bootstrap: Bootstrap | None = None,
) -> Outcome:
    """Make one comparison.

    Parameters
    ----------
    entry : mapping
        One entry of `comparisons` in the config.
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    patients : mapping of DataFrame
        Rebuilt patients by study id, for entries that compare patients.
    bootstrap : Bootstrap, optional
        Replicates behind every standardised ratio; by default none.

    Returns
    -------
    Outcome
        What information does not determine is a row of status `refused` with the reason.

    Raises
    ------
    InputError
        If the entry names what no table has; the message begins with the entry's id.
    """
    try:
        if entry["kind"] == "patients":
            return compare_patients(entry, typed, patients, bootstrap)
        make = PRINTED[entry["kind"]]
        if entry["kind"] in VARIED:
            return with_bias(entry, with_alternatives(entry, typed, make, VARIED[entry["kind"]]))
        return make(entry, typed)
    except InputError as error:
        raise InputError(f"comparison {entry['id']!r}: {error}") from None
    except ResurveyError as error:
        return refused(entry, str(error))
