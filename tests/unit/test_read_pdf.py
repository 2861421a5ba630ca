"""PDFs with a text layer: columns, rules, captions and cells of several lines."""

from __future__ import annotations

import pytest

from resurvey.cli import main
from resurvey.errors import InputError
from resurvey.read import claims, document
from resurvey.read.objects import Claim
from resurvey.read.sources import from_bytes
from tests.made_papers import RATIO, ratio_and_counts, write

typst = pytest.importorskip("typst")


def pdf(source: str) -> list[Claim]:
    """Claims of a made-up paper set as PDF."""
    return claims(from_bytes(typst.compile(source.encode()), "a.pdf"))


def counts_of(found: list[Claim]) -> list[tuple[str, str, str | None]]:
    return ratio_and_counts(found)[1]


TWO_COLUMNS = "#set page(width: 210mm, height: 297mm, columns: 2, margin: 18mm)\n#set text(size: 10pt)\n"
RULES = "stroke: (x, y) => if y == 0 { (top: 1pt, bottom: 1pt) } else if y == LAST { (bottom: 1pt) }"


def test_rules_end_a_wide_table_above_two_columns_of_text():
    rows = "[Male, n (%)], [10 (25)], [20 (40)], [Stage IV, n (%)], [30 (75)], [30 (60)]"
    found = pdf(
        TWO_COLUMNS
        + f"""#place(top, float: true, scope: "parent")[*Table 1* Baseline characteristics
#table(columns: (1fr, 1fr, 1fr), align: left, {RULES.replace("LAST", "2")}, [Item], [A (n=40)], [B (n=50)], {rows})]
= Results
#lorem(70) The hazard ratio was 0.71 (95% CI 0.55–0.92; P=0.010). Fever was seen in 12 (30%) of 40 patients. #lorem(500)
"""
    )
    ratios, counts = ratio_and_counts(found)
    assert ratios == [RATIO]
    assert counts[0] == ("12", "30", "40")
    assert counts[1:] == [("10", "25", "40"), ("20", "40", "50"), ("30", "75", "40"), ("30", "60", "50")]


def test_a_caption_at_the_left_of_its_table():
    rows = "[Male, n (%)], [10 (25)], [20 (40)], [Stage IV, n (%)], [30 (75)], [30 (60)]"
    found = pdf(
        f"""#set page(width: 180mm)
#grid(columns: (32mm, 1fr), column-gutter: 4mm, [*Table 1* Patients in both groups at baseline and later],
table(columns: (1fr, 1fr, 1fr), align: left, inset: (y: 3pt), {RULES.replace("LAST", "2")}, [Item], [A (n=40)],
[B (n=50)], {rows}))
"""
    )
    assert counts_of(found) == [("10", "25", "40"), ("20", "40", "50"), ("30", "75", "40"), ("30", "60", "50")]
    assert [c.cells["item"] for c in found if "percent" in c.cells][1:3] == ["Male, n (%)", "Stage IV, n (%)"]


def test_the_rule_below_the_headings_ends_them():
    found = pdf(
        f"""*Table 1* Groups
#table(columns: (1fr, 1fr), align: left, {RULES.replace("LAST", "4")}, [Before the change], [],
[N], [40], [Women], [20 (50)], [Men], [20 (50)], [Smokers], [10 (25)])
#lorem(40)
"""
    )
    assert counts_of(found) == [("20", "50", "40"), ("20", "50", "40"), ("10", "25", "40")]


def test_a_value_centred_beside_two_lines_of_label():
    found = pdf(
        f"""*Table 1* Groups
#table(columns: (38mm, 3cm, 3cm), align: left + horizon, {RULES.replace("LAST", "2")}, [Item], [A (n=40)], [B (n=50)],
[Treatment before the trial with any antibody, n (%)], [10 (25)], [20 (40)], [Men, n (%)], [30 (75)], [30 (60)])
#lorem(40)
"""
    )
    assert counts_of(found) == [("10", "25", "40"), ("20", "40", "50"), ("30", "75", "40"), ("30", "60", "50")]
    assert found[0].cells["item"] == "Treatment before the trial with any antibody, n (%)"


def test_letters_set_as_symbols_and_tight_blanks():
    found = pdf(
        "= Results\nThe hazard ratio was 0.71 (95% CI 0.55–0.92; $p$ = 0.010) in a proportion of patients ($n$ = 40)."
    )
    assert ratio_and_counts(found)[0] == [RATIO]
    assert [c.cells["n"] for c in found if c.kind != "ratio" and c.cells.get("n")] == ["40"]


