"""Bootstrap of standardised hazard ratios: matching-adjusted weights on resampled reconstructed patients, in blocks."""

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
from resurvey.montecarlo import ENOUGH, quantile_error
from resurvey.plan import AnyComparison, Mix, PatientComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.seeds import generator
from resurvey.tables import Tables

Floats = NDArray[np.float64]
# With fewer replicates, a 95 % percentile limit would be an extreme of the sample.
LEAST = 100
FEW = "; other draws would move a limit by more than a tenth of its standard error: ask for more bootstrap replicates"
COLUMNS = ["comparison_id", "target_population", "replicate", "log_hr"]


@dataclass(frozen=True)
class Bootstrap:
    """Settings of the bootstrap of every standardised ratio.

    Attributes
    ----------
    replicates : int
        Number of replicates; 0 for no bootstrap.
    seed : int
        The project's seed.
    drawn : DataFrame, optional
        Replicates already computed by other jobs (all blocks of `block_of`, concatenated); none is then computed here.
    patients : mapping of DataFrame, optional
        Patients to draw from where the comparison itself is of more replicates, which other jobs would not know of.
    """

    replicates: int
    seed: int
    drawn: pd.DataFrame | None = None
    patients: Mapping[str, pd.DataFrame] | None = None


def block_of(
    entries: Iterable[AnyComparison], typed: Tables, patients: Mapping[str, pd.DataFrame], which: range, seed: int
) -> pd.DataFrame:
    """Compute a block of bootstrap replicates for every standardised ratio of the given comparisons.

    Parameters
    ----------
    entries : iterable of comparisons
        Comparisons without standardisation are skipped.
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    patients : mapping of DataFrame
        Reconstructed patients by study id.
    which : range
        Replicate numbers, counted from 0.
    seed : int
        The project's seed. Each replicate has its own random stream, derived from the seed, the comparison, the target
        population and the replicate number, so its result does not depend on the block.

    Returns
    -------
    DataFrame
        comparison_id, target_population, replicate, log_hr (NaN if a replicate has no ratio). A standardisation that
        cannot be estimated, for example because a subgroup was not reconstructed, has no rows.
    """
    made = []
    for entry in entries:
        if not isinstance(entry, PatientComparison):
            continue
        for mix in entry.standardise:
            try:
                ratios = standardised_replicates(entry, mix, typed, patients, which, seed)
            except ResurveyError:
                continue  # The comparison itself reports the reason.
            keys = {"comparison_id": entry.id, "target_population": mix.name}
            made.append(pd.DataFrame({**keys, "replicate": list(which), "log_hr": ratios}))
    return pd.concat(made, ignore_index=True)[COLUMNS] if made else pd.DataFrame(columns=COLUMNS)


def standardised_replicates(
    entry: PatientComparison, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], which: range, seed: int
) -> Floats:
    """Compute log hazard ratios of a block of bootstrap replicates of one standardisation.

    Bootstrap replicate k uses reconstructed replicate k modulo the number of reconstructed replicates. The patients of
    both groups are resampled with replacement, and the weights that give the subgroups their target shares are
    estimated again, as for matching-adjusted comparisons [1]_. The variation between bootstrap replicates therefore
    includes both sampling and reconstruction uncertainty.

    Returns
    -------
    ndarray, shape (len(which),)
        NaN where a replicate has no ratio, for example because no patient of a required subgroup was drawn.

    Raises
    ------
    InputError, NotEstimable
        If a group was not reconstructed, or the shares cannot be reached.

    References
    ----------
    .. [1] Signorovitch, J. E. et al. (2010). PharmacoEconomics 28, 935-945.
    """
    shares, _ = shares_of(mix, typed)
    arm = _marked({name: group_of(patients, entry.treatment, name) for name in shares})
    other = group_of(patients, entry.comparator)
    # The shares sum to 1, so the last is redundant.
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
    """Patients of all subgroups in one table, with an indicator column for each subgroup.

    If a subgroup has a single replicate (from a curve), it is combined with every replicate of the others.
    """
    every = sorted({number for part in strata.values() for number in part["replicate"].unique()})
    parts = []
    for name, part in strata.items():
        single = part["replicate"].nunique() == 1
        repeated = [part.assign(replicate=number) for number in every] if single else [part]
        parts += [own.assign(**{other: float(other == name) for other in strata}) for own in repeated]
    return pd.concat(parts, ignore_index=True)


def _nth(tables: Mapping[int, pd.DataFrame], place: int) -> pd.DataFrame:
    """Patients of a reconstructed replicate; the only one if the group has a single replicate."""
    return list(tables.values())[place % len(tables)]


def bootstrap_row(
    pair: Pair, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], ask: Bootstrap
) -> dict[str, Any]:
    """Row with the median and the 95 % percentile limits of the bootstrap replicates, or why there is none."""
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
    error = quantile_error(0.025, known.size)
    few = FEW if error > ENOUGH else ""
    note = f"{note} and weights solved anew{lost}{few}"
    return pair.row(what, *values, note=note, claim_ids=ids_of(mix), monte_carlo=error)


def _drawn(
    entry: PatientComparison, mix: Mix, typed: Tables, patients: Mapping[str, pd.DataFrame], ask: Bootstrap
) -> Floats:
    patients = patients if ask.patients is None else ask.patients
    if ask.drawn is None:
        return standardised_replicates(entry, mix, typed, patients, range(ask.replicates), ask.seed)
    own = (ask.drawn["comparison_id"] == entry.id) & (ask.drawn["target_population"] == mix.name)
    found: Floats = ask.drawn.loc[own].sort_values("replicate")["log_hr"].to_numpy(dtype=float)
    # If no job could compute a replicate, computing one here raises the reason.
    return found if found.size else standardised_replicates(entry, mix, typed, patients, range(1), ask.seed)


def together(blocks: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Replicates of all jobs, concatenated; empty blocks are dropped so that they do not affect the column types."""
    filled = [block for block in blocks if len(block)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=COLUMNS)
