"""Convert EPS and PostScript to PDF with Ghostscript, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from resurvey.errors import InputError

SECONDS = 60
MOST_BYTES = 60_000_000


def as_pdf(path: Path) -> bytes:
    """The file as a PDF cropped to its bounding box.

    Raises
    ------
    InputError
        If Ghostscript is not installed, fails, or takes longer than a minute.
    """
    program = shutil.which("gs")
    if program is None:
        raise InputError(f"{path.name}: reading EPS needs Ghostscript (gs), which is not installed; give a PDF instead")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name}: more than {MOST_BYTES:,} bytes")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "figure.pdf"
        words = [program, "-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dEPSCrop", "-dAutoRotatePages=/None"]
        try:
            subprocess.run(
                [*words, "-sDEVICE=pdfwrite", f"-sOutputFile={made}", str(path.resolve())],
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
            return made.read_bytes()
        except subprocess.TimeoutExpired:
            raise InputError(f"{path.name}: Ghostscript took more than {SECONDS} s") from None
        except (subprocess.CalledProcessError, OSError):
            raise InputError(f"{path.name}: Ghostscript cannot read the file") from None
