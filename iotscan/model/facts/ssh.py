"""An SSH server before anybody logs in."""

from typing import ClassVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership


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
    unsaid: tuple[str, ...] = ()
    """What a configuration leaves open: ``kex``, ``host key algorithms``, ``ciphers``, ``macs``, ``strict kex``."""

    @property
    def has_strict_kex(self) -> bool:
        """True when the server announces the Terrapin countermeasure (CVE-2023-48795)."""
        return "kex-strict-s-v00@openssh.com" in self.kex


class SshSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a server's configuration and where it stands; no place for a documented default."""

    value: Answer[str]
    path: str = ""
    line: int = 0


class SshException(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that holds for some only: below ``Match`` of sshd_config(5)."""

    match: str
    keyword: str
    value: str
    path: str
    line: int


class SshPolicy(Fact, frozen=True, kw_only=True, tag="ssh-policy"):
    """Who may log in to an SSH server of an image, and how, by its configuration.

    The words are those of sshd_config(5), for Dropbear as well: ``root_login`` is ``yes``, ``prohibit-password``,
    ``forced-commands-only`` or ``no``; the others are ``yes`` or ``no``.
    """

    per: ClassVar[Ownership] = "image"

    root_login: SshSetting
    passwords: SshSetting
    """A password opens it: asked for by the server itself or through PAM."""
    empty_passwords: SshSetting
    exceptions: tuple[SshException, ...] = ()
