"""Comparisons of printed numbers: ratios, medians, rates and counts."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass as checked

from resurvey.plan_bases import CONFIG, Comparison, Id, Months, Text, unique


@checked(frozen=True, kw_only=True, config=CONFIG)
class Alternative:
    """The same comparison with another printed value of the same quantity."""

    name: Text
    instead_of: Id
    use: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class MedianPair:
    """Two printed medians, and the printed ratio beside them."""

    label: Text
    medians: tuple[Id, Id]
    ratio: Id | None = None


@checked(frozen=True, kw_only=True, config=CONFIG)
class BucherComparison(Comparison):
    """An indirect comparison of two printed ratios; `path` is treatment, common comparator, comparator."""

    kind: Literal["bucher"] = "bucher"
    first: Id
    second: Id
    path: tuple[Id, Id, Id]
    alternatives: tuple[Alternative, ...] = ()

    @property
    def ratios(self) -> tuple[str, ...]:
        return (self.first, self.second)


@checked(frozen=True, kw_only=True, config=CONFIG)
class MultiArm:
    """Correlation of the ratios of a study with three or more arms, all printed against one arm.

    Attributes
    ----------
    method : {"pairs", "events", "patients", "control_se", "correlation"}, optional
        Source of their covariance; by default the first of these that is available.
    control_se : float, optional
        Standard error of the log hazard in the arm that the others are compared with.
    correlation : float, default 0.5
        Assumed correlation of two such log ratios, where no better information is available.
    """

    method: Literal["pairs", "events", "patients", "control_se", "correlation"] | None = None
    control_se: Months | None = None
    correlation: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.5


@checked(frozen=True, kw_only=True, config=CONFIG)
class Bayes:
    """The same meta-analysis or network with a prior for the between-study standard deviation.

    Attributes
    ----------
    prior : {"half-normal", "half-cauchy", "uniform", "log-normal", "empirical"}
    scale : float
        Scale of a half-normal or half-Cauchy prior; upper end of a uniform prior.
    location : float, optional
        Mean of log tau^2 under a log-normal prior, of which `scale` is then the standard deviation.
    source, outcome, comparison : str
        Names of an empirical prior, as in `resurvey.compare.priors.empirical`.
    effect_sd : float, optional
        Standard deviation of a normal prior centred on no effect; flat if None.
    """

    prior: Literal["half-normal", "half-cauchy", "uniform", "log-normal", "empirical"] = "half-normal"
    scale: Months = 0.5
    location: Annotated[float, Field(allow_inf_nan=False)] | None = None
    source: Text = "turner2015"
    outcome: Text = "all-cause mortality"
    comparison: Text = "pharmacological v pharmacological"
    effect_sd: Months | None = None

    @model_validator(mode="after")
    def _complete(self) -> Bayes:
        if (self.prior == "log-normal") != (self.location is not None):
            raise ValueError("location belongs to a log-normal prior, which needs one")
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class NetworkComparison(Comparison):
    """A network of printed ratios.

    `multi_arm` gives, by study, the correlation of ratios against one common arm, where the tables do not give it.

    `important` is the smallest ratio above 1 that would matter for a decision, for the domains of CINeMA.

    `merge` maps treatment ids to the node they count as; `order` lists all nodes, beginning with the one most favoured
    by small-study bias; `not_for` completes the sentence "may not be used".
    """

    kind: Literal["network"] = "network"
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]
    reference: Id
    merge: dict[Id, Id] = field(default_factory=dict)
    order: tuple[Id, ...] = ()
    not_for: tuple[Text, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    multi_arm: dict[Id, MultiArm] = field(default_factory=dict)
    important: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 1.25
    bayes: Bayes | None = None

    @model_validator(mode="after")
    def _once(self) -> NetworkComparison:
        unique("claims", self.claims)
        unique("order", self.order)
        return self

    @property
    def ratios(self) -> tuple[str, ...]:
        return self.claims


@checked(frozen=True, kw_only=True, config=CONFIG)
class PoolComparison(Comparison):
    """Printed ratios of one comparison, pooled overall and by named group; `not_pooled` have a p value but no ratio."""

    kind: Literal["pool"] = "pool"
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]
    groups: dict[Text, Annotated[tuple[Id, ...], Field(min_length=1)]] = field(default_factory=dict)
    not_pooled: tuple[Id, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    bayes: Bayes | None = None

    @model_validator(mode="after")
    def _listed(self) -> PoolComparison:
        unique("claims", self.claims)
        unique("not_pooled", self.not_pooled)
        for name, ids in self.groups.items():
            unique(f"group {name!r}", ids)
            strange = [item for item in ids if item not in self.claims]
            if strange:
                raise ValueError(f"group {name!r} names {', '.join(strange)}, which its claims do not list")
        return self

    @property
    def ratios(self) -> tuple[str, ...]:
        return self.claims


@checked(frozen=True, kw_only=True, config=CONFIG)
class RateComparison(Comparison):
    """Printed response rates side by side; all are claims of proportions.csv."""

    kind: Literal["rates"] = "rates"
    treatment: Id
    comparators: Annotated[tuple[Id, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class RatioComparison(Comparison):
    """Printed ratios and ratios of printed medians side by side."""

    kind: Literal["ratios"] = "ratios"
    pairs: Annotated[tuple[MedianPair, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class CountPair:
    """Counts of two arms of one study, claims of proportions.csv."""

    treatment: Id
    comparator: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class CountComparison(Comparison):
    """Printed counts of a binary outcome, pooled over studies: odds ratio, risk ratio or risk difference."""

    kind: Literal["counts"] = "counts"
    pairs: Annotated[tuple[CountPair, ...], Field(min_length=1)]
    measure: Literal["or", "rr", "rd"] = "or"
