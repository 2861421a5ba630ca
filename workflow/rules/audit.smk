"""Every printed number recomputed from the others, with a verdict; rulings matched; the verdicts verified."""


rule audit:
    input:
        # ancient: the digest of all tables without their notes says what changed.
        tables=ancient(rules.clean.output.tables),
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
        rows=FACTS.of_tables(TABLE_NAMES),
        cleaned=code("clean"),
        code=code("audit"),
    script:
        "../scripts/audit.py"


rule verify:
    input:
        checks=rules.audit.output.checks,
        adjudications=ancient("data/processed/adjudications.csv"),
    output:
        "results/audit/verified.txt",
    log:
        "logs/verify.log",
    conda:
        "../../environment.yml"
    params:
        rows=FACTS.of_tables(["adjudications"]),
        cleaned=code("clean"),
        code=code("verify"),
    script:
        "../scripts/verify.py"
