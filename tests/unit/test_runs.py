"""Who is at work in a project: only what a dead run left is released, and nobody writes under the eyes of another."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace

import pytest

from resurvey import runs
from resurvey.errors import InputError, NotWritten
from resurvey.runs import Owner, enter

#: Takes part, says so, and waits to be killed; with `step` as a step of a run.
OTHER = """
import signal, sys, time
from pathlib import Path
from resurvey import runs
for one in (signal.SIGHUP, signal.SIGQUIT):  # a parent in the background may have them ignored
    signal.signal(one, signal.SIG_DFL)
if sys.argv[2] == "step":
    runs.at_step(Path(sys.argv[1]))
else:
    runs.enter(Path(sys.argv[1]), lambda: None, print).share()
print("ready", flush=True)
time.sleep(60)
"""


def other(folder, kind="run"):
    """Another process at work in the folder."""
    process = subprocess.Popen([sys.executable, "-c", OTHER, str(folder), kind], stdout=subprocess.PIPE, text=True)
    while process.stdout.readline().strip() != "ready":
        assert process.poll() is None
    return process


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture
def take_part():
    """What a run of this process finds: itself, how often it released a lock, what was said."""
    taken = []

    def take(folder):
        released, told = [], []
        run = enter(folder, lambda: released.append(True), told.append)
        taken.append(run)
        return run, len(released), " ".join(told)

    yield take
    for run in taken:
        run.leave()


def test_a_first_run_is_alone_and_releases_nothing(tmp_path, take_part):
    run, released, told = take_part(tmp_path / "marks")
    assert (run.alone, released, told) == (True, 0, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT])
def test_what_a_killed_run_left_is_released_once(tmp_path, take_part, number):
    end(other(tmp_path), number)
    run, released, told = take_part(tmp_path)
    assert (run.alone, released) == (True, 1)
    assert "was killed" in told
    run.leave()
    assert take_part(tmp_path)[1] == 0


def test_of_a_living_run_nothing_is_released(tmp_path, take_part):
    living = other(tmp_path)
    run, released, told = take_part(tmp_path)
    assert (run.alone, released) == (False, 0)
    assert f"process {living.pid} " in told
    end(living)


def test_beside_a_living_run_nothing_that_it_reads_is_written(tmp_path, take_part, monkeypatch):
    monkeypatch.setattr(runs, "PATIENCE", 0.3)
    living = other(tmp_path)
    run, *_ = take_part(tmp_path)
    with pytest.raises(InputError, match=f"process {living.pid} .* wait until it has ended"):
        run.claim()
    end(living)
    run.claim()
    assert run.alone


def test_a_run_waits_for_the_steps_of_a_killed_one(tmp_path, take_part):
    end(other(tmp_path))
    step = other(tmp_path, "step")
    killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {step.pid}"])
    began = time.monotonic()
    _, released, told = take_part(tmp_path)
    assert time.monotonic() - began > 0.5
    assert released == 1
    assert "waiting for them to finish" in told
    killer.wait()
    end(step)


def test_of_a_run_on_another_machine_nothing_is_known(tmp_path, take_part):
    elsewhere = replace(Owner.here(), host="elsewhere", boot="another")
    (tmp_path / "run-1.json").write_text(json.dumps(asdict(elsewhere)))
    run, released, told = take_part(tmp_path)
    assert released == 0
    assert "elsewhere" in told
    assert "--unlock" in told
    assert run.strange == (elsewhere,)


def test_one_machine_has_one_name_or_one_kernel():
    here = Owner("a", "1", 1, "now")
    assert here.same_machine(replace(here, boot="2"))  # it was started anew
    assert here.same_machine(replace(here, host="container"))
    assert not here.same_machine(Owner("b", "", 1, "now"))
    assert not replace(here, boot="").same_machine(Owner("b", "", 1, "now"))


def test_a_record_written_half_is_that_of_a_killed_run(tmp_path, take_part):
    (tmp_path / "run-1.json").write_text('{"host": "x')
    assert take_part(tmp_path)[1] == 1


def test_a_file_in_place_of_the_marks_is_thrown_away(tmp_path, take_part):
    (tmp_path / "marks").write_text("not ours")
    assert take_part(tmp_path / "marks")[0].alone


def test_a_folder_that_cannot_be_written_is_named(tmp_path, take_part):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match="marks could not be written"):
        take_part(tmp_path / "file/marks")
