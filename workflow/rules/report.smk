"""What a person reads: one HTML file, the same as DOCX and PDF, every number in one table, and the run's own record."""

RESULTS = {
    "claims": "data/processed/claims.csv",
    "checks": "results/audit/checks.csv",
    "summary": "results/audit/summary.csv",
    "accuracy": "results/reconstruction/accuracy.csv",
    "facts": "results/reconstruction/facts.csv",
    "comparisons": "results/comparisons/comparisons.csv",
    "tables": expand("data/processed/{table}.csv", table=TABLE_NAMES),
    "designs": expand("results/design/{design}.csv", design=DESIGNS),
    "verdicts": expand("results/design/{design}.json", design=DESIGNS),
    "folders": expand("results/comparisons/{comparison}", comparison=COMPARISONS),
}


rule analysis_results:
    input:
        **RESULTS,
    output:
        "results/analysis_results.csv",
    log:
        "logs/analysis_results.log",
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
        verified="results/audit/verified.txt",
    output:
        html="results/report/index.html",
        docx="results/report/resurvey.docx",
        pdf="results/report/resurvey.pdf",
    log:
        "logs/report.log",
    conda:
        "../../environment.yml"
    params:
        report=config["report"],
        pages=AUDITED,
        comparisons=WANTED,
        designs=config["design"],
        seed=config["seed"],
        replicates=config["reconstruction"]["replicates"],
        code=code("report"),
    script:
        "../scripts/report.py"
