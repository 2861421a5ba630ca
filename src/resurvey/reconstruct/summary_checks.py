"""List all faults of a summary at once, before anything is rebuilt from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np

from resurvey import steady
from resurvey.arrays import unmasked
from resurvey.errors import InconsistentReport, InputError
from resurvey.reconstruct.survival_summary import SurvivalSummary

TRANSFORMS = ("log-log", "log", "linear")
UNITS = ("days", "weeks", "months", "years")
#: No time is longer in any unit (a million days are 2,700 years), nor shorter than its inverse.
LONGEST = 1e6
TIMES = (
    "median",
    "lower",
    "upper",
    "longest_follow_up",
    "median_follow_up",
    "shortest_follow_up",
    "followed_at_least",
    "followed_at_most",
    "accrual",
    "follow_up_after_accrual",
    "assessment_interval",
)
LISTS = ("landmarks", "landmark_limits", "landmarks_about", "quantiles", "stays_above", "at_risk_times", "at_risk")
# time by which the first scan's progressions are dated, as a multiple of its planned time, and the relative standard
# deviation between the share of patients whose best response is progression and the curve's drop there
AFTER_SCAN, EARLY_DOUBT = 1.15, 0.3
MAY_BE_ZERO = ("shortest_follow_up", "accrual", "follow_up_after_accrual", "assessment_interval", "lower")


def checked(s: SurvivalSummary) -> SurvivalSummary:
    """Check a summary, and return it with missing numbers as None, flags set and rounding inferred.

    Raises
    ------
    InputError
        If a number is invalid (negative, not finite, a percentage instead of a proportion), or paired lists differ in
        length; all faults are listed.
    InconsistentReport
        If the numbers are possible separately but not together; all faults are listed.
    """
    where = f"{s.label}: " if s.label else ""
    s = _settled(s)
    faults = list(_malformed(s))
    if faults:
        raise InputError(f"{where}{_listed(faults)}")
    tidy = _tidied(s)
    faults = list(_contradictions(tidy))
    if faults:
        raise InconsistentReport(f"{where}the printed numbers cannot all hold: {_listed(faults)}")
    return tidy


def _settled(s: SurvivalSummary) -> SurvivalSummary:
    """Round every number to ten digits, so that nothing depends on rounding errors of a conversion of units."""
    changes: dict[str, Any] = {part.name: _settled_value(getattr(s, part.name)) for part in fields(s)}
    return replace(s, **changes)


def _settled_value(value: object) -> object:
    if isinstance(value, (float, np.floating)):
        return steady.settled(float(value))
    if isinstance(value, np.ndarray):
        unmasked(value)
        return _settled_value(value.tolist())
    if isinstance(value, tuple | list):
        return tuple(_settled_value(part) for part in value)
    return value


def _listed(faults: list[str]) -> str:
    return faults[0] if len(faults) == 1 else "; ".join(f"({i}) {fault}" for i, fault in enumerate(faults, 1))


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value))


def _number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))


def _listlike(value: object) -> bool:
    return value is None or (isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes))


def _malformed(s: SurvivalSummary) -> Iterator[str]:
    unlisted = [name for name in LISTS if not _listlike(getattr(s, name))]
    yield from (f"{name} is {getattr(s, name)!r}, expected a list" for name in unlisted)
    if unlisted:
        return
    yield from _bad_span(s)
    yield from _bad_counts(s)
    yield from _bad_times(s)
    yield from _bad_landmarks(s)
    yield from _bad_landmark_limits(s)
    yield from _bad_landmarks_about(s)
    yield from _bad_quantiles(s)
    yield from _bad_risk_table(s)
    if not (_number(s.ci_level) and 0 < s.ci_level < 1):
        hint = "; a level in per cent is divided by 100" if _number(s.ci_level) and 1 < s.ci_level < 100 else ""
        yield f"ci_level is {s.ci_level!r}, expected a number between 0 and 1{hint}"
    for name in ("ci_method", "landmark_ci_method"):
        if getattr(s, name) is not None and getattr(s, name) not in TRANSFORMS:
            yield f"{name} is {getattr(s, name)!r}, expected one of {', '.join(TRANSFORMS)} or None"
    if s.time_unit is not None and s.time_unit not in UNITS:
        yield f"time_unit is {s.time_unit!r}, expected one of {', '.join(UNITS)} or None"


def _whole(value: object) -> bool:
    return _number(value) and math.isfinite(value) and float(value) == math.floor(value)  # type: ignore[arg-type, call-overload]


def _bad_counts(s: SurvivalSummary) -> Iterator[str]:
    if not _whole(s.n) or s.n < 1:
        yield f"n is {s.n!r}, expected a whole number of patients, 1 or more"
    elif s.n > 1_000_000:
        yield f"n is {s.n}, more than a million patients: check the number"
    if not _missing(s.events) and (not _whole(s.events) or s.events < 0):  # type: ignore[operator]
        yield f"events is {s.events!r}, expected a whole number, 0 or more"
    if not _missing(s.censored) and (not _whole(s.censored) or s.censored < 0):  # type: ignore[operator]
        yield f"censored is {s.censored!r}, expected a whole number, 0 or more"
    if s.events_about is not None:
        pair = tuple(s.events_about) if isinstance(s.events_about, Sequence) else ()
        if len(pair) != 2 or not all(_number(v) and math.isfinite(v) and v > 0 for v in pair):
            yield f"events_about is {s.events_about!r}, expected two numbers above 0: events and standard deviation"
        elif _whole(s.n) and pair[0] > s.n:
            yield f"events_about ({pair[0]:g}) exceeds n ({s.n})"


def _bad_times(s: SurvivalSummary) -> Iterator[str]:
    for name in TIMES:
        value = getattr(s, name)
        if _missing(value):
            continue
        if not _number(value):
            yield f"{name} is {value!r}, expected a number"
        elif value < 0 or (value == 0 and name not in MAY_BE_ZERO):
            yield f"{name} is {value}, expected a time greater than 0"
        elif 0 < value < 1 / LONGEST or LONGEST < value < math.inf:
            yield f"{name} is {value:g}: no time of patients is of this size, whatever its unit"
        elif math.isinf(value) and name not in ("median", "lower", "upper"):
            yield f"{name} is {value}, expected a finite time"
    for name in ("time_rounding", "survival_rounding"):
        value = getattr(s, name)
        if not _missing(value) and (not _number(value) or not math.isfinite(value) or value < 0):
            yield f"{name} is {value!r}, expected half a unit of the last printed digit, 0 or more"


def _bad_span(s: SurvivalSummary) -> Iterator[str]:
    """Times of one arm cannot differ by a factor above 100,000 in the same unit."""
    times = {name: getattr(s, name) for name in TIMES}
    times = {name: float(v) for name, v in times.items() if _number(v) and math.isfinite(v) and v > 0}
    if times and max(times.values()) > 1e5 * min(times.values()):
        low, high = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
        yield f"{high} ({times[high]:g}) is more than 100000 times {low} ({times[low]:g}): check the unit of time"


def _bad_landmarks(s: SurvivalSummary) -> Iterator[str]:
    for entry in s.landmarks if s.landmarks is not None else ():
        try:
            t, v = entry
        except (TypeError, ValueError):
            yield f"landmark {entry!r}, expected a pair (time, survival)"
            continue
        if not _number(t) or not math.isfinite(t) or t < 0:
            yield f"landmark time {t!r}, expected a number, 0 or more"
        if not _number(v) or not math.isfinite(v):
            yield f"survival {v!r} at time {t}, expected a proportion between 0 and 1"
        elif 1 < v <= 100:
            yield f"survival {v:g} at time {t:g} looks like a percentage: give it as a proportion, {v / 100:g}"
        elif not 0 <= v <= 1:
            yield f"survival {v:g} at time {t:g}, expected a proportion between 0 and 1"


def _bad_landmark_limits(s: SurvivalSummary) -> Iterator[str]:
    for entry in s.landmark_limits or ():
        parts = tuple(entry) if _listlike(entry) and entry is not None else ()
        if len(parts) != 3 or not all(_number(v) and math.isfinite(v) for v in parts):
            yield f"landmark_limits holds {entry!r}, expected (time, lower, upper)"
        elif not 0 <= parts[1] <= parts[2] <= 1:
            yield f"landmark_limits holds {entry!r}, expected proportions between 0 and 1, the lower one first"


def _bad_landmarks_about(s: SurvivalSummary) -> Iterator[str]:
    for entry in s.landmarks_about or ():
        parts = tuple(entry) if _listlike(entry) and entry is not None else ()
        if len(parts) != 3 or not all(_number(v) and math.isfinite(v) for v in parts):
            yield f"landmarks_about holds {entry!r}, expected (time, survival, standard deviation)"
        elif not (parts[0] > 0 and 0 < parts[1] < 1 and parts[2] > 0):
            yield (
                f"landmarks_about holds {entry!r}, expected a time above 0, a survival between 0 and 1, and a standard "
                "deviation above 0"
            )


def _bad_quantiles(s: SurvivalSummary) -> Iterator[str]:
    for entry in s.quantiles or ():
        parts = tuple(entry) if _listlike(entry) and entry is not None else ()
        if len(parts) != 2 or not all(_number(v) and math.isfinite(v) for v in parts):
            yield f"quantiles holds {entry!r}, expected (survival, time)"
        elif not (0 < parts[0] < 1 and parts[1] > 0):
            yield f"quantiles holds {entry!r}, expected a survival between 0 and 1 and a time above 0"
    for level in s.stays_above or ():
        if not _number(level) or not 0 < level < 1:
            yield f"stays_above holds {level!r}, expected a survival between 0 and 1"
    if s.early_progressors is not None:
        parts = tuple(s.early_progressors) if _listlike(s.early_progressors) else ()
        if len(parts) != 2 or not all(_number(v) and math.isfinite(v) for v in parts):
            yield f"early_progressors is {s.early_progressors!r}, expected (time of the first scan, share)"
        elif not (parts[0] > 0 and 0 < parts[1] < 1):
            yield f"early_progressors is {s.early_progressors!r}, expected a time above 0 and a share between 0 and 1"


def _bad_risk_table(s: SurvivalSummary) -> Iterator[str]:
    if s.at_risk_times is None and s.at_risk is None:
        return
    if s.at_risk_times is None or s.at_risk is None:
        yield "at_risk_times and at_risk belong together: one of them is missing"
        return
    if len(s.at_risk_times) != len(s.at_risk):
        yield f"at_risk_times has {len(s.at_risk_times)} entries and at_risk {len(s.at_risk)}, expected as many"
        return
    for t, y in zip(s.at_risk_times, s.at_risk, strict=True):
        if not _number(t) or not math.isfinite(t) or t < 0:
            yield f"at-risk time {t!r}, expected a number, 0 or more"
        if _missing(y):
            continue
        if not _whole(y) or y < 0:
            yield f"{y!r} at risk at time {t}, expected a whole number, 0 or more"


def _tidied(s: SurvivalSummary) -> SurvivalSummary:
    """The summary with None for missing, flags for infinite, sorted lists and inferred rounding."""
    changes: dict[str, object] = {
        name: None if _missing(getattr(s, name)) else float(getattr(s, name)) for name in TIMES
    }
    counts = {name: None if _missing(getattr(s, name)) else int(getattr(s, name)) for name in ("events", "censored")}
    if counts["events"] is None and counts["censored"] is not None:
        counts["events"] = int(s.n) - counts["censored"]
    changes |= {"n": int(s.n), **counts}
    changes["median_not_reached"] = s.median_not_reached or s.median == math.inf
    changes["upper_not_reached"] = s.upper_not_reached or s.upper == math.inf or changes["median_not_reached"]
    for name in ("median", "lower", "upper"):
        if changes[name] == math.inf:
            changes[name] = None
    if changes["lower"] == 0.0:
        changes["lower"] = None
    landmarks = sorted({(float(t), float(v)) for t, v in s.landmarks or () if t > 0})
    changes["landmarks"] = tuple(landmarks)
    times = dict(landmarks)
    limits = sorted((float(t), float(low), float(high)) for t, low, high in s.landmark_limits or ())
    changes["landmark_limits"] = tuple(entry for entry in limits if entry[0] in times and 0 < entry[1] < entry[2] < 1)
    about = sorted(tuple(float(v) for v in entry) for entry in s.landmarks_about or ())
    if s.early_progressors is not None:
        about = sorted([*about, _after_first_scan(*s.early_progressors, int(s.n))])
        changes["early_progressors"] = None
    changes["landmarks_about"] = tuple(entry for entry in about if entry[0] not in dict(landmarks))
    changes["quantiles"] = tuple(sorted({(float(v), float(t)) for v, t in s.quantiles or ()}, reverse=True))
    changes["stays_above"] = tuple(sorted({float(v) for v in s.stays_above or ()}, reverse=True))
    if s.at_risk_times is not None and s.at_risk is not None:
        rows = sorted({(float(t), int(y)) for t, y in zip(s.at_risk_times, s.at_risk, strict=True) if not _missing(y)})
        changes["at_risk_times"] = tuple(t for t, _ in rows) or None
        changes["at_risk"] = tuple(y for _, y in rows) or None
    if _missing(s.time_rounding):
        printed = [changes[name] for name in ("median", "lower", "upper") if changes[name] is not None]
        printed += [float(t) for _, t in s.quantiles or ()]
        changes["time_rounding"] = 0.5 * 10.0 ** -max((decimals(v) for v in printed), default=1)  # type: ignore[arg-type]
    if _missing(s.survival_rounding):
        changes["survival_rounding"] = 0.5 * 10.0 ** -max([2, *(decimals(v) for _, v in landmarks)])
    return replace(s, **changes)  # type: ignore[arg-type]


def _after_first_scan(time: float, share: float, n: int) -> tuple[float, float, float]:
    """Time just after the first scan, survival there by the share of early progressors, and its standard deviation."""
    after = AFTER_SCAN * float(time)
    return after, 1 - float(share), math.hypot(EARLY_DOUBT * share, math.sqrt(share * (1 - share) / n))


def decimals(value: float, most: int = 4) -> int:
    """Number of decimals that a number needs, at most `most`."""
    return next((d for d in range(most) if abs(value - round(value, d)) < 1e-9), most)


def _contradictions(s: SurvivalSummary) -> Iterator[str]:
    if s.events is not None and s.events > s.n:
        yield f"events ({s.events}) exceed n ({s.n})"
    if s.events is not None and s.censored is not None and s.events + s.censored != s.n:
        yield f"events ({s.events}) and censored ({s.censored}) make {s.events + s.censored} patients, n is {s.n}"
    yield from _median_faults(s)
    yield from _quantile_faults(s)
    yield from _landmark_faults(s)
    yield from _risk_faults(s)
    yield from _follow_up_faults(s)
    if not list(_risk_faults(s)):
        yield from _cross_faults(s)


def _median_faults(s: SurvivalSummary) -> Iterator[str]:
    m, low, high = s.median, s.lower, s.upper
    if s.median_not_reached and (m is not None or high is not None):
        yield f"the median is said not to be reached, yet {'it' if m is not None else 'its upper limit'} is printed"
    if s.upper_not_reached and high is not None:
        yield f"the upper limit is said not to be reached, yet {high:g} is printed"
    if m is not None and low is not None and low > m:
        yield f"the lower limit ({low:g}) lies above the median ({m:g})"
    if m is not None and high is not None and high < m:
        yield f"the upper limit ({high:g}) lies below the median ({m:g})"
    if low is not None and high is not None and low > high:
        yield f"the lower limit ({low:g}) lies above the upper limit ({high:g})"
    if s.events == 0 and (m is not None or low is not None or high is not None):
        yield "there are no events, yet a median or a limit of it is printed"


def _quantile_faults(s: SurvivalSummary) -> Iterator[str]:
    """Lower survivals cannot be reached at earlier times, nor contradict a printed survival."""
    points = list(s.quantiles) + ([(0.5, s.median)] if s.median is not None else [])
    for level in s.stays_above:
        yield from (
            f"the curve is said to reach {v:g} at {t:g}, yet not to reach {level:g}" for v, t in points if v <= level
        )
        yield from (
            f"survival is {held:g} at time {t:g}, yet the curve is said not to reach {level:g}"
            for t, held in s.landmarks
            if held < level - (s.survival_rounding or 0.0) - 1e-9
        )
    for (v1, t1), (v2, t2) in pairwise(sorted(points, reverse=True)):
        if v1 == v2 and t1 != t2:
            yield f"the curve is said to reach {v1:g} at two times, {t2:g} and {t1:g}"
        elif t2 < t1:
            yield f"the curve is said to reach {v1:g} at {t1:g} and the lower {v2:g} before it, at {t2:g}"
    within, slack = (s.time_rounding or 0.0) + 1e-9, (s.survival_rounding or 0.0) + 1e-9
    for v, t in s.quantiles:
        for when, held in s.landmarks:
            if (when < t - within and held < v - slack) or (when > t + within and held > v + slack):
                yield f"the curve is said to reach {v:g} at {t:g}, but survival is {held:g} at time {when:g}"
        if s.median_not_reached and v <= 0.5:
            yield f"the curve is said to reach {v:g} at {t:g}, yet the median is said not to be reached"


def _own_rounding(v: float) -> float:
    """Half a unit of a proportion's own last digit, so that 0.17 followed by 0.172 is not taken for a rise."""
    return 0.5 * 10.0 ** -max(2, decimals(v))


