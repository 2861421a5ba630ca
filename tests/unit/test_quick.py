"""Nothing that is dear to load and never used is loaded."""

import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from resurvey.quick import skip_pandas_for_plain_params

SCRIPT = """
import sys
from resurvey.quick import skip_iri_grammars
skip_iri_grammars()
import jsonschema, nbformat
from jsonschema import Draft202012Validator, FormatChecker
print("lark" in sys.modules)
nbformat.validate(nbformat.v4.new_notebook())
schema = {"type": "string", "format": "date"}
print(Draft202012Validator(schema, format_checker=FormatChecker()).is_valid("no date"))
"""


def test_schemas_are_checked_without_the_grammars():
    said = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["False", "False"]


PLAIN = [None, 3, 0.5, True, "text", ["a", 1], {"b": [2]}, (1, 2), range(3), {4}]


def test_params_are_written_down_as_snakemake_does():
    from snakemake import persistence

    owner = type("Owner", (), dict(vars(persistence.PersistenceBase)))
    ours = SimpleNamespace(PersistenceBase=owner, UNREPRESENTABLE=persistence.UNREPRESENTABLE)
    before = owner._serialize_param_pandas
    skip_pandas_for_plain_params(ours)
    assert owner._serialize_param_pandas is not before
    me = SimpleNamespace(_serialize_param_builtin=lambda value: owner._serialize_param_builtin(me, value))
    for value in [*PLAIN, pd.DataFrame({"a": [1, 2]}), pd.Series([1.5]), object()]:
        assert owner._serialize_param_pandas(me, value) == before(me, value)


def test_plain_params_do_not_ask_for_pandas():
    def careful(self, value):
        pytest.fail("asked for pandas")

    owner = type("Owner", (), {"_serialize_param_builtin": lambda self, value: repr(value)})
    owner._serialize_param_pandas = careful
    skip_pandas_for_plain_params(SimpleNamespace(PersistenceBase=owner, UNREPRESENTABLE=object()))
    assert [owner._serialize_param_pandas(None, value) for value in PLAIN] == [repr(value) for value in PLAIN]


def test_a_release_without_these_names_is_left_as_it_is():
    skip_pandas_for_plain_params(SimpleNamespace())
    owner = type("Owner", (), {"_serialize_param_pandas": "its own"})
    skip_pandas_for_plain_params(SimpleNamespace(PersistenceBase=owner, UNREPRESENTABLE=object()))
    assert owner._serialize_param_pandas == "its own"
