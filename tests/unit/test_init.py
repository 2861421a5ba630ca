"""What a new project is told: the meaning of every column and of every key."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import yaml

from resurvey import plan
from resurvey.commands.init import dictionary, meaning
from resurvey.schema import TABLES

ROOT = Path(__file__).resolve().parents[2]


def test_every_column_has_a_meaning():
    text = dictionary()
    for name, table in TABLES.items():
        section = text.split(f"## {table.file}\n", 1)[1].split("\n## ", 1)[0]
        for column in table.columns:
            assert len(meaning(name, column.name)) > 3
            assert f"| `{column.name}` | {meaning(name, column.name)} |" in section


def keys_of_schema(node: dict) -> set[str]:
    found = set(node.get("properties", {}))
    for part in (*node.get("properties", {}).values(), node.get("items", {}), *node.get("oneOf", [])):
        found |= keys_of_schema(part) if part else set()
    return found


def keys_of_plan(kind: type) -> set[str]:
    """Names of all fields of a dataclass and of those inside it."""
    found: set[str] = set()
    for one in fields(kind):
        found.add(one.name)
        waiting = [get_type_hints(kind, include_extras=False)[one.name]]
        while waiting:
            part = waiting.pop()
            waiting.extend(get_args(part))
            if is_dataclass(part):
                found |= keys_of_plan(part)
    return found


def test_every_key_has_a_meaning():
    explained = set(re.findall(r"`\{?([a-z_]+)", dictionary().split("# Keys of config.yaml")[1]))
    explained |= set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`\{([^`]*)\}`", dictionary()))))
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    assert keys_of_schema(schema) - explained == set()
    kinds = [*plan.KINDS.values(), plan.DesignCheck]
    assert {key for kind in kinds for key in keys_of_plan(kind)} - explained == set()


def test_the_worked_example_has_the_dictionary_of_new_projects():
    assert (ROOT / "examples/lung/data/raw/README.md").read_text(encoding="utf-8") == dictionary()
