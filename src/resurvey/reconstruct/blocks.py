"""An ensemble in blocks of replicates: each has its own random streams and can be rebuilt separately, then joined.

Steps that link replicates stay within a block: the choice among spare replicates by a printed ratio, the combination of
subgroups, and the redrawing of replicates that could not be placed. The results therefore depend on the size of a
block, as they do on the seed, but not on how many jobs or machines share the blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from resurvey.jobs import BLOCK, block_sizes
from resurvey.montecarlo import replicates_wanted
from resurvey.reconstruct.result import tally, with_tally
from resurvey.reconstruct.study import rebuild_study
from resurvey.reconstruct.study_tables import ARM_COLUMNS, RebuiltStudy, binding_numbers, ensemble_numbers
from resurvey.tables import Tables

PARTS = ("patients", "accuracy", "facts")


def rebuild_blocks(
    typed: Tables,
    study_id: str,
    *,
    replicates: int,
    seed: int,
    block: int = BLOCK,
    which: Iterable[int] | None = None,
    **sources: Any,
) -> dict[int, RebuiltStudy]:
    """Rebuild some blocks of a study's ensemble.

    Parameters
    ----------
    typed, study_id, seed, sources
        As for `rebuild_study`.
    replicates : int
        Replicates in the whole ensemble.
    block : int
        Replicates in a block. A longer ensemble begins with the same blocks.
    which : iterable of int, optional
        Numbers of the blocks, from 0; all by default.

    Returns
    -------
    dict of int to RebuiltStudy
        By block number; `join_blocks` joins them into one study. Replicates are numbered from 0 in each block.
    """
    sizes = block_sizes(replicates, block)
    wanted = range(len(sizes)) if which is None else which
    return {
        number: rebuild_study(typed, study_id, replicates=sizes[number], seed=seed, block=number, **sources)
        for number in wanted
    }


def grown(
    made: Mapping[int, RebuiltStudy],
    typed: Tables,
    study_id: str,
    *,
    replicates: int,
    more: int,
    seed: int,
    block: int = BLOCK,
    **sources: Any,
) -> RebuiltStudy:
    """Join the blocks of a study and add replicates until another draw would not matter.

    The ensemble is large enough when the Monte Carlo error of every arm (`monte_carlo` of its accuracy) is below a
    tenth of its standard error. Otherwise it gets as many replicates as the error asks for, and is then what one gets
    by asking for their total: whole blocks are kept, and the last one, which takes up any remainder, is drawn anew if
    it becomes longer.

    Parameters
    ----------
    made : mapping of int to RebuiltStudy
        All blocks of the study, as from `rebuild_blocks`.
    typed, study_id, seed, block, sources
        As for `rebuild_blocks`.
    replicates, more : int
        Replicates in the blocks, and how many more there may be.
    """
    parts, have = dict(made), replicates
    study = join_blocks(parts)
    while (wanted := min(replicates_wanted(_largest_error(study), have), replicates + more)) > have:
        before, after = block_sizes(have, block), block_sizes(wanted, block)
        anew = [number for number in range(len(after)) if number not in parts or before[number] != after[number]]
        parts |= rebuild_blocks(typed, study_id, replicates=wanted, seed=seed, block=block, which=anew, **sources)
        study, have = join_blocks(parts), wanted
    return study


def _largest_error(study: RebuiltStudy) -> float:
    return float(study.accuracy["monte_carlo"].max()) if "monte_carlo" in study.accuracy else 0.0


def stacked(blocks: Mapping[int, RebuiltStudy]) -> RebuiltStudy:
    """Concatenate blocks into tables whose column `block` says which block a row belongs to."""
    tables = {
        name: [getattr(made, name).assign(block=number) for number, made in sorted(blocks.items())] for name in PARTS
    }
    return RebuiltStudy(**{name: _below(frames) for name, frames in tables.items()})


def unstacked(parts: Sequence[RebuiltStudy]) -> dict[int, RebuiltStudy]:
    """Separate the blocks that `stacked` concatenated, from any number of parts."""
    found = {}
    for part in parts:
        for number in sorted(part.accuracy["block"].unique()):
            tables = {name: getattr(part, name) for name in PARTS}
            own = {name: table[table["block"] == number].drop(columns="block") for name, table in tables.items()}
            found[int(number)] = RebuiltStudy(**{name: table.reset_index(drop=True) for name, table in own.items()})
    return found


def join_blocks(blocks: Mapping[int, RebuiltStudy]) -> RebuiltStudy:
    """Join all blocks of a study, in the order of their numbers.

    An arm counts as rebuilt if it was rebuilt in every block. A rebuilt value is the mean over blocks, weighted by
    replicates; a fact holds if it holds in all blocks.
    """
    parts = [blocks[number] for number in sorted(blocks)]
    if len(parts) == 1:
        return parts[0]
    first = parts[0].accuracy
    by_arm = [_Arms(part) for part in parts]
    rows, patients, facts = [], [], []
    for place, row in enumerate(first.to_dict("records")):
        key = tuple(row[name] for name in ARM_COLUMNS)
        own = [part for part in (arms.of(key) for arms in by_arm) if len(part.accuracy)]
        refused = [part.accuracy.iloc[0] for part in own if part.accuracy.iloc[0]["status"] != "rebuilt"]
        if refused:
            rows.append(refused[0].to_dict())
            continue
        together = _renumbered([part.patients for part in own])
        held = _joined_facts([part.facts for part in own], [int(part.accuracy["replicates"].iloc[0]) for part in own])
        numbers = ensemble_numbers(together) | {"facts": len(held), "facts_held": int(held["holds"].sum())}
        numbers |= binding_numbers(held)
        rows.append(first.iloc[place].to_dict() | numbers | _joined_words([part.accuracy.iloc[0] for part in own]))
        patients.append(together)
        facts.append(held)
    return RebuiltStudy(
        patients=_below([*patients, parts[0].patients.iloc[:0]]),
        accuracy=pd.DataFrame(rows, columns=first.columns),
        facts=_below([*facts, parts[0].facts.iloc[:0]]),
    )


def _below(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenated tables; empty ones do not affect the types of the columns."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]


class _Arms:
    """The tables of a block, with the places of each arm's rows."""

    def __init__(self, block: RebuiltStudy) -> None:
        self.tables = {name: getattr(block, name) for name in PARTS}
        # the columns may be categories, whose values would otherwise be compared one by one for every arm
        self.places = {
            name: table.groupby(ARM_COLUMNS, sort=False, observed=True).indices for name, table in self.tables.items()
        }

    def of(self, key: tuple[str, ...]) -> RebuiltStudy:
        """The rows of one arm; none if only the first block has it (an arm rebuilt by others)."""
        none = np.empty(0, dtype=np.intp)
        return RebuiltStudy(*(table.iloc[self.places[name].get(key, none)] for name, table in self.tables.items()))


