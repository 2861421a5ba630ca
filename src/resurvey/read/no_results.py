"""Numbers of running text that are not results: planned sizes, solution strengths, probabilities, numbers in names.

They are masked before any rule is applied and remain in the page as text.
"""

from __future__ import annotations

import re

from resurvey.read.grammar import words_after
from resurvey.read.lexer import Line, Token
from resurvey.read.text_other import ENROLMENT
from resurvey.read.word_lists import PATIENTS, SCORED, SITES

# `300 patients will be recruited`, `60 in each arm were calculated to be required`, `20 may be added`.
PLANNED_AFTER = re.compile(
    r"[\s)]{0,2}(?:[\w()/-]{1,24} ){0,12}?(?:(?:will|would|should|must|may) (?:then )?(?:be|have)\b|to be (?:recruited|"
    r"enrolled|included|randomi[sz]ed|accrued|required|studied)\b|(?:was|were) (?:(?:originally|initially) )?(?:"
    r"calculated|planned|required|needed|necessary|considered necessary|estimated to be)\b)",
    re.IGNORECASE,
)
PLANNED_BEFORE = re.compile(
    r"\b(?:will (?:then |also )?\w+(?: a (?:sub-?)?sample of)?|"
    r"strived? for|aimed? (?:for|at)|decided to (?:recruit|include|enroll?|randomi[sz]e)|(?:required|needed|"
    r"necessary|plan\w*|intend\w*|aim\w*|goal \w+|aimed) to (?:recruit|include|enroll?|randomi[sz]e|accrue)|"
    r"(?:total|target|planned|prespecified|pre-specified|projected|required|calculated|minimum) (?:total|number|"
    r"sample(?: size)?|accrual|enroll?ment|target) "
    r"(?:of|was|is)|planned (?:enroll?ment|recruitment|accrual)(?: rate)? (?:of|was|is)|recruitment of|"
    r"to reach an? (?:approximate )?total of|(?:was|were|is|originally) (?:planned|scheduled) (?:at|after|for))"
    r"(?: (?:at least|about|approximately|up to|a total (?:number )?of|an? additional|another|over))? $",
    re.IGNORECASE,
)
# A rate of something that is not counted in patients.
STRENGTH = re.compile(
    r"\s?(?:%|per ?cent)?\s?(?:(?:w/v|v/v|buffered|phosphate|normal|bovine|fetal|aqueous) ){0,2}(?:sodium|saline|NaCl|"
    r"glucose|dextrose|albumin|formalin|formaldehyde|ethanol|agarose|solution|serum|gel\b|mixture|oxygen|dextran|N2O|nitrous|sucrose|agar|hydroxyethyl|(?:levo)?bupivacaine|ropivacaine|lidocaine|lignocaine|povidone|chlorhexidine|cream|ointment|mannitol|"
    r"confidence|(?:and|or) 9\d(?:\.\d)?\s?% (?:confidence|CI\b)|"
    r"certainty|power\b|probability|probable|likelihood|chance|isodose|discount|"
    r"(?:more|less) likely|(?:one|two)-sided|(?:lower|upper) (?:confidence )?(?:limit|bound)|"
    r"(?:of (?:(?:the|their|his|her|its|an?|age-predicted|estimated|individual|previously|"
    r"determined) )*)?(?:one-repetition|1-?RM|VO2|max\w*|"
    r"predicted|peak|prescribed|prescription|planned dose|heart[- ]rate|HRR|workload|work\b|body ?weight|"
    r"(?:total |daily )?energy|calories|recommended|usual dose)|(?:annual )?discount)",
    re.IGNORECASE,
)
# `HR 1.20 per 10% increase in the fraction`: the step of a covariate.
YEARS_AND_MONTHS = re.compile(r"\b\d{1,2} years?,? (?:and )?\d{1,2} months?\b(?:\s?\([^()]{0,60}\))?")
EACH_MORE = re.compile(r"\b(?:each|every) additional $", re.IGNORECASE)
# `the target enrolment (N = 200) was not reached`
TARGET = re.compile(r"\b(?:target|planned|projected) (?:\w+ )?\(\s?n\s?=\s?$", re.IGNORECASE)
STEP_BEFORE = re.compile(r"\b(?:per|for (?:each|every)|each|every) $", re.IGNORECASE)
STEP_AFTER = re.compile(
    r"\s?%?[\s-](?:point )?(?:increase|decrease|increment|change|higher|lower|rise)\b", re.IGNORECASE
)
STRENGTH_BEFORE = re.compile(
    r"\b(?:discounted at|discount(?:ing)? rates? of|probability (?:of|was|is)|power of|intensity (?:of|between)|"
    r"likelihood of|chance of|varied by|FiO2(?: of| was| =| :)?|saturation of)"
    r"(?: (?:about|approximately|at least|\d+ (?:and|to)))? ?$",
    re.IGNORECASE,
)
# `ropivacaine 0.2%`, `cream 1%`: what is given, and how strong it is.
OF_SUBSTANCE = re.compile(
    r"\b(?:\w{2,12}caine|\w{0,12}cream|ointment|gel|solution|lotion|drops|mouthwash|chlorhexidine|"
    r"(?:povidone[- ])?iodine|"
    r"dextrose|glucose|saline|suspension|emulsion|formalin|alcohol|atropine|cyclosporine|peroxide|toothpaste|spray|"
    r"sevoflurane|isoflurane|desflurane|tacrolimus|mannitol|albumin)(?:\s\([A-Za-z0-9]{2,6}\))?\s?$",
    re.IGNORECASE,
)
# `a prevalence of 1 in 10 000`, `one of every five patients`.
ONE_IN = re.compile(r"\b(?:1|one) in(?: every)? $|\bone (?:of|out of) every $", re.IGNORECASE)
# `status was 0 in 79 (42%) patients, 1 in 77 (41%)`: the number before the brackets is a count.
COUNTED = re.compile(r"\s?\(\d")
# `five to nine participants in each group`: the end of a range of sizes.
_SMALL = r"(?:\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)"
RANGE_OF_SIZES = re.compile(rf"\b{_SMALL}\s?(?:to|or|-)\s?$", re.IGNORECASE)
START_OF_RANGE = re.compile(
    rf"\s?(?:to|or|-)\s?{_SMALL}\b(?! of\b| weeks| months| years| days)(?:\s[a-z]+){{0,2}}", re.IGNORECASE
)
# `nine of 23 or eight of 25`: a denominator and the next count.
OF_TOTAL = re.compile(rf"\b{_SMALL} of {_SMALL} or $", re.IGNORECASE)
# `between 09/92 and 12/96`: months of years.
MONTH_OF_YEAR = re.compile(r"(?<![\d/.])(?:0?[1-9]|1[0-2])/(?:[5-9]\d|0\d|1\d|(?:19|20)\d{2})(?![\d/%.])")
DATED = re.compile(r"\b(?:between|from|since|until|till|through|in|to|and|during|period|by)\s(?:the )?$", re.IGNORECASE)
AGES = re.compile(r"\s?(?:years?|yrs?)(?: of age| old|-old)", re.IGNORECASE)


