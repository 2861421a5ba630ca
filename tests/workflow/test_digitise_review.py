"""The review page of a digitised figure in a real browser: drag, click, mask, mend, save, and the command with it."""

import json
import shutil

import numpy as np
import pytest

from tests.made_figures import arm, draw

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="module")
def saved_to(tmp_path_factory):
    """Where the browser saves files."""
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def browser(saved_to):
    if not CHROMIUM or not DRIVER:
        pytest.skip("chromium and its driver are not on this machine (Debian: chromium, chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_argument("--window-size=1900,1700")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(saved_to)})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    """A vector figure (which needs no reading of letters), its reading, and its page."""
    for needed in ("cv2", "svgelements", "pdfplumber", "pypdfium2"):
        pytest.importorskip(needed, reason="the extra resurvey[digitise] is not installed")
    from resurvey.cli import main

    folder = tmp_path_factory.mktemp("review")
    path = draw(folder / "figure.pdf", [arm("Placebo", 1, median=9.0), arm("Docetaxel", 2, median=20.0)])
    assert main(["digitise", str(path), "--into", str(folder / "out")]) == 0
    return path, folder / "out" / "figure"


def state(browser):
    return json.loads(browser.execute_script("return JSON.stringify(window.corrections())"))


def tool(browser, name):
    browser.find_element("css selector", f"[data-tool={name}]").click()


def drag(browser, start, end):
    """Press at a place of the picture, move, let go."""
    from selenium.webdriver.common.action_chains import ActionChains

    svg = browser.find_element("id", "figure")
    size = browser.execute_script("const b = arguments[0].getBoundingClientRect(); return [b.width, b.height]", svg)
    view = browser.execute_script("const v = arguments[0].viewBox.baseVal; return [v.width, v.height]", svg)

    def off(place):
        return [round((place[k] / view[k] - 0.5) * size[k]) for k in (0, 1)]

    chain = ActionChains(browser, duration=20).move_to_element_with_offset(svg, *off(start)).click_and_hold()
    chain.move_to_element_with_offset(svg, *off(end)).release().perform()


def test_page_shows_the_reading_and_asks_nobody(browser, figure):
    _, home = figure
    text = (home / "review.html").read_text()
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text
    browser.get((home / "review.html").as_uri())
    assert browser.find_element("id", "verdict").text == "sure"
    assert len(browser.find_elements("css selector", "#figure polyline")) == 2
    assert len(browser.find_elements("css selector", "#risk td input")) == 14
    assert state(browser)["x"] == [] and not browser.get_log("browser")


def test_corrections_of_every_kind_are_saved_and_run(browser, figure, tmp_path):
    from selenium.webdriver.common.keys import Keys

    from resurvey.digitise import digitise, read_corrections

    path, home = figure
    browser.get((home / "review.html").as_uri())
    before = digitise(path)
    tick = before.axes.x.labels[-1]
    row = before.axes.box[3]
    drag(browser, (tick.pixel, row), (tick.pixel - 60, row))
    tool(browser, "mask")
    drag(browser, (5, 5), (40, 30))
    tool(browser, "through")
    lower = min(before.curves, key=lambda curve: curve.survival[-1])
    for t in (6.0, 12.0):
        s = lower.survival[np.searchsorted(lower.times, t, side="right") - 1]
        place = (float(before.axes.x.pixel(t)), float(before.axes.y.pixel(s)))
        drag(browser, place, place)
    tool(browser, "swap")
    drag(browser, (float(before.axes.x.pixel(20.0)), 60), (float(before.axes.x.pixel(20.0)), 60))
    cell = browser.find_element("css selector", "[data-cell='0,2']")
    cell.send_keys(Keys.CONTROL + "a" + Keys.NULL, "33")
    cell.send_keys(Keys.TAB)
    saved = state(browser)
    assert saved["x"][1][0] == pytest.approx(tick.pixel - 60, abs=2) and saved["x"][1][1] == tick.value
    assert np.allclose(saved["masks"][0], [5, 5, 40, 30], atol=2)
    assert len(saved["through"][0]) == 2 and len(saved["swaps"]) == 1 and saved["cells"] == [[0, 2, 33]]
    browser.find_element("id", "undo").click()
    assert state(browser)["cells"] == []
    saved["through"], saved["masks"] = [], []
    (tmp_path / "c.json").write_text(json.dumps(saved))
    fixed = read_corrections(tmp_path / "c.json")
    first, second = digitise(path, corrections=fixed), digitise(path, corrections=fixed)
    assert first.at_risk[0].counts[2] == 33
    stretch = (tick.pixel - before.axes.box[0]) / (tick.pixel - 60 - before.axes.box[0])
    assert first.curves[0].times[-1] == pytest.approx(before.curves[1].times[-1] * stretch, rel=0.02)
    for a, b in zip(first.curves, second.curves, strict=True):
        assert a.times.tobytes() == b.times.tobytes() and a.survival.tobytes() == b.survival.tobytes()


def test_keys_reach_every_control(browser, figure):
    _, home = figure
    browser.get((home / "review.html").as_uri())
    unnamed = browser.execute_script(
        "return [...document.querySelectorAll('input,select')].filter(e => !e.labels.length && "
        "!e.getAttribute('aria-label')).length"
    )
    assert unnamed == 0


def test_what_a_person_saves_runs_to_the_same_bytes(browser, saved_to, figure, tmp_path):
    from selenium.webdriver.support.ui import WebDriverWait

    from resurvey.cli import main
    from resurvey.digitise import digitise

    path, home = figure
    browser.get((home / "review.html").as_uri())
    before = digitise(path)
    tick, row = before.axes.x.labels[-1], before.axes.box[3]
    width = browser.find_element("id", "figure").size["width"]
    browser.find_element("id", "larger").click()
    assert browser.find_element("id", "figure").size["width"] == pytest.approx(1.5 * width, rel=0.01)
    browser.find_element("id", "smaller").click()
    drag(browser, (tick.pixel, row), (tick.pixel - 40, row))  # a figure of any size is dragged in its own pixels
    assert state(browser)["x"][1] == [pytest.approx(tick.pixel - 40, abs=2), tick.value]
    name = browser.find_element("css selector", "#names input")
    name.clear()
    name.send_keys("Control\t")
    assert browser.find_element("css selector", "#which option").text == "curve 1: Control"
    browser.find_element("id", "reviewed").click()
    browser.find_element("id", "save").click()
    kept = saved_to / f"{path.name}.corrections.json"
    WebDriverWait(browser, 20).until(lambda _: kept.is_file())
    assert f"--corrections {kept.name}" in browser.find_element("id", "again").text
    for once in ("one", "two"):
        assert main(["digitise", str(path), "--into", str(tmp_path / once), "--corrections", str(kept)]) == 0
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one" / "figure").iterdir())
    assert len(files) > 3
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert any("Control" in file.read_text() for file in (tmp_path / "one" / "figure").glob("*.csv"))
    assert "sure" in (tmp_path / "one" / "digitised.csv").read_text()


def test_a_small_figure_is_shown_large(browser, figure, tmp_path):
    _, home = figure
    page = (home / "review.html").read_text()
    start = page.index('"size": [')
    small = page[:start] + '"size": [235, 205]' + page[page.index("]", start) + 1 :]
    (tmp_path / "small.html").write_text(small)
    browser.get((tmp_path / "small.html").as_uri())
    assert browser.find_element("id", "figure").size["width"] > 900
