"""Functions for the notebooks: the results of the report, filtered and formatted; nothing is estimated here."""

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
#: Column with the statement in a row that has no number.
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
        The project or a folder inside it: the nearest folder upwards that contains `results` is used.

    Raises
    ------
    InputError
        If a file is missing; the message names it.
    """
    tried = (folder.resolve(), *folder.resolve().parents)
    project = next((one for one in tried if (one / "results").is_dir()), folder)
    for name in RESULT_FILES.values():
        if not (project / name).is_file():
            raise InputError(f"{(project / name).as_posix()} is not there: run `make results` first")
    # Read once for all notebooks of a kernel, and again after a new run.
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
        "beside_curves": sorted(made.glob("reconstruction/beside_curves.csv")),
        "folders": sorted(path for path in made.glob("comparisons/*") if path.is_dir()),
        "figures": sorted(made.glob("figures/*")),
    }
    return read_results(files, Choices("", ""), {})


def cited(results: Results, source_id: str) -> str:
    """The citation of a document.

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
    """Printed numbers by claim id, in the order requested.

    Parameters
    ----------
    results : Results
    ids : str or iterable of str
        Claim ids; in a string, separated by spaces.

    Returns
    -------
    DataFrame
        Columns about, printed, place, claim. A claim that is not in the tables is omitted.
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
    # Endpoint and item may be the same word (`ORR ORR`).
    what = " ".join(dict.fromkeys(row["what"].split(" ")))
    return f"{who}: {what}" if what else who


def _printed(results: Results, row: Record) -> str:
    if row["printed"] or row["table"] not in WITHOUT_DIGIT:
        return printed_words(row["printed"])
    own = results.tables[row["table"]].set_index("claim_id")
    return str(own[WITHOUT_DIGIT[row["table"]]].get(row["claim_id"], ""))


def rulings(results: Results, ids: str | Iterable[str]) -> pd.DataFrame:
    """Audit findings about some printed numbers, and the human rulings on them.

    Parameters
    ----------
    results : Results
    ids : str or iterable of str
        Claim ids; in a string, separated by spaces.

    Returns
    -------
    DataFrame
        Columns printed, finding, ruling, reason; most severe first.
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
    """All estimates of a comparison, or those of some models and quantities, as named in `resurvey.results`.

    If models or quantities are given, only main, secondary, printed and test rows are returned.

    Raises
    ------
    InputError
        If there is no such comparison; the message lists the existing ones.
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
    # The compared groups are the same in every row, and are given by `sides`.
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
    """`pyrotinib + capecitabine (PICTURE) against T-DM1 (EMILIA)`; the id if there is not exactly one pair."""
    pairs = list(dict.fromkeys((line["treatment"], line["comparator"]) for line in estimates_of(results, name)))
    if len(pairs) != 1 or not pairs[0][1]:
        return name
    return " against ".join(_side(results, cell) for cell in pairs[0])


def _side(results: Results, label: str) -> str:
    """The name of a regimen id; a label unchanged."""
    return results.labels.treatment(label) if " " not in label else label


def ratios(results: Results, roles: Iterable[str], variations: Iterable[str], name: str = "") -> pd.DataFrame:
    """Hazard ratios with given roles and variations, for all comparisons or one: comparison, ratio, p."""
    roles, variations = set(roles), set(variations)
    made: dict[str, tuple[str, str, str]] = {}
    for line in estimates_of(results, name) if name else rows(results.comparisons):
        asked = line["role"] in roles and line["variation"] in variations
        if asked and line["quantity"] == Quantity.HAZARD_RATIO and not line["refused"] and is_number(line["lower"]):
            pair = " against ".join(_side(results, line[side]) for side in ("treatment", "comparator"))
            made.setdefault(pair, (pair, _estimate(line), p_value(line["p"])))
    return pd.DataFrame(list(made.values()), columns=["comparison", "hazard ratio", "p"])


def notes(results: Results, name: str, role: str) -> list[str]:
    """Notes on the estimates of a comparison with a given role, without duplicates."""
    own = [line["note"] for line in estimates_of(results, name) if line["role"] == role]
    return [str(note) for note in dict.fromkeys(own) if note]


def figure(results: Results, figure_id: str) -> None:
    """Show a figure with its caption, or a message if it was not drawn."""
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
    """A count with its noun: `1 check`, `12 checks`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def say(text: str) -> None:
    """Show a sentence as Markdown, in which HTML and links are shown as plain text."""
    from IPython.display import display

    display({"text/markdown": inert.markdown(text), "text/plain": text}, raw=True)


def show(table: pd.DataFrame, empty: str = "Nothing to list.") -> None:
    """Show a table without its index, or a sentence if it has no rows. Text is escaped."""
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
