"""Drafts, findings, the folder of a reading, and confirming."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest

from resurvey.cli import main
from resurvey.commands.init import write as init_project
from resurvey.errors import InputError
from resurvey.read import claims, document, draft, draft_folder
from resurvey.read.contradictions import findings
from resurvey.read.objects import Claim, Span
from resurvey.read.sources import from_bytes
from resurvey.schema import TABLES
from resurvey.tables import read_raw
from tests.made_papers import TRIAL, jats, results, table, write


@pytest.fixture
def review(tmp_path):
    """A paper that was read, and a project to confirm into."""
    paper = write(tmp_path / "made.nxml", TRIAL)
    init_project(tmp_path / "project")
    code = main(["read", str(paper), "--into", str(tmp_path / "review")])
    return tmp_path, code


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def found_in(body: str) -> list[tuple[str, str]]:
    opened = from_bytes(jats(body).encode(), "made.nxml")
    return [(one.rule, one.verdict) for one in findings(opened, draft(claims(opened), "made"))]


def test_draft_tables_have_the_columns_of_the_raw_ones(review):
    folder = review[0] / "review" / "made"
    names = {path.stem for path in folder.glob("*.csv")} - {"drafts", "findings"}
    assert {"hazard_ratios", "medians", "proportions", "sources", "studies", "arms"} <= names <= set(TABLES)
    for name in names:
        assert list(pd.read_csv(folder / f"{name}.csv", dtype=str)) == TABLES[name].names
    drafts = rows(folder / "drafts.csv")
    assert list(drafts[0]) == list(draft_folder.DRAFTS)
    assert {"claim_id", "confidence", "rule", "span", "status"} <= set(drafts[0])
    assert all(row["status"] == "" for row in drafts)


def test_no_sentence_of_the_paper_is_in_the_tables(review):
    folder = review[0] / "review" / "made"
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.csv"))
    assert "progression-free survival was" not in text and "A response was seen" not in text


def test_findings_end_the_command_with_1_and_nothing_found_with_0(review, tmp_path, capsys):
    assert review[1] == 1  # 41 of 118 are 34.7 %, printed 30.1
    clean = write(tmp_path / "clean.nxml", TRIAL.replace("41 (30.1)", "41 (34.7)"))
    capsys.readouterr()
    assert main(["read", "--audit", str(clean)]) == 0
    assert "0 findings" in capsys.readouterr().out


def test_audit_alone_writes_nothing(tmp_path, capsys):
    paper = write(tmp_path / "made.nxml", TRIAL)
    assert main(["read", "--audit", str(paper)]) == 1
    assert "41 (30.1 %)" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["made.nxml"]


def test_a_folder_of_papers_and_a_broken_one(tmp_path, capsys):
    write(tmp_path / "a.nxml", TRIAL)
    write(tmp_path / "b.xml", "<?xml version='1.0'?><book/>")
    write(tmp_path / "supplement.docx", "PK")
    assert main(["read", str(tmp_path), "--into", str(tmp_path / "review"), "-j", "2"]) == 2
    said = capsys.readouterr().out
    assert "b.xml: not read. its root" in said and "1 of 2 papers read" in said
    assert "not papers by the ending of their name: supplement.docx" in said
    assert (tmp_path / "review" / "a" / "read.html").is_file()


def test_the_same_paper_gives_the_same_bytes(review):
    folder = review[0] / "review" / "made"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    main(["read", str(review[0] / "made.nxml"), "--into", str(review[0] / "review")])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The HR was 0.48 (95% CI 0.44-5.35).", [("ratio-interval", "discrepant")]),
        ("The HR was 0.71 (95% CI 0.82-0.92).", [("ratio-interval", "impossible")]),
        ("The HR was 0.71 (95% CI 0.55-0.92; P=0.40).", [("ratio-p", "discrepant")]),
        ("The HR was 0.71 (95% CI 0.55-0.92; P=0.010).", []),
        ("Median OS was 8.0 months (95% CI 8.6-7.6).", [("median-interval", "impossible")]),
        ("A response was seen in 8 of 17 patients (23.5%).", [("percentage", "discrepant")]),
        ("The median OS was 43.0.32 months.", [("broken-number", "impossible")]),
        ("We used R version 4.0.32 (P values are two-sided) for the median.", []),
    ],
)
def test_what_one_row_contradicts(sentence, expected):
    assert found_in(results(sentence)) == expected


def test_one_sided_tests_are_looked_for_before_a_p_is_called_wrong():
    sentence = "The HR was 0.741 (95% CI 0.573-0.958; P=0.0107)."
    assert found_in(results(sentence, "All tests were one-sided.")) == []
    assert found_in(results(sentence.replace("0.0107", "0.1907"), "All tests were one-sided.")) == [
        ("ratio-p", "discrepant")
    ]


def test_intervals_even_on_their_own_scale_are_a_habit_and_no_misprints():
    body = results(*(f"The HR was {v:.2f} (95% CI {v - 0.3:.2f}-{v + 0.3:.2f})." for v in (0.50, 0.61, 0.72, 1.43)))
    assert found_in(body) == []


def test_a_misprint_told_in_two_places_is_one_finding():
    opened = from_bytes(jats(results(*["The HR was 0.48 (95% CI 0.44-5.35)."] * 2)).encode(), "made.nxml")
    (one,) = findings(opened, draft(claims(opened), "made"))
    assert len(one.locators) == 2 and len(one.claim_ids) == 2


def test_the_same_quantity_printed_with_another_number():
    body = results("OS: HR 0.71 (95% CI 0.55-0.92; P=0.010).", "The HR for OS was 0.71 (95% CI 0.55-0.95; P=0.010).")
    assert ("repeat", "conflict") in found_in(body)


def test_a_row_whose_columns_all_miss_has_missing_data_and_no_misprint():
    items = [[f"Item {k}", f"{k} ({k}.0)", f"{k + 5} ({k + 5}.0)"] for k in range(20, 26)]
    body = table(
        [["", "A (n=100)", "B (n=100)"], *items, ["Known", "40 (50.0)", "45 (52.3)"]], caption="Baseline, n (%)"
    )
    assert found_in(body) == []
    wrong = table(
        [["", "A (n=100)", "B (n=100)"], *items, ["Known", "40 (50.0)", "45 (45.0)"]], caption="Baseline, n (%)"
    )
    assert found_in(wrong) == [("percentage", "discrepant")]


def test_responses_that_do_not_add_up():
    body = table([["", "A (n=100)"], ["CR", "5"], ["PR", "20"], ["ORR", "27"]], caption="Response, n")
    assert ("response-sum", "discrepant") in found_in(body)


def complete(folder, claims_to_confirm=None):
    """Rulings that confirm rows with all a confirmed row needs."""
    chosen = []
    for line in draft_folder.load(folder).lines:
        table_name = line.about["table"]
        changes = {"arm_id": line.cells.get("arm_id") or "all", "population": line.cells.get("population") or "all"}
        changes |= {"kind": "trial"} if table_name == "sources" else {}
        changes |= {"design": "randomised"} if table_name == "studies" else {}
        changes = {k: v for k, v in changes.items() if k in line.cells and line.cells[k] != v}
        if claims_to_confirm is None or table_name in claims_to_confirm:
            chosen.append(
                [line.about["claim_id"], line.about["mark"], "change" if changes else "confirm", json.dumps(changes)]
            )
    path = folder / f"rulings-{folder.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["claim_id", "mark", "status", "changes"], *chosen])
    return path


KEPT = ("sources", "studies", "arms", "hazard_ratios", "medians", "proportions")


def test_confirmed_rows_move_with_new_ids_and_the_rest_stays(review, capsys):
    folder, raw = review[0] / "review" / "made", review[0] / "project" / "data" / "raw"
    complete(folder, KEPT)
    assert main(["confirm", str(review[0] / "review"), "--data", str(raw)]) == 0
    tables = read_raw(raw)
    ratio = tables["hazard_ratios"].iloc[-1]
    assert (ratio["claim_id"], ratio["value"], ratio["lower"], ratio["p"]) == ("made-hr-001", "0.71", "0.55", "0.010")
    assert "made" in set(tables["sources"]["source_id"]) and "PFS" in set(tables["medians"]["endpoint"])
    said = capsys.readouterr().out
    assert " moved into" in said and "add made to `pages` (below `audit`) and made to `studies`" in said
    again = {path.name: path.read_bytes() for path in raw.glob("*.csv")}
    assert main(["confirm", str(review[0] / "review"), "--data", str(raw)]) == 0  # nothing is moved twice
    assert {path.name: path.read_bytes() for path in raw.glob("*.csv")} == again


def test_a_row_without_arm_population_or_endpoint_is_refused_and_nothing_is_written(review, capsys):
    folder, raw = review[0] / "review" / "made", review[0] / "project" / "data" / "raw"
    complete(folder, KEPT)
    path = folder / "rulings-made.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('""population"": ""all""', '""population"": """"'), encoding="utf-8")
    before = {p.name: p.read_bytes() for p in raw.glob("*.csv")}
    assert main(["confirm", str(folder), "--data", str(raw)]) == 2
    said = capsys.readouterr().err
    assert "confirmed without population" in said and "made-d" in said
    assert {p.name: p.read_bytes() for p in raw.glob("*.csv")} == before


