"""The common style of all figures: fonts, sizes, markers, and colours distinguishable with any colour vision."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from math import isfinite
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

P = ParamSpec("P")

WIDTH = 6.85  # inches: the text width of a page, so that the font keeps its size in print
BESIDE = 4.05  # inches: width of figures placed side by side, so that the font is at least six points in print
DPI = 192  # twice the 96 pixels per inch of a browser
INK, SOFT, FAINT, PAPER = "#1a1a1a", "#5f6368", "#d5d8dc", "#ffffff"
# Okabe and Ito (2008), ordered so that neighbours differ most; yellow is left out because it is too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", (0, (5, 1.6)), (0, (5, 1.4, 1, 1.4)), (0, (1.2, 1.2)), (0, (8, 1.5, 1, 1.5, 1, 1.5)), (0, (3, 3)), "-")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")

STYLE: dict[str, Any] = {
    # DejaVu Sans comes with matplotlib: the same glyphs on every machine. The SVG contains outlines, not font names.
    "font.family": "DejaVu Sans",
    "svg.fonttype": "path",
    "svg.hashsalt": "resurvey",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "lines.linewidth": 1.5,
    "hatch.linewidth": 0.5,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.constrained_layout.h_pad": 0.04,
    "figure.constrained_layout.w_pad": 0.04,
    "mathtext.default": "regular",
    # Character widths do not depend on resolution, so one layout is valid for screen, print and SVG.
    "text.hinting": "none",
    "figure.dpi": DPI,
}


_held = False


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the house style, and restore the caller's settings afterwards; no work where it already applies."""
    global _held
    if _held:
        yield
        return
    import matplotlib

    with matplotlib.rc_context(STYLE):
        _held = True
        try:
            yield
        finally:
            _held = False


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorator: draw in the house style and leave the caller's settings unchanged."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with house_style():
            return draw(*args, **kwargs)

    return inside


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure as wide as the page; `height` in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def fixed_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure whose axes are placed in inches by `inches`: without a layout step it takes half the time."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def inches(
    figure: Figure, left: float, bottom: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """A position in inches from the lower left corner, in the form that `figure.add_axes` needs."""
    across, up = figure.get_size_inches()
    return left / across, bottom / up, width / across, height / up


def look(index: int) -> dict[str, Any]:
    """Colour and line style of the `index`-th series; series never differ in colour alone."""
    again = index // len(COLOURS)  # from the eighth on the colours come again, each with another line
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": LINES[(index + again) % len(LINES)]}


def marker(index: int) -> dict[str, Any]:
    """Colour and marker of the `index`-th series."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def wrapped(text: object, width: int) -> str:
    """Text wrapped to lines of at most `width` characters; `$` is shown as such and does not start mathematics."""
    lines = textwrap.wrap(str(text).replace("$", r"\$"), width, break_long_words=False)
    return "\n".join(lines)


def cut(text: object, most: int) -> str:
    """Text of at most `most` characters; a longer one ends with an ellipsis."""
    words = str(text)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def plain(text: object) -> str:
    """Text escaped so that it is not interpreted as mathematics."""
    return str(text).replace("$", r"\$")


def number(value: float, digits: int = 2) -> str:
    """A number with fixed decimals; `NR` where it was not reached, a dash where there is none."""
    if value != value:
        return "–"
    if not isfinite(value):
        return "NR"
    return f"{value:.{digits}f}".replace("-", "−")


def sensible(value: float) -> str:
    """A number to three significant digits without needless zeros."""
    if not isfinite(value):
        return number(value)
    return f"{value:.3g}".replace("-", "−")


def p_text(p: float) -> str:
    """A p value as journals print it."""
    if not isfinite(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def ratio_axis(ax: Axes, low: float, high: float) -> list[float]:
    """Set a log axis for ratios from about `low` to `high`, with few round ticks and a line at 1; return the ticks."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    low, high = min(low, 0.8), max(high, 1.25)
    steps = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20]
    if high / low > 12:
        steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
    if high / low > 60:  # keep the number of ticks, otherwise their labels touch
        steps = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]
    ticks = [step for step in steps if low / 1.02 <= step <= high * 1.02]
    ax.set_xscale("log")
    ax.set_xlim(low / 1.04, high * 1.04)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.axvline(1, color=SOFT, lw=0.9, zorder=0.5)
    return ticks


def in_rows(ax: Axes) -> Transform:
    """Transform with x as a fraction of the axes and y in data, for words beside what is drawn."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(ax.transAxes, ax.transData)


def favours(ax: Axes, left: str, right: str, *, letters: int) -> None:
    """Write below a ratio axis what each side favours, in lines of limited length."""
    for text, align, shift in ((f"← {left}", "right", -5), (f"{right} →", "left", 5)):
        ax.annotate(
            wrapped(text, letters),
            (1, 0),
            xycoords=("data", "axes fraction"),
            xytext=(shift, -18),
            textcoords="offset points",
            ha=align,
            va="top",
            fontsize=7.7,
            color=SOFT,
            annotation_clip=False,
        )


def percent_axis(ax: Axes, label: str, top: float = 1.0) -> None:
    """Label a y axis from 0 to 1 in per cent."""
    from matplotlib.ticker import PercentFormatter

    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=""))
    ax.set_ylim(0, top)
    ax.set_ylabel(label)


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever is more legible on a colour (red, green, blue from 0 to 1).

    References
    ----------
    .. [1] W3C (2018). Web Content Accessibility Guidelines 2.1: relative luminance and contrast ratio.
    """
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return PAPER if 1.05 / (light + 0.05) > (light + 0.05) / 0.06 else INK


def many(count: int, one: str, several: str = "") -> str:
    """A number with its noun, such as `1 study` or `4 studies`; the plural adds an s unless given."""
    return f"{count} {one}" if count == 1 else f"{count} {several or one + 's'}"


def listed(words: Sequence[object]) -> str:
    """A list in words: `a`, `a and b`, `a, b and c`."""
    items = [str(word) for word in words]
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
