"""Learn how much the arms of a trial have in common: `alike`, `alike_slope` and `alike_censoring` of the prior.

    python learn_shared.py KMDATA_FOLDER

Sets of two arms of at least 40 patients whose medians are reached. Events and time at risk in fourteen intervals are
Poisson counts, whose log rates have the Gaussian priors of the kinds of the package, with a part of the departure from
the mean in common to both arms; the kinds are mixed by their shares. Printed: the log likelihood (Laplace), progression
and death, of shares in common of the slope, the start and the smooth departure; with shapes at the same time since
entry and with shapes in units of each arm's median; and of shares in common of censoring.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from learn_shapes import laplace, median_of

from resurvey.reconstruct.formats import read_kmdata, read_kmdata_key
from resurvey.reconstruct.kinds import SHAPES
from resurvey.reconstruct.prior import PRIOR

EDGES = np.array([0, 0.05, 0.12, 0.2, 0.3, 0.42, 0.58, 0.8, 1.0, 1.25, 1.6, 2.1, 2.8, 4, 6.5])
MIDDLE = np.sqrt(EDGES[1:] * np.r_[0.02, EDGES[1:-1]])
CENSOR_EDGES = np.append(np.arange(10) / 10, 1.0001)
LEVEL, GRAIN = 0.3, 0.15
#: Shares in common of the slope, the start and the smooth departure.
TRIED = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.8, 0.8), (0.5, 0.9, 0.9), (0.5, 0.95, 0.95), (0.9, 0.98, 0.98)]
CENSORING = (0, 0.5, 0.8, 0.9, 0.95, 0.98)


def counted(time, event, edges):
    """Events and time at risk in each interval."""
    at_risk = np.array([np.clip(time, a, b).sum() - a * time.size for a, b in pairwise(edges)])
    return np.histogram(time[event > 0], edges)[0].astype(float), at_risk


def both(arms, edges, unit, event=True):
    """Counts of two arms, one below the other."""
    parts = [counted(t / unit, e if event else 1 - e, edges) for t, e in arms]
    return tuple(np.concatenate([part[k] for part in parts]) for k in range(2))


def trials(folder):
    """Whether the event is death, times and marks of both arms, and their medians."""
    key = read_kmdata_key(folder / "kmdata_key.rda").set_index("name")
    for path in sorted(folder.glob("*.rda")):
        name = path.stem if path.stem in key.index else path.stem.removeprefix("X")
        if name not in key.index:
            continue
        arms = [tuple(made.patients[part].to_numpy(float) for part in ("time", "event"))
                for made in read_kmdata(path).values()][:2]  # fmt: skip
        medians = [median_of(*arm) for arm in arms]
        if len(arms) == 2 and min(arm[0].size for arm in arms) >= 40 and np.all(np.isfinite(medians)):
            yield "OS" in str(key.loc[name, "Outcome"]), arms, np.array(medians)


def prior(shape, alike, scales, medians):
    """Mean and covariance of the log rates of both arms; `scales` are the units of time of their shapes."""
    at = [MIDDLE / scale for scale in scales]
    x, damp = [np.log(u) for u in at], [np.exp(-u / shape.early_length) for u in at]
    k, cov = MIDDLE.size, np.zeros((2 * MIDDLE.size, 2 * MIDDLE.size))
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        slope, early, wiggle = (1, 1, 1) if i == j else alike
        block = slope * shape.slope**2 * np.outer(x[i], x[j]) + early * shape.early**2 * np.outer(damp[i], damp[j])
        apart = (x[i][:, None] - x[j]) / shape.wiggle_length
        block = block + wiggle * shape.wiggle**2 * np.exp(-0.5 * apart**2)
        own = LEVEL**2 + GRAIN**2 * np.eye(k) if i == j else 0.0
        cov[i * k : (i + 1) * k, j * k : (j + 1) * k] = block + own
    nodes = np.log(np.array(shape.nodes))
    return np.concatenate([np.interp(x[i], nodes, shape.shape) - np.log(medians[i]) for i in range(2)]), cov


def log_likelihood(sets, death, alike, own_units):
    """Of all sets of an endpoint, kinds mixed."""
    total = 0.0
    for is_death, counts, medians in sets:
        if is_death == death:
            scales = medians if own_units else (1.0, 1.0)
            parts = [laplace(*counts, *prior(kind.prior, alike, scales, medians))[0] + np.log(kind.share(death))
                     for kind in SHAPES]  # fmt: skip
            total += np.logaddexp.reduce(parts)
    return total


def of_censoring(sets, death, alike):
    """Log likelihood of the censorings of all sets of an endpoint."""
    middle = (CENSOR_EDGES[1:] + CENSOR_EDGES[:-1]) / 2
    apart = middle[:, None] - middle
    smooth = PRIOR.censor_wiggle**2 * np.exp(-0.5 * (apart / PRIOR.censor_length) ** 2)
    rough = PRIOR.censor_rough**2 * np.exp(-0.5 * (apart / PRIOR.censor_rough_length) ** 2)
    own = PRIOR.censor_level**2 + smooth + rough
    cov = np.block([[own, alike * own], [alike * own, own]]) + 1e-6 * np.eye(2 * middle.size)
    mean = np.tile(np.interp(middle, PRIOR.censor_nodes, PRIOR.censor_shape), 2)
    return sum(laplace(*counts, mean, cov)[0] for is_death, counts in sets if is_death == death)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    found = list(trials(parser.parse_args().folder))
    unit = [float(np.sqrt(medians.prod())) for *_, medians in found]
    events = [(death, both(arms, EDGES, u), medians / u) for (death, arms, medians), u in zip(found, unit, strict=True)]
    sys.stdout.write(f"{len(found)} sets, {sum(death for death, *_ in found)} of death\n")
    for own_units in (False, True):
        sys.stdout.write("in units of each arm's median\n" if own_units else "at the same time since entry\n")
        for alike in TRIED:
            scores = [log_likelihood(events, death, alike, own_units) for death in (False, True)]
            sys.stdout.write(f"  slope, start, smooth {alike}: progression {scores[0]:.1f}, death {scores[1]:.1f}\n")
    lost = [(death, both(arms, CENSOR_EDGES, max(t.max() for t, _ in arms), event=False)) for death, arms, _ in found]
    for alike in CENSORING:
        scores = [of_censoring(lost, death, alike) for death in (False, True)]
        sys.stdout.write(f"censoring {alike}: progression {scores[0]:.1f}, death {scores[1]:.1f}\n")


if __name__ == "__main__":
    main()
