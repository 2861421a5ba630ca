"""The whole audit: input forms, stable ids, refusals, rulings, pages, summary and commands."""

import argparse

import pandas as pd
import pytest

from resurvey import audit, clean, schema, tables
from resurvey.audit import adjudication, pages
from resurvey.audit.context import prepare, read_typed
from resurvey.audit.handlers import alone, audit_tables
from resurvey.audit.verdicts import check_id
from resurvey.commands.audit import add_parser
from resurvey.errors import InconsistentReport, InputError
from resurvey.rawcells import IDENTIFIER
from tests.project import small_tables, write_tables

RULINGS = ["check_id", "verdict", "ruling", "affects", "reason", "by"]


def raw(name, rows):
    start = {"source_id": "doc", "locator": "Table 1", "study_id": "trial", "population": "all"}
    rows = [start | {"claim_id": f"doc-{name[:4]}-{place:03d}"} | row for place, row in enumerate(rows, 1)]
    columns = schema.TABLES[name].names
    return pd.DataFrame(
        [{c: row.get(c, "") for c in columns} for row in rows], index=range(2, len(rows) + 2), dtype=object
    )


@pytest.fixture
def small():
    proportions = [
        {"kind": "baseline", "item": "pre", "n": "68", "total": "299", "percent": "20.7", "partition": "status"},
        {"kind": "baseline", "item": "post", "n": "204", "total": "299", "percent": "68.2", "partition": "status"},
        {"kind": "baseline", "item": "unknown", "n": "27", "total": "299", "percent": "9.0", "partition": "status"},
    ]
    ratios = [
        {"endpoint": "PFS", "measure": "HR", "value": "0.88", "lower": "0.71", "upper": "1.09", "p": "<0.0001"},
        {
            "endpoint": "OS",
            "measure": "HR",
            "value": "0.81",
            "lower": "0.55",
            "upper": "1.21",
            "ci_level": "90",
            "p": "0.39",
        },
    ]
    return {"proportions": raw("proportions", proportions), "hazard_ratios": raw("hazard_ratios", ratios)}


def test_the_audit_of_a_folder_names_what_is_not_yet_ruled_on(tmp_path):
    rows = small_tables()
    rows["proportions"][0]["percent"] = "31.0"
    write_tables(rows, tmp_path)
    text = audit_tables(argparse.Namespace(folder=str(tmp_path), out=None)).text
    named = text.partition("without a ruling (")[2]
    assert "alpha2020-prop-001: no ruling on a verdict discrepant" in named


def test_columns_words_and_unique_ids(small):
    checks = audit.run(small)
    assert list(checks.columns) == audit.COLUMNS
    assert set(checks["verdict"]) <= set(audit.VERDICTS)
    assert set(checks["severity"]) <= set(audit.SEVERITIES)
    assert checks["check_id"].is_unique
    assert checks["explanation"].str.len().min() > 10
    assert all(IDENTIFIER.match(name) for name in checks["check_id"])
    assert set(checks["rule"]) <= set(audit.RULES)


def test_raw_typed_and_read_back_tables_agree(small, tmp_path):
    expected = audit.run(small)
    typed = clean.tidy(small)
    pd.testing.assert_frame_equal(audit.run(typed), expected)
    for name, frame in typed.items():
        tables.write_csv(frame, tmp_path / f"{name}.csv")
    back = {name: read_typed(tmp_path / f"{name}.csv") for name in typed}
    pd.testing.assert_frame_equal(audit.run(back), expected)


def test_ids_and_verdicts_do_not_depend_on_the_order_of_rows(small):
    expected = audit.run(small)
    turned = {name: frame.iloc[::-1] for name, frame in small.items()}
    found = audit.run(turned)
    columns = ["check_id", "verdict", "severity"]
    pd.testing.assert_frame_equal(found[columns], expected[columns])


def test_a_new_row_leaves_other_ids_alone(small):
    before = set(audit.run(small)["check_id"])
    extra = raw(
        "proportions",
        [{"kind": "baseline", "item": "new", "n": "1", "total": "2", "percent": "50", "claim_id": "doc-0"}],
    )
    small["proportions"] = pd.concat([extra, small["proportions"]]).set_axis(range(2, 6))
    assert before < set(audit.run(small)["check_id"])


def test_long_ids_are_cut_and_stay_apart():
    long = [f"{'x' * 60}-{place}" for place in "ab"]
    names = [check_id("repeat", [long[0], other]) for other in long]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 64
    assert check_id("repeat", ["doc-med-1", "doc-med-2"]) == "repeat-doc-med-1-med-2"


def test_nothing_gives_nothing():
    assert audit.run({}).empty
    assert list(audit.run({}).columns) == audit.COLUMNS
    for name in schema.TABLES:
        assert len(prepare({})[name]) == 0


def test_every_fault_of_bad_input_is_named_at_once(small):
    bad = small["hazard_ratios"].copy()
    bad.loc[2, ["value", "p"]] = ["0.9x", "1.7"]
    bad.loc[3, ["lower", "upper"]] = ["1.21", "0.55"]
    worse = small["proportions"].copy()
    worse.loc[2, ["n", "total", "percent"]] = ["48.4", "0", "130"]
    with pytest.raises(tables.TableFaults) as caught:
        audit.run({"hazard_ratios": bad, "proportions": worse})
    text = str(caught.value)
    for words in (
        "'0.9x' is not a printed number",
        "outside 0 to 1",
        "lower exceeds upper",
        "not a whole number",
        "outside 1 to 1e+09",
        "outside 0 to 100",
    ):
        assert words in text
    assert len(caught.value.faults) == 6


