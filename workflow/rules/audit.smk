"""Every printed number recomputed from the others, with a verdict and the ruling on it."""


rule audit:
    input:
        # ancient: the digest of all tables without their notes says what changed. Raw ones, because Snakemake does not
        # look at the params of a job whose ancient input is made anew in the same run.
        raw=ancient(TABLES),
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
        code=code("audit"),
    script:
        "../scripts/audit.py"