def _landmark_faults(s: SurvivalSummary) -> Iterator[str]:
    for (t1, v1), (t2, v2) in pairwise(s.landmarks):
        tol = _own_rounding(v1) + _own_rounding(v2) + 1e-9
        if v2 > v1 + tol or (t1 == t2 and abs(v1 - v2) > tol):
            yield f"survival rises from {v1:g} at time {t1:g} to {v2:g} at time {t2:g}"
    slack = s.survival_rounding + 1e-9  # type: ignore[operator]
    for t, v in s.landmarks:
        if s.median is not None and t < s.median - s.time_rounding and v < 0.5 - slack:  # type: ignore[operator]
            yield f"survival is {v:g} at time {t:g}, below one half before the median ({s.median:g})"
        if s.median is not None and t > s.median + s.time_rounding and v > 0.5 + slack:  # type: ignore[operator]
            yield f"survival is {v:g} at time {t:g}, above one half after the median ({s.median:g})"
        if s.median_not_reached and v < 0.5 - slack:
            yield f"survival is {v:g} at time {t:g}, yet the median is said not to be reached"
        if s.events == 0 and v < 1 - slack:
            yield f"survival is {v:g} at time {t:g}, yet there are no events"


def _risk_faults(s: SurvivalSummary) -> Iterator[str]:
    if s.at_risk_times is None or s.at_risk is None:
        return
    rows = list(zip(s.at_risk_times, s.at_risk, strict=True))
    for (t1, y1), (t2, y2) in pairwise(rows):
        if y2 > y1:
            yield f"numbers at risk rise from {y1} at time {t1:g} to {y2} at time {t2:g}"
        elif t1 == t2 and y1 != y2:
            yield f"two numbers at risk, {y1} and {y2}, at time {t1:g}"
    for t, y in rows:
        if y > s.n:
            yield f"{y} at risk at time {t:g} exceed n ({s.n})"
        elif t == 0 and y != s.n:
            yield f"{y} at risk at time 0, but n is {s.n}"


