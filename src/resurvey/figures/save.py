"""Figures with their captions, written as SVG and PNG with identical bytes on every run, and a table of captions."""

from __future__ import annotations

import gc
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from resurvey.errors import InputError
from resurvey.figures.letters import show_letters
from resurvey.figures.style import DPI, house_style
from resurvey.folders import made_anew
from resurvey.tables import write_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ["figure_id", "section", "title", "caption", "alt", "svg", "png", "data"]
SECTIONS = ("evidence", "audit", "reconstruction", "design", "comparisons")
NAME = re.compile(r"^[a-z0-9][a-z0-9-]*$")
MAX_NAME = 80
WHITE = 0xFFFFFFFF  # white, with red to alpha in one number
PAGE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image("figure.svg")'  # only the drawing
PAPER_CODE = 255  # index of white in the palette of a PNG
RUNS = 3  # zlib's strategy for runs of equal bytes: half the time of its default, a fifth more bytes


@dataclass(frozen=True)
class Drawing:
    """A figure with its title, caption and source.

    Attributes
    ----------
    name : str
        Unique name, also used for its files: lower-case letters, digits and hyphens.
    section : str
        One of `SECTIONS`.
    title, caption, alt : str
        Plain text: a heading, a self-contained caption, and a description for a reader who cannot see the figure.
    data : str
        The result file from which it was drawn, as named by the caller.
    figure : matplotlib.figure.Figure
    """

    name: str
    section: str
    title: str
    caption: str
    alt: str
    data: str
    figure: Figure

    def __post_init__(self) -> None:
        if not NAME.match(self.name) or len(self.name) > MAX_NAME:
            raise InputError(f"figure name {self.name!r} must be lower-case letters, digits and hyphens: use `slug`")
        if self.section not in SECTIONS:
            raise InputError(f"section {self.section!r} of figure {self.name} is none of {', '.join(SECTIONS)}")
        for part in ("title", "caption", "alt"):
            if not getattr(self, part).strip():
                raise InputError(f"figure {self.name} has no {part}: every figure needs one")


def slug(*parts: object) -> str:
    """A name for files and links made from ids and words; a long name is cut and ends with a digest of the whole."""
    text = "-".join(str(part) for part in parts if str(part) not in ("", "nan"))
    made = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if len(made) <= MAX_NAME:
        return made
    return f"{made[: MAX_NAME - 9]}-{hashlib.blake2s(text.encode(), digest_size=4).hexdigest()}"


def save(drawings: Iterable[Drawing], folder: Path) -> pd.DataFrame:
    """Write every drawing as NAME.svg and NAME.png into `folder`, and figures.csv beside them.

    Parameters
    ----------
    drawings : iterable of Drawing
        In the order in which they are shown; an iterator is drawn one figure at a time.
    folder : Path

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, one row per figure; empty where there is nothing to draw.

    Raises
    ------
    InputError
        If two drawings have the same name.
    NotWritten
        If the folder cannot be written; earlier files are then kept.
    """
    rows: list[dict[str, str]] = []
    with made_anew(folder) as part, house_style(), _without_collector():
        for drawing in drawings:
            if any(row["figure_id"] == drawing.name for row in rows):
                raise InputError(f"two figures are called {drawing.name!r}: their files would overwrite each other")
            svg, png = as_both(drawing.figure)
            (part / f"{drawing.name}.svg").write_bytes(svg)
            (part / f"{drawing.name}.png").write_bytes(png)
            rows.append(_row(drawing))
            del drawing
            gc.collect(0)  # frees this figure, which has many reference cycles; older objects are not examined
        table = pd.DataFrame(rows, columns=COLUMNS)
        write_csv(table, part / "figures.csv")
    return table


@contextmanager
def _without_collector() -> Iterator[None]:
    """Suspend garbage collection while a figure is drawn: it would free nothing and take a sixth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _row(drawing: Drawing) -> dict[str, str]:
    words = {part: getattr(drawing, part) for part in ("section", "title", "caption", "alt", "data")}
    return {"figure_id": drawing.name, **words, "svg": f"{drawing.name}.svg", "png": f"{drawing.name}.png"}


def as_both(figure: Figure, dpi: int = DPI) -> tuple[bytes, bytes]:
    """The figure as SVG (`as_svg`), and that SVG as PNG (`as_png`)."""
    svg = as_svg(figure)
    return svg, as_png(svg, dpi)


def as_svg(figure: Figure) -> bytes:
    """The figure as SVG, without date and with fixed ids."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with house_style():
        show_letters(figure)
        stream = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def as_png(svg: bytes, dpi: int = DPI) -> bytes:
    """An SVG as PNG with at most 256 colours (a third of the size, no visible difference), without metadata.

    The SVG is rendered by Typst, which also typesets the PDF, in a fifth of the time of a second drawing by matplotlib.
    """
    import typst
    from PIL import Image

    files: dict[str, str | Path | bytes] = {"main.typ": PAGE, "figure.svg": svg}
    png = typst.compile(files, format="png", ppi=float(dpi), ignore_system_fonts=True)  # type: ignore[call-overload]  # documented, and not in its stubs
    return _encoded(np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA")), dpi)


def _encoded(pixels: np.ndarray, dpi: int) -> bytes:
    """PNG of 255 colours and white. Most of a figure is white, so colours are chosen only for the remaining pixels."""
    from PIL import Image

    height, width = pixels.shape[:2]
    every = np.ascontiguousarray(pixels).view(np.uint32).reshape(-1)
    inked = np.flatnonzero(every != WHITE)
    codes = np.full(every.size, PAPER_CODE, dtype=np.uint8)
    palette = [255] * 3 * (PAPER_CODE + 1)
    if inked.size:
        strip = Image.frombytes("RGBA", (inked.size, 1), every[inked].tobytes()).convert("RGB")
        few = strip.quantize(PAPER_CODE, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        codes[inked] = np.frombuffer(few.tobytes(), dtype=np.uint8)
        found = few.getpalette() or []
        palette[: len(found)] = found
    picture = Image.frombytes("P", (width, height), codes.tobytes())
    picture.putpalette(palette)
    stream = io.BytesIO()
    picture.save(stream, "png", compress_level=4, compress_type=RUNS, dpi=(dpi, dpi))
    return stream.getvalue()
