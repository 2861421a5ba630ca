"""Turn a row of the designs table into a claim that can be recomputed: for a time to event or for a proportion."""

from __future__ import annotations

from math import isfinite
from typing import Any

from resurvey.design.claim import DesignClaim, median_of_rate
from resurvey.design.proportions import ProportionClaim
from resurvey.errors import InputError

Record = Any  # a mapping or a table row: both have get and []
ERRORS = ("alpha", "power")
OF_TIMES = ("accrual_months", "follow_up_months")
OF_MEDIANS = ("null_median_months", "alternative_median_months")
OF_RATES = ("null_rate", "alternative_rate")


def claim_of(record: Record) -> DesignClaim | ProportionClaim:
    """The claim in a typed row of the designs table, with times in months and rates as proportions.

    Rates with a landmark are survival at that time under an exponential distribution; rates without one belong to a
    binomial design. Numbers printed with `<`, `>` or `~` are not treated as claims.

    Raises
    ------
    InputError
        If a value that every formula needs is not printed (the message lists it), or a number is invalid.
    """
    rates = [name for name in OF_RATES if _there(record, name)]
    if rates and not _there(record, "landmark_months"):
        return _proportion(record)
    medians = OF_RATES if rates else OF_MEDIANS
    _complete(record, (*medians, *ERRORS, *OF_TIMES))
    landmark = float(record["landmark_months"]) if _there(record, "landmark_months") else None
    if rates and landmark is not None:
        null, alternative = (median_of_rate(float(record[name]) / 100, landmark, name=name) for name in OF_RATES)
    else:
        null, alternative = (float(record[name]) for name in OF_MEDIANS)
    return DesignClaim(
        null_median=null,
        alternative_median=alternative,
        alpha=float(record["alpha"]) / 100,
        power=float(record["power"]) / 100,
        accrual=float(record["accrual_months"]),
        follow_up=float(record["follow_up_months"]),
        dropout=float(record["dropout"]) / 100 if _there(record, "dropout") else 0.0,
        sides=_sides(record),
        events=_whole(record, "events"),
        patients=_whole(record, "patients"),
        landmark=landmark,
    )


def _proportion(record: Record) -> ProportionClaim:
    _complete(record, (*OF_RATES, *ERRORS))
    null, alternative, alpha, power = (float(record[name]) / 100 for name in (*OF_RATES, *ERRORS))
    return ProportionClaim(
        null=null,
        alternative=alternative,
        alpha=alpha,
        power=power,
        sides=_sides(record),
        patients=_whole(record, "patients"),
        rejects_from=_whole(record, "rejects_from"),
        first_patients=_whole(record, "first_patients"),
        futile_up_to=_whole(record, "futile_up_to"),
    )


def _there(record: Record, name: str) -> bool:
    return isfinite(float(record.get(name, float("nan"))))


def _complete(record: Record, needed: tuple[str, ...]) -> None:
    missing = [name.removesuffix("_months") for name in needed if not _there(record, name)]
    if missing:
        raise InputError(f"not printed: {', '.join(missing)}")


def _whole(record: Record, name: str) -> int | None:
    return int(record[name]) if _there(record, name) and record[f"{name}_op"] == "=" else None


def _sides(record: Record) -> int | None:
    return int(record["sides"]) if record["sides"] else None
