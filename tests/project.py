"""A small, correct set of tables that tests change."""

import csv
from pathlib import Path

from resurvey.schema import TABLES
from resurvey.tables import file_of

Rows = dict[str, list[dict[str, str]]]


def claim(number: str, **cells: str) -> dict[str, str]:
    """A claim about the study alpha, read in its own report."""
    base = {"source_id": "alpha2020", "locator": "Results, par. 1", "study_id": "alpha", "population": "all"}
    return {"claim_id": f"alpha2020-{number}", **base, **cells}


def small_tables() -> Rows:
    """Rows by table; columns left out are empty."""
    pfs = {"endpoint": "PFS", "unit": "months"}
    return {
        "sources": [{"source_id": "alpha2020", "citation": "Alpha A. A trial. 2020", "year": "2020", "kind": "trial"}],
        "studies": [{"study_id": "alpha", "acronym": "ALPHA", "design": "randomised", "source_id": "alpha2020"}],
        "treatments": [
            {"treatment_id": "new", "label": "new drug", "components": "new", "classes": "x"},
            {"treatment_id": "old", "label": "old drug", "components": "old", "classes": "x"},
        ],
        "endpoints": [
            {
                "endpoint": "PFS",
                "label": "progression-free survival",
                "family": "time_to_event",
                "clock_start": "entry",
            },
            {"endpoint": "OS", "label": "overall survival", "family": "time_to_event", "clock_start": "entry"},
            {"endpoint": "ORR", "label": "objective response rate", "family": "response"},
        ],
        "arms": [
            claim("arm-001", arm_id="new", treatment_id="new", n="100"),
            claim("arm-002", arm_id="old", treatment_id="old", n="98"),
        ],
        "medians": [
            claim("med-001", arm_id="new", value="11.80", lower="8.4", upper="15.1", ci_level="95", events="66", **pfs),
            claim("med-002", arm_id="old", value="6.9", lower="5.1", upper="8.4", ci_level="95", events="81", **pfs),
            claim(
                "med-003",
                arm_id="new",
                endpoint="OS",
                unit="days",
                value="610",
                lower="585",
                upper="663",
                ci_level="95",
            ),
            claim("med-004", arm_id="old", endpoint="OS", unit="months", value="NR"),
        ],
        "survival_rates": [
            claim("rate-001", arm_id="new", endpoint="PFS", time="6", time_unit="months", value="72.0", unit="%"),
        ],
        "hazard_ratios": [
            claim(
                "hr-001",
                arm_id="new",
                comparator_arm_id="old",
                endpoint="PFS",
                measure="HR",
                value="0.55",
                lower="0.39",
                upper="0.77",
                ci_level="95",
                p="<0.001",
            ),
        ],
        "proportions": [
            claim("prop-001", arm_id="new", kind="response", item="CR", n="21", total="100", percent="21.0"),
            claim("prop-002", arm_id="old", kind="response", item="CR", n="9", total="98", percent="9.2"),
        ],
        "follow_up": [
            claim(
                "fu-001",
                item="follow-up",
                statistic="median",
                value="20.1",
                range_lower="1.3",
                range_upper="38.2",
                unit="months",
            ),
        ],
    }


def write_tables(rows: Rows, folder: Path) -> None:
    """Write all tables (those without rows as a header) into a folder."""
    for name, table in TABLES.items():
        path = folder / file_of(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, table.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.get(name, []))


CONFIG = """\
raw: data/raw
seed: 7
audit:
  pages: [alpha2020]
reconstruction:
  studies: [alpha]
  replicates: 20
  partitions: {}
design: []
comparisons: comparisons.yaml
report:
  title: A small project
  question: Does the machinery run?
"""

COMPARISONS = """\
comparisons:
  - id: alpha-new-old
    kind: patients
    question: New drug against old drug
    treatment: {study: alpha, arm: new, population: all, endpoint: PFS, data_cut: ""}
    comparator: {study: alpha, arm: old, population: all, endpoint: PFS, data_cut: ""}
    landmarks: [6]
    printed: [alpha2020-hr-001]
    assumptions: [they were randomised against each other]
  - id: alpha-pooled
    kind: pool
    question: The printed ratio by itself
    claims: [alpha2020-hr-001]
    assumptions: [there is one ratio]
"""


def write_project(folder: Path, rows: Rows | None = None) -> Path:
    """A project of one study that runs by itself."""
    write_tables(small_tables() if rows is None else rows, folder / "data/raw")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "comparisons.yaml").write_text(COMPARISONS, encoding="utf-8")
    return folder
