"""The report as DOCX: real headings, captions with numbers that Word keeps, cross-references, tables with repeated
header rows, alternative texts, page numbers; the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from resurvey.report.document import (
    Badge,
    Beside,
    Block,
    Bullets,
    Cite,
    Claims,
    Code,
    Column,
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
    runs_of,
)

if TYPE_CHECKING:
    from docx.document import Document as Word
    from docx.text.paragraph import Paragraph as WordParagraph

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# The zip format knows no earlier day; a fixed one keeps the bytes alike.
EPOCH = (1980, 1, 1, 0, 0, 0)
CLAIMS_NAMED, CLAIMS_IN_NOTE = 1, 3
# Centimetres that a figure may take: the text's width, and a height that leaves room for its words on the page.
FIGURE_WIDTH, FIGURE_HEIGHT = 16.9, 17.0
# Height of a figure that stands beside another.
SMALL_HEIGHT = 7.5
# Every office program has it or letters of the same widths, so that pages break alike.
FONT = "Arial"
# Parts of the letter height that a bold letter is wide, and what a cell keeps free at its sides, twentieths of a point.
LETTER, CELL_MARGINS = 0.58, 130
# Page widths inside the margins, in twentieths of a point.
UPRIGHT, TURNED = 9600, 14500
COLOURS = {"good": "14613A", "note": "0B4F8A", "warn": "7A4A00", "bad": "A01322", "plain": "414B55"}
LINK = "0B57A4"
FIELD = re.compile(r"[^A-Za-z0-9_]")


def render_docx(document: Document) -> bytes:
    """The report for a word processor.

    Parameters
    ----------
    document : Document

    Returns
    -------
    bytes
        A DOCX without dates; long tables stand in an appendix.
    """
    import docx

    word = docx.Document()
    _prepare(word, document)
    writer = _Writer(document, word)
    writer.write()
    stream = io.BytesIO()
    word.save(stream)
    return _settled(stream.getvalue())


def _settled(content: bytes) -> bytes:
    """The same parts with one date, in one order."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as target,
    ):
        for name in source.namelist():
            info = zipfile.ZipInfo(name, EPOCH)
            stored = name.endswith(".png")
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return stream.getvalue()


def _prepare(word: Word, document: Document) -> None:
    """Properties, fonts, margins and the footer."""
    from docx.oxml import parse_xml
    from docx.shared import Cm, Pt, RGBColor

    core = word.core_properties
    core.title, core.subject, core.author, core.last_modified_by = (
        document.title,
        document.question,
        "resurvey",
        "resurvey",
    )
    core.created = core.modified = core.last_printed = datetime(
        2000, 1, 1
    )  # a document needs some date; this one says nothing
    core.language, core.comments, core.revision = document.language, "", 1
    for name in ("Normal", "Heading 1", "Heading 2", "Heading 3", "Heading 4", "Title", "Subtitle", "Caption"):
        style = word.styles[name]
        style.font.name = FONT
        # Headings name their letters for every script; the theme's would win otherwise.
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for key in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(f"{{{NAMESPACE}}}{key}", None)
        style.font.color.rgb = RGBColor(0x1B, 0x1F, 0x24)
    word.styles["Normal"].font.size = Pt(9)
    word.styles["Normal"].paragraph_format.space_after = Pt(4)
    word.styles["Title"].font.size = Pt(16)
    caption = word.styles["Caption"]
    caption.font.size, caption.font.bold = Pt(9.5), True
    caption.paragraph_format.keep_with_next, caption.paragraph_format.space_before = True, Pt(10)
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin = section.bottom_margin = Cm(1.8)
    foot = section.footer.paragraphs[0].paragraph_format.element
    small = _size(15)
    for part in (f"{document.title}; page\u00a0", ("PAGE", "1"), " of\u00a0", ("NUMPAGES", "1")):
        for run in _runs(part, small) if isinstance(part, str) else _field(*part, small):
            foot.append(parse_xml(run))
    language = parse_xml(f'<w:lang xmlns:w="{NAMESPACE}" w:val="en-GB"/>')
    word.styles["Normal"].element.get_or_add_rPr().append(language)


