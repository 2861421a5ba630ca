"""Read one paper, from file to folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from resurvey.errors import ResurveyError, plural
from resurvey.read import claims, document, draft, draft_folder, drafting
from resurvey.read.contradictions import Audit, audit
from resurvey.read.normal import slug
from resurvey.read.objects import Claim, Document, Doubtful, Draft, Finding
from resurvey.read.unread import Unread, unread


@dataclass(frozen=True)
class Outcome:
    """Result of reading a file: its rows, findings, doubts of the reading, what was refused, or the error."""

    name: str
    rows: int = 0
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubtful, ...] = ()
    refused: tuple[str, ...] = ()
    certain: tuple[int, int, int] = (0, 0, 0)
    unread: int = 0
    folder: Path | None = None
    error: str = ""
    gone: tuple[str, ...] = ()

    def report(self, *, full: bool) -> str:
        """The summary shown in the console."""
        if self.error:
            return f"{self.name}: not read. {self.error.removeprefix(f'{self.name}: ')}\n"
        sure, likely, look = self.certain
        doubts = f", {plural(len(self.doubts), 'doubt')} of the reading" if self.doubts else ""
        lines = [
            f"{self.name}: {self.rows} draft rows ({sure} sure, {likely} "
            f"likely, {look} to look at), {plural(len(self.findings), 'finding')}{doubts}"
        ]
        lines += [f"  {words}" for one in self.findings for words in _finding(one)] if full else []
        lines += [f"  check the reading of {one.place}: {one.explanation}" for one in self.doubts] if full else []
        lines += [f"  not read: {words}" for words in self.refused] if full else []
        if self.rows == 0:
            lines.append("  no number that belongs in a table was found: is it the whole paper?")
        if self.refused and not full:
            lines.append(f"  {plural(len(self.refused), 'part')} not read: the page says which, and why")
        if self.gone:
            lines.append(
                f"  {plural(len(self.gone), 'row')} you ruled on, no longer "
                f"found in the paper but kept: {', '.join(self.gone[:10])}"
            )
        if self.unread:
            lines.append(
                f"  {plural(self.unread, 'number')} seen and not drafted: the page lists them, with the reason"
            )
        if self.folder is not None:
            lines.append(f"  open {self.folder / 'read.html'}")
        return "\n".join(lines) + "\n"


def _finding(one: Finding) -> list[str]:
    more = f" (and {len(one.locators) - 1} more)" if len(one.locators) > 1 else ""
    return [f"{one.verdict}: {one.locators[0] if one.locators else ''}{more}", f"  {one.reported}: {one.explanation}"]


def names(files: Sequence[Path]) -> list[str]:
    """An id for each file, from its name, with a number added to duplicates."""
    made: dict[str, None] = {}
    for file in files:
        base = slug(file.stem)[:40] or "paper"
        name, number = base, 2
        while name in made:
            name, number = f"{base}_{number}", number + 1
        made[name] = None
    return list(made)


def read_one(file: Path, into: Path | None, name: str, study: str) -> Outcome:
    """Read, draft, audit and, given a folder, write one paper; a file error is returned as an outcome, not raised."""
    try:
        opened = document(file)
        found = claims(opened)
        rows = draft(found, name, study)
        told = audit(opened, rows)
        gone: list[str] = []
        places: list[Unread] = []
        if into is not None:
            places = unread(opened, found)
            gone = _write(into / name, opened, found, rows, told, places, study or name)
    except ResurveyError as error:
        return Outcome(file.name, error=str(error))
    levels = [row.certainty for row in rows]
    certain = (levels.count("sure"), levels.count("likely"), levels.count("look"))
    return Outcome(
        file.name,
        len(rows),
        tuple(told.findings),
        tuple(told.doubts),
        opened.refused,
        certain,
        len(places),
        into / name if into is not None else None,
        gone=tuple(gone),
    )


def _write(
    folder: Path,
    opened: Document,
    found: list[Claim],
    rows: list[Draft],
    told: Audit,
    places: list[Unread],
    study: str,
) -> list[str]:
    from resurvey.read.review_page import render
    from resurvey.writing import write_text

    reading = draft_folder.new(
        folder, rows, drafting.source_row(opened, folder.name), drafting.study_row(opened, found, folder.name, study)
    )
    draft_folder.note_doubts(reading, told.doubts)
    gone: list[str] = []
    if (folder / draft_folder.FILE).is_file():
        old = draft_folder.load(folder)
        draft_folder.refuse_other_paper(reading, old)
        gone = draft_folder.keep_rulings(reading, old)
    draft_folder.save(reading)
    draft_folder.save_findings(folder, told.findings)
    write_text(render(opened, reading, told, places), folder / "read.html")
    return gone
