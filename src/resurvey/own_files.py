"""Files of a project that replace those of the package: templates, and hazard shapes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Default folder for the templates of a project.
TEMPLATES = "report/templates"


def templates(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """Templates of a project, by name; hidden files (left by a desktop or an editor) are ignored.

    Parameters
    ----------
    config : mapping
    folder : Path
        Folder that paths in the config are relative to.
    """
    place = folder / config.get("report", {}).get("templates", TEMPLATES)
    return sorted(path for path in place.glob("*") if not path.name.startswith(".")) if place.is_dir() else []


def own_files(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """All such files, in a fixed order; their existence is checked elsewhere."""
    shapes = config["reconstruction"].get("shapes")
    return [*([folder / shapes] if shapes else []), *templates(config, folder)]
