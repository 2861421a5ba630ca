"""What the heading of a column says: its role, its unit, and the curve it belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Role = Literal["time", "survival", "counter", "group", "extra", "count", ""]

UNITS = {
    "days": ("d", "day", "days", "tage", "jours", "dias"),
    "weeks": ("wk", "wks", "week", "weeks", "wochen", "semaines"),
    "months": ("mo", "mos", "mth", "mths", "month", "months", "monate", "mois", "meses"),
    "years": ("y", "yr", "yrs", "year", "years", "jahre", "ans", "anos"),
}
UNIT_WORDS = {word: unit for unit, words in UNITS.items() for word in words}
# Single letters are units only in brackets: a column `y` is the vertical axis, not years.
LONG_UNITS = {word for word in UNIT_WORDS if len(word) > 1}
TIME = LONG_UNITS | {"time", "times", "tk", "trisk", "zeit", "temps", "tiempo", "tempo", "survtime", "followup", "tte"}
WEAK_TIME = {"t", "x"}
SURVIVAL = {
    *("survival", "surv", "sur", "sk", "st", "s", "os", "pfs", "dfs", "efs", "rfs", "ttp", "probability", "prob"),
    *("proportion", "percent", "percentage", "pct", "km", "incidence", "cif", "alive", "y", "surviving", "cumulative"),
    *("uberleben", "survie", "supervivencia"),
}
COUNTER = {"id", "k", "i", "n", "no", "nr", "index", "row", "rows", "point", "points", "obs", "counter", "rownames"}
COUNTER |= {"rowname", "interval", "unnamed", "pointid", "seq"}
GROUP = {"curve", "arm", "group", "series", "dataset", "treatment", "trt", "strata", "stratum", "line", "label"}
GROUP |= {"name", "cohort", "curveid", "armid", "legend", "arms", "curves"}
EXTRA = {"lower", "upper", "lcl", "ucl", "ci", "lci", "uci", "se", "std", "stderr", "sd", "low", "high", "error"}
EXTRA |= {"pixel", "pixels", "px", "py", "censored", "censor", "ncensor", "nevent", "events", "event", "weight"}
EXTRA |= {
    "cumhaz",
    "hazard",
    "hazards",
    "haz",
    "chf",
    "aalen",
    "status",
    "cens",
    "indicator",
    "color",
    "colour",
    "note",
    "notes",
    "comment",
}
COUNT = {"nrisk", "atrisk", "natrisk", "numberatrisk", "noatrisk", "risk", "patients", "subjects", "patientsatrisk"}
COUNT |= {"nosatrisk", "numbersatrisk", "number", "count", "counts", "atriskn", "subjectsatrisk"}

#: Origin heads its columns A(X), B(Y).
ORIGIN = re.compile(r"[A-Z]\(([XY])\)")


@dataclass(frozen=True)
class Heading:
    """A column's heading and what it says.

    Attributes
    ----------
    text : str
        The heading as written.
    role : str
        time, survival, counter, group, extra, count; empty if the words name none of these.
    weak : bool
        Whether the role is only a guess (x, t, y, n and the like name other things too).
    unit : str
        days, weeks, months, years, or %; empty if none is named.
    owner : str
        The words that are neither role nor unit; columns of one curve share them.
    """

    text: str
    role: Role = ""
    weak: bool = False
    unit: str = ""
    owner: str = ""


def heading(text: str) -> Heading:
    """Interpret one heading."""
    bracket = " ".join(re.findall(r"[(\[{]([^)\]}]*)[)\]}]", text)).lower()
    bare = re.sub(r"[(\[{][^)\]}]*[)\]}]", " ", text)
    if not re.sub(r"\W", "", bare):
        bare = text
    words = _words(bare)
    unit = _unit(_words(bracket), words, text)
    joined = "".join(words)
    role, weak = _role(words, joined)
    axis = ORIGIN.match(text)
    if axis:
        role, weak = ("time" if axis[1] == "X" else "survival"), True
    if not role and _words(bracket) and UNIT_WORDS.get(_words(bracket)[0]):
        role, weak = "time", True
    if not role and "%" in text:
        role, weak = "survival", True
    owner = _owner(bare)
    return Heading(text, role, weak, unit, owner)


def _words(text: str) -> list[str]:
    plain = text.translate(str.maketrans("\u00e4\u00f6\u00fc\u00e9\u00e8\u00f1\u00dc", "aoueenU"))
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", plain)
    return re.findall(r"[a-z]+|\d+", split.lower())


def _unit(bracket: list[str], words: list[str], text: str) -> str:
    if "%" in text or "percent" in words or "per cent" in text.lower() or "pct" in words or "percent" in bracket:
        return "%"
    for word in bracket:
        if word in UNIT_WORDS:
            return UNIT_WORDS[word]
    return next((UNIT_WORDS[word] for word in words if word in LONG_UNITS), "")


def _role(words: list[str], joined: str) -> tuple[Role, bool]:
    """The role that the words name; it is weak for single letters and common words."""
    letters = "".join(word for word in words if not word.isdigit())
    if letters in COUNT:
        return "count", letters in {"risk", "patients", "number", "count", "counts", "subjects"}
    if joined in COUNTER or (letters == "" and joined == ""):
        return "counter", joined in {"n", "i", "k", "no", "nr"}
    known = set(words)
    if known & EXTRA:
        return "extra", False
    if known & TIME or letters == "trisk":
        return "time", False
    if known & GROUP and not known & SURVIVAL:
        # `arm` alone names the curve; `Arm A` is a curve of that name
        alone = letters in GROUP and not any(word.isdigit() for word in words)
        return ("group", False) if alone or letters in {"curveid", "armid", "armname", "curvename"} else ("", False)
    if known & WEAK_TIME and len(known - WEAK_TIME) <= 1:
        return "time", True
    strong = known & (SURVIVAL - {"s", "y", "cumulative"})
    if strong:
        return "survival", False
    return ("survival", True) if known & {"s", "y"} and len(known) <= 2 else ("", False)


def _owner(text: str) -> str:
    """Words of a heading that name neither role nor unit, as written."""
    pieces = [piece for piece in re.split(r"[\s_.:,;/|-]+|(?<=[a-zA-Z])(?=\d)", text) if piece]
    roles = TIME | WEAK_TIME | SURVIVAL | LONG_UNITS
    return " ".join(piece for piece in pieces if "".join(_words(piece)) not in roles and re.search(r"\w", piece))
