"""Misprints planted in rows that were read, by kind of misprint and of row, and how many of them the audit reports.

usage: python benchmarks/read/planted.py [--papers ../shared/papers/jats] [--count 400] [--seed 1] [--misses]

A misprint is *detectable* where something else that is printed contradicts it, whether or not a rule of the reader
looks for that: the other numbers of its row with the denominator read for it before, the p value beside the interval,
the same numbers in another paragraph or table, or categories that added up to the denominator and no longer do. A
number rounded otherwise (`92` for `92.5`) contradicts nothing.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

from resurvey.read import claims, document, draft
from resurvey.read.contradictions import findings, proves
from resurvey.read.objects import Cell, Claim, Document, Finding, Paragraph, Span, Table
from resurvey.read.slips import same_rounded

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\d+(?:[.·]\d+)?")
KINDS = ("proportion", "ratio", "median", "rate", "difference")
COLUMNS = ("n", "percent", "total", "value", "lower", "upper", "range_lower", "range_upper", "p")
LIMITS = (("lower", "upper"), ("range_lower", "range_upper"))
NORMAL = NormalDist()
# z values of p and interval that differ by more contradict each other; by less than the second they agreed before.
APART, AGREED = 0.45, 0.3


@dataclass(frozen=True)
class Change:
    """One printed number exchanged for another, both as printed."""

    span: Span
    new: str


def printed(opened: Document, span: Span) -> str:
    """What a document prints at a span."""
    return _text(opened, span.block)[span.start : span.end]


def _text(opened: Document, block: str) -> str:
    holder = {one.id: one for one in opened.blocks}[block.partition(".")[0]]
    if isinstance(holder, Paragraph):
        return holder.text
    row, column = (int(part[1:]) for part in block.split(".")[1:])
    cell = holder.grid[row][column]
    return cell.text if cell is not None else ""


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


# The kinds of misprint: each gives the new text of a number, or nothing where it cannot be made.


def _digit(old: str, rng: random.Random) -> str:
    at = rng.choice([k for k, char in enumerate(old) if char.isdigit()])
    return old[:at] + rng.choice([d for d in "0123456789" if d != old[at]]) + old[at + 1 :]


def _transposed(old: str, rng: random.Random) -> str:
    places = [k for k, char in enumerate(old) if char.isdigit()]
    pairs = [(a, b) for a, b in pairwise(places) if old[a] != old[b]]
    if not pairs:
        return ""
    a, b = rng.choice(pairs)
    return old[:a] + old[b] + old[a + 1 : b] + old[a] + old[b + 1 :]


def _dropped(old: str, rng: random.Random) -> str:
    whole, point, part = old.replace("·", ".").partition(".")
    if len(whole) + len(part) < 2 or (point and len(whole) == 1 and len(part) == 1):
        return ""
    body = [k for k, char in enumerate(old) if char.isdigit() and (len(whole) > 1 or k > len(whole))]
    if not body:
        return ""
    at = rng.choice(body)
    return old[:at] + old[at + 1 :]


def _point(old: str, rng: random.Random) -> str:
    digits = old.replace("·", "").replace(".", "")
    at = old.replace("·", ".").find(".")
    places = [k for k in (at - 1, at + 1) if 0 < k < len(digits)] if at > 0 else []
    if at > 0 and not old.startswith("0"):
        places.append(len(digits))
    if not places:
        return ""
    k = rng.choice(places)
    return digits[:k] + "." + digits[k:] if k < len(digits) else digits


MADE: dict[str, Callable[[str, random.Random], str]] = {
    "digit wrong": _digit,
    "digits transposed": _transposed,
    "digit dropped": _dropped,
    "point moved": _point,
}


def changes(kind: str, opened: Document, claim: Claim, others: Sequence[Claim], rng: random.Random) -> list[Change]:
    """The changes of one misprint of a kind in a row; none where the row has no place for it."""
    spans = [span for span in claim.spans if NUMBER.fullmatch(_bare(opened, span))]
    if not spans:
        return []
    if kind in MADE:
        span = rng.choice(spans)
        old = _bare(opened, span)
        new = MADE[kind](old, rng)
        return [Change(_inner(opened, span), new)] if new and new != old else []
    if kind == "limits swapped":
        return _swapped(opened, claim, spans)
    if kind == "sign lost":
        negative = any(claim.cells.get(name, "")[:1] in ("-", "−") for name in COLUMNS)
        return _sign(opened, spans, rng) if negative else []
    return _borrowed(opened, claim, others, rng)


def _bare(opened: Document, span: Span) -> str:
    """The printed number at a span without a sign before it."""
    return printed(opened, span).strip().lstrip("<>≤≥~=-−–+ ")


def _inner(opened: Document, span: Span) -> Span:
    text, bare = printed(opened, span), _bare(opened, span)
    start = span.start + text.find(bare)
    return Span(span.block, start, start + len(bare))


def _swapped(opened: Document, claim: Claim, spans: Sequence[Span]) -> list[Change]:
    for low, high in LIMITS:
        a = [span for span in spans if _same(_bare(opened, span), claim.cells.get(low, ""))]
        b = [span for span in spans if _same(_bare(opened, span), claim.cells.get(high, "")) and span not in a]
        if a and b and a[-1].block == b[-1].block and _bare(opened, a[-1]) != _bare(opened, b[-1]):
            first, second = _signed(opened, a[-1]), _signed(opened, b[-1])
            return [Change(first, printed(opened, second)), Change(second, printed(opened, first))]
    return []


def _signed(opened: Document, span: Span) -> Span:
    """The span of a number with a sign before it."""
    inner = _inner(opened, span)
    text = _text(opened, inner.block)
    signed = (
        inner.start > 0 and text[inner.start - 1] in "-−+" and (inner.start < 2 or text[inner.start - 2] in " (,;[")
    )
    return Span(inner.block, inner.start - signed, inner.end)


def _sign(opened: Document, spans: Sequence[Span], rng: random.Random) -> list[Change]:
    negative = []
    for span in spans:
        inner = _inner(opened, span)
        text = _text(opened, span.block)
        if inner.start and text[inner.start - 1] in "-−" and (inner.start < 2 or text[inner.start - 2] in " (["):
            negative.append(Change(Span(span.block, inner.start - 1, inner.end), _bare(opened, span)))
    return [rng.choice(negative)] if negative else []


def _borrowed(opened: Document, claim: Claim, others: Sequence[Claim], rng: random.Random) -> list[Change]:
    """One number of the row replaced by its counterpart beside it (the cell of the other arm, or the same sentence)."""
    first = claim.spans[0].block
    row = first.rpartition(".c")[0] or first
    near = [
        other
        for other in others
        if other.kind == claim.kind
        and other.rule == claim.rule
        and (other.spans[0].block.rpartition(".c")[0] or other.spans[0].block) == row
        and len(other.spans) == len(claim.spans)
        and other.spans != claim.spans
        and (("." not in first) == (other.spans[0].block == first))
    ]
    if not near:
        return []
    other = rng.choice(near)
    k = rng.randrange(len(claim.spans))
    old, new = _bare(opened, claim.spans[k]), _bare(opened, other.spans[k])
    usable = NUMBER.fullmatch(old) and NUMBER.fullmatch(new) and old != new
    return [Change(_inner(opened, claim.spans[k]), new)] if usable else []


def _same(a: str, b: str) -> bool:
    return bool(a) and a.replace("·", ".") == b.lstrip("<>≤≥~=-−+").replace("·", ".")


def applied(opened: Document, made: Sequence[Change]) -> Document:
    """A document with the changes of one misprint."""
    for change in sorted(made, key=lambda one: -one.span.start):
        opened = put(opened, change.span.block, change.span.start, change.span.end, change.new)
    return opened


# What contradicts a misprint.


def contradicted_by(claim: Claim, opened: Document, made: Sequence[Change], others: Sequence[Claim]) -> str:
    """What else is printed that contradicts a misprint, empty if nothing."""
    cells = dict(claim.cells)
    columns = []
    for change in made:
        old = printed(opened, change.span).lstrip("-−+")
        held = [name for name in COLUMNS if name not in columns and _same(old, claim.cells.get(name, ""))]
        if not held:
            return ""
        sign = "".join(c for c in claim.cells[held[0]] if c in "<>≤≥~-−")
        if same_rounded(old.replace("·", "."), change.new.replace("·", ".").rstrip(".")):
            return ""
        kept = "" if change.new == old or change.new[:1] in "-−+" or len(made) > 1 else sign
        cells[held[0]] = kept + change.new.replace("·", ".").replace("−", "-").lstrip("+")
        columns.append(held[0])
    wrong = replace(claim, cells=cells)
    if proves(claim) and proves(wrong) is False:
        return "its row"
    if _apart(claim) < AGREED and _apart(wrong) > APART:
        return "p value"
    if _sums(claim, others) and columns == ["n"]:
        return "sum of categories"
    if _again(claim, columns, others):
        return "printed again"
    return ""


def _apart(claim: Claim) -> float:
    """Distance of the z of a p value from that of the interval; 0 if it cannot be told."""
    cells = claim.cells
    try:
        value, low, high, p = (float(cells[name]) for name in ("value", "lower", "upper", "p"))
        if claim.kind == "ratio":
            value, low, high = (math.log(number) for number in (value, low, high))
        se = (high - low) / (2 * NORMAL.inv_cdf(0.5 + float(cells.get("ci_level") or 95) / 200))
        return abs(-NORMAL.inv_cdf(min(max(p, 1e-12), 1 - 1e-12) / 2) - abs(value) / se)
    except (KeyError, ValueError, ZeroDivisionError):
        return 0.0


def _sums(claim: Claim, others: Sequence[Claim]) -> bool:
    """Whether the counts of the row's section and column add up to its denominator."""
    block, total = claim.spans[0].block, claim.cells.get("total", "")
    section = claim.cells.get("item", "").rpartition(", ")[0]
    if claim.kind != "proportion" or "." not in block or not total.isdigit() or not section:
        return False
    mates = [
        other.cells["n"]
        for other in others
        if other.kind == "proportion"
        and other.spans[0].block.partition(".")[0] == block.partition(".")[0]
        and other.spans[0].block.rpartition(".c")[2] == block.rpartition(".c")[2]
        and other.cells.get("item", "").rpartition(", ")[0] == section
        and other.cells.get("n", "").isdigit()
    ]
    return len(mates) > 1 and sum(map(int, mates)) == int(total)


