"""What a comparison returns: rows for comparisons.csv, and the tables behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from resurvey.compare.rubin import EnsembleEstimate
from resurvey.montecarlo import ENOUGH
from resurvey.plan import Comparison
from resurvey.results import ESTIMATES, Contrast, Model, Quantity, RestsOn, Role

COLUMNS = ESTIMATES.names
# Above this share of missing information an estimate depends more on the assumed hazard shape than on printed data.
MOSTLY_ASSUMED = 0.5
RESTS_ON_SHAPE = "rests on the assumed shape: more than half of the information is missing"
DRAWS = "other replicates would move it by more than a tenth of its standard error: ask for more"
NOTHING = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class What:
    """What a row of estimates refers to, in words for readers and in typed values for programs.

    Attributes
    ----------
    method, measure : str
        Labels for display only; code does not compare them.
    role : Role
    quantity : Quantity
    contrast : Contrast
    model : Model
    from_months, time_months : float
        Time to which the estimate refers: a landmark, a horizon, or a period (infinite end where it is open).
    variation : str
        Name of the target population, of the strata, or of the sensitivity analysis.
    """

    method: str
    measure: str
    role: Role
    quantity: Quantity
    contrast: Contrast = Contrast.NONE
    model: Model = Model.NONE
    from_months: float = np.nan
    time_months: float = np.nan
    variation: str = ""

    def columns(self) -> dict[str, Any]:
        """The columns of a row."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Outcome:
    """One comparison.

    Attributes
    ----------
    estimates : DataFrame
        Rows as made by `row`.
    tables : dict of DataFrame
        Further tables for figures and readers, by name.
    without : mapping of list of dict
        The rows of estimates without each study, by study, where they were computed with the main analysis.
    """

    estimates: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    without: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def rows(self) -> pd.DataFrame:
        """The estimates with the columns of `resurvey.results.ESTIMATES`, in order."""
        return self.estimates.reindex(columns=COLUMNS)


class RowMaker(Protocol):
    """An object that knows what is compared and makes the rows."""

    def row(self, what: What, estimate: float, lower: float, upper: float, p: float, **extra: Any) -> dict[str, Any]:
        """A row of comparisons.csv."""

    def refused(self, what: What, reason: str, **extra: Any) -> dict[str, Any]:
        """A row that says why there is no estimate."""


def row(
    entry: Comparison,
    what: What,
    estimate: float,
    lower: float,
    upper: float,
    p: float,
    evidence: str,
    **extra: Any,
) -> dict[str, Any]:
    """One row of comparisons.csv; ratios and proportions are on their natural scale."""
    made = {
        "comparison_id": entry.id,
        **what.columns(),
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "p": p,
        "evidence": evidence,
        "assumptions": "; ".join(entry.assumptions),
        "kind": entry.kind,
        "refused": False,
        "ci_level": 0.95,
        **extra,
    }
    words = orientation(what, str(made.get("treatment", "")), str(made.get("comparator", "")))
    return {"orientation": words, **made}


def of_replicates(pooled: EnsembleEstimate, note: str = "") -> dict[str, Any]:
    """Columns of a row that say how much an estimate pooled over replicates rests on them, and its note."""
    return doubts(pooled.missing_information, pooled.monte_carlo_limits, note)


def doubts(missing_information: float, monte_carlo: float, note: str = "") -> dict[str, Any]:
    """The same from the fraction of missing information and the Monte Carlo error."""
    assumed = missing_information > MOSTLY_ASSUMED
    said = [note, RESTS_ON_SHAPE if assumed else "", DRAWS if monte_carlo > ENOUGH else ""]
    return {
        "missing_information": missing_information,
        "monte_carlo": monte_carlo,
        "rests_on": RestsOn.SHAPE if assumed else RestsOn.PRINT,
        "note": "; ".join(part for part in said if part),
    }


def refused_row(entry: Comparison, what: What, reason: str, evidence: str = "none", **extra: Any) -> dict[str, Any]:
    """A row for what could not be estimated, with the reason in its note."""
    return {**row(entry, what, *NOTHING, evidence, **extra), "refused": True, "note": reason}


def refused(entry: Comparison, reason: str) -> Outcome:
    """The outcome of a comparison that could not be made: one row with the reason."""
    return Outcome(pd.DataFrame([refused_row(entry, What(entry.kind, "none", Role.MAIN, Quantity.NOTHING), reason)]))


def orientation(what: What, treatment: str, comparator: str) -> str:
    """In words, which side an estimate favours; empty where a measure has no direction."""
    first = treatment or "the first group"
    against = f"{first} against {comparator or 'the second group'}"
    if what.quantity == Quantity.PRINTED_DIFFERENCE:
        return f"{what.measure}, of {against}; above 0 the first named of the two numbers is the greater"
    if what.quantity == Quantity.HAZARD_RATIO:
        return f"{against}; below 1 favours {first} (lower hazard)"
    if what.contrast == Contrast.RATIO:
        return f"{against}; above 1 favours {first} (longer)"
    if what.contrast == Contrast.DIFFERENCE:
        return f"{against}, first minus second; above 0 favours {first}"
    if what.quantity == Quantity.Z:
        greatest = what.model == Model.MAXCOMBO
        return against if greatest else f"{against}; z below 0 is fewer events with {first} than expected"
    return f"{what.measure}, {against}" if comparator else what.measure


def frame(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = ()) -> pd.DataFrame:
    """A table of rows, with its columns even where there are no rows."""
    made = pd.DataFrame(list(rows))
    return made if len(made) or not columns else pd.DataFrame(columns=list(columns))
