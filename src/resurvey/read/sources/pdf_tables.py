"""Tables of a PDF: caption first, columns by white space, headings above the first row of numbers, notes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resurvey.read.normal import squeeze
from resurvey.read.sources.build import Grid
from resurvey.read.sources.pdf_frames import Frame, frame_below, frame_beside, running_text
from resurvey.read.sources.pdf_grid import grid_of
from resurvey.read.sources.pdf_layout import CAPTION, FIGURE, PROSE, Piece, pieces_of, split_at
from resurvey.read.sources.pdf_rules import Rule
from resurvey.read.sources.pdf_text import Page, Word
from resurvey.read.table_cells import is_numeric

Found = tuple[str, str, Grid, str]
GROUP_SIZE = re.compile(r"\(?[nN]\s?=")
CONTINUED = re.compile(r"\bcont(?:inued|['’]?d)?\b\.?|continued", re.IGNORECASE)


@dataclass
class Region:
    """A table region: its caption's pieces, its rows, its notes; the rows above the rule below its headings."""

    caption: list[Piece]
    rows: list[list[Piece]]
    notes: list[Piece]
    ruled: int = 0
    framed: bool = False
    rules: tuple[Rule, ...] = ()


def find_tables(words: Sequence[Word], page: Page, gutter: float | None, body: float) -> tuple[list[Found], list[Word]]:
    """Tables of a page, and the words that belong to no table."""
    left = list(words)
    found: list[Found] = []
    taken: set[int] = set()
    starts = _captions(words, gutter)
    text = running_text(split_at(pieces_of(words), gutter), body)
    for start in starts:
        if id(start.words[0]) in taken:
            continue
        free = [w for w in left if id(w) not in taken]
        framed = _framed(start, starts, text, page, gutter)
        region = _region_framed(start, framed, free, body) if framed is not None else None
        if region is None:
            region = _region(start, free, page, gutter, body)
        made = _table(region) if region is not None else None
        if made is None:
            region = _region_above(start, free, page, gutter)
            made = _table(region) if region is not None else None
        if region is None or made is None:
            continue
        found.append(made)
        for piece in (*region.caption, *(p for row in region.rows for p in row), *region.notes):
            taken.update(id(word) for word in piece.words)
    return found, [word for word in left if id(word) not in taken]


def _captions(words: Sequence[Word], gutter: float | None) -> list[Piece]:
    """Pieces that begin with `Table 3` like a caption: bold, alone, or with a mark or a capital after the number."""
    made = []
    for piece in split_at(pieces_of(words), gutter):
        match = CAPTION.match(piece.text)
        if match is None:
            continue
        rest = piece.text[match.end() :]
        if (
            piece.words[0].bold
            or not rest.strip()
            or re.match(r"\s?[.:|]", rest)
            or re.match(r"\s+[A-Z][A-Za-z]+(?!\s(?:shows|presents|lists))", rest)
        ) and not re.match(r"\s(?:shows?|presents?|lists?|summari[sz]es?|and|in|of|for|\))", rest):
            made.append(piece)
    return made


def _framed(
    start: Piece, starts: Sequence[Piece], text: Sequence[Piece], page: Page, gutter: float | None
) -> Frame | None:
    """The frame of the table of a caption; it ends before the next caption or running text below it."""
    ends = sorted(piece.top for piece in (*starts, *text) if piece.x0 < start.x1 + 12 and piece.x1 > start.x0)
    beside = frame_beside(start, page.rules, ends, gutter)
    return beside if beside is not None else frame_below(start, page.rules, ends)


def _region_framed(start: Piece, frame: Frame, words: Sequence[Word], body: float) -> Region | None:
    """The table in a frame: its caption above or at its left, its rows up to the last rule, its notes below."""
    beside = frame.x0 > start.x1 - 2
    inside = [w for w in words if w.x0 >= frame.x0 - 4 and w.x1 <= frame.x1 + 4]
    around = [w for w in words if w.x1 <= frame.x0 + 2 and w.x0 >= start.x0 - 4] if beside else inside
    lines = _rows(pieces_of([w for w in around if w.middle > start.top - 1], 0.9))
    caption = [piece for row in _adjoining(lines, frame.top if not beside else None) for piece in row]
    named = {id(word) for piece in caption for word in piece.words}
    rows = _rows(pieces_of([w for w in inside if w.middle > start.top - 1 and id(w) not in named], 0.9))
    head, bottom = _inner_rules(rows, frame)
    kept, notes = _until_end(rows, frame.x1 - frame.x0, body, bottom)
    if sum(len(row) > 1 for row in kept) < 2:
        return None
    above = sum(row[0].middle < frame.top for row in kept)
    ruled = above or (sum(row[0].middle < head for row in kept) if head is not None else 0)
    return Region(caption, kept, notes, ruled if ruled < len(kept) else 0, framed=True, rules=frame.inner)


