"""Advice on what to type in place of text that is not a printed number."""

from __future__ import annotations

import re

NUMBER = r"[-+−–]?\d+(?:[.·]\d+)?"
DASH = r"\s*(?:-|–|—|‒|−|to|,|;)\s*"
MONTHS = "jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
EXCEL_DATE = re.compile(
    rf"^(?:(\d{{1,4}})[-./ ]({MONTHS})[a-z]*\.?|({MONTHS})[a-z]*\.?[-./ ](\d{{1,4}}))$", re.IGNORECASE
)
#: Patterns tried in this order; the first that matches gives the advice.
HINTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (
            r"^(na|n/a|n\.\s?a\.|nan|null|none|nil|missing|unknown|n\.?d\.?|[-–—.?]+|"
            r"not (reported|available|applicable|given|stated))$",
            "leave the cell empty where nothing is reported; type NR where the paper says that it was not reached",
        ),
        (r"^#", "a formula of the spreadsheet failed: type the printed number"),
        (EXCEL_DATE.pattern, "a spreadsheet made a date of it: format the column as text and type it as printed"),
        (r"^\d{4}-\d{2}-\d{2}", "a spreadsheet made a date of it: format the column as text and type it as printed"),
        (rf"^{NUMBER}\s*(%|per ?cent)$", "leave out the per cent sign"),
        (r"^\d{1,3}(,\d{3}){2,}(\.\d+)?$", "leave out the separators of thousands"),
        (r"^[-+−–]?\d{1,3},\d{3}$", "type a decimal comma as a point, and leave out a separator of thousands"),
        (r"^([<>≤≥~=]\s*)?[-+−–]?\d+,\d+\s*%?$", "type a decimal comma as a point"),
        (
            r"^\d{1,3}(\.\d{3})+,\d+$",
            "type the decimal comma as a point and leave out the points that separate thousands",
        ),
        (
            rf"^[\[(]?{NUMBER}\s*%?{DASH}{NUMBER}\s*%?[\])]?$",
            "type the two ends of a range or an interval into its columns lower and upper",
        ),
        (
            rf"^{NUMBER}\s*%?\s*[\[(].*[\])]$",
            "type the number alone; what is in brackets has its own columns",
        ),
        (rf"^{NUMBER}\s*±", "type the number alone"),
        (r"^\d+\s*/\s*\d+", "type the count into n and the number of patients into total"),
        (r"^p\s*[<>=≤≥]", "leave out the p"),
        (
            r"^[<>≤≥~]?\s*\d+([.·]\d+)?\s*([*†‡§¶#]+|(?![oil])[a-z])$",
            "leave out the footnote mark",
        ),
        (r"^\d{1,3}([ '\u00a0\u2009\u202f]\d{3})+$", "leave out the separators of thousands"),
        (
            rf"^{NUMBER}\s*-?(d|days?|w|wks?|weeks?|m|mos?\.?|mths?|months?|y|yrs?\.?|years?)$",
            "leave out the unit, which has a column of its own",
        ),
        (r"^[\dOolI|.·]+$", "a letter stands for a digit (O for 0, l or I for 1): type digits"),
    )
)


def what_to_type(text: str) -> str:
    """Advice about text that is not a printed number; empty where there is no specific advice."""
    return next((advice for pattern, advice in HINTS if pattern.match(text.strip())), "")


def is_excel_date(text: str) -> bool:
    """Whether a spreadsheet has turned a range into a date, such as 3-4 into `03-Apr`."""
    return EXCEL_DATE.match(text) is not None
