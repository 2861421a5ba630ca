"""Figures digitised and set beside their truth.

run.py --made 40 --seed 1            figures drawn here: looks, arms, percent, dashes, marks, several resolutions
run.py --folder PICTURES --truth truth.csv --pred pred.csv
                                     any set: scores it, and writes figure, curve, time, survival for another scorer

truth.csv has the columns figure (name of the picture without its ending), curve, time, survival (corners of a step
function). `complete`: every arm within 0.03 (root mean squared error over 100 times), its end within 10 %, no curve
more.
"""

import argparse
import csv
import sys
import tempfile
import time
from collections import defaultdict
from itertools import permutations
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.made_figures import arm, draw

from resurvey.digitise import digitise
from resurvey.errors import InputError

LOOKS = [
    {"colours": ("tab:blue", "tab:red", "tab:green")},
    {"colours": ("#00468b", "#ed0000", "#42b540"), "percent": True},
    {"colours": "kkk", "styles": ("-", "--", ":")},
    {"colours": ("#000000", "#999999", "#555555")},
    {"colours": ("#f8766d", "#00bfc4", "#7cae00"), "marks": "|"},
    {"colours": ("tab:blue", "tab:red", "tab:green"), "marks": "+", "dpi": 90},
]


def made_set(folder, count, seed):
    """Made figures: path, arms."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        arms = [
            arm(name, int(rng.integers(1e9)), median=float(rng.uniform(5, 40)), n=int(rng.choice([30, 80, 200])))
            for name in ("Placebo", "Docetaxel", "Arm C")[: int(rng.choice([1, 2, 2, 2, 3]))]
        ]
        options = {"styles": ("-", "-", "-"), "dpi": int(rng.choice([90, 130, 200])), **LOOKS[k % len(LOOKS)]}
        yield draw(folder / f"made{k:03d}.png", arms, **options), {a.name: a for a in arms}


def level(corners, at):
    """Survival of a step function."""
    place = np.searchsorted(corners[:, 0], at, side="right") - 1
    return np.where(place < 0, 1.0, corners[np.clip(place, 0, None), 1])


def compared(found, truth):
    """Error and end of each true curve beside the found one that fits best, one to one."""
    best = None
    names, count = list(truth), min(len(truth), len(found))
    for rows in permutations(range(len(names)), count):
        for columns in permutations(range(len(found)), count):
            pairs = [_pair(found[j], truth[names[i]]) for i, j in zip(rows, columns, strict=True)]
            total = sum(error for error, _ in pairs) + 1.0 * (len(names) - count)
            if best is None or total < best[0]:
                best = (total, pairs)
    return best[1] if best else []


def _pair(found, true):
    end = true[-1, 0]
    at = np.linspace(0, end, 101)[1:]
    at = at[at <= max(found[-1, 0], 0.3 * end)]
    error = float(np.sqrt(np.mean((level(found, at) - level(true, at)) ** 2)))
    return error, float(found[-1, 0] - end) / end


def of_folder(folder, truth):
    """Pictures of a folder with the corners of their curves."""
    curves = defaultdict(lambda: defaultdict(list))
    with truth.open(newline="") as stream:
        for row in csv.DictReader(stream):
            curves[Path(row["figure"]).stem][row["curve"]].append((float(row["time"]), float(row["survival"])))
    for path in sorted(folder.iterdir()):
        if path.stem in curves:
            yield path, {name: np.array(points) for name, points in curves[path.stem].items()}


def score(figures, writer=None):
    """The table of one set."""
    errors, complete, sure, right, cells, seconds = [], 0, 0, 0, [0, 0, 0], []
    power = defaultdict(lambda: np.zeros(4, dtype=int))
    count = 0
    for path, truth in figures:
        count += 1
        start = time.perf_counter()
        try:
            made = digitise(path)
        except InputError:
            continue
        seconds.append(time.perf_counter() - start)
        found = [np.column_stack([c.times, c.survival]) for c in made.curves]
        corners = {name: getattr(true, "corners", true) for name, true in truth.items()}
        pairs = compared(found, corners)
        errors += [error for error, _ in pairs]
        all_found = len(found) == len(corners) and all(e <= 0.03 and abs(end) <= 0.1 for e, end in pairs)
        complete += all_found
        sure += made.verdict == "sure"
        right += made.verdict == "sure" and all_found
        _count_doubts(made, all_found, power)
        for true in truth.values():
            if hasattr(true, "at_risk"):
                _count_cells(made, true, cells)
        for curve in made.curves if writer else ():
            for t, s in zip(curve.times, curve.survival, strict=True):
                writer.writerow([path.stem, curve.name, f"{t:.6g}", f"{s:.6g}"])
    return [
        f"figures {count}, complete {complete} ({complete / max(count, 1):.0%})",
        f"RMSE median {np.median(errors):.4f}, 90th percentile {np.percentile(errors, 90):.4f} of {len(errors)} curves",
        f"sure {sure} ({sure / max(count, 1):.0%}), of these right {right} ({right / max(sure, 1):.0%})",
        f"cells at risk: right {cells[0]}, missing or flagged {cells[1]}, wrong {cells[2]}",
        f"seconds a figure: median {np.median(seconds):.1f}",
        "check: doubtful of complete, of others; alone doubtful of complete, of others",
        *(f"  {name}: {' '.join(map(str, counts))}" for name, counts in sorted(power.items())),
    ]


def _count_doubts(made, all_found, power):
    """What each check says of complete figures and of others, and what it alone says."""
    doubtful = {check.name for check in made.checks if check.outcome in ("doubtful", "failed")}
    for name in doubtful:
        power[name][0 if all_found else 1] += 1
        power[name][2 if all_found else 3] += len(doubtful) == 1


def _count_cells(made, true, cells):
    row = next((row for row in made.at_risk if row.label == true.name), None)
    wanted = true.at_risk(row.times) if row else true.at_risk(np.arange(0, 37, 6.0))
    if row is None:
        cells[1] += len(wanted)
        return
    for cell, flagged, count in zip(row.counts, row.flagged, wanted, strict=True):
        cells[0 if cell == count else 1 if cell is None or flagged else 2] += 1


def main():
    """Score a made set or a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--pred", type=Path)
    asked = parser.parse_args()
    if asked.folder is None:
        with tempfile.TemporaryDirectory() as name:
            lines = score(made_set(Path(name), asked.made, asked.seed))
    elif asked.pred is None:
        lines = score(of_folder(asked.folder, asked.truth))
    else:
        with asked.pred.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["figure", "curve", "time", "survival"])
            lines = score(of_folder(asked.folder, asked.truth), writer)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
