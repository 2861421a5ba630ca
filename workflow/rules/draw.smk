"""Figures: one folder a study, a comparison or a stage, each with figures.csv (title, caption, alternative text)."""


rule draw_study:
    input:
        curves="results/reconstruction/{study}/curves.csv",
        facts="results/reconstruction/{study}/facts.csv",
        accuracy="results/reconstruction/{study}/accuracy.csv",
        patients="data/processed/patients/{study}.parquet",
        labels=PIECES.labels(),
        whole=lambda wildcards: whole(f"results/figures/study-{wildcards.study}"),
    output:
        directory("results/figures/study-{study}"),
    log:
        "logs/draw_study/{study}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("draw_study"),
    script:
        "../scripts/draw_study.py"


for batch, entries in BATCHES.items():

    rule:
        name:
            f"draw_comparisons_{batch}"
        input:
            comparisons=[f"results/comparisons/{entry.id}" for entry in entries],
            labels=PIECES.labels(),
            whole=whole(
                *(f"results/figures/comparison-{entry.id}" for entry in entries)
            ),
        output:
            [directory(f"results/figures/comparison-{entry.id}") for entry in entries],
        log:
            f"logs/draw_comparisons/{batch}.log",
        priority: LAST + len(entries)
        conda:
            "../../environment.yml"
        params:
            entries=[plan.plain(entry) for entry in entries],
            code=code("draw_comparison"),
        script:
            "../scripts/draw_comparison.py"


rule draw_design:
    input:
        table="results/design/{design}.csv",
        verdict="results/design/{design}.json",
        whole=lambda wildcards: whole(f"results/figures/design-{wildcards.design}"),
    output:
        directory("results/figures/design-{design}"),
    log:
        "logs/draw_design/{design}.log",
    conda:
        "../../environment.yml"
    params:
        code=code("draw_design"),
    script:
        "../scripts/draw_design.py"


rule draw_evidence:
    input:
        checks="results/audit/checks.csv",
        typed=PIECES.whole(TABLE_NAMES),
        whole=whole("results/figures/evidence"),
    output:
        directory("results/figures/evidence"),
    log:
        "logs/draw_evidence.log",
    priority: LAST
    conda:
        "../../environment.yml"
    params:
        pages=AUDITED,
        # Where a reader finds the data behind a figure.
        tables=expand("data/processed/{table}.csv", table=TABLE_NAMES),
        code=code("draw_evidence"),
    script:
        "../scripts/draw_evidence.py"


rule draw_overview:
    input:
        comparisons="results/comparisons/comparisons.csv",
        labels=PIECES.labels(),
        whole=whole("results/figures/overview"),
    output:
        directory("results/figures/overview"),
    log:
        "logs/draw_overview.log",
    conda:
        "../../environment.yml"
    params:
        code=code("draw_overview"),
    script:
        "../scripts/draw_overview.py"


FIGURES = [
    *expand("results/figures/study-{study}", study=REBUILT),
    *expand("results/figures/comparison-{comparison}", comparison=COMPARISONS),
    *expand("results/figures/design-{design}", design=DESIGNS),
    "results/figures/evidence",
    "results/figures/overview",
]
