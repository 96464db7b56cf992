"""One browser for all tests of a page."""

import os
from collections.abc import Iterator

import pytest

from .browser import Browser, browser, why_not


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser; where there is none, a loud skip, or a failure where Debian's programs have to be there."""
    if reason := why_not():
        if os.environ.get("IOTSCAN_REQUIRE_LAN") == "1":
            pytest.fail(f"IOTSCAN_REQUIRE_LAN=1, but no page can be opened in a browser: {reason}", pytrace=False)
        pytest.skip(f"the page was NOT opened in a browser: {reason}")
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened
