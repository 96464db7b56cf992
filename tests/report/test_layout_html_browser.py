"""The page in a real Chromium: nothing is fetched, nothing complains; it works with keys, without script, on paper."""

import re
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from msgspec.structs import replace
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.common.keys import Keys

from iotscan.model.brand import Brand
from iotscan.model.facts import Claim
from iotscan.report.audit.assembly import document
from iotscan.report.document import Document
from iotscan.report.layout.html import render

from .attacks import ATTACKS
from .browser import Browser
from .example import example_run, image_run, interrupted_run
from .full import full_run, retold
from .test_layout_html import sifted
from .test_using import many

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
WORN = Brand(company="Muster GmbH", primary="#0b3d2e", accent="#8a1538", classification="TLP:AMBER", footer="Muster")
DOCUMENTS: dict[str, Callable[[], Document]] = {
    "example": lambda: document(example_run()),
    "interrupted": lambda: document(interrupted_run()),
    "image": lambda: document(image_run()),
    "full": lambda: document(full_run()),
    "traffic": lambda: document(many(3, 2)),
    "handmade": lambda: replace(sifted("cam-front"), brand=WORN, classification="TLP:AMBER", footer="Muster"),
}
SCHEMES = ("light", "dark")
HIDDEN = "return [...document.querySelectorAll('{}')].filter(e => !e.checkVisibility()).length"
SHOWN = "return [...document.querySelectorAll('#{} [data-k]')].filter(e => e.checkVisibility()).length"
FOCUSED = (
    "const e = document.activeElement, s = getComputedStyle(e);"
    "return [e.tagName, s.outlineStyle, parseFloat(s.outlineWidth), e.checkVisibility()]"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name of a document -> its page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    made = {name: folder / f"{name}.html" for name in DOCUMENTS}
    for name, path in made.items():
        path.write_bytes(render(DOCUMENTS[name]()))
    return made


@pytest.mark.parametrize("name", DOCUMENTS)
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
    page.write_bytes(render(document(retold(full_run(), evil, prose=True))))
    chromium.open(page)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []
    assert chromium.run(SHOWN.format("findings")) > 0


@pytest.mark.parametrize("start", range(0, len(ATTACKS), 12))
def test_no_attack_does_anything_in_any_block_or_name_of_a_brand(chromium: Browser, tmp_path: Path, start: int) -> None:
    page = tmp_path / "hostile.html"
    page.write_bytes(render(sifted(" ".join(ATTACKS[start : start + 12]).replace("\0", ""))))
    chromium.open(page)
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []


def test_a_logo_that_acts_does_nothing(chromium: Browser, tmp_path: Path) -> None:
    logo = (
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='alert(1)'><script>alert(2)</script>"
        b"<image href='http://192.0.2.9/p.gif'/><rect width='9' height='9'/></svg>"
    )
    page = tmp_path / "logo.html"
    page.write_bytes(render(replace(sifted("x"), brand=Brand(logo=logo, logo_type="image/svg+xml"))))
    chromium.open(page)
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()
    assert chromium.run("const i = document.querySelector('.logo'); return i.complete && i.naturalWidth") == 9
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []


ATTACKED = "<script>alert(1)</script><img src=x onerror=alert(2)><img src=http://192.0.2.9/p.gif></main>"


def test_the_policy_stops_what_is_not_ours(chromium: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "attacked.html"
    page.write_text(pages["example"].read_text(encoding="utf-8").replace("</main>", ATTACKED), encoding="utf-8")
    chromium.open(page)
    assert sum("Content Security Policy" in line for line in chromium.complaints()) >= 3
    with pytest.raises(NoAlertPresentException):
        chromium.driver.switch_to.alert.dismiss()


def test_an_attack_that_works_would_be_seen(chromium: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    page = tmp_path / "naked.html"
    text = pages["example"].read_text(encoding="utf-8").replace("Content-Security-Policy", "x-nothing")
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


def test_keys_reach_everything_and_show_where_they_are(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["handmade"])
    chromium.show()
    active = chromium.driver.switch_to
    chromium.driver.find_element("tag name", "body").send_keys(Keys.TAB)
    assert active.active_element.get_attribute("href").endswith("#main")
    seen: list[str] = []
    for _ in range(90):
        tag, style, width, is_visible = chromium.run(FOCUSED)
        if tag == "BODY":
            break
        assert is_visible
        assert style != "none", tag
        assert width >= 2, tag
        element = active.active_element
        seen.append(
            f"{tag} {element.get_attribute('class') or element.get_attribute('name') or element.get_attribute('href')}"
        )
        element.send_keys(Keys.TAB)
    for wanted in ("BUTTON scheme", "INPUT text", "INPUT Severity", "SELECT Element", "DIV scroll", "BUTTON copy"):
        assert wanted in seen, wanted
    assert any(one.startswith("SUMMARY") for one in seen)
    assert sum(one.startswith("A file:") and "#" in one for one in seen) > 5, "the contents"


def test_the_filter_works_with_keys(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["full"])
    chromium.show()
    shown = SHOWN.format("findings")
    everything = chromium.run(shown)
    assert everything > 5
    told = chromium.driver.find_element("css selector", "#findings .filter-told")
    assert _said(chromium, told) == f"All {everything} entries are shown."
    field = chromium.driver.find_element("id", "findings-text")
    field.send_keys("CAM-front telnet")
    wanted = chromium.run(
        "return [...document.querySelectorAll('#findings [data-k]')].filter(e => ['cam-front', 'telnet']"
        ".every(w => (e.textContent + (e.dataset.q ?? '')).toLowerCase().includes(w))).length"
    )
    assert 0 < wanted < everything
    assert _said(chromium, told) == f"{wanted} of {everything} entries are shown."
    assert chromium.run(shown) == wanted
    field.send_keys(Keys.TAB)
    active = chromium.driver.switch_to
    for _ in range(15):
        if active.active_element.tag_name == "button":
            break
        active.active_element.send_keys(Keys.TAB)
    active.active_element.send_keys(Keys.ENTER)
    assert _said(chromium, told) == f"All {everything} entries are shown."


def _said(chromium: Browser, told: Any) -> str:
    # The page waits a moment for the next key.
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    return str(told.text)


def test_severities_and_elements_are_sifted(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["full"])
    box = chromium.driver.find_element("css selector", "#findings [name=Severity]")
    box.send_keys(Keys.SPACE)
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert chromium.run(HIDDEN.format("#findings > .card.critical")) == 2
    assert chromium.run(HIDDEN.format("#findings > .card:not(.critical)")) == 0
    box.send_keys(Keys.SPACE)
    chromium.run(
        "const box = document.getElementById('findings-Element');"
        "box.value = [...box.options].find(o => o.text === 'keys').value;"
        "box.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    cards = chromium.driver.find_elements("css selector", "#findings > .card")
    keys = [card.is_displayed() for card in cards if "keys" in card.get_attribute("textContent").split()]
    assert keys
    assert sum(card.is_displayed() for card in cards) == chromium.run(
        "return [...document.querySelectorAll('#findings > .card > .card-head .mark')]"
        ".filter(m => m.textContent === 'keys').length"
    )


def test_a_link_leads_to_a_card_that_was_sifted_out(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["full"])
    field = chromium.driver.find_element("id", "findings-text")
    field.send_keys("nothing has these words")
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert chromium.run(SHOWN.format("findings")) == 0
    chromium.run("location.hash = document.querySelector('#findings [data-k]').id")
    chromium.driver.execute_async_script("setTimeout(arguments[0], 250)")
    assert chromium.run(SHOWN.format("findings")) > 0


def test_colours_can_be_chosen(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["handmade"])
    chromium.show(prefers_color_scheme="light")
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    light = chromium.run(ground)
    button = chromium.driver.find_element("css selector", "button.scheme")
    assert button.text == "Dark colours"
    button.send_keys(Keys.ENTER)
    dark = chromium.run(ground)
    assert dark != light
    assert button.text == "Light colours"
    chromium.show(prefers_color_scheme="dark")
    button.send_keys(Keys.ENTER)
    assert chromium.run(ground) == light


def test_code_can_be_copied(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.open(pages["handmade"])
    chromium.show()
    chromium.driver.execute_async_script(
        "document.querySelector('.code').scrollIntoView(); setTimeout(arguments[0], 200)"
    )
    chromium.run("window.kept = ''; navigator.clipboard.writeText = async (text) => { window.kept = text; }")
    button = chromium.driver.find_element("css selector", ".code .copy")
    button.send_keys(Keys.ENTER)
    assert chromium.run("return window.kept") == "$ curl cam-front\n\tsecond  line\n\ncam-front"
    assert button.text == "Copied"


def test_without_script_everything_can_be_read(chromium: Browser, pages: dict[str, Path]) -> None:
    chromium.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(pages["full"])
        # DevTools may still look; the page itself runs nothing.
        assert not any(form.is_displayed() for form in chromium.driver.find_elements("css selector", ".filter"))
        assert not chromium.driver.find_elements("css selector", ".copy, .scheme")
        for summary in chromium.driver.find_elements("css selector", "details:not([open]) > summary"):
            summary.send_keys(Keys.ENTER)
        for selector in (".card", "dd", "td", "h2", "pre"):
            found = chromium.driver.find_elements("css selector", selector)
            assert found
            assert all(node.is_displayed() for node in found), selector
    finally:
        chromium.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.complaints() == []


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_paper_shows_what_is_closed_on_the_screen(
    chromium: Browser, pages: dict[str, Path], tmp_path: Path, has_script: bool, scheme: str
) -> None:
    chromium.ask("Emulation.setScriptExecutionDisabled", value=not has_script)
    try:
        chromium.open(pages["handmade"])
        chromium.show(prefers_color_scheme=scheme)
        closed = chromium.run("return document.querySelectorAll('details:not([open])').length")
        chromium.print(tmp_path / "page.pdf")
    finally:
        chromium.ask("Emulation.setScriptExecutionDisabled", value=False)
    sheets = _printed(tmp_path / "page.pdf")
    printed = " ".join(" ".join(sheets).split())
    for needed in ("The same as a table", "Raw cam-front", "(https://docs.example/a?b=(c)&d=1)", "Contents"):
        assert needed in printed, needed
    assert printed.count("What was found by cam-front") == 3, "the tables in closed parts, too"
    for gone in ("Skip to the report", "Show all", "Dark colours"):
        assert gone not in printed
    for sheet in sheets:
        assert "not redacted cam-front" in sheet
        assert "TLP:AMBER" in sheet
        assert "Muster" in sheet
    assert "Page" not in sheets[0]
    for number, sheet in enumerate(sheets[1:], start=2):
        assert f"Page {number} of {len(sheets)}" in sheet
    assert closed > 0


def _printed(paper: Path) -> list[str]:
    made = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True)
    return made.stdout.split("\f")[:-1]


def test_a_long_table_has_its_head_on_every_sheet(chromium: Browser, tmp_path: Path) -> None:
    from .papers import table

    made = sifted("row")
    page = tmp_path / "long.html"
    section = replace(made.sections[2], blocks=(table("row", "long", 200),))
    page.write_bytes(render(replace(made, sections=(section,))))
    chromium.open(page)
    chromium.print(tmp_path / "page.pdf")
    sheets = [sheet for sheet in _printed(tmp_path / "page.pdf") if re.search(r"row \d+ ", sheet)]
    assert len(sheets) > 2
    assert all(re.search(r"Device\s+Findings\s+Seen", sheet) for sheet in sheets)


@pytest.mark.parametrize("width", [360, 768, 1400])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_sticks_out(chromium: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    chromium.open(pages[name])
    chromium.show(width=width)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


SCROLLED = (
    "return [...document.querySelectorAll('.scroll, .fitted')].filter(e => e.scrollWidth > e.clientWidth)"
    ".map(e => e.querySelector('table').id)"
)


@pytest.mark.parametrize("width", [1200, 1400])
def test_no_table_scrolls_sideways_on_a_usual_screen(chromium: Browser, tmp_path: Path, width: int) -> None:
    run = full_run()
    longest = replace(
        run.devices[0],
        addresses=("192.0.2.210", "2001:db8:1234:5678:9abc:def0:1234:5678"),
        mac="02:00:5e:10:53:0a",
        claims=(Claim(what="name", value="living-room.camera.front.example", how="mdns"),),
    )
    page = tmp_path / "wide.html"
    page.write_bytes(render(document(replace(run, devices=(longest, *run.devices[1:])))))
    chromium.open(page)
    chromium.show(width=width)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium.run("document.querySelectorAll('.card').forEach(c => c.style.contentVisibility = 'visible')")
    assert chromium.run(SCROLLED) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_accessibility_rules_hold(chromium: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    chromium.open(pages[name])
    chromium.show(prefers_color_scheme=scheme)
    chromium.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    chromium.run(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = chromium.driver.execute_async_script("axe.run(document).then(arguments[0])")
    broken = [(v["id"], v["help"], [n["html"][:120] for n in v["nodes"]][:3]) for v in result["violations"]]
    assert broken == []
    assert len(result["passes"]) > 20