def test_a_pdf_of_two_columns_with_a_table(tmp_path):
    source = write(
        tmp_path / "a.typ",
        """#set page(width: 210mm, height: 297mm, columns: 2, margin: 18mm)
#set text(size: 10pt)
= Results
The median overall survival was 8.4 months (95% CI 7.1–9.9) and the hazard ratio was 0.71 (95% CI 0.55–0.92; P=0.010).
#lorem(220)

*Table 1* Baseline characteristics
#table(columns: 3, stroke: none, [Characteristic], [A (n=40)], [B (n=50)], [Male, n (%)], [10 (25.0)], [20 (40.0)],
[Female, n (%)], [30 (75.0)], [30 (60.0)], [Smoker, n (%)], [8 (20.0)], [5 (10.0)])

#lorem(160)
= References
1. Someone. HR 0.50 (0.40–0.60).
""",
    )
    (tmp_path / "a.pdf").write_bytes(typst.compile(str(source)))
    found = claims(document(tmp_path / "a.pdf"))
    ratios, counts = ratio_and_counts(found)
    assert ratios == [RATIO]
    assert counts == [
        ("10", "25.0", "40"),
        ("20", "40.0", "50"),
        ("30", "75.0", "40"),
        ("30", "60.0", "50"),
        ("8", "20.0", "40"),
        ("5", "10.0", "50"),
    ]
    assert [(c.cells["value"], c.cells["lower"]) for c in found if c.kind == "median"] == [("8.4", "7.1")]


@pytest.mark.parametrize("turn", [-90, 90])
def test_a_table_printed_sideways_is_read(turn):
    source = f"""= Results
The hazard ratio was 0.71 (95% CI 0.55–0.92). #lorem(120)
#pagebreak()
#rotate({turn}deg, reflow: true)[#block(width: 20cm)[*Table 1* Baseline characteristics
#table(columns: 3, stroke: none, [Characteristic], [A (n=40)], [B (n=38)], [Male, n (%)], [10 (25)], [11 (29)],
[Old, n (%)], [8 (20)], [9 (24)], [Stage IV, n (%)], [30 (75)], [20 (53)], [Smoker, n (%)], [12 (30)], [13 (34)])]]
"""
    found = claims(from_bytes(typst.compile(source.encode()), "a.pdf"))
    ratios, counts = ratio_and_counts(found)
    assert ratios == [RATIO | {"p": None}]
    assert ("10", "25", "40") in counts and ("13", "34", "38") in counts and len(counts) == 8


def test_a_scan_is_refused(tmp_path):
    source = write(tmp_path / "a.typ", "#rect(width: 50%, height: 50%)")
    with pytest.raises(InputError, match="no text layer"):
        from_bytes(typst.compile(str(source)), "scan.pdf")


def test_a_caption_below_its_table_and_columns_set_closely_in_a_pdf():
    rows = "".join(f"[Marker {k}], [1.{k}1 (1.02–1.9{k})], [0.0{k}], [1.0{k} (0.9{k}–1.4{k})], " for k in range(1, 8))
    source = f"""#set text(size: 9pt)
= Results
#table(columns: 4, stroke: none, inset: 3pt, [Biomarker], [HR (95% CI)], [P], [HR (95% CI)], {rows})
*Table 1* Cox models of overall survival.

#lorem(90)
"""
    found = claims(from_bytes(typst.compile(source.encode()), "a.pdf"))
    ratios = [
        (c.cells["value"], c.cells["lower"], c.cells["upper"], c.cells.get("p")) for c in found if c.kind == "ratio"
    ]
    assert ratios[:2] == [("1.11", "1.02", "1.91", "0.01"), ("1.01", "0.91", "1.41", None)]
    assert len(ratios) == 14


def test_minus_signs_ligatures_and_soft_hyphens_of_a_pdf():
    source = """#set page(width: 120mm)
= Results
The change of eﬃcacy was −4.5% (95% CI −9.0 to −0.1), the hazard ratio for pro\u00adgres\u00adsion-free survival was
0.71 (95% CI 0.55–0.92; P = 0.010) in ﬁrst-line patients.

*Table 1* Baseline characteristics
#table(columns: 3, stroke: none, [Characteristic], [A (n=40)], [B (n=38)], [Eﬀusion, n (%)], [10 (25)], [11 (29)],
[Change, mean (SD)], [−1.5 (0.4)], [−0.2 (0.3)], [Non-\u00adsmall-cell, n (%)], [8 (20)], [9 (24)])
"""
    found = claims(from_bytes(typst.compile(source.encode()), "a.pdf"))
    ratios, counts = ratio_and_counts(found)
    assert ratios == [RATIO]
    assert [c.cells.get("endpoint") for c in found if c.kind == "ratio"] == ["PFS"]
    assert counts == [("10", "25", "40"), ("11", "29", "38"), ("8", "20", "40"), ("9", "24", "38")]
    assert [c.cells["value"] for c in found if c.kind == "quantity"] == ["-1.5", "-0.2"]
    assert [c.cells["item"] for c in found if c.cells.get("n") == "10"] == ["Effusion, n (%)"]


