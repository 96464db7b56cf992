"""What devices saw of us, in one line."""

import msgspec
import pytest

from iotscan.model.device import Device
from iotscan.model.run import Cost
from iotscan.report import inventory
from iotscan.report.asked import asked
from tests.report.example import example_run

ONE = Cost(attempts=90, connections=4, datagrams=6, exchanges=3)


@pytest.mark.parametrize(
    ("costs", "line"),
    [
        ([], ""),
        ([(Cost(), "A")], ""),
        ([(ONE, "A")], "90 port attempts, 4 connections, 6 datagrams to 1 device"),
        (
            [(ONE, "A"), (ONE + Cost(frames=2), "B"), (Cost(frames=1), "C")],
            "3 raw frames, 180 port attempts, 8 connections, 12 datagrams to 3 devices; 68 each, most to B: 102",
        ),
    ],
)
def test_in_all_each_and_the_most(costs: list[tuple[Cost, str]], line: str) -> None:
    assert asked(costs) == line


def test_an_inventory_shows_it() -> None:
    device = Device(id="dev-1", addresses=("192.0.2.7",))
    run = msgspec.structs.replace(
        example_run(), command="discover", results=(), devices=(device,), costs={"dev-1": ONE}
    )
    assert "\nasked: 90 port attempts, 4 connections, 6 datagrams to 1 device\n" in inventory.inventory(run)
