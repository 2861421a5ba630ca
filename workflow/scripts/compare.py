"""Make a batch of comparisons; write the estimates of each and the tables behind them."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, results, tables, typedfiles
from resurvey.compare.bootstrap import Bootstrap, together
from resurvey.compare.carry_out import carry_out
from resurvey.folders import made_anew
from resurvey.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = typedfiles.read(snakemake.input.typed)
patients = {Path(path).stem: tables.read_parquet(Path(path)) for path in snakemake.input.patients}
drawn = [tables.read_parquet(Path(path)) for path in snakemake.input.get("drawn", [])]
ask = Bootstrap(**snakemake.params.bootstrap, drawn=together(drawn) if drawn else None)
entries = [plan.comparison(entry) for entry in snakemake.params.entries]
for entry, target in zip(entries, map(Path, snakemake.output.folders), strict=True):
    made = carry_out(entry, typed, patients, ask)
    with made_anew(target) as folder:
        results.write(results.ESTIMATES, made.rows(), folder / "estimates.csv")
        for name, table in made.tables.items():
            results.write(results.COMPARISON[name], table, folder / f"{name}.csv")
