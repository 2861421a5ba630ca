"""Text from templates: Jinja2 inserts the numbers, and Markdown marks headings, lists and links.

A project can override any template, without Python, by a file of the same name in its own template folder.

In the Markdown of a template, `## Title (#anchor)` is a heading with its anchor, `[](#tab-x)` the number of a table,
figure or section, `[text](#anchor)` a link inside the document, `[text](claims:a;b)` the printed numbers a and b,
`[text](tone:bad)` a badge, `[](cite:key)` a reference. A paragraph `{{ block("name") }}` inserts a table or figure made
by the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    TemplateError,
)
from markdown_it import MarkdownIt
from markdown_it.token import Token

from resurvey.errors import InputError
from resurvey.report import words as say
from resurvey.report.document import (
    Badge,
    Block,
    Bullets,
    Cite,
    Claims,
    Code,
    Heading,
    Inline,
    Link,
    Paragraph,
    Ref,
    Strong,
    Words,
    anchor,
)

PLACE = re.compile(r"@@block:([\w-]+)@@")
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#+\-.!|~&])")


class Written(str):
    """Text that is already Markdown and is not escaped again."""


def escaped(value: object) -> str:
    """Escape a value so that Markdown shows it literally."""
    if isinstance(value, Written):
        return value
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split("\n")))


def _loader(own: Path | None) -> BaseLoader:
    """Loader for the templates of the package; those of a project, in the folder `own`, take precedence."""
    package = PackageLoader("resurvey.report", "templates")
    return ChoiceLoader([FileSystemLoader(own), package]) if own and own.is_dir() else package


def loaded(name: str, own: Path | None = None, filters: Mapping[str, Callable[..., Any]] | None = None) -> Template:
    """Load an XML or HTML template with autoescaping; `filters` are additional filters that it may use.

    Raises
    ------
    TemplateError
        If it is not a valid template.
    """
    made = Environment(
        loader=_loader(own), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
    )
    made.filters |= filters or {}
    return made.get_template(name)


def environment(own: Path | None = None) -> Environment:
    """The Jinja2 environment: template folders and filters; templates in the folder `own` take precedence."""
    made = Environment(
        loader=_loader(own),
        undefined=StrictUndefined,
        finalize=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # `finalize` escapes for Markdown; each output format does its own escaping.
    )
    made.filters |= {
        "ratio": say.ratio,
        "percent": say.percent,
        "p": say.p_value,
        "number": say.number,
        "count": say.count,
        "spelled": say.spelled,
        "thousands": say.thousands,
        "listed": say.listed,
        "sentence": say.sentence,
        "capital": lambda text: text[:1].upper() + text[1:],
    }
    made.globals |= {"block": lambda name: Written(f"\n\n@@block:{name}@@\n\n"), "anchor": anchor}
    return made


def render(
    name: str, context: Mapping[str, Any], blocks: Mapping[str, Sequence[Block]], own: Path | None = None
) -> tuple[Block, ...]:
    """Render a template to blocks.

    Parameters
    ----------
    name : str
        File of the template.
    context : mapping
        Variables available to its expressions.
    blocks : mapping
        Tables and figures that it may insert, by name; those not inserted are left out.
    own : Path, optional
        Folder of a project's own templates.

    Raises
    ------
    InputError
        If the template uses an undefined name, or Markdown for which the report has no block; the message names the
        template.
    """
    try:
        text = environment(own).get_template(name).render(context)
        return tuple(_blocks(MarkdownIt("commonmark").parse(text), blocks))
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise InputError(f"template {name}{f', line {line}' if line else ''}: {error}") from None
    except InputError as error:
        raise InputError(f"template {name}: {error}") from None


def _blocks(tokens: Sequence[Token], blocks: Mapping[str, Sequence[Block]]) -> Iterator[Block]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _end(tokens, place)
        inside = tokens[place + 1 : end]
        if token.type == "heading_open":
            title, name = _heading(inside[0])
            yield Heading(int(token.tag[1]), title, name)
        elif token.type == "paragraph_open":
            yield from _paragraph(inside[0], blocks)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            yield Bullets(tuple(_items(inside)), ordered=token.type.startswith("ordered"))
        else:
            raise InputError(f"the report has no block for Markdown of type {token.type.removesuffix('_open')!r}")
        place = end + 1


def _end(tokens: Sequence[Token], place: int) -> int:
    """Index of the token that closes the one at `place`."""
    depth = 0
    for number in range(place, len(tokens)):
        depth += tokens[number].nesting
        if depth == 0:
            return number
    raise InputError("Markdown that is opened and not closed")


def _heading(token: Token) -> tuple[str, str]:
    """Text and anchor of a heading `## Title (#anchor)`; if no anchor is given, it is made from the text."""
    text = "".join(child.content for child in token.children or ())
    found = re.fullmatch(r"(.*?)\s*\(#([\w-]+)\)", text)
    return (found[1], found[2]) if found else (text, anchor(text.lower()))


def _paragraph(token: Token, blocks: Mapping[str, Sequence[Block]]) -> Iterator[Block]:
    if found := PLACE.fullmatch(token.content.strip()):
        if found[1] not in blocks:
            raise InputError(f"there is no table or figure {found[1]!r}, only {', '.join(blocks) or 'none'}")
        yield from blocks[found[1]]
    else:
        yield Paragraph(tuple(_inlines(token.children or ())))


def _items(tokens: Sequence[Token]) -> Iterator[Words]:
    place = 0
    while place < len(tokens):
        end = _end(tokens, place)
        yield tuple(part for one in tokens[place:end] if one.type == "inline" for part in _inlines(one.children or ()))
        place = end + 1


def _inlines(tokens: Sequence[Token]) -> Iterator[Inline]:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _end(tokens, place)
        text = "".join(child.content for child in tokens[place + 1 : end])
        if token.type == "text":
            if token.content:
                yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "code_inline":
            yield Code(token.content)
        elif token.type == "strong_open":
            yield Strong(text)
        elif token.type == "link_open":
            yield _link(str(token.attrs["href"]), text)
        else:
            raise InputError(f"the report has no place for Markdown of type {token.type.removesuffix('_open')!r}")
        place = end + 1


def _link(target: str, text: str) -> Inline:
    scheme, _, rest = target.partition(":")
    if scheme == "claims":
        return Claims(tuple(rest.split(";")), text)
    if scheme == "tone":
        return Badge(text, rest)
    if scheme == "cite":
        return Cite(tuple(rest.split(";")))
    if target.startswith("#") and not text:
        return Ref(target.removeprefix("#"))
    return Link(text, target)
