"""Notebooks executed against the results, top to bottom, and their HTML copies."""

SOURCES = sorted(Path("notebooks").glob("*.ipynb"))
NOTEBOOKS = [f"results/notebooks/{path.stem}.html" for path in SOURCES]


if SOURCES:

    rule notebooks:
        input:
            **RESULTS,
            figures=FIGURES,
            notebooks=[str(path) for path in SOURCES],
            templates=REPORT_TEMPLATES,
            again=again("notebooks"),
        output:
            html=update(NOTEBOOKS),
            executed=update([name.replace(".html", ".ipynb") for name in NOTEBOOKS]),
            done=done("notebooks"),
        log:
            "logs/notebooks.log",
        conda:
            "../../environment.yml"
        params:
            content=gate.fingerprint([*SOURCES, *REPORT_TEMPLATES]),
            templates=config["report"].get("templates", own_files.TEMPLATES),
            code=code("notebooks"),
        script:
            "../scripts/notebooks.py"
