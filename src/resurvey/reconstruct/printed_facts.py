"""Collect what is printed about each arm from the typed tables into one summary per arm, population and endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from resurvey.reconstruct.survival_summary import SurvivalSummary
from resurvey.tables import Tables
from resurvey.vocabulary import DAYS_PER_MONTH, PROGRESSION, RESPONDERS

KEY = ["arm_id", "population", "endpoint", "data_cut"]


@dataclass(frozen=True)
class ArmFacts:
    """Everything printed about one group of patients and one endpoint.

    Attributes
    ----------
    study_id, arm_id, population, endpoint, data_cut : str
    summary : SurvivalSummary or None
        Numbers in months; None if they do not suffice for an arm.
    reason : str
        Why there is no summary; empty otherwise.
    claims : tuple of str
        Claim ids from which the summary was made.
    median_text : str
        The median as printed.
    """

    study_id: str
    arm_id: str
    population: str
    endpoint: str
    data_cut: str
    summary: SurvivalSummary | None
    reason: str
    claims: tuple[str, ...] = ()
    median_text: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Study, arm, population, endpoint and data cut."""
        return self.study_id, self.arm_id, self.population, self.endpoint, self.data_cut


@dataclass
class _Collected:
    values: dict[str, Any] = field(default_factory=dict)
    claims: list[str] = field(default_factory=list)


def gather(typed: Tables, study_id: str) -> list[ArmFacts]:
    """Make one `ArmFacts` for each arm, population, time-to-event endpoint and data cut with a printed median.

    Rows that name no data cut are taken to be of the study's only one. They are left out if the study has named cuts
    for that endpoint (another paper then cites the study without saying which analysis). If a median is printed several
    times, the study's own report is preferred to a citing paper, and then the row with most accompanying numbers.

    Parameters
    ----------
    typed : dict of DataFrame
        Tables as made by `resurvey.clean.tidy`.
    study_id : str

    Returns
    -------
    list of ArmFacts
        Sorted by arm, population, endpoint and data cut.
    """
    # The tables are searched once per arm, so only the study's own rows are kept.
    typed = {
        name: table[table["study_id"] == study_id] if "study_id" in table else table for name, table in typed.items()
    }
    endpoints = typed["endpoints"]
    survival = set(endpoints.loc[endpoints["family"] == "time_to_event", "endpoint"])
    medians = typed["medians"]
    rows = medians[medians["endpoint"].isin(survival)].fillna({"data_cut": ""})
    if rows.empty:
        return []
    rows = rows[~_superseded(rows)]
    own = set(typed["studies"]["source_id"])
    made = []
    for key, group in rows.groupby(KEY, sort=True, dropna=False):
        made.append(_facts(typed, study_id, dict(zip(KEY, key, strict=True)), _best(group, own)))
    return made


def _superseded(rows: pd.DataFrame) -> pd.Series:
    """Rows without a data cut whose arm, population and endpoint also have rows with one."""
    named = rows[rows["data_cut"] != ""]
    known = set(zip(named["arm_id"], named["population"], named["endpoint"], strict=True))
    keys = zip(rows["arm_id"], rows["population"], rows["endpoint"], strict=True)
    return pd.Series([key in known for key in keys], index=rows.index) & (rows["data_cut"] == "")


def _best(group: pd.DataFrame, own: set[str]) -> pd.Series:
    beside = group[["lower_text", "upper_text", "n_text", "events_text"]].ne("").sum(axis=1)
    return (
        group.assign(beside=beside, own=group["source_id"].isin(own))
        .sort_values(["own", "beside", "claim_id"], ascending=[False, False, True], kind="stable")
        .iloc[0]
    )


