"""Division of an ensemble into blocks, and of blocks among jobs; imports little, because every run needs it."""

from __future__ import annotations

from collections.abc import Sequence

#: Default number of replicates per block.
BLOCK = 200


def block_sizes(replicates: int, block: int = BLOCK) -> list[int]:
    """Number of replicates in each block: `block`, with any remainder added to the last."""
    count = max(replicates // block, 1)
    return [block] * (count - 1) + [replicates - block * (count - 1)]


def shared_out(blocks: int, jobs: int) -> list[range]:
    """Consecutive ranges of blocks, one per job, as even as possible and never empty."""
    count = min(jobs, blocks)
    return [range(job * blocks // count, (job + 1) * blocks // count) for job in range(count)]


#: Maximum number of steps that reconstruct or draw studies: up to this many studies have a step each, beyond it several
#: share one, because a step takes two seconds to start and a study half a second.
STUDY_STEPS = 16


def study_batches(studies: Sequence[str]) -> dict[str, list[str]]:
    """Studies that share a step, by the first of them; a few studies have one step each.

    The results of a study do not depend on the others in its step.
    """
    cut = shared_out(len(studies), STUDY_STEPS) if studies else []
    together = [[studies[place] for place in places] for places in cut]
    return {batch[0]: batch for batch in together}
