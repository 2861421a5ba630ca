"""`resurvey made`: what there is is told, and nothing that is not."""

import pytest

from resurvey.cli import main
from resurvey.commands.made import made
from resurvey.errors import InputError
from resurvey.workflow import closing


def test_a_folder_without_results_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["made"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "results has no results of a run (there is no such folder)" in captured.err
    (tmp_path / "results").mkdir()
    with pytest.raises(InputError, match=r"results has no results of a run: go to the folder of the project"):
        made(tmp_path / "results")


def test_only_the_stages_that_ran_are_told(tmp_path):
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit/checks.csv").write_text("check_id,verdict\na,reproduced\nb,conflict\nc,reproduced\n")
    assert made(tmp_path) == "audit           3 checks: 2 reproduced, 1 conflict"
    (tmp_path / "report").mkdir()
    (tmp_path / "report/index.html").touch()
    (tmp_path / "report/resurvey.pdf").touch()
    last = made(tmp_path).splitlines()[-1]
    assert last.endswith("index.html  (open it in a browser; beside it .pdf)")


def test_a_run_of_one_step_ends_in_peace(tmp_path):
    assert closing(tmp_path) == "done"


def test_groups_without_what_was_given_for_them_are_told(tmp_path):
    (tmp_path / "reconstruction").mkdir()
    table = tmp_path / "reconstruction/accuracy.csv"
    table.write_text("status,not_used\nrebuilt,\nrebuilt,the digitised curve was not used\n")
    assert "2 groups rebuilt, 0 refused with a reason, 1 without something that was given" in made(tmp_path)
    table.write_text("status\nrebuilt\n")
    assert made(tmp_path) == "reconstruction  1 groups rebuilt, 0 refused with a reason"
