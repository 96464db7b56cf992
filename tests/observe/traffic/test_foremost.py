"""More devices than can be told of: who is left out is counted, and a flood hides nobody who spoke."""

from iotscan.model.facts import Exposure
from iotscan.observe.traffic.ledger import Ledger
from tests.observe.traffic.talking import OTHER, arp, conversation, hear

CLOUD = "203.0.113.80"
LOGIN = Exposure(kind="password", what="HTTP Basic login")


def test_of_a_crowd_those_are_told_of_who_said_what_counts_and_the_rest_is_counted() -> None:
    ledger = Ledger(own=("192.168.1.99",), known=(OTHER,), most=4)
    for n in range(2000):
        arp(ledger, f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", f"10.1.{n >> 8}.{n & 255}")
    arp(ledger, OTHER, "192.168.1.7")
    arp(ledger, "00:40:8c:00:00:09", "192.168.1.99")
    hear(ledger, conversation("10.1.0.200", CLOUD, mac="02:00:00:00:00:c8", up=10, down=10), LOGIN)
    hear(ledger, conversation("10.1.0.201", CLOUD, mac="02:00:00:00:00:c9", up=900, down=900))
    hear(ledger, conversation("10.1.0.202", CLOUD, mac="02:00:00:00:00:ca", up=800, down=900))
    assert [d.address for d in ledger.devices()] == ["10.1.0.200", "10.1.0.201", "192.168.1.7", "192.168.1.99"]
    assert {o.subject.device for o in ledger.observations()} == {d.id for d in ledger.devices()}
    (said,) = ledger.notices()
    assert said.startswith("2,002 devices were seen, and 4 are told of")
    assert "1,998" in said


def test_who_is_told_of_does_not_hang_on_the_order_of_frames() -> None:
    addresses = [f"10.1.0.{n}" for n in range(1, 200)]

    def told(order: list[str]) -> list[str]:
        ledger = Ledger(most=50)
        for address in order:
            arp(ledger, f"02:00:00:00:00:{int(address.rpartition('.')[2]):02x}", address)
        return [d.address for d in ledger.devices()]

    assert told(addresses) == told(addresses[::-1]) == addresses[:50]


def test_where_all_can_be_told_of_nothing_is_said() -> None:
    ledger = Ledger(most=2)
    hear(ledger, conversation("192.168.1.5", "192.168.1.6", to_mac=OTHER))
    assert len(ledger.devices()) == 2
    assert not ledger.notices()
