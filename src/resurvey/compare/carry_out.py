"""Carry out comparisons of every kind; a comparison that cannot be estimated becomes a row with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd

from resurvey.compare.believed import with_beliefs
from resurvey.compare.beyond import compare_beyond
from resurvey.compare.bootstrap import Bootstrap
from resurvey.compare.counted import compare_counts
from resurvey.compare.judgements import with_judgements
from resurvey.compare.networks import compare_network
from resurvey.compare.outcome import Outcome, refused
from resurvey.compare.over_time import compare_over_time
from resurvey.compare.patients import compare_patients
from resurvey.compare.printed import compare_bucher, compare_pool
from resurvey.compare.printed_bias import with_bias
from resurvey.compare.rates import compare_rates, compare_ratios
from resurvey.compare.sensitivity import with_alternatives
from resurvey.errors import InputError, ResurveyError
from resurvey.plan import (
    AnyComparison,
    ExtrapolationComparison,
    PatientComparison,
    PrintedComparison,
    TimedComparison,
)
from resurvey.tables import Tables

Make = Callable[[Any, Tables], Outcome]
PRINTED: dict[str, Make] = {
    "bucher": compare_bucher,
    "counts": compare_counts,
    "network": compare_network,
    "pool": compare_pool,
    "rates": compare_rates,
    "ratios": compare_ratios,
}
# Kinds of comparison that are repeated with alternative printed claims, and the function that repeats them.
VARIED: dict[str, Make] = {
    "bucher": compare_bucher,
    "network": partial(compare_network, extras=False),
    "pool": compare_pool,
}


def carry_out(
    entry: AnyComparison,
    typed: Tables,
    patients: Mapping[str, pd.DataFrame],
    bootstrap: Bootstrap | None = None,
) -> Outcome:
    """Carry out one comparison.

    Parameters
    ----------
    entry : comparison
        Of any kind in `resurvey.plan`.
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    patients : mapping of DataFrame
        Reconstructed patients by study id, for comparisons of patients.
    bootstrap : Bootstrap, optional
        Bootstrap of every standardised ratio; by default none.

    Returns
    -------
    Outcome
        An effect that the data do not determine is a row with status `refused` and the reason.

    Raises
    ------
    InputError
        If the comparison names something that no table contains; the message begins with the comparison's id.
    """
    try:
        return with_judgements(typed, with_beliefs(entry, _made(entry, typed, patients, bootstrap)))
    except InputError as error:
        raise InputError(f"comparison {entry.id!r}: {error}") from None
    except ResurveyError as error:
        return refused(entry, str(error))


def _made(
    entry: AnyComparison, typed: Tables, patients: Mapping[str, pd.DataFrame], bootstrap: Bootstrap | None
) -> Outcome:
    if isinstance(entry, PatientComparison):
        return compare_patients(entry, typed, patients, bootstrap)
    if isinstance(entry, TimedComparison):
        return compare_over_time(entry, typed, patients)
    if isinstance(entry, ExtrapolationComparison):
        return compare_beyond(entry, typed, patients)
    make = PRINTED[entry.kind]
    if isinstance(entry, PrintedComparison):
        return with_bias(entry, with_alternatives(entry, typed, make, VARIED[entry.kind]))
    return make(entry, typed)
