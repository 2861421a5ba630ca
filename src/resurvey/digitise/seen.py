"""What the ink of a plot says about the curves traced in it, before any words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resurvey.digitise import doubts
from resurvey.digitise.digitised import Check, TracedCurve
from resurvey.digitise.left_over import goes_on, left_over, unexplained
from resurvey.digitise.match import Meeting
from resurvey.digitise.raster import hidden_ends, longest_blank, redrawn, starts_of, tangled, together
from resurvey.digitise.region import Region
from resurvey.digitise.retrace import Unlike
from resurvey.digitise.traced import Traced


@dataclass(frozen=True)
class Seen:
    """Findings of a traced plot; curves are numbered from 0, from the uppermost.

    `starts` are the first positions of the curves (share of the axis, survival); `redrawn` the smallest share of a
    curve that falls on ink, and that curve; `blank` the longest stretch of a curve that does not, and that curve;
    `hidden` and `followed` the curves whose end may lie elsewhere; `undecided` and `joined` the pairs that cannot be
    told apart; `left` is the share of the plot's width with unexplained ink; `tangled` says that several curves of one
    ink meet, or marks are crowded, so that one may be missed; `unlike` is how far a tracing at another size differs, if
    the plot was traced again.
    """

    starts: tuple[tuple[float, float], ...]
    redrawn: tuple[float, int]
    blank: tuple[float, int]
    hidden: tuple[int, ...]
    followed: tuple[int, ...]
    undecided: tuple[Meeting, ...]
    joined: tuple[tuple[int, int], ...]
    left: float
    tangled: bool
    unlike: Unlike | None = None

    def checks(self, curves: Sequence[TracedCurve]) -> list[Check]:
        """The checks of these findings, in words that name the curves."""
        said = [
            doubts.check_start(curves, self.starts),
            doubts.check_redraw(curves, *self.redrawn, self.blank),
            doubts.check_ends(curves, self.hidden, self.followed),
            doubts.check_crossing(curves, self.undecided, self.joined),
        ]
        return said if self.unlike is None else [*said, doubts.check_again(curves, self.unlike)]


def seen_in(
    region: Region, traced: Sequence[Traced], undecided: Sequence[Meeting], unlike: Unlike | None = None
) -> Seen:
    """Findings of a region and the curves traced in it."""
    rest, marks = left_over(traced, region)
    return Seen(
        tuple(starts_of(traced, region)),
        redrawn(traced),
        longest_blank(traced),
        tuple(hidden_ends(traced, region)),
        tuple(goes_on(rest, traced, region)),
        tuple(undecided),
        tuple(together(traced)),
        unexplained(rest, region),
        marks > doubts.MOST_MARKS or tangled(traced),
        unlike,
    )
