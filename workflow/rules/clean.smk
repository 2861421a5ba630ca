"""Raw tables, already checked by the gate, into typed ones."""


rule clean:
    input:
        raw=TABLES,
    output:
        tables=expand("data/processed/{table}.csv", table=TABLE_NAMES),
        claims="data/processed/claims.csv",
    log:
        "logs/clean.log",
    conda:
        "../../environment.yml"
    params:
        code=code("clean"),
    script:
        "../scripts/clean.py"
