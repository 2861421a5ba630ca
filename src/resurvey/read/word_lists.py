"""The vocabulary of the grammar: endpoints, ratios, units, nouns of patients and events, words that mask numbers."""

from __future__ import annotations

import re
from functools import lru_cache

# Longer phrases before those they contain. Each entry: the endpoint as named in our tables, and its spellings.
ENDPOINTS: tuple[tuple[str, str], ...] = (
    ("PFS", r"progression (?:or|and/or) death|progression[- ]free (?:overall )?survival|\bPFS\d?\b|\b[a-z]?[rb]?PFS\b"),
    ("DMFS", r"distant[- ]metastas[ie]s[- ]free survival|\bDMFS\b|metastas[ie]s[- ]free survival|\bMFS\b|D-FFS"),
    (
        "LRFS",
        r"(?:loco-?regional|local)[- ](?:recurrence|relapse|failure|progression)[- ]free survival|\bLR-?[FR]*FS\b",
    ),
    ("DDFS", r"distant (?:disease[- ]free survival|DFS\b)|\bDDFS\b"),
    ("DRFS", r"distant (?:relapse|recurrence)[- ]free survival|\bDRFS\b"),
    ("iDFS", r"invasive disease[- ]free survival|\biDFS\b"),
    ("DFS", r"disease[- ]free survival|\bDFS\b"),
    ("RFS", r"(?<!local )(?<!regional )(?:relapse|recurrence)[- ]free survival|\bRFS\b"),
    ("EFS", r"event[- ]free survival|\bEFS\b"),
    ("FFS", r"failure[- ]free survival|\bFFS\b|freedom from (?:treatment )?failure"),
    ("BCSS", r"breast[- ]cancer(?:[- ]specific)? survival|\bBCSS\b"),
    ("CSS", r"(?:cancer|disease|cause|melanoma)[- ]specific survival|\b[CD]SS\b"),
    ("OS", r"overall survival|\bm?OS\b|\bOAS\b"),
    (
        "TTP",
        r"times? to (?:disease |tumou?r )?progression"
        r"(?! (?:of|in) (?!\d|$|the (?:disease|tumou?r|cancer|liver)|disease|tumou?rs?\b|cancer))|"
        r"\bTTPs?\b",
    ),
    ("TTF", r"time to treatment failure|\bTTF\b"),
    ("DoR", r"duration of (?:overall |objective |complete |partial )?response|response duration|\bDO?R\b|\bDoR\b"),
    (
        "ORR",
        r"(?:complete|partial) (?:and/or|or|plus|\+) (?:complete|partial) (?:response|remission)s?|"
        r"(?:complete|partial) and (?:complete|partial) response rate\b(?! to)|\bCR ?\+ ?PR\b|\bPR ?\+ ?CR\b",
    ),
    ("pCR", r"patholog(?:ic|ical) complete (?:response|remission)s?|\bpCR\b"),
    (
        "CR",
        r"complete(?= and partial (?:response|remission))|complete (?:[a-z]+ )?(?:response|remission)s?|"
        r"(?<![\w-])CRs?\b(?!-[A-Z])",
    ),
    (
        "PR",
        r"(?<!very good )(?<!near )partial (?:response|remission)s?|"
        r"(?<![\w-])(?<!ER/)(?<!ER\+/)(?<!ER or )(?<!ER and )PRs?\b"
        r"(?![-+](?!\w)|[- ]?(?:positiv|negativ|status|express|/HER))",
    ),
    ("SD", r"stable disease"),
    ("PD", r"progressive disease"),
    ("CBR", r"clinical benefit(?: response)?(?: rates?)?|\bCBR\b"),
    ("DCR", r"disease control(?: rates?)?|\bDCR\b"),
    (
        "ORR",
        r"overall \([^()]{1,40}\) response|(?:overall|objective|tumou?r) remission rates?|"
        r"(?:overall |objective |tumou?r |radiological )?response rates?|"
        r"objective responses?|overall responses?|\bORRs?\b|"
        r"(?<!ratio \()(?<!ratios \()(?<!risk \()(?<!risks \()(?<!respiratory rate \()\bRR\b"
        r"(?!\s?[=:,]?\s?\d{1,2}\.\d+(?![\d.]*\s?%))|(?<!-dependent )(?<!immune )(?<!antibody )(?<!stress )\bresponses?"
        r"(?= \((?:$|n ?=|\d{1,4}(?:\.\d+)?\s?(?:%|per ?cent|/|of\b|patients|[;,)\]]|\[\d+(?:\.\d+)?\s?%)))|"
        r"\bresponses?(?= (?:was|were) (?:seen|observed|achieved|noted|reported|obtained))",
    ),
    (
        "OS",
        r"(?<!free )(?<!free-)\bsurvival\b(?! analys| curve| function| model| data)|"
        r"(?<!\bor )(?<!cardiovascular )(?<!cardiac )\bdeaths?\b(?! or\b)|"
        r"\bmortality\b|\boverall(?= \((?:HR|hazard))",
    ),
)
# Tried at the beginnings of words only: it is the longest pattern of the reader, and no endpoint begins within a word.
ENDPOINT = re.compile(
    r"(?<![a-z])(?=[a-z])(?:" + "|".join(f"(?P<e{i}>{pattern})" for i, (_, pattern) in enumerate(ENDPOINTS)) + ")",
    re.IGNORECASE,
)
# Abbreviations that denote an endpoint only in capitals.
CAPITALS = {"OS", "PFS", "DFS", "RR", "CR", "PR", "EFS", "RFS", "DOR", "DR", "TTP", "TTF", "CSS", "DSS", "FFS", "MFS"}
TIME_TO_EVENT = {
    "PFS",
    "DMFS",
    "DDFS",
    "DRFS",
    "LRFS",
    "iDFS",
    "DFS",
    "RFS",
    "EFS",
    "FFS",
    "BCSS",
    "CSS",
    "OS",
    "TTP",
    "TTF",
    "DoR",
}
RESPONSES = {"CR", "PR", "SD", "PD", "CBR", "DCR", "ORR", "pCR"}


