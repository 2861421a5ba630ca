"""resurvey: from the numbers papers print to a checked, reproducible comparison. A table of contents."""

from snakemake.utils import min_version

from resurvey.workflow import check_before_loading, closing

min_version("9.27")
check_before_loading()


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/clean.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/digitise.smk"
include: "workflow/rules/reconstruct.smk"
include: "workflow/rules/design.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/draw.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/notebooks.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/bulk.smk"


rule all:
    default_target: True
    input:
        "results/audit/verified.txt",
        "results/report/index.html",
        rules.audit.output.pages,
        NOTEBOOKS,


onsuccess:
    logger.info(closing(), extra={"screen": True})
