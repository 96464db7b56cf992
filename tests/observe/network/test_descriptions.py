"""Where the description of a UPnP device is fetched, whatever the device says."""

import anyio
import pytest

from iotscan.observe.network.discovery.multicast import _description
from iotscan.observe.network.ports import FRAGILE
from tests.observe.network.test_dial import HERE, dialer


@pytest.mark.parametrize("port", sorted(FRAGILE))
def test_printers_and_controllers_are_not_asked_for_one(port: int) -> None:
    dialed = dialer()
    assert anyio.run(_description, dialed, f"http://{HERE}:{port}/description.xml", HERE) == ()
    assert dialed.line(HERE).connections == 0


def test_nobody_else_is_asked_for_one() -> None:
    dialed = dialer()
    for location in (
        "http://127.0.0.2/x",
        "http://localhost/x",
        "https://127.0.0.9/x",
        "http://[::1]/x",
        "http://:99999/",
    ):
        assert anyio.run(_description, dialed, location, HERE) == ()
    assert dialed.line(HERE).connections == dialed.line("127.0.0.2").connections == 0
