"""Survival analysis of patient tables: curves, tests, ratios, restricted means and parametric models.

Arrays in, small frozen dataclasses or tables out. Times are in one unit of the caller's choice; `event` is 1 for an
event and 0 for a right-censored time. Where two arms are compared, `first` marks the patients of the first arm, and
every ratio, difference and z is **first arm against second** (first in the numerator): a hazard ratio below 1 and a
negative z mean fewer events in the first arm than the second arm's hazard would give.
"""

from resurvey.survival.cox import CoxRatio, cox
from resurvey.survival.km import KaplanMeier, check_patients, kaplan_meier
from resurvey.survival.logrank import LogRank, MaxCombo, logrank, maxcombo
from resurvey.survival.rmst import (
    RestrictedMean,
    RestrictedMeanComparison,
    compare_restricted_means,
    restricted_mean,
    restricted_means_over,
)

__all__ = [
    "CoxRatio",
    "KaplanMeier",
    "LogRank",
    "MaxCombo",
    "RestrictedMean",
    "RestrictedMeanComparison",
    "check_patients",
    "compare_restricted_means",
    "cox",
    "kaplan_meier",
    "logrank",
    "maxcombo",
    "restricted_mean",
    "restricted_means_over",
]