def _opens(block: Block) -> bool:
    return isinstance(block, Heading) and block.level == 1


def bookmark(anchor: str) -> str:
    """A bookmark name as Word allows: letters, digits, underscores, forty at most."""
    name = "r_" + FIELD.sub("_", anchor)
    return name if len(name) <= 40 else f"{name[:31]}_{hashlib.blake2s(anchor.encode(), digest_size=4).hexdigest()}"


def _text(text: str) -> str:
    """Text as XML; letters that XML forbids are dropped."""
    return escape("".join(letter for letter in text if letter >= " " or letter == "\t"))


def _runs(text: str, marks: str = "") -> list[str]:
    return [
        f'<w:r xmlns:w="{NAMESPACE}">{f"<w:rPr>{marks}</w:rPr>" if marks else ""}'
        f'<w:t xml:space="preserve">{_text(text)}</w:t></w:r>'
    ]


def _field(code: str, shown: str, marks: str = "", *, stale: bool = False) -> list[str]:
    """A field with the text it shows until Word computes it anew: at once where it is `stale`."""
    open_run = f'<w:r xmlns:w="{NAMESPACE}">' + (f"<w:rPr>{marks}</w:rPr>" if marks else "")
    dirty = ' w:dirty="true"' if stale else ""
    return [
        f'{open_run}<w:fldChar w:fldCharType="begin"{dirty}/></w:r>',
        f'{open_run}<w:instrText xml:space="preserve"> {_text(code)} </w:instrText></w:r>',
        f'{open_run}<w:fldChar w:fldCharType="separate"/></w:r>',
        f'{open_run}<w:t xml:space="preserve">{_text(shown)}</w:t></w:r>',
        f'{open_run}<w:fldChar w:fldCharType="end"/></w:r>',
    ]


