"""The words of the figures: titles, captions and alternative texts from `templates/captions.toml`, with the numbers."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from resurvey.figures import style
from resurvey.figures.save import Drawing
from resurvey.labels import without_brackets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPACES = re.compile(r"[ \n]+")  # not the no-break space


@cache
def _entries() -> dict[str, dict[str, str]]:
    source = resources.files("resurvey.figures").joinpath("templates", "captions.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def _template(name: str, part: str) -> Template:
    return _environment().get_template(f"{name}.{part}")


@cache
def _environment() -> Environment:
    texts = {f"{name}.{part}": text for name, entry in _entries().items() for part, text in entry.items()}
    made = Environment(loader=DictLoader(texts), undefined=StrictUndefined, autoescape=False)
    made.filters |= {
        "bare": without_brackets,
        "capital": lambda words: words[:1].upper() + words[1:],
        "listed": style.listed,
        "many": style.many,
        "number": style.number,
        "p": style.p_text,
        "estimate": lambda row: f"{style.number(row['estimate'])} {made.filters['limits'](row)}",
        "limits": lambda row: f"({style.number(row['lower'])} to {style.number(row['upper'])})",
    }
    return made


def said(name: str, part: str, **facts: Any) -> str:
    """One text of an entry of captions.toml, with the facts inserted, on one line."""
    return SPACES.sub(" ", _template(name, part).render(facts)).strip()


def drawing(entry: str, name: str, data: str, figure: Figure, **facts: Any) -> Drawing:
    """A figure with the words of an entry of captions.toml.

    Parameters
    ----------
    entry : str
        The entry; its `section` is that of the figure.
    name, data : str
        Name of the figure, and of the file from which it was drawn.
    figure : Figure
    facts
        What the words of the entry need.
    """
    title, caption, alt = (said(entry, part, **facts) for part in ("title", "caption", "alt"))
    return Drawing(name, _entries()[entry]["section"], title, caption, alt, data, figure)
