"""QUIC's first packets, which anybody on the way may read: their keys are made of what stands in them in the clear.

An Initial packet is encrypted so that nothing between the two touches it, not so that nobody reads it. Source: RFC 9000
sections 17.2 and 19, RFC 9001 sections 5.2 to 5.4, RFC 9369 (version 2).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from iotscan.wire.tls.framing import Malformed, Reader

VERSION_1, VERSION_2, DRAFT_29 = 0x00000001, 0x6B3343CF, 0xFF00001D
VERSIONS: Final = {VERSION_1: "QUICv1", VERSION_2: "QUICv2", DRAFT_29: "QUIC draft 29"}
_SALTS: Final = {
    VERSION_1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    VERSION_2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
    DRAFT_29: bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"),
}
_LONG, _FIXED = 0x80, 0x40
_LONGEST_ID: Final = 20
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0, 1, 2, 3, 6, 0x1C
_SAMPLE: Final = 16
_MOST: Final = 16
"""Packets of one datagram that are looked at: real ones hold three."""


class Packet(NamedTuple):
    """One packet with a long header in a datagram, still protected."""

    version: int
    is_initial: bool
    destination: bytes
    source: bytes
    data: bytes
    """From its first byte to its last; empty for a Retry."""
    number_at: int
    """Where the packet number begins in ``data``."""


class Crypto(NamedTuple):
    """A piece of the handshake and where it belongs."""

    offset: int
    body: bytes


class Keys(NamedTuple):
    """Of one direction's Initial packets."""

    key: bytes
    iv: bytes
    header: bytes


def is_long(datagram: bytes) -> bool:
    """True for a datagram that begins with a long header of a version that is read here."""
    return len(datagram) > 7 and datagram[0] & 0xC0 == _LONG | _FIXED and _version(datagram) in _SALTS


def is_short(datagram: bytes) -> bool:
    """True where a datagram may begin with a short header, which says nothing else of itself: data under the keys."""
    return len(datagram) > _SAMPLE + 4 and datagram[0] & 0xC0 == _FIXED


def read_packets(datagram: bytes) -> Iterator[Packet]:
    """The packets with long headers at the front of a datagram. Raises Malformed; those before it count."""
    at = 0
    for _ in range(_MOST):
        data = datagram[at:]
        if not is_long(data):
            return
        version, reader = _version(data), Reader(data[5:])
        destination, source = reader.vector(1).rest(), reader.vector(1).rest()
        if max(len(destination), len(source)) > _LONGEST_ID:
            raise Malformed("no connection id is that long")
        kind = (data[0] >> 4 & 3) - (version == VERSION_2) & 3
        before = 7 + len(destination) + len(source)
        if kind == 3:
            # Retry: it has no length, and nothing follows it.
            yield Packet(version, False, destination, source, b"", 0)
            return
        token = before
        if kind == 0:
            length, size = _number(data, token)
            before = token + size + length
        length, size = _number(data, before)
        number_at = before + size
        if length < 4 + _SAMPLE or number_at + length > len(data):
            raise Malformed("a packet reaches beyond its datagram")
        whole = data[: number_at + length]
        yield Packet(version, kind == 0, destination, source, whole, number_at)
        at += len(whole)


@lru_cache(maxsize=256)
def initial_keys(version: int, destination: bytes, *, of_client: bool) -> Keys:
    """The keys of one side's Initial packets, from the client's first destination connection id."""
    mac = HMAC(_SALTS[version], SHA256())
    mac.update(destination)
    secret = _expand(mac.finalize(), b"client in" if of_client else b"server in", 32)
    label = b"quicv2 " if version == VERSION_2 else b"quic "
    return Keys(
        _expand(secret, label + b"key", 16), _expand(secret, label + b"iv", 12), _expand(secret, label + b"hp", 16)
    )


def opened(packet: Packet, keys: Keys) -> bytes | None:
    """The frames of an Initial packet; None where these keys do not open it. Never raises."""
    data, at = packet.data, packet.number_at
    sample = data[at + 4 : at + 4 + _SAMPLE]
    if not packet.is_initial or len(sample) < _SAMPLE:
        return None
    mask = _mask(keys.header, sample)
    first = data[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(a ^ b for a, b in zip(data[at : at + size], mask[1:], strict=False))
    # The first packets are few: their numbers are never cut shorter than they are.
    nonce = int.from_bytes(keys.iv, "big") ^ int.from_bytes(number, "big")
    header = bytes((first,)) + data[1:at] + number
    try:
        return AESGCM(keys.key).decrypt(nonce.to_bytes(12, "big"), data[at + size :], header)
    except InvalidTag:
        return None


def read_crypto(frames: bytes) -> Iterator[Crypto]:
    """The pieces of the handshake in the frames of an Initial packet. Raises Malformed; those before it count."""
    at = 0
    while at < len(frames):
        kind = frames[at]
        at += 1
        if kind in (_PADDING, _PING):
            continue
        if kind in (_ACK, _ACK_ECN):
            at = _after_ack(frames, at, has_counts=kind == _ACK_ECN)
        elif kind == _CRYPTO:
            offset, size = _number(frames, at)
            length, more = _number(frames, at + size)
            at += size + more
            if at + length > len(frames):
                raise Malformed("a frame reaches beyond its packet")
            yield Crypto(offset, frames[at : at + length])
            at += length
        else:
            # CONNECTION_CLOSE, or what may not stand here: nothing after it matters.
            return


def _after_ack(frames: bytes, at: int, *, has_counts: bool) -> int:
    fields = [0, 0, 0, 0]
    for place in range(4):
        fields[place], size = _number(frames, at)
        at += size
    for _ in range(min(fields[2], len(frames)) * 2 + 3 * has_counts):
        at += _number(frames, at)[1]
    return at


def _version(data: bytes) -> int:
    return int.from_bytes(data[1:5], "big")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and how many bytes it takes: RFC 9000 section 16. Raises Malformed."""
    size = 1 << (data[at] >> 6) if at < len(data) else 0
    if not size or at + size > len(data):
        raise Malformed("a number reaches beyond the end")
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), size


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context: RFC 8446 section 7.1."""
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0"
    return HKDFExpand(SHA256(), length, info).derive(secret)


def _mask(key: bytes, sample: bytes) -> bytes:
    # ECB of one block is what RFC 9001 section 5.4.3 asks for.
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(sample) + encryptor.finalize()
