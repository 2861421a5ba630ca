"""Arithmetic that does not hang on the processor, and rebuilding that does not hang on last bits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from resurvey import clean, steady, tables
from resurvey.reconstruct import SurvivalSummary, from_summary
from resurvey.reconstruct.study import rebuild_study
from resurvey.reconstruct.study_tables import ensemble_curves
from resurvey.schema import TABLES
from tests.project import small_tables

ROOT = Path(__file__).resolve().parents[2]
ULP = np.finfo(float).eps


def test_exponentials_and_logarithms_are_good_to_two_units_of_the_last_place():
    x = np.concatenate((np.linspace(-700, 700, 20001), np.linspace(-1e-6, 1e-6, 101)))
    assert np.max(np.abs(steady.exp(x) / np.exp(x) - 1)) < 2 * ULP
    y = np.concatenate((np.geomspace(1e-300, 1e300, 20001), np.linspace(0.5, 2, 10001)))
    assert np.all(np.abs(steady.log(y) - np.log(y)) <= 2 * np.spacing(np.abs(np.log(y))))
    assert np.allclose(steady.expm1(x[np.abs(x) < 1]), np.expm1(x[np.abs(x) < 1]), rtol=1e-14, atol=0)
    assert np.allclose(steady.log_add_exp(0, x), np.logaddexp(0, x), rtol=1e-14, atol=0)


def test_their_ends():
    assert np.array_equal(
        steady.exp(np.array([-np.inf, -800.0, 0.0, 800.0, np.inf, np.nan])),
        [0, 0, 1, np.inf, np.inf, np.nan],
        equal_nan=True,
    )
    assert np.array_equal(
        steady.log(np.array([0.0, -1.0, 1.0, np.inf, np.nan])), [-np.inf, np.nan, 0, np.inf, np.nan], equal_nan=True
    )
    assert isinstance(steady.exp(1.0), float)
    assert steady.log(steady.exp(1.0)) == pytest.approx(1, abs=1e-15)


def test_linear_algebra_is_that_of_the_library():
    rng = np.random.default_rng(1)
    half, right = rng.normal(size=(30, 30)), rng.normal(size=(30, 4))
    a = half @ half.T + np.eye(30)
    assert np.allclose(steady.cholesky(a), np.linalg.cholesky(a), atol=1e-12)
    assert np.allclose(steady.solve(a, right), np.linalg.solve(a, right), atol=1e-12)
    assert steady.solve_with_log_determinant(a, right)[1] == pytest.approx(np.linalg.slogdet(a)[1], abs=1e-11)
    assert np.allclose(steady.product(half, right), half @ right, atol=1e-12)
    assert np.allclose(steady.product(half, right[:, 0]), half @ right[:, 0], atol=1e-12)
    values, axes = steady.symmetric_eigen(a[:5, :5] - 20 * np.eye(5))
    assert np.allclose(axes @ np.diag(values) @ axes.T, a[:5, :5] - 20 * np.eye(5), atol=1e-10)
    assert np.allclose(axes.T @ axes, np.eye(5), atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        steady.cholesky(-a)


def test_the_normal_distribution():
    x = np.linspace(-9, 9, 1001)
    assert np.max(np.abs(steady.normal_cdf(x) - ndtr(x))) < 1.5e-7
    assert steady.normal_quantile(0.975) == pytest.approx(1.959963984540, abs=1e-12)


def test_settled_numbers_forget_their_last_bits():
    assert steady.settled(5.78 * (1 + 1e-13)) == 5.78
    assert np.array_equal(steady.settled_array([0.1 + 0.2, np.inf, np.nan]), [0.3, np.inf, np.nan], equal_nan=True)


def shaken(frame, rng):
    """Every number of a table times 1 + 1e-13 u, u between -1 and 1."""
    numbers = frame.select_dtypes("number")
    other = {name: cells * (1 + 1e-13 * rng.uniform(-1, 1, len(cells))) for name, cells in numbers.items()}
    return frame.assign(**other)


def typed_study():
    rows = small_tables()
    made = {
        name: pd.DataFrame(rows.get(name, []), columns=table.names, dtype=object).fillna("")
        for name, table in TABLES.items()
    }
    return clean.tidy(made)


def written(made, folder):
    tables.write_csv(made.accuracy, folder / "accuracy.csv")
    tables.write_csv(made.facts, folder / "facts.csv")
    tables.write_csv(ensemble_curves(made.patients), folder / "curves.csv")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def shipped():
    return clean.tidy(tables.read_raw(ROOT / "data" / "raw"))


@pytest.mark.parametrize(("tables_of", "name"), [(typed_study, "alpha"), (shipped, "yang2019"), (shipped, "picture")])
def test_the_last_bits_of_what_is_typed_choose_nothing(tmp_path, tables_of, name):
    typed, rng = tables_of(), np.random.default_rng(1)
    parts = [["primary resistant", "secondary resistant"]] if name == "yang2019" else []
    wanted = {"replicates": 10, "seed": 5, "partitions": parts}
    made = rebuild_study(typed, name, **wanted)
    again = rebuild_study({key: shaken(frame, rng) for key, frame in typed.items()}, name, **wanted)
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert len(made.patients) > 1000
    pd.testing.assert_frame_equal(made.patients, again.patients, check_exact=True)
    assert written(made, tmp_path / "one") == written(again, tmp_path / "two")


def test_a_summary_with_other_last_bits_gives_the_same_patients():
    u = np.random.default_rng(4).uniform(-1, 1, 12)
    plain = {"n": 110, "events": 66, "median": 5.78, "lower": 4.2, "upper": 8.31, "median_follow_up": 14.3}
    other = {name: value * (1 + 1e-13 * v) for (name, value), v in zip(plain.items(), u, strict=False)}
    marks = {"landmarks": [(6, 0.47), (12, 0.31)], "at_risk_times": [0, 6, 12], "at_risk": [110, 49, 27]}
    marks_other = {
        "landmarks": [(t * (1 + 1e-13 * u[6]), s * (1 - 1e-13 * u[7])) for t, s in marks["landmarks"]],
        "at_risk_times": [t * (1 + 1e-13 * u[8]) for t in marks["at_risk_times"]],
        "at_risk": [y * (1 + 1e-13 * u[9]) for y in marks["at_risk"]],
    }
    one = from_summary(SurvivalSummary(**plain, **marks), replicates=10)
    two = from_summary(SurvivalSummary(**other, **marks_other), replicates=10)
    pd.testing.assert_frame_equal(one.patients, two.patients, check_exact=True)
    pd.testing.assert_frame_equal(one.accuracy, two.accuracy, check_exact=True)


OTHER_KERNELS = {
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512_SKX",
}


@pytest.mark.parametrize("function", [steady.exp, steady.log])
def test_many_numbers_are_worked_on_in_pieces_with_the_bits_of_few(function):
    few = steady.AT_A_TIME // 4
    given = np.concatenate([np.random.default_rng(2).uniform(0.01, 700, 9 * few + 3), [0.0, np.inf, np.nan]])
    alone = np.concatenate([function(part) for part in np.array_split(given, 11)])
    np.testing.assert_array_equal(function(given), alone)
    np.testing.assert_array_equal(function(given[:-2].reshape(-1, 4).T), alone[:-2].reshape(-1, 4).T)


REBUILD = """
import hashlib, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from resurvey.reconstruct import SurvivalSummary, from_pair, from_summary
a = from_summary(SurvivalSummary(n=90, events=60, median=5.8, lower=4.2, upper=8.3), replicates=20)
b = from_summary(SurvivalSummary(n=80, median=3.9, lower=2.9, upper=5.6, landmarks=[(6, 0.3)]), replicates=20)
pair = from_pair(a, b, 0.7)
digest = hashlib.sha256()
for made in (pair.first, pair.second):
    for part in made.stacked():
        digest.update(np.ascontiguousarray(part, dtype=float).tobytes())
print(digest.hexdigest())
"""


def test_other_kernels_of_the_libraries_make_the_same_patients_to_the_bit():
    digests = {
        subprocess.run(
            [sys.executable, "-c", REBUILD], env={**os.environ, **kernels}, capture_output=True, text=True, check=True
        ).stdout
        for kernels in ({}, OTHER_KERNELS)
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
