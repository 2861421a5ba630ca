"""Named formulas for single-arm sample sizes, each expressed per event or per patient.

Nearly all of them compare a statistic with its null value by a normal approximation. Such a method is an `Effect`:
the shift of the statistic and its standard deviations under both hypotheses, each for a sample of size 1. Size,
power, implied alpha and detectable median then follow from one equation,

    |shift| sqrt(size) = z_alpha sd_null + z_beta sd_alternative.

Power counts rejections in the direction of the alternative only; a two-sided test uses z of alpha / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from resurvey.design.binomial import binomial_powers
from resurvey.design.course import LN2, Course, Floats, Weibull, event_probability, integrate
from resurvey.errors import InputError, NotEstimable

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """Everything a formula may need besides the error rates (times, including `landmark`, in one unit)."""

    null_median: float
    alternative_median: float
    shape: float = 1.0
    course: Course | None = None
    landmark: float | None = None

    @property
    def hazard_ratio(self) -> float:
        """Hazard under the alternative divided by hazard under the null (below 1: longer survival)."""
        return (self.null_median / self.alternative_median) ** self.shape

    def survival(self, median: float) -> float:
        """Survival at the landmark for a given median.

        Raises
        ------
        InputError
            If there is no landmark time.
        """
        if self.landmark is None:
            raise InputError("this method needs a landmark time: give landmark= in the unit of the medians")
        return math.exp(-LN2 * (self.landmark / median) ** self.shape)


@dataclass(frozen=True)
class Effect:
    """Shift of a statistic and its standard deviation under each hypothesis, per unit of sample size."""

    shift: float
    sd_null: float
    sd_alternative: float


@dataclass(frozen=True)
class Method:
    """A named formula.

    Attributes
    ----------
    name, label : str
        Key, and its name in a table.
    unit : str
        `events` or `patients`: what the formula counts.
    formula, reference : str
        Formula in words and symbols (d events, n patients, HR = hazard under the alternative / under the null); source.
    effect : callable, optional
        Setting -> Effect, for normal approximations.
    exact : callable, optional
        (Setting, size, one-sided alpha) -> power, for exact tests.
    discrete : bool
        Power is a saw-tooth function of size, so that sizes above the smallest one with the power may not have it.
    misuse : bool
        A formula for another kind of trial that is sometimes applied to a single arm.
    """

    name: str
    label: str
    unit: str
    formula: str
    reference: str
    effect: Callable[[Setting], Effect] | None = None
    exact: Callable[[Setting, Floats, float], Floats] | None = None
    keeps: bool = True
    discrete: bool = False
    misuse: bool = False
    needs_landmark: bool = False


def _log_hazard(s: Setting) -> Effect:
    return Effect(math.log(s.hazard_ratio), 1.0, 1.0)


def _power_scale(exponent: float, null: bool | None = None) -> Callable[[Setting], Effect]:
    """Wald statistic on hazard^exponent: sd = |exponent| HR^exponent / sqrt(d); `null`: one variance for both."""

    def effect(s: Setting) -> Effect:
        ratio = s.hazard_ratio**exponent
        sd = {None: (1.0, ratio), True: (1.0, 1.0), False: (ratio, ratio)}[null]
        return Effect(ratio - 1, abs(exponent) * sd[0], abs(exponent) * sd[1])

    return effect


def _with_follow_up(exponent: float) -> Callable[[Setting], Effect]:
    """As `_power_scale`, per patient: the event probability is P0 under the null and P1 under the alternative."""

    def effect(s: Setting) -> Effect:
        p0, p1 = event_probabilities(s)
        if exponent == 0:
            return Effect(math.log(s.hazard_ratio), 1 / math.sqrt(p0), 1 / math.sqrt(p1))
        ratio = s.hazard_ratio**exponent
        return Effect(ratio - 1, abs(exponent) / math.sqrt(p0), abs(exponent) * ratio / math.sqrt(p1))

    return effect


def _person_time_root(s: Setting) -> Effect:
    """Square root of a Poisson rate with fixed person-time T, var = 1 / (4 T); d events under the alternative."""
    root = math.sqrt(s.hazard_ratio)
    return Effect((1 - root) / root, 0.5, 0.5)


def _freedman(arms: int) -> Callable[[Setting], Effect]:
    def effect(s: Setting) -> Effect:
        return Effect((1 - s.hazard_ratio) / (1 + s.hazard_ratio), 1.0 if arms == 2 else 0.5, 1.0 if arms == 2 else 0.5)

    return effect


def _schoenfeld(s: Setting) -> Effect:
    return Effect(math.log(s.hazard_ratio), 2.0, 2.0)


def event_probabilities(s: Setting) -> tuple[float, float]:
    """Probability of an observed event under the null and under the alternative.

    Raises
    ------
    InputError
        If accrual or follow-up is missing.
    """
    if s.course is None:
        raise InputError("this method counts patients: give accrual and follow_up, in the unit of the medians")
    return (
        event_probability(s.course, s.null_median, shape=s.shape),
        event_probability(s.course, s.alternative_median, shape=s.shape),
    )


@lru_cache(maxsize=4096)
def one_sample_moments(s: Setting) -> tuple[float, float, float]:
    r"""Per patient, under the alternative: E[O], E[Lambda_0(X)] and the exact variance of O - Lambda_0(X).

    With :math:`v_1 = E[O]`, :math:`v_0 = E[\Lambda_0(X)]`, :math:`v_{00} = \int G S_1 \Lambda_0 d\Lambda_0` and
    :math:`v_{01} = \int G S_1 \Lambda_0 d\Lambda_1` the variance is
    :math:`v_1 - v_1^2 + 2 v_{00} - v_0^2 - 2 v_{01} + 2 v_0 v_1`.

    Raises
    ------
    InputError
        If accrual or follow-up is missing.

    References
    ----------
    .. [1] Wu, J. (2015). Sample size calculation for the one-sample log-rank test. Pharmaceutical Statistics 14,
       26-33. doi:10.1002/pst.1654
    """
    if s.course is None:
        raise InputError("the one-sample log-rank methods need accrual and follow_up, in the unit of the medians")
    null, ratio = Weibull(s.null_median, s.shape), s.hazard_ratio

    def density(t: Floats) -> Floats:
        return np.exp(-ratio * null.cumulative(t)) * null.hazard(t)

    v0 = integrate(s.course, density, null)
    v00 = integrate(s.course, lambda t: density(t) * null.cumulative(t), null)
    v1, v01 = ratio * v0, ratio * v00
    return v1, v0, v1 - v1**2 + 2 * v00 - v0**2 - 2 * v01 + 2 * v0 * v1


def _log_rank(variance: str) -> Callable[[Setting], Effect]:
    def effect(s: Setting) -> Effect:
        v1, v0, exact = one_sample_moments(s)
        under_null = event_probabilities(s)[0] if variance == "under_null" else v0
        sd = {"null": v0, "poisson": v1, "under_null": exact, "exact": exact}[variance]
        return Effect(v1 - v0, math.sqrt(under_null), math.sqrt(sd))

    return effect


TRANSFORMS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    # name: (g, derivative of g)
    "identity": (lambda p: p, lambda p: 1.0),
    "log": (math.log, lambda p: 1 / p),
    "log_log": (lambda p: math.log(-math.log(p)), lambda p: 1 / (p * math.log(p))),
    "logit": (lambda p: math.log(p / (1 - p)), lambda p: 1 / (p * (1 - p))),
    "arcsine": (lambda p: math.asin(math.sqrt(p)), lambda p: 0.5 / math.sqrt(p * (1 - p))),
}


def _landmark_variance(s: Setting, median: float) -> float:
    """n times the asymptotic variance of the Kaplan-Meier estimate at the landmark, S^2 int h / (S G)."""
    survival = s.survival(median)
    course, time = s.course, float(s.landmark)  # type: ignore[arg-type]
    if course is None:
        return survival * (1 - survival)
    if float(course.followed(time)) <= 0:
        raise NotEstimable(
            f"nobody is followed for {time:g} (the trial ends at {course.end:g}, the longest follow-up is "
            f"{course.longest:g}): the variance of S({time:g}) is infinite. Choose a landmark before that"
        )
    if course.dropout_hazard == 0 and float(course.followed(time)) == 1.0:
        return survival * (1 - survival)
    law = Weibull(median, s.shape)

    def rate(t: Floats) -> Floats:
        # `integrate` multiplies by the probability of being observed; the variance divides by it.
        seen = course.followed(t) * np.exp(-course.dropout_hazard * t)
        return law.hazard(t) * np.exp(law.cumulative(t)) / seen**2

    return survival**2 * integrate(course, rate, law, upper=time)


def _landmark(transform: str, both: bool = False) -> Callable[[Setting], Effect]:
    def effect(s: Setting) -> Effect:
        g, slope = TRANSFORMS[transform]
        s0, s1 = s.survival(s.null_median), s.survival(s.alternative_median)
        if transform == "arcsine" and (s.course is None or float(s.course.followed(float(s.landmark or 0))) == 1.0):
            return Effect(g(s1) - g(s0), 0.5, 0.5)
        sd0 = abs(slope(s0)) * math.sqrt(_landmark_variance(s, s.null_median))
        sd1 = abs(slope(s1)) * math.sqrt(_landmark_variance(s, s.alternative_median)) if both else sd0
        return Effect(g(s1) - g(s0), sd0, sd1)

    return effect


def exact_exponential_power(s: Setting, events: Floats, alpha: float) -> Floats:
    """Power of the exact chi-square test after exactly d events: 2 lambda T is chi-square with 2 d degrees of freedom.

    For a non-integer d the gamma distribution gives a smooth continuation.
    """
    from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

    ratio = s.hazard_ratio
    if ratio < 1:
        return np.asarray(gammaincc(events, ratio * gammainccinv(events, alpha)))
    return np.asarray(gammainc(events, ratio * gammaincinv(events, alpha)))


def exact_poisson_power(s: Setting, events: Floats, alpha: float) -> Floats:
    """Power of the exact Poisson test with person-time fixed so that d events are expected under the alternative."""
    from scipy.special import pdtr, pdtrc

    ratio = s.hazard_ratio
    null = events / ratio
    if ratio < 1:
        critical = _last(lambda c: pdtr(c, null) <= alpha, null)
        return np.where(critical >= 0, pdtr(np.maximum(critical, 0), events), 0.0)
    critical = _last(lambda c: (c == 0) | (pdtrc(np.maximum(c - 1, 0), null) > alpha), null * 2 + 30) + 1
    return np.asarray(pdtrc(critical - 1, events))


def exact_binomial_power(s: Setting, patients: Floats, alpha: float) -> Floats:
    """Power of the exact binomial test of the proportion event-free at the landmark (all followed that long)."""
    p0, p1 = s.survival(s.null_median), s.survival(s.alternative_median)
    if p1 < p0:
        p0, p1 = 1 - p0, 1 - p1
    return binomial_powers(np.rint(patients).astype(np.int64), p0, p1, alpha)


def _last(holds: Callable[[Ints], NDArray[np.bool_]], guess: Floats) -> Ints:
    """Last integer >= 0 for which a monotone condition holds (-1 if none), by vectorised bisection."""
    low, high = np.full(guess.shape, -1), guess.astype(np.int64) + 10
    while np.any(high - low > 1):
        middle = (low + high) // 2
        met = holds(np.maximum(middle, 0)) & (middle >= 0)
        low, high = np.where(met, np.maximum(middle, low), low), np.where(met, high, np.maximum(middle, low + 1))
    return low


EXPONENTIAL = "Lawless, J. F. (2003). Statistical Models and Methods for Lifetime Data, 2nd ed., section 4.1"
SPROTT = "Sprott, D. A. (1973). Biometrika 60, 457-465; Lawless (2003) section 4.1"
SWOG = "SWOG / Cancer Research and Biostatistics, One Arm Survival calculator, help document"
EPSTEIN = (
    "Epstein, B. and Sobel, M. (1953). JASA 48, 486-502; "
    "Phadnis, M. A. (2019). Contemporary Clinical Trials Communications"
)
FINKELSTEIN = "Finkelstein, D. M., Muzikansky, A. and Schoenfeld, D. A. (2003). JNCI 95, 1434-1439"
KWAK = "Kwak, M. and Jung, S.-H. (2014). Statistics in Medicine 33, 2004-2016; see Wu (2015)"
WU = "Wu, J. (2015). Pharmaceutical Statistics 14, 26-33. doi:10.1002/pst.1654"
NAGASHIMA = "Nagashima, K. et al. (2021). Pharmaceutical Statistics 20, 499-511. doi:10.1002/pst.2090"
SCHOENFELD = "Schoenfeld, D. A. (1981). Biometrika 68, 316-319 (a two-arm formula)"
FREEDMAN = "Freedman, L. S. (1982). Statistics in Medicine 1, 121-129 (a two-arm formula)"

_Z2 = "(z_alpha + z_beta)^2"


def _registry() -> dict[str, Method]:
    events, patients = "events", "patients"
    landmark_names = {
        "arcsine": "arcsine square root",
        "log_log": "complementary log-log",
        "logit": "logit",
        "log": "logarithm",
        "identity": "identity",
    }
    listed = [
        Method("log_hazard", "exponential, log hazard (MLE)", events,
               f"d = {_Z2} / (ln HR)^2", EXPONENTIAL, _log_hazard),
        Method("hazard_null", "exponential, hazard (Wald, null variance)", events,
               f"d = {_Z2} / (1 - HR)^2", EXPONENTIAL, _power_scale(1, True)),
        Method("hazard_alternative", "exponential, hazard (Wald, alternative variance)", events,
               f"d = {_Z2} HR^2 / (1 - HR)^2", EXPONENTIAL, _power_scale(1, False)),
        Method("hazard_both", "exponential, hazard (Wald, both variances)", events,
               "d = (z_alpha + z_beta HR)^2 / (1 - HR)^2", EXPONENTIAL, _power_scale(1)),
        Method("median_null", "exponential, median (Wald, null variance)", events,
               f"d = {_Z2} / (1/HR - 1)^2", EXPONENTIAL, _power_scale(-1, True)),
        Method("median_alternative", "exponential, median (Wald, alternative variance)", events,
               f"d = {_Z2} / (1 - HR)^2", EXPONENTIAL, _power_scale(-1, False)),
        Method("median_both", "exponential, median (Wald, both variances)", events,
               "d = (z_alpha + z_beta / HR)^2 / (1/HR - 1)^2", EXPONENTIAL, _power_scale(-1)),
        Method("square_root", "exponential, square root of the hazard", events,
               "d = (z_alpha + z_beta HR^(1/2))^2 / (4 (1 - HR^(1/2))^2)", EXPONENTIAL, _power_scale(0.5)),
        Method("square_root_person_time", "Poisson, square root, fixed person-time", events,
               f"d = HR {_Z2} / (4 (1 - HR^(1/2))^2)", EXPONENTIAL, _person_time_root),
        Method("cube_root", "exponential, cube root of the hazard", events,
               "d = (z_alpha + z_beta HR^(1/3))^2 / (9 (1 - HR^(1/3))^2)", SPROTT, _power_scale(1 / 3)),
        Method("cube_root_median", "exponential, cube root of the median", events,
               "d = (z_alpha + z_beta HR^(-1/3))^2 / (9 (HR^(-1/3) - 1)^2)", SPROTT, _power_scale(-1 / 3)),
        Method("swog", "exponential, cube root, events under each hypothesis (SWOG)", patients,
               "n = (z_alpha / P0^(1/2) + z_beta HR^(1/3) / P1^(1/2))^2 / (9 (1 - HR^(1/3))^2)", SWOG,
               _with_follow_up(1 / 3)),
        Method("log_hazard_both", "exponential, log hazard, events under each hypothesis", patients,
               "n = (z_alpha / P0^(1/2) + z_beta / P1^(1/2))^2 / (ln HR)^2", EXPONENTIAL, _with_follow_up(0)),
        Method("hazard_patients", "exponential, hazard, events under each hypothesis", patients,
               "n = (z_alpha / P0^(1/2) + z_beta HR / P1^(1/2))^2 / (1 - HR)^2", EXPONENTIAL, _with_follow_up(1)),
        Method("exact_chi_square", "exponential, exact chi-square, smallest d that keeps the power", events,
               "smallest d with P(chi2_2d > chi2_2d(1 - alpha) HR) >= power for d and all above", EPSTEIN,
               exact=exact_exponential_power),
        Method("exact_chi_square_smallest", "exponential, exact chi-square, smallest d", events,
               "smallest d with P(chi2_2d > chi2_2d(1 - alpha) HR) >= power", EPSTEIN,
               exact=exact_exponential_power, keeps=False),
        Method("exact_poisson", "exact Poisson, fixed person-time, smallest d that keeps the power", events,
               "smallest d with P(Poisson(d) <= c) >= power for d and all above, P(Poisson(d / HR) <= c) <= alpha",
               EPSTEIN,
               exact=exact_poisson_power, discrete=True),
        Method("exact_poisson_smallest", "exact Poisson, fixed person-time, smallest d", events,
               "smallest d with P(Poisson(d) <= c) >= power, P(Poisson(d / HR) <= c) <= alpha",
               EPSTEIN,
               exact=exact_poisson_power, keeps=False, discrete=True),
        Method("finkelstein", "one-sample log-rank, null variance (Finkelstein 2003)", patients,
               f"n = {_Z2} v0 / (v1 - v0)^2", FINKELSTEIN, _log_rank("null")),
        Method("kwak_jung", "one-sample log-rank, Poisson variances (Kwak and Jung 2014)", patients,
               "n = (z_alpha v0^(1/2) + z_beta v1^(1/2))^2 / (v1 - v0)^2", KWAK, _log_rank("poisson")),
        Method("wu", "one-sample log-rank, exact variance (Wu 2015)", patients,
               "n = (z_alpha v0^(1/2) + z_beta sigma)^2 / (v1 - v0)^2", WU, _log_rank("exact")),
        *(
            Method(f"landmark_{name}", f"survival at a landmark, {label}", patients,
                   f"n = {_Z2} var0 / (g(S1) - g(S0))^2", NAGASHIMA, _landmark(name), needs_landmark=True)
            for name, label in landmark_names.items()
        ),
        Method("landmark_log_both", "survival at a landmark, logarithm, both variances (SWOG)", patients,
               "n = (z_alpha sd0 + z_beta sd1)^2 / (ln S1 - ln S0)^2", SWOG, _landmark("log", True),
               needs_landmark=True),
        Method("landmark_binomial", "survival at a landmark, exact binomial, smallest n that keeps the power", patients,
               "smallest n with P(B(n, S1) >= r) >= power for n and all above", "Fleming, T. R. (1982). Biometrics 38",
               exact=exact_binomial_power, discrete=True, needs_landmark=True),
        Method("schoenfeld_two_arm", "two-arm log-rank, Schoenfeld (misuse)", events,
               f"d = 4 {_Z2} / (ln HR)^2", SCHOENFELD, _schoenfeld, misuse=True),
        Method("freedman_two_arm", "two-arm log-rank, Freedman (misuse)", events,
               f"d = {_Z2} (1 + HR)^2 / (1 - HR)^2", FREEDMAN, _freedman(2), misuse=True),
        Method("freedman_quarter", "Freedman's two-arm formula divided by 4 (misuse)", events,
               f"d = {_Z2} (1 + HR)^2 / (4 (1 - HR)^2)", FREEDMAN, _freedman(1), misuse=True),
    ]  # fmt: skip
    return {method.name: method for method in listed}


METHODS: dict[str, Method] = _registry()

ALIASES = {
    "mle": "log_hazard",
    "exponential": "log_hazard",
    "exponential_mle": "log_hazard",
    "log_hazard_mle": "log_hazard",
    "hazard": "hazard_both",
    "wald": "hazard_both",
    "hazard_wald": "hazard_both",
    "median": "median_both",
    "sqrt": "square_root",
    "lawless": "cube_root",
    "sprott": "cube_root",
    "swog_cube_root": "swog",
    "cube_root_swog": "swog",
    "exact": "exact_chi_square",
    "chi_square": "exact_chi_square",
    "exact_exponential": "exact_chi_square",
    "log_rank": "wu",
    "one_sample_log_rank": "wu",
    "wu_2015": "wu",
    "finkelstein_2003": "finkelstein",
    "schoenfeld": "schoenfeld_two_arm",
    "freedman": "freedman_two_arm",
    "arcsine": "landmark_arcsine",
    "arcsin": "landmark_arcsine",
    "landmark_arcsin": "landmark_arcsine",
    "log_log": "landmark_log_log",
    "landmark_loglog": "landmark_log_log",
    "logit": "landmark_logit",
    "identity": "landmark_identity",
    "landmark": "landmark_arcsine",
    "binomial": "landmark_binomial",
}


@lru_cache(maxsize=65536)
def effect_of(method: Method, setting: Setting) -> Effect:
    """The effect of a normal-approximation method; cached, since one setting is used with many error rates."""
    assert method.effect is not None
    return method.effect(setting)


def find_method(name: str) -> Method:
    """The method with this name or common alias (spaces, hyphens and case are ignored).

    Raises
    ------
    InputError
        If no method has this name or alias.
    """
    key = "_".join(str(name).lower().replace("-", " ").replace("_", " ").split())
    key = ALIASES.get(key, key)
    if key not in METHODS:
        raise InputError(f"method {name!r} is not known; choose one of {', '.join(METHODS)}")
    return METHODS[key]
