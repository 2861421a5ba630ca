"""Handlers of `resurvey audit ...`: checks of single numbers, and the full audit of a folder of tables.

Single numbers go through the same tables, validation and checks as a pipeline run: a command makes a table of one or
two rows. Handlers return an `Answer`; `respond` shows it and returns the exit status. The parser is in
`resurvey.commands.audit`.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from resurvey import schema
from resurvey.audit import RULES, catalogue, run
from resurvey.audit.adjudication import unruled
from resurvey.audit.causes import causes
from resurvey.audit.correlation import judge_correlation
from resurvey.audit.verdicts import FLAGS, MAJOR, NONE, REPRODUCED, needs_ruling, rows
from resurvey.errors import InputError
from resurvey.reported import parse, show
from resurvey.tables import Fault, TableFaults

COMMON = {"source_id": "mine", "locator": "command line", "study_id": "mine", "arm_id": "all", "population": "all"}
Rows = Mapping[str, Sequence[Mapping[str, str]]]
# A group of a table on the command line: n/N, or the counts of its categories; the counts are checked later.
GROUP = re.compile(r"[^/:-]+(/[^/:-]+|(:[^/:-]+)+)")
# Names of columns on the command line, by family of commands where the name is specific to it.
OPTIONS = {
    "value": "the value",
    "lower": "--ci (lower limit)",
    "upper": "--ci (upper limit)",
    "ci_level": "--level",
    "p_sided": "--sides",
    "ci_method": "--method",
    "null_median": "--null",
    "alternative_median": "--alternative",
    "follow_up": "--follow-up",
    "time": "--rate (time)",
    "time_unit": "--unit",
    "item": "the name",
}
# What the checks of a family need, shown when none applies.
NEEDS = {
    **dict.fromkeys(("hr", "or", "rr"), "A ratio needs a confidence interval (--ci), a p value (--p), or both."),
    "percentage": "A percentage needs its count (--n) and denominator (--total), or a confidence interval (--ci).",
    "table": "A test needs two groups or more.",
    "median": "A median needs a confidence interval (--ci), or its events (--events) with --n or --rate.",
    "difference": "Give the printed difference (--value) or direction (--direction).",
    "grades": "Grades need a total of several (as '>=3=56'), or the number of patients (--total).",
}


@dataclass(frozen=True)
class Answer:
    """Result of a command: the rows of checks.csv, their description, and whether something is wrong."""

    checks: pd.DataFrame
    text: str
    wrong: bool

    @classmethod
    def of(cls, checks: pd.DataFrame) -> Answer:
        """Make an answer, which is wrong if any check is discrepant, conflicting or impossible."""
        return cls(checks, in_words(checks), bool(checks["verdict"].isin(FLAGS).any()))


def respond(arguments: argparse.Namespace) -> int:
    """Show the answer to a command, or to each line of standard input; return 1 if something is wrong, else 0.

    Raises
    ------
    InputError
        If the arguments of the command are invalid.
    """
    batch = getattr(arguments, "batch", None)
    answers = [(line, _answer(each, line)) for line, each in batch or [(0, arguments)]]
    if getattr(arguments, "json", False):
        sys.stdout.write(_as_json(answers) + "\n")
    else:
        sys.stdout.write("\n".join((f"line {line}\n" if line else "") + answer.text for line, answer in answers) + "\n")
    wrong = any(answer.wrong for _, answer in answers)
    return 0 if getattr(arguments, "exit_zero", False) else int(wrong)


def _answer(arguments: argparse.Namespace, line: int) -> Answer:
    try:
        found: Answer = arguments.answer(arguments)
    except TableFaults as faults:
        if arguments.family == "tables":
            raise
        where = f"line {line}: " if line else ""
        raise InputError(where + "; ".join(_in_options(fault) for fault in faults.faults)) from None
    if found.checks.empty and arguments.family in NEEDS:
        return replace(found, text=f"{found.text} {NEEDS[arguments.family]}")
    return found


def _in_options(fault: Fault) -> str:
    """Describe a fault of a one-row table in terms of the command's options."""
    option = OPTIONS.get(fault.column, f"--{fault.column.replace('_', '-')}" if fault.column else "the numbers")
    advice = fault.advice
    if "start the note with 'sic'" in advice:
        advice = f"{advice.partition(':')[0]}: check the source; add --sic if it is printed so"
    return (
        f"{option} is {fault.value!r}: {fault.rule}; {advice}" if fault.value else f"{option}: {fault.rule}; {advice}"
    )


