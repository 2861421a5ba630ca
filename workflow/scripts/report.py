"""The report: one HTML file, the same as DOCX and PDF, and the run's record (RO-Crate)."""

from pathlib import Path
from typing import TYPE_CHECKING

from resurvey import plan, writing
from resurvey.conclusions import Conclusion
from resurvey.logs import log_to
from resurvey.report.all_formats import record, report
from resurvey.report.editions import write_editions
from resurvey.report.inputs import Choices

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log_to(snakemake.log[0])
params, output = snakemake.params, snakemake.output
choices = Choices(
    title=params.report["title"],
    question=params.report["question"],
    pages=params.pages,
    comparisons=[plan.comparison(entry) for entry in params.comparisons],
    designs=plan.designs(params.designs),
    seed=params.seed,
    replicates=params.replicates,
    conclusions=[Conclusion(**entry) for entry in params.report.get("conclusions", ())],
    notebooks=params.notebooks,
    appendix=params.report.get("appendix", "none"),
    templates=Path(params.report.get("templates", "report/templates")),
)
checked = [Path(path) for path in snakemake.input if path.endswith((".csv", ".json", ".md"))]
places = {kind: Path(output[kind]) for kind in ("xlsx", "docx", "html", "library", "rows", "pdf")}
made = write_editions(report(snakemake.input, choices, checked, places["html"].parent), places, Path(output.failed))
if output.get("crate"):
    # The record names the workflow by a copy inside its own folder.
    writing.write_bytes(Path(snakemake.input.snakefile).read_bytes(), Path(output.snakefile))
    writing.write_text(
        record(choices, [*checked, *made], Path(output.crate), Path(output.snakefile)), Path(output.crate)
    )
