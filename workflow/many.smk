"""Many papers read, or many figures digitised, in batches; a folder is all that it needs.

snakemake --snakefile workflow/many.smk --config papers=FOLDER figures=FOLDER into=FOLDER size=25

A file that cannot be read is a row with its reason. What a batch writes does not depend on how many share it.
"""

import sys
from pathlib import Path

from resurvey import provenance
from resurvey.errors import ResurveyError
from resurvey.many import Files
from resurvey.workflow import begin, folder as workflow_folder

INTO = config.get("into", "many")
KINDS = [kind for kind in ("papers", "figures") if config.get(kind)]
SCRIPTS = workflow_folder() / "workflow/scripts"

try:
    if workflow.is_main_process:
        RUN = begin(logger.warning, [Path(INTO)])
        RUN.share()
    FILES = {
        kind: Files.of(kind, Path(config[kind]), int(config.get("size", 25)))
        for kind in KINDS
    }
    if not FILES:
        raise ResurveyError(
            "say what to read: --config papers=FOLDER, figures=FOLDER or both"
        )
except (ResurveyError, ValueError) as error:
    sys.exit(f"\n{error}\n")


wildcard_constraints:
    kind="papers|figures",
    batch=r"\d+",


rule all:
    default_target: True
    input:
        expand(f"{INTO}/{{kind}}.csv", kind=KINDS),


rule batch:
    input:
        lambda wildcards: FILES[wildcards.kind].batches[wildcards.batch],
    output:
        folder=directory(f"{INTO}/{{kind}}/{{batch}}"),
    log:
        "logs/many/{kind}/{batch}.log",
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        names=lambda wildcards: FILES[wildcards.kind].names_of(wildcards.batch),
        code=provenance.source_digest(SCRIPTS / "many.py"),
    script:
        "scripts/many.py"


rule gather:
    input:
        lambda wildcards: expand(
            f"{INTO}/{wildcards.kind}/{{batch}}",
            batch=FILES[wildcards.kind].batches,
        ),
    output:
        f"{INTO}/{{kind}}.csv",
    log:
        "logs/many/{kind}.log",
    params:
        code=provenance.source_digest(SCRIPTS / "gather.py"),
    script:
        "scripts/gather.py"
