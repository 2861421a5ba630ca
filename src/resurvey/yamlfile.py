"""Reading of YAML files written by hand: duplicate keys are faults, and anchors cannot expand without limit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from resurvey.characters import odd
from resurvey.errors import InputError
from resurvey.places import check_file

#: Maximum number of nodes of a file with its anchors expanded; the shipped plan has about 1,500.
MOST_NODES = 200_000
#: Maximum depth of lists and mappings inside each other; the shipped plan has 7.
DEEPEST = 60
#: What YAML 1.1 takes for a number although nobody writes it for one: 010 is 8 there, and 11:8 is 668.
_MISREAD = (
    (re.compile(r"[-+]?0[0-9_]+"), "begins with 0, which YAML takes for a number to base 8"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-9.]+)+"), "has a colon, which YAML takes for a number to base 60"),
)
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses duplicate keys, deep nesting, and values that their tag cannot have."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(None, None, f"more than {DEEPEST} nested lists or mappings", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS:
            _refuse_misread(node)
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, KeyError, AttributeError, TypeError):
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(None, None, f"{str(node.value)[:60]!r} is no {kind}", node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if name in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value!r} appears twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _refuse_misread(node: yaml.ScalarNode) -> None:
    """Refuse numbers that YAML reads as another number than the one typed."""
    for pattern, why in _MISREAD:
        if pattern.fullmatch(node.value):
            message = f"{node.value} {why}: write a plain number, or put a text in quotation marks"
            raise yaml.MarkedYAMLError(None, None, message, node.start_mark)


def read_yaml(path: Path) -> Any:
    """Read a YAML file into plain types.

    Raises
    ------
    InputError
        If the file is missing, is not UTF-8 or not YAML, has duplicate keys or unexpected code points, nests too
        deeply, has a value that its kind cannot have (2019-02-31) or a number that YAML reads as another (010), or has
        anchors that expand excessively; the message names file and line.
    """
    check_file(path, path.parent)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _size(node, {}) > MOST_NODES:
                raise InputError(f"{path.name}: its anchors expand to more than {MOST_NODES:,} values: write it out")
            _refuse_odd(node, path.name, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8"
        ) from None
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        raise InputError(f"{path.name}, line {number}: {odd(chr(error.character)) or error.reason}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path.name}{line}: {getattr(error, 'problem', None) or error}") from None


def _refuse_odd(node: yaml.Node, name: str, seen: set[int]) -> None:
    """Refuse unexpected code points in texts and keys, naming their line."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if wrong := odd(node.value):
            raise InputError(f"{name}, line {node.start_mark.line + 1}: {wrong}")
        return
    for part in node.value:
        for child in part if isinstance(part, tuple) else (part,):
            _refuse_odd(child, name, seen)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Number of nodes with anchors expanded; each node is visited only once, so that anchors cannot make this slow."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = 1  # A node that contains itself counts once here, and is refused when it is used.
    children: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        children = node.value
    elif isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    known[id(node)] = 1 + sum(_size(child, known) for child in children)
    return known[id(node)]
