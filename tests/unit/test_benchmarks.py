"""The one command for all benchmarks: nothing is forgotten, a failure stops nothing and is named."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def runner(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmarks_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "benchmarks_run", module)
    spec.loader.exec_module(module)
    return module


def test_every_script_is_run_or_used_by_one_that_is(runner):
    run = {benchmark.script for benchmark in runner.BENCHMARKS}
    assert all((FOLDER / script).is_file() for script in run)
    used = set()
    for script in run:
        modules = re.findall(r"^(?:from|import) (\w+)", (FOLDER / script).read_text(encoding="utf-8"), re.MULTILINE)
        used |= {str(Path(script).with_name(f"{name}.py")) for name in modules}
    scripts = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.py")}
    assert scripts - run - used == set()


def test_a_failure_stops_nothing_and_is_named(runner, tmp_path, monkeypatch, capsys):
    scripts = {"good": "print('a figure')", "bad": "raise SystemExit(3)", "last": "import sys; print(sys.argv[1:])"}
    for name, text in scripts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    made = [runner.Benchmark("good", "good.py"), runner.Benchmark("bad", "bad.py")]
    made += [runner.Benchmark("away", "good.py", "{kmdata}", "{kmdata}"), runner.Benchmark("last", "last.py", "9", "1")]
    monkeypatch.setattr(runner, "HERE", tmp_path)
    monkeypatch.setattr(runner, "BENCHMARKS", made)
    monkeypatch.setattr(sys, "argv", ["run.py", "--quick", "--out", str(tmp_path / "out")])
    assert runner.main() == 1
    said = capsys.readouterr()
    assert "failed: bad" in said.err
    assert re.search(r"away +left out", said.out)
    assert (tmp_path / "out/good.txt").read_text(encoding="utf-8") == "a figure\n"
    assert (tmp_path / "out/last.txt").read_text(encoding="utf-8") == "['1']\n"


def test_the_table_links_every_folder():
    linked = re.findall(r"\]\(([\w./]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert all((FOLDER / page).is_file() for page in linked)
    assert {page.split("/")[0] for page in linked} == {
        path.name for path in FOLDER.glob("*/") if any(path.glob("*.py"))
    }
