"""Tables of a PDF: caption first, columns by white space, headings above the first row of numbers, notes below."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from resurvey.read.normal import squeeze
from resurvey.read.sources.build import Grid, RawCell, resolve
from resurvey.read.sources.pdf_frames import Frame, frame_below, frame_beside, running_text
from resurvey.read.sources.pdf_layout import CAPTION, FIGURE, PROSE, Piece, glued, join, pieces_of, split_at
from resurvey.read.sources.pdf_text import Page, Word
from resurvey.read.table_cells import is_numeric

Found = tuple[str, str, Grid, str]
CONTINUED = re.compile(r"\bcont(?:inued|['’]?d)?\b\.?|continued", re.IGNORECASE)
# Lines of headings that a table may have.
MOST_HEADS = 8


@dataclass
class Region:
    """A table region: its caption's pieces, its rows, its notes; the rows above the rule below its headings."""

    caption: list[Piece]
    rows: list[list[Piece]]
    notes: list[Piece]
    ruled: int = 0


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
    head = [row for row in _rows(pieces_of([w for w in around if w.middle > start.top - 1], 0.9))]
    caption = [piece for row in _adjoining(head, frame.top if not beside else None) for piece in row]
    named = {id(word) for piece in caption for word in piece.words}
    rows = _rows(pieces_of([w for w in inside if w.middle > start.top - 1 and id(w) not in named], 0.9))
    kept, notes = _until_end(rows, frame.x1 - frame.x0, body, frame.bottom)
    if sum(len(row) > 1 for row in kept) < 2:
        return None
    above = sum(row[0].middle < frame.top for row in kept)
    ruled = above or sum(row[0].middle < frame.head for row in kept) if frame.head is not None else 0
    return Region(caption, kept, notes, ruled if ruled < len(kept) else 0)


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
    for k, row in enumerate(rows):
        below = bottom is not None and row[0].middle > bottom and not _tabular(row)
        if below or _ends(row, rows[k + 1 : k + 3], rows[k - 1] if k else None, width, body, kept):
            return kept, _notes(rows[k:], kept, body, width)
        kept.append(row)
    return kept, []


def _tabular(row: list[Piece]) -> bool:
    return len(row) > 1 and any(is_numeric(piece.text) for piece in row[1:])


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
    edges = _edges(region.rows)
    if len(edges) < 2:
        return None
    lines = [_cells(row, edges) for row in region.rows]
    heads = region.ruled if 0 < region.ruled <= MOST_HEADS else _heads(lines)
    top = _merged_heads(lines[:heads], len(edges))
    below = _merged_rows(lines[heads:])
    left = min((spans[0][2] for spans in below if spans and spans[0][0] == 0), default=0.0)
    rows: list[list[RawCell]] = [
        [RawCell(text, 1, stop - first + 1, True) for first, stop, _, text in line] for line in top
    ]
    for line in below:
        if len(line) == 1 and line[0][0] == 0:
            _, _, x, text = line[0]
            rows.append([RawCell(text, 1, 1, False, _indent(x, left)), *[RawCell("") for _ in range(len(edges) - 1)]])
            continue
        rows.append(_filled(line, len(edges), left))
    if CONTINUED.search(caption[:40]):
        label = f"{label} continued"
    return label, caption, resolve(rows), squeeze(" ".join(piece.text for piece in region.notes))


Span = tuple[int, int, float, str]


def _indent(x: float, left: float) -> int:
    return round((x - left) / 3) if x - left > 2 else 0


def _filled(line: list[Span], columns: int, left: float) -> list[RawCell]:
    cells, at = [], 0
    for first, stop, x, text in line:
        cells += [RawCell("") for _ in range(first - at)]
        cells.append(RawCell(text, 1, stop - first + 1, False, _indent(x, left) if first == 0 else 0))
        at = stop + 1
    return cells + [RawCell("") for _ in range(columns - at)]


def _edges(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """Columns as ranges of x, separated by white space in all but a few rows."""
    full = [row for row in rows if len(row) > 1 and any(is_numeric(piece.text) for piece in row[1:])]
    if len(full) < 2:
        return []
    spans = sorted((word.x0, word.x1) for row in full for piece in row for word in piece.words)
    size = full[0][0].size
    starts = sorted({round(x0, 1) for x0, _ in spans} | {round(x1, 1) for _, x1 in spans})
    bands: list[list[float]] = []
    for x0, x1 in _covered(full, starts):
        if bands and x0 - bands[-1][1] < 0.42 * size:
            bands[-1][1] = max(bands[-1][1], x1)
        else:
            bands.append([x0, x1])
    return [(a, b) for a, b in bands]


def _covered(rows: list[list[Piece]], marks: list[float]) -> list[tuple[float, float]]:
    """Ranges of x covered by more than one row in twenty."""
    allowed = len(rows) // 20
    events: list[tuple[float, int]] = []
    for row in rows:
        merged: list[list[float]] = []
        for x0, x1 in (stretch for piece in row for stretch in _stretches(piece)):
            if merged and x0 <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], x1)
            else:
                merged.append([x0, x1])
        events += [(a, 1) for a, _ in merged] + [(b, -1) for _, b in merged]
    events.sort()
    stretches, depth, begin = [], 0, 0.0
    for x, step in events:
        if depth <= allowed < depth + step:
            begin = x
        if depth > allowed >= depth + step:
            stretches.append((begin, x))
        depth += step
    return stretches


