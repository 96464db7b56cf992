"""A small MQTT broker (3.1, 3.1.1 and 5.0): it lets in or not, and shows retained messages.

Source: MQTT 3.1.1 and MQTT 5.0 (OASIS). It keeps nothing that a client publishes.
"""

from collections.abc import Mapping

import msgspec

from iotscan.lab.place import Converse, Hearing, Speaking

PACKET_LIMIT = 16 * 1024
"""Bytes of one packet; whoever sends more is cut off."""
CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14
LEVELS = {(b"MQIsdp", 3): 3, (b"MQTT", 4): 4, (b"MQTT", 5): 5}
UNACCEPTABLE_VERSION, NOT_AUTHORISED, NOT_AUTHORISED_5 = 1, 5, 0x87


class Malformed(ValueError):
    """These bytes break the protocol."""


class Reader:
    """Takes fields off the front of a packet. Each method raises Malformed at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def is_empty(self) -> bool:
        """True when all is read."""
        return not self._data

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        piece, self._data = self._data[:count], self._data[count:]
        if len(piece) < count:
            raise Malformed("a field ends too early")
        return piece

    def number(self, width: int) -> int:
        """A big-endian number of ``width`` bytes."""
        return int.from_bytes(self.take(width), "big")

    def string(self) -> bytes:
        """A string behind its length in two bytes."""
        return self.take(self.number(2))

    def skip_properties(self) -> None:
        """The properties of version 5.0, whatever they are."""
        length = 0
        for shift in range(0, 28, 7):
            byte = self.number(1)
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.take(length)
                return
        raise Malformed("a length without end")


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """A client at the door: its protocol level (3, 4, 5; 0 for none we know) and whether it names a user."""

    level: int
    names_user: bool = False


def read_connect(body: bytes) -> Connect:
    """The body of a CONNECT packet. Raises Malformed."""
    reader = Reader(body)
    level = LEVELS.get((reader.string(), reader.number(1)), 0)
    if not level:
        return Connect(level=0)
    flags = reader.number(1)
    reader.number(2)
    if level == 5:
        reader.skip_properties()
    reader.string()
    if flags & 0x01:
        raise Malformed("a reserved flag is set")
    return Connect(level=level, names_user=bool(flags & 0x80))


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """One control packet: type, flags, length, body."""
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes([kind << 4 | flags, *length]) + body


def topic_matches(pattern: str, topic: str) -> bool:
    """Whether a topic filter takes in a topic (MQTT 3.1.1 section 4.7): ``#`` does not take in ``$SYS``."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("#", "+"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


class Session:
    """What an open broker answers to the packets of one client it let in."""

    def __init__(self, level: int, retained: Mapping[str, bytes]) -> None:
        self._level = level
        self._retained = retained

    def answer(self, kind: int, flags: int, body: bytes) -> bytes | None:
        """The bytes to answer one packet with; None to part. Raises Malformed."""
        reader = Reader(body)
        if kind == PINGREQ:
            return packet(PINGRESP, b"")
        if kind == SUBSCRIBE:
            return self._subscribe(reader)
        if kind == UNSUBSCRIBE:
            return self._unsubscribe(reader)
        if kind == PUBLISH:
            return self._thank(flags >> 1 & 3, reader)
        if kind == PUBREL:
            return packet(PUBCOMP, reader.take(2))
        return None

    def _subscribe(self, reader: Reader) -> bytes:
        number = self._packet_number(reader)
        codes, messages = bytearray(), b""
        while not reader.is_empty:
            pattern = reader.string().decode("utf-8", "replace")
            reader.number(1)
            codes.append(0)
            messages += b"".join(
                self._publish(topic, payload)
                for topic, payload in self._retained.items()
                if topic_matches(pattern, topic)
            )
        return packet(SUBACK, number + self._no_properties + bytes(codes)) + messages

    def _unsubscribe(self, reader: Reader) -> bytes:
        number = self._packet_number(reader)
        codes = bytearray()
        while not reader.is_empty:
            reader.string()
            codes.append(0)
        return packet(UNSUBACK, number + self._no_properties + (bytes(codes) if self._level == 5 else b""))

    def _thank(self, quality: int, reader: Reader) -> bytes:
        reader.string()
        if quality == 0:
            return b""
        return packet(PUBACK if quality == 1 else PUBREC, reader.take(2))

    def _packet_number(self, reader: Reader) -> bytes:
        number = reader.take(2)
        if self._level == 5:
            reader.skip_properties()
        return number

    def _publish(self, topic: str, payload: bytes) -> bytes:
        name = topic.encode()
        return packet(PUBLISH, len(name).to_bytes(2, "big") + name + self._no_properties + payload, flags=1)

    @property
    def _no_properties(self) -> bytes:
        return b"\x00" if self._level == 5 else b""


def serve(*, admits: bool, retained: Mapping[str, bytes]) -> Converse:
    """A broker that lets everybody in, or nobody whatever they say."""

    async def converse(reader: Hearing, writer: Speaking) -> None:
        try:
            kind, _, body = await _next_packet(reader)
            if kind != CONNECT:
                return
            client = read_connect(body)
            code = _verdict(client.level, admits)
            writer.write(packet(CONNACK, bytes((0, code)) + (b"\x00" if client.level == 5 else b"")))
            await writer.drain()
            session = Session(client.level, retained)
            while code == 0:
                reply = session.answer(*await _next_packet(reader))
                if reply is None:
                    return
                writer.write(reply)
                await writer.drain()
        except Malformed:
            return

    return converse


def _verdict(level: int, admits: bool) -> int:
    if level == 0:
        return UNACCEPTABLE_VERSION
    if admits:
        return 0
    return NOT_AUTHORISED_5 if level == 5 else NOT_AUTHORISED


async def _next_packet(reader: Hearing) -> tuple[int, int, bytes]:
    """Type, flags and body of the next packet. Raises Malformed, EOFError."""
    first = (await reader.readexactly(1))[0]
    length = 0
    for shift in range(0, 28, 7):
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        raise Malformed("a length without end")
    if length > PACKET_LIMIT:
        raise Malformed("a packet beyond the limit")
    return first >> 4, first & 0x0F, await reader.readexactly(length)
