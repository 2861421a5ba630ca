"""The last step: fails where an edition of the report could not be made, or a finding has no ruling, and names them."""


rule verify:
    input:
        checks=rules.audit.output.checks,
        adjudications=PIECES.whole(["adjudications"])[0],
        failed=rules.report.output.failed,
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
