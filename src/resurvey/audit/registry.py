"""Registry of all checks: rule, family, formula and reference of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from resurvey.audit.context import Context

Check = Callable[[Context], pd.DataFrame]


@dataclass(frozen=True)
class Rule:
    """A registered check.

    Attributes
    ----------
    name : str
        First part of the ids of its checks.
    family : str
        Module it belongs to.
    formula : str
        What is computed, in one line.
    reference : str
        Where the formula comes from.
    check : callable
        `Context -> DataFrame` of rows of checks.csv.
    """

    name: str
    family: str
    formula: str
    reference: str
    check: Check


RULES: dict[str, Rule] = {}


def register(name: str, formula: str, reference: str = "arithmetic") -> Callable[[Check], Check]:
    """Register a check under its rule name; each name can be used only once.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def enter(check: Check) -> Check:
        if name in RULES:
            raise ValueError(f"rule {name!r} is registered twice")
        RULES[name] = Rule(name, check.__module__.rsplit(".", 1)[-1], formula, reference, check)
        return check

    return enter


def catalogue() -> pd.DataFrame:
    """All rules as a table: rule, family, formula, reference."""
    entries = [(rule.name, rule.family, rule.formula, rule.reference) for rule in RULES.values()]
    return pd.DataFrame(entries, columns=["rule", "family", "formula", "reference"])
