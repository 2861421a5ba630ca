"""Broken papers: mutated XML, HTML, text and PDF. Counts crashes, the slowest, and anything that asks for the network.

usage: python benchmarks/read/fuzz.py [--count 20000] [--seed 1] [--papers FOLDER]

Seeds are the made-up papers of the tests, and the papers of a folder where one is named. A refusal by `InputError` is
an answer; any other exception is a crash.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from resurvey.errors import ResurveyError
from resurvey.read import claims, draft
from resurvey.read.contradictions import findings
from resurvey.read.sources import SUFFIXES, from_bytes
from resurvey.read.unread import unread

SLOW = 5.0
# fmt: off
BITS = (
    b"<", b">", b"</td>", b"<td>", b"<td rowspan='900'>", b"<td colspan='99999'>", b"<tr>", b"</table>", b"<p>",
    b"&x;", b"&#0;", b"&#x110000;", b"\xff\xfe", b"\x00", b"]]>", b"<!--", b"<![CDATA[", b"<sup>",
    b"<xref ref-type='bibr'>", b"HR 0.7 (", b"95% CI ", b"p=", b"1.2.3.4", b"median ", b"(((((", b"9" * 400,
    b"1e999", b"%", b"\xc2\xb7", b"\xe2\x80\x93", b"<sec>" * 300, b"a" * 5000, b"n=", b"12 of ",
    b" 1, 2, 3 and 4%", b"stream\n", b"endobj", b"obj<<", b"/Length 99999999", b"\t|\t|", b"# ", b"Table 1 ",
)
# fmt: on


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One to eight faults: bits put in, cut out, repeated, swapped, flipped, or the end torn off."""
    made = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(made) + 1) if made else 0
        kind = rng.randrange(6)
        if kind == 0:
            made[at:at] = rng.choice(BITS)
        elif kind == 1:
            del made[at : at + rng.choice((1, 5, 50, 500))]
        elif kind == 2:
            piece = bytes(made[at : at + rng.choice((3, 30, 300))])
            made[at:at] = piece * rng.choice((2, 20, 100))
        elif kind == 3 and made:
            made[rng.randrange(len(made))] = rng.randrange(256)
        elif kind == 4:
            del made[at:]
        else:
            other = rng.randrange(len(made) + 1)
            made[at : at + 40], made[other : other + 40] = made[other : other + 40], made[at : at + 40]
    return bytes(made)


def seeds(folder: Path | None) -> list[tuple[str, bytes]]:
    """Names and contents to mutate."""
    from tests.made_papers import TRIAL
    from tests.unit.test_read_formats import as_html, as_jats, as_markdown, as_pdf, as_text
    from tests.unit.test_read_sources import HTML, MARKDOWN, PLAIN

    made = [
        ("a.nxml", TRIAL.encode()),
        ("a.html", HTML.encode()),
        ("a.md", MARKDOWN.encode()),
        ("a.txt", PLAIN.encode()),
        ("b.nxml", as_jats()),
        ("b.html", as_html()),
        ("b.md", as_markdown()),
        ("b.txt", as_text()),
        ("b.pdf", as_pdf()),
    ]
    if folder is not None:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        made += [(path.name, path.read_bytes()) for path in files if path.stat().st_size < 200_000]
    return made


def main() -> int:
    """Run and report; exit status 1 where an input crashed, was slow, or asked for the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--papers", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    asked: list[object] = []
    socket.socket.connect = lambda _, address: asked.append(address)  # type: ignore[method-assign,assignment]
    known = seeds(options.papers)
    counts: Counter[str] = Counter()
    slowest = (0.0, "")
    for number in range(options.count):
        name, content = known[number % len(known)]
        broken = mutate(content, rng)
        start = time.process_time()
        try:
            opened = from_bytes(broken, name)
            found = claims(opened)
            rows = draft(found, "made")
            if number % 4 == 0:
                findings(opened, rows)
                unread(opened, found)
            counts["read"] += 1
        except ResurveyError:
            counts["refused"] += 1
        except Exception:
            counts["crashed"] += 1
            if counts["crashed"] <= 10:
                sys.stderr.write(f"input {number} ({name}):\n{traceback.format_exc(limit=-3)}\n")
        taken = time.process_time() - start
        counts["slow"] += taken > SLOW
        slowest = max(slowest, (taken, f"input {number} ({name})"))
    sys.stdout.write(f"{dict(counts)}; slowest {slowest[0]:.2f} s, {slowest[1]}; network asked {len(asked)} times\n")
    return int(bool(counts["crashed"] or counts["slow"] or asked))


if __name__ == "__main__":
    sys.exit(main())
