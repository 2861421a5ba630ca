"""A cache folder for use where that of the user is not writable: nodes without a home, read-only containers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

VARIABLE = "XDG_CACHE_HOME"


def usable_cache(say: Callable[[str], None]) -> None:
    """Make sure that this process and those it starts have a writable cache folder.

    Snakemake keeps copies of its sources there and exits without a clear message if it cannot. If the folder is not
    writable, a temporary one is used until this process ends.

    Parameters
    ----------
    say : callable
        Receives messages for the user.
    """
    place = Path(os.environ.get(VARIABLE) or "~/.cache")
    try:
        place = place.expanduser()
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return
    except OSError as error:
        reason = error.strerror or str(error)
    except RuntimeError as error:  # the home folder is unknown
        reason = str(error)
    own = tempfile.mkdtemp(prefix="resurvey-cache-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    os.environ[VARIABLE] = own
    os.environ.setdefault("MPLCONFIGDIR", own)  # otherwise each step would search for all fonts again
    say(
        f"{place}, the folder of caches, cannot be written ({reason}): a temporary folder is used; "
        f"{VARIABLE} chooses one"
    )
