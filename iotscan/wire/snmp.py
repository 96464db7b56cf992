"""SNMP v1 and v2c as far as one question: GET, and the response to it (RFC 1157, RFC 3416, BER of X.690).

There is no other request in here, nor anywhere but GETBULK: iotscan cannot write to an agent.
"""

from typing import Final, Literal

import msgspec

from iotscan.wire.ber import NULL, OCTETS, OID, SEQUENCE, Malformed, element, integer, take, take_integer

SYS_DESCR: Final = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_OBJECT_ID: Final = (1, 3, 6, 1, 2, 1, 1, 2, 0)

Version = Literal["1", "2c"]
_VERSIONS: Final[dict[Version, int]] = {"1": 0, "2c": 1}
_OBJECT_ID_LIMIT: Final = 128
"""Octets read of one (RFC 2578 section 3.5: at most 128 arcs)."""
_GET_REQUEST, _GET_RESPONSE = 0xA0, 0xA2


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A GetResponse. ``value`` is the octet string of the first variable, None when it has none.

    ``object_id`` is its object identifier with dots, empty when it has none.
    """

    version: Version
    community: bytes
    request_id: int
    error_status: int
    value: bytes | None
    object_id: str = ""


def object_id(arcs: tuple[int, ...]) -> bytes:
    """An object identifier as an element (X.690 section 8.19)."""
    body = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(arc & 0x7F | 0x80)
        body += bytes(reversed(digits))
    return element(OID, bytes(body))


def get_request(community: str, request_id: int, *, version: Version = "2c", oid: tuple[int, ...] = SYS_DESCR) -> bytes:
    """A GET of one variable. ``request_id`` is a signed 32-bit number; ``community`` is sent as UTF-8."""
    variable = element(SEQUENCE, object_id(oid) + element(NULL, b""))
    body = integer(request_id) + integer(0) + integer(0) + element(SEQUENCE, variable)
    message = integer(_VERSIONS[version]) + element(OCTETS, community.encode()) + element(_GET_REQUEST, body)
    return element(SEQUENCE, message)


def read_response(data: bytes) -> Response | None:
    """The GetResponse that ``data`` is; None when it is none. Never raises."""
    try:
        return _read_message(data)
    except Malformed:
        return None


def _read_message(data: bytes) -> Response:
    message, _ = take(data, SEQUENCE)
    number, rest = take_integer(message)
    community, rest = take(rest, OCTETS)
    pdu, _ = take(rest, _GET_RESPONSE)
    request_id, rest = take_integer(pdu)
    error_status, rest = take_integer(rest)
    _, rest = take_integer(rest)
    variables, _ = take(rest, SEQUENCE)
    for name, code in _VERSIONS.items():
        if code == number:
            return Response(
                version=name,
                community=community,
                request_id=request_id,
                error_status=error_status,
                value=_first_octets(variables),
                object_id=_first_object_id(variables),
            )
    raise Malformed


def _first_octets(variables: bytes) -> bytes | None:
    """The value of the first variable where it is an octet string; errors and exceptions carry none."""
    if not variables:
        return None
    variable, _ = take(variables, SEQUENCE)
    _, value = take(variable, OID)
    return take(value, OCTETS)[0] if value[:1] == bytes((OCTETS,)) else None


def _first_object_id(variables: bytes) -> str:
    """The value of the first variable where it is an object identifier (X.690 section 8.19)."""
    if not variables:
        return ""
    variable, _ = take(variables, SEQUENCE)
    _, value = take(variable, OID)
    if value[:1] != bytes((OID,)):
        return ""
    arcs: list[int] = []
    arc = 0
    for octet in take(value, OID)[0][:_OBJECT_ID_LIMIT]:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs += (min(arc // 40, 2), arc - 40 * min(arc // 40, 2)) if not arcs else (arc,)
            arc = 0
    return ".".join(map(str, arcs))
