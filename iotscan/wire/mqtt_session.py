"""What both sides of an MQTT connection say, read by a listener: CONNECT, SUBSCRIBE, the topic of a PUBLISH.

Sources: OASIS MQTT 3.1.1 and MQTT 5.0, sections 2.1, 3.1, 3.3, 3.8; MQTT 3.1 (IBM) with its other protocol name.
"""

from typing import Final

import msgspec

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 2, 3, 8, 14
VERSIONS: Final = {3: "3.1", 4: "3.1.1", 5: "5"}
_NAMES: Final = {b"MQIsdp": (3,), b"MQTT": (4, 5)}
_FLAGS: Final = {6: 2, 8: 2, 10: 2}
"""Types whose flags are not 0 (section 2.1.3); those of a PUBLISH say something."""
_TOPICS: Final = 64


class PacketHead(msgspec.Struct, frozen=True):
    """The fixed header: type, flags, where the body begins, how long that is."""

    kind: int
    flags: int
    start: int
    length: int

    @property
    def size(self) -> int:
        """Bytes of the whole packet."""
        return self.start + self.length


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """A CONNECT. ``user`` and ``password`` are None where it has none."""

    version: int
    client_id: bytes
    user: bytes | None = None
    password: bytes | None = None


class Malformed(ValueError):
    """The bytes are no MQTT."""


def read_head(data: bytes) -> PacketHead | None:
    """The fixed header at the start; None while it is not whole. Raises Malformed for what is none."""
    if not data:
        return None
    kind, flags = data[0] >> 4, data[0] & 15
    if kind == 0 or (kind != PUBLISH and flags != _FLAGS.get(kind, 0)) or (kind == PUBLISH and flags & 6 == 6):
        raise Malformed
    length = 0
    for place, byte in enumerate(data[1:5]):
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            return PacketHead(kind, flags, 2 + place, length)
    if len(data) >= 5:
        raise Malformed
    return None


def begins_session(data: bytes) -> bool:
    """Whether bytes begin with a CONNECT of a version that we know. Never raises."""
    try:
        head = read_head(data)
    except Malformed:
        return False
    if head is None or head.kind != CONNECT:
        return False
    return any(data.startswith(len(name).to_bytes(2, "big") + name, head.start) for name in _NAMES)


def read_connect(body: bytes) -> Connect:
    """The CONNECT that a body is. Raises Malformed."""
    name, rest = _string(body)
    if name not in _NAMES or len(rest) < 4 or rest[0] & 0x7F not in _NAMES[name]:
        raise Malformed
    version, flags = rest[0] & 0x7F, rest[1]
    rest = _after_properties(rest[4:], version)
    client_id, rest = _string(rest)
    if flags & 0x04:  # a will: its properties, topic and message
        rest = _after_properties(rest, version)
        _, rest = _string(rest)
        _, rest = _string(rest)
    user = password = None
    if flags & 0x80:
        user, rest = _string(rest)
    if flags & 0x40:
        password, rest = _string(rest)
    return Connect(version=version, client_id=client_id, user=user, password=password)


def read_filters(body: bytes, version: int) -> tuple[bytes, ...]:
    """The topic filters of a SUBSCRIBE, the first 64. Raises Malformed."""
    rest = _after_properties(body[2:], version)
    filters: list[bytes] = []
    while rest and len(filters) < _TOPICS:
        topic, rest = _string(rest)
        filters.append(topic)
        rest = rest[1:]
    return tuple(filters)


def read_publish(body: bytes, flags: int, version: int) -> tuple[bytes, bytes]:
    """Topic and message of a PUBLISH, of which the end may be missing. Raises Malformed."""
    topic, rest = _string(body)
    if flags & 6:
        rest = rest[2:]
    return topic, _after_properties(rest, version)


def _string(data: bytes) -> tuple[bytes, bytes]:
    end = 2 + int.from_bytes(data[:2], "big")
    if len(data) < max(end, 2):
        raise Malformed
    return data[2:end], data[end:]


def _after_properties(data: bytes, version: int) -> bytes:
    if version != 5:
        return data
    length = 0
    for place, byte in enumerate(data[:4]):
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            if 1 + place + length > len(data):
                raise Malformed
            return data[1 + place + length :]
    raise Malformed
