"""Files of the templates: those of the package, or those of a project that take their place."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def template_bytes(name: str, own: Path | None = None) -> bytes:
    """Content of a template; a file of this name in the folder `own` of a project takes precedence."""
    if own and (own / name).is_file():
        return (own / name).read_bytes()
    return resources.files("resurvey.report").joinpath("templates", name).read_bytes()


def template_text(name: str, own: Path | None = None) -> str:
    """Text of a template, as `template_bytes`."""
    return template_bytes(name, own).decode("utf-8").replace("\r\n", "\n")
