"""The report's words and its neutral document."""

import re
from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest

from resurvey import plan
from resurvey.errors import InputError
from resurvey.report.content import page_document
from resurvey.report.document import (
    Claims,
    Column,
    Document,
    Figure,
    Heading,
    Paragraph,
    Ref,
    Row,
    Table,
    anchor,
    appendix,
    claim_anchor,
    claims_text,
    columns,
    flat,
    inlines,
    plain,
    words,
)
from resurvey.report.evidence_section import transitivity
from resurvey.report.inputs import Choices, Results
from resurvey.report.methods_section import known_references
from resurvey.report.words import count, interval, listed, number, p_value, percent, ratio, sentence
from resurvey.short_citations import short_citation
from tests.report_project import small_results, typed_lines


def all_words(document):
    """Everything the document says, as one text."""
    said = []
    for block in flat(document.blocks):
        for name in ("text", "title", "caption"):
            said.append(str(getattr(block, name, "")))
    return " ".join(said) + " " + plain(tuple(inlines(document.blocks)), document)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("inf"), "not reached"),
        (float("nan"), "not estimable"),
        ("", "not estimable"),
        (7.0, "7"),
        (7.02, "7.02"),
        (-2.345, "−2.35"),
        (11.82, "11.8"),
        (148.2, "148"),
    ],
)
def test_numbers_as_a_reader_sees_them(value, said):
    assert number(value) == said


def test_other_ways_to_show_numbers():
    assert ratio(0.091) == "0.091" and ratio(0.4415) == "0.44"
    assert percent(0.421, 1) == "42.1\u00a0%"
    assert p_value(0.0004) == "<0.001" and p_value(0.03) == "0.030" and p_value("") == ""
    assert interval(0.57, 1.1, "ratio") == "0.57 to 1.10" and interval(0.5, "") == ""
    assert count(1, "check") == "1\u00a0check" and count(1491, "check") == "1\u202f491\u00a0checks"
    assert listed(["a", "b", "c"]) == "a, b and c" and listed(["a"]) == "a"
    assert sentence("the end") == "The end." and sentence("") == ""


def test_numbers_of_tables_and_figures_follow_their_order_and_long_tables_have_their_own():
    column = (Column("a"),)
    blocks = (
        Heading(1, "One", "one"),
        Table("tab-x", "x", column, ()),
        Table("tab-long", "all", column, (), long=True),
        Table("tab-y", "y", column, ()),
        Figure("fig-a", "a", "c", "alt", None, None),
    )
    document = Document("T", "Q", blocks)
    assert [document.label(name).replace("\u00a0", " ") for name in ("one", "tab-x", "tab-long", "tab-y", "fig-a")] == [
        "Section 1",
        "Table 1",
        "Table A1",
        "Table 2",
        "Figure 1",
    ]


def test_a_reference_to_nothing_is_refused():
    with pytest.raises(InputError, match="refers to 'tab-none'"):
        Document("T", "Q", (Paragraph(words("see ", Ref("tab-none"))),))


def test_an_anchor_twice_is_refused():
    table = Table("tab-x", "x", (Column("a"),), ())
    with pytest.raises(InputError, match="two places called 'tab-x'"):
        Document("T", "Q", (table, table))


def test_a_ragged_row_is_refused():
    with pytest.raises(InputError, match="2 cells for 1 columns"):
        Table("tab-x", "x", (Column("a"),), (Row((words("1"), words("2"))),))


def test_columns_are_said_in_a_line():
    assert columns("Study:1.1 | Arm | Patients:0.7:number | Row::code") == (
        Column("Study", weight=1.1),
        Column("Arm"),
        Column("Patients", "number", 0.7),
        Column("Row", "code"),
    )


def test_anchors_hold_no_letters_that_links_lack():
    assert claim_anchor("a b/<c>") == "claim-a-b-c"
    assert anchor("tab", "", "x") == "tab-x"


def test_ids_of_many_claims_are_counted():
    assert claims_text(Claims(tuple("abcde"))) == "a, b, c and 2 more"


def test_numbers_in_the_words_follow_the_tables(tmp_path):
    results = small_results(tmp_path)
    lines = results.comparisons.copy()
    lines.loc[lines["measure"] == "HR", ["estimate", "lower", "upper"]] = [1.5, 0.9, 2.5]
    said = all_words(page_document(replace(results, comparisons=lines)))
    assert "HR 1.50, 95\u00a0% CI 0.90 to 2.50, p 0.030: the interval includes no difference" in said
    assert "HR 0.44" not in said


