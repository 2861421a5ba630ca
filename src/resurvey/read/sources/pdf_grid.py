"""Rows of a PDF table as a grid: columns by white space, cells of several lines, headings over several columns."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import reduce

from resurvey.read.sources.build import Grid, RawCell, resolve
from resurvey.read.sources.pdf_layout import Piece, glued, join
from resurvey.read.sources.pdf_rules import Rule
from resurvey.read.sources.pdf_text import Word
from resurvey.read.table_cells import is_numeric

# Lines nearer than this, in heights of a line, are not one below the other.
HALF_LINE = 0.72
# White space between two columns, in heights of a line.
LEAST_GAP = 0.42
# Lines of headings that a table may have.
MOST_HEADS = 8
Span = tuple[int, int, float, str]


def grid_of(rows: list[list[Piece]], ruled: int, rules: Sequence[Rule] = (), *, framed: bool = False) -> Grid | None:
    """The grid of a table's rows, the first `ruled` of which are headings; None if it has no two columns.

    The `rules` below headings show how many columns they are over. A table without two rows of numbers is one only if
    it is `framed` by rules.
    """
    ruled = ruled if ruled <= MOST_HEADS else 0
    edges = _edges(rows[ruled:]) or _edges(rows) or (_edges(rows, words=True) if framed else [])
    if len(edges) < 2:
        return None
    lines = [_cells(row, edges) for row in rows[ruled:]]
    lines = [*_head_lines(rows, ruled, edges, rules), *lines]
    if ruled:
        top, body = _levelled(rows[:ruled], lines[:ruled]), _levelled(rows[ruled:], lines[ruled:])
    else:
        levelled = _levelled(rows, lines)
        heads = _heads(levelled)
        top, body = levelled[:heads], levelled[heads:]
    above = _merged_heads(top, len(edges))
    below = _merged_rows(body)
    left = min((spans[0][2] for spans in below if spans and spans[0][0] == 0), default=0.0)
    made: list[list[RawCell]] = [
        [RawCell(text, 1, stop - first + 1, True) for first, stop, _, text in line] for line in above
    ]
    for line in below:
        if len(line) == 1 and line[0][0] == 0:
            _, _, x, text = line[0]
            made.append([RawCell(text, 1, 1, False, _indent(x, left)), *[RawCell("") for _ in range(len(edges) - 1)]])
            continue
        made.append(_filled(line, len(edges), left))
    return resolve(made)


def _levelled(rows: list[list[Piece]], lines: list[list[Span]]) -> list[list[Span]]:
    """Lines as rows of the table: a cell of one line that is centred beside one of two lines stands half a line off."""
    made: list[list[Span]] = []
    last: list[Piece] = []
    columns: set[int] = set()
    for row, line in zip(rows, lines, strict=True):
        own = {c for first, stop, *_ in line for c in range(first, stop + 1)}
        if made and row[0].middle - last[0].middle < HALF_LINE * row[0].size and not own & columns:
            made[-1] = _joined(made[-1], line)
        else:
            made.append(line)
        last, columns = row, own
    return made


def _joined(first: list[Span], second: list[Span]) -> list[Span]:
    """Two lines of one row: cells that have a column in common one below the other."""
    made = list(first)
    for span in second:
        over = [cell for cell in made if cell[0] <= span[1] and span[0] <= cell[1]]
        if over:
            text = _stacked(" ".join(cell[3] for cell in over), span[3], span[0])
            span = (min(over[0][0], span[0]), max(over[-1][1], span[1]), over[0][2], text)
        made = sorted([*(cell for cell in made if cell not in over), span])
    return made


def _stacked(first: str, second: str, column: int) -> str:
    """Two lines of a cell: a label, or words or brackets that go on, as one line; two results as two lines."""
    results = column > 0 and any(c.isdigit() for c in first) and any(c.isdigit() for c in second)
    return f"{first}\n{second}" if results and second[:1] not in "([" else glued(first, second)


def _indent(x: float, left: float) -> int:
    return round((x - left) / 3) if x - left > 2 else 0


def _filled(line: list[Span], columns: int, left: float) -> list[RawCell]:
    cells, at = [], 0
    for first, stop, x, text in line:
        cells += [RawCell("") for _ in range(first - at)]
        cells.append(RawCell(text, 1, stop - first + 1, False, _indent(x, left) if first == 0 else 0))
        at = stop + 1
    return cells + [RawCell("") for _ in range(columns - at)]


def _edges(rows: list[list[Piece]], *, words: bool = False) -> list[tuple[float, float]]:
    """Columns as ranges of x, separated by white space in all but a few rows."""
    full = [row for row in rows if len(row) > 1 and (words or any(is_numeric(piece.text) for piece in row[1:]))]
    if len(full) < 2:
        return []
    least = LEAST_GAP * full[0][0].size
    spans = [_spans_of(row) for row in full]
    bands = _apart(_covered(spans, len(full) // 20), least)
    return [part for band in bands for part in _divided(band, spans, least)]


def _apart(stretches: list[tuple[float, float]], least: float) -> list[tuple[float, float]]:
    """Stretches of x with those put together that are nearer than the least gap of columns."""
    bands: list[tuple[float, float]] = []
    for x0, x1 in stretches:
        if bands and x0 - bands[-1][1] < least:
            bands[-1] = (bands[-1][0], max(bands[-1][1], x1))
        else:
            bands.append((x0, x1))
    return bands


def _divided(
    band: tuple[float, float], spans: list[list[tuple[float, float]]], least: float
) -> list[tuple[float, float]]:
    """A band as two columns or more where a long label or two close the white space that all other rows leave.

    Each part must be filled in half of the rows; it reaches as far as the next.
    """
    inside = [[(a, b) for a, b in row if band[0] <= a and b <= band[1]] for row in spans]
    allowed = max(1, len(spans) // 8)
    parts = _apart(_covered(inside, allowed), least) if len(spans) >= 2 * allowed + 4 else [band]
    filled = [sum(any(a < x1 and b > x0 for a, b in row) for row in inside) for x0, x1 in parts]
    if len(parts) < 2 or min(filled) * 2 < len(spans):
        return [band]
    reach = [(x0, following[0] - 0.25 * least) for (x0, _), following in itertools.pairwise(parts)]
    return [(band[0], reach[0][1]), *reach[1:], (parts[-1][0], band[1])]


def _covered(rows: list[list[tuple[float, float]]], allowed: int) -> list[tuple[float, float]]:
    """Ranges of x covered by more rows than allowed."""
    events = sorted(event for row in rows for a, b in row for event in ((a, 1), (b, -1)))
    stretches, depth, begin = [], 0, 0.0
    for x, step in events:
        if depth <= allowed < depth + step:
            begin = x
        if depth > allowed >= depth + step:
            stretches.append((begin, x))
        depth += step
    return stretches


def _spans_of(row: list[Piece]) -> list[tuple[float, float]]:
    """Ranges of x of a row, those that overlap as one."""
    merged: list[tuple[float, float]] = []
    for x0, x1 in (stretch for piece in row for stretch in _stretches(piece)):
        if merged and x0 <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


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


def _head_lines(
    rows: list[list[Piece]], ruled: int, edges: list[tuple[float, float]], rules: Sequence[Rule]
) -> list[list[Span]]:
    """Lines of headings; one that is over several columns has a rule below it or is centred above them."""
    made = []
    for row, following in itertools.pairwise(rows[: ruled + 1]):
        below = [rule for rule in rules if row[0].middle < rule.y < following[0].middle]
        placed = _placed(row, edges, head=True)
        for i, (_, _, words) in enumerate(placed):
            placed[i] = (*_spread(placed, i, edges, below), words)
        made.append([(first, stop, words[0].x0, join(words)) for first, stop, words in placed])
    return made


def _spread(
    placed: list[tuple[int, int, list[Word]]], i: int, edges: list[tuple[float, float]], rules: Sequence[Rule]
) -> tuple[int, int]:
    """First and last column of a heading, no further than the headings beside it."""
    first, stop, words = placed[i]
    low = placed[i - 1][1] + 1 if i else 1
    high = placed[i + 1][0] - 1 if i + 1 < len(placed) else len(edges) - 1
    if first == 0 or not low <= first <= stop <= high:
        return first, stop
    x0, x1 = words[0].x0, max(word.x1 for word in words)
    middle = (x0 + x1) / 2
    for rule in rules:
        under = [k for k in range(low, high + 1) if rule.x0 - 2 < (edges[k][0] + edges[k][1]) / 2 < rule.x1 + 2]
        if len(under) > 1 and rule.x0 - 4 <= middle <= rule.x1 + 4:
            return min(first, under[0]), max(stop, under[-1])
    own = edges[first]
    centred = abs((own[0] + own[1]) / 2 - middle) <= max(4.0, 0.3 * (own[1] - own[0]))
    if first == stop and (centred or abs(own[0] - x0) < 4.0):
        return first, stop
    runs = [(a, b) for a in range(low, first + 1) for b in range(stop, high + 1) if b > a]
    above = [run for run in runs if abs(edges[run[0]][0] + edges[run[1]][1] - 2 * middle) <= 8.0]
    return max(above, key=lambda run: run[1] - run[0], default=(first, stop))


def _cells(row: list[Piece], edges: list[tuple[float, float]]) -> list[Span]:
    """Cells of a row by the columns they lie in; pieces in one column are joined."""
    return [(first, stop, words[0].x0, join(words)) for first, stop, words in _placed(row, edges)]


def _placed(
    row: list[Piece], edges: list[tuple[float, float]], *, head: bool = False
) -> list[tuple[int, int, list[Word]]]:
    """Words of a row by the first and last column that they lie in."""
    made: list[tuple[int, int, list[Word]]] = []
    for piece in row:
        for part in _parts(piece, edges, head=head):
            first, stop = _place(part[0].x0, max(word.x1 for word in part), edges)
            if made and made[-1][1] >= first:
                last = made[-1]
                made[-1] = (last[0], max(last[1], stop), [*last[2], *part])
            else:
                made.append((first, stop, part))
    return made


def _parts(piece: Piece, edges: list[tuple[float, float]], *, head: bool) -> list[list[Word]]:
    """Cut a piece between words where a column ends and the next begins, if every word lies in a single column."""
    homes = [_place(word.x0, word.x1, edges) for word in piece.words]
    if homes[0] == (0, 0):
        # A label goes on as far as the first values, however near to them its last word is.
        homes = [(0, 0) if word.x1 <= edges[1][0] else home for word, home in zip(piece.words, homes, strict=True)]
    if any(a != b for a, b in homes) or len({a for a, _ in homes}) == 1:
        return [piece.words]
    # A heading over several columns is kept whole: its words are close together across the column edge.
    parts = [[piece.words[0]]]
    for k in range(1, len(piece.words)):
        wide = piece.words[k].x0 - piece.words[k - 1].x1 > 0.5 * piece.size
        if homes[k] != homes[k - 1] and (wide or (not head and is_numeric(piece.words[k].text))):
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
    """Join labels and values that continue in the next line."""
    made: list[list[Span]] = []
    for line in lines:
        if not line:
            continue
        last = made[-1] if made else None
        if last is not None and (_bracketed(last, line) or (line[0][0] == 0 and _goes_on(last, line))):
            made[-1] = _joined(last, line)
        else:
            made.append(line)
    return made


def _bracketed(last: list[Span], line: list[Span]) -> bool:
    """Whether the values of a line are brackets of the numbers above them: an interval below its estimate."""
    above = {span[0]: span[3] for span in last if span[0] > 0}
    values = [span for span in line if span[0] > 0]
    return bool(values) and all(
        text[:1] in "([" and first in above and is_numeric(above[first]) and not re.search(r"[(\[]", above[first])
        for first, _, _, text in values
    )


def _goes_on(last: list[Span], line: list[Span]) -> bool:
    if last[0][0] != 0 or (len(last) > 1 and len(line) > 1):
        return False
    first = line[0][3]
    if len(last) > 1:
        return len(line) == 1 and (first[:1].islower() or first[:1] == "(") and line[0][2] >= last[0][2] - 1
    return first[:1].islower() or last[0][3].rstrip().endswith(
        (",", "-", " of", " to", " and", " or", " with", " for", "(")
    )
