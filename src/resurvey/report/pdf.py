"""The report as PDF, typeset by Typst from a source made here: tagged for screen readers, the same bytes every time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from resurvey.report.document import (
    Badge,
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
    Strong,
    Table,
    Words,
    appendix,
    claim_anchor,
    flat,
    left_out,
)

# From this rank on a figure is set from its bitmap, which is quicker; there are many. Small ones are drawn smaller.
BITMAP_FROM, SMALL_FROM = 1, 3
# Ids of printed numbers named in a cell or under a table; the rest are counted.
CLAIMS_NAMED = 3
TONES = {"good": "#14613a", "note": "#0b4f8a", "warn": "#7a4a00", "bad": "#a01322", "plain": "#414b55"}

PREAMBLE = """
#set page(paper: "a4", margin: (x: 2.1cm, top: 2.2cm, bottom: 2.2cm), footer: context [
  #set text(8pt, fill: luma(80))
  #TITLE; #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10.2pt, lang: "LANGUAGE", hyphenate: true)
#set par(leading: 0.62em, spacing: 0.95em)
#set heading(numbering: none)
#show heading.where(level: 1): it => { pagebreak(weak: true); block(above: 0pt, below: 1em, text(17pt, it.body)) }
#show heading.where(level: 2): it => block(above: 1.7em, below: 0.8em, text(12.5pt, it.body))
#show heading.where(level: 3): it => block(above: 1.4em, below: 0.7em, text(10.8pt, it.body))
#show heading.where(level: 4): it => block(above: 1.2em, below: 0.6em, text(10.2pt, it.body))
#show link: set text(fill: rgb("#0b57a4"))
#show raw: set text(font: "DejaVu Sans Mono", size: 0.86em)
#show figure: set block(breakable: true, above: 1.4em, below: 1.6em)
#show figure: set align(left)
#show figure.caption: it => block(width: 100%, below: 0.7em, sticky: true, text(9.2pt, it.body))
#show figure.where(kind: table): set figure.caption(position: top)
#set table(stroke: (x, y) => (bottom: if y == 0 { 0.9pt } else { 0.35pt + luma(190) }), inset: (x: 3pt, y: 3.2pt))
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
    import typst

    writer = _Writer(document)
    source = writer.source()
    with tempfile.TemporaryDirectory() as folder:
        for name, content in writer.files.items():
            (Path(folder) / name).write_bytes(content)
        main = Path(folder) / "main.typ"
        main.write_text(source, encoding="utf-8")
        made = typst.compile(main, root=Path(folder), format="pdf", ignore_system_fonts=True, pdf_standards=["ua-1"])
    return bytes(made)


def quoted(text: str) -> str:
    """A Typst string of any text: nothing in it is markup."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


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
        parts.append(f'#align(left)[#v(3cm)#text(24pt, weight: "bold")[{shown(document.title)}]]\n')
        parts.append(f"#text(13pt)[{shown(document.question)}]\n\n#v(1cm)")
        parts.append("#outline(title: [Contents], depth: 2, indent: 1.2em)\n")
        parts += [self.block(block) for block in document.blocks]
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
        made = ["#pagebreak(weak: true)\n#set page(flipped: true)\n#heading(level: 1)[Appendix]"]
        return made + [self._table(table) for table in self.appendix]

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
        return self._details(block)

    def _details(self, block: Details) -> str:
        title = f"#block(above: 1.4em, below: 0.6em, sticky: true)[*{shown(block.title)}*]"
        return "\n".join([title, *(self.block(inner) for inner in block.blocks)])

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
        size = "6.6pt" if table.long else "7.6pt" if len(table.columns) > 7 else "8.8pt"
        body = ",\n  ".join(rows)
        caption = f"*{shown(self.document.label(table.anchor) + '.')}* {shown(table.title)}"
        made = (
            f"#figure(kind: table, supplement: none, numbering: none, caption: [{caption}], {{\n"
            f"set text({size})\nset par(justify: false, leading: 0.5em)\n"
            f"table(columns: ({columns},), align: ({aligned},), table.header({header}),\n  {body}\n)}})"
            f"#label({quoted(table.anchor)})"
        )
        return made + self._note(table.note, table.claims if not table.long else ())

    def _cell(self, cell: Words, kind: str) -> str:
        # A cell names one printed number and counts the others; the note under the table names more.
        text = "".join(self._claims(part, 1) if isinstance(part, Claims) else self._part(part) for part in cell)
        return f'#text(font: "DejaVu Sans Mono", size: 0.86em)[{text}]' if kind == "code" else text

    def _note(self, note: Words, claims: tuple[str, ...]) -> str:
        behind = ""
        if claims:
            behind = f' {shown("Printed numbers behind it:")} {self._claims(Claims(claims))}#".";'
        return f"\n#note[{self.inline(note)}{behind}]\n" if note or claims else "\n"

    def _figure(self, figure: Figure) -> str:
        if not figure.printed:
            text = f"{shown(left_out(figure, self.document))}#metadata(none)#label({quoted(figure.anchor)})"
            return f"#block(above: 0.5em, below: 0.5em)[#text(8.4pt)[{text}]]\n"
        source = figure.png if figure.rank >= BITMAP_FROM else figure.svg
        name = f"{figure.anchor}{source.suffix}"
        self.files[name] = source.read_bytes()
        caption = f"*{shown(self.document.label(figure.anchor) + '.')}* {shown(figure.title)}"
        image = (
            f"image({quoted(name)}, alt: {quoted(figure.alt)}, width: {'70%' if figure.rank >= SMALL_FROM else '100%'})"
        )
        words = self._note((figure.caption,), figure.claims)
        return (
            f"#block(breakable: false, width: 100%)[#figure(kind: image, supplement: none, numbering: none, "
            f"caption: figure.caption(position: top)[{caption}], {image})#label({quoted(figure.anchor)}){words}]\n"
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
