"""Convert mappings to validated objects, with a message for every fault that names its key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from resurvey.plan_patients import RestOf

#: Wording of this package for pydantic's messages; `{…}` are filled from the context of the fault.
WORDS = {
    "missing": "is missing",
    "unexpected_keyword_argument": "is not a known key{near}",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "dataclass_type": "must be a mapping of keys to values",
    "too_short": "must have {min_length} or more entries",
    "value_error": "{error}",
    "string_pattern_mismatch": "must be an id of lower case letters, digits, _ and - (at most 64)",
    "literal_error": "must be {expected}",
}
ANY_SHARE = "must be a number from 0 to 1, the id of a claim, or {rest_of: claim}"


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    """Adapter that validates and serialises objects of a class."""
    return TypeAdapter(kind)


def parsed(kind: type, raw: object) -> tuple[Any, list[str]]:
    """The object, or None and its faults. Read as JSON, where lists and whole numbers have the same type as in YAML."""
    try:
        return adapter(kind).validate_json(json.dumps(raw, default=str)), []
    except ValidationError as error:
        return None, list(dict.fromkeys(_faults(kind, error.errors())))


def _faults(kind: type, errors: Sequence[ErrorDetails]) -> Iterator[str]:
    for error in errors:
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # Too short only because items that are faults themselves were dropped.
        place, tried = _place(error["loc"])
        found = "" if error["type"] in ("missing", "value_error") else f", found {_shown(error['input'])}"
        yield f"{''.join(f', {part}' for part in place)}: {ANY_SHARE if tried else _words(kind, error, place)}{found}"


def _words(kind: type, error: ErrorDetails, place: Sequence[str]) -> str:
    near = ""
    if error["type"] == "unexpected_keyword_argument" and len(place) == 1:
        near = f". Use: {', '.join(one.name for one in fields(kind))}"  # type: ignore[arg-type]
    return WORDS.get(error["type"], error["msg"]).format(**{"near": near, **error.get("ctx", {})})


def _place(loc: Sequence[str | int]) -> tuple[list[str], bool]:
    """Keys that lead to a fault, with items counted from 1, and whether it is one of several types tried."""
    keys: list[str] = []
    for part in loc:
        if isinstance(part, str) and (part.startswith("constrained-") or part == RestOf.__name__):
            return keys, True
        keys.append(f"item {part + 1}" if isinstance(part, int) else part)
    return keys, False


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."
