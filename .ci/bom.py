"""The software bill of materials (CycloneDX 1.6) of the locks: every pin with its hashes and its licence.

Run: python .ci/bom.py          writes bom.json, and adds pins that licences.csv does not know from what is installed
     python .ci/bom.py --check  fails where bom.json is not what the locks say, or a pin may not be used
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOM, LICENCES = ROOT / "bom.json", ROOT / "licences.csv"
#: Locks, and whether what they pin is needed to run the chain.
LOCKS = {
    "requirements.lock": "required",
    "requirements-tools.lock": "optional",
    "requirements-lab.lock": "optional",
    "requirements-dev.lock": "excluded",
    "requirements-setup.lock": "excluded",
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
#: What may not be among what runs: licences that would bind the whole. The LGPL binds a library alone, and is noted.
REFUSED = re.compile(r"\bA?GPL|General Public", re.IGNORECASE)
#: Classifiers of the package index as identifiers of SPDX.
CLASSIFIERS = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
}


@dataclass(frozen=True)
class Pin:
    """One version that a lock pins."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    lock: str


def pins(folder: Path = ROOT) -> list[Pin]:
    """Every pin of every lock, each version once, of the lock that needs it most."""
    found: dict[tuple[str, str], Pin] = {}
    for lock in LOCKS:
        text = (folder / lock).read_text(encoding="utf-8")
        starts = list(PIN.finditer(text))
        for place, match in enumerate(starts):
            end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
            hashes = tuple(sorted(HASH.findall(text, match.end(), end)))
            pin = Pin(match[1].lower(), match[2], (match[3] or "").strip(), hashes, lock)
            found.setdefault((pin.name, pin.version), pin)
    return sorted(found.values(), key=lambda pin: (pin.name, pin.version))


def licences() -> dict[str, dict[str, str]]:
    """Licence and note of each package, by name."""
    if not LICENCES.is_file():
        return {}
    with LICENCES.open(encoding="utf-8", newline="") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def said_by(name: str) -> str:
    """The licence that an installed package says it has, as an SPDX expression where that can be told."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    kinds = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    told = [CLASSIFIERS.get(kind, kind) for kind in kinds if kind != "OSI Approved"]
    return (
        " OR ".join(told) or str(about.get("License") or "").splitlines()[0][:40]
        if about.get("License") or told
        else ""
    )


def faults(known: dict[str, dict[str, str]], all_pins: Iterable[Pin]) -> Iterator[str]:
    """Pins without a licence, without a hash, or with one that may not run with the chain."""
    for pin in all_pins:
        licence = known.get(pin.name, {}).get("licence", "")
        if not licence:
            yield f"{pin.name} {pin.version} ({pin.lock}): licences.csv has no licence of it"
        elif REFUSED.search(licence) and LOCKS[pin.lock] != "excluded":
            yield f"{pin.name} {pin.version} ({pin.lock}): {licence} may not be needed at run time"
        if not pin.hashes:
            yield f"{pin.name} {pin.version} ({pin.lock}): the lock has no hash of it"


def component(pin: Pin, licence: str) -> dict[str, object]:
    """One package as CycloneDX describes it."""
    properties = [{"name": "resurvey:lock", "value": pin.lock}]
    if pin.marker:
        properties.append({"name": "resurvey:marker", "value": pin.marker})
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{pin.name}@{pin.version}",
        "name": pin.name,
        "version": pin.version,
        "scope": LOCKS[pin.lock],
        "hashes": [{"alg": "SHA-256", "content": one} for one in pin.hashes],
        "licenses": [{"expression": licence}],
        "purl": f"pkg:pypi/{pin.name}@{pin.version}",
        "properties": properties,
    }


def bill(all_pins: list[Pin], known: dict[str, dict[str, str]]) -> str:
    """The bill as text: the same locks give the same bytes, so it has no date and a number made of its content."""
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    parts = [component(pin, known.get(pin.name, {}).get("licence", "")) for pin in all_pins]
    body = {
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "resurvey",
                "name": "resurvey",
                "version": version[1] if version else "",
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": "resurvey", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
    return json.dumps({**head, **body}, indent=1) + "\n"


def write(all_pins: list[Pin]) -> None:
    """Write licences.csv with the pins it did not know, and bom.json."""
    known = licences()
    rows = []
    for name in sorted({pin.name for pin in all_pins}):
        row = known.get(name) or {"name": name, "licence": said_by(name), "note": ""}
        rows.append({key: row[key] for key in ("name", "licence", "note")})
    with LICENCES.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ("name", "licence", "note"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    BOM.write_text(bill(all_pins, licences()), encoding="utf-8")


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    all_pins = pins()
    if not parser.parse_args().check:
        write(all_pins)
    wrong = list(faults(licences(), all_pins))
    if not BOM.is_file() or BOM.read_text(encoding="utf-8") != bill(all_pins, licences()):
        wrong.append("bom.json is not what the locks say: run python .ci/bom.py")
    sys.stderr.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
