"""SNMP v1 and v2c as far as one question: GET, and the response to it (RFC 1157, RFC 3416, BER of X.690).

There is no other request in here: iotscan cannot write to an agent.
"""

from typing import Final, Literal

import msgspec

SYS_DESCR: Final = (1, 3, 6, 1, 2, 1, 1, 1, 0)

Version = Literal["1", "2c"]
_VERSIONS: Final[dict[Version, int]] = {"1": 0, "2c": 1}
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_GET_REQUEST, _GET_RESPONSE = 0xA0, 0xA2


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A GetResponse. ``value`` is the octet string of the first variable, None when it has none."""

    version: Version
    community: bytes
    request_id: int
    error_status: int
    value: bytes | None


class _Malformed(Exception):
    pass


def _tlv(tag: int, body: bytes) -> bytes:
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def _integer(value: int) -> bytes:
    return _tlv(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _oid(arcs: tuple[int, ...]) -> bytes:
    body = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return _tlv(_OID, bytes(body))


def get_request(community: str, request_id: int, *, version: Version = "2c", oid: tuple[int, ...] = SYS_DESCR) -> bytes:
    """A GET of one variable. ``request_id`` is a signed 32-bit number; ``community`` is sent as UTF-8."""
    variable = _tlv(_SEQUENCE, _oid(oid) + _tlv(_NULL, b""))
    body = _integer(request_id) + _integer(0) + _integer(0) + _tlv(_SEQUENCE, variable)
    message = _integer(_VERSIONS[version]) + _tlv(_OCTETS, community.encode()) + _tlv(_GET_REQUEST, body)
    return _tlv(_SEQUENCE, message)


def read_response(data: bytes) -> Response | None:
    """The GetResponse that ``data`` is; None when it is none. Never raises."""
    try:
        return _read_message(data)
    except _Malformed:
        return None


def _read_message(data: bytes) -> Response:
    message, _ = _take(data, _SEQUENCE)
    number, rest = _take_integer(message)
    community, rest = _take(rest, _OCTETS)
    pdu, _ = _take(rest, _GET_RESPONSE)
    request_id, rest = _take_integer(pdu)
    error_status, rest = _take_integer(rest)
    _, rest = _take_integer(rest)
    variables, _ = _take(rest, _SEQUENCE)
    for name, code in _VERSIONS.items():
        if code == number:
            return Response(
                version=name,
                community=community,
                request_id=request_id,
                error_status=error_status,
                value=_first_octets(variables),
            )
    raise _Malformed


def _first_octets(variables: bytes) -> bytes | None:
    """The value of the first variable where it is an octet string; errors and exceptions carry none."""
    if not variables:
        return None
    variable, _ = _take(variables, _SEQUENCE)
    _, value = _take(variable, _OID)
    return _take(value, _OCTETS)[0] if value[:1] == bytes((_OCTETS,)) else None


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Split the element with ``tag`` off the front: its content, and what follows."""
    if len(data) < 2 or data[0] != tag:
        raise _Malformed
    length, start = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        start += size
        if not 1 <= size <= 4 or len(data) < start:
            raise _Malformed
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise _Malformed
    return data[start : start + length], data[start + length :]


def _take_integer(data: bytes) -> tuple[int, bytes]:
    body, rest = _take(data, _INTEGER)
    if not 1 <= len(body) <= 8:
        raise _Malformed
    return int.from_bytes(body, "big", signed=True), rest
