"""Standardised ratios with patients drawn anew: the bootstrap of matching-adjusted weights on ensembles, in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.adjust_maic import maic_replicate
from resurvey.compare.groups import Pair, group_of
from resurvey.compare.outcome import What
from resurvey.compare.poststratified import ids_of, method_of, shares_of
from resurvey.errors import NotEstimable, ResurveyError
from resurvey.plan import AnyComparison, Mix, PatientComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.seeds import generator
from resurvey.tables import Tables

Floats = NDArray[np.float64]
# With fewer, a limit of 95 % is an extreme of the sample.
LEAST = 100
COLUMNS = ["comparison_id", "target_population", "replicate", "log_hr"]


@dataclass(frozen=True)
class Bootstrap:
    """What is asked of the bootstrap of every standardised ratio.

    Attributes
    ----------
    replicates : int
        0 leaves it out.
    seed : int
        The project's seed.
    drawn : DataFrame, optional
        Replicates that other jobs made, as `block_of` gives them, all blocks below each other; then none is made here.
    """

    replicates: int
    seed: int
    drawn: pd.DataFrame | None = None


def block_of(
    entries: Iterable[AnyComparison], typed: Tables, patients: Mapping[str, pd.DataFrame], which: range, seed: int
) -> pd.DataFrame:
    """Some bootstrap replicates of every standardised ratio of some comparisons.

    Parameters
    ----------
    entries : iterable of comparisons
        Those that standardise nothing are passed over.
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    patients : mapping of DataFrame
        Rebuilt patients by study id.
    which : range
        Numbers of the replicates, from 0.
    seed : int
        The project's seed. Each replicate has a stream of its own, made from the seed and its names and number, so it
        is the same in whatever block it is made.

    Returns
    -------
    DataFrame
        comparison_id, target_population, replicate, log_hr; NaN where a replicate has no ratio. A standardisation whose
        subgroups were not rebuilt has no rows.
    """
    made = []
    for entry in entries:
        if not isinstance(entry, PatientComparison):
            continue
        for mix in entry.standardise:
            try:
                ratios = standardised_replicates(entry, mix, typed, patients, which, seed)
            except ResurveyError:
                continue  # The comparison itself says why.
            keys = {"comparison_id": entry.id, "target_population": mix.name}
            made.append(pd.DataFrame({**keys, "replicate": list(which), "log_hr": ratios}))
    return pd.concat(made, ignore_index=True)[COLUMNS] if made else pd.DataFrame(columns=COLUMNS)


def standardised_replicates(
    entry: PatientComparison, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], which: range, seed: int
) -> Floats:
    """Log hazard ratios of some bootstrap replicates of one standardisation.

    Replicate k rests on rebuilt replicate k modulo their number. Of it, patients of both groups are drawn anew with
    replacement, and the weights that give the subgroups their shares are solved anew, as for matching-adjusted
    comparisons [1]_. The spread over all replicates therefore holds the sampling and the rebuilding.

    Returns
    -------
    ndarray, shape (len(which),)
        NaN where a replicate has no ratio, say because a subgroup that counts was not drawn.

    Raises
    ------
    InputError, NotEstimable
        Where a group was not rebuilt, or the shares cannot be reached.

    References
    ----------
    .. [1] Signorovitch, J. E. et al. (2010). PharmacoEconomics 28, 935-945.
    """
    shares, _ = shares_of(mix, typed)
    arm = _marked({name: group_of(patients, entry.treatment, name) for name in shares})
    other = group_of(patients, entry.comparator)
    # Shares add up to 1: the last follows from the others.
    targets = dict(list(shares.items())[:-1])
    ensembles = [dict(list(table.groupby("replicate", sort=True))) for table in (arm, other)]
    found = np.full(len(which), np.nan)
    size = max(map(len, ensembles))
    for place in range(size):
        own = [number for number in which if number % size == place]
        if not own:
            continue
        one, two = (_nth(tables, place) for tables in ensembles)
        replicate = maic_replicate(one, targets, two)
        for number in own:
            stream = generator(seed, "bootstrap", entry.id, mix.name, str(number))
            try:
                found[number - which.start] = replicate(stream)
            except NotEstimable:
                continue
    return found


def _marked(strata: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Patients of all subgroups below each other, with a column of 0 and 1 for each subgroup.

    A single replicate (of a subgroup from a curve) is set beside each of the others.
    """
    every = sorted({number for part in strata.values() for number in part["replicate"].unique()})
    parts = []
    for name, part in strata.items():
        single = part["replicate"].nunique() == 1
        repeated = [part.assign(replicate=number) for number in every] if single else [part]
        parts += [own.assign(**{other: float(other == name) for other in strata}) for own in repeated]
    return pd.concat(parts, ignore_index=True)


def _nth(tables: Mapping[int, pd.DataFrame], place: int) -> pd.DataFrame:
    """Patients of a rebuilt replicate; of a group that has a single one, that."""
    return list(tables.values())[place % len(tables)]


def bootstrap_row(
    pair: Pair, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], ask: Bootstrap
) -> dict[str, Any]:
    """The standardised ratio with the middle 95 % of its bootstrap replicates, or why there is none."""
    words = f"bootstrap, {method_of(mix)}", "HR"
    what = What(*words, Role.STANDARDISED, Quantity.HAZARD_RATIO, Contrast.RATIO, Model.BOOTSTRAP, variation=mix.name)
    try:
        drawn = _drawn(pair.entry, mix, typed, patients, ask)
    except ResurveyError as reason:
        return pair.refused(what, str(reason), claim_ids=ids_of(mix))
    known = drawn[np.isfinite(drawn)]
    if known.size < LEAST:
        few = f"{known.size} of {drawn.size} bootstrap replicates have a ratio, fewer than {LEAST}"
        return pair.refused(what, few, claim_ids=ids_of(mix))
    lower, upper = np.quantile(known, [0.025, 0.975])
    p = min(1.0, 2 * (min(np.sum(known <= 0), np.sum(known >= 0)) + 1) / (known.size + 1))
    lost = f"; {drawn.size - known.size} without a ratio left out" if known.size < drawn.size else ""
    note = f"median and middle 95 % of {known.size} replicates, each with patients drawn anew from a rebuilt replicate"
    values = (exp(float(np.median(known))), exp(float(lower)), exp(float(upper)), float(p))
    return pair.row(what, *values, note=f"{note} and weights solved anew{lost}", claim_ids=ids_of(mix))


def _drawn(
    entry: PatientComparison, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], ask: Bootstrap
) -> Floats:
    if ask.drawn is None:
        return standardised_replicates(entry, mix, typed, patients, range(ask.replicates), ask.seed)
    own = (ask.drawn["comparison_id"] == entry.id) & (ask.drawn["target_population"] == mix.name)
    found: Floats = ask.drawn.loc[own].sort_values("replicate")["log_hr"].to_numpy(dtype=float)
    # Where no job could make any, making them here says why.
    return found if found.size else standardised_replicates(entry, mix, typed, patients, range(1), ask.seed)


def together(blocks: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Replicates of all jobs below each other; a job without any has no say in the types of the columns."""
    filled = [block for block in blocks if len(block)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
