"""Figures that the table of curves names, read into curves and set beside what is printed of their arms.

What a person corrected lies beside each figure.
"""


rule digitise:
    input:
        figure=f"{RAW}/curves/{{figure}}",
        corrections=lambda wildcards: corrections(wildcards.figure),
        typed=lambda wildcards: printed_beside(wildcards.figure),
        at_risk=lambda wildcards: curve_files_beside(wildcards.figure),
        again=lambda wildcards: again(f"digitise/{wildcards.figure}"),
    output:
        folder=update(directory("data/processed/figures/{figure}")),
        done=done("digitise/{figure}"),
    log:
        "logs/digitise/{figure}.log",
    priority: FIRST
    conda:
        "../../environment.yml"
    params:
        # also where an older file was put in the place of another
        content=lambda wildcards, input: gate.fingerprint(
            [input.figure, *input.corrections]
        ),
        code=code("digitise"),
    script:
        "../scripts/digitise.py"
