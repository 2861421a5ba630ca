"""Raw tables, already checked by the gate, into typed ones."""


rule clean:
    input:
        # ancient: the digest of their bytes says what changed, also where an older file was put back.
        raw=ancient(TABLES),
    output:
        tables=expand("data/processed/{table}.csv", table=TABLE_NAMES),
        claims="data/processed/claims.csv",
    log:
        "logs/clean.log",
    conda:
        "../../environment.yml"
    params:
        files=FACTS.files,
        code=code("clean"),
    script:
        "../scripts/clean.py"
