"""Learn how frequent each kind of hazard is, by the fits that the rebuilding itself makes of real trials.

    python learn_shares.py KMDATA_FOLDER [--least 0.04]

Two-arm sets of the KMDATA collection are reduced to what a rich paper prints (median and interval, events, numbers at
risk at 1, 2, 3, 4 and 6 months and at five later times) and fitted under every kind with equal shares. What the fits
are worth gives, by EM, the shares that make all of them likeliest: of progression and of death, of all trials and of
each half of them. What is less than `--least` is set to that in the last lines.

`learn_shapes.py` learns the means of the kinds from rates in ten intervals, and shares with them; its usual kind had
0.57 of progression there. The fits know of visits and of the arms' common course and give that kind 0.14 (0.00 and 0.21
in the halves), the steady one 0.63 (0.72 and 0.56). With such shares curves rebuilt from less came out further from the
patients' (README of the folder), so that only the share of the drop at a scan rests on this: 0.03 (0.05 and 0.00).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "compare"))
import real_trials

from resurvey.errors import ResurveyError
from resurvey.reconstruct.kinds import SHAPES
from resurvey.reconstruct.summary import weigh
from resurvey.reconstruct.summary_checks import checked

MONTHS = (1, 2, 3, 4, 6)
NAMES = [shape.name for shape in SHAPES]
EVEN = [replace(shape, share_progression=1 / len(SHAPES), share_death=1 / len(SHAPES)) for shape in SHAPES]
ROUNDS = 300


def worth(folder):
    """Whether the event is death, and the posterior share of each kind from equal ones, of every trial."""
    for name, death, arms in real_trials.trials(folder, 0, 1):
        end = 0.7 * min(time[-1] for time, _ in arms)
        try:
            summaries = [rich(time, mark, death, end) for time, mark in arms]
            fits, _ = weigh(summaries, EVEN)
        except ResurveyError as reason:
            sys.stderr.write(f"{name}: {reason}\n")
            continue
        yield death, [sum(one.share for one in fits if one.kind == kind) for kind in NAMES]


def rich(time, mark, death, end):
    """An arm as a paper with close numbers at risk prints it."""
    at = np.unique(np.round([*MONTHS, *np.linspace(0, end, 6)[1:]], 1))
    facts = real_trials.printed(time, mark, "abstract", death, end)
    return checked(replace(facts, at_risk_times=tuple(at), at_risk=tuple((time[:, None] >= at).sum(axis=0))))


def learnt(worths):
    """Shares under which trials of these worths are likeliest."""
    share = np.full(len(NAMES), 1 / len(NAMES))
    for _ in range(ROUNDS):
        given = worths * share
        share = (given / given.sum(axis=1, keepdims=True)).mean(axis=0)
    return share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=float, default=0.04)
    opt = parser.parse_args()
    found = list(worth(opt.folder))
    for label, of in (("progression", False), ("death", True)):
        worths = np.array([row for death, row in found if death == of])
        for part, rows in (("all", worths), ("one half", worths[::2]), ("the other", worths[1::2])):
            shares = dict(zip(NAMES, learnt(rows).round(3).tolist(), strict=True))
            sys.stdout.write(f"{label}, {part} ({len(rows)}): {shares}\n")
        held = np.maximum(learnt(worths), opt.least)
        sys.stdout.write(f"{label}, least: {dict(zip(NAMES, (held / held.sum()).round(3).tolist(), strict=True))}\n")


if __name__ == "__main__":
    main()
