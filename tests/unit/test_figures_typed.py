"""No figure chooses by words: what is drawn follows from typed columns, and texts are only written."""

import ast
from pathlib import Path

import pytest

import resurvey.figures
from resurvey.reconstruct import blocks

WORDS = {"method", "measure", "note", "fact", "label"}
ASKS = {"isin", "startswith", "endswith", "contains", "match", "fullmatch", "find", "split", "extract"}
FILES = [*sorted(Path(resurvey.figures.__file__).parent.glob("*.py")), Path(blocks.__file__)]


def is_words(node: ast.AST) -> bool:
    """Whether a part of an expression is `something["method"]` or the like."""
    return any(
        isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant) and part.slice.value in WORDS
        for part in ast.walk(node)
    )


def is_text(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value for part in ast.walk(node))


def choices_by_words(source: str) -> list[int]:
    """Lines that compare such a cell with a text, or look into it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(is_words, sides)) and any(is_text(side) for side in sides if not is_words(side)):
                found.append(node.lineno)
        asks = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS
        if asks and is_words(node.func.value) and any(is_text(argument) for argument in node.args):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_chosen_by_words(path):
    assert choices_by_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'rows[rows["method"] == "Cox"]',
        'rows["method"].str.startswith("sensitivity")',
        'str(row["measure"]).split("at ")',
        'rows[rows["fact"].isin(["median", "lower"])]',
        '"random" in row["note"]',
    ],
)
def test_the_check_finds_such_choices(line):
    assert choices_by_words(line) == [1]


def test_the_check_lets_labels_be_written():
    assert choices_by_words("said = f\"{row['method']} {row['note']}\"\nrows.groupby(\"method\")") == []