def test_sections_come_in_the_readers_order(tmp_path):
    document = page_document(small_results(tmp_path))
    found = [block.anchor for block in document.blocks if isinstance(block, Heading) and block.level == 1]
    assert found == [
        "answer",
        "evidence",
        "audit",
        "reconstruction",
        "design",
        "comparisons",
        "limits",
        "methods",
        "provenance",
    ]


def test_headings_never_skip_a_level(tmp_path):
    levels = [
        block.level for block in flat(page_document(small_results(tmp_path)).blocks) if isinstance(block, Heading)
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_printed_number_is_a_row_with_an_anchor(tmp_path):
    results = small_results(tmp_path)
    (table,) = [b for b in flat(page_document(results).blocks) if isinstance(b, Table) and b.long]
    assert [row.anchor for row in table.rows] == ["claim-a-1", "claim-a-2", "claim-a-3", "claim-b-1"]
    verdicts = [plain(row.cells[5]) for row in table.rows]
    assert verdicts == ["reproduced", "discrepant", "not checked", "uncheckable"]


def test_the_appendix_holds_the_numbers_that_something_leads_to(tmp_path):
    (table,) = appendix(page_document(small_results(tmp_path)).blocks)
    assert [row.anchor for row in table.rows] == ["claim-a-1", "claim-a-2", "claim-a-3"]
    assert plain(table.note).startswith("The 3 of 4 rows that this document leads to")


def test_printed_survival_is_a_percentage_and_an_endless_median_is_not_reached(tmp_path):
    (table,) = [
        b for b in flat(page_document(small_results(tmp_path)).blocks) if getattr(b, "anchor", "") == "tab-arms"
    ]
    row = [plain(cell) for cell in table.rows[0].cells]
    assert "not reached" in row and "12: 25.0\u00a0%" in row and "inf" not in " ".join(row)


def test_columns_of_studies_are_shown_whatever_the_field(tmp_path):
    (table,) = [
        b for b in flat(page_document(small_results(tmp_path)).blocks) if getattr(b, "anchor", "") == "tab-transitivity"
    ]
    assert [column.name for column in table.columns] == ["Study", "Design", "Soil moisture"]


def test_each_result_of_two_groups_stands_in_the_table_that_its_kind_asks(tmp_path):
    results = small_results(tmp_path)
    line = results.comparisons.iloc[0].to_dict() | {"p": "", "lower": "", "upper": "", "contrast": ""}
    half, odd = (
        {"role": "standardised", "variation": "half wet"},
        {"role": "sensitivity", "variation": "odd replicates"},
    )
    more = [
        half | {"quantity": "hazard ratio", "estimate": 0.61, "note": "a guess"},
        half | {"quantity": "effective sample size", "estimate": 30.4, "note": "of 100 patients"},
        half | {"quantity": "survival", "time_months": 6.0, "estimate": -0.1},
        odd | {"quantity": "hazard ratio", "estimate": 0.45, "note": "how far it matters"},
        {"role": "bias", "quantity": "E-value", "estimate": 2.9},
        {"role": "test", "quantity": "p", "model": "log-rank", "estimate": 0.02},
        {
            "role": "secondary",
            "quantity": "hazard ratio",
            "from_months": 6.0,
            "time_months": float("inf"),
            "estimate": 0.7,
        },
    ]
    table = pd.concat([results.comparisons, pd.DataFrame([line | one for one in more])], ignore_index=True)
    made = page_document(replace(results, comparisons=table))
    found = {block.anchor: block for block in flat(made.blocks) if isinstance(block, Table)}

    def cells(name):
        return [[plain(cell).replace("\u00a0", " ") for cell in row.cells] for row in found[name].rows]

    assert cells("tab-one-two-standardised") == [["half wet", "30.4", "0.61", "", "−10 %"]]
    assert "Half wet: Of 100 patients." in plain(found["tab-one-two-standardised"].note)
    assert cells("tab-one-two-sensitivity") == [["Odd replicates", "0.45", "", "How far it matters."]]
    side = cells("tab-one-two")
    assert [row[0] for row in side] == [
        "Hazard ratio", "Hazard ratio after 6 months", "Restricted mean up to 12 months", "Survival at 6 months",
    ]  # fmt: skip
    assert side[2][1:4] == ["8.10 (7.50 to 8.70)", "", "2.10 (0.50 to 3.70)"]
    assert not {"tab-one-two-tests", "tab-one-two-further"} & set(found), "tests and bias are in the workbook"


def test_a_fact_of_two_groups_is_one_row_with_the_decimals_of_the_print(tmp_path):
    results = small_results(tmp_path)
    fact = results.facts.iloc[1].to_dict() | {"fact": "hazard ratio", "printed": "0.7955", "rebuilt": 0.80123}
    table = pd.concat([results.facts, pd.DataFrame([fact, fact | {"arm_id": "old"}])], ignore_index=True)
    made = page_document(replace(results, facts=table))
    (broken,) = [b for b in flat(made.blocks) if isinstance(b, Table) and b.anchor == "tab-broken"]
    said = [[plain(cell) for cell in row.cells] for row in broken.rows]
    assert [row[4:6] for row in said] == [["not reached", "7.02"], ["0.7955", "0.8012"]]
    assert said[1][1] == "new; old"


def test_a_refused_comparison_says_why(tmp_path):
    said = all_words(page_document(small_results(tmp_path)))
    assert "This comparison was not made: No ratios." in said


def network_results():
    """A network of two regimens, one of them varied, with what would overturn each."""
    line = {
        "comparison_id": "net",
        "kind": "network",
        "refused": False,
        "measure": "HR",
        "evidence": "printed ratios",
    }
    line |= {"comparator": "c", "population": "all", "ci_level": 0.95, "p": 0.2, "note": "", "claim_ids": ""}
    rows = []
    for name, value in (("a", 0.5), ("b", 0.8)):
        for model in ("common", "random"):
            known = {"role": "main" if model == "random" else "secondary", "quantity": "hazard ratio"}
            known |= {"model": f"{model} effect{'s' if model == 'random' else ''}", "contrast": "ratio"}
            rows.append(line | {"method": f"network, {model} effects", "treatment": name, "estimate": value} | known)
    rows.append(
        line
        | {"method": "sensitivity: without s, network, random effects", "treatment": "a", "estimate": 0.11}
        | {"role": "sensitivity"}
    )
    table = typed_lines(rows).assign(lower=lambda t: t["estimate"] - 0.1, upper=lambda t: t["estimate"] + 0.1)
    key = {"treatment": ["a"] * 2 + ["b"] * 2, "comparator": "c"}
    values = pd.DataFrame({**key, "of": ["estimate", "nearer limit"] * 2, "e_value": [2.61, 2.11, 1.81, 1.0]})
    needed = pd.DataFrame(
        {**key, "question": ["change the conclusion", "cross 1"] * 2, "ratio_bias": [0.61, 0.5, 1.0, 0.8]}
    )
    raw = {"id": "net", "kind": "network", "question": "A net", "reference": "c", "claims": ["a-1"]}
    entry = plan.comparison({**raw, "assumptions": ["x is as y"]})
    folders = {"net": {"e_values": values, "bias_needed": needed}}
    return Results(Choices("Net", "What?", comparisons=[entry]), comparisons=table, folders=folders)


def test_a_network_shows_its_own_estimates_and_what_would_overturn_each():
    results = network_results()
    tables = {b.anchor: b for b in flat(page_document(results).blocks) if isinstance(b, Table)}
    shown = [[plain(cell) for cell in row.cells] for row in tables["tab-net"].rows]
    assert [row[1] for row in shown] == ["0.50 (0.40 to 0.60)", "0.80 (0.70 to 0.90)"]
    overturn = [[plain(cell) for cell in row.cells][1:] for row in tables["tab-net-bias"].rows]
    assert overturn == [["2.61", "2.11", "0.61", "0.50"], ["1.81", "1", "1.00", "0.80"]]


def test_a_project_with_nothing_still_has_a_report():
    document = page_document(Results(Choices("Empty", "Is anything there?")))
    said = all_words(document)
    assert "No check was made: the tables hold nothing that can be recomputed." in said
    assert "No group of patients was reconstructed." in said
    assert "The project lists no comparisons." in said
    assert not any(isinstance(block, Heading) and block.anchor == "design" for block in document.blocks)


def test_missing_results_of_a_listed_comparison_and_design_are_said(tmp_path):
    results = replace(
        small_results(tmp_path), comparisons=pd.DataFrame(), verdicts={}, designs={}, figures=pd.DataFrame()
    )
    said = all_words(page_document(results))
    assert "This comparison was not made: The run holds no result of it." in said
    assert "The run holds no result of this check." in said


def test_only_cited_references_are_listed_and_each_is_known(tmp_path):
    document = page_document(small_results(tmp_path))
    keys = [reference.key for reference in document.references]
    assert "guyot2012" in keys and "newcombe1998" not in keys
    assert len(set(keys)) == len(keys) <= len(known_references())


def test_nothing_of_the_shipped_analysis_is_written_into_the_report(tmp_path):
    """A project of another field must not read of this one's drugs and trials."""
    from pathlib import Path

    import resurvey.report as package
    from resurvey.report.html import render_html

    said = all_words(page_document(small_results(tmp_path)))
    assert not re.search(r"HER2|[Tt]rastuzumab|\bPICTURE\b|[Bb]reast|tumour|cancer", said)
    for path in (Path(package.__file__).parent / "templates").glob("*[!x]"):
        template = path.read_text(encoding="utf-8")
        assert not re.search(r"HER2|[Tt]rastuzumab|[Bb]reast", template)
    assert "Cement" in render_html(page_document(small_results(tmp_path)), tmp_path)


def test_ids_in_the_words_of_the_audit_are_shown_by_their_names():
    tables = {
        "treatments": pd.DataFrame({"treatment_id": ["lap_cap", "as", "t1"], "label": ["L + C", "Aspirin", "T-1"]}),
        "studies": pd.DataFrame({"study_id": ["alpha", "beta_2"], "acronym": ["ALPHA", "BETA-2"]}),
        "sources": pd.DataFrame(
            {"source_id": ["doe2020", "protocol"], "citation": ["Doe J. A paper.", "Roe. It."], "year": ["2020", ""]}
        ),
    }
    results = Results(Choices("", ""), tables=tables)
    said = (
        "HR of lap_cap: once; doe2020 also prints it, and t1 in beta_2, alpha and protocol; doe2020-hr-001, 'lap_cap'"
    )
    names = (
        "HR of L + C: once; Doe 2020 also prints it, and T-1 in BETA-2, alpha and protocol; doe2020-hr-001, 'lap_cap'"
    )
    said, names = (f"{text}, lap_cap_x, https://x.org/doe2020/lap_cap, doe2020.pdf" for text in (said, names))
    assert results.named(said) == names


@pytest.mark.parametrize(
    ("citation", "short"),
    [
        ("Lim; Kim; Hong et al. A randomised trial", "Lim 2015"),
        ("Lim SH, Kim TW, et al. A randomised trial", "Lim 2015"),
        ("Lim et al. A randomised trial", "Lim 2015"),
        ("Lim & Kim. A randomised trial", "Lim 2015"),
        ("J. Lim; K. Kim. A randomised trial", "Lim 2015"),
        ("von Minckwitz G, Procter M. A trial", "von Minckwitz 2015"),
        ("van der Berg; Kim. A trial", "van der Berg 2015"),
        ("Li X. A trial", "Li 2015"),
        ("Lim. A trial", "Lim 2015"),
        ("", "own-name"),
    ],
)
def test_a_document_is_called_by_its_first_author_and_year(citation, short):
    assert short_citation({"citation": citation, "year": 2015}, "own-name") == short


@pytest.mark.parametrize(("gaps", "said"), [(0, "Source"), (1, "1 of 4 cells is not known."), (2, "2 of 4 cells are")])
def test_unknown_cells_are_counted_with_none_one_and_many(tmp_path, gaps, said):
    results = small_results(tmp_path)
    studies = results.tables["studies"].assign(soil_moisture=["wet", "dry"], design=["single arm", "randomised"])
    for place, name in enumerate(["soil_moisture", "design"][:gaps]):
        studies.loc[place, name] = ""
    (table,) = [
        block
        for block in transitivity(replace(results, tables={**results.tables, "studies": studies}))
        if isinstance(block, Table)
    ]
    assert plain(table.note).startswith(said)
