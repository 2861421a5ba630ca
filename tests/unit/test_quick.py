"""Nothing that is dear to load and never used is loaded."""

import subprocess
import sys

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
