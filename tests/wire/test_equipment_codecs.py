"""Codecs of industrial protocols: what they say byte by byte, what they understand, and that nothing breaks them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import bacnet, dnp3, ethernet_ip, iso_tsap, knx, modbus, opc_ua

NOW = datetime(2026, 11, 26, tzinfo=UTC)
CONTEXT = b"12345678"
CHANNEL = opc_ua.Channel(number=7, token=9)
# Recorded from pymodbus, cpppo, python-snap7 and bacpypes3, and written by hand after the standards.
MODBUS = bytes.fromhex("006900000018ff2b0e0183000003000441636d650103504c430203312e32")
LINK_STATUS = bytes.fromhex("0564050b03000100")
DISCONNECT = bytes.fromhex("03000011" + "0c80001400000000000000000000")[:17]


def identity(name: bytes = b"1756-L61", context: bytes = CONTEXT) -> bytes:
    item = b"\1\0" + bytes(16) + b"\1\0\x0e\0\x36\0\x14\x0b\x60\x31" + (0x6C061A).to_bytes(4, "little")
    item += bytes([len(name)]) + name + b"\xff"
    body = b"\1\0\x0c\0" + len(item).to_bytes(2, "little") + item
    return b"\x63\0" + len(body).to_bytes(2, "little") + bytes(8) + context + bytes(4) + body


def frame(head: bytes) -> bytes:
    return head + dnp3.crc(head).to_bytes(2, "little")


def bvlc(apdu: str) -> bytes:
    layer = bytes.fromhex("0100" + apdu)
    return b"\x81\x0a" + (4 + len(layer)).to_bytes(2, "big") + layer


def name_is(text: bytes, charset: int = 0) -> str:
    said = bytes([0x75, len(text) + 1, charset]) + text
    return f"3069 0c 0c 0203f7a1 19 4d 3e {said.hex()} 3f"


def test_modbus_asks_for_the_basic_names_alone() -> None:
    assert modbus.identification_request(0x69).hex() == "006900000005ff2b0e0100"
    assert modbus.read_answer(MODBUS, 0x69) == modbus.Answer(vendor="Acme", product="PLC", revision="1.2")
    assert modbus.read_answer(bytes.fromhex("006900000003ffab01"), 0x69) == modbus.Answer(exception=1)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        MODBUS[:-1],
        b"\0\x68" + MODBUS[2:],  # the answer to another question
        bytes.fromhex("006900000003ff8301"),  # an exception to another function
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_no_answer_of_modbus(packet: bytes) -> None:
    assert modbus.read_answer(packet, 0x69) is None


def test_ethernet_ip_lists_one_identity() -> None:
    assert ethernet_ip.list_identity(CONTEXT).hex() == "6300" + "00" * 10 + CONTEXT.hex() + "00000000"
    said = ethernet_ip.read_answer(identity(), CONTEXT)
    assert said == ethernet_ip.Identity(vendor=1, product="1756-L61", revision="20.11", serial="006c061a")
    assert ethernet_ip.read_answer(identity(context=b"87654321"), CONTEXT) is None
    assert ethernet_ip.read_answer(identity()[:-2], CONTEXT) is None


def test_iso_transport_is_asked_for_a_connection() -> None:
    assert iso_tsap.CONNECTION_REQUEST.hex() == "0300001611e00000001400c0010ac1020100c2020102"
    confirm = bytes.fromhex("0300001611d00014000100c0010ac1020100c2020102")
    assert iso_tsap.read_reply(confirm) == "accepted"
    assert iso_tsap.read_reply(bytes.fromhex("0300000b06800014000103")) == "refused"
    assert iso_tsap.read_reply(confirm[:6] + b"\0\x15" + confirm[8:]) is None  # somebody else's reference
    assert iso_tsap.read_reply(confirm[:-1]) is None


def test_dnp3_asks_for_the_status_of_a_link() -> None:
    # The frame that IEEE 1815 prints as an example: the checksum is that of the standard.
    assert dnp3.crc(bytes.fromhex("056405c001000004")) == 0x21E9
    assert dnp3.link_status_request()[:8].hex() == "056405c901000300"
    assert dnp3.is_answer(frame(LINK_STATUS))
    assert not dnp3.is_answer(LINK_STATUS + b"\0\0")
    assert not dnp3.is_answer(dnp3.link_status_request())  # an echo is no answer
    assert not dnp3.is_answer(frame(bytes.fromhex("0564050b04000100")))  # to another master


def test_bacnet_reads_a_name() -> None:
    assert bacnet.read_name(0x69).hex() == "810a0011" + "0104" + "0005690c" + "0c023fffff" + "194d"
    said = bacnet.read_property(bvlc(name_is(b"Air handler")), 0x69)
    assert said == bacnet.Property(name="Air handler", device=260001)
    assert bacnet.read_property(bvlc(name_is("Lüfter".encode("utf-16-be"), 4)), 0x69).name == "Lüfter"  # type: ignore[union-attr]  # it is an answer
    assert bacnet.read_property(bvlc("50690c91019120"), 0x69) == bacnet.Property(refusal="error")
    assert bacnet.read_property(bvlc("606909"), 0x69) == bacnet.Property(refusal="reject")
    assert bacnet.read_property(bvlc("50680c91019120"), 0x69) is None
    assert bacnet.read_property(bvlc("1000c4020003e8"), 0x69) is None


def test_knx_describes_itself() -> None:
    assert knx.description_request().hex() == "06100203000e0801000000000000"
    device = bytes([54, 1, 0x20, 0, 0x11, 0x01, 0, 0]) + bytes.fromhex("00fa12345678") + bytes(4)
    device += bytes.fromhex("0050c2001122") + b"IP router".ljust(30, b"\0")
    for families, is_secured in ((b"\x02\x01\x04\x01", False), (b"\x02\x02\x04\x02\x09\x01", True)):
        block = bytes([2 + len(families), 2]) + families
        packet = b"\x06\x10\x02\x04" + (6 + len(device) + len(block)).to_bytes(2, "big") + device + block
        said = knx.read_description(packet)
        assert said is not None
        assert (said.name, said.serial, knx.SECURITY in said.families) == ("IP router", "00fa12345678", is_secured)
        assert knx.read_description(packet[:-1]) is None


def test_opc_ua_begins_with_a_hello() -> None:
    said = opc_ua.hello("opc.tcp://192.0.2.1:4840")
    assert said[:8] == b"HELF" + len(said).to_bytes(4, "little")
    assert opc_ua.is_answer(b"ACKF\x1c\0\0\0" + bytes(20))
    assert opc_ua.is_acknowledged(b"ACKF\x1c\0\0\0" + bytes(20))
    error = b"ERRF\x19\0\0\0\0\0\x7d\x80\x09\0\0\0not here."
    assert opc_ua.is_answer(error)
    assert opc_ua.read_error(error) == "not here."
    assert not opc_ua.is_answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert opc_ua.open_channel(NOW)[:4] == b"OPNF"


def test_a_list_of_endpoints_without_end_is_none() -> None:
    head = bytes.fromhex("0100af01") + bytes(12) + bytes(4) + bytes(1) + bytes(4) + bytes(3)
    body = head + b"\xff\xff\xff\x7f"
    packet = b"MSGF" + (24 + len(body)).to_bytes(4, "little") + bytes(16) + body
    assert opc_ua.read_endpoints(packet) is None
    none = packet[:-4] + bytes(4)
    assert opc_ua.read_endpoints(none) == opc_ua.Server()


@given(st.binary(max_size=300), st.sampled_from([b"", MODBUS[:9], identity()[:30], b"\x81\x0a", b"MSGF", b"OPNF"]))
def test_no_bytes_break_a_codec(tail: bytes, head: bytes) -> None:
    packet = head + tail
    for read in (
        lambda p: modbus.read_answer(p, 0x69),
        lambda p: ethernet_ip.read_answer(p, CONTEXT),
        iso_tsap.read_reply,
        dnp3.is_answer,
        lambda p: bacnet.read_property(p, 0x69),
        knx.read_description,
        opc_ua.read_channel,
        opc_ua.read_endpoints,
        opc_ua.read_error,
        opc_ua.is_answer,
        *(codec.wants_more for codec in (modbus, ethernet_ip, iso_tsap, dnp3, opc_ua)),
    ):
        read(packet)


@given(st.binary(max_size=300))
def test_no_answer_is_waited_for_without_end(said: bytes) -> None:
    for codec, most in ((modbus, 260), (ethernet_ip, 24 + 1024), (iso_tsap, 128), (dnp3, 10)):
        assert not codec.wants_more(said + bytes(most))  # type: ignore[attr-defined]  # each module has it
