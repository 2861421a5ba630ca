"""Read HTML of journals and of PubMed Central: the article's headings, paragraphs, tables and captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from resurvey.errors import InputError
from resurvey.read.normal import squeeze
from resurvey.read.objects import Document
from resurvey.read.sources.build import Builder, resolve
from resurvey.read.sources.markup import table_rows, tag, text_of

HEADINGS = {f"h{level}": level for level in range(1, 7)}
DROPPED = {
    "script",
    "style",
    "noscript",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "button",
    "svg",
    "template",
    "iframe",
    "select",
    "input",
    "textarea",
    "object",
}
FURNITURE = re.compile(
    r"\b(?:ref-list|references|bibliography|breadcrumb|menu|sidebar|"
    r"navigation|cookie|related|metrics|share|toc|citation-?list|"
    r"comments|advert|banner|usa-|footer|permissions)\b",
    re.IGNORECASE,
)
REFERENCES = re.compile(
    r"^(?:references?|literature cited|bibliography|acknowledge?ments?|"
    r"funding|author contributions|competing interests|conflicts? of interest)\b",
    re.IGNORECASE,
)
FOOT = re.compile(r"(?:tbl|table)[-_]?(?:wrap)?[-_]?foot|tw-foot|table-notes?|tfoot|footnote", re.IGNORECASE)
WRAPS = re.compile(r"tbl|table|\btw\b|\bT\d", re.IGNORECASE)
CAPTIONED = {"caption", "figcaption", "h3", "h4", "h5", "h6", "p", "div", "span", "header", "strong", "b"}
LABEL = re.compile(
    r"^\s*(?P<label>(?:Supplementary |eTable|Appendix )?Table\s?[A-Z]?[\dIVX]{1,5}[a-z]?)\s*[.:|—-]?\s*", re.IGNORECASE
)


def read_html(content: bytes, name: str) -> Document:
    """A document from HTML.

    Raises
    ------
    InputError
        If the content is not HTML.
    """
    try:
        parser = lxml_html.HTMLParser(
            no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding=_encoding(content)
        )
        root = lxml_html.document_fromstring(content, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise InputError(f"{name}: it is not readable HTML ({error}); save the page again, or give the PDF") from None
    build = Builder(name, "HTML")
    build.about.update(_about(root))
    if build.about.get("title"):
        build.paragraph(("Title",), build.about["title"], "title")
    _walk(_main(root), build)
    if _open_ended(content):
        build.refuse(
            "what may follow the end of the file: the page is not closed (no </html>), save it again if it is cut off"
        )
    return build.document()


def _open_ended(content: bytes) -> bool:
    """Whether a page opens its body and never closes it, as one whose download was interrupted."""
    lower = content.lower()
    opened = b"<html" in lower or b"<body" in lower
    return opened and b"</html" not in lower and b"</body" not in lower


def _encoding(content: bytes) -> str | None:
    """UTF-8 if the bytes are valid UTF-8, otherwise the encoding the page declares."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _about(root: Any) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        key = (meta.get("name") or meta.get("property") or "").lower()
        found.setdefault(key, []).append(squeeze(meta.get("content") or ""))
    title = found.get("citation_title", [""])[0] or squeeze("".join(root.findtext(".//title") or ""))
    authors = [
        name.split(",")[0].split(" ")[-1] if "," not in name else name.split(",")[0]
        for name in found.get("citation_author", [])
    ]
    date = (
        found.get("citation_publication_date")
        or found.get("citation_date")
        or found.get("citation_online_date")
        or [""]
    )[0]
    year = re.search(r"(?:19|20)\d{2}", date)
    return {
        "title": title,
        "doi": found.get("citation_doi", [""])[0].removeprefix("doi:"),
        "year": year.group() if year else "",
        "journal": found.get("citation_journal_title", [""])[0],
        "authors": "; ".join(authors[:3]) + (" et al" if len(authors) > 3 else ""),
    }


def _main(root: Any) -> Any:
    """The part that holds the article: the `article` or `main` element with the most text, otherwise the body."""
    candidates = [*root.iter("article"), *root.iter("main")][:50]
    sized = [(len(squeeze("".join(node.itertext()))), -k, node) for k, node in enumerate(candidates)]
    body = root.find("body")
    if sized and (best := max(sized, key=lambda item: item[:2]))[0] > 2000:
        return best[2]
    return body if body is not None else root


def _walk(root: Any, build: Builder) -> None:
    path: list[tuple[int, str]] = []
    stack: list[Any] = [root]
    whole = len("".join(root.itertext()))
    tables = {table: _around(table) for table in root.iter("table") if _is_read(table)}
    with_tables = {node for around in tables.values() for node in around.nodes}
    while stack:
        node = stack.pop()
        name = tag(node)
        if not name or name in DROPPED or (node is not root and _is_furniture(node, whole)) or node in with_tables:
            continue
        section = tuple(title for _, title in path)
        if name in HEADINGS:
            level, title = HEADINGS[name], squeeze(text_of(node)).rstrip(".: ")
            path = [item for item in path if item[0] < level]
            if title and level > 1 and not LABEL.fullmatch(title):
                path.append((level, title))
        elif path and REFERENCES.match(path[-1][1]) and name != "table":
            stack += [child for child in reversed(node) if name in ("div", "section", "article", "main", "body")]
        elif name == "table":
            if (around := tables.get(node)) is not None:
                build.table(around.label, around.caption, resolve(table_rows(node)), around.notes, section)
        elif name == "figcaption" or (
            name == "div" and "caption" in (node.get("class") or "") and not _near_table(node)
        ):
            text = squeeze(text_of(node))
            if not LABEL.match(text):
                label = re.match(r"(?:Figure|Fig\.?)\s?\w{1,4}", text)
                build.paragraph((f"{label.group() if label else 'Figure'} legend",), text, "caption")
        elif name in ("p", "blockquote", "dd") or (name in ("li", "div", "section", "td") and _has_text(node)):
            build.paragraph(section, squeeze(text_of(node)))
            stack += [
                child
                for child in reversed(node)
                if tag(child) in ("table", "figure")
                or (name == "div" and tag(child) in ("section", "div") and not _has_text(node))
            ]
            stack += list(node.iter("table"))[::-1] if name == "p" else []
        else:
            stack += list(reversed(node))


