"""Lines, columns, headings and paragraphs of a PDF; text repeated at page edges is left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from resurvey.read.normal import squeeze
from resurvey.read.sources.pdf_text import Page, Word

CAPTION = re.compile(
    r"^(?:Supplementary\s)?Table\s?(?:[A-Z]?\d{1,2}|[IVX]{1,4})(?:[A-Za-z](?=[\s.:]))?\b", re.IGNORECASE
)
PROSE = re.compile(r"[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}")
FIGURE = re.compile(r"^(?:Fig(?:ure)?\.?|Scheme)\s?\d{1,2}", re.IGNORECASE)


@dataclass
class Piece:
    """Words of one line with no wide gap between them."""

    words: list[Word]

    @property
    def x0(self) -> float:
        """Left edge."""
        return self.words[0].x0

    @property
    def x1(self) -> float:
        """Right edge."""
        return max(word.x1 for word in self.words)

    @property
    def top(self) -> float:
        """Upper edge."""
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return max(word.bottom for word in self.words)

    @property
    def middle(self) -> float:
        """Vertical centre of its tallest word."""
        return max(self.words, key=lambda word: word.size).middle

    @property
    def size(self) -> float:
        """Most common size of its letters."""
        return median(word.size for word in self.words)

    @property
    def font(self) -> str:
        """Font of most of its words, the first of equals."""
        return Counter(word.font for word in self.words).most_common(1)[0][0]

    @property
    def text(self) -> str:
        """Its words, with a caret before superscripts."""
        return join(self.words)

    @property
    def bold(self) -> bool:
        """Whether most of it is bold."""
        return sum(word.bold for word in self.words) * 2 > len(self.words)


def join(words: Sequence[Word]) -> str:
    """Words of a line as text; a small raised word is a superscript of the word before it."""
    parts: list[str] = []
    for k, word in enumerate(words):
        before = words[k - 1] if k else None
        raised = (
            before is not None
            and word.letters < 0.85 * before.letters
            and before.bottom - word.bottom > 0.1 * before.size
        )
        close = before is not None and not word.spaced and word.x0 - before.x1 < 0.15 * before.size
        if raised:
            parts.append(("" if close else " ") + "^" + word.text)
        else:
            parts.append((" " if k and not close else "") + word.text)
    return squeeze("".join(parts))


def glued(first: str, second: str) -> str:
    """Two lines of one text as one; a word broken at the end of the first is made whole."""
    broken = first.endswith("-") and first[-2:-1].islower() and second[:1].islower()
    if not broken:
        return f"{first} {second}"
    kept = first[:-1].rpartition(" ")[2].lower() in OWN_HYPHEN
    return f"{first if kept else first[:-1]}{second}"


# Words that keep their hyphen at the end of a line.
OWN_HYPHEN = frozenset(["non", "anti", "pre", "post", "self", "co", "long", "short", "high", "low", "well", "follow"])


def lines_of(words: Sequence[Word]) -> list[list[Word]]:
    """Words at one height, from top to bottom; those of a line from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.middle, w.x0)):
        line = lines[-1] if lines else []
        tallest = max(line, key=lambda w: w.size) if line else None
        if tallest is not None and abs(word.middle - tallest.middle) < 0.5 * max(word.size, tallest.size):
            line.append(word)
        else:
            lines.append([word])
    return [sorted(line, key=lambda w: w.x0) for line in lines]


def pieces_of(words: Sequence[Word], gap: float = 1.1) -> list[Piece]:
    """Pieces of lines, from top to bottom and left to right, separated by gaps of at least `gap` letter heights."""
    made: list[Piece] = []
    for line in lines_of(words):
        part = [line[0]]
        for word in line[1:]:
            if word.x0 - max(w.x1 for w in part[-3:]) > gap * max(4.0, min(word.size, part[-1].size)):
                made.append(Piece(part))
                part = []
            part.append(word)
        made.append(Piece(part))
    return made


def split_at(pieces: Sequence[Piece], gutter: float | None) -> list[Piece]:
    """Pieces cut at the gutter, where two columns are so close that lines run across both."""
    if gutter is None:
        return list(pieces)
    made: list[Piece] = []
    for piece in pieces:
        left = [word for word in piece.words if word.x1 <= gutter + 2]
        right = [word for word in piece.words if word.x0 >= gutter - 2]
        gap = min((w.x0 for w in right), default=0.0) - max((w.x1 for w in left), default=0.0)
        if left and right and len(left) + len(right) == len(piece.words) and gap > 0.6 * piece.size:
            made += [Piece(left), Piece(right)]
        else:
            made.append(piece)
    return made


def body_type(pages: Sequence[Page]) -> tuple[float, str]:
    """Size of the letters, in points, and name of the font of most lines of running text."""
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for piece in (piece for page in pages for piece in pieces_of(page.words)):
        if PROSE.search(piece.text):
            sizes[round(piece.size * 2) / 2] += len(piece.text)
            fonts[piece.font] += len(piece.text)
    return (sizes.most_common(1)[0][0] if sizes else 10.0), (fonts.most_common(1)[0][0] if fonts else "")


