"""What tests of every folder share."""

import os
import sys
from collections.abc import Iterator

import pytest

from iotscan.lab.network import start, stop
from iotscan.lab.state import LabState


@pytest.fixture(scope="session")
def practice_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabState]:
    """The practice network, at addresses that no other test process uses (``state.prefix``)."""
    if sys.platform != "linux":
        pytest.skip("the practice network needs Linux")
    state = start(tmp_path_factory.mktemp("practice-network"), prefix=f"127.77.{1 + os.getpid() % 254}")
    yield state
    stop(state)
