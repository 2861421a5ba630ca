"""Specification of the result tables: columns, types and allowed values, with the only reader and writer.

Later steps, figures and pages select rows by the typed columns; `method`, `measure` and `note` are text for readers and
are never used for selection.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from resurvey import inert
from resurvey.errors import InputError
from resurvey.result_values import (
    Concern,
    Contrast,
    FactKind,
    Limit,
    Model,
    Quantity,
    Reference,
    RestsOn,
    Risk,
    Role,
    Varied,
)
from resurvey.tables import write_csv

__all__ = [
    "ACCURACY",
    "ANALYSIS",
    "ARM",
    "BESIDE",
    "BESIDE_CURVES",
    "CHECKLIST",
    "CHECKS",
    "COMPARISON",
    "CURVES",
    "DESIGN",
    "ESTIMATES",
    "EVIDENCE",
    "FACTS",
    "FIGURES",
    "GROUPS",
    "KINDS",
    "LIMITS",
    "LOG",
    "PAIR",
    "RATIO",
    "RISK",
    "SEVERITIES",
    "SIZE",
    "SUMMARY",
    "VERDICTS",
    "Column",
    "Concern",
    "Contrast",
    "FactKind",
    "Limit",
    "Model",
    "Quantity",
    "Reference",
    "RestsOn",
    "ResultTable",
    "Risk",
    "Role",
    "Varied",
    "count_held",
    "join",
    "read",
    "read_folder",
    "write",
]


@dataclass(frozen=True)
class Column:
    """A column of a result table.

    Attributes
    ----------
    name : str
    kind : str
        `text`, `number`, `count` (a whole number or empty) or `flag` (True or False).
    choices : frozenset of str
        Allowed values of a text; empty if any text is allowed.
    """

    name: str
    kind: str = "text"
    choices: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ResultTable:
    """A result table.

    Attributes
    ----------
    name : str
    columns : tuple of Column
        In the order in which they are written; a table may lack trailing columns.
    rest : str
        Kind of the columns named by the data (treatments, designs of a network), after the others; empty if there are
        none.
    """

    name: str
    columns: tuple[Column, ...]
    rest: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column | None:
        """The column with a given name; of kind `rest` if named by the data; None if not allowed."""
        found = next((column for column in self.columns if column.name == name), None)
        return found or (Column(name, self.rest) if self.rest else None)


def _table(name: str, *columns: Column | str, rest: str = "") -> ResultTable:
    """Make a table from its columns; one string `name:number name:flag name` may define several."""
    made: list[Column] = []
    for given in columns:
        if isinstance(given, Column):
            made.append(given)
        else:
            made += [Column(word.partition(":")[0], word.partition(":")[2] or "text") for word in given.split()]
    return ResultTable(name, tuple(made), rest)


def _choice(name: str, *values: str) -> Column:
    return Column(name, "text", frozenset(values))


#: Verdicts of checks, the most serious first.
VERDICTS = ("impossible", "conflict", "discrepant", "other-method", "rounding", "uncheckable", "reproduced")
#: Severities of findings, the most serious first.
SEVERITIES = ("conclusion", "major", "minor", "none")
EVIDENCE = ("curve", "summary", "printed", "printed ratios", "printed counts", "printed medians", "none", "")
KINDS = ("patients", "bucher", "network", "pool", "rates", "ratios", "counts", "over-time", "extrapolation")
GROUPS = ("first", "second")
LIMITS = "estimate:number lower:number upper:number p:number"
PAIR = "treatment comparator"

ESTIMATES = _table(
    "estimates",
    f"comparison_id method measure {LIMITS}",
    _choice("evidence", *EVIDENCE),
    "assumptions",
    _choice("kind", *KINDS),
    _choice("role", *Role),
    _choice("quantity", *Quantity),
    _choice("contrast", *Contrast),
    _choice("model", *Model),
    "from_months:number time_months:number variation refused:flag",
    f"{PAIR} endpoint population n_treatment:number n_comparator:number ci_level:number claim_ids note orientation",
    "missing_information:number monte_carlo:number",
    _choice("rests_on", *RestsOn, ""),
)
CHECKS = _table(
    "checks",
    "check_id rule source_id study_id claim_ids reported recomputed",
    _choice("verdict", *VERDICTS),
    _choice("severity", *SEVERITIES),
    "explanation cause",
)
SUMMARY = _table(
    "summary",
    "source_id claims:number checked_claims:number checks:number reproduced:number rounding:number other_method:number",
    "discrepant:number conflict:number impossible:number uncheckable:number conclusion",
)
ARM = "study_id arm_id population endpoint data_cut"
ACCURACY = _table(
    "accuracy",
    ARM,
    _choice("status", "rebuilt", "refused"),
    _choice("evidence", *EVIDENCE),
    "median_text claim_ids reason not_used method n:number replicates:number events_mean:number events_min:number",
    "events_max:number median_rebuilt:number median_low:number median_high:number share_reached:number",
    "monte_carlo:number facts:number facts_held:number repairs undetermined facts_binding:number",
    "facts_binding_held:number",
)
FACTS = _table(
    "facts",
    f"{ARM} fact printed:number rebuilt:number difference:number holds:flag note",
    _choice("kind", *FactKind),
    "time_months:number",
    _choice("limit", *Limit),
    "binding:flag held:number replicates:number claim_id",
)
CURVES = _table("curves", f"{ARM} time:number survival:number lower:number upper:number at_risk:number")
BESIDE_CURVES = _table(
    "beside_curves",
    "study_id endpoint population data_cut arm_id comparator_arm_id",
    _choice("quantity", Quantity.HAZARD_RATIO, Quantity.RESTRICTED_MEAN),
    "time_months:number printed:number printed_lower:number printed_upper:number summary:number summary_lower:number",
    "summary_upper:number curve:number curve_lower:number curve_upper:number",
    _choice("reference", *Reference),
    "error:number holds:flag refused:flag claim_ids note",
)
ANALYSIS = _table(
    "analysis_results", "result_id analysis method population statistic value:number formatted source_rows"
)
CHECKLIST = _table("checklist", "guidance item status answered_in comparisons section why_not")
FIGURES = _table("figures", "figure_id section title caption alt svg png data")
DESIGN = _table(
    "design",
    "method sides:number alpha:number power:number events:number patients:number reproduces_events:flag",
    "reproduces_patients:flag reading events_raw:number patients_raw:number power_at_claimed_events:number",
    "alpha_implied:number patients_from_claimed_events:number events_difference:number patients_difference:number",
    "tolerance:number dropout:number dropout_reading hypothesis event_probability:number total_time:number label unit",
    "misuse:flag formula reference nominal_power:number actual_power:number actual_level:number actual_by claim_id",
    "stages:number rejects_from:number first_patients:number futile_up_to:number active_from:number",
    "expected_patients:number reproduces_all:flag",
)
RATIO = (
    "claim_id study arm comparator_arm treatment comparator estimate:number se:number endpoint population data_cut "
    "model ci_level:number"
)
SIZE = "n:number events:number"
RISK = _choice("risk_of_bias", *Risk, "")
LOG = "estimate:number se:number lower:number upper:number p:number"
#: Tables that accompany the estimates of a comparison; those of a network have treatment and comparator first.
BESIDE = (
    _table(
        "bias_array",
        f"{PAIR} strength:number prevalence_treated:number prevalence_comparator:number bias:number estimate:number",
        "lower:number upper:number ratio:number ratio_lower:number ratio_upper:number p:number conclusion",
    ),
    _table("bias_needed", f"{PAIR} question log_bias:number ratio_bias:number already:flag"),
    _table("e_values", f"{PAIR} of ratio:number risk_ratio:number e_value:number"),
    _table("shifted_null", f"{PAIR} margin:number z:number p_one_sided:number significant:flag tipping:number"),
    _table("curves", _choice("group", *GROUPS), "time:number survival:number lower:number upper:number"),
    _table("log_cumulative_hazard", _choice("group", *GROUPS), "log_time:number value:number"),
    _table("risk", _choice("group", *GROUPS), "time:number at_risk:number censored:number events:number"),
    _table("censored", _choice("group", *GROUPS), "time:number"),
    _table("rmst", f"horizon:number {LIMITS}"),
    _table(
        "models",
        _choice("group", *GROUPS),
        "model replicates:number fitted:number parameters:number aic:number aic_low:number aic_high:number bic:number",
        "bic_low:number bic_high:number median:number median_low:number median_high:number mean:number mean_low:number",
        "mean_high:number lowest_aic:number",
        _choice("status", "estimated", "refused"),
        "note",
    ),
    _table(
        "sensitivity",
        "variation",
        _choice("kind", *Varied),
        "treatment comparator model measure",
        f"{LIMITS} ratio_to_main:number conclusion refused:flag note rmst_difference:number horizon:number",
        "missing_information:number monte_carlo:number",
    ),
    _table(
        "spread",
        "method measure time:number replicates:number mean:number sd:number q025:number q25:number q50:number",
        "q75:number q975:number within:number between:number missing_information:number df:number",
        "monte_carlo:number monte_carlo_limits:number",
    ),
    _table(
        "transitivity",
        "study_id acronym compares design line prior_exposure entry_definition region enrolment_start enrolment_end",
        "data_cutoff registry_id source_year",
    ),
    _table(
        "balance",
        "moment before:number after:number target:number difference:number smd_before:number smd_after:number",
        "weight:number ess:number patients:number target_from target_population",
    ),
    _table("standardised", "method HR:number lower:number upper:number p:number refused:flag ess:number note"),
    _table(
        "strata",
        "strata stratum n_treatment:number events_treatment:number n_comparator:number events_comparator:number",
        f"{LIMITS} note",
    ),
    _table("legs", f"{RATIO} design {SIZE} role", RISK),
    _table("effects", f"{RATIO} design lower:number upper:number p:number {SIZE}", RISK),
    _table("contrasts", f"{RATIO} design {SIZE}", RISK),
    _table("bayes_effects", f"{PAIR} mean:number sd:number median:number lower:number upper:number "
           "probability_below_0:number prediction_lower:number prediction_upper:number"),
    _table("bayes_tau", "piece:number mean:number sd:number median:number lower:number upper:number deviance:number "
           "parameters:number dic:number contrasts:number prior"),
    _table("bayes_priors", f"prior {PAIR} median:number lower:number upper:number tau_median:number tau_lower:number "
           "tau_upper:number dic:number log_evidence:number note"),
    _table("bayes_studies", "study estimate:number se:number mean:number sd:number median:number lower:number "
           "upper:number probability_below_0:number deviance:number leverage:number"),
    _table("bayes_ranking", "piece:number treatment sucra:number"),
    _table("bayes_ranks", "piece:number treatment rank:number probability:number"),
    _table("bayes_node_split", f"{PAIR} studies:number difference:number sd:number lower:number upper:number p:number"),
    _table("multi_arm", "study control method control_variance:number lowest_correlation:number",
           "highest_correlation:number others"),
    _table("studies", "study estimate:number se:number lower:number upper:number weight_common:number",
           "weight_random:number group", RISK),
    _table("leave_one_out", f"left_out {LOG} common_estimate:number tau2:number i2:number q:number group"),
    _table("rates", "claim_id label n:number total:number percent:number lower:number upper:number note"),
    _table("counts", "study events:number patients:number comparator_events:number comparator_patients:number "
           "estimate:number se:number lower:number upper:number weight_common:number weight_random:number", RISK),
    _table("ranking", "model treatment p_score:number piece:number"),
    _table("ranks", "model piece:number treatment rank:number probability:number mc_se:number sucra:number"),
    _table("q", "piece:number source design q:number df:number p:number tau2:number"),
    _table(
        "heterogeneity",
        "piece:number treatments:number studies:number tau2:number q:number df:number p:number i2:number",
        "i2_lower:number i2_upper:number group interval_method",
    ),
    _table("prediction", f"{PAIR} estimate:number lower:number upper:number"),
    _table(
        "node_split",
        f"{PAIR} studies:number proportion_direct:number estimate:number se:number direct:number direct_se:number",
        "indirect:number indirect_se:number difference:number difference_se:number z:number p:number note",
    ),
    _table("net_heat", "piece:number tau2_of tau2:number design detached q:number q_detached:number change:number"),
    _table("contributions", "treatment comparator", rest="number"),
    _table("funnel", f"study {PAIR} estimate:number se:number centre:number adjusted:number"),
    _table("messages", "kind message"),
    _table("bias_beliefs", f"{PAIR} error estimate:number lower:number upper:number ratio:number ratio_lower:number "
           "ratio_upper:number probability_below_0:number widening:number seed:number draws:number"),
    _table("risk_of_bias", "study tool domain", _choice("judgement", *Risk), "endpoint by"),
    _table("risk_contributions", PAIR, _choice("risk", *Risk), "share:number"),
    _table("confidence", f"{PAIR} domain judged", _choice("suggested", *Concern, ""), "reason by"),
    _table("egger", "of studies:number slope:number se:number lower:number upper:number t:number p:number df:number "
           "limit:number note"),
    _table("components", "piece:number treatments studies single_arms"),
    _table("bridges", f"way grade {PAIR} anchor other_anchor {LOG} arms:number tau:number assumes",
           "refused:flag note"),
    _table("over_time_ratios", f"model {PAIR} time:number log_hr:number se:number hr:number lower:number upper:number "
           "extrapolated:flag missing_information:number monte_carlo:number"),
    _table("over_time_survival", "model treatment time:number survival:number lower:number upper:number "
           "extrapolated:flag"),
    _table("over_time_summaries", "model treatment median:number median_lower:number median_upper:number rmst:number "
           "rmst_lower:number rmst_upper:number difference:number difference_lower:number difference_upper:number "
           "horizon:number"),
    _table("over_time_ranks", "model treatment time:number of p_score:number"),
    _table("over_time_fit", "model family label likelihood parameters:number log_likelihood:number aic:number q:number "
           "df:number p:number tau_level:number assumes note lowest"),
    _table("over_time_powers", "order:number powers aic:number note"),
    _table("over_time_means", f"horizon:number scale model {PAIR} estimate:number se:number lower:number "
           "upper:number p:number tau2:number q:number df:number p_q:number p_score:number trials:number left_out "
           "note missing_information:number monte_carlo:number"),
    _table("over_time_coefficients", f"model {PAIR} coefficient:number estimate:number se:number tau:number"),
    _table("beyond_models", "model cure:flag parameters:number aic:number bic:number weight:number replicates:number "
           "fitted:number cured:number cured_lower:number cured_upper:number",
           _choice("status", "estimated", "refused"), "note"),
    _table("beyond_survival", "model time:number survival:number lower:number upper:number missing_information:number "
           "monte_carlo:number "
           "extrapolated:flag"),
    _table("beyond_means", "model horizon:number mean:number lower:number upper:number missing_information:number "
           "monte_carlo:number "
           "observed:number"),
    _table("beyond_hazards", "model time:number hazard:number lower:number upper:number"),
    _table("beyond_outside", "model time:number survival:number external:number difference:number z:number p:number "
           "inside:flag"),
)  # fmt: skip
COMPARISON = {table.name: table for table in (*BESIDE, ESTIMATES)}


def write(table: ResultTable, frame: pd.DataFrame, path: Path) -> None:
    """Write a result table atomically, so that the same content gives the same bytes.

    Parameters
    ----------
    table : ResultTable
    frame : DataFrame
        Columns of the table, possibly not all of them.
    path : Path

    Raises
    ------
    InputError
        If a column does not belong to the table, or a cell is not one of the allowed values.
    """
    for name in frame.columns:
        column = table.column(str(name))
        if column is None:
            raise InputError(f"{path.name}: {name!r} is not a column of the table {table.name}; it has {table.names}")
        _check(column, frame[name], path)
    write_csv(frame, path)


def _check(column: Column, values: pd.Series, path: Path) -> None:
    if column.choices:
        allowed = column.choices
    elif column.kind == "flag":
        allowed = frozenset({"True", "False", ""})
    else:
        return
    found = {str(value) for value in values.fillna("").unique()}
    if found - allowed:
        strange = ", ".join(sorted(found - allowed)[:5])
        raise InputError(f"{path.name}, column {column.name}: found {strange}, expected one of {sorted(allowed)}")


def read(table: ResultTable, path: Path) -> pd.DataFrame:
    """Read a result table: text as text (empty if blank), flags as booleans, numbers as numbers (NaN if blank).

    Raises
    ------
    InputError
        If the file has a column that the table does not: it is from another version, or was edited.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(csv.reader(stream), [])
    columns = {name: table.column(name) for name in header}
    strange = [name for place, name in enumerate(header) if columns[name] is None or name in header[:place]]
    if strange:
        raise InputError(
            f"{path}: column {strange[0]!r} is not a column of the table {table.name}: make the results again"
        )
    words = {name: str for name, column in columns.items() if column and column.kind in ("text", "flag")}
    empty = {name: [""] for name in header if name not in words}
    frame = inert.exact_cells(pd.read_csv(path, dtype=words, keep_default_na=False, na_values=empty))
    for name, column in columns.items():
        if column and column.kind == "flag":
            frame[name] = frame[name] == "True"
    return frame


