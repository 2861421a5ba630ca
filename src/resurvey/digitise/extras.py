"""The libraries of the optional extra `digitise`, imported when they are first needed and one thread each."""

from __future__ import annotations

import importlib
from types import ModuleType

from resurvey.errors import InputError


def extra(name: str) -> ModuleType:
    """An optional library.

    Raises
    ------
    InputError
        If it is not installed; the message names the extra that brings it.
    """
    try:
        module = importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"reading figures needs the library {name}, which is not installed: pip install 'resurvey[digitise]'"
        ) from None
    if name == "cv2":
        module.setNumThreads(1)  # several threads add up in another order
    return module
