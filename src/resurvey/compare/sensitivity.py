"""Sensitivity analyses of a comparison: other data cuts, other printed values, other reconstruction choices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import exp, inf, isfinite
from typing import Any

import numpy as np
import pandas as pd

from resurvey.compare.claims import claim, table_of
from resurvey.compare.groups import GIVEN_CURVE, Pair, pair_of
from resurvey.compare.multi_arm import METHODS
from resurvey.compare.multi_arm import WORDS as MULTI_ARM_WORDS
from resurvey.compare.outcome import MOSTLY_ASSUMED, Outcome, What, doubts, frame, refused_row, row
from resurvey.compare.pairwise import PairwiseResult
from resurvey.compare.ratios import read_ratio
from resurvey.compare.rubin import EnsembleEstimate, rubin
from resurvey.compare.shapes import restricted_difference
from resurvey.errors import InputError, NotEstimable
from resurvey.plan import (
    BucherComparison,
    Group,
    MultiArm,
    NetworkComparison,
    PatientComparison,
    PoolComparison,
    PrintedComparison,
)
from resurvey.results import Contrast, Model, Quantity, Role, Varied
from resurvey.survival.cox import stack_cox
from resurvey.survival.proportional import piece_of
from resurvey.survival.risksets import RiskSets
from resurvey.survival.rmst import common_horizon
from resurvey.tables import Tables

# fewest replicates of one hazard shape, and the change in standard errors of the estimate, that give it a row
FEWEST, MOVED = 10, 0.25
COLUMNS = ["variation", "kind", "treatment", "comparator", "model", "measure", "estimate", "lower", "upper", "p"]
COLUMNS += ["ratio_to_main", "conclusion", "refused", "note"]
PATIENT_COLUMNS = [*COLUMNS, "rmst_difference", "horizon", "missing_information", "monte_carlo"]


def log_hazard_ratio(sets: RiskSets, *, complete_df: float = inf) -> EnsembleEstimate:
    """Cox log hazard ratio pooled over the replicates.

    Raises
    ------
    NotEstimable
        If at least half of the replicates have no finite hazard ratio.
    """
    values, se = stack_cox(sets, "efron")
    known = np.isfinite(se)
    if known.mean() <= 0.5:
        raise NotEstimable(f"no finite hazard ratio in {int((~known).sum())} of {known.size} replicates")
    return rubin(values[known], se[known] ** 2, complete_df=complete_df)


def patient_sensitivity(
    pair: Pair, made: PairwiseResult, typed: Tables, patients: Mapping[str, pd.DataFrame]
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Rows and table of the sensitivity analyses of a comparison of rebuilt patients."""
    main = made.log_hazard_ratio
    lines = [_line("as compared", Varied.NOTHING, main, main, restricted=_restricted(pair), pair=pair)]
    lines += [_varied(name, entry, main, typed, patients) for name, entry in _other_groups(pair, patients)]
    lines += list(_choices(pair, made))
    rows = [_patient_row(pair, line) for line in lines[1:]]
    return rows, frame(lines, PATIENT_COLUMNS)


def _other_groups(pair: Pair, patients: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, PatientComparison]]:
    """A comparison at other reconstructed data cuts of one or both groups; then the variations that the entry lists."""
    entry = pair.entry
    first, second = entry.treatment, entry.comparator
    for cut in sorted(_cuts(patients[first.study], first) - {first.data_cut}):
        yield f"treatment, {_cut_words(cut)}", replace(entry, treatment=replace(first, data_cut=cut))
    for cut in sorted(_cuts(patients[second.study], second) - {second.data_cut}):
        yield f"comparator, {_cut_words(cut)}", replace(entry, comparator=replace(second, data_cut=cut))
    # Two arms of one study share a data cut, so also change both together.
    if first.study == second.study:
        cuts = [_cuts(patients[first.study], group) for group in (first, second)]
        for cut in sorted((cuts[0] & cuts[1]) - {first.data_cut}):
            both = (replace(group, data_cut=cut) for group in (first, second))
            yield f"both, data cut {cut or 'not named'}", _with_groups(entry, *both)
    for other in entry.vary:
        yield other.name, _with_groups(entry, first.changed(other.treatment), second.changed(other.comparator))


def _cut_words(cut: str) -> str:
    return "curve rebuilt by others" if cut == GIVEN_CURVE else f"data cut {cut or 'not named'}"