def test_a_share_without_a_kind_waits_until_a_person_chooses_one(tmp_path, capsys):
    paper = write(tmp_path / "made.nxml", jats(results("Of 118 patients, help was wanted by 41 (34.7%).")))
    init_project(tmp_path / "project")
    main(["read", str(paper), "--into", str(tmp_path / "review")])
    folder, raw = tmp_path / "review" / "made", tmp_path / "project" / "data" / "raw"
    share = next(row for row in rows(folder / "proportions.csv") if row["n"] == "41")
    assert share["kind"] == ""
    complete(folder, ("sources", "studies", "proportions"))
    capsys.readouterr()
    assert main(["confirm", str(folder), "--data", str(raw)]) == 2
    said = capsys.readouterr().err
    assert f"{share['claim_id']} (Results, par. 1) is confirmed without kind" in said
    assert "it is one of baseline, flow, response, adverse_event" in said
    path = folder / "rulings-made.csv"
    text = path.read_text(encoding="utf-8")
    chosen = '""population"": ""all"", ""item"": ""help of row {}"", ""kind"": ""prognosis""'
    ruled = [
        line.replace('""population"": ""all""', chosen.format(number))
        for number, line in enumerate(text.splitlines(keepends=True))
    ]
    path.write_text("".join(ruled), "utf-8")
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0, capsys.readouterr().err
    assert "prognosis" in set(read_raw(raw)["proportions"]["kind"])