def _renumbered(patients: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Patients of all blocks, with replicates numbered consecutively."""
    before = 0
    numbered = []
    for rows in patients:
        numbered.append(rows.assign(replicate=rows["replicate"] + before))
        before += int(rows["replicate"].nunique())
    return pd.concat(numbered, ignore_index=True)


def _joined_words(rows: Sequence[pd.Series]) -> dict[str, str]:
    """Repairs and what remained undetermined, each sentence once."""
    found = {}
    for column in ("repairs", "undetermined"):
        said = [sentence for row in rows for sentence in str(row[column]).split("; ") if sentence]
        found[column] = "; ".join(dict.fromkeys(said))
    return found


def _joined_facts(facts: Sequence[pd.DataFrame], weights: Sequence[int]) -> pd.DataFrame:
    """One row per fact from one row per block, in the order in which the facts first occur."""
    of_fact: dict[tuple[str, ...], list[tuple[dict[str, Any], int]]] = {}
    for table, weight in zip(facts, weights, strict=True):
        for row in table.to_dict("records"):
            key = tuple(str(row[name]) for name in ("kind", "time_months", "limit", "claim_id"))
            of_fact.setdefault(key, []).append((row, weight))
    return pd.DataFrame([_joined_fact(rows) for rows in of_fact.values()], columns=facts[0].columns)


def _joined_fact(rows: Sequence[tuple[dict[str, Any], int]]) -> dict[str, Any]:
    row = dict(rows[0][0])
    value = np.array([float(own["rebuilt"]) for own, _ in rows])
    weight = np.array([weight for _, weight in rows], dtype=float)
    finite = np.isfinite(value)
    row["rebuilt"] = float(np.average(value[finite], weights=weight[finite])) if finite.any() else float(value[0])
    printed = float(row["printed"])
    apart = row["rebuilt"] - printed if np.isfinite(printed) else np.nan
    row["difference"] = 0.0 if row["rebuilt"] == printed else apart
    row["holds"] = all(bool(own["holds"]) for own, _ in rows)
    row["note"] = _joined_note([own for own, _ in rows])
    row["held"] = sum(int(own["held"]) for own, _ in rows)
    row["replicates"] = sum(int(own["replicates"]) for own, _ in rows)
    return row


def _joined_note(rows: Sequence[Mapping[str, Any]]) -> str:
    """The note, with the count of replicates that hold over all blocks if a block's note has such a count."""
    notes = [str(row["note"]) for row in rows]
    tallies = [tally(int(row["held"]), int(row["replicates"])) for row in rows]
    counted = [(note, said) for note, said in zip(notes, tallies, strict=True) if said and note.endswith(said)]
    if not counted:
        return "; ".join(dict.fromkeys(note for note in notes if note))
    note, said = counted[0]
    held, replicates = (sum(int(row[name]) for row in rows) for name in ("held", "replicates"))
    return with_tally(note.removesuffix(said).removesuffix("; "), held, replicates)