def _facts(typed: Tables, study_id: str, key: dict[str, str], row: pd.Series) -> ArmFacts:
    collected = _Collected(claims=[row["claim_id"]])
    clock = typed["endpoints"].set_index("endpoint")["clock_start"].get(key["endpoint"], "")
    where = {"study_id": study_id, **key}
    # A duration of response counts responders only, so the size of the arm is not its number of patients.
    n = _size(typed["arms"].head(0) if clock == "response" else typed["arms"], study_id, key, row, collected)
    if n is None and clock == "response":
        n = _responders(typed["proportions"], where, collected)
    head = dict(study_id=study_id, median_text=row["value_text"], **key)
    if n is None:
        reason = "no source prints the number of patients of this group"
        return ArmFacts(**head, summary=None, reason=reason, claims=tuple(collected.claims))
    _median(row, collected)
    _quartiles(row, collected)
    _landmarks(typed["survival_rates"], where, collected)
    _earlier_landmarks(typed, where, n, collected)
    _counted_by(typed["proportions"], where, n, collected)
    _risk_table(typed["risk_tables"], where, collected)
    _visits(typed, study_id, key["endpoint"], collected)
    _first_scan(typed, where, clock, n, collected)
    if clock == "entry":
        _follow_up(typed, study_id, key, collected)
    else:
        _at_most(typed, study_id, collected)
    label = " ".join(part for part in (study_id, *key.values()) if part)
    summary = SurvivalSummary(n=n, label=label, **collected.values)
    reason = (
        ""
        if collected.values.get("median") or collected.values.get("landmarks") or _bounded(summary)
        else ("the median was not reached and nothing else places the curve")
    )
    return ArmFacts(**head, summary=None if reason else summary, reason=reason, claims=tuple(collected.claims))


def _bounded(summary: SurvivalSummary) -> bool:
    """Whether numbers other than the median determine the curve."""
    return summary.lower is not None or (summary.events is not None and summary.longest_follow_up is not None)


def _size(arms: pd.DataFrame, study_id: str, key: dict[str, str], row: pd.Series, collected: _Collected) -> int | None:
    if np.isfinite(row["n"]):
        return int(row["n"])
    same = (
        (arms["study_id"] == study_id) & (arms["arm_id"] == key["arm_id"]) & (arms["population"] == key["population"])
    )
    sized = arms[same & np.isfinite(arms["n"])]
    if sized.empty:
        return None
    collected.claims.append(sized.iloc[0]["claim_id"])
    return int(sized.iloc[0]["n"])


def _responders(table: pd.DataFrame, where: dict[str, str], collected: _Collected) -> int | None:
    """The number of responders, where one is printed of this group; None where several differ."""
    rows = _matching(table, {name: value for name, value in where.items() if name != "endpoint"})
    rows = rows[(rows["kind"] == "response") & rows["item"].str.lower().isin(RESPONDERS) & (rows["n"] > 0)]
    if rows["n"].nunique() != 1:
        return None
    first = rows.sort_values("claim_id").iloc[0]
    collected.claims.append(first["claim_id"])
    return int(first["n"])


# Scale of the confidence band that gives the interval of a median or of a survival, by the name of the method. Other
# names leave the scale open. An interval symmetric around the median is closest to that from the plain band.
BANDS = {"log-log": "log-log", "log": "log", "plain": "linear", "standard error": "linear"}


def _median(row: pd.Series, collected: _Collected) -> None:
    values = collected.values
    for name, flag, column in (
        ("median", "median_not_reached", "value"),
        ("lower", None, "lower"),
        ("upper", "upper_not_reached", "upper"),
    ):
        if row[f"{column}_op"] == "NR":
            if flag:
                values[flag] = True
        elif np.isfinite(row[f"{column}_months"]):
            values[name] = float(row[f"{column}_months"])
    if np.isfinite(row["ci_level"]):
        values["ci_level"] = float(row["ci_level"]) / 100
    if np.isfinite(row["events"]):
        values["events"] = int(row["events"])
    if np.isfinite(row["censored"]):
        values["censored"] = int(row["censored"])
    if row["ci_method"] in BANDS:
        values["ci_method"] = BANDS[row["ci_method"]]
    if np.isfinite(row["value_months"]):
        values["time_rounding"] = float(row["value_months_max"] - row["value_months_min"]) / 2


