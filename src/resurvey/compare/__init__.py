"""Indirect comparisons: pooled, network and population-adjusted effects, and what would have to be wrong with them."""

from resurvey.compare.bucher import bucher
from resurvey.compare.estimates import Estimate, from_interval
from resurvey.compare.network import Network, compare, network
from resurvey.compare.pool import Pooled, leave_one_out, pool

__all__ = ["Estimate", "Network", "Pooled", "bucher", "compare", "from_interval", "leave_one_out", "network", "pool"]
