"""How work is cut and shared out to jobs: blocks of an ensemble, comparisons; light, because every start asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def batches(entries: Iterable[AnyComparison], jobs: int = 4) -> dict[str, list[AnyComparison]]:
    """Comparisons by job: those of one first study together, as even as they can be.

    Parameters
    ----------
    entries : iterable of comparisons
    jobs : int, default 4
        Jobs at most, at least 2. Starting one takes as long as a small comparison.

    Returns
    -------
    dict of list
        By the first of the studies that share a job, or `printed` for those that rest on printed numbers alone. Every
        entry once, in its order.
    """
    found: dict[str, list[AnyComparison]] = {}
    for entry in entries:
        name = entry.patient_groups[0].study if entry.patient_groups else "printed"
        found.setdefault(name, []).append(entry)
    studies = [name for name in found if name != "printed"]
    shares: list[list[str]] = [[] for _ in range(min(len(studies), jobs - ("printed" in found)))]
    for study in sorted(studies, key=lambda name: -len(found[name])):
        min(shares, key=lambda share: sum(len(found[name]) for name in share)).append(study)
    together = [sorted(share, key=studies.index) for share in shares]
    together += [["printed"]] if "printed" in found else []
    return {share[0]: [entry for name in share for entry in found[name]] for share in sorted(together)}


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
