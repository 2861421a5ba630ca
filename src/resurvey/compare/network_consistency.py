"""Consistency of a fitted network: Q within and between designs, node splits, net heat, contributions, funnel.

A design is the set of treatments that a study compares. Consistency can be assessed where the contrasts estimated
within designs outnumber the parameters of the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from resurvey.compare.estimates import chi_square_p
from resurvey.compare.network_data import Evidence, Study
from resurvey.compare.network_fit import MODELS, Fit, fit, moment_terms
from resurvey.compare.network_result import Network
from resurvey.errors import InputError
from resurvey.result_values import QSource

Floats = NDArray[np.float64]
_NO_TABLE = pd.DataFrame()
#: Decimals kept of quantities that are 0 under full agreement: further ones are rounding error and vary by processor.
DUST = 12
NOT_ASSESSABLE = "star or tree: no two designs inform the same contrast, so consistency cannot be assessed"


def designs(evidence: Evidence) -> dict[tuple[str, ...], list[Study]]:
    """Studies grouped by the set of treatments they compare, in alphabetical order."""
    grouped: dict[tuple[str, ...], list[Study]] = {}
    for study in evidence.studies:
        grouped.setdefault(tuple(evidence.treatments[i] for i in study.arms), []).append(study)
    return dict(sorted(grouped.items()))


def between_degrees(evidence: Evidence) -> int:
    """Degrees of freedom for inconsistency between designs."""
    return sum(len(names) - 1 for names in designs(evidence)) - (len(evidence.treatments) - 1)


def has_loop(evidence: Evidence) -> bool:
    """Whether consistency can be assessed."""
    return between_degrees(evidence) > 0


def decompose_q(result: Network) -> pd.DataFrame:
    """Split Q within designs (heterogeneity) and between them (inconsistency).

    Returns
    -------
    DataFrame
        piece, source, design, q, df, p. Sources: "total", "within designs" (all, design empty), "between designs",
        "design" (one row per design with more than one study), and "between designs (random)": the same comparison of
        models under the tau2 estimated within designs, which is given in `tau2`. Rows with 0 df have p = 1.

    References
    ----------
    .. [1] Krahn, U., Binder, H. and König, J. (2013). BMC Medical Research Methodology 13, 35.
    .. [2] Jackson, D. et al. (2014). Statistics in Medicine 33, 3639-3654 (full design-by-treatment interaction).
    """
    tables = []
    for number, (common, _) in enumerate(result.pieces, start=1):
        table = pd.DataFrame(_decompose(common), columns=["source", "design", "q", "df", "tau2"])
        table["p"] = [chi_square_p(q, df) for q, df in zip(table["q"], table["df"], strict=True)]
        table.insert(0, "piece", number)
        tables.append(table)
    joined = pd.concat(tables, ignore_index=True)
    return joined[["piece", "source", "design", "q", "df", "p", "tau2"]]


def _decompose(common: Fit) -> list[tuple[QSource, str, float, int, float]]:
    evidence = common.evidence
    own = {names: fit(_alone(names, studies), 0.0) for names, studies in designs(evidence).items()}
    terms = {names: moment_terms(f) for names, f in own.items()}
    q_within, df_within, factor = (float(sum(column)) for column in zip(*terms.values(), strict=True))
    tau2 = max(0.0, (q_within - df_within) / factor) if df_within > 0 else 0.0
    whole = fit(evidence, tau2).q
    left = sum(fit(f.evidence, tau2).q for f in own.values())
    df_between = evidence.degrees - int(df_within)
    # Subtracting equal sums leaves a rounding error; without degrees of freedom Q between designs is 0 by construction.
    between = max(0.0, common.q - q_within) if df_between else 0.0
    rows = [
        (QSource.TOTAL, "", common.q, evidence.degrees, 0.0),
        (QSource.WITHIN, "", q_within, int(df_within), 0.0),
        (QSource.BETWEEN, "", between, df_between, 0.0),
        (QSource.BETWEEN_RANDOM, "", max(0.0, whole - left) if df_between else 0.0, df_between, tau2),
    ]
    return rows + [(QSource.DESIGN, " : ".join(names), q, df, 0.0) for names, (q, df, _) in terms.items() if df > 0]


def _alone(names: tuple[str, ...], studies: list[Study]) -> Evidence:
    """The studies of one design as a separate network."""
    arms = np.arange(len(names))
    return Evidence(names, tuple(replace(s, arms=arms) for s in studies), _NO_TABLE)


def node_split(result: Network, model: str = "random") -> pd.DataFrame:
    """Separate direct from indirect evidence on every comparison, by back-calculation.

    Returns
    -------
    DataFrame
        treatment, comparator, studies, proportion_direct, estimate, se (network), direct, direct_se, indirect,
        indirect_se, difference, difference_se, z, p, note. A quantity that does not exist is NaN, and `note` says why.

    References
    ----------
    .. [1] Dias, S. et al. (2010). Statistics in Medicine 29, 932-944.
    .. [2] König, J., Krahn, U. and Binder, H. (2013). Statistics in Medicine 32, 5414-5429 (share of direct evidence).
    """
    place = _model_place(model)
    rows = [row for pair in result.pieces for row in _split_rows(pair[place])]
    return pd.DataFrame(rows)


def direct_estimates(piece: Fit) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Inverse-variance mean of the studies of each pair: estimates, variances (inf where none), numbers of studies."""
    n = len(piece.evidence.treatments)
    weight, total = np.zeros((n, n)), np.zeros((n, n))
    count = np.zeros((n, n), dtype=np.intp)
    for study in piece.evidence.studies:
        cell = np.ix_(study.arms, study.arms)
        off = ~np.eye(study.arms.size, dtype=bool)
        own = np.divide(1.0, study.variances + piece.tau2, where=off, out=np.zeros_like(study.variances))
        weight[cell] += own
        total[cell] += own * study.effects
        count[cell] += off
    with np.errstate(divide="ignore", invalid="ignore"):
        return total / weight, 1 / weight, count


