"""What printed numbers leave open about a comparison of reconstructed patients: said beside its main estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resurvey.plan import AnyComparison
from resurvey.report.estimate_rows import concludes_otherwise, estimates_of, main_rows, scale_of
from resurvey.report.inputs import Record, Results
from resurvey.report.words import as_float, is_number, listed, on_scale, p_value, percent
from resurvey.results import Model, Quantity, RestsOn, Role, Varied

#: Evidence of estimates whose patients were reconstructed from printed numbers.
SUMMARY = "summary"
#: A test with a p value below this has spoken.
REJECTS = 0.05
#: Said once of several silent tests.
SILENCE = (
    "Tests of proportional hazards have no power in patients reconstructed from printed numbers: one that does not "
    "reject does not show that a ratio is constant."
)


@dataclass(frozen=True)
class Untold:
    """What the printed numbers behind a main estimate leave open.

    Attributes
    ----------
    share : float
        Fraction of the information on the estimate that is missing because its patients were reconstructed.
    on_shape : bool
        Whether the estimate rests on the assumed shape of the hazard more than on printed numbers.
    shapes : tuple of (str, str, bool)
        Each kind of hazard that moves the estimate: its name, the estimate under it alone, and whether it leads to
        another conclusion.
    silent : float
        p of a test of proportional hazards that does not reject, which means nothing here; NaN if there is none.
    """

    share: float
    on_shape: bool
    shapes: tuple[tuple[str, str, bool], ...] = ()
    silent: float = float("nan")

    @property
    def words(self) -> str:
        """The sentences beside the main estimate."""
        return " ".join(filter(None, (f"{self._missing()}.", self._silence())))

    @property
    def mark(self) -> str:
        """The same in a cell of a table: `44 %`, with `shape` where the estimate rests on that."""
        return f"{share_words(self.share)}{', shape' if self.on_shape else ''}"

    def _missing(self) -> str:
        missing = share_words(self.share)
        told = f"Of the information on this estimate {missing} is missing, as its patients are reconstructed"
        if not self.on_shape:
            return f"{told}; the interval allows for that"
        told += ". It therefore rests on the assumed shape of the hazard more than on what is printed"
        if not self.shapes:
            return f"{told}; no kind of hazard by itself moves it much"
        changed = [f"{name} ({value})" for name, value, turned in self.shapes if turned]
        kept = [f"{name} ({value})" for name, value, turned in self.shapes if not turned]
        parts = [f"it moves with {listed(kept)}"] if kept else []
        parts += [f"the conclusion changes with {listed(changed)}"] if changed else []
        return f"{told}: {'; '.join(parts)}"

    def _silence(self) -> str:
        if not is_number(self.silent):
            return ""
        return f"The test of proportional hazards (p {p_value(self.silent)}) has no power in such patients."


def untold(results: Results, entry: AnyComparison) -> Untold | None:
    """What is left open about the main estimate of a comparison; None if none is from printed numbers.

    Of several main estimates, that with the largest share of missing information is taken.
    """
    lines = estimates_of(results, entry.id)
    of_print = [
        line for line in main_rows(lines) if line["evidence"] == SUMMARY and is_number(line["missing_information"])
    ]
    if not of_print:
        return None
    main = max(of_print, key=lambda line: as_float(line["missing_information"]))
    return Untold(
        share=as_float(main["missing_information"]),
        on_shape=main["rests_on"] == RestsOn.SHAPE,
        shapes=tuple(_shapes(results, entry, main)),
        silent=_silent(lines),
    )


def _shapes(results: Results, entry: AnyComparison, main: Record) -> Iterable[tuple[str, str, bool]]:
    for line in results.tables_of(entry.id, "sensitivity"):
        if line["kind"] == Varied.SHAPE and not line["refused"]:
            value = on_scale(line["estimate"], scale_of(main))
            yield str(line["variation"]), value, concludes_otherwise(line, main)


def _silent(lines: Sequence[Record]) -> float:
    tests = [
        as_float(line["p"])
        for line in lines
        if line["model"] == Model.PROPORTIONAL_HAZARDS
        and line["quantity"] == Quantity.Z
        and line["role"] == Role.TEST
        and line["evidence"] == SUMMARY
        and not line["refused"]
    ]
    return next((p for p in tests if p >= REJECTS), float("nan"))


def share_words(share: float) -> str:
    """A share of missing information in whole per cent; replicates do not give it more finely."""
    return percent(share) if share >= 0.005 else f"less than {percent(0.01)}"
