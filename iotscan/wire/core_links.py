"""What a constrained device offers: CoAP's ``/.well-known/core``, asked of all at once (RFC 7252 §8, RFC 6690)."""

from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

GROUP, GROUP6, PORT = "224.0.1.187", "ff02::fd", 5683
LINKS_LIMIT: Final = 16
"""Resources told of one device."""
_SIZE_LIMIT = 8192
_VERSION, _NON_CONFIRMABLE = 1, 1
_GET, _CONTENT = 0x01, 0x45
_URI_PATH, _CONTENT_FORMAT, _LINK_FORMAT = 11, 12, 40
_MARKER = 0xFF
_WIDE = {13: (1, 13), 14: (2, 269)}
"""A nibble that says how many bytes follow, and what to add to them (RFC 7252 §3.1)."""


def request(message_id: int, token: bytes) -> bytes:
    """A non-confirmable GET of ``/.well-known/core``: the only kind a group may be asked (RFC 7252 §8.1)."""
    head = bytes([_VERSION << 6 | _NON_CONFIRMABLE << 4 | len(token), _GET]) + message_id.to_bytes(2, "big") + token
    first, second = b".well-known", b"core"
    return head + bytes([_URI_PATH << 4 | len(first)]) + first + bytes([len(second)]) + second


def read_links(datagram: bytes, token: bytes) -> tuple[Claim, ...] | None:
    """The resources of an answer to :func:`request`; None for anything else. Never raises.

    An answer that is no list of links, a refusal say, has none.
    """
    if len(datagram) < 4 + len(token) or datagram[0] >> 6 != _VERSION or datagram[0] & 15 != len(token):
        return None
    if datagram[4 : 4 + len(token)] != token or not 0x40 <= datagram[1] < 0xC0:
        return None
    payload = _link_format(datagram[4 + len(token) : _SIZE_LIMIT]) if datagram[1] == _CONTENT else b""
    return tuple(dict.fromkeys(_claims(payload)))[:LINKS_LIMIT]


def _link_format(rest: bytes) -> bytes:
    """The payload behind the options, where these say that it is a list of links."""
    at = number = 0
    is_links = False
    while at < len(rest) and rest[at] != _MARKER:
        delta, length = rest[at] >> 4, rest[at] & 15
        at += 1
        sizes = []
        for nibble in (delta, length):
            size, more = _WIDE.get(nibble, (0, nibble))
            if nibble == 15 or at + size > len(rest):
                return b""
            sizes.append(more + int.from_bytes(rest[at : at + size], "big") if size else nibble)
            at += size
        number += sizes[0]
        value = rest[at : at + sizes[1]]
        at += sizes[1]
        is_links = is_links or (number == _CONTENT_FORMAT and int.from_bytes(value, "big") == _LINK_FORMAT)
    return rest[at + 1 :] if is_links else b""


def _claims(payload: bytes) -> Iterator[Claim]:
    """``</temp>;rt="temperature-c";ct=0,…``: each resource with its type."""
    for link in _split(payload, b","):
        target, *parameters = _split(link, b";")
        target = target.strip()
        if not (target.startswith(b"<") and target.endswith(b">")) or b"<" in target[1:]:
            continue
        kind = next((p.partition(b"=")[2].strip(b'" ') for p in parameters if p.strip().startswith(b"rt=")), b"")
        shown = safe_text(target[1:-1] + (b" (" + kind + b")" if kind else b""))
        yield Claim(what="resource", value=shown, how="coap /.well-known/core")


def _split(text: bytes, by: bytes) -> list[bytes]:
    """Split outside of quotes. Reads each byte once."""
    parts, start, is_quoted, is_target = [], 0, False, False
    for at, byte in enumerate(text):
        if byte == 0x22:
            is_quoted = not is_quoted
        elif not is_quoted and byte in b"<>":
            is_target = byte == 0x3C
        elif byte == by[0] and not is_quoted and not is_target:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
