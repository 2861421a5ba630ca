"""The typed tables, which the gate keeps in small files, whole and as a person reads them."""


rule clean:
    input:
        typed=PIECES.whole(TABLE_NAMES, notes=True),
        again=again("clean"),
    output:
        tables=update(expand("data/processed/{table}.csv", table=TABLE_NAMES)),
        claims=update("data/processed/claims.csv"),
        done=done("clean"),
    log:
        "logs/clean.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        code=code("clean"),
    script:
        "../scripts/clean.py"
