"""A folder for caches, where that of the user cannot be written: on nodes without a home, in closed containers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

VARIABLE = "XDG_CACHE_HOME"


def usable_cache(say: Callable[[str], None]) -> None:
    """Make sure that this process and those it starts find a folder for caches that can be written.

    Snakemake keeps copies of its sources there and ends without a word of its own where it cannot. A temporary folder
    takes the place of one that cannot be written, until this process ends.

    Parameters
    ----------
    say : callable
        Gets what a person should know.
    """
    place = Path(os.environ.get(VARIABLE) or "~/.cache")
    try:
        place = place.expanduser()
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return
    except OSError as error:
        reason = error.strerror or str(error)
    except RuntimeError as error:  # nobody knows of a home
        reason = str(error)
    own = tempfile.mkdtemp(prefix="resurvey-cache-")
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    os.environ[VARIABLE] = own
    os.environ.setdefault("MPLCONFIGDIR", own)  # else each step would look for all fonts anew
    say(f"{place}, where caches go, cannot be written ({reason}): a temporary folder is used; {VARIABLE} chooses one")
