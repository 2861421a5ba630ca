"""The report in a real browser: no error, no outside request, every figure visible, search, filters, links, print."""

import base64
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from resurvey.report.content import page_document
from resurvey.report.html import LIBRARY_FILE, ROWS_FILE, ROWS_ON_PAGE, library_script, render_html, rows_script
from tests.report_project import small_results

RUN = Path(__file__).resolve().parents[2] / "results" / "report" / "index.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
SHOWN = "return document.querySelector('#tab-numbers .dt-info').textContent"


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM or not DRIVER:
        pytest.skip("chromium and its driver are not on this machine (Debian: chromium, chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-extensions",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module", params=["small project", "this run"])
def report(request, browser, tmp_path_factory):
    """The page, open and ready."""
    path = RUN
    if request.param == "small project":
        folder = tmp_path_factory.mktemp("report")
        path = folder / "index.html"
        path.write_text(render_html(page_document(small_results(folder / "figures")), folder), encoding="utf-8")
        (folder / LIBRARY_FILE).write_text(library_script(), encoding="utf-8")
    elif not RUN.is_file():
        pytest.skip("there is no results/report/index.html: run the workflow first")
    for log in ("browser", "performance"):
        browser.get_log(log)  # reading empties it
    size(browser, 1280, 900)
    browser.get(path.as_uri())
    until(browser, "return document.documentElement.dataset.ready === 'yes'")
    open_numbers(browser)
    return browser


def until(browser, script, seconds=60):
    """Wait until a script says yes."""
    end = time.monotonic() + seconds
    while not browser.execute_script(script):
        assert time.monotonic() < end, f"never came true: {script}"
        time.sleep(0.05)


def open_numbers(browser):
    """Bring the table of every number into view: a long one is then completed and made searchable."""
    browser.execute_script("document.getElementById('tab-numbers').scrollIntoView({behavior: 'instant'})")
    until(browser, "return document.querySelector('#tab-numbers .dt-info') !== null")


def size(browser, width, height):
    """A window of exactly that size."""
    measures = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measures)


