"""Write the editions of the report to their files; if one cannot be made, the earlier one is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from resurvey import not_made, writing
from resurvey.report.all_formats import Edition
from resurvey.report.stand_ins import stand_in

#: Editions that need another one from the same run: the page identifies its library by a digest, and the
#: further rows continue its tables.
COMPANION = {"library": "html", "rows": "html"}


def write_editions(editions: Iterable[Edition], places: Mapping[str, Path], notes: Path) -> list[Path]:
    """Write each edition that was made; for one that was not, keep the earlier file or write a page with the reason.

    Parameters
    ----------
    editions : iterable of Edition
        As yielded by `all_formats.report`; each is released once written.
    places : mapping of Path
        File path for the edition of each kind.
    notes : Path
        The table of editions that were not made (`resurvey.not_made`). That of the previous run is read first, because
        a page with a reason is not worth keeping.

    Returns
    -------
    list of Path
        The editions written in this run.

    Raises
    ------
    NotWritten
        If the disk is full or the folder is not writable.
    """
    before = not_made.read(notes)
    reasons = set(before.loc[before["in_its_place"] == not_made.REASON, "edition"])
    failures: dict[str, str] = {}
    rows, made = [], []
    for edition in editions:
        kind, place = edition.kind, places[edition.kind]
        failures[kind] = edition.failure or failures.get(COMPANION.get(kind, ""), "")
        if not failures[kind]:
            writing.write_bytes(edition.content, place)
            made.append(place)
        elif place.is_file() and kind not in reasons:
            rows.append((kind, not_made.EARLIER, _line(failures[kind])))
        else:
            writing.write_bytes(_reason(kind, failures[kind]), place)
            rows.append((kind, not_made.REASON, _line(failures[kind])))
    not_made.write(rows, notes)
    return made


def _line(text: str) -> str:
    return " ".join(text.split())


def _reason(kind: str, failure: str) -> bytes:
    said = f"This edition ({kind}) of the report could not be made: {failure} The other editions lie beside it."
    return stand_in(kind, said)
