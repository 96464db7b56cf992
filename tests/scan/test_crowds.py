"""One MAC that answers for many, and a link without end."""

from iotscan.observe.network.discovery.found import MANY, Found
from iotscan.scan.crowds import Crowds

PROXY, DEVICE = "02:00:00:00:00:01", "02:00:00:00:00:02"


def found(number: int, mac: str = PROXY, how: str = "answers ARP") -> Found:
    return Found(address=f"10.77.{number >> 8}.{number & 255}", how=how, mac=mac)


def test_beyond_the_first_of_one_mac_an_address_has_to_answer_itself() -> None:
    crowds = Crowds(4096)
    assert [crowds.take(found(n)) for n in range(MANY + 4)] == [True] * MANY + [False] * 4
    assert crowds.take(found(0, how="neighbour table"))
    assert crowds.take(found(9999, DEVICE))
    assert crowds.take(found(MANY, mac="", how="answers on tcp/80 (open)"))
    assert crowds.take(found(MANY))
    assert crowds.some() == tuple(found(n).address for n in range(MANY + 1, MANY + 4))
    assert list(crowds.notices()) == [
        f"{PROXY} answers for 32 addresses and 3 more, of which nothing else shows that anybody is there: "
        "not listed as devices"
    ]


def test_of_very_many_some_are_asked_and_the_others_counted() -> None:
    crowds = Crowds(4096)
    taken = [n for n in range(65_536) if crowds.take(found(n))]
    assert taken == list(range(MANY))
    assert len(crowds.some()) == 256
    told = list(crowds.notices())
    assert "32 addresses and 4,096 more" in told[0]
    assert told[0].endswith("; 3,840 of them were not asked")
    assert told[1:] == ["more than 4,096 addresses answered (--max-hosts): the others were left out"]


def test_a_link_without_end_is_taken_in_to_a_limit() -> None:
    crowds = Crowds(10)
    assert not crowds.shortfall
    assert sum(crowds.take(found(n, f"02:00:00:00:01:{n:02x}")) for n in range(40)) == 10
    assert crowds.shortfall == "more than 10 addresses answered"
    assert crowds.take(found(3, mac="", how="mdns"))
    assert crowds.left_out == 30


def test_of_many_such_macs_a_few_are_named() -> None:
    crowds = Crowds(4096)
    for mac in range(9):
        for n in range(MANY + 1):
            crowds.take(found(mac << 8 | n, f"02:00:00:00:01:{mac:02x}"))
    assert len(list(crowds.notices())) == 5