def _as_json(answers: Sequence[tuple[int, Answer]]) -> str:
    found = []
    for line, answer in answers:
        for row in answer.checks.to_dict("records"):
            found.append(({"line": line} if line else {}) | row)
    return json.dumps(found, ensure_ascii=False, indent=2, default=str)


def alone(rows: Rows, rules: Sequence[str] | None = None) -> pd.DataFrame:
    """Check a few numbers typed by hand.

    Parameters
    ----------
    rows : mapping of table name to rows
        Cells as printed text by column; the leading columns common to all tables are filled in.
    rules : sequence of str, optional
        Rules to run; all by default.

    Returns
    -------
    DataFrame
        Rows of checks.csv.

    Raises
    ------
    InputError
        If a row has a column that its table does not have.
    TableFaults
        If a cell is not allowed in its column; lists every fault.
    """
    tables = {}
    for name, given in rows.items():
        columns = schema.TABLES[name].names
        made = []
        for place, cells in enumerate(given, 1):
            unknown = sorted(set(cells) - set(columns))
            if unknown:
                raise InputError(
                    f"table {name} has no column {', '.join(unknown)}: expected some of {', '.join(columns)}"
                )
            start = COMMON | {"claim_id": f"mine-{name.replace('_', '-')}-{place:03d}"}
            made.append({column: cells.get(column, start.get(column, "")) for column in columns})
        tables[name] = pd.DataFrame(made, columns=columns, index=range(1, len(made) + 1), dtype=object)
    return run(tables, rules=rules)


def in_words(checks: pd.DataFrame) -> str:
    """One paragraph per check: verdict, recomputed value and explanation."""
    if checks.empty:
        return "No check applies to these values."
    lines = []
    for row in checks.itertuples():
        lines.append(f"{row.verdict:<12} {row.rule}: {row.reported}")
        if row.recomputed:
            lines.append(f"{'':<12} recomputed {row.recomputed}")
        lines.append(f"{'':<12} {row.explanation}")
    return "\n".join(lines)


def _cells(arguments: argparse.Namespace, names: Mapping[str, str]) -> dict[str, str]:
    """Cells of a row from the arguments given (`names` maps arguments to columns)."""
    given = {column: getattr(arguments, name, None) for name, column in names.items()}
    return {column: str(value) for column, value in given.items() if value is not None}


def _interval(arguments: argparse.Namespace) -> dict[str, str]:
    if getattr(arguments, "ci", None) is None:
        return {}
    level = {} if arguments.level is None else {"ci_level": arguments.level}
    return {"lower": arguments.ci[0], "upper": arguments.ci[1], **level}


def audit_ratio(arguments: argparse.Namespace) -> Answer:
    """`hr`, `or`, `rr`: a ratio, its interval, its p value and its events.

    Raises
    ------
    TableFaults, InputError
        If a value is not a printed number, or looks like a logarithm.
    """
    _ask_about_logarithms(arguments)
    row = {"measure": arguments.family.upper(), "value": arguments.value, "endpoint": "PFS"}
    row |= _interval(arguments) | _cells(arguments, {"p": "p", "sides": "p_sided", "test": "test", "model": "model"})
    row |= _cells(arguments, {"events": "events", "n": "n"})
    return Answer.of(alone({"hazard_ratios": [row | _sic(arguments)]}))


def _ask_about_logarithms(arguments: argparse.Namespace) -> None:
    """Refuse a ratio below 0, and suggest the ratio that it would be if it were a logarithm."""
    printed = [arguments.value, *(arguments.ci or [])]
    try:
        numbers = [parse(text) for text in printed]
    except InputError:
        return  # validation of the tables reports what is wrong, and where
    if not any(number.operator == "=" and number.value < 0 for number in numbers):
        return
    as_ratios = [show(math.exp(n.value), 3) if n.is_number and abs(n.value) < 50 else n.text for n in numbers]
    typed = f"{as_ratios[0]}" + (f" --ci {as_ratios[1]} {as_ratios[2]}" if len(as_ratios) == 3 else "")
    raise InputError(
        f"no ratio is below 0, found {' '.join(printed)}: is it the logarithm of a ratio? "
        f"Then type the ratio: resurvey audit {arguments.family} {typed}"
    )


def _sic(arguments: argparse.Namespace) -> dict[str, str]:
    return {"note": "sic"} if getattr(arguments, "sic", False) else {}


