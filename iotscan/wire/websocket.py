"""WebSocket: the request that upgrades to it, its answer, and frames (RFC 6455). We ask for no extension."""

import base64
import hashlib
from typing import Final

import msgspec

from iotscan.model.text import safe_text

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
HEAD_CAP: Final = 8 * 1024
"""Bytes of an answer's head that are read."""
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SWITCHED: Final = 101
_NAME: Final = 60


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said to a request to upgrade.

    ``is_open`` when it proved with our key that it speaks WebSocket from here on; ``protocol`` is the subprotocol it
    chose (safe text, lower case), empty where it named none; ``size`` are the bytes of the head: frames follow.
    """

    status: int
    is_open: bool = False
    protocol: str = ""
    size: int = 0


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame (section 5.2), unmasked, and how many bytes it took."""

    opcode: int
    payload: bytes
    size: int
    is_final: bool = True


def request(authority: str, key: bytes, *, path: str = "/", protocol: str = "", origin: str = "") -> bytes:
    """The GET that asks for WebSocket (section 4.1).

    ``authority`` is the Host field, ``key`` are 16 bytes that nobody has used before; ``protocol`` the one subprotocol
    asked for; ``origin`` the site of the page that asks, as browsers name it; empty for who is none. Raises ValueError
    for another length of key and for what would break a line.
    """
    if len(key) != 16:
        raise ValueError("a key has 16 bytes")
    if any(c in text for text in (authority, path, protocol, origin) for c in "\r\n "):
        raise ValueError("no blank and no line break in a field")
    lines = [f"GET {path} HTTP/1.1", f"Host: {authority}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {base64.b64encode(key).decode()}", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    lines += [f"Origin: {origin}"] if origin else []
    return "\r\n".join((*lines, "", "")).encode()


def proof(key: bytes) -> bytes:
    """What only a WebSocket server answers to a key (section 4.2.2, step 5.4)."""
    return base64.b64encode(hashlib.sha1(base64.b64encode(key) + _GUID, usedforsecurity=False).digest())


def read_upgrade(data: bytes, key: bytes) -> Upgrade | None:
    """The answer at the start of ``data``; None while its head is not whole, and for what is no HTTP. Never raises."""
    head, end, _ = data[: HEAD_CAP + 4].partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    number = rest[:3]
    if not end or not version.startswith(b"HTTP/1.") or not number.isdigit() or len(number) < 3:
        return None
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields.setdefault(name.strip().lower(), value.strip())
    status, size = int(number), len(head) + len(end)
    is_open = (
        status == _SWITCHED
        and fields.get(b"upgrade", b"").lower() == b"websocket"
        and fields.get(b"sec-websocket-accept") == proof(key)
    )
    protocol = safe_text(fields.get(b"sec-websocket-protocol", b"").lower(), _NAME) if is_open else ""
    return Upgrade(status=status, is_open=is_open, protocol=protocol, size=size)


def frame(payload: bytes, mask: bytes, *, opcode: int = BINARY) -> bytes:
    """One whole frame of a client, masked with 4 bytes as section 5.3 demands. Raises ValueError for other masks."""
    if len(mask) != 4:
        raise ValueError("a mask has 4 bytes")
    length = len(payload)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 0x10000:
        size = b"\xfe" + length.to_bytes(2, "big")
    else:
        size = b"\xff" + length.to_bytes(8, "big")
    return bytes((0x80 | opcode,)) + size + mask + _masked(payload, mask)


def read_frame(data: bytes) -> Frame | None:
    """The frame at the start of ``data``; None while it is not whole. Never raises."""
    if len(data) < 2:
        return None
    length, at = data[1] & 0x7F, 2
    wide = {126: 2, 127: 8}.get(length, 0)
    if wide:
        length, at = int.from_bytes(data[2 : 2 + wide], "big"), 2 + wide
    mask = data[at : at + 4] if data[1] & 0x80 else b""
    at += 4 if data[1] & 0x80 else 0
    if len(data) < at + length:
        return None
    payload = data[at : at + length]
    return Frame(
        opcode=data[0] & 0x0F,
        payload=_masked(payload, mask) if mask else payload,
        size=at + length,
        is_final=bool(data[0] & 0x80),
    )


def _masked(payload: bytes, mask: bytes) -> bytes:
    pad = mask * (len(payload) // 4 + 1)
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad[: len(payload)], "big")).to_bytes(len(payload), "big")
