"""How an ensemble is cut into blocks, and blocks are shared out to jobs; light, because every start asks."""

from __future__ import annotations

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
