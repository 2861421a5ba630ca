"""Read plain text and Markdown: headings, paragraphs, tables with tabs, bars or HTML."""

from __future__ import annotations

import re

from resurvey.errors import InputError
from resurvey.read.normal import squeeze
from resurvey.read.objects import Document
from resurvey.read.sources.build import Builder, RawCell, resolve

TOP = re.compile(
    r"^(?:\d{1,2}\.?\s+)?(?P<name>abstract|summary|introduction|"
    r"background|(?:patients|materials?|subjects|methods)(?:(?: and |/)"
    r"(?:methods|patients|design|analysis))?|methods|results|discussion|conclusions?|references|"
    r"acknowledge?ments?|funding|declarations|abbreviations|supplementary "
    r"(?:information|material)|author contributions?|data availability|statistical analysis)\s*:?$",
    re.IGNORECASE,
)
LAST = re.compile(r"^(?:references|literature cited|bibliography)$", re.IGNORECASE)
RUN_IN = re.compile(
    r"^(?P<name>Background|Objectives?|Aims?|Purpose|Methods|Patients "
    r"and methods|Materials and methods|Results|Findings|Conclusions?|"
    r"Interpretation|Trial registration|Keywords)\s?[:.]?\s(?=[A-Z0-9])"
)
CAPTION = re.compile(
    r"^\**(?P<label>Table\s?[A-Z]?[\dIVX]{1,5}[a-z]?)\**\s*[.:|–—-]?\s*(?P<rest>.{0,600})$", re.IGNORECASE
)
LEGEND = re.compile(r"^\**(?P<label>Fig(?:ure|\.)?\s?\d{1,2}[A-Za-z]?)\**\s*[.:|]?\s")
MAX_LINES = 200_000


def read_text(content: bytes, name: str) -> Document:
    """A document from plain text or Markdown.

    Raises
    ------
    InputError
        If the content is not text.
    """
    if b"\x00" in content[:100_000]:
        raise InputError(
            f"{name}: it is not text in UTF-8 (NUL characters); save it as UTF-8, or give JATS, HTML or PDF"
        )
    text = content.decode("utf-8", errors="replace").lstrip("\ufeff")
    if text[:200_000].count("\ufffd") > 0.02 * max(50, len(text[:200_000])):
        text = content.decode("cp1252", errors="replace")
    build = Builder(name, "text")
    lines = text.splitlines()[:MAX_LINES]
    Reader(lines, build).run()
    return build.document()


def unmark(text: str) -> str:
    """A line without Markdown and formula markup; superscripts after a caret."""
    one = re.sub(
        r"<sup>([^<]{0,40})</sup>",
        lambda m: f" [{m[1]}] " if re.fullmatch(r"[\d,;–-]{1,40}", m[1]) else f"^{m[1]}",
        text,
    )
    one = re.sub(r"</?(?:sub|b|i|em|strong|span|br)\s?/?>", " ", one, flags=re.IGNORECASE)
    one = re.sub(
        r"\$([^$\n]{1,200})\$",
        lambda m: (
            m[1]
            .replace("\\%", "%")
            .replace("\\pm", "±")
            .replace("\\geq", "≥")
            .replace("\\leq", "≤")
            .replace("\\times", "×")
            .replace("\\ge", "≥")
            .replace("\\le", "≤")
            .replace("\\", "")
        ),
        one,
    )
    one = re.sub(r"\^\{([^}]{0,20})\}", r"^\1", one)
    one = re.sub(r"(\*{1,3})(?=\S)([^*\n]{1,400}?)(?<=\S)\1(?!\w)", r"\2", one)
    return squeeze(re.sub(r"!?\[([^\]]{0,200})\]\((?:[^()\s]{0,400})\)", r"\1", one))


