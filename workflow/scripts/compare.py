"""Make a batch of comparisons; write the estimates of each and the tables behind them."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, results, tables, typedfiles
from resurvey.compare.bootstrap import Bootstrap, together
from resurvey.compare.enough_replicates import carry_out_with_enough
from resurvey.folders import made_anew
from resurvey.logs import log_to
from resurvey.reconstruct.longer import Longer

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
typed = typedfiles.read(snakemake.input.typed)
patients = {Path(path).stem: tables.read_parquet(Path(path)) for path in snakemake.input.patients}
drawn = [tables.read_parquet(Path(path)) for path in snakemake.input.get("drawn", [])]
ask = Bootstrap(**snakemake.params.bootstrap, drawn=together(drawn) if drawn else None)
longer = Longer(**snakemake.params.longer)
entries = [plan.comparison(entry) for entry in snakemake.params.entries]
for entry, target in zip(entries, map(Path, snakemake.output.folders), strict=True):
    made = carry_out_with_enough(entry, typed, patients, ask, most=snakemake.params.most, longer=longer.patients)
    with made_anew(target) as folder:
        results.write(results.ESTIMATES, made.rows(), folder / "estimates.csv")
        for name, table in made.tables.items():
            results.write(results.COMPARISON[name], table, folder / f"{name}.csv")
