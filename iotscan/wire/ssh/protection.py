"""Encrypted packets in one direction, as far as a few messages need it.

Source: RFC 4253 section 6, RFC 4344 (CTR), RFC 4345 (arcfour), RFC 5647 and PROTOCOL of OpenSSH (GCM), RFC 6668,
draft-ietf-sshm-chacha20-poly1305, PROTOCOL of OpenSSH (``-etm``).
"""

import hmac
import struct
from typing import Any, Final, Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.decrepit.ciphers import algorithms as old
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.poly1305 import Poly1305

from iotscan.wire.ssh.fields import uint32
from iotscan.wire.ssh.packets import LONGEST, body_of, payload_of

_TAG: Final = 16
_PLAIN_BLOCK: Final = 8


class CipherKind(msgspec.Struct, frozen=True, kw_only=True):
    """One cipher: its mode, and key, IV and block in bytes."""

    mode: Literal["ctr", "cbc", "gcm", "chacha", "stream", "none"]
    key: int
    block: int = 8
    iv: int = 0
    made: Any = None
    skips: int = 0

    @property
    def has_own_mac(self) -> bool:
        """Whether the checksum that was agreed on is not used."""
        return self.mode in ("gcm", "chacha")


def _aes(mode: Literal["ctr", "cbc"], bits: int) -> CipherKind:
    return CipherKind(mode=mode, key=bits // 8, block=16, iv=16, made=algorithms.AES)


CIPHERS: Final[dict[str, CipherKind]] = {
    **{f"aes{bits}-ctr": _aes("ctr", bits) for bits in (128, 192, 256)},
    **{f"aes{bits}-gcm@openssh.com": CipherKind(mode="gcm", key=bits // 8, block=16, iv=12) for bits in (128, 256)},
    "chacha20-poly1305@openssh.com": CipherKind(mode="chacha", key=64),
    **{f"aes{bits}-cbc": _aes("cbc", bits) for bits in (128, 192, 256)},
    "rijndael-cbc@lysator.liu.se": _aes("cbc", 256),
    "3des-cbc": CipherKind(mode="cbc", key=24, iv=8, made=old.TripleDES),
    "blowfish-cbc": CipherKind(mode="cbc", key=16, iv=8, made=old.Blowfish),
    "cast128-cbc": CipherKind(mode="cbc", key=16, iv=8, made=old.CAST5),
    "arcfour256": CipherKind(mode="stream", key=32, made=old.ARC4, skips=1536),
    "arcfour128": CipherKind(mode="stream", key=16, made=old.ARC4, skips=1536),
    "arcfour": CipherKind(mode="stream", key=16, made=old.ARC4),
    "none": CipherKind(mode="none", key=0),
}
"""What we can do, best liked first."""


class MacKind(msgspec.Struct, frozen=True, kw_only=True):
    """One checksum: its digest, key and length in bytes, and whether it is over what is encrypted."""

    digest: str
    key: int
    length: int
    is_after: bool = False


_DIGESTS: Final = (("sha2-256", "sha256", 32), ("sha2-512", "sha512", 64), ("sha1", "sha1", 20), ("md5", "md5", 16))
MACS: Final[dict[str, MacKind]] = {
    **{f"hmac-{name}": MacKind(digest=digest, key=size, length=size) for name, digest, size in _DIGESTS},
    **{
        f"hmac-{name}-etm@openssh.com": MacKind(digest=digest, key=size, length=size, is_after=True)
        for name, digest, size in _DIGESTS
    },
    **{f"hmac-{name}-96": MacKind(digest=digest, key=size, length=12) for name, digest, size in _DIGESTS[2:]},
    **{
        f"hmac-{name}-96-etm@openssh.com": MacKind(digest=digest, key=size, length=12, is_after=True)
        for name, digest, size in _DIGESTS[2:]
    },
    "none": MacKind(digest="", key=0, length=0),
}
"""What we can do, best liked first."""


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one direction."""

    iv: bytes
    cipher: bytes
    mac: bytes


class Sealing(Protocol):
    """Packets that go out."""

    def seal(self, payload: bytes, sequence: int) -> bytes:
        """The packet of a payload."""
        ...


class Unsealing(Protocol):
    """Packets that come in, in order: first :meth:`whole`, once, then :meth:`open`."""

    head: int
    """Bytes that :meth:`whole` wants."""

    def whole(self, head: bytes, sequence: int) -> int | None:
        """How long the packet is that begins with ``head``; None when it can be none."""
        ...

    def open(self, packet: bytes, sequence: int) -> bytes | None:
        """The payload of that packet; None when it is not what was sent."""
        ...


class Direction(Sealing, Unsealing, Protocol):
    """Both, with the keys of one direction: it is used for one of them."""


def protect(cipher: str, mac: str, keys: Keys, *, outgoing: bool) -> Direction:
    """One direction with a cipher of :data:`CIPHERS` and a checksum of :data:`MACS`. Raises KeyError for others."""
    kind = CIPHERS[cipher]
    if kind.mode == "gcm":
        return _Gcm(keys)
    if kind.mode == "chacha":
        return _ChaCha(keys)
    return _Classic(kind, MACS[mac], keys, outgoing=outgoing)


class _Classic:
    """A cipher over the packet and a checksum of its own."""

    def __init__(self, cipher: CipherKind, mac: MacKind, keys: Keys, *, outgoing: bool) -> None:
        self._block, self._mac, self._mac_key = cipher.block, mac, keys.mac
        self.head = 4 if mac.is_after else cipher.block
        self._begun = b""
        self._context = _context(cipher, keys, outgoing=outgoing)

    def _apply(self, data: bytes) -> bytes:
        return bytes(self._context.update(data)) if self._context else data

    def _checksum(self, data: bytes, sequence: int) -> bytes:
        if not self._mac.length:
            return b""
        made = hmac.new(self._mac_key, uint32(sequence) + data, self._mac.digest).digest()
        return made[: self._mac.length]

    def seal(self, payload: bytes, sequence: int) -> bytes:
        body = body_of(payload, block=self._block, counted=0 if self._mac.is_after else 4)
        length = uint32(len(body))
        if self._mac.is_after:
            sealed = length + self._apply(body)
            return sealed + self._checksum(sealed, sequence)
        return self._apply(length + body) + self._checksum(length + body, sequence)

    def whole(self, head: bytes, sequence: int) -> int | None:
        self._begun = head if self._mac.is_after else self._apply(head)
        length = int.from_bytes(self._begun[:4], "big")
        counted = length if self._mac.is_after else length + 4
        if not 5 <= length <= LONGEST or counted % self._block:
            return None
        return 4 + length + self._mac.length

    def open(self, packet: bytes, sequence: int) -> bytes | None:
        sealed, tag = packet[: len(packet) - self._mac.length], packet[len(packet) - self._mac.length :]
        if self._mac.is_after:
            if not hmac.compare_digest(self._checksum(sealed, sequence), tag):
                return None
            return payload_of(self._apply(sealed[4:]))
        plain = self._begun + self._apply(sealed[self.head :])
        return payload_of(plain[4:]) if hmac.compare_digest(self._checksum(plain, sequence), tag) else None


def _context(kind: CipherKind, keys: Keys, *, outgoing: bool) -> Any:
    if kind.mode == "none":
        return None
    mode = {"ctr": modes.CTR, "cbc": modes.CBC}[kind.mode](keys.iv) if kind.iv else None
    cipher: Cipher[Any] = Cipher(kind.made(keys.cipher), mode)
    context = cipher.encryptor() if outgoing else cipher.decryptor()
    if kind.skips:
        context.update(bytes(kind.skips))
    return context


class _Gcm:
    """AES-GCM: the length in the clear, no checksum besides."""

    head = 4

    def __init__(self, keys: Keys) -> None:
        self._aead = AESGCM(keys.cipher)
        self._fixed, self._count = keys.iv[:4], int.from_bytes(keys.iv[4:], "big")

    def _nonce(self) -> bytes:
        nonce = self._fixed + struct.pack(">Q", self._count % 2**64)
        self._count += 1
        return nonce

    def seal(self, payload: bytes, sequence: int) -> bytes:
        body = body_of(payload, block=16, counted=0)
        length = uint32(len(body))
        return length + self._aead.encrypt(self._nonce(), body, length)

    def whole(self, head: bytes, sequence: int) -> int | None:
        length = int.from_bytes(head[:4], "big")
        return 4 + length + _TAG if 5 <= length <= LONGEST else None

    def open(self, packet: bytes, sequence: int) -> bytes | None:
        try:
            return payload_of(self._aead.decrypt(self._nonce(), packet[4:], packet[:4]))
        except InvalidTag:
            return None


class _ChaCha:
    """ChaCha20 with Poly1305 as OpenSSH does it: the length has a key of its own."""

    head = 4

    def __init__(self, keys: Keys) -> None:
        self._main, self._length = keys.cipher[:32], keys.cipher[32:]

    @staticmethod
    def _apply(key: bytes, counter: int, sequence: int, data: bytes) -> bytes:
        nonce = struct.pack("<Q", counter) + struct.pack(">Q", sequence)
        cipher: Cipher[Any] = Cipher(algorithms.ChaCha20(key, nonce), None)
        return cipher.encryptor().update(data)

    def seal(self, payload: bytes, sequence: int) -> bytes:
        body = body_of(payload, counted=0)
        sealed = self._apply(self._length, 0, sequence, uint32(len(body)))
        sealed += self._apply(self._main, 1, sequence, body)
        return sealed + Poly1305.generate_tag(self._apply(self._main, 0, sequence, bytes(32)), sealed)

    def whole(self, head: bytes, sequence: int) -> int | None:
        length = int.from_bytes(self._apply(self._length, 0, sequence, head[:4]), "big")
        return 4 + length + _TAG if 5 <= length <= LONGEST else None

    def open(self, packet: bytes, sequence: int) -> bytes | None:
        key = self._apply(self._main, 0, sequence, bytes(32))
        try:
            Poly1305.verify_tag(key, packet[:-_TAG], packet[-_TAG:])
        except InvalidSignature:
            return None
        return payload_of(self._apply(self._main, 1, sequence, packet[4:-_TAG]))
