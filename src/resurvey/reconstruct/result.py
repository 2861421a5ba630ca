"""What a reconstruction returns: patients, the facts beside them, the repairs, and what nobody could know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.survival import KaplanMeier, kaplan_meier

ACCURACY_COLUMNS = ["fact", "printed", "rebuilt", "difference", "holds", "note"]


@dataclass(frozen=True)
class Pinned:
    """Times at which something printed of an arm holds, and how near a patient must be to belong to one."""

    times: tuple[float, ...]
    within: float


@dataclass(frozen=True)
class Reconstruction:
    """Patients behind one arm, and how well they fit everything that was printed.

    Attributes
    ----------
    patients : DataFrame, columns replicate (int, from 0), time (float, the unit of the input), event (1 or 0)
        n rows a replicate, ordered by replicate and time. One replicate from a fully determined curve.
    accuracy : DataFrame, columns fact, printed, rebuilt, difference, holds, note
        Every printed fact beside the rebuilt value (the mean over replicates); `holds` says whether all replicates
        meet it within the rounding of the printed number.
    repairs : list of str
        What was changed in the input, in words.
    undetermined : list of str
        What the input did not determine, in words.
    evidence : {'curve', 'summary'}
        Whether the arm rests on digitised coordinates or on printed numbers only.
    method : str
        How the patients were placed, in words.
    pinned : Pinned, optional
        Where patients may not be shifted any more; None: all of them stand where a curve puts them.
    """

    patients: pd.DataFrame
    accuracy: pd.DataFrame
    repairs: list[str] = field(default_factory=list)
    undetermined: list[str] = field(default_factory=list)
    evidence: Literal["curve", "summary"] = "curve"
    method: str = ""
    pinned: Pinned | None = None

    @property
    def n(self) -> int:
        """Patients in a replicate."""
        return int(len(self.patients) // max(self.n_replicates, 1))

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return int(self.patients["replicate"].nunique())

    @property
    def events(self) -> np.ndarray:
        """Events in each replicate, shape (replicates,)."""
        return self.patients.groupby("replicate", sort=True)["event"].sum().to_numpy()

    @property
    def holds(self) -> bool:
        """Whether every printed fact holds within its rounding."""
        return bool(self.accuracy["holds"].all())

    def replicate(self, index: int = 0) -> pd.DataFrame:
        """Time and event of one replicate, ordered by time."""
        rows = self.patients[self.patients["replicate"] == index]
        if rows.empty:
            raise InputError(f"there is no replicate {index}: this reconstruction has {self.n_replicates}, from 0")
        return rows[["time", "event"]].reset_index(drop=True)

    def kaplan_meier(self, index: int = 0) -> KaplanMeier:
        """Product-limit curve of one replicate."""
        rows = self.replicate(index)
        return kaplan_meier(rows["time"].to_numpy(), rows["event"].to_numpy())


def patients_table(times: list[np.ndarray], events: list[np.ndarray]) -> pd.DataFrame:
    """The table of patients from one pair of vectors a replicate, ordered by replicate, time and event.

    At a tied time events come before censorings, as in the product-limit estimate, so that equal sets of patients
    give equal bytes whatever the order in which they were built.
    """
    frames = []
    for index, (time, event) in enumerate(zip(times, events, strict=True)):
        t, e = np.asarray(time, dtype=float), np.asarray(event).astype(np.int64)
        order = np.lexsort((-e, t))
        frames.append((np.full(t.size, index, dtype=np.int64), t[order], e[order]))
    columns = [np.concatenate(column) for column in zip(*frames, strict=True)]
    return pd.DataFrame(dict(zip(["replicate", "time", "event"], columns, strict=True)), copy=False)


def accuracy_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """The table of printed facts; missing cells become empty, and `holds` is always True or False."""
    columns = {name: [row.get(name) for row in rows] for name in ACCURACY_COLUMNS}
    kinds = {"fact": object, "note": object, "holds": bool}
    columns["note"] = ["" if note is None else note for note in columns["note"]]
    # arrays of a known kind spare pandas the search for one, which took a third of a whole reconstruction
    arrays = {name: np.array(values, dtype=kinds.get(name, float)) for name, values in columns.items()}
    return pd.DataFrame(arrays, copy=False)
