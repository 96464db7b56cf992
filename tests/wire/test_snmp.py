import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import snmp

REQUEST = bytes.fromhex("302902010104067075626c6963a01c0204075bcd15020100020100300e300c06082b060102010101000500")
"""``snmpget -v2c -c public HOST sysDescr.0`` with request id 123456789, put together by hand."""


def test_request_is_byte_for_byte_net_snmps() -> None:
    assert snmp.get_request("public", 123456789) == REQUEST


def response(value: bytes, *, version: int = 1, error: int = 0, community: bytes = b"public") -> bytes:
    def tlv(tag: int, body: bytes) -> bytes:
        return bytes((tag, 0x82)) + len(body).to_bytes(2, "big") + body

    variable = tlv(0x30, bytes.fromhex("06082b06010201010100") + value)
    pdu = b"\x02\x01\x07" + bytes((2, 1, error)) + b"\x02\x01\x00" + tlv(0x30, variable)
    return tlv(0x30, bytes((2, 1, version)) + tlv(0x04, community) + tlv(0xA2, pdu))


@given(st.binary(max_size=300))
def test_response_reads_back(text: bytes) -> None:
    read = snmp.read_response(response(b"\x04\x82" + len(text).to_bytes(2, "big") + text))
    assert read is not None
    assert (read.version, read.community, read.request_id, read.error_status) == ("2c", b"public", 7, 0)
    assert read.value == text


def test_no_such_name_is_an_answer_without_a_value() -> None:
    read = snmp.read_response(response(b"\x05\x00", version=0, error=2))
    assert read is not None
    assert (read.version, read.error_status, read.value) == ("1", 2, None)


def test_a_request_is_no_response() -> None:
    assert snmp.read_response(REQUEST) is None


@given(st.binary(max_size=300))
def test_read_response_never_raises(data: bytes) -> None:
    snmp.read_response(data)


@given(st.data())
def test_a_damaged_response_never_raises(data: st.DataObject) -> None:
    good = bytearray(response(b"\x04\x03abc"))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    snmp.read_response(bytes(good[: data.draw(st.integers(0, len(good)))]))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**31 - 1, -1, -129])
def test_request_ids_of_every_length(number: int) -> None:
    request = snmp.get_request("x", number)
    assert request[:1] == b"\x30"
    assert request[1] == len(request) - 2


def test_there_is_no_way_to_write() -> None:
    assert not [name for name in vars(snmp) if "set" in name.lower()]
    assert b"\xa3" not in snmp.get_request("public", 1)
