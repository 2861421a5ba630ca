"""Accuracy and speed of the reader on the papers beside the checkout.

usage: python benchmarks/read/run.py [--shared ../shared]

Prints processor seconds a paper; shares of rows that are sure, likely, to look at; findings a paper; and the five
papers of data/raw against their own tables, by the scorer that lies beside the papers. Planted misprints have their own
script, `planted.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.util
import io
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

from resurvey.read import claims, document, draft
from resurvey.read.contradictions import findings
from resurvey.read.objects import Draft
from resurvey.tables import read_raw

ROOT = Path(__file__).resolve().parents[2]
FIVE = {"cao2023": "000", "yang2019": "001", "schettini2024": "002", "liang2024": "003", "bon2020": "004"}
KIND = {
    "baseline": "baseline", "response": "proportion", "adverse_event": "adverse_event", "flow": "event_count",
    "progression": "proportion", "treatment": "proportion", "prognosis": "proportion",
}  # fmt: skip
TABLES = (("medians", "tte_median"), ("hazard_ratios", "hazard_ratio"), ("proportions", ""), ("p_values", "p_value"))
KEY = ("claim_id", "kind", "endpoint", "statistic", "value", "lower", "upper", "n", "N", "p", "unit", "locator")
PREDICTED = ("kind", "value", "lower", "upper", "p", "n", "N", "percent", "conf", "locator")


def key_rows(source: str) -> list[dict[str, str]]:
    """What data/raw holds of a document, as a key of the scorer."""
    raw = read_raw(ROOT / "data/raw")
    rows: list[dict[str, str]] = []
    for table, kind in (
        ("medians", "tte_median"),
        ("hazard_ratios", "hazard_ratio"),
        ("proportions", ""),
        ("p_values", "p_value"),
    ):
        frame = raw[table]
        for row in frame[frame["source_id"] == source].to_dict("records"):
            made = {name: row.get(name, "") for name in KEY} | {"kind": kind or KIND[row["kind"]]}
            if table == "proportions":
                made |= {"value": row["percent"], "N": row["total"]}
            if table == "medians" and not made["lower"]:
                made |= {"lower": row["range_lower"], "upper": row["range_upper"]}
            if table == "medians":
                made["n"] = ""
            rows.append(made)
    return rows


def predicted_rows(drafts: list[Draft]) -> list[dict[str, str]]:
    """Drafts as the scorer takes them: `total` as N, a range in the columns of the limits."""
    rows = []
    for one in drafts:
        cells = one.cells
        row = {name: cells.get(name, "") for name in PREDICTED}
        row |= {"kind": one.table, "N": cells.get("total", ""), "conf": str(one.confidence)}
        row["lower"] = cells.get("lower") or cells.get("range_lower", "")
        row["upper"] = cells.get("upper") or cells.get("range_upper", "")
        rows.append(row)
    return rows


def write(path: Path, names: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    """Rows as CSV; the path as text."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def scorer(shared: Path) -> ModuleType:
    """The scorer that lies beside the papers."""
    spec = importlib.util.spec_from_file_location("score", shared / "papers/score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def five_papers(shared: Path) -> str:
    """The scorer's answer for the five papers."""
    with tempfile.TemporaryDirectory() as folder:
        pairs: list[str] = []
        for source, start in FIVE.items():
            files = sorted((shared / "sources").glob(f"{start}_*.txt"))
            if files:
                key = write(Path(folder) / f"{source}.key.csv", KEY, key_rows(source))
                made = predicted_rows(draft(claims(document(files[0])), source))
                pairs += [key, write(Path(folder) / f"{source}.csv", PREDICTED, made)]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            scorer(shared).main(pairs)
        return said.getvalue()


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = parser.parse_args()
    out = sys.stdout
    for folder, name in (("jats", "JATS"), ("pdf", "PDF")):
        files = sorted((options.shared / "papers" / folder).iterdir())
        taken, levels, wrong, seconds = 0, Counter(), 0, []  # type: ignore[var-annotated]
        for path in files:
            start = time.process_time()
            opened = document(path)
            rows = draft(claims(opened), "made")
            seconds.append(time.process_time() - start)
            levels.update(one.certainty for one in rows)
            taken += len(rows)
            wrong += len(findings(opened, rows))
        share = {level: round(levels[level] / max(1, taken), 3) for level in ("sure", "likely", "look")}
        mean = sum(seconds) / len(seconds)
        out.write(f"{name}: {len(files)} papers, {taken} rows, {share}; {wrong / len(files):.2f} findings a paper; ")
        out.write(f"{mean:.2f} s of processor a paper, at most {max(seconds):.2f}\n")
    out.write("\n")
    out.write(five_papers(options.shared))


if __name__ == "__main__":
    main()
