"""A folder for caches: that of the user, or a temporary one where it cannot be written."""

import os
from pathlib import Path

from resurvey.caches import usable_cache


def test_a_folder_that_can_be_written_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    said = []
    usable_cache(said.append)
    assert said == [] and os.environ["XDG_CACHE_HOME"] == str(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_one_that_cannot_is_replaced_and_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for name, value in {"XDG_CACHE_HOME": "", "HOME": str(tmp_path / "file"), "MPLCONFIGDIR": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MPLCONFIGDIR")
    said = []
    usable_cache(said.append)
    assert str(tmp_path / "file") in said[0] and "XDG_CACHE_HOME chooses one" in said[0]
    place = Path(os.environ["XDG_CACHE_HOME"])
    assert place.is_dir() and os.environ["MPLCONFIGDIR"] == str(place)
    usable_cache(said.append)  # and that one can be written
    assert len(said) == 1
