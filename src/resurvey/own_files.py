"""Files of a project's own that stand in for those of the package: templates, and kinds of hazards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Where templates of a project lie if its config does not say.
TEMPLATES = "report/templates"


def templates(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """Templates of a project, by name; hidden files are those of a desktop or an editor.

    Parameters
    ----------
    config : mapping
    folder : Path
        Folder that paths in the config start from.
    """
    place = folder / config.get("report", {}).get("templates", TEMPLATES)
    return sorted(path for path in place.glob("*") if not path.name.startswith(".")) if place.is_dir() else []


def own_files(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """All of them, in a fixed order; whether each is there is for others to say."""
    shapes = config["reconstruction"].get("shapes")
    return [*([folder / shapes] if shapes else []), *templates(config, folder)]