def audit_percentage(arguments: argparse.Namespace) -> Answer:
    """`percentage`: a count, its denominator, its percentage and interval.

    Raises
    ------
    TableFaults
        If a value is not a printed number.
    """
    row = {
        "kind": "response",
        "item": "proportion",
        "n": arguments.n,
        "total": arguments.total,
        "percent": arguments.percent,
    }
    row |= _interval(arguments) | _cells(arguments, {"method": "ci_method"})
    cells = {key: value for key, value in (row | _sic(arguments)).items() if value is not None}
    return Answer.of(alone({"proportions": [cells]}))


def audit_categories(arguments: argparse.Namespace) -> Answer:
    """`categories`: counts that must add up, each as `n` or `n:percent`, and their total.

    Raises
    ------
    TableFaults
        If a value is not a printed number.
    """
    rows = []
    for place, text in enumerate(arguments.counts, 1):
        n, _, percent = text.partition(":")
        row = {"kind": "baseline", "item": f"category {place}", "n": n, "percent": percent, "partition": "the set"}
        rows.append(row | {"total": arguments.total})
    return Answer.of(alone({"proportions": rows}))


def audit_table(arguments: argparse.Namespace) -> Answer:
    """`table`: the p value of a comparison of counts, groups as `n/N` or `a:b:c`.

    Raises
    ------
    InputError
        If a group is not `n/N` or `a:b:c`.
    TableFaults
        If a value is not a printed number.
    """
    rows, claims = [], []
    for place, text in enumerate(arguments.groups, 1):
        if not GROUP.fullmatch(text):
            raise InputError(
                f"group {text!r} is not understood: give n/N, as 34/110, or the counts of its categories, a:b:c"
            )
        parts = text.split("/") if "/" in text else text.split(":")
        counts = parts[:1] if "/" in text else parts
        total = parts[1] if "/" in text and len(parts) == 2 else ""
        for category, n in enumerate(counts, 1):
            row = {
                "kind": "response",
                "item": f"category {category}",
                "n": n,
                "total": total,
                "arm_id": f"group{place}",
            }
            rows.append({key: value for key, value in row.items() if value})
            claims.append(f"mine-proportions-{len(rows):03d}")
    p = {"item": "category 1", "endpoint": "response", "p": arguments.p, "claims": ";".join(claims)}
    p |= _cells(arguments, {"test": "test", "sides": "p_sided"})
    arms = [{"arm_id": f"group{place}", "label": "group"} for place in range(1, len(arguments.groups) + 1)]
    tables: Rows = {"arms": arms, "proportions": rows, "p_values": [p]}
    return Answer.of(alone(tables, ["contingency-p", "test-choice", "p-range"]))


def audit_median(arguments: argparse.Namespace) -> Answer:
    """`median`: a median, its interval, its events, and survival at a given time.

    Raises
    ------
    TableFaults
        If a value is not a printed number.
    """
    row = {"endpoint": arguments.endpoint, "value": arguments.value, "unit": arguments.unit} | _interval(arguments)
    row |= _sic(arguments)
    row |= _cells(arguments, {"events": "events", "n": "n"})
    tables: dict[str, list[dict[str, str]]] = {"medians": [row]}
    if arguments.rate is not None:
        time, percent = arguments.rate
        rate = {
            "endpoint": arguments.endpoint,
            "time": time,
            "time_unit": arguments.unit,
            "value": percent,
            "unit": "%",
        }
        tables["survival_rates"] = [rate]
    return Answer.of(alone(tables))


def audit_difference(arguments: argparse.Namespace) -> Answer:
    """`difference`: two numbers, and the stated difference or direction.

    Raises
    ------
    TableFaults
        If a value is not a printed number.
    """
    rows = [{"endpoint": "PFS", "value": value, "unit": "months"} for value in (arguments.first, arguments.second)]
    said = {"item": "difference", "endpoint": "PFS", "unit": "months", "claims": "mine-medians-001;mine-medians-002"}
    said |= _cells(arguments, {"value": "value", "direction": "direction"})
    arms = [{"arm_id": name, "label": name} for name in ("first", "second")]
    medians = [row | {"arm_id": arm["arm_id"]} for row, arm in zip(rows, arms, strict=True)]
    tables: Rows = {"arms": arms, "medians": medians, "differences": [said]}
    return Answer.of(alone(tables, ["stated-difference", "stated-direction"]))


