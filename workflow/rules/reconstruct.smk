"""Patients behind every arm: a job a study (several by blocks, or a job for several), rerun when a row of it changes."""

if len(SHARES) == 1 and not TOGETHER:

    rule reconstruct:
        input:
            typed=lambda wildcards: PIECES.of_patients(wildcards.study),
            curves=lambda wildcards: PIECES.of_curves(wildcards.study),
            shapes=SHAPES,
            collection=lambda wildcards: collection(wildcards.study),
            figures=lambda wildcards: figures(wildcards.study),
            again=lambda wildcards: again(f"reconstruct/{wildcards.study}"),
        output:
            patients=update(["data/processed/patients/{study}.parquet"]),
            accuracy=update(["results/reconstruction/{study}/accuracy.csv"]),
            facts=update(["results/reconstruction/{study}/facts.csv"]),
            curves=update(["results/reconstruction/{study}/curves.csv"]),
            done=done("reconstruct/{study}"),
        log:
            "logs/reconstruct/{study}.log",
        priority: FIRST
        conda:
            "../../environment.yml"
        params:
            studies=lambda wildcards: [wildcards.study],
            read=lambda wildcards: rebuilding([wildcards.study]),
            replicates=config["reconstruction"]["replicates"],
            more=config["reconstruction"].get("more_replicates", 0),
            block=BLOCK_SIZE,
            kmdata=KMDATA,
            kinds=KINDS,
            seed=config["seed"],
            code=code("reconstruct"),
        script:
            "../scripts/reconstruct.py"

elif len(SHARES) == 1:

    for batch, studies in STUDY_BATCHES.items():

        # In a loop, because a step has the files of several studies as its output, which no wildcard can stand for.
        rule:
            name:
                f"reconstruct_{batch}"
            input:
                typed=flat(PIECES.of_patients(study) for study in studies),
                curves=flat(PIECES.of_curves(study) for study in studies),
                shapes=SHAPES,
                collection=flat(collection(study) for study in studies),
                figures=flat(figures(study) for study in studies),
                again=again(f"reconstruct/{batch}"),
            output:
                patients=update(
                    each(studies, "data/processed/patients/{study}.parquet")
                ),
                accuracy=update(
                    each(studies, "results/reconstruction/{study}/accuracy.csv")
                ),
                facts=update(each(studies, "results/reconstruction/{study}/facts.csv")),
                curves=update(
                    each(studies, "results/reconstruction/{study}/curves.csv")
                ),
                done=done(f"reconstruct/{batch}"),
            log:
                f"logs/reconstruct/{batch}.log",
            priority: FIRST
            conda:
                "../../environment.yml"
            params:
                studies=studies,
                read=rebuilding(studies),
                replicates=config["reconstruction"]["replicates"],
                more=config["reconstruction"].get("more_replicates", 0),
                block=BLOCK_SIZE,
                kmdata=KMDATA,
                kinds=KINDS,
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
            typed=lambda wildcards: PIECES.of_patients(wildcards.study),
            curves=lambda wildcards: PIECES.of_curves(wildcards.study),
            shapes=SHAPES,
            collection=lambda wildcards: collection(wildcards.study),
            figures=lambda wildcards: figures(wildcards.study),
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
            replicates=config["reconstruction"]["replicates"],
            block=BLOCK_SIZE,
            more=config["reconstruction"].get("more_replicates", 0),
            partitions=lambda wildcards: partitions(wildcards.study),
            kmdata=KMDATA,
            kinds=KINDS,
            collection=lambda wildcards: gate.fingerprint(collection(wildcards.study)),
            seed=config["seed"],
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


# Studies with a digitised curve: what their printed numbers alone make of the same arms is set beside it.
CURVE_STUDIES = sorted(study for study, files in PIECES.curves.items() if files)


if CURVE_STUDIES:

    rule beside_curves:
        input:
            typed=flat(PIECES.of_patients(study) for study in CURVE_STUDIES),
            curves=flat(PIECES.of_curves(study) for study in CURVE_STUDIES),
            shapes=SHAPES,
            figures=flat(figures(study) for study in CURVE_STUDIES),
            again=again("beside_curves"),
        output:
            update("results/reconstruction/beside_curves.csv"),
            done=done("beside_curves"),
        log:
            "logs/beside_curves.log",
        priority: LAST
        conda:
            "../../environment.yml"
        params:
            studies=CURVE_STUDIES,
            pieces=[PIECES.of_patients(study) for study in CURVE_STUDIES],
            curves=[PIECES.of_curves(study) for study in CURVE_STUDIES],
            # whether an interval holds a ratio, and an error to two digits, ask for no more
            replicates=min(config["reconstruction"]["replicates"], 100),
            kinds=KINDS,
            seed=config["seed"],
            code=code("beside_curves"),
        script:
            "../scripts/beside_curves.py"
