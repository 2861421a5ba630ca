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

from resurvey.errors import InputError
from resurvey.labels import Labels
from resurvey.report.words import as_float, interval, is_number, number, p_value, printed_words, ratio
from resurvey.results import Contrast, Role

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
    def accuracy(self) -> pd.DataFrame:
        """Every group of patients that was to be rebuilt."""
        return self.result("reconstruction/accuracy")

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
        """How a document is cited."""
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

    def verdicts(self, source_id: str = "") -> pd.DataFrame:
        """Checks of a document, or of each document audited in depth: gravity by verdict.

        Returns
        -------
        DataFrame
            Columns verdict, then one a gravity with the number of checks; the last row is their sum.
        """
        checks = self.checks if not source_id else self.checks[self.checks["source_id"] == source_id]
        counts = pd.crosstab(checks["verdict"], checks["severity"]).reindex(columns=list(GRAVITIES), fill_value=0)
        counts.loc["all"] = counts.sum()
        return counts.reset_index().rename_axis(columns=None)

    def findings(self, source_id: str = "", least: str = "minor") -> pd.DataFrame:
        """Checks that did not come out and weigh at least so much, gravest first, with the human ruling.

        Parameters
        ----------
        source_id : str, optional
            All documents by default.
        least : {"conclusion", "major", "minor", "none"}
            Lowest gravity listed.

        Returns
        -------
        DataFrame
            Columns document, gravity, verdict, finding, ruling, affects, reason, claims, check.

        Raises
        ------
        InputError
            If `least` is no gravity.
        """
        if least not in GRAVITIES:
            raise InputError(f"least must be one of {', '.join(GRAVITIES)}, found {least!r}")
        kept = GRAVITIES[: GRAVITIES.index(least) + 1]
        rows = self.checks[self.checks["severity"].isin(kept)]
        rows = rows[~rows["verdict"].isin(["reproduced", "rounding", "uncheckable"])]
        if source_id:
            rows = rows[rows["source_id"] == source_id]
        rows = rows.sort_values(
            ["severity", "source_id", "check_id"],
            key=lambda cells: cells.map(GRAVITIES.index) if cells.name == "severity" else cells,
            kind="stable",
        )
        names = {
            "source_id": "document",
            "severity": "gravity",
            "verdict": "verdict",
            "explanation": "finding",
            "ruling": "ruling",
            "affects": "affects",
            "reason": "reason",
            "claim_ids": "claims",
            "check_id": "check",
        }
        return rows[list(names)].rename(columns=names).reset_index(drop=True)

    def rebuilt(self, study_id: str, endpoint: str = "", population: str = "") -> pd.DataFrame:
        """Rebuilt groups of a study beside what was printed of them; times in months.

        Returns
        -------
        DataFrame
            Columns group, endpoint, patients, events, printed median, rebuilt median (90 % of replicates), facts kept,
            evidence.
        """
        rows = self._groups(study_id, endpoint, population)
        rows = rows[rows["status"] == "rebuilt"]
        return pd.DataFrame(
            {
                "group": [self._group(row) for _, row in rows.iterrows()],
                "endpoint": [" ".join((self.labels.endpoint(e), c)).strip() for e, c in _pairs(rows)],
                "patients": [number(cell) for cell in rows["n"]],
                "events": [_spread(row, "events_mean", "events_min", "events_max") for _, row in rows.iterrows()],
                "printed median": rows["median_text"].to_numpy(),
                "rebuilt median (90 % of replicates)": [
                    _spread(row, "median_rebuilt", "median_low", "median_high") for _, row in rows.iterrows()
                ],
                "facts kept": [
                    f"{number(row['facts_held'])} of {number(row['facts'])}" if is_number(row["facts"]) else ""
                    for _, row in rows.iterrows()
                ],
                "evidence": rows["evidence"].to_numpy(),
            }
        )

    def refused(self, study_id: str) -> pd.DataFrame:
        """Groups of a study that were not rebuilt, and why: columns group, endpoint, reason."""
        rows = self._groups(study_id, "", "")
        rows = rows[rows["status"] != "rebuilt"]
        return pd.DataFrame(
            {
                "group": [self._group(row) for _, row in rows.iterrows()],
                "endpoint": [" ".join((self.labels.endpoint(e), c)).strip() for e, c in _pairs(rows)],
                "reason": rows["reason"].to_numpy(),
            }
        )

    def broken(self, study_id: str, endpoint: str = "") -> pd.DataFrame:
        """Printed facts that the rebuilt groups of a study do not keep to the printed digit.

        Returns
        -------
        DataFrame
            Columns group, endpoint, fact, printed, rebuilt, note; a ratio between two groups stands under the first.
        """
        rows = self.result("reconstruction/facts")
        rows = rows[(rows["study_id"] == study_id) & (rows["holds"] == "False")]
        if endpoint:
            rows = rows[rows["endpoint"] == endpoint]
        rows = rows.drop_duplicates(["endpoint", "data_cut", "fact", "printed", "rebuilt", "note"])
        return pd.DataFrame(
            {
                "group": [self._group(row) for _, row in rows.iterrows()],
                "endpoint": [" ".join((self.labels.endpoint(e), c)).strip() for e, c in _pairs(rows)],
                "fact": rows["fact"].to_numpy(),
                "printed": rows["printed"].replace("inf", "not reached").to_numpy(),
                "rebuilt": [f"{as_float(cell):.3g}" for cell in rows["rebuilt"]],
                "note": rows["note"].to_numpy(),
            }
        )

    def _groups(self, study_id: str, endpoint: str, population: str) -> pd.DataFrame:
        rows = self.accuracy[self.accuracy["study_id"] == study_id]
        for column, wanted in (("endpoint", endpoint), ("population", population)):
            if wanted:
                rows = rows[rows[column] == wanted]
        return rows

    def _group(self, row: Mapping[str, Any]) -> str:
        people = "" if row["population"] in ("", "all") else f", {row['population']}"
        return self.labels.arm(row["study_id"], row["arm_id"]) + people

    def comparing(self, source_id: str, study_id: str = "") -> list[str]:
        """Comparisons that a document, or patients of a study, take part in, in the order of the config."""
        rows = self.comparisons
        used = rows["claim_ids"].str.contains(f"{source_id}-", regex=False)
        if study_id:
            for side in ("treatment", "comparator"):
                for start in (f"({self.labels.study(study_id)}", f"{study_id} "):
                    used |= rows[side].str.contains(start, regex=False)
        return list(dict.fromkeys(rows.loc[used, "comparison_id"]))

    def main(self, ids: Iterable[str]) -> pd.DataFrame:
        """The main estimate of each comparison.

        Returns
        -------
        DataFrame
            Columns comparison, group, first, second, measure, estimate (interval), p, method, evidence, those with
            something in them; as many rows a comparison as its main method gives estimates.
        """
        parts = [self._main(str(name)) for name in ids]
        parts = [part for part in parts if len(part)]
        if not parts:
            return pd.DataFrame(columns=["comparison"])
        made = pd.concat(parts, ignore_index=True).fillna("")
        order = [name for name in ESTIMATE_COLUMNS if name in made.columns]
        return made[order]

    def _main(self, name: str) -> pd.DataFrame:
        rows = self.comparisons[self.comparisons["comparison_id"] == name]
        if len(rows) and (rows["refused"] == "True").all():
            return pd.DataFrame(
                {"comparison": [name], "estimate (interval)": ["not made"], "method": [rows["note"].iloc[0]]}
            )
        return self._estimates(rows[(rows["role"] == Role.MAIN) & (rows["refused"] == "False")])

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

    def assumptions(self, name: str) -> str:
        """What a comparison assumes, as the config says it."""
        rows = self.comparisons[self.comparisons["comparison_id"] == name]
        return str(rows["assumptions"].iloc[0]) if len(rows) else ""

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
    return pd.read_csv(_there(path), dtype=str, keep_default_na=False)