@lru_cache(maxsize=512)
def endpoints_in(text: str) -> tuple[tuple[int, int, str], ...]:
    """Start, end and standard name of each endpoint in a text, in order."""
    found = []
    for match in ENDPOINT.finditer(text):
        word = match.group()
        if word in ("PCR", "pcr") or (
            word not in ("DoR", "TtP")
            and word.upper() in CAPITALS
            and word.upper() != word.replace("m", "").rstrip("s")
        ):
            continue
        found.append((match.start(), match.end(), ENDPOINTS[int(match.lastgroup[1:])][0]))  # type: ignore[index]
    return tuple(found)


RATIOS: tuple[tuple[str, str], ...] = (
    (
        "HR",
        r"(?i:(?:sub-?distribution |cause-specific )?hazards?[ -]ratios?|"
        r"relative hazards?)|(?:[asc]|adj\.?|adjusted )?[sS]?HRs?",
    ),
    ("OR", r"(?i:odds[ -]ratios?)|a?ORs?"),
    ("RR", r"(?i:relative risks?|risk ratios?|(?:incidence )?rate ratios?)|a?RRs?|IRRs?"),
)
UNITS = {
    "months": r"months?|mo\.?|mos\.?|mths?",
    "years": r"years?|yrs?\.?|y",
    "weeks": r"weeks?|wks?\.?",
    "days": r"days?|d",
}
TIME_UNIT = re.compile("|".join(f"(?P<{name}>(?:{pattern}))" for name, pattern in UNITS.items()), re.IGNORECASE)


def time_unit(text: str) -> str:
    """Return `months`, `years`, `weeks` or `days`; empty if the word is not a unit of time."""
    match = TIME_UNIT.fullmatch(text.strip().rstrip("."))
    return str(match.lastgroup) if match else ""


