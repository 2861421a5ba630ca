"""Comparisons in batches, one a job."""

from __future__ import annotations

from collections.abc import Iterable

from resurvey.plan import AnyComparison


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
