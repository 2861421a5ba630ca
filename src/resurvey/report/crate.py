"""RO-Crate metadata of a run (Workflow Run profile): which workflow made which results from which tables.

The same run gives the same bytes: the time and machine are not recorded, and publication details are left to users.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.1",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)
FORMATS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
}
CONTEXT_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}


@dataclass(frozen=True)
class Run:
    """The description of a run in a crate.

    Attributes
    ----------
    title, question : str
    workflow : str
        The Snakefile, as a path inside the crate.
    inputs, outputs : dict of str
        Input files (SHA-256 by name; they are not copied) and output files (SHA-256 by path inside the crate).
    versions : dict of str
        Versions of packages.
    date : str
        Publication date of the record, ISO 8601; not the date of the run.
    licence : str
        URL of the licence of the record.
    """

    title: str
    question: str
    workflow: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = "2000-01-01"
    licence: str = "https://spdx.org/licenses/MIT"


def crate_metadata(run: Run) -> str:
    """The text of ro-crate-metadata.json.

    Parameters
    ----------
    run : Run
        Paths are relative to the folder that holds the metadata.

    Returns
    -------
    str
        JSON with entities in a fixed order.
    """
    from rocrate.model.computationalworkflow import ComputationalWorkflow
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.name, crate.description, crate.license = run.title, run.question, run.licence
    crate.root_dataset["datePublished"] = run.date
    crate.root_dataset["conformsTo"] = [_profile(crate, address) for address in PROFILES]
    language = crate.add(
        ContextEntity(
            crate,
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            {
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "identifier": {"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
                "url": {"@id": "https://snakemake.readthedocs.io"},
                "version": run.versions.get("snakemake", ""),
            },
        )
    )
    workflow = crate.add(ComputationalWorkflow(crate, None, run.workflow, properties={"name": run.title}))
    workflow["programmingLanguage"] = language
    workflow["license"] = run.licence
    crate.mainEntity = workflow
    given = [_outside(crate, name, digest) for name, digest in sorted(run.inputs.items())]
    made = [_file(crate, name, digest) for name, digest in sorted(run.outputs.items())]
    action = crate.add(
        ContextEntity(
            crate,
            "#run",
            {"@type": "CreateAction", "name": f"Run of the workflow: {run.title}", "description": run.question},
        )
    )
    action["instrument"], action["object"], action["result"] = workflow, _some(given), _some(made)
    software = [_software(crate, name, version) for name, version in sorted(run.versions.items())]
    if software:
        workflow["softwareRequirements"] = _some(software)
    crate.root_dataset["mentions"] = action
    return _written(crate.metadata.generate())


def _profile(crate: Any, address: str) -> Any:
    from rocrate.model.contextentity import ContextEntity

    *_, name, version = PurePosixPath(address).parts
    properties = {"@type": "CreativeWork", "name": f"{name} profile", "version": version}
    return crate.add(ContextEntity(crate, address, properties))


def _file(crate: Any, name: str, digest: str) -> Any:
    properties = {"name": PurePosixPath(name).name, "sha256": digest}
    kind = FORMATS.get(PurePosixPath(name).suffix)
    if kind:
        properties["encodingFormat"] = kind
    return crate.add_file(None, dest_path=name, properties=properties)


def _outside(crate: Any, name: str, digest: str) -> Any:
    """An input file outside the folder of the crate: recorded by name and checksum, not included."""
    from rocrate.model.contextentity import ContextEntity

    properties = {"@type": "CreativeWork", "name": name, "sha256": digest}
    return crate.add(ContextEntity(crate, f"#input-{quote(name)}", properties))


def _some(entities: list[Any]) -> Any:
    """Unwrap a list with a single value, as the specification asks."""
    return entities[0] if len(entities) == 1 else entities


def _software(crate: Any, name: str, version: str) -> Any:
    from rocrate.model.contextentity import ContextEntity

    properties = {"@type": "SoftwareApplication", "name": name, "softwareVersion": version, "version": version}
    return crate.add(ContextEntity(crate, f"#software-{name}", properties))


def _written(metadata: dict[str, Any]) -> str:
    """JSON with entities sorted by id, after the descriptor and the root."""
    first = {"ro-crate-metadata.json": 0, "./": 1}
    graph = sorted(metadata["@graph"], key=lambda entity: (first.get(entity["@id"], 2), entity["@id"]))
    context = [metadata["@context"]] if isinstance(metadata["@context"], str) else list(metadata["@context"])
    whole = {"@context": [*context, CONTEXT_TERMS], "@graph": graph}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
