"""How work is cut and shared out to jobs: blocks of an ensemble, comparisons; light, because every start asks."""

from __future__ import annotations

from collections.abc import Iterable

from resurvey.plan import AnyComparison

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


def batches(entries: Iterable[AnyComparison], most: int = 5) -> dict[str, list[AnyComparison]]:
    """Comparisons by job: those of one first study together, `most` at most, as even as they can be.

    Returns
    -------
    dict of list
        By the study, with the number of the part behind a stop where there are several, or `printed` for those that
        rest on printed numbers alone. Every entry once, in its order.
    """
    found: dict[str, list[AnyComparison]] = {}
    for entry in entries:
        name = entry.patient_groups[0].study if entry.patient_groups else "printed"
        found.setdefault(name, []).append(entry)
    made: dict[str, list[AnyComparison]] = {}
    for name, same in found.items():
        parts = shared_out(len(same), -(-len(same) // most))
        for part, places in enumerate(parts, start=1):
            made[name if len(parts) == 1 else f"{name}.{part}"] = [same[place] for place in places]
    return made
