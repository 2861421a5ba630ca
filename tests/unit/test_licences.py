"""What is depended on: the bill of materials is that of the locks, and no licence binds the whole."""

import importlib.util
import json
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bom():
    spec = importlib.util.spec_from_file_location("bom", ROOT / ".ci/bom.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bom"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bom"]


def test_the_bill_is_that_of_the_locks(bom):
    assert bom.BOM.read_text(encoding="utf-8") == bom.bill(bom.pins(), bom.licences()), "run python .ci/bom.py"


def test_every_pin_has_a_hash_and_a_licence_that_binds_nothing_else(bom):
    assert list(bom.faults(bom.licences(), bom.pins())) == []


def test_a_licence_that_binds_the_whole_is_found(bom):
    pin = bom.Pin("it", "1", "", ("a" * 64,), "requirements.lock")
    for licence in ("GPL-3.0-only", "AGPL-3.0-or-later", "GNU General Public License v3", "MIT AND GPL-2.0-only", ""):
        assert list(bom.faults({"it": {"licence": licence}}, [pin]))
    for licence in ("MIT", "LGPL-3.0-or-later", "MPL-2.0"):
        assert not list(bom.faults({"it": {"licence": licence}}, [pin]))
    assert list(bom.faults({"it": {"licence": "MIT"}}, [bom.Pin("it", "1", "", (), "requirements.lock")]))


def test_the_bill_is_cyclonedx_with_every_pin(bom):
    made = json.loads(bom.BOM.read_text(encoding="utf-8"))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    refs = [part["bom-ref"] for part in made["components"]]
    assert len(refs) == len(set(refs)) == len(bom.pins())
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert {f"{p['name']}=={p['version']}" for p in made["components"] if p["scope"] == "required"} == {
        f"{name.lower()}=={version}" for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE)
    }


def test_what_is_installed_names_no_other_licence_of_that_kind(bom):
    noted = {name for name, row in bom.licences().items() if row["note"]}
    for pin in bom.pins():
        try:
            about = metadata.metadata(pin.name)
        except metadata.PackageNotFoundError:
            continue
        told = " ".join([about.get("License-Expression") or "", *(about.get_all("Classifier") or [])])
        assert not re.search(r"\bA?GPL|General Public", told) or pin.name in noted, pin.name
