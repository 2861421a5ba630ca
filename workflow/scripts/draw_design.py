"""Draw the check of one sample-size statement."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results
from resurvey.figures.gallery_design import design_drawings
from resurvey.figures.save import save
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
files = snakemake.input
table = results.read(results.DESIGN, Path(files.table))
verdict = json.loads(Path(files.verdict).read_text(encoding="utf-8"))
data = {"table": files.table, "verdict": files.verdict}
save(design_drawings(snakemake.wildcards.design, table, verdict, data), Path(snakemake.output[0]))