def _again(claim: Claim, columns: Sequence[str], others: Sequence[Claim]) -> bool:
    """Whether another paragraph or table prints the same numbers of the same kind of row."""
    own = {name: claim.cells[name] for name in COLUMNS if name != "total" and claim.cells.get(name)}
    if len(own) < 2 or not set(columns) <= set(own):
        return False
    here = claim.spans[0].block.partition(".")[0]
    return any(
        other.kind == claim.kind
        and other.spans[0].block.partition(".")[0] != here
        and all(other.cells.get(name, "") == text for name, text in own.items())
        for other in others
    )


# The trial.


@dataclass(frozen=True)
class Planted:
    """One planted misprint and what became of it."""

    paper: str
    kind: str
    row: str
    against: str
    found: str
    words: str


def plants(files: Sequence[Path], count: int, seed: int, only: Sequence[str] = KINDS) -> Iterator[Planted]:
    """Misprints of all kinds in turn, each in a random row of a random paper that has a place for it."""
    rng = random.Random(seed)
    cache: dict[Path, tuple[Document, list[Claim], set[tuple[str, str]]]] = {}
    kinds = [*MADE, "limits swapped", "sign lost", "from beside"]
    made = 0
    taken: set[tuple[Path, str, str]] = set()
    while made < count:
        kind = kinds[made % len(kinds)]
        for _ in range(400):
            path = rng.choice(files)
            if path not in cache:
                opened = document(path)
                rows = claims(opened)
                before = {(one.rule, one.reported) for one in findings(opened, draft(rows, "made"))}
                cache[path] = opened, rows, before
            opened, rows, before = cache[path]
            row = rng.choice(only)
            eligible = [one for one in rows if one.kind == row and sum(bool(one.cells.get(c)) for c in COLUMNS) > 1]
            if not eligible:
                continue
            claim = rng.choice(eligible)
            change = changes(kind, opened, claim, rows, rng)
            if change and (path, kind, str(claim.spans)) not in taken:
                taken.add((path, kind, str(claim.spans)))
                yield _tried(path, kind, claim, change, opened, rows, before)
                break
        made += 1