def _with_groups(entry: PatientComparison, treatment: Group, comparator: Group) -> PatientComparison:
    return replace(entry, treatment=treatment, comparator=comparator)


def _cuts(table: pd.DataFrame, group: Group) -> set[str]:
    same = (table["arm_id"] == group.arm) & (table["population"] == group.population)
    return set(table.loc[same & (table["endpoint"] == group.endpoint), "data_cut"].unique())


def _varied(
    name: str,
    entry: PatientComparison,
    main: EnsembleEstimate | None,
    typed: Tables,
    patients: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    try:
        pair = pair_of(entry, typed, patients)
        return _line(name, Varied.DATA, log_hazard_ratio(pair.sets), main, restricted=_restricted(pair), pair=pair)
    except NotEstimable as reason:
        return _refused(name, Varied.DATA, str(reason))


def _choices(pair: Pair, made: PairwiseResult) -> Iterator[dict[str, Any]]:
    """Variations of the assumptions of the reconstruction."""
    main = made.log_hazard_ratio
    if main is None:
        yield _refused("choices of the reconstruction", Varied.RECONSTRUCTION, "no finite hazard ratio to vary")
        return
    seen = replace_between(main)
    error = main.monte_carlo * main.se / seen.se  # the same mean over the replicates, in smaller standard errors
    yield _line("as if the patients had been seen", Varied.RECONSTRUCTION, seen, main, pair=pair, monte_carlo=error,
                note="sampling error alone: what ignoring the rebuilding would claim")  # fmt: skip
    for name, start in (("even replicates only", 0), ("odd replicates only", 1)):
        yield _replicates(pair, main, name, start)
    yield from _by_shape(pair, main)
    medians = [float(np.median(stack.curves.quantile(0.5))) for stack in pair.stacks]
    end = max(medians)
    name = "follow-up cut at the later median"
    if not isfinite(end):
        yield _refused(name, Varied.RECONSTRUCTION, "a median is not reached in most replicates")
        return
    try:
        cut = log_hazard_ratio(piece_of(pair.sets, -1.0, end))
        note = f"events after {end:.3g} months left out: beyond it the shape of the curve is assumed more than printed"
        yield _line(name, Varied.RECONSTRUCTION, cut, main, pair=pair, note=note)
    except NotEstimable as reason:
        yield _refused(name, Varied.RECONSTRUCTION, str(reason))


def replace_between(effect: EnsembleEstimate) -> EnsembleEstimate:
    """The same estimate with the within variance only."""
    made = rubin([effect.estimate], [effect.within])
    return replace(made, replicates=effect.replicates)


def _replicates(pair: Pair, main: EnsembleEstimate, name: str, start: int) -> dict[str, Any]:
    values, se = stack_cox(pair.sets, "efron")
    chosen = np.isfinite(se) & (np.arange(se.size) % 2 == start)
    if chosen.sum() < 2:
        return _refused(name, Varied.RECONSTRUCTION, "fewer than two replicates with a ratio")
    made = rubin(values[chosen], se[chosen] ** 2)
    return _line(name, Varied.RECONSTRUCTION, made, main, pair=pair, note="how far the number of replicates matters")


def _by_shape(pair: Pair, main: EnsembleEstimate) -> Iterator[dict[str, Any]]:
    """The estimate under each hazard shape that changes it, where the assumed shape outweighs the printed data."""
    if main.missing_information <= MOSTLY_ASSUMED:
        return
    values, se = stack_cox(pair.sets, "efron")
    for whose, shapes in _drawn_shapes(pair):
        of_kind = np.array(shapes)
        for kind in sorted(set(shapes)):
            chosen = np.isfinite(se) & (of_kind == kind)
            if chosen.sum() < FEWEST or chosen.all():
                continue
            under = rubin(values[chosen], se[chosen] ** 2)
            if abs(under.estimate - main.estimate) < MOVED * main.se:
                continue
            note = f"{100 * (of_kind == kind).mean():.0f} % of the replicates have this kind of hazard"
            yield _line(f"{whose}: {kind} hazard", Varied.SHAPE, under, main, pair=pair, note=note)


def _drawn_shapes(pair: Pair) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For groups with drawn hazard shapes: label, and shape of each replicate; once if the groups share the draws."""
    first, second = pair.shapes
    if first and first == second:
        yield "both groups", first
        return
    for label, shapes in zip(pair.labels, pair.shapes, strict=True):
        if shapes:  # used again where the other group has more replicates
            yield label, tuple(np.resize(shapes, pair.stacks[0].replicates).tolist())


def _restricted(pair: Pair) -> tuple[float, float]:
    end = float(common_horizon(*(stack.curves for stack in pair.stacks)))
    made = restricted_difference(pair.stacks, end)
    return (made.estimate if made is not None else np.nan), end


def _line(
    name: str,
    kind: Varied,
    made: Any,
    main: Any,
    *,
    pair: Pair | None = None,
    restricted: tuple[float, float] = (np.nan, np.nan),
    note: str = "",
    **extra: Any,
) -> dict[str, Any]:
    """One variation on the ratio scale, compared with the main estimate."""
    if made is None:
        return _refused(name, kind, "no finite hazard ratio")
    line = {"variation": name, "kind": kind, "measure": "HR", "refused": False, "note": note}
    line |= {"missing_information": made.missing_information, "monte_carlo": made.monte_carlo_limits, **extra}
    if pair is not None:
        line |= {"treatment": pair.labels[0], "comparator": pair.labels[1]}
        line |= {"rmst_difference": restricted[0], "horizon": restricted[1]}
    line |= {key: exp(getattr(made, key)) for key in ("estimate", "lower", "upper")} | {"p": made.p}
    if main is not None:
        line |= {"ratio_to_main": exp(made.estimate - main.estimate), "conclusion": _conclusion(made, main)}
    return line


def _conclusion(made: Any, main: Any) -> str:
    def side(effect: Any) -> int:
        return 1 if effect.lower > 0 else -1 if effect.upper < 0 else 0

    names = {1: "above 1", -1: "below 1", 0: "interval includes 1"}
    return "as compared" if side(made) == side(main) else f"changed: {names[side(made)]}, was {names[side(main)]}"


def _refused(name: str, kind: Varied, reason: str) -> dict[str, Any]:
    return {"variation": name, "kind": kind, "measure": "HR", "refused": True, "note": reason}


def _patient_row(pair: Pair, line: Mapping[str, Any]) -> dict[str, Any]:
    what = _again(f"sensitivity: {line['variation']}", Model.COX, line["variation"])
    if line["refused"]:
        return pair.refused(what, line["note"])
    values = [line[key] for key in ("estimate", "lower", "upper", "p")]
    words = [line["note"], f"{line['ratio_to_main']:.2f} times the main ratio", f"conclusion {line['conclusion']}"]
    note = "; ".join(part for part in words if part)
    return pair.row(what, *values, **doubts(line["missing_information"], line["monte_carlo"], note))


def _again(method: str, model: Model, variation: str) -> What:
    ratio = What(method, "HR", Role.SENSITIVITY, Quantity.HAZARD_RATIO, Contrast.RATIO, model)
    return replace(ratio, variation=variation)


Make = Callable[[Any, Tables], Outcome]


def with_alternatives(entry: PrintedComparison, typed: Tables, make: Make, again: Make) -> Outcome:
    """Make a comparison of printed ratios by `make`, and repeat it by `again` for each claim in `alternatives`.

    The repeats give sensitivity.csv, and rows of comparisons.csv whose method begins with `sensitivity`. Of a network
    only random-effects rows are added, the model to read where studies disagree.
    """
    main = make(entry, typed)
    known = leading_rows(main.estimates)
    by_model = {_model(line): line for line in reversed(known)}
    lines = [_printed_line(line, "as compared", Varied.NOTHING, by_model) for line in known]
    for name, kind, varied, study in _variations(entry, typed, main):
        if study in main.without:
            lines += [_printed_line(line, name, kind, by_model) for line in leading(main.without[study])]
            continue
        try:
            for new in sorted({*varied.ratios} - {*entry.ratios}):
                read_ratio(typed, new)  # otherwise an unusable ratio would be left out without a message
            repeated = again(varied, typed)
        except (NotEstimable, InputError) as reason:
            if isinstance(reason, InputError) and kind not in (Varied.LEFT_OUT, Varied.COVARIANCE):
                raise  # an error in the config; without a study a network may lose its reference, which is not an error
            lines.append(_refused(name, kind, str(reason)))
            continue
        lines += [_printed_line(line, name, kind, by_model) for line in leading_rows(repeated.estimates)]
        lines += [{**_refused(name, kind, reason), **line} for line, reason in _lost(known, repeated.estimates)]
    lines += list(_left_out(typed, main))
    if len(lines) == len(known):
        return main
    told = [line for line in lines if line["kind"] != Varied.NOTHING and _is_told(entry, line)]
    rows = pd.DataFrame([_printed_row(entry, line) for line in told])
    table = frame(lines, COLUMNS).reindex(columns=COLUMNS)
    return Outcome(pd.concat([main.estimates, rows], ignore_index=True), {**main.tables, "sensitivity": table})


def _is_told(entry: PrintedComparison, line: Mapping[str, Any]) -> bool:
    """Whether a variation is also a row of comparisons.csv, in addition to sensitivity.csv."""
    return not isinstance(entry, NetworkComparison) or line.get("by") != Model.COMMON


def _lost(known: list[dict[str, Any]], estimates: pd.DataFrame) -> Iterator[tuple[dict[str, Any], str]]:
    """Main estimates without a counterpart in a variation, with the reason."""
    kept = {_model(line) for line in leading_rows(estimates)}
    refused = estimates[estimates["refused"].astype(bool)]
    for line in known:
        if _model(line) in kept:
            continue
        same = refused[(refused["model"] == line["model"]) & (refused["treatment"] == line["treatment"])]
        reason = str(same["note"].iloc[0]) if len(same) else "no ratio of it is left"
        yield (
            {"model": line["method"], "by": line["model"], **{key: line[key] for key in ("treatment", "comparator")}},
            reason,
        )


def leading_rows(estimates: pd.DataFrame) -> list[dict[str, Any]]:
    """Leading rows of a comparison of printed ratios: its hazard ratios for all studies together."""
    return leading(estimates.to_dict("records"))  # type: ignore[arg-type]


def leading(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Main and secondary hazard ratios among rows of estimates, without refused ones."""
    roles = (Role.MAIN, Role.SECONDARY)
    return [
        dict(row)
        for row in rows
        if row["quantity"] == Quantity.HAZARD_RATIO and not row["refused"] and row["role"] in roles
    ]


def _variations(
    entry: PrintedComparison, typed: Tables, main: Outcome
) -> Iterator[tuple[str, Varied, PrintedComparison, str]]:
    """The variations: name, kind, the changed comparison, and the study left out, if any."""
    for other in entry.alternatives:
        old, new = other.instead_of, other.use
        claim(typed, "hazard_ratios", new)
        if old not in entry.ratios:
            where = table_of(typed, old)
            raise InputError(
                f"alternatives: {old!r} is not a claim of this comparison (found in {where or 'no table'})"
            )
        yield other.name, Varied.PRINTED, _exchanged(entry, old, new), ""
    if isinstance(entry, NetworkComparison):
        yield from _fewer(entry, typed, main)


def _exchanged(entry: PrintedComparison, old: str, new: str) -> PrintedComparison:
    def exchanged(claims: Iterable[str]) -> tuple[str, ...]:
        return tuple(new if item == old else item for item in claims)

    if isinstance(entry, BucherComparison):
        first, second = exchanged(entry.ratios)
        return replace(entry, first=first, second=second)
    if isinstance(entry, PoolComparison):
        groups = {name: exchanged(claims) for name, claims in entry.groups.items()}
        return replace(entry, claims=exchanged(entry.claims), groups=groups)
    return replace(entry, claims=exchanged(entry.claims))


def _fewer(
    entry: NetworkComparison, typed: Tables, main: Outcome
) -> Iterator[tuple[str, Varied, NetworkComparison, str]]:
    """A network without each study in turn, with other covariances, and with its randomised studies only."""
    contrasts = main.tables.get("contrasts", pd.DataFrame())
    if contrasts.empty:
        return
    studies = typed["studies"].set_index("study_id")
    for study in dict.fromkeys(contrasts["study"]):
        name = f"without {_called(studies, str(study))}"
        if study in main.without:  # the changed entry is needed only where the network has to be fitted again
            yield name, Varied.LEFT_OUT, entry, study
        elif left := list(contrasts.loc[contrasts["study"] != study, "claim_id"]):
            yield name, Varied.LEFT_OUT, replace(entry, claims=tuple(left)), study
    yield from ((name, kind, varied, "") for name, kind, varied in _covaried(entry, typed, main))
    design = contrasts["study"].map(studies["design"])
    randomised = list(contrasts.loc[design == "randomised", "claim_id"])
    if 0 < len(randomised) < len(contrasts):
        yield "randomised studies only", Varied.LEFT_OUT, replace(entry, claims=tuple(randomised)), ""


def _covaried(
    entry: NetworkComparison, typed: Tables, main: Outcome
) -> Iterator[tuple[str, Varied, NetworkComparison]]:
    """A network with the covariance of each multi-arm study from another source, where one is known."""
    studies = typed["studies"].set_index("study_id")
    for line in main.tables.get("multi_arm", pd.DataFrame()).to_dict("records"):
        study = str(line["study"])
        ask = entry.multi_arm.get(study, MultiArm())
        for other in (name for name in METHODS if name in str(line["others"]).split()):
            changed = {**entry.multi_arm, study: replace(ask, method=other)}
            name = f"covariance of {_called(studies, study)} from {MULTI_ARM_WORDS[other]}"
            yield name, Varied.COVARIANCE, replace(entry, multi_arm=changed)


def _left_out(typed: Tables, main: Outcome) -> Iterator[dict[str, Any]]:
    """The random-effects ratio of a pool without each study in turn, from its leave-one-out table."""
    table = main.tables.get("leave_one_out", pd.DataFrame())
    whole = [line for line in leading_rows(main.estimates) if line["model"] == Model.RANDOM]
    if table.empty or not whole:
        return
    studies, rest = typed["studies"].set_index("study_id"), table[table["group"] == "all"]
    note = "one ratio is left, with its own interval" if len(rest) == 2 else ""
    for _, left in rest.iterrows():
        ends = {key: exp(left[key]) for key in ("estimate", "lower", "upper")}
        line = {**whole[0], **ends, "p": left["p"]}
        name = f"without {_called(studies, str(left['left_out']))}"
        yield {**_printed_line(line, name, Varied.LEFT_OUT, {_model(whole[0]): whole[0]}), "note": note}


def _called(studies: pd.DataFrame, study: str) -> str:
    """A study's acronym, with the population where the study contributes several ratios to a pool."""
    name, *population = study.split(", ", 1)
    return ", ".join([str(studies["acronym"].get(name, name)), *population])


def _model(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two estimates must have in common to be compared."""
    return tuple(line.get(key) for key in ("model", "treatment", "comparator"))


def _printed_line(
    line: Mapping[str, Any], name: str, kind: Varied, main: Mapping[tuple[Any, ...], Mapping[str, Any]]
) -> dict[str, Any]:
    """An estimate from a variation, compared with that of the main analysis, which is found by `_model`."""
    made = {"variation": name, "kind": kind, "model": line["method"], "by": line["model"], "refused": False, "note": ""}
    made |= {key: line.get(key) for key in ("treatment", "comparator", "measure", "estimate", "lower", "upper", "p")}
    first = main.get(_model(line))
    if first is None:
        return {**made, "note": "not in the main analysis"}
    ends = [int(one["lower"] > 1) - int(one["upper"] < 1) for one in (line, first)]
    made["ratio_to_main"] = line["estimate"] / first["estimate"]
    made["conclusion"] = "as compared" if ends[0] == ends[1] else "changed"
    return made


def _printed_row(entry: PrintedComparison, line: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"treatment": line.get("treatment"), "comparator": line.get("comparator")}
    method = f"sensitivity: {line['variation']}" + (f", {line['model']}" if line.get("model") else "")
    facts |= {"population": f"sensitivity: {line['variation']}"}
    what = _again(method, line.get("by", Model.NONE), line["variation"])
    if line["refused"]:
        return refused_row(entry, what, line["note"], "printed ratios", **facts)
    values = (line["estimate"], line["lower"], line["upper"], line["p"])
    words = [line["note"]]
    if line.get("conclusion"):
        words += [f"{line['ratio_to_main']:.2f} times the main ratio", f"conclusion {line['conclusion']}"]
    note = "; ".join(part for part in words if part)
    return row(entry, what, *values, "printed ratios", note=note, **facts)
