"""Prior distributions of the between-study standard deviation tau: standard ones and empirical ones from reviews."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import isfinite, lgamma, log, pi

import numpy as np
from numpy.typing import NDArray

from resurvey.errors import InputError

Floats = NDArray[np.float64]
SOURCES = {
    "turner2012": "Turner, R. M. et al. (2012). International Journal of Epidemiology 41, 818-827 (log odds ratios)",
    "turner2015": "Turner, R. M. et al. (2015). Statistics in Medicine 34, 984-998, Table IV (log odds ratios)",
    "bartos2023": "Bartoš, F. et al. (2023), arXiv:2306.11468; for means (2021), Statistics in Medicine 40, 6743-6761 "
    "(every review of the Cochrane Library)",
    "rhodes2015": "Rhodes, K. M. et al. (2015). Journal of Clinical Epidemiology 68, 52-60, Table 3 (means)",
}


@dataclass(frozen=True)
class TauPrior:
    """A prior distribution of tau.

    Attributes
    ----------
    name : str
        Name with parameters, such as `half-normal(0.5)`.
    log_density : callable
        Log density at values of tau above 0, up to a constant where the prior is improper.
    proper : bool
    reference : str
        Source of an empirical prior; empty otherwise.
    """

    name: str
    log_density: Callable[[Floats], Floats]
    proper: bool = True
    reference: str = ""


def _scale(name: str, value: float) -> float:
    if not (isinstance(value, int | float) and isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number above 0, found {value!r}")
    return float(value)


def half_normal(scale: float) -> TauPrior:
    """Half-normal: the density of |N(0, scale^2)|."""
    s = _scale("scale", scale)
    constant = 0.5 * log(2 / pi) - log(s)
    return TauPrior(f"half-normal({s:g})", lambda t: constant - 0.5 * (t / s) ** 2)


def half_cauchy(scale: float) -> TauPrior:
    """Half-Cauchy."""
    s = _scale("scale", scale)
    constant = log(2 / (pi * s))
    return TauPrior(f"half-Cauchy({s:g})", lambda t: constant - np.log1p((t / s) ** 2))


def log_normal(mean: float, sd: float, *, of: str = "tau2", name: str = "", reference: str = "") -> TauPrior:
    """Log-normal of tau^2 (`of="tau2"`, as empirical priors are printed) or of tau, by mean and sd of the logarithm."""
    m, s = _of_tau(mean, sd, of)
    constant = -log(s) - 0.5 * log(2 * pi)

    def density(t: Floats) -> Floats:
        x = np.log(t)
        return constant - x - 0.5 * ((x - m) / s) ** 2

    return TauPrior(name or f"log-normal({mean:g}, {sd:g}) of {of}", density, reference=reference)


def log_t(
    location: float, scale: float, *, df: float = 5.0, of: str = "tau2", name: str = "", reference: str = ""
) -> TauPrior:
    """Student's t distribution for the logarithm of tau^2 or of tau."""
    m, s = _of_tau(location, scale, of)
    constant = lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi) - log(s)

    def density(t: Floats) -> Floats:
        x = np.log(t)
        return constant - x - (df + 1) / 2 * np.log1p(((x - m) / s) ** 2 / df)

    return TauPrior(name or f"log-t({location:g}, {scale:g}; {df:g}) of {of}", density, reference=reference)


def _of_tau(location: float, scale: float, of: str) -> tuple[float, float]:
    if of not in ("tau", "tau2"):
        raise InputError(f"of must be tau or tau2, found {of!r}")
    half = 0.5 if of == "tau2" else 1.0
    if not isfinite(location):
        raise InputError(f"location must be finite, found {location!r}")
    return half * location, half * _scale("scale", scale)


def inverse_gamma(shape: float, scale: float, *, name: str = "", reference: str = "") -> TauPrior:
    """Inverse gamma for tau itself, not for its square."""
    a, b = _scale("shape", shape), _scale("scale", scale)
    constant = a * log(b) - lgamma(a)
    return TauPrior(
        name or f"inverse gamma({a:g}, {b:g})", lambda t: constant - (a + 1) * np.log(t) - b / t, reference=reference
    )


def uniform(upper: float | None = None) -> TauPrior:
    """Uniform in tau up to a limit; without a limit it is improper, and needs three more studies than parameters."""
    if upper is None:
        return TauPrior("uniform", lambda t: np.zeros_like(t), proper=False)
    top = _scale("upper", upper)
    return TauPrior(f"uniform(0, {top:g})", lambda t: np.where(t <= top, -log(top), -np.inf))


_FAMILIES: dict[str, Callable[..., TauPrior]] = {
    "log-normal": log_normal,
    "log-t5": log_t,
    "inverse-gamma": inverse_gamma,
}


@cache
def _empirical() -> list[dict[str, str]]:
    text = (resources.files("resurvey.compare") / "heterogeneity_priors.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def empirical(
    source: str = "turner2015",
    outcome: str = "all-cause mortality",
    comparison: str = "pharmacological v pharmacological",
) -> TauPrior:
    """Predictive distribution of tau in a new review, estimated from reviews in the Cochrane Library.

    `turner2012` and `turner2015` are for log odds ratios, `rhodes2015` for standardised mean differences.
    `bartos2023` has one for each measure, its `outcome`: `log hazard ratio`, `log odds ratio`, `log risk ratio` and
    `standardised mean difference`.

    Raises
    ------
    InputError
        If there is no such distribution; the message lists the available outcomes or comparisons.
    """
    known = [row for row in _empirical() if row["source"] == source]
    if not known:
        raise InputError(f"source must be one of {', '.join(SOURCES)}, found {source!r}")
    if len(known) > 1:
        for column, value in (("outcome", outcome), ("comparison", comparison)):
            names = list(dict.fromkeys(row[column] for row in known))
            if names == ["any"]:
                continue
            if value not in names:
                raise InputError(f"{column} must be one of {'; '.join(names)}; found {value!r}")
            known = [row for row in known if row[column] == value]
    row = known[0]
    name = ", ".join([source, row["outcome"], *([row["comparison"]] if row["comparison"] != "any" else [])])
    family = _FAMILIES[row["family"]]
    return family(float(row["location"]), float(row["scale"]), name=name, reference=SOURCES[source])
