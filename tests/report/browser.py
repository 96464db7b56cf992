"""A real Chromium without a window, that can reach nothing: what it asked for and complained of is written down."""

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver", "pdftotext": "poppler-utils"}
"""Program -> Debian package: the browser, what drives it, what reads the paper that it prints."""
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


def why_not() -> str:
    """Why no browser can be driven here; empty when one can."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    return f"missing: apt-get install -y --no-install-recommends {' '.join(missing)}" if missing else ""


class Browser:
    """One Chromium. :meth:`open` forgets what was written down before."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        """Load a file and wait until it is there."""
        self.driver.get("about:blank")
        self.requests()
        self.complaints()
        self.driver.get(page.as_uri())

    def run(self, script: str, *given: Any) -> Any:
        """What a script returns in the page."""
        return self.driver.execute_script(script, *given)

    def ask(self, command: str, **given: Any) -> dict[str, Any]:
        """A command of the DevTools protocol."""
        return dict(self.driver.execute_cdp_cmd(command, given) or {})

    def requests(self) -> list[str]:
        """Every address that was asked for since the last look, data of the page itself left out."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith(("data:", "about:"))]

    def complaints(self) -> list[str]:
        """Every line on the console since the last look: errors, violations of the policy, and anything else."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def show(self, *, width: int = 1200, height: int = 900, **features: str) -> None:
        """Set the window and media features, as ``prefers_color_scheme="dark"``."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.ask("Emulation.setEmulatedMedia", media="", features=wanted)

    def shoot(self, picture: Path) -> None:
        """The whole page as PNG."""
        made = self.ask("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        picture.write_bytes(base64.b64decode(made["data"]))

    def print(self, paper: Path) -> None:
        """The page as PDF on the paper that its style asks for."""
        made = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        paper.write_bytes(base64.b64decode(made["data"]))


@contextmanager
def browser(profile: Path, *, preferences: Mapping[str, Any] | None = None) -> Iterator[Browser]:
    """Start a browser with a new profile in ``profile`` and end it."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in (*_QUIET, f"--user-data-dir={profile}"):
        options.add_argument(word)
    options.add_experimental_option("prefs", dict(preferences or {}))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # An alert would be an attack that worked: it must stand until the test sees it.
    options.unhandled_prompt_behavior = "ignore"
    driver = Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
