"""Read a PDF with a text layer: words with their boxes from pypdfium2, from which lines and tables are built."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from resurvey.errors import InputError
from resurvey.read.sources.pdf_rules import Rule, rules_of, shapes_of

MAX_PAGES = 400
MAX_CHARACTERS = 2_000_000
# Lines of dots, dashes or underscores: table rules.
DOT = re.compile(r"[._…·]{1,5}")
BOLD_WEIGHT, BOLD_NAME, NAME_LENGTH = 600, re.compile(r"bold|black|heavy|\.B(?:I|$)|-Bd", re.IGNORECASE), 100
QUARTER_TURN = math.pi / 2
# From this many lines of sideways words on, a page holds a table printed sideways, not just a note in the margin.
SIDEWAYS_LINES = 4
COMMA_FOR_LESS = re.compile(r"[pP]?,0?\.\d")
RULE = re.compile(r"[._·…‗─━=-]{6,}|_{2,}|…{2,}")


@dataclass(frozen=True)
class Word:
    """A word on a page.

    Its box is in points from the top left; `letters` is the size of its letters according to the font, whose name is
    `font`; `spaced` says that the file has a blank before it.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    letters: float = 0.0
    bold: bool = False
    spaced: bool = False
    font: str = ""

    @property
    def middle(self) -> float:
        """Vertical centre of the word."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Page:
    """Words and horizontal rules of a page, and its size in points."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    rules: tuple[Rule, ...] = ()


def mend_signs(pages: list[Page]) -> list[Page]:
    """Correct signs that some journals' fonts encode wrongly: a `5` or `¼` for `=`, a comma for `<`.

    Applied only if the file shows the fault, by `n 5 123`, `¼` or `,0.01` in several places; otherwise nothing is
    changed.
    """
    texts = [word.text for page in pages for word in page.words]
    quarter = sum("¼" in text for text in texts) >= 3
    five = (
        sum(
            a in ("n", "N", "(n", "(N") and b == "5" and c[:1].isdigit()
            for a, b, c in zip(texts, texts[1:], texts[2:], strict=False)
        )
        >= 2
    )
    less = sum(COMMA_FOR_LESS.match(text) is not None for text in texts) >= 2
    if not (quarter or five or less):
        return pages
    return [replace(page, words=tuple(_mended(page.words, five=five, less=five or less))) for page in pages]


def _mended(words: tuple[Word, ...], *, five: bool, less: bool) -> Iterator[Word]:
    for k, word in enumerate(words):
        text = word.text.replace("¼", "=")
        before = words[k - 1].text if k else ""
        after = words[k + 1].text if k + 1 < len(words) else ""
        if five and text == "5" and before[-1:].isalpha() and after[:1] in "0123456789.":
            text = "="
        elif less and text == "," and before[-1:] in "pP" and after[:1] in "0.":
            text = "<"
        elif less and COMMA_FOR_LESS.match(text):
            text = text.replace(",", "<", 1)
        elif five and re.fullmatch(r"[(]?\d{1,5}(?:\.\d{1,3})?\+\d{1,5}\.?\d{0,3}[),;]?", text):
            text = text.replace("+", "±")
        yield word if text == word.text else replace(word, text=text)


def pages_of(content: bytes, name: str) -> list[Page]:
    """Words of every page.

    Raises
    ------
    InputError
        If the file is broken, locked by a password or too long, or `pypdfium2` is not installed.
    """
    try:
        import pypdfium2
    except ImportError:
        raise InputError(
            f"{name}: reading PDF needs pypdfium2; install it with `pip install 'resurvey[read]'`"
        ) from None
    try:
        file = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            words = "it is locked by a password; save it again without one"
        else:
            words = "it is not a readable PDF (damaged or cut off); download or save it again"
        raise InputError(f"{name}: {words}, or give JATS or HTML") from None
    try:
        if len(file) > MAX_PAGES:
            raise InputError(
                f"{name}: it has {len(file)} pages; give the paper without its supplements (at most {MAX_PAGES})"
            )
        pages, budget = [], MAX_CHARACTERS
        for number in range(len(file)):
            for page in _pages(file, number, budget):
                budget -= sum(len(word.text) for word in page.words)
                pages.append(page)
        return pages
    finally:
        file.close()


def _pages(file: Any, number: int, budget: int) -> list[Page]:
    """Pages of the file: upright words, and the words of a table printed sideways turned upright."""
    import pypdfium2

    try:
        page = file[number]
        width, height = page.get_size()
        text = page.get_textpage()
        words = _words(text, width, height, budget)
        shapes = shapes_of(page)
        text.close()
        page.close()
    except pypdfium2.PdfiumError:
        return [Page(number + 1, 0.0, 0.0, ())]
    rules = {turn: rules_of(_upright(shape, turn, width, height) for shape in shapes) for turn in (0, 1, 3)}
    pages = [Page(number + 1, width, height, tuple(_without_rules(words[0])), rules[0])]
    for turn in (1, 3):
        turned = _without_rules(words[turn])
        if len({round(word.middle / 4) for word in turned}) >= SIDEWAYS_LINES:
            pages.append(Page(number + 1, height, width, tuple(turned), rules[turn]))
    return pages