def _is_furniture(node: Any, whole: int) -> bool:
    """Menus, reference lists, share buttons and the like, recognised by name; never a third or more of the page."""
    if FURNITURE.search(f"{node.get('class') or ''} {node.get('id') or ''}"[:300]) is None:
        return False
    return len("".join(node.itertext())) < 0.34 * whole or "ref-list" in (node.get("class") or "")


def _has_text(node: Any) -> bool:
    """Whether an element holds text of its own, not only block elements."""
    if node.find(".//p") is not None or node.find(".//table") is not None or node.find(".//section") is not None:
        return False
    own = (node.text or "") + "".join(child.tail or "" for child in node)
    inline = all(
        tag(child) in ("a", "b", "i", "em", "strong", "sup", "sub", "span", "br", "u", "small", "cite", "")
        for child in node
    )
    return bool(own.strip()) and (inline or len(own.strip()) > 60)


def _near_table(node: Any) -> bool:
    parent = node.getparent()
    return parent is not None and parent.find(".//table") is not None


@dataclass(frozen=True)
class _Around:
    """What a page says around a table: label, caption and notes, and the elements that hold them."""

    label: str
    caption: str
    notes: str
    nodes: tuple[Any, ...]


def _is_read(table: Any) -> bool:
    return table.find(".//table") is None and len(table.findall(".//tr")) > 1


def _around(table: Any) -> _Around:
    wrap = _wrap(table)
    parts = [node for node in wrap.iter() if node is not table and table not in node.iterdescendants()]
    label, caption = _caption(table, parts)
    named = [node for node in parts if "caption" in f"{tag(node)} {node.get('class') or ''}"[:200].lower()]
    told = [node for node in named if _is_told(squeeze(text_of(node)), caption)]
    beside = [node for node in parts if _is_foot(node) and table not in node.iterancestors()]
    feet = [*_outermost(beside)] or table.findall("tfoot") or [*_feet_behind(table)]
    notes = " ".join(filter(None, (squeeze(text_of(node)) for node in feet)))
    return _Around(label, caption, notes, (*told, *feet))


def _is_told(text: str, caption: str) -> bool:
    """Whether the text of an element is in the caption as read, with the label or without."""
    return not text or LABEL.fullmatch(text) is not None or bool(caption and text.endswith(caption))


def _is_foot(node: Any) -> bool:
    return FOOT.search(f"{tag(node)} {node.get('class') or ''}"[:200]) is not None


def _outermost(nodes: list[Any]) -> Iterator[Any]:
    """Nodes that are in none of the others; nodes come in document order."""
    last = None
    for node in nodes:
        if last is None or last not in node.iterancestors():
            last = node
            yield node


def _feet_behind(table: Any) -> Iterator[Any]:
    """Notes right behind a table that no element holds together with them."""
    node = table.getnext()
    while node is not None and _is_foot(node):
        yield node
        node = node.getnext()


def _wrap(table: Any) -> Any:
    """The element around a table, its caption and notes: the outermost named after tables, or a figure."""
    wrap, node = table, table
    for _ in range(5):
        node = node.getparent()
        if node is None or tag(node) in ("body", "article", "main", "html") or len(list(node.iter("table"))) > 1:
            break
        if tag(node) == "figure" or WRAPS.search(f"{node.get('class') or ''} {node.get('id') or ''}"[:300]):
            wrap = node
    return wrap


def _caption(table: Any, parts: list[Any]) -> tuple[str, str]:
    """Label and caption: in one text, or the label as a heading and the caption in an element named accordingly."""
    own = table.find("caption")
    nodes = [*([own] if own is not None else []), *(node for node in parts if tag(node) in CAPTIONED)]
    texts = [squeeze(text_of(node)) for node in nodes]
    labelled = [(text, match.end()) for text in texts if (match := LABEL.match(text)) is not None]
    named = [squeeze(text_of(node)) for node in parts if "caption" in (node.get("class") or "").lower()]
    full = next((text for text, end in labelled if len(text) > end + 2), "")
    rest = next((text for text in named if LABEL.match(text) is None), "")
    one = (
        full
        or (f"{labelled[0][0]} {rest}" if labelled else "")
        or _before(table)
        or (texts[0] if own is not None else rest)
    )
    match = LABEL.match(one)
    return (squeeze(match["label"]), one[match.end() :]) if match else ("", one)


def _before(table: Any) -> str:
    """The paragraph or heading before a bare table, if it is a caption."""
    previous = table.getprevious()
    text = (
        squeeze(text_of(previous))
        if previous is not None and tag(previous) in ("p", "h2", "h3", "h4", "h5", "div")
        else ""
    )
    return text if LABEL.match(text) and len(text) < 600 else ""
