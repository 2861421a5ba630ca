"""Read pictures after checking their size before decompression, and flatten them onto white."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np

from resurvey.errors import InputError

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
MOST_PIXELS = 40_000_000
MOST_BYTES = 100_000_000
LEAST_SIDE = 60
MOST_OBLONG = 20  # largest ratio of the sides
# Larger pictures are reduced: more pixels do not improve a curve and make tracing slower.
WORKING_SIDE = 2400


def read_picture(source: Path | bytes, name: str = "") -> np.ndarray:
    """The first frame of a picture as an array height x width x 3 of bytes (RGB), transparent parts white.

    Raises
    ------
    InputError
        If the file is not a picture of a known format, is broken, is too small to hold a figure, or is too large.
    """
    name = name or (source.name if isinstance(source, Path) else "the picture")
    data = _bytes(source, name)
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _refuse_size(picture.size, name)
                return _flat(picture)
        except UnidentifiedImageError:
            raise InputError(f"{name}: not a picture of a known format ({', '.join(FORMATS)})") from None
        except Image.DecompressionBombError:
            raise InputError(f"{name}: the picture is too large, at most {MOST_PIXELS:,} pixels are read") from None
        except InputError:
            raise
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError, TypeError, KeyError) as error:
            raise InputError(f"{name}: the picture is broken ({error})") from None
        except Exception as error:  # decoders raise various exceptions on malformed headers
            raise InputError(f"{name}: the picture cannot be read ({type(error).__name__}: {error})") from None


def _bytes(source: Path | bytes, name: str) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        if source.stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: {source.stat().st_size:,} bytes; at most {MOST_BYTES:,} are read")
        return source.read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from None


def _refuse_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise InputError(f"{name}: {width} x {height} pixels; at most {MOST_PIXELS:,} are read: reduce the picture")
    if min(size) < LEAST_SIDE:
        raise InputError(f"{name}: {width} x {height} pixels are too few for a figure")
    if max(size) > MOST_OBLONG * min(size):
        raise InputError(f"{name}: {width} x {height} pixels are too narrow a strip for a figure")


def _flat(picture: object) -> np.ndarray:
    from PIL import Image

    assert isinstance(picture, Image.Image)
    picture.load()
    colour = picture.convert("RGBA") if picture.mode not in ("RGB", "L", "CMYK") else picture.convert("RGB")
    if colour.mode == "RGBA":
        paper = Image.new("RGBA", colour.size, "white")
        colour = Image.alpha_composite(paper, colour).convert("RGB")
    longest = max(colour.size)
    if longest > WORKING_SIDE:
        factor = WORKING_SIDE / longest
        colour = colour.resize((round(colour.width * factor), round(colour.height * factor)), Image.Resampling.BOX)
    return np.asarray(colour, dtype=np.uint8)
