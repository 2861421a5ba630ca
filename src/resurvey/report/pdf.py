"""The report as PDF, typeset by Typst from a source made here: tagged for screen readers, the same bytes every time."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from resurvey.errors import ResurveyError
from resurvey.report import typeset
from resurvey.report.document import (
    Badge,
    Beside,
    Block,
    Bullets,
    Cite,
    Claims,
    Code,
    Details,
    Document,
    Figure,
    Heading,
    Inline,
    KeyFigures,
    Link,
    Notice,
    Paragraph,
    Ref,
    Row,
    Strong,
    Table,
    Words,
    appendix,
    claim_anchor,
    flat,
    runs_of,
)

# Centimetres that a figure may take: the text's width, and a height that leaves room for its words on the page.
FIGURE_WIDTH, FIGURE_HEIGHT = 16.8, 20.5
# Height of a figure that stands beside another.
SMALL_HEIGHT = 7.5
# Ids of printed numbers named under a table; the rest are counted. A cell names one.
CLAIMS_NAMED = 3
TONES = {"good": "#14613a", "note": "#0b4f8a", "warn": "#7a4a00", "bad": "#a01322", "plain": "#414b55"}

PREAMBLE = """
#set page(paper: "a4", margin: (x: 2.1cm, top: 2.2cm, bottom: 2.2cm), footer: context [
  #set text(8pt, fill: luma(80))
  #TITLE; #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10.2pt, lang: "LANGUAGE", hyphenate: false)
