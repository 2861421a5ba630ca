"""PDF against JATS: the rows of the same paper read from both, the rows of the JATS being the key.

usage: python benchmarks/read/pairs.py FOLDER

FOLDER holds pairs `NAME.pdf` and `NAME.xml` (or `.nxml`). A row of the JATS is found if a row of the PDF has all its
numbers but the denominator, in the same columns; each row of the PDF serves one. Of the rows found it is also counted
how many agree in kind, denominator, arm and item. Rows of designs, of registered trials and of names are left out.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from resurvey.errors import InputError
from resurvey.read import claims, document, draft
from resurvey.read.normal import fold, plain
from resurvey.read.objects import Draft

LEFT_OUT = frozenset(["ongoing_trials", "studies", "arms", "sources", "designs", "treatments"])
NUMBERS = ("value", "lower", "upper", "range_lower", "range_upper", "n", "percent", "p", "events")
COLUMNS = ("rows", "found", "kind", "with N", "same N", "arm", "item")


def number(text: str) -> str:
    """A number as printed in one spelling: `0.50`, `.5` and `0·5` are the same."""
    bare = plain(text).replace(",", "").replace(" ", "").strip("%=")
    match = re.fullmatch(r"([<>≤≥]?)(-?\d*\.?\d+)", bare)
    return f"{match[1]}{float(match[2]):g}" if match else bare.lower()


def numbers_of(row: Draft) -> dict[str, str]:
    """The numbers of a row by column, without its denominator."""
    return {name: number(row.cells[name]) for name in NUMBERS if row.cells.get(name)}


def rows_of(path: Path) -> list[Draft]:
    """Rows of a paper that hold numbers."""
    return [row for row in draft(claims(document(path))) if row.table not in LEFT_OUT and numbers_of(row)]


def in_table(row: Draft) -> bool:
    """Whether a row was read in a table."""
    return row.claim.spans[0].block.startswith("t")


def agreements(key: Draft, found: Draft) -> dict[str, bool]:
    """What two rows with the same numbers agree in."""

    def same(*names: str) -> bool:
        first, second = (fold(" ".join(row.cells.get(name, "") for name in names)) for row in (key, found))
        return first == second

    total = [number(row.cells.get("total", "")) for row in (key, found)]
    return {
        "kind": key.table == found.table,
        "same N": total[0] == total[1],
        "arm": same("arm_id"),
        "item": same("item"),
    }


def matched(keys: list[Draft], rows: list[Draft]) -> list[Draft | None]:
    """The row of the PDF for each of the JATS: rows with more numbers first, the row that agrees in most chosen."""
    by_number: dict[tuple[str, str], set[int]] = defaultdict(set)
    for j, row in enumerate(rows):
        for item in numbers_of(row).items():
            by_number[item].add(j)
    free = set(range(len(rows)))
    made: list[Draft | None] = [None] * len(keys)
    for i in sorted(range(len(keys)), key=lambda i: (-len(numbers_of(keys[i])), i)):
        able = set.intersection(*(by_number[item] for item in numbers_of(keys[i]).items())) & free
        if able:
            best = min(able, key=lambda j: (_distance(keys[i], rows[j]), abs(i / len(keys) - j / len(rows))))
            free.discard(best)
            made[i] = rows[best]
    return made


def _distance(key: Draft, row: Draft) -> tuple[int, int]:
    apart = (in_table(key) != in_table(row)) + (len(numbers_of(key)) != len(numbers_of(row)))
    return apart, sum(not agrees for agrees in agreements(key, row).values())


def counted(keys: Iterable[Draft], found: Iterable[Draft | None]) -> dict[tuple[str, str], Counter[str]]:
    """Counts by place (table or text) and kind of row."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, row in zip(keys, found, strict=True):
        agrees = agreements(key, row) if row is not None else {}
        agrees |= {"rows": True, "found": row is not None, "with N": bool(key.cells.get("total"))}
        agrees["same N"] = agrees["with N"] and agrees.get("same N", False)
        for kind in ("all", key.table):
            counts["table" if in_table(key) else "text", kind].update(name for name in COLUMNS if agrees.get(name))
    return counts


def main() -> None:
    """Print the counts of every pair, and of all by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    total: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    seconds = []
    for pdf in sorted(parser.parse_args().folder.glob("*.pdf")):
        key = next((pdf.with_suffix(end) for end in (".xml", ".nxml") if pdf.with_suffix(end).exists()), None)
        if key is None:
            continue
        try:
            keys, begin = rows_of(key), time.process_time()
            rows = rows_of(pdf)
        except InputError as error:
            sys.stdout.write(f"{error}\n")
            continue
        seconds.append(time.process_time() - begin)
        counts = counted(keys, matched(keys, rows))
        for group, count in counts.items():
            total[group].update(count)
        said = (
            f"{place} {counts[place, 'all']['found']} of {counts[place, 'all']['rows']}" for place in ("table", "text")
        )
        sys.stdout.write(f"{pdf.stem}: {', '.join(said)}\n")
    sys.stdout.write(f"\n{'':24}" + "".join(f"{name:>8}" for name in COLUMNS) + "\n")
    for (place, kind), count in sorted(total.items()):
        sys.stdout.write(f"{place + ' ' + kind:24}" + "".join(f"{count[name]:8}" for name in COLUMNS) + "\n")
    if seconds:
        sys.stdout.write(
            f"\n{len(seconds)} pairs; a PDF {sum(seconds) / len(seconds):.2f} s, at most {max(seconds):.2f}\n"
        )


if __name__ == "__main__":
    main()
