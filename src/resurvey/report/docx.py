"""The report as DOCX: `templates/reference.docx` defines the styles, `templates/body.xml.j2` applies them.

Headings, numbered captions, cross-references, repeated header rows, alternative texts and page numbers are native Word
features; the same document gives the same bytes.
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
from resurvey.report.template_files import template_bytes
from resurvey.report.templating import loaded

BODY, REFERENCE = "body.xml.j2", "reference.docx"
# Fixed dates keep the bytes the same: 1980 is the earliest in the zip format; a document needs some date.
EPOCH, UNDATED = (1980, 1, 1, 0, 0, 0), datetime(2000, 1, 1)
# Maximum size of a figure in centimetres: the text width, and a height that leaves room for the caption on the page.
FIGURE_WIDTH, FIGURE_HEIGHT, BESIDE_HEIGHT = 17.3, 18.5, 8.6
# Width of a bold letter relative to the font size, and horizontal cell margins in twentieths of a point.
LETTER, CELL_MARGINS = 0.58, 130
# Font sizes in tables in half points, as in the styles of the reference document.
SIZE, SMALL_SIZE = 16, 14
# Text widths of portrait and landscape pages, in twentieths of a point.
UPRIGHT, TURNED = 9850, 14500
NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")
# Characters that XML does not allow.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def render_docx(document: Document, own: Path | None = None) -> bytes:
    """The report as a Word document.

    Parameters
    ----------
    document : Document
    own : Path, optional
        Folder of a project's own templates.

    Returns
    -------
    bytes
        A DOCX with fixed dates; long tables are in an appendix.

    Raises
    ------
    ResurveyError
        If a template cannot be used; the message names it.
    """
    word = docx.Document(io.BytesIO(template_bytes(REFERENCE, own)))
    values = paper(document, legible)
    _name(word, document)
    writer = _Writer(word, {one.anchor: one for one in flat(document.blocks) if isinstance(one, Figure)})
    try:
        body = parse_xml(loaded(BODY, own).render(values | writer.helpers))
    except (TemplateError, SyntaxError) as error:
        raise ResurveyError(f"template {BODY}: {error}") from None
    last = word.element.body[-1]  # the section properties, which end the body
    for block in list(body):
        last.addprevious(block)
    stream = io.BytesIO()
    word.save(stream)
    return settled(stream.getvalue())


def settled(content: bytes) -> bytes:
    """Rewrite the zip archive with fixed dates, so that the same parts give the same bytes."""
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
    """Set the document properties, and the title in the footer."""
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
    """Text valid in XML, with forbidden characters replaced by their codes. Office programs find fonts themselves."""
    return FORBIDDEN.sub(lambda found: f"U+{ord(found[0]):04X} ", text)


def bookmark(anchor: str) -> str:
    """A bookmark name that Word accepts: letters, digits and underscores, at most 40."""
    name = "r_" + NOT_A_NAME.sub("_", anchor)
    return name if len(name) <= 40 else f"{name[:31]}_{hashlib.blake2s(anchor.encode(), digest_size=4).hexdigest()}"


@dataclass(frozen=True)
class Placed:
    """A picture in the document: relation id, number, width and height (English Metric Units)."""

    relation: str
    id: int
    width: int
    height: int


class _Writer:
    """Functions for the template: relations to pictures and URLs, numbering, page sections, column widths."""

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
        """The relation id of a link to an external URL."""
        return str(self.word.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))

    def place(self, figure: Plain, wide: float, high: float) -> Placed:
        """Add a picture, at most `wide` by `high` centimetres."""
        # Added directly: `add_picture` would search the whole document and compute the digest of every
        # earlier picture each time.
        number = next(self.pictures)
        image = Image.from_file(str(self.figures[figure["anchor"]].png))
        part = ImagePart.from_image(image, PackURI(f"/word/media/image{number}.{image.ext}"))
        relation = self.word.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
        width = min(wide, high * image.px_width / image.px_height)
        return Placed(relation, number, Cm(width), Cm(width * image.px_height / image.px_width))

    def section(self, turned: bool) -> Markup:
        """Section properties for the preceding content, portrait or landscape."""
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
    """Column widths in proportion to weight, but at least as wide as the longest word in the column name.

    Parameters
    ----------
    names, weights : sequence
        Name and relative width of each column.
    width : int
        Width of the whole table, in twentieths of a point.
    size : int
        Font size, in half points.
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
