"""Single-arm sample-size statements recomputed by every named formula, and what the trial's real course means."""

DESIGNS = {check.id: check for check in PLAN.designs}
# The trial's real course is looked for among all medians of the study.
DESIGN_TABLES = ("medians",)


rule design:
    input:
        patients=lambda wildcards: design_patients(DESIGNS[wildcards.design]),
        typed=lambda wildcards: PIECES.of_entries(
            plan.plain(DESIGNS[wildcards.design]), DESIGN_TABLES
        ),
        again=lambda wildcards: again(f"design/{wildcards.design}"),
    output:
        table=report(
            update("results/design/{design}.csv"),
            caption="../report/design.rst",
            category="Sample size",
            labels={"what": "methods", "format": "CSV"},
        ),
        verdict=update("results/design/{design}.json"),
        done=done("design/{design}"),
    log:
        "logs/design/{design}.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: plan.plain(DESIGNS[wildcards.design]),
        seed=config["seed"],
        code=code("design"),
    script:
        "../scripts/design.py"
