"""Numbers in the background of an abstract, which are of other studies: known before this one began."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from resurvey.read.objects import Claim

# `BACKGROUND:`, `Methods and results:` at the start of a sentence of an abstract without sections of its own.
LABEL = re.compile(
    r"\s*(?P<label>[A-Z][A-Za-z]+(?:(?: |/| & |, )(?:and |of |the )?[A-Za-z]+){0,4})\s?:{1,2}\s",
)
# Labels that capitals alone set off: `BACKGROUND Breast cancer is ...`.
IN_CAPITALS = re.compile(r"\s*(?P<label>[A-Z]{4,}(?:(?: | AND | & |/)[A-Z]{4,}){0,3})\s(?=[A-Z])")
KNOWN = re.compile(r"background|introduction|context|rationale", re.IGNORECASE)
# What the study itself set out to do stands there too: its patients, its registration, its dates.
OF_THE_STUDY = re.compile(
    r"\b(?:we|our|this (?:study|trial|paper|analysis|report)|the (?:present|current|aim|objective|purpose))\b",
    re.IGNORECASE,
)
RESULTS = ("ratio", "median", "rate", "proportion", "difference", "quantity", "p")


@dataclass
class Background:
    """Which sentences of a paragraph are background: those of its label, or of the section `Background`."""

    section: tuple[str, ...]
    text: str
    labelled: bool = field(init=False)
    now: bool = field(init=False)

    def __post_init__(self) -> None:
        self.labelled = (
            len(re.findall(r"\b(?:methods|results|conclusions?|findings)\s?:", self.text, re.IGNORECASE)) > 1
        )
        abstract = any("abstract" in part.lower() for part in self.section)
        self.now = abstract and KNOWN.search(self.section[-1]) is not None and not self.labelled

    def holds(self, sentence: str) -> bool:
        """Whether the next sentence of the paragraph tells what was known before; sentences are asked for in order."""
        match = LABEL.match(sentence) or IN_CAPITALS.match(sentence)
        if match is not None:
            self.now = KNOWN.search(match["label"]) is not None
        return self.now and OF_THE_STUDY.search(sentence) is None


def of_others(claim: Claim) -> Claim:
    """A claim of the background as that of another study, unless it is a name, a date or a plan of this one."""
    if claim.kind not in RESULTS or claim.cells.get("cited"):
        return claim
    note = "in the background of the abstract: probably another study's result"
    return replace(claim, cells=claim.cells | {"cited": "yes"}, notes=(*claim.notes, note))