class _Writer:
    """Blocks as paragraphs and tables, in the body of a Word document."""

    def __init__(self, document: Document, word: Word):
        self.document = document
        self.word = word
        self.body = word.element.body
        self.marks = 0
        self.pictures = 0
        self.appendix = appendix(document.blocks)
        self.anchors = set(document.numbers) | {b.anchor for b in flat(document.blocks) if isinstance(b, Heading)}
        self.anchors |= {f"ref-{reference.key}" for reference in document.references}
        for table in self._tables():
            self.anchors |= {row.anchor for row in table.rows if row.anchor}

    def _tables(self) -> Iterator[Table]:
        yield from (block for block in flat(self.document.blocks) if isinstance(block, Table) and not block.long)
        yield from self.appendix

    def write(self) -> None:
        document = self.document
        self.paragraph(_runs(document.title), "Title")
        # The answer comes first, on two pages, and what else there is after it.
        starts = [place for place, block in enumerate(document.blocks) if _opens(block)]
        second = starts[1] if len(starts) > 1 else 0
        self._blocks(document.blocks[:second])
        self._contents()
        self._blocks(document.blocks[second:])
        if self.appendix:
            self._end_section(turned=False)
            _turn(self.body[-1], turned=True)
            self.paragraph(self._marked("appendix", _runs("Appendix")), "Heading1")
            for table in self.appendix:
                self._table(table, TURNED)

    def _contents(self) -> None:
        """A table of contents that Word can renew, with links, and pages that the program fills in."""
        self.paragraph(_runs("Contents", "<w:b/>"))
        headings = [block for block in self.document.blocks if isinstance(block, Heading) and block.level == 1]
        for place, heading in enumerate(headings):
            number = self.document.numbers.get(heading.anchor, "").split("\u00a0")[-1]
            marks = "<w:b/>"
            runs = self._hyperlink(heading.anchor, f"{number}  {heading.text}".strip(), marks)
            page = _field(f"PAGEREF {bookmark(heading.anchor)} \\h", " ", marks, stale=True)
            runs = [*runs, f'<w:r xmlns:w="{NAMESPACE}"><w:tab/></w:r>', *page]
            if place == 0:
                begin = _field('TOC \\o "1-1" \\h \\z \\u', "")
                runs = [*begin[:3], *runs]
            if place == len(headings) - 1:
                runs = [*runs, _field("", "")[-1]]
            self.paragraph(
                runs,
                properties=f'<w:tabs><w:tab w:val="right" w:pos="{UPRIGHT}"/></w:tabs>'
                f'<w:spacing w:after="20"/><w:ind w:right="600"/>',
            )

    def paragraph(self, runs: list[str], style: str = "", properties: str = "") -> None:
        style_mark = f'<w:pStyle w:val="{style}"/>' if style else ""
        content = "".join(runs)
        self._append(f'<w:p xmlns:w="{NAMESPACE}"><w:pPr>{style_mark}{properties}</w:pPr>{content}</w:p>')

    def _append(self, xml: str) -> None:
        from docx.oxml import parse_xml

        self._add(parse_xml(xml))

    def _add(self, element: Any) -> None:
        # The last child of the body holds the properties of the last section.
        self.body.insert(len(self.body) - 1, element)

    def _marked(self, anchor: str, runs: list[str]) -> list[str]:
        self.marks += 1
        start = f'<w:bookmarkStart xmlns:w="{NAMESPACE}" w:id="{self.marks}" w:name="{bookmark(anchor)}"/>'
        return [start, *runs, f'<w:bookmarkEnd xmlns:w="{NAMESPACE}" w:id="{self.marks}"/>']

    def _hyperlink(self, anchor: str, text: str, marks: str = "") -> list[str]:
        if anchor not in self.anchors:
            return _runs(text, marks)
        runs = _runs(text, _coloured(marks, LINK))
        return [f'<w:hyperlink xmlns:w="{NAMESPACE}" w:anchor="{bookmark(anchor)}">{"".join(runs)}</w:hyperlink>']

    def _blocks(self, blocks: Iterable[Block]) -> None:
        for block in runs_of(blocks):
            if isinstance(block, tuple):
                self._left_out(block)
            else:
                self.block(block)

    def _left_out(self, figures: Sequence[Figure]) -> None:
        """Where the figures are; each counts, so that those after it keep their numbers."""
        marks = _size(17)
        runs = _runs("In the HTML edition: ", marks)
        for place, figure in enumerate(figures):
            runs += _runs("; ", marks) if place else []
            runs += [
                *self._marked(figure.anchor, self._label(figure.anchor, marks)),
                *_runs(f", {figure.title}", marks),
            ]
        self.paragraph([*runs, *_runs(".", marks)])

    def _label(self, anchor: str, marks: str = "") -> list[str]:
        """`Figure 3`, counted by the program."""
        kind, _, number = self.document.label(anchor).partition("\u00a0")
        counted = _field(f"SEQ {kind} \\* ARABIC", number, marks) if number.isdigit() else _runs(number, marks)
        return [*_runs(f"{kind}\u00a0", marks), *counted]

    def block(self, block: Block) -> None:
        if isinstance(block, Heading):
            self._heading(block)
        elif isinstance(block, Paragraph):
            self.paragraph(self.inline(block.words, "<w:b/>" if block.lead else ""))
        elif isinstance(block, Notice):
            self.paragraph(self.inline(block.words), "IntenseQuote")
        elif isinstance(block, Bullets):
            for item in block.items:
                self.paragraph(self.inline(item), "ListNumber" if block.ordered else "ListBullet")
        elif isinstance(block, KeyFigures):
            for value, said in block.items:
                self.paragraph([*_runs(f"{said}: "), *_runs(value, "<w:b/>")], "ListBullet")
        elif isinstance(block, Table):
            self._placed(block)
        elif isinstance(block, Figure):
            self._figure(block)
        elif isinstance(block, Beside):
            self._beside(block)
        elif isinstance(block, Details):
            self.paragraph(_runs(block.title), "Heading3")
            self._blocks(block.blocks)

    def _heading(self, block: Heading) -> None:
        number = self.document.numbers.get(block.anchor, "").split("\u00a0")[-1]
        title = f"{number}  {block.text}" if block.level == 1 else block.text
        self.paragraph(self._marked(block.anchor, _runs(title)), f"Heading{block.level}")
        if block.anchor == "references":
            for place, reference in enumerate(self.document.references, start=1):
                runs = _runs(f"{place}. {reference.text} ")
                runs += self._outward(reference.url, reference.url) if reference.url else []
                self.paragraph(self._marked(f"ref-{reference.key}", runs))

    def _placed(self, table: Table) -> None:
        if table.long:
            link = self._hyperlink(table.anchor, self.document.label(table.anchor))
            self.paragraph([*_runs(f"{table.title}: "), *link,
                            *_runs(" in the appendix.")])  # fmt: skip
        elif table.turned:
            self._end_section(turned=False)
            self._table(table, TURNED)
            self._end_section(turned=True)
        else:
            self._table(table, UPRIGHT)

    def _end_section(self, turned: bool) -> None:
        """End the section so far; its pages are upright or turned."""
        from copy import deepcopy

        from docx.oxml import parse_xml

        properties = deepcopy(self.body[-1])
        _turn(properties, turned)
        paragraph = parse_xml(f'<w:p xmlns:w="{NAMESPACE}"><w:pPr><w:spacing w:after="0"/></w:pPr></w:p>')
        paragraph[0].append(properties)
        self._add(paragraph)

    def _caption(self, anchor: str, title: str) -> None:
        self.paragraph([*self._marked(anchor, self._label(anchor)), *_runs(f". {title}")], "Caption")

    def _table(self, table: Table, width: int) -> None:
        self._caption(table.anchor, table.title)
        size = 14 if table.long or len(table.columns) > 7 else 16
        widths = column_widths(table.columns, width, size)
        grid = "".join(f'<w:gridCol w:w="{one}"/>' for one in widths)
        borders = (
            '<w:top w:val="single" w:sz="8" w:color="1B1F24"/><w:bottom w:val="single" w:sz="8" w:color="1B1F24"/>'
            '<w:insideH w:val="single" w:sz="4" w:color="C8CED4"/>'
        )
        cells = "".join(
            _cell(_runs(column.name, f"<w:b/>{_size(size)}"), widths[place], column.kind, header=True)
            for place, column in enumerate(table.columns)
        )
        header = f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{cells}</w:tr>"
        rows = "".join(self._row(table, row, widths, size) for row in table.rows)
        self._append(
            f'<w:tbl xmlns:w="{NAMESPACE}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
            f"<w:tblBorders>{borders}</w:tblBorders>"
            '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="40" w:type="dxa"/><w:right w:w="80" w:type="dxa"/>'
            '</w:tblCellMar><w:tblLook w:val="0060" w:firstRow="1" w:firstColumn="1"/>'
            f"<w:tblCaption w:val={_attribute(table.title)}/>"
            f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{header}{rows}</w:tbl>"
        )
        self._note(table.note, () if table.long else table.claims)

    def _row(self, table: Table, row: Any, widths: list[int], size: int) -> str:
        made = []
        for place, cell in enumerate(row.cells):
            kind = table.columns[place].kind
            runs = self.inline(cell, _size(size), named=CLAIMS_NAMED)
            if place == 0 and row.anchor:
                runs = self._marked(row.anchor, runs)
            made.append(_cell(runs, widths[place], kind))
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(made)}</w:tr>"

    def _note(self, note: Words, claims: tuple[str, ...]) -> None:
        marks = _size(17)
        runs = self.inline(note, marks)
        if claims:
            runs += _runs(" Printed numbers behind it: ", marks)
            runs += self.inline((Claims(claims),), marks, named=CLAIMS_IN_NOTE) + _runs(".", marks)
        if runs:
            self.paragraph(runs, properties='<w:spacing w:before="60" w:after="240"/>')

    def _figure(self, figure: Figure) -> None:
        self._caption(figure.anchor, figure.title)
        paragraph = self.word.add_paragraph()
        self._picture(paragraph, figure, FIGURE_WIDTH, FIGURE_HEIGHT)
        paragraph.paragraph_format.keep_with_next = True
        self._note((figure.caption,), figure.claims)

    def _beside(self, block: Beside) -> None:
        """Figures in the cells of a table without lines, a small caption under each."""
        from docx.oxml import parse_xml
        from docx.shared import Pt

        table = self.word.add_table(1, len(block.blocks))
        width = FIGURE_WIDTH / len(block.blocks) - 0.3
        for cell, figure in zip(table.rows[0].cells, block.blocks, strict=True):
            paragraph = cell.paragraphs[0]
            self._picture(paragraph, figure, width, SMALL_HEIGHT)
            paragraph.paragraph_format.keep_with_next = True
            paragraph.paragraph_format.space_after = Pt(2)
            small = _size(15)
            caption = cell.add_paragraph(style="Caption").paragraph_format.element
            runs = [*self._marked(figure.anchor, self._label(figure.anchor, small)), *_runs(f". {figure.title}", small)]
            for run in runs:
                caption.append(parse_xml(run))

    def _picture(self, paragraph: WordParagraph, figure: Figure, wide: float, high: float) -> None:
        """A picture in a paragraph, at most so many centimetres wide and high."""
        from docx.image.image import Image
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.oxml.shape import CT_Inline
        from docx.parts.image import ImagePart
        from docx.shared import Cm, Emu

        # Numbered and put in here: `add_picture` looks through the whole document, and takes the digest of every
        # picture before, at each.
        self.pictures += 1
        image = Image.from_file(str(figure.png))
        part = ImagePart.from_image(image, PackURI(f"/word/media/image{self.pictures}.{image.ext}"))
        relation = self.word.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        width, height = image.scaled_dimensions(Cm(wide), None)
        most = Cm(high)
        if height > most:
            width, height = Emu(round(width * most / height)), most
        shape = CT_Inline.new_pic_inline(self.pictures, relation, image.filename, width, height)
        paragraph.add_run().element.add_drawing(shape)
        described = shape.docPr
        described.set("descr", figure.alt)
        described.set("title", figure.title)
        described.set("name", figure.anchor)

    def inline(self, parts: Words, marks: str = "", named: int = 3) -> list[str]:
        made: list[str] = []
        for part in parts:
            made += self._part(part, marks, named)
        return made

    def _part(self, part: Inline, marks: str, named: int) -> list[str]:
        if isinstance(part, str):
            return _runs(part, marks)
        if isinstance(part, Strong):
            return _runs(part.text, f"<w:b/>{marks}")
        if isinstance(part, Code):
            return _runs(part.text, f'<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>{marks}')
        if isinstance(part, Badge):
            return _runs(part.text, _coloured(marks if "<w:b/>" in marks else f"<w:b/>{marks}", COLOURS[part.tone]))
        if isinstance(part, Link):
            if part.external:
                return self._outward(part.target, part.text, marks)
            return self._hyperlink(part.target.removeprefix("#"), part.text, marks)
        if isinstance(part, Ref):
            return self._reference(part, marks)
        if isinstance(part, Cite):
            return self._cite(part, marks)
        return self._claims(part, marks, named)

    def _reference(self, part: Ref, marks: str) -> list[str]:
        label = self.document.label(part.target)
        if label.startswith("Section"):
            return self._hyperlink(part.target, label, marks)
        return _field(f"REF {bookmark(part.target)} \\h", label, marks)

    def _cite(self, cite: Cite, marks: str) -> list[str]:
        """`[3, 7]`, each number a link to its entry."""
        place = {reference.key: number for number, reference in enumerate(self.document.references, start=1)}
        runs = _runs("[", marks)
        for position, key in enumerate(sorted(cite.keys, key=place.__getitem__)):
            runs += _runs(", ", marks) if position else []
            runs += self._hyperlink(f"ref-{key}", str(place[key]), marks)
        return runs + _runs("]", marks)

    def _outward(self, address: str, text: str, marks: str = "") -> list[str]:
        """A link to an address outside."""
        from docx.opc.constants import RELATIONSHIP_TYPE

        name = self.word.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        inner = "".join(_runs(text, _coloured(marks, LINK)))
        return [f'<w:hyperlink xmlns:w="{NAMESPACE}" xmlns:r="{RELATIONS}" r:id="{name}">{inner}</w:hyperlink>']

    def _claims(self, claims: Claims, marks: str, named: int) -> list[str]:
        runs: list[str] = []
        for place, name in enumerate(claims.ids[:named]):
            target = claim_anchor(name)
            runs += _runs(", ", marks) if place else []
            if target in self.anchors:
                runs += self._hyperlink(target, name, marks)
            else:
                runs += _runs(name, marks)
        more = len(claims.ids) - named
        return runs + (_runs(f" and {more} more", marks) if more > 0 else [])


