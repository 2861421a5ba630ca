"""Result of a network meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from resurvey.compare.estimates import chi_square_p, i_squared
from resurvey.compare.network_fit import Fit


@dataclass(frozen=True)
class Network:
    """Result of `network`. Everything in `effects` and `ranking` is treatment against comparator, log scale.

    Attributes
    ----------
    effects : DataFrame
        model, treatment, comparator, estimate, se, lower, upper, p: every ordered pair of a connected network.
    heterogeneity : DataFrame
        piece, treatments, studies, tau2, q, df, p, i2, i2_lower, i2_upper; one row per connected component (`piece`).
    ranking : DataFrame
        model, treatment, p_score, piece, best first within a model and piece. A P-score is the mean certainty that a
        treatment is better than another; under the normal model it equals SUCRA exactly. Components of a disconnected
        network are ranked separately and cannot be compared.
    pieces : tuple of (Fit common, Fit random)
        Both models of each connected component, largest first.
    method : str
        Estimator of tau2.
    small_values : {"desirable", "undesirable"}
    level : float
    messages : tuple of str
        What a reader must know: disconnected components, star shape, rounding, heterogeneity that cannot be estimated.
    """

    effects: pd.DataFrame
    heterogeneity: pd.DataFrame
    ranking: pd.DataFrame
    pieces: tuple[tuple[Fit, Fit], ...]
    method: str
    small_values: str
    level: float
    messages: tuple[str, ...] = field(default=())

    @property
    def tau2(self) -> float:
        """Between-study variance of the largest component; `heterogeneity` has that of each."""
        return float(self.heterogeneity["tau2"].iloc[0])

    @property
    def q(self) -> float:
        """Total Q, summed over the components."""
        return float(self.heterogeneity["q"].sum())

    @property
    def df(self) -> int:
        """Degrees of freedom of Q, summed over the components."""
        return int(self.heterogeneity["df"].sum())

    @property
    def p_q(self) -> float:
        """P value of the total Q."""
        return chi_square_p(self.q, self.df)

    @property
    def i2(self) -> float:
        """Share (0-1) of the variation that is not due to chance, from the total Q."""
        return i_squared(self.q, self.df, self.level)[0]

    @property
    def orientation(self) -> str:
        """The sentence to print with every league table of this network."""
        good = "below" if self.small_values == "desirable" else "above"
        return (
            "Each cell is the effect of the treatment of its ROW against the treatment of its COLUMN; "
            f"a ratio {good} 1 (log ratio {good} 0) favours the ROW treatment."
        )
