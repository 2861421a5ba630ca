"""Indirect comparisons, each listed in config.yaml; one job a comparison, all of them in one table."""

COMPARISONS = {entry["id"]: entry for entry in config["comparisons"]}


def compared_studies(wildcards):
    """Patients of the studies that a comparison names; none where it rests on printed numbers alone."""
    entry = COMPARISONS[wildcards.comparison]
    studies = [entry[side]["study"] for side in ("treatment", "comparator") if entry["kind"] == "patients"]
    return [f"data/processed/patients/{study}.parquet" for study in dict.fromkeys(studies)]


rule compare:
    input:
        patients=compared_studies,
        # ancient: the digests of the rows about the compared studies say what changed.
        raw=ancient(TABLES),
    output:
        directory("results/comparisons/{comparison}"),
    log:
        "logs/compare/{comparison}.log",
    params:
        entry=lambda wildcards: COMPARISONS[wildcards.comparison],
        rows=lambda wildcards: FACTS.of_claims(COMPARISONS[wildcards.comparison]),
        seed=config["seed"],
        code=code("compare"),
    script:
        "../scripts/compare.py"


rule comparisons:
    input:
        expand("results/comparisons/{comparison}", comparison=COMPARISONS),
    output:
        "results/comparisons/comparisons.csv",
    log:
        "logs/comparisons.log",
    params:
        code=code("comparisons"),
    script:
        "../scripts/comparisons.py"
