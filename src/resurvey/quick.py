"""What keeps a start quick: libraries that ours load and that nothing here uses are not loaded."""

from __future__ import annotations

import sys
from typing import Any


def skip_iri_grammars() -> None:
    """Keep `jsonschema` from compiling 38 grammars of internationalised addresses as it is imported.

    That takes a second and a half in every process that reads a schema or a notebook, Snakemake's own among them. No
    schema here or of the notebook format has such an address; without the grammars `jsonschema` leaves them unchecked.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("rfc3987_syntax", None)  # how Python marks a module that cannot be imported
