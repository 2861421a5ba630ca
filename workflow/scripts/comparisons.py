"""All estimates in one table, comparison by comparison in the order of the config; and the checklist of guidance."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import results
from resurvey.compare.checklist import checklist
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
folders = [Path(folder) for folder in snakemake.input.folders]
estimates = results.join(results.ESTIMATES, [folder / "estimates.csv" for folder in folders])
kinds = dict(zip(estimates["comparison_id"], estimates["kind"], strict=True))
written = {folder.name: [path.name for path in folder.glob("*.csv")] for folder in folders}
results.write(results.ESTIMATES, estimates, Path(snakemake.output[0]))
results.write(results.CHECKLIST, checklist(written, kinds), Path(snakemake.output.checklist))
