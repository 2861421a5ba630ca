"""What the pages take from the code when they are built, so that the two cannot drift apart.

A page asks for a part by a comment on a line of its own, as `<!-- generated: rules -->`; the name is a key of `PARTS`.
`<!-- generated: reference resurvey.survival -->` gives every public name of a module with its docstring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = re.compile(r"^<!-- generated: (?P<name>[\w-]+)(?: (?P<module>[\w.]+))? -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace every comment that asks for a part; mkdocs calls this for each page."""
    return PLACE.sub(lambda match: reference(match["module"]) if match["module"] else part(match["name"]), markdown)


def part(name: str) -> str:
    """The part of that name, or an error that stops the build."""
    if name not in PARTS:
        raise KeyError(f"no generated part {name!r}: expected one of {', '.join(PARTS)}")
    return PARTS[name]()


def reference(module: str) -> str:
    """Every public class and function of a module, each to be filled in from its docstring by mkdocstrings."""
    return "\n\n".join(f"::: {name}" for name in public(module))


def public(module: str) -> list[str]:
    """The full names of the classes and functions that a module offers, where they are defined, in order of name."""
    room = import_module(module)
    offered = {name: getattr(room, name) for name in getattr(room, "__all__", vars(room)) if not name.startswith("_")}
    return [
        f"{each.__module__}.{each.__qualname__}"
        for _, each in sorted(offered.items(), key=lambda pair: pair[0].lower())
        if (isinstance(each, type) or isfunction(each)) and each.__module__.startswith(module)
    ]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table; formulas hold characters that a table of Markdown would take for its own."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def code(text: str) -> str:
    """Text as code, safe in HTML."""
    return f"<code>{escape(text)}</code>"


def rules() -> str:
    """Every check of the audit, by family."""
    from resurvey.audit import FAMILIES, RULES

    parts = []
    for family in FAMILIES:
        found = [rule for rule in RULES.values() if rule.family == family]
        rows = [(code(rule.name), escape(rule.formula), escape(rule.reference)) for rule in found]
        parts += [f"### {family}", "", table(["rule", "formula", "reference"], rows), ""]
    return "\n".join(parts)


def methods() -> str:
    """Every sample-size formula."""
    from resurvey.design import METHODS

    rows = [
        (code(method.name), escape(method.label), method.unit, escape(method.formula), escape(method.reference))
        for method in METHODS.values()
    ]
    return table(["method", "in words", "counts", "formula", "reference"], rows)


def readings() -> str:
    """The readings of a sentence on enrolment, follow-up and dropout."""
    from resurvey.design import DROPOUT_READINGS, HYPOTHESES, READINGS

    named = {"enrolment and follow-up": READINGS, "dropout": DROPOUT_READINGS, "events counted under": HYPOTHESES}
    rows = [(escape(what), code(key), escape(words)) for what, keys in named.items() for key, words in keys.items()]
    return table(["of", "reading", "meaning"], rows)


def dictionary() -> str:
    """The dictionary of the tables, without its title."""
    text = (ROOT / "data/raw/README.md").read_text(encoding="utf-8")
    return re.sub(r"\A# .*\n", "", text)


def families() -> str:
    """Parametric survival models."""
    from resurvey.survival.parametric import ALL_MODELS

    return ", ".join(f"`{name}`" for name in ALL_MODELS) + "."


PARTS: dict[str, Callable[[], str]] = {
    "rules": rules,
    "methods": methods,
    "readings": readings,
    "dictionary": dictionary,
    "families": families,
}
