"""What a server says to a ClientHello: its ServerHello, an alert, or something else.

Source: RFC 8446 sections 4.1.3, 4.2.1 and 6; RFC 5246 sections 7.2 and 7.4.
"""

from hashlib import sha256
from typing import Literal

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import Malformed, Reader

Kind = Literal["server_hello", "hello_retry", "alert", "not_tls"]

HELLO_RETRY = sha256(b"HelloRetryRequest").digest()
"""The random of a ServerHello that asks for another key share: RFC 8446 section 4.1.3."""


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
    random: bytes = b""
    """Of the ServerHello: its last eight bytes may signal a downgrade."""
    group: int = 0
    """The group of the key share in TLS 1.3; in a HelloRetryRequest the one it wants."""
    share: bytes = b""
    """The server's public value in TLS 1.3."""
    cookie: bytes = b""
    """What a HelloRetryRequest wants back."""
    alpn: str = ""
    """The application protocol it selected, made safe."""
    certificate_type: int = 0
    """0 for X.509, 2 for a raw public key: RFC 7250."""
    timestamps: int = 0
    """Signed certificate timestamps in its extension: RFC 6962 section 3.3.1."""
    kinds: tuple[int, ...] = ()
    """In SSL 2.0 every cipher kind that both sides have."""

    @property
    def is_hello(self) -> bool:
        """True when the server selected a version and a suite."""
        return self.kind in ("server_hello", "hello_retry")

    @property
    def has_extended_master_secret(self) -> bool:
        """True when it answered extended_master_secret (RFC 7627)."""
        return framing.EXTENDED_MASTER_SECRET in self.extensions

    @property
    def knows_newer(self) -> str:
        """``TLSv1.3`` or ``TLSv1.2`` where the random says that it could have had that: RFC 8446 section 4.1.3."""
        return _DOWNGRADES.get(self.random[24:], "")


_DOWNGRADES = {b"DOWNGRD\x01": "TLSv1.3", b"DOWNGRD\x00": "TLSv1.2"}


def read_server_hello(body: bytes) -> ServerAnswer:
    """A ServerHello or HelloRetryRequest of TLS or DTLS from the body of its message. Raises Malformed."""
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
    is_retry = random == HELLO_RETRY
    group, share = _key_share(extensions, is_retry=is_retry)
    return ServerAnswer(
        kind="hello_retry" if is_retry else "server_hello",
        version=version,
        suite=suite,
        compression=compression,
        extensions=tuple(extensions),
        random=random,
        group=group,
        share=share,
        cookie=Reader(extensions[framing.COOKIE]).vector(2).rest() if framing.COOKIE in extensions else b"",
        alpn=_alpn(extensions),
        certificate_type=(extensions.get(framing.SERVER_CERTIFICATE_TYPE) or b"\0")[0],
        timestamps=_timestamps(extensions),
    )


def _key_share(extensions: dict[int, bytes], *, is_retry: bool) -> tuple[int, bytes]:
    if framing.KEY_SHARE not in extensions:
        return 0, b""
    entry = Reader(extensions[framing.KEY_SHARE])
    return entry.number(2), b"" if is_retry else entry.vector(2).rest()


def _timestamps(extensions: dict[int, bytes]) -> int:
    """How many entries the list holds. Raises Malformed."""
    if framing.SIGNED_CERTIFICATE_TIMESTAMP not in extensions:
        return 0
    entries, count = Reader(extensions[framing.SIGNED_CERTIFICATE_TIMESTAMP]).vector(2), 0
    while not entries.is_empty:
        count += bool(entries.vector(2).rest())
    return count


def _alpn(extensions: dict[int, bytes]) -> str:
    if framing.ALPN not in extensions:
        return ""
    return safe_text(Reader(extensions[framing.ALPN]).vector(2).vector(1).rest(), 255)
