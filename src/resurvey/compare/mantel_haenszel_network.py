"""A network of rare events by Mantel and Haenszel: trials of one design pooled first, empty cells as they are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from resurvey.compare.counts import mantel_haenszel
from resurvey.compare.network import network
from resurvey.errors import InputError, NotEstimable

COLUMNS = ("study", "treatment", "events", "patients")
#: Pooled ratios of one design need not add up around a triangle: each has weights of its own.
TOLERANCE = 10.0


@dataclass(frozen=True)
class CountNetwork:
    """Result of `mantel_haenszel_network`.

    Attributes
    ----------
    effects : DataFrame
        treatment, comparator, estimate (log odds ratio), se, lower, upper, p: every ordered pair.
    q, p : float
        Inconsistency between designs, and its p.
    df : int
    messages : tuple of str
        Designs that tell nothing, and what `network` says.
    """

    effects: pd.DataFrame
    q: float
    df: int
    p: float
    messages: tuple[str, ...]


def mantel_haenszel_network(arms: pd.DataFrame, *, level: float = 0.95) -> CountNetwork:
    """Common-effect network of odds ratios: Mantel and Haenszel's within each design, then least squares over designs.

    Trials of one set of treatments (a design) are pooled pair by pair, with the variances of Robins, Breslow and
    Greenland; a design of several arms stands in the network by the arms that its pairs imply. Trials without events,
    or with events only, say nothing; a design of such trials alone is left out, with a message.

    Parameters
    ----------
    arms : DataFrame
        study, treatment, events, patients: a row an arm.
    level : float, default 0.95

    Raises
    ------
    InputError
        If a column is missing, counts are none, or a study has a treatment twice or alone.
    NotEstimable
        If no design has a finite odds ratio.
    InconsistentReport
        If the pairs of a design with several arms cannot belong to one set of arms.

    References
    ----------
    .. [1] Efthimiou, O. et al. (2019). Statistics in Medicine 38, 2992-3012.
    .. [2] Robins, J., Breslow, N. and Greenland, S. (1986). Biometrics 42, 311-323.
    """
    table = _read(arms)
    designs: dict[tuple[str, ...], list[str]] = {}
    for study, own in table.groupby("study", sort=False):
        designs.setdefault(tuple(sorted(own["treatment"])), []).append(str(study))
    rows, said = [], []
    for names, studies in sorted(designs.items()):
        own = table[table["study"].isin(studies)]
        try:
            rows += [_pooled(own, pair, names, level) for pair in combinations(names, 2)]
        except NotEstimable as reason:
            said.append(f"design {' : '.join(names)} ({', '.join(studies)}) is left out: {reason}")
    if not rows:
        raise NotEstimable("; ".join(said))
    made = network(pd.DataFrame(rows), method="DL", level=level, loop_tolerance=TOLERANCE)
    effects = made.effects[made.effects["model"] == "common"].drop(columns="model").reset_index(drop=True)
    return CountNetwork(effects, made.q, made.df, made.p_q, (*made.messages, *said))


def _read(arms: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in COLUMNS if name not in arms]
    if missing:
        raise InputError(f"arms lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    table = arms.loc[:, list(COLUMNS)].reset_index(drop=True)
    table[["study", "treatment"]] = table[["study", "treatment"]].astype(str)
    twice = table[table.duplicated(["study", "treatment"])]
    faults = [f"study {s!r} has {t!r} twice" for s, t in twice[["study", "treatment"]].itertuples(index=False)]
    counts = table.groupby("study")["treatment"].size()
    faults += [f"study {study!r} has one arm" for study in counts.index[counts < 2]]
    if faults:
        raise InputError("arms: " + "; ".join(faults))
    return table


def _pooled(own: pd.DataFrame, pair: tuple[str, str], design: tuple[str, ...], level: float) -> dict[str, object]:
    wide = own.pivot(index="study", columns="treatment", values=["events", "patients"])
    counts = pd.DataFrame({
        "study": wide.index, "events": wide["events"][pair[0]].to_numpy(),
        "patients": wide["patients"][pair[0]].to_numpy(),
        "comparator_events": wide["events"][pair[1]].to_numpy(),
        "comparator_patients": wide["patients"][pair[1]].to_numpy(),
    })  # fmt: skip
    made = mantel_haenszel(counts, level=level).estimate
    return {"study": " : ".join(design), "treatment": pair[0], "comparator": pair[1], "estimate": made.estimate,
            "se": float(np.asarray(made.se))}  # fmt: skip
