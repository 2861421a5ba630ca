"""Letters of any script in figures and the PDF: a font that has them, or their code points where no font does."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Comes with matplotlib: the same on every machine.
OWN = "DejaVu Sans"
#: What Typst's own fonts have for certain: the Latin blocks, and what numbers and sentences are written with.
LATIN = frozenset(map(chr, range(0x20, 0x250))) - frozenset(map(chr, range(0x7F, 0xA0)))
TYPST = LATIN | frozenset("\u2009\u200b\u202f–—‘’“”…•→−×·≤≥αβγλμτχ²")

logger = logging.getLogger(__name__)


def installed() -> list[str]:
    """Files of the fonts of this machine."""
    from matplotlib import font_manager

    return sorted(font_manager.findSystemFonts())


class Letters:
    """Fonts that a text needs beyond those always there, and the letters that no font has.

    Parameters
    ----------
    known : set of str
        Letters of the fonts that are at hand anyway.
    fonts : callable
        Files of further fonts, asked for only where a text has letters that the font of matplotlib lacks.
    usable : callable
        Whether the font of a file can be used where the texts go.

    Attributes
    ----------
    families, files : list of str, list of Path
        Fonts that the texts so far need, in the order in which they are to be tried.
    missing : set of str
        Letters that no font has.
    """

    def __init__(
        self,
        known: frozenset[str] = TYPST,
        fonts: Callable[[], Iterable[str]] = installed,
        usable: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.families: list[str] = []
        self.files: list[Path] = []
        self.missing: set[str] = set()
        self._known = set(known) | {"\n", "\t", "\r"}
        self._fonts = fonts
        self._usable = usable

    def legible(self, text: str) -> str:
        """The text, with letters that no font has written as their code points (`U+1F600`)."""
        new = set(text) - self._known
        if new:
            self._look_for(new - self.missing)
            text = "".join(_code(one) if one in self.missing else one for one in text)
        return text

    def warn(self) -> None:
        """Warn once which letters are shown as code points."""
        if shown := sorted(letter for letter in self.missing if _code(letter)):
            codes = ", ".join(_code(letter).strip() for letter in shown[:20])
            more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
            logger.warning(
                "no font on this machine has the letters %s%s (%s): they are shown by their codes. Install a font of "
                "their script (the Noto fonts have most) and run again.",
                codes,
                more,
                ", ".join(scripts_of(shown)),
            )

    def _look_for(self, wanted: set[str]) -> None:
        wanted = self._take(font_file(OWN), wanted)
        for file in self._fonts() if wanted else ():
            wanted = self._take(file, wanted)
        self.missing |= wanted

    def _take(self, file: str, wanted: set[str]) -> set[str]:
        """Note the font if it has any of the letters, and return the letters still missing."""
        found = wanted & letters_of(file)
        if found and not self._usable(file):
            return wanted
        if found:
            self._known |= letters_of(file)
            if Path(file) not in self.files:
                self.files.append(Path(file))
                self.families.append(_font(file)[0])
        return wanted - found


def scripts_of(letters: Iterable[str]) -> list[str]:
    """Scripts that letters are of, by the first word of their names: Hangul, Thai; CJK is Chinese and Japanese."""
    return sorted({_script(letter) for letter in letters})


def _script(letter: str) -> str:
    if unicodedata.category(letter).startswith("S"):
        return "symbols"
    word = unicodedata.name(letter, "").split(" ")[0]
    return word if word == "CJK" else word.capitalize() or "letters without a name"


def show_letters(figure: Figure) -> None:
    """Draw letters that the font of figures lacks with fonts of this machine, or write their codes."""
    from matplotlib import font_manager
    from matplotlib.text import Text

    letters = Letters(letters_of(font_file(OWN)), usable=is_scalable)
    for text in figure.findobj(Text):
        said = letters.legible(text.get_text())
        if said != text.get_text():
            text.set_text(said)
    if letters.families:
        for file in letters.files:
            font_manager.fontManager.addfont(file)
        for text in figure.findobj(Text):
            text.set_fontfamily([OWN, *letters.families])
    letters.warn()


def font_file(family: str) -> str:
    """File of a font that comes with matplotlib."""
    from matplotlib import font_manager

    return str(font_manager.findfont(family, fallback_to_default=False))


def is_scalable(file: str) -> bool:
    """Whether a font is of outlines; matplotlib draws with no other, such as those of coloured emoji."""
    from matplotlib import font_manager

    return bool(font_manager.get_font(file).scalable)


def letters_of(file: str) -> frozenset[str]:
    """Letters of an upright font; none for other styles and for files that cannot be read."""
    return _font(file)[1]


@cache
def _font(file: str) -> tuple[str, frozenset[str]]:
    from matplotlib import font_manager

    try:
        font = font_manager.get_font(file)
    except (OSError, RuntimeError):  # damaged, or of pictures in place of outlines
        return "", frozenset()
    upright = not font.style_flags  # neither bold nor slanted
    return font.family_name, frozenset(map(chr, font.get_charmap())) if upright else frozenset()


def _code(letter: str) -> str:
    """`U+4E2D`; nothing for an invisible mark."""
    unseen = unicodedata.category(letter) == "Cf" or unicodedata.name(letter, "").startswith("VARIATION SELECTOR")
    return "" if unseen else f"U+{ord(letter):04X} "
