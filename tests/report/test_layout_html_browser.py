"""The page in a real Chromium: nothing is fetched, nothing complains; it works with keys, without script, on paper."""

import subprocess
import zlib
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.keys import Keys

from iotscan.report.html import render

from .attacks import ATTACKS
from .browser import Browser
from .example import example_run, image_run, interrupted_run
from .full import full_run, retold

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
RUNS = {f.__name__: f for f in (example_run, interrupted_run, image_run, full_run)}
SCHEMES = ("light", "dark")
HIDDEN = "return [...document.querySelectorAll('{}')].filter(e => !e.checkVisibility()).length"
SHOWN = "return [...document.querySelectorAll('.place')].filter(e => !e.hidden && !e.closest('.finding').hidden).length"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name of a run -> its page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: folder / f"{name}.html" for name in RUNS}
    for name, path in made.items():
        path.write_text(render(RUNS[name]()), encoding="utf-8")
    return made


@pytest.mark.parametrize("name", RUNS)
def test_a_page_asks_for_nothing_and_complains_of_nothing(chromium: Browser, pages: dict[str, Path], name: str) -> None:
    chromium.open(pages[name])
    for scheme in SCHEMES:
        chromium.show(prefers_color_scheme=scheme)
    assert chromium.requests() == [pages[name].as_uri()]
    assert chromium.complaints() == []


@pytest.mark.parametrize("turn", range(4))
def test_no_attack_does_anything(chromium: Browser, tmp_path: Path, turn: int) -> None:
    def evil(text: str) -> str:
        return f"{text} {ATTACKS[(zlib.crc32(text.encode()) + turn * 89) % len(ATTACKS)]}"

    page = tmp_path / "hostile.html"
    page.write_text(render(retold(full_run(), evil, prose=True)), encoding="utf-8")
    chromium.open(page)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []
    assert chromium.run(SHOWN) == chromium.run("return document.querySelectorAll('.place').length") > 0


ATTACKED = "<script>alert(1)</script><img src=x onerror=alert(2)><img src=http://192.0.2.9/p.gif></main>"


