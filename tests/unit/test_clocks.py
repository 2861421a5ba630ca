"""Files dated in the future: dated as of now, all alike, and nothing else is touched."""

import os
import time

from resurvey.clocks import date_inputs_now, date_now, files_below

FUTURE = 4_000_000_000


def test_what_is_dated_in_the_future_gets_one_date_of_now_and_the_past_is_left(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b/.hidden", "c.csv")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.name)
    os.utime(paths[2], (1000, 1000))
    for path in paths[:2]:
        os.utime(path, (FUTURE, FUTURE))
    assert set(date_now(files_below([tmp_path, tmp_path / "absent"]))) == set(paths[:2])
    dates = [path.stat().st_mtime for path in paths]
    assert dates[0] == dates[1] <= time.time()
    assert dates[2] == 1000
    assert [path.read_text() for path in paths] == [path.name for path in paths]


def test_a_person_is_told_which_files_and_what_cannot_be_dated(tmp_path, monkeypatch):
    said = []
    date_inputs_now(files_below([tmp_path]), said.append)
    assert said == []
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (FUTURE, FUTURE))

    def refused(path, times):
        raise PermissionError(1, "Operation not permitted", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", refused)
        date_inputs_now(files_below([tmp_path]), said.append)
    date_inputs_now(files_below([tmp_path]), said.append)
    assert "its date cannot be changed" in said[0] and str(tmp_path) in said[0]
    assert "and 1 more: dated in the future" in said[1]
    date_inputs_now(files_below([tmp_path]), said.append)
    assert len(said) == 2
