"""Three projects of other diseases, as public summaries give their trials: what the templates say must hold in each.

`bladder`: one document of a trial without a control group, audited only; nothing to find, to rebuild or to compare.
`prostate`: two randomised trials, whole arms rebuilt from printed numbers, one comparison across them, one finding.
`heart`: three trials with ratios and counts alone; many findings; pooled, through a common comparator, in a network.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from resurvey.commands.init import write
from resurvey.schema import TABLES
from resurvey.tables import file_of

Rows = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Other:
    """A project: its tables, and what its config and comparisons add to those of `resurvey init`."""

    tables: Rows
    title: str
    question: str
    pages: Sequence[str]
    studies: Sequence[str] = ()
    comparisons: Sequence[Mapping[str, Any]] = ()


def made(project: Other, folder: Path, replicates: int = 20) -> Path:
    """The project in `folder`, ready to run."""
    write(folder)
    for name, table in TABLES.items():
        path = folder / "data/raw" / file_of(table)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, table.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(project.tables.get(name, []))
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["audit"]["pages"] = list(project.pages)
    config["reconstruction"] = {"studies": list(project.studies), "replicates": replicates, "partitions": {}}
    config["report"] = {"title": project.title, "question": project.question}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (folder / "comparisons.yaml").write_text(
        yaml.safe_dump({"comparisons": list(project.comparisons)}), encoding="utf-8"
    )
    return folder


def source(name: str, citation: str, kind: str = "trial") -> dict[str, str]:
    return {"source_id": name, "citation": citation, "year": name[-4:], "kind": kind}


def study(name: str, acronym: str, design: str, source_id: str, setting: str) -> dict[str, str]:
    return {"study_id": name, "acronym": acronym, "design": design, "source_id": source_id, "setting": setting}


def treatment(name: str, label: str) -> dict[str, str]:
    return {"treatment_id": name, "label": label, "components": label, "classes": "drug"}


def survival(endpoint: str, label: str) -> dict[str, str]:
    return {"endpoint": endpoint, "label": label, "family": "time_to_event", "clock_start": "entry"}


RESPONSE = {"endpoint": "ORR", "label": "objective response", "family": "response"}


def claims(source_id: str, study_id: str, place: str = "Results") -> Any:
    """Makes rows of one document about one study, each with an id of its own."""
    counts: dict[str, int] = {}

    def claim(short: str, arm: str, **cells: str) -> dict[str, str]:
        counts[short] = counts.get(short, 0) + 1
        about = {"source_id": source_id, "locator": place, "study_id": study_id, "arm_id": arm, "population": "all"}
        return {"claim_id": f"{source_id}-{short}-{counts[short]:03d}", **about, **cells}

    return claim


def median(value: str, lower: str, upper: str, events: str = "", endpoint: str = "OS") -> dict[str, str]:
    ends = {"lower": lower, "upper": upper, "ci_level": "95", "unit": "months"}
    return {"endpoint": endpoint, "value": value, "events": events, **ends}


def ratio(value: str, lower: str, upper: str, p: str, against: str, endpoint: str = "OS") -> dict[str, str]:
    ends = {"lower": lower, "upper": upper, "ci_level": "95", "p": p}
    return {"endpoint": endpoint, "measure": "HR", "comparator_arm_id": against, "value": value, **ends}


def share(item: str, n: str, total: str, percent: str) -> dict[str, str]:
    return {"kind": "response", "endpoint": "ORR", "item": item, "n": n, "total": total, "percent": percent}


def _bladder() -> Other:
    claim = claims("rosenberg2016", "imvigor")
    whole = {"unit": "%", "time_unit": "months", "endpoint": "OS"}
    return Other(
        {
            "sources": [source("rosenberg2016", "Rosenberg JE. Atezolizumab in urothelial carcinoma. Lancet 2016")],
            "studies": [study("imvigor", "IMvigor210", "single arm", "rosenberg2016", "after platinum")],
            "treatments": [treatment("atezolizumab", "atezolizumab")],
            "endpoints": [survival("OS", "overall survival"), RESPONSE],
            "arms": [claim("arm", "atezo", treatment_id="atezolizumab", n="310")],
            "medians": [claim("med", "atezo", **median("7.9", "6.6", "9.3"))],
            "survival_rates": [claim("rate", "atezo", time="12", value="36", **whole)],
            "proportions": [
                claim("prop", "atezo", **share("CR", "15", "310", "5")),
                claim("prop", "atezo", **share("PR", "30", "310", "10")),
                claim("prop", "atezo", **share("ORR", "45", "310", "15")),
            ],
        },
        "Atezolizumab after platinum in urothelial carcinoma",
        "Do the numbers of the one report hold?",
        ["rosenberg2016"],
    )


def _prostate() -> Other:
    abi, enza = claims("debono2011", "couaa301"), claims("scher2012", "affirm")
    return Other(
        {
            "sources": [
                source("debono2011", "de Bono JS. Abiraterone in prostate cancer. N Engl J Med 2011"),
                source("scher2012", "Scher HI. Enzalutamide in prostate cancer. N Engl J Med 2012"),
            ],
            "studies": [
                study("couaa301", "COU-AA-301", "randomised", "debono2011", "after docetaxel"),
                study("affirm", "AFFIRM", "randomised", "scher2012", "after docetaxel"),
            ],
            "treatments": [
                treatment("abiraterone", "abiraterone + prednisone"),
                treatment("enzalutamide", "enzalutamide"),
                treatment("placebo", "placebo"),
                treatment("prednisone", "prednisone"),
            ],
            "endpoints": [survival("OS", "overall survival")],
            "arms": [
                abi("arm", "abi", treatment_id="abiraterone", n="797"),
                abi("arm", "pred", treatment_id="prednisone", n="398"),
                enza("arm", "enza", treatment_id="enzalutamide", n="800"),
                enza("arm", "pla", treatment_id="placebo", n="399"),
            ],
            "medians": [
                abi("med", "abi", **median("14.8", "14.1", "15.4", "333")),
                abi("med", "pred", **median("10.9", "10.2", "12.0", "219")),
                enza("med", "enza", **median("18.4", "17.3", "NR", "308")),
                enza("med", "pla", **median("13.6", "11.3", "15.8", "212")),
            ],
            "hazard_ratios": [
                abi("hr", "abi", **ratio("0.65", "0.54", "0.77", "<0.001", "pred")),
                # The finding: this p does not go with this interval, and only one of them is below 0.05.
                enza("hr", "enza", **ratio("0.90", "0.75", "1.08", "0.012", "pla")),
            ],
        },
        "Abiraterone beside enzalutamide after docetaxel",
        "Which of two drugs, each tested against a control, leaves patients with prostate cancer alive for longer?",
        ["debono2011", "scher2012"],
        ["couaa301", "affirm"],
        [
            {
                "id": "abi-enza",
                "kind": "patients",
                "question": "Abiraterone + prednisone against enzalutamide",
                "treatment": {"study": "couaa301", "arm": "abi", "population": "all", "endpoint": "OS"},
                "comparator": {"study": "affirm", "arm": "enza", "population": "all", "endpoint": "OS"},
                "landmarks": [6, 12],
                "assumptions": ["the patients of the two trials are alike (not tested)"],
            }
        ],
    )


def _heart() -> Other:
    trials = {
        "mcmurray2014": ("paradigm", "PARADIGM-HF", "sacubitril", "enalapril", ("0.80", "0.73", "0.87", "<0.001")),
        "mcmurray2019": ("dapa", "DAPA-HF", "sglt2", "placebo", ("0.74", "0.65", "0.85", "<0.001")),
        "packer2020": ("emperor", "EMPEROR-Reduced", "sglt2", "placebo", ("0.75", "0.65", "0.86", "0.04")),
        "swedberg2010": ("shift", "SHIFT", "ivabradine", "placebo", ("0.82", "0.75", "0.90", "<0.001")),
    }
    # Counts and percentages: those of the second and third are off in several places.
    counts = {
        "mcmurray2014": (("914", "4187", "21.8"), ("1117", "4212", "26.5")),
        "mcmurray2019": (("386", "2373", "18.3"), ("502", "2371", "21.2")),
        "packer2020": (("361", "1863", "19.4"), ("462", "1867", "27.4")),
        "swedberg2010": (("793", "3241", "24.5"), ("937", "3264", "28.7")),
    }
    tables: Rows = {name: [] for name in ("arms", "proportions", "hazard_ratios", "sources", "studies")}
    for name, (trial, acronym, drug, control, printed) in trials.items():
        claim = claims(name, trial)
        tables["sources"].append(source(name, f"{name[:-4].capitalize()} JJ. {acronym}. N Engl J Med {name[-4:]}"))
        tables["studies"].append(study(trial, acronym, "randomised", name, "reduced ejection fraction"))
        for arm, (n, total, percent) in zip((drug, control), counts[name], strict=True):
            tables["arms"].append(claim("arm", arm, treatment_id=arm, n=total))
            tables["proportions"].append(claim("prop", arm, **share("primary outcome", n, total, percent)))
        tables["hazard_ratios"].append(claim("hr", drug, **ratio(*printed, control, "CVHF")))
    labels = {"sglt2": "SGLT2 inhibitor"}
    tables["treatments"] = [
        treatment(name, labels.get(name, name))
        for name in ("sacubitril", "enalapril", "sglt2", "ivabradine", "placebo")
    ]
    tables["endpoints"] = [survival("CVHF", "cardiovascular death or hospital stay for heart failure"), RESPONSE]
    dapa, emperor, shift = (f"{name}-hr-001" for name in list(trials)[1:])
    assumed = {"assumptions": ["the trials enrolled patients who could have been in any of them"]}
    return Other(
        tables,
        "New drugs for heart failure",
        "Do two inhibitors of SGLT2 act alike, and is either better than ivabradine?",
        ["mcmurray2019", "packer2020"],
        (),
        [
            {"id": "sglt2", "kind": "pool", "question": "SGLT2 inhibitors against placebo", "claims": [dapa, emperor],
             **assumed},
            {"id": "sglt2-iva", "kind": "bucher", "question": "SGLT2 inhibitor against ivabradine through placebo",
             "first": dapa, "second": shift, "path": ["sglt2", "placebo", "ivabradine"], **assumed},
            {"id": "net", "kind": "network", "question": "Drugs for heart failure, all against placebo",
             "reference": "placebo", "claims": [dapa, emperor, shift], **assumed},
        ],
    )  # fmt: skip


OTHERS = {"bladder": _bladder, "prostate": _prostate, "heart": _heart}