class Reader:
    """Reads the lines in one pass."""

    def __init__(self, lines: list[str], build: Builder):
        self.lines, self.build = lines, build
        self.path: list[tuple[int, str]] = []
        self.caption: tuple[str, str] | None = None
        self.done = False

    def run(self) -> None:
        """Read all lines, leaving out everything after the references."""
        i = 0
        first = next((line for line in self.lines if line.strip()), "")
        self.build.about["title"] = unmark(first.lstrip("# "))[:300]
        while i < len(self.lines) and not self.done:
            line = self.lines[i].strip()
            if not line:
                i += 1
            elif self._is_row(i):
                i = self._table(i)
            elif (match := CAPTION.match(line)) and self._table_follows(i + 1):
                self.caption = (match["label"], unmark(match["rest"]))
                i += 1
            elif self._heading(i):
                i += 1
            else:
                i = self._paragraph(i)

    def _is_row(self, i: int) -> bool:
        line = self.lines[i]
        nxt = self.lines[i + 1] if i + 1 < len(self.lines) else ""
        if line.strip().startswith("|") and line.strip().count("|") >= 2:
            return True
        return "\t" in line.strip("\n ") and ("\t" in nxt or self.caption is not None)

    def _table_follows(self, i: int) -> bool:
        for line in self.lines[i : i + 5]:
            if "\t" in line or line.strip().startswith("|"):
                return True
            if len(line) > 200:
                return False
        return False

    def _table(self, i: int) -> int:
        bars = self.lines[i].strip().startswith("|")
        rows, j = [], i
        while j < len(self.lines):
            line = self.lines[j]
            if (bars and not line.strip().startswith("|")) or (
                not bars
                and "\t" not in line
                and not (line.strip() and len(line) < 60 and j + 1 < len(self.lines) and "\t" in self.lines[j + 1])
            ):
                break
            if not re.fullmatch(r"[\s|:-]+", line) or not bars:
                rows.append(self._cells(line, bars))
            j += 1
        if not rows:
            return j
        notes = self._notes(j)
        width = max(len(row) for row in rows)
        heads = self._heads(rows)
        raw = [
            [
                RawCell(text, head=k < heads, indent=depth if c == 0 else 0)
                for c, (text, depth) in enumerate([*row, *[("", 0)] * (width - len(row))])
            ]
            for k, row in enumerate(rows)
        ]
        label, caption = self.caption or ("", "")
        self.build.table(label, caption, resolve(raw), notes, self._section())
        self.caption = None
        return j

    def _notes(self, j: int) -> str:
        """A short paragraph directly below a table: its notes."""
        if (
            j < len(self.lines)
            and self.lines[j].strip()
            and len(self.lines[j]) < 1200
            and not CAPTION.match(self.lines[j])
        ):
            text = unmark(self.lines[j])
            return (
                text
                if re.match(r"(?:abbreviations?|data |values? |\^|\*|[A-Z]{2,8}[,:=] |†|note)", text, re.IGNORECASE)
                else ""
            )
        return ""

    def _cells(self, line: str, bars: bool) -> list[tuple[str, int]]:
        parts = line.strip().strip("|").split("|") if bars else line.rstrip("\n").split("\t")
        return [
            (unmark(part), len(part) - len(part.lstrip()) if k == 0 and not bars else 0) for k, part in enumerate(parts)
        ]

    def _heads(self, rows: list[list[tuple[str, int]]]) -> int:
        """Number of heading rows: those before the first row with a label and a number."""
        for k, row in enumerate(rows[:6]):
            if row[0][0] and any(re.match(r"[<>≥≤]?\d", text) for text, _ in row[1:]):
                return max(k, 1) if k else 0
        return 1

    def _section(self) -> tuple[str, ...]:
        return tuple(title for _, title in self.path)

    def _heading(self, i: int) -> bool:
        line = self.lines[i].strip()
        marks = re.match(r"(#{1,6})\s+(.*)", line)
        if marks:
            return self._enter(len(marks[1]), unmark(marks[2]))
        text = unmark(line)
        if (match := TOP.match(text)) is not None:
            return self._enter(1, match["name"].capitalize())
        blank_before = i == 0 or not self.lines[i - 1].strip()
        blank_after = i + 1 >= len(self.lines) or not self.lines[i + 1].strip()
        if (
            self.path
            and blank_before
            and blank_after
            and 2 < len(text) <= 90
            and text[0].isupper()
            and text[-1] not in ".,;:"
            and len(text.split()) <= 12
            and not CAPTION.match(line)
            and not LEGEND.match(line)
            and not re.search(r"\d{2,}|@|=", text)
        ):
            return self._enter(2, text)
        return False

    def _enter(self, level: int, title: str) -> bool:
        name = re.sub(r"^\d{1,2}(?:\.\d{1,2})*\.?\s+", "", title).rstrip(".: ")
        if LAST.match(name):
            self.done = not any(TOP.match(unmark(line.strip().lstrip("# "))) for line in self.lines[-2000:]) or True
            return True
        if TOP.match(name) and level > 1 and self.path and self.path[0][0] >= level:
            self.path = []
        self.path = [item for item in self.path if item[0] < level]
        self.path.append((level, name))
        return True

    def _paragraph(self, i: int) -> int:
        parts = [self.lines[i].strip()]
        j = i + 1
        while (
            j < len(self.lines)
            and self.lines[j].strip()
            and len(parts) < 400
            and not self._is_row(j)
            and not self.lines[j].lstrip().startswith("#")
            and not CAPTION.match(self.lines[j].strip())
            and not TOP.match(self.lines[j].strip())
        ):
            parts.append(self.lines[j].strip())
            j += 1
        text = unmark(_unbroken(parts))
        if not text:
            return j
        if (legend := LEGEND.match(text)) is not None and len(text) < 3000:
            self.build.paragraph((f"{legend['label']} legend",), text, "caption")
            return j
        section = self._section()
        run_in = RUN_IN.match(text)
        if run_in and (not section or section[0].lower() in ("abstract", "summary")):
            section = ("Abstract", run_in["name"])
        self.build.paragraph(section, text)
        return j


def _unbroken(parts: list[str]) -> str:
    """Lines of a paragraph joined into one, with hyphenated line breaks removed."""
    text = parts[0]
    for part in parts[1:]:
        if text.endswith("-") and text[-2:-1].islower() and part[:1].islower():
            text = text[:-1] + part
        else:
            text += " " + part
    return text
