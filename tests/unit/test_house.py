"""The house: no step decides by words that are written for a person."""

import ast
from functools import cache
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
    ("reconstruct/printed_between.py", "measure"),
}
ROOMS = ["report", "figures", "compare", "reconstruct", "design", "commands"]


@cache
def parsed(path):
    """The syntax tree of a file, read once."""
    return ast.parse(path.read_text(encoding="utf-8"))


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


def decisions(tree):
    """Places where code compares such a column with text, or asks what it says: line and column."""
    for node in ast.walk(tree):
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
        for line, name in decisions(parsed(path))
        if (path.relative_to(ROOT).as_posix(), name) not in TYPED
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ["line['method'] == 'Cox'", "rows['method'].str.startswith('net')", "'x' in line.get('note', '')",
     "PATTERN.match(str(row['fact']))", "row['measure'] in ('HR', 'OR')"],
)  # fmt: skip
def test_a_decision_by_words_would_be_seen(source):
    assert list(decisions(ast.parse(source)))


def test_words_that_are_only_written_are_no_decision():
    assert (
        list(decisions(ast.parse("words(line['method']); line['note'] if line['note'] else ''; row['note'] != ''")))
        == []
    )


def test_no_two_modules_have_one_name():
    """A module is named by what it holds; those of different rooms may not be confused in a sentence or a traceback.

    Rooms count as modules; the module of a command is called as the command, and so as the room that does its work.
    """
    seen = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.parent.name if path.stem == "__init__" else path.stem
        if path.stem != "__main__" and path.parent.name != "commands":
            seen.setdefault(name, []).append(path.relative_to(ROOT).as_posix())
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
    graph = {name: set(imported(parsed(path), names)) - {name} for name, path in names.items()}
    assert [sorted(circle) for circle in circles(graph)] == []


def test_a_circle_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {frozenset("abc")}


# Functions that raise and do not say so, room by room: this list only ever becomes shorter.
WITHOUT_RAISES = {}


