"""Random generators that depend on the seed and a name, so that a new study does not change results of the others."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Generator for a named unit (study, arm, block); the same seed and names give the same stream everywhere.

    Parameters
    ----------
    seed : int
        Seed of the project, 0 or more.
    names : str
        Names of the unit; their order matters.
    """
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
