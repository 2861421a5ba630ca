"""Differences of effects between subgroups, within trials (protected by randomisation) and between trials (not)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc

from resurvey.compare.meta_regression import MetaRegression, group_difference, meta_regression
from resurvey.compare.pool import Pooled, pool
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
COLUMNS = ("study", "subgroup", "estimate", "se")


@dataclass(frozen=True)
class Interaction:
    """Difference of effects between two subgroups, on the log scale.

    Attributes
    ----------
    within : Pooled or None
        Pooled within-trial differences; None if no trial has both subgroups.
    between : MetaRegression or None
        Difference between trials that have only one of the subgroups; None if there are too few.
    trials : DataFrame
        study, difference, se of each trial with both subgroups.
    message : str
        Why `within` or `between` is missing.
    """

    within: Pooled | None
    between: MetaRegression | None
    trials: pd.DataFrame
    message: str


def interaction(effects: pd.DataFrame, first: str, second: str, *, method: str = "REML") -> Interaction:
    """Effect in the first subgroup minus that in the second, within trials and between trials separately.

    A between-trial difference may be due to any other difference between the trials, and would bias the within-trial
    difference if the two were pooled.

    Parameters
    ----------
    effects : DataFrame
        study, subgroup, estimate, se: log ratio in a subgroup of a study; subgroups must not share patients.
    first, second : str
    method : str, default "REML"
        Estimator of the between-trial variance. Intervals are Hartung-Knapp, never narrower than without the
        Hartung-Knapp factor.

    Raises
    ------
    InputError
        If a column is missing, a subgroup has no row, or a trial has the same subgroup twice.
    NotEstimable
        If neither difference can be estimated.

    References
    ----------
    .. [1] Fisher, D. J. et al. (2017). BMJ 356, j573 (deft and daft approaches).
    """
    missing = [name for name in COLUMNS if name not in effects]
    if missing:
        raise InputError(f"effects lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    rows = effects[effects["subgroup"].isin([first, second])]
    for name in (first, second):
        if name not in set(rows["subgroup"]):
            raise InputError(f"no effect is of subgroup {name!r}: there are {sorted(set(effects['subgroup']))}")
    twice = rows[rows.duplicated(["study", "subgroup"])]
    if len(twice):
        raise InputError(f"study {twice['study'].iloc[0]!r} has subgroup {twice['subgroup'].iloc[0]!r} twice")
    wide = rows.pivot(index="study", columns="subgroup", values=["estimate", "se"])
    both = wide.dropna()
    gap = both["estimate"][first] - both["estimate"][second]
    trials = pd.DataFrame(
        {"study": both.index, "difference": gap, "se": np.hypot(both["se"][first], both["se"][second])}
    )
    said, within, between = [], None, None
    if len(trials):
        pooled = trials.rename(columns={"difference": "estimate"})
        within = pool(pooled, method=method, interval_method="hartung-knapp-adhoc")  # type: ignore[arg-type]
    else:
        said.append("no trial has both subgroups")
    alone = rows[~rows["study"].isin(both.index)]
    parts = [alone[alone["subgroup"] == name][["study", "estimate", "se"]] for name in (first, second)]
    try:
        between = group_difference(parts[0], parts[1], method=method, interval_method="hartung-knapp-adhoc")
    except (NotEstimable, InputError) as reason:
        said.append(f"between trials: {reason}")
    if within is None and between is None:
        raise NotEstimable("; ".join(said))
    return Interaction(within, between, trials.reset_index(drop=True), "; ".join(said))


def omnibus(effects: pd.DataFrame, group: list[str] | NDArray[np.str_], *, method: str = "REML") -> pd.Series:
    """Test whether groups of studies have the same effect: F with groups - 1 and studies - groups degrees of freedom.

    The F statistic is Knapp and Hartung's: the Wald statistic divided by its rank and by the residual mean square.

    Parameters
    ----------
    effects : DataFrame
        study, estimate, se.
    group : sequence of str
        Group of each study.
    method : str, default "REML"

    Returns
    -------
    Series
        f, df, df_left (residual), p, tau2 (within groups).

    Raises
    ------
    InputError
        If there is not one group label for each effect, or there are fewer than two groups.
    NotEstimable
        If there are no more studies than groups.

    References
    ----------
    .. [1] Knapp, G. and Hartung, J. (2003). Statistics in Medicine 22, 2693-2710.
    """
    labels = np.asarray(group)
    names = np.unique(labels)
    if labels.shape != (len(effects),) or names.size < 2:
        raise InputError(f"group must name one of two or more groups for each of {len(effects)} studies")
    design = (labels[:, None] == names[1:]).astype(float)
    made = meta_regression(effects, design, names=list(names[1:]), method=method, interval_method="normal")
    weight = 1 / (effects["se"].to_numpy(float) ** 2 + made.tau2)
    x = np.column_stack((np.ones(len(effects)), design))
    covariance = np.linalg.inv((x * weight[:, None]).T @ x)
    beta = np.array([one.estimate for one in made.coefficients])
    left = float(weight @ (effects["estimate"].to_numpy(float) - x @ beta) ** 2) / made.df
    wald = float(beta[1:] @ np.linalg.solve(covariance[1:, 1:], beta[1:]))
    df = names.size - 1
    f = wald / df / max(left, 1e-12)
    return pd.Series({"f": f, "df": df, "df_left": made.df, "p": float(fdtrc(df, made.df, f)), "tau2": made.tau2})
