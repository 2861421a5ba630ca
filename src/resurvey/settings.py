"""Check that everything named in config.yaml is in the tables: documents, studies, subgroups, KMDATA sets.

Comparisons and sample-size checks are checked against the tables by `resurvey.plan_check`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey import reported
from resurvey.conclusions import Conclusion
from resurvey.errors import InputError
from resurvey.own_files import templates
from resurvey.places import check_file
from resurvey.provenance import ROOT
from resurvey.reconstruct.kinds import read_shapes

Tables = Mapping[str, pd.DataFrame]
PACKAGE_TEMPLATES = ROOT / "report" / "templates"


def faults_of_settings(config: Mapping[str, Any], raw: Tables, folder: Path | None = None) -> list[str]:
    """List everything that the config names and the tables do not have.

    Parameters
    ----------
    config : mapping
        A config that has passed its schema.
    raw : mapping of DataFrame
        Raw tables as text, checked.
    folder : Path, optional
        Folder that paths in the config are relative to; if it is not given, files are not looked for.

    Returns
    -------
    list of str
        One line per fault, with the key, what was found and what is known; empty if there is no fault.
    """
    return [
        *_unknown("audit/pages", config["audit"]["pages"], raw["sources"]["source_id"], "sources.csv"),
        *_studies(config["reconstruction"]["studies"], raw),
        *_partitions(config, raw),
        *_kmdata(config["reconstruction"].get("kmdata") or {}, raw, folder),
        *_conclusions(config.get("report", {}).get("conclusions") or [], raw),
        *([] if folder is None else [*_shapes(config, folder), *_templates(config, folder)]),
    ]


def _shapes(config: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Faults in the project's own table of hazard shapes."""
    name = config["reconstruction"].get("shapes")
    if not name:
        return
    try:
        check_file(folder / name, folder)
        read_shapes(folder / name)
    except InputError as error:
        yield f"reconstruction/shapes: {error}"


