"""Too little memory: a sentence at the entry, and no traceback."""

import resource
import subprocess
import sys
from functools import partial

import pytest

from resurvey import cli, workflow


def limited(number: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (number, number))


@pytest.mark.parametrize(("number", "stops"), [(700_000 * 1024, True), (2**33, False)])
def test_a_run_with_too_little_address_space_says_so_before_it_begins(tmp_path, number, stops):
    run = subprocess.run(
        [sys.executable, "-c", "from resurvey.workflow import check_before_loading as c; c()"],
        cwd=tmp_path,
        preexec_fn=partial(limited, number),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("0.67 GB of memory" in run.stderr and "ulimit -v" in run.stderr) == stops
    assert (run.returncode == 1) == stops
    assert "Traceback" not in run.stderr


def test_without_limits_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(workflow, "resource", None)  # as on Windows
    workflow.check_before_loading(tmp_path / "config.yaml")


def test_a_command_out_of_memory_says_so(monkeypatch, capsys):
    def full(_arguments):
        raise MemoryError

    monkeypatch.setattr("resurvey.commands.made.run", full)
    assert cli.main(["made"]) == 2
    assert capsys.readouterr().err == "resurvey made: out of memory: free some, or raise the limit (ulimit -v)\n"
