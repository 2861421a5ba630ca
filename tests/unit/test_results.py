"""The contract of result tables: what may be written, and that it comes back as it was."""

import numpy as np
import pandas as pd
import pytest

from resurvey import results
from resurvey.audit import verdicts
from resurvey.errors import InputError
from resurvey.results import Contrast, Model, Quantity, Role


def estimate(**cells):
    line = {"comparison_id": "1", "method": "Cox", "measure": "HR", "estimate": 0.5, "lower": np.nan, "kind": "pool"}
    typed = {"role": Role.MAIN, "quantity": Quantity.HAZARD_RATIO, "contrast": Contrast.RATIO, "model": Model.COX}
    return {**line, **typed, "refused": False, "note": "", "population": "2012", **cells}


def test_what_is_written_comes_back_with_its_kinds(tmp_path):
    path = tmp_path / "estimates.csv"
    results.write(results.ESTIMATES, pd.DataFrame([estimate(), estimate(refused=True, note="NA")]), path)
    back = results.read(results.ESTIMATES, path)
    assert back["comparison_id"].tolist() == ["1", "1"]  # text, whatever it looks like
    assert back["population"].tolist() == ["2012", "2012"]
    assert back["note"].tolist() == ["", "NA"]
    assert back["refused"].tolist() == [False, True]
    assert back["estimate"].tolist() == [0.5, 0.5]
    assert back["lower"].isna().all()
    assert (back["role"] == Role.MAIN).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "chief"}, "estimates.csv, column role: found chief, expected one of .*'main'"),
        ({"refused": "maybe"}, "column refused: found maybe, expected one of"),
        ({"surprise": 1}, "'surprise' is not a column of the table estimates"),
    ],
)
def test_a_column_or_a_value_that_no_reader_knows_is_not_written(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        results.write(results.ESTIMATES, pd.DataFrame([estimate(**change)]), tmp_path / "estimates.csv")
    assert not list(tmp_path.iterdir())


def test_a_file_of_another_layout_is_refused(tmp_path):
    path = tmp_path / "estimates.csv"
    path.write_text("comparison_id,strange\na,1\n", encoding="utf-8")
    with pytest.raises(
        InputError, match="column 'strange' is not a column of the table estimates: make the results again"
    ):
        results.read(results.ESTIMATES, path)


def test_a_column_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "estimates.csv"
    path.write_text("comparison_id,p,p\na,1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="column 'p' is not a column of the table estimates: make the results again"):
        results.read(results.ESTIMATES, path)


def test_tables_are_joined_with_the_columns_that_any_has(tmp_path):
    for name, frame in (("a", pd.DataFrame([estimate()])), ("b", pd.DataFrame([estimate(p=0.1)])),
                        ("c", pd.DataFrame(columns=["comparison_id"]))):  # fmt: skip
        results.write(results.ESTIMATES, frame, tmp_path / f"{name}.csv")
    joined = results.join(results.ESTIMATES, sorted(tmp_path.glob("*.csv")))
    assert len(joined) == 2
    assert joined["p"].tolist()[1] == 0.1 and np.isnan(joined["p"].tolist()[0])
    assert list(joined.columns) == [name for name in results.ESTIMATES.names if name in joined]


def test_a_folder_of_a_comparison_has_known_tables_only(tmp_path):
    rmst = pd.DataFrame({"horizon": [6.0], "estimate": [1.0]})
    results.write(results.COMPARISON["rmst"], rmst, tmp_path / "rmst.csv")
    results.write(
        results.COMPARISON["contributions"],
        pd.DataFrame({"treatment": ["a"], "comparator": ["b"], "a : b": [1.0]}),
        tmp_path / "contributions.csv",
    )
    assert results.read_folder(tmp_path)["contributions"]["a : b"].tolist() == [1.0]
    (tmp_path / "stray.csv").write_text("a\n", encoding="utf-8")
    with pytest.raises(InputError, match="a comparison has no table 'stray'"):
        results.read_folder(tmp_path)


def test_the_verdicts_of_the_audit_are_those_of_the_contract():
    assert verdicts.VERDICTS == results.VERDICTS
    assert verdicts.SEVERITIES == results.SEVERITIES


def test_promised_columns_stand_first_and_in_order():
    promised = {
        results.ESTIMATES: "comparison_id method measure estimate lower upper p evidence assumptions",
        results.CHECKS: "check_id rule source_id study_id claim_ids reported recomputed verdict severity explanation",
        results.DESIGN: "method sides alpha power events patients reproduces_events reproduces_patients",
    }
    for table, names in promised.items():
        assert table.names[: len(names.split())] == names.split()
