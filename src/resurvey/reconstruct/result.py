"""The result of a reconstruction: patients, comparison with the printed facts, repairs, and what is undetermined."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from resurvey.errors import InputError
from resurvey.results import FactKind, Limit
from resurvey.survival import KaplanMeier, kaplan_meier

Floats = NDArray[np.float64]

NOT_FOUND = "an arrangement of whole patients that meets every printed number was not found"
FACT_COLUMNS = ["kind", "time", "limit", "binding", "held", "replicates"]
ACCURACY_COLUMNS = ["fact", "printed", "rebuilt", "difference", "holds", "note", *FACT_COLUMNS]


@dataclass(frozen=True)
class FactRow:
    """One printed number and its value in each replicate.

    Attributes
    ----------
    fact : str
        Name for readers.
    kind : FactKind
    printed : float
        Infinite if a time was printed as not reached.
    value : (replicates,) ndarray
    tolerance : float
        Largest difference allowed: half a unit of the last printed digit.
    note : str
    usual : float
        For a fact whose definition varies: the largest relative difference of the mean (0: not such a fact).
    time : float
        Time to which the fact refers (NaN if none), in the unit of the input.
    limit : Limit
        Which limit the fact is, if it is a confidence limit.
    binding : bool
        Whether the number must hold for patients of one group, or two; not if it is from a model with strata or
        covariates, or if its definition may differ.
    """

    fact: str
    kind: FactKind
    printed: float
    value: Floats
    tolerance: float
    note: str = ""
    usual: float = 0.0
    time: float = float("nan")
    limit: Limit = Limit.NONE
    binding: bool = True

    @property
    def within(self) -> NDArray[np.bool_]:
        """Whether each replicate meets the fact."""
        if self.usual:
            mean = self._mean(self.value)
            return np.full(self.value.shape, np.isfinite(mean) and abs(mean / self.printed - 1) < self.usual)
        if np.isinf(self.printed):
            return ~np.isfinite(self.value)
        # rounding of a final 5 may go either way; an absolute tolerance of 1e-9 would accept any very small p
        slack = 1e-9 * min(1.0, abs(self.printed))
        return np.asarray(np.abs(self.value - self.printed) <= self.tolerance * (1 + 1e-6) + slack)

    def record(self) -> dict[str, object]:
        """The row of `accuracy`."""
        within, note = self.within, self.note
        mean = self._mean(self.value)
        if not self.usual:
            note = with_tally(note, int(within.sum()), within.size)
        difference = 0.0 if mean == self.printed else mean - self.printed
        return {
            "fact": self.fact,
            "printed": self.printed,
            "rebuilt": mean,
            "difference": difference if np.isfinite(self.printed) or difference == 0 else float("nan"),
            "holds": bool(within.all()),
            "note": note,
            "kind": str(self.kind),
            "time": self.time,
            "limit": str(self.limit),
            "binding": self.binding and not self.usual,
            "held": int(within.sum()),
            "replicates": int(within.size),
        }

    @staticmethod
    def _mean(value: Floats) -> float:
        finite = value[np.isfinite(value)]
        return float(finite.mean()) if finite.size else float("inf")


def tally(held: int, replicates: int) -> str:
    """The number of replicates in which a fact holds, in words; empty if it holds in all."""
    return "" if held == replicates else f"holds in {held} of {replicates} replicates"


def with_tally(note: str, held: int, replicates: int) -> str:
    """A note, and the number of replicates in which the fact holds if it does not hold in all."""
    return "; ".join(part for part in (note, tally(held, replicates)) if part)


class Printed(Protocol):
    """What was printed about an arm without a curve, for comparison with its replicates after a change."""

    @property
    def times(self) -> tuple[float, ...]:
        """Times at which something printed holds."""

    @property
    def within(self) -> float:
        """Largest distance of a patient from such a time at which the patient counts as being at it."""

    def rows(self, time: Floats, event: Floats) -> list[FactRow]:
        """Every printed number in replicates of shape (replicates, n), each sorted by time."""


@dataclass(frozen=True)
class Reconstruction:
    """The rebuilt patients of one arm, and how well they fit everything that was printed.

    Attributes
    ----------
    patients : DataFrame, columns replicate (int, from 0), time (float, the unit of the input), event (1 or 0)
        n rows per replicate, ordered by replicate and time. One replicate for a fully determined curve.
    accuracy : DataFrame, columns fact, printed, rebuilt, difference, holds, note, kind, time, limit, binding, ...
        Every printed fact beside the rebuilt value (the mean over replicates). `holds` says whether all replicates meet
        it within the rounding of the printed number, and `held` how many of `replicates` do. `fact` is for readers;
        `kind`, `time` and `limit` say the same in fixed terms. `binding` is False if the number need not hold for these
        patients, because it comes from a model with strata or its definition varies.
    repairs : list of str
        What was changed in the input, in words.
    undetermined : list of str
        What the input did not determine, in words.
    evidence : {'curve', 'summary'}
        Whether the arm was rebuilt from digitised coordinates or from printed numbers only.
    method : str
        How the patients were placed, in words.
    printed : Printed, optional
        The numbers that must still hold when patients are shifted; None if a curve determines all positions.
    shapes : tuple of str
        Kind of hazard of each replicate; empty if the shape was not drawn.
    """

    patients: pd.DataFrame
    accuracy: pd.DataFrame
    repairs: list[str] = field(default_factory=list)
    undetermined: list[str] = field(default_factory=list)
    evidence: Literal["curve", "summary"] = "curve"
    method: str = ""
    printed: Printed | None = None
    shapes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of patients in a replicate."""
        return int(len(self.patients) // max(self.n_replicates, 1))

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return int(self.patients["replicate"].nunique())

    @property
    def events(self) -> np.ndarray:
        """Number of events in each replicate, shape (replicates,)."""
        return self.patients.groupby("replicate", sort=True)["event"].sum().to_numpy()

    @property
    def holds(self) -> bool:
        """Whether every printed fact holds within its rounding."""
        return bool(self.accuracy["holds"].all())

    def replicate(self, index: int = 0) -> pd.DataFrame:
        """Time and event indicator of one replicate, ordered by time.

        Raises
        ------
        InputError
            If there is no such replicate.
        """
        rows = self.patients[self.patients["replicate"] == index]
        if rows.empty:
            raise InputError(f"there is no replicate {index}: this reconstruction has {self.n_replicates}, from 0")
        return rows[["time", "event"]].reset_index(drop=True)

    def stacked(self) -> tuple[Floats, Floats]:
        """Times and event indicators, shape (replicates, n)."""
        shape = (self.n_replicates, self.n)
        time, event = (self.patients[name].to_numpy(float).reshape(shape) for name in ("time", "event"))
        return time, event

    def meeting(self, least: int) -> NDArray[np.int64]:
        """Replicates that meet everything printed about the arm if there are at least `least`; otherwise all."""
        if self.printed is None or self.n_replicates <= least:
            return np.arange(self.n_replicates)
        rows = [row.within for row in self.printed.rows(*self.stacked()) if not row.usual]
        held = np.flatnonzero(np.logical_and.reduce(rows))
        return held if held.size >= least else np.arange(self.n_replicates)

    def with_patients(self, time: Floats, event: Floats, of: NDArray[np.int64] | None = None) -> Reconstruction:
        """Replace the replicates of this arm, shape (replicates, n), and compare them again with what is printed.

        `of` gives the replicate of this arm from which each was made; without it their shapes are unknown.
        """
        patients = stacked_patients(time, event)
        shapes = tuple(self.shapes[row] for row in of) if of is not None and self.shapes else ()
        if self.printed is None:
            return replace(self, patients=patients, shapes=shapes)
        accuracy = accuracy_table([row.record() for row in self.printed.rows(time, event)])
        notes = [note for note in self.undetermined if not note.startswith(NOT_FOUND)]
        said = [*notes, *not_found(accuracy)]
        return replace(self, patients=patients, accuracy=accuracy, undetermined=said, shapes=shapes)

    def kaplan_meier(self, index: int = 0) -> KaplanMeier:
        """Product-limit curve of one replicate."""
        rows = self.replicate(index)
        return kaplan_meier(rows["time"].to_numpy(), rows["event"].to_numpy())


def not_found(accuracy: pd.DataFrame) -> list[str]:
    """A sentence about the printed numbers that do not hold in all replicates, if there are any."""
    missed = accuracy.loc[~accuracy["holds"], "fact"].tolist()
    return [f"{NOT_FOUND} for: {', '.join(missed)}"] if missed else []


def patients_table(times: list[np.ndarray], events: list[np.ndarray]) -> pd.DataFrame:
    """The table of patients from one pair of vectors per replicate, ordered by replicate, time and event.

    At tied times events come before censorings, as in the product-limit estimate, so that equal sets of patients give
    equal bytes whatever the order in which they were built.
    """
    frames = []
    for index, (time, event) in enumerate(zip(times, events, strict=True)):
        t, e = np.asarray(time, dtype=float), np.asarray(event).astype(np.int64)
        order = np.lexsort((-e, t))
        frames.append((np.full(t.size, index, dtype=np.int64), t[order], e[order]))
    columns = [np.concatenate(column) for column in zip(*frames, strict=True)]
    return pd.DataFrame(dict(zip(["replicate", "time", "event"], columns, strict=True)), copy=False)


def stacked_patients(time: Floats, event: Floats) -> pd.DataFrame:
    """The table of patients from arrays of shape (replicates, n), each row already sorted by time."""
    size, n = time.shape
    columns = {
        "replicate": np.repeat(np.arange(size), n),
        "time": time.ravel(),
        "event": event.astype(np.int64).ravel(),
    }
    return pd.DataFrame(columns, copy=False)


def accuracy_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """The table of printed facts; missing cells become empty, and `holds` is always True or False."""
    columns = {name: [row.get(name) for row in rows] for name in ACCURACY_COLUMNS}
    kinds = {"fact": object, "note": object, "holds": bool, "kind": object, "limit": object, "binding": bool}
    kinds |= {"held": np.int64, "replicates": np.int64}
    columns["note"] = ["" if note is None else note for note in columns["note"]]
    # arrays of known type save pandas from inferring it, which took a third of a whole reconstruction
    arrays = {name: np.array(values, dtype=kinds.get(name, float)) for name, values in columns.items()}
    return pd.DataFrame(arrays, copy=False)
