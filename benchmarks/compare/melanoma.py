"""The melanoma network of Freeman and others (2022): our two-stage models beside what the authors' own files hold.

python benchmarks/compare/melanoma.py FOLDER    # a checkout of the authors' repository SCFreeman/Melanoma_NMA

Thirteen trials, 6,378 patients rebuilt from curves by the authors. Their files have Cox's ratio of every trial,
restricted means, and the posteriors of a fractional polynomial (power 0) and of a Royston-Parmar model with a treatment
by log time interaction, both by WinBUGS.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from resurvey.compare.multivariate import multivariate_network
from resurvey.compare.timed_arms import arm_counts, by_arm
from resurvey.compare.timed_bases import fractional_polynomial
from resurvey.compare.timed_network import time_network
from resurvey.compare.timed_trials import interval_edges, read_trials
from resurvey.survival import cox, restricted_mean

MODELS = ("proportional", "log-time", "piecewise", "fp-1", "fp-2", "royston-parmar-1", "royston-parmar-2")
TREATMENTS = (
    *(
        "dacarbazine",
        "tremelimumab",
        "ipilimumab + dacarbazine",
        "dabrafenib",
        "dabrafenib + trametinib",
        "vemurafenib",
    ),
    *("vemurafenib + cobimetinib", "ipilimumab", "nivolumab", "nivolumab + ipilimumab", "pembrolizumab"),
    *("ipilimumab + sargramostim", "selumetinib + dacarbazine"),
)
HORIZON, AT = 48.0, (12.0, 24.0, 36.0, 48.0)


def read(folder: Path) -> pd.DataFrame:
    """Patients: study, treatment (as numbered by the authors), time in months, event."""
    found = pd.read_csv(folder / "Data/melanoma_ipd.csv")
    numbered = found["txCode"].map("{:02d}".format)
    return found[["study", "time", "event"]].assign(treatment=numbered)


def nodes(path: Path) -> pd.DataFrame:
    """Mean and standard deviation of the nodes of a WinBUGS file."""
    return pd.read_csv(path, skipinitialspace=True).set_index("node")[["mean", "sd"]]


def first_stages(patients: pd.DataFrame, folder: Path) -> str:
    """Ratios and restricted means of single trials beside the authors'."""
    ratios = pd.read_csv(folder / "HR/hr_data.csv")
    means = pd.read_csv(folder / "Exploratory analyses/rmst_18.csv")
    patients = patients.assign(key=patients["study"].str.lower())
    off, away = [], []
    for row in ratios.itertuples():
        own = patients[patients["key"] == row.study.lower()]
        pair = own[own["treatment"].isin([f"{row.treat1:02d}", f"{row.treat2:02d}"])]
        if row.study != "CheckMate 067":  # there the authors' model has all three arms
            fit = cox(pair["time"], pair["event"], (pair["treatment"] == f"{row.treat2:02d}").astype(float))
            off.append(abs(fit.log_hr - row.lhr))
    for row in means.itertuples():
        own = patients[patients["key"] == row.study.lower()]
        end = 12.0 if row.study == "CheckMate 067" else 18.0  # theirs, whatever the file is called
        for code, printed in ((row.t1, row.rmst0), (row.t2, row.rmst1)):
            arm = own[own["treatment"] == f"{code:02d}"]
            away.append(abs(restricted_mean(arm["time"], arm["event"], end).mean - printed))
    text = f"Cox's log ratios of {len(off)} pairs: largest difference {max(off):.1e}\n"
    text += f"restricted means to 18 (CheckMate 067: 12) months of {len(away)} arms: median difference "
    return text + f"{np.median(away):.1e}, largest {max(away):.1e}\n"


def polynomial(patients: pd.DataFrame, folder: Path) -> str:
    """Log ratio d0 + d1 log t of every treatment against dacarbazine, beside the posterior."""
    trials = read_trials(patients)
    edges = interval_edges(trials, 60)
    counts = arm_counts(trials, edges)
    basis = fractional_polynomial(
        (0.0,), (edges[1:] + edges[:-1]) / 2, sum(events.mean(axis=0) for events, _ in counts)
    )
    made = multivariate_network(by_arm(trials, basis, edges, counts).effects, "01", between="none")
    at = basis(np.array([1.0, np.e]))
    turn = np.array([at[0], at[1] - at[0]])  # from the centred functions to 1 and log t
    posterior = nodes(folder / "Fractional_Polynomial/zero/results.csv")
    z, width = [], []
    for place, treatment in enumerate(made.treatments[1:]):
        own = turn @ made.estimate[place]
        block = slice(2 * place, 2 * place + 2)
        error = np.sqrt(np.diag(turn @ made.covariance[block, block] @ turn.T))
        theirs = posterior.loc[[f"d[{int(treatment)},{k}]" for k in (1, 2)]]
        z += list(np.abs(own - theirs["mean"]) / theirs["sd"])
        width += list(error / theirs["sd"])
    return (
        f"fractional polynomial, power 0: {len(z)} coefficients, difference in posterior standard deviations: "
        f"median {np.median(z):.2f}, largest {max(z):.2f}; our errors {min(width):.2f} to {max(width):.2f} of theirs\n"
    )


def curves(patients: pd.DataFrame, folder: Path) -> str:
    """All models side by side, and their survival with the trial of nivolumab as population beside the posterior."""
    start = time.process_time()
    made = time_network(
        patients,
        reference="01",
        models=MODELS,
        population="CheckMate 066",
        between="none",
        horizon=HORIZON,
        cuts=(12.0,),
    )
    seconds = time.process_time() - start
    posterior = nodes(folder / "Royston_Parmar/results.csv")
    survival = made.survival[made.survival["time"].isin(AT)]
    theirs = survival.apply(
        lambda row: posterior.loc[f"surv[{int(row['treatment'])},{row['time']:.0f}]", "mean"], axis=1
    )
    off = (survival["survival"] - theirs).abs().groupby(survival["model"], sort=False)
    table = made.fit.set_index("model")[["likelihood", "parameters", "aic", "q", "df", "p"]]
    table = table.assign(median_off=off.median(), largest_off=off.max())
    wide = made.summaries.pivot(index="treatment", columns="model", values="rmst")[list(off.groups)]
    wide.index = pd.Index([TREATMENTS[int(code) - 1] for code in wide.index], name="months lived of 48")
    text = f"{seconds:.2f} s of one processor\n{table.round(3).to_string()}\n"
    text += "(off: survival at 12 to 48 months, less that of the authors' Royston-Parmar model)\n"
    return text + f"{wide.round(1).to_string()}\n"


def main() -> None:
    """Print the three parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    patients = read(folder)
    for part in (first_stages, polynomial, curves):
        sys.stdout.write(part(patients, folder) + "\n")


if __name__ == "__main__":
    main()
