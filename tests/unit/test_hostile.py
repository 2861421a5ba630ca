"""Odd and hostile input is read or refused with a message: no traceback, no hang."""

import pytest

from tests.hostile import attack


@pytest.mark.no_cover  # thrice as slow under coverage, and its lines are those of the readers' own tests
def test_changed_files_are_read_or_refused():
    found = attack(300, seed=20)
    for reader in ("tables", "curve", "at risk", "summary", "config", "rda"):
        assert found[reader, "read"] + found[reader, "refused"] == 50
    # A reader that refuses everything, or takes everything, would pass the line above.
    assert found["tables", "refused"] > 5
    assert found["tables", "read"] > 2
    assert found["curve", "read"] > 5
    assert found["rda", "refused"] == 50