def _stretches(piece: Piece) -> list[tuple[float, float]]:
    """Ranges of x of a piece, cut where a number that may begin a cell is set off from the one before it."""
    cuts = [[piece.words[0].x0, piece.words[0].x1]]
    for before, word in itertools.pairwise(piece.words):
        apart = word.x0 - before.x1 > 0.4 * piece.size
        numbers = before.text[-1:] in "0123456789)%]–-" and is_numeric(word.text) and word.text[:1] not in "([±–-"
        if apart and numbers:
            cuts.append([word.x0, word.x1])
        else:
            cuts[-1][1] = max(cuts[-1][1], word.x1)
    return [(a, b) for a, b in cuts]


def _cells(row: list[Piece], edges: list[tuple[float, float]]) -> list[Span]:
    """Cells of a row by the columns they lie in; pieces in one column are joined."""
    made: list[tuple[int, int, float, list[Word]]] = []
    for piece in row:
        for part in _parts(piece, edges):
            first, stop = _place(part[0].x0, max(word.x1 for word in part), edges)
            if made and made[-1][1] >= first:
                last = made[-1]
                made[-1] = (last[0], max(last[1], stop), last[2], [*last[3], *part])
            else:
                made.append((first, stop, part[0].x0, part))
    return [(first, stop, x, join(words)) for first, stop, x, words in made]


def _parts(piece: Piece, edges: list[tuple[float, float]]) -> list[list[Word]]:
    """Cut a piece between words where a column ends and the next begins, if every word lies in a single column."""
    homes = [_place(word.x0, word.x1, edges) for word in piece.words]
    if any(a != b for a, b in homes) or len({a for a, _ in homes}) == 1:
        return [piece.words]
    # A heading over several columns is kept whole: its words are close together across the column edge.
    parts = [[piece.words[0]]]
    for k in range(1, len(piece.words)):
        wide = piece.words[k].x0 - piece.words[k - 1].x1 > 0.5 * piece.size
        if homes[k] != homes[k - 1] and (wide or is_numeric(piece.words[k].text)):
            parts.append([])
        parts[-1].append(piece.words[k])
    return parts


def _place(x0: float, x1: float, edges: list[tuple[float, float]]) -> tuple[int, int]:
    """First and last column that a range of x covers."""
    over = [k for k, (a, b) in enumerate(edges) if min(x1, b) - max(x0, a) > 0.1 * min(x1 - x0, b - a)]
    if over:
        return over[0], over[-1]
    middle = (x0 + x1) / 2
    nearest = min(range(len(edges)), key=lambda k: min(abs(edges[k][0] - middle), abs(edges[k][1] - middle)))
    return nearest, nearest


def _heads(lines: list[list[Span]]) -> int:
    """Number of lines before the first row with a label and a number."""
    for k, line in enumerate(lines):
        values = [text for first, _, _, text in line if first > 0]
        if (
            line
            and line[0][0] == 0
            and values
            and any(is_numeric(text) and not re.match(r"[nN]\s?=", text) for text in values)
            and not all(re.fullmatch(r"\(?[nN]\s?=.*|\d{1,2}(?:-\d)?|%|[1-5]/[1-5]", text) for text in values)
        ):
            return _back_over_sections(lines, k)
    return min(1, len(lines))


def _back_over_sections(lines: list[list[Span]], k: int) -> int:
    """A line with only a label, directly above the first numbers, is a section title, not a heading."""
    while k > 1 and len(lines[k - 1]) == 1 and lines[k - 1][0][0] == 0 and lines[k - 1][0][1] == 0:
        k -= 1
    return k


def _merged_heads(lines: list[list[Span]], columns: int) -> list[list[Span]]:
    """Spanning headings in rows of their own; those of single columns joined line by line."""
    wide: list[list[Span]] = []
    single: dict[int, list[str]] = {}
    for line in lines:
        over = [span for span in line if span[1] > span[0]]
        if over:
            wide.append([(*span[:3], span[3]) for span in over])
        for first, stop, _, text in line:
            if first == stop:
                single.setdefault(first, []).append(text)
    rows = [_row_with_blanks(line, columns) for line in wide]
    leaf: list[Span] = [(c, c, 0.0, reduce(glued, single[c])) for c in sorted(single)]
    return [*rows, _row_with_blanks(leaf, columns)] if leaf or not rows else rows


def _row_with_blanks(line: list[Span], columns: int) -> list[Span]:
    made: list[Span] = []
    at = 0
    for span in line:
        made += [(c, c, 0.0, "") for c in range(at, span[0])]
        made.append(span)
        at = span[1] + 1
    return made + [(c, c, 0.0, "") for c in range(at, columns)]


def _merged_rows(lines: list[list[Span]]) -> list[list[Span]]:
    """Join labels that continue in the next line, which begins in lower case or completes an unfinished label."""
    made: list[list[Span]] = []
    for line in lines:
        if not line:
            continue
        last = made[-1] if made else None
        if last is not None and line[0][0] == 0 and _goes_on(last, line):
            label = (0, last[0][1], last[0][2], glued(last[0][3], line[0][3]))
            rest = last[1:] if len(last) > 1 else line[1:]
            made[-1] = [label, *rest]
            continue
        made.append(line)
    return made


def _goes_on(last: list[Span], line: list[Span]) -> bool:
    if last[0][0] != 0 or (len(last) > 1 and len(line) > 1):
        return False
    first = line[0][3]
    if len(last) > 1:
        return len(line) == 1 and (first[:1].islower() or first[:1] == "(") and line[0][2] >= last[0][2] - 1
    return first[:1].islower() or last[0][3].rstrip().endswith(
        (",", "-", " of", " to", " and", " or", " with", " for", "(")
    )
