"""Every printed number recomputed from the others, with a verdict and the ruling on it."""


rule audit:
    input:
        typed=PIECES.whole(TABLE_NAMES),
        again=again("audit"),
    output:
        checks=report(
            update("results/audit/checks.csv"),
            caption="../report/audit.rst",
            category="Data and audit",
            labels={"what": "checks", "format": "CSV"},
        ),
        summary=update("results/audit/summary.csv"),
        pages=update(expand("results/audit/{source}.md", source=AUDITED)),
        done=done("audit"),
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
