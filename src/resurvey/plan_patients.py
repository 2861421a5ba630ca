"""Comparisons of two groups of reconstructed patients, with their options."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass as checked

from resurvey.plan_bases import CONFIG, Change, Comparison, Group, Id, Months, Share, Text, rising, unique

#: Default effective sample size below which a standardised result is refused.
MINIMUM_ESS = 10.0
LANDMARKS = (6.0, 12.0)
#: Tolerance for the sum of the shares of a scenario, which must be 1.
SHARE_TOLERANCE = 1e-6
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,59}")


@checked(frozen=True, kw_only=True, config=CONFIG)
class RestOf:
    """A share given by the count of a claim minus the other shares."""

    rest_of: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class Mix:
    """Subgroups of the treatment group weighted to the composition of a target population.

    Attributes
    ----------
    name : str
        Letters, digits, spaces and hyphens, since it is used as a file name.
    populations : tuple of str
        Mutually exclusive subgroups.
    shares : tuple
        One per population: either numbers that add up to 1 (a scenario), or claims of proportions.csv, of which one may
        be a `RestOf`.
    source : str
        Source of the shares.
    minimum_ess : float
        Effective sample size below which the result is refused.
    """

    name: Text
    populations: Annotated[tuple[Text, ...], Field(min_length=2)]
    shares: Annotated[tuple[Share | Id | RestOf, ...], Field(min_length=2)]
    source: Text
    minimum_ess: Months = MINIMUM_ESS

    @model_validator(mode="after")
    def _whole(self) -> Mix:
        if not FILE_NAME.fullmatch(self.name):
            raise ValueError(
                f"its name {self.name!r} becomes part of a file name: use letters, digits, spaces and hyphens, "
                "at most 60"
            )
        unique("populations", self.populations)
        if len(self.populations) != len(self.shares):
            raise ValueError(
                f"names {len(self.populations)} populations but {len(self.shares)} shares: give one share each"
            )
        numbers = self.numbers
        if numbers and len(numbers) < len(self.shares):
            raise ValueError("mixes numbers and claims among its shares: give all shares in one way")
        if numbers and abs(sum(numbers) - 1) > SHARE_TOLERANCE:
            raise ValueError(f"its shares add up to {sum(numbers):g}: they must add up to 1")
        if sum(isinstance(share, RestOf) for share in self.shares) > 1:
            raise ValueError("names `rest_of` more than once: exactly one share may be a rest")
        return self

    @property
    def numbers(self) -> tuple[float, ...]:
        """Shares given as numbers."""
        return tuple(share for share in self.shares if isinstance(share, float | int))

    @property
    def scenario(self) -> bool:
        """Whether the shares are assumed rather than printed."""
        return bool(self.numbers)

    @property
    def claims(self) -> tuple[str, ...]:
        """Claims from which the shares are taken."""
        named = (share.rest_of if isinstance(share, RestOf) else share for share in self.shares)
        return tuple(share for share in named if isinstance(share, str))


@checked(frozen=True, kw_only=True, config=CONFIG)
class Strata:
    """Mutually exclusive subgroups of both groups, used as strata for a test and a ratio."""

    name: Text
    populations: Annotated[tuple[Text, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _whole(self) -> Strata:
        unique("populations", self.populations)
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class Variation:
    """The same comparison with other groups."""

    name: Text
    treatment: Change | None = None
    comparator: Change | None = None

    @model_validator(mode="after")
    def _changes(self) -> Variation:
        if self.treatment is None and self.comparator is None:
            raise ValueError("changes nothing: give `treatment`, `comparator` or both")
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class Progressed:
    """Printed proportions of patients with an event within some months, shown beside the reconstructed ones."""

    within: Months
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class PatientComparison(Comparison):
    """Two groups of reconstructed patients, the first against the second."""

    kind: Literal["patients"] = "patients"
    treatment: Group
    comparator: Group
    landmarks: Annotated[tuple[Months, ...], Field(min_length=1)] = LANDMARKS
    cuts: tuple[Months, ...] | None = None
    printed: tuple[Id, ...] = ()
    progressed: Progressed | None = None
    vary: tuple[Variation, ...] = ()
    strata: tuple[Strata, ...] = ()
    standardise: tuple[Mix, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> PatientComparison:
        for name in ("vary", "strata", "standardise"):
            unique(name, [item.name for item in getattr(self, name)])
        unique("printed", self.printed)
        unique("landmarks", [f"{month:g}" for month in self.landmarks])
        rising("cuts", self.cuts or ())
        if self.treatment == self.comparator:
            raise ValueError("compares a group with itself: treatment and comparator are the same")
        return self

    @property
    def patient_groups(self) -> tuple[Group, ...]:
        return (self.treatment, self.comparator)
