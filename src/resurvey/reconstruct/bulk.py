"""Many arms at once, rebuilt in batches from separate random streams, and pairs compared with their published ratio."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey import seeds
from resurvey.errors import InputError, NotEstimable, ResurveyError
from resurvey.reconstruct.curve import from_curve
from resurvey.reconstruct.formats import read_kmdata
from resurvey.reconstruct.result import Reconstruction
from resurvey.reconstruct.two_curves import detect_exchanged_arms
from resurvey.survival import cox, proportionality

#: Words in an arm's name that mark the usual reference group of a published hazard ratio.
REFERENCE_WORDS = frozenset(["placebo", "pbo", "plc", "control", "observation", "standard", "deferred", "delayed"])
REFERENCE_NAMES = frozenset(["physicians_choice", "follow_up_only"])
OUTCOME_COLUMNS = ["status", "reason", "n", "events", "facts", "facts_held", "repairs"]
KEY_FILE = "kmdata_key.rda"
PAIR_COLUMNS = [
    "set_id",
    "status",
    "reason",
    "cancer",
    "outcome",
    "time_unit",
    "first",
    "second",
    "n_first",
    "n_second",
    "events_first",
    "events_second",
    "median_first",
    "median_second",
    "hr_first_vs_second",
    "hr_first_vs_second_lower",
    "hr_first_vs_second_upper",
    "hr_second_vs_first",
    "hr_second_vs_first_lower",
    "hr_second_vs_first_upper",
    "proportionality_p",
    "published_hr",
    "nearest",
    "log_hr_difference",
    "published_in_interval",
    "reference",
    "reference_from",
    "log_hr_difference_named",
    "exchanged",
    "exchanged_message",
]


@dataclass(frozen=True)
class ArmCurve:
    """Input for one arm: a name (also of its random stream), the curve, patients, and what else was printed.

    Attributes
    ----------
    name : str
        Unique in the collection; the arm's random stream is derived from it.
    times, survival : (k,) ndarray
        Digitised points, times in any one unit.
    n : int
        Number of patients.
    at_risk_times, at_risk : (r,) ndarray, optional
    events : int, optional
    notes : tuple of str
        Decisions made in reading the files, in words; reported with the repairs.
    """

    name: str
    times: np.ndarray
    survival: np.ndarray
    n: int
    at_risk_times: np.ndarray | None = None
    at_risk: np.ndarray | None = None
    events: int | None = None
    notes: tuple[str, ...] = ()

    def rebuild(self, *, rng: np.random.Generator, replicates: int = 1) -> Reconstruction:
        """Rebuild the patients of the arm; errors as for `from_curve`."""
        made = from_curve(
            self.times,
            self.survival,
            n=self.n,
            at_risk_times=self.at_risk_times,
            at_risk=self.at_risk,
            events=self.events,
            replicates=replicates,
            rng=rng,
        )
        return replace(made, repairs=[*self.notes, *made.repairs]) if self.notes else made


def batches(names: Iterable[str], size: int) -> list[list[str]]:
    """Names in sorted order, `size` per batch (the last may be shorter).

    Raises
    ------
    InputError
        If the size is below 1 or a name is repeated.
    """
    ordered = sorted(names)
    if size < 1:
        raise InputError(f"a batch must hold at least 1 arm, found size {size}")
    repeated = sorted({name for name, after in itertools.pairwise(ordered) if name == after})
    if repeated:
        raise InputError(f"names must differ, since each gives a random stream; repeated: {', '.join(repeated[:5])}")
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def batches_of_folder(folder: Path, size: int) -> dict[str, list[str]]:
    """Sets (`.rda`) of a KMDATA folder in batches named 001, 002 and so on; the collection's key is not a set.

    Raises
    ------
    InputError
        If the folder holds no set.
    """
    names = [path.name for path in folder.glob("*.rda") if path.name != KEY_FILE]
    if not names:
        raise InputError(f"{folder}: no .rda set in this folder: check the config key reconstruction/kmdata/folder")
    return {
        f"{number:03d}": [f"{folder}/{name}" for name in batch]
        for number, batch in enumerate(batches(names, size), start=1)
    }


def rebuild_arm(arm: ArmCurve, *, seed: int, replicates: int = 1) -> Reconstruction:
    """Rebuild one arm from a random stream that depends only on the seed and the arm's name.

    Raises
    ------
    InputError, InconsistentReport, NotEstimable
        As `from_curve`.
    """
    return arm.rebuild(rng=seeds.generator(seed, "reconstruct", arm.name), replicates=replicates)


def outcome(made: Reconstruction | ResurveyError) -> dict[str, object]:
    """Cells that describe the result for an arm: rebuilt, with the facts that hold, or refused, with the reason."""
    if isinstance(made, ResurveyError):
        return {"status": "refused", "reason": str(made)}
    held = made.accuracy["holds"]
    return {
        "status": "rebuilt",
        "reason": "",
        "n": made.n,
        "events": int(made.events[0]),
        "facts": len(held),
        "facts_held": int(held.sum()),
        "repairs": "; ".join(made.repairs),
    }


def compare_files(paths: Iterable[str | Path], key: pd.DataFrame) -> pd.DataFrame:
    """Make one row per KMDATA set, readable or not, with its ratio in both directions beside the published one.

    Parameters
    ----------
    paths : iterable of path
        `.rda` sets.
    key : DataFrame
        The collection's key (`read_kmdata_key`). It holds the published ratio, but neither its confidence
        interval nor its direction: arms are listed alphabetically.

    Returns
    -------
    DataFrame with the columns `PAIR_COLUMNS`, ordered by set_id

    Raises
    ------
    InputError
        If the key has no set of that name.
    """
    known = {key_name(str(row["name"])): row for row in key.to_dict("records")}
    rows = []
    for path in sorted(Path(path) for path in paths):
        facts = known.get(key_name(path.stem))
        try:
            if facts is None:
                raise InputError(f"{path.name}: the key has no set of this name, so there is no published ratio")
            rows.append(compare_pair(read_kmdata(path), facts))
        except ResurveyError as error:
            rows.append({"status": "refused", "reason": str(error)})
        rows[-1]["set_id"] = path.stem
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)


def key_name(name: str) -> str:
    """Name of a set as written in the key: R puts an X before file names that start with a digit."""
    return name[1:] if re.match(r"X\d", name) else name


def compare_pair(arms: Mapping[str, Reconstruction], facts: Mapping[str, object]) -> dict[str, object]:
    """Cox ratio of two arms in both directions, events, medians and proportionality, beside the published ratio.

    Parameters
    ----------
    arms : mapping of name to Reconstruction
        Two arms.
    facts : mapping
        Row of the key: HazardRatio, Units, Outcome, Cancer.

    Raises
    ------
    InputError
        If there are not two arms.
    NotEstimable
        If an arm has no events or the ratio is not finite.
    """
    if len(arms) != 2:
        raise InputError(f"expected two arms, found {len(arms)}: {', '.join(arms)}")
    first, second = sorted(arms)
    row = _described(arms, first, second, facts)
    row |= _ratios(arms[first], arms[second])
    published = pd.to_numeric(facts.get("HazardRatio"), errors="coerce")
    if not (np.isfinite(published) and published > 0):
        return {**row, "reason": "the key gives no hazard ratio"}
    return row | _beside(arms, first, second, row, float(published))


def _described(
    arms: Mapping[str, Reconstruction], first: str, second: str, facts: Mapping[str, object]
) -> dict[str, object]:
    row: dict[str, object] = {"status": "compared", "reason": "", "first": first, "second": second}
    named = (("cancer", "Cancer"), ("outcome", "Outcome"), ("time_unit", "Units"))
    row |= {column: "" if pd.isna(facts.get(name)) else str(facts[name]) for column, name in named}
    for side, name in (("first", first), ("second", second)):
        median = arms[name].kaplan_meier().quantile()
        row[f"n_{side}"], row[f"events_{side}"] = arms[name].n, int(arms[name].events[0])
        # an empty cell: the curve does not reach one half
        row[f"median_{side}"] = median if np.isfinite(median) else np.nan
    return row


def _ratios(first: Reconstruction, second: Reconstruction) -> dict[str, object]:
    sides = [arm.replicate(0) for arm in (first, second)]
    time, event = (np.concatenate([side[name].to_numpy() for side in sides]) for name in ("time", "event"))
    ours = cox(time, event, np.repeat([1, 0], [len(side) for side in sides]))
    try:
        p = proportionality(time, event, np.repeat([1, 0], [len(side) for side in sides])).p
    except NotEstimable:
        p = np.nan
    return {
        "hr_first_vs_second": ours.hr,
        "hr_first_vs_second_lower": ours.lower,
        "hr_first_vs_second_upper": ours.upper,
        "hr_second_vs_first": 1 / ours.hr,
        "hr_second_vs_first_lower": 1 / ours.upper,
        "hr_second_vs_first_upper": 1 / ours.lower,
        "proportionality_p": p,
    }


def _beside(
    arms: Mapping[str, Reconstruction], first: str, second: str, row: Mapping[str, object], published: float
) -> dict[str, object]:
    names = ("first_vs_second", "second_vs_first")
    differences = {name: float(np.log(float(str(row[f"hr_{name}"])) / published)) for name in names}
    nearest = min(names, key=lambda name: abs(differences[name]))
    low, high = (float(str(row[f"hr_{nearest}_{side}"])) for side in ("lower", "upper"))
    cells: dict[str, object] = {
        "published_hr": published,
        "nearest": nearest,
        "log_hr_difference": differences[nearest],
        "published_in_interval": "yes" if low <= published <= high else "no",
    }
    reference, why = reference_arm(first, second)
    if not reference:
        return {**cells, "exchanged": "not told", "exchanged_message": why}
    treated = first if reference == second else second
    found = detect_exchanged_arms(arms[treated], arms[reference], published)
    words = {True: "yes", False: "no", None: "not told"}
    return cells | {
        "reference": reference,
        "reference_from": why,
        "log_hr_difference_named": differences[names[0] if treated == first else names[1]],
        "exchanged": words[found.exchanged],
        "exchanged_message": found.message,
    }


def reference_arm(first: str, second: str) -> tuple[str, str]:
    """The usual reference arm of a published ratio, judged by the names of two arms, and the reason.

    An arm named as a control (placebo, observation, no treatment) if the other is not, or an arm whose parts are all
    among those of the other (folfiri v panitumumab_folfiri). Empty if the names do not decide.
    """
    for name, other in ((first, second), (second, first)):
        if _is_control(name) and not _is_control(other):
            return name, f"{name!r} is named as a control"
    for name, other in ((first, second), (second, first)):
        if _parts(name) < _parts(other):
            return name, f"{other!r} adds to {name!r}"
    return "", "the names of the arms do not tell which one the ratio is against"


def _parts(name: str) -> frozenset[str]:
    return frozenset(re.split(r"[_\s+-]+", name.lower()))


def _is_control(name: str) -> bool:
    lowered = name.lower()
    return lowered in REFERENCE_NAMES or bool(_parts(name) & REFERENCE_WORDS) or lowered.startswith(("no_", "no "))


def summarise(table: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """Summary of a collected table: how many sets were compared, how near the published ratios are, what looks wrong.

    Parameters
    ----------
    table : DataFrame
        Rows of `compare_files`.
    key : DataFrame
        The collection's key, for the sets whose file is missing.

    Returns
    -------
    DataFrame, columns item, count, of, share (0 to 1; empty where it does not apply)
    """
    done = table[table["status"] == "compared"]
    rated = done[done["published_hr"].notna()]
    ratio = np.exp(rated["log_hr_difference"].astype(float).abs())
    told = rated[rated["reference"].fillna("") != ""]
    named = np.exp(told["log_hr_difference_named"].astype(float).abs())
    telling = told[told["exchanged"] != "not told"]
    tested = done[done["proportionality_p"].notna()]
    lines: list[tuple[str, int, int]] = [
        ("sets of the key with a file at hand", len(table), len(key)),
        ("sets compared", len(done), len(table)),
        ("sets refused with a reason", len(table) - len(done), len(table)),
        ("compared sets with a published ratio", len(rated), len(done)),
        ("within 5 % of the published ratio, in the nearer direction", int((ratio <= 1.05).sum()), len(rated)),
        ("within 10 % of the published ratio, in the nearer direction", int((ratio <= 1.10).sum()), len(rated)),
        ("published ratio inside our 95 % interval", int((rated["published_in_interval"] == "yes").sum()), len(rated)),
        ("direction told by the names of the arms", len(told), len(rated)),
        ("within 5 % of the published ratio, in the named direction", int((named <= 1.05).sum()), len(told)),
        ("within 10 % of the published ratio, in the named direction", int((named <= 1.10).sum()), len(told)),
        (
            "arms look exchanged, or the ratio is of the control",
            int((telling["exchanged"] == "yes").sum()),
            len(telling),
        ),
        ("proportional hazards rejected at p < 0.05", int((tested["proportionality_p"] < 0.05).sum()), len(tested)),
    ]
    shares = [count / whole if whole else np.nan for _, count, whole in lines]
    return pd.DataFrame(lines, columns=["item", "count", "of"]).assign(share=shares)


def batch_places(arms: int, batch: str) -> list[int]:
    """Indices of the arms in batch `i/k`: every k-th from the i-th, so that batches are of similar size.

    Raises
    ------
    InputError
        If the batch is not i/k with whole numbers 1 <= i <= k.
    """
    match = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", batch)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"batch is {batch!r}, expected i/k with 1 <= i <= k, for example 2/7")
    return list(range(int(match[1]) - 1, arms, int(match[2])))
