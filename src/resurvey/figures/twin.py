"""SVG and PNG of a figure from one pass over its artists, with letters that are looked up once a process."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.backends.backend_svg import RendererSVG, _generate_transform
from matplotlib.colors import rgb2hex
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D, Bbox, TransformedPath

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

POINTS = 72.0  # an inch, the unit of SVG as matplotlib writes it


@dataclass(frozen=True)
class Glyph:
    """A letter of a font: its name, its outline, and how far on the next one stands, in 1/100 of its size."""

    name: str
    points: np.ndarray
    codes: np.ndarray
    advance: float


@dataclass(frozen=True)
class Word:
    """A word laid out, in 1/100 of its size.

    Attributes
    ----------
    glyphs : tuple of Glyph
    outline : Path
        All of them as one path.
    size : (float, float, float)
        Width up to where a next letter would stand, height and descent of what is inked.
    uses : str
        The glyphs as SVG, each where it stands and by its name.
    """

    glyphs: tuple[Glyph, ...]
    outline: Path
    size: tuple[float, float, float]
    uses: str


class Letters(TextToPath):
    """Outlines and sizes of words, each found once: the same numbers and names stand in hundreds of figures."""

    def __init__(self) -> None:
        super().__init__()
        self._fonts: dict[int, Any] = {}
        self._glyphs: dict[tuple[str, int], Glyph] = {}
        self._words: dict[tuple[str, str], Word] = {}
        self._heights: dict[str, tuple[float, float, float]] = {}

    def _get_font(self, prop: FontProperties) -> Any:
        font = self._fonts.get(hash(prop))
        if font is None:
            font = self._fonts[hash(prop)] = super()._get_font(prop)
        font.set_size(self.FONT_SCALE, self.DPI)  # others use the same font at their own size
        return font

    def word(self, s: str, prop: FontProperties) -> Word:
        """Everything about a word in a font, size apart."""
        font = self._fonts.get(hash(prop)) or self._get_font(prop)
        key = (font.fname, s)
        if key not in self._words:
            self._words[key] = self._laid_out(s, self._get_font(prop))
        return self._words[key]

    def _laid_out(self, s: str, font: Any) -> Word:
        """As `get_glyphs_with_font`, `get_text_path` and `set_text` of the font, which each lay it out anew."""
        places, end = [], 0.0
        for item in font._layout(s, LoadFlags.NO_HINTING, features=None, language=None):
            glyph = self._glyph(item.ft_object, item.glyph_index)
            places.append((glyph, item.x, item.y))
            end = round((item.x + glyph.advance) * 64) / 64  # in the steps in which a font counts
        points = np.concatenate([np.empty((0, 2)), *(glyph.points + np.array([x, y]) for glyph, x, y in places)])
        codes = np.concatenate([np.empty(0, Path.code_type), *(glyph.codes for glyph, _, _ in places)])
        inked = points[codes != Path.CLOSEPOLY, 1]  # a closing code has no place of its own
        low, high = (inked.min(), inked.max()) if len(inked) else (0.0, 0.0)
        uses = "".join(f'<use xlink:href="#{glyph.name}"{_at(x, y)}/>\n' for glyph, x, y in places)
        return Word(tuple(glyph for glyph, _, _ in places), Path(points, codes), (end, high - low, -low), uses)

    def _glyph(self, font: Any, index: int) -> Glyph:
        key = (font.fname, index)
        if key not in self._glyphs:
            advance = font.load_glyph(index, flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536  # of 16.16 bits
            points, codes = font.get_path()
            self._glyphs[key] = Glyph(self._get_glyph_repr(font, index), points, codes, advance)
        return self._glyphs[key]

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        """Width, height and descent in points."""
        if ismath:
            made: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)
            return made
        scale = prop.get_size_in_points() / self.FONT_SCALE
        width, height, descent = self.word(s, prop).size
        return width * scale, height * scale, descent * scale

    def heights(self, prop: FontProperties) -> tuple[float, float, float]:
        """Ascent, descent and line gap of a font, in parts of its size."""
        font = self._get_font(prop)
        if font.fname not in self._heights:
            table, units = font.get_sfnt_table("OS/2"), font.get_sfnt_table("head")["unitsPerEm"]
            ascent, descent, gap = (table[f"sTypo{name}"] / units for name in ("Ascender", "Descender", "LineGap"))
            self._heights[font.fname] = ascent, -descent, gap
        return self._heights[font.fname]


def _at(x: float, y: float) -> str:
    moved = _generate_transform([("translate", (x, y))])
    return f' transform="{moved}"' if moved else ""


LETTERS = Letters()
if hasattr(os, "register_at_fork"):
    # A copy of this process must open font files of its own, or both would read from one place in the file; words that
    # are laid out stay. Matplotlib does the same with the fonts that it keeps.
    os.register_at_fork(after_in_child=LETTERS._fonts.clear)


class TwinRenderer(RendererSVG):
    """Writes SVG, and hands every stroke, enlarged, to a raster of `dpi` dots an inch.

    Parameters
    ----------
    width, height : float
        Of the figure, in inches.
    stream : text stream
        Where the SVG goes.
    dpi : float
    """

    layouts: ClassVar[dict[tuple[Any, ...], dict[str, Any]]] = {}  # of labels of ticks, by look and words
    definitions: ClassVar[dict[str, str]] = {}  # of glyphs, by name

    def __init__(self, width: float, height: float, stream: Any, dpi: float) -> None:
        super().__init__(width * POINTS, height * POINTS, stream, dpi, metadata={"Date": None, "Creator": None})
        self.raster = RendererAgg(int(width * dpi), int(height * dpi), dpi)
        self._text2path = LETTERS
        self._stream = stream
        self._factor = dpi / POINTS
        self._larger = Affine2D().scale(self._factor)
        self._inside = False

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float, float, float]:
        """What the layout of a text asks a renderer for before it reads the font's tables, each time anew."""
        ascent, descent, gap = LETTERS.heights(prop)
        size = prop.get_size_in_points()
        return ascent * size, descent * size, gap * size

    @contextmanager
    def _one_stroke(self) -> Iterator[bool]:
        """Whether the raster gets this stroke; the smaller strokes SVG may make of it must not reach it again."""
        outermost, self._inside = not self._inside, True
        try:
            yield outermost
        finally:
            self._inside = not outermost

    def _enlarged(self, gc: GraphicsContextBase) -> Any:
        """The same pen for the raster; widths and dashes are in points and stay, clipping is in pixels."""
        pen: Any = self.raster.new_gc()
        pen.copy_properties(gc)
        box, (path, place) = gc.get_clip_rectangle(), gc.get_clip_path()
        if box is not None:
            pen.set_clip_rectangle(Bbox(box.get_points() * self._factor))
        if path is not None:
            pen.set_clip_path(TransformedPath(path, place + self._larger))
        return pen

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        with self._one_stroke() as outermost:
            super().draw_path(gc, path, transform, rgbFace)
            if outermost:
                self.raster.draw_path(self._enlarged(gc), path, transform + self._larger, rgbFace)

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Any,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        with self._one_stroke() as outermost:
            super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)
            if outermost:
                places = (marker_trans + self._larger, path, trans + self._larger)
                self.raster.draw_markers(self._enlarged(gc), marker_path, *places, rgbFace)

    def draw_path_collection(
        self, gc: Any, master_transform: Any, paths: Any, all_transforms: Any, offsets: Any, offset_trans: Any,
        *looks: Any, **more: Any,
    ) -> None:  # fmt: skip
        with self._one_stroke() as outermost:
            super().draw_path_collection(
                gc, master_transform, paths, all_transforms, offsets, offset_trans, *looks, **more
            )
            if outermost:
                moved = (master_transform + self._larger, paths, all_transforms, offsets, offset_trans + self._larger)
                self.raster.draw_path_collection(self._enlarged(gc), *moved, *looks, **more)

    def draw_quad_mesh(
        self, gc: Any, master_transform: Any, meshWidth: int, meshHeight: int, coordinates: Any, offsets: Any,
        offsetTrans: Any, *looks: Any,
    ) -> None:  # fmt: skip
        size = (meshWidth, meshHeight, coordinates, offsets)
        with self._one_stroke() as outermost:
            super().draw_quad_mesh(gc, master_transform, *size, offsetTrans, *looks)
            if outermost:
                moved = (master_transform + self._larger, *size, offsetTrans + self._larger)
                self.raster.draw_quad_mesh(self._enlarged(gc), *moved, *looks)

    def _definition(self, glyph: Glyph) -> str:
        """The outline of a glyph in SVG, in the whole numbers in which fonts count."""
        if glyph.name not in self.definitions:
            outline = self._convert_path(Path(glyph.points * 64, glyph.codes), simplify=False)
            drawn = f' d="{outline}"' if outline else ""  # a space has none
            self.definitions[glyph.name] = f'<path id="{glyph.name}"{drawn} transform="scale({1 / 64})"/>\n'
        return self.definitions[glyph.name]

    def _draw_text_as_path(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any, mtext: Any = None
    ) -> None:
        """As matplotlib's, with the glyphs of a word written at once."""
        if ismath:
            super()._draw_text_as_path(gc, x, y, s, prop, angle, ismath, mtext)
            return
        word = LETTERS.word(s, prop)
        self.writer.comment(s)  # closes the tag before; the rest goes past the writer, which looks at each letter
        new = {glyph.name: glyph for glyph in word.glyphs if glyph.name not in self._glyph_map}
        if new:
            self._glyph_map.update(new)
            self._stream.write(f"<defs>\n{''.join(map(self._definition, new.values()))}</defs>\n")
        colour, opaque = rgb2hex(gc.get_rgb()), gc.get_alpha() if gc.get_forced_alpha() else gc.get_rgb()[3]
        looks = [f"fill: {colour}"] if colour != "#000000" else []
        looks += [f"opacity: {opaque:g}"] if opaque != 1 else []
        style = f' style="{"; ".join(looks)}"' if looks else ""
        size = prop.get_size_in_points() / LETTERS.FONT_SCALE
        place = _generate_transform([("translate", (x, y)), ("rotate", (-angle,)), ("scale", (size, -size))])
        self._stream.write(f'<g{style} transform="{place}">\n{word.uses}</g>\n')

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        with self._one_stroke():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        pen = self._enlarged(gc)
        if ismath:
            self.raster.draw_text(pen, x * self._factor, y * self._factor, s, prop, angle, ismath, mtext)
            return
        pen.set_linewidth(0)
        pen.set_snap(False)
        size = prop.get_size_in_points() / LETTERS.FONT_SCALE * self._factor
        place = Affine2D().scale(size).rotate_deg(angle)
        place.translate(x * self._factor, self.raster.height - y * self._factor)
        self.raster.draw_path(pen, LETTERS.word(s, prop).outline, place, gc.get_rgb())


class TwinCanvas(FigureCanvasBase):
    """Lets the layout measure words with the renderer that will draw them."""

    fixed_dpi = POINTS

    def get_renderer(self) -> TwinRenderer:
        """A renderer to measure with."""
        return TwinRenderer(1.0, 1.0, io.StringIO(), POINTS)


def draw_twice(figure: Figure, dpi: float) -> tuple[bytes, Any] | None:
    """SVG of a figure and the raster of the same strokes; None where it holds images, which each draws in its own way.

    The figure is laid out, once.
    """
    if figure.images or any(axes.images for axes in figure.axes):
        return None
    before, stream = figure.dpi, io.StringIO()
    TwinCanvas(figure)
    try:
        figure.set_dpi(POINTS)
        width, height = figure.get_size_inches()
        renderer = TwinRenderer(width, height, stream, dpi)
        figure.draw(renderer)
        renderer.finalize()
    finally:
        figure.set_dpi(before)
    return stream.getvalue().encode(), renderer.raster