def _words(text: Any, width: float, height: float, budget: int) -> dict[int, list[Word]]:
    """Words by quarter turns clockwise of their letters: 0 upright, 1 reading downwards, 3 reading upwards."""
    import pypdfium2.raw as raw

    words: dict[int, list[Word]] = defaultdict(list)
    run: list[tuple[Any, ...]] = []
    turn, spaced, bold, font, matrix = 0, False, False, "", raw.FS_MATRIX()
    for i, letter in _letters(text, budget):
        if letter.isspace() or letter in "\x00\ufeff":
            _close(run, words[turn], spaced=spaced)
            spaced = True
            continue
        letter = PLAIN.get(letter, letter)
        box = text.get_charbox(i, loose=True)
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        size = _printed_size(text, i, matrix)
        if run and _breaks(run[-1], (letter, *_upright(box, turn, width, height))):
            _close(run, words[turn], spaced=spaced)
            spaced = False
        if not run:
            quarters = raw.FPDFText_GetCharAngle(text, i) / QUARTER_TURN
            if abs(quarters - round(quarters)) > 0.03 or round(quarters) % 4 == 2:
                continue
            turn = round(quarters) % 4
            font = _font(text, i)
            bold = raw.FPDFText_GetFontWeight(text, i) >= BOLD_WEIGHT or BOLD_NAME.search(font) is not None
        run.append((letter, *_upright(box, turn, width, height), size, bold, font))
    _close(run, words[turn], spaced=spaced)
    return words


def _printed_size(text: Any, i: int, matrix: Any) -> float:
    """Size of a letter as printed: many files set every font at size 1 and enlarge it by the matrix of the text."""
    import pypdfium2.raw as raw

    size = float(raw.FPDFText_GetFontSize(text, i))
    if not raw.FPDFText_GetMatrix(text, i, ctypes.byref(matrix)):
        return size
    return size * (math.hypot(matrix.c, matrix.d) or 1.0)


def _font(text: Any, i: int) -> str:
    """Name of the font of a letter, without the mark of a subset; empty if the file does not say."""
    import pypdfium2.raw as raw

    name, flags = ctypes.create_string_buffer(NAME_LENGTH), ctypes.c_int()
    raw.FPDFText_GetFontInfo(text, i, name, NAME_LENGTH, ctypes.byref(flags))
    return name.value.decode("latin-1").partition("+")[2] or name.value.decode("latin-1")


def _letters(text: Any, budget: int) -> Iterator[tuple[int, str]]:
    """Letters of a page by their place in the file; the two halves of one beyond 16 bits are put together."""
    import pypdfium2.raw as raw

    high = 0
    for i in range(min(text.count_chars(), max(budget, 0))):
        code = raw.FPDFText_GetUnicode(text, i) or 32
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0xFFFD
        high = 0
        yield i, chr(code)


def _upright(
    box: tuple[float, float, float, float], turn: int, width: float, height: float
) -> tuple[float, float, float, float]:
    """Left, right, top and bottom, from the top left of the page rotated so that the letter is upright."""
    left, bottom, right, top = box
    if turn == 1:
        return height - top, height - bottom, width - right, width - left
    if turn == 3:
        return bottom, top, left, right
    return left, right, height - top, height - bottom


def _without_rules(words: list[Word]) -> list[Word]:
    """Words except those of dotted lines: at least eight isolated dots at one height."""
    dots = Counter(round(word.middle) for word in words if DOT.fullmatch(word.text))
    return [word for word in words if not (DOT.fullmatch(word.text) and dots[round(word.middle)] >= 8)]


def _breaks(last: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Whether a new word begins: another line, a gap of a quarter of the letter's height, or a step back."""
    tall = max(1.0, last[4] - last[3])
    return bool(
        abs((last[3] + last[4]) / 2 - (new[3] + new[4]) / 2) > 0.6 * tall
        or new[1] - last[2] > 0.22 * tall
        or new[1] < last[1] - 0.5 * tall
    )


def _plain_letters() -> dict[str, str]:
    """Ligatures, hyphens at line ends and the italic and bold letters that some journals set as symbols (𝑝, 𝜇)."""
    symbols = {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x1D400, 0x1D800)}
    ligatures = {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl", "\ufffe": "-", "\x02": "-"}
    return {symbol: letter for symbol, letter in (symbols | ligatures).items() if symbol != letter}


PLAIN = _plain_letters()


def _close(run: list[tuple[Any, ...]], words: list[Word], *, spaced: bool) -> None:
    """Store the letters so far as a word, with superscripts after a caret."""
    if not run:
        return
    tall = max(item[4] - item[3] for item in run)
    largest = max(item[5] for item in run)
    base = max(item[4] for item in run)
    parts: list[str] = []
    lifted = False
    for item in run:
        small = item[5] < 0.85 * largest and base - item[4] > 0.1 * tall
        if small and not lifted and parts:
            parts.append("^")
        lifted = small
        parts.append(item[0])
    text = "".join(parts)
    if not RULE.fullmatch(text):
        words.append(
            Word(text, run[0][1], run[-1][2], min(i[3] for i in run), base, tall, largest, run[0][6], spaced, run[0][7])
        )
    run.clear()
