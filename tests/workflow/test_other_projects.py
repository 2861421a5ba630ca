"""Projects of other diseases through the same templates: right with none, one and many of everything."""

import re
import subprocess
import sys

import docx
import openpyxl
import pdfplumber
import pytest
from bs4 import BeautifulSoup

from tests.other_projects import OTHERS, made

pytestmark = pytest.mark.xdist_group("workflow")
#: Findings without a ruling, which end the run with their names once the report is made.
UNRULED = {"bladder": 0, "prostate": 1, "heart": 3}
SAYS = {
    "bladder": [
        "In all 8 checks the printed numbers agree with one another. No finding.",
        "One document was audited number by number; six numbers were read.",
        "No patients were reconstructed and no treatments compared",
    ],
    "prostate": [
        "In 12 of 13 checks the printed numbers agree with one another. In one they do not; it bears on a stated "
        "conclusion (Table 1).",
        "One has not been ruled on yet: how much it matters may change.",
        "The patients were not randomised against each other",
        "Individual patient data of four groups were reconstructed, all from printed numbers alone.",
        "One comparison sets groups of different studies",
        "de Bono 2011",
    ],
    "heart": [
        "In 17 of 20 checks the printed numbers agree with one another. In three they do not: one bears on a number "
        "that readers use or pool, two on a digit or a label.",
        "In the network of 3 studies, SGLT2 inhibitor has the lowest hazard",
        "SGLT2 inhibitor has a lower hazard than placebo",
        "Three comparisons set groups",
    ],
}
DOES_NOT_SAY = {
    "bladder": ["Hazard", "hazard ratio below", "comparisons were made", "reconstructed data", "Rubin"],
    "prostate": ["from digitised curves", "network", "comparisons were made", "the weakest of"],
    "heart": ["reconstructed patients", "Individual patient", "bear on a stated conclusion", "Guyot"],
}
# One of a thing with the verb of many, many with the verb of one, and what no sentence should hold.
GRAMMAR = re.compile(
    r"\b1 \w+ (were|are|set|have|concern|bear)\b|\b(0|[2-9]|\d\d+) \w+s (was|is|sets|has|concerns)\b|\b0 from\b|\bnan\b"
    r"|\bNone\b(?! of)|\.\.(?!\.)| ,|\(\)|HER2|[Tt]rastuzumab|PICTURE|[Bb]reast"
)


@pytest.fixture(scope="module", params=OTHERS)
def project(request, tmp_path_factory):
    folder = made(OTHERS[request.param](), tmp_path_factory.mktemp("others") / request.param)
    command = [sys.executable, "-m", "snakemake", "-c2"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) == (not UNRULED[request.param]), said
    if UNRULED[request.param]:
        assert f"checks and rulings do not match ({UNRULED[request.param]})" in said
    return request.param, folder / "results/report"


def words_of(report):
    """What the PDF says, and its pages."""
    with pdfplumber.open(report / "resurvey.pdf") as pdf:
        pages = [page.extract_text() for page in pdf.pages]
    foot = re.compile(r"^.*\d+ / \d+$", re.M)
    return " ".join(" ".join(foot.sub("", page) for page in pages).replace("\u00ad\n", "").split()), len(pages)


def test_every_sentence_is_right(project):
    name, report = project
    text, pages = words_of(report)
    for sentence in SAYS[name]:
        assert sentence in text
    for sentence in DOES_NOT_SAY[name]:
        assert sentence not in text
    assert not GRAMMAR.findall(text.replace("checksums of all", "")), GRAMMAR.findall(text)
    assert pages <= 6


def test_all_formats_say_the_same(project):
    name, report = project
    word = docx.Document(report / "resurvey.docx")
    text = " ".join(" ".join(re.findall(r"<w:t[^>]*>([^<]*)</w:t>", word.element.body.xml)).split())
    page = BeautifulSoup((report / "index.html").read_text(encoding="utf-8"), "lxml").select_one("#answer").text
    first = SAYS[name][0].split(" (")[0]
    for said in (text, " ".join(page.split())):
        assert first in said.replace("  ", " ")
    assert "Claims" in openpyxl.load_workbook(report / "resurvey.xlsx").sheetnames
    assert (report / "index.html").stat().st_size < 2_500_000