def audit_grades(arguments: argparse.Namespace) -> Answer:
    """`grades`: counts of one event by grade, as `1-2=44 3=53 4=3 >=3=56`.

    Raises
    ------
    InputError
        If a count is not given as grade=count.
    """
    rows = []
    for text in arguments.counts:
        grade, sign, n = text.rpartition("=")
        if not sign:
            raise InputError(f"{text!r} is not grade=count: expected 1-2=44, 3=53, >=3=56 or any=100")
        row = {"kind": "adverse_event", "item": "event", "grade": grade, "n": n}
        rows.append(row | ({} if arguments.total is None else {"total": arguments.total}))
    return Answer.of(alone({"proportions": rows}, ["grade-sum", "count-bound"]))


def audit_design(arguments: argparse.Namespace) -> Answer:
    """`design`: a single-arm sample size and its assumptions.

    Raises
    ------
    InputError
        If a proportion is given where a percentage is required.
    """
    _in_per_cent(arguments)
    names = ("alpha", "power", "accrual", "follow_up", "dropout", "sides", "events", "patients", "landmark")
    columns = {name: name for name in (*names, "null_rate", "alternative_rate", "first_patients")}
    columns |= {"null": "null_median", "alternative": "alternative_median"}
    columns |= {"responses": "rejects_from", "first_responses": "futile_up_to"}
    row = {"endpoint": "PFS", "unit": arguments.unit} | _cells(arguments, columns)
    return Answer.of(alone({"designs": [row]}))


# A level, power or pair of rates up to these values is taken for a proportion: no trial is planned with 1 % power.
PROPORTIONS = {"alpha": 0.1, "power": 1.0, "alternative_rate": 1.0}


def _in_per_cent(arguments: argparse.Namespace) -> None:
    """Refuse proportions where percentages are required: they would be read as a hundredth of what is meant."""
    typed = {name: _number(getattr(arguments, name)) for name in PROPORTIONS}
    wrong = {name: value for name, value in typed.items() if 0 < value <= PROPORTIONS[name]}
    if wrong:
        said = ", ".join(f"--{name.replace('_', '-')} {value:g}" for name, value in wrong.items())
        meant = ", ".join(f"--{name.replace('_', '-')} {100 * value:g}" for name, value in wrong.items())
        raise InputError(f"{said} looks like a proportion, but a percentage is expected: {meant}")


def _number(text: str | None) -> float:
    """Convert text to a number; NaN where it is not one, which validation of the tables reports."""
    try:
        return float(text) if text is not None else float("nan")
    except ValueError:
        return float("nan")


def audit_correlation(arguments: argparse.Namespace) -> Answer:
    """`r`: a correlation, its degrees of freedom and its p value."""
    verdict, why = judge_correlation(arguments.value, arguments.df, arguments.p, sides=int(arguments.sides))
    grave = NONE if verdict == REPRODUCED else MAJOR
    cells = {"source": "mine", "study": "mine", "reported": f"r({arguments.df}) {arguments.value}, p {arguments.p}"}
    cells |= {"recomputed": "", "verdict": verdict, "severity": grave, "explanation": why}
    single = {name: [value] for name, value in cells.items()}
    return Answer.of(rows("correlation-p", claims=[["mine-r-001"]], **single))  # type: ignore[arg-type]


def audit_tables(arguments: argparse.Namespace) -> Answer:
    """`tables`: the full audit of a folder of extraction tables, with checks.csv written to a file if one is named."""
    from resurvey import tables

    raw = tables.read_raw(Path(arguments.folder), plausible=False)
    checks = run(raw)
    if arguments.out:
        tables.write_csv(checks, Path(arguments.out))
    found = checks[needs_ruling(checks)]
    open_ones = unruled(checks, raw["adjudications"])
    flagged = checks[checks["verdict"].isin(FLAGS)]
    head = f"{len(checks)} checks, {len(flagged)} findings (causes: {causes(flagged, raw).nunique()}), "
    lines = [head + f"{len(open_ones)} without a matching ruling"]
    lines += [] if found.empty else [in_words(found)]
    if len(open_ones):
        lines.append("without a ruling (each needs a row of adjudications.csv):")
        lines += [f"{row.check_id}: {row.problem}" for row in open_ones.itertuples()]
    return Answer(checks, "\n".join(lines), bool(len(open_ones)))


def audit_rules(arguments: argparse.Namespace) -> Answer:
    """`rules`: every check with its formula and reference."""
    del arguments
    text = "\n".join(f"{rule.name:<24} {rule.formula} [{rule.reference}]" for rule in RULES.values())
    return Answer(catalogue(), text, False)
