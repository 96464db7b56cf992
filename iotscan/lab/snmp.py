"""A small SNMP agent: GET and GETNEXT of a few strings, versions 1 and 2c.

Source: RFC 1157 (SNMPv1), RFC 1901 and RFC 3416 (v2c), X.690 (BER). An agent is silent towards a wrong
community, a wrong version and everything malformed.
"""

from collections.abc import Mapping

import msgspec

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
GET, GETNEXT, RESPONSE = 0xA0, 0xA1, 0xA2
NO_SUCH_OBJECT, END_OF_VIEW = b"\x80\x00", b"\x82\x00"
"""What v2c says in the place of a value."""
NO_SUCH_NAME = 2
VERSION_1, VERSION_2C = 0, 1
BINDINGS = 32
"""Variables that one request may ask for."""
DATAGRAM_LIMIT = 4096
ARC_LIMIT = 2**32
"""Beyond the greatest arc of an object identifier (RFC 2578 section 3.5)."""

ObjectId = tuple[int, ...]


class Malformed(ValueError):
    """These bytes are no request."""


def encode(tag: int, body: bytes) -> bytes:
    """One element: tag, length, body."""
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def encode_number(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encode_id(value: ObjectId) -> bytes:
    """An OBJECT IDENTIFIER."""
    body = bytearray()
    for arc in (value[0] * 40 + value[1], *value[2:]):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return encode(OID, bytes(body))


class Reader:
    """Takes elements off the front of some bytes. Each method raises Malformed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def is_empty(self) -> bool:
        """True when all is read."""
        return not self._data

    def any_element(self) -> tuple[int, bytes]:
        """The next element's tag and body."""
        tag, length, at = self._byte(0), self._byte(1), 2
        if length == 0x80:
            raise Malformed("an indefinite length")
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(self._data[2:at], "big")
        body = self._data[at : at + length]
        if len(body) < length:
            raise Malformed("a length points beyond the end")
        self._data = self._data[at + length :]
        return tag, body

    def element(self, wanted: int) -> bytes:
        """The body of the next element, which has to be of one kind."""
        tag, body = self.any_element()
        if tag != wanted:
            raise Malformed("another element was due")
        return body

    def _byte(self, at: int) -> int:
        if at >= len(self._data):
            raise Malformed("it ends too early")
        return self._data[at]


def read_id(body: bytes) -> ObjectId:
    """The arcs of an OBJECT IDENTIFIER. Raises Malformed."""
    arcs, arc = [], 0
    for byte in body:
        arc = arc << 7 | byte & 0x7F
        if arc >= ARC_LIMIT:
            raise Malformed("an arc beyond the limit")
        if byte < 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs or body[-1] >= 0x80:
        raise Malformed("no object identifier")
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - first * 40, *arcs[1:])


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A GET or GETNEXT: version (0 for v1, 1 for v2c), community, the id as it was sent, what is asked."""

    version: int
    community: bytes
    kind: int
    number: bytes
    asked: tuple[ObjectId, ...]


def read_request(data: bytes) -> Request:
    """A datagram as a request. Raises Malformed."""
    if len(data) > DATAGRAM_LIMIT:
        raise Malformed("too long")
    message = Reader(Reader(data).element(SEQUENCE))
    version = int.from_bytes(message.element(INTEGER), "big")
    community = message.element(OCTETS)
    kind, body = message.any_element()
    if kind not in (GET, GETNEXT):
        raise Malformed("neither GET nor GETNEXT")
    pdu = Reader(body)
    number = pdu.element(INTEGER)
    pdu.element(INTEGER)
    pdu.element(INTEGER)
    bindings = Reader(pdu.element(SEQUENCE))
    asked: list[ObjectId] = []
    while not bindings.is_empty and len(asked) < BINDINGS:
        asked.append(read_id(Reader(bindings.element(SEQUENCE)).element(OID)))
    return Request(version=version, community=community, kind=kind, number=number, asked=tuple(asked))


class Agent:
    """Answers to one community with fixed strings by object identifier."""

    def __init__(self, *, community: bytes, values: Mapping[ObjectId, bytes]) -> None:
        self._community = community
        self._values = dict(sorted(values.items()))

    def answer(self, data: bytes) -> bytes | None:
        """The datagram to answer with, None for silence. Never raises."""
        try:
            request = read_request(data)
        except Malformed:
            return None
        if request.community != self._community or request.version not in (VERSION_1, VERSION_2C):
            return None
        found = [self._look_up(request, name) for name in request.asked]
        missing = next((at for at, (_, value) in enumerate(found, 1) if value is None), 0)
        if missing and request.version == VERSION_1:
            return _respond(request, [(name, encode(NULL, b"")) for name in request.asked], missing)
        absent = NO_SUCH_OBJECT if request.kind == GET else END_OF_VIEW
        return _respond(request, [(name, absent if value is None else value) for name, value in found], 0)

    def _look_up(self, request: Request, asked: ObjectId) -> tuple[ObjectId, bytes | None]:
        name: ObjectId | None = asked
        if request.kind == GETNEXT:
            name = next((known for known in self._values if known > asked), None)
        if name is None or name not in self._values:
            return asked, None
        return name, encode(OCTETS, self._values[name])


def _respond(request: Request, bindings: list[tuple[ObjectId, bytes]], missing: int) -> bytes:
    """A Response; ``missing`` counts from 1 and names the variable that v1 does not have."""
    listed = b"".join(encode(SEQUENCE, encode_id(name) + value) for name, value in bindings)
    body = encode(INTEGER, request.number)
    body += encode_number(NO_SUCH_NAME if missing else 0) + encode_number(missing)
    body += encode(SEQUENCE, listed)
    return encode(SEQUENCE, encode_number(request.version) + encode(OCTETS, request.community) + encode(RESPONSE, body))
