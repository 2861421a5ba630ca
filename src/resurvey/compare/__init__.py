"""Indirect comparisons: pooled, network and population-adjusted effects, and bias analyses of them."""

from resurvey.compare.adjust import Weights, hull_check, mahalanobis, maic, max_ess_weights, with_second_moments
from resurvey.compare.adjust_effects import weighted_cox, weighted_means
from resurvey.compare.adjust_maic import AdjustedEffect, maic_anchored, maic_bootstrap, maic_unanchored
from resurvey.compare.adjust_sensitivity import leave_one_moment_out, trimmed, weighted_survival
from resurvey.compare.beta_binomial import BetaBinomial, beta_binomial
from resurvey.compare.bias import bias_array, bias_needed, e_value, e_values, shifted_null
from resurvey.compare.bridges import bridges, components
from resurvey.compare.bucher import bucher
from resurvey.compare.estimates import Estimate, from_interval
from resurvey.compare.extrapolation import Extrapolation, extrapolate
from resurvey.compare.interactions import Interaction, interaction, omnibus
from resurvey.compare.mantel_haenszel_network import mantel_haenszel_network
from resurvey.compare.multivariate import MultivariateNetwork, TrialEffects, multivariate_network
from resurvey.compare.network import compare, network, prediction_intervals
from resurvey.compare.network_consistency import contributions, decompose_q, funnel, net_heat, node_split
from resurvey.compare.network_rank import league, rank_probabilities
from resurvey.compare.network_result import Network
from resurvey.compare.outcome_models import g_computation, simulate_population, stc, stc_hazard_ratio
from resurvey.compare.pairwise import PairwiseResult, pairwise
from resurvey.compare.pool import Pooled, leave_one_out, pool
from resurvey.compare.probabilistic_bias import BiasAnalysis, probabilistic_bias
from resurvey.compare.rubin import EnsembleEstimate, rubin, rubin_limits
from resurvey.compare.small_studies import SmallStudies, egger, network_egger
from resurvey.compare.standardise import cox_standardised_survival, poststratify, standardised_survival
from resurvey.compare.standardised_ratio import standardised_hazard_ratio
from resurvey.compare.timed_network import time_network
from resurvey.compare.timed_results import TimeNetwork

__all__ = [
    "AdjustedEffect",
    "BetaBinomial",
    "BiasAnalysis",
    "EnsembleEstimate",
    "Estimate",
    "Extrapolation",
    "Interaction",
    "MultivariateNetwork",
    "Network",
    "PairwiseResult",
    "Pooled",
    "SmallStudies",
    "TimeNetwork",
    "TrialEffects",
    "Weights",
    "beta_binomial",
    "bias_array",
    "bias_needed",
    "bridges",
    "bucher",
    "compare",
    "components",
    "contributions",
    "cox_standardised_survival",
    "decompose_q",
    "e_value",
    "e_values",
    "egger",
    "extrapolate",
    "from_interval",
    "funnel",
    "g_computation",
    "hull_check",
    "interaction",
    "league",
    "leave_one_moment_out",
    "leave_one_out",
    "mahalanobis",
    "maic",
    "maic_anchored",
    "maic_bootstrap",
    "maic_unanchored",
    "mantel_haenszel_network",
    "max_ess_weights",
    "multivariate_network",
    "net_heat",
    "network",
    "network_egger",
    "node_split",
    "omnibus",
    "pairwise",
    "pool",
    "poststratify",
    "prediction_intervals",
    "probabilistic_bias",
    "rank_probabilities",
    "rubin",
    "rubin_limits",
    "shifted_null",
    "simulate_population",
    "standardised_hazard_ratio",
    "standardised_survival",
    "stc",
    "stc_hazard_ratio",
    "time_network",
    "trimmed",
    "weighted_cox",
    "weighted_means",
    "weighted_survival",
    "with_second_moments",
]