#set par(leading: 0.62em, spacing: 0.95em, linebreaks: "simple")
#set heading(numbering: none)
#show heading.where(level: 1): it => block(above: 2em, below: 0.9em, text(15pt, it.body))
#show heading.where(level: 2): it => block(above: 1.7em, below: 0.8em, text(12.5pt, it.body))
#show heading.where(level: 3): it => block(above: 1.4em, below: 0.7em, text(10.8pt, it.body))
#show heading.where(level: 4): it => block(above: 1.2em, below: 0.6em, text(10.2pt, it.body))
#show link: set text(fill: rgb("#0b57a4"))
#show outline: set text(9pt)
#show outline: set par(leading: 0.45em, spacing: 0.55em)
#show raw: set text(font: "DejaVu Sans Mono", size: 0.86em)
#show figure: set block(breakable: true, above: 1.4em, below: 1.6em)
#show figure: set align(left)
#show figure.caption: it => block(width: 100%, below: 0.7em, sticky: true, text(9.2pt, it.body))
#show figure.where(kind: table): set figure.caption(position: top)
#set table(stroke: (x, y) => (bottom: if y == 0 { 0.9pt } else { 0.35pt + luma(190) }), inset: (x: 3pt, y: 3.2pt))
#set table.cell(breakable: false)
#show table.cell.where(y: 0): set text(weight: "bold")
#let badge(tone, body) = text(fill: rgb(tone), weight: "bold", body)
#let note(body) = block(above: 0.6em, below: 1.8em, text(8.4pt, fill: luma(70), body))
"""


def render_pdf(document: Document) -> bytes:
    """The report on paper.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        A tagged PDF (PDF/UA-1) without dates; long tables stand in an appendix.
    """
    with typesetting(document) as made:
        return made()


@contextmanager
def typesetting(document: Document) -> Iterator[Callable[[], bytes]]:
    """The report being typeset beside what is done meanwhile; the call that is given waits for it, as `render_pdf`."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = _written(document, Path(folder)), Path(folder) / "made.pdf"
        # In a process of its own: the memory that typesetting takes is not given back within one.
        command = [sys.executable, "-m", typeset.__name__, str(source), str(made)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:

            def wait() -> bytes:
                _, complaint = process.communicate()
                if process.returncode:
                    raise ResurveyError(f"the report could not be typeset as PDF: {complaint.strip()}")
                return made.read_bytes()

            try:
                yield wait
            finally:
                process.kill()  # of use only where something else failed meanwhile


def _written(document: Document, folder: Path) -> Path:
    """The source and its figures in a folder; the copies in memory end with the call, as typesetting needs the room."""
    writer = _Writer(document)
    main = folder / "main.typ"
    main.write_text(writer.source(), encoding="utf-8")
    for name, content in writer.files.items():
        (folder / name).write_bytes(content)
    return main


def quoted(text: str) -> str:
    """A Typst string of any text: nothing in it is markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


SIZE = re.compile(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def _shape(drawing: bytes) -> float:
    """Width over height of a drawing; a square where it does not say."""
    found = SIZE.search(drawing)
    return float(found[1]) / float(found[2]) if found else 1.0


def _named(claims: Claims, named: int = 1) -> str:
    """The first ids, and how many more there are, without links.

    A link to a place in the document makes Typst lay out all around it once more: the hundreds in cells and under
    figures would cost a quarter of the memory. The notes under tables link to the same printed numbers.
    """
    more = len(claims.ids) - named
    return shown(", ".join(claims.ids[:named]) + (f" and {more} more" if more > 0 else ""))


def shown(text: str) -> str:
    """Text inside Typst markup."""
    return f"#{quoted(text)};" if text else ""


class _Writer:
    """Blocks as Typst; every text of a table goes in as a string."""

    def __init__(self, document: Document):
        self.document = document
        self.files: dict[str, bytes] = {}
        self.anchors = set(document.numbers)
        self.rows: set[str] = set()
        for block in flat(document.blocks):
            if isinstance(block, Heading):
                self.anchors.add(block.anchor)
            elif isinstance(block, Table):
                self.rows |= {row.anchor for row in block.rows if row.anchor and not block.long}
        self.appendix = appendix(document.blocks)
        self.rows |= {row.anchor for table in self.appendix for row in table.rows}

    def source(self) -> str:
        document = self.document
        preamble = PREAMBLE.replace("TITLE", quoted(document.title)).replace("LANGUAGE", document.language)
        parts = [f'#set document(title: {quoted(document.title)}, author: "resurvey", date: none)', preamble]
        parts.append(f'#align(left)[#text(14pt, weight: "bold")[{shown(document.title)}]]\n')
        parts += self._blocks(document.blocks)
        parts += self._references()
        parts += self._appendix()
        return "\n".join(parts)

    def _references(self) -> list[str]:
        if not self.document.references:
            return []
        items = []
        for number, reference in enumerate(self.document.references, start=1):
            text = shown(reference.text) + (
                f" #link({quoted(reference.url)})[{shown(reference.url)}]" if reference.url else ""
            )
            items.append(
                "#block(inset: (left: 1.6em))[#h(-1.6em)#box(width: "
                f"1.6em)[{number}.]{text}#label({quoted('ref-' + reference.key)})]"
            )
        return ["#heading(level: 1)[References]", *items]

    def _appendix(self) -> list[str]:
        if not self.appendix:
            return []
        return ["#heading(level: 1)[Appendix]", *(self._entries(table) for table in self.appendix)]

    def _entries(self, table: Table) -> str:
        """A long table as a list, a paragraph a row: thousands of cells would take the memory of all the rest."""
        names = [column.name.lower() for column in table.columns if column.kind != "code"]
        said = f"Each entry: {table.columns[self._code(table)].name.lower()}, then {', '.join(names)}."
        entries = "\n".join(self._entry(table, row) for row in table.rows)
        style = "#set text(7pt)\n#set par(leading: 0.5em, spacing: 0.7em, hanging-indent: 1em)"
        return (
            f"#block(sticky: true)[*{shown(self.document.label(table.anchor) + '.')}* {shown(table.title)}"
            f"#metadata(none)#label({quoted(table.anchor)})]\n"
            f"#note[{self.inline(table.note)} {shown(said)}]\n"
            f"#columns(2)[\n{style}\n{entries}\n]\n"
        )

    @staticmethod
    def _code(table: Table) -> int:
        """The column that names a row: the first of codes, or the first of all."""
        return next((place for place, column in enumerate(table.columns) if column.kind == "code"), 0)

    def _entry(self, table: Table, row: Row) -> str:
        code = self._code(table)
        label = f"#metadata(none)#label({quoted(row.anchor)})" if row.anchor else ""
        others = [self.inline(cell) for place, cell in enumerate(row.cells) if place != code and cell]
        return f"#par[{label}#strong[{self.inline(row.cells[code])}]{shown(' ')}{shown(' · ').join(others)}]"

    def _blocks(self, blocks: Iterable[Block]) -> list[str]:
        return [self._left_out(one) if isinstance(one, tuple) else self.block(one) for one in runs_of(blocks)]

    def _left_out(self, figures: Sequence[Figure]) -> str:
        """Where the figures are that paper does not show."""
        said = "; ".join(
            f"#metadata(none)#label({quoted(one.anchor)}){shown(f'{self.document.label(one.anchor)}, {one.title}')}"
            for one in figures
        )
        return f"#block(above: 0.8em, below: 0.8em)[#text(8.4pt)[In the HTML edition: {said}.]]\n"

    def block(self, block: Block) -> str:
        if isinstance(block, Heading):
            label = f" #label({quoted(block.anchor)})"
            number = self.document.numbers.get(block.anchor, "").split("\u00a0")[-1]
            title = f"{number}\u2002{block.text}" if block.level == 1 else block.text
            if block.anchor == "references":
                return ""
            return f"#heading(level: {block.level})[{shown(title)}]{label}\n"
        if isinstance(block, Paragraph):
            return (f"#text(1.08em)[{self.inline(block.words)}]" if block.lead else self.inline(block.words)) + "\n"
        if isinstance(block, Notice):
            return f"#block(inset: 8pt, fill: luma(240), width: 100%)[{self.inline(block.words)}]\n"
        if isinstance(block, Bullets):
            kind = "enum" if block.ordered else "list"
            return f"#{kind}(" + ", ".join(f"[{self.inline(item)}]" for item in block.items) + ")\n"
        if isinstance(block, KeyFigures):
            items = ", ".join(f"[{shown(said)}: *{shown(value)}*]" for value, said in block.items)
            return f"#list({items})\n"
        if isinstance(block, Table):
            return self._see_appendix(block) if block.long else self._placed(block)
        if isinstance(block, Figure):
            return self._figure(block)
        if isinstance(block, Beside):
            return self._beside(block)
        return self._details(block)

    def _details(self, block: Details) -> str:
        title = f"#block(above: 1.4em, below: 0.6em, sticky: true)[*{shown(block.title)}*]"
        return "\n".join([title, *self._blocks(block.blocks)])

    def _see_appendix(self, table: Table) -> str:
        return f"{shown(f'{table.title}:')} {self.inline((Ref(table.anchor),))} {shown('in the appendix.')}\n"

    def _placed(self, table: Table) -> str:
        body = self._table(table)
        return f"#page(flipped: true)[\n{body}\n]\n" if table.turned else body

    def _table(self, table: Table) -> str:
        columns = ", ".join(f"{column.weight:g}fr" for column in table.columns)
        aligned = ", ".join("right" if column.kind == "number" else "left" for column in table.columns)
        header = ", ".join(f"[{shown(column.name)}]" for column in table.columns)
        rows = []
        for row in table.rows:
            cells = [f"[{self._cell(cell, table.columns[place].kind)}]" for place, cell in enumerate(row.cells)]
            if row.anchor:
                cells[0] = f"[#metadata(none)#label({quoted(row.anchor)}){cells[0][1:]}"
            rows.append(", ".join(cells))
        size = "7.6pt" if len(table.columns) > 7 else "8.8pt"
        body = ",\n  ".join(rows)
        caption = f"*{shown(self.document.label(table.anchor) + '.')}* {shown(table.title)}"
        made = (
            f"#figure(kind: table, supplement: none, numbering: none, caption: [{caption}], {{\n"
            f"set text({size}, hyphenate: {str(table.wide).lower()})\nset par(justify: false, leading: 0.5em)\n"
            f"table(columns: ({columns},), align: ({aligned},), table.header({header}),\n  {body}\n)}})"
            f"#label({quoted(table.anchor)})"
        )
        return made + self._note(table.note, table.claims)

    def _cell(self, cell: Words, kind: str) -> str:
        # A cell names one printed number and counts the others; the note under the table names more, and links.
        # Ids are long words: they may break after an underscore, lest they run into the next cell.
        parts = [part.replace("_", "_\u200b") if isinstance(part, str) else part for part in cell]
        text = "".join(_named(part) if isinstance(part, Claims) else self._part(part) for part in parts)
        return f'#text(font: "DejaVu Sans Mono", size: 0.86em)[{text}]' if kind == "code" else text

    def _note(self, note: Words, claims: tuple[str, ...], linked: bool = True) -> str:
        behind = ""
        if claims:
            names = self._claims(Claims(claims)) if linked else _named(Claims(claims), CLAIMS_NAMED)
            behind = f' {shown("Printed numbers behind it:")} {names}#".";'
        return f"\n#note[{self.inline(note)}{behind}]\n" if note or claims else "\n"

    def _figure(self, figure: Figure) -> str:
        # Bitmaps would be unpacked, several megabytes each; a drawing takes one and stays sharp.
        name = f"{figure.anchor}.svg"
        drawing = figure.svg.read_bytes()
        self.files[name] = drawing
        width = min(FIGURE_WIDTH, FIGURE_HEIGHT * _shape(drawing))
        caption = f"*{shown(self.document.label(figure.anchor) + '.')}* {shown(figure.title)}"
        image = f"image({quoted(name)}, alt: {quoted(figure.alt)}, width: {width:.2f}cm)"
        words = self._note((figure.caption,), figure.claims, linked=False)
        return (
            f"#block(breakable: false, width: 100%)[#figure(kind: image, supplement: none, numbering: none, "
            f"caption: figure.caption(position: top)[{caption}], {image})#label({quoted(figure.anchor)}){words}]\n"
        )

    def _beside(self, block: Beside) -> str:
        """Figures beside each other, a small caption under each."""
        cells = ", ".join(f"[{self._small(figure)}]" for figure in block.blocks)
        return f"#grid(columns: ({'1fr, ' * len(block.blocks)}), gutter: 8pt, align: top, {cells})\n"

    def _small(self, figure: Figure) -> str:
        name = f"{figure.anchor}.svg"
        self.files[name] = figure.svg.read_bytes()
        width = min(FIGURE_WIDTH / 2 - 0.2, SMALL_HEIGHT * _shape(self.files[name]))
        caption = f"*{shown(self.document.label(figure.anchor) + '.')}* {shown(figure.title)}"
        return (
            f"#figure(kind: image, supplement: none, numbering: none, caption: figure.caption(position: bottom)"
            f"[#text(7.6pt)[{caption}]], image({quoted(name)}, alt: {quoted(figure.alt)}, width: {width:.2f}cm))"
            f"#label({quoted(figure.anchor)})"
        )

    def inline(self, parts: Words) -> str:
        return "".join(self._part(part) for part in parts)

    def _part(self, part: Inline) -> str:
        if isinstance(part, str):
            return shown(part)
        if isinstance(part, Strong):
            return f"#strong[{shown(part.text)}];"
        if isinstance(part, Code):
            return f"#raw({quoted(part.text)});"
        if isinstance(part, Badge):
            return f"#badge({quoted(TONES[part.tone])})[{shown(part.text)}];"
        if isinstance(part, Link):
            return self._link(part)
        if isinstance(part, Ref):
            return f"#link(label({quoted(part.target)}))[{shown(self.document.label(part.target))}];"
        if isinstance(part, Cite):
            return self._cite(part)
        return self._claims(part)

    def _link(self, link: Link) -> str:
        if link.external:
            return f"#link({quoted(link.target)})[{shown(link.text)}];"
        target = link.target.removeprefix("#")
        known = target in self.anchors or target in self.rows
        return f"#link(label({quoted(target)}))[{shown(link.text)}];" if known else shown(link.text)

    def _cite(self, cite: Cite) -> str:
        place = {reference.key: number for number, reference in enumerate(self.document.references, start=1)}
        links = [
            f"#link(label({quoted('ref-' + key)}))[{place[key]}];" for key in sorted(cite.keys, key=place.__getitem__)
        ]
        return shown("[") + f"{shown(', ')}".join(links) + shown("]")

    def _claims(self, claims: Claims, named: int = CLAIMS_NAMED) -> str:
        """The ids themselves, each a link to its row in the appendix."""
        links = [
            f"#link(label({quoted(claim_anchor(name))}))[{shown(name)}];"
            if claim_anchor(name) in self.rows
            else shown(name)
            for name in claims.ids[:named]
        ]
        more = len(claims.ids) - named
        text = shown(", ").join(links) + (shown(f" and {more} more") if more > 0 else "")
        return text
