"""Methods with references: what was done, in the order of the chain."""

from __future__ import annotations

from collections.abc import Iterator

from resurvey.report.document import Block, Cite, Heading, Paragraph, Reference, words
from resurvey.report.inputs import Results
from resurvey.report.words import thousands

REFERENCES = (
    Reference("guyot2012", "Guyot P, Ades AE, Ouwens MJNM, Welton NJ. Enhanced secondary analysis of survival data: reconstructing the data from published Kaplan-Meier survival curves. BMC Med Res Methodol 2012;12:9.", "https://doi.org/10.1186/1471-2288-12-9"),
    Reference("kaplan1958", "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc 1958;53:457-481."),
    Reference("brookmeyer1982", "Brookmeyer R, Crowley J. A confidence interval for the median survival time. Biometrics 1982;38:29-41."),
    Reference("cox1972", "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220."),
    Reference("efron1977", "Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc 1977;72:557-565."),
    Reference("grambsch1994", "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on weighted residuals. Biometrika 1994;81:515-526."),
    Reference("fleming1991", "Fleming TR, Harrington DP. Counting processes and survival analysis. New York: Wiley; 1991."),
    Reference("royston2013", "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard ratio for the design and analysis of randomized trials with a time-to-event outcome. BMC Med Res Methodol 2013;13:152."),
    Reference("rubin1987", "Rubin DB. Multiple imputation for nonresponse in surveys. New York: Wiley; 1987."),
    Reference("bucher1997", "Bucher HC, Guyatt GH, Griffith LE, Walter SD. The results of direct and indirect treatment comparisons in meta-analysis of randomized controlled trials. J Clin Epidemiol 1997;50:683-691."),
    Reference("dersimonian1986", "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188."),
    Reference("hartung2001", "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials with binary outcome. Stat Med 2001;20:3875-3889."),
    Reference("rucker2012", "Rücker G. Network meta-analysis, electrical networks and graph theory. Res Synth Methods 2012;3:312-324."),
    Reference("rucker2015", "Rücker G, Schwarzer G. Ranking treatments in frequentist network meta-analysis works without resampling methods. BMC Med Res Methodol 2015;15:58."),
    Reference("clopper1934", "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial. Biometrika 1934;26:404-413."),
    Reference("newcombe1998", "Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven methods. Stat Med 1998;17:873-890."),
    Reference("michiels2005", "Michiels S, Piedbois P, Burdett S, Syz N, Stewart L, Pignon JP. Meta-analysis when only the median survival times are known: a comparison with individual patient data results. Int J Technol Assess Health Care 2005;21:119-125."),
    Reference("vanderweele2017", "VanderWeele TJ, Ding P. Sensitivity analysis in observational research: introducing the E-value. Ann Intern Med 2017;167:268-274.", "https://doi.org/10.7326/M16-2607"),
    Reference("wu2015", "Wu J. Sample size calculation for the one-sample log-rank test. Pharm Stat 2015;14:26-33."),
    Reference("lawless2003", "Lawless JF. Statistical models and methods for lifetime data. 2nd ed. Hoboken: Wiley; 2003."),
    Reference("nuijten2016", "Nuijten MB, Hartgerink CHJ, van Assen MALM, Epskamp S, Wicherts JM. The prevalence of statistical reporting errors in psychology (1985-2013). Behav Res Methods 2016;48:1205-1226."),
    Reference("morris2019", "Morris TP, Jarvis CI, Cragg W, Phillips PPJ, Choodari-Oskooei B, Sydes MR. Proposals on Kaplan-Meier plots in medical research and a survey of stakeholder views: KMunicate. BMJ Open 2019;9:e030215."),
)  # fmt: skip


def methods(results: Results) -> Iterator[Block]:
    """The section of methods."""
    kinds = {entry["kind"] for entry in results.choices.comparisons}
    yield Heading(1, "Methods", "methods")
    yield Heading(2, "Reading", "methods-reading")
    yield Paragraph(
        words(
            "Every number was typed from its document as printed, one row a number, with the document and the place in it. "
            "Nothing was rounded, corrected or filled in. A printed number stands for the interval of values that would be "
            "printed so; all checks work on these intervals."
        )
    )
    yield Heading(2, "Audit", "methods-audit")
    yield Paragraph(
        words(
            "Percentages were recomputed from their counts; sums compared with their parts; intervals of ratios examined "
            "for their middle and their p value; p values recomputed from tables by the usual tests; medians compared with "
            "printed survival and follow-up; the same quantity compared across places and documents. The idea is that of "
            "automatic checks of reported tests ",
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
            f"Each group was rebuilt {thousands(results.choices.replicates)} times from its printed facts: the smoothest "
            "event and censoring hazards that satisfy them, drawn with their sampling uncertainty, and whole patients "
            "placed so that the facts hold. Curves with coordinates are inverted step by step ",
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
                "Printed ratios were taken on the log scale with standard errors from their intervals: compared through a "
                "common comparator ",
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

    known = {reference.key: reference for reference in REFERENCES}
    keys = [key for part in inlines(blocks) if isinstance(part, Cite) for key in part.keys]
    return tuple(known[key] for key in dict.fromkeys(keys))
