"""Make one comparison of the config, and write its estimates and the tables behind them."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.compare.plan import carry_out

from resurvey import clean, tables
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = clean.tidy(tables.read_raw(Path(snakemake.input.raw[0]).parent))
patients = {Path(path).stem: tables.read_parquet(Path(path)) for path in snakemake.input.patients}
made = carry_out(snakemake.params.entry, typed, patients, seed=snakemake.params.seed)
folder = Path(snakemake.output[0])
tables.write_csv(made.rows(), folder / "estimates.csv")
for name, table in made.tables.items():
    tables.write_csv(table, folder / f"{name}.csv")
