"""What the notebooks read with: the results as the report has them, filtered and worded; nothing is estimated here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import pandas as pd

from resurvey import inert
from resurvey.cautions import FINDINGS
from resurvey.errors import InputError
from resurvey.report.estimate_rows import estimates_of
from resurvey.report.inputs import Choices, Record, Results, read_results, rows, split
from resurvey.report.words import interval, is_number, number, p_value, printed_words, ratio
from resurvey.results import SEVERITIES, Contrast, Quantity, Role

ESTIMATE_COLUMNS = ("comparison", "group", "first", "second", "measure", "estimate (interval)", "p", "method",
                    "evidence")  # fmt: skip
#: Column that says what a row without a number states.
WITHOUT_DIGIT = {"differences": "direction", "p_values": "statement"}
RESULT_FILES = {
    "claims": "data/processed/claims.csv",
    "checks": "results/audit/checks.csv",
    "summary": "results/audit/summary.csv",
    "accuracy": "results/reconstruction/accuracy.csv",
    "facts": "results/reconstruction/facts.csv",
    "comparisons": "results/comparisons/comparisons.csv",
    "results": "results/analysis_results.csv",
}


def results_of(folder: Path) -> Results:
    """Results of a finished run, as the report reads them.

    Parameters
    ----------
    folder : Path
        The project, or a folder of it: the first that holds `results`, from this one upwards, is read.

    Raises
    ------
    InputError
        If a file is not there; the message names it.
    """
    tried = (folder.resolve(), *folder.resolve().parents)
    project = next((one for one in tried if (one / "results").is_dir()), folder)
    for name in RESULT_FILES.values():
        if not (project / name).is_file():
            raise InputError(f"{(project / name).as_posix()} is not there: run `make results` first")
    # Read once for all notebooks of one kernel, and again when the run was made anew.
    return _read(project, (project / RESULT_FILES["results"]).stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(project: Path, changed: int) -> Results:
    made = project / "results"
    tables = sorted(path for path in (project / "data/processed").glob("*.csv") if path.stem != "claims")
    files = {
        **{name: project / path for name, path in RESULT_FILES.items()},
        "tables": tables,
        "designs": sorted(made.glob("design/*.csv")),
        "verdicts": sorted(made.glob("design/*.json")),
        "folders": sorted(path for path in made.glob("comparisons/*") if path.is_dir()),
        "figures": sorted(made.glob("figures/*")),
    }
    return read_results(files, Choices("", ""), {})


def cited(results: Results, source_id: str) -> str:
    """How a document is cited.

    Raises
    ------
    InputError
        If no document has that id.
    """
    row = results.source.get(source_id)
    if row is None:
        raise InputError(f"no document {source_id!r} in data/processed/sources.csv: check the id")
    return str(row["citation"]) + (f" doi:{row['doi']}" if row["doi"] else "")


def printed(results: Results, ids: str | Iterable[str]) -> pd.DataFrame:
    """Printed numbers by claim id, in the order asked for.

    Parameters
    ----------
    results : Results
    ids : str or iterable of str
        Claim ids; in a text, blanks stand between them.

    Returns
    -------
    DataFrame
        Columns about, printed, place, claim. A claim that is not in the tables is left out.
    """
    wanted = ids.split() if isinstance(ids, str) else list(ids)
    found = [results.claim[claim] for claim in wanted if claim in results.claim]
    cells = [(_about(results, row), _printed(results, row), row["locator"], row["claim_id"]) for row in found]
    return pd.DataFrame(cells, columns=["about", "printed", "place", "claim"])


def _about(results: Results, row: Record) -> str:
    who = results.labels.study(row["study_id"])
    if row["arm_id"] not in ("", "all"):
        who += f", {results.labels.arm(row['study_id'], row['arm_id'])}"
    if row["population"] not in ("", "all"):
        who += f", {row['population']}"
    # A category is named twice where endpoint and item are the same word (`ORR ORR`).
    what = " ".join(dict.fromkeys(row["what"].split(" ")))
    return f"{who}: {what}" if what else who


def _printed(results: Results, row: Record) -> str:
    if row["printed"] or row["table"] not in WITHOUT_DIGIT:
        return printed_words(row["printed"])
    own = results.tables[row["table"]].set_index("claim_id")
    return str(own[WITHOUT_DIGIT[row["table"]]].get(row["claim_id"], ""))


def rulings(results: Results, ids: str | Iterable[str]) -> pd.DataFrame:
    """What the audit found of some printed numbers, and how a person ruled on it.

    Parameters
    ----------
    results : Results
    ids : str or iterable of str
        Claim ids; in a text, blanks stand between them.

    Returns
    -------
    DataFrame
        Columns printed, finding, ruling, reason: the gravest first.
    """
    wanted = set(ids.split() if isinstance(ids, str) else ids)
    found = [
        row for row in rows(results.checks) if row["verdict"] in FINDINGS and wanted & set(split(row["claim_ids"]))
    ]
    found.sort(key=lambda row: SEVERITIES.index(row["severity"]))
    cells = []
    for row in found:
        ruled = results.rulings.get(str(row["check_id"]), {})
        cells.append((row["reported"], row["explanation"], ruled.get("ruling", ""), ruled.get("reason", "")))
    return pd.DataFrame(cells, columns=["printed", "finding", "ruling", "reason"])


def estimates(results: Results, name: str, models: Sequence[str] = (), quantities: Sequence[str] = ()) -> pd.DataFrame:
    """Every estimate of a comparison, or those of some models and quantities, as `resurvey.results` names them.

    Main, secondary and printed ones only where models or quantities are asked for.

    Raises
    ------
    InputError
        If there is no such comparison; the message lists those there are.
    """
    lines = estimates_of(results, name)
    if not lines:
        known = ", ".join(dict.fromkeys(results.comparisons["comparison_id"]))
        raise InputError(f"no comparison {name!r} in results/comparisons/comparisons.csv; there are {known}")
    if models or quantities:
        told = (Role.MAIN, Role.SECONDARY, Role.PRINTED, Role.TEST)
        lines = [line for line in lines if line["role"] in told]
    lines = [line for line in lines if not models or line["model"] in models]
    lines = [line for line in lines if not quantities or line["quantity"] in quantities]
    made = pd.DataFrame([_estimate_cells(results, line) for line in lines], columns=list(ESTIMATE_COLUMNS))
    # What the comparison sets side by side is the same in every row: said once, by `sides`.
    once = [name for name in ("comparison", "first", "second") if made[name].nunique() == 1]
    empty = [name for name in made if not (made[name] != "").any()]
    return made.drop(columns=[*dict.fromkeys((*once, *empty))])


def _estimate_cells(results: Results, line: Record) -> tuple[str, ...]:
    first, second = (_side(results, line[side]) for side in ("treatment", "comparator"))
    group = "" if line["population"] == "all" else line["population"]
    method = line["method"].replace(", unadjusted", "")
    said = (line["measure"], _estimate(line), p_value(line["p"]), method, line["evidence"])
    return (line["comparison_id"], group, first, second, *said)


def sides(results: Results, name: str) -> str:
    """`pyrotinib + capecitabine (PICTURE) against T-DM1 (EMILIA)`; the id where there is no one pair."""
    pairs = list(dict.fromkeys((line["treatment"], line["comparator"]) for line in estimates_of(results, name)))
    if len(pairs) != 1 or not pairs[0][1]:
        return name
    return " against ".join(_side(results, cell) for cell in pairs[0])


def _side(results: Results, label: str) -> str:
    """A regimen id by its name; a label as it is."""
    return results.labels.treatment(label) if " " not in label else label


def ratios(results: Results, roles: Iterable[str], variations: Iterable[str], name: str = "") -> pd.DataFrame:
    """Hazard ratios of some roles and variations, of every comparison or of one: comparison, ratio, p."""
    roles, variations = set(roles), set(variations)
    made: dict[str, tuple[str, str, str]] = {}
    for line in estimates_of(results, name) if name else rows(results.comparisons):
        asked = line["role"] in roles and line["variation"] in variations
        if asked and line["quantity"] == Quantity.HAZARD_RATIO and not line["refused"] and is_number(line["lower"]):
            pair = " against ".join(_side(results, line[side]) for side in ("treatment", "comparator"))
            made.setdefault(pair, (pair, _estimate(line), p_value(line["p"])))
    return pd.DataFrame(list(made.values()), columns=["comparison", "hazard ratio", "p"])


def notes(results: Results, name: str, role: str) -> list[str]:
    """What is noted beside the estimates of one role of a comparison, each once."""
    own = [line["note"] for line in estimates_of(results, name) if line["role"] == role]
    return [str(note) for note in dict.fromkeys(own) if note]


def figure(results: Results, figure_id: str) -> None:
    """Show a drawn figure with its caption; where it was not drawn, say so."""
    from IPython.display import display

    for row in rows(results.figures[results.figures["figure_id"] == figure_id])[:1]:
        alt = row["alt"]
        data = {"image/svg+xml": row["svg_path"].read_text(encoding="utf-8"), "text/plain": f"[Figure: {alt}]"}
        display(data, raw=True, metadata={"image/svg+xml": {"alt": alt}})
        say(f"*{row['title']}.* {row['caption']}")
        return
    say(f"*The figure {figure_id} is not among the results: `make results` draws it.*")


def _estimate(line: Record) -> str:
    if not is_number(line["estimate"]):
        return "not estimable"
    a_ratio = line["contrast"] == Contrast.RATIO
    text = ratio(line["estimate"]) if a_ratio else number(line["estimate"])
    ends = interval(line["lower"], line["upper"], "ratio" if a_ratio else "")
    return f"{text} ({ends})" if ends else text


def some(count: int, one: str, many: str = "") -> str:
    """`1 check`, `12 checks`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def say(text: str) -> None:
    """Show a sentence whose numbers come from the results; Markdown, in which HTML and links of its words are text."""
    from IPython.display import display

    display({"text/markdown": inert.markdown(text), "text/plain": text}, raw=True)


def show(table: pd.DataFrame, empty: str = "Nothing to list.") -> None:
    """Show a table without its counter; a sentence where it has no rows. Text is escaped."""
    from IPython.display import display

    if table.empty:
        say(empty)
        return
    head = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in table.columns)
    lines = ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in table.itertuples(index=False)]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    page = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    plain = "\n".join(" | ".join(str(cell) for cell in row) for row in [table.columns, *table.itertuples(index=False)])
    display({"text/html": page, "text/plain": plain}, raw=True)
