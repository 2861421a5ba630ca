"""Odd and hostile inputs: a valid file changed a little, so that most of it still looks right."""

import random

ODD = [
    "",
    " ",
    "NaN",
    "inf",
    "-inf",
    "-0",
    "1e308",
    "1e999",
    "9" * 400,
    "=1+1",
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..\\..\\x",
    "/absolute",
    "a;b;c",
    '"',
    '""',
    "'",
    ",",
    "\t",
    "\r",
    "\n",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "٣",
    "½",
    "1,5",
    "5..1",
    "<",
    "<<1",
    "~",
    "NR",
    "100.1",
    "-1",
    "0",
    "!!python/object/apply:os.system ['true']",
    "&a [*a,*a]",
    "{}",
    "[]",
    "null",
    "💥" * 50,
]


def mutate(text: str, rng: random.Random, changes: int = 3) -> bytes:
    """The text with a few cells, lines or bytes changed; sometimes in another encoding."""
    for _ in range(rng.randint(1, changes)):
        text = rng.choice([_cell, _cell, _cell, _line, _cut, _swap])(text, rng)
    encoding = rng.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16", "latin-1"])
    data = text.encode(encoding, errors="replace")
    if rng.random() < 0.1 and data:
        place = rng.randrange(len(data))
        data = data[:place] + bytes([rng.randrange(256)]) + data[place + rng.randint(0, 2) :]
    if rng.random() < 0.1:
        data = data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"\n\n"]))
    return data


def _cell(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    row = rng.randrange(len(lines))
    cells = lines[row].split(",")
    cells[rng.randrange(len(cells))] = rng.choice(ODD)
    lines[row] = ",".join(cells)
    return "\n".join(lines)


def _line(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    row = rng.randrange(len(lines))
    return "\n".join(lines[:row] + [lines[rng.randrange(len(lines))]] * rng.randint(0, 2) + lines[row:])


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _swap(text: str, rng: random.Random) -> str:
    if len(text) < 2:
        return text
    first, second = sorted(rng.sample(range(len(text)), 2))
    return text[:first] + text[second] + text[first + 1 : second] + text[first] + text[second + 1 :]
