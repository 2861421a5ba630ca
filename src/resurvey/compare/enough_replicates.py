"""Comparisons with as many replicates as their estimates and limits ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from resurvey.compare.bootstrap import Bootstrap
from resurvey.compare.carry_out import carry_out
from resurvey.compare.outcome import Outcome
from resurvey.montecarlo import replicates_wanted
from resurvey.plan import AnyComparison
from resurvey.results import Model
from resurvey.tables import Tables


def carry_out_with_enough(
    entry: AnyComparison,
    typed: Tables,
    patients: Mapping[str, pd.DataFrame],
    bootstrap: Bootstrap | None = None,
    *,
    most: int,
    longer: Callable[[str, int], pd.DataFrame],
) -> Outcome:
    """Carry out a comparison of patients, again with more replicates while another draw would move one of its rows.

    Arms have as many replicates as they ask for each by itself. A comparison may ask for more, for example where they
    differ less than their parts do. Then all of its studies get them, up to `most`; the patients that others read stay
    as they are.

    Parameters
    ----------
    entry, typed, patients, bootstrap
        As for `carry_out`.
    most : int
        Replicates that a study may have.
    longer : callable
        The patients of a study with a number of replicates, as if they had been asked for at first.
    """
    made = carry_out(entry, typed, patients, bootstrap)
    studies = {group.study for group in entry.patient_groups} & set(patients)
    have = max((int(patients[study]["replicate"].max()) + 1 for study in studies if len(patients[study])), default=0)
    kept = replace(bootstrap, patients=patients) if bootstrap else None
    while (wanted := min(replicates_wanted(_largest_error(made), have), most)) > have:
        made = carry_out(entry, typed, {**patients, **{study: longer(study, wanted) for study in studies}}, kept)
        have = wanted
    return made


def _largest_error(made: Outcome) -> float:
    """The largest error that more replicates of the patients would make smaller; that of a bootstrap is not one."""
    if "monte_carlo" not in made.estimates:
        return 0.0
    return float(made.estimates.loc[made.estimates["model"] != Model.BOOTSTRAP, "monte_carlo"].max())
