"""Read JATS and NLM XML: no network, no DTD, no entities, bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree

from resurvey.errors import InputError
from resurvey.read.normal import squeeze
from resurvey.read.objects import Document
from resurvey.read.sources.build import Builder, resolve
from resurvey.read.sources.markup import parser, strip_namespaces, table_rows, tag, text_of

PARAGRAPHS = {"p", "disp-quote", "verse-line", "statement", "attrib"}


def read_jats(content: bytes, name: str) -> Document:
    """A document from JATS.

    Raises
    ------
    InputError
        If the content is not XML, is cut off, or holds no article.
    """
    opened = parser()
    try:
        root = etree.fromstring(content, opened)
    except etree.XMLSyntaxError as error:
        raise InputError(
            f"{name}: it is not readable XML ({error}); save the paper again as JATS, HTML or PDF"
        ) from None
    if root is None:
        raise InputError(f"{name}: there is no XML in it; save the paper again as JATS, HTML or PDF")
    broken = [error for error in opened.error_log if error.level == etree.ErrorLevels.FATAL]
    strip_namespaces(root)
    article = root if tag(root) == "article" else root.find(".//article")
    if article is None:
        raise InputError(f"{name}: its root is <{tag(root)}>, expected <article> of JATS")
    if _cut_off(content, broken):
        raise InputError(f"{name}: the file is cut off in line {broken[-1].line}; download or save the paper again")
    build = Builder(name, "JATS")
    if broken:
        build.refuse(
            f"the XML is broken in {len(broken)} places, first in line {broken[0].line} ({broken[0].message}): "
            "words or signs may be missing there"
        )
    build.about.update(_about(article))
    _front(article, build)
    for part in ("body", "back", "floats-group", "floats-wrap"):
        for node in article.findall(part):
            _walk(node, (), build)
    for part in article.findall("sub-article") + article.findall("response"):
        build.refuse(f"a <{tag(part)}> is a document of its own and was not read")
    return build.document()


def _cut_off(content: bytes, broken: Sequence[Any]) -> bool:
    """Whether a file ends before its elements do, as a download that was interrupted."""
    if not broken:
        return False
    unfinished = any(error.type == etree.ErrorTypes.ERR_TAG_NOT_FINISHED for error in broken)
    return unfinished or not content.rstrip(b" \t\r\n\0").endswith(b">")


def _about(article: Any) -> dict[str, str]:
    def first(path: str) -> str:
        node = article.find(path)
        return squeeze(text_of(node)) if node is not None else ""

    meta = "front/article-meta/"
    ids = {node.get("pub-id-type"): squeeze(text_of(node)) for node in article.findall(f"{meta}article-id")}
    years = [squeeze(text_of(node)) for node in article.findall(f"{meta}pub-date/year")]
    names = [squeeze(text_of(node)) for node in article.findall(f"{meta}contrib-group/contrib/name/surname")]
    return {
        "title": first(f"{meta}title-group/article-title"),
        "doi": ids.get("doi", ""),
        "pmc": ids.get("pmc", "") or ids.get("pmcid", ""),
        "year": min(years) if years else "",
        "journal": first("front/journal-meta/journal-title-group/journal-title")
        or first("front/journal-meta/journal-title"),
        "authors": "; ".join(names[:3]) + (" et al" if len(names) > 3 else ""),
        "licence": first(f"{meta}permissions/license"),
    }


def _front(article: Any, build: Builder) -> None:
    if build.about["title"]:
        build.paragraph(("Title",), build.about["title"], "title")
    for abstract in article.findall("front/article-meta/abstract"):
        if abstract.get("abstract-type") in ("toc", "teaser", "graphical", "precis"):
            continue
        _walk(abstract, ("Abstract",), build)
        if abstract.text and abstract.text.strip():
            build.paragraph(("Abstract",), squeeze(abstract.text))
    for table in article.findall("front/article-meta//table-wrap"):
        _table(table, ("Abstract",), build)


def _walk(root: Any, section: tuple[str, ...], build: Builder) -> None:
    """Blocks below a node in order; uses a stack, as the file determines the depth."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(root, section)]
    while stack:
        node, path = stack.pop()
        name = tag(node)
        if name in ("table-wrap", "array"):
            _table(node, path, build)
        elif name == "fig":
            _figure(node, path, build)
        elif name in PARAGRAPHS:
            build.paragraph(path, squeeze(text_of(node)))
            stack += [(child, path) for child in reversed(list(node.iter("table-wrap", "fig", "array")))]
        elif name == "ref-list":
            build.references(len(node.findall(".//ref")))
        elif (
            name == "title"
            and node.getparent() is not None
            and tag(node.getparent()) in ("sec", "abstract", "app", "ack")
        ):
            continue
        elif name and name not in ("object-id", "supplementary-material", "media"):
            inner = (*path, title) if name in ("sec", "app", "boxed-text") and (title := _title(node)) else path
            stack += [(child, inner) for child in reversed(node)]


def _title(node: Any) -> str:
    found = node.find("title")
    return squeeze(text_of(found)).rstrip(".: ") if found is not None else ""


def _figure(node: Any, path: tuple[str, ...], build: Builder) -> None:
    label = squeeze(text_of(node.find("label"))) if node.find("label") is not None else "Figure"
    caption = node.find("caption")
    if caption is not None:
        build.paragraph((*path[:0], f"{label.rstrip('.')} legend"), squeeze(text_of(caption)), "caption")


def _table(wrap: Any, path: tuple[str, ...], build: Builder) -> None:
    label = squeeze(text_of(wrap.find("label"))) if wrap.find("label") is not None else ""
    caption = squeeze(text_of(wrap.find("caption"))) if wrap.find("caption") is not None else ""
    foot = " ".join(squeeze(text_of(part, nested=True)) for part in wrap.findall("table-wrap-foot"))
    tables = list(wrap.iter("table"))
    if not tables:
        build.refuse(f"{label or 'a table'} is a picture: type its numbers by hand, or give the paper as PDF")
        if caption:
            build.paragraph((label or "Table",), caption, "caption")
    for number, table in enumerate(tables):
        name = label.rstrip(".:") if len(tables) == 1 else f"{label.rstrip('.:')} part {number + 1}"
        build.table(name, caption, resolve(table_rows(table)), foot, path)
