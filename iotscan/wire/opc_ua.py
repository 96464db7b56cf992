"""OPC UA over TCP: what asks a server for its endpoints, and what it answers.

Four messages of ours: Hello, OpenSecureChannel without security, GetEndpoints, CloseSecureChannel. No session is made
and nobody logs in: clients ask this before they know how to.
Source: OPC 10000-6 (mappings) 5.2 (binary encoding), 6.7 (secure conversation), 7.1 (connection protocol); OPC 10000-4
5.4.4 (GetEndpoints), 7.14 (EndpointDescription), 7.41 (UserTokenPolicy). Node ids: annex A, NodeIds.csv.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from iotscan.model.facts import OpcUaEndpoint
from iotscan.model.text import safe_text

CAP: Final = 256 * 1024
_CHUNK: Final = 65536
_HEADER, _SYMMETRIC = 8, 24
"""Bytes of a message's header, and of a chunk before its body once a channel is open."""
_ENDPOINTS, _TOKENS, _LIST = 64, 16, 256
_TEXT: Final = 256
_MODES: Final = {1: "None", 2: "Sign", 3: "SignAndEncrypt"}
_TOKEN_TYPES: Final = {0: "anonymous", 1: "username", 2: "certificate", 3: "issued"}
_OPEN, _CLOSE, _GET = 446, 452, 428
_OPENED, _GOT, _FAULT = 449, 431, 397
NO_SECURITY: Final = "http://opcfoundation.org/UA/SecurityPolicy#None"
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """Bytes that are no message of this kind, or end too early."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """An open channel: its number and that of its token, which each further message carries."""

    number: int
    token: int


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of itself, and how it can be talked to."""

    application: str = ""
    product: str = ""
    endpoints: tuple[OpcUaEndpoint, ...] = ()


