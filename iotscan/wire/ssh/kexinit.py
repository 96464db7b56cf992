"""What either side offers (RFC 4253 section 7.1)."""

from typing import Final

import msgspec

from iotscan.wire.ssh.fields import Cut, Reader, names
from iotscan.wire.ssh.messages import KEXINIT

_COOKIE: Final = 16
STRICT_CLIENT: Final = "kex-strict-c-v00@openssh.com"
STRICT_SERVER: Final = "kex-strict-s-v00@openssh.com"
EXTENSIONS_CLIENT: Final = "ext-info-c"


class KexInit(msgspec.Struct, frozen=True, kw_only=True):
    """The algorithms that a side offers, in its order. ``_in``: from client to server, the others back."""

    kex: tuple[str, ...]
    host_key_algorithms: tuple[str, ...]
    ciphers_in: tuple[str, ...] = ()
    ciphers: tuple[str, ...]
    macs_in: tuple[str, ...] = ()
    macs: tuple[str, ...]
    compression_in: tuple[str, ...] = ()
    compression: tuple[str, ...] = ()
    languages_in: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    guesses: bool = False
    """``first_kex_packet_follows``: its next packet is for the first method of its list."""

    @property
    def is_strict(self) -> bool:
        """Whether a server announces strict key exchange (CVE-2023-48795)."""
        return STRICT_SERVER in self.kex


def read_kexinit(payload: bytes) -> KexInit | None:
    """The offer in a payload; None when it is none. Never raises."""
    reader = Reader(payload)
    try:
        if reader.byte() != KEXINIT:
            return None
        reader.take(_COOKIE)
        return KexInit(
            kex=reader.names(),
            host_key_algorithms=reader.names(),
            ciphers_in=reader.names(),
            ciphers=reader.names(),
            macs_in=reader.names(),
            macs=reader.names(),
            compression_in=reader.names(),
            compression=reader.names(),
            languages_in=reader.names(),
            languages=reader.names(),
            # Some old servers end here.
            guesses=len(payload) > reader.at and reader.byte() != 0,
        )
    except Cut:
        return None


def kexinit(offer: KexInit, cookie: bytes) -> bytes:
    """The payload of an offer; ``cookie`` are 16 bytes by chance."""
    lists = (
        *(offer.kex, offer.host_key_algorithms, offer.ciphers_in, offer.ciphers, offer.macs_in, offer.macs),
        *(offer.compression_in, offer.compression, offer.languages_in, offer.languages),
    )
    return bytes([KEXINIT]) + cookie + b"".join(map(names, lists)) + bytes([offer.guesses, 0, 0, 0, 0])
