"""Containers of keys: PKCS#12 (RFC 7292), Java's JKS and JCEKS, Bouncy Castle's BKS.

None is decrypted: how many rounds that takes is the file's choice. What kind of entry it holds stands in the clear.
"""

import struct

from iotscan.wire.ber import INTEGER, OID, SEQUENCE, Malformed, take
from iotscan.wire.keys.found import FoundKey, NoKey

_JKS, _JCEKS = 0xFEEDFEED, 0xCECECECE
_P12_BAG = bytes.fromhex("060b2a864886f70d010c0a01")
"""The identifier of a PKCS#12 bag up to its kind: 1 is a key, 2 a key under a passphrase."""
_P12_DATA = bytes.fromhex("2a864886f70d0107")
_ENTRIES = 10_000
LARGEST = 4 << 20


def looks_like_store(head: bytes, name: str) -> bool:
    """Cheap: the first bytes of a container of keys."""
    if head[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"):
        return True
    if name.endswith((".bks", ".bcfks", ".keystore")) and head[:3] == b"\0\0\0":
        return True
    # A SEQUENCE of the version 3 and another SEQUENCE.
    return head[:1] == b"\x30" and b"\x02\x01\x03\x30" in head[2:10]


def read_store(data: bytes) -> tuple[FoundKey, ...]:
    """The keys of a container: of PKCS#12 one that stands for all. Raises NoKey where it is no container."""
    try:
        if data[:1] == b"\x30":
            return _pkcs12(data)
        (magic,) = struct.unpack_from(">I", data)
        return _java(data, magic) if magic in (_JKS, _JCEKS) else _bks(data)
    except (struct.error, Malformed) as error:
        raise NoKey from error


def _pkcs12(data: bytes) -> tuple[FoundKey, ...]:
    # Java and old tools write indefinite lengths, which nobody needs to walk to see the bags.
    if data[1:2] != b"\x80":
        body, rest = take(data, SEQUENCE)
        if rest:
            raise Malformed
        version, rest = take(body, INTEGER)
        content, _ = take(rest, SEQUENCE)
        oid, _ = take(content, OID)
        if version != b"\3" or not oid.startswith(_P12_DATA):
            raise Malformed
    elif _P12_DATA not in data[:64]:
        raise Malformed
    if _P12_BAG + b"\2" in data:
        return (FoundKey(format="pkcs12", encrypted=True),)
    return (FoundKey(format="pkcs12", encrypted=False),) if _P12_BAG + b"\1" in data else ()


def _java(data: bytes, magic: int) -> tuple[FoundKey, ...]:
    version, count = struct.unpack_from(">II", data, 4)
    if version not in (1, 2) or count > _ENTRIES:
        raise NoKey
    at, keys = 12, 0
    for _ in range(count):
        (tag,) = struct.unpack_from(">I", data, at)
        at = _text(data, at + 4) + 8
        if tag == 1:
            at = _bytes(data, at)
            (chain,) = struct.unpack_from(">I", data, at)
            at += 4
            for _ in range(min(chain, 100)):
                at = _certificate(data, at, version)
            keys += 1
        elif tag == 2:
            at = _certificate(data, at, version)
        elif tag == 3 and magic == _JCEKS:
            # A sealed object of Java: its end is not told, and what comes after it is not read.
            keys += 1
            break
        else:
            raise NoKey
    form = "jks" if magic == _JKS else "jceks"
    return (FoundKey(format=form, encrypted=True),) * keys


def _certificate(data: bytes, at: int, version: int) -> int:
    return _bytes(data, _text(data, at) if version == 2 else at)


def _bks(data: bytes) -> tuple[FoundKey, ...]:
    version, salt = struct.unpack_from(">II", data)
    if version not in (1, 2) or salt != 20:
        raise NoKey
    at, keys = _bytes(data, 4) + 4, []
    for _ in range(_ENTRIES):
        kind = data[at : at + 1]
        if kind == b"\0":
            break
        at = _text(data, at + 1) + 8
        (chain,) = struct.unpack_from(">I", data, at)
        at += 4
        for _ in range(min(chain, 100)):
            at = _bytes(data, _text(data, at))
        if kind == b"\1":
            at = _bytes(data, _text(data, at))
        elif kind == b"\2":
            # Its kind (0 private), its form, its algorithm, the key as it is.
            at = _bytes(data, _text(data, _text(data, at + 1)))
            keys.append(FoundKey(format="bks", encrypted=False))
        elif kind in (b"\3", b"\4"):
            at = _bytes(data, at)
            keys.append(FoundKey(format="bks", encrypted=True))
        else:
            raise NoKey
    return tuple(keys)


def _text(data: bytes, at: int) -> int:
    """Where the text of Java (its length in two bytes) at ``at`` ends."""
    (length,) = struct.unpack_from(">H", data, at)
    return _within(data, at + 2 + int(length))


def _bytes(data: bytes, at: int) -> int:
    (length,) = struct.unpack_from(">I", data, at)
    return _within(data, at + 4 + int(length))


def _within(data: bytes, at: int) -> int:
    if at > len(data):
        raise NoKey
    return at
