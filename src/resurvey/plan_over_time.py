"""Comparisons over time and beyond the follow-up, for reconstructed patients."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass as checked

from resurvey.plan_bases import CONFIG, Comparison, Group, Id, Months, Share, rising, unique

TimedModel = Literal[
    "proportional", "log-time", "piecewise", "fp-1", "fp-2",
    "royston-parmar-0", "royston-parmar-1", "royston-parmar-2", "royston-parmar-3",
    "log-hazard-spline-0", "log-hazard-spline-1", "log-hazard-spline-2", "log-hazard-spline-3",
]  # fmt: skip
ParametricModel = Literal[
    "exponential", "weibull", "gompertz", "log-logistic", "log-normal", "generalised-gamma",
    "spline-hazard-0", "spline-hazard-1", "spline-hazard-2", "spline-hazard-3",
    "spline-odds-0", "spline-odds-1", "spline-odds-2", "spline-odds-3",
    "spline-normal-0", "spline-normal-1", "spline-normal-2", "spline-normal-3",
    "mixture-exponential", "mixture-weibull", "mixture-log-normal", "mixture-log-logistic",
    "non-mixture-exponential", "non-mixture-weibull", "non-mixture-log-normal", "non-mixture-log-logistic",
]  # fmt: skip


@checked(frozen=True, kw_only=True, config=CONFIG)
class TimedComparison(Comparison):
    """A network of reconstructed patients without the assumption of proportional hazards.

    Attributes
    ----------
    groups : tuple of Group
        Arms of the trials, two or more per study.
    reference : str
        Treatment or node that all others are compared with.
    merge : dict of str to str
        Treatment ids and the node they count as.
    models : tuple of str
        If empty, the default models of `resurvey.compare.timed_network`.
    population : str, optional
        Study whose reference arm is the reference population.
    between : {"level", "none", "each"}
        Coefficients that vary between trials.
    horizon : float, optional
        End of curves and restricted means, in months.
    horizons, cuts : tuple of float
        Horizons of the networks of restricted means, and cut points of the piecewise model.
    """

    kind: Literal["over-time"] = "over-time"
    groups: Annotated[tuple[Group, ...], Field(min_length=2)]
    reference: Id
    merge: dict[Id, Id] = field(default_factory=dict)
    models: tuple[TimedModel, ...] = ()
    population: Id | None = None
    between: Literal["level", "none", "each"] = "level"
    horizon: Months | None = None
    horizons: tuple[Months, ...] = ()
    cuts: tuple[Months, ...] = ()

    @model_validator(mode="after")
    def _trials(self) -> TimedComparison:
        unique("groups", [" ".join((one.study, one.arm, one.population, one.data_cut)) for one in self.groups])
        unique("models", self.models)
        studies = [one.study for one in self.groups]
        alone = sorted({study for study in studies if studies.count(study) == 1})
        if alone:
            raise ValueError(f"groups has one arm of {', '.join(alone)}: a trial compares two or more")
        endpoints = sorted({one.endpoint for one in self.groups})
        if len(endpoints) > 1:
            raise ValueError(f"groups mixes the endpoints {', '.join(endpoints)}: take one")
        rising("cuts", self.cuts)
        rising("horizons", self.horizons)
        return self

    @property
    def patient_groups(self) -> tuple[Group, ...]:
        return self.groups


@checked(frozen=True, kw_only=True, config=CONFIG)
class LifeYear:
    """A row of a life table: deaths per person-year at an age, and the sex if rates differ."""

    age: Annotated[int, Field(ge=0, le=120)]
    rate: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sex: str = ""


@checked(frozen=True, kw_only=True, config=CONFIG)
class Aged:
    """A part of the patients, by age at baseline and sex."""

    age: Annotated[float, Field(ge=0, le=120)]
    share: Share = 1.0
    sex: str = ""


@checked(frozen=True, kw_only=True, config=CONFIG)
class Outside:
    """Survival known from an external source."""

    time: Months
    survival: Share
    lower: Share | None = None
    upper: Share | None = None
    n: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _limits(self) -> Outside:
        if self.n is None and (self.lower is None or self.upper is None):
            raise ValueError("needs lower and upper, or n")
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class ExtrapolationComparison(Comparison):
    """Extrapolation of one group beyond its follow-up.

    Attributes
    ----------
    group : Group
    times, horizons : tuple of float
        Landmark times and horizons of restricted means, in months, increasing.
    models : tuple of str
        If empty, the default models of `resurvey.compare.extrapolation`.
    life_table, cohort
        Background mortality, and the age and sex of the patients: both or neither.
    external : tuple of Outside
    """

    kind: Literal["extrapolation"] = "extrapolation"
    group: Group
    times: Annotated[tuple[Months, ...], Field(min_length=1)]
    horizons: Annotated[tuple[Months, ...], Field(min_length=1)]
    models: tuple[ParametricModel, ...] = ()
    life_table: tuple[LifeYear, ...] = ()
    cohort: tuple[Aged, ...] = ()
    external: tuple[Outside, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> ExtrapolationComparison:
        unique("models", self.models)
        for name in ("times", "horizons"):
            rising(name, getattr(self, name))
        if bool(self.life_table) != bool(self.cohort):
            raise ValueError("life_table and cohort belong together: give both or neither")
        away = [one.time for one in self.external if one.time not in self.times]
        if away:
            raise ValueError(f"external has the time {away[0]:g}, which is not among times")
        return self

    @property
    def patient_groups(self) -> tuple[Group, ...]:
        return (self.group,)
