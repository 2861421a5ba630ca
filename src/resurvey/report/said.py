"""Summary of each comparison for answer, dossier and page: one estimate, its evidence, and what affects it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from resurvey.cautions import Caution, marks_of
from resurvey.evidence_grade import UNPROTECTED, Grade
from resurvey.labels import brief, without_brackets, without_number
from resurvey.plan import AnyComparison
from resurvey.report.document import anchor
from resurvey.report.estimate_rows import (
    concludes_otherwise,
    estimates_of,
    main_rows,
    null_of,
    printed_ratios,
    ratios_kept,
    scale_of,
    weighted_ratios,
    within_one_study,
)
from resurvey.report.inputs import Record, Results, rows
from resurvey.report.words import Scale, as_float, first_sentence, interval, is_number, level, listed, on_scale
from resurvey.results import Quantity

#: Prevalence of an unmeasured factor in one group; in the other group it is half as common.
FACTOR_SHARE = 0.5


@dataclass(frozen=True)
class Said:
    """Summary of a comparison.

    Attributes
    ----------
    name, question, first, second, endpoint : str
    grade : Grade
    estimate, lower, upper : float
        Estimate and confidence limits, on the scale of the measure.
    measure : str
        `HR` or another measure.
    null : float
        Null value; NaN for an estimate of one group, which compares nothing.
    scale : Scale
    hazard : bool
        Whether the measure is a hazard ratio.
    within : bool
        Whether both groups are from one study.
    study : str
        That study; empty if there are two.
    randomised : bool
        Whether the comparison is within a randomised trial.
    printed : tuple of str
        Hazard ratios printed by that study for the same groups.
    kept : bool
        Whether a printed hazard ratio was a constraint in the reconstruction.
    others : tuple of float
        Smallest and largest ratio in other target populations; empty if there are none.
    changing : tuple of (str, float)
        Target populations that lead to another conclusion, with their ratios.
    bias : float
        Hazard ratio that bias alone would have to produce to change the conclusion; NaN if unknown.
    marks : str
        Letters of the findings that affect it.
    refused : str
        Why there is no estimate; empty if there is one.
    """

    name: str
    question: str
    grade: Grade
    first: str = ""
    second: str = ""
    endpoint: str = ""
    measure: str = ""
    estimate: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    null: float = 1.0
    scale: Scale = Scale.RATIO
    hazard: bool = False
    within: bool = False
    study: str = ""
    randomised: bool = False
    printed: tuple[str, ...] = ()
    kept: bool = False
    others: tuple[float, ...] = ()
    changing: tuple[tuple[str, float], ...] = ()
    bias: float = float("nan")
    marks: str = ""
    refused: str = ""

    @property
    def compares(self) -> bool:
        """Whether it sets two groups against each other."""
        return is_number(self.null)

    @property
    def clear(self) -> bool:
        """Whether the confidence interval excludes the null value."""
        known = is_number(self.lower) and is_number(self.upper) and self.compares
        return known and not self.lower <= self.null <= self.upper

    @property
    def unprotected(self) -> bool:
        """Whether the comparison is not protected by randomisation."""
        return self.grade in UNPROTECTED

    @property
    def value(self) -> str:
        """The estimate without its interval."""
        return on_scale(self.estimate, self.scale)

    @property
    def words(self) -> str:
        """The estimate in words: `HR 0.45, 95 % CI 0.31 to 0.66`."""
        ends = interval(self.lower, self.upper, self.scale)
        joint = "" if self.compares else ":"
        return f"{self.measure}{joint} {self.value}" + (f", {level(0.95)} CI {ends}" if ends else "")

    @property
    def link(self) -> str:
        """Link to its section."""
        return f"#{anchor('comparison', self.name)}"

    @property
    def factor(self) -> float:
        """Hazard ratio of an unmeasured factor, twice as common in one group, that would change the conclusion.

        The factor is present in a share `FACTOR_SHARE` of one group and half that share of the other; infinite if no
        strength is enough.
        """
        size = max(self.bias, 1 / self.bias) if self.bias > 0 else float("nan")
        room = FACTOR_SHARE - size * FACTOR_SHARE / 2
        return 1 + (size - 1) / room if room > 0 else float("inf")


@dataclass(frozen=True)
class Telling:
    """Hazard ratios of one group versus others with intervals that exclude 1, by the side with the lower hazard."""

    first: str
    endpoint: str
    lower: tuple[Said, ...]
    higher: tuple[Said, ...]


def tellings(said: Iterable[Said]) -> list[Telling]:
    """Hazard ratios that exclude 1, by group and endpoint, in the order of the comparisons."""
    found: dict[tuple[str, str], list[Said]] = {}
    for one in said:
        if one.clear and one.hazard and one.first:
            found.setdefault((one.first, one.endpoint), []).append(one)
    return [
        Telling(
            first,
            endpoint,
            tuple(one for one in those if one.estimate < 1),
            tuple(one for one in those if one.estimate >= 1),
        )
        for (first, endpoint), those in found.items()
    ]


def caution_words(results: Results, caution: Caution) -> str:
    """Summary of a finding that affects a comparison."""
    if not caution.check_id:
        names = listed([results.labels.endpoint(name) for name in caution.endpoints])
        return f"The two groups have different endpoints: {names}."
    row = next(row for row in rows(results.checks) if row["check_id"] == caution.check_id)
    follows = results.rulings.get(caution.check_id, {}).get("reason") or row["explanation"]
    printed = str(row["reported"])
    about = f"{results.short(row['source_id'])}{f', {printed}' if any(map(str.isdigit, printed)) else ''}"
    return f"{about}: {first_sentence(results.named(follows))}"


def cautions_on(results: Results, name: str) -> list[tuple[str, str]]:
    """Letter and text of each finding that affects a comparison."""
    found = [one for one in results.cautions if name in one.comparisons]
    return [(one.mark, caution_words(results, one)) for one in found]


def comparison_said(results: Results, entry: AnyComparison) -> Said:
    """Summarise one comparison."""
    lines = estimates_of(results, entry.id)
    chosen = main_rows(lines)
    base: dict[str, Any] = {
        "name": entry.id,
        "question": entry.question,
        "grade": results.bases.grade(entry),
        "within": within_one_study(entry),
        "marks": marks_of(results.cautions).get(entry.id, ""),
    }
    if not chosen:
        reasons = [str(line["note"]) for line in lines if line["refused"]]
        return Said(**base, refused=reasons[0] if reasons else "the run holds no result of it")
    if len(chosen) > 1:
        return Said(**base)  # a network or a list of trials has several main estimates
    main = chosen[0]
    weighted = list(weighted_ratios(lines).values())
    ratios = sorted(as_float(line["estimate"]) for line in weighted)
    shorter = brief if entry.patient_groups else without_brackets
    first, second = (shorter(results.labels.treatment(main[side])) for side in ("treatment", "comparator"))
    if base["within"]:  # the study is named only once
        groups = (results.labels.group(one.study, one.arm, one.population) for one in entry.patient_groups)
        first, second = map(without_number, groups)
    return Said(
        **base,
        first=first,
        second=second,
        study=_study_name(results, entry.patient_groups[0].study) if base["within"] else "",
        randomised=base["grade"] in (Grade.RANDOMISED_CURVE, Grade.RANDOMISED_SUMMARY),
        printed=tuple(printed_ratios(results, entry, lines)) if base["within"] else (),
        kept=bool(ratios_kept(results, entry)),
        endpoint=results.labels.endpoint(main["endpoint"]),
        measure=str(main["measure"]),
        estimate=as_float(main["estimate"]),
        lower=as_float(main["lower"]),
        upper=as_float(main["upper"]),
        null=null_of(main),
        scale=scale_of(main),
        hazard=main["quantity"] == Quantity.HAZARD_RATIO,
        others=(ratios[0], ratios[-1]) if ratios else (),
        changing=tuple(
            (str(line["variation"]), as_float(line["estimate"])) for line in weighted if concludes_otherwise(line, main)
        ),
        bias=_bias(lines),
    )


def _study_name(results: Results, study: str) -> str:
    """The acronym of the study or, if it has none, its source document."""
    name = results.labels.study(study)
    found = [row for row in results.table("studies") if row["study_id"] == study]
    return results.short(found[0].get("source_id", study)) if name == study and found else name


def _bias(lines: Sequence[Record]) -> float:
    found = [as_float(line["estimate"]) for line in lines if line["quantity"] == Quantity.BIAS_TO_CHANGE]
    return found[0] if found else float("nan")
