"""The plan of an analysis: its comparisons and sample-size checks as typed objects, parsed once.

Each kind of comparison is a frozen dataclass. Files and mappings are parsed here, and all faults are reported together;
the rest of the package receives objects and raises errors in terms of arguments. `resurvey.plan_check` compares a plan
with the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic.dataclasses import dataclass as checked

from resurvey.errors import InputError, plural
from resurvey.plan_bases import CONFIG, Comparison, Group, Id, Months
from resurvey.plan_over_time import ExtrapolationComparison, TimedComparison
from resurvey.plan_parse import adapter, parsed
from resurvey.plan_patients import Mix, PatientComparison, Progressed, RestOf, Strata, Variation
from resurvey.plan_printed import (
    Alternative,
    Bayes,
    BucherComparison,
    CountComparison,
    CountPair,
    MedianPair,
    MultiArm,
    NetworkComparison,
    PoolComparison,
    RateComparison,
    RatioComparison,
)
from resurvey.yamlfile import read_yaml

__all__ = [
    "Alternative",
    "AnyComparison",
    "Bayes",
    "BucherComparison",
    "Comparison",
    "CountComparison",
    "CountPair",
    "DesignCheck",
    "ExtrapolationComparison",
    "Group",
    "MedianPair",
    "Mix",
    "MultiArm",
    "NetworkComparison",
    "PatientComparison",
    "Plan",
    "PoolComparison",
    "PrintedComparison",
    "Progressed",
    "RateComparison",
    "RatioComparison",
    "RestOf",
    "Strata",
    "TimedComparison",
    "Variation",
    "comparison",
    "comparisons",
    "designs",
    "plain",
    "read",
]

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
    """A sample-size statement to be checked.

    Attributes
    ----------
    id : str
        Name of its results.
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
    """Analyses requested: comparisons, in the order of presentation, and sample-size checks."""

    comparisons: tuple[AnyComparison, ...] = ()
    designs: tuple[DesignCheck, ...] = ()


ID = re.compile(r"[a-z0-9][a-z0-9_-]*")
KINDS: dict[str, type[Comparison]] = {kind.kind: kind for kind in get_args(AnyComparison)}


def read(path: Path) -> tuple[AnyComparison, ...]:
    """Read the comparisons of a file, in order.

    Parameters
    ----------
    path : Path
        A YAML file with `comparisons` and, optionally, `assumptions`: named sets of sentences for use in comparisons.

    Raises
    ------
    InputError
        With every fault of the file: the comparison, the key, what was found, what is allowed.
    """
    return comparisons(read_yaml(path), path.name)


def comparisons(document: object, where: str = "comparisons.yaml") -> tuple[AnyComparison, ...]:
    """Make the comparisons of a parsed document; `where` names it in messages.

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
            f"{plural(len(faults), 'fault')} in {where}; nothing was run:\n" + "\n".join(f"  {line}" for line in faults)
        )
    return tuple(made)


def comparison(raw: Mapping[str, Any]) -> AnyComparison:
    """Make one comparison from a mapping, as returned by `plain` or read from a file.

    Raises
    ------
    InputError
        With every fault of the comparison.
    """
    entry, faults = _comparison(raw, {})
    if entry is None:
        raise InputError(f"comparison {raw.get('id', 'without an id')!r}" + "; ".join(faults).replace("; , ", "; "))
    return entry


def designs(entries: Iterable[Mapping[str, Any]], where: str = "design") -> tuple[DesignCheck, ...]:
    """Make sample-size checks from mappings; `where` names their list in messages.

    Raises
    ------
    InputError
        With every fault of the checks.
    """
    checks, faults = [], []
    for number, raw in enumerate(entries, start=1):
        one, wrong = parsed(DesignCheck, raw)
        faults += [f"{where}, entry {number}{fault}" for fault in wrong]
        checks += [one] if one else []
    if faults:
        raise InputError("\n".join(faults))
    return tuple(checks)


def plain(entry: AnyComparison | DesignCheck) -> dict[str, Any]:
    """Convert an entry to plain types, omitting default values: `comparison` reads it back."""
    kind: type = type(entry)
    mapping: dict[str, Any] = adapter(kind).dump_python(entry, mode="json", exclude_defaults=True)
    return {"kind": entry.kind, **mapping} if isinstance(entry, Comparison) else mapping


def _sets(raw: object) -> tuple[dict[str, list[str]], list[str]]:
    """Named sets of assumptions, and their faults."""
    if not isinstance(raw, Mapping):
        return {}, ["assumptions: must be a mapping of names to sentences"]
    sets, faults = {}, []
    for name, value in raw.items():
        sentences = [value] if isinstance(value, str) else value
        if (
            not isinstance(sentences, list)
            or not sentences
            or not all(isinstance(one, str) and one for one in sentences)
        ):
            faults.append(f"assumptions, {name}: must be a sentence, or a list of them")
        elif not ID.fullmatch(str(name)):
            faults.append(f"assumptions, {name}: a name has lower case letters, digits, _ and -")
        else:
            sets[str(name)] = sentences
    return sets, faults


def _comparison(raw: object, sets: Mapping[str, list[str]]) -> tuple[AnyComparison | None, list[str]]:
    if not isinstance(raw, Mapping):
        return None, [": must be a mapping of keys to values"]
    if raw.get("kind") not in KINDS:
        found = f"{raw['kind']!r} is not a kind" if "kind" in raw else "is missing"
        return None, [f", kind: {found}. Use one of: {', '.join(KINDS)}"]
    assumptions, faults = _assumed(raw.get("assumptions"), sets)
    if faults and not assumptions:
        assumptions = ["not known"]  # One fault per name of a set is enough.
    entry, more = parsed(KINDS[raw["kind"]], {**raw, **({"assumptions": assumptions} if assumptions else {})})
    return (entry if not faults else None), [*faults, *more]


def _assumed(raw: object, sets: Mapping[str, list[str]]) -> tuple[list[Any], list[str]]:
    """Sentences of an entry, and faults: a single word is the name of a set, anything else a sentence."""
    sentences: list[Any] = []
    faults = []
    for one in raw if isinstance(raw, list) else [raw] if isinstance(raw, str) else []:
        if isinstance(one, str) and ID.fullmatch(one):
            if one not in sets:
                there = f"the sets are {', '.join(sets)}" if sets else "the file defines none"
                faults.append(f", assumptions: there is no set {one!r} ({there}). Name a set, or write a sentence")
            sentences += sets.get(one, [])
        else:
            sentences.append(one)
    return sentences, faults
