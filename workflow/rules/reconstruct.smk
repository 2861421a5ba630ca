"""Patients behind every arm: one job a study (or several, by blocks), rerun when, and only when, a row about it changes."""

if len(SHARES) == 1:

    rule reconstruct:
        input:
            typed=lambda wildcards: PIECES.of_patients(wildcards.study),
            curves=lambda wildcards: PIECES.of_curves(wildcards.study),
            shapes=SHAPES,
            collection=lambda wildcards: collection(wildcards.study),
            figures=lambda wildcards: figures(wildcards.study),
            again=lambda wildcards: again(f"reconstruct/{wildcards.study}"),
        output:
            patients=update("data/processed/patients/{study}.parquet"),
            accuracy=update("results/reconstruction/{study}/accuracy.csv"),
            facts=update("results/reconstruction/{study}/facts.csv"),
            curves=update("results/reconstruction/{study}/curves.csv"),
            done=done("reconstruct/{study}"),
        log:
            "logs/reconstruct/{study}.log",
        priority: FIRST
        conda:
            "../../environment.yml"
        params:
            replicates=config["reconstruction"]["replicates"],
            block=BLOCK_SIZE,
            partitions=lambda wildcards: partitions(wildcards.study),
            kmdata=KMDATA,
            kinds=KINDS,
            # also where an older file was put in the place of another
            collection=lambda wildcards: gate.fingerprint(collection(wildcards.study)),
            seed=config["seed"],
            code=code("reconstruct"),
        script:
            "../scripts/reconstruct.py"

else:

    rule reconstruct_blocks:
        input:
            typed=lambda wildcards: PIECES.of_patients(wildcards.study),
            curves=lambda wildcards: PIECES.of_curves(wildcards.study),
            shapes=SHAPES,
            collection=lambda wildcards: collection(wildcards.study),
            figures=lambda wildcards: figures(wildcards.study),
        output:
            patients=temp("data/processed/blocks/{study}/{part}/patients.parquet"),
            accuracy=temp("data/processed/blocks/{study}/{part}/accuracy.parquet"),
            facts=temp("data/processed/blocks/{study}/{part}/facts.parquet"),
        log:
            "logs/reconstruct_blocks/{study}/{part}.log",
        priority: FIRST
        conda:
            "../../environment.yml"
        params:
            replicates=config["reconstruction"]["replicates"],
            block=BLOCK_SIZE,
            which=lambda wildcards: list(SHARES[int(wildcards.part)]),
            partitions=lambda wildcards: partitions(wildcards.study),
            kmdata=KMDATA,
            kinds=KINDS,
            # also where an older file was put in the place of another
            collection=lambda wildcards: gate.fingerprint(collection(wildcards.study)),
            seed=config["seed"],
            code=code("reconstruct_blocks"),
        script:
            "../scripts/reconstruct_blocks.py"

    rule join_blocks:
        input:
            patients=parts("patients"),
            accuracy=parts("accuracy"),
            facts=parts("facts"),
            again=lambda wildcards: again(f"join_blocks/{wildcards.study}"),
        output:
            patients=update("data/processed/patients/{study}.parquet"),
            accuracy=update("results/reconstruction/{study}/accuracy.csv"),
            facts=update("results/reconstruction/{study}/facts.csv"),
            curves=update("results/reconstruction/{study}/curves.csv"),
            done=done("join_blocks/{study}"),
        log:
            "logs/join_blocks/{study}.log",
        priority: FIRST
        conda:
            "../../environment.yml"
        params:
            code=code("join_blocks"),
        script:
            "../scripts/join_blocks.py"


rule accuracy:
    input:
        accuracy=expand("results/reconstruction/{study}/accuracy.csv", study=REBUILT),
        facts=expand("results/reconstruction/{study}/facts.csv", study=REBUILT),
        again=again("accuracy"),
    output:
        accuracy=report(
            update("results/reconstruction/accuracy.csv"),
            caption="../report/reconstruction.rst",
            category="Reconstruction",
            labels={"what": "accuracy", "format": "CSV"},
        ),
        facts=update("results/reconstruction/facts.csv"),
        done=done("accuracy"),
    log:
        "logs/accuracy.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        code=code("accuracy"),
    script:
        "../scripts/accuracy.py"