def changed(folder, wanted):
    """Rulings that confirm chosen rows as they are, or with cells of one's own: claim ids by table and changes."""
    lines = draft_folder.load(folder).lines
    path = folder / f"rulings-{folder.name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["claim_id", "mark", "status", "changes"])
        for line in lines:
            if line.about["table"] in wanted:
                cells = wanted[line.about["table"]]
                writer.writerow([line.about["claim_id"], line.about["mark"], "change", json.dumps(cells)])
    return path


def test_dates_plan_and_names_are_of_the_whole_study(tmp_path):
    text = "Patients were enrolled between May 2010 and June 2013. NCT01238094. The study had 80% power for PFS."
    opened = from_bytes(jats(results(text)).encode(), "made.nxml")
    found = {draft.table: draft.cells for draft in draft(claims(opened), "made")}
    assert (found["follow_up"]["arm_id"], found["follow_up"]["population"]) == ("all", "all")
    assert found["designs"]["population"] == found["ongoing_trials"]["population"] == "all"
    # A number of patients is of whoever the text says, and of nobody where it does not.
    other = from_bytes(jats(results("Median OS was 8.1 months.")).encode(), "made.nxml")
    assert [draft.cells["population"] for draft in draft(claims(other), "made")] == [""]


def test_a_title_says_what_the_document_and_the_study_are(tmp_path):
    paper = TRIAL.replace("Drug A against drug B", "A randomised phase III trial of drug A")
    main(["read", str(write(tmp_path / "made.nxml", paper)), "--into", str(tmp_path / "review")])
    folder = tmp_path / "review" / "made"
    assert rows(folder / "sources.csv")[0]["kind"] == "trial"
    assert rows(folder / "studies.csv")[0]["design"] == "randomised"


