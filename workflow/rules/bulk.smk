"""The KMDATA collection, each published ratio beside ours: `snakemake kmdata`, where the config names its folder."""

if KMDATA["folder"]:

    from resurvey.reconstruct import bulk

    KMDATA_KEY = f"{KMDATA['folder']}/kmdata_key.rda"
    # A set takes a twentieth of a second, starting a job on a cluster several seconds: 25 sets share one.
    KMDATA_BATCHES = bulk.batches_of_folder(Path(KMDATA["folder"]), size=25)

    rule kmdata_batch:
        input:
            key=KMDATA_KEY,
            sets=lambda wildcards: KMDATA_BATCHES[wildcards.batch],
            again=lambda wildcards: again(f"kmdata_batch/{wildcards.batch}"),
        output:
            update("results/kmdata/batches/{batch}.csv"),
            done=done("kmdata_batch/{batch}"),
        log:
            "logs/kmdata_batch/{batch}.log",
        conda:
            "../../environment.yml"
        params:
            # also where an older file was put in the place of another
            sets=lambda wildcards: gate.fingerprint(KMDATA_BATCHES[wildcards.batch]),
            code=code("kmdata_batch"),
        script:
            "../scripts/kmdata_batch.py"

    rule kmdata:
        input:
            key=KMDATA_KEY,
            batches=expand("results/kmdata/batches/{batch}.csv", batch=KMDATA_BATCHES),
            again=again("kmdata"),
        output:
            table=update("results/kmdata/kmdata.csv"),
            summary=update("results/kmdata/summary.csv"),
            done=done("kmdata"),
        log:
            "logs/kmdata.log",
        conda:
            "../../environment.yml"
        params:
            code=code("kmdata"),
        script:
            "../scripts/kmdata.py"
