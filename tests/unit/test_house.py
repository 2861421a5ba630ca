"""The house: no step decides by words that are written for a person."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "src" / "resurvey"
# Columns of result tables that are words for a person.
WORDS = {"method", "measure", "note", "fact"}
# Methods by which code asks what a text says.
ASKS = {
    "startswith",
    "endswith",
    "contains",
    "match",
    "fullmatch",
    "search",
    "isin",
    "extract",
    "split",
    "removeprefix",
}
# Tables in which a column of that name holds an id from a closed list and no words: method of a design is the id of its
# formula, measure of data/raw/hazard_ratios.csv is one of the schema's choices.
TYPED = {
    ("report/answer.py", "method"),
    ("design/verdict.py", "method"),
    ("commands/design.py", "method"),
    ("reconstruct/study.py", "measure"),
}
ROOMS = ["report", "figures", "compare", "reconstruct", "design", "commands"]


def columns(node):
    """Columns of words that an expression takes from a table or a row."""
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
            yield from {part.slice.value} & WORDS
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr == "get"
            and part.args
        ):
            yield from {getattr(part.args[0], "value", None)} & WORDS


def is_text(node):
    return isinstance(node, ast.Tuple | ast.List | ast.Set) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    )


def decisions(source):
    """Places where code compares such a column with text, or asks what it says: line and column."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(map(is_text, [node.left, *node.comparators])):
            yield from ((node.lineno, name) for part in [node.left, *node.comparators] for name in columns(part))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS:
            asked = [node.func.value, *node.args]
            yield from ((node.lineno, name) for part in asked for name in columns(part))


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_decided_by_words_for_a_person(room):
    found = [
        f"{path.relative_to(ROOT)}:{line} decides by {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, name in decisions(path.read_text(encoding="utf-8"))
        if (path.relative_to(ROOT).as_posix(), name) not in TYPED
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["line['method'] == 'Cox'", "rows['method'].str.startswith('net')", "'x' in line.get('note', '')",
     "PATTERN.match(str(row['fact']))", "row['measure'] in ('HR', 'OR')"],
)  # fmt: skip
def test_a_decision_by_words_would_be_seen(source):
    assert list(decisions(source))


def test_words_that_are_only_written_are_no_decision():
    assert list(decisions("words(line['method']); line['note'] if line['note'] else ''; row['note'] != ''")) == []


def test_no_two_modules_have_one_name():
    """A module is named by what it holds; those of different rooms may not be confused in a sentence or a traceback."""
    seen = {}
    for path in sorted(ROOT.rglob("*.py")):
        if path.stem not in ("__init__", "__main__"):
            seen.setdefault(path.stem, []).append(path.relative_to(ROOT).as_posix())
    twice = {name: places for name, places in seen.items() if len(places) > 1}
    assert twice == {}, twice


def modules():
    """Files of the package by the name they are imported under."""
    names = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(tree, names):
    """Modules of the package that a source imports anywhere: at its top, in a function, or for type checkers alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        if isinstance(node, ast.ImportFrom) and node.module in names:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in names else node.module


def circles(graph):
    """Sets of modules that reach one another."""
    reach = {name: set() for name in graph}
    for name in graph:
        stack = [name]
        while stack:
            for other in graph[stack.pop()] - reach[name]:
                reach[name].add(other)
                stack.append(other)
    return {frozenset(n for n in reach[name] if name in reach[n]) for name in graph if name in reach[name]}


def test_no_modules_import_each_other_in_a_circle():
    """Whatever the place of the import: a circle hidden in a function or under TYPE_CHECKING is one too."""
    names = modules()
    graph = {
        name: set(imported(ast.parse(path.read_text(encoding="utf-8")), names)) - {name} for name, path in names.items()
    }
    assert [sorted(circle) for circle in circles(graph)] == []


def test_a_circle_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {frozenset("abc")}
