"""Patients behind every arm: one job a study, rerun when, and only when, a row about that study changes."""


rule reconstruct:
    input:
        # ancient: the digest of this study's rows below says what changed; a new row elsewhere is none of its business.
        raw=ancient(TABLES),
    output:
        patients="data/processed/patients/{study}.parquet",
        accuracy="results/reconstruction/{study}/accuracy.csv",
        facts="results/reconstruction/{study}/facts.csv",
        curves="results/reconstruction/{study}/curves.csv",
    log:
        "logs/reconstruct/{study}.log",
    conda:
        "../../environment.yml"
    params:
        rows=lambda wildcards: FACTS.of(wildcards.study),
        replicates=config["reconstruction"]["replicates"],
        partitions=lambda wildcards: config["reconstruction"]["partitions"].get(
            wildcards.study, []
        ),
        kmdata=KMDATA,
        seed=config["seed"],
        code=code("reconstruct"),
    script:
        "../scripts/reconstruct.py"


rule accuracy:
    input:
        accuracy=expand("results/reconstruction/{study}/accuracy.csv", study=REBUILT),
        facts=expand("results/reconstruction/{study}/facts.csv", study=REBUILT),
    output:
        accuracy=report(
            "results/reconstruction/accuracy.csv",
            caption="../report/reconstruction.rst",
            category="Reconstruction",
            labels={"what": "accuracy", "format": "CSV"},
        ),
        facts="results/reconstruction/facts.csv",
    log:
        "logs/accuracy.log",
    conda:
        "../../environment.yml"
    params:
        code=code("accuracy"),
    script:
        "../scripts/accuracy.py"
