"""The question as somebody else put it: a ClientHello read, of SSLv2's form to TLS 1.3, DTLS and QUIC.

Source: RFC 8446 sections 4.1.2 and 4.2, RFC 5246 section 7.4.1.2 and appendix E.2 (the form of SSL 2.0), RFC 6347
section 4.2.1, RFC 6066 (server name), RFC 7301 (ALPN), RFC 8701 (GREASE), RFC 9849 (encrypted ClientHello).
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import Malformed, Reader, read_extensions

CLIENT_KEY_EXCHANGE: Final = 16
_PRE_SHARED_KEY, _EARLY_DATA, _ENCRYPTED_HELLO = 41, 42, 0xFE0D
_ESNI = 0xFFCE
"""Its predecessor (draft-ietf-tls-esni-02)."""
_HOST_NAME = 0
_INNER = 1
_SSL2, _SSL2_HELLO = 0x0002, 1
_MOST_IDENTITIES = 8


class PskIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """An identity of pre_shared_key. One that was agreed on elsewhere has the age 0 (RFC 8446 section 4.2.11)."""

    identity: bytes
    age: int

    @property
    def is_external(self) -> bool:
        """True for what is no ticket of an earlier session: a ticket has this age once in four thousand million."""
        return self.age == 0


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a client offers: code points as they came, GREASE among them. Text is as it came, too: not yet safe."""

    legacy_version: int
    session_id: bytes = b""
    cookie: bytes = b""
    suites: tuple[int, ...] = ()
    compressions: tuple[int, ...] = (0,)
    extensions: tuple[int, ...] = ()
    """Their types, in order."""
    server_name: bytes = b""
    alpn: tuple[bytes, ...] = ()
    versions: tuple[int, ...] = ()
    """Of supported_versions; empty without it."""
    groups: tuple[int, ...] = ()
    point_formats: tuple[int, ...] = ()
    signatures: tuple[int, ...] = ()
    psk_modes: tuple[int, ...] = ()
    identities: tuple[PskIdentity, ...] = ()
    has_encrypted_hello: bool = False
    sends_early_data: bool = False
    is_ssl2_form: bool = False

    @property
    def offered_versions(self) -> tuple[str, ...]:
        """Names of EVERY_VERSION, newest first: without supported_versions a client names only its newest."""
        if not self.versions:
            name = "SSLv2" if self.legacy_version == _SSL2 else framing.version_name(self.legacy_version)
            return (name,) if name else ()
        return tuple(name for code in self.versions if (name := framing.version_name(code)))


def is_grease(code: int) -> bool:
    """True for a value of two bytes that means nothing and is there so that servers stay tolerant (RFC 8701)."""
    return code & 0x0F0F == 0x0A0A and code >> 8 == code & 0xFF


@lru_cache(8)
def read_client_hello(body: bytes, *, is_dtls: bool = False) -> ClientHello:
    """A ClientHello from the body of its message. Raises Malformed.

    The last ones are remembered: who chooses the reader of a conversation reads its hello, and then the reader does.
    """
    reader = Reader(body)
    version = reader.number(2)
    if not framing.version_name(version) or (version > 0x8000) != is_dtls:
        raise Malformed("no version that a ClientHello may name")
    reader.take(32)
    session, cookie = reader.vector(1).rest(), reader.vector(1).rest() if is_dtls else b""
    suites, compressions = reader.vector(2).numbers(2), reader.vector(1).numbers(1)
    extensions = read_extensions(reader)
    return ClientHello(
        legacy_version=version,
        session_id=session,
        cookie=cookie,
        suites=suites,
        compressions=compressions,
        extensions=tuple(extensions),
        has_encrypted_hello=_is_hidden(extensions),
        sends_early_data=_EARLY_DATA in extensions,
        **_said(extensions),
    )


def _said(extensions: dict[int, bytes]) -> dict[str, Any]:
    """What single extensions say. One that is damaged says nothing, and hides no other."""
    readers = {
        "server_name": (framing.SERVER_NAME, _server_name),
        "alpn": (framing.ALPN, _names),
        "versions": (framing.SUPPORTED_VERSIONS, lambda reader: reader.vector(1).numbers(2)),
        "groups": (framing.SUPPORTED_GROUPS, lambda reader: reader.vector(2).numbers(2)),
        "point_formats": (framing.EC_POINT_FORMATS, lambda reader: reader.vector(1).numbers(1)),
        "signatures": (framing.SIGNATURE_ALGORITHMS, lambda reader: reader.vector(2).numbers(2)),
        "psk_modes": (framing.PSK_KEY_EXCHANGE_MODES, lambda reader: reader.vector(1).numbers(1)),
        "identities": (_PRE_SHARED_KEY, _identities),
    }
    found: dict[str, Any] = {}
    for field, (kind, read) in readers.items():
        if kind in extensions:
            try:
                found[field] = read(Reader(extensions[kind]))
            except Malformed:
                continue
    return found


def _server_name(reader: Reader) -> bytes:
    names = reader.vector(2)
    while not names.is_empty:
        kind, name = names.number(1), names.vector(2).rest()
        if kind == _HOST_NAME:
            return name
    return b""


def _names(reader: Reader) -> tuple[bytes, ...]:
    names, found = reader.vector(2), []
    while not names.is_empty:
        found.append(names.vector(1).rest())
    return tuple(found)


def _identities(reader: Reader) -> tuple[PskIdentity, ...]:
    listed = reader.vector(2)
    found: list[PskIdentity] = []
    while not listed.is_empty and len(found) < _MOST_IDENTITIES:
        found.append(PskIdentity(identity=listed.vector(2).rest(), age=listed.number(4)))
    return tuple(found)


def _is_hidden(extensions: dict[int, bytes]) -> bool:
    """Whether there is a second hello inside that is encrypted. GREASE of it looks the same, and is meant to."""
    return _ESNI in extensions or (_ENCRYPTED_HELLO in extensions and extensions[_ENCRYPTED_HELLO][:1] != b"\1")


def read_ssl2_hello(data: bytes) -> ClientHello | None:
    """A hello in the form of SSL 2.0 at the front of a stream, whichever version it names; None for anything else.

    Only a whole one counts. Cipher kinds of SSL 2.0 have three bytes; those of TLS begin with 0.
    """
    if len(data) < 11 or not data[0] & 0x80 or data[2] != _SSL2_HELLO:
        return None
    reader = Reader(data[3 : 2 + (int.from_bytes(data[:2], "big") & 0x7FFF)])
    try:
        version, specs, session, challenge = (reader.number(2) for _ in range(4))
        kinds = Reader(reader.take(specs)).numbers(3)
        reader.take(session)
        reader.take(challenge)
    except Malformed:
        return None
    is_known = version == _SSL2 or framing.version_name(version) != ""
    if not is_known or not reader.is_empty or not kinds or not 16 <= challenge <= 32:
        return None
    return ClientHello(legacy_version=version, suites=kinds, is_ssl2_form=True)
