"""What a device sees beyond the port sweep, counted on its own wire: at most 40 conversations and 500 packets."""

import pytest

from iotscan.model.facts import PortSweep
from tests.questions.conftest import Scan
from tests.questions.lan import chosen
from tests.questions.test_truth import found
from tests.questions.truth import QuestionDevice

pytestmark = [pytest.mark.lan, pytest.mark.slow]

DEVICES = [device for _, device in chosen()]
each = pytest.mark.parametrize("true", DEVICES, ids=[d.host for d in DEVICES])
OF_AN_OPEN_PORT = 4
"""Packets that a knock costs where somebody accepts: SYN, ACK, FIN, and the ACK of the other's FIN."""


@each
def test_calls_beyond_the_sweep_are_those_that_are_told_and_few(scan: Scan, true: QuestionDevice) -> None:
    cost = scan.finished.run.costs[found(scan, true).id]
    assert scan.finished.traffic.calls[true.host] == cost.attempts + cost.connections
    assert cost.conversations <= true.conversations


@each
def test_packets_beyond_the_sweep_are_few(scan: Scan, true: QuestionDevice) -> None:
    run, device = scan.finished.run, found(scan, true)
    swept = [o.fact for o in run.observations if o.subject.device == device.id and isinstance(o.fact, PortSweep)]
    accepted = sum(len(s.open) for s in swept)
    cost = run.costs[device.id]
    seen = scan.finished.traffic.packets[true.host] - cost.attempts - accepted * (OF_AN_OPEN_PORT - 1)
    assert seen <= true.packets
    # What we say is what the kernel sent; one that is reset ends without the two that are reckoned for its end, and
    # who speaks first is heard by a knock, too.
    assert abs(seen - cost.packets) <= 2 * (cost.connections + accepted)
