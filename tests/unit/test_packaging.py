"""The pins agree everywhere and are what is imported, and nothing in the repository names a machine or a registry."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from resurvey import __version__
from resurvey.cli import main
from resurvey.commands.environment import environment, pins, read_locks
from resurvey.report.provenance_section import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {path.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("requirements*.lock"))}
LOCK = LOCKS["requirements.lock"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def pinned(*names: str) -> dict[str, set[tuple[str, str]]]:
    """Versions and markers of each package in some locks."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name in names or LOCKS:
        for package, version, marker in pins(LOCKS[name]):
            found.setdefault(canonical(package), set()).add((version, marker))
    return found


def test_environment_yml_carries_the_pins_of_the_locks():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment(read_locks(ROOT))


def test_no_environment_without_the_locks(tmp_path, capsys):
    assert main(["environment", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "no requirements.lock" in said
    assert str(tmp_path) in said
    assert "checkout" in said


GROUPS = {"read": "tools", "digitise": "tools", "lab": "lab", "dev": "dev"}


@pytest.mark.parametrize("group", [None, *GROUPS])
def test_every_dependency_is_pinned_in_the_lock_of_its_group(group):
    declared = PROJECT["optional-dependencies"][group] if group else PROJECT["dependencies"]
    locks = ["requirements.lock", f"requirements-{GROUPS[group]}.lock"] if group else ["requirements.lock"]
    assert {canonical(name) for name in declared if not name.startswith("resurvey")} <= set(pinned(*locks))


def test_every_pin_has_its_hashes():
    for name, lock in LOCKS.items():
        blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", lock) if block.strip()]
        assert len(blocks) == len(pins(lock)), f"{name}: something that is no pin"
        assert all("--hash=sha256:" in block for block in blocks), name


def test_no_two_locks_pin_a_package_apart():
    for name in LOCKS:
        for package, versions in pinned(name).items():
            assert {version for version, _ in versions} <= {version for version, _ in pinned()[package]}
    apart = {name: found for name, found in pinned().items() if len({v for v, _ in found}) > 1}
    # a package has two versions only where one is for other Pythons than the other
    assert all(all("python" in marker for _, marker in found) for found in apart.values()), apart


def test_the_chain_is_installed_without_the_tools_of_developers_and_notebooks():
    unwanted = {"pytest", "selenium", "mkdocs", "mypy", "jupyter", "jupyterlab", "notebook", "networkx", "ruff"}
    assert not unwanted & set(pinned("requirements.lock"))
    assert "networkx" not in pinned()


def test_the_slurm_plugin_is_optional():
    assert "snakemake-executor-plugin-slurm" not in pinned()
    assert PROJECT["optional-dependencies"]["slurm"]


def test_no_lock_names_an_address():
    for lock in LOCKS.values():
        assert not re.search(r"https?://|file:|--index|--extra-index|--find-links", lock)


# How a package is called where its name differs from what is imported.
CALLED = {
    "pil": "pillow",
    "docx": "python-docx",
    "yaml": "pyyaml",
    "cv2": "opencv-python-headless",
    "snakemake-interface-logger-plugins": "snakemake",
    "pydantic-core": "pydantic",
    "markdown-it": "markdown-it-py",
}


@cache
def imported(*folders: str) -> set[str]:
    """Packages of others that the Python files of some folders import anywhere."""
    own = {"resurvey", "tests", *sys.stdlib_module_names}
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    names = {name.split(".")[0] for name in found} - own
    return {CALLED.get(canonical(name), canonical(name)) for name in names}


def declared(*groups: str) -> set[str]:
    names = [*PROJECT["dependencies"], *(name for group in groups for name in PROJECT["optional-dependencies"][group])]
    return {canonical(name) for name in names}


def test_what_the_package_imports_is_declared():
    assert imported("src", "workflow") <= declared("read", "digitise")


# Used by way of another package: the kernel of notebooks, pandas' reader of sheets, rapidocr's engine.
BEHIND = {"ipykernel", "openpyxl", "lxml", "onnxruntime"}
# Optional, and imported by name, so that a message says what to install where one is missing.
BY_NAME = {"pdfplumber", "pypdfium2", "opencv-python-headless", "rapidocr", "svgelements"}


def test_what_is_declared_is_imported():
    assert declared("read", "digitise") <= imported("src", "workflow") | BEHIND | BY_NAME


def test_the_report_lists_packages_that_are_imported():
    assert {canonical(name) for name in PACKAGES} - {"resurvey"} <= imported("src", "workflow")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"resurvey {__version__}\n"


def test_one_version_everywhere():
    assert PROJECT["version"] == __version__


@pytest.mark.parametrize("command", ["", "audit hr", "check", "reconstruct", "design", "init", "made", "environment"])
def test_help_does_not_wait_for_the_heavy_libraries(command):
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "lifelines")
    code = f"""
import sys
from resurvey import cli
try:
    cli.main({[*command.split(), "--help"]})
except SystemExit as stop:
    assert stop.code == 0
sys.stderr.write(str([name for name in {heavy} if name in sys.modules]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stderr == "[]"


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: no list of tracked files")
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_the_path_of_a_machine():
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.name}: {hit}" for hit in re.findall(r"(?<![\w.])/(?:work|home|root|tmp)/\w+", text)]
    assert not found


def test_no_result_is_committed():
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert not [name for name in names if name.startswith(("results/", "data/processed/"))]
    assert not [name for name in names if name.endswith(".rda")]
