"""Every printed number recomputed from the others, with a verdict; rulings matched; the verdicts verified."""


rule audit:
    input:
        tables=rules.clean.output.tables,
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
    conda:
        "../../environment.yml"
    params:
        sources=AUDITED,
        code=code("audit"),
    script:
        "../scripts/audit.py"


rule verify:
    input:
        checks=rules.audit.output.checks,
        adjudications="data/processed/adjudications.csv",
    output:
        "results/audit/verified.txt",
    log:
        "logs/verify.log",
    conda:
        "../../environment.yml"
    params:
        code=code("verify"),
    script:
        "../scripts/verify.py"
