"""Reviewers' judgements in the results: risk of bias of studies, and confidence in network estimates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from resurvey.compare.network import prediction_intervals
from resurvey.compare.network_consistency import contributions, node_split
from resurvey.compare.network_result import Network
from resurvey.compare.outcome import Outcome
from resurvey.results import Concern, Risk
from resurvey.tables import Tables

#: Numerical level of each risk, for averaging.
LEVEL = {
    Risk.LOW: 1.0, Risk.SOME: 2.0, Risk.MODERATE: 2.0, Risk.HIGH: 3.0, Risk.SERIOUS: 3.0, Risk.CRITICAL: 3.0,
}  # fmt: skip
ORDER = (Risk.NO_INFORMATION, Risk.LOW, Risk.SOME, Risk.MODERATE, Risk.HIGH, Risk.SERIOUS, Risk.CRITICAL)
TABLES = ("contrasts", "legs", "effects", "studies", "counts")
OVERALL = "overall"


def overall_risks(typed: Tables, endpoint: str) -> dict[str, Risk]:
    """Overall risk of bias of each study for an endpoint.

    A judgement for the endpoint takes precedence over one for all endpoints. If a tool has no overall judgement, the
    worst of its domains is used. If two tools were used, the worse result counts.
    """
    table = typed.get("risk_of_bias", pd.DataFrame())
    found: dict[str, Risk] = {}
    if not len(table):
        return found
    own = table[table["endpoint"].fillna("").isin(["", endpoint])]
    for (study, _), rows in own.groupby(["study_id", "tool"], sort=True):
        special = rows[rows["endpoint"].fillna("") == endpoint]
        chosen = special if len(special) else rows
        whole = chosen.loc[chosen["domain"] == OVERALL, "judgement"]
        risk = max((Risk(value) for value in (whole if len(whole) else chosen["judgement"])), key=ORDER.index)
        found[str(study)] = max(found.get(str(study), risk), risk, key=ORDER.index)
    return found


def with_judgements(typed: Tables, made: Outcome) -> Outcome:
    """Add the risk of bias of the studies to a comparison; return it unchanged if none was judged."""
    table = typed.get("risk_of_bias", pd.DataFrame())
    endpoints = [str(value) for value in made.estimates.get("endpoint", pd.Series(dtype=str)).dropna().unique()]
    if not len(table) or not endpoints:
        return made
    endpoint = endpoints[0]
    tables = with_risks(made.tables, overall_risks(typed, endpoint))
    shown = {name for name in TABLES if name in tables and "study" in tables[name]}
    studies = {str(study).split(", ")[0] for name in shown for study in tables[name]["study"]}
    if "transitivity" in tables:
        studies |= {str(study) for study in tables["transitivity"]["study_id"]}
    own = risk_table(typed, studies, endpoint)
    return Outcome(made.estimates, {**tables, "risk_of_bias": own}) if len(own) else made


def with_risks(tables: Mapping[str, pd.DataFrame], risks: Mapping[str, Risk]) -> dict[str, pd.DataFrame]:
    """Add the overall risk of bias to tables with one row per study (column `risk_of_bias`, empty if not judged)."""
    made = dict(tables)
    for name in TABLES:
        table = made.get(name)
        if table is not None and "study" in table and len(table):
            studies = table["study"].astype(str).str.split(", ").str[0]
            made[name] = table.assign(risk_of_bias=studies.map(lambda study: str(risks.get(study, ""))))
    return made


def risk_table(typed: Tables, studies: set[str], endpoint: str) -> pd.DataFrame:
    """Judgements of the studies of a comparison: study, tool, domain, judgement, endpoint, by."""
    table = typed["risk_of_bias"]
    own = table[table["study_id"].isin(studies) & table["endpoint"].fillna("").isin(["", endpoint])]
    named = own.rename(columns={"study_id": "study"})[["study", "tool", "domain", "judgement", "endpoint", "by"]]
    return named.sort_values(["study", "tool"], kind="stable", ignore_index=True)


def risk_contributions(made: Network, risks: Mapping[str, Risk], model: str = "random") -> pd.DataFrame:
    """Share of each network estimate that comes from studies of each risk: treatment, comparator, risk, share.

    The share of a direct comparison is taken from `network_consistency.contributions`; within a direct comparison,
    studies are weighted by inverse variance. Studies without a judgement have the risk `no information`.

    References
    ----------
    .. [1] Nikolakopoulou, A. et al. (2020). PLoS Medicine 17, e1003082 (CINeMA: within-study bias).
    .. [2] Papakonstantinou, T. et al. (2018). F1000Research 7, 610 (contributions of studies).
    """
    shares = _risk_by_pair(made, risks, model)
    rows = []
    for _, line in contributions(made, model).iterrows():
        total: dict[Risk, float] = {}
        for pair, share in line.drop(["treatment", "comparator"]).items():
            for risk, part in shares[str(pair)].items():
                total[risk] = total.get(risk, 0.0) + float(share) * part
        names = {"treatment": line["treatment"], "comparator": line["comparator"]}
        rows += [{**names, "risk": risk, "share": total[risk]} for risk in ORDER if risk in total]
    return pd.DataFrame(rows, columns=["treatment", "comparator", "risk", "share"])


def _risk_by_pair(made: Network, risks: Mapping[str, Risk], model: str) -> dict[str, dict[Risk, float]]:
    """Share of the weight of each direct comparison, by risk."""
    found: dict[str, dict[Risk, float]] = {}
    for common, random in made.pieces:
        tau2 = random.tau2 if model == "random" else 0.0
        for study in common.evidence.studies:
            risk = risks.get(study.name, Risk.NO_INFORMATION)
            names = [common.evidence.treatments[i] for i in study.arms]
            for i in range(len(names)):
                for j in range(i):
                    weight = 1 / (study.variances[i, j] + tau2)
                    own = found.setdefault(_pair(names[j], names[i]), {})
                    own[risk] = own.get(risk, 0.0) + float(weight)
    return {pair: {r: w / sum(own.values()) for r, w in own.items()} for pair, own in found.items()}


def _pair(first: str, second: str) -> str:
    """Name of a direct comparison in the columns of `contributions`."""
    return f"{first} : {second}"


def confidence_table(
    made: Network, typed: Tables, comparison_id: str, by_risk: pd.DataFrame, important: float, alpha: float = 0.1
) -> pd.DataFrame:
    """List the CINeMA domains of every estimate: the reviewers' judgement, and a suggestion computed from the numbers.

    Suggestions are made for four domains. Within-study bias: the mean risk of the contributing studies. Imprecision:
    some concerns if the confidence interval includes no effect, major concerns if it also includes an important effect
    in the opposite direction. Heterogeneity: the number of these levels by which the prediction interval is worse than
    the confidence interval. Incoherence: some concerns if p of the node split is below `alpha`, major concerns if it is
    below `alpha` / 10. Reporting bias and indirectness cannot be judged from the numbers.

    Parameters
    ----------
    made : Network
    typed : dict of DataFrame
    comparison_id : str
    by_risk : DataFrame
        Result of `risk_contributions`; may be empty.
    important : float
        Smallest important ratio, above 1; its inverse is used in the other direction.
    alpha : float, default 0.1

    Returns
    -------
    DataFrame
        treatment, comparator, domain, judged, suggested, reason, by.

    References
    ----------
    .. [1] Nikolakopoulou, A. et al. (2020). PLoS Medicine 17, e1003082.
    """
    judged = _judged(typed, comparison_id)
    suggested = _suggestions(made, by_risk, important, alpha)
    pairs = sorted({(one, two) for one, two, _ in suggested} | {tuple(sorted((a, b))) for a, b, _ in judged})
    rows = []
    for one, two in pairs:
        for domain in DOMAINS:
            known = judged.get((one, two, domain), judged.get((two, one, domain), ("", "", "")))
            if known[0] or (one, two, domain) in suggested:
                rows.append({"treatment": one, "comparator": two, "domain": domain, "judged": known[0],
                             "suggested": str(suggested.get((one, two, domain), "")), "reason": known[1],
                             "by": known[2]})  # fmt: skip
    return pd.DataFrame(rows, columns=["treatment", "comparator", "domain", "judged", "suggested", "reason", "by"])


#: The CINeMA domains, and the overall confidence.
DOMAINS = ("within-study bias", "reporting bias", "indirectness", "imprecision", "heterogeneity", "incoherence",
           "confidence")  # fmt: skip


def _judged(typed: Tables, comparison_id: str) -> dict[tuple[str, str, str], tuple[str, str, str]]:
    table = typed.get("confidence", pd.DataFrame())
    if not len(table):
        return {}
    own = table[table["comparison_id"] == comparison_id].fillna("")
    return {
        (line["treatment"], line["comparator"], line["domain"]): (line["judgement"], line["reason"], line["by"])
        for line in own.to_dict("records")
    }


def _suggestions(
    made: Network, by_risk: pd.DataFrame, important: float, alpha: float
) -> dict[tuple[str, str, str], Concern]:
    found: dict[tuple[str, str, str], Concern] = {}
    random = made.effects[made.effects["model"] == "random"]
    wide = prediction_intervals(made).set_index(["treatment", "comparator"])
    splits = node_split(made)
    p = {frozenset((line["treatment"], line["comparator"])): line["p"] for line in splits.to_dict("records")}
    means = _mean_risks(by_risk)
    for line in random[random["treatment"] < random["comparator"]].to_dict("records"):
        pair = (line["treatment"], line["comparator"])
        if frozenset(pair) in means:
            found[(*pair, "within-study bias")] = means[frozenset(pair)]
        narrow = _reach(line["estimate"], line["lower"], line["upper"], important)
        limits = wide.loc[pair]
        found[(*pair, "imprecision")] = narrow
        broad = _reach(line["estimate"], limits["lower"], limits["upper"], important)
        step = STEPS.index(broad) - STEPS.index(narrow)
        found[(*pair, "heterogeneity")] = STEPS[min(max(step, 0), 2)]
        chance = p.get(frozenset(pair), np.nan)
        if np.isfinite(chance):
            found[(*pair, "incoherence")] = (
                Concern.NONE if chance >= alpha else Concern.SOME if chance >= alpha / 10 else Concern.MAJOR
            )
    return found


STEPS = (Concern.NONE, Concern.SOME, Concern.MAJOR)


def _reach(estimate: float, lower: float, upper: float, important: float) -> Concern:
    """Concern by how far an interval crosses no effect: not at all, up to an important opposite effect, or beyond."""
    opposite = -lower if estimate > 0 else upper
    if opposite <= 0:
        return Concern.NONE
    return Concern.SOME if opposite <= float(np.log(important)) else Concern.MAJOR


def _mean_risks(by_risk: pd.DataFrame) -> dict[frozenset[str], Concern]:
    found = {}
    for (one, two), own in by_risk.groupby(["treatment", "comparator"]):
        told = own[own["risk"] != Risk.NO_INFORMATION]
        if told["share"].sum() < 0.5:
            continue
        mean = float(np.average(told["risk"].map(lambda risk: LEVEL[Risk(risk)]), weights=told["share"]))
        found[frozenset((str(one), str(two)))] = STEPS[0 if mean < 1.5 else 1 if mean < 2.5 else 2]
    return found
