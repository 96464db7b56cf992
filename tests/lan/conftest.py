"""The LAN, started once and scanned where a test needs a scan."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.lan import devices
from tests.lan.network import Lan, why_not
from tests.lan.scanning import Scanner
from tests.lan.truth import LanTruth, load_truth


def give_up(reason: str, *, is_required: bool) -> NoReturn:
    """Skip, or fail where the LAN has to be tested."""
    if is_required:
        pytest.fail(f"IOTSCAN_REQUIRE_LAN=1, but the LAN of real daemons cannot be made: {reason}", pytrace=False)
    pytest.skip(f"the LAN of real daemons was NOT tested: {reason}")


@pytest.fixture(scope="session")
def truth() -> LanTruth:
    """What is true of the LAN."""
    return load_truth()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes folders below the session's; skips loudly, or fails, where no network of namespaces can be made."""
    if reason := why_not(devices.TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    return tmp_path_factory.mktemp


@pytest.fixture(scope="session")
def lan(place: Callable[[str], Path], truth: LanTruth) -> Iterator[devices.Setup]:
    """All machines of the truth with their daemons, each answering."""
    with Lan(place("lan")) as network:
        setup = devices.Setup(network, truth)
        setup.wait_until_ready()
        yield setup


@pytest.fixture(scope="session")
def scanner(lan: devices.Setup, place: Callable[[str], Path]) -> Scanner:
    """The command line, where the scanner stands."""
    return Scanner(lan, place("scans"))
