"""Each comparison as the answer, the dossier and the page tell of it: one estimate, its basis, and what bears on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

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
    weighted_ratios,
    within_one_study,
)
from resurvey.report.inputs import Record, Results, rows
from resurvey.report.words import as_float, first_sentence, interval, is_number, level, listed, percent, ratio
from resurvey.results import Quantity

#: An unmeasured factor present in this share of one group, and in half as many of the other.
FACTOR_SHARE = 0.5


@dataclass(frozen=True)
class Said:
    """A comparison as the answer tells of it.

    Attributes
    ----------
    name, question, first, second, endpoint : str
    grade : Grade
    estimate, lower, upper : float
        On its own scale.
    measure : str
        `HR` and the like.
    null : float
        Value of no difference.
    hazard : bool
        Whether it is a hazard ratio.
    within : bool
        Whether both groups are of one study.
    study : str
        That study; empty where there are two.
    randomised : bool
        Whether it is a randomised trial.
    printed : tuple of str
        Hazard ratios that it prints of the same groups.
    kept : bool
        Whether the reconstruction was made to keep a printed one.
    others : tuple of float
        Least and greatest ratio in other target populations; empty where none was formed.
    changing : tuple of (str, float)
        Target populations that lead to another conclusion, with their ratio.
    bias : float
        Hazard ratio that bias alone would have to make to change the conclusion; NaN where unknown.
    marks : str
        Letters of the findings that bear on it.
    refused : str
        Why there is no estimate; empty where there is one.
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
    def clear(self) -> bool:
        """Whether the interval excludes no difference."""
        return is_number(self.lower) and is_number(self.upper) and not self.lower <= self.null <= self.upper

    @property
    def unprotected(self) -> bool:
        """Whether no randomisation stands behind it."""
        return self.grade in UNPROTECTED

    @property
    def value(self) -> str:
        """The estimate alone."""
        return (ratio if self.null == 1 else percent)(self.estimate)

    @property
    def words(self) -> str:
        """`HR 0.45, 95 % CI 0.31 to 0.66`."""
        ends = interval(self.lower, self.upper, "ratio" if self.null == 1 else "percent")
        return f"{self.measure} {self.value}" + (f", {level(0.95)} CI {ends}" if ends else "")

    @property
    def link(self) -> str:
        """Link to its page."""
        return f"#{anchor('comparison', self.name)}"

    @property
    def factor(self) -> float:
        """Ratio by which an unmeasured factor, twice as common in one group, must multiply the hazard to change it.

        Present in `FACTOR_SHARE` of one group and half as many of the other; infinite where no strength is enough.
        """
        size = max(self.bias, 1 / self.bias) if self.bias > 0 else float("nan")
        room = FACTOR_SHARE - size * FACTOR_SHARE / 2
        return 1 + (size - 1) / room if room > 0 else float("inf")


@dataclass(frozen=True)
class Telling:
    """Hazard ratios of one group against others whose interval excludes 1, by which side has the lower hazard."""

    first: str
    endpoint: str
    lower: tuple[Said, ...]
    higher: tuple[Said, ...]


def tellings(said: Iterable[Said]) -> list[Telling]:
    """What clear hazard ratios tell, a group and endpoint each, in the order of the comparisons."""
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
    """What a finding that bears on a comparison comes to."""
    if not caution.check_id:
        names = listed([results.labels.endpoint(name) for name in caution.endpoints])
        return f"The two groups have different endpoints: {names}."
    row = next(row for row in rows(results.checks) if row["check_id"] == caution.check_id)
    follows = results.rulings.get(caution.check_id, {}).get("reason") or row["explanation"]
    printed = str(row["reported"])
    about = f"{results.short(row['source_id'])}{f', {printed}' if any(map(str.isdigit, printed)) else ''}"
    return f"{about}: {first_sentence(results.named(follows))}"


def cautions_on(results: Results, name: str) -> list[tuple[str, str]]:
    """Letter and words of each finding that bears on a comparison."""
    found = [one for one in results.cautions if name in one.comparisons]
    return [(one.mark, caution_words(results, one)) for one in found]


def comparison_said(results: Results, entry: AnyComparison) -> Said:
    """One comparison as the answer tells of it."""
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
        return Said(**base)  # a network or a list of trials is known by many estimates
    main = chosen[0]
    weighted = list(weighted_ratios(lines).values())
    ratios = sorted(as_float(line["estimate"]) for line in weighted)
    shorter = brief if entry.patient_groups else without_brackets
    first, second = (shorter(results.labels.treatment(main[side])) for side in ("treatment", "comparator"))
    if base["within"]:  # the study is told once
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
        hazard=main["quantity"] == Quantity.HAZARD_RATIO,
        others=(ratios[0], ratios[-1]) if ratios else (),
        changing=tuple(
            (str(line["variation"]), as_float(line["estimate"])) for line in weighted if concludes_otherwise(line, main)
        ),
        bias=_bias(lines),
    )


def _study_name(results: Results, study: str) -> str:
    """Its acronym, or the document it is read from where it has none."""
    name = results.labels.study(study)
    found = [row for row in rows(results.tables.get("studies", pd.DataFrame())) if row["study_id"] == study]
    return results.short(found[0].get("source_id", study)) if name == study and found else name


def _bias(lines: Sequence[Record]) -> float:
    found = [as_float(line["estimate"]) for line in lines if line["quantity"] == Quantity.BIAS_TO_CHANGE]
    return found[0] if found else float("nan")
