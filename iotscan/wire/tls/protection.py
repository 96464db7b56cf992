"""Records under the keys of a TLS 1.2 or DTLS 1.2 connection, sealed and opened one by one.

Source: RFC 5246 section 6.2.3, RFC 5288 (GCM), RFC 6655 (CCM), RFC 7905 (ChaCha20-Poly1305). In DTLS the sequence
number is the epoch and the number within it (RFC 6347 section 4.1.2.1).
"""

import hmac
from os import urandom
from typing import Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from iotscan.wire.tls.key_schedule import HashName, key_block
from iotscan.wire.tls.suites import SUITES, CipherSuite

_BLOCK = 16
_EXPLICIT = 8
_TAGS = {"gcm": 16, "ccm": 16, "ccm8": 8, "chacha": 16}
_CIPHERS = ("AES_128_", "AES_256_", "CHACHA20_")


class BadRecord(ValueError):
    """A record that these keys do not open: the other side has other keys, or somebody changed it."""


class Protection(Protocol):
    """One direction of a connection under its keys."""

    def seal(self, sequence: bytes, kind: int, version: int, plain: bytes) -> bytes:
        """The body of the record that holds ``plain``; ``sequence`` is eight bytes."""
        ...

    def open(self, sequence: bytes, kind: int, version: int, body: bytes) -> bytes:
        """What the body of a record holds. Raises :class:`BadRecord`."""
        ...


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Both directions of a connection."""

    client: Protection
    server: Protection


def can_protect(suite: CipherSuite) -> bool:
    """Whether records of this suite can be sealed here: AES with GCM, CCM or CBC, ChaCha20-Poly1305."""
    cipher = suite.name.partition("_WITH_")[2]
    return cipher.startswith(_CIPHERS) and (suite.kind in _TAGS or suite.kind == "cbc")


def prf_hash(suite: int) -> HashName:
    """The hash of a suite's PRF: RFC 5246 section 5."""
    return "sha384" if SUITES[suite].name.endswith("SHA384") else "sha256"


def derive(suite: int, master: bytes, client_random: bytes, server_random: bytes) -> Keys:
    """The keys of a connection, cut from the key block: RFC 5246 section 6.3. Raises ValueError for another cipher."""
    found = SUITES[suite]
    if not can_protect(found):
        raise ValueError(f"records of {found.name} cannot be sealed")
    mac, iv = _sizes(found)
    key = found.bits // 8
    block = key_block(master, client_random, server_random, 2 * (mac + key + iv), prf_hash(suite))
    pieces, at = [], 0
    for size in (mac, mac, key, key, iv, iv):
        pieces.append(block[at : at + size])
        at += size
    return Keys(client=_make(found, *pieces[::2]), server=_make(found, *pieces[1::2]))


def _sizes(suite: CipherSuite) -> tuple[int, int]:
    """Bytes of the MAC key and of the implicit part of a nonce."""
    if suite.kind == "cbc":
        return {"sha1": 20, "sha256": 32, "sha384": 48}[_mac_hash(suite)], 0
    return 0, 12 if suite.kind == "chacha" else 4


def _mac_hash(suite: CipherSuite) -> Literal["sha1", "sha256", "sha384"]:
    for name in ("sha256", "sha384"):
        if suite.name.endswith(name.upper()):
            return name
    return "sha1"


def _make(suite: CipherSuite, mac: bytes, key: bytes, iv: bytes) -> Protection:
    if suite.kind == "chacha":
        return _Chacha(key, iv)
    if suite.kind == "cbc":
        return _Cbc(key, mac, _mac_hash(suite))
    tag = _TAGS[suite.kind]
    return _Counted(AESGCM(key) if suite.kind == "gcm" else AESCCM(key, tag_length=tag), iv, tag)


