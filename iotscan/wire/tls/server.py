"""The server's side: what a client offers, and the few messages a scripted responder answers with.

Source: RFC 8446 section 4.1, RFC 5246 section 7.4, RFC 6066 section 3 (server_name).
"""

from collections.abc import Sequence

import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS
from iotscan.model.text import safe_text
from iotscan.wire.tls import framing
from iotscan.wire.tls.answer import HELLO_RETRY
from iotscan.wire.tls.framing import Malformed, Messages, Reader

RANDOM = bytes(32)


class ClientHello(msgspec.Struct, frozen=True, kw_only=True):
    """What a client offers. ``suites`` and ``extensions`` are code points in the client's order.

    ``version`` is the legacy version (the highest up to TLS 1.2, empty when unknown); ``versions`` the
    offered ones in the client's order: those of supported_versions, else the legacy version alone.
    """

    version: str
    versions: tuple[str, ...]
    suites: tuple[int, ...]
    compressions: tuple[int, ...] = (0,)
    server_name: str = ""
    extensions: tuple[int, ...] = ()
    session_id: bytes = b""
    cookie: bytes = b""
    """What it brings back of a HelloVerifyRequest or HelloRetryRequest."""


def read_client_hello(data: bytes) -> ClientHello | None:
    """The ClientHello at the front of ``data``; None when it is not complete yet or is none. Never raises."""
    messages = Messages()
    try:
        for kind, body in framing.read_records(data):
            if kind != framing.HANDSHAKE:
                return None
            for found, text in messages.add(body):
                return parse_client_hello(text) if found == framing.CLIENT_HELLO else None
    except Malformed:
        return None
    return None


def parse_client_hello(body: bytes) -> ClientHello:
    """A ClientHello of TLS or DTLS from the body of its message. Raises Malformed."""
    reader = Reader(body)
    version = framing.version_name(reader.number(2))
    reader.take(32)
    session_id = reader.vector(1).rest()
    cookie = reader.vector(1).rest() if version in DTLS_VERSIONS else b""
    suites = reader.vector(2).numbers(2)
    compressions = reader.vector(1).numbers(1)
    extensions = framing.read_extensions(reader)
    return ClientHello(
        version=version,
        versions=_offered(version, extensions),
        suites=suites,
        compressions=compressions,
        server_name=_named(extensions),
        extensions=tuple(extensions),
        session_id=session_id,
        cookie=cookie or _retry_cookie(extensions),
    )


def _retry_cookie(extensions: dict[int, bytes]) -> bytes:
    return Reader(extensions[framing.COOKIE]).vector(2).rest() if framing.COOKIE in extensions else b""


def _offered(legacy: str, extensions: dict[int, bytes]) -> tuple[str, ...]:
    if framing.SUPPORTED_VERSIONS not in extensions:
        return (legacy,) if legacy else ()
    codes = Reader(extensions[framing.SUPPORTED_VERSIONS]).vector(1).numbers(2)
    return tuple(name for code in codes if (name := framing.version_name(code)))


def _named(extensions: dict[int, bytes]) -> str:
    if not extensions.get(framing.SERVER_NAME):
        return ""
    names = Reader(extensions[framing.SERVER_NAME]).vector(2)
    while not names.is_empty:
        kind, name = names.number(1), names.vector(2).rest()
        if kind == 0:
            return safe_text(name, 255)
    return ""


def server_hello(
    *,
    version: str,
    suite: int,
    random: bytes = RANDOM,
    session_id: bytes = b"",
    compression: int = 0,
    secure_renegotiation: bool = True,
    extended_master_secret: bool = True,
) -> bytes:
    """A ServerHello record that selects ``suite`` in ``version`` (a name of ``VERSIONS``). Raises ValueError."""
    body = server_hello_body(
        version=version,
        suite=suite,
        random=random,
        session_id=session_id,
        compression=compression,
        secure_renegotiation=secure_renegotiation,
        extended_master_secret=extended_master_secret,
    )
    legacy = framing.legacy_code(version)
    return framing.record(framing.HANDSHAKE, legacy, framing.message(framing.SERVER_HELLO, body))


def server_hello_body(
    *,
    version: str,
    suite: int,
    random: bytes = RANDOM,
    session_id: bytes = b"",
    compression: int = 0,
    secure_renegotiation: bool = True,
    extended_master_secret: bool = True,
    retry_cookie: bytes = b"",
) -> bytes:
    """The body of a ServerHello of TLS or DTLS, without message header.

    In version 1.3 it carries supported_versions and a key share of 32 bytes for x25519; with ``retry_cookie`` it is a
    HelloRetryRequest that wants this back. Raises ValueError for an unknown version name.
    """
    if framing.stream_version(version) == "TLSv1.3":
        extensions = framing.extension(framing.SUPPORTED_VERSIONS, framing.version_code(version).to_bytes(2, "big"))
        if retry_cookie:
            random = HELLO_RETRY
            extensions += framing.extension(framing.COOKIE, framing.vector(2, retry_cookie))
        else:
            extensions += framing.extension(framing.KEY_SHARE, b"\x00\x1d" + framing.vector(2, bytes(31) + b"\x09"))
    else:
        extensions = framing.extension(framing.RENEGOTIATION_INFO, b"\x00") if secure_renegotiation else b""
        extensions += framing.extension(framing.EXTENDED_MASTER_SECRET, b"") if extended_master_secret else b""
    body = framing.legacy_code(version).to_bytes(2, "big") + random + framing.vector(1, session_id)
    body += suite.to_bytes(2, "big") + bytes([compression])
    return body + (framing.vector(2, extensions) if extensions else b"")


def certificate(chain: Sequence[bytes], *, version: str = "TLSv1.2") -> bytes:
    """A Certificate message of TLS up to 1.2 with DER certificates, leaf first; long ones span records."""
    body = framing.message(framing.CERTIFICATE, certificate_body(chain))
    pieces = (body[at : at + 2**14] for at in range(0, len(body), 2**14))
    return b"".join(framing.record(framing.HANDSHAKE, framing.version_code(version), piece) for piece in pieces)


def certificate_body(chain: Sequence[bytes]) -> bytes:
    """The body of a Certificate message up to version 1.2, without message header."""
    return framing.vector(3, b"".join(framing.vector(3, der) for der in chain))


def server_hello_done(*, version: str = "TLSv1.2") -> bytes:
    """The end of a server's first flight up to TLS 1.2."""
    code = framing.version_code(version)
    return framing.record(framing.HANDSHAKE, code, framing.message(framing.SERVER_HELLO_DONE, b""))


def alert(level: int, description: int) -> bytes:
    """An alert record: level 1 warning, 2 fatal; description as in RFC 8446 section 6 (40 = handshake_failure)."""
    return framing.record(framing.ALERT, 0x0303, bytes([level, description]))