def _follow_up_faults(s: SurvivalSummary) -> Iterator[str]:
    end = s.longest_follow_up
    if s.followed_at_most is not None and (end is None or end > s.followed_at_most):
        yield from _impossible_times(s, s.followed_at_most)
    if s.accrual is not None and s.follow_up_after_accrual is not None:
        window = s.accrual + s.follow_up_after_accrual
        if window <= 0:
            yield "enrolment and the time from its end to the cut-off are both 0: nobody could be followed"
        elif end is not None and end > 1.1 * window:
            yield (
                f"the longest follow-up ({end:g}) exceeds the time from first enrolment to cut-off ({window:g}): "
                "check the unit"
            )
    if end is None:
        return
    slack = max(s.time_rounding or 0.0, 0.5 if end > 50 else 0.05) + 1e-9
    for name in ("median", "lower", "upper", "median_follow_up", "shortest_follow_up"):
        value = getattr(s, name)
        # follow-up for death may be longer than the longest time to another event, but not many times longer
        most = end + slack if name in ("median", "lower", "upper") else 4 * end
        if value is not None and value > most:
            yield f"{name} ({value:g}) lies beyond the longest follow-up ({end:g}): check the unit of time"
    for t, _ in s.landmarks:
        if t > end + slack:
            yield f"a survival is printed at time {t:g}, beyond the longest follow-up ({end:g}): check the unit of time"
    if s.at_risk_times is not None and s.at_risk is not None:
        for t, y in zip(s.at_risk_times, s.at_risk, strict=True):
            if t > end + slack and y > 0:
                yield f"{y} at risk at time {t:g}, beyond the longest follow-up ({end:g})"


