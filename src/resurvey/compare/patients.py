"""Two groups of rebuilt patients set side by side: naive, standardised, and with what would have to be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.adjust_effects import weighted_cox
from resurvey.compare.bias import bias_array, bias_needed, e_values, shifted_null
from resurvey.compare.outcome import Outcome, row
from resurvey.compare.pairwise import PairwiseResult, pairwise
from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.compare.standardise import poststratify
from resurvey.errors import NotEstimable, ResurveyError
from resurvey.survival import kaplan_meier
from resurvey.survival.rmst import common_horizon
from resurvey.survival.stack import PatientStack, patient_stack
from resurvey.tables import Tables

Entry = Mapping[str, Any]
GROUP = ("study", "arm", "population", "endpoint", "data_cut")
HORIZONS = 25
RISK_TIMES = 7
BAND = 0.9


def group_of(patients: Mapping[str, pd.DataFrame], group: Mapping[str, str], population: str = "") -> pd.DataFrame:
    """Rows of one group of a config entry; raises NotEstimable where it was not rebuilt."""
    table = patients[group["study"]]
    wanted = {
        "arm_id": group["arm"],
        "population": population or group["population"],
        "endpoint": group["endpoint"],
        "data_cut": group.get("data_cut", ""),
    }
    chosen = pd.Series(True, index=table.index)
    for column, value in wanted.items():
        chosen &= table[column].astype(str) == value
    rows = table.loc[chosen, ["replicate", "time", "event"]]
    if rows.empty:
        words = " / ".join(filter(None, (group["study"], *wanted.values())))
        raise NotEstimable(
            f"no patients of {words} were rebuilt: see results/reconstruction/accuracy.csv for the reason"
        )
    return rows


def label_of(typed: Tables, group: Mapping[str, str]) -> str:
    """How to call a group: treatment, study, and population where it is a subgroup."""
    arms = typed["arms"]
    found = arms[(arms["study_id"] == group["study"]) & (arms["arm_id"] == group["arm"])]
    names = typed["treatments"].set_index("treatment_id")["label"]
    treatment = names.get(found.iloc[0]["treatment_id"], group["arm"]) if len(found) else group["arm"]
    acronym = typed["studies"].set_index("study_id")["acronym"].get(group["study"], group["study"])
    population = "" if group["population"] == "all" else f", {group['population']}"
    return f"{treatment} ({acronym}{population})"


def compare_patients(entry: Entry, typed: Tables, patients: Mapping[str, pd.DataFrame]) -> Outcome:
    """First group against second over all replicates, with sensitivity to bias and, where asked, standardised."""
    groups = [entry["treatment"], entry["comparator"]]
    first, second = (group_of(patients, group) for group in groups)
    labels = tuple(label_of(typed, group) for group in groups)
    made = pairwise(first, second, landmarks=entry.get("landmarks", (6.0, 12.0)), labels=labels)
    stacks = [patient_stack(part, label) for part, label in zip((first, second), labels, strict=True)]
    facts = {
        "treatment": labels[0],
        "comparator": labels[1],
        "endpoint": entry["treatment"]["endpoint"],
        "population": entry["treatment"]["population"],
        "n_treatment": int((first["replicate"] == 0).sum()),
        "n_comparator": int((second["replicate"] == 0).sum()),
    }
    rows = [_pairwise_row(entry, line, facts) for _, line in made.rows.iterrows()]
    tables = {"spread": made.ensemble, "curves": _curves(stacks), "risk": _risk(stacks)}
    tables["log_cumulative_hazard"] = _log_cumulative_hazard(tables["curves"])
    tables["rmst"] = _rmst(stacks)
    tables |= _bias(made)
    for spec in entry.get("standardise", ()):
        more, balance = _standardised(entry, spec, patients, second, facts)
        rows.append(more)
        if balance is not None:
            tables[f"balance_{spec['name'].replace(' ', '_')}"] = balance
    rows += [_printed(entry, typed, claim, facts) for claim in entry.get("printed", ())]
    return Outcome(pd.DataFrame(rows), tables)


def _pairwise_row(entry: Entry, line: pd.Series, facts: Mapping[str, Any]) -> dict[str, Any]:
    at = f" at {line['time']:.4g} months" if isfinite(line["time"]) else ""
    values = (line["estimate"], line["lower"], line["upper"], line["p"])
    note = f"{line['note'] or ''}".strip()
    measure = {"hazard ratio": "HR"}.get(line["measure"], line["measure"])
    return row(
        entry,
        f"{line['method']}, unadjusted",
        f"{measure}{at}",
        *values,
        evidence="summary",
        note=note,
        **facts,
    )


def _curves(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    parts = []
    for name, stack in zip(("first", "second"), stacks, strict=True):
        grid = np.linspace(0.0, float(stack.curves.last.max()), 121)
        curves = np.array([kaplan_meier(*_members(stack, i)).at(grid) for i in range(len(stack.time))])
        low, middle, high = np.quantile(curves, [(1 - BAND) / 2, 0.5, (1 + BAND) / 2], axis=0)
        parts.append(pd.DataFrame({"group": name, "time": grid, "survival": middle, "lower": low, "upper": high}))
    return pd.concat(parts, ignore_index=True)


def _members(stack: PatientStack, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Times and marks of one replicate, without the fillers."""
    real = stack.time[index] >= 0
    return stack.time[index][real], stack.event[index][real]


