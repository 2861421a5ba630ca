"""What a person reads: one HTML page, the same as DOCX and PDF, every number in one table, and the run's own record."""

RESULTS = {
    "claims": "data/processed/claims.csv",
    "checks": "results/audit/checks.csv",
    "summary": "results/audit/summary.csv",
    "accuracy": "results/reconstruction/accuracy.csv",
    "facts": "results/reconstruction/facts.csv",
    # of a project with digitised curves
    "beside_curves": rules.beside_curves.output[0] if CURVE_STUDIES else [],
    "comparisons": "results/comparisons/comparisons.csv",
    "tables": expand("data/processed/{table}.csv", table=TABLE_NAMES),
    "designs": expand("results/design/{design}.csv", design=DESIGNS),
    "verdicts": expand("results/design/{design}.json", design=DESIGNS),
    "folders": expand("results/comparisons/{comparison}", comparison=COMPARISONS),
}


# Templates of the project's own, which go before those of the package.
REPORT_TEMPLATES = [str(path) for path in own_files.templates(config, Path())]


rule analysis_results:
    input:
        **{
            name: RESULTS[name]
            for name in ("summary", "accuracy", "comparisons", "designs")
        },
        again=again("analysis_results"),
    output:
        report(
            update("results/analysis_results.csv"),
            caption="../report/analysis_results.rst",
            category="Provenance",
            labels={"what": "every result", "format": "CSV"},
        ),
        done=done("analysis_results"),
    log:
        "logs/analysis_results.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        code=code("analysis_results"),
    script:
        "../scripts/analysis_results.py"


rule report:
    input:
        **RESULTS,
        figures=FIGURES,
        results="results/analysis_results.csv",
        snakefile=str(workflow_folder() / "Snakefile"),
        templates=REPORT_TEMPLATES,
        # for the checksums of the record
        raw=TABLES,
        again=again("report", failed="results/workflow/not_made.csv"),
    output:
        html=report(
            update("results/report/index.html"),
            caption="../report/report.rst",
            category="Report",
            labels={"what": "report", "format": "HTML"},
        ),
        # the searchable table of the page
        library=update("results/report/tables.js"),
        # the further rows of its long tables
        rows=update("results/report/rows.js"),
        docx=update("results/report/resurvey.docx"),
        pdf=update("results/report/resurvey.pdf"),
        xlsx=update("results/report/resurvey.xlsx"),
        crate=update("results/ro-crate-metadata.json"),
        snakefile=update("results/workflow/Snakefile"),
        # editions that could not be made, why, and what lies in their place
        failed=update("results/workflow/not_made.csv"),
        done=done("report"),
    log:
        "logs/report.log",
    conda:
        "../../environment.yml"
    params:
        report=config["report"],
        pages=AUDITED,
        comparisons=plain(WANTED),
        designs=plain(PLAN.designs),
        seed=config["seed"],
        replicates=config["reconstruction"]["replicates"],
        # Names only: the report links to the copies and does not wait for them.
        notebooks=lambda wildcards: [
            f"../notebooks/{Path(one).name}" for one in NOTEBOOKS
        ],
        # Content decides, also where an older file was put in the place of another.
        content=gate.fingerprint([*TABLES, *REPORT_TEMPLATES]),
        code=code("report"),
    script:
        "../scripts/report.py"
