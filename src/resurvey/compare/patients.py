"""Two groups of rebuilt patients compared: naive and standardised estimates, and bias analysis."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.bootstrap import Bootstrap, bootstrap_row
from resurvey.compare.groups import Pair, group_of, label_of, pair_of
from resurvey.compare.models import model_rows, model_table
from resurvey.compare.outcome import Outcome, What, doubts
from resurvey.compare.pairwise import SPREAD_COLUMNS, pairwise
from resurvey.compare.poststratified import side_by_side, standardised
from resurvey.compare.printed_and_rebuilt import p_rows, printed_rows, progressed_rows
from resurvey.compare.sensitivity import patient_sensitivity
from resurvey.compare.shapes import (
    bias_rows,
    bias_tables,
    censored_table,
    curve_table,
    hazard_table,
    risk_table,
    rmst_rows,
    rmst_table,
)
from resurvey.compare.strata import stratified
from resurvey.compare.transitivity import ATTRIBUTES, messages, transitivity
from resurvey.plan import PatientComparison
from resurvey.results import Contrast, Model, Quantity, Role
from resurvey.tables import Tables

NO_POWER = "without power: patients rebuilt from printed numbers can hide that hazards are not proportional"

__all__ = ["compare_patients", "group_of", "label_of"]


def compare_patients(
    entry: PatientComparison, typed: Tables, patients: Mapping[str, pd.DataFrame], bootstrap: Bootstrap | None = None
) -> Outcome:
    """Compare the first group with the second over all replicates.

    In addition to the naive estimates: stratified estimates, every printed result of the same comparison, the
    treatment group standardised to other populations, parametric fits, sensitivity to data cut and reconstruction,
    and the possible effect of an unmeasured factor.

    Raises
    ------
    NotEstimable
        If a group was not rebuilt.
    InputError
        If the entry names a study, an arm or a claim that no table has.
    """
    pair = pair_of(entry, typed, patients)
    landmarks = list(entry.landmarks)
    cuts = landmarks if entry.cuts is None else list(entry.cuts)
    made = pairwise(pair.first, pair.second, landmarks=landmarks, labels=pair.labels, cuts=sorted(set(cuts)))
    tables = {
        "spread": made.ensemble[SPREAD_COLUMNS],
        "curves": curve_table(pair.stacks),
        "risk": risk_table(pair.stacks),
    }
    ended = censored_table(pair.stacks)
    if len(ended):
        tables["censored"] = ended
    tables["log_cumulative_hazard"] = hazard_table(tables["curves"])
    tables["rmst"] = rmst_table(pair.stacks)
    wrong = bias_tables(made.log_hazard_ratio) if made.log_hazard_ratio is not None else {}
    tables |= wrong
    rows = [_pairwise_row(pair, line) for _, line in made.rows.iterrows()]
    rows += p_rows(pair, made) + rmst_rows(pair, landmarks)
    within = [stratified(pair, spec, patients) for spec in entry.strata]
    rows += [line for more, _ in within for line in more]
    if any(len(table) for _, table in within):
        tables["strata"] = pd.concat([table for _, table in within], ignore_index=True)
    balances = []
    for mix in entry.standardise:
        more, balance = standardised(pair, mix, typed, patients)
        rows += more
        if bootstrap and bootstrap.replicates and balance is not None:
            rows.append(bootstrap_row(pair, mix, typed, patients, bootstrap))
        if balance is not None:
            balances.append(balance.assign(target_population=mix.name))
    if balances:
        tables["balance"] = pd.concat(balances, ignore_index=True)
    if entry.standardise:
        tables["standardised"] = side_by_side(rows)
    for claim_id in entry.printed:
        rows += printed_rows(pair, typed, claim_id, made)
    rows += progressed_rows(pair, typed)
    tables["models"] = model_table(pair)
    rows += model_rows(pair, tables["models"])
    varied, tables["sensitivity"] = patient_sensitivity(pair, made, typed, patients)
    rows += varied + bias_rows(pair, wrong, made.log_hazard_ratio)
    tables["transitivity"] = transitivity(typed, _arms(entry))
    rows += _differences(pair, tables["transitivity"])
    return Outcome(pd.DataFrame(rows), tables)


def _arms(entry: PatientComparison) -> pd.DataFrame:
    return pd.DataFrame([{"study": group.study, "arm_id": group.arm} for group in entry.patient_groups])


def _differences(pair: Pair, studies: pd.DataFrame) -> list[dict[str, Any]]:
    """A row saying in which characteristics the two studies differ; no row within one study."""
    if len(studies) < 2:
        return []
    said = messages(studies)
    differ = sum("differs" in text for text in said)
    note = "; ".join(said) or "the two studies agree in all that is printed about them"
    measure = f"characteristics that differ, of {len(ATTRIBUTES)}"
    what = What("transitivity", measure, Role.CONTEXT, Quantity.DIFFERING_CHARACTERISTICS)
    return [pair.row(what, differ, np.nan, np.nan, np.nan, evidence="printed", note=note)]


def _pairwise_row(pair: Pair, line: pd.Series) -> dict[str, Any]:
    ratio = line["quantity"] == Quantity.HAZARD_RATIO
    # The end of a period is already stated in its method.
    at = "" if ratio or not isfinite(line["time"]) else f" at {line['time']:.4g} months"
    what = What(
        f"{line['method']}, unadjusted",
        f"{'HR' if ratio else line['measure']}{at}",
        _role(line),
        Quantity(line["quantity"]),
        Contrast(line["contrast"]),
        Model(line["model"]),
        line["start"],
        line["time"],
    )
    note = f"{line['note']}".strip() if isinstance(line["note"], str) else ""
    values = (line["estimate"], line["lower"], line["upper"], line["p"])
    known: dict[str, Any] = {}
    if isfinite(line["missing_information"]):
        known = doubts(line["missing_information"], line["monte_carlo"], note)
        note = known.pop("note")
    if line["model"] == Model.PROPORTIONAL_HAZARDS and line["quantity"] == Quantity.Z and pair.evidence == "summary":
        note = f"{note}; {NO_POWER}" if note else NO_POWER
    if not isfinite(line["estimate"]) and not isfinite(line["p"]):
        return pair.refused(what, note or "not estimable")
    return pair.row(what, *values, note=note, **known)


def _role(line: pd.Series) -> Role:
    if line["quantity"] == Quantity.Z:
        return Role.TEST
    whole = line["quantity"] == Quantity.HAZARD_RATIO and not isfinite(line["start"])
    return Role.MAIN if whole else Role.SECONDARY