def _impossible_times(s: SurvivalSummary, most: float) -> Iterator[str]:
    """Times beyond what the dates of the study allow."""
    said = f"beyond the {most:g} that the dates of the study allow: check the dates and the unit of time"
    slack = (s.time_rounding or 0.0) + 1e-9
    for name in ("median", "lower", "upper", "longest_follow_up"):
        value = getattr(s, name)
        if value is not None and value > most + slack:
            yield f"{name} ({value:g}) lies {said}"
    for t, _ in s.landmarks:
        if t > most + slack:
            yield f"a survival is printed at time {t:g}, {said}"
    for t, y in zip(s.at_risk_times or (), s.at_risk or (), strict=True):
        if y > 0 and t > most + slack:
            yield f"{y} at risk at time {t:g}, {said}"


def _cross_faults(s: SurvivalSummary) -> Iterator[str]:
    """Survival v patients at risk: y / n <= S, and d events cannot bring S below y / (y + d) while y remain at risk."""
    if s.at_risk_times is None or s.at_risk is None:
        return
    points = [(t, v, s.survival_rounding, "survival is {v:g} at time {t:g}") for t, v in s.landmarks]
    if s.median is not None:
        points.append((s.median, 0.5, 0.0, "the median is {t:g}"))
    for t, v, slack, text in points:
        later = [(when, y) for when, y in zip(s.at_risk_times, s.at_risk, strict=True) if when > t + s.time_rounding]  # type: ignore[operator]
        if later and later[0][1] / s.n > v + slack + 1e-9:  # type: ignore[operator]
            when, y = later[0]
            yield f"{text.format(t=t, v=v)}, but {y} of {s.n} are still at risk at time {when:g}"
        elif later and s.events is not None and later[0][1] / (later[0][1] + max(s.events, 1e-9)) > v + slack + 1e-9:  # type: ignore[operator]
            when, y = later[0]
            yield (
                f"{text.format(t=t, v=v)}, which {s.events} events cannot bring about while {y} are still at risk "
                f"at time {when:g}"
            )
