"""The pins agree everywhere, and nothing in the repository names a machine or a registry."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from resurvey import __version__
from resurvey.commands.environment import environment, pins

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", name)[0]).lower()


def test_environment_yml_carries_the_pins_of_the_lock():
    assert (ROOT / "environment.yml").read_text(encoding="utf-8") == environment(LOCK)


def test_every_dependency_is_pinned_and_hashed():
    pinned = {canonical(name) for name, _, _ in pins(LOCK)}
    declared = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    assert {canonical(name) for name in declared} <= pinned
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK)
    assert all("--hash=sha256:" in block for block in blocks if block.strip())


def test_the_slurm_plugin_is_optional():
    assert "snakemake-executor-plugin-slurm" not in {canonical(name) for name, _, _ in pins(LOCK)}
    assert PROJECT["optional-dependencies"]["slurm"]


def test_the_lock_names_no_address():
    assert not re.search(r"https?://|file:|--index|--find-links", LOCK)


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
