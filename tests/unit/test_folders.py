"""Folders written as a whole: what is lost from them is noticed once, and what is added is not."""

import os

import pytest

from resurvey.folders import CONTENTS, lost, mark_lost, write_contents


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    for name in ("a.svg", "a.png", ".snakemake_timestamp"):
        (made / name).touch()
    write_contents(made)
    return made


def older(folder, seconds):
    """The folder as if written some time ago."""
    for path in (*folder.iterdir(), folder):
        was = path.stat()
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns - int(seconds * 1e9)))


def test_the_contents_are_the_names_in_order(folder):
    assert (folder / CONTENTS).read_text() == "a.png\na.svg\n"
    write_contents(folder)
    assert (folder / CONTENTS).read_text() == "a.png\na.svg\n"


def test_what_is_deleted_is_lost_and_what_is_added_is_not(folder):
    assert lost(folder) == []
    (folder / "b.svg").touch()
    assert lost(folder) == []
    (folder / "a.png").unlink()
    assert lost(folder) == ["a.png"]
    (folder / CONTENTS).unlink()
    assert lost(folder) == [CONTENTS]
    assert lost(folder / "not there") == []


def test_a_mark_is_old_until_something_is_lost(folder, tmp_path):
    mark = tmp_path / "marks/made"
    assert mark_lost([folder], mark).stat().st_mtime == 0
    older(folder, 5)
    (folder / "a.png").unlink()
    assert mark_lost([folder], mark).stat().st_mtime > (folder / CONTENTS).stat().st_mtime
    assert mark.read_text().endswith("made/a.png\n")


def test_to_look_twice_marks_once_and_a_second_loss_marks_again(folder, tmp_path):
    mark = tmp_path / "made.txt"
    older(folder, 10)
    (folder / "a.png").unlink()
    first = mark_lost([folder], mark).read_text()
    assert mark_lost([folder], mark).read_text() == first
    (folder / "a.png").touch()
    write_contents(folder)
    os.utime(mark, ns=(0, (folder / CONTENTS).stat().st_mtime_ns - 1))
    assert mark_lost([folder], mark).read_text() == first
    (folder / "a.png").unlink()
    assert mark_lost([folder], mark).read_text() == first * 2