def test_the_policy_stops_what_is_not_ours(chromium: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "attacked.html"
    page.write_text(pages["example_run"].read_text(encoding="utf-8").replace("</main>", ATTACKED), encoding="utf-8")
    chromium.open(page)
    assert sum("Content Security Policy" in line for line in chromium.complaints()) >= 3
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()


def test_an_attack_that_works_would_be_seen(chromium: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "naked.html"
    text = pages["example_run"].read_text(encoding="utf-8").replace("Content-Security-Policy", "x-nothing")
    page.write_text(text.replace("</main>", ATTACKED), encoding="utf-8")
    chromium.open(page)
    chromium.driver.switch_to.alert.dismiss()
    while _dismissed(chromium):
        pass
    assert "http://192.0.2.9/p.gif" in chromium.requests()
    assert chromium.complaints() != []


def _dismissed(chromium: Browser) -> bool:
    """True when an alert stood there."""
    try:
        chromium.driver.switch_to.alert.dismiss()
    except NoAlertPresentException:
        return False
    return True


def test_the_filter_works_with_keys(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["full_run"])
    chromium.show()
    everything = chromium.run(SHOWN)
    told = chromium.driver.find_element("id", "filter-told")

    def said() -> str:
        # The page waits a moment for the next key.
        chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
        return told.text

    assert said() == f"All {everything} findings are shown."
    active = chromium.driver.switch_to
    chromium.driver.find_element("tag name", "body").send_keys(Keys.TAB)
    assert active.active_element.get_attribute("href").endswith("#main")
    active.active_element.send_keys(Keys.ENTER)
    for _ in range(30):
        active.active_element.send_keys(Keys.TAB)
        if active.active_element.get_attribute("id") == "filter-text":
            break
    active.active_element.send_keys("CAM-front telnet")
    assert said() == f"2 of {everything} findings are shown."
    active.active_element.send_keys(Keys.TAB)
    active.active_element.send_keys("keys")
    assert said() == f"1 of {everything} findings are shown."
    for _ in range(10):
        active.active_element.send_keys(Keys.TAB)
        if active.active_element.tag_name == "button":
            break
    active.active_element.send_keys(Keys.ENTER)
    assert said() == f"All {everything} findings are shown."


@pytest.mark.parametrize(
    ("field", "value", "selector"),
    [
        ("status", "waived", '.place[data-status="waived"]'),
        ("status", "open", '.place[data-status="open"]'),
        ("status", "new", '.place[data-new="yes"]'),
        ("element", "communication", '.finding[data-element="communication"] .place'),
    ],
)
def test_the_filter_shows_what_it_names(
    chromium: Browser, pages: dict[str, Path], field: str, value: str, selector: str
) -> None:
    chromium.open(pages["full_run"])
    wanted = chromium.run(f"return document.querySelectorAll('{selector}').length")
    chromium.run(
        "const box = document.forms[0].elements.namedItem(arguments[0]); box.value = arguments[1];"
        "box.dispatchEvent(new Event('input', {bubbles: true}))",
        field,
        value,
    )
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert chromium.run(SHOWN) == wanted > 0
    assert chromium.run(f"return [...document.querySelectorAll('{selector}')].every(e => !e.hidden)")


def test_severities_can_be_switched_off(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["full_run"])
    box = chromium.driver.find_element("css selector", '[name=severity][value="critical"]')
    box.send_keys(Keys.SPACE)
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert chromium.run(HIDDEN.format('.finding[data-severity="critical"]')) == 2
    assert chromium.run(HIDDEN.format('.finding:not([data-severity="critical"])')) == 0


def test_without_script_everything_can_be_read(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(pages["full_run"])
        # DevTools may still look; the page itself runs nothing.
        assert not chromium.driver.find_element("id", "filter").is_displayed()
        for summary in chromium.driver.find_elements("css selector", "details:not([open]) > summary"):
            summary.send_keys(Keys.ENTER)
        for selector in (".finding", ".place", "dd", "td", "h2"):
            found = chromium.driver.find_elements("css selector", selector)
            assert found
            assert all(node.is_displayed() for node in found), selector
    finally:
        chromium.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.complaints() == []


@pytest.mark.parametrize("has_script", [True, False])
def test_paper_shows_what_is_closed_on_the_screen(
    chromium: Browser, pages: dict[str, Path], tmp_path: Path, has_script: bool
) -> None:
    chromium.ask("Emulation.setScriptExecutionDisabled", value=not has_script)
    try:
        chromium.open(pages["full_run"])
        chromium.print(tmp_path / "page.pdf")
    finally:
        chromium.ask("Emulation.setScriptExecutionDisabled", value=False)
    made = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    )
    sheets = made.stdout.split("\f")[:-1]
    printed = " ".join(made.stdout.split())
    for needed in ("RFC 8996 (deprecating TLS 1.0 and 1.1)", "Why it matters", "certificate-lifetime × 3", "To reach"):
        assert needed in printed, needed
    assert "Skip to the report" not in printed
    assert "Show all" not in printed
    assert all("NOT REDACTED" in sheet for sheet in sheets)
    assert f"{len(sheets)} / {len(sheets)}" in sheets[-1]
    # Opened for the printer, closed again for the reader.
    assert chromium.run("return document.querySelectorAll('details:not([open])').length") > 0


@pytest.mark.parametrize("width", [360, 768, 1200])
@pytest.mark.parametrize("name", RUNS)
def test_nothing_sticks_out(chromium: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    chromium.open(pages[name])
    chromium.show(width=width)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", RUNS)
def test_accessibility_rules_hold(chromium: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    chromium.open(pages[name])
    chromium.show(prefers_color_scheme=scheme)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium.run(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = chromium.driver.execute_async_script("axe.run(document).then(arguments[0])")
    broken = [(v["id"], v["help"], [n["html"][:120] for n in v["nodes"]][:3]) for v in result["violations"]]
    assert broken == []
    assert len(result["passes"]) > 20
