"""Percentages that are no shares of patients: values of what is measured in per cent, and changes of it.

A percentage without a count is a share of patients, of cells, of a dose or of what something was before; which of
these, its grammatical subject says. Percentages whose subject is an average, a quantity or a change become quantities
and differences; all others stay proportions.
"""

from __future__ import annotations

import re

from resurvey.read.grammar import Found
from resurvey.read.lexer import Line
from resurvey.read.objects import ClaimKind
from resurvey.read.share_groups import VERB
from resurvey.read.word_lists import HARMS, endpoints_in

_PEOPLE = (
    r"(?:patients?|women|men|participants|subjects|individuals|cases|children|adults|people|persons|survivors|users|"
    r"controls?|recipients|responders|students|infants|boys|girls|volunteers|eyes|tumou?rs|respondents|carriers|"
    r"group|arm|cohort|population|those|them|whom)"
)
# `5% of the treated patients`, `in 12%`: a share of patients, whatever its subject is.
OF_PEOPLE = re.compile(
    rf"\s?(?:%|per ?cent)?\s?(?:\([^()]{{1,40}}\)\s?|\[[^\]]{{1,40}}\]\s?)?"
    rf"(?:of|among) (?:[\w/-]+ ){{0,5}}?{_PEOPLE}\b",
    re.IGNORECASE,
)
# `18% had weight loss`, `55% were Hispanic`: the percentage is the subject, so it is of people.
HAVE = re.compile(
    r"\s?(?:%|per ?cent)?\s(?:\([^()]{1,40}\)\s)?(?:had|have|were|achieved|received|experienced|reported|developed|"
    r"completed|required|died|showed|underwent|responded|survived|remained)\b",
    re.IGNORECASE,
)

