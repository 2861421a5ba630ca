"""The last step: every finding of the audit has a ruling, and every ruling its finding; else it fails and names them."""


rule verify:
    input:
        checks=rules.audit.output.checks,
        adjudications=PIECES.whole(["adjudications"])[0],
        # ancient, and here only to be made first: a report is always made, with or without rulings.
        made=ancient(["results/report/index.html", *NOTEBOOKS]),
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
