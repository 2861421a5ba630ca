"""Values of the typed columns of result tables: what an estimate is, what it rests on, what a fact is about."""

from __future__ import annotations

from enum import StrEnum


class RestsOn(StrEnum):
    """What an estimate over rebuilt patients rests on, by the fraction of missing information."""

    SHAPE = "assumed shape"
    PRINT = "printed numbers"


class Role(StrEnum):
    """What a row of estimates is for."""

    MAIN = "main"  # the estimate that a comparison is known by; of a network, one a treatment
    SECONDARY = "secondary"  # another measure, or another model, of the same groups
    STANDARDISED = "standardised"  # the treatment group weighted to another population
    SUBGROUP = "subgroup"  # a named group of studies of a pool
    SENSITIVITY = "sensitivity"  # something done otherwise
    PRINTED = "printed"  # what a paper prints of the same comparison
    PREDICTION = "prediction"  # what a new study would find
    TEST = "test"
    BIAS = "bias"  # what would have to be wrong
    CONTEXT = "context"  # what a reader must know beside the estimate


class Quantity(StrEnum):
    """What a row of estimates is an estimate of."""

    HAZARD_RATIO = "hazard ratio"
    RATIO_OF_RATIOS = "ratio of hazard ratios"
    MEDIAN = "median"
    RESTRICTED_MEAN = "restricted mean"
    MEAN = "mean"
    SURVIVAL = "survival"
    PROPORTION = "proportion"
    ODDS_RATIO = "odds ratio"
    RISK_RATIO = "risk ratio"
    Z = "z"
    P = "p"
    EFFECTIVE_SAMPLE_SIZE = "effective sample size"
    PRINTED_DIFFERENCE = "printed minus reconstructed"
    DIRECTION = "direction"
    E_VALUE = "E-value"
    E_VALUE_LIMIT = "E-value of the limit"
    BIAS_TO_CHANGE = "bias to change the conclusion"
    BIAS_TO_CROSS = "bias to cross 1"
    BIAS_TO_REVERSE = "bias to reverse the conclusion"
    ARRAY_SHARE = "share of the bias array"
    TIPPING_MARGIN = "tipping margin"
    DIFFERING_CHARACTERISTICS = "differing characteristics"
    NOTHING = "nothing"  # a comparison that was refused whole


class FactKind(StrEnum):
    """What a printed fact of a group of patients is a number of."""

    PATIENTS = "patients"
    EVENTS = "events"
    AT_RISK = "at risk"
    SURVIVAL = "survival"
    MEDIAN = "median"
    MEDIAN_LIMIT = "median limit"
    QUANTILE = "quantile"
    HAZARD_RATIO = "hazard ratio"
    RATIO_LIMIT = "ratio limit"
    P = "p"
    RESTRICTED_MEAN = "restricted mean"
    LONGEST_FOLLOW_UP = "longest follow-up"
    MEDIAN_FOLLOW_UP = "median follow-up"
    DISTANCE = "distance"  # from the points of a curve; not printed


class Risk(StrEnum):
    """Risk of bias of a study: RoB 2 has low, some concerns, high; ROBINS-I low, moderate, serious, critical."""

    LOW = "low"
    SOME = "some concerns"
    MODERATE = "moderate"
    HIGH = "high"
    SERIOUS = "serious"
    CRITICAL = "critical"
    NO_INFORMATION = "no information"


class Concern(StrEnum):
    """Concern about an estimate in a domain of CINeMA."""

    NONE = "no concerns"
    SOME = "some concerns"
    MAJOR = "major concerns"


class Limit(StrEnum):
    """Which limit of an interval a fact is."""

    LOWER = "lower"
    UPPER = "upper"
    NONE = ""


class Contrast(StrEnum):
    """Of which groups: one of them, or both as a difference or a ratio."""

    TREATMENT = "treatment"
    COMPARATOR = "comparator"
    DIFFERENCE = "difference"
    RATIO = "ratio"
    NONE = ""


class Model(StrEnum):
    """How a row of estimates was made."""

    COX = "Cox"
    STRATIFIED_COX = "stratified Cox"
    WEIGHTED_COX = "weighted Cox"
    BOOTSTRAP = "bootstrap"
    LOG_RANK = "log-rank"
    STRATIFIED_LOG_RANK = "stratified log-rank"
    LATE_LOG_RANK = "Fleming-Harrington (0, 1)"
    EARLY_LOG_RANK = "Fleming-Harrington (1, 0)"
    WEIGHTED_LOG_RANK = "weighted log-rank"
    MAXCOMBO = "MaxCombo"
    PROPORTIONAL_HAZARDS = "Grambsch-Therneau"
    KAPLAN_MEIER = "Kaplan-Meier"
    PARAMETRIC = "parametric"
    BUCHER = "Bucher"
    COMMON = "common effect"
    RANDOM = "random effects"
    BAYESIAN = "Bayesian random effects"
    BINOMIAL = "binomial"
    MANTEL_HAENSZEL = "Mantel-Haenszel"
    PETO = "Peto"
    LOGISTIC = "logistic regression"
    HYPERGEOMETRIC = "hypergeometric-normal"
    BETA_BINOMIAL = "beta-binomial"
    OVER_TIME = "model over time"
    PRINTED = "printed"
    NONE = ""
