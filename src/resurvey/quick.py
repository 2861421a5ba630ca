"""What keeps a start quick: libraries that ours load and that nothing here uses are not loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any


def skip_iri_grammars() -> None:
    """Keep `jsonschema` from compiling 38 grammars of internationalised addresses as it is imported.

    That takes a second and a half in every process that reads a schema or a notebook, Snakemake's own among them. No
    schema here or of the notebook format has such an address; without the grammars `jsonschema` leaves them unchecked.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("rfc3987_syntax", None)  # how Python marks a module that cannot be imported


def skip_pandas_for_plain_params(persistence: Any) -> None:
    """Keep Snakemake from importing pandas to compare params that are texts, numbers and lists of them.

    It imports pandas before it writes down any param, to see whether that is a table: a quarter of a run that has
    nothing to do. Here the way that it has for installations without pandas is tried first; what that does not know,
    a table of someone else's rule for one, goes the old way. A release without these names is left as it is.

    Parameters
    ----------
    persistence : module
        `snakemake.persistence`, changed in place.
    """
    owner: Any = getattr(persistence, "PersistenceBase", None)
    unknown = getattr(persistence, "UNREPRESENTABLE", None)
    plain: Callable[[Any, Any], Any] | None = getattr(owner, "_serialize_param_builtin", None)
    careful: Callable[[Any, Any], Any] | None = getattr(owner, "_serialize_param_pandas", None)
    if unknown is None or plain is None or careful is None:
        return

    @wraps(careful)
    def written(self: Any, value: Any) -> Any:
        text = plain(self, value)
        return careful(self, value) if text is unknown else text

    owner._serialize_param_pandas = written