def _templates(config: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Report a missing folder of templates, and templates that would never be used."""
    named = config.get("report", {}).get("templates")
    if named and not (folder / named).is_dir():
        yield f"report/templates: there is no folder {named!r}; leave the key out if there are none"
    known = sorted(path.name for path in PACKAGE_TEMPLATES.iterdir())
    own = templates(config, folder)
    for path in own:
        others = b"".join(one.read_bytes() for one in own if one != path and one.is_file())
        if path.name not in known and path.name.encode() not in others:
            near = difflib.get_close_matches(path.name, known, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else f" (there are {', '.join(known)})"
            yield f"report/templates: no template is called {path.name!r}, and none includes it{meant}"


def rebuilt(config: Mapping[str, Any]) -> list[str]:
    """Studies with patient data in a run: those to be reconstructed, and those of KMDATA if its folder is given."""
    kmdata = config["reconstruction"].get("kmdata") or {}
    given = [one["study"] for one in kmdata.get("sets", ())] if kmdata.get("folder") else []
    return list(dict.fromkeys([*config["reconstruction"]["studies"], *given]))


def _conclusions(entries: Sequence[Mapping[str, Any]], raw: Tables) -> Iterator[str]:
    """Printed numbers that a conclusion names but that are in no table."""
    known = {name for table in raw.values() if "claim_id" in table for name in table["claim_id"]}
    for number, entry in enumerate(entries, start=1):
        ids = Conclusion(entry["says"], entry.get("claims", ())).ids
        if not ids:
            yield f"report/conclusions, entry {number}: names no claim: put an id in braces or under `claims`"
        yield from _unknown(f"report/conclusions, entry {number}", list(ids), known, "the tables")


def unknown(key: str, name: str, known: Iterable[str], place: str) -> str:
    """Message for a name that a table does not have, with the closest name that it has."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    known_ones = f" (it has {', '.join(names[:8])}{' ...' if len(names) > 8 else ''})" if not near else ""
    return f"{key}: {name!r} is not in {place}{meant}{known_ones}"


def _unknown(key: str, names: Iterable[str], known: Iterable[str], place: str) -> Iterator[str]:
    there = set(known)
    return (unknown(key, name, there, place) for name in names if name not in there)


def _studies(studies: Iterable[str], raw: Tables) -> Iterator[str]:
    known = set(raw["studies"]["study_id"])
    endpoints = raw["endpoints"]
    timed = set(endpoints.loc[endpoints["family"] == "time_to_event", "endpoint"])
    medians = raw["medians"]
    rebuilt = {*medians.loc[medians["endpoint"].isin(timed), "study_id"], *raw["curves"]["study_id"]}
    for study in studies:
        if study not in known:
            yield unknown("reconstruction/studies", study, known, "studies.csv")
        elif study not in rebuilt:
            rule = (
                "has neither a curve nor a median of a time-to-event endpoint (medians.csv), so nothing can be rebuilt"
            )
            yield f"reconstruction/studies: {study!r} {rule}"


def _partitions(config: Mapping[str, Any], raw: Tables) -> Iterator[str]:
    for study, sets in config["reconstruction"].get("partitions", {}).items():
        key = f"reconstruction/partitions/{study}"
        if study not in set(raw["studies"]["study_id"]):
            yield unknown("reconstruction/partitions", study, raw["studies"]["study_id"], "studies.csv")
            continue
        if study not in config["reconstruction"]["studies"]:
            yield f"{key}: the study is not among reconstruction/studies, so its partitions have no use"
        medians = raw["medians"][raw["medians"]["study_id"] == study]
        known = set(medians["population"]) | set(raw["curves"].loc[raw["curves"]["study_id"] == study, "population"])
        for names in sets:
            if isinstance(names, Mapping):  # arms that make up a pooled arm
                arms = [names["whole"], *names["arms"]]
                own = raw["arms"].loc[raw["arms"]["study_id"] == study, "arm_id"]
                yield from _unknown(key, arms, {*own, "all"}, f"arms.csv as an arm of {study}")
                continue
            missing = list(_unknown(key, names, known, f"medians.csv as a population of {study}"))
            yield from missing
            if not missing:
                yield from _sizes(key, names, raw["arms"][raw["arms"]["study_id"] == study])


def _sizes(key: str, names: list[str], arms: pd.DataFrame) -> Iterator[str]:
    """Sets whose printed sizes do not add up to their arm: some patients would be in two groups, or in none."""
    for arm, rows in arms.groupby("arm_id", sort=True):
        sizes = {name: _numbers(rows.loc[rows["population"] == name, "n"]) for name in (*names, "all")}
        if any(len(found) != 1 for found in sizes.values()):
            continue  # not printed, or inconsistent between places: left to the audit
        total, whole = sum(sizes[name][0] for name in names), sizes["all"][0]
        if total != whole:
            shown = " + ".join(f"{sizes[name][0]:g} ({name})" for name in names)
            rule = f"{shown} are {total:g}, not the {whole:g} patients of {arm}"
            yield f"{key}: {rule}: not every patient is in one group"


def _numbers(cells: Iterable[str]) -> list[float]:
    """The distinct numbers printed in the cells."""
    found = {reported.parse(cell).value for cell in cells if cell}
    return sorted(number for number in found if math.isfinite(number))


def _kmdata(settings: Mapping[str, Any], raw: Tables, folder: Path | None) -> Iterator[str]:
    place = settings.get("folder")
    there = None if folder is None or not place else folder / place
    if there is not None and not there.is_dir():
        yield f"reconstruction/kmdata/folder: there is no folder {place!r}; null leaves the collection out"
        there = None
    arms = set(zip(raw["arms"]["study_id"], raw["arms"]["arm_id"], strict=True))
    for one in settings.get("sets", ()):
        key = f"reconstruction/kmdata/sets, {one['file']}"
        yield from _unknown(key, [one["study"]], raw["studies"]["study_id"], "studies.csv")
        yield from _unknown(key, [one["endpoint"]], raw["endpoints"]["endpoint"], "endpoints.csv")
        for arm in one["arms"].values():
            if (one["study"], arm) not in arms:
                yield unknown(key, arm, [name for study, name in arms if study == one["study"]], "arms.csv")
        if there is not None and not (there / f"{one['file']}.rda").is_file():
            yield f"{key}: there is no file {one['file']}.rda in {place}"
