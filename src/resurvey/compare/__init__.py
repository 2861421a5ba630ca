"""Indirect comparisons: pooled, network and population-adjusted effects, and what would have to be wrong with them."""

from resurvey.compare.adjust import Weights, hull_check, mahalanobis, maic, max_ess_weights, with_second_moments
from resurvey.compare.adjust_effects import (
    AdjustedEffect,
    maic_anchored,
    maic_unanchored,
    weighted_cox,
    weighted_means,
)
from resurvey.compare.bucher import bucher
from resurvey.compare.estimates import Estimate, from_interval
from resurvey.compare.network import Network, compare, network
from resurvey.compare.pool import Pooled, leave_one_out, pool

__all__ = [
    "AdjustedEffect",
    "Estimate",
    "Network",
    "Pooled",
    "Weights",
    "bucher",
    "compare",
    "from_interval",
    "hull_check",
    "leave_one_out",
    "mahalanobis",
    "maic",
    "maic_anchored",
    "maic_unanchored",
    "max_ess_weights",
    "network",
    "pool",
    "weighted_cox",
    "weighted_means",
    "with_second_moments",
]
