"""Draw the audit, what the documents say (trials, harms, dates), and the check of each sample-size statement."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import clean, results, typedfiles
from resurvey.figures.gallery_design import design_drawings
from resurvey.figures.gallery_evidence import evidence_drawings
from resurvey.figures.save import save
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files, output = snakemake.input, snakemake.output
typed = typedfiles.read(files.typed)
checks = results.read(results.CHECKS, Path(files.checks))
data = {"checks": files.checks} | {Path(path).stem: path for path in snakemake.params.tables}
save(evidence_drawings(checks, clean.claims(typed), typed, snakemake.params.pages, data), Path(output.evidence))
for table, verdict, folder in zip(files.designs, files.verdicts, output.designs, strict=True):
    design = results.read(results.DESIGN, Path(table))
    said = json.loads(Path(verdict).read_text(encoding="utf-8"))
    save(design_drawings(Path(table).stem, design, said, {"table": table, "verdict": verdict}), Path(folder))