def _tried(
    path: Path,
    kind: str,
    claim: Claim,
    made: Sequence[Change],
    opened: Document,
    rows: Sequence[Claim],
    before: set[tuple[str, str]],
) -> Planted:
    wrong = applied(opened, made)
    again = draft(claims(wrong), "made")
    block, start = claim.spans[0].block, claim.spans[0].start
    near = {
        one.claim_id
        for one in again
        if any(span.block == block and abs(span.start - start) < 40 for span in one.claim.spans)
    }
    told = [
        one
        for one in findings(wrong, again)
        if (one.rule, one.reported) not in before and (near & set(one.claim_ids) or _unread(one, claim, made))
    ]
    shown = "; ".join(f"{printed(opened, one.span)} -> {one.new}" for one in made)
    now = [{k: v for k, v in one.cells.items() if k in COLUMNS and v} for one in again if one.claim_id in near][:2]
    own = {k: v for k, v in claim.cells.items() if k in COLUMNS and v}
    words = f"{shown} in {own} ({claim.rule}, {claim.locator[:70]}); read as {now}"
    where = "table" if "." in block else "text"
    against = contradicted_by(claim, opened, made, rows)
    return Planted(path.stem, kind, f"{claim.kind}, {where}", against, told[0].rule if told else "", words)


