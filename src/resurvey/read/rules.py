"""Names of rules and of the roles of cells, for the steps that ask for them.

The rule of a claim is the name of its match, behind `table-` or `text-` and before what was added to it, such as
`-interval`, `-joined` or `-linked`. Rules that no other step asks for are named where they match.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class TextRule(StrEnum):
    """Rules for running text."""

    COUNT = "n-noun"
    COUNT_ENTERED = "n-noun-entered"
    COUNT_VERB = "n-verb"
    COUNT_LISTED = "n-list"
    COUNT_EQUALS = "n-equals"
    COUNT_EQUALS_LISTED = "n-equals-list"
    SITES = "n-sites"
    COUNT_OF_ARM = "n-arm"
    COUNT_OF_TOTAL = "n-of-N"
    COUNT_PERCENT = "n-percent"
    PERCENT = "percent"
    PERCENT_RANGE = "range-percent"
    RATIO_LISTED = "ratio-list"
    DIFFERENCE = "difference"
    MEAN = "mean"
    TIME_ALONE = "time-alone"
    FOLLOW_UP_OTHER = "follow-up-other"
    P_ALONE = "p-alone"
    P_ALONE_ENDPOINT = "p-alone-endpoint"
    DATE = "date"


class TableRule(StrEnum):
    """Rules for the cells of tables."""

    COUNT_TOTAL = "n-N"
    COUNT_DECIMAL = "n-percent-decimal"
    PERCENT_COUNT = "percent-n"
    SIZE_PERCENT = "size-percent"
    RATIO_P = "ratio-p"
    MEDIAN_QUARTILES = "median-quartiles"
    MEDIAN_SECTION = "median-section"
    MEAN_SECTION = "mean-section"
    MEAN_SPREAD_RANGE = "mean-sd-range"
    MEAN_OF_N = "mean-sd-n"
    MEAN_ERROR_LIMITS = "mean-se-limits"
    LIMITS_BELOW = "below"
    LIMITS_RANGE = "range"
    P_ROW = "p-row"


#: What the numbers of a cell are, in their order; empty if that cannot be told.
RoleName = Literal[
    "",
    "count",
    "percent",
    "n_percent",
    "percent_n",
    "n_total",
    "n_total_percent",
    "percent_n_total",
    "n_percent_limits",
    "n_total_percent_limits",
    "ratio",
    "median",
    "mean",
    "rate",
    "incidence",
    "difference",
    "effect",
    "p",
    "limits",
    "limit",
    "lower",
    "upper",
]