def _about(sequence: bytes, kind: int, version: int, length: int) -> bytes:
    """What is authenticated besides: RFC 5246 section 6.2.3.3."""
    return sequence + bytes([kind]) + version.to_bytes(2, "big") + length.to_bytes(2, "big")


class _Counted:
    """AES-GCM and AES-CCM: four bytes of the nonce are secret, eight stand before the record."""

    def __init__(self, cipher: AESGCM | AESCCM, iv: bytes, tag: int) -> None:
        self._cipher = cipher
        self._iv = iv
        self._tag = tag

    def seal(self, sequence: bytes, kind: int, version: int, plain: bytes) -> bytes:
        about = _about(sequence, kind, version, len(plain))
        return sequence + self._cipher.encrypt(self._iv + sequence, plain, about)

    def open(self, sequence: bytes, kind: int, version: int, body: bytes) -> bytes:
        length = len(body) - _EXPLICIT - self._tag
        if length < 0:
            raise BadRecord("too short")
        nonce = self._iv + body[:_EXPLICIT]
        try:
            return self._cipher.decrypt(nonce, body[_EXPLICIT:], _about(sequence, kind, version, length))
        except InvalidTag as error:
            raise BadRecord("its tag is wrong") from error


class _Chacha:
    """ChaCha20-Poly1305: the nonce is the secret IV with the sequence number laid over it."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._cipher = ChaCha20Poly1305(key)
        self._iv = int.from_bytes(iv, "big")

    def seal(self, sequence: bytes, kind: int, version: int, plain: bytes) -> bytes:
        return self._cipher.encrypt(self._nonce(sequence), plain, _about(sequence, kind, version, len(plain)))

    def open(self, sequence: bytes, kind: int, version: int, body: bytes) -> bytes:
        length = len(body) - _TAGS["chacha"]
        if length < 0:
            raise BadRecord("too short")
        try:
            return self._cipher.decrypt(self._nonce(sequence), body, _about(sequence, kind, version, length))
        except InvalidTag as error:
            raise BadRecord("its tag is wrong") from error

    def _nonce(self, sequence: bytes) -> bytes:
        return (self._iv ^ int.from_bytes(sequence, "big")).to_bytes(12, "big")


class _Cbc:
    """AES-CBC, MAC first and then encrypted, each record with an IV of its own."""

    def __init__(self, key: bytes, mac: bytes, digest: Literal["sha1", "sha256", "sha384"]) -> None:
        self._key = algorithms.AES(key)
        self._mac = mac
        self._digest = digest

    def seal(self, sequence: bytes, kind: int, version: int, plain: bytes) -> bytes:
        whole = plain + self._tag(sequence, kind, version, plain)
        padding = _BLOCK - len(whole) % _BLOCK
        iv = urandom(_BLOCK)
        encryptor = Cipher(self._key, modes.CBC(iv)).encryptor()
        return iv + encryptor.update(whole + bytes([padding - 1]) * padding) + encryptor.finalize()

    def open(self, sequence: bytes, kind: int, version: int, body: bytes) -> bytes:
        if len(body) < 2 * _BLOCK or len(body) % _BLOCK:
            raise BadRecord("not whole blocks")
        decryptor = Cipher(self._key, modes.CBC(body[:_BLOCK])).decryptor()
        whole = decryptor.update(body[_BLOCK:]) + decryptor.finalize()
        padding = whole[-1] + 1
        length = len(whole) - padding - len(self._mac)
        if length < 0 or whole[-padding:] != bytes([padding - 1]) * padding:
            raise BadRecord("its padding is wrong")
        plain, tag = whole[:length], whole[length:-padding]
        if not hmac.compare_digest(tag, self._tag(sequence, kind, version, plain)):
            raise BadRecord("its MAC is wrong")
        return plain

    def _tag(self, sequence: bytes, kind: int, version: int, plain: bytes) -> bytes:
        return hmac.digest(self._mac, _about(sequence, kind, version, len(plain)) + plain, self._digest)
