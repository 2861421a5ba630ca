"""Survival analysis of patient tables: curves, tests, ratios, restricted means and parametric models.

Arrays in, small frozen dataclasses or tables out. Times are in one unit of the caller's choice; `event` is 1 for an
event and 0 for a right-censored time. Where two arms are compared, `first` is the indicator of the first arm, and every
ratio, difference and z statistic is **first arm versus second** (first in the numerator): a hazard ratio below 1 and a
negative z mean fewer events in the first arm than expected under equal hazards.
"""

from resurvey.survival.competing import GrayTest, fine_gray, gray_test, incidence_at
from resurvey.survival.counting import CountingCox, at_risk_rows, cox_counting, kaplan_meier_late, logrank_late
from resurvey.survival.cox import CoxRatio, cox
from resurvey.survival.curves import Quantile, numbers_at_risk, quantile, survival_at
from resurvey.survival.difference import Contrast, compare_landmarks, compare_quantiles
from resurvey.survival.incidence import cumulative_incidence
from resurvey.survival.km import KaplanMeier, check_patients, kaplan_meier
from resurvey.survival.logrank import LogRank, MaxCombo, logrank, maxcombo
from resurvey.survival.parametric import ALL_MODELS, ParametricFit, fit_model, fit_models
from resurvey.survival.proportional import (
    ProportionalityTest,
    log_cumulative_hazards,
    piecewise_ratios,
    proportionality,
)
from resurvey.survival.regression import cox_regression
from resurvey.survival.rmst import (
    RestrictedMean,
    RestrictedMeanComparison,
    compare_restricted_means,
    restricted_mean,
    restricted_means_over,
)

__all__ = [
    "ALL_MODELS",
    "Contrast",
    "CountingCox",
    "CoxRatio",
    "GrayTest",
    "KaplanMeier",
    "LogRank",
    "MaxCombo",
    "ParametricFit",
    "ProportionalityTest",
    "Quantile",
    "RestrictedMean",
    "RestrictedMeanComparison",
    "at_risk_rows",
    "check_patients",
    "compare_landmarks",
    "compare_quantiles",
    "compare_restricted_means",
    "cox",
    "cox_counting",
    "cox_regression",
    "cumulative_incidence",
    "fine_gray",
    "fit_model",
    "fit_models",
    "gray_test",
    "incidence_at",
    "kaplan_meier",
    "kaplan_meier_late",
    "log_cumulative_hazards",
    "logrank",
    "logrank_late",
    "maxcombo",
    "numbers_at_risk",
    "piecewise_ratios",
    "proportionality",
    "quantile",
    "restricted_mean",
    "restricted_means_over",
    "survival_at",
]