def _coloured(marks: str, colour: str) -> str:
    """Marks with a colour, in the order that the format asks: before the size."""
    before, size, after = marks.partition("<w:sz")
    return f'{before}<w:color w:val="{colour}"/>{size}{after}'


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/>'


def _attribute(text: str) -> str:
    from xml.sax.saxutils import quoteattr

    return quoteattr(_text(text).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def column_widths(columns: Sequence[Column], width: int, size: int) -> list[int]:
    """Widths by weight, but none narrower than the longest word of its name.

    Parameters
    ----------
    columns : sequence of Column
    width : int
        Of the whole table, in twentieths of a point.
    size : int
        Of the letters, in half points.
    """
    least = [round(max(map(len, column.name.split())) * LETTER * size * 10) + CELL_MARGINS for column in columns]
    if sum(least) >= width:
        return [round(width * one / sum(least)) for one in least]
    fixed: set[int] = set()
    while True:
        free = width - sum(least[place] for place in fixed)
        total = sum(column.weight for place, column in enumerate(columns) if place not in fixed)
        made = [
            least[place] if place in fixed else round(free * column.weight / total)
            for place, column in enumerate(columns)
        ]
        narrow = {place for place, one in enumerate(made) if one < least[place]}
        if not narrow:
            return made
        fixed |= narrow


def _cell(runs: list[str], width: int, kind: str, *, header: bool = False) -> str:
    aligned = '<w:jc w:val="right"/>' if kind == "number" else ""
    # The row of names stays with the first row below it.
    kept = "<w:keepNext/>" if header else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
        f'<w:p><w:pPr>{kept}<w:spacing w:after="20"/>{aligned}</w:pPr>'
        f"{''.join(runs)}</w:p></w:tc>"
    )


def _turn(properties: Any, turned: bool) -> None:
    """Make the section upright or turned."""
    from docx.oxml.ns import qn

    size = properties.find(qn("w:pgSz"))
    narrow, wide = sorted((int(size.get(qn("w:w"))), int(size.get(qn("w:h")))))
    size.set(qn("w:w"), str(wide if turned else narrow))
    size.set(qn("w:h"), str(narrow if turned else wide))
    size.attrib.pop(qn("w:orient"), None)
    if turned:
        size.set(qn("w:orient"), "landscape")
