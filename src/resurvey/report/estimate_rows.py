"""Results of each comparison: its rows, its main estimate, and the printed numbers behind it."""

from __future__ import annotations

from collections.abc import Sequence

from resurvey.cautions import ARM_KEY, rests_on
from resurvey.plan import AnyComparison
from resurvey.report.inputs import Record, Results, rows
from resurvey.report.words import Scale, as_float, interval, is_number, ratio
from resurvey.result_values import FactKind
from resurvey.results import Contrast, Model, Quantity, Role


def estimates_of(results: Results, name: str) -> list[Record]:
    """Rows of one comparison."""
    return results.estimates.get(name, [])


def claims_of(results: Results, entry: AnyComparison) -> tuple[str, ...]:
    """Printed numbers on which a comparison is based: named in its rows, or used to reconstruct its groups."""
    return rests_on(entry, results.comparisons, results.accuracy)


def printed_ratios(results: Results, entry: AnyComparison, lines: Sequence[Record]) -> list[str]:
    """Printed hazard ratios of the same two groups, first versus second, as text.

    Those listed by the comparison or, if none, the one to which both groups were reconstructed.
    """
    listed = [
        line
        for line in lines
        if line["role"] == Role.PRINTED and line["quantity"] == Quantity.HAZARD_RATIO and not line["refused"]
    ]
    if listed:
        return [_ratio_words(line["estimate"], line["lower"], line["upper"]) for line in listed]
    table = results.tables.get("hazard_ratios")
    kept = ratios_kept(results, entry)
    if table is None or not kept:
        return []
    first = entry.patient_groups[0]
    return [
        _ratio_words(*_oriented(row, forward=(row["arm_id"], row["population"]) == (first.arm, first.population)))
        for row in rows(table)
        if row["claim_id"] in kept
    ]


def ratios_kept(results: Results, entry: AnyComparison) -> frozenset[str]:
    """Claim ids of the printed hazard ratios used as constraints in the reconstruction of both groups."""
    if len(entry.patient_groups) != 2 or results.facts.empty:
        return frozenset()
    facts = [row for row in rows(results.facts) if row["kind"] == FactKind.HAZARD_RATIO]
    first, second = (
        {str(row["claim_id"]) for row in facts if tuple(str(row[name]) for name in ARM_KEY) == key}
        for key in (
            (group.study, group.arm, group.population, group.endpoint, group.data_cut) for group in entry.patient_groups
        )
    )
    return frozenset((first & second) - {""})


def _oriented(row: Record, *, forward: bool) -> tuple[float, float, float]:
    """A printed ratio and its confidence limits, as first versus second."""
    value, lower, upper = (as_float(row[name]) for name in ("value", "lower", "upper"))
    return (value, lower, upper) if forward else (1 / value, 1 / upper, 1 / lower)


def _ratio_words(value: object, lower: object, upper: object) -> str:
    ends = interval(lower, upper, "ratio") if is_number(lower) else ""
    return f"{ratio(value)} ({ends})" if ends else ratio(value)


def refusal(lines: Sequence[Record]) -> str:
    """Why a comparison was not made; empty if it was."""
    if not lines:
        return "the run holds no result of it"
    reasons = [str(line["note"]) for line in lines if line["refused"]]
    return reasons[0] if len(reasons) == len(lines) else ""


def main_rows(lines: Sequence[Record]) -> list[Record]:
    """The rows with the main estimates of a comparison."""
    return [line for line in lines if line["role"] == Role.MAIN and not line["refused"]]


def null_of(line: Record) -> float:
    """The null value: 1 for a ratio, 0 for a difference, none (NaN) for what is of one group."""
    return {Contrast.RATIO: 1.0, Contrast.DIFFERENCE: 0.0}.get(line["contrast"], float("nan"))


#: Quantities that are shares of patients.
SHARES = (Quantity.PROPORTION, Quantity.SURVIVAL)


def scale_of(line: Record) -> Scale:
    """How an estimate is written."""
    if line["contrast"] == Contrast.RATIO:
        return Scale.RATIO
    if line["quantity"] not in SHARES:
        return Scale.MONTHS
    return Scale.POINTS if line["contrast"] == Contrast.DIFFERENCE else Scale.PERCENT


def weighted_ratios(lines: Sequence[Record]) -> dict[str, Record]:
    """Standardised hazard ratios with confidence limits, keyed by the target population."""
    weighted = [line for line in lines if line["model"] == Model.WEIGHTED_COX]
    return {str(line["variation"]): line for line in weighted if is_number(line["lower"])}


def concludes_otherwise(line: Record, main: Record) -> bool:
    """Whether two intervals lead to different conclusions: each may be above 1, below 1, or include it."""

    def side(one: Record) -> int:
        return int(as_float(one["lower"]) > 1) - int(as_float(one["upper"]) < 1)

    return side(line) != side(main)


def within_one_study(entry: AnyComparison) -> bool:
    """Whether both groups are from the same study."""
    return len(entry.patient_groups) == 2 and len({group.study for group in entry.patient_groups}) == 1