_MEASURED = (
    r"(?:densit(?:y|ies)|BMD|BMI|weights?|volumes?|thickness|concentrations?|levels?|scores?|ind(?:ex|ices)|"
    r"ejection fractions?|LVEF|LV ?EF|h[a]?ematocrit|G?(?:Hb)?A1c|FMD|"
    r"\w*dilat(?:at)?ion|saturation|SpO2|FEV1|FVC|dose[- ]intensit(?:y|ies)|"
    r"body fat|fat mass|lean mass|mass|strength|VO2\w*|cholesterol|triglycerides|glucose|pressure|intake|costs?|"
    r"methylation|yields?|avidity|inhibition|clearance|recovery|bioavailability|varian\w+|uptake|activity|"
    r"sensitivity|specificity|accuracy|agreement|predictive values?|purity|viability|area|sizes?|"
    r"diameters?|length|height|"
    r"loads?|capacity|consumption|labell?ing|Ki-?67|expression|conversion|hydration|"
    r"energy|time|absorption|titres?|titers?|accumulation|resistance|stiffness|elasticity)"
)
_CHANGE = (
    r"(?:increases?|decreases?|reductions?|loss(?:es)?|gains?|improvements?|declines?|rises?|falls?|drops?|changes?|"
    r"elevations?|shrinkage|prolongations?)"
)
_MOVED = (
    r"(?:increased|decreased|reduced|lowered|raised|improved|declined|went|rose|fell|dropped|changed|enhanced|shortened|"
    r"prolonged|gained|lost|reversed|elevated|diminished|augmented)"
)
# `in 12%`, `reported by 12%`; not `reduced by 12%`.
IN_PEOPLE = re.compile(
    rf"\b(?:in|among|(?!{_MOVED}\b)\w{{3,14}}ed by) (?:only |about |approximately |nearly |up to |over |almost )?$",
    re.IGNORECASE,
)
# What stands between a subject and its value: `was significantly greater in the A arm (4.3 v 0.6 kg or `; no clause.
_WITHIN = r"(?:[^;()\[\].]|\.(?=\d)|\([^()]*\)|\[[^\]]*\])"
# `mean weight loss was greater in the A arm (`: an average is no share.
AVERAGE = re.compile(
    rf"(?:^|[.;:] |\b(?:while|whereas|but|and|the|a|of|in|with) )(?:the |a )?(?:\w+ )?"
    rf"\b(?:mean|median|average|averaged)\b(?! (?:age|follow|duration|time|survival|PFS|OS))"
    rf"(?P<tail>{_WITHIN}{{0,200}}?(?:[(\[][^()\[\]]{{0,40}})?)\s?$",
    re.IGNORECASE,
)
# `the density increased by`, `LVEF was`, `hair thickness were`: a quantity with its verb.
QUANTITY = re.compile(
    rf"\b{_MEASURED}\b(?: (?:index|levels?|values?))?(?:\s\([^()]{{1,30}}\))?"
    rf"(?: (?:of|in|for|with|at|on) (?:[\w/+-]+ ){{0,6}}?[\w/+-]+)?,? (?:significantly |also |both )?"
    rf"(?:was|were|of|is|are|averaged|reached|remained|{_MOVED})\b{_WITHIN}{{0,110}}?[(\[]?\s?$",
    re.IGNORECASE,
)
# `a decrease in the acne load of up to`, `(reduction of`, `volume loss was`.
CHANGE = re.compile(
    rf"\b{_CHANGE}(?: (?:in|of|from|to|for) (?:[\w/+-]+ ){{0,7}}?[\w/+-]+)?"
    r"(?: (?:was|were|of|by|reached|averaged|up to))"
    r"(?: (?:up to|about|approximately|only|at least|around|nearly))?\s[(\[]?$",
    re.IGNORECASE,
)
# `increase in bone density (3%`: a change in brackets behind what has changed.
CHANGED = re.compile(
    rf"\b(?:{_CHANGE} (?:in|of)|{_MOVED}) (?:[\w/+-]+ ){{0,6}}?{_MEASURED}\b(?: (?:[\w/+-]+ ){{0,7}})?\s?[(\[]$",
    re.IGNORECASE,
)
# `a greater percentage of starting weight (5.3%`
PART_OF = re.compile(
    rf"\b(?:percentages?|fractions?|per ?cent) (?:of |change in )(?!(?:[\w/-]+ ){{0,5}}?{_PEOPLE}\b)"
    rf"(?:[\w/-]+ ){{1,4}}{_WITHIN}{{0,60}}?[(\[]?\s?$",
    re.IGNORECASE,
)
MOVED_BY = re.compile(rf"\b{_MOVED}\b{_WITHIN}{{0,90}} by (?:about |approximately |~)?$", re.IGNORECASE)
SIGNED = re.compile(r"(?:^|[\s(\[])(?P<sign>[+−-]) $")
# `RD 9.6%`, `difference of 9.6%`
DIFFERENCE = re.compile(r"\b(?:RD|ARR|differences?),? ?(?:=|of|was|:)? ?[(\[]?$")
RETAINED = re.compile(
    r"\s?(?:%|per ?cent)?\s(?:(?:retention|inhibition|recovery) of|mean|median|"
    r"of (?:the |its |their |total )*(?:varian\w+|variab\w+|variation|cells|time|costs?|volume|area)|"
    r"of (?:(?!the (?:patients|women|men))[\w-]+ ){0,4}(?:workouts|sessions|classes|exercises|visits|doses|tablets|"
    r"pills|questions|answers|effects?)|compliance|adherence|attendance)\b",
    re.IGNORECASE,
)
RATES = re.compile(
    rf"\b(?:rates?(?! of (?:change|decline|increase|decrease|loss|growth))|"
    rf"incidences?|prevalence|frequenc\w+|proportion|risks?|probability|likelihood|number of|"
    rf"percentages? of (?:[\w/-]+ ){{0,5}}?{_PEOPLE})\b",
    re.IGNORECASE,
)
# `, 55% were Hispanic`: what follows a comma has another subject, other than `was, respectively, 15%`.
ANEW = re.compile(r",(?! ?respectively)(?<!respectively,)(?:\s|$)(?![^(]*\))")
# `98.9% (group A) and `: the percentage before, where both are of one subject.
LISTED = re.compile(
    r"(?:\b(?:up to|about) )?[+-]?\d[\d.]*\s?%?(?:\s?\([^()]{1,40}\))?(?: (?:in|for|with|on) [^,;()\d]{1,40})?,?\s"
    r"(?:and|or|vs\.?|versus|v)\s$"
)
# How far a percentage may stand behind the one before it for both to be of one subject.
FAR = 90
# `was 6.4% at baseline; at 5 years, it was 6.2%`
STILL = re.compile(r"\b(?:it|this|these|they) (?:was|were) $")
AGAINST = re.compile(r"\s?%?\s(?:vs\.?|versus|v|and)\s")