# A number after one of these words is a name, not a result.
MASKING = frozenset(
    [
        "grade",
        "grades",
        "stage",
        "stages",
        "phase",
        "day",
        "days",
        "cycle",
        "cycles",
        "week",
        "weeks",
        "table",
        "tables",
        "figure",
        "figures",
        "fig",
        "figs",
        "version",
        "ctcae",
        "study",
        "studies",
        "step",
        "steps",
        "trial",
        "level",
        "levels",
        "type",
        "ecog",
        "ps",
        "kps",
        "who",
        "section",
        "appendix",
        "chapter",
        "ref",
        "refs",
        "reference",
        "references",
        "arm",
        "arms",
        "group",
        "cohort",
        "protocol",
        "v",
        "ver",
        "ecog/who",
        "status",
        "score",
        "scores",
        "part",
        "supplementary",
        "box",
        "item",
        "criteria",
        "recist",
        "month",
        "months",
        "year",
        "years",
        "visit",
        "line",
        "lines",
        "ajcc",
        "uicc",
        "edition",
        "bclc",
    ]
)
# Groups that number their trials: `RTOG 0631`, `CALGB 9342`.
TRIALISTS = frozenset(
    [
        "rtog",
        "eortc",
        "calgb",
        "nsabp",
        "ecog",
        "swog",
        "ncic",
        "ncctg",
        "gog",
        "trog",
        "jcog",
        "wjog",
        "wjtog",
        "aio",
        "acosog",
        "hovon",
        "ibcsg",
        "gbg",
        "mrc",
        "ffcd",
        "prodige",
        "gercor",
        "cecog",
        "ageo",
    ]
)
MASKING |= TRIALISTS
MASKING |= frozenset(
    ["class", "classes", "exon", "exons", "intron", "introns", "codon", "codons", "http", "https", "chromosome", "dose"]
)
PATIENTS = frozenset(
    [
        "patients",
        "patient",
        "women",
        "men",
        "subjects",
        "participants",
        "individuals",
        "cases",
        "people",
        "adults",
        "children",
        "persons",
        "females",
        "males",
        "pts",
        "controls",
        "responders",
        "survivors",
    ]
)
EVENTS = frozenset(
    [
        "deaths",
        "death",
        "events",
        "event",
        "recurrences",
        "recurrence",
        "relapses",
        "relapse",
        "progressions",
        "progression",
        "responses",
        "response",
        "failures",
        "failure",
        "metastases",
        "tumours",
        "tumors",
        "episodes",
        "hospitalisations",
        "hospitalizations",
        "infections",
        "tumor",
        "tumour",
        "lesions",
        "samples",
        "specimens",
        "centres",
        "centers",
        "sites",
        "hospitals",
        "institutions",
        "countries",
        "discontinuations",
        "prs",
        "crs",
        "withdrawals",
        "fractures",
        "strokes",
    ]
)
HARMS = re.compile(
    r"neutropa?eni|an(?:a)?emia|thrombocytop|leu[ck]opa?eni|lymphopa?eni|"
    r"diarrh|nausea|vomit|fatigue|astheni|rash|mucositis|"
    r"stomatitis|alopecia|neuropath|pyrexia|fever|infection|pneumoni|hypertension|h[ae]emorrhag|bleeding|thrombo|"
    r"(?-i:\bS?AEs?\b)|par[ae]+sthesia|chest pain|o?esophagitis|"
    r"skin reaction|adverse|toxic|hand[- ]foot|constipation|anorexia|arthralgia|"
    r"myalgia|cough|dyspn|headache|pruritus|edema|oedema|"
    r"increased|decreased|elevat|hypoka|hyperg|hypona|proteinuria|"
    r"dermatitis|dysphagia|xerostomia|perforation|fistula|"
    r"letharg|somnolen|dyspep|tinnitus|ototox|nephrotox|cardiotox|hypersensitiv|malaise|"
    r"heartburn|breast pain|hyperpigment|telangiectas|embolism|treatment[- ]related events|"
    r"hot flash|hot flush|arthritis|fibrosis|bone pain|joint pain|musculoskeletal pain|cytopeni|amenorrh|"
    r"insomnia|dizziness|cardiac|weight loss|abdominal pain|colitis|hepatitis|pneumonitis|allerg|injection site",
    re.IGNORECASE,
)
SITES = frozenset(["centres", "centers", "sites", "hospitals", "institutions", "countries"])
# `two groups of 24 patients`: how many groups, not how many patients.
PARTS = {"groups", "arms", "cohorts", "sets", "pairs", "blocks", "series", "courses", "cycles", "samples"}
# `pain scores were 1/10 and 2/10`: values on a scale.
SCORED = re.compile(r"\b(?:scores?|scale|VAS|ratings?|rated|points)\b", re.IGNORECASE)
# `13 patients (9.3% group 1 and 12.7% group 2)`: the percentages of two groups.
OF_TWO = re.compile(
    r"\s?%\s[a-z][^();,%]{0,40}(?:,|\s(?:and|vs\.?|versus|v))\s(?:and )?[\d.]+\s?%|\s?%\s?/\s?[\d.]+\s?%"
)
# `(n = 207, 65% urban women)`: the share of a part of the group.
NAMED_SHARE = re.compile(r"\s?%?\s(?!of\b)[a-z][\w-]*")
GRADE = re.compile(
    r"\bgrades?\s*(?P<op>≥|>=|>|≤)?\s*(?P<grade>[1-5IV]{1,3}(?:\s?(?:-|"
    r"/|to|and|or|,|\+)\s?(?:grades?\s?)?[1-5IV]{1,3})?)\b(?P<more>\s*(?:or (?:higher|worse|more|greater)|\+))?|"
    r"(?P<op2>≥|>=|>)\s*grade\s*(?P<grade2>[1-5])|(?P<any>\b(?:any|all)[- ]grades?\b(?!\s*[≥>]?\s*[1-5])|"
    r"\ball (?:T?E?AEs|adverse events|toxicit(?:y|ies))\b|\bany\b(?! grade))",
    re.IGNORECASE,
)
DASHED = str.maketrans("–—−‐‑", "-----")
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5"}


