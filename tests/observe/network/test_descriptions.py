"""Where the description of a UPnP device is fetched, whatever the device says."""

from urllib.parse import urlsplit

import anyio
import pytest

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Round, Tally
from iotscan.observe.network.discovery.ssdp import _describe, _description
from iotscan.observe.network.ports import FRAGILE
from tests.observe.network.test_dial import HERE, dialer


@pytest.mark.parametrize("port", sorted(FRAGILE))
def test_printers_and_controllers_are_not_asked_for_one(port: int) -> None:
    dialed = dialer()
    assert anyio.run(_description, dialed, urlsplit(f"http://{HERE}:{port}/description.xml"), HERE) == ()
    assert dialed.line(HERE).connections == 0


def test_nobody_else_is_asked_for_one() -> None:
    dialed = dialer()
    send, receive = anyio.create_memory_object_stream[Found](9)
    link = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")
    at_work = Round(dialer=dialed, link=link, found=send, tally=Tally())
    elsewhere = (
        "http://127.0.0.2/x",
        "http://localhost/x",
        "https://127.0.0.9/x",
        "http://[::1]/x",
        "http://:99999/",
    )
    for location in elsewhere:
        anyio.run(_describe, at_work, HERE, location)
    assert dialed.line(HERE).connections == dialed.line("127.0.0.2").connections == 0
    assert [r for r in at_work.tally.remarks if "LOCATION points elsewhere" in r] == list(at_work.tally.remarks)
    assert len(at_work.tally.remarks) == len(elsewhere)
    send.close()
    receive.close()