def join(table: ResultTable, paths: Sequence[Path]) -> pd.DataFrame:
    """Concatenate result tables of one layout; columns that a table lacks are empty for its rows.

    Returns a table without rows if there is nothing to join, as in a project without reconstructions or comparisons.

    Raises
    ------
    InputError
        As for `read`.
    """
    parts = [read(table, path) for path in paths] or [pd.DataFrame(columns=table.names)]
    joined = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return joined.reindex(columns=[name for name in table.names if any(name in part for part in parts)])


def read_folder(folder: Path) -> dict[str, pd.DataFrame]:
    """Read all tables of one comparison, by name.

    Raises
    ------
    InputError
        If a file is not one of the tables of a comparison.
    """
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in COMPARISON:
            raise InputError(
                f"{path}: a comparison has no table {path.stem!r}: remove the file or make the results again"
            )
        tables[path.stem] = read(COMPARISON[path.stem], path)
    return tables


def count_held(facts: pd.DataFrame) -> tuple[int, int]:
    """Count the printed facts reproduced in all replicates, and the facts that could be.

    A fact that need not hold (`binding` False) is left out, and a fact about two groups is counted once rather than in
    each of them.

    Parameters
    ----------
    facts : DataFrame
        Rows of facts.csv: study_id, claim_id, kind, limit, holds, binding.
    """
    possible = facts[facts["binding"].astype(bool)]
    between = possible["claim_id"].fillna("") != ""
    once = possible[between].drop_duplicates(["study_id", "claim_id", "kind", "limit"])
    own = possible[~between]
    return int(own["holds"].sum() + once["holds"].sum()), len(own) + len(once)
