"""Forms of cells, and words of headings, that settle what a number is."""

from __future__ import annotations

import re

VALUE_WITH_LIMITS = re.compile(r"^(?P<value>[npR])\(?C?,?\(?(?P<low>[npR])[-,](?P<high>[npR])\)*(?P<rest>.*)$")
LIMITS = re.compile(r"^\(?C?\(?(?P<low>[npR])[-,](?P<high>[npR])\)*$")
# A heading with a unit of dose, mass, volume or concentration: measurements, not counts.
MEASURED = re.compile(r"/\s?[μµ]L|(?<!\d)(?<!\d )\b(?:mg|Gy|cGy|ml|mL|ng|pg|µg|μg|mmol|nmol|kg|cm|mm|IU)\b")
# A dose that names a group: `3 mg/kg every 3 weeks`, `20 Gy/5 fr`, `750-mg group`.
DOSED = re.compile(r"\d[\s-]?(?:mg|g|mcg|µg|μg|Gy|cGy|IU|MBq|ml|mL)\b")

COEFFICIENT = re.compile(r"\bcoefficients?\b|\bβ|\b(?:log|ln)\s?\(?\s?(?:HR|OR|RR)\b", re.IGNORECASE)
# `Haemoglobin, g/L`, `Count (x10^9/L)`: headings of measured values.
MEASURED_HEAD = re.compile(
    r"[,(]\s?(?:[×x]\s?10\b|\w{1,6}/(?:L|l|dl|dL|ml|mL|kg|min|month)\b|(?:L|mmHg|kg|cm|mm|ml|units|minutes|min|hours|seconds|bpm|°C)\b)"
)
# `P = 0.003`, `A versus B, P = 0.003`: the only number in a cell of words.
WITH_P = re.compile(r"(?:^\s*|,\s)[pP](?:[- ]?value)?\s?(?=[=<>≤≥:]|\d)|^\s*[pP]\b")
# `1.32 per 100 person-years`: events over time at risk.
PERSON_TIME = re.compile(
    r"\b(?:per|/)\s?(?:[\d,. ]*)(?:(?:person|patient|subject|participant)s?[- ]?(?:years?|months?|days?)|p-?y)\b",
    re.IGNORECASE,
)
# `180 (120/414)`, and `592 (192/-)` where the upper quartile was not reached.
QUARTERED = re.compile(r"[nR]\(n(?:[/,](?:[nR]|-)|-)\)")
# A difference between groups, `Adjusted difference vs placebo`; not one from baseline, which is a change.
DIFFERS = re.compile(
    r"\bdifferences?\b(?! (?:in|from (?:the )?baseline)\b)|"
    r"\b(?:treatment|group|between[- ]\w{1,12}|adjusted|vs\.?|versus) differences?\b|"
    r"\bdifferences? in [^.;]{1,60}\b(?:between|versus|vs|compared (?:with|to)|relative to)\b|\b(?-i:W?MD|RD)\b",
    re.IGNORECASE,
)
# A mean with its standard deviation and the number of patients measured: `5.71 ± 1.22 (39)`.
MEAN_OF = frozenset(("n±n(n)", "n(±n)(n)", "n±n,n", "n(n)(n)"))
# An estimate with its standard error and limits: `0.2 (0.25), (-0.3, 0.7)`.
WITH_ERROR = frozenset(
    f"{error}{comma}{limits}"
    for error in ("n(n)", "n±n", "n(±n)")
    for comma in ("", ",")
    for limits in ("(n-n)", "(n,n)", "n-n", "(Cn-n)", "(Cn,n)", "C(n,n)")
)
DATED = re.compile(r"(?:study )?(?:days?|date|year of|visit)\b", re.IGNORECASE)
WORDED = re.compile(
    r"\s*(?:adjusted |absolute )?(?:MD|RD|(?:mean |risk |rate )?difference)\b\s?[:=]?\s?[-+]?\d", re.IGNORECASE
)
# `61 (40.7 [32.7-49.0])` and `61/150 (40.7; 32.7-49.0)`, with or without percent signs and the mark of an interval.
SHARES_WITH_LIMITS = frozenset(
    f"n{form.format(*signs)}"
    for form in (
        "({})({}-{})",
        "({},{}-{})",
        "({}({}-{}))",
        "({},C{}-{})",
        "({})(C{}-{})",
        "({}(C{}-{}))",
        "({}(C,{}-{}))",
    )
    for signs in ("nnn", "pnn", "ppp", "pnp")
)
SHARES_OF_TOTAL = frozenset(f"n/{form}" for form in SHARES_WITH_LIMITS) | frozenset(
    f"n/n,{a}({b}-{b})" for a in "np" for b in "np"
)


def measures(heading: str) -> bool:
    """Whether a heading names a quantity by its unit, rather than a group by its dose."""
    return MEASURED.search(heading) is not None and DOSED.search(heading) is None
