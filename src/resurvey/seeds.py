"""Random generators that depend on the seed and on a name, so that a new study leaves the others' numbers alone."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *names: str) -> np.random.Generator:
    """Generator for one named thing (study, arm, block); the same seed and names give the same stream anywhere.

    Parameters
    ----------
    seed : int
        The project's seed, 0 or more.
    names : str
        What it is for; their order matters.
    """
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))
