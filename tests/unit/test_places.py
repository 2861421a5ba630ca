"""What lies where a file belongs: pipes, devices, folders and links out of the folder are refused unopened."""

import os

import pytest

from resurvey import tables
from resurvey.characters import odd
from resurvey.errors import InputError
from resurvey.faults import TableFaults
from resurvey.places import check_file, misplaced
from resurvey.yamlfile import read_yaml
from tests.project import claim, small_tables, write_tables


@pytest.fixture
def raw(tmp_path):
    write_tables(small_tables(), tmp_path / "raw")
    return tmp_path / "raw"


def put(kind, path, outside):
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "link out":
        outside.write_text("claim_id\n")
        path.symlink_to(outside)
    else:
        path.symlink_to(path.with_name("nothing"))


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "link out", "link to nothing"])
@pytest.mark.parametrize("table", ["arms", "measurements"])  # one that has to be there, and one that need not
def test_what_is_no_file_is_refused_at_once(raw, tmp_path, kind, table):
    put(kind, raw / f"{table}.csv", tmp_path / "outside.csv")
    with pytest.raises(TableFaults, match=rf"{table}\.csv: it is a "):
        tables.read_raw(raw)


def test_a_link_within_the_folder_is_a_file(raw):
    (raw / "arms.csv").rename(raw / "mine.txt")
    (raw / "arms.csv").symlink_to("mine.txt")
    assert len(tables.read_raw(raw)["arms"]) == 2


def test_a_file_and_nothing_are_no_fault(tmp_path):
    (tmp_path / "a").write_text("")
    assert misplaced(tmp_path / "a", tmp_path) == misplaced(tmp_path / "b", tmp_path) == ""


def test_a_pipe_in_place_of_a_plan_is_refused(tmp_path):
    os.mkfifo(tmp_path / "comparisons.yaml")
    with pytest.raises(InputError, match="it is a named pipe, not a file"):
        read_yaml(tmp_path / "comparisons.yaml")
    with pytest.raises(InputError, match="a folder"):
        check_file(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("letter", "words"),
    [
        ("\x07", "U\\+0007, which is a control character"),
        ("\x85", "U\\+0085, which is a control character"),
        ("\u202e", "U\\+202E, which changes the direction of writing"),
        ("\u2067", "U\\+2067, which changes the direction of writing"),
        ("\ufffe", "U\\+FFFE, which is not a character"),
        ("\U0010ffff", "U\\+10FFFF, which is not a character"),
        ("\ufdd0", "U\\+FDD0, which is not a character"),
        ("\ufffd", "U\\+FFFD, which stands where a letter was lost"),
        ("\u2028", "U\\+2028, which breaks the line"),
    ],
)
def test_odd_code_points_are_refused_with_their_place(raw, letter, words):
    rows = small_tables()
    rows["arms"][1]["label"] = f"old{letter} drug"
    write_tables(rows, raw)
    with pytest.raises(TableFaults, match=rf"arms\.csv, row 3, column label, .*: character 4 is {words}"):
        tables.read_raw(raw)


def test_half_of_a_pair_is_odd():
    assert odd("a\ud83d") == "character 2 is U+D83D, which is half of a pair of codes"


@pytest.mark.parametrize(
    "text",
    [
        "王等 試験",
        "日本語の試験",
        "한국어",
        "ไทย",
        "العربية",
        "አማርኛ",
        "😀 👩‍⚕️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "ＡＢＣ１２",
        "می‌خواهم",
        "Ω ≥ ½ µg",
        "e\u0301",
    ],
)
def test_every_script_passes(raw, text):
    rows = small_tables()
    rows["sources"][0]["citation"] = text
    rows["arms"][0]["label"] = text
    write_tables(rows, raw)
    assert tables.read_raw(raw)["sources"]["citation"].tolist() == [text]


@pytest.mark.parametrize("value", ["2019-02-31", "2019-13", "2019-00-10", "0000", "02/03/2019", "March 2019"])
def test_a_date_that_is_none_is_refused(raw, value):
    rows = small_tables()
    rows["follow_up"].append(claim("fu-002", item="data cut-off", statistic="date", value=value))
    write_tables(rows, raw)
    with pytest.raises(TableFaults, match=r"follow_up\.csv, row 3, column value"):
        tables.read_raw(raw)
