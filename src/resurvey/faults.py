"""A fault in one place of the tables, and the error that carries all faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resurvey.errors import InputError, plural

SHOWN_FAULTS = 200


@dataclass(frozen=True, order=True)
class Fault:
    """A fault in one place, with advice on how to correct it."""

    file: str
    row: int
    column: str
    value: str
    rule: str
    advice: str

    def __str__(self) -> str:
        row = f", row {self.row}" if self.row else ""
        column = f", column {self.column}" if self.row and self.column else ""
        value = f", value {self.value[:80]!r}" if self.row else ""
        return f"{self.file}{row}{column}{value}: {self.rule}; {self.advice}"


class TableFaults(InputError):
    """All faults of all tables, raised together; `faults` is the sorted list."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = sorted(set(faults))
        shown = [f"  {fault}" for fault in self.faults[:SHOWN_FAULTS]]
        more = len(self.faults) - len(shown)
        if more > 0:
            shown.append(f"  and {more} more")
        super().__init__(
            f"{plural(len(self.faults), 'fault')} in the tables; nothing was written:\n" + "\n".join(shown)
        )


def of_file(name: str, rule: str, advice: str) -> TableFaults:
    """Make the error for a file that cannot be read at all."""
    return TableFaults([Fault(name, 0, "", "", rule, advice)])