def grade_in(text: str, *, bare: bool = False) -> str:
    """Grade of adverse events named in a text: `3`, `3-4`, `>=3`, `any`; `bare` accepts it without the word `grade`."""
    text = text.translate(DASHED)
    match = next((m for m in GRADE.finditer(text) if not m["any"]), None) or GRADE.search(text)
    if match is None:
        short_text = text.strip().replace(" ", "")
        short = re.fullmatch(r"(≥|>=)?(?:G)?([1-5])(?:[-/]([1-5]))?(\+)?", short_text) if bare else None
        if short is None:
            return "any" if bare and short_text.lower() in ("all", "any", "total") else ""
        low = ">=" if short[1] or short[4] else ""
        return low + short[2] + (f"-{short[3]}" if short[3] else "")
    if match["any"]:
        return "any"
    body = re.sub(r"grades?\s?", "", match["grade"] or match["grade2"], flags=re.IGNORECASE)
    parts = [_ROMAN.get(part.upper(), part) for part in re.split(r"\s?(?:-|/|to|and|or|,|\+)\s?", body) if part]
    if not all(part in "12345" and len(part) == 1 for part in parts):
        return ""
    sign = match["op"] or match["op2"] or ("≥" if match["more"] else "")
    return {"≥": ">=", ">=": ">=", ">": ">", "≤": "<="}.get(sign, "") + "-".join(dict.fromkeys(parts))


DESIGN = re.compile(
    r"\bpower(?:ed)?\b|\bassum(?:e|ed|es|ing|ption)|\bsample size|"
    r"\bto detect\b|\bwould be (?:needed|required)|\btype I error|"
    r"\balpha\b|\bsignificance level|\bhypothesi[sz]ed\b|\b(?:null|specific|primary|working|alternative) "
    r"hypothesis|\bwere required\b|\bnon-?inferiority margin",
    re.IGNORECASE,
)
REGISTRY = re.compile(
    r"\b(?:NCT\d{8}|ISRCTN\d{8}|ChiCTR[-A-Z]{0,6}\d{8,10}|EudraCT\s?(?:number\s?)?\d{4}-\d{6}-\d{2}|UMIN\d{9}|"
    r"JPRN-[A-Z]{2,6}\d{4,12}|ACTRN\d{14}|DRKS\d{8}|NTR\d{3,5}|CTRI/\d{4}/\d{2,3}/\d{6})\b"
)

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

# Words by which groups are compared.
COMPARATIVES = frozenset(
    {"higher", "lower", "greater", "less", "more", "fewer", "similar", "significantly", "not", "also"}
)
