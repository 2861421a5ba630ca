"""A small seeded share of `benchmarks/read/fuzz.py`: broken papers are read or refused, and nothing else."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from resurvey.errors import ResurveyError
from resurvey.read import claims, draft
from resurvey.read.contradictions import findings
from resurvey.read.sources import from_bytes

FILE = Path(__file__).resolve().parents[2] / "benchmarks/read/fuzz.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("read_fuzz", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(3))
def test_broken_papers_are_read_or_refused(fuzz, seed, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    rng = random.Random(seed)
    answered = {"read": 0, "refused": 0}
    for number, (name, content) in enumerate(fuzz.seeds(None) * 12):
        try:
            opened = from_bytes(fuzz.mutate(content, rng), name)
            rows = draft(claims(opened), "made")
            if number % 4 == 0:
                findings(opened, rows)
            answered["read"] += 1
        except ResurveyError:
            answered["refused"] += 1
    assert all(answered.values())
