"""Checklist of what guidance on indirect comparisons requires, answered from the files that a run wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from importlib import resources

import pandas as pd

COLUMNS = ["guidance", "item", "status", "answered_in", "comparisons", "section", "why_not"]


def items() -> pd.DataFrame:
    """Read the items: guidance, item (paraphrased), kinds of comparison and files that answer it, section, why_not."""
    source = resources.files("resurvey.compare").joinpath("checklist.csv")
    with source.open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype=str, keep_default_na=False)


def checklist(written: Mapping[str, Iterable[str]], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Give each item its status: `answered`, `partly` (not in all comparisons to which it applies) or `not answered`.

    Parameters
    ----------
    written : mapping of comparison id to file names
        Files that the run wrote for each comparison.
    kinds : mapping of comparison id to kind
        patients, bucher, pool, network, rates or ratios.

    Returns
    -------
    DataFrame
        guidance, item, status, answered_in (files), comparisons (number answered of number applicable), section (of the
        report), why_not (the reason, if not answered in full).

    References
    ----------
    .. [1] Latimer, N. (2011). NICE DSU Technical Support Document 14.
    .. [2] Phillippo, D. M. et al. (2016). NICE DSU Technical Support Document 18.
    .. [3] HTA Coordination Group (2024). Practical Guideline for Quantitative Evidence Synthesis.
    """
    return pd.DataFrame([_judged(item, written, kinds) for _, item in items().iterrows()], columns=COLUMNS)


def _judged(item: pd.Series, written: Mapping[str, Iterable[str]], kinds: Mapping[str, str]) -> dict[str, str]:
    base = {"guidance": item["guidance"], "item": item["item"], "section": item["section"]}
    if item["why_not"]:
        return {**base, "status": "not answered", "answered_in": "", "comparisons": "0", "why_not": item["why_not"]}
    wanted = item["files"].split(";")
    asked = [name for name, kind in kinds.items() if kind in item["kinds"].split(";")]
    having = [name for name in asked if any(_has(written.get(name, ()), file) for file in wanted)]
    where = "; ".join(f"results/comparisons/*/{file}" for file in wanted)
    status = "answered" if asked and len(having) == len(asked) else "partly" if having else "not answered"
    return {**base, "status": status, "answered_in": where if having else "", "why_not": _reason(asked, having, item),
            "comparisons": f"{len(having)} of {len(asked)}"}  # fmt: skip


def _has(files: Iterable[str], pattern: str) -> bool:
    return any(fnmatch(name, pattern) for name in files)


def _reason(asked: Sequence[str], having: Sequence[str], item: pd.Series) -> str:
    if not asked:
        return f"the project has no comparison of kind {item['kinds'].replace(';', ', ')}"
    lacking = [name for name in asked if name not in having]
    return f"not asked for in, or could not be made for: {', '.join(lacking)}" if lacking else ""
