"""The folder of shared reference data, which lies beside the checkout and may be absent."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_path(name: str) -> Path:
    """Path of a file or folder in ../shared; skips the calling test, by name and reason, where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"../shared/{name} is not on this machine")
    return path
