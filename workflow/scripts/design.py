"""Recompute one printed sample size by every named formula, judge it, and lay the trial's real course beside it."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, results, tables, typedfiles
from resurvey.compare.patients import group_of
from resurvey.design.assess import assess
from resurvey.logs import log_to
from resurvey.seeds import generator

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
[check] = plan.designs([snakemake.params.entry])
typed = typedfiles.read(snakemake.input.typed)
patients = {Path(path).stem: tables.read_parquet(Path(path)) for path in snakemake.input.patients}
group = group_of(patients, check.patients) if check.patients else None
made = assess(typed, check, group, generator(snakemake.params.seed, "design", check.id))
results.write(results.DESIGN, made.table, Path(snakemake.output.table))
tables.write_json(made.verdict, Path(snakemake.output.verdict))