def hello(url: str) -> bytes:
    """The first message. ``url`` is where we believe to be talking to: ``opc.tcp://192.0.2.1:4840``."""
    return _message(b"HEL", _u32(0, _CHUNK, _CHUNK, CAP, CAP // _CHUNK) + _string(url))


def open_channel(now: datetime) -> bytes:
    """A channel without security, for a minute at most."""
    security = _u32(0) + _string(NO_SECURITY) + _null() + _null()
    asked = _u32(0, 0, 1) + _null() + _u32(60_000)
    return _message(b"OPN", security + _u32(1, 1) + _request(_OPEN, now, 1) + asked)


def get_endpoints(channel: Channel, url: str, now: datetime) -> bytes:
    """Which endpoints there are: asked of a channel that is open."""
    return _message(b"MSG", _within(channel, 2) + _request(_GET, now, 2) + _string(url) + _null() + _null())


def close_channel(channel: Channel, now: datetime) -> bytes:
    """The farewell, to which nobody answers."""
    return _message(b"CLO", _within(channel, 3) + _request(_CLOSE, now, 3))


def wants_more(got: bytes) -> bool:
    """Whether an answer, of as many chunks as it takes, goes on after what has come. False, too, where it is none."""
    while len(got) >= _HEADER:
        size = int.from_bytes(got[4:8], "little")
        if got[:3] not in (b"ACK", b"ERR", b"OPN", b"MSG") or not _HEADER <= size <= CAP:
            return False
        if len(got) < size:
            return True
        if got[3:4] != b"C":
            return False
        got = got[size:]
    return True


def is_answer(packet: bytes) -> bool:
    """Whether a packet begins as the answer to a Hello does: an Acknowledge, or an Error of the protocol."""
    size = int.from_bytes(packet[4:8], "little")
    return packet[:4] in (b"ACKF", b"ERRF") and 16 <= size <= 4096 + 16 and len(packet) >= _HEADER


def is_acknowledged(packet: bytes) -> bool:
    """Whether the server goes on after a Hello."""
    return packet[:4] == b"ACKF" and len(packet) >= 28


def read_error(packet: bytes) -> str:
    """The words, or the number, of an Error; empty for anything else. Never raises."""
    if packet[:4] != b"ERRF" or len(packet) < 12:
        return ""
    reader = _Reader(packet[12:])
    try:
        reason = reader.string()
    except Unreadable:
        reason = ""
    return reason or f"0x{int.from_bytes(packet[8:12], 'little'):08X}"


def read_channel(packet: bytes) -> Channel | None:
    """The channel that was opened; None for anything else. Never raises."""
    if packet[:4] != b"OPNF":
        return None
    reader = _Reader(packet[_HEADER:])
    try:
        reader.skip(4)
        for _ in range(3):  # policy, certificate, thumbprint
            reader.blob()
        reader.skip(8)
        if reader.node() != _OPENED or not reader.response_is_good():
            return None
        reader.skip(4)
        return Channel(number=reader.u32(), token=reader.u32())
    except Unreadable:
        return None


def read_endpoints(packet: bytes) -> Server | None:
    """The answer to GetEndpoints, its chunks one after the other; None for anything else. Never raises."""
    body = _joined(packet)
    if body is None:
        return None
    reader = _Reader(body)
    try:
        if reader.node() != _GOT or not reader.response_is_good():
            return None
        return _server(reader)
    except Unreadable:
        return None


def _server(reader: "_Reader") -> Server:
    application = product = ""
    endpoints: list[OpcUaEndpoint] = []
    for _ in range(reader.count(_ENDPOINTS)):
        reader.blob()  # its URL
        reader.blob()
        product = product or reader.string()
        application = application or reader.localized()
        reader.skip(4)
        reader.blob()
        reader.blob()
        for _ in range(reader.count(_LIST)):
            reader.blob()
        reader.blob()  # the certificate
        mode, policy = reader.u32(), reader.string()
        tokens = dict.fromkeys(_token(reader) for _ in range(reader.count(_TOKENS)))
        reader.blob()
        reader.skip(1)
        endpoints.append(
            OpcUaEndpoint(
                mode=_MODES.get(mode, str(mode)), policy=policy.rpartition("#")[2] or policy, tokens=tuple(tokens)
            )
        )
    return Server(application=application, product=product, endpoints=tuple(dict.fromkeys(endpoints)))


def _token(reader: "_Reader") -> str:
    reader.blob()
    kind = reader.u32()
    for _ in range(3):
        reader.blob()
    return _TOKEN_TYPES.get(kind, str(kind))


def _joined(packet: bytes) -> bytes | None:
    body = b""
    while len(packet) >= _SYMMETRIC and packet[:3] == b"MSG" and packet[3:4] in (b"C", b"F"):
        size = int.from_bytes(packet[4:8], "little")
        if not _SYMMETRIC <= size <= len(packet):
            return None
        body += packet[_SYMMETRIC:size]
        if packet[3:4] == b"F":
            return body
        packet = packet[size:]
    return None


class _Reader:
    """Takes values off the front of some bytes. Each method raises Unreadable where they end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if size < 0 or len(piece) < size:
            raise Unreadable
        self._at += size
        return piece

    def u32(self) -> int:
        return int.from_bytes(self.skip(4), "little")

    def blob(self) -> bytes:
        """A string of bytes or characters; a null one is empty."""
        size = int.from_bytes(self.skip(4), "little", signed=True)
        return self.skip(size) if size > 0 else b""

    def string(self) -> str:
        return safe_text(self.blob(), _TEXT)

    def count(self, most: int) -> int:
        """How many a list holds. More than ``most`` is nothing that we read."""
        size = int.from_bytes(self.skip(4), "little", signed=True)
        if size > most:
            raise Unreadable
        return max(size, 0)

    def localized(self) -> str:
        mask = self.skip(1)[0]
        if mask & 1:
            self.blob()
        return self.string() if mask & 2 else ""

    def node(self) -> int:
        """A numeric node id of the standard's own namespace."""
        form = self.skip(1)[0]
        if form == 0:
            return self.skip(1)[0]
        if form == 1:
            return int.from_bytes(self.skip(3)[1:], "little")
        if form == 2:
            return int.from_bytes(self.skip(6)[2:], "little")
        raise Unreadable

    def response_is_good(self) -> bool:
        """Read the header of a response: whether the service did what it was asked."""
        self.skip(12)
        status = self.u32()
        if self.skip(1) != b"\0":
            raise Unreadable  # diagnostics, which we did not ask for
        for _ in range(self.count(_LIST)):
            self.blob()
        self.node()
        self.skip(1)
        return not status & 0x80000000


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + b"F" + _u32(_HEADER + len(body)) + body


def _within(channel: Channel, number: int) -> bytes:
    return _u32(channel.number, channel.token, number, number)


def _request(node: int, now: datetime, handle: int) -> bytes:
    """The node id of a request, and its header: no session, no diagnostics, five seconds."""
    ticks = (now - _EPOCH) // timedelta(microseconds=1) * 10
    head = b"\x01\0" + node.to_bytes(2, "little") + b"\0\0" + ticks.to_bytes(8, "little")
    return head + _u32(handle, 0) + _null() + _u32(5000) + b"\0\0\0"


def _u32(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def _string(text: str) -> bytes:
    data = text.encode()
    return _u32(len(data)) + data


def _null() -> bytes:
    return b"\xff\xff\xff\xff"
