"""Names that link rows: invisible blanks, letters of other alphabets, and two spellings of one name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import pandas as pd

from resurvey.faults import Fault
from resurvey.hints import is_excel_date, what_to_type
from resurvey.schema import TABLES, Table

# Columns whose words link rows; their blanks and letters must be plain.
NAMES = (
    "population",
    "comparator_population",
    "data_cut",
    "endpoint",
    "item",
    "grade",
    "partition",
    "entity",
    "ci_method",
    "test",
    "unit",
    "time_unit",
    "label",
)
# Columns in which two spellings of one name would make two groups, with the kind of name.
ONE_SPELLING = {"population": "population", "comparator_population": "population", "data_cut": "data_cut"}
# Joiners and the wide space are part of Persian, Hindi, Japanese and emoji text between non-Latin letters; beside Latin
# letters they make a different name that looks the same.
FOREIGN = r"[^\x00-\u024f]"
UNSEEN = re.compile(
    rf"\s{{2,}}|[^\S \u3000]|[\u00a0\u00ad\u200b\u200e\u200f\u2028-\u202f\u205f\u2060\ufeff]"
    rf"|(?<!{FOREIGN})[\u200c\u200d\u3000]|[\u200c\u200d\u3000](?!{FOREIGN})"
)
NOTHING = re.compile(r"^(na|n/a|nan|null|none|-|–|—|\?)$", re.IGNORECASE)
# Greek and Cyrillic letters that look like Latin ones.
LOOKS_LATIN = str.maketrans("АВЕЅІЈКМНОРСТХаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABESIJKMHOPCTXaeopcyxisjABEZHIKMNOPTYXo")
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))


def misspelt(tables: Mapping[str, pd.DataFrame]) -> list[Fault]:
    """Find names that differ from other names but look the same.

    Parameters
    ----------
    tables : mapping of DataFrame
        Raw tables as text, whose cells have passed by themselves.

    Returns
    -------
    list of Fault
        Invisible or double blanks, mixed alphabets, dates made by a spreadsheet, words for missing values; and of two
        spellings of one name in a study, the rarer one.
    """
    return [*_cells(tables), *_spellings(tables), *_endpoints(tables)]


def _cells(tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    for name, frame in tables.items():
        table = TABLES[name]
        for column in (column for column in NAMES if column in table.names):
            wrong = {value: found for value in frame[column].unique() if (found := _wrong(column, value))}
            for row, value in frame.loc[frame[column].isin(wrong), column].items():
                yield Fault(table.file, int(row), column, value, *wrong[value])


def _wrong(column: str, value: str) -> tuple[str, str] | None:
    """What is wrong with a name, and what to do; None if nothing is wrong."""
    if not value:
        return None
    if UNSEEN.search(value):
        return "it contains a double space, or an invisible one", f"type {_plain_blanks(value)!r}"
    mixed = _mixed_word(value)
    if mixed:
        return f"the word {mixed!r} mixes alphabets", f"type it as {mixed.translate(LOOKS_LATIN)!r}"
    if is_excel_date(value):
        return "a spreadsheet made a date of it", "format the column as text and type it as printed"
    if NOTHING.match(value) and column != "item":
        return "it is a word for a missing value", what_to_type("NA").partition(";")[0]
    return None


def _plain_blanks(value: str) -> str:
    visible = re.sub(r"[\u00ad\u200b-\u200f\u2060\ufeff]", "", value)
    return re.sub(r"\s+", " ", visible).strip()


def _mixed_word(value: str) -> str:
    """The first word with both Latin letters and look-alikes from another alphabet; `β-blocker` has none."""
    for word in re.findall(r"\w+", value):
        if word != word.translate(LOOKS_LATIN) and re.search("[A-Za-z]", word):
            return word
    return ""


def folded(name: str) -> str:
    """A name without distinctions that a reader would not notice: case, and kinds of blank, of dash and of `>=`."""
    text = unicodedata.normalize("NFKC", name).translate(LOOKS_LATIN).translate(DASHES).casefold()
    text = text.replace("≥", ">=").replace("≤", "<=")
    text = re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])|_", " ", text)
    return re.sub(r"\s+", " ", re.sub(r"\s*([<>]=?|/|,|;|-)\s*", r"\1", text)).strip()


def _spellings(tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """All but the most frequent of several spellings of a population or data cut in a study."""
    places = _places(tables)
    for (_, _, _), spellings in places.items():
        if len(spellings) < 2:
            continue
        counts = Counter({spelling: len(found) for spelling, found in spellings.items()})
        usual = min(counts, key=lambda spelling: (-counts[spelling], spelling))
        for spelling in sorted(set(counts) - {usual}):
            for table, row, column in spellings[spelling]:
                rule = f"{counts[usual]} other rows of this study spell it {usual!r}"
                yield Fault(table.file, row, column, spelling, rule, "use one spelling for each name")


Place = tuple[Table, int, str]


def _places(tables: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str, str], dict[str, list[Place]]]:
    """Rows with each spelling, by study, kind of name and folded name."""
    found: dict[tuple[str, str, str], dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for name, frame in tables.items():
        table = TABLES[name]
        for column, kind in ONE_SPELLING.items():
            if column not in table.names or "study_id" not in table.names:
                continue
            for row, study, value in zip(frame.index, frame["study_id"], frame[column], strict=True):
                if value:
                    found[study, kind, folded(value)][value].append((table, int(row), column))
    return found


def _endpoints(tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Endpoints that match one in the table of endpoints except for spelling."""
    known = list(tables["endpoints"]["endpoint"])
    meant = {folded(name): name for name in reversed(known)}
    for name, frame in tables.items():
        if "endpoint" not in TABLES[name].names:
            continue
        for row, value in frame["endpoint"].items():
            standard = meant.get(folded(value))
            if standard and value != standard and (name == "endpoints" or value not in known):
                rule = f"endpoints.csv calls it {standard!r}"
                yield Fault(TABLES[name].file, int(row), "endpoint", value, rule, "use one spelling for each name")