def _split_rows(piece: Fit) -> list[dict[str, object]]:
    names = piece.evidence.treatments
    direct, variance, count = direct_estimates(piece)
    rows = []
    for i, j in combinations(range(len(names)), 2):
        estimate, se = piece.effects[i, j], piece.se[i, j]
        share = se**2 / variance[i, j] if count[i, j] else 0.0
        row: dict[str, object] = {
            "treatment": names[i], "comparator": names[j], "studies": int(count[i, j]),
            "proportion_direct": min(share, 1.0), "estimate": estimate, "se": se,
        }  # fmt: skip
        has_direct, has_indirect = bool(count[i, j]), share < 1 - 1e-9
        theirs = (
            _indirect(estimate, se, direct[i, j], variance[i, j]) if has_direct and has_indirect else (estimate, se)
        )
        none = (np.nan, np.nan)
        ours = (direct[i, j], np.sqrt(variance[i, j])) if has_direct else none
        theirs = theirs if has_indirect else none
        row |= {"direct": ours[0], "direct_se": ours[1], "indirect": theirs[0], "indirect_se": theirs[1]}
        gap, gap_se = ours[0] - theirs[0], float(np.hypot(ours[1], theirs[1]))
        row |= {"difference": gap, "difference_se": gap_se, "z": gap / gap_se, "p": 2 * ndtr(-abs(gap / gap_se))}
        note = "" if has_direct else "no study compares them directly"
        rows.append(row | {"note": note if has_indirect else "direct evidence only: no other path"})
    return rows


def _indirect(estimate: float, se: float, direct: float, variance: float) -> tuple[float, float]:
    """Indirect evidence, by subtracting the direct from the network evidence: precision and weighted estimate."""
    precision = 1 / se**2 - 1 / variance
    return (estimate / se**2 - direct / variance) / precision, float(np.sqrt(1 / precision))


def net_heat(result: Network, model: str = "common") -> pd.DataFrame:
    """How much the inconsistency of each design changes when another design is detached.

    Under random effects, results are given for two between-study variances: that of the network model, which counts
    inconsistency as heterogeneity, and that within designs, which does not (netmeta's choice: a full
    design-by-treatment interaction model). Under a common effect the variance is 0.

    Returns
    -------
    DataFrame
        piece, tau2_of ("none", "network", "within designs"), tau2, design, detached, q (of `design` in the consistent
        model), q_detached (with `detached` given its own effect), change (q - q_detached: positive where detaching
        `detached` makes `design` fit better). Empty, with `attrs["message"]`, where consistency cannot be assessed.

    References
    ----------
    .. [1] Krahn, U., Binder, H. and König, J. (2013). BMC Medical Research Methodology 13, 35.
    """
    place = _model_place(model)
    tables = [
        _heat(piece).assign(piece=number, tau2_of=name, tau2=piece.tau2)
        for number, pair in enumerate(result.pieces, start=1)
        if has_loop(pair[place].evidence)
        for name, piece in _heat_fits(pair, model)
    ]
    columns = ["piece", "tau2_of", "tau2", "design", "detached", "q", "q_detached", "change"]
    if not tables:
        empty = pd.DataFrame(columns=columns)
        empty.attrs["message"] = NOT_ASSESSABLE
        return empty
    return pd.concat(tables, ignore_index=True)[columns]