def own_nodes(function):
    """What a function does itself, and not the functions and classes inside it."""
    stack = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def raised(function):
    """Names of the exceptions that it raises itself; one that it was handed, or raises again, is another's."""
    for node in own_nodes(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = getattr(made, "attr", getattr(made, "id", ""))
            if name[:1].isupper():
                yield name


def public_functions(tree, before=""):
    """Functions and methods without an underscore, with the names of their classes before them."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node, f"{before}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{before}{node.name}", node


def lacks_raises(function):
    """Whether its docstring does not name every exception that it raises, in a section of numpydoc's form."""
    names = set(raised(function))
    _, found, section = (ast.get_docstring(function) or "").partition("Raises\n------\n")
    return bool(names) and not (found and all(name in section for name in names))


def test_a_function_that_raises_says_so():
    lacking = {
        f"{path.relative_to(ROOT).as_posix()} {name}"
        for path in sorted(ROOT.rglob("*.py"))
        for name, function in public_functions(parsed(path))
        if lacks_raises(function)
    }
    assert sorted(lacking) == [], "give these a section Raises"


def section(name):
    return f'"""Refuse.\n\n    Raises\n    ------\n    {name}\n        Always.\n    """\n    raise InputError("no")'


@pytest.mark.parametrize(
    ("body", "lacks"),
    [
        ('"""Refuse."""\n    raise InputError("no")', True),
        (section("InputError"), False),
        (section("NotEstimable"), True),
        ('"""Pass it on."""\n    try:\n        pass\n    except ValueError:\n        raise', False),
        ('"""Another does."""\n    def inner():\n        raise InputError("no")', False),
    ],
)
def test_a_missing_section_would_be_seen(body, lacks):
    [function] = ast.parse(f"def refuse():\n    {body}\n").body
    assert lacks_raises(function) is lacks


# Libraries that may be imported inside functions, as not all who import the module need them. In brackets what one
# costs at the start, in processor time beside numpy and pandas (which themselves take 0.4 s).
IN_FUNCTIONS = {
    "IPython": "only in notebooks (0.05 s)",
    "PIL": "only where pictures are read or written; optional for digitising (0.01 s)",
    "concurrent": "only where several processes are asked for",
    "docx": "only the report (0.04 s)",
    "itables": "only the report (0.02 s)",
    "jsonschema": "every start of a run, but only where the config changed (up to 1.3 s)",
    "jupyter_client": "only the run of notebooks (0.1 s)",
    "lifelines": "only where patients have covariates (0.8 s)",
    "matplotlib": "what draws is imported with what says what there is to draw (0.35 s)",
    "multiprocessing": "only where several processes are asked for",
    "nbclient": "only the run of notebooks (1.4 s)",
    "nbconvert": "only the run of notebooks (1.6 s)",
    "nbformat": "only the run of notebooks (1.3 s)",
    "numpy": "only in commands, so that `resurvey --help` is quick",
    "openpyxl": "only workbooks, and optional (0.1 s)",
    "pandas": "only in commands, so that `resurvey --help` is quick",
    "pypdfium2": "only PDF, and optional",
    "rdata": "only R's files (0.13 s)",
    "rocrate": "only the report (0.11 s)",
    "scipy": "special 0.12 s, optimize 0.3 s, stats 0.7 s: most audits, designs and figures need none",
    "statsmodels": "only logistic models of counts (1.1 s)",
    "typst": "only where something is set",
    "xlsxwriter": "only the report (0.02 s)",
    "yaml": "every start of a run, but only where a file changed",
}
# Modules of the package that may import others of it inside functions, with the reason.
OWN_IN_FUNCTIONS = {
    "audit/handlers.py": "a command takes what it needs when it is called",
    "audit/designs.py": "designs are checked in few audits",
    "commands": "a command takes what it needs when it is called, so that `resurvey --help` is quick",
    "many.py": "only where there are figures, and then in each of several processes",
    "gate.py": "every start of a run asks, and where nothing changed needs no pandas (0.4 s)",
    "read/__init__.py": "an install without the readers is told what to add",
    "read/contradictions.py": "reading needs no audit, `read --audit` does",
    "read/one_paper.py": "reading needs no pandas, writing tables does",
    "report/stand_ins.py": "only where a figure is missing",
    "sheet.py": "only workbooks",
}


def imports_in_functions(tree):
    """Names of what is imported inside functions."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                if isinstance(node, ast.ImportFrom):
                    yield node.module


def test_an_import_inside_a_function_has_a_reason():
    others, own = {}, {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        for name in imports_in_functions(parsed(path)):
            library = name.partition(".")[0]
            if library != ROOT.name:
                others.setdefault(library, place)
            else:
                own.setdefault("commands" if place.startswith("commands/") else place, name)
    assert {name: place for name, place in others.items() if name not in IN_FUNCTIONS} == {}
    assert {place: name for place, name in own.items() if place not in OWN_IN_FUNCTIONS} == {}
    assert sorted({*IN_FUNCTIONS, *OWN_IN_FUNCTIONS} - {*others, *own}) == [], (
        "no longer used: take them from the lists"
    )


def defined(tree):
    """Names that a module has at its top, whichever way they came there."""
    for node in tree.body:
        for part in ast.walk(node):
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield part.name
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
            if isinstance(part, ast.Import | ast.ImportFrom):
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in part.names)


def test_what_is_imported_exists():
    """Steps of the workflow and commands import when they run: a name that moved would be missed only then."""
    names = modules()
    has = {name: {*defined(parsed(path))} for name, path in names.items()}
    scripts = sorted((ROOT.parents[1] / "workflow/scripts").glob("*.py"))
    missing = [
        f"{path.name}: from {node.module} import {alias.name}"
        for path in [*names.values(), *scripts]
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module in names
        for alias in node.names
        if alias.name not in has[node.module] and f"{node.module}.{alias.name}" not in names
    ]
    assert missing == []
