"""Disconnected networks: their connected components, and non-randomised ways of comparing treatments across them.

Each way is a separate analysis with its own grade of evidence; none of them enters the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import pandas as pd

from resurvey.compare.estimates import check_level, interval
from resurvey.compare.meta_regression import meta_regression
from resurvey.compare.network import compare
from resurvey.compare.network_result import Network
from resurvey.errors import InputError, NotEstimable

COLUMNS = ["way", "grade", "treatment", "comparator", "anchor", "other_anchor", "estimate", "se", "lower", "upper", "p"]
COLUMNS += ["arms", "tau", "assumes", "refused", "note"]
ARMS = ("study", "treatment", "estimate", "se")


class Way(StrEnum):
    """Way of comparing treatments of different components, the most reliable first."""

    MATCHED = "matched or adjusted patients"
    SINGLE_ARM = "single-arm evidence"
    BASELINE = "baseline model"


class Strength(StrEnum):
    """Grade of the evidence behind a way."""

    ADJUSTED = "unanchored, adjusted for what is measured"
    BASELINES = "unanchored, arms of different trials taken as exchangeable"


ASSUMES = {
    Way.MATCHED: "all that is prognostic or modifies the effect is measured and balanced",
    Way.SINGLE_ARM: "arms of the anchors' trials, single arms among them, are drawn from one population of trials",
    Way.BASELINE: "arms of the anchors' trials are drawn from one population of trials",
}


def components(made: Network, arms: pd.DataFrame | None = None) -> pd.DataFrame:
    """List the connected components of a network, and the treatments studied in single arms only.

    Parameters
    ----------
    made : Network
    arms : DataFrame, optional
        study, treatment: all arms of trials and single-arm studies.

    Returns
    -------
    DataFrame
        piece (number of the component; 0 for single arms), treatments, studies, single_arms, with names separated by
        semicolons. A single-arm study of a treatment in a component is listed with that component.
    """
    single = _single_arms(made, arms)
    rows = []
    for number, (common, _) in enumerate(made.pieces, start=1):
        names, studies = common.evidence.treatments, [study.name for study in common.evidence.studies]
        own = single.loc[single["treatment"].isin(names), "study"]
        rows.append({"piece": number, "treatments": "; ".join(names), "studies": "; ".join(studies),
                     "single_arms": "; ".join(own)})  # fmt: skip
    inside = {name for common, _ in made.pieces for name in common.evidence.treatments}
    for treatment, own in single[~single["treatment"].isin(inside)].groupby("treatment"):
        rows.append({"piece": 0, "treatments": treatment, "studies": "", "single_arms": "; ".join(own["study"])})
    return pd.DataFrame(rows)


def _single_arms(made: Network, arms: pd.DataFrame | None) -> pd.DataFrame:
    if arms is None:
        return pd.DataFrame(columns=["study", "treatment"])
    inside = {study.name for common, _ in made.pieces for study in common.evidence.studies}
    return arms[~arms["study"].isin(inside)]


def bridges(
    made: Network, arms: pd.DataFrame, reference: str, *, tau: float | None = None, level: float = 0.95
) -> pd.DataFrame:
    r"""Effects of the treatments of other components versus a reference, assuming exchangeable arms.

    The anchors are the treatments with the most arms in the two components. With a and b the anchors,
    :math:`d_{xr} = d_{xb} + (m_b - m_a) + d_{ar}`, where m is the mean level of an anchor's arms over their trials
    (random effects, with one variance for both anchors). Effects and levels share arms; treating them as independent is
    conservative.

    Parameters
    ----------
    made : Network
    arms : DataFrame
        study, treatment, estimate, se: level of each arm of trials and single-arm studies, on the scale of the network
        (log hazard, log odds).
    reference : str
    tau : float, optional
        Between-trial standard deviation of an arm's level. By default it is estimated from the arms, with a
        Hartung-Knapp interval; the comparison is refused if there are too few arms.
    level : float, default 0.95

    Returns
    -------
    DataFrame
        way, grade, treatment, comparator, anchor, other_anchor, estimate, se, lower, upper, p, arms, tau, assumes,
        refused, note. Each treatment has a second row stating what a comparison of matched patients would need. Empty
        if the network is connected.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or the reference is not in the network.

    References
    ----------
    .. [1] Béliveau, A. et al. (2017). BMC Medical Research Methodology 17, 104 (disconnected networks).
    .. [2] Dias, S. et al. (2013). NICE DSU Technical Support Document 5 (baseline models).
    .. [3] Phillippo, D. M. et al. (2016). NICE DSU Technical Support Document 18.
    """
    check_level(level)
    table = _arms(arms)
    pieces = [common.evidence.treatments for common, _ in made.pieces]
    home = next((piece for piece in pieces if reference in piece), None)
    if home is None:
        raise InputError(f"reference {reference!r} is not in the network")
    inside = {name for piece in pieces for name in piece}
    alone = sorted({*table["treatment"]} - inside)
    single = {*_single_arms(made, table)["study"]}
    rows: list[dict[str, object]] = []
    for piece in [piece for piece in pieces if piece is not home] + [(name,) for name in alone]:
        anchors = _anchor(table, home, reference), _anchor(table, piece, piece[0])
        two = table[table["treatment"].isin(anchors)]
        way = Way.SINGLE_ARM if {*two["study"]} & single else Way.BASELINE
        for name in piece:
            rows.append(_crossed(made, two, anchors, (name, reference), way, tau, level))
            rows.append(_matched(name, reference))
    return pd.DataFrame(rows, columns=COLUMNS)


def _arms(arms: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ARMS if name not in arms]
    if missing:
        raise InputError(f"arms lacks {', '.join(missing)}; it needs {', '.join(ARMS)}")
    values = arms[["estimate", "se"]].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    bad = ~np.isfinite(values).all(axis=1) | ~(values[:, 1] > 0)
    if bad.any():
        given = arms[["estimate", "se"]]
        faults = (
            f"arms, row {row}: estimate and se must be numbers, se above 0; found {given.iloc[row].tolist()}"
            for row in np.flatnonzero(bad)
        )
        raise InputError("\n".join(faults))
    return arms.reset_index(drop=True)


def _anchor(arms: pd.DataFrame, piece: Sequence[str], otherwise: str) -> str:
    """The treatment of a component with the most arms; among ties the preferred one, otherwise the first by name."""
    counts = {name: int((arms["treatment"] == name).sum()) for name in piece}
    return max(sorted(piece), key=lambda name: (counts[name], name == otherwise))


def _crossed(
    made: Network, arms: pd.DataFrame, anchors: tuple[str, str], pair: tuple[str, str], way: Way,
    tau: float | None, level: float,
) -> dict[str, object]:  # fmt: skip
    row: dict[str, object] = {
        "way": way, "grade": Strength.BASELINES, "treatment": pair[0], "comparator": pair[1], "anchor": anchors[0],
        "other_anchor": anchors[1], "arms": len(arms), "assumes": ASSUMES[way], "refused": False, "note": "",
    }  # fmt: skip
    try:
        gap, variance, spread, df = _gap(arms, anchors, tau)
    except (InputError, NotEstimable) as reason:
        return {**row, "refused": True, "note": f"{reason}; or give tau, the spread of an arm's level between trials"}
    estimate, total = gap, variance
    for one, two in ((pair[0], anchors[1]), (anchors[0], pair[1])):
        if one != two:
            own = compare(made, one, two)
            estimate, total = estimate + float(own["estimate"]), total + float(own["se"]) ** 2
    found = interval(estimate, float(np.sqrt(total)), level=level, df=df)
    numbers = {name: getattr(found, name) for name in ("estimate", "se", "lower", "upper", "p")}
    return {**row, **numbers, "tau": spread}


def _gap(arms: pd.DataFrame, anchors: tuple[str, str], tau: float | None) -> tuple[float, float, float, float | None]:
    """Mean level of the second anchor's arms minus that of the first's; its variance, tau and degrees of freedom."""
    mark = (arms["treatment"] == anchors[1]).to_numpy(float)
    if not 0 < mark.sum() < mark.size:
        lacking = anchors[1] if mark.sum() == 0 else anchors[0]
        raise NotEstimable(f"no arm of {lacking} has a level")
    if tau is None:
        made = meta_regression(arms[["study", "estimate", "se"]], mark, interval_method="hartung-knapp-adhoc")
        own = made.coefficients[1]
        return own.estimate, own.se**2, float(np.sqrt(made.tau2)), float(made.df)
    weight = 1 / (arms["se"].to_numpy(float) ** 2 + tau**2)
    means = [float(np.average(arms["estimate"], weights=weight * side)) for side in (1 - mark, mark)]
    variance = sum(1 / float((weight * side).sum()) for side in (1 - mark, mark))
    return means[1] - means[0], variance, tau, None


def _matched(treatment: str, reference: str) -> dict[str, object]:
    """Row stating what a comparison of matched patients would need; that comparison is not made here."""
    return {
        "way": Way.MATCHED, "grade": Strength.ADJUSTED, "treatment": treatment, "comparator": reference,
        "assumes": ASSUMES[Way.MATCHED], "refused": True,
        "note": f"needs patients of {treatment} and of {reference}, given or rebuilt, and the mix of one of them: a "
        "comparison of kind `patients` with `standardise`",
    }  # fmt: skip
