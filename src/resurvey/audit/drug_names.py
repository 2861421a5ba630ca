"""Drugs and drug classes contained in a name, according to the treatments of a review."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

# Words for drug classes that occur in names in any review, and their abbreviations.
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
# Words in names of arms that are not drugs; `ado` and `fam` are prefixes of antibody-drug conjugates.
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
    """Names of drugs, from the table of treatments of a review.

    Attributes
    ----------
    names : dict of str to str
        Lower-case spellings and the drug each stands for, longest first.
    classes : dict of str to str
        The class of each drug, where the table of treatments gives it.
    """

    names: dict[str, str]
    classes: dict[str, str]

    @classmethod
    def of(cls, treatments: pd.DataFrame) -> Drugs:
        """Drugs by component and by labels with a part in brackets; classes matched to components by position."""
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
        """Drugs contained in a name; a drug whose name is part of a longer one is not counted twice."""
        rest, found = text.lower(), set()
        for name, drug in self.names.items():
            pattern = rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9-])"
            if re.search(pattern, rest):
                found.add(drug)
                rest = re.sub(pattern, " ", rest)
        return frozenset(found)

    def named(self, text: str) -> frozenset[str]:
        """Drugs that are all that a name, or its part inside or outside brackets, consists of."""
        parts = [text, re.sub(r"\([^()]*\)", " ", text), *re.findall(r"\(([^()]+)\)", text)]
        found = [self.held(part) for part in parts if not self.rest(part)]
        return frozenset(drug for held in found if len(held) == 1 for drug in held)

    def rest(self, text: str) -> frozenset[str]:
        """Words of a name that are not a drug, class or filler, and that a comparison of drugs would ignore."""
        left = text.lower()
        for name in (*self.names, *SHORT, *set(self.classes.values())):
            left = re.sub(rf"(?<![a-z0-9]){re.escape(name)}s?(?![a-z0-9])", " ", left)
        return frozenset(re.findall(r"[a-z0-9]{2,}", left)) - FILLERS

    def kinds(self, text: str) -> frozenset[str]:
        """Drug classes in a name: those stated, and those of its drugs."""
        rest = text.lower()
        said = {group for group in set(self.classes.values()) if re.search(rf"\b{re.escape(group)}s?\b", rest)}
        said |= {kind for word, kind in SHORT.items() if re.search(rf"\b{word}\b", rest)}
        return frozenset(said | {self.classes.get(drug, drug) for drug in self.held(text)})