def _pairs(rows: pd.DataFrame) -> Iterable[tuple[str, str]]:
    return zip(rows["endpoint"], rows["data_cut"], strict=True)


def _spread(row: Mapping[str, Any], middle: str, low: str, high: str) -> str:
    """`11.8 (8.4 to 15.1)`; the middle alone where nothing spreads."""
    text = number(row[middle])
    if number(row[low]) == number(row[high]) or not is_number(row[low]):
        return text
    return f"{text} ({number(row[low])} to {number(row[high])})"


def _estimate(row: Mapping[str, Any]) -> str:
    if not is_number(row["estimate"]):
        return "not estimable"
    a_ratio = row["contrast"] == Contrast.RATIO
    text = ratio(row["estimate"]) if a_ratio else number(row["estimate"])
    ends = interval(row["lower"], row["upper"], "ratio" if a_ratio else "")
    return f"{text} ({ends})" if ends else text


def share(part: object, whole: object) -> str:
    """`1721 of 1975 (87 %)`."""
    return f"{number(part)} of {number(whole)} ({100 * as_float(part) / as_float(whole):.0f} %)"


def some(count: int, one: str, many: str = "") -> str:
    """`1 check`, `12 checks`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def say(text: str) -> None:
    """Show a sentence whose numbers come from the results."""
    from IPython.display import display

    display({"text/markdown": text, "text/plain": text}, raw=True)


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
