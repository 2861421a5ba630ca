"""Methods with references: what was done, in the order of the chain."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import resources

from resurvey.report.document import Block, Cite, Heading, Paragraph, Reference, words
from resurvey.report.inputs import Results
from resurvey.report.words import thousands


def known_references() -> dict[str, Reference]:
    """Every reference the report may cite, by key."""
    text = resources.files("resurvey.report").joinpath("references.csv").read_text(encoding="utf-8")
    return {row["key"]: Reference(**row) for row in csv.DictReader(text.splitlines())}


def methods(results: Results) -> Iterator[Block]:
    """The section of methods."""
    kinds = {entry.kind for entry in results.choices.comparisons}
    yield Heading(1, "Methods", "methods")
    yield Heading(2, "Reading", "methods-reading")
    yield Paragraph(
        words(
            "Every number was typed from its document as printed, one row a number, with the document and the place "
            "in it. "
            "Nothing was rounded, corrected or filled in. A printed number stands for the interval of values that "
            "would be printed so; all checks work on these intervals."
        )
    )
    yield Heading(2, "Audit", "methods-audit")
    yield Paragraph(
        words(
            "Percentages were recomputed from their counts; sums compared with their parts; intervals of ratios "
            "examined for their middle and their p value; p values recomputed from tables by the usual tests; medians "
            "compared with "
            "printed survival and follow-up; the same quantity compared across places and documents. The idea is "
            "that of automatic checks of reported tests ",
            Cite(("nuijten2016",)),
            ", extended to survival. Exact intervals of proportions follow Clopper and Pearson ",
            Cite(("clopper1934",)),
            "; intervals of medians Brookmeyer and Crowley ",
            Cite(("brookmeyer1982",)),
            ".",
        )
    )
    yield Heading(2, "Reconstruction", "methods-reconstruction")
    yield Paragraph(
        words(
            f"Each group was rebuilt {thousands(results.choices.replicates)} times from its printed facts: the "
            "smoothest "
            "event and censoring hazards that satisfy them, drawn with their sampling uncertainty, and whole patients "
            "placed so that the facts hold. Events that no source prints are read from the width of a printed ratio's "
            "interval ",
            Cite(("tierney2007",)),
            ", and replicates of two groups are brought together so that the ratio printed between them holds. Curves "
            "with coordinates are inverted step by step ",
            Cite(("guyot2012",)),
            ". Survival is estimated by the product limit ",
            Cite(("kaplan1958",)),
            " and drawn as recommended by KMunicate ",
            Cite(("morris2019",)),
            ".",
        )
    )
    if results.choices.designs:
        yield Heading(2, "Design", "methods-design")
        yield Paragraph(
            words(
                "Numbers of events were computed on the scales in use for an exponential median (log hazard, hazard, "
                "median, square and cube root, exact) ",
                Cite(("lawless2003",)),
                " and for the one-sample log-rank test ",
                Cite(("wu2015",)),
                ". Numbers of patients follow from enrolment, follow-up and dropout in every reading of these.",
            )
        )
    if kinds:
        yield Heading(2, "Comparisons", "methods-comparisons")
    if "patients" in kinds:
        yield Paragraph(
            words(
                "Two groups of rebuilt patients were compared in every replicate: Cox model ",
                Cite(("cox1972",)),
                " with Efron's handling of ties ",
                Cite(("efron1977",)),
                ", log-rank and weighted log-rank tests with their maximum ",
                Cite(("fleming1991",)),
                ", a test of proportional hazards ",
                Cite(("grambsch1994",)),
                ", restricted mean survival time ",
                Cite(("royston2013",)),
                ", medians and survival at fixed times. Replicates were combined by Rubin's rules ",
                Cite(("rubin1987",)),
                ", so that an interval holds both the sampling of patients and the uncertainty of rebuilding. E-values "
                "use the conversion of hazard ratios for common outcomes ",
                Cite(("vanderweele2017",)),
                ".",
            )
        )
    if kinds & {"bucher", "pool", "network"}:
        yield Paragraph(
            words(
                "Printed ratios were taken on the log scale with standard errors from their intervals: compared "
                "through a common comparator ",
                Cite(("bucher1997",)),
                ", pooled with a common effect and with random effects ",
                Cite(("dersimonian1986",)),
                " with the interval of Hartung and Knapp ",
                Cite(("hartung2001",)),
                ", and joined in a network by graph theory ",
                Cite(("rucker2012",)),
                " with P-scores ",
                Cite(("rucker2015",)),
                ".",
            )
        )
    if kinds & {"rates", "ratios"}:
        yield Paragraph(
            words(
                "Differences of proportions have Newcombe's interval ",
                Cite(("newcombe1998",)),
                ". Ratios of medians stand beside printed hazard ratios as a rough check only ",
                Cite(("michiels2005",)),
                ".",
            )
        )
    yield Heading(2, "References", "references")


def cited_references(blocks: tuple[Block, ...]) -> tuple[Reference, ...]:
    """The references that the text cites, in the order in which it first does."""
    from resurvey.report.document import inlines

    known = known_references()
    keys = [key for part in inlines(blocks) if isinstance(part, Cite) for key in part.keys]
    return tuple(known[key] for key in dict.fromkeys(keys))
