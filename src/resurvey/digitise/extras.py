"""Libraries of the optional extra `digitise`, imported when first needed and limited to one thread each."""

from __future__ import annotations

import importlib
from types import ModuleType

from resurvey.errors import InputError


def extra(name: str) -> ModuleType:
    """Import an optional library.

    Raises
    ------
    InputError
        If it is not installed; the message names the extra that provides it.
    """
    try:
        module = importlib.import_module(name)
    except ImportError:
        raise InputError(
            f"reading figures needs the library {name}, which is not installed: pip install 'resurvey[digitise]'"
        ) from None
    if name == "cv2":
        module.setNumThreads(1)  # several threads add up in a different order
    return module
