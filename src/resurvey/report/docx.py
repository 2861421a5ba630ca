"""The report as DOCX: `templates/reference.docx` holds the look, `templates/body.xml.j2` which style a piece has.

Headings, captions with numbers that Word keeps, cross-references, header rows that repeat, alternative texts and page
numbers are Word's own; the bytes are the same every time.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import count
from pathlib import Path
from typing import Any

import docx
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.parts.image import ImagePart
from docx.shared import Cm
from jinja2 import TemplateError
from lxml import etree
from markupsafe import Markup

from resurvey.errors import ResurveyError
from resurvey.report.document import Document, Figure, flat
from resurvey.report.paper import Plain, paper
from resurvey.report.templating import loaded

BODY, REFERENCE = "body.xml.j2", "reference.docx"
# The zip format knows no earlier day; a fixed one keeps the bytes alike. A document needs some date; its says nothing.
EPOCH, UNDATED = (1980, 1, 1, 0, 0, 0), datetime(2000, 1, 1)
# Centimetres that a figure may take: the text's width, and a height that leaves room for its words on the page.
FIGURE_WIDTH, FIGURE_HEIGHT, BESIDE_HEIGHT = 17.3, 18.5, 8.6
# Parts of the letter height that a bold letter is wide, and what a cell keeps free at its sides, twentieths of a point.
LETTER, CELL_MARGINS = 0.58, 130
# Half points of a table's letters, as the styles of the reference have them.
SIZE, SMALL_SIZE = 16, 14
# Widths inside the margins, in twentieths of a point.
UPRIGHT, TURNED = 9850, 14500
NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")
# What XML cannot hold.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render_docx(document: Document, own: Path | None = None) -> bytes:
    """The report for a word processor.

    Parameters
    ----------
    document : Document
    own : Path, optional
        Folder of a project's own templates.

    Returns
    -------
    bytes
        A DOCX without dates; long tables stand in an appendix.

    Raises
    ------
    ResurveyError
        If a template cannot be used; the message names it.
    """
    word = docx.Document(io.BytesIO(_reference(own)))
    values = paper(document, legible)
    _name(word, document)
    writer = _Writer(word, {one.anchor: one for one in flat(document.blocks) if isinstance(one, Figure)})
    try:
        body = parse_xml(loaded(BODY, own).render(values | writer.helpers))
    except (TemplateError, SyntaxError) as error:
        raise ResurveyError(f"template {BODY}: {error}") from None
    last = word.element.body[-1]  # the page, which closes the body
    for block in list(body):
        last.addprevious(block)
    stream = io.BytesIO()
    word.save(stream)
    return settled(stream.getvalue())


def _reference(own: Path | None) -> bytes:
    """The document whose styles and page are used."""
    if own and (own / REFERENCE).is_file():
        return (own / REFERENCE).read_bytes()
    return resources.files("resurvey.report").joinpath("templates", REFERENCE).read_bytes()


def settled(content: bytes) -> bytes:
    """The same parts with one date, in one order."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as target,
    ):
        for name in source.namelist():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return stream.getvalue()


def _name(word: Any, document: Document) -> None:
    """Properties, and the title in the footer."""
    core = word.core_properties
    core.title, core.subject = legible(document.title)[:255], legible(document.question)[:255]
    core.author = core.last_modified_by = "resurvey"
    core.created = core.modified = core.last_printed = UNDATED
    core.language, core.comments, core.revision = document.language, "", 1
    for section in word.sections:
        for paragraph in section.footer.paragraphs:
            for run in paragraph.runs:
                if run.text == "TITLE":
                    run.text = legible(document.title)


def legible(text: str) -> str:
    """Text that XML can hold; a letter that it cannot, as its code. Office programs find fonts for the others."""
    return FORBIDDEN.sub(lambda found: f"U+{ord(found[0]):04X} ", text)


def bookmark(anchor: str) -> str:
    """A bookmark name as Word allows: letters, digits, underscores, forty at most."""
    name = "r_" + NOT_A_NAME.sub("_", anchor)
    return name if len(name) <= 40 else f"{name[:31]}_{hashlib.blake2s(anchor.encode(), digest_size=4).hexdigest()}"


@dataclass(frozen=True)
class Placed:
    """A picture in the document: its relation and number, width and height in English metric units."""

    relation: str
    id: int
    width: int
    height: int


class _Writer:
    """What the template asks of the package: relations to pictures and addresses, numbers, pages, widths."""

    def __init__(self, word: Any, figures: dict[str, Figure]):
        self.word = word
        self.figures = figures
        self.numbers, self.pictures = count(1), count(1)

    @property
    def helpers(self) -> dict[str, Any]:
        return {
            "serial": lambda: next(self.numbers),
            "bookmark": bookmark,
            "relation": self.relation,
            "place": self.place,
            "section": self.section,
            "column_widths": table_widths,
            "upright": UPRIGHT,
            "widest": FIGURE_WIDTH,
            "highest": FIGURE_HEIGHT,
            "beside_highest": BESIDE_HEIGHT,
        }

    def relation(self, address: str) -> str:
        """The name of a link to an address outside."""
        return str(self.word.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))

    def place(self, figure: Plain, wide: float, high: float) -> Placed:
        """A picture, at most so many centimetres wide and high."""
        # Numbered and put in here: `add_picture` looks through the whole document, and takes the digest of every
        # picture before, at each.
        number = next(self.pictures)
        image = Image.from_file(str(self.figures[figure["anchor"]].png))
        part = ImagePart.from_image(image, PackURI(f"/word/media/image{number}.{image.ext}"))
        relation = self.word.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        width = min(wide, high * image.px_width / image.px_height)
        return Placed(relation, number, Cm(width), Cm(width * image.px_height / image.px_width))

    def section(self, turned: bool) -> Markup:
        """The page of what came before, upright or turned."""
        properties = deepcopy(self.word.element.body[-1])
        size = properties.find(qn("w:pgSz"))
        narrow, wide = sorted((int(size.get(qn("w:w"))), int(size.get(qn("w:h")))))
        size.set(qn("w:w"), str(wide if turned else narrow))
        size.set(qn("w:h"), str(narrow if turned else wide))
        size.attrib.pop(qn("w:orient"), None)
        if turned:
            size.set(qn("w:orient"), "landscape")
        return Markup(etree.tostring(properties, encoding="unicode"))


def table_widths(table: Plain) -> list[int]:
    """Widths of the columns of a table, in twentieths of a point."""
    size = SMALL_SIZE if table["small"] else SIZE
    return column_widths(
        [column["name"] for column in table["columns"]],
        [column["weight"] for column in table["columns"]],
        TURNED if table["turned"] else UPRIGHT,
        size,
    )


def column_widths(names: Sequence[str], weights: Sequence[float], width: int, size: int) -> list[int]:
    """Widths by weight, but none narrower than the longest word of its name.

    Parameters
    ----------
    names, weights : sequence
        A name and a share of the width a column.
    width : int
        Of the whole table, in twentieths of a point.
    size : int
        Of the letters, in half points.
    """
    least = [round(max(map(len, name.split()), default=1) * LETTER * size * 10) + CELL_MARGINS for name in names]
    if sum(least) >= width:
        return [round(width * one / sum(least)) for one in least]
    fixed: set[int] = set()
    while True:
        free = width - sum(least[place] for place in fixed)
        total = sum(weight for place, weight in enumerate(weights) if place not in fixed)
        made = [
            least[place] if place in fixed else round(free * weight / total) for place, weight in enumerate(weights)
        ]
        narrow = {place for place, one in enumerate(made) if one < least[place]}
        if not narrow:
            return made
        fixed |= narrow
