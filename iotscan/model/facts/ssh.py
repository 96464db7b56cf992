"""An SSH server before anybody logs in."""

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class HostKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A host key: algorithm, size in bits (0 when fixed by the algorithm) and SHA-256 of the blob, hex."""

    algorithm: str
    bits: int
    sha256: str


class SshServer(Fact, frozen=True, kw_only=True, tag="ssh-server"):
    """Identification string and KEXINIT of a server (RFC 4253 §4.2, §7.1)."""

    protocol: str
    """``2.0``, ``1.99`` or ``1.5``."""
    software: str
    kex: tuple[str, ...] = ()
    host_key_algorithms: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    host_keys: Answer[tuple[HostKey, ...]]
    unread_keys: tuple[str, ...] = ()
    """Kinds of host key (``RSA``) that it offers and did not show; ``host_keys`` holds the others."""

    @property
    def has_strict_kex(self) -> bool:
        """True when the server announces the Terrapin countermeasure (CVE-2023-48795)."""
        return "kex-strict-s-v00@openssh.com" in self.kex
