"""The typed tables, which the gate keeps in small files, whole and as a person reads them."""


rule clean:
    input:
        typed=PIECES.whole(TABLE_NAMES, notes=True),
    output:
        tables=expand("data/processed/{table}.csv", table=TABLE_NAMES),
        claims="data/processed/claims.csv",
    log:
        "logs/clean.log",
    priority: NEXT
    conda:
        "../../environment.yml"
    params:
        code=code("clean"),
    script:
        "../scripts/clean.py"
