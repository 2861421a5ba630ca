"""The review page in a real browser: silent, offline, all by keyboard, and its CSV is what `resurvey confirm` takes."""

from __future__ import annotations

import csv
import json
import re
import shutil
import time

import pytest

from resurvey.cli import main
from resurvey.commands.init import write as init_project
from resurvey.tables import read_raw
from tests.made_papers import TRIAL, write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
HOSTILE = '</script><script>document.title="broken"</script><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
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
        "--window-size=1400,900",
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, tmp_path):
    """The page of a made-up paper, and its folder."""
    paper = TRIAL.replace("A response was seen", HOSTILE.replace("<", "&lt;") + " A response was seen")
    init_project(tmp_path / "project")
    main(["read", str(write(tmp_path / "made.nxml", paper)), "--into", str(tmp_path / "review")])
    for log in ("browser", "performance"):
        browser.get_log(log)
    folder = tmp_path / "review" / "made"
    browser.get((folder / "read.html").as_uri())
    browser.execute_script("localStorage.clear()")
    browser.refresh()  # returns when the page is loaded: a key pressed before that would be lost
    until(lambda: browser.execute_script("return document.documentElement.dataset.ready === 'yes'"))
    return browser, folder


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def press(browser, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(browser).send_keys(key).perform()


def selected(browser):
    return browser.execute_script("return document.querySelector('[aria-selected=true]').dataset.id")


def statuses(browser):
    script = "return Array.from(document.querySelectorAll('.row'), r => [r.dataset.id, r.className])"
    return dict(browser.execute_script(script))


def choose(browser, value, menu="filter"):
    browser.execute_script(
        f"const m = document.getElementById('{menu}'); m.value = arguments[0]; m.dispatchEvent(new Event('change'))",
        value,
    )


def test_the_page_is_silent_and_fetches_nothing(page):
    browser, folder = page
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    asked = " ".join(entry["message"] for entry in browser.get_log("performance"))
    assert re.findall(r'"url":"((?:https?|wss?|ftp):[^"]+)"', asked) == []
    assert browser.title == "Review: Drug A against drug B"
    assert re.findall(r'(?:src|href)="(?!#|data:)', (folder / "read.html").read_text(encoding="utf-8")) == []


def test_the_paper_stands_left_with_its_numbers_marked_and_findings_on_top(page):
    browser, _ = page
    marks = browser.execute_script("return Array.from(document.querySelectorAll('#paper mark'), m => m.textContent)")
    assert {"8.4", "7.1", "0.71", "51", "120", "41", "30.1"} <= set(marks)
    assert HOSTILE in browser.execute_script("return document.getElementById('paper').textContent")
    assert "41 (30.1 %)" in browser.execute_script("return document.getElementById('findings').textContent")
    left, right = (
        browser.execute_script(f"return document.getElementById('{name}').getBoundingClientRect().left")
        for name in ("paper", "rows")
    )
    assert left < right


def test_rows_are_confirmed_changed_dropped_and_taken_back_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    browser, _ = page
    choose(browser, "all")
    first = selected(browser)
    press(browser, "j")
    second = selected(browser)
    press(browser, "c")
    third = selected(browser)
    press(browser, "d")
    assert len({first, second, third}) == 3
    classes = statuses(browser)
    assert classes[second].endswith("confirm") and classes[third].endswith("drop")
    press(browser, "z")
    assert not statuses(browser)[third].endswith("drop")
    press(browser, "k", "k")
    press(browser, "e")
    browser.execute_script("document.getElementById('cell-note').focus()")
    press(browser, "seen twice", Keys.ENTER)
    assert "change" in " ".join(statuses(browser).values())
    press(browser, "e", Keys.ESCAPE)
    assert browser.execute_script("return document.querySelector('.cells')") is None


def test_one_key_says_of_the_whole_study_and_one_button_names_the_population_of_all(page):
    browser, _ = page
    choose(browser, "all")
    lacking = "return Array.from(document.querySelectorAll('.row .lacks'), m => m.textContent).join(' ')"
    assert "population" in browser.execute_script(lacking)
    browser.find_element("id", "everywhere").click()
    assert "population" not in browser.execute_script(lacking)
    while "arm_id" not in browser.execute_script(
        "return (document.querySelector('[aria-selected=true] .lacks') || {}).textContent || ''"
    ):
        press(browser, "j")
    row = selected(browser)
    press(browser, "w", "c")
    assert statuses(browser)[row].endswith("change")
    choose(browser, "lacking")
    assert row not in statuses(browser)


def test_a_click_on_a_number_selects_its_row_and_a_finding_leads_to_its(page):
    browser, _ = page
    browser.execute_script(
        "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === '0.71').click()"
    )
    card = browser.execute_script("return document.querySelector('[aria-selected=true] .numbers').textContent")
    assert card == "HR 0.71 (0.55 to 0.92), p 0.010"
    browser.execute_script("document.querySelector('#findings a').click()")
    assert "41" in browser.execute_script("return document.querySelector('[aria-selected=true] .numbers').textContent")
    assert browser.execute_script("return document.querySelectorAll('mark.now').length") >= 1


def test_what_was_ruled_is_there_after_a_reload(page):
    browser, _ = page
    choose(browser, "all")
    ruled = selected(browser)
    press(browser, "c")
    browser.refresh()
    until(lambda: browser.execute_script("return document.documentElement.dataset.ready === 'yes'"))
    choose(browser, "all")
    assert statuses(browser)[ruled].endswith("confirm")


def test_the_saved_csv_is_confirmed_into_the_tables(page, downloads, tmp_path):
    browser, folder = page
    for path in downloads.iterdir():
        path.unlink()
    browser.execute_script(
        "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === '8.4').click()"
    )
    press(browser, "e")
    browser.execute_script(
        "document.getElementById('cell-population').value = 'all'; document.getElementById('cell-arm_id').value = 'all'"
    )
    browser.execute_script("document.querySelector('.cells').requestSubmit()")
    for table, cells in (("sources", {"kind": "trial"}), ("studies", {"design": "single arm"})):
        choose(browser, "all")
        choose(browser, table, "tables")
        press(browser, "e")
        for name, value in cells.items():
            browser.execute_script(f"document.getElementById('cell-{name}').value = arguments[0]", value)
        browser.execute_script("document.querySelector('.cells').requestSubmit()")
    press(browser, "s")
    saved = downloads / "rulings-made.csv"
    until(saved.is_file)
    with saved.open(encoding="utf-8", newline="") as stream:
        rulings = {row["claim_id"]: row for row in csv.DictReader(stream)}
    assert len(rulings) == 3
    assert json.loads(rulings["made-sources"]["changes"]) == {"kind": "trial"}
    raw = tmp_path / "project" / "data" / "raw"
    assert main(["confirm", str(folder), "--rulings", str(saved), "--data", str(raw)]) == 0
    last = read_raw(raw)["medians"].iloc[-1]
    assert (last["value"], last["lower"], last["arm_id"], last["population"]) == ("8.4", "7.1", "all", "all")


def test_one_arm_is_given_to_a_whole_column_with_one_key(page):
    browser, _ = page
    choose(browser, "all")
    browser.execute_script(
        "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === '55').click()"
    )
    press(browser, "e")
    browser.execute_script(
        "document.getElementById('cell-arm_id').value = 'b'; document.getElementById('cell-population').value = 'all'"
    )
    browser.execute_script("document.querySelector('.cells').requestSubmit()")
    browser.execute_script(
        "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === '55').click()"
    )
    press(browser, "a")
    browser.execute_script(
        "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === '41').click()"
    )
    assert " b " in browser.execute_script(
        "return ' ' + document.querySelector('[aria-selected=true] .what').textContent + ' '"
    )


def test_the_kind_of_a_share_is_chosen_from_a_list_and_given_to_those_without_one(page):
    browser, _ = page
    choose(browser, "all")
    go_to = "Array.from(document.querySelectorAll('#paper mark')).find(m => m.textContent === arguments[0]).click()"
    for number, kind in (("41", ""), ("55", "prognosis")):
        browser.execute_script(go_to, number)
        press(browser, "e")
        assert browser.execute_script("return document.getElementById('cell-kind').tagName") == "SELECT"
        browser.execute_script("document.getElementById('cell-kind').value = arguments[0]", kind)
        browser.execute_script("document.querySelector('.cells').requestSubmit()")
    browser.execute_script(go_to, "41")
    card = "return document.querySelector('[aria-selected=true]').textContent"
    assert re.search(r"still needs [^;]*\bkind\b", browser.execute_script(card))
    browser.execute_script(go_to, "55")
    press(browser, "K")
    browser.execute_script(go_to, "41")
    assert "prognosis" in browser.execute_script(card)
    assert re.search(r"still needs [^;]*\bkind\b", browser.execute_script(card)) is None


def test_a_narrow_window_keeps_everything_in_reach(page):
    browser, _ = page
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 380
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_whole_table_is_confirmed_or_dropped_and_the_population_filled_in_by_keyboard(page):
    browser, _ = page
    choose(browser, "all")
    browser.execute_script("document.querySelector('#paper td mark').click()")
    press(browser, "f", "T")
    rows = json.loads(browser.execute_script("return document.getElementById('data').textContent"))["rows"]
    table = {row["id"] for row in rows if row["group"].startswith("t1.")}
    sure = {row["id"] for row in rows if row["id"] in table and row["certainty"] == "sure"}
    held = statuses(browser)
    ruled = {name for name, words in held.items() if re.search(r"\b(?:confirm|change)\b", words)}
    assert ruled
    assert ruled <= sure
    assert all("population" not in text for text in browser.execute_script(LACKING))
    press(browser, "D")
    held = statuses(browser)
    assert all(re.search(r"\b(?:confirm|change|drop)\b", held[name]) for name in table)
    press(browser, "z")
    assert {name for name, words in statuses(browser).items() if re.search(r"\bdrop\b", words)} == set()


LACKING = "return Array.from(document.querySelectorAll('.lacks'), p => p.textContent)"


def test_numbers_seen_and_not_drafted_are_listed_with_place_and_reason(browser, tmp_path):
    methods = "<sec><title>Methods</title><p>Doses were reduced by 25%.</p></sec>"
    paper = TRIAL.replace("<body>", f"<body>{methods}")
    main(["read", str(write(tmp_path / "made.nxml", paper)), "--into", str(tmp_path / "review")])
    browser.get((tmp_path / "review" / "made" / "read.html").as_uri())
    browser.execute_script("localStorage.clear()")
    browser.refresh()  # returns when the page is loaded: a key pressed before that would be lost
    until(lambda: browser.execute_script("return document.documentElement.dataset.ready === 'yes'"))
    data = json.loads(browser.execute_script("return document.getElementById('data').textContent"))
    choose(browser, "unread")
    shown = browser.execute_script("return Array.from(document.querySelectorAll('.row'), r => r.textContent)")
    assert len(shown) == len(data["unread"]) > 0
    for text, place in zip(shown, data["unread"], strict=True):
        assert place["reason"] in text
        assert place["place"] in text
        assert place["printed"] in text
    press(browser, "c", "j", "d", "a", "w")
    rules = browser.execute_script("return document.getElementById('progress').textContent")
    assert rules.startswith("0 of")


def test_rows_with_the_same_words_are_named_until_one_is_told_apart(browser, tmp_path):
    again = "A response was seen in 40 of 110 patients (36.4%) in the drug A arm."
    paper = TRIAL.replace("in the drug A arm.</p>", f"in the drug A arm. {again}</p>")
    main(["read", str(write(tmp_path / "twins.nxml", paper)), "--into", str(tmp_path / "review")])
    browser.get((tmp_path / "review" / "twins" / "read.html").as_uri())
    choose(browser, "all")

    def named():
        return [text for text in browser.execute_script(LACKING) if text.startswith("the same words")]

    assert named() == [
        "the same words as 40/110, 36.4 %: say which patients, time or item",
        "the same words as 51/120, 42.5 %: say which patients, time or item",
    ]
    first = "Array.from(document.querySelectorAll('.row')).find(r => r.textContent.includes('51/120'))"
    browser.execute_script(f"{first}.click()")
    press(browser, "d")
    choose(browser, "all")
    assert named() == []