def _quartiles(row: pd.Series, collected: _Collected) -> None:
    """Times at which the curve reaches 75 and 25 %, or the fact that it does not reach them."""
    levels = {"lower_quartile": 0.75, "upper_quartile": 0.25}
    known = {name: v for name, v in levels.items() if np.isfinite(row[f"{name}_months"])}
    if known:
        collected.values["quantiles"] = tuple((v, float(row[f"{name}_months"])) for name, v in known.items())
    unreached = tuple(v for name, v in levels.items() if row[f"{name}_op"] == "NR")
    if unreached:
        collected.values["stays_above"] = unreached


def _matching(table: pd.DataFrame, where: dict[str, str]) -> pd.DataFrame:
    chosen = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        cells = table[column]
        chosen &= (cells == value).to_numpy() | (cells.isna().to_numpy() if value == "" else False)
    return table[chosen]


def _landmarks(rates: pd.DataFrame, where: dict[str, str], collected: _Collected) -> None:
    rows = _matching(rates, where).drop_duplicates("time_months").sort_values("time_months")
    if not rows.empty:
        points = zip(rows["time_months"], rows["value_prop"], strict=True)
        collected.values["landmarks"] = tuple((float(t), float(s)) for t, s in points)
        limits = rows[np.isfinite(rows["lower_prop"]) & np.isfinite(rows["upper_prop"])]
        triples = zip(limits["time_months"], limits["lower_prop"], limits["upper_prop"], strict=True)
        within = [(float(t), float(low), float(high)) for t, low, high in triples if 0 <= low <= high <= 1]
        if within:
            collected.values["landmark_limits"] = tuple(within)
        methods = set(rows.loc[limits.index, "ci_method"])
        if len(methods) == 1 and methods <= set(BANDS):
            collected.values["landmark_ci_method"] = BANDS[methods.pop()]
        collected.values["survival_rounding"] = float(((rows["value_prop_max"] - rows["value_prop_min"]) / 2).max())
        collected.claims.extend(rows["claim_id"])


# Share of the standard error of a survival by which a later analysis of the same patients may differ: the two
# estimates share all events up to that time, and only patients whose follow-up was then shorter can change it.
CHANGED = 0.5


def _earlier_landmarks(typed: Tables, where: dict[str, str], n: int, collected: _Collected) -> None:
    """Survivals printed for the same n patients at an earlier data cut, at times for which this one prints none."""
    dated = _cut_offs(typed["follow_up"])
    rows = _matching(typed["survival_rates"], {name: value for name, value in where.items() if name != "data_cut"})
    rows = rows[rows["data_cut"].isin(dated) & np.isfinite(rows["value_prop"])]
    rows = rows[(rows["n"] == n) & (rows["time_months"] > 0)]
    if where["data_cut"] not in dated or rows.empty:
        return
    rows = rows.assign(date=[dated[cut][0] for cut in rows["data_cut"]])
    rows = rows[rows["date"] < dated[where["data_cut"]][0]]
    rows = rows[~rows["time_months"].isin([time for time, _ in collected.values.get("landmarks", ())])]
    latest = rows.sort_values(["date", "claim_id"], ascending=[False, True]).drop_duplicates("time_months")
    points = []
    for _, row in latest.sort_values("time_months").iterrows():
        # a survival of 0 or 1 may change in a later analysis: it is moved by a quarter of a patient
        least = 0.25 / row["n"]
        rate = float(np.clip(row["value_prop"], least, 1 - least))
        sd = CHANGED * float(np.sqrt(max(rate * (1 - rate), least) / row["n"]))
        points.append((float(row["time_months"]), rate, sd))
        collected.claims.append(row["claim_id"])
    if points:
        collected.values["landmarks_about"] = tuple(points)


# Relative standard deviation between a count of patients with an event by some time and the fall of the curve: the
# curve allows for patients censored before that time, and a count may leave out deaths.
COUNT_DOUBT = 0.15


