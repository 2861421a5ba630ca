"""How an ensemble is cut into blocks, and blocks are shared out to jobs; light, because every start asks."""

from __future__ import annotations

from collections.abc import Sequence

#: Replicates of a block where nothing else is said.
BLOCK = 200


def block_sizes(replicates: int, block: int = BLOCK) -> list[int]:
    """Replicates of each block: `block` of them, and what is left over goes to the last."""
    count = max(replicates // block, 1)
    return [block] * (count - 1) + [replicates - block * (count - 1)]


def shared_out(blocks: int, jobs: int) -> list[range]:
    """Runs of blocks, one a job, as even as they can be; never an empty one."""
    count = min(jobs, blocks)
    return [range(job * blocks // count, (job + 1) * blocks // count) for job in range(count)]


#: Steps that rebuild or draw studies: a step each up to as many, and beyond them several share one, as a step takes two
#: seconds to start and a study half of one.
STUDY_STEPS = 16


def study_batches(studies: Sequence[str]) -> dict[str, list[str]]:
    """Studies that share a step, by the first of them: one alone where they are few.

    What comes of a study does not depend on those beside it.
    """
    cut = shared_out(len(studies), STUDY_STEPS) if studies else []
    together = [[studies[place] for place in places] for places in cut]
    return {batch[0]: batch for batch in together}
