"""What the notebooks read with: rows of the results, filtered and worded; nothing is estimated here."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from resurvey import inert
from resurvey.errors import InputError
from resurvey.labels import Labels
from resurvey.report.inputs import split
from resurvey.report.words import interval, is_number, number, p_value, printed_words, ratio
from resurvey.results import Contrast, Quantity, Role

GRAVITIES = ("conclusion", "major", "minor", "none")
ESTIMATE_COLUMNS = [
    *("comparison", "group", "first", "second", "measure", "estimate (interval)", "p", "method", "evidence"),
]
WITHOUT_DIGIT = {"differences": "direction", "p_values": "statement"}


@dataclass(frozen=True)
class Run:
    """The results of a run, read when asked for; every cell is the text of the file.

    Attributes
    ----------
    folder : Path
        The project: the folder that holds `results` and `data/processed`.
    """

    folder: Path = Path()

    def result(self, name: str) -> pd.DataFrame:
        """A table of `results`, for example `audit/checks`."""
        return _read(self.folder / "results" / f"{name}.csv")

    def table(self, name: str) -> pd.DataFrame:
        """A table of `data/processed`, for example `medians`."""
        return _read(self.folder / "data" / "processed" / f"{name}.csv")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """Every printed number: claim_id, table, source, place, study, arm, population, what, printed."""
        return self.table("claims")

    @cached_property
    def checks(self) -> pd.DataFrame:
        """Every check of the audit, with its ruling where it has one."""
        rulings = self.table("adjudications")[["check_id", "ruling", "affects", "reason"]]
        return self.result("audit/checks").merge(rulings, on="check_id", how="left").fillna("")

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Every estimate of every comparison."""
        return self.result("comparisons/comparisons")

    @cached_property
    def labels(self) -> Labels:
        """What ids are called."""
        return Labels.from_tables({name: self.table(name) for name in ("studies", "treatments", "endpoints", "arms")})

    def verdict(self, design: str) -> dict[str, Any]:
        """The verdict on a printed sample size."""
        path = self.folder / "results" / "design" / f"{design}.json"
        found: dict[str, Any] = json.loads(_there(path).read_text(encoding="utf-8"))
        return found

    def source(self, source_id: str) -> str:
        """How a document is cited.

        Raises
        ------
        InputError
            If no document has that id.
        """
        sources = self.table("sources")
        found = sources[sources["source_id"] == source_id]
        if found.empty:
            raise InputError(f"no document {source_id!r} in data/processed/sources.csv: check the id")
        row = found.iloc[0]
        return str(row["citation"]) + (f" doi:{row['doi']}" if row["doi"] else "")

    def printed(self, ids: str | Iterable[str]) -> pd.DataFrame:
        """Printed numbers by claim id, in the order asked for.

        Parameters
        ----------
        ids : str or iterable of str
            Claim ids; in a text, blanks stand between them.

        Returns
        -------
        DataFrame
            Columns about, printed, place, claim. A claim that is not in the tables is left out.
        """
        wanted = ids.split() if isinstance(ids, str) else list(ids)
        rows = self.claims.set_index("claim_id").reindex(wanted).dropna(how="all")
        return pd.DataFrame(
            {
                "about": [self._about(row) for _, row in rows.iterrows()],
                "printed": [self._printed(str(claim), row) for claim, row in rows.iterrows()],
                "place": rows["locator"].to_numpy(),
                "claim": rows.index.to_numpy(),
            }
        )

    def _about(self, row: Mapping[str, Any]) -> str:
        who = self.labels.study(row["study_id"])
        if row["arm_id"] not in ("", "all"):
            who += f", {self.labels.arm(row['study_id'], row['arm_id'])}"
        if row["population"] not in ("", "all"):
            who += f", {row['population']}"
        # A category is named twice where endpoint and item are the same word (`ORR ORR`).
        what = " ".join(dict.fromkeys(row["what"].split(" ")))
        return f"{who}: {what}" if what else who

    def _printed(self, claim: str, row: Mapping[str, Any]) -> str:
        if row["printed"] or row["table"] not in WITHOUT_DIGIT:
            return printed_words(row["printed"])
        rows = self.table(row["table"]).set_index("claim_id")
        return str(rows[WITHOUT_DIGIT[row["table"]]].get(claim, ""))

    def rulings(self, ids: str | Iterable[str]) -> pd.DataFrame:
        """What the audit found of some printed numbers, and how a person ruled on it.

        Parameters
        ----------
        ids : str or iterable of str
            Claim ids; in a text, blanks stand between them.

        Returns
        -------
        DataFrame
            Columns printed, finding, ruling, reason: the gravest first.
        """
        wanted = set(ids.split() if isinstance(ids, str) else ids)
        rows = self.checks[~self.checks["verdict"].isin(["reproduced", "rounding", "uncheckable"])]
        rows = rows[[bool(wanted & set(split(cell))) for cell in rows["claim_ids"]]]
        rows = rows.sort_values("severity", key=lambda cells: cells.map(GRAVITIES.index), kind="stable")
        names = {"reported": "printed", "explanation": "finding", "ruling": "ruling", "reason": "reason"}
        return rows[list(names)].rename(columns=names).reset_index(drop=True)

    def estimates(self, name: str, models: Sequence[str] = (), quantities: Sequence[str] = ()) -> pd.DataFrame:
        """Every estimate of a comparison, or those of some models and quantities, as `resurvey.results` names them.

        Main, secondary and printed ones only where models or quantities are asked for.

        Raises
        ------
        InputError
            If there is no such comparison; the message lists those there are.
        """
        rows = self.comparisons[self.comparisons["comparison_id"] == name]
        if rows.empty:
            known = ", ".join(dict.fromkeys(self.comparisons["comparison_id"]))
            raise InputError(f"no comparison {name!r} in results/comparisons/comparisons.csv; there are {known}")
        if models or quantities:
            rows = rows[rows["role"].isin([Role.MAIN, Role.SECONDARY, Role.PRINTED, Role.TEST])]
        if models:
            rows = rows[rows["model"].isin(list(models))]
        if quantities:
            rows = rows[rows["quantity"].isin(list(quantities))]
        # What the comparison sets side by side is the same in every row: said once, by `sides`.
        made = self._estimates(rows)
        same = [name for name in ("comparison", "first", "second") if name in made and made[name].nunique() == 1]
        return made.drop(columns=same)

    def sides(self, name: str) -> str:
        """`pyrotinib + capecitabine (PICTURE) against T-DM1 (EMILIA)`; the id where there is no one pair."""
        rows = self.comparisons[self.comparisons["comparison_id"] == name]
        pairs = list(dict.fromkeys(zip(rows["treatment"], rows["comparator"], strict=True)))
        if len(pairs) != 1 or not pairs[0][1]:
            return name
        return " against ".join(self._side(cell) for cell in pairs[0])

    def _estimates(self, rows: pd.DataFrame) -> pd.DataFrame:
        made = pd.DataFrame(
            {
                "comparison": rows["comparison_id"],
                "group": rows["population"],
                "first": [self._side(cell) for cell in rows["treatment"]],
                "second": [self._side(cell) for cell in rows["comparator"]],
                "measure": rows["measure"],
                "estimate (interval)": [_estimate(row) for _, row in rows.iterrows()],
                "p": [p_value(cell) for cell in rows["p"]],
                "method": rows["method"].str.replace(", unadjusted", ""),
                "evidence": rows["evidence"],
            }
        )
        made["group"] = made["group"].replace("all", "")
        return made[[name for name in ESTIMATE_COLUMNS if (made[name] != "").any()]].reset_index(drop=True)

    def _side(self, label: str) -> str:
        """A regimen id by its name; a label as it is."""
        return self.labels.treatment(label) if " " not in label else label

    def ratios(self, roles: Iterable[str], variations: Iterable[str], name: str = "") -> pd.DataFrame:
        """Hazard ratios of some roles and variations, of every comparison or of one: comparison, ratio, p."""
        rows = self.comparisons
        rows = rows[(rows["quantity"] == Quantity.HAZARD_RATIO) & (rows["refused"] == "False") & (rows["lower"] != "")]
        rows = rows[rows["role"].isin(list(roles)) & rows["variation"].isin(list(variations))]
        rows = rows[rows["comparison_id"] == name] if name else rows
        said = [f"{self._side(row['treatment'])} against {self._side(row['comparator'])}" for _, row in rows.iterrows()]
        ratio_of = [_estimate(row) for _, row in rows.iterrows()]
        made = pd.DataFrame({"comparison": said, "hazard ratio": ratio_of, "p": [p_value(cell) for cell in rows["p"]]})
        return made.drop_duplicates("comparison", ignore_index=True)

    def notes(self, name: str, role: str) -> list[str]:
        """What is noted beside the estimates of one role of a comparison, each once."""
        rows = self.comparisons[(self.comparisons["comparison_id"] == name) & (self.comparisons["role"] == role)]
        return list(dict.fromkeys(note for note in rows["note"] if note))

    @cached_property
    def _figures(self) -> dict[str, dict[str, str]]:
        """What was drawn and is there, by id: the row of its folder's list, and the folder."""
        made: dict[str, dict[str, str]] = {}
        for path in sorted((self.folder / "results" / "figures").glob("*/figures.csv")):
            for row in _read(path).to_dict("records"):
                if (path.parent / str(row["svg"])).is_file():
                    made.setdefault(str(row["figure_id"]), {**row, "folder": str(path.parent)})
        return made

    def figure(self, figure_id: str) -> None:
        """Show a drawn figure with its caption; where it was not drawn, say so."""
        from IPython.display import display

        row = self._figures.get(figure_id)
        if row:
            drawing = Path(row["folder"], row["svg"])
            data = {"image/svg+xml": drawing.read_text(encoding="utf-8"), "text/plain": f"[Figure: {row['alt']}]"}
            display(data, raw=True, metadata={"image/svg+xml": {"alt": row["alt"]}})
            say(f"*{row['title']}.* {row['caption']}")
            return
        say(f"*The figure {figure_id} is not among the results: `make results` draws it.*")


def _there(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path.as_posix()} is not there: run `make results` first")
    return path


def _read(path: Path) -> pd.DataFrame:
    return inert.exact_cells(pd.read_csv(_there(path), dtype=str, keep_default_na=False))


def _estimate(row: Mapping[str, Any]) -> str:
    if not is_number(row["estimate"]):
        return "not estimable"
    a_ratio = row["contrast"] == Contrast.RATIO
    text = ratio(row["estimate"]) if a_ratio else number(row["estimate"])
    ends = interval(row["lower"], row["upper"], "ratio" if a_ratio else "")
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
    rows = ["".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) for row in table.itertuples(index=False)]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    page = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    plain = "\n".join(" | ".join(str(cell) for cell in row) for row in [table.columns, *table.itertuples(index=False)])
    display({"text/html": page, "text/plain": plain}, raw=True)