def _counted_by(table: pd.DataFrame, where: dict[str, str], n: int, collected: _Collected) -> None:
    """Patients with the event by some time, such as early progressors."""
    rows = _matching(table, where)
    rows = rows[(rows["kind"] == "progression") & (rows["time_months"] > 0)]
    rows = rows[~rows["time_months"].isin([time for time, _ in collected.values.get("landmarks", ())])]
    points = []
    for _, row in rows.sort_values("claim_id").drop_duplicates("time_months").sort_values("time_months").iterrows():
        share, doubt = _share(row, n)
        if 0 < share < 1:
            doubt = float(np.hypot(COUNT_DOUBT * share, max(doubt, 0.5 / n)))
            points.append((float(row["time_months"]), 1 - share, doubt))
            collected.claims.append(row["claim_id"])
    if points:
        collected.values["landmarks_about"] = (*collected.values.get("landmarks_about", ()), *points)


def _share(row: pd.Series, n: int) -> tuple[float, float]:
    """A count as a share of the patients among whom it was counted, and half the width of its rounding interval."""
    if np.isfinite(row["n"]):
        return float(row["n"] / (row["total"] if np.isfinite(row["total"]) else n)), 0.0
    return float(row["percent_prop"]), float(row["percent_prop_max"] - row["percent_prop_min"]) / 2


def _first_scan(typed: Tables, where: dict[str, str], clock: str, n: int, collected: _Collected) -> None:
    """Patients whose best response is progression, and the time of the first scan, which suggest an early drop."""
    if clock != "entry" or collected.values.get("assessment_interval") == 0:
        return
    follow_up = typed["follow_up"]
    scans = follow_up[(follow_up["item"].str.lower() == "first scan") & np.isfinite(follow_up["value_months"])]
    scan = float(scans["value_months"].min()) if len(scans) else collected.values.get("assessment_interval")
    rows = _matching(typed["proportions"], {name: value for name, value in where.items() if name != "endpoint"})
    rows = rows[(rows["kind"] == "response") & rows["item"].str.lower().isin(PROGRESSION)].sort_values("claim_id")
    if scan is None or rows.empty:
        return
    share, _ = _share(rows.iloc[0], n)
    if 0 < share < 1:
        collected.values["early_progressors"] = (scan, share)
        collected.claims.extend([rows.iloc[0]["claim_id"], *scans["claim_id"].head(1)])


def risk_rows(table: pd.DataFrame, where: dict[str, str]) -> pd.DataFrame:
    """Numbers at risk typed of one group, a row for each time, in the order of time.

    Parameters
    ----------
    table : DataFrame
        `risk_tables`, as made by `resurvey.clean.tidy`.
    where : dict
        Study, arm, population, endpoint and data cut.
    """
    return _matching(table, where).drop_duplicates("time_months").sort_values("time_months")


def _risk_table(table: pd.DataFrame, where: dict[str, str], collected: _Collected) -> None:
    rows = risk_rows(table, where)
    if len(rows):
        collected.values["at_risk_times"] = tuple(float(t) for t in rows["time_months"])
        collected.values["at_risk"] = tuple(int(n) for n in rows["n_at_risk"])
        collected.claims.extend(rows["claim_id"])


def _visits(typed: Tables, study_id: str, endpoint: str, collected: _Collected) -> None:
    """Interval between assessments of progression; 0 for deaths, which are dated exactly."""
    if typed["endpoints"].set_index("endpoint")["event"].get(endpoint, "") == "death":
        collected.values["assessment_interval"] = 0.0
        return
    table = typed["follow_up"]
    rows = table[(table["study_id"] == study_id) & (table["item"].str.lower() == "assessment interval")]
    rows = rows[np.isfinite(rows["value_months"])]
    if not rows.empty:
        # The shortest printed interval is the one at which patients were assessed from the start.
        first = rows.sort_values(["value_months", "claim_id"]).iloc[0]
        collected.values["assessment_interval"] = float(first["value_months"])
        collected.claims.append(first["claim_id"])


# What a printed minimum or maximum of the follow-up is of an arm.
EXTREMES = {"maximum": "longest_follow_up", "minimum": "shortest_follow_up"}


