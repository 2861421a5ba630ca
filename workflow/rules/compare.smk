"""Indirect comparisons, each listed in comparisons.yaml, in batches by the study of their first group; one table of all."""

COMPARISONS = [entry.id for entry in WANTED]
# Comparisons of one study share the reading of its patients, and the fits to them.
BATCHES = batches(WANTED)


rule bootstrap:
    input:
        patients=lambda wildcards: expand(
            "data/processed/patients/{study}.parquet",
            study=compared_studies(BATCHES[wildcards.batch]),
        ),
        typed=lambda wildcards: PIECES.of_entries(plain(BATCHES[wildcards.batch])),
    output:
        temp("data/processed/bootstrap/{batch}/{part}.parquet"),
    log:
        "logs/bootstrap/{batch}/{part}.log",
    priority: FIRST
    conda:
        "../../environment.yml"
    params:
        entries=lambda wildcards: plain(BATCHES[wildcards.batch]),
        start=lambda wildcards: DRAWS[int(wildcards.part)].start,
        stop=lambda wildcards: DRAWS[int(wildcards.part)].stop,
        seed=config["seed"],
        code=code("bootstrap"),
    script:
        "../scripts/bootstrap.py"


# In a loop, because a step has the folders of several comparisons as its output, which no wildcard can stand for. A
# step a comparison would be a rule with a wildcard, and start 27 times what takes a second to start.
for batch, entries in BATCHES.items():

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
            typed=PIECES.of_entries(plain(entries), tables_of(entries)),
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
            entries=plain(entries),
            bootstrap=bootstrap_of(entries),
            longer=longer(entries),
            most=config["reconstruction"]["replicates"]
            + config["reconstruction"].get("more_replicates", 0),
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
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        code=code("comparisons"),
    script:
        "../scripts/comparisons.py"
