"""Building blocks of a plan: types of values, groups of patients, and the base class of comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as checked

from resurvey.plan_bias import BiasBeliefs

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Months = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
CONFIG = ConfigDict(extra="forbid", strict=True)


@checked(frozen=True, kw_only=True, config=CONFIG)
class Group:
    """A group of reconstructed patients.

    Attributes
    ----------
    study, arm : str
        Ids of studies.csv and arms.csv.
    population : str
        `all`, or a subgroup as spelt in the tables.
    endpoint : str
        As in endpoints.csv.
    data_cut : str
        Empty if the study has only one.
    """

    study: Id
    arm: Id
    population: Text
    endpoint: Text
    data_cut: str = ""

    def changed(self, change: Change | None) -> Group:
        """The group with the changes of a variation applied."""
        if change is None:
            return self
        return replace(self, **{name: value for name, value in asdict(change).items() if value is not None})


@checked(frozen=True, kw_only=True, config=CONFIG)
class Change:
    """Changes made to a group by a variation; None leaves an attribute as it is."""

    arm: Id | None = None
    population: Text | None = None
    data_cut: str | None = None


@checked(frozen=True, kw_only=True, config=CONFIG)
class Comparison:
    """Base class of comparisons.

    Attributes
    ----------
    id : str
        Name of its folder of results.
    question : str
        Question addressed, in words.
    assumptions : tuple of str
        Assumptions required for the stated interpretation of the estimate.
    needs_kmdata : bool
        Whether it is skipped when no KMDATA folder is given.
    bias : BiasBeliefs, optional
        Prior beliefs about an unmeasured factor, for a probabilistic bias analysis of its hazard ratio.
    """

    id: Id
    question: Text
    assumptions: Annotated[tuple[Text, ...], Field(min_length=1)]
    needs_kmdata: bool = False
    bias: BiasBeliefs | None = None
    kind: str = ""

    @property
    def patient_groups(self) -> tuple[Group, ...]:
        """Groups of reconstructed patients compared, the treatment first."""
        return ()

    @property
    def ratios(self) -> tuple[str, ...]:
        """Claims of printed ratios that the estimate is based on."""
        return ()


def unique(name: str, values: Sequence[str]) -> None:
    """Refuse a list with duplicates.

    Raises
    ------
    ValueError
        Names the duplicates.
    """
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{name} lists {', '.join(map(repr, twice))} more than once: list each once")


def rising(name: str, values: Sequence[float]) -> None:
    """Refuse times that are not increasing.

    Raises
    ------
    ValueError
        With the times as listed.
    """
    if list(values) != sorted(set(values)):
        raise ValueError(f"{name} must rise, found {', '.join(f'{value:g}' for value in values)}")
