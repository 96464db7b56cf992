"""What a server says to a ClientHello: its ServerHello, an alert, or something else.

Source: RFC 8446 sections 4.1.3, 4.2.1 and 6; RFC 5246 sections 7.2 and 7.4.
"""

from hashlib import sha256
from typing import Literal

import msgspec

from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import Malformed, Messages, Reader

Kind = Literal["server_hello", "hello_retry", "alert", "not_tls"]

HELLO_RETRY = sha256(b"HelloRetryRequest").digest()
"""The random of a ServerHello that asks for another key share: RFC 8446 section 4.1.3."""
CHAIN_LIMIT = 16
"""Certificates of one message that are read."""
_WARNINGS = 4
_CLOSE_NOTIFY, _WARNING = 0, 1


class ServerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The decisive message of a server, read from its first bytes.

    ``version`` (a name of ``VERSIONS``, in TLS 1.3 from supported_versions), ``suite``, ``compression``
    and ``extensions`` hold for a ServerHello or HelloRetryRequest; ``level`` and ``description`` for an alert.
    """

    kind: Kind
    version: str = ""
    suite: int = 0
    compression: int = 0
    extensions: tuple[int, ...] = ()
    level: int = 0
    description: int = 0

    @property
    def is_hello(self) -> bool:
        """True when the server selected a version and a suite."""
        return self.kind in ("server_hello", "hello_retry")

    @property
    def has_secure_renegotiation(self) -> bool:
        """True when it answered renegotiation_info (RFC 5746)."""
        return framing.RENEGOTIATION_INFO in self.extensions

    @property
    def has_extended_master_secret(self) -> bool:
        """True when it answered extended_master_secret (RFC 7627)."""
        return framing.EXTENDED_MASTER_SECRET in self.extensions


_NOT_TLS = ServerAnswer(kind="not_tls")


def read_answer(data: bytes) -> ServerAnswer | None:
    """The verdict of a server's first bytes; None while they do not settle it. Never raises.

    More bytes never change a verdict. Warnings (unrecognized_name, say) before the hello are passed
    over; anything that is no TLS, or breaks its rules, is ``not_tls``.
    """
    messages, warnings = Messages(), 0
    try:
        for kind, body in framing.read_records(data):
            if kind == framing.ALERT:
                if len(body) != 2:
                    return _NOT_TLS
                warnings += 1
                if body[0] == _WARNING and body[1] != _CLOSE_NOTIFY and warnings <= _WARNINGS:
                    continue
                return ServerAnswer(kind="alert", level=body[0], description=body[1])
            for found, text in messages.add(body):
                if found != framing.HELLO_REQUEST:
                    return _parse(text) if found == framing.SERVER_HELLO else _NOT_TLS
    except Malformed:
        return _NOT_TLS
    return None


def _parse(body: bytes) -> ServerAnswer:
    reader = Reader(body)
    code, random = reader.number(2), reader.take(32)
    reader.vector(1)
    suite, compression = reader.number(2), reader.number(1)
    extensions = framing.read_extensions(reader)
    if framing.SUPPORTED_VERSIONS in extensions:
        code = Reader(extensions[framing.SUPPORTED_VERSIONS]).number(2)
    version = framing.version_name(code)
    if not version:
        raise Malformed("a protocol version that nobody knows")
    return ServerAnswer(
        kind="hello_retry" if random == HELLO_RETRY else "server_hello",
        version=version,
        suite=suite,
        compression=compression,
        extensions=tuple(extensions),
    )


def read_certificates(data: bytes) -> tuple[bytes, ...] | None:
    """The DER certificates, leaf first, that a server sent in the clear (TLS up to 1.2).

    ``()`` when its first flight ended, failed or was no TLS without a certificate; None while more bytes
    may bring one. At most CHAIN_LIMIT are read. Never raises.
    """
    messages = Messages()
    try:
        for kind, body in framing.read_records(data):
            if kind == framing.ALERT:
                if body[0] != _WARNING:
                    return ()
                continue
            for found, text in messages.add(body):
                if found == framing.CERTIFICATE:
                    return _parse_chain(text)
                if found == framing.SERVER_HELLO_DONE:
                    return ()
    except Malformed:
        return ()
    return None


def _parse_chain(body: bytes) -> tuple[bytes, ...]:
    entries = Reader(body).vector(3)
    chain: list[bytes] = []
    while not entries.is_empty and len(chain) < CHAIN_LIMIT:
        chain.append(entries.vector(3).rest())
    return tuple(chain)