def _unread(one: Finding, claim: Claim, made: Sequence[Change]) -> bool:
    """Whether a finding without rows, as the row was not read, shows the wrong number and is of the same place."""
    place = claim.locator.partition(",")[0]
    shown = any(change.new.replace("·", ".") in one.reported for change in made)
    return not one.claim_ids and shown and any(locator.startswith(place) for locator in one.locators)


def report(done: Sequence[Planted]) -> Iterator[str]:
    """Found of planted by kind of misprint, by kind of row and by what contradicts it."""
    for name, key in (("misprint", "kind"), ("row", "row"), ("contradicted by", "against")):
        groups: dict[str, list[Planted]] = defaultdict(list)
        for one in done:
            groups[getattr(one, key) or "nothing"].append(one)
        for label, group in sorted(groups.items()):
            able = [one for one in group if one.against]
            found = sum(bool(one.found) for one in able)
            whole = sum(bool(one.found) for one in group)
            yield f"{name} {label}: planted {len(group)}, found {whole}; detectable {len(able)}, found {found}"
    able = [one for one in done if one.against]
    found = sum(bool(one.found) for one in able)
    whole = sum(bool(one.found) for one in done)
    yield f"all: planted {len(done)}, found {whole}; detectable {len(able)}, found {found}"
    yield f"rules that told: {dict(Counter(one.found for one in done if one.found))}"


def main() -> None:
    """Print the table, and with `--misses` every detectable misprint that was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=Path, default=ROOT.parent / "shared/papers/jats")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    done = []
    for one in plants(sorted(options.papers.iterdir()), options.count, options.seed, options.rows):
        done.append(one)
        if options.misses and one.against and not one.found:
            sys.stdout.write(f"MISSED {one.paper} {one.kind}, {one.row}, against {one.against}: {one.words}\n")
    sys.stdout.write("\n".join(report(done)) + "\n")


if __name__ == "__main__":
    main()
