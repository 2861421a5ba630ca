"""Made-up papers of a few paragraphs for the reader: no sentence of a real paper stands here."""

from __future__ import annotations

from pathlib import Path

from resurvey.read import claims
from resurvey.read.objects import Claim
from resurvey.read.sources import from_bytes

#: A text that names two arms.
TWO_ARMS = (
    "Patients were assigned to the alfa arm or the beta arm. The alfa arm was older, as the beta arm was not. "
    "In the alfa arm more responded than in the beta arm."
)


def jats(body: str, *, title: str = "Drug A against drug B", abstract: str = "") -> str:
    """A JATS article around a body."""
    return f"""<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving DTD v1.0 20120330//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><journal-meta><journal-title>Journal of Made-Up Trials
</journal-title></journal-meta><article-meta><article-id pub-id-type="doi">10.1000/made.1</article-id>
<title-group><article-title>{title}</article-title></title-group>
<contrib-group><contrib><name><surname>Miller</surname></name></contrib></contrib-group>
<pub-date><year>2021</year></pub-date><abstract>{abstract}</abstract></article-meta></front>
<body>{body}</body></article>"""


def results(*paragraphs: str) -> str:
    """A section of results."""
    return "<sec><title>Results</title>" + "".join(f"<p>{text}</p>" for text in paragraphs) + "</sec>"


def table(rows: list[list[str]], *, heads: int = 1, label: str = "Table 1", caption: str = "", notes: str = "") -> str:
    """A JATS table from rows of cells; a cell may be a whole element (`<td colspan="2">...</td>`)."""

    def row(cells: list[str], name: str) -> str:
        return "<tr>" + "".join(c if c.startswith("<t") else f"<{name}>{c}</{name}>" for c in cells) + "</tr>"

    top = "".join(row(cells, "th") for cells in rows[:heads])
    rest = "".join(row(cells, "td") for cells in rows[heads:])
    foot = f"<table-wrap-foot><p>{notes}</p></table-wrap-foot>" if notes else ""
    return (
        f"<table-wrap><label>{label}</label><caption><p>{caption}</p></caption>"
        f"<table><thead>{top}</thead><tbody>{rest}</tbody></table>{foot}</table-wrap>"
    )


TRIAL = jats(
    results(
        "The median progression-free survival was 8.4 months (95% CI 7.1-9.9) in the drug A arm and 6.1 months "
        "(95% CI 5.0-7.2) in the drug B arm (hazard ratio 0.71, 95% CI 0.55-0.92, P=0.010).",
        "A response was seen in 51 of 120 patients (42.5%) in the drug A arm.",
    )
    + table(
        [
            ["Characteristic", "Drug A (n=120)", "Drug B (n=118)"],
            ["Male, n (%)", "60 (50.0)", "55 (46.6)"],
            ["ECOG 1, n (%)", "30 (25.0)", "41 (30.1)"],
        ],
        caption="Baseline characteristics",
    ),
    abstract="<p>Patients were assigned to the drug A arm (n=120) or the drug B arm (n=118).</p>",
)


def write(path: Path, text: str) -> Path:
    """The text as a file."""
    path.write_text(text, encoding="utf-8")
    return path


RATIO = {"value": "0.71", "lower": "0.55", "upper": "0.92", "p": "0.010"}


def ratio_and_counts(found: list[Claim]) -> tuple[list[dict[str, str | None]], list[tuple[str, str, str | None]]]:
    """Ratios with the columns of RATIO; counts with their percentages and denominators."""
    ratios = [{k: c.cells.get(k) for k in RATIO} for c in found if c.kind == "ratio"]
    counts = [(c.cells["n"], c.cells["percent"], c.cells.get("total")) for c in found if "percent" in c.cells]
    return ratios, counts


def read_table(rows: list[list[str]], text: str = TWO_ARMS, **options: object) -> list[Claim]:
    """Claims of a paper of a text and a table, with the options of `table`."""
    return claims(from_bytes(jats(results(text) + table(rows, **options)).encode(), "made.nxml"))


def of_table(found: list[Claim], *names: str, kind: str = "") -> list[tuple[str, ...]]:
    """Cells of the claims that stand in tables, of one kind if it is named."""
    rows = [c for c in found if ".r" in c.spans[0].block and kind in ("", c.kind)]
    return [tuple(c.cells.get(name, "") for name in names) for c in rows]
