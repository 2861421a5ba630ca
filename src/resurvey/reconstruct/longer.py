"""Studies rebuilt once more with more replicates, for a comparison that asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey import typedfiles
from resurvey.reconstruct import blocks, curve_evidence
from resurvey.reconstruct.kinds import Shape, read_shapes
from resurvey.reconstruct.study import Partition


@dataclass(frozen=True)
class Longer:
    """What the studies of a run were rebuilt from; gives the patients of one with any number of replicates.

    Attributes
    ----------
    pieces, curves : mapping of sequence of str
        Files of typed tables and of digitised points, by study.
    partitions : mapping of sequence
        As for `rebuild_study`, by study.
    kmdata : mapping, optional
        Settings of the KMDATA collection.
    shapes : sequence of str
        The table of kinds of hazards, if it is not the package's.
    figures : str
        Folder of what was digitised from figures.
    seed, block : int
    """

    pieces: Mapping[str, Sequence[str]]
    curves: Mapping[str, Sequence[str]]
    partitions: Mapping[str, Sequence[Partition]]
    kmdata: Mapping[str, Any] | None
    shapes: Sequence[str]
    figures: str
    seed: int
    block: int
    made: dict[tuple[str, int], pd.DataFrame] = field(default_factory=dict, init=False)

    def patients(self, study: str, replicates: int) -> pd.DataFrame:
        """Patients of a study with this many replicates, the same as if they had been asked for at first.

        Raises
        ------
        ResurveyError
            As for `rebuild_study`.
        """
        if (study, replicates) not in self.made:
            typed = typedfiles.read(self.pieces[study])
            folder = Path(next(iter(self.curves[study]), "")).parent
            parts = blocks.rebuild_blocks(
                typed,
                study,
                replicates=replicates,
                seed=self.seed,
                block=self.block,
                partitions=self.partitions[study],
                curves=curve_evidence.curves_of(typed["curves"], study, folder, Path(self.figures)),
                given=curve_evidence.kmdata_of(self.kmdata, study),
                shapes=self.kinds,
            )
            self.made[study, replicates] = blocks.join_blocks(parts).patients
        return self.made[study, replicates]

    @cached_property
    def kinds(self) -> tuple[Shape, ...]:
        """Kinds of hazards."""
        return read_shapes(*map(Path, self.shapes))
