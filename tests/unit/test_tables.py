"""Raw tables: every fault of every table at once, with its place; nothing written, nothing guessed."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from resurvey import clean, sheet, tables
from resurvey.schema import TABLES
from tests.project import small_tables, write_tables


def fault_texts(folder: Path) -> list[str]:
    with pytest.raises(tables.TableFaults) as caught:
        tables.read_raw(folder)
    return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def folder(tmp_path):
    write_tables(small_tables(), tmp_path)
    return tmp_path


def edit(folder: Path, name: str, change) -> None:
    path = folder / tables.file_of(TABLES[name])
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def set_cell(folder: Path, name: str, row: int, column: str, value: str) -> None:
    def change(rows):
        rows[row - 1][rows[0].index(column)] = value

    edit(folder, name, change)


def test_the_small_project_has_no_fault(folder):
    read = tables.read_raw(folder)
    assert set(read) == set(TABLES)
    assert len(read["medians"]) == 4


def test_all_faults_of_all_tables_come_at_once(folder):
    set_cell(folder, "medians", 2, "value", "eleven")
    set_cell(folder, "hazard_ratios", 2, "p", "1.5")
    set_cell(folder, "proportions", 2, "percent", "140")
    set_cell(folder, "proportions", 3, "total", "0")
    set_cell(folder, "arms", 3, "study_id", "nowhere")
    set_cell(folder, "medians", 3, "lower", "99")
    found = fault_texts(folder)
    text = "\n".join(found)
    assert "medians.csv, row 2, column value, value 'eleven'" in text
    assert "hazard_ratios.csv, row 2, column p, value '1.5': outside 0 to 1" in text
    assert "proportions.csv, row 2, column percent, value '140': outside 0 to 100" in text
    assert "proportions.csv, row 3, column total, value '0': outside 1" in text
    assert "arms.csv, row 3, column study_id, value 'nowhere': no such study_id in studies" in text
    assert "medians.csv, row 3, column lower, value '99': lower exceeds upper" in text


def test_sic_accepts_what_is_printed_so(folder):
    set_cell(folder, "medians", 3, "lower", "99")
    set_cell(folder, "medians", 3, "note", "sic: printed so")
    assert len(tables.read_raw(folder)["medians"]) == 4


def test_a_repeated_id_names_both_rows(folder):
    def repeat(rows):
        rows.append(rows[1])

    edit(folder, "medians", repeat)
    assert any("the key is repeated" in text and "row 2" in text for text in fault_texts(folder))


def test_an_id_repeated_in_another_table_is_found(folder):
    set_cell(folder, "hazard_ratios", 2, "claim_id", "alpha2020-med-001")
    assert any("unique over all tables" in text for text in fault_texts(folder))


def test_unknown_and_missing_columns_are_named(folder):
    def rename(rows):
        rows[0][rows[0].index("endpoint")] = "endpiont"

    edit(folder, "medians", rename)
    found = "\n".join(fault_texts(folder))
    assert "unknown column 'endpiont'" in found
    assert "the column endpoint is missing" in found


def test_a_missing_file_is_named(folder):
    (folder / "medians.csv").unlink()
    assert any("medians.csv" in text and "missing" in text for text in fault_texts(folder))


def test_a_stray_table_is_named(folder):
    (folder / "mediums.csv").write_text("a\n1\n")
    assert any("mediums.csv" in text and "not one of the tables" in text for text in fault_texts(folder))


def test_a_ragged_row_is_named(folder):
    path = folder / "medians.csv"
    path.write_text(path.read_text() + "too,short\n")
    assert any("row 6" in text and "cells" in text for text in fault_texts(folder))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        (b"", "empty"),
        (b"a,a\n1,2\n", "repeated"),
        (b'claim_id,"open\n', "readable"),
        (b"claim_id\x00\n", "NUL"),
    ],
)
def test_a_file_that_is_no_table_is_refused(folder, content, word):
    (folder / "medians.csv").write_bytes(content)
    assert any(word in text for text in fault_texts(folder))


def test_more_rows_than_any_review_types_are_refused_before_they_fill_the_memory(folder, monkeypatch):
    monkeypatch.setattr(sheet, "MAX_ROWS", 4)
    assert len(sheet.read_sheet(folder / "medians.csv")) == 4
    monkeypatch.setattr(sheet, "MAX_ROWS", 3)
    with pytest.raises(tables.TableFaults, match="more than 3 rows"):
        sheet.read_sheet(folder / "medians.csv")


def test_the_place_of_a_bad_byte_is_counted_from_the_start_of_the_file(folder):
    path = folder / "medians.csv"
    good = path.read_bytes()
    path.write_bytes(good + b"x" * 30_000 + b"\xff")
    assert any(f"byte {len(good) + 30_000} is not UTF-8" in text for text in fault_texts(folder))


def test_byte_order_mark_and_windows_line_ends_are_read(folder):
    path = folder / "medians.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(tables.read_raw(folder)["medians"]) == 4


def test_ids_cannot_leave_the_results_folder(folder):
    set_cell(folder, "studies", 2, "study_id", "../../etc")
    assert any("not an id" in text for text in fault_texts(folder))


def test_typed_tables_keep_the_print_and_add_values(folder):
    typed = clean.tidy(tables.read_raw(folder))
    row = typed["medians"].set_index("claim_id").loc["alpha2020-med-001"]
    assert row["value_text"] == "11.80"
    assert (row["value"], row["value_min"], row["value_max"]) == pytest.approx((11.8, 11.795, 11.805))
    days = typed["medians"].set_index("claim_id").loc["alpha2020-med-003"]
    assert days["value_months"] == pytest.approx(610 / (365.25 / 12))
    reached = typed["medians"].set_index("claim_id").loc["alpha2020-med-004"]
    assert reached["value_op"] == "NR"
    share = typed["proportions"].set_index("claim_id").loc["alpha2020-prop-001"]
    assert (share["percent_prop"], share["percent_prop_max"]) == pytest.approx((0.21, 0.2105))
    ratio = typed["hazard_ratios"].iloc[0]
    assert (ratio["p_op"], ratio["p"]) == ("<", 0.001)


def test_a_time_table_with_an_unknown_unit_is_refused(folder):
    set_cell(folder, "survival_rates", 2, "time_unit", "fortnights")
    with pytest.raises(tables.TableFaults, match="not a unit of time"):
        clean.tidy(tables.read_raw(folder))


def test_claims_hold_every_printed_row(folder):
    read = tables.read_raw(folder)
    listed = clean.claims(clean.tidy(read))
    assert listed["claim_id"].is_unique
    assert len(listed) == sum(len(frame) for frame in read.values() if "claim_id" in frame)


def test_written_tables_are_whole_and_the_same_bytes(tmp_path):
    frame = pd.DataFrame({"a": [0.1 + 0.2, 1e-12], "b": ["x", "é"]})
    tables.write_csv(frame, tmp_path / "one.csv")
    tables.write_csv(frame, tmp_path / "two.csv")
    assert (
        (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes() == "a,b\n0.3,x\n1e-12,é\n".encode()
    )
    assert not list(tmp_path.glob(".*"))


def test_names_of_groups_come_back_as_text(tmp_path):
    frame = pd.DataFrame(
        {"data_cut": ["2012", "", "NA"], "population": ["1", "007", "nan"], "printed": [1.5, None, 2.0]}
    )
    tables.write_csv(frame, tmp_path / "some.csv")
    read = tables.read_table(tmp_path / "some.csv")
    assert read["data_cut"].tolist() == ["2012", "", "NA"]
    assert read["population"].tolist() == ["1", "007", "nan"]
    assert read["printed"].dtype == float


def test_a_table_without_rows_is_typed_like_one_with_rows(folder):
    def empty(rows):
        del rows[1:]

    full = clean.tidy(tables.read_raw(folder))
    for name in ("survival_rates", "medians", "proportions", "hazard_ratios", "follow_up", "risk_tables"):
        edit(folder, name, empty)
    for name, frame in clean.tidy(tables.read_raw(folder)).items():
        numbers = [column for column in frame if full[name][column].dtype == float]
        assert all(frame[column].dtype == float for column in numbers), name


def test_the_dictionary_names_the_columns_of_the_schema():
    text = (Path(__file__).resolve().parents[2] / "data/raw/README.md").read_text(encoding="utf-8")
    common = {column.name for column in TABLES["medians"].columns[:7]}
    for name, table in TABLES.items():
        section = text.split(f"### {'curves/curves.csv' if name == 'curves' else name}", 1)[1].split("\n###", 1)[0]
        missing = [column for column in table.names if column not in section and column not in common]
        assert not missing, f"{name}: {missing} not in data/raw/README.md"


def test_a_zero_has_no_sign(tmp_path):
    tables.write_csv(pd.DataFrame({"z": [-0.0, 0.0, -0.5]}), tmp_path / "z.csv")
    assert (tmp_path / "z.csv").read_text(encoding="utf-8") == "z\n0\n0\n-0.5\n"
    tables.write_json({"z": -0.0}, tmp_path / "z.json")
    assert "-0" not in (tmp_path / "z.json").read_text(encoding="utf-8")