def test_unknown_names_are_refused(small):
    with pytest.raises(InputError, match="unknown table"):
        audit.run({"nonsense": small["proportions"]})
    with pytest.raises(InputError, match="unknown rule"):
        audit.run(small, rules=["nonsense"])
    claims = raw("p_values", [{"item": "x", "p": "0.05", "claims": "no-such-claim"}])
    with pytest.raises(tables.TableFaults, match="no such claim"):
        audit.run(small | {"p_values": claims})


def test_catalogue_documents_every_rule():
    catalogue = audit.catalogue()
    assert set(catalogue["rule"]) == set(audit.RULES)
    assert catalogue[["formula", "reference"]].map(len).min().min() > 5
    assert all(rule.check.__doc__ for rule in audit.RULES.values())


def rulings(checks, **changed):
    needed = checks[checks["verdict"].isin(audit.RULED)]
    rows = [
        (name, changed.get(name.replace("-", "_"), verdict), "misprint", "", "a reason", "a reader")
        for name, verdict in zip(needed["check_id"], needed["verdict"], strict=True)
    ]
    return pd.DataFrame(rows, columns=RULINGS)


def test_rulings_are_matched_both_ways(small):
    checks = audit.run(small)
    ruled = rulings(checks)
    assert len(ruled) == 3
    assert adjudication.unruled(checks, ruled).empty
    assert "rulings: 3" in adjudication.verify(checks, ruled)
    with pytest.raises(InconsistentReport, match="ratio-p-doc-haza-001: no ruling on a verdict discrepant"):
        adjudication.verify(checks, ruled[ruled["check_id"] != "ratio-p-doc-haza-001"])
    stale = pd.concat([ruled, pd.DataFrame([("gone", "conflict", "misprint", "", "a", "b")], columns=RULINGS)])
    with pytest.raises(InconsistentReport, match="gone: the ruling is on a check that no longer exists"):
        adjudication.verify(checks, stale)
    other = rulings(checks, ratio_p_doc_haza_001="conflict")
    with pytest.raises(InconsistentReport, match="was on a verdict conflict, the check now says discrepant"):
        adjudication.verify(checks, other)


def test_page_and_summary(small):
    checks = audit.run(small)
    claims = pages.places(small)
    text = pages.page("doc", checks, claims, rulings(checks), "A citation")
    assert text.index("A stated conclusion is affected") < text.index("A digit or a label")
    assert "Ruling: misprint. a reason" in text
    assert "A citation" in text
    summary = pages.summary(checks, claims).set_index("source_id")
    assert list(summary.reset_index().columns) == pages.SUMMARY
    assert summary.loc["doc", "claims"] == 5
    assert summary.loc["all", "checks"] == len(checks)
    assert summary.loc["doc", "discrepant"] == 3
    assert summary.loc["doc", "conclusion"] == 1
    clean_page = pages.page("other", checks, claims, rulings(checks))
    assert "Every check that could be made was reproduced" in clean_page


def command(*words):
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["audit", *words])
    return arguments.answer(arguments).text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["hr", "0.926", "--ci", "0.559", "1.533", "--p", "0.765"], "recomputed p 0.763-0.767"),
        (["or", "2.0", "--ci", "1.0", "4.0", "--sides", "1", "--p", "0.025"], "reproduced   ratio-p"),
        (["percentage", "--n", "70", "--total", "100", "--percent", "70.0"], "reproduced   percentage"),
        (["categories", "62", "204", "27", "--total", "299"], "discrepant   category-sum"),
        (["table", "87:45:62", "81:33:63", "--p", "0.57"], "discrepant   contingency-p"),
        (["table", "8/29", "3/36", "--p", "0.04", "--test", "chi-square"], "Fisher exact 0.051"),
        (["grades", "3=7", "4=1", ">=3=8", "--total", "100"], "reproduced   grade-sum"),
        (["median", "11.8", "--ci", "8.4", "15.1", "--rate", "12", "62"], "impossible   landmark-median"),
        (["difference", "23.9", "18.5", "--value", "4.6"], "discrepant   stated-difference"),
        (["rules"], "ratio-p"),
    ],
)
def test_commands(words, expected):
    assert expected in command(*words)


def test_design_command():
    words = ["design", "--null", "5.78", "--alternative", "8.0", "--alpha", "5", "--power", "80", "--accrual", "32"]
    text = command(*words, "--follow-up", "24", "--events", "59", "--sides", "1")
    assert "reproduced   design-events" in text


def test_commands_refuse():
    with pytest.raises(tables.TableFaults, match="outside 0 to 1"):
        command("hr", "0.9", "--ci", "0.5", "1.5", "--p", "1.7")
    with pytest.raises(InputError, match="is not grade=count"):
        command("grades", "3:7")
    with pytest.raises(InputError, match="has no column"):
        alone({"medians": [{"nonsense": "1"}]})
