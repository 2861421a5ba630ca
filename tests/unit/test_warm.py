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
    made = Helper(["loaded", "no_such_module_anywhere"])
    yield made
    made.close()


@pytest.fixture(autouse=True)
def loaded(tmp_path, monkeypatch):
    """A module that knows in which process it was loaded."""
    (tmp_path / "loaded.py").write_text(
        "import os\nhere = os.getpid()\ndef call():\n    os.environ['called'] = 'yes'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)


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
import loaded, os, sys
kept = [loaded.here == os.getppid(), 'left' in sys.modules]
told = repr((__name__, sys.argv, sys.path[0], os.environ.get('PLACE'), 'spoilt' in os.environ, kept, os.getppid()))
sys.modules['left'] = sys
os.environ['spoilt'] = 'yes'
"""
    parents = set()
    for place in ("here", "there"):
        path, told = script(place, code)
        assert helper.run(path, {"PLACE": place}) == 0
        name, argv, first, where, spoilt, kept, parent = eval(told.read_text())
        assert (name, argv, first, where, spoilt) == ("__main__", [path], str(Path(path).parent), place, False)
        assert kept == [True, False]
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
        ("raise SystemExit(False)", 0),
        ("raise SystemExit(True)", 1),
        ("raise SystemExit(-1)", 255),
        ("raise SystemExit(256)", 0),
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
    assert said.count('File "') == 1, "a traceback begins in the script"


def test_a_copy_sees_what_a_script_would(script, tmp_path, monkeypatch):
    (tmp_path / "settles.py").write_text("import tempfile\ntempfile.gettempdir()\n")
    helper = Helper(["settles"])
    assert helper.run(script("start", "import settles")[0], {}) == 0, "in another folder"
    code = """
import os, sys, tempfile
values = [os.environ.get('OMP_NUM_THREADS'), os.environ.get('NUMEXPR_NUM_THREADS'), sys.flags.safe_path]
told = repr((os.getcwd(), tempfile.gettempdir(), values))
"""
    path, told = script("place", code)
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    assert helper.run(path, {"TMPDIR": str(tmp_path)}) == 0
    assert eval(told.read_text()) == (str(place), str(tmp_path), ["1", "1", True])
    helper.close()


def test_legacy_random_numbers_differ_between_copies(script):
    helper = Helper(["numpy"])
    drawn = []
    for name in ("one", "two"):
        path, told = script(name, "import numpy.random\ntold = str(numpy.random.random())")
        assert helper.run(path, {}) == 0
        drawn.append(told.read_text())
    helper.close()
    assert drawn[0] != drawn[1]


def test_what_is_loaded_before_the_fork(script, tmp_path):
    (tmp_path / "package").mkdir()
    for name in ("__init__", "part", "other", "deep"):
        (tmp_path / "package" / f"{name}.py").write_text("import os\nhere = os.getpid()\n")
    (tmp_path / "alien.py").write_text("import os\nhere = os.getpid()\n")
    helper = Helper(["package"], {"package.part": "loaded:call"})
    code = """
from package import part
import package.other, alien
import os
def late():
    from package import deep
    return deep
ours = os.getpid()
told = repr([module.here == ours for module in (part, package, package.other, alien, late())])
told = repr((eval(told), os.environ.get('called')))
"""
    path, told = script("imports", code)
    assert helper.run(path, {}) == 0
    helper.close()
    # Of the package, what stands at the top; the other package, and what is imported late, in the copy.
    assert eval(told.read_text()) == ([False, False, False, True, True], "yes")


def test_the_dead_are_let_go(helper, script):
    path, told = script("first", "import os\ntold = f'{os.getppid()} {os.getpid()}'")
    assert helper.run(path, {}) == 0
    parent, own = told.read_text().split()
    after, end = script("next", "")[0], time.monotonic() + 30
    while time.monotonic() < end:
        helper.run(after, {})
        left = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if own not in left:
            break
    assert own not in left


def test_copies_of_a_process_that_drew_share_no_open_file_with_it(script):
    # Copies that read fonts from one place in one file would spoil each other's letters.
    helper = Helper(["resurvey"], {"resurvey.figures.save": "resurvey.figures.first:draw_first"})
    scripts = sorted(Path(__file__).parents[2].glob("workflow/scripts/*.py"))
    lines = [line for path in scripts for line in path.read_text().splitlines() if line.startswith("from resurvey")]
    assert "from resurvey.figures.save import save" in lines
    code = "\n".join(dict.fromkeys(lines))
    code += """
import os, sys
links = [Path('/proc/self/fd', name) for name in os.listdir('/proc/self/fd') if int(name) > 2]
files = [os.readlink(link) for link in links if link.is_symlink()]
files = [file for file in files if file.startswith('/') and not file.startswith(('/dev', '/proc'))]
told = repr((files, bool(sys.modules['resurvey.figures.twin'].LETTERS._words)))
"""
    path, told = script("fonts", code)
    assert helper.run(path, {}) == 0
    helper.close()
    assert eval(told.read_text()) == ([], True)


def test_a_helper_that_dies_before_it_begins_starts_nothing(script, tmp_path):
    (tmp_path / "dies.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    path, told = script("never", "import dies\ntold = 'ran'")
    helper = Helper(["dies"])
    assert [helper.run(path, {}), helper.run(path, {})] == [None, None]
    helper.close()
    assert not told.exists()


def test_a_module_that_leaves_does_not_take_the_helper_with_it(script, tmp_path, monkeypatch, capfd):
    (tmp_path / "leaves.py").write_text("print('here')\nraise SystemExit(3)\n")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    helper = Helper(["leaves"])
    for name in ("one", "two"):
        assert helper.run(script(name, "import leaves")[0], {}) == 3
    helper.close()
    assert capfd.readouterr().out == "here\n" * 3, "the helper tries once, each script once"


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
    program = "import subprocess\ntold = str(subprocess.Popen(['sleep', '60'], close_fds=False).pid)"
    copy = "import os, time\npid = os.fork()\nif not pid:\n    time.sleep(60)\n    os._exit(0)\ntold = str(pid)"
    begun = time.monotonic()
    for name, code in (("program", program), ("copy", copy)):
        path, told = script(name, code)
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


def test_an_interrupt_that_is_ignored_here_is_ignored_by_the_scripts(script, tmp_path):
    path, _ = script("asked", "import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    code = f"""
import signal, sys
from resurvey.warm import Helper
signal.signal(signal.SIGINT, signal.SIG_IGN)
helper = Helper([])
code = helper.run({path!r}, {{}})
helper.close()
sys.exit(code)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_script_goes_on_to_its_end_when_nobody_waits_any_more(script, capfd):
    path, told = script("slow", "import time; time.sleep(0.5); told = 'done'")
    code = f"""
import os, signal, threading
from resurvey.warm import Helper
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
Helper([]).run({path!r}, {{}})
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    end = time.monotonic() + 30
    while not told.exists() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.2)
    assert told.read_text() == "done"
    assert capfd.readouterr().err == ""


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
    helper = start_scripts_warm(module, ["loaded"], {"loaded": "loaded:call"})
    code = "import os\nimport loaded\ntold = os.environ.get('TMPDIR', '') + os.environ.get('called', 'no')"
    path, told = script("plain", code)
    module.PythonScript(resources={"tmpdir": str(tmp_path)}).execute_script(path)
    assert told.read_text() == f"{tmp_path}yes"
    assert cold == []
    special = [{"threads": 2}, *({name: "x"} for name in ("conda_env", "container_img", "env_modules", "shadow_dir"))]
    special += [{"bench_record": object()}]
    for asked in special:
        module.PythonScript(**asked).execute_script(path)
    assert cold == [path] * len(special)
    assert start_scripts_warm(module, []) is None, "they start warm already"
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
warm.start_scripts_warm(scripts, ["resurvey"])
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
