"""Broken and hostile figures: read or refused, in bounded time and memory. python fuzz.py [inputs] [seed] [whole]

Every input is a made figure with bytes changed, cut off or put in, or a header that promises too much. `whole` of them
go through the whole reading, letters included; the others through everything before that.
"""

import collections
import io
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.made_figures import arm, draw

from resurvey.digitise import digitise, pdf_drawings, svg
from resurvey.digitise.corrections import read_corrections
from resurvey.digitise.picture import read_picture
from resurvey.errors import InputError

MEMORY = 3 << 30


def samples(folder):
    """Made figures of every kind, as bytes by ending."""
    arms = [arm("A", 1, median=9.0), arm("B", 2, median=20.0)]
    found = {}
    for ending in ("png", "jpg", "tif", "pdf", "svg"):
        path = draw(folder / f"s.{ending}", arms, dpi=60, marks="|")
        found[ending] = path.read_bytes()
    picture = Image.open(io.BytesIO(found["png"])).convert("RGB")
    for ending, image, options in (
        ("gif", picture, {"save_all": True, "append_images": [picture.rotate(90 * k) for k in range(3)]}),
        ("bmp", picture, {}),
        ("webp", picture, {}),
        ("jpeg", picture.convert("CMYK"), {"format": "JPEG"}),
    ):
        stream = io.BytesIO()
        image.save(stream, **({"format": ending.upper()} | options))
        found[ending] = stream.getvalue()
    found["json"] = b'{"format": "resurvey-digitise-corrections-1", "x": [[1, 2], [3, 4]], "masks": [[0, 0, 1, 1]]}'
    return found


def changed(data, rng):
    """The bytes with some changed, cut, doubled, or numbers blown up."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        kind, at = rng.integers(6), int(rng.integers(max(len(out), 1)))
        if kind == 0:
            out[at : at + 1] = bytes([rng.integers(256)])
        elif kind == 1:
            del out[at : at + int(rng.integers(1, 200))]
        elif kind == 2:
            out = out[: max(at, 1)]
        elif kind == 3:
            out[at:at] = out[at : at + int(rng.integers(1, 400))] * int(rng.integers(1, 20))
        elif kind == 4:
            out[16:24] = int(rng.integers(1, 2**31)).to_bytes(4, "big") * 2
        else:
            digits = [k for k in range(max(0, at - 200), min(len(out), at + 200)) if 48 <= out[k] <= 57]
            for k in digits[:6]:
                out[k] = 57
    return bytes(out)


def read(path, whole):
    """Everything that reads the file, up to the letters or with them."""
    if whole and path.suffix != ".json":
        return digitise(path).verdict
    if path.suffix == ".json":
        return read_corrections(path) and "read"
    if path.suffix == ".pdf":
        data = path.read_bytes()
        pdf_drawings.page_count(data, path.name)
        return pdf_drawings.page_drawing(data, 1, path.name) and "read"
    if path.suffix == ".svg":
        return svg.read_svg(path, path.name) and "read"
    return "read" if read_picture(path).size else "empty"


def attack(inputs, seed, whole):
    """Outcomes by kind of file, and the most processor seconds that one took."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rng = np.random.default_rng(seed)
    found, slowest = collections.Counter(), (0.0, "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = sorted(samples(folder).items())
        for k in range(inputs):
            ending, data = kinds[k % len(kinds)]
            path = folder / f"input.{ending}"
            path.write_bytes(changed(data, rng))
            start = time.process_time()
            try:
                outcome = read(path, k < whole)
            except InputError:
                outcome = "refused in words"
            except Exception as error:
                outcome = f"FAILED {type(error).__name__}: {error}"[:80]
                (Path.cwd() / f"failed-{k}.{ending}").write_bytes(path.read_bytes())
            found[ending, outcome] += 1
            slowest = max(slowest, (time.process_time() - start, f"{ending} {k}"))
    return found, slowest


if __name__ == "__main__":
    inputs, seed, whole = (int(word) for word in [*sys.argv[1:], *("10000", "1", "50")[len(sys.argv) - 1 :]])
    begin = time.perf_counter()
    outcomes, slow = attack(inputs, seed, whole)
    for (ending, outcome), count in sorted(outcomes.items()):
        sys.stdout.write(f"{ending:6} {outcome:30} {count}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{inputs} inputs in {time.perf_counter() - begin:.0f} s, slowest {slow[0]:.1f} s of processor time "
        f"({slow[1]}), peak {peak:.0f} MB\n"
    )