def name_subjects(line: Line, found: list[Found]) -> None:
    """Turn the bare percentages of a sentence that are no shares of patients into quantities and differences."""
    bare = [one for one in found if one.kind == "proportion" and not {"n", "total", "kind"} & set(one.cells)]
    bare.sort(key=lambda one: line.tokens[one.tokens[0]].start)
    kinds: list[ClaimKind | None] = []
    for k, one in enumerate(bare):
        kind = _kind(line, one)
        if (
            not kind
            and k
            and kinds[-1]
            and not _said_apart(line, bare[k - 1])
            and _same_subject(line, bare[k - 1], one)
        ):
            kind = kinds[-1]
        if kind and k and not kinds[-1] and AGAINST.fullmatch(_between(line, bare[k - 1], one)):
            # `13% vs. 3.5% retention`: the subject of both stands behind them.
            kinds[-1] = kind
        kinds.append(kind)
    for one, kind in zip(bare, kinds, strict=True):
        if kind:
            minus = SIGNED.search(line.text[: line.tokens[one.tokens[0]].start][-3:])
            _turn(one, kind, "-" if minus is not None and minus["sign"] != "+" else "")


def _said_apart(line: Line, one: Found) -> bool:
    """`RD 9.6%`: a difference that is named for this number alone."""
    return DIFFERENCE.search(line.text[: line.tokens[one.tokens[0]].start][-24:]) is not None


def of_people(line: Line, i: int) -> bool:
    """Whether a percentage is said of people, whatever its clause says: `in 12%`, `18% had pain`, `5% of women`."""
    before, after = line.text[: line.tokens[i].start][-40:], line.text[line.tokens[i].end :][:160]
    return bool(OF_PEOPLE.match(after) or HAVE.match(after) or IN_PEOPLE.search(before))


def _turn(one: Found, kind: ClaimKind, sign: str) -> None:
    """Make a quantity or a difference of a proportion; its sign may stand apart from it."""
    moved = {name: one.cells[name] for name in ("lower", "upper", "ci_level", "p") if one.cells.get(name)}
    if kind == "quantity":
        moved.pop("ci_level", None)
    one.cells = {"value": sign + one.cells["percent"], "unit": "%"} | moved
    one.kind, one.rule = kind, "percent-measured" if kind == "quantity" else "percent-changed"


def _kind(line: Line, one: Found) -> ClaimKind | None:
    begin = min(line.tokens[i].start for i in one.tokens)
    before, after = line.text[max(0, begin - 400) : begin], line.text[line.tokens[one.tokens[0]].end :]
    if SIGNED.search(before[-3:]) or DIFFERENCE.search(before[-24:]):
        return "difference"
    if of_people(line, one.tokens[0]):
        return None
    clause = re.split(r"; |(?<!\d)\. |\.(?= [A-Z])|, (?:while|whereas|but|and (?=[^()]*$))", before)[-1][-260:]
    clause = LISTED.sub("", clause)
    if RETAINED.match(after) or BESIDE_VALUE.search(clause) or _averaged(clause) or PART_OF.search(clause):
        return "quantity"
    if _of_patients(clause):
        return None
    if CHANGE.search(clause) or CHANGED.search(clause) or MOVED_BY.search(clause):
        return "difference"
    return "quantity" if QUANTITY.search(clause) else None


# `volumes were 2.49 mL (58.4%)`: a percentage beside what was measured is of it.
BESIDE_VALUE = re.compile(r"\d\s?(?:mL|ml|dL|mm|cm|kg|mg|g|L|mmHg|points?|units?)\d?\s?[(\[]$")


def _averaged(clause: str) -> bool:
    match = AVERAGE.search(clause)
    if match is None or ANEW.search(match["tail"]) or RATES.search(match["tail"]) or endpoints_in(match["tail"]):
        return False
    return HARMS.search(match["tail"].partition(" and ")[2]) is None


def _of_patients(clause: str) -> bool:
    """Whether a clause speaks of what patients have: rates, responses, events."""
    return RATES.search(clause) is not None or HARMS.search(clause) is not None or bool(endpoints_in(clause))


def _same_subject(line: Line, last: Found, one: Found) -> bool:
    between = _between(line, last, one)
    again = STILL.search(between) is not None
    return len(between) < FAR and (again or VERB.search(between) is None) and not _of_patients(between)


def _between(line: Line, last: Found, one: Found) -> str:
    return line.text[max(line.tokens[i].end for i in last.tokens) : line.tokens[one.tokens[0]].start]
