"""Axes that keep one tick and stamp it at every place, where matplotlib makes five artists for each.

Ticks were a third of the time of a figure: most of their parts never show, and each is measured several times. What
is drawn is the same. Whoever asks for single ticks gets them, and they are then drawn as matplotlib draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import Bbox, IdentityTransform

NOTHING = IdentityTransform()
CLOSE = 1e-10  # of the view: a tick this little beyond its end is still within, as matplotlib has it


class Stamped(Axis):
    """The part that both axes share; `majorTicks[0]` is the stamp."""

    majorTicks: list[Any]  # noqa: N815 (matplotlib's name)
    _kept: tuple[Any, tuple[np.ndarray, list[str]]] | None = None

    def _alone(self) -> bool:
        """Whether nothing but the stamp is needed."""
        kinds = self._major_tick_kw
        return (
            len(self.__dict__.get("majorTicks", ())) <= 1
            and isinstance(self.get_minor_locator(), NullLocator)
            and not (kinds.get("tick2On") or kinds.get("label2On"))
        )

    def _marks(self) -> tuple[np.ndarray, list[str]]:
        """Places of the ticks in view, and the words at them."""
        if isinstance(self.get_major_locator(), NullLocator) or not self._tick_group_visible(self._major_tick_kw):
            return np.empty(0), []
        low, high = (float(end) for end in self.get_view_interval())
        # Each drawing asks several times; room counts, because a locator that chooses for itself looks at it.
        state = (low, high, self.major.locator, self.major.formatter, *self.axes.bbox.size)
        if self._kept is None or self._kept[0] != state:
            self._kept = (state, self._within(low, high))
        return self._kept[1]

    def _within(self, low: float, high: float) -> tuple[np.ndarray, list[str]]:
        places = np.asarray(self.get_majorticklocs(), dtype=float)
        words = self.major.formatter.format_ticks(places)
        start, end = np.sort(self.get_transform().transform(np.array([low, high])))
        margin = CLOSE * (end - start)
        shown = self.get_transform().transform(places)
        inside = (shown >= start - margin) & (shown <= end + margin)
        return places[inside], [word for word, within in zip(words, inside, strict=True) if within]

    def _points(self, places: np.ndarray) -> np.ndarray:
        """Where the label of each place is tied, in pixels."""
        raise NotImplementedError

    def _spread(self, line: Any, places: np.ndarray) -> None:
        """Give a line of the stamp all places at once."""
        raise NotImplementedError

    def _layouts(self, words: Sequence[str], renderer: Any) -> list[Any]:
        """How the lines of each label lie about its point, as `Text` finds it."""
        label = self.majorTicks[0].label1
        look = (label.get_rotation(), label.get_va(), label.get_ha(), hash(label.get_fontproperties()))
        # A renderer that measures words always alike keeps what it found: the same few numbers stand at most axes.
        kept = getattr(renderer, "layouts", {})
        known = kept.setdefault((self.get_figure(root=True).dpi, *look), {"": None})
        for word in words:
            if word not in known:
                label.set_text(word)
                known[word] = label._get_layout(renderer)
        return [known[word] for word in words]

    def _update_ticks(self) -> list[Any]:
        if not self._alone():
            return super()._update_ticks()
        return self.majorTicks[:1] if len(self._marks()[0]) else []

    def _get_ticklabel_bboxes(self, ticks: Sequence[Any], renderer: Any) -> tuple[list[Bbox], list[Bbox]]:
        if not self._alone():
            return super()._get_ticklabel_bboxes(ticks, renderer)
        places, words = self._marks()
        if not len(places) or not self.majorTicks[0].label1.get_visible():
            return [], []
        return [self._extent(self._points(places), self._layouts(words, renderer))], []

    @staticmethod
    def _extent(points: np.ndarray, layouts: Sequence[Any]) -> Bbox:
        """What all labels cover together; a point where none has words, which takes no room in a layout."""
        worded = [place for place, layout in enumerate(layouts) if layout is not None]
        if not worded:
            return Bbox([points[0], points[0]])
        boxes = np.array([layouts[place][0].extents for place in worded])
        return Bbox([(points[worded] + boxes[:, :2]).min(axis=0), (points[worded] + boxes[:, 2:]).max(axis=0)])

    def draw(self, renderer: Any) -> None:
        if not self._alone():
            super().draw(renderer)
            return
        if not self.get_visible():
            return
        renderer.open_group("matplotlib.axis", gid=self.get_gid())
        places, words = self._marks()
        boxes: list[Bbox] = []
        if len(places):
            self._draw_lines(renderer, places)
            if self.majorTicks[0].label1.get_visible():
                points, layouts = self._points(places), self._layouts(words, renderer)
                boxes = [self._extent(points, layouts)]
                self._draw_labels(renderer, points, layouts)
        if self.label.get_text():
            self._update_label_position(renderer)
            self.label.draw(renderer)
        self._update_offset_text_position(boxes, [])
        self.offsetText.set_text(self.major.formatter.get_offset())
        self.offsetText.draw(renderer)
        renderer.close_group("matplotlib.axis")
        self.stale = False

    def _draw_lines(self, renderer: Any, places: np.ndarray) -> None:
        stamp = self.majorTicks[0]
        if stamp.gridline.get_visible():
            for place in places:
                stamp.update_position(place)
                stamp.gridline.draw(renderer)
        self._spread(stamp.tick1line, places)
        stamp.tick1line.draw(renderer)

    def _draw_labels(self, renderer: Any, points: np.ndarray, layouts: Sequence[Any]) -> None:
        """As `Text.draw`, with one pen for all."""
        label = self.majorTicks[0].label1
        pen = renderer.new_gc()
        pen.set_foreground(label.get_color())
        pen.set_alpha(label.get_alpha())
        height = renderer.get_canvas_width_height()[1]
        for (x, y), layout in zip(points, layouts, strict=True):
            for line, _, (right, up) in layout[1] if layout else ():
                down = height - y - up if renderer.flipy() else y + up
                words, mathematics = label._preprocess_math(line)
                renderer.draw_text(
                    pen, x + right, down, words, label.get_fontproperties(), label.get_rotation(), ismath=mathematics
                )
        pen.restore()

    def set_ticks(self, ticks: Any, labels: Any = None, *, minor: bool = False, **kwargs: Any) -> Any:
        """As matplotlib's; size is the only look of words that needs no single ticks."""
        if minor or not self._alone() or set(kwargs) - {"fontsize"}:
            return super().set_ticks(ticks, labels, minor=minor, **kwargs)
        places = np.asarray(ticks, dtype=float)
        if len(places):
            for axis in self._get_shared_axis():
                axis.set_view_interval(places.min(), places.max())
        self.set_major_locator(FixedLocator(places))
        if labels is not None:
            if len(labels) != len(places):
                raise ValueError(f"{len(places)} ticks have {len(labels)} labels: give one each")
            self.set_major_formatter(FixedFormatter([str(label) for label in labels]))
        if kwargs:
            self.set_tick_params(labelsize=kwargs["fontsize"])
        self.stale = True
        return self.majorTicks[:1]

    @contextmanager
    def _unmade(self) -> Iterator[None]:
        """Change what ticks will be, without making any only to change it."""
        missing = "majorTicks" not in self.__dict__
        if missing:
            self.majorTicks = []
        try:
            yield
        finally:
            if missing:
                self.__dict__.pop("majorTicks", None)

    def reset_ticks(self) -> None:
        self.__dict__.pop("majorTicks", None)
        self.minorTicks: list[Any] = []  # or else the first who counts them makes one
        self._kept = None

    def set_tick_params(self, which: Any = "major", reset: bool = False, **kwargs: Any) -> None:
        self._kept = None  # room for more ticks or fewer
        with self._unmade():
            super().set_tick_params(which, reset, **kwargs)

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        with self._unmade():
            super().set_clip_path(path, transform)

    def _get_tick(self, major: bool) -> Any:
        tick = super()._get_tick(major)
        tick.gridline.set_clip_path(self.axes.patch)
        return tick

    def get_children(self) -> list[Any]:
        super()._update_ticks()  # whoever looks at the parts of the axis sees every tick in its place
        return super().get_children()

    def get_majorticklabels(self) -> list[Any]:
        super()._update_ticks()
        return super().get_majorticklabels()