def _heat_fits(pair: tuple[Fit, Fit], model: str) -> list[tuple[str, Fit]]:
    """The fits used for the net heat, each with the name of its between-study variance."""
    common, random = pair
    if model == "common":
        return [("none", common)]
    left = next(tau2 for source, _, _, _, tau2 in _decompose(common) if source == "between designs (random)")
    return [("network", random), ("within designs", fit(common.evidence, left))]


def _heat(piece: Fit) -> pd.DataFrame:
    """Q of every design in the consistent model and with every design detached in turn."""
    n = len(piece.evidence.treatments)
    grouped = designs(piece.evidence)
    labels = [" : ".join(names) for names in grouped]
    places = [studies[0].arms for studies in grouped.values()]
    own = [fit(_alone(names, studies), piece.tau2) for names, studies in grouped.items()]
    pull = np.zeros((len(own), n))
    for row, (arms, f) in enumerate(zip(places, own, strict=True)):
        pull[row, arms] = -(f.laplacian * f.effects).sum(axis=1)

    owner = np.repeat(np.arange(len(own)), [arms.size**2 for arms in places])
    first = np.concatenate([np.repeat(arms, arms.size) for arms in places])
    second = np.concatenate([np.tile(arms, arms.size) for arms in places])
    weight = np.concatenate([-0.5 * f.laplacian.ravel() for f in own])
    effect = np.concatenate([f.effects.ravel() for f in own])

    def q_of_designs(level: Floats) -> Floats:
        return np.bincount(owner, weights=weight * (effect - level[first] + level[second]) ** 2).astype(np.float64)

    q = q_of_designs(piece.effects[:, 0])
    detached = np.empty((len(own), len(own)))
    for column, (arms, f) in enumerate(zip(places, own, strict=True)):
        rest = piece.laplacian.copy()
        rest[np.ix_(arms, arms)] -= f.laplacian
        level = np.linalg.pinv(rest, rcond=1e-10, hermitian=True) @ (pull.sum(axis=0) - pull[column])
        detached[:, column] = q_of_designs(level)
        detached[column, column] = 0.0
    k = len(own)
    q, detached = np.round(q, DUST) + 0.0, np.round(detached, DUST) + 0.0
    q_row = np.repeat(q, k)
    return pd.DataFrame({
        "design": np.repeat(labels, k), "detached": np.tile(labels, k), "q": q_row, "q_detached": detached.ravel(),
        "change": q_row - detached.ravel(),
    })  # fmt: skip


def contributions(result: Network, model: str = "random") -> pd.DataFrame:
    """Share of each direct comparison in each network estimate, by the random walk along the evidence flow.

    A row of the hat matrix is a flow from treatment to comparator. A random walk along this flow splits it into
    streams, and the share of each stream is divided equally among the comparisons on it. The sum over all streams is
    exact.

    Returns
    -------
    DataFrame
        treatment, comparator, then one column per direct comparison "X : Y"; each row sums to 1 (comparisons in other
        components of a disconnected network have share 0).

    References
    ----------
    .. [1] Papakonstantinou, T. et al. (2018). F1000Research 7, 610 (streams).
    .. [2] Davies, A. L. et al. (2022). Statistics in Medicine 41, 2091-2114 (random walk).
    """
    place = _model_place(model)
    return pd.concat([_contributions(pair[place]) for pair in result.pieces], ignore_index=True).fillna(0.0)


def _contributions(piece: Fit) -> pd.DataFrame:
    names = piece.evidence.treatments
    n = len(names)
    source, sink = np.triu_indices(n, 1)
    shares = _stream_shares(_walks(piece, source, sink), source, sink)
    weights = np.triu(-piece.laplacian, 1)
    row, column = np.nonzero(np.abs(weights) > 1e-12 * np.abs(weights).max())
    both_ways = shares[:, row, column] + shares[:, column, row]
    labels = [f"{names[i]} : {names[j]}" for i, j in zip(row, column, strict=True)]
    head = pd.DataFrame(
        {"treatment": np.array(names, dtype=object)[source], "comparator": np.array(names, dtype=object)[sink]}
    )
    return pd.concat([head, pd.DataFrame(both_ways, columns=labels)], axis=1)


