"""An SSH server before anybody logs in."""

from typing import ClassVar

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact, Ownership
from iotscan.model.vocabulary import Reason

_NOT_ASKED = "the probe of this run did not ask"


class HostKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A host key: algorithm, size in bits (0 when fixed by the algorithm) and SHA-256 of the blob, hex."""

    algorithm: str
    bits: int
    sha256: str
    spki: str = ""
    """The same key as SubjectPublicKeyInfo (DER) in base64, by which it is known elsewhere; empty for kinds that have
    none, and in a run of an older iotscan."""


class HostCertificate(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What an authority says of a host key (PROTOCOL.certkeys of OpenSSH)."""

    algorithm: str
    sha256: str
    """Of the host key that it speaks of, as :class:`HostKey` has it."""
    authority: str
    """Algorithm of the authority's key."""
    authority_sha256: str
    is_signed: bool
    """Whether the signature is the authority's; who that is, nobody has asked."""
    kind: str = "host"
    """``host`` or ``user``: one for users is none for a server."""
    principals: tuple[str, ...] = ()
    """Host names that it holds for; empty for any."""
    valid_from: int = 0
    """Seconds since 1970; 0 for always."""
    valid_until: int | None = None
    """Seconds since 1970; None for ever."""


class Ssh1(msgspec.Struct, frozen=True, kw_only=True):
    """What a server shows in protocol 1: the sizes of its two RSA keys, ciphers, and ways to log in."""

    host_key_bits: int
    server_key_bits: int
    ciphers: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()


class GroupExchange(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A Diffie-Hellman group that a server really gave when asked (RFC 4419 section 3); sizes in bits."""

    least: int
    wanted: int
    most: int
    bits: int
    """Of the prime that came; 0 where it refused to give one in these bounds."""


_UNASKED_GROUPS = Answer[tuple[GroupExchange, ...]].missing(Reason.NOT_OBSERVABLE, _NOT_ASKED)
_UNASKED_METHODS = Answer[tuple[str, ...]].missing(Reason.NOT_OBSERVABLE, _NOT_ASKED)


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
    ciphers_in: tuple[str, ...] = ()
    """Ciphers from client to server; ``ciphers`` are those from server to client. Empty in runs of an older iotscan."""
    macs_in: tuple[str, ...] = ()
    """Checksums from client to server."""
    compression: tuple[str, ...] = ()
    compression_in: tuple[str, ...] = ()
    groups: Answer[tuple[GroupExchange, ...]] = _UNASKED_GROUPS
    """What it gave for group exchange; empty where it offers none."""
    login_methods: Answer[tuple[str, ...]] = _UNASKED_METHODS
    """Authentication methods that it says can continue (RFC 4252 section 5.1), none of which was tried."""
    greeting: tuple[str, ...] = ()
    """Lines before its identification (RFC 4253 section 4.2), made safe."""
    banner: str = ""
    """What it wants to be read before a login (RFC 4252 section 5.4), made safe."""
    admits_strangers: bool = False
    """It let in a name that nobody has, without a password or key; ``login_methods`` is empty then. False where it was
    not asked, too."""
    signature_algorithms: tuple[str, ...] = ()
    """With which algorithms users may sign (RFC 8308 section 3.1); empty where it does not say."""
    unproved_keys: tuple[HostKey, ...] = ()
    """Host keys that it showed without proof that it holds them; no part of ``host_keys``."""
    host_certificates: tuple[HostCertificate, ...] = ()
    ssh1: Ssh1 | None = None
    """What it shows in protocol 1; None where it does not speak it, or was not understood."""
    unsaid: tuple[str, ...] = ()
    """What a configuration leaves open: ``kex``, ``host key algorithms``, ``ciphers``, ``macs``, ``strict kex``."""

    @property
    def has_strict_kex(self) -> bool:
        """True when the server announces the Terrapin countermeasure (CVE-2023-48795)."""
        return "kex-strict-s-v00@openssh.com" in self.kex

    @property
    def every_cipher(self) -> tuple[str, ...]:
        """Ciphers of both directions, once."""
        return tuple(dict.fromkeys((*self.ciphers, *self.ciphers_in)))

    @property
    def every_mac(self) -> tuple[str, ...]:
        """Checksums of both directions, once."""
        return tuple(dict.fromkeys((*self.macs, *self.macs_in)))


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
