"""Execute the notebooks against the results and write their HTML copies and the executed notebooks."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey.logs import log_to
from resurvey.report import narrate, notebooks  # noqa: F401 - what notebooks read with belongs to the rule's fingerprint

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
own, made = Path(snakemake.params.templates), Path(snakemake.output.html[0]).parent
notebooks.publish([Path(path) for path in snakemake.input.notebooks], Path.cwd(), made, own)
