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
# What an abstract without labels says of the world before it says what was done.
STARTED = re.compile(
    r"\b(?:we|our|this|were|was|had|stud(?:y|ies)|trial|random\w*|aim\w*|objectives?|purpose|investigat\w*|compar\w*|"
    r"evaluat\w*|assess\w*|determin\w*|conducted|phase|patients?\s\(|n ?=)|\b(?:19|20)\d\d\b|:\s",
    re.IGNORECASE,
)
# A title in front of an abstract says nothing.
SAID = re.compile(
    r"\b(?:we|were|was|had|is|are|has|have|aim\w*|investigated|compared|evaluated|assessed|determined|conducted|"
    r"included|received|took|underwent)\b",
    re.IGNORECASE,
)
PRESENT = re.compile(
    r"\b(?:is|are|has|have|suffers?|occurs?|ranges?|remains?|affects?|can|may|accounts?|represents?|develops?|"
    r"experiences?|causes?|leads?)\b"
)
RESULTS = ("ratio", "median", "rate", "proportion", "difference", "quantity", "p")


@dataclass
class Background:
    """Which sentences of a paragraph are background: those of its label, or of the section `Background`."""

    section: tuple[str, ...]
    text: str
    labelled: bool = field(init=False)
    now: bool = field(init=False)
    begun: bool = field(init=False)

    def __post_init__(self) -> None:
        self.labelled = (
            len(re.findall(r"\b(?:methods|results|conclusions?|findings)\s?:", self.text, re.IGNORECASE)) > 1
        )
        abstract = any("abstract" in part.lower() for part in self.section)
        self.now = abstract and KNOWN.search(self.section[-1]) is not None and not self.labelled
        self.begun = not abstract or self.labelled

    def holds(self, sentence: str) -> bool:
        """Whether the next sentence of the paragraph tells what was known before; sentences are asked for in order."""
        match = LABEL.match(sentence) or IN_CAPITALS.match(sentence)
        if match is not None:
            self.now, self.begun = KNOWN.search(match["label"]) is not None, True
        self.begun = self.begun or (STARTED.search(sentence) is not None and SAID.search(sentence) is not None)
        before = not self.begun and PRESENT.search(sentence) is not None
        return before or (self.now and OF_THE_STUDY.search(sentence) is None)


def of_others(claim: Claim) -> Claim:
    """A claim of the background as that of another study, unless it is a name, a date or a plan of this one."""
    if claim.kind not in RESULTS or claim.cells.get("cited"):
        return claim
    note = "in the background of the abstract: probably another study's result"
    return replace(claim, cells=claim.cells | {"cited": "yes"}, notes=(*claim.notes, note))
