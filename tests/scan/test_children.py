"""What stands behind a device is said to be there, and not assessed."""

import msgspec

from iotscan.model.device import Device
from iotscan.model.facts import Claim
from iotscan.model.run import Notice
from iotscan.report.inventory import entries, inventory
from iotscan.scan.children import children_notices
from tests.report.example import example_run


def gateway(*children: str) -> Device:
    claims = tuple(Claim(what="child", value=c, how=how) for c in children for how in ("knx search", "mdns"))
    return Device(id="dev-1", addresses=("192.0.2.7",), claims=claims)


def test_they_are_named_once_and_counted() -> None:
    lines = [f"KNX line 1.{n}" for n in range(10)]
    (notice,) = children_notices([gateway(*lines), gateway()])
    named = ", ".join(lines[:8])
    assert notice == Notice(about="children", text=f"behind 192.0.2.7, present and not assessed: {named} and 2 more")


def test_an_inventory_lists_them_with_the_device() -> None:
    run = msgspec.structs.replace(example_run(), devices=(gateway("KNX line 1.1"),))
    assert "  behind it, not assessed: KNX line 1.1\n" in inventory(run)
    assert entries(run)[0].children == ("KNX line 1.1",)
