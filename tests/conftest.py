"""What tests of every folder share."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from iotscan.lab.network import start, stop
from iotscan.lab.state import LabState

if TYPE_CHECKING:
    from tests.pki_lab.pki import Pki

# No deadline: a busy machine is no bug. The same examples on CI: what fails there fails here.
settings.register_profile("iotscan", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("iotscan")


@pytest.fixture(scope="session", autouse=True)
def _nobodys_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the settings of whoever runs it, and no shell that it starts shows their prompt."""
    os.environ.pop("PS1", None)
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


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> "Pki":
    """Certificates, CRLs and OCSP responses of every kind, relative to now: tests/pki_lab/README.md."""
    # Only those who ask for it pay for what it imports.
    from tests.pki_lab.pki import Pki

    return Pki(tmp_path_factory.mktemp("pki"))


OUR_VARIABLES = ("IOTSCAN_ACCEPT", "IOTSCAN_REQUIRE_LAN", "IOTSCAN_DEBUG", "IOTSCAN_TOPICS")
ONE_AT_A_TIME = {"packaging": "packaging", "lan": "lan", "questions": "lan"}
"""Folders -> who runs them, whole: one worker each. The default practice network is shared; and LANs share one table of
neighbours in the kernel, whose limits hold for all namespaces together (arp(7), gc_thresh3)."""


class ByFile(LoadFileScheduling):
    """A file's tests go to one worker, so that what a module sets up is set up once.

    A scheduler of our own, for pytest-xdist 3.8 under pytest 9.2 takes no notice of group marks (its issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.split("/")[1]
        return ONE_AT_A_TIME.get(folder) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)  # absent where pytest-xdist is switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)
