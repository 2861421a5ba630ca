"""Comparisons grouped into batches, one per job."""

from __future__ import annotations

from collections.abc import Iterable

from resurvey.plan import AnyComparison


def batches(entries: Iterable[AnyComparison], jobs: int = 4) -> dict[str, list[AnyComparison]]:
    """Divide comparisons among jobs as evenly as possible, keeping those with the same first study together.

    Parameters
    ----------
    entries : iterable of comparisons
    jobs : int, default 4
        Maximum number of jobs, at least 2. Starting a job takes as long as a small comparison.

    Returns
    -------
    dict of list
        Keyed by the first of the studies that share a job, or `printed` for comparisons based only on printed numbers.
        Every entry occurs once, in the original order.
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
