"""XMPP: the stream header, its features, and starttls (RFC 6120 section 5).

Tags are cut out of the stream one by one and nothing else of XML is read: no entity, no text, no nesting.
"""

from typing import Final
from xml.sax.saxutils import quoteattr

from iotscan.wire.starttls.opening import Garbled, Script, begin_tls, declined, shown, unreadable

_NAMESPACE: Final = "urn:ietf:params:xml:ns:xmpp-tls"
_LEAVE: Final = b"</stream:stream>"
_LONGEST = 1024


def stream_header(name: str) -> bytes:
    """The opening of a stream to the domain ``name``."""
    return (
        f"<?xml version='1.0'?><stream:stream to={quoteattr(name)} version='1.0' "
        "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    ).encode()


def tag(data: bytes) -> tuple[bytes, int] | None:
    """What stands between the first ``<`` and its ``>``, and the bytes up to there. Raises Garbled."""
    start = data.find(b"<")
    if start < 0:
        return None
    quote = b""
    for place in range(start + 1, min(len(data), start + _LONGEST)):
        byte = data[place : place + 1]
        if quote:
            quote = b"" if byte == quote else quote
        elif byte in (b"'", b'"'):
            quote = byte
        elif byte == b">":
            return data[start + 1 : place], place + 1
    if len(data) - start >= _LONGEST:
        raise Garbled(f"sent a tag of more than {_LONGEST} bytes")
    return None


def _name(words: bytes) -> bytes:
    """``features`` of ``stream:features a='b'``, ``/features`` of its end tag."""
    word = words.split()[0].rstrip(b"/") if words.split() else b""
    slash, word = (b"/", word[1:]) if word[:1] == b"/" else (b"", word)
    return slash + word.rpartition(b":")[2]


def is_stream(data: bytes) -> bool:
    """True for bytes that begin like the answer to a stream header. Never raises."""
    try:
        found = tag(data)
        if found and found[0][:1] == b"?":
            found = tag(data[found[1] :])
    except Garbled:
        return False
    return found is not None and found[0].startswith(b"stream:")


def xmpp(name: str) -> Script[bytes]:
    """The header of a stream to ``name``, then starttls where the features list it."""
    words = yield stream_header(name)
    while words[:1] == b"?":
        words = yield b""
    if _name(words) != b"stream":
        return unreadable(f"answers with no stream: {shown(words)}")
    if b"version=" not in words:
        return declined("offers no TLS: speaks XMPP from before version 1.0", _LEAVE)
    is_listed = False
    words = yield b""
    while _name(words) != b"/features" and not (_name(words) == b"features" and words[-1:] == b"/"):
        if _name(words) == b"error":
            return unreadable(f"refuses the stream to {name}: {shown(_name((yield b'')))}", _LEAVE)
        is_listed = is_listed or _name(words) == b"starttls"
        words = yield b""
    if not is_listed:
        return declined("offers no TLS: lists no starttls among its features", _LEAVE)
    words = yield f"<starttls xmlns='{_NAMESPACE}'/>".encode()
    if _name(words) != b"proceed":
        return unreadable(f"lists starttls and answers it with {shown(words)}", _LEAVE)
    while words[-1:] != b"/" and _name(words) != b"/proceed":
        words = yield b""
    return begin_tls()
