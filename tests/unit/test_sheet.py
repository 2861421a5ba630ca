"""Tables as other programs save them: read where they can mean one thing, else one line that says what the file is."""

import csv
import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from resurvey import tables
from resurvey.schema import TABLES
from resurvey.sheet import read_sheet
from resurvey.tables import TableFaults
from tests.project import small_tables, write_tables


@pytest.fixture
def folder(tmp_path):
    write_tables(small_tables(), tmp_path)
    return tmp_path


def medians(folder: Path) -> list[list[str]]:
    return tables.read_raw(folder)["medians"].to_numpy().tolist()


def divided(path: Path, divider: str) -> str:
    """The same table with another mark between its cells."""
    made = io.StringIO()
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    csv.writer(made, delimiter=divider, lineterminator="\n").writerows(rows)
    return made.getvalue()


def only_fault(folder: Path) -> str:
    with pytest.raises(TableFaults) as caught:
        tables.read_raw(folder)
    (fault,) = caught.value.faults
    return str(fault)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("divider", [",", ";", "\t", "|"])
def test_any_usual_divider_and_encoding_is_read(folder, encoding, divider):
    path = folder / "medians.csv"
    expected = medians(folder)
    path.write_bytes(divided(path, divider).encode(encoding))
    assert medians(folder) == expected


def test_nameless_columns_at_the_end_are_left_out_only_when_they_are_empty(folder):
    path = folder / "medians.csv"
    expected = medians(folder)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line},,\n" for line in lines), encoding="utf-8")
    assert medians(folder) == expected
    path.write_text("".join(f"{line},,{'x' if place == 2 else ''}\n" for place, line in enumerate(lines)))
    assert "blank or repeated names" in only_fault(folder)


def test_an_empty_cell_too_many_may_be_a_shifted_row(folder):
    path = folder / "medians.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = lines[1].replace('"Results, par. 1"', "Results, par. 1")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert "row 2" in only_fault(folder)


def test_a_column_almost_named_is_named(folder):
    path = folder / "medians.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("ci_level", "CI level", 1), encoding="utf-8")
    with pytest.raises(TableFaults, match=r"unknown column 'CI level'; did you mean ci_level\?"):
        tables.read_raw(folder)


def test_the_divider_that_excel_writes_first_is_followed(folder):
    path = folder / "medians.csv"
    expected = medians(folder)
    path.write_text("sep=;\r\n" + divided(path, ";").replace("\n", "\r\n"), newline="")
    assert medians(folder) == expected


def test_windows_letters_are_read_and_others_are_not_guessed(folder):
    path = folder / "sources.csv"
    plain = path.read_text(encoding="utf-8").replace("alpha2020,", "alpha2020,Müller–Lüdenscheidt ")
    path.write_bytes(plain.encode("cp1252"))
    read = tables.read_raw(folder)["sources"]
    path.write_text(plain, encoding="utf-8")
    assert read.equals(tables.read_raw(folder)["sources"])
    path.write_bytes(plain.encode("utf-8") + "é".encode("latin-1"))
    assert "is not UTF-8" in only_fault(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ", "an old Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><html><table>", "an HTML page"),
        (b'{"claims": []}', "a JSON file"),
        (b"PK\x03\x04 broken", "zip archive"),
        (b"PAR1", "a Parquet file"),
        (b"one column only\n1\n", "is not that of this table"),
    ],
)
def test_a_file_of_another_kind_is_named_in_one_line(folder, content, words):
    (folder / "medians.csv").write_bytes(content)
    assert words in only_fault(folder)


def workbook(rows: list[list[object]], path: Path, title: str = "Sheet") -> None:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)


def as_rows(name: str) -> list[list[object]]:
    table = TABLES[name]
    return [list(table.names), *([row.get(column) for column in table.names] for row in small_tables()[name])]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_workbook_of_texts_is_read_as_the_table(folder, ending):
    expected = medians(folder)
    (folder / "medians.csv").unlink()
    workbook(as_rows("medians"), folder / f"medians{ending}")
    assert medians(folder) == expected


def test_numbers_of_a_workbook_that_lost_their_digits_are_refused(folder):
    rows = as_rows("medians")
    rows[1][rows[0].index("value")] = 11.8
    rows[1][rows[0].index("n")] = 100
    (folder / "medians.csv").unlink()
    workbook(rows, folder / "medians.xlsx")
    fault = only_fault(folder)
    assert "medians.xlsx, row 2, column value, value '11.8'" in fault
    assert "lost the digits as printed" in fault


def test_whole_numbers_dates_and_shown_decimals_of_a_workbook_are_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["value", "n", "cutoff", "shown"])
    book.active.append(["5.10", 100, datetime(2020, 3, 2), 5.1])
    book.active["D2"].number_format = "0.00"
    book.save(tmp_path / "some.xlsx")
    read = read_sheet(tmp_path / "some.xlsx", ["value", "shown"])
    assert read.to_numpy().tolist() == [["5.10", "100", "2020-03-02", "5.10"]]


def test_a_sheet_is_chosen_by_name_and_never_guessed(folder):
    expected = medians(folder)
    (folder / "medians.csv").unlink()
    book = openpyxl.Workbook()
    book.active.title = "notes"
    book.active.append(["anything"])
    for row in as_rows("medians"):
        book.create_sheet("Medians") if "Medians" not in book.sheetnames else None
        book["Medians"].append(row)
    book.save(folder / "medians.xlsx")
    assert medians(folder) == expected
    book["Medians"].title = "typed"
    book.save(folder / "medians.xlsx")
    assert "several sheets (notes, typed)" in only_fault(folder)


@pytest.mark.parametrize(("value", "words"), [("=1+1", "formula"), ("#REF!", "formula error"), (True, "TRUE or FALSE")])
def test_cells_that_are_no_text_are_refused(folder, value, words):
    rows = as_rows("medians")
    rows[1][rows[0].index("value")] = value
    (folder / "medians.csv").unlink()
    workbook(rows, folder / "medians.xlsx")
    assert words in only_fault(folder)


def test_merged_cells_are_refused(folder):
    (folder / "medians.csv").unlink()
    workbook(as_rows("medians"), folder / "medians.xlsx")
    book = openpyxl.load_workbook(folder / "medians.xlsx")
    book.active.merge_cells("B2:B3")
    book.save(folder / "medians.xlsx")
    assert "B2:B3 are merged" in only_fault(folder)


def test_a_table_given_twice_is_refused(folder):
    workbook(as_rows("medians"), folder / "medians.xlsx")
    assert "medians.csv is the same table" in only_fault(folder)


@pytest.mark.parametrize("name", ["median.csv", "extra.xlsx", "old.xls", "medians.tsv"])
def test_a_stray_table_of_any_program_is_named(folder, name):
    (folder / name).write_bytes(b"a")
    assert f"{name}: it is not one of the tables" in only_fault(folder)