class StampedX(Stamped, XAxis):
    """The axis below."""

    def _points(self, places: np.ndarray) -> np.ndarray:
        label = self.majorTicks[0].label1
        return np.asarray(label.get_transform().transform(np.column_stack([places, np.full(len(places), label._y)])))

    def _spread(self, line: Any, places: np.ndarray) -> None:
        line.set_xdata(places)


class StampedY(Stamped, YAxis):
    """The axis at the left."""

    def _points(self, places: np.ndarray) -> np.ndarray:
        label = self.majorTicks[0].label1
        return np.asarray(label.get_transform().transform(np.column_stack([np.full(len(places), label._x), places])))

    def _spread(self, line: Any, places: np.ndarray) -> None:
        line.set_ydata(places)


class Pane(Rectangle):
    """The ground of axes: the unit square in their own scale, so that nothing is left for a transform to do.

    Every artist that is clipped to it makes a new transform of its own otherwise.
    """

    def get_patch_transform(self) -> IdentityTransform:
        """None."""
        return NOTHING


class StampedAxes(Axes):
    """Axes with stamped ticks, below and at the left."""

    def _gen_axes_patch(self) -> Pane:
        return Pane((0.0, 0.0), 1.0, 1.0)

    def _init_axis(self) -> None:
        self.xaxis = StampedX(self, clear=False)
        self.yaxis = StampedY(self, clear=False)
        for axis, sides in ((self.xaxis, ("bottom", "top")), (self.yaxis, ("left", "right"))):
            for side in sides:
                self.spines[side].register_axis(axis)

    def _update_title_position(self, renderer: Any) -> None:
        """Titles stand where they are set, unless a power of ten of the ticks below them stands there too."""
        self.yaxis._marks()
        if self.yaxis.major.formatter.get_offset():
            super()._update_title_position(renderer)


class Sheet(Figure):
    """A figure of stamped axes."""

    def add_axes(self, *args: Any, **kwargs: Any) -> Any:
        """As matplotlib's."""
        return super().add_axes(*args, **{"axes_class": StampedAxes, **kwargs})

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """As matplotlib's."""
        return super().add_subplot(*args, **{"axes_class": StampedAxes, **kwargs})
