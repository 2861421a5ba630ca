"""The package stays out of other people's houses: no private name of a library, nothing of one replaced.

Read from the syntax of every file, so that it holds on paths that no other test takes.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "workflow").rglob("*.py"))]
RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
#: File and what it does, with the reason why nothing else will do.
EXCEPTIONS: dict[str, str] = {}
PATCHERS = {"setattr", "delattr"}
#: What Python's manual says is there to be replaced.
HOOKS = {"sys.excepthook", "sys.stderr"}


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def imports(tree: ast.AST) -> dict[str, str]:
    """Where each imported name comes from, by the name it has here."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(one.asname or one.name).split(".")[0]: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {one.asname or one.name: f"{node.module}:{one.name}" for one in node.names}
    return found


def own_privates(tree: ast.AST) -> set[str]:
    """Private names that a file defines: functions, methods, attributes of `self` and fields."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and of_self(node):
            found.add(node.attr)
    return {name for name in found if private(name)}


def of_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def foreign(name: str, known: dict[str, str]) -> bool:
    return name in known and known[name].split(":")[0].split(".")[0] != "resurvey"


def root(node: ast.expr) -> str:
    """The name that an expression of attributes, calls and items begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def read_names(tree: ast.AST) -> Iterator[str]:
    """Private names that are not of this file, however they are reached."""
    own = own_privates(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] != "resurvey":
            yield from (f"imports {one.name} from {node.module}" for one in node.names if private(one.name))
            if any(private(part) for part in (node.module or "").split(".")):
                yield f"imports from {node.module}"
        elif isinstance(node, ast.Attribute) and private(node.attr) and not (of_self(node) and node.attr in own):
            yield f"uses {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and root(node.func) in {"getattr", "hasattr", *PATCHERS}:
            names = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from (f"asks for {name!r} by text" for name in names if private(name))


def patches(tree: ast.AST) -> Iterator[str]:
    """What is written into something imported, and `sys.modules`."""
    known = imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            if foreign(root(node.value), known) and ast.unparse(node) not in HOOKS:
                yield f"writes {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and root(node.func) in PATCHERS and foreign(root(node.args[0]), known):
            yield f"writes {ast.unparse(node)}"
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.modules":
            yield "touches sys.modules"
        if isinstance(node, ast.ImportFrom) and node.module == "sys" and "modules" in [one.name for one in node.names]:
            yield "touches sys.modules"


def overrides(tree: ast.AST) -> Iterator[str]:
    """Private methods of another library's class that a class here takes the place of."""
    known = imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [named(base, known) for base in node.bases if foreign(root(base), known)]
            methods = [one.name for one in node.body if isinstance(one, ast.FunctionDef) and private(one.name)]
            yield from (f"{node.name} replaces {name} of {base.__name__}" for base in bases for name in methods
                        if hasattr(base, name))  # fmt: skip


def named(base: ast.expr, known: dict[str, str]) -> type:
    """The class that a base is, imported as the file imports it."""
    if isinstance(base, ast.Subscript):
        base = base.value
    first, *rest = ast.unparse(base).split(".")
    module, _, name = known[first].partition(":")
    found = importlib.import_module(module)
    for part in [*([name] if name else module.split(".")[1:] if module != first else []), *rest]:
        found = getattr(found, part)
    return found


def trespasses(text: str) -> set[str]:
    tree = ast.parse(text)
    return {*read_names(tree), *patches(tree), *overrides(tree)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_file_reaches_into_another_library(path):
    found = {f"{path.relative_to(ROOT).as_posix()} {one}" for one in trespasses(path.read_text(encoding="utf-8"))}
    assert not found - set(EXCEPTIONS)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_rule_reaches_into_another_library(path):
    code = re.sub(r'"""(.|\n)*?"""|"[^"\n]*"|#[^\n]*', '""', path.read_text(encoding="utf-8"))
    assert not re.findall(r"\w\._[a-z]\w*|import _\w+|\bsys\.modules|\bsetattr\(", code)
    assert not re.findall(r"^from snakemake(?!\.utils import min_version).*", code, re.MULTILINE)


def test_every_exception_is_one_and_has_a_reason():
    for name, reason in EXCEPTIONS.items():
        path, _, what = name.partition(" ")
        assert reason and what in trespasses((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from matplotlib.figure import _x", "imports _x from matplotlib.figure"),
        ("from matplotlib._path import x", "imports from matplotlib._path"),
        ("import argparse\ndef f(a: argparse._SubParsersAction): ...", "uses argparse._SubParsersAction"),
        ("def f(paragraph):\n    return paragraph._p", "uses paragraph._p"),
        ("class A(B):\n    def f(self):\n        return self._theirs", "uses self._theirs"),
        ("def f(a):\n    return getattr(a, '_x', None)", "asks for '_x' by text"),
        ("import sys\nsys.modules['a'] = None", "touches sys.modules"),
        ("from snakemake.script import PythonScript\nPythonScript.run = 1", "writes PythonScript.run"),
        ("import json\nsetattr(json, 'dumps', 1)", "writes setattr(json, 'dumps', 1)"),
        ("import json\njson.decoder.x = 1", "writes json.decoder.x"),
        (
            "from matplotlib.axes import Axes\nclass A(Axes):\n    def _init_axis(self): ...",
            "A replaces _init_axis of Axes",
        ),
    ],
)
def test_what_is_looked_for_is_found(text, found):
    assert found in trespasses(text)


def test_ones_own_private_names_are_ones_own():
    own = "class A:\n    _x: int = 1\n    def _f(self):\n        self._y = 2\n        return self._y, self._f()"
    assert trespasses(own) == set()
