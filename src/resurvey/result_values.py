"""Values of the typed columns of result tables: type and basis of an estimate, and subject of a fact."""

from __future__ import annotations

from enum import StrEnum


class RestsOn(StrEnum):
    """Basis of a row from reconstructed patients: for an estimate, by the fraction of missing information."""

    SHAPE = "assumed shape"
    PRINT = "printed numbers"
    REPLICATES = "replicates"  # describes the replicates themselves, without a standard error; so no error of theirs


class Varied(StrEnum):
    """What a sensitivity analysis changes."""

    NOTHING = "main"  # the main analysis, to compare with
    DATA = "data"
    RECONSTRUCTION = "reconstruction"
    SHAPE = "shape"  # replicates with one kind of hazard only
    PRINTED = "printed value"
    LEFT_OUT = "study left out"
    COVARIANCE = "covariance"


class Reference(StrEnum):
    """What an estimate from printed numbers is set beside."""

    PRINTED = "printed"
    CURVE = "curve"


class Role(StrEnum):
    """Purpose of a row of estimates."""

    MAIN = "main"  # the principal estimate of a comparison; in a network, one per treatment
    SECONDARY = "secondary"  # another measure or model for the same groups
    STANDARDISED = "standardised"  # the treatment group weighted to a target population
    SUBGROUP = "subgroup"  # a named group of studies in a meta-analysis
    SENSITIVITY = "sensitivity"  # an analysis with a changed choice
    PRINTED = "printed"  # printed result of the same comparison
    PREDICTION = "prediction"  # expected result of a new study
    TEST = "test"
    BIAS = "bias"  # bias that would be needed to change the result
    CONTEXT = "context"  # information needed alongside the estimate


class Quantity(StrEnum):
    """Quantity estimated in a row of estimates."""

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
    NOTHING = "nothing"  # a comparison that was refused entirely


class QSource(StrEnum):
    """Part of a network's Q statistic."""

    TOTAL = "total"
    WITHIN = "within designs"
    BETWEEN = "between designs"
    BETWEEN_RANDOM = "between designs (random)"
    DESIGN = "design"


class FactKind(StrEnum):
    """Quantity of a printed fact about a group of patients."""

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
    """Risk of bias of a study: low, some concerns, high in RoB 2; low, moderate, serious, critical in ROBINS-I."""

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
    """Limit of an interval that a fact gives."""

    LOWER = "lower"
    UPPER = "upper"
    NONE = ""


class Contrast(StrEnum):
    """Groups concerned: one of them, or both as a difference or a ratio."""

    TREATMENT = "treatment"
    COMPARATOR = "comparator"
    DIFFERENCE = "difference"
    RATIO = "ratio"
    NONE = ""


class Model(StrEnum):
    """Method by which a row of estimates was obtained."""

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
