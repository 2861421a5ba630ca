"""Scripts as copies of one process that has the libraries loaded: as good as started cold, and never worse."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from resurvey.warm import KILLED, Helper, start_scripts_warm

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="copies are made on Linux alone")


@pytest.fixture
def helper():
    made = Helper(["colorsys"], ["no_such_module_anywhere", "this"])
    yield made
    made.close()


@pytest.fixture
def script(tmp_path):
    """A file of Python that writes `told` into a file of its own name; gives both paths."""

    def write(name: str, code: str) -> tuple[str, Path]:
        path, told = tmp_path / f"{name}.py", tmp_path / f"{name}.txt"
        path.write_text(f"from pathlib import Path\ntold = ''\n{code}\nPath({str(told)!r}).write_text(told)\n")
        return str(path), told

    return write


def test_a_copy_is_the_script_and_nothing_of_it_stays(helper, script):
    code = """
import os, sys
loaded = [name in sys.modules for name in ('colorsys', 'resurvey', 'left')]
told = repr((__name__, sys.argv, sys.path[0], os.environ.get('PLACE'), 'spoilt' in os.environ, loaded, os.getppid()))
sys.modules['left'] = sys
os.environ['spoilt'] = 'yes'
"""
    parents = set()
    for place in ("here", "there"):
        path, told = script(place, code)
        assert helper.run(path, {"PLACE": place}) == 0
        name, argv, first, where, spoilt, loaded, parent = eval(told.read_text())
        assert (name, argv, first, where, spoilt) == ("__main__", [path], str(Path(path).parent), place, False)
        assert loaded == [True, True, False]
        parents.add(parent)
    assert len(parents) == 1
    assert parents != {os.getpid()}
    assert "PLACE" not in os.environ


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('words')", 1),
        ("1 / 0", 1),
        ("this is not Python", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", KILLED),
    ],
)
def test_the_exit_code_is_that_of_the_script(helper, script, code, expected):
    assert helper.run(script("ends", code)[0], {}) == expected
    good, told = script("next", "told = 'well'")
    assert helper.run(good, {}) == 0
    assert told.read_text() == "well"


def test_an_error_goes_where_the_script_wants_it(helper, script, capfd):
    path, _ = script("hook", "import sys\nsys.excepthook = lambda kind, *_: sys.stderr.write(kind.__name__)\n1 / 0")
    assert helper.run(path, {}) == 1
    assert helper.run(script("plain", "raise SystemExit('last words')")[0], {}) == 1
    assert helper.run(script("trace", "raise KeyError('lost')")[0], {}) == 1
    said = capfd.readouterr().err
    assert "ZeroDivisionErrorlast words\nTraceback" in said
    assert "KeyError: 'lost'" in said


def test_copies_run_side_by_side(helper, script, tmp_path):
    wait = """
import time
Path({mine!r}).touch()
end = time.monotonic() + 30
while not Path({other!r}).exists() and time.monotonic() < end:
    time.sleep(0.01)
told = str(Path({other!r}).exists())
"""
    marks = [str(tmp_path / "one"), str(tmp_path / "two")]
    scripts = [script(f"side{i}", wait.format(mine=marks[i], other=marks[1 - i])) for i in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda one: helper.run(one[0], {}), scripts)) == [0, 0]
    assert [told.read_text() for _, told in scripts] == ["True", "True"]


def test_a_program_that_outlives_its_script_holds_nobody_up(helper, script):
    path, told = script("child", "import subprocess\ntold = str(subprocess.Popen(['sleep', '60']).pid)")
    begun = time.monotonic()
    assert helper.run(path, {}) == 0
    os.kill(int(told.read_text()), signal.SIGKILL)
    assert time.monotonic() - begun < 50


def test_an_interrupt_is_for_the_scripts(helper, script):
    path, told = script("parent", "import os\ntold = str(os.getppid())")
    helper.run(path, {})
    os.kill(int(told.read_text()), signal.SIGINT)
    assert helper.run(path, {}) == 0
    interrupted, _ = script("interrupted", "import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    assert helper.run(interrupted, {}) == 1


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("ending", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_helper_ends_with_who_started_it(script, ending):
    path, told = script("parent", "import os\ntold = str(os.getppid())")
    code = f"import os, signal\nfrom resurvey.warm import Helper\nHelper([]).run({path!r}, {{}})\n{ending}"
    subprocess.run([sys.executable, "-c", code], check=False)
    left = int(told.read_text())
    end = time.monotonic() + 30
    while is_running(left) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(left)


def test_without_a_helper_nothing_is_run(monkeypatch, script):
    path, told = script("never", "told = 'ran'")

    def refuse(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert Helper([]).run(path, {}) is None
    assert not told.exists()


def scripts_module(cold: list) -> SimpleNamespace:
    class PythonScript:
        def __init__(self, **asked):
            plain = {"threads": 1, "resources": {}, "conda_env": None, "container_img": None, "env_modules": None}
            vars(self).update(plain | {"shadow_dir": None, "bench_record": None} | asked)

        def execute_script(self, fname, edit=False):
            cold.append(fname)

    return SimpleNamespace(PythonScript=PythonScript)


def test_plain_scripts_start_warm_and_all_others_cold(script, tmp_path):
    cold = []
    module = scripts_module(cold)
    helper = start_scripts_warm(module, ["colorsys"])
    code = "import os, sys\ntold = os.environ.get('TMPDIR', '') + str('colorsys' in sys.modules)"
    path, told = script("plain", code)
    module.PythonScript(resources={"tmpdir": str(tmp_path)}).execute_script(path)
    assert told.read_text() == f"{tmp_path}True"
    assert cold == []
    special = [{"threads": 2}, {"conda_env": "x"}, {"container_img": "x"}, {"bench_record": object()}]
    for asked in special:
        module.PythonScript(**asked).execute_script(path)
    assert cold == [path] * len(special)
    helper.close()


def test_a_failed_script_is_told_as_snakemake_does(script):
    module = scripts_module([])
    helper = start_scripts_warm(module, [])
    with pytest.raises(subprocess.CalledProcessError) as failed:
        module.PythonScript().execute_script(script("fails", "raise SystemExit(7)")[0])
    assert failed.value.returncode == 7
    helper.close()


def test_a_release_without_these_names_is_left_as_it_is():
    assert start_scripts_warm(SimpleNamespace(), []) is None
    other = SimpleNamespace(PythonScript=SimpleNamespace(run="its own"))
    assert start_scripts_warm(other, []) is None
    assert vars(other.PythonScript) == {"run": "its own"}


SNAKEFILE = """
from snakemake import script as scripts
from resurvey import warm
warm.start_scripts_warm(scripts, ["snakemake.iocontainers"])
rule all:
    output: "told.txt"
    script: "tell.py"
"""
TELL = """
from pathlib import Path
import os
Path(snakemake.output[0]).write_text(Path(f"/proc/{os.getppid()}/cmdline").read_text().replace(chr(0), " "))
"""


def test_snakemake_starts_its_scripts_so(tmp_path):
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "tell.py").write_text(TELL)
    command = [sys.executable, "-m", "snakemake", "-c1", "--directory", str(tmp_path)]
    run = subprocess.run([*command, "-s", str(tmp_path / "Snakefile")], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "-m resurvey.warm" in (tmp_path / "told.txt").read_text()