def _key(piece: Piece) -> str:
    return re.sub(r"\d+", "#", piece.text.lower())[:80]


def repeated_texts(pages: Sequence[Page]) -> set[str]:
    """Texts at the edge of at least three pages, ignoring numbers."""
    counted: Counter[str] = Counter()
    for page in pages:
        edge = list(pieces_of([w for w in page.words if w.top < 0.1 * page.height or w.bottom > 0.9 * page.height]))
        counted.update({_key(piece) for piece in edge})
    return {key for key, count in counted.items() if count >= 3}


def at_edge(word: Word, page: Page, repeated: set[str]) -> bool:
    """Whether a word lies off the page or belongs to a text repeated at page edges."""
    if word.top < 0 or word.bottom > page.height + 2 or word.x1 < 0:
        return True
    if not (word.top < 0.1 * page.height or word.bottom > 0.9 * page.height):
        return False
    line = [w for w in page.words if abs(w.middle - word.middle) < 0.5 * word.size]
    return any(word in piece.words and _key(piece) in repeated for piece in pieces_of(line))


def gutters(pages: Sequence[Page], words: Sequence[Sequence[Word]]) -> list[float | None]:
    """Position of the white space between the two columns of each page; None for single-column pages.

    The position differs between left and right pages of a journal, so pages of one parity are pooled: white space
    inside tables varies from page to page.
    """
    covers = [_cover(page, some) for page, some in zip(pages, words, strict=True)]
    common: list[Counter[int]] = [Counter(), Counter()]
    for page, cover in zip(pages, covers, strict=True):
        common[page.number % 2].update(cover)
    found: list[float | None] = []
    for page, some, cover in zip(pages, words, covers, strict=True):
        shared = _whitest(common[page.number % 2], page.width)
        own = _whitest(cover, page.width)
        if shared is not None and (_parts(cover, shared, page.width, most=0.45) or _apart(some, shared) >= 6):
            found.append(float(shared))
        elif own is not None and _parts(cover, own, page.width, most=0.15):
            found.append(float(own))
        else:
            found.append(None)
    return found


def _cover(page: Page, words: Sequence[Word]) -> Counter[int]:
    """Height of the text over each even x, in points; spaces between words count as text."""
    cover: Counter[int] = Counter()
    for word in words:
        reach = 0.3 * word.size
        for x in range(2 * int((word.x0 - reach) / 2), int(word.x1 + reach) + 1, 2):
            cover[x] += round(word.size)
    return cover


def _whitest(cover: Counter[int], width: float) -> int | None:
    """The middle of the widest stretch near the middle of the page with the least text over it."""
    places = range(2 * int(0.17 * width), int(0.67 * width), 2)
    if not cover or not places:
        return None
    least = min(cover[x] for x in places)
    runs: list[list[int]] = []
    for x in places:
        if cover[x] <= least + 12:
            if runs and x - runs[-1][-1] == 2:
                runs[-1].append(x)
            else:
                runs.append([x])
    best = max(runs, key=len)
    return best[len(best) // 2]


def _parts(cover: Counter[int], x: int, width: float, *, most: float) -> bool:
    """Whether a position is white compared with the text on both sides of it."""
    left = median(cover[2 * int(k * width / 200)] for k in range(14, 38))
    right = median(cover[2 * int(k * width / 200)] for k in range(62, 86))
    return max(left, right) >= 60 and min(left, right) >= 18 and cover[x] <= most * min(left, right)


def _apart(words: Sequence[Word], x: float) -> int:
    """Number of lines with text on both sides of a position and a gap there that is wider than between words."""
    found = 0
    for line in lines_of(words):
        left = max((word.x1 for word in line if word.x0 < x), default=None)
        right = min((word.x0 for word in line if word.x0 >= x), default=None)
        found += left is not None and right is not None and left <= x and right - left > 0.7 * line[0].size
    return found


def columns_of(pieces: Sequence[Piece], gutter: float | None) -> list[list[Piece]]:
    """Pieces in reading order: within each band between full-width lines, the left column before the right one."""
    ordered = sorted(pieces, key=lambda piece: (piece.middle, piece.x0))
    if gutter is None:
        return [ordered]
    columns: list[list[Piece]] = []
    left: list[Piece] = []
    right: list[Piece] = []
    for piece in ordered:
        if piece.x0 < gutter - 8 and piece.x1 > gutter + 8:
            columns += [left, right, [piece]]
            left, right = [], []
        elif piece.x1 <= gutter + 8:
            left.append(piece)
        else:
            right.append(piece)
    return _together([*columns, left, right])


def _together(columns: list[list[Piece]]) -> list[list[Piece]]:
    """Merge consecutive full-width lines into one column."""
    made: list[list[Piece]] = []
    wide = False
    for column in columns:
        if not column:
            continue
        across = len(column) == 1
        if made and wide and across:
            made[-1] += column
        else:
            made.append(list(column))
        wide = across
    return made
