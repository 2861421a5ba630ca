"""The adjusted indirect comparison of two treatments through a common comparator."""

from __future__ import annotations

from math import sqrt

from resurvey.compare.estimates import Estimate, as_effect, check_level, interval


def bucher(ab: object, cb: object, *, level: float = 0.95, label: str = "A against C") -> Estimate:
    r"""Compare A with C through their common comparator B.

    :math:`\hat\theta_{AC} = \hat\theta_{AB} - \hat\theta_{CB}` with
    :math:`\mathrm{se}^2 = \mathrm{se}_{AB}^2 + \mathrm{se}_{CB}^2`. The two effects must come from different patients
    and be adjusted for the same covariates; effect modifiers must have the same distribution in both sets of trials.

    Parameters
    ----------
    ab : (estimate, se), mapping, table row, or object with `estimate` and `se`
        A versus B, on the scale of the difference (log for a ratio); `from_interval` converts a printed ratio.
    cb : as `ab`
        C versus B. Note the orientation: B is the comparator in both.
    level : float, default 0.95
        Two-sided confidence level.
    label : str
        Label of the comparison.

    Returns
    -------
    Estimate
        A versus C; `ratio`, `ratio_lower` and `ratio_upper` give it as a ratio.

    Raises
    ------
    InputError
        If an effect is not finite, or its standard error is not above 0.

    References
    ----------
    .. [1] Bucher, H. C. et al. (1997). Journal of Clinical Epidemiology 50, 683-691.
    """
    check_level(level)
    ab_estimate, ab_se = as_effect(ab, "ab")
    cb_estimate, cb_se = as_effect(cb, "cb")
    return interval(ab_estimate - cb_estimate, sqrt(ab_se**2 + cb_se**2), level=level, label=label)
