"""The audit: every printed number is recomputed from the others and given a verdict.

`run(tables)` returns the rows of `checks.csv`. Each check is a function in the module of its family, registered once
in `registry.RULES` with its formula and reference; `commands` offers each family for single numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from resurvey.audit.context import Context, prepare
from resurvey.audit.registry import RULES, catalogue
from resurvey.audit.verdicts import COLUMNS, FLAGS, RULED, SEVERITIES, VERDICTS, empty, needs_ruling
from resurvey.errors import InputError

# Importing a family registers its rules, in this order. They are imported by name because the code that a step depends
# on is read from the imports: an edited rule reruns the audit.
# isort: off
from resurvey.audit import percentages, implied, categories, intervals, contingency, ratio_checks, widths
from resurvey.audit import group_sizes, medians, quartiles, survival_rates, dates, calendar, measurements
from resurvey.audit import (
    relations,
    statements,
    contrasts,
    terms,
    plans,
    baseline,
    unknowns,
    evaluable,
    adverse_events,
    conflicts,
    citations,
    naming,
    trial_records,
    designs,
)
# isort: on

FAMILIES = tuple(
    module.__name__.rpartition(".")[2]
    for module in (
        *(percentages, implied, categories, intervals, contingency, ratio_checks, widths),
        *(group_sizes, medians, quartiles, survival_rates, dates, calendar, measurements),
        *(
            relations,
            statements,
            contrasts,
            terms,
            plans,
            baseline,
            unknowns,
            evaluable,
            adverse_events,
            conflicts,
            citations,
            naming,
            trial_records,
            designs,
        ),
    )
)

__all__ = ["COLUMNS", "FLAGS", "RULED", "RULES", "SEVERITIES", "VERDICTS", "catalogue", "needs_ruling", "run"]


def run(tables: Mapping[str, pd.DataFrame], *, rules: Iterable[str] | None = None) -> pd.DataFrame:
    """Audit every number of the tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Extraction tables by name, as text (checked first) or typed (`clean.tidy`); absent tables count as empty.
    rules : iterable of str, optional
        Names of the rules to run; all by default.

    Returns
    -------
    DataFrame
        Columns check_id, rule, source_id, study_id, claim_ids (separated by `;`), reported, recomputed, verdict,
        severity, explanation; sorted by source, rule and check id. `check_id` depends only on the rule and its claims,
        never on the order of rows.

    Raises
    ------
    TableFaults
        If raw tables have faults; lists all of them.
    InputError
        If a rule or table name is unknown.
    """
    wanted = list(RULES) if rules is None else list(rules)
    unknown = [name for name in wanted if name not in RULES]
    if unknown:
        raise InputError(f"unknown rules {', '.join(unknown)}: expected some of {', '.join(RULES)}")
    context = Context(prepare(tables))
    found = [RULES[name].check(context) for name in wanted]
    found = [frame for frame in found if len(frame)]
    if not found:
        return empty()
    checks = pd.concat(found, ignore_index=True)
    return checks.sort_values(["source_id", "rule", "check_id"], kind="stable", ignore_index=True)