def _follow_up(typed: Tables, study_id: str, key: dict[str, str], collected: _Collected) -> None:
    """Administrative censoring from dates if they are printed, otherwise from the length of follow-up."""
    study = typed["studies"].set_index("study_id").loc[study_id]
    dates = [
        pd.Timestamp(day) if len(day) == 10 else None
        for day in study[["enrolment_start", "enrolment_end", "data_cutoff"]]
    ]
    table = typed["follow_up"]
    rows = table[(table["study_id"] == study_id) & (table["item"].str.lower() == "follow-up")]
    rows = rows[rows["arm_id"].isin(["", "all", key["arm_id"]]) & rows["population"].isin(["all", key["population"]])]
    rows = rows.assign(own=rows["arm_id"] == key["arm_id"]).sort_values(["own", "claim_id"], ascending=[False, True])
    here = rows[rows["data_cut"].isin(["", key["data_cut"]]) & np.isfinite(rows["value_months"])]
    rows = rows[rows["statistic"] == "median"]
    best = here[here["statistic"] == "median"]
    first, last, cut = dates
    if first is not None and last is not None and cut is not None:
        collected.values["accrual"] = (last - first).days / DAYS_PER_MONTH
        collected.values["follow_up_after_accrual"] = (cut - last).days / DAYS_PER_MONTH
        return
    for statistic, name in EXTREMES.items():
        for _, row in here[here["statistic"] == statistic].head(1).iterrows():
            collected.values[name] = float(row["value_months"])
            collected.claims.append(row["claim_id"])
    if len(best):
        row = best.iloc[0]
        collected.values["median_follow_up"] = float(row["value_months"])
        if np.isfinite(row["range_upper_months"]):
            collected.values.setdefault("longest_follow_up", float(row["range_upper_months"]))
        collected.claims.append(row["claim_id"])
        return
    dated = _cut_offs(table[table["study_id"] == study_id])
    if key["data_cut"] in dated:
        _carried_on(rows, dated, key["data_cut"], collected)


def _at_most(typed: Tables, study_id: str, collected: _Collected) -> None:
    """Limit follow-up by the study's dates if the endpoint's clock starts after entry (at response, a later line)."""
    study = typed["studies"].set_index("study_id").loc[study_id]
    first = _day(study["enrolment_start"])
    cut = _day(study["data_cutoff"], last=True)
    if first is not None and cut is not None and cut > first:
        collected.values["followed_at_most"] = (cut - first).days / DAYS_PER_MONTH


def _day(text: str, *, last: bool = False) -> pd.Timestamp | None:
    """A printed date; for a month or a year alone, its first day or its `last`."""
    if len(text) not in (4, 7, 10):
        return None
    day = pd.Timestamp(text)
    if last and len(text) < 10:
        day = day + (pd.offsets.YearEnd(0) if len(text) == 4 else pd.offsets.MonthEnd(0))
    return day


def _cut_offs(table: pd.DataFrame) -> dict[str, tuple[pd.Timestamp, str]]:
    """Date of each data cut with at least a month, and the claim that prints it."""
    rows = table[(table["item"].str.lower() == "data cut-off") & (table["statistic"] == "date")]
    dates = pd.to_datetime(rows["value_text"].str.slice(0, 7), format="%Y-%m", errors="coerce")
    known = zip(rows["data_cut"], dates, rows["claim_id"], strict=True)
    return {cut: (date, claim) for cut, date, claim in known if not pd.isna(date)}


def _carried_on(
    rows: pd.DataFrame, dated: dict[str, tuple[pd.Timestamp, str]], cut: str, collected: _Collected
) -> None:
    """Median follow-up at another cut plus the time between the two cuts."""
    rows = rows[rows["data_cut"].isin(dated) & np.isfinite(rows["value_months"])]
    if rows.empty:
        return
    apart = [(dated[cut][0] - dated[other][0]).days / DAYS_PER_MONTH for other in rows["data_cut"]]
    # The nearest cut in time is preferred, and then the arm's own follow-up to that of all arms.
    rows = rows.assign(apart=apart, far=np.abs(apart))
    row = rows.sort_values(["far", "own", "claim_id"], ascending=[True, False, True]).iloc[0]
    if row["value_months"] + row["apart"] > 0:
        collected.values["median_follow_up"] = float(row["value_months"] + row["apart"])
        collected.claims.extend([row["claim_id"], dated[row["data_cut"]][1], dated[cut][1]])