def _walks(piece: Fit, source: NDArray[np.intp], sink: NDArray[np.intp]) -> Floats:
    """Transition probabilities of the random walk for every comparison, shape (comparisons, n, n); the sink absorbs."""
    potential = piece.covariance[source] - piece.covariance[sink]
    weights = -piece.laplacian + np.diag(np.diag(piece.laplacian))
    flow = np.maximum(weights * (potential[:, :, None] - potential[:, None, :]), 0.0)
    # Rounding leaves tiny flows between treatments with equal potential; they would create endless detours.
    flow[flow < 1e-12] = 0.0
    flow[np.arange(sink.size), sink, :] = 0.0
    out = flow.sum(axis=2, keepdims=True)
    return np.divide(flow, out, where=out > 0, out=np.zeros_like(flow))


def _stream_shares(step: Floats, source: NDArray[np.intp], sink: NDArray[np.intp]) -> Floats:
    """Expected share of every directed edge: the sum over streams of probability divided by length."""
    pairs, n, _ = step.shape
    limit = n
    here, there = np.zeros((pairs, limit, n)), np.zeros((pairs, limit, n))
    here[np.arange(pairs), 0, source] = 1.0
    there[np.arange(pairs), 0, sink] = 1.0
    for length in range(1, limit):
        here[:, length] = (here[:, None, length - 1] @ step)[:, 0]
        there[:, length] = (step @ there[:, length - 1, :, None])[:, :, 0]
    lengths = np.arange(limit)
    inverse_length = 1.0 / (lengths[:, None] + lengths[None, :] + 1)
    before_and_after = here.transpose(0, 2, 1) @ inverse_length @ there
    shares = before_and_after * step
    # Negative weights in some multi-arm studies can close a cycle, so that a little of the flow is lost: rescale to 1.
    return shares / shares.sum(axis=(1, 2), keepdims=True)


def funnel(result: Network, order: Sequence[str], model: str = "random") -> pd.DataFrame:
    """Data of the comparison-adjusted funnel plot.

    Parameters
    ----------
    result : Network
    order : sequence of str
        All treatments in the order in which small-study bias would favour them (for example, newest first). Each
        contrast is oriented as the earlier against the later treatment. Without such an order the plot has no
        meaning.
    model : {"common", "random"}

    Returns
    -------
    DataFrame
        study, treatment, comparator, estimate, se, centre (the direct estimate of the comparison), adjusted (estimate
        - centre). `attrs["egger_p"]` is the p value of the intercept in the regression of adjusted / se on 1 / se
        (NaN with fewer than three rows).

    Raises
    ------
    InputError
        If the order lacks a treatment, or the model is unknown.

    References
    ----------
    .. [1] Chaimani, A. and Salanti, G. (2012). Research Synthesis Methods 3, 161-176.
    """
    place = _model_place(model)
    known = {t for pair in result.pieces for t in pair[0].evidence.treatments}
    lacking = sorted(known - set(order))
    if lacking:
        raise InputError(f"order lacks {', '.join(lacking)}: it must rank every treatment of the network")
    rank = {name: i for i, name in enumerate(order)}
    tables = [_funnel_rows(pair[place], rank) for pair in result.pieces]
    table = pd.concat(tables, ignore_index=True)
    table.attrs["egger_p"] = _egger(table)
    return table


def _funnel_rows(piece: Fit, rank: dict[str, int]) -> pd.DataFrame:
    table = piece.evidence.table.copy()
    turn = (table["treatment"].map(rank) > table["comparator"].map(rank)).to_numpy()
    first = np.where(turn, table["comparator"], table["treatment"])
    second = np.where(turn, table["treatment"], table["comparator"])
    place = {name: i for i, name in enumerate(piece.evidence.treatments)}
    centre, _, _ = direct_estimates(piece)
    table["treatment"], table["comparator"] = first, second
    table["estimate"] = np.where(turn, -table["estimate"], table["estimate"])
    table["centre"] = [centre[place[a], place[b]] for a, b in zip(first, second, strict=True)]
    table["adjusted"] = (table["estimate"] - table["centre"]).round(DUST) + 0.0  # avoids -0.0
    return table


def _egger(table: pd.DataFrame) -> float:
    """P value of the intercept in the regression of adjusted / se on 1 / se."""
    precision = 1 / table["se"].to_numpy()
    df = len(table) - 2
    if df < 1 or np.ptp(precision) < 1e-12 * precision.max():
        return float("nan")
    design = np.column_stack((np.ones(df + 2), precision))
    inverse = np.linalg.inv(design.T @ design)
    z = table["adjusted"].to_numpy() * precision
    line = inverse @ (design.T @ z)
    se = np.sqrt(inverse[0, 0] * np.sum((z - design @ line) ** 2) / df)
    return 1.0 if se < 1e-12 else float(2 * stdtr(df, -abs(line[0]) / se))


def _model_place(model: str) -> int:
    if model not in MODELS:
        raise InputError(f"model must be common or random, found {model!r}")
    return MODELS.index(model)