def test_rows_of_a_document_that_is_not_confirmed_are_one_fault(review, capsys):
    folder, raw = review[0] / "review" / "made", review[0] / "project" / "data" / "raw"
    complete(folder, ("medians", "proportions"))
    assert main(["confirm", str(folder), "--data", str(raw)]) == 2
    said = capsys.readouterr().err
    assert "2 faults" in said and "but its own row is not confirmed" in said
    assert "sources.csv" in said and "studies.csv" in said


def test_an_arm_of_confirmed_rows_comes_along_but_not_one_that_was_typed(review, capsys):
    folder, raw = review[0] / "review" / "made", review[0] / "project" / "data" / "raw"
    wanted = {"sources": {"kind": "trial"}, "studies": {"design": "randomised"}, "medians": {"population": "all"}}
    changed(folder, wanted)
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0
    arms = read_raw(raw)["arms"].set_index("arm_id")
    assert {"drug_a", "drug_b"} <= set(arms.index) and "still to be typed" in arms.loc["drug_a", "note"]
    changed(folder, {"hazard_ratios": {"population": "all", "arm_id": "durg_a"}})
    capsys.readouterr()
    assert main(["confirm", str(folder), "--data", str(raw)]) == 2
    assert "durg_a" in capsys.readouterr().err


def test_nothing_unconfirmed_is_moved(review, capsys):
    raw = review[0] / "project" / "data" / "raw"
    before = {p.name: p.read_bytes() for p in raw.glob("*.csv")}
    assert main(["confirm", str(review[0] / "review"), "--data", str(raw)]) == 0
    assert {p.name: p.read_bytes() for p in raw.glob("*.csv")} == before
    assert "without a ruling" in capsys.readouterr().out


def test_rulings_with_faults_are_named_all_at_once(review, capsys):
    folder = review[0] / "review" / "made"
    path = write(
        folder / "rulings-made.csv", "claim_id,mark,status,changes\nmade-d0001,,maybe,\nmade-d9999,,confirm,\n"
    )
    assert main(["confirm", str(folder), "--rulings", str(path), "--data", str(review[0] / "project/data/raw")]) == 2
    said = capsys.readouterr().err
    assert "'maybe'" in said and "made-d9999" in said


def test_changes_that_are_no_json_or_no_column_are_refused(review):
    line = draft_folder.load(review[0] / "review" / "made").lines[-1]
    for text, words in (("{", "not JSON"), ('["a"]', "object of texts"), ('{"colour": "red"}', "colour")):
        line.about["changes"] = text
        with pytest.raises(InputError, match=words):
            draft_folder.changes_of(line)


