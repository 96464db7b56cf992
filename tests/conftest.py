"""What tests of every folder share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from iotscan.lab.network import start, stop
from iotscan.lab.state import LabState

# No deadline: a busy machine is no bug. The same examples on CI: what fails there fails here.
settings.register_profile("iotscan", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("iotscan")


@pytest.fixture(scope="session", autouse=True)
def _nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the settings of whoever runs it."""
    os.environ["XDG_CONFIG_HOME"] = str(tmp_path_factory.mktemp("settings"))
    for name in [n for n in os.environ if n.startswith("IOTSCAN_") and n not in OUR_VARIABLES]:
        del os.environ[name]


@pytest.fixture(scope="session")
def practice_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabState]:
    """The practice network, at addresses that no other test process uses (``state.prefix``)."""
    if sys.platform != "linux":
        pytest.skip("the practice network needs Linux")
    state = start(tmp_path_factory.mktemp("practice-network"), prefix=f"127.77.{1 + os.getpid() % 254}")
    yield state
    stop(state)


OUR_VARIABLES = ("IOTSCAN_ACCEPT", "IOTSCAN_REQUIRE_LAN", "IOTSCAN_DEBUG")
ONE_AT_A_TIME = {"packaging": "lab", "cli": "lab", "lan": "lan", "hostile": "hostile"}
"""Folders whose tests share the default practice network, a LAN or devices: one worker runs each group.

pytest-xdist 3.8 under pytest 9.2 takes no notice of the marks (pytest-xdist issue 1386); the tests then
start a second LAN in namespaces of its own and wait for nobody.
"""


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in a hook of the same name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        if folder in ONE_AT_A_TIME:
            item.add_marker(pytest.mark.xdist_group(ONE_AT_A_TIME[folder]))
