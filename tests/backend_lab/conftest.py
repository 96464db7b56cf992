"""The cloud, started once."""

import os
from collections.abc import Iterator

import pytest

from tests.backend_lab.cloud import TOOLS, Cloud
from tests.lan.conftest import give_up
from tests.lan.network import Lan, why_not


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """All servers of the cloud and a scanner; skips loudly, or fails, where no namespaces can be made."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    with Lan(tmp_path_factory.mktemp("cloud")) as lan:
        yield Cloud(lan)
