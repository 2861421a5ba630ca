"""Prior beliefs about an unmeasured prognostic factor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass as checked

from resurvey.beliefs import Belief
from resurvey.errors import InputError

CONFIG = ConfigDict(extra="forbid", strict=True)


@checked(frozen=True, kw_only=True, config=CONFIG)
class Believed:
    """A prior distribution for a ratio or a proportion: its shape and parameters."""

    shape: Literal["uniform", "triangular", "trapezoidal", "beta", "log-normal"]
    numbers: Annotated[tuple[float, ...], Field(min_length=2, max_length=4)]

    @model_validator(mode="after")
    def _is_one(self) -> Believed:
        try:
            self.belief()
        except InputError as error:
            raise ValueError(str(error)) from None
        return self

    def belief(self) -> Belief:
        """Convert to the form used by the analysis."""
        return Belief(self.shape, self.numbers)


@checked(frozen=True, kw_only=True, config=CONFIG)
class BiasBeliefs:
    """Prior beliefs about the strength and prevalence of the factor.

    Attributes
    ----------
    strength : Believed
        Ratio for the event, with the factor versus without.
    treated, comparator : Believed
        Proportion of patients with the factor in each group.
    correlation : float
        Correlation between the two proportions.
    seed, draws : int
    """

    strength: Believed
    treated: Believed
    comparator: Believed
    correlation: Annotated[float, Field(gt=-1, lt=1, allow_inf_nan=False)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 1
    draws: Annotated[int, Field(ge=1000, le=1_000_000)] = 20_000
