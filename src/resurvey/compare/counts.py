"""Meta-analysis of binary outcomes from counts: odds ratio, risk ratio and risk difference, by every usual method.

Ratios are on the log scale, treatment versus comparator. A study without events (or without non-events) in both arms is
uninformative about a ratio; it is left out with a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.compare.estimates import Estimate, check_level, chi_square_p, interval
from resurvey.compare.pool import Pooled, pool
from resurvey.errors import InputError, NotEstimable

Floats = NDArray[np.float64]
MEASURES = ("or", "rr", "rd")
COLUMNS = ("study", "events", "patients", "comparator_events", "comparator_patients")
CORRECTION = 0.5


@dataclass(frozen=True)
class CountPooled:
    """Common-effect estimate pooled from counts, without between-study variance.

    Attributes
    ----------
    estimate : Estimate
    q, df, p_q : float, int, float
        Heterogeneity around the pooled estimate: of the studies' own estimates (Mantel-Haenszel, logistic regression),
        or of observed minus expected events (Peto).
    studies : int
        Number of informative studies.
    messages : tuple of str
        Studies that were left out, and continuity corrections.
    """

    estimate: Estimate
    q: float
    df: int
    p_q: float
    studies: int
    messages: tuple[str, ...]


@dataclass(frozen=True)
class _Tables:
    """Two-by-two tables: events a and non-events b of the treatment, c and d of the comparator."""

    study: tuple[str, ...]
    a: Floats
    b: Floats
    c: Floats
    d: Floats

    @property
    def n1(self) -> Floats:
        return self.a + self.b

    @property
    def n2(self) -> Floats:
        return self.c + self.d

    @property
    def total(self) -> Floats:
        return self.n1 + self.n2

    @property
    def silent(self) -> NDArray[np.bool_]:
        """Whether each study is uninformative about a ratio: no events, or no non-events, in both arms."""
        return (self.a + self.c == 0) | (self.b + self.d == 0)

    def only(self, kept: NDArray[np.bool_]) -> _Tables:
        """Tables of the selected studies."""
        names = tuple(name for name, keep in zip(self.study, kept, strict=True) if keep)
        return _Tables(names, self.a[kept], self.b[kept], self.c[kept], self.d[kept])


def read_counts(counts: pd.DataFrame) -> _Tables:
    """Read and validate the counts of both arms of each study.

    Raises
    ------
    InputError
        If a column is missing, there is no study, or counts are invalid; the message lists all invalid counts.
    """
    missing = [name for name in COLUMNS if name not in counts]
    if missing:
        raise InputError(f"counts lacks {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
    if counts.empty:
        raise InputError("counts is empty: pooling needs at least one study")
    study = tuple(str(name) for name in counts["study"])
    faults = [f"study {name!r} is listed more than once" for name in dict.fromkeys(study) if study.count(name) > 1]
    numbers = {name: pd.to_numeric(counts[name], errors="coerce").to_numpy(dtype=float) for name in COLUMNS[1:]}
    for name, values in numbers.items():
        for own, value, given in zip(study, values, counts[name], strict=True):
            if not (np.isfinite(value) and value >= 0 and value == np.floor(value)):
                faults.append(f"study {own!r}: {name} must be a whole number of at least 0, found {given!r}")
    if not faults:
        for events, patients in (("events", "patients"), ("comparator_events", "comparator_patients")):
            for own, few, many in zip(study, numbers[events], numbers[patients], strict=True):
                if few > many or many == 0:
                    faults.append(f"study {own!r}: {few:g} {events} of {many:g} {patients} cannot be")
    if faults:
        raise InputError("counts: " + "; ".join(faults))
    a, n1, c, n2 = (numbers[name] for name in COLUMNS[1:])
    return _Tables(study, a, n1 - a, c, n2 - c)


def _check(measure: str, level: float) -> None:
    check_level(level)
    if measure not in MEASURES:
        raise InputError(f"measure must be or, rr or rd, found {measure!r}")


def count_effects(counts: pd.DataFrame, *, measure: str = "or") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Effect and standard error of each study, for `pool` or a forest plot.

    In a study with an empty cell, 0.5 is added to all four cells (for rd, only in the standard error). Studies that are
    uninformative about a ratio are left out.

    Parameters
    ----------
    counts : DataFrame
        study, events, patients, comparator_events, comparator_patients; one row per study.
    measure : {"or", "rr", "rd"}

    Returns
    -------
    DataFrame
        study, estimate, se.
    tuple of str
        Corrections made and studies left out.

    Raises
    ------
    InputError
        If counts are invalid; the message lists all faults.
    NotEstimable
        If no study is informative.
    """
    _check(measure, 0.95)
    tables = read_counts(counts)
    messages: list[str] = []
    if measure != "rd":
        tables, messages = _telling(tables)
    empty = (tables.a == 0) | (tables.b == 0) | (tables.c == 0) | (tables.d == 0)
    if empty.any():
        named = ", ".join(name for name, is_empty in zip(tables.study, empty, strict=True) if is_empty)
        messages.append(f"half an event was added to every cell of {named} (an empty cell)")
    add = CORRECTION * empty
    a, b, c, d = tables.a + add, tables.b + add, tables.c + add, tables.d + add
    n1, n2 = a + b, c + d
    if measure == "or":
        estimate, variance = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    elif measure == "rr":
        estimate, variance = np.log(a / n1 / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2
    else:
        estimate = tables.a / tables.n1 - tables.c / tables.n2
        variance = a * b / n1**3 + c * d / n2**3
    made = pd.DataFrame({"study": tables.study, "estimate": estimate, "se": np.sqrt(variance)})
    return made, tuple(messages)


def _telling(tables: _Tables) -> tuple[_Tables, list[str]]:
    silent = tables.silent
    if silent.all():
        raise NotEstimable("no study has both an event and a patient without one: there is no ratio to pool; use rd")
    if not silent.any():
        return tables, []
    named = ", ".join(name for name, is_silent in zip(tables.study, silent, strict=True) if is_silent)
    return tables.only(~silent), [f"left out, as nobody or everybody has the event in both arms: {named}"]


def inverse_variance(counts: pd.DataFrame, *, measure: str = "or", **options: object) -> Pooled:
    """Apply `pool` to `count_effects`; `options` are those of `pool`. The messages include the corrections."""
    effects, messages = count_effects(counts, measure=measure)
    made = pool(effects, **options)  # type: ignore[arg-type]
    return Pooled(**{**made.__dict__, "messages": (*messages, *made.messages)})


def mantel_haenszel(counts: pd.DataFrame, *, measure: str = "or", level: float = 0.95) -> CountPooled:
    """Mantel-Haenszel common effect; empty cells need no continuity correction.

    Parameters
    ----------
    counts, measure
        As for `count_effects`.
    level : float, default 0.95

    Raises
    ------
    InputError, NotEstimable
        As in `count_effects`; also NotEstimable if the ratio is 0 or infinite.

    References
    ----------
    .. [1] Mantel, N. and Haenszel, W. (1959). Journal of the National Cancer Institute 22, 719-748.
    .. [2] Robins, J., Breslow, N. and Greenland, S. (1986). Biometrics 42, 311-323 (variance of the odds ratio).
    .. [3] Greenland, S. and Robins, J. M. (1985). Biometrics 41, 55-68 (variance of the risk ratio).
    .. [4] Sato, T. (1989). Biometrics 45, 1323-1324 (variance of the risk difference).
    """
    _check(measure, level)
    tables = read_counts(counts)
    messages: list[str] = []
    if measure != "rd":
        tables, messages = _telling(tables)
    value, variance = {"or": _mh_odds, "rr": _mh_risk, "rd": _mh_difference}[measure](tables)
    made = interval(value, sqrt(variance), level=level, label=f"Mantel-Haenszel {measure}")
    return _about(made, counts, measure, tables, messages)


def _about(made: Estimate, counts: pd.DataFrame, measure: str, tables: _Tables, messages: list[str]) -> CountPooled:
    """A common estimate with the heterogeneity of the studies' own estimates around it."""
    effects, _ = count_effects(counts, measure=measure)
    q = float(np.sum((effects["estimate"] - made.estimate) ** 2 / effects["se"] ** 2))
    df = len(effects) - 1
    return CountPooled(made, q, df, chi_square_p(q, df), len(tables.study), tuple(messages))


def _mh_odds(t: _Tables) -> tuple[float, float]:
    r, s = t.a * t.d / t.total, t.b * t.c / t.total
    p, q = (t.a + t.d) / t.total, (t.b + t.c) / t.total
    top, bottom = r.sum(), s.sum()
    _finite(top, bottom, "odds")
    variance = (p @ r) / (2 * top**2) + (p @ s + q @ r) / (2 * top * bottom) + (q @ s) / (2 * bottom**2)
    return float(np.log(top / bottom)), float(variance)


def _mh_risk(t: _Tables) -> tuple[float, float]:
    top, bottom = (t.a * t.n2 / t.total).sum(), (t.c * t.n1 / t.total).sum()
    _finite(top, bottom, "risk")
    spread = ((t.n1 * t.n2 * (t.a + t.c) - t.a * t.c * t.total) / t.total**2).sum()
    return float(np.log(top / bottom)), float(spread / (top * bottom))


def _mh_difference(t: _Tables) -> tuple[float, float]:
    weight = (t.n1 * t.n2 / t.total).sum()
    value = ((t.a * t.n2 - t.c * t.n1) / t.total).sum() / weight
    p = (t.n1**2 * t.c - t.n2**2 * t.a + t.n1 * t.n2 * (t.n2 - t.n1) / 2) / t.total**2
    q = (t.a * t.d + t.c * t.b) / (2 * t.total)
    variance = (value * p.sum() + q.sum()) / weight**2
    if not variance > 0:
        raise NotEstimable("no study has an event, or all patients have it: the difference has no variance")
    return float(value), float(variance)


def _finite(top: float, bottom: float, kind: str) -> None:
    if not top > 0 or not bottom > 0:
        raise NotEstimable(f"one arm has no event in any study: the {kind} ratio is 0 or infinite; use rd")


def peto(counts: pd.DataFrame, *, level: float = 0.95) -> CountPooled:
    """Peto's one-step odds ratio: suitable for rare events, arms of similar size and ratios near 1; biased otherwise.

    References
    ----------
    .. [1] Yusuf, S. et al. (1985). Progress in Cardiovascular Diseases 27, 335-371.
    """
    check_level(level)
    tables, messages = _telling(read_counts(counts))
    m1 = tables.a + tables.c
    expected = tables.n1 * m1 / tables.total
    variance = tables.n1 * tables.n2 * m1 * (tables.total - m1) / (tables.total**2 * (tables.total - 1))
    gap = tables.a - expected
    value = gap.sum() / variance.sum()
    q = float((gap**2 / variance).sum() - gap.sum() ** 2 / variance.sum())
    made = interval(float(value), float(variance.sum() ** -0.5), level=level, label="Peto odds ratio")
    df = len(tables.study) - 1
    return CountPooled(made, q, df, chi_square_p(q, df), len(tables.study), tuple(messages))


def logistic(counts: pd.DataFrame, *, level: float = 0.95) -> CountPooled:
    """Common odds ratio by logistic regression with one intercept per study (unconditional maximum likelihood).

    With many small studies it is biased away from 1; `hypergeometric` conditions on the margins instead.

    Raises
    ------
    NotEstimable
        If the ratio is 0 or infinite.

    References
    ----------
    .. [1] McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, 2nd ed. Chapman and Hall. Section 4.
    """
    import statsmodels.api as sm

    check_level(level)
    tables, messages = _telling(read_counts(counts))
    if tables.a.sum() == 0 or tables.c.sum() == 0 or tables.b.sum() == 0 or tables.d.sum() == 0:
        raise NotEstimable("an arm has no event, or no patient without one, in any study: the odds ratio is not finite")
    k = len(tables.study)
    outcome = np.column_stack((np.concatenate((tables.a, tables.c)), np.concatenate((tables.b, tables.d))))
    design = np.column_stack((np.tile(np.eye(k), (2, 1)), np.repeat([1.0, 0.0], k)))
    fitted = sm.GLM(outcome, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
    made = interval(float(fitted.params[-1]), float(fitted.bse[-1]), level=level, label="logistic regression")
    return _about(made, counts, "or", tables, messages)


ARM_COLUMNS = ("study", "treatment", "events", "patients")


def count_contrasts(arms: pd.DataFrame, *, measure: str = "or") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Compute all pairwise contrasts of each study from the counts of its arms, for `network` and `bayes_network`.

    The contrasts of a multi-arm study are computed from the variances of its arms, so their correlations are respected.
    In a study with an empty cell, 0.5 is added to every cell (for rd, only in the standard error). Studies that are
    uninformative about a ratio are left out.

    Parameters
    ----------
    arms : DataFrame
        study, treatment, events, patients; one row per arm.
    measure : {"or", "rr", "rd"}

    Returns
    -------
    DataFrame
        study, treatment, comparator, estimate, se.
    tuple of str
        Corrections made and studies left out.

    Raises
    ------
    InputError
        If counts are invalid; the message lists all faults.
    NotEstimable
        If no study is informative.
    """
    _check(measure, 0.95)
    table = _read_arms(arms)
    rows: list[dict[str, object]] = []
    left, corrected = [], []
    for study, own in table.groupby("study", sort=False):
        events, patients = own["events"].to_numpy(dtype=float), own["patients"].to_numpy(dtype=float)
        if measure != "rd" and (events.sum() == 0 or events.sum() == patients.sum()):
            left.append(str(study))
            continue
        empty = bool(np.any((events == 0) | (events == patients)))
        if empty:
            corrected.append(str(study))
        level, variance = _arm_level(events, patients, CORRECTION * empty, measure)
        names = own["treatment"].tolist()
        rows += [
            {"study": study, "treatment": names[j], "comparator": names[i], "estimate": level[j] - level[i],
             "se": sqrt(variance[i] + variance[j])}
            for i in range(len(names)) for j in range(i + 1, len(names))
        ]  # fmt: skip
    if not rows:
        raise NotEstimable("no study has both an event and a patient without one: there is no ratio; use rd")
    messages = []
    if left:
        messages.append(f"left out, as nobody or everybody has the event in all arms: {', '.join(left)}")
    if corrected:
        messages.append(f"half an event was added to every cell of {', '.join(corrected)} (an empty cell)")
    return pd.DataFrame(rows), tuple(messages)


def _arm_level(events: Floats, patients: Floats, add: float, measure: str) -> tuple[Floats, Floats]:
    """Log odds, log risk or risk of each arm, with its variance."""
    a, b = events + add, patients - events + add
    n = a + b
    if measure == "or":
        return np.log(a / b), 1 / a + 1 / b
    if measure == "rr":
        return np.log(a / n), 1 / a - 1 / n
    return events / patients, a * b / n**3


def _read_arms(arms: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ARM_COLUMNS if name not in arms]
    if missing:
        raise InputError(f"arms lacks {', '.join(missing)}; it needs {', '.join(ARM_COLUMNS)}")
    table = arms[list(ARM_COLUMNS)].reset_index(drop=True)
    faults = []
    for name in ("events", "patients"):
        values = pd.to_numeric(table[name], errors="coerce")
        bad = ~(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))
        faults += [f"row {i}: {name} must be a whole number of at least 0, found {table[name][i]!r}"
                   for i in np.flatnonzero(bad)]  # fmt: skip
        table[name] = values
    if not faults:
        wrong = (table["events"] > table["patients"]) | (table["patients"] == 0)
        faults += [f"row {i}: {table['events'][i]:g} events of {table['patients'][i]:g} patients cannot be"
                   for i in np.flatnonzero(wrong)]  # fmt: skip
        twice = table.duplicated(["study", "treatment"])
        faults += [f"row {i}: study {table['study'][i]!r} has {table['treatment'][i]!r} more than once"
                   for i in np.flatnonzero(twice)]  # fmt: skip
        sizes = table.groupby("study", sort=False)["treatment"].size()
        faults += [f"study {name!r} has one arm: there is nothing to compare" for name in sizes.index[sizes < 2]]
    if faults:
        raise InputError("arms: " + "; ".join(faults))
    return table
