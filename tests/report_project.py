"""A small run of another field, as the report reads it: two studies, one rebuilt group, one comparison, one finding."""

import struct
import zlib
from pathlib import Path

import pandas as pd

from resurvey import plan
from resurvey.report.inputs import Choices, Results
from resurvey.results import ESTIMATES

NASTY = "<script>alert('x')</script> & \"quoted\" =1+1"
PAIR = {
    "id": "one-two",
    "kind": "patients",
    "question": "New cement against old cement",
    "treatment": {"study": "alpha", "arm": "new", "population": "all", "endpoint": "PFS", "data_cut": ""},
    "comparator": {"study": "beta", "arm": "old", "population": "all", "endpoint": "PFS", "data_cut": ""},
    "assumptions": ["the groups are alike (they are not)"],
}
REFUSED = {"id": "three", "kind": "pool", "question": "A pool", "claims": ["b-1"], "assumptions": ["none is needed"]}


def typed_lines(lines: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of estimates with all columns; words that are not given are empty."""
    made = pd.DataFrame(lines).reindex(columns=ESTIMATES.names)
    texts = [column.name for column in ESTIMATES.columns if column.kind == "text"]
    return made.assign(**{name: made[name].fillna("") for name in texts})


def png(width: int = 40, height: int = 20) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = zlib.compress(b"".join(b"\x00" + b"\xff" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def drawn(folder: Path, name: str, section: str, group: str) -> dict[str, object]:
    """A row of figures.csv with its two files."""
    folder.mkdir(parents=True, exist_ok=True)
    svg, picture = folder / f"{name}.svg", folder / f"{name}.png"
    svg.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="20pt" height="10pt" viewBox="0 0 20 10">'
        '<path d="M 0.123456 0 L 20 10.987654" style="stroke: #1a1a1a"/></svg>',
        encoding="utf-8",
    )
    picture.write_bytes(png())
    words = {"title": f"Title of {name}", "caption": f"Caption of {name} & more", "alt": f"A line: {name}."}
    return {"figure_id": name, "section": section, **words, "data": "x.csv", "group": group} | {
        "svg": svg.name,
        "png": picture.name,
        "svg_path": svg,
        "png_path": picture,
    }


def small_results(folder: Path) -> Results:
    """A run with a little of everything; `folder` takes the figures."""
    claims = [
        ("a-1", "medians", "alpha2020", "Table 1", "alpha", "new", "all", "PFS", "7.0 (6.1-8.2)"),
        ("a-2", "proportions", "alpha2020", NASTY, "alpha", "new", "all", "cracks", "3 of 10"),
        ("a-3", "designs", "alpha2020", "Methods", "alpha", "new", "all", "PFS", "64 events"),
        ("b-1", "hazard_ratios", "beta2021", "Abstract", "beta", "old", "all", "PFS", "-0.5"),
    ]
    names = ["claim_id", "table", "source_id", "locator", "study_id", "arm_id", "population", "what", "printed"]
    checks = [
        (
            "c1",
            "percentage",
            "alpha2020",
            "alpha",
            "a-2",
            "=3",
            "@2",
            "discrepant",
            "conclusion",
            f"does not fit {NASTY}",
        ),
        ("c2", "median-interval", "alpha2020", "alpha", "a-1", "7.0", "", "reproduced", "none", "lies within"),
        ("c3", "words", "beta2021", "beta", "b-1", "x", "", "uncheckable", "none", "nothing to compare"),
    ]
    heads = ["check_id", "rule", "source_id", "study_id", "claim_ids", "reported", "recomputed", "verdict", "severity"]
    summary = pd.DataFrame(
        [
            ("alpha2020", 3, 2, 2, 1, 0, 0, 1, 0, 0, 0, 1),
            ("beta2021", 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0),
            ("all", 4, 2, 3, 1, 0, 0, 1, 0, 0, 1, 1),
        ],
        columns=[
            "source_id",
            "claims",
            "checked_claims",
            "checks",
            "reproduced",
            "rounding",
            "other_method",
            "discrepant",
            "conflict",
            "impossible",
            "uncheckable",
            "conclusion",
        ],
    )
    arm = {"study_id": "alpha", "arm_id": "new", "population": "all", "endpoint": "PFS", "data_cut": ""}
    rebuilt = arm | {"status": "rebuilt", "evidence": "summary", "median_text": "7.0", "claim_ids": "a-1", "reason": ""}
    rebuilt |= {"method": "m", "n": 100, "replicates": 9, "events_mean": 66.4, "events_min": 60, "events_max": 70}
    rebuilt |= {"median_rebuilt": 7.02, "median_low": 6.96, "median_high": 7.04, "facts": 3, "facts_held": 2}
    rebuilt |= {"facts_binding": 3, "facts_binding_held": 2}
    refused = arm | {"study_id": "beta", "arm_id": "old", "status": "refused", "reason": "no source prints its size"}
    facts = [
        arm | {"fact": "n", "printed": 100, "rebuilt": 100, "difference": 0, "holds": True, "note": ""},
        arm | {"fact": "median", "printed": "inf", "rebuilt": 7.02, "difference": 0, "holds": False, "note": "why"},
        arm | {"fact": "survival at 12", "printed": 0.25, "rebuilt": 0.25, "difference": 0, "holds": True, "note": ""},
    ]
    facts = [
        fact
        | {"kind": fact["fact"].split(" at ")[0], "limit": "", "binding": True, "claim_id": ""}
        | {"time_months": float(fact["fact"].partition(" at ")[2] or "nan")}
        for fact in facts
    ]
    line = {"comparison_id": "one-two", "evidence": "summary", "assumptions": "x", "kind": "patients", "ci_level": 0.95}
    line |= {
        "refused": False,
        "role": "secondary",
        "treatment": "new (ALPHA)",
        "comparator": "old (BETA)",
        "endpoint": "PFS",
    }
    line |= {"population": "all", "n_treatment": 100, "n_comparator": 50, "claim_ids": "", "note": "", "p": 0.03}
    first, difference = "treatment", "difference"
    values = [
        ("Cox (Efron), unadjusted", "HR", 0.44, 0.2, 0.81, "main", "hazard ratio", "ratio", "Cox", None),
        ("restricted mean, unadjusted", "first arm at 12 months", 8.1, 7.5, 8.7, "secondary", "restricted mean", first,
         "Kaplan-Meier", 12),
        ("restricted mean, unadjusted", "difference at 12 months", 2.1, 0.5, 3.7, "secondary", "restricted mean",
         difference, "Kaplan-Meier", 12),
        ("survival at 6, unadjusted", "second arm at 6 months", 0.421, 0.3, 0.5, "secondary", "survival", "comparator",
         "Kaplan-Meier", 6),
        ("log-rank, unadjusted", "z", -2.3, -4.1, -0.5, "test", "z", "", "log-rank", None),
        ("bias needed", "bias needed to change the conclusion", 1.8, None, None, "bias",
         "bias to change the conclusion", "", "", None),
    ]  # fmt: skip
    keys = ("method", "measure", "estimate", "lower", "upper", "role", "quantity", "contrast", "model", "time_months")
    lines = [line | dict(zip(keys, cells, strict=True)) for cells in values]
    lines.append(
        dict.fromkeys(line, "")
        | {
            "comparison_id": "three",
            "kind": "pool",
            "refused": True,
            "evidence": "none",
            "note": "no ratios",
            "variation": "",
        }
        | {"method": "pool", "measure": "none", "role": "main", "quantity": "nothing", "contrast": "", "model": ""}
    )
    sources = [
        ("alpha2020", "Alpha A. A trial", "10.1/x", 2020, "trial", ""),
        ("beta2021", "Beta B", "", 2021, "trial", "abstract"),
    ]
    studies = pd.DataFrame(
        [("alpha", "ALPHA", "single arm", "wet", "alpha2020"), ("beta", "BETA", "randomised", "", "beta2021")],
        columns=["study_id", "acronym", "design", "soil_moisture", "source_id"],
    )
    tables = {
        "sources": pd.DataFrame(sources, columns=["source_id", "citation", "doi", "year", "kind", "read_as"]),
        "studies": studies,
        "endpoints": pd.DataFrame({"endpoint": ["PFS"], "label": ["time to crack"]}),
        "adjudications": pd.DataFrame(
            [("c1", "discrepant", "misprint", "the count", "seen again", "a reader")],
            columns=["check_id", "verdict", "ruling", "affects", "reason", "by"],
        ),
    }
    design = {"label": ["log hazard"], "sides": [1], "events": [59], "events_raw": [58.5], "patients": [71]}
    design |= {"reproduces_events": [False], "reproduces_patients": [False], "misuse": [False]}
    verdict = {"verdict": "discrepant", "words": "No formula gives it.", "claimed": {"events": 64, "patients": 96}}
    verdict |= {"claim_id": "a-3", "questions_for_authors": ["Which formula?"], "verdict_events": "other-method"}
    figures = [
        drawn(folder / "study-alpha", "study-alpha-km-pfs", "reconstruction", "study-alpha"),
        drawn(folder / "study-alpha", "study-alpha-fit-new-all-pfs", "reconstruction", "study-alpha"),
        drawn(folder / "evidence", "audit-overview", "audit", "evidence"),
        drawn(folder / "comparison-one-two", "comparison-one-two-km", "comparisons", "comparison-one-two"),
    ]
    return Results(
        choices=Choices(
            "Cement after frost", "Does cement hold after frost?", ["alpha2020"],
            [plan.comparison(PAIR), plan.comparison(REFUSED)], plan.designs([{"id": "frost", "claim": "a-1"}]), 7, 9
        ),
        tables=tables,
        claims=pd.DataFrame(claims, columns=names),
        checks=pd.DataFrame(checks, columns=[*heads, "explanation"]),
        summary=summary,
        accuracy=pd.DataFrame([rebuilt, refused]),
        facts=pd.DataFrame(facts),
        comparisons=typed_lines(lines),
        folders={"one-two": {"e_values": pd.DataFrame({"of": ["estimate", "nearer limit"], "ratio": [0.44, 0.81],
                 "risk_ratio": [0.5, 0.9], "e_value": [2.9, 1.47]})}},
        designs={"frost": pd.DataFrame(design)},
        verdicts={"frost": verdict},
        figures=pd.DataFrame(figures),
        results=pd.DataFrame({"result_id": ["r"]}),
        files={"data/raw/medians.csv": "0" * 64},
    )  # fmt: skip
