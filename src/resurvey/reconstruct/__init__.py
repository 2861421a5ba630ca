"""Individual patient data of an arm, rebuilt from a digitised curve or from the numbers a paper prints."""

from resurvey.reconstruct.curve import from_curve as from_curve
from resurvey.reconstruct.pair import HazardRatio as HazardRatio
from resurvey.reconstruct.pair import ReconstructedPair as ReconstructedPair
from resurvey.reconstruct.pair import from_pair as from_pair
from resurvey.reconstruct.pair_by_test import LogRankTest as LogRankTest
from resurvey.reconstruct.pair_by_test import from_log_rank as from_log_rank
from resurvey.reconstruct.result import Reconstruction as Reconstruction
from resurvey.reconstruct.subgroups import ReconstructedSubgroups as ReconstructedSubgroups
from resurvey.reconstruct.subgroups import from_subgroups as from_subgroups
from resurvey.reconstruct.summary import from_summaries as from_summaries
from resurvey.reconstruct.summary import from_summary as from_summary
from resurvey.reconstruct.survival_summary import SurvivalSummary as SurvivalSummary
from resurvey.reconstruct.two_curves import detect_exchanged_arms as detect_exchanged_arms
from resurvey.reconstruct.two_curves import from_two_curves as from_two_curves
