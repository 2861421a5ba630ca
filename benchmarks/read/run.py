"""Accuracy and speed of the reader on the papers beside the checkout.

usage: python benchmarks/read/run.py [--shared ../shared] [--planted 400]

Prints processor seconds a paper; shares of rows that are sure, likely, to look at; findings a paper; how many misprints
planted in rows that were read are found; and the five papers of data/raw against their own tables, by the scorer that
lies beside the papers.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.util
import io
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from resurvey.read import claims, document, draft
from resurvey.read.contradictions import findings, proves
from resurvey.read.objects import Cell, Claim, Document, Draft, Paragraph, Span, Table
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


def put(opened: Document, block: str, start: int, end: int, text: str) -> Document:
    """A document with other characters at one place."""

    def changed(one: Paragraph | Table) -> Paragraph | Table:
        if isinstance(one, Paragraph):
            return replace(one, text=one.text[:start] + text + one.text[end:]) if one.id == block else one
        if one.id != block.partition(".")[0]:
            return one
        row, column = (int(part[1:]) for part in block.split(".")[1:])
        old = one.grid[row][column]
        assert old is not None
        new = replace(old, text=old.text[:start] + text + old.text[end:])

        def cell(other: Cell | None) -> Cell | None:
            return new if other is old else other

        return replace(one, grid=tuple(tuple(cell(c) for c in cells) for cells in one.grid))

    return replace(opened, blocks=tuple(changed(one) for one in opened.blocks))


def misprint(opened: Document, claim: Claim, rng: random.Random) -> Document | None:
    """One digit of one number of a row exchanged for another."""
    span = rng.choice(claim.spans)
    blocks = {one.id: one for one in opened.blocks}
    holder = blocks[span.block.partition(".")[0]]
    if isinstance(holder, Paragraph):
        text = holder.text
    else:
        row, column = (int(part[1:]) for part in span.block.split(".")[1:])
        cell = holder.grid[row][column]
        text = cell.text if cell is not None else ""
    digits = [k for k in range(span.start, span.end) if text[k].isdigit()]
    if not digits:
        return None
    at = rng.choice(digits)
    return put(opened, span.block, at, at + 1, rng.choice([d for d in "0123456789" if d != text[at]]))


def contradicted(claim: Claim, opened: Document, wrong: Document) -> bool:
    """Whether the numbers of a row, its denominator as read before, prove the planted one wrong."""
    changed = [span for span in claim.spans if printed(opened, span) != printed(wrong, span)]
    if len(changed) != 1:
        return False
    old, new = (plain_number(printed(one, changed[0])) for one in (opened, wrong))
    columns = [name for name in PROVING if plain_number(claim.cells.get(name, "")) == old and old]
    if len(columns) != 1:
        return False
    sign = claim.cells[columns[0]][0] if claim.cells[columns[0]][0] in "<>≤≥~" else ""
    return proves(replace(claim, cells=claim.cells | {columns[0]: sign + new})) is False


PROVING = ("n", "percent", "total", "value", "lower", "upper", "range_lower", "range_upper")


def plain_number(text: str) -> str:
    """Digits and decimal point of a printed number."""
    return "".join(char for char in text.replace("·", ".") if char.isdigit() or char == ".")


def printed(opened: Document, span: Span) -> str:
    """What a document prints at a span."""
    holder = {one.id: one for one in opened.blocks}[span.block.partition(".")[0]]
    if isinstance(holder, Paragraph):
        return holder.text[span.start : span.end]
    row, column = (int(part[1:]) for part in span.block.split(".")[1:])
    cell = holder.grid[row][column]
    return cell.text[span.start : span.end] if cell is not None else ""


def planted(files: list[Path], count: int) -> dict[str, tuple[int, int]]:
    """Misprints that a row and the denominator read for it before contradict, and how many are told, by kind of row."""
    rng = random.Random(1)
    told: dict[str, list[bool]] = {"tables": [], "text, all printed beside": [], "text, denominator elsewhere": []}
    while sum(map(len, told.values())) < count:
        opened = document(rng.choice(files))
        rows = [claim for claim in claims(opened) if proves(claim)]
        if not rows:
            continue
        claim = rng.choice(rows)
        wrong = misprint(opened, claim, rng)
        if wrong is None or not contradicted(claim, opened, wrong):
            continue
        again = draft(claims(wrong), "made")
        first = claim.spans[0]
        near = {
            one.claim_id
            for one in again
            if one.claim.spans[0].block == first.block and abs(one.claim.spans[0].start - first.start) < 40
        }
        kind = "tables" if claim.rule.startswith("table") else "text, all printed beside"
        kind = "text, denominator elsewhere" if "linked" in claim.rule else kind
        told[kind].append(any(near & set(one.claim_ids) for one in findings(wrong, again)))
    return {kind: (len(hits), sum(hits)) for kind, hits in told.items()}


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--planted", type=int, default=200)
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
    jats = sorted((options.shared / "papers/jats").iterdir())
    for kind, (made, found) in planted(jats, options.planted).items():
        out.write(f"planted misprints that contradict their row, {kind}: {made}, found {found}\n")
    out.write("\n")
    out.write(five_papers(options.shared))


if __name__ == "__main__":
    main()