def test_the_console_is_silent_and_nothing_is_fetched(report):
    assert [entry for entry in report.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    addresses = re.findall(
        r'"url":"((?:https?|wss?|ftp):[^"]+)"', " ".join(e["message"] for e in report.get_log("performance"))
    )
    assert addresses == []
    assert (
        report.execute_script(
            "return performance.getEntriesByType('resource').filter(e => !/^(data|blob|file):/.test(e.name)).length"
        )
        == 0
    )


def test_no_other_script_beside_the_page_may_run(report, tmp_path):
    other = tmp_path / "other.js"
    other.write_text("window.other = true", encoding="utf-8")
    report.execute_script(
        "window.refused = []; addEventListener('securitypolicyviolation', e => window.refused.push(e.blockedURI));"
        f"const one = document.createElement('script'); one.src = '{other.as_uri()}'; document.body.append(one)"
    )
    until(report, "return window.refused.length > 0")
    assert report.execute_script("return window.other") is None
    report.get_log("browser")  # the refusal is told there


def test_every_figure_is_visible(report):
    report.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
    # Drawings beside the page load when they are seen; here all are asked for.
    report.execute_script("for (const image of document.images) image.loading = 'eager'")
    until(report, "return [...document.images].every(image => image.complete)")
    broken = report.execute_script(
        "const bad = []; for (const image of document.images) { image.scrollIntoView();"
        "  const box = image.getBoundingClientRect();"
        "  if (!image.complete || !image.naturalWidth || box.width < 10 || !image.alt) "
        "bad.push(image.closest('figure').id); }"
        "return bad"
    )
    assert broken == []
    assert report.execute_script("return document.images.length") > 0


def test_every_internal_link_leads_somewhere(report):
    # Rows of other pages of the table are not in the page while another is shown: the page source holds those linked.
    ids = set(re.findall(r'\bid="([^"]+)"', Path(report.current_url.removeprefix("file://").split("#")[0]).read_text()))
    links = report.execute_script(
        "return [...document.querySelectorAll('main a[href^=\"#\"], nav a')].map(a => a.hash.slice(1))"
    )
    assert links and set(links) <= ids


def test_search_filters_and_their_undoing(report):
    total = int(re.sub(r"\D", "", report.execute_script(SHOWN).split(" of ")[1]))
    field = report.find_element("css selector", "#tab-numbers .dt-search input")
    field.send_keys("no such number anywhere")
    until(report, f"{SHOWN}.startsWith('no number')")
    field.clear()
    field.send_keys(" ")
    choice = "const s = [...document.querySelectorAll('#number-tools select')][2];"
    wanted = report.execute_script(
        f"{choice} s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return s.value"
    )
    until(report, f"{SHOWN}.includes('(of')")
    cells = report.execute_script(
        "return [...document.querySelectorAll('#numbers-table tbody tr')].map(row => row.cells[5].textContent.trim())"
    )
    assert cells and set(cells) == {wanted}
    report.execute_script(f"{choice} s.value = ''; s.dispatchEvent(new Event('change'))")
    until(report, "return !document.querySelector('#tab-numbers .dt-info').textContent.includes('(of')")
    assert int(re.sub(r"\D", "", report.execute_script(SHOWN).split(" of ")[1])) == total


def test_a_link_to_rows_shows_these_rows(report):
    ids = report.execute_script(
        "const link = document.querySelector('a.rows'); link.click(); return link.dataset.rows.split(' ')"
    )
    rows = report.execute_script("return [...document.querySelectorAll('#numbers-table tbody tr')].map(row => row.id)")
    assert set(rows) <= {f"claim-{name}" for name in ids} and len(rows) == min(len(ids), 25)
    report.execute_script("document.querySelector('.only button').click()")
    assert report.execute_script("return document.querySelector('.only').hidden")


def test_an_address_with_a_row_opens_that_row(report):
    name = report.execute_script("return document.querySelector('a.rows').dataset.rows.split(' ')[0]")
    report.execute_script(f"history.replaceState(null, '', '#asked'); location.hash = 'claim-{name}'")
    until(report, "return document.querySelector('tr.found') !== null")
    assert report.execute_script("return document.querySelector('tr.found').id") == f"claim-{name}"
    report.execute_script("document.querySelector('.only button').click()")


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_no_window_is_too_narrow(report, width):
    size(report, width, 900)
    assert report.execute_script("return document.documentElement.scrollWidth") <= width
    size(report, 1280, 900)


CONTRAST = """
const linear = (x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
const light = (c) => { const v = c.map(x => linear(x / 255));
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
const parse = (s) => { const n = s.match(/[\\d.]+/g).map(Number);
  return n.length > 3 && n[3] === 0 ? null : n.slice(0, 3); };
const bad = [];
const seen = new Set();
for (const e of document.querySelectorAll('main *, header *, nav *, footer *')) {
  if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  if (e.classList.contains('anchor')) continue;
  const style = getComputedStyle(e);
  let back = null;
  for (let p = e; p && !back; p = p.parentElement) back = parse(getComputedStyle(p).backgroundColor);
  const key = style.color + '|' + back;
  if (seen.has(key)) continue;
  seen.add(key);
  const [a, b] = [light(parse(style.color)), light(back || [255, 255, 255])].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + key);
}
return bad;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_in_light_and_dark(report, scheme):
    report.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    until(report, f"return document.documentElement.classList.contains('dark') === {str(scheme == 'dark').lower()}")
    assert report.execute_script(CONTRAST) == []


def test_the_keyboard_reaches_the_report_first(report):
    from selenium.webdriver.common.keys import Keys

    report.execute_script(
        "history.replaceState(null, '', location.pathname); scrollTo(0, 0); document.activeElement.blur()"
    )
    report.get(report.current_url)
    until(report, "return document.documentElement.dataset.ready === 'yes'")
    open_numbers(report)
    report.execute_script("scrollTo({top: 0, behavior: 'instant'})")
    report.find_element("tag name", "body").send_keys(Keys.TAB)
    assert report.execute_script("return document.activeElement.className") == "skip"
    report.switch_to.active_element.send_keys(Keys.ENTER)
    assert report.execute_script("return document.activeElement.id") == "content"


def test_the_report_can_be_printed(report):
    made = report.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    content = base64.b64decode(made["data"])
    assert content.startswith(b"%PDF-") and len(content) > 10_000


def test_the_page_is_whole_without_the_library_beside_it(browser, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(render_html(page_document(small_results(tmp_path / "figures")), tmp_path), encoding="utf-8")
    browser.get(path.as_uri())
    shown = (
        "return [...document.querySelectorAll('#numbers-table tbody tr')].filter(row => row.checkVisibility()).length"
    )
    assert browser.execute_script(shown) == 4
    assert browser.execute_script("return document.documentElement.dataset.ready") is None


def test_the_page_of_this_run_is_light():
    if not RUN.is_file():
        pytest.skip("there is no results/report/index.html: run the workflow first")
    assert RUN.stat().st_size < 1_500_000


MANY = 3 * ROWS_ON_PAGE
TAG = "<img src=x onerror=alert(1)>"


def long_page(folder):
    """A page of which most numbers and documents are in the file beside it."""
    results = small_results(folder / "figures")
    names, papers = ([f"{word}{place}" for place in range(MANY)] for word in ("n-", "paper"))
    further = results.claims.iloc[[0] * MANY].assign(claim_id=names, source_id=papers, locator=TAG)
    claims = pd.concat([results.claims, further], ignore_index=True)
    sources = results.tables["sources"]
    further = sources.iloc[[0] * MANY].assign(source_id=papers, citation="A paper")
    tables = results.tables | {"sources": pd.concat([sources, further], ignore_index=True)}
    document = page_document(replace(results, claims=claims, tables=tables))
    path = folder / "index.html"
    path.write_text(render_html(document, folder), encoding="utf-8")
    (folder / ROWS_FILE).write_text(rows_script(document), encoding="ascii")
    (folder / LIBRARY_FILE).write_text(library_script(), encoding="ascii")
    return path


def shown(browser, path):
    """The page, open and ready."""
    browser.get("about:blank")
    browser.get(path)
    until(browser, "return document.documentElement.dataset.ready === 'yes'")


FILE_LOADED = f"return document.querySelector('script[src=\"{ROWS_FILE}\"]') !== null"
ROWS_OF = "return document.querySelectorAll('#{} tbody tr').length"


def test_a_long_table_is_completed_when_it_is_opened(browser, tmp_path):
    browser.get_log("browser")
    shown(browser, long_page(tmp_path).as_uri())
    time.sleep(0.5)  # what is not in view is not loaded
    assert not browser.execute_script(FILE_LOADED)
    assert browser.execute_script(ROWS_OF.format("tab-documents")) == ROWS_ON_PAGE
    fold = browser.execute_script("return document.getElementById('tab-documents').closest('details')")
    browser.execute_script("arguments[0].open = true; arguments[0].scrollIntoView({behavior: 'instant'})", fold)
    until(browser, f"{ROWS_OF.format('tab-documents')} === {MANY + 1}")
    assert browser.execute_script("return document.querySelector('#tab-documents .more')") is None
    open_numbers(browser)
    total = MANY + 4
    assert browser.execute_script(SHOWN) == f"1 to 25 of {total} numbers"
    browser.find_element("css selector", "#tab-numbers .dt-search input").send_keys(f"n-{MANY - 1}")
    until(browser, f"{SHOWN}.includes('of 1 number')")
    row = browser.execute_script("return document.querySelector('#numbers-table tbody tr')")
    assert row.get_attribute("id") == f"claim-n-{MANY - 1}" and TAG in row.text
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_links_and_addresses_find_rows_that_the_page_does_not_hold(browser, tmp_path):
    path = long_page(tmp_path)
    shown(browser, f"{path.as_uri()}#claim-n-{MANY - 1}")
    until(browser, "return document.querySelector('tr.found') !== null")
    assert browser.execute_script("return document.querySelector('tr.found').id") == f"claim-n-{MANY - 1}"
    shown(browser, f"{path.as_uri()}#source-paper{MANY - 1}")
    until(browser, f"return (document.getElementById('source-paper{MANY - 1}') || document.head).checkVisibility()")
    shown(browser, path.as_uri())
    wanted = browser.execute_script(
        "const link = document.querySelector('a.rows'); link.click(); return link.dataset.rows.split(' ')"
    )
    until(browser, "return document.querySelector('.only:not([hidden])') !== null")
    rows = browser.execute_script("return [...document.querySelectorAll('#numbers-table tbody tr')].map(row => row.id)")
    assert sorted(rows) == sorted(f"claim-{name}" for name in wanted)


def test_a_long_table_without_its_file_says_so_and_is_searched_as_far_as_it_goes(browser, tmp_path):
    path = long_page(tmp_path)
    (tmp_path / ROWS_FILE).unlink()
    shown(browser, path.as_uri())
    open_numbers(browser)
    assert browser.execute_script(SHOWN) == f"1 to 25 of {ROWS_ON_PAGE} numbers"
    said = browser.execute_script("return document.querySelector('#tab-numbers .more').textContent")
    assert f"The first {ROWS_ON_PAGE} of {MANY + 4} rows" in said and f"{ROWS_FILE} could not be read" in said
    browser.get_log("browser")


def test_a_section_below_a_long_table_is_reached_without_loading_it(browser, tmp_path):
    shown(browser, long_page(tmp_path).as_uri())
    browser.execute_script("document.querySelector('nav a[href=\"#provenance\"]').click()")
    until(browser, "return Math.abs(document.getElementById('provenance').getBoundingClientRect().top) < 100")
    time.sleep(1)
    assert browser.execute_script("return document.getElementById('provenance').getBoundingClientRect().top") < 100
    assert not browser.execute_script(FILE_LOADED)
