"""Execute the notebooks against the results and write their HTML copies and the executed notebooks."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import tables
from resurvey.logs import log_to
from resurvey.report import narrate, notebooks  # noqa: F401 - what notebooks read with belongs to the rule's fingerprint

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
paths = [Path(path) for path in snakemake.input.notebooks]
for path, notebook in zip(paths, notebooks.execute(paths, Path.cwd()), strict=True):
    folder = Path(snakemake.output.html[0]).parent
    tables.write_text(notebooks.page(notebook, path.stem), folder / f"{path.stem}.html")
    tables.write_text(notebooks.source(notebook), folder / f"{path.stem}.ipynb")
