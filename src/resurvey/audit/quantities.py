"""All comparable printed numbers in one table: the quantity each describes, and the values it may stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from resurvey.audit.adverse_events import grade_key, item_key
from resurvey.audit.context import Context

COLUMNS = ["claim_id", "source_id", "study_id", "cut", "table", "key", "text", "low", "high", "kind", "locator", "what"]
FOLLOWED = ("follow-up", "treatment duration", "enrolment duration")
# Kinds of number that are counts and therefore not rounded.
COUNTS = ("size", "count")
# A closed end is extended by this share of its value: far below any printed digit, well above the numerical tolerance.
CLOSED = 1e-7
OPERATORS = ("=", "~", "NR", "<", "<=", ">", ">=")


def quantities(context: Context) -> pd.DataFrame:
    """All comparable numbers; rows with the same `study_id` and `key` are the same quantity.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: `cut` is the data cut (blank when unknown), `key` the quantity, `low` and `high` the range
        its rounding allows, `kind` the method of a p value or ratio, or the set of categories of a count, and `what`
        the key in words.
    """
    if "_quantities" not in context.__dict__:
        parts = [
            _medians(context),
            _rates(context),
            _ratios(context),
            _sizes(context),
            _shares(context),
            _spans(context),
        ]
        context.__dict__["_quantities"] = pd.concat(parts, ignore_index=True)
    return context.__dict__["_quantities"]


def _frame(
    frame: pd.DataFrame, table: str, key: pd.Series, column: str, what: pd.Series, kind: object = ""
) -> pd.DataFrame:
    text = column.removesuffix("_months").removesuffix("_prop")
    made = pd.DataFrame(
        {
            "claim_id": frame["claim_id"],
            "source_id": frame["source_id"],
            "study_id": frame["study_id"],
            "cut": frame["data_cut"],
            "table": table,
            "key": table + "|" + key,
            "text": frame[f"{text}_text"],
            "low": frame[f"{column}_min"].astype(float),
            "high": frame[f"{column}_max"].astype(float),
            "kind": kind,
            "locator": frame["locator"],
            "what": what,
        }
    )
    made = made[frame[f"{text}_op"].isin(OPERATORS) & made["low"].notna()]
    return _with_ends(made, frame.loc[made.index, f"{text}_op"], frame.loc[made.index, column])


def _with_ends(made: pd.DataFrame, operator: pd.Series, value: pd.Series) -> pd.DataFrame:
    """A count stands only for itself; `at most` and `at least` include their bound, `below` and `above` do not."""
    number, sign = value.to_numpy(float), operator.to_numpy(object)
    exact = made["table"].isin(COUNTS).to_numpy() & (sign == "=")
    reach = CLOSED * np.maximum(np.abs(number), 1.0)
    low = np.where(exact, number, made["low"].to_numpy(float)) - np.where(sign == ">=", reach, 0.0)
    high = np.where(exact, number, made["high"].to_numpy(float)) + np.where(sign == "<=", reach, 0.0)
    return made.assign(low=low, high=high)


def _group(frame: pd.DataFrame) -> pd.Series:
    return frame["arm_id"] + "|" + frame["population"]


def _named(frame: pd.DataFrame, first: pd.Series) -> pd.Series:
    where = np.where(frame["population"].isin(["", "all"]), "", " (" + frame["population"] + ")")
    return first + " of " + frame["arm_id"].replace("", "the study") + where


def _medians(context: Context) -> pd.DataFrame:
    frame = context["medians"]
    months = frame["value_months_min"].notna()
    key = _group(frame) + "|" + frame["endpoint"]
    timed = _frame(frame[months], "median", key[months], "value_months", _named(frame, frame["endpoint"])[months])
    plain = _frame(frame[~months], "median", key[~months], "value", _named(frame, frame["endpoint"])[~months])
    return pd.concat([timed, plain])


def _rates(context: Context) -> pd.DataFrame:
    frame = context["survival_rates"]
    at = frame["time_months"].round(1).astype(str)
    return _frame(
        frame,
        "rate",
        _group(frame) + "|" + frame["endpoint"] + "|" + at,
        "value_prop",
        _named(frame, frame["endpoint"] + " rate"),
    )


def _ratios(context: Context) -> pd.DataFrame:
    """Ratio, lower and upper limit as separate quantities, adjusted and unadjusted apart; `kind` is the model."""
    frame = context["hazard_ratios"]
    other = frame["comparator_arm_id"] + "|" + frame["comparator_population"]
    model = np.where(frame["model"].isin(["multivariable", "matched"]), "adjusted", "")
    level = np.where(frame["ci_level"].isna() | (frame["ci_level"] == 95), "", frame["ci_level"].astype(str))
    key = _group(frame) + "|" + other + "|" + frame["endpoint"] + "|" + frame["measure"] + "|" + model
    what = _named(frame, frame["measure"] + " for " + frame["endpoint"])
    parts = [
        _frame(frame, name, key + level if name != "ratio" else key, column, what + words, frame["model"])
        for name, column, words in (
            ("ratio", "value", ""),
            ("lower", "lower", ", lower limit"),
            ("upper", "upper", ", upper limit"),
        )
    ]
    return pd.concat(parts)


def _sizes(context: Context) -> pd.DataFrame:
    frame = context["arms"]
    words = pd.Series("size", index=frame.index)
    return _frame(frame, "size", _group(frame), "n", _named(frame, words))


def _shares(context: Context) -> pd.DataFrame:
    """Counts and percentages, keyed by what is counted; words that only give a location are dropped."""
    frame = context["proportions"]
    items = {item: _plain(item_key(item)) for item in frame["item"].unique()}
    grades = {grade: grade_key(grade) if grade else "" for grade in frame["grade"].unique()}
    name = frame["item"].map(items).astype(object)
    # A bare `0` or `1` has meaning only together with its heading.
    name = name.where(
        name.astype(str).str.contains("[a-z]{2}", regex=True), name + " " + frame["endpoint"] + frame["partition"]
    )
    key = _group(frame) + "|" + frame["kind"] + "|" + name + "|" + frame["grade"].map(grades).astype(object)
    what = _named(frame, frame["item"] + " " + frame["grade"])
    kind = frame["partition"]
    return pd.concat([_frame(frame, "count", key, "n", what, kind), _frame(frame, "share", key, "percent", what, kind)])


FILLERS = frozenset({"in", "treatment", "use", "prior", "of", "disease", "patients", "with", "t", "received"})


def _plain(key: str) -> str:
    words = [word for word in key.split() if word not in FILLERS]
    return " ".join(words) or key


def _spans(context: Context) -> pd.DataFrame:
    frame = context["follow_up"]
    frame = frame[frame["item"].isin(FOLLOWED) & (frame["statistic"] != "date")]
    key = _group(frame) + "|" + frame["item"] + "|" + frame["statistic"]
    return _frame(frame, "follow-up", key, "value_months", _named(frame, frame["statistic"] + " " + frame["item"]))


def p_quantities(context: Context) -> pd.DataFrame:
    """All printed p values by comparison; `kind` says whether they are adjusted, and the test."""
    if "_p_quantities" not in context.__dict__:
        context.__dict__["_p_quantities"] = pd.concat([_tests(context), _ratio_tests(context)], ignore_index=True)
    return context.__dict__["_p_quantities"]


def _tests(context: Context) -> pd.DataFrame:
    frame = context["p_values"]
    frame = frame[frame["comparator_arm_id"] != ""]
    study = frame["comparator_study_id"].where(frame["comparator_study_id"] != "", frame["study_id"])
    population = frame["comparator_population"].where(frame["comparator_population"] != "", frame["population"])
    counted = _counted(context)
    own = [
        frozenset(counted[claim] for claim in map(str.strip, claims.split(";")) if claim in counted)
        for claims in frame["claims"]
    ]
    # Comparisons of counts are the same when they compare the same numbers, whatever the name of the row.
    subject = [
        endpoint if not numbers else "; ".join(sorted(numbers))
        for endpoint, numbers in zip(frame["endpoint"], own, strict=True)
    ]
    key = _pair_keys(frame, study, frame["comparator_arm_id"], population, pd.Series(subject, index=frame.index))
    kind = np.where(frame["adjusted"] == "yes", "adjusted", "unadjusted") + np.where(
        frame["test"] != "", " " + frame["test"], ""
    )
    what = "p of " + frame["endpoint"].where(frame["endpoint"] != "", frame["item"])
    made = _frame(frame, "p", key, "p", what, kind)
    return made[~made["key"].astype(str).str.endswith("|")]


def _counted(context: Context) -> dict[str, str]:
    """Labels of counts in `proportions`, as `arm n (percent)`, and of survival rates, as `arm S(t)`."""
    frame = context["proportions"]
    frame = frame[(frame["n_op"] == "=") & (frame["percent_op"] != "")]
    parts = zip(frame["claim_id"], frame["arm_id"], frame["n_text"], frame["percent_text"], strict=True)
    made = {claim: f"{arm} {n} ({percent})" for claim, arm, n, percent in parts}
    rates = context["survival_rates"]
    places = zip(rates["claim_id"], rates["arm_id"], rates["time_months"], strict=True)
    # A comparison of survival at one time is distinct from a comparison of the curves.
    return made | {claim: f"{arm} S({time:.1f})" for claim, arm, time in places}


def _ratio_tests(context: Context) -> pd.DataFrame:
    frame = context["hazard_ratios"]
    population = frame["comparator_population"].where(frame["comparator_population"] != "", frame["population"])
    arm = frame["comparator_arm_id"].where(frame["comparator_arm_id"] != "", frame["arm_id"])
    key = _pair_keys(frame, frame["study_id"], arm, population, frame["endpoint"])
    adjusted = np.where(frame["model"].isin(["multivariable", "matched"]), "adjusted", "unadjusted")
    adjusted = np.where(frame["model"] == "stratified", "stratified", adjusted).astype(object)
    kind = adjusted + np.where(frame["test"] != "", " " + frame["test"], "")
    return _frame(frame, "p", key, "p", "p of " + frame["endpoint"], kind)


def _pair_keys(
    frame: pd.DataFrame, study: pd.Series, arm: pd.Series, population: pd.Series, subject: pd.Series
) -> pd.Series:
    first = frame["study_id"] + "/" + frame["arm_id"] + "/" + frame["population"]
    second = study + "/" + arm + "/" + population
    pairs = ["&".join(sorted(pair)) for pair in zip(first, second, strict=True)]
    return pd.Series(pairs, index=frame.index, dtype=object) + "|" + subject