def test_a_table_that_goes_on_over_the_page_in_a_pdf():
    top = "[Characteristic], [A (n=40)], [B (n=38)],"
    first = "".join(f"[Item {k}, n (%)], [{k} ({2.5 * k:g})], [{k} ({100 * k / 38:.1f})], " for k in range(1, 9))
    second = "".join(f"[Item {k}, n (%)], [{k} ({2.5 * k:g})], [{k} ({100 * k / 38:.1f})], " for k in range(9, 15))
    source = f"""= Results
#lorem(60)

*Table 1* Baseline characteristics
#table(columns: 3, stroke: none, {top} {first})
#pagebreak()
*Table 1* (continued)
#table(columns: 3, stroke: none, {top} {second})
"""
    found = claims(from_bytes(typst.compile(source.encode()), "a.pdf"))
    _, counts = ratio_and_counts(found)
    assert len(counts) == 28
    assert {total for *_, total in counts} == {"40", "38"}


def test_a_heading_over_several_columns_is_the_arm_of_each():
    found = pdf(
        f"""#set page(width: 190mm)
*Table 1* Scores, mean (SD)
#table(columns: (28mm, 1fr, 1fr, 1fr, 1fr), align: (x, _) => if x == 0 {{ left }} else {{ center }},
{RULES.replace("LAST", "3").replace("y == 0", "y == 9")}, [], table.cell(colspan: 2)[New drug (n=40)],
table.cell(colspan: 2)[Old drug (n=50)], [Scale], [Before], [After], [Before], [After], table.hline(),
[Pain], [19.6 (8.4)], [24.9 (7.3)], [18.5 (3.8)], [21.6 (8.9)], [Sleep], [14.3 (3.2)], [27.5 (7.8)], [13.9 (4.1)],
[32.6 (3.3)])
#lorem(40)
"""
    )
    heads = [c.locator.rpartition(", ")[2] for c in found if c.kind == "quantity"]
    assert heads == ["New drug Before", "New drug After", "Old drug Before", "Old drug After"] * 2


def test_a_long_label_does_not_close_the_gap_to_the_first_values():
    rows = "".join(f"[Item {k}], [{k}.57 (8.35)], [{k}.24 (6.09)], " for k in range(1, 9))
    found = pdf(
        f"""*Table 1* Scores, mean (SD)
#table(columns: (auto, auto, auto), align: left, inset: (x: 1.7pt, y: 3pt), stroke: none, [Scale], [A (n=40)],
[B (n=50)], {rows} [Nutritional supplements taken], [34.88 (48.22)], [13.95 (35.06)])
"""
    )
    assert [c.cells["value"] for c in found if c.kind == "quantity"][-2:] == ["34.88", "13.95"]


def test_notes_in_a_column_beside_the_text_are_read_by_themselves():
    notes = "To cite the study see the journal and the names of all who wrote it in the order of their work " * 2
    found = pdf(
        f"""#set page(width: 210mm, margin: 15mm)
#set text(size: 10pt)
#grid(columns: (28mm, 1fr, 1fr), column-gutter: 3.5mm, text(size: 8pt)[{notes}],
par(justify: true)[#lorem(60) The hazard ratio was 0.71 (95% CI 0.55–0.92; P=0.010) in all patients. #lorem(30)],
par(justify: true)[#lorem(60) Fever was seen in 12 (30%) of 40 patients. #lorem(40)])
"""
    )
    assert ratio_and_counts(found) == ([RATIO], [("12", "30", "40")])


def made_by_hand(content: str) -> bytes:
    """A PDF of one page whose content is as given, in Helvetica."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        " /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
    ]
    body, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    start = len(body)
    body += f"xref\n0 5\n0000000000 65535 f \n{table}trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF"
    return body.encode("latin-1")


def test_raised_digits_are_no_digits_where_every_font_is_set_at_size_one():
    words = "Fever was seen in 12 of 40 patients"
    content = (
        f"BT /F1 1 Tf 10 0 0 10 72 700 Tm ({words}) Tj 6 0 0 6 232 704 Tm (3) Tj"
        " 10 0 0 10 238 700 Tm (and the hazard ratio was 0.71) Tj 6 0 0 6 370 704 Tm (5) Tj"
        " 10 0 0 10 72 680 Tm (and no other result is printed on this page of the paper) Tj ET"
    )
    opened = from_bytes(made_by_hand(content), "a.pdf")
    assert "patients^3" in opened.paragraphs[0].text.replace(" ^", "^") and "0.71^5" in opened.paragraphs[0].text
    assert [c.cells["value"] for c in claims(opened) if c.kind == "ratio"] == ["0.71"]


def test_a_letter_beyond_sixteen_bits_is_one_letter():
    opened = from_bytes(typst.compile("Patients were grouped by the marker $𝒜$ in #lorem(30)".encode()), "a.pdf")
    opened.paragraphs[0].text.encode("utf-8")
    assert "marker A in" in opened.paragraphs[0].text


def test_a_damaged_pdf_is_named_in_words_and_nothing_else_is_printed(tmp_path, capsys):
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    assert main(["read", "--audit", str(tmp_path / "bad.pdf")]) == 2
    printed = capsys.readouterr()
    assert "bad.pdf: not read. it is not a readable PDF" in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err
