"""Confidence: what is measured of each rule, and how it is called."""

from __future__ import annotations

import csv
from importlib import resources

from resurvey.read import confidence
from resurvey.read.contradictions import proves
from resurvey.read.objects import LIKELY, SURE, Claim, Draft


def claim(rule="text-median", kind="median", **cells):
    return Claim(kind, cells, (), rule, "Results, par. 1")


def test_every_rule_of_the_table_has_counts_that_can_be():
    text = resources.files("resurvey.read").joinpath("confidence.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) > 60
    assert all(0 <= int(row["right"]) <= int(row["judged"]) and row["source"] for row in rows)


def test_a_rule_takes_the_count_of_the_longest_rule_it_begins_with():
    known = confidence.table()
    assert confidence.of(claim("text-median-elsewhere")) == round(known["text-median"], 2)
    assert confidence.of(claim("never-heard-of")) == confidence.UNJUDGED


def test_a_share_is_called_sure_likely_or_look():
    for share, word in ((SURE, "sure"), (LIKELY, "likely"), (LIKELY - 0.01, "look")):
        assert Draft("x", "medians", {}, claim(), share, "m").certainty == word


def test_numbers_prove_each_other_where_they_can():
    assert proves(claim(n="51", total="120", percent="42.5")) is True
    assert proves(claim(n="51", total="120", percent="45.2")) is False
    assert proves(claim(kind="ratio", value="0.71", lower="0.55", upper="0.92")) is True
    assert proves(claim(kind="ratio", value="0.48", lower="0.44", upper="5.35")) is False
    assert proves(claim(value="8.4", range_lower="7.1", range_upper="9.9")) is True
    assert proves(claim(value="8.4")) is None
    assert proves(claim(value="NR", lower="7.1", upper="NR")) is None
