"""Single-arm sample-size statements recomputed by every named formula, and what the trial's real course means."""

DESIGNS = {entry["id"]: entry for entry in config["design"]}


def design_patients(wildcards):
    """Rebuilt patients that the foreseen test is carried out on, where the entry names them."""
    group = DESIGNS[wildcards.design].get("patients")
    return [f"data/processed/patients/{group['study']}.parquet"] if group else []


rule design:
    input:
        patients=design_patients,
        # ancient: the digest of the claim's study says what changed.
        raw=ancient(TABLES),
    output:
        table="results/design/{design}.csv",
        verdict="results/design/{design}.json",
    log:
        "logs/design/{design}.log",
    params:
        entry=lambda wildcards: DESIGNS[wildcards.design],
        rows=lambda wildcards: FACTS.of_claims(DESIGNS[wildcards.design]),
        seed=config["seed"],
        code=code("design"),
    script:
        "../scripts/design.py"
