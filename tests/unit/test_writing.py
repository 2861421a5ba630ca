"""A file is written whole or not at all, also where the disk is full, and no writer meets another."""

import subprocess
import sys
from pathlib import Path

import pytest

from resurvey.errors import NotWritten
from resurvey.writing import beside, folder_beside, remove_parts, write_text


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "new/a.txt"
    write_text("first\n", path)
    write_text("second\n", path)
    assert path.read_bytes() == b"second\n"
    assert names(path.parent) == ["a.txt"]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    write_text("first", path)
    with pytest.raises(KeyError), beside(path) as part:
        part.write_text("half")
        raise KeyError
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_two_writers_of_one_file_have_a_neighbour_each(tmp_path):
    with beside(tmp_path / "a") as one, beside(tmp_path / "a") as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert (tmp_path / "a").read_text() == "one"


def test_a_full_disk_is_a_message_and_leaves_what_was_there(tmp_path):
    # a limit of the size of files stands for a full disk: it needs no disk to fill
    script = """
import resource, signal, sys
from pathlib import Path
from resurvey.errors import NotWritten
from resurvey.writing import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text("x" * 100_000, Path(sys.argv[1]))
except NotWritten as error:
    print(error)
"""
    path = tmp_path / "a.csv"
    write_text("first", path)
    told = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True).stdout
    assert "a.csv could not be written" in told
    assert "the earlier file is unchanged" in told
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.csv"]


def test_a_place_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritten, match=r"file/a\.csv could not be written"):
        write_text("x", tmp_path / "file/a.csv")


def test_a_folder_takes_the_place_of_another_or_of_none(tmp_path):
    target = tmp_path / "made"
    with folder_beside(target) as part:
        (part / "a").write_text("1")
    with folder_beside(target) as part:
        (part / "b").write_text("2")
    assert names(target) == ["b"]
    with pytest.raises(ZeroDivisionError), folder_beside(target) as part:
        (part / "c").write_text("3")
        raise ZeroDivisionError
    assert names(target) == ["b"]
    assert names(tmp_path) == ["made"]


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    for name in (".a.part", "below/.b.part", "below/.c.part/d", "below/e.part", ".f"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    remove_parts(tmp_path)
    assert sorted(path.name for path in Path(tmp_path).rglob("*")) == [".f", "below", "e.part"]
    remove_parts(tmp_path / "not there")