def _inner_rules(rows: list[list[Piece]], frame: Frame) -> tuple[float | None, float | None]:
    """The rule below the headings and the last one; the second of two ends the headings if numbers follow only it."""
    bottom = frame.bottom
    if bottom is None:
        return frame.head, None
    below = [row for row in rows if row[0].middle > bottom]
    first_numbers_below = not any(_tabular(row) for row in rows if row[0].middle < bottom)
    return (bottom, None) if first_numbers_below and any(map(_tabular, below[:3])) else (frame.head, bottom)


def _adjoining(rows: list[list[Piece]], above: float | None) -> list[list[Piece]]:
    """Lines of a caption: those above a height, or one close below the other."""
    made = rows[:1]
    for row in rows[1:]:
        apart = row[0].top - made[-1][0].bottom > 0.6 * row[0].size
        if (above is not None and (row[0].middle > above or len(row) > 1)) or (above is None and apart):
            return made
        made.append(row)
    return made


def _until_end(
    rows: list[list[Piece]], width: float, body: float, bottom: float | None = None
) -> tuple[list[list[Piece]], list[Piece]]:
    """Rows of a table up to its last rule or to what ends it, and its notes."""
    kept: list[list[Piece]] = []
    inside = max((k for k, row in enumerate(rows) if bottom and row[0].middle < bottom and _tabular(row)), default=0)
    for k, row in enumerate(rows):
        if k < inside:
            kept.append(row)
            continue
        below = bottom is not None and row[0].middle > bottom and not any(map(_tabular, rows[k : k + 2]))
        if below or _ends(row, rows[k + 1 : k + 3], rows[k - 1] if k else None, width, body, kept):
            return kept, _notes(rows[k:], kept, body, width)
        kept.append(row)
    return kept, []


def _tabular(row: list[Piece]) -> bool:
    """Whether a row has a number beside its label that is no size of a group."""
    return any(is_numeric(piece.text) and not GROUP_SIZE.match(piece.text) for piece in row[1:])


def _region(start: Piece, words: Sequence[Word], page: Page, gutter: float | None, body: float) -> Region | None:
    low, high = _extent(start, words, page, gutter, body)
    below = [w for w in words if w.middle > start.top - 1 and w.x0 >= low - 2 and w.x1 <= high + 2]
    rows = _rows(pieces_of(below, 0.9))
    caption, rows = _split_caption(start, rows)
    if not rows:
        return None
    kept, notes = _until_end(rows, high - low, body)
    return Region(caption, kept, notes) if sum(len(row) > 1 for row in kept) >= 2 else None


def _region_above(start: Piece, words: Sequence[Word], page: Page, gutter: float | None) -> Region | None:
    """The table above a caption that is printed below it: at least three rows with numbers, up to a gap or prose."""
    across = gutter is None or (start.x0 < gutter - 8 and start.x1 > gutter + 8)
    low, high = (
        (0.0, page.width) if across or gutter is None else (0.0, gutter) if start.x0 < gutter else (gutter, page.width)
    )
    inside = [w for w in words if w.x0 >= low - 2 and w.x1 <= high + 2]
    kept: list[list[Piece]] = []
    for row in reversed(_rows(pieces_of([w for w in inside if w.middle < start.top], 0.9))):
        edge = kept[-1][0].top if kept else start.top
        text = " ".join(piece.text for piece in row)
        wide = row[0].x1 - row[0].x0 > 0.55 * (high - low)
        if edge - row[0].bottom > 3.0 * row[0].size or CAPTION.match(text) or FIGURE.match(text):
            break
        larger = bool(kept) and row[0].size > 1.12 * kept[0][0].size
        if len(row) == 1 and (larger or (wide and PROSE.search(text))):
            break
        kept.append(row)
    if sum(any(is_numeric(piece.text) for piece in row[1:]) for row in kept) < 3:
        return None
    below = _rows(pieces_of([w for w in inside if w.middle > start.top - 1], 0.9))
    caption, _ = _split_caption(start, below)
    return Region(caption, kept[::-1], [])


