"""Characters of any script in figures and the PDF: drawn in a font that has them, otherwise as code points."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Comes with matplotlib, so it is the same on every machine.
OWN = "DejaVu Sans"
#: Characters that Typst's own fonts certainly have: the Latin blocks, and common punctuation, signs and Greek letters.
LATIN = frozenset(map(chr, range(0x20, 0x250))) - frozenset(map(chr, range(0x7F, 0xA0)))
TYPST = LATIN | frozenset("\u2009\u200b\u202f–—‘’“”…•→−×·≤≥αβγλμτχ²")

logger = logging.getLogger(__name__)


def installed() -> list[str]:
    """Files of the installed fonts."""
    from matplotlib import font_manager

    return sorted(font_manager.findSystemFonts())


class Letters:
    """Fonts that texts need in addition to the default ones, and characters that no font has.

    Parameters
    ----------
    known : set of str
        Characters of the default fonts.
    fonts : callable
        Returns the files of further fonts; called only where a text has characters that matplotlib's font lacks.
    usable : callable
        Whether the font in a file can be used for the output.

    Attributes
    ----------
    families, files : list of str, list of Path
        Fonts that the texts so far need, in the order in which they should be tried.
    missing : set of str
        Characters that no font has.
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
        """The text, with code points (`U+1F600`) in place of characters that no font has."""
        new = set(text) - self._known
        if new:
            self._look_for(new - self.missing)
            text = "".join(_code(one) if one in self.missing else one for one in text)
        return text

    def warn(self) -> None:
        """Warn once which characters are shown as code points."""
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
        """Record the font if it has any of the characters, and return the characters still missing."""
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
    """Scripts of characters, by the first word of their Unicode names (Hangul, Thai); CJK is Chinese and Japanese."""
    return sorted({_script(letter) for letter in letters})


def _script(letter: str) -> str:
    if unicodedata.category(letter).startswith("S"):
        return "symbols"
    word = unicodedata.name(letter, "").split(" ")[0]
    return word if word == "CJK" else word.capitalize() or "letters without a name"


def show_letters(figure: Figure) -> None:
    """Draw characters that the figure font lacks in installed fonts, or write their code points."""
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
    """Whether a font consists of outlines; matplotlib cannot use others, such as coloured emoji fonts."""
    from matplotlib import font_manager

    return bool(font_manager.get_font(file).scalable)


def letters_of(file: str) -> frozenset[str]:
    """Characters of an upright regular font; none for other styles or for unreadable files."""
    return _font(file)[1]


@cache
def _font(file: str) -> tuple[str, frozenset[str]]:
    from matplotlib import font_manager

    try:
        font = font_manager.get_font(file)
    except (OSError, RuntimeError):  # damaged, or a bitmap font
        return "", frozenset()
    upright = not font.style_flags  # neither bold nor slanted
    return font.family_name, frozenset(map(chr, font.get_charmap())) if upright else frozenset()


def _code(letter: str) -> str:
    """A code point such as `U+4E2D`; empty for an invisible character."""
    unseen = unicodedata.category(letter) == "Cf" or unicodedata.name(letter, "").startswith("VARIATION SELECTOR")
    return "" if unseen else f"U+{ord(letter):04X} "
