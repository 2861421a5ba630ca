"""Every printed number recomputed from the others, with a verdict and the ruling on it."""


rule audit:
    input:
        typed=PIECES.whole(TABLE_NAMES),
    output:
        checks=report(
            "results/audit/checks.csv",
            caption="../report/audit.rst",
            category="Data and audit",
            labels={"what": "checks", "format": "CSV"},
        ),
        summary="results/audit/summary.csv",
        pages=expand("results/audit/{source}.md", source=AUDITED),
    log:
        "logs/audit.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        sources=AUDITED,
        code=code("audit"),
    script:
        "../scripts/audit.py"