def mask(line: Line) -> None:
    """Mask the numbers of a line that are not results."""
    # `2 years and 5 months` is one time in two units, which no column holds.
    dated = [match.span() for match in YEARS_AND_MONTHS.finditer(line.text)]
    dated += [
        match.span()
        for match in MONTH_OF_YEAR.finditer(line.text)
        if DATED.search(line.text, max(0, match.start() - 12), match.start()) and ENROLMENT.search(line.text)
    ]
    for token in line.tokens:
        if any(begin <= token.start < end for begin, end in dated):
            token.masked = True
        if token.kind == "num" and not token.masked:
            before, after = line.text[max(0, token.start - 80) : token.start], line.text[token.end :][:120]
            token.masked = before.rstrip().endswith("±") or _no_result(token, before, after)


def _no_result(token: Token, before: str, after: str) -> bool:
    if (STEP_BEFORE.search(before) and STEP_AFTER.match(after)) or EACH_MORE.search(before) or TARGET.search(before):
        return True
    if token.percent:
        return bool(STRENGTH.match(after) or STRENGTH_BEFORE.search(before) or OF_SUBSTANCE.search(before))
    if AGES.match(after) is not None and RANGE_OF_SIZES.search(before) is not None:
        return True
    if token.unit or not token.value.replace(",", "").replace(" ", "").isdigit():
        return False
    planned = PLANNED_AFTER.match(after) is not None or PLANNED_BEFORE.search(before) is not None
    ranged = RANGE_OF_SIZES.search(before) is not None and OF_TOTAL.search(before) is None
    ranged = ranged or (START_OF_RANGE.match(after) is not None and token.number < 100)
    one_in = ONE_IN.search(before) is not None and COUNTED.match(after) is None
    return planned or ranged or one_in or (token.value[0] == "0" and len(token.value) > 1)


def of_something_else(line: Line, i: int, j: int, *, slash: bool) -> bool:
    """`one of six French centres`, `pain scores of 1/10 and 2/10`: no count of patients."""
    behind = set(words_after(line, j, 4))
    if slash:
        return line.tokens[j].number == 10 and SCORED.search(line.text[: line.tokens[i].start]) is not None
    return bool(SITES & behind) and not PATIENTS & behind
