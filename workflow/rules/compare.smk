"""Indirect comparisons, each listed in comparisons.yaml, in batches by the study of their first group; one table of all."""

COMPARISONS = [entry.id for entry in WANTED]
# Comparisons of one study share the reading of its patients, and the fits to them.
BATCHES = batches(WANTED)


for batch, entries in BATCHES.items():

    if bootstrap_parts(entries):

        rule:
            name:
                f"bootstrap_{batch}"
            input:
                patients=expand(
                    "data/processed/patients/{study}.parquet",
                    study=compared_studies(entries),
                ),
                typed=PIECES.of_entries([plan.plain(entry) for entry in entries]),
            output:
                temp(f"data/processed/bootstrap/{batch}/{{part}}.parquet"),
            log:
                f"logs/bootstrap/{batch}/{{part}}.log",
            priority: FIRST
            conda:
                "../../environment.yml"
            params:
                entries=[plan.plain(entry) for entry in entries],
                start=lambda wildcards: DRAWS[int(wildcards.part)].start,
                stop=lambda wildcards: DRAWS[int(wildcards.part)].stop,
                seed=config["seed"],
                code=code("bootstrap"),
            script:
                "../scripts/bootstrap.py"

    rule:
        name:
            f"compare_{batch}"
        input:
            patients=expand(
                "data/processed/patients/{study}.parquet",
                study=compared_studies(entries),
            ),
            drawn=expand(
                f"data/processed/bootstrap/{batch}/{{part}}.parquet",
                part=bootstrap_parts(entries),
            ),
            typed=PIECES.of_entries(
                [plan.plain(entry) for entry in entries], tables_of(entries)
            ),
            again=again(
                f"compare/{batch}",
                *(f"results/comparisons/{entry.id}" for entry in entries),
            ),
        output:
            folders=update(
                [directory(f"results/comparisons/{entry.id}") for entry in entries]
            ),
            done=done(f"compare/{batch}"),
        log:
            f"logs/compare/{batch}.log",
        priority: NEXT + len(entries)
        conda:
            "../../environment.yml"
        params:
            entries=[plan.plain(entry) for entry in entries],
            bootstrap=bootstrap_of(entries),
            code=code("compare"),
        script:
            "../scripts/compare.py"


rule comparisons:
    input:
        folders=expand("results/comparisons/{comparison}", comparison=COMPARISONS),
        again=again("comparisons"),
    output:
        report(
            update("results/comparisons/comparisons.csv"),
            caption="../report/comparisons.rst",
            category="Indirect comparisons",
            labels={"what": "estimates", "format": "CSV"},
        ),
        checklist=update("results/comparisons/checklist.csv"),
        done=done("comparisons"),
    log:
        "logs/comparisons.log",
    conda:
        "../../environment.yml"
    params:
        code=code("comparisons"),
    script:
        "../scripts/comparisons.py"
