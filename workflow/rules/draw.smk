"""Figures: one folder a study, a comparison or a stage, each with figures.csv (title, caption, alternative text)."""

STUDY_FIGURES = expand("results/figures/study-{study}", study=REBUILT)
DESIGN_FIGURES = expand("results/figures/design-{design}", design=DESIGNS)


if not TOGETHER:

    rule draw_study:
        input:
            curves=["results/reconstruction/{study}/curves.csv"],
            facts=["results/reconstruction/{study}/facts.csv"],
            accuracy=["results/reconstruction/{study}/accuracy.csv"],
            patients=["data/processed/patients/{study}.parquet"],
            labels=lambda wildcards: PIECES.labels_of([wildcards.study]),
            again=lambda wildcards: again(
                f"draw_study/{wildcards.study}",
                f"results/figures/study-{wildcards.study}",
            ),
        output:
            folders=update([directory("results/figures/study-{study}")]),
            done=done("draw_study/{study}"),
        log:
            "logs/draw_study/{study}.log",
        priority: LAST
        conda:
            "../../environment.yml"
        params:
            labels=lambda wildcards: [PIECES.labels_of([wildcards.study])],
            code=code("draw_study"),
        script:
            "../scripts/draw_study.py"

else:

    for batch, studies in STUDY_BATCHES.items():

        rule:
            name:
                f"draw_study_{batch}"
            input:
                curves=each(studies, "results/reconstruction/{study}/curves.csv"),
                facts=each(studies, "results/reconstruction/{study}/facts.csv"),
                accuracy=each(studies, "results/reconstruction/{study}/accuracy.csv"),
                patients=each(studies, "data/processed/patients/{study}.parquet"),
                labels=PIECES.labels_of(studies),
                again=again(
                    f"draw_study/{batch}",
                    *each(studies, "results/figures/study-{study}"),
                ),
            output:
                folders=update(
                    [directory(f"results/figures/study-{study}") for study in studies]
                ),
                done=done(f"draw_study/{batch}"),
            log:
                f"logs/draw_study/{batch}.log",
            priority: LAST
            conda:
                "../../environment.yml"
            params:
                labels=[PIECES.labels_of([study]) for study in studies],
                code=code("draw_study"),
            script:
                "../scripts/draw_study.py"


# In a loop, because a step has the folders of several comparisons as its output, which no wildcard can stand for.
for batch, entries in BATCHES.items():

    rule:
        name:
            f"draw_comparisons_{batch}"
        input:
            comparisons=[f"results/comparisons/{entry.id}" for entry in entries],
            labels=PIECES.labels_of(PIECES.studies_of(plain(entries))),
            again=again(
                f"draw_comparisons/{batch}",
                *(f"results/figures/comparison-{entry.id}" for entry in entries),
            ),
        output:
            folders=update(
                [
                    directory(f"results/figures/comparison-{entry.id}")
                    for entry in entries
                ]
            ),
            done=done(f"draw_comparisons/{batch}"),
        log:
            f"logs/draw_comparisons/{batch}.log",
        priority: LAST + len(entries)
        conda:
            "../../environment.yml"
        params:
            entries=plain(entries),
            shown=config["report"].get("curves", {}),
            code=code("draw_comparison"),
        script:
            "../scripts/draw_comparison.py"


rule draw_evidence:
    input:
        checks="results/audit/checks.csv",
        designs=expand("results/design/{design}.csv", design=DESIGNS),
        verdicts=expand("results/design/{design}.json", design=DESIGNS),
        typed=PIECES.whole(TABLE_NAMES),
        again=again("draw_evidence", "results/figures/evidence", *DESIGN_FIGURES),
    output:
        evidence=update(directory("results/figures/evidence")),
        designs=update([directory(folder) for folder in DESIGN_FIGURES]),
        done=done("draw_evidence"),
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
        curves=expand("results/reconstruction/{study}/curves.csv", study=REBUILT),
        facts="results/reconstruction/facts.csv",
        accuracy="results/reconstruction/accuracy.csv",
        # what each comparison rests on, and the findings that bear on it
        checks="results/audit/checks.csv",
        typed=PIECES.whole(["studies", "hazard_ratios", "p_values", "statements"]),
        labels=PIECES.labels(),
        again=again("draw_overview", "results/figures/overview"),
    output:
        update(directory("results/figures/overview")),
        done=done("draw_overview"),
    log:
        "logs/draw_overview.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        comparisons=plain(WANTED),
        code=code("draw_overview"),
    script:
        "../scripts/draw_overview.py"


FIGURES = [
    *STUDY_FIGURES,
    *expand("results/figures/comparison-{comparison}", comparison=COMPARISONS),
    *DESIGN_FIGURES,
    "results/figures/evidence",
    "results/figures/overview",
]