def _extent(start: Piece, words: Sequence[Word], page: Page, gutter: float | None, body: float) -> tuple[float, float]:
    """Left and right edges of a table: those of its text column, or of the page if no running text is beside it."""
    if gutter is None or (start.x0 < gutter - 8 and start.x1 > gutter + 8):
        return 0.0, page.width
    own_left = start.x0 < gutter
    other = [
        w
        for w in words
        if (w.x0 > gutter) == own_left
        and start.top - 2 < w.middle < start.top + 14 * body
        and (w.x0 > gutter or w.x1 < gutter)
    ]
    lines = pieces_of(other)
    span = (page.width - gutter if own_left else gutter) * 0.8
    prose = sum(PROSE.search(piece.text) is not None and piece.x1 - piece.x0 > 0.72 * span for piece in lines)
    crossing = [
        w for w in words if w.x0 < gutter - 2 and w.x1 > gutter + 2 and start.top < w.middle < start.top + 14 * body
    ]
    if prose >= 3 and not crossing:
        return (0.0, gutter) if own_left else (gutter, page.width)
    if not other:
        return (
            (0.0, gutter) if own_left and not crossing else (gutter, page.width) if not own_left else (0.0, page.width)
        )
    return 0.0, page.width


def _rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda p: (p.middle, p.x0)):
        if rows and abs(rows[-1][0].middle - piece.middle) < 0.45 * max(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [sorted(row, key=lambda p: p.x0) for row in rows]


def _split_caption(start: Piece, rows: list[list[Piece]]) -> tuple[list[Piece], list[list[Piece]]]:
    """The caption: its first line and the single-piece lines in the same type directly below it."""
    caption: list[Piece] = []
    for k, row in enumerate(rows):
        if k == 0:
            caption += row
            continue
        line, last = row[0], caption[-1]
        same = (
            len(row) == 1 and line.top - last.bottom < 0.6 * line.size and abs(line.size - last.size) < 0.6 and k <= 5
        )
        complete = last.text.rstrip().endswith(".") and not CAPTION.fullmatch(last.text.strip(" ."))
        if not same or (complete and line.bold != last.bold) or (line.bold and not last.bold):
            return caption, rows[k:]
        if complete and not PROSE.search(line.text):
            return caption, rows[k:]
        caption.append(line)
    return caption, []


def _ends(
    row: list[Piece],
    following: list[list[Piece]],
    before: list[Piece] | None,
    width: float,
    body: float,
    kept: list[list[Piece]],
) -> bool:
    """Whether a table ends at a row: a caption, a line of prose, or notes."""
    text = " ".join(piece.text for piece in row)
    if kept and (CAPTION.match(text) or FIGURE.match(text)):
        return True
    if len(kept) < 2:
        return False
    if before is not None and row[0].top - before[0].bottom > 4.5 * row[0].size:
        return True
    if _tabular(row):
        return False
    wide = row[0].x1 - row[0].x0 > 0.55 * (max(p.x1 for r in kept for p in r) - min(p.x0 for r in kept for p in r))
    if (
        len(row) == 1
        and re.match(
            r"(?:\^|\*|†|[a-z] (?=[A-Z])|[a-z](?=[A-Z][a-z])|Abbreviations?|"
            r"Data |Values |Note|[A-Z][A-Za-z-]{1,8}\s?[,=:] [a-z])",
            text,
        )
        and (wide or row[0].size < kept[-1][0].size - 0.3)
    ):
        return True
    return (
        len(row) == 1
        and wide
        and PROSE.search(text) is not None
        and (len(following) == 0 or any(len(nxt) == 1 for nxt in following[:1]))
    )


def _notes(rows: list[list[Piece]], kept: list[list[Piece]], body: float, width: float) -> list[Piece]:
    """Lines of small print below a table, up to a gap or to text of normal size."""
    notes: list[Piece] = []
    for row in rows[:12]:
        text = " ".join(piece.text for piece in row)
        if (
            CAPTION.match(text)
            or FIGURE.match(text)
            or (notes and row[0].top - notes[-1].bottom > 0.9 * row[0].size)
            or row[0].size > body - 0.4
        ):
            break
        notes += row
    return notes


def _table(region: Region) -> Found | None:
    head = squeeze(" ".join(piece.text for piece in region.caption))
    match = CAPTION.match(head)
    if match is None:
        return None
    label, caption = match.group(), head[match.end() :].strip(" .:|")
    grid = grid_of(region.rows, region.ruled, region.rules, framed=region.framed)
    if grid is None:
        return None
    if CONTINUED.search(caption[:40]):
        label = f"{label} continued"
    return label, caption, grid, squeeze(" ".join(piece.text for piece in region.notes))