def test_a_second_reading_of_a_changed_paper_keeps_what_was_ruled(review):
    folder = review[0] / "review" / "made"
    reading = draft_folder.load(folder)
    ruled = [line for line in reading.lines if line.about["table"] in ("hazard_ratios", "medians")]
    for line in ruled:
        line.about |= {"status": "confirm", "changes": '{"population": "all"}'}
    draft_folder.save(reading)
    longer = TRIAL.replace("<sec><title>Results</title>", "<sec><title>Results</title><p>New: 7 of 70 patients.</p>", 1)
    shorter = longer.replace("6.1 months", "6.2 months")
    main(["read", str(write(review[0] / "made.nxml", shorter)), "--into", str(review[0] / "review")])
    after = {
        (line.cells.get("value"), line.cells.get("lower")): line.about
        for line in draft_folder.load(folder).lines
        if line.about["status"]
    }
    assert set(after) == {("0.71", "0.55"), ("8.4", "7.1"), ("6.1", "5.0")}
    assert after[("8.4", "7.1")]["span"] and not after[("6.1", "5.0")]["span"]


def test_a_saved_ruling_finds_its_row_after_a_changed_paper_was_read_again(review, capsys):
    """Ids move when a sentence comes before them; the CSV in the folder is the one that was confirmed already."""
    folder, raw = review[0] / "review" / "made", review[0] / "project" / "data" / "raw"
    complete(folder, KEPT)
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0
    before = {path.name: path.read_bytes() for path in raw.glob("*.csv")}
    longer = TRIAL.replace("<sec><title>Results</title>", "<sec><title>Results</title><p>New: 7 of 70 patients.</p>", 1)
    changed = longer.replace("6.1 months", "6.2 months")
    assert main(["read", str(write(review[0] / "made.nxml", changed)), "--into", str(review[0] / "review")]) == 1
    assert main(["confirm", str(folder), "--data", str(raw)]) == 0
    assert {path.name: path.read_bytes() for path in raw.glob("*.csv")} == before
    assert "0 rows moved" in capsys.readouterr().out


def test_another_paper_of_the_same_file_name_does_not_replace_the_first(review, capsys):
    folder = review[0] / "review"
    before = (folder / "made" / "drafts.csv").read_bytes()
    other = jats(results("Seen in 12 of 40 patients (30 %).")).replace("Drug A against drug B", "Drug C")
    (review[0] / "other").mkdir()
    paper = write(review[0] / "other" / "made.nxml", other)
    assert main(["read", str(paper), "--into", str(folder)]) == 2
    assert "holds the drafts of another paper" in capsys.readouterr().out
    assert (folder / "made" / "drafts.csv").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path, capsys):
    paper = write(tmp_path / "made.nxml", TRIAL)
    assert main(["read", str(paper), "--into", str(paper)]) == 2
    assert "could not be written (Not a directory)" in capsys.readouterr().out


def test_a_paper_without_numbers_is_told(tmp_path, capsys):
    paper = write(tmp_path / "letter.txt", "We thank the authors of this letter.")
    assert main(["read", str(paper), "--into", str(tmp_path / "review")]) == 0
    assert "no number that belongs in a table was found" in capsys.readouterr().out


def test_the_python_interface(tmp_path):
    opened = document(write(tmp_path / "made.nxml", TRIAL))
    made = draft(claims(opened), "made", "trial1")
    ratio = next(one for one in made if one.table == "hazard_ratios")
    assert (
        ratio.cells["study_id"] == "trial1"
        and ratio.cells["measure"] == "HR"
        and ratio.certainty in ("sure", "likely", "look")
    )


@pytest.mark.parametrize(
    "words",
    [
        ["read", "x.xml"],
        ["read", "x.xml", "--into", "y", "-j", "0"],
        ["read", "none.xml", "--audit"],
        ["confirm", "none"],
    ],
)
def test_wrong_words_are_answered_plainly(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"resurvey {words[0]}: ")


def test_a_level_printed_as_a_proportion_is_drafted_in_per_cent_and_said():
    claim = Claim(
        "design", {"alpha": "0.025", "power": "80", "sides": "1"}, (Span("p1", 0, 5),), "text-design", "Methods"
    )
    (row,) = [one.cells for one in draft([claim])]
    assert (row["alpha"], row["power"], row["note"]) == ("2.5", "80", "alpha is printed as 0.025")
