"""Specification of the extraction tables: columns, kinds of cell, keys and the rules that relate cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "text": "any text",
    "id": "lower case letters, digits, `_` and `-`, starting with a letter or digit, at most 64",
    "number": "a printed number",
    "count": "a printed whole number, 0 or more",
    "size": "a printed whole number, 1 or more",
    "percent": "a printed percentage between 0 and 100",
    "p": "a printed p value between 0 and 1",
    "level": "a printed confidence level between 50 and 99.99",
    "date": "YYYY, YYYY-MM or YYYY-MM-DD",
    "ids": "claim ids separated by `;`",
    "choice": "one of a list",
    "grade": "a grade: any, 3, 1-2, 3-4, >=3",
    "time_unit": "a unit of time: days, weeks, months or years",
    "file": "the name of a file in the same folder, without a path",
}


@dataclass(frozen=True)
class Column:
    """A column: its name, kind of cell, whether it is required, its choices, and the key that must contain its values.

    A `spare` column may be missing from the table; all its cells then count as empty.
    """

    name: str
    kind: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    key: str = ""
    spare: bool = False


@dataclass(frozen=True)
class Table:
    """A table: columns in order, the key of a row, and pairs of columns of which the first must not exceed the second.

    The file of an `optional` table may be absent; the table then has no rows. `allowed` gives a column, a value of it,
    another column, and the values allowed there in that case.
    """

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...]
    ordered: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    optional: bool = False
    allowed: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @property
    def file(self) -> str:
        """Path of the table inside the folder of raw tables."""
        return f"{self.folder}/{self.name}.csv" if self.folder else f"{self.name}.csv"

    def path_in(self, folder: Path) -> Path:
        """The file of the table: CSV, or a workbook of the same name if there is no CSV file."""
        path = folder / self.file
        workbook = path.with_suffix(".xlsx")
        return workbook if workbook.is_file() and not path.is_file() else path


def _columns(text: str) -> tuple[Column, ...]:
    """Make columns from a compact notation.

    `name:kind!` (required), `name:choice(a|b)` (`~` for a space), `name>table.column` (foreign key), `name?` (a column
    that may be missing).
    """
    columns = []
    for word in text.split():
        required = word.endswith("!")
        body, _, key = word.rstrip("!?").partition(">")
        name, _, kind = body.partition(":")
        kind, _, rest = (kind or "text").partition("(")
        choices = tuple(choice.replace("~", " ") for choice in rest.rstrip(")").split("|")) if rest else ()
        columns.append(Column(name, kind, required, choices, key, word.endswith("?")))
    return tuple(columns)


#: Domains of the tools that judge a study, and of the one that judges a network estimate.
ROB_2 = ("randomisation", "deviations", "missing data", "measurement", "selective reporting", "overall")
ROBINS_I = ("confounding", "selection", "classification", "deviations", "missing data", "measurement",
            "selective reporting", "overall")  # fmt: skip
CINEMA = ("within-study bias", "reporting bias", "indirectness", "imprecision", "heterogeneity", "incoherence")
#: Stated methods for the interval of a median: by name only, by the scale of the confidence band of the curve
#: from which it is read, or symmetric about the median by its standard error.
MEDIAN_METHODS = ("Brookmeyer-Crowley", "Greenwood", "log-log", "log", "plain", "standard~error")
#: Stated methods for the interval of a survival rate: Greenwood's standard error without a scale, or the scale.
RATE_METHODS = ("Greenwood", "log-log", "log", "plain")
COMMON = (
    "claim_id:id! source_id:id>sources.source_id! locator! study_id:id>studies.study_id! arm_id:id population! data_cut"
)
INTERVAL = (("lower", "upper"),)
RANGE = (*INTERVAL, ("range_lower", "range_upper"))


def _claims(
    name: str, columns: str, ordered: tuple[tuple[str, str], ...] = (), *, optional: bool = False, spare: str = ""
) -> Table:
    return Table(name, _columns(f"{COMMON} {columns} note {spare}"), ("claim_id",), ordered, optional=optional)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "sources",
            _columns(
                "source_id:id! citation! doi year:date! "
                "kind:choice(trial|cohort|letter|review|preprint|abstract|label)! licence url "
                "read_as:choice(full~text|abstract|elsewhere)? note"
            ),
            ("source_id",),
        ),
        Table(
            "studies",
            _columns(
                "study_id:id! acronym! "
                "design:choice(randomised|non-randomised|single~arm|retrospective~cohort|registry|basket|"
                "laboratory|field)! "
                "phase setting line prior_exposure entry_definition region registry_id enrolment_start:date "
                "enrolment_end:date data_cutoff:date source_id:id>sources.source_id! note"
            ),
            ("study_id",),
            (("enrolment_start", "enrolment_end"), ("enrolment_end", "data_cutoff")),
        ),
        Table("treatments", _columns("treatment_id:id! label! components! classes! note"), ("treatment_id",)),
        Table(
            "endpoints",
            _columns(
                "endpoint! label! family:choice(time_to_event|response|baseline|harm|other)! "
                "clock_start:choice(entry|response|later) event note"
            ),
            ("endpoint",),
        ),
        _claims("arms", "treatment_id:id>treatments.treatment_id label n:size"),
        _claims(
            "medians",
            "endpoint>endpoints.endpoint! value:number! lower:number upper:number ci_level:level range_lower:number "
            "range_upper:number unit n:size events:count",
            (*RANGE, ("lower_quartile", "value"), ("value", "upper_quartile"), ("lower_quartile", "upper_quartile")),
            spare="censored:count? lower_quartile:number? upper_quartile:number? "
            f"ci_method:choice({'|'.join(MEDIAN_METHODS)})?",
        ),
        _claims(
            "survival_rates",
            "endpoint>endpoints.endpoint! time:number! time_unit:time_unit! value:number! "
            "unit:choice(%|proportion)! lower:number "
            "upper:number ci_level:level n:size",
            INTERVAL,
            spare=f"ci_method:choice({'|'.join(RATE_METHODS)})?",
        ),
        _claims(
            "hazard_ratios",
            "endpoint>endpoints.endpoint measure:choice(HR|OR|RR)! comparator_arm_id:id "
            "comparator_population value:number "
            "lower:number upper:number ci_level:level p:p p_sided:choice(1|2) test "
            "model:choice(unadjusted|stratified|multivariable|matched) n:size events:count",
            INTERVAL,
        ),
        _claims(
            "proportions",
            "kind:choice(baseline|flow|response|adverse_event|progression|treatment|prognosis)! endpoint item! "
            "grade:grade "
            "n:count total:size percent:percent lower:percent upper:percent ci_level:level ci_method partition",
            INTERVAL,
            spare="time:number? time_unit:time_unit?",
        ),
        _claims(
            "p_values",
            "endpoint item comparator_study_id:id>studies.study_id comparator_arm_id:id comparator_population p:p "
            "p_sided:choice(1|2) test adjusted:choice(yes|no) "
            "statement:choice(significant|not~significant|trend) claims:ids",
        ),
        _claims(
            "differences",
            "endpoint item! value:number unit "
            "direction:choice(longer|shorter|higher|lower|similar|doubled|better|worse) claims:ids "
            "lower:number? upper:number? ci_level:level? p:p?",
        ),
        _claims(
            "statements",
            "kind:choice(most_common|none|all|not_reached|primary_endpoint_met|same_as|range_of|overlap|planned|role|clock|"
            "cites|sign)! "
            "endpoint item! value claims:ids",
        ),
        _claims(
            "designs",
            "endpoint>endpoints.endpoint! distribution test null_median:number alternative_median:number "
            "hazard_ratio:number "
            "unit alpha:percent sides:choice(1|2) power:percent allocation events:size patients:size accrual:number "
            "follow_up:number dropout:percent null_rate:percent? alternative_rate:percent? landmark:number? "
            "rejects_from:count? first_patients:size? futile_up_to:count?",
        ),
        _claims(
            "follow_up",
            "item! statistic:choice(median|mean|date|duration|maximum|minimum)! value! lower:number "
            "upper:number ci_level:level "
            "range_lower:number range_upper:number unit",
            RANGE,
        ),
        _claims("risk_tables", "endpoint>endpoints.endpoint! time:number! time_unit:time_unit! n_at_risk:count!"),
        _claims(
            "quantities",
            ""
            "kind:choice(dose|schedule|eligibility|definition|threshold|sites|laboratory|epidemiology|software)! item! "
            "value lower:number upper:number unit",
            INTERVAL,
        ),
        _claims(
            "measurements",
            "kind:choice(mean|change|rate|cumulative~incidence|number~needed~to~treat)! endpoint item! value:number! "
            "unit sd:number se:number lower:number upper:number ci_level:level range_lower:number range_upper:number "
            "n:size events:count person_time:number time:number time_unit claims:ids",
            RANGE,
            optional=True,
        ),
        _claims("names", "kind:choice(drug|trial|arm|reference|unit)! entity:id! printed!"),
        _claims("ongoing_trials", "registry_id title! phase status intervention strategy"),
        Table(
            "risk_of_bias",
            _columns(
                "study_id:id>studies.study_id! endpoint tool:choice(RoB~2|ROBINS-I)! "
                f"domain:choice({'|'.join(dict.fromkeys((*ROB_2, *ROBINS_I))).replace(' ', '~')})! "
                "judgement:choice(low|some~concerns|moderate|high|serious|critical|no~information)! support by! note"
            ),
            ("study_id", "endpoint", "tool", "domain"),
            optional=True,
            allowed=(
                ("tool", "RoB 2", "domain", ROB_2),
                ("tool", "RoB 2", "judgement", ("low", "some concerns", "high")),
                ("tool", "ROBINS-I", "domain", ROBINS_I),
                ("tool", "ROBINS-I", "judgement", ("low", "moderate", "serious", "critical", "no information")),
            ),
        ),
        Table(
            "confidence",
            _columns(
                "comparison_id:id! treatment:id! comparator:id! "
                f"domain:choice({'|'.join((*CINEMA, 'confidence')).replace(' ', '~')})! "
                "judgement:choice(no~concerns|some~concerns|major~concerns|high|moderate|low|very~low)! reason by! note"
            ),
            ("comparison_id", "treatment", "comparator", "domain"),
            optional=True,
            allowed=(
                *(("domain", name, "judgement", ("no concerns", "some concerns", "major concerns")) for name in CINEMA),
                ("domain", "confidence", "judgement", ("high", "moderate", "low", "very low")),
            ),
        ),
        Table(
            "adjudications",
            _columns(
                "check_id! verdict:choice(rounding|other-method|discrepant|conflict|impossible|uncheckable)! "
                "ruling:choice(misprint|rounding|other~method|different~population|different~data~cut|unresolved|"
                "accepted)! affects reason! by!"
            ),
            ("check_id",),
        ),
        Table(
            "curves",
            _columns(
                f"{COMMON} file:file! endpoint>endpoints.endpoint! n:size! events:count time_unit:time_unit! "
                "survival_unit:choice(%|proportion)! axis_max:number at_risk_file:file note "
                "curve? at_risk_arm? printed_cut?"
            ),
            ("claim_id",),
            folder="curves",
        ),
    )
}
CLAIM_TABLES = [name for name, table in TABLES.items() if table.columns[0].name == "claim_id"]
