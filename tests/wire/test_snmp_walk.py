"""Walks of an agent's table: what is asked, what a row says, and that no agent can keep a walk going."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.arp_table import IP_NET_TO_MEDIA, IP_NET_TO_PHYSICAL, read_row
from iotscan.wire.ber import NULL, OCTETS, SEQUENCE, element, integer
from iotscan.wire.snmp import object_id
from iotscan.wire.snmp_walk import Bulk, Oid, Variable, Walk, get_bulk, read_bulk

MAC = bytes.fromhex("00408c000010")
ROOT = (1, 3, 6, 1)


def response(*variables: tuple[Oid, bytes], number: int = 7, error: int = 0) -> bytes:
    """A GetResponse of v2c with these variables."""
    said = b"".join(element(SEQUENCE, object_id(name) + value) for name, value in variables)
    pdu = element(0xA2, integer(number) + integer(error) + integer(0) + element(SEQUENCE, said))
    return element(SEQUENCE, integer(1) + element(OCTETS, b"hall") + pdu)


def bulk(*names: Oid, error: int = 0, tag: int = OCTETS) -> Bulk:
    variables = tuple(Variable(name=name, tag=tag, value=MAC) for name in names)
    return Bulk(community=b"hall", request_id=7, error_status=error, variables=variables)


def test_the_question_is_byte_for_byte_net_snmps() -> None:
    # snmpbulkget -v2c -c hall -Cr32 HOST 1.3.6.1.2.1.4.22.1.2, request id 7
    head, variable = "3025020101040468616c6ca51a020107020100020120", "300f300d06092b06010201041601020500"
    assert get_bulk("hall", 7, IP_NET_TO_MEDIA, 32).hex() == head + variable


def test_rows_are_read_back() -> None:
    four, six = (*IP_NET_TO_MEDIA, 2, 10, 0, 0, 9), (*IP_NET_TO_PHYSICAL, 2, 2, 16, *ip_address("fd00::9").packed)
    said = read_bulk(response((four, element(OCTETS, MAC)), (six, element(OCTETS, MAC))), 32)
    assert said is not None
    rows = [read_row(row) for row in said.variables]
    assert [(str(r.address), r.mac) for r in rows if r] == [
        ("10.0.0.9", "00:40:8c:00:00:10"),
        ("fd00::9", "00:40:8c:00:00:10"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ((*IP_NET_TO_MEDIA, 2, 10, 0, 0), MAC),
        ((*IP_NET_TO_MEDIA, 2, 10, 0, 0, 999), MAC),
        ((*IP_NET_TO_MEDIA, 2, 10, 0, 0, 9), MAC[:5]),
        ((*IP_NET_TO_MEDIA, 2, 10, 0, 0, 9), bytes(6)),
        ((*IP_NET_TO_MEDIA, 2, 10, 0, 0, 9), b"\xff" * 6),
        ((*IP_NET_TO_MEDIA, 2, 224, 0, 0, 9), MAC),
        ((*IP_NET_TO_MEDIA, 2, 0, 0, 0, 0), MAC),
        ((*IP_NET_TO_PHYSICAL, 2, 1, 4, 10, 0, 0), MAC),
        ((*IP_NET_TO_PHYSICAL, 2, 4, 20, *range(20)), MAC),
        (IP_NET_TO_PHYSICAL, MAC),
        (ROOT, MAC),
    ],
)
def test_what_is_no_neighbour(name: Oid, value: bytes) -> None:
    assert read_row(Variable(name=name, tag=OCTETS, value=value)) is None


def test_a_walk_takes_what_follows_below_its_root() -> None:
    walk = Walk(ROOT, 4)
    assert len(walk.take(bulk((*ROOT, 1), (*ROOT, 2)))) == 2
    assert (walk.after, walk.state) == ((*ROOT, 2), "goes on")
    assert len(walk.take(bulk((*ROOT, 3), (1, 3, 6, 2)))) == 1
    assert walk.state == "ended"


@pytest.mark.parametrize("again", [(*ROOT, 2), (*ROOT, 1), ROOT])
def test_who_goes_round_is_left(again: Oid) -> None:
    walk = Walk(ROOT, 4)
    assert len(walk.take(bulk((*ROOT, 2), again, (*ROOT, 9)))) == 1
    assert walk.state == "goes round"


def test_ends_refusals_and_agents_with_little_room() -> None:
    for said, state in ((bulk(), "ended"), (bulk((*ROOT, 1), tag=0x82), "ended"), (bulk(error=16), "refused")):
        walk = Walk(ROOT, 4)
        assert walk.take(said) == ()
        assert walk.state == state
    walk = Walk(ROOT, 4)
    for rows in (2, 1):
        assert walk.take(bulk(error=1)) == ()
        assert (walk.rows, walk.state) == (rows, "goes on")
    walk.take(bulk(error=1))
    assert walk.state == "refused"


def test_no_more_rows_than_were_asked_for_and_no_endless_names() -> None:
    many = [((*ROOT, n), element(NULL, b"")) for n in range(100)]
    said = read_bulk(response(*many), 32)
    assert said is not None
    assert len(said.variables) == 32
    assert read_bulk(response(((1, 3, *range(130)), element(NULL, b""))), 32) is None
    assert read_bulk(response(((1, 3, 1 << 32), element(NULL, b""))), 32) is None


@given(st.binary(max_size=300))
def test_bytes_from_a_network_break_nothing(packet: bytes) -> None:
    assert read_bulk(packet, 32) is None


@given(st.data())
def test_mutated_answers_are_read_or_refused(data: st.DataObject) -> None:
    packet = bytearray(response(((*IP_NET_TO_MEDIA, 2, 10, 0, 0, 9), element(OCTETS, MAC))))
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    said = read_bulk(bytes(packet), 32)
    for row in said.variables if said else ():
        read_row(row)
