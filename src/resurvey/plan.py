"""The plan of an analysis: its comparisons and sample-size checks as typed objects, parsed once.

Every kind of comparison is one frozen dataclass. What a file or a mapping says is parsed here, all faults at once; the
rest of the package gets objects and raises errors that speak of arguments. `resurvey.plan_check` compares a plan with
the tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass as checked
from pydantic_core import ErrorDetails

from resurvey.errors import InputError
from resurvey.plan_bases import CONFIG, Change, Comparison, Group, Id, Months, Share, Text, unique
from resurvey.plan_over_time import ExtrapolationComparison, TimedComparison
from resurvey.yamlfile import read_yaml

#: Effective sample size below which a standardised result is refused, where nothing else is said.
MINIMUM_ESS = 10.0
LANDMARKS = (6.0, 12.0)
#: How far the shares of a scenario may be from adding up to 1.
SHARE_TOLERANCE = 1e-6
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,59}")


@checked(frozen=True, kw_only=True, config=CONFIG)
class RestOf:
    """A share that is the count of a claim less the other shares."""

    rest_of: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class Mix:
    """Subgroups of the treatment group weighted to the shares of another population.

    Attributes
    ----------
    name : str
        Letters, digits, spaces and hyphens: it names a file.
    populations : tuple of str
        Subgroups without a patient in common.
    shares : tuple
        One a population: all numbers that add up to 1 (a scenario), or claims of proportions.csv, of which one may be a
        `RestOf`.
    source : str
        Where the shares are from.
    minimum_ess : float
        Effective sample size below which the result is refused.
    """

    name: Text
    populations: Annotated[tuple[Text, ...], Field(min_length=2)]
    shares: Annotated[tuple[Share | Id | RestOf, ...], Field(min_length=2)]
    source: Text
    minimum_ess: Months = MINIMUM_ESS

    @model_validator(mode="after")
    def _whole(self) -> Mix:
        if not FILE_NAME.fullmatch(self.name):
            raise ValueError(
                f"its name {self.name!r} names a file: use letters, digits, spaces and hyphens, at most 60"
            )
        unique("populations", self.populations)
        if len(self.populations) != len(self.shares):
            raise ValueError(
                f"names {len(self.populations)} populations but {len(self.shares)} shares: give one share each"
            )
        numbers = self.numbers
        if numbers and len(numbers) < len(self.shares):
            raise ValueError("mixes numbers and claims among its shares: give all shares in one way")
        if numbers and abs(sum(numbers) - 1) > SHARE_TOLERANCE:
            raise ValueError(f"its shares add up to {sum(numbers):g}: they must add up to 1")
        if sum(isinstance(share, RestOf) for share in self.shares) > 1:
            raise ValueError("names `rest_of` more than once: exactly one share may be a rest")
        return self

    @property
    def numbers(self) -> tuple[float, ...]:
        """Shares that are given as numbers."""
        return tuple(share for share in self.shares if isinstance(share, float | int))

    @property
    def scenario(self) -> bool:
        """Whether the shares are assumed and not printed."""
        return bool(self.numbers)

    @property
    def claims(self) -> tuple[str, ...]:
        """Claims that the shares are from."""
        named = (share.rest_of if isinstance(share, RestOf) else share for share in self.shares)
        return tuple(share for share in named if isinstance(share, str))


@checked(frozen=True, kw_only=True, config=CONFIG)
class Strata:
    """Subgroups of both groups, without a patient in common, that a test and a ratio are stratified by."""

    name: Text
    populations: Annotated[tuple[Text, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _whole(self) -> Strata:
        unique("populations", self.populations)
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class Variation:
    """The comparison again with other groups."""

    name: Text
    treatment: Change | None = None
    comparator: Change | None = None

    @model_validator(mode="after")
    def _changes(self) -> Variation:
        if self.treatment is None and self.comparator is None:
            raise ValueError("changes nothing: give `treatment`, `comparator` or both")
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class Progressed:
    """Printed shares of patients with an event within some months, set beside the reconstructed ones."""

    within: Months
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class Alternative:
    """The comparison again with another printed value of the same quantity."""

    name: Text
    instead_of: Id
    use: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class MedianPair:
    """Two printed medians, and the printed ratio beside them."""

    label: Text
    medians: tuple[Id, Id]
    ratio: Id | None = None


@checked(frozen=True, kw_only=True, config=CONFIG)
class PatientComparison(Comparison):
    """Two groups of reconstructed patients, the first against the second."""

    kind: Literal["patients"] = "patients"
    treatment: Group
    comparator: Group
    landmarks: tuple[Months, ...] = LANDMARKS
    cuts: tuple[Months, ...] | None = None
    printed: tuple[Id, ...] = ()
    progressed: Progressed | None = None
    vary: tuple[Variation, ...] = ()
    strata: tuple[Strata, ...] = ()
    standardise: tuple[Mix, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> PatientComparison:
        for name in ("vary", "strata", "standardise"):
            unique(name, [item.name for item in getattr(self, name)])
        if self.treatment == self.comparator:
            raise ValueError("compares a group with itself: treatment and comparator are the same")
        return self

    @property
    def patient_groups(self) -> tuple[Group, ...]:
        return (self.treatment, self.comparator)


@checked(frozen=True, kw_only=True, config=CONFIG)
class BucherComparison(Comparison):
    """Two printed ratios through a common comparator; `path` is treatment, common comparator, comparator."""

    kind: Literal["bucher"] = "bucher"
    first: Id
    second: Id
    path: tuple[Id, Id, Id]
    alternatives: tuple[Alternative, ...] = ()

    @property
    def ratios(self) -> tuple[str, ...]:
        return (self.first, self.second)


@checked(frozen=True, kw_only=True, config=CONFIG)
class MultiArm:
    """How the ratios of a study of three and more arms, printed against one arm only, hang together.

    Attributes
    ----------
    method : {"pairs", "events", "patients", "control_se", "correlation"}, optional
        Where their covariance comes from; by default the first of these that is known.
    control_se : float, optional
        Standard error of the log hazard of the arm that the others are compared with.
    correlation : float, default 0.5
        Assumed correlation of two such log ratios, where nothing better is known.
    """

    method: Literal["pairs", "events", "patients", "control_se", "correlation"] | None = None
    control_se: Months | None = None
    correlation: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.5


@checked(frozen=True, kw_only=True, config=CONFIG)
class Bayes:
    """The same pool or network with a prior of the between-study standard deviation.

    Attributes
    ----------
    prior : {"half-normal", "half-cauchy", "uniform", "log-normal", "empirical"}
    scale : float
        Of a half-normal or half-Cauchy; upper end of a uniform.
    location : float, optional
        Mean of log tau^2 of a log-normal prior, of which `scale` is then the standard deviation.
    source, outcome, comparison : str
        Of an empirical prior, as `resurvey.compare.priors.empirical` names them.
    effect_sd : float, optional
        Standard deviation of a normal prior about no effect; flat where there is none.
    """

    prior: Literal["half-normal", "half-cauchy", "uniform", "log-normal", "empirical"] = "half-normal"
    scale: Months = 0.5
    location: Annotated[float, Field(allow_inf_nan=False)] | None = None
    source: Text = "turner2015"
    outcome: Text = "all-cause mortality"
    comparison: Text = "pharmacological v pharmacological"
    effect_sd: Months | None = None

    @model_validator(mode="after")
    def _complete(self) -> Bayes:
        if (self.prior == "log-normal") != (self.location is not None):
            raise ValueError("location belongs to a log-normal prior, which needs one")
        return self


@checked(frozen=True, kw_only=True, config=CONFIG)
class NetworkComparison(Comparison):
    """A network of printed ratios.

    `multi_arm` says by study how ratios against one arm only hang together, where the tables do not tell.

    `important` is the least ratio above 1 that would matter to a decision, for the domains of CINeMA.

    `merge` maps treatment ids to the node they count as; `order` lists all nodes, the one that small-study bias would
    favour most first; `not_for` completes the words "may not be used".
    """

    kind: Literal["network"] = "network"
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]
    reference: Id
    merge: dict[Id, Id] = field(default_factory=dict)
    order: tuple[Id, ...] = ()
    not_for: tuple[Text, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    multi_arm: dict[Id, MultiArm] = field(default_factory=dict)
    important: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 1.25
    bayes: Bayes | None = None

    @model_validator(mode="after")
    def _once(self) -> NetworkComparison:
        unique("claims", self.claims)
        unique("order", self.order)
        return self

    @property
    def ratios(self) -> tuple[str, ...]:
        return self.claims


@checked(frozen=True, kw_only=True, config=CONFIG)
class PoolComparison(Comparison):
    """Printed ratios of one comparison pooled, together and by named group; `not_pooled` print a p and no ratio."""

    kind: Literal["pool"] = "pool"
    claims: Annotated[tuple[Id, ...], Field(min_length=1)]
    groups: dict[Text, tuple[Id, ...]] = field(default_factory=dict)
    not_pooled: tuple[Id, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    bayes: Bayes | None = None

    @model_validator(mode="after")
    def _listed(self) -> PoolComparison:
        unique("claims", self.claims)
        for name, ids in self.groups.items():
            strange = [item for item in ids if item not in self.claims]
            if strange:
                raise ValueError(f"group {name!r} names {', '.join(strange)}, which its claims do not list")
        return self

    @property
    def ratios(self) -> tuple[str, ...]:
        return self.claims


@checked(frozen=True, kw_only=True, config=CONFIG)
class RateComparison(Comparison):
    """Printed response rates side by side; all are claims of proportions.csv."""

    kind: Literal["rates"] = "rates"
    treatment: Id
    comparators: Annotated[tuple[Id, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class RatioComparison(Comparison):
    """Printed ratios and ratios of printed medians side by side."""

    kind: Literal["ratios"] = "ratios"
    pairs: Annotated[tuple[MedianPair, ...], Field(min_length=1)]


@checked(frozen=True, kw_only=True, config=CONFIG)
class CountPair:
    """Counts of two arms of one study, claims of proportions.csv."""

    treatment: Id
    comparator: Id


@checked(frozen=True, kw_only=True, config=CONFIG)
class CountComparison(Comparison):
    """Printed counts of a binary outcome, pooled over studies: odds ratio, risk ratio or risk difference."""

    kind: Literal["counts"] = "counts"
    pairs: Annotated[tuple[CountPair, ...], Field(min_length=1)]
    measure: Literal["or", "rr", "rd"] = "or"


PrintedComparison = BucherComparison | NetworkComparison | PoolComparison
AnyComparison = (
    PatientComparison
    | PrintedComparison
    | RateComparison
    | RatioComparison
    | CountComparison
    | TimedComparison
    | ExtrapolationComparison
)


@checked(frozen=True, kw_only=True, config=CONFIG)
class DesignCheck:
    """A sample-size statement to check.

    Attributes
    ----------
    id : str
        Names its results.
    claim : str
        Row of designs.csv.
    patients : Group, optional
        Reconstructed patients that the planned test is carried out on.
    boundary : float, optional
        Margin that the lower limit is compared with, in months.
    """

    id: Id
    claim: Id
    patients: Group | None = None
    boundary: Months | None = None


@dataclass(frozen=True)
class Plan:
    """What is asked for: comparisons, in the order they are shown, and sample-size checks."""

    comparisons: tuple[AnyComparison, ...] = ()
    designs: tuple[DesignCheck, ...] = ()


KINDS: dict[str, type[Comparison]] = {kind.kind: kind for kind in get_args(AnyComparison)}
#: What pydantic says in its own words, in ours; `{…}` are filled from the context of the fault.
WORDS = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is not a known key{near}",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "dataclass_type": "must be a mapping of keys to values",
    "too_short": "needs at least {min_length} item(s)",
    "value_error": "{error}",
    "string_pattern_mismatch": "must be an id of lower case letters, digits, _ and - (at most 64)",
    "literal_error": "must be {expected}",
}
ANY_SHARE = "must be a number from 0 to 1, the id of a claim, or {rest_of: claim}"
ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


def read(path: Path) -> tuple[AnyComparison, ...]:
    """Comparisons of a file, in its order.

    Parameters
    ----------
    path : Path
        A YAML file with `comparisons`, and maybe `assumptions`: sets of sentences that comparisons refer to by name.

    Raises
    ------
    InputError
        With every fault of the file: the comparison, the key, what was found, what is allowed.
    """
    return comparisons(read_yaml(path), path.name)


def comparisons(document: object, where: str = "comparisons.yaml") -> tuple[AnyComparison, ...]:
    """Comparisons of a parsed document; `where` names it in messages.

    Raises
    ------
    InputError
        With every fault of the document.
    """
    if not isinstance(document, Mapping):
        raise InputError(f"{where}: must be a mapping with the key `comparisons`")
    strange = [str(key) for key in document if key not in ("comparisons", "assumptions")]
    faults = [f"{name}: is not a known key. Use `comparisons` and `assumptions`" for name in strange]
    sets, more = _sets(document.get("assumptions") or {})
    faults += more
    made: list[AnyComparison] = []
    entries = document.get("comparisons") or []
    if not isinstance(entries, list):
        raise InputError(f"{where}, comparisons: must be a list")
    for number, raw in enumerate(entries, start=1):
        one, wrong = _comparison(raw, sets)
        name = raw.get("id") if isinstance(raw, Mapping) else None
        faults += [f"comparison {number}{f' ({name})' if name else ''}{fault}" for fault in wrong]
        made += [one] if one else []
    ids = [one.id for one in made]
    faults += [
        f"id {name!r} names {ids.count(name)} comparisons: give each its own"
        for name in sorted(set(ids))
        if ids.count(name) > 1
    ]
    if faults:
        raise InputError(
            f"{len(faults)} fault(s) in {where}; nothing was run:\n" + "\n".join(f"  {line}" for line in faults)
        )
    return tuple(made)


def comparison(raw: Mapping[str, Any]) -> AnyComparison:
    """One comparison from a mapping, as `plain` gives it or as a file says it.

    Raises
    ------
    InputError
        With every fault of it.
    """
    made, faults = _comparison(raw, {})
    if made is None:
        raise InputError(f"comparison {raw.get('id', 'without an id')!r}" + "; ".join(faults).replace("; , ", "; "))
    return made


def designs(entries: Iterable[Mapping[str, Any]], where: str = "design") -> tuple[DesignCheck, ...]:
    """Sample-size checks from mappings; `where` names their list in messages.

    Raises
    ------
    InputError
        With every fault of them.
    """
    made, faults = [], []
    for number, raw in enumerate(entries, start=1):
        one, wrong = _parsed(DesignCheck, raw)
        faults += [f"{where}, entry {number}{fault}" for fault in wrong]
        made += [one] if one else []
    if faults:
        raise InputError("\n".join(faults))
    return tuple(made)


def plain(entry: AnyComparison | DesignCheck) -> dict[str, Any]:
    """The entry in plain types, without what has its default: `comparison` reads it back."""
    kind: type = type(entry)
    made: dict[str, Any] = _adapter(kind).dump_python(entry, mode="json", exclude_defaults=True)
    return {"kind": entry.kind, **made} if isinstance(entry, Comparison) else made


def _sets(raw: object) -> tuple[dict[str, list[str]], list[str]]:
    """Named sets of assumptions, and their faults."""
    if not isinstance(raw, Mapping):
        return {}, ["assumptions: must be a mapping of names to sentences"]
    made, faults = {}, []
    for name, said in raw.items():
        sentences = [said] if isinstance(said, str) else said
        if (
            not isinstance(sentences, list)
            or not sentences
            or not all(isinstance(one, str) and one for one in sentences)
        ):
            faults.append(f"assumptions, {name}: must be a sentence, or a list of them")
        elif not ID.fullmatch(str(name)):
            faults.append(f"assumptions, {name}: a name has lower case letters, digits, _ and -")
        else:
            made[str(name)] = sentences
    return made, faults


def _comparison(raw: object, sets: Mapping[str, list[str]]) -> tuple[AnyComparison | None, list[str]]:
    if not isinstance(raw, Mapping):
        return None, [": must be a mapping of keys to values"]
    if raw.get("kind") not in KINDS:
        found = f"{raw['kind']!r} is not a kind" if "kind" in raw else "is missing"
        return None, [f", kind: {found}. Use one of: {', '.join(KINDS)}"]
    said, faults = _assumed(raw.get("assumptions"), sets)
    if faults and not said:
        said = ["not known"]  # One fault for the name of a set is enough.
    made, more = _parsed(KINDS[raw["kind"]], {**raw, **({"assumptions": said} if said else {})})
    return (made if not faults else None), [*faults, *more]


def _assumed(raw: object, sets: Mapping[str, list[str]]) -> tuple[list[Any], list[str]]:
    """Sentences of an entry: a word by itself is the name of a set, anything else a sentence."""
    said: list[Any] = []
    faults = []
    for one in raw if isinstance(raw, list) else [raw] if isinstance(raw, str) else []:
        if isinstance(one, str) and ID.fullmatch(one):
            if one not in sets:
                faults.append(
                    f", assumptions: there is no set {one!r}. Use one of: {', '.join(sets) or 'none is defined'}"
                )
            said += sets.get(one, [])
        else:
            said.append(one)
    return said, faults


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _parsed(kind: type, raw: object) -> tuple[Any, list[str]]:
    """The object, or None and its faults. Read as JSON, in which lists and whole numbers are what they are in YAML."""
    try:
        return _adapter(kind).validate_json(json.dumps(raw, default=str)), []
    except ValidationError as error:
        return None, list(dict.fromkeys(_faults(kind, error.errors())))


def _faults(kind: type, errors: Sequence[ErrorDetails]) -> Iterator[str]:
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # Only the items that are faults by themselves are missing.
        place, tried = _place(error["loc"])
        found = "" if error["type"] in ("missing", "value_error") else f", found {_shown(error['input'])}"
        yield f"{''.join(f', {part}' for part in place)}: {ANY_SHARE if tried else _words(kind, error, place)}{found}"


def _words(kind: type, error: ErrorDetails, place: Sequence[str]) -> str:
    near = ""
    if error["type"] == "unexpected_keyword_argument" and len(place) == 1:
        near = f". Use: {', '.join(one.name for one in fields(kind))}"  # type: ignore[arg-type]
    return WORDS.get(error["type"], error["msg"]).format(**{"near": near, **error.get("ctx", {})})


def _place(loc: Sequence[str | int]) -> tuple[list[str], bool]:
    """Keys that lead to a fault, items counted from 1; and whether it is one of several types that were tried."""
    made: list[str] = []
    for part in loc:
        if isinstance(part, str) and (part.startswith("constrained-") or part == RestOf.__name__):
            return made, True
        made.append(f"item {part + 1}" if isinstance(part, int) else part)
    return made, False


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
