"""Drugs and classes of drugs that a name holds, by the treatments of a review."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

# Words of classes that stand in names whatever the review is about, and how they are shortened.
SHORT = {
    "chemotherapy": "chemotherapy",
    "ct": "chemotherapy",
    "chemo": "chemotherapy",
    "et": "endocrine",
    "ht": "endocrine",
    "endocrine therapy": "endocrine",
    "hormone therapy": "endocrine",
    "hormonal therapy": "endocrine",
}
OPEN = "of choice"
# Words of names of arms that hold no drug; `ado` and `fam` are prefixes of antibody-drug conjugates.
FILLERS = frozenset(
    re.findall(
        r"\w+",
        "arm group plus and with without or versus vs alone monotherapy mono single agent dual double combined of a in "
        "combination coupled therapy treatment regimen based targeted standard placebo patients receiving received the "
        "cohort anti ado fam",
    )
)


@dataclass(frozen=True)
class Drugs:
    """What the treatments of a review call its drugs.

    Attributes
    ----------
    names : dict of str to str
        Lower-case spellings and the drug each stands for, the longest first.
    classes : dict of str to str
        The class of a drug, where the treatments tell it.
    """

    names: dict[str, str]
    classes: dict[str, str]

    @classmethod
    def of(cls, treatments: pd.DataFrame) -> Drugs:
        """Drugs by component, by a label that puts the component in brackets, and classes by their place."""
        names: dict[str, str] = {}
        classes: dict[str, str] = {}
        for label, components, kinds in zip(
            treatments["label"], treatments["components"], treatments["classes"], strict=True
        ):
            parts = [part.strip().lower() for part in components.split(";") if part.strip()]
            groups = [part.strip().lower() for part in kinds.split(";") if part.strip()]
            names |= {part: part for part in parts if OPEN not in part}
            if len(parts) == len(groups):
                classes |= {part: group for part, group in zip(parts, groups, strict=True) if OPEN not in part}
            if len(parts) == 1 and OPEN not in parts[0]:
                outside, _, inside = label.lower().partition("(")
                names |= {text.strip(" )"): parts[0] for text in (outside, inside) if len(text.strip(" )")) > 2}
        return cls(dict(sorted(names.items(), key=lambda pair: (-len(pair[0]), pair[0]))), classes)

    def held(self, text: str) -> frozenset[str]:
        """Drugs that a name holds; a drug whose name is part of a longer one is not held twice."""
        rest, found = text.lower(), set()
        for name, drug in self.names.items():
            pattern = rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9-])"
            if re.search(pattern, rest):
                found.add(drug)
                rest = re.sub(pattern, " ", rest)
        return frozenset(found)

    def named(self, text: str) -> frozenset[str]:
        """Drugs that a name, or what stands in its brackets or before them, names and nothing else."""
        parts = [text, re.sub(r"\([^()]*\)", " ", text), *re.findall(r"\(([^()]+)\)", text)]
        found = [self.held(part) for part in parts if not self.rest(part)]
        return frozenset(drug for held in found if len(held) == 1 for drug in held)

    def rest(self, text: str) -> frozenset[str]:
        """Words of a name that are no drug, no class and no filler: what a comparison of drugs would leave out."""
        left = text.lower()
        for name in (*self.names, *SHORT, *set(self.classes.values())):
            left = re.sub(rf"(?<![a-z0-9]){re.escape(name)}s?(?![a-z0-9])", " ", left)
        return frozenset(re.findall(r"[a-z0-9]{2,}", left)) - FILLERS

    def kinds(self, text: str) -> frozenset[str]:
        """Classes that a name holds: those it says, and those of its drugs."""
        rest = text.lower()
        said = {group for group in set(self.classes.values()) if re.search(rf"\b{re.escape(group)}s?\b", rest)}
        said |= {kind for word, kind in SHORT.items() if re.search(rf"\b{word}\b", rest)}
        return frozenset(said | {self.classes.get(drug, drug) for drug in self.held(text)})