def _risk(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """At risk just before, and censored and events up to, a few times; means over the replicates."""
    end = max(float(stack.curves.last.max()) for stack in stacks)
    step = _round_step(end / (RISK_TIMES - 1))
    parts = []
    for name, stack in zip(("first", "second"), stacks, strict=True):
        for time in np.arange(0.0, end + 1e-9, step):
            gone = (stack.time >= 0) & (stack.time <= time)
            parts.append(
                {
                    "group": name,
                    "time": time,
                    "at_risk": float((stack.time >= time).sum(axis=1).mean()),
                    "censored": float((gone & (stack.event == 0)).sum(axis=1).mean()),
                    "events": float((gone & (stack.event == 1)).sum(axis=1).mean()),
                }
            )
    return pd.DataFrame(parts)


def _round_step(rough: float) -> float:
    """A step of 1, 2, 3, 6 or 12 (or tens of these) that is not below `rough`."""
    steps = [unit * size for size in (0.1, 1, 10, 100) for unit in (1, 2, 3, 6, 12)]
    return next((step for step in sorted(steps) if step >= rough), rough)


def _log_cumulative_hazard(curves: pd.DataFrame) -> pd.DataFrame:
    inside = curves[(curves["survival"] > 0) & (curves["survival"] < 1) & (curves["time"] > 0)]
    values = np.log(-np.log(inside["survival"]))
    return pd.DataFrame({"group": inside["group"], "log_time": np.log(inside["time"]), "value": values})


def _rmst(stacks: Sequence[PatientStack]) -> pd.DataFrame:
    """Difference of restricted means, first minus second, over a range of horizons."""
    a, b = (stack.curves for stack in stacks)
    end = common_horizon(a, b)
    rows = []
    for horizon in np.linspace(end / HORIZONS, end, HORIZONS):
        (mean_a, var_a), (mean_b, var_b) = a.restricted_mean(horizon), b.restricted_mean(horizon)
        if not np.any(var_a + var_b > 0):
            continue
        made = rubin(mean_a - mean_b, var_a + var_b)
        rows.append(
            {"horizon": horizon, "estimate": made.estimate, "lower": made.lower, "upper": made.upper, "p": made.p}
        )
    return pd.DataFrame(rows, columns=["horizon", "estimate", "lower", "upper", "p"])


def _bias(made: PairwiseResult) -> dict[str, pd.DataFrame]:
    effect = made.log_hazard_ratio
    if effect is None:
        return {}
    shifted = shifted_null(effect)
    return {
        "e_values": e_values(effect),
        "bias_needed": bias_needed(effect),
        "bias_array": bias_array(effect),
        "shifted_null": shifted.assign(tipping=shifted.attrs["tipping"]),
    }


def _standardised(
    entry: Entry,
    spec: Mapping[str, Any],
    patients: Mapping[str, pd.DataFrame],
    second: pd.DataFrame,
    facts: Mapping[str, Any],
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Hazard ratio with the treatment arm's subgroups weighted to the shares of another population."""
    method = f"Cox, standardised by {spec['name']}"
    shares = dict(zip(spec["populations"], spec["shares"], strict=True))
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    note = f"shares {words} from {spec['source']}; robust variance, pooled over replicates by Rubin's rules"
    try:
        strata = [group_of(patients, entry["treatment"], name).assign(stratum=name) for name in shares]
        effect, balance = _weighted_ratio(pd.concat(strata), second, shares)
    except ResurveyError as error:
        empty = row(entry, method, "HR", *([np.nan] * 4), evidence="summary", note=str(error), **facts)
        return {**empty, "status": "refused"}, None
    values = (exp(effect.estimate), exp(effect.lower), exp(effect.upper), effect.p)
    return row(entry, method, "HR", *values, evidence="summary", note=note, **facts), balance


def _weighted_ratio(
    first: pd.DataFrame, second: pd.DataFrame, shares: Mapping[str, float]
) -> tuple[EnsembleEstimate, pd.DataFrame]:
    estimates, variances, balance = [], [], None
    others = dict(tuple(second.groupby("replicate")))
    for number, arm in first.groupby("replicate"):
        if number not in others:
            continue
        other = others[number]
        weights = poststratify(arm["stratum"], shares)
        balance = weights.balance
        effect = weighted_cox(
            np.concatenate([arm["time"], other["time"]]),
            np.concatenate([arm["event"], other["event"]]),
            np.concatenate([np.ones(len(arm)), np.zeros(len(other))]),
            np.concatenate([weights.weights, np.ones(len(other))]),
        )
        estimates.append(effect.estimate)
        variances.append(effect.se_robust**2)
    assert balance is not None
    return rubin(estimates, variances), balance


def _printed(entry: Entry, typed: Tables, claim_id: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a paper printed of the same comparison, beside ours."""
    for table, measure in (("p_values", "p"), ("hazard_ratios", "HR")):
        found = typed[table][typed[table]["claim_id"] == claim_id]
        if len(found):
            claim = found.iloc[0]
            values = [claim.get(column, np.nan) for column in ("value", "lower", "upper", "p")]
            note = f"printed p {claim['p_text']}" if claim["p_text"] else str(claim.get("statement", ""))
            test = claim["test"] or "as printed"
            return row(
                entry,
                f"{test}, as printed",
                measure,
                *values,
                evidence="printed",
                claim_ids=claim_id,
                note=note,
                **facts,
            )
    raise NotEstimable(f"printed result {claim_id!r} of comparison {entry['id']!r} is neither a p value nor a ratio")
